"""All that one picture tells of a block: identity, pose, face, condition, indentations."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from vision.codes import Code, read_codes
from vision.condition import USUAL, Condition, Limits, judge_condition
from vision.finder import NoBlock, Surface, find_surface, searched
from vision.frame import Image
from vision.geometry import SURE, Mark
from vision.outer_rims import outer_rims
from vision.regions import Disc, Region, RegionKind
from vision.weighing import DOUBTED, FAINT

WIDEST_MM = 6.6
"""No indenter leaves a mark wider than this: the largest Brinell indentation is 6 mm."""
_MISREAD = 1.1
"""So much too wide a mark may be read and be one all the same."""
_RIM = 1.75
"""How wide a mark with its raised rim is, in diameters."""
_MUCH = 3.0
_ALIKE = 1.4


@dataclass(frozen=True, slots=True)
class Inspection:
    """A block as seen: its surface with regions, the codes read on it, its condition."""

    surface: Surface
    codes: tuple[Code, ...]
    condition: Condition


def inspect_block(
    image: Image, *, px_per_mm: float, limits: Limits = USUAL
) -> Inspection | NoBlock:
    """Return everything that a grey picture tells of a block, or why there is none."""
    surface = find_surface(image, px_per_mm=px_per_mm)
    if isinstance(surface, NoBlock):
        return surface
    return inspect_surface(image, surface, px_per_mm=px_per_mm, limits=limits)


def inspect_surface(
    image: Image, surface: Surface, *, px_per_mm: float, limits: Limits = USUAL
) -> Inspection:
    """Return what a picture tells of a surface besides the marks found on it.

    Marks within a code or writing are left out, as squares and letters are none; what is
    neither mark nor code but odd is a region, to be kept clear of, and so is what is too
    wide for a mark. More than one code of different text is left to the caller: the
    picture cannot tell which is true.
    """
    frame = surface.frame(image.shape, px_per_mm)
    codes = read_codes(image, frame)
    wide = [mark for mark in surface.marks if _too_wide_for_a_mark(mark)]
    squares = [code.region for code in codes]
    patches = [_too_wide(mark) for mark in wide]
    known = (*squares, *patches)
    narrow = [mark for mark in surface.marks if mark not in wide]
    # What is surer than a guess at something wide stays: it keeps more room than damage does.
    specks = _outside([mark for mark in narrow if mark.confidence < SURE], squares)
    sure = _outside([mark for mark in narrow if mark.confidence >= SURE], squares)
    specks = [mark for mark in specks if not _swallowed(mark, wide, sure)]
    inside = searched(image.shape, surface.outline, frame)

    def judge(clear: Sequence[Mark]) -> Condition:
        return judge_condition(image, inside, frame, surface.outline, clear, known, limits)

    clear, letters, condition = _read(sure, judge)
    # A letter is like a faint mark; its clearance would be that of one, many times as wide.
    written = [r for r in condition.regions if r.kind is RegionKind.WRITING]
    # One that looks like a sure mark stays, in doubt: a later picture will show it again.
    doubted = [replace(letter, confidence=DOUBTED) for letter in letters]
    # A scratch with marks on it is like writing too: what is likely and of their size is one.
    doubted += [m for m in specks if m.confidence >= DOUBTED and _of_a_size(m, clear)]
    others = [mark for mark in specks if mark not in doubted]
    supposed = outer_rims(image, clear, inside, frame)
    left = [*clear, *doubted, *supposed, *_outside(others, written)]
    whole = replace(surface, marks=tuple(sorted(left)), regions=condition.regions)
    return Inspection(whole, codes, condition)


def _read(
    sure: Sequence[Mark], judge: Callable[[Sequence[Mark]], Condition]
) -> tuple[Sequence[Mark], Sequence[Mark], Condition]:
    """Return the marks, those of them that are letters, and the condition of the face.

    What the nets take for a mark may be a letter: where something odd is beside it, it is
    looked at what is written there without it.
    """
    condition = judge(sure)
    beside = [mark for mark in sure if _is_beside(mark, condition.regions)]
    if not beside:
        return sure, (), condition
    others = [mark for mark in sure if mark not in beside]
    bare = judge(others)
    letters = _letters(beside, bare.regions)
    if not letters:
        return sure, (), condition
    clear = [mark for mark in sure if mark not in letters]
    return clear, letters, bare if clear == others else judge(clear)


def _is_beside(mark: Mark, regions: Sequence[Region]) -> bool:
    near = (disc for region in regions for disc in region.discs)
    return any(math.hypot(disc.x - mark.x, disc.y - mark.y) < mark.diameter for disc in near)


def _letters(beside: Sequence[Mark], regions: Sequence[Region]) -> list[Mark]:
    """Return the few marks that lie within much more writing than they could make up.

    A row of indentations is all marks; and the writing keeps at least the room of a mark.
    """
    letters: list[Mark] = []
    for region in regions:
        within = [mark for mark in beside if region.covers(mark)]
        made_up = sum(math.pi * (_RIM * mark.diameter / 2) ** 2 for mark in within)
        if region.kind is RegionKind.WRITING and region.area > _MUCH * made_up:
            letters += within
    return letters


def _of_a_size(mark: Mark, others: Sequence[Mark]) -> bool:
    """Tell whether a mark is about as wide as another one."""
    return any(1 / _ALIKE < mark.diameter / other.diameter < _ALIKE for other in others)


def _outside(marks: Sequence[Mark], regions: Sequence[Region]) -> list[Mark]:
    return [mark for mark in marks if not any(region.covers(mark) for region in regions)]


def _swallowed(speck: Mark, wide: Sequence[Mark], sure: Sequence[Mark]) -> bool:
    """Tell whether a doubtful mark is part of something wide that is seen, or at least as sure.

    One of the size of the sure marks is not lost to a guess.
    """
    around = [w.confidence for w in wide if w.centre.distance(speck) <= w.diameter / 2]
    least = FAINT if _of_a_size(speck, sure) else min(FAINT, speck.confidence)
    return any(confidence >= least for confidence in around)


def _too_wide_for_a_mark(mark: Mark) -> bool:
    return mark.diameter > (_MISREAD * WIDEST_MM if mark.certain else WIDEST_MM)


def _too_wide(mark: Mark) -> Region:
    disc = Disc(mark.x, mark.y, mark.diameter / 2)
    area = 3.1416 * disc.radius**2
    return Region(RegionKind.DAMAGE, (disc,), area, f"{mark.diameter:.1f} mm wide, no indentation")

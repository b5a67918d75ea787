"""All that one picture tells of a block: identity, pose, face, condition, indentations."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vision.codes import Code, read_codes
from vision.condition import USUAL, Condition, Limits, judge_condition
from vision.finder import NoBlock, Surface, find_surface, searched
from vision.frame import Image


@dataclass(frozen=True, slots=True)
class Inspection:
    """A block as seen: its surface with regions, the codes read on it, its condition."""

    surface: Surface
    codes: tuple[Code, ...]
    condition: Condition


def inspect_block(
    image: Image, *, px_per_mm: float, limits: Limits = USUAL
) -> Inspection | NoBlock:
    """Return everything that a grey picture tells of a block, or why there is none.

    Marks within a code are left out, as its squares are none; what is neither mark nor code
    but odd is a region, to be kept clear of. More than one code of different text is left to
    the caller: the picture cannot tell which is true.
    """
    surface = find_surface(image, px_per_mm=px_per_mm)
    if isinstance(surface, NoBlock):
        return surface
    frame = surface.frame(image.shape, px_per_mm)
    codes = read_codes(image, frame)
    covered = tuple(code.region for code in codes)
    marks = tuple(m for m in surface.marks if not any(region.covers(m) for region in covered))
    inside = searched(image.shape, surface.outline, frame)
    condition = judge_condition(image, inside, frame, surface.outline, marks, covered, limits)
    whole = replace(surface, marks=marks, regions=condition.regions)
    return Inspection(whole, codes, condition)

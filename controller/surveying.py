"""What one picture of a block tells before its first indentation, in the journal's terms.

Pure: whoever sees the same picture with the same eyes learns the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from controller.events import Spot
from controller.eyes import Eyes
from controller.rules import kept_out
from controller.surface_events import Patch
from vision.avoided import keep_outs
from vision.condition import State
from vision.finder import NoBlock, Surface
from vision.frame import Image
from vision.geometry import Mark
from vision.keep_out import KeepOut
from vision.regions import RegionKind


@dataclass(frozen=True, slots=True)
class Survey:
    """A surface with all that is on it.

    ``condition`` is "" and ``face_up`` True where the eyes do not judge these. ``reasons``
    for the condition are in words for a person.
    """

    surface: Surface
    patches: tuple[Patch, ...] = ()
    condition: str = ""
    face_up: bool = True
    reasons: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether nobody has to be asked about the state of the face."""
        return self.condition in ("", str(State.USABLE))


def survey(eyes: Eyes, image: Image, px_per_mm: float) -> Survey | NoBlock:
    """Return what is on the face, or why no block can be made out."""
    surface = eyes.find(image, px_per_mm=px_per_mm)
    if isinstance(surface, NoBlock):
        return surface
    seen = eyes.inspect(image, surface, px_per_mm=px_per_mm)
    if seen is None:
        return Survey(surface)
    return Survey(
        seen.surface,
        tuple(map(_patch, keep_outs(seen.surface.regions))),
        str(seen.condition.state),
        seen.condition.face_up,
        seen.condition.reasons,
        tuple(code.text for code in seen.codes),
    )


def glance(eyes: Eyes, image: Image, px_per_mm: float) -> Survey | NoBlock:
    """Return the marks of the face and nothing more, or why no block can be made out."""
    surface = eyes.find(image, px_per_mm=px_per_mm)
    return surface if isinstance(surface, NoBlock) else Survey(surface)


def _patch(shape: KeepOut) -> Patch:
    return Patch(shape.reason, tuple(Spot(c.x, c.y) for c in shape.corners), shape.reach)


def spots_of(surface: Surface) -> tuple[Spot, ...]:
    """Return the marks of a surface, to 0.0001 mm."""
    return tuple(Spot(mm(m.x), mm(m.y), mm(m.diameter), mm(m.confidence)) for m in surface.marks)


def unexplained(surface: Surface, patches: Sequence[Patch]) -> Surface:
    """Return a later look without the marks that the patches of the first one explain.

    In a code its squares are no marks, whatever they look like. Elsewhere an indentation
    might be new: only what is doubtful is taken for a letter or a piece of rust.
    """
    shapes = kept_out(patches)

    def known(mark: Mark) -> bool:
        hits = [shape for shape in shapes if shape.distance(mark.centre) == 0.0]
        return any(shape.reason == RegionKind.CODE or not mark.certain for shape in hits)

    left = tuple(mark for mark in surface.marks if not known(mark))
    return replace(surface, marks=left)


def mm(value: float) -> float:
    """Return a length as the journal keeps it."""
    return round(value, 4)

"""The rim of the block in a picture: round or rectangular, where, how large, how far turned."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vision.frame import Frame, Image
from vision.geometry import Outline, Point, Rectangle, Round
from vision.rim_blob import SEVERAL, blob
from vision.rim_check import doubt_about
from vision.rim_fit import Fit, fitted
from vision.rim_shape import Shape
from vision.rim_votes import voted

_IDEAS = 6
_STRANGE, _APART_MM, _CHAMFER_MM = 0.4, 5.0, 0.8


@dataclass(frozen=True, slots=True)
class Rim:
    """The outline found, and the block centre relative to the image centre, mm.

    `turn` is how far the block's x axis is turned to the left, rad, from -pi/4 to pi/4;
    it is 0 for a round block.
    """

    outline: Outline
    centre: Point
    turn: float = 0.0


def find_rim(image: Image, px_per_mm: float) -> Rim | str:
    """Return the rim of the one block on its ground, or the reason why there is none.

    The block may be brighter or darker than the ground, or both, and lie at any angle. An
    outline is returned only if edges run on along nearly all of it.
    """
    plain = blob(image, px_per_mm)
    if plain == SEVERAL:
        return SEVERAL
    ideas = voted(image, px_per_mm)
    if isinstance(plain, Shape):
        ideas.insert(1, (1.0, plain))
    reason = plain if isinstance(plain, str) else "the rim is not clear"
    found: Fit | None = None
    for share, idea in ideas[:_IDEAS]:
        if found and (share < _STRANGE or _same(found.shape, idea, px_per_mm)):
            continue
        fit = fitted(image, idea, px_per_mm)
        doubt = doubt_about(image, fit, px_per_mm) if fit else "the rim is not clear"
        if fit is not None and not doubt:
            if found is not None and not _about(found.shape, fit.shape, px_per_mm):
                return SEVERAL
            # A turned face has circles, a nest around a block has its shape: fainter than its rim.
            found = fit if found is None or fit.height > found.height else found
        elif isinstance(plain, Shape):
            reason = doubt
    return reason if found is None else _in_mm(found.shape, image.shape, px_per_mm)


def _same(one: Shape, other: Shape, px_per_mm: float) -> bool:
    """Tell whether two outlines are of the same edge or the same chamfer."""
    if one.round != other.round or not _about(one, other, px_per_mm):
        return False
    apart = [abs(a - b) for a, b in zip(sorted(one.half), sorted(other.half), strict=True)]
    return max(apart) <= _CHAMFER_MM * px_per_mm


def _about(one: Shape, other: Shape, px_per_mm: float) -> bool:
    """Tell whether two outlines have much the same middle: two of one block's edges do."""
    apart = math.hypot(one.column - other.column, one.row - other.row)
    return apart <= _APART_MM * px_per_mm


def _in_mm(shape: Shape, size: tuple[int, ...], px_per_mm: float) -> Rim:
    centre = Frame.centred(size, px_per_mm).to_mm(shape.column, shape.row)
    width, height = (2 * half / px_per_mm for half in shape.half)
    if shape.round:
        return Rim(Round(width), centre)
    # Rows run downwards: a turn to the right in pixels is one to the left seen from above.
    quarters, turn = divmod(-shape.angle + math.pi / 4, math.pi / 2)
    if quarters % 2:  # just beyond 45° the other side is the width
        width, height = height, width
    return Rim(Rectangle(width, height), centre, turn - math.pi / 4)

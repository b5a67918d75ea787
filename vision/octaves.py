"""A picture and its halves, with slopes and edges: in each, things of one octave are searched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vision.frame import Image

STEEP = 2.0
"""So many times as steep as is usual around it is an edge."""

_CAP = 4.0
_SHRINK = 4


@dataclass(frozen=True, slots=True)
class Octave:
    """A picture of ``1 / step`` the size, ``inside`` of which (255) things are looked for.

    ``gx``, ``gy`` say how brightness changes right and down, ``steep`` how much in all, ``floor``
    from how much on it is an edge, and ``edges`` (255) where it is.
    """

    step: int
    inside: cv2.typing.MatLike
    gx: cv2.typing.MatLike
    gy: cv2.typing.MatLike
    steep: cv2.typing.MatLike
    floor: Image
    edges: Image


def octaves(halves: Sequence[Image], inside: Image) -> list[Octave]:
    """Return the octaves of a picture and its halves; ``inside`` is as large as the picture."""
    return [_octave(picture, inside, 2**k) for k, picture in enumerate(halves)]


def _octave(picture: Image, whole: Image, step: int) -> Octave:
    size = (picture.shape[1], picture.shape[0])
    inside = whole if step == 1 else cv2.resize(whole, size, interpolation=cv2.INTER_NEAREST)
    calm = cv2.GaussianBlur(picture, (0, 0), 0.8)
    gx, gy = cv2.spatialGradient(calm)
    steep = cv2.add(cv2.convertScaleAbs(gx, alpha=0.5), cv2.convertScaleAbs(gy, alpha=0.5))
    steep = cv2.bitwise_and(steep, cv2.erode(inside, np.ones((5, 5), np.uint8)))
    few = steep[::3, ::3]
    usual = float(np.median(few[few > 0])) if few.any() else 1.0
    floor = _floor(steep, usual)
    edges = np.asarray(cv2.compare(steep, floor, cv2.CMP_GT), np.uint8)
    return Octave(step, inside, gx, gy, steep, floor, edges)


def _floor(steep: cv2.typing.MatLike, usual: float) -> Image:
    """Return for each pixel from how steep on it is an edge: well above what is usual there."""
    size = (-(-steep.shape[1] // _SHRINK), -(-steep.shape[0] // _SHRINK))
    capped = cv2.min(steep, np.full_like(steep, min(255, round(_CAP * usual))))
    few = cv2.resize(capped, size, interpolation=cv2.INTER_AREA)
    near = cv2.blur(few, (9, 9)).astype(np.float32)
    floor = np.float32(STEEP) * np.maximum(near, np.float32(0.7 * usual + 1e-3))
    small = np.clip(floor + 0.5, 0, 255).astype(np.uint8)
    whole = cv2.resize(small, (steep.shape[1], steep.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(whole, np.uint8)

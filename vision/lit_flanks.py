"""Marks of which light from one side shows one flank: a bright spot, and a shadow beside it.

The spot is round, and so it passes for the whole mark, half as wide and beside its place. The
shadow is faint, but it lies on the same side of every mark of the block: laid over each other,
they show it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.frame import Frame, Image
from vision.geometry import Mark
from vision.profiles import rays, sampled
from vision.weighing import SUPPOSED

Floats = NDArray[np.float32]

_LIKELY, _ALIKE, _FEWEST = 0.3, 1.6, 3
_RAYS = 24
_SHARES = np.linspace(0, 4, 41, dtype=np.float32)
"""Where brightness is looked at on each ray, in radii of the spot."""
_SPOT, _BESIDE, _BARE = _SHARES < 0.5, (_SHARES > 1.1) & (_SHARES < 2.6), _SHARES > 2.8
_ON_FACE = 0.9
_SOFT, _LEAST_SOFT_PX = 0.25, 0.8
_GREY_STEP = 0.3
_OVER_NOISE, _FALLEN = 5.0, 0.4
_NARROW, _WIDE, _ACROSS = 0.15, 0.4, 0.25
"""Which share of all directions the shadow fills, and how much of it may be on the other side."""
_BEYOND = 1.8
"""Nearer it is the raised rim's."""


@dataclass(frozen=True, slots=True)
class _Shadow:
    """To which side of the spots it lies, rad in the picture; where spot and shadow end, px."""

    angle: float
    spot_px: float
    end_px: float


def shown_by_a_flank(
    image: Image, marks: Sequence[Mark], inside: Image, frame: Frame
) -> list[Mark]:
    """Return a doubtful mark about each spot and its shadow, where the marks throw shadows.

    `inside` is 255 on the face.
    """
    likely = [mark for mark in marks if mark.confidence >= _LIKELY]
    if not likely:
        return []
    usual = statistics.median(mark.diameter for mark in likely)
    spots = [mark for mark in likely if 1 / _ALIKE < mark.diameter / usual < _ALIKE]
    shadow = _shadow(image, spots, usual / 2 * frame.px_per_mm, inside, frame)
    if shadow is None:
        return []
    away = (shadow.end_px - shadow.spot_px) / 2
    diameter = (shadow.spot_px + shadow.end_px) / frame.px_per_mm
    across, down = away * math.cos(shadow.angle), away * math.sin(shadow.angle)
    places = [frame.to_px(spot.x, spot.y) for spot in spots]
    moved = [frame.to_mm(column + across, row + down) for column, row in places]
    return [Mark(place.x, place.y, diameter, SUPPOSED) for place in moved]


def _shadow(
    image: Image, spots: Sequence[Mark], radius: float, inside: Image, frame: Frame
) -> _Shadow | None:
    """Return the shadow that the bright spots have beside them; None if there is none."""
    soft = cv2.GaussianBlur(image, (0, 0), max(_LEAST_SOFT_PX, _SOFT * radius)).astype(np.float32)
    around = [_around(soft, frame.to_px(spot.x, spot.y), radius, inside) for spot in spots]
    clear = [one for one in around if one is not None]
    if len(clear) < _FEWEST:
        return None
    shade = np.median(np.stack(clear), axis=0)
    noise = 1.4826 * np.median(np.abs(shade[:, _BARE])) + _GREY_STEP / math.sqrt(len(clear))
    dark = -shade / noise
    ray, at = np.unravel_index(np.where(_BESIDE, dark, -np.inf).argmax(), dark.shape)
    deepest, opposite = float(dark[ray, at]), (int(ray) + _RAYS // 2) % _RAYS
    fills = float((dark[:, at] > _FALLEN * deepest).mean())
    end = _ends(dark[ray] > _FALLEN * deepest, int(at))
    bright = float(shade[:, _SPOT].mean())
    one_sided = _NARROW <= fills < _WIDE and dark[opposite, _BESIDE].max() < _ACROSS * deepest
    if bright <= 0 or deepest < _OVER_NOISE or end < _BEYOND or not one_sided:
        return None
    spot = _ends(shade[opposite] >= bright / 2, 0)
    return _Shadow(2 * math.pi * float(ray) / _RAYS, spot * radius, end * radius)


def _around(
    soft: Floats, centre: tuple[float, float], radius: float, inside: Image
) -> Floats | None:
    """Return how far the grey differs from the bare face, by ray and share; None at the rim."""
    columns, rows = rays(centre, np.float32(radius) * _SHARES, _RAYS)
    if float((sampled(inside, columns, rows) > 254).mean()) < _ON_FACE:
        return None
    grey = sampled(soft, columns, rows)
    return (grey - np.median(grey[:, _BARE])).astype(np.float32)


def _ends(holds: NDArray[np.bool_], begin: int) -> float:
    """Return the share up to which it holds without a break, from an index on."""
    broken = np.flatnonzero(~holds[begin:])
    return float(_SHARES[begin + int(broken[0])] if len(broken) else _SHARES[-1])

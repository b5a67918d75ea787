"""Outlines in pixels, and the lines across them along which their edges are looked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.rim_edges import LINES

Floats = NDArray[np.float64]

SECTORS, SIDE_SECTORS = 48, 16
"""Into how many sectors a round rim is divided, and each side of a rectangle."""

_ALONG = 0.92
"""The share of a side that is looked at: corners may be rounded."""


@dataclass(frozen=True, slots=True)
class Shape:
    """An outline in pixels: round, or a rectangle whose width lies along `angle`.

    `angle` is counted from the columns' to the rows' direction, rad. `half` are half width
    and half height, px; both are the radius of a round one.
    """

    round: bool
    column: float
    row: float
    half: tuple[float, float]
    angle: float = 0.0


def rays(shape: Shape) -> tuple[Floats, Floats, Floats]:
    """Return places on the outline, the ways inward, and where in its side each sector lies.

    The first two have the shape (sectors, lines, 2), px; the last is an angle, rad, or a
    distance from the middle of a side, px, counted so that a turn of the block has one sign on
    all four.
    """
    middle = np.array([shape.column, shape.row])
    if shape.round:
        angles = np.linspace(0, 2 * np.pi, SECTORS * LINES, endpoint=False)
        angles = angles.reshape(SECTORS, LINES)
        outward = np.stack([np.cos(angles), np.sin(angles)], axis=2)
        return middle + outward * shape.half[0], -outward, angles.mean(axis=1)
    along, across = _axes(shape)
    share = np.linspace(-_ALONG, _ALONG, SIDE_SECTORS * LINES).reshape(SIDE_SECTORS, LINES)
    starts, inwards, places = [], [], []
    for outward, k in ((along, 0), (-along, 0), (across, 1), (-across, 1)):
        way = np.array([-outward[1], outward[0]])
        place = share * shape.half[1 - k]
        starts.append(middle + outward * shape.half[k] + place[..., None] * way)
        inwards.append(np.broadcast_to(-outward, (*share.shape, 2)))
        places.append(place.mean(axis=1))
    return np.concatenate(starts), np.concatenate(inwards), np.concatenate(places)


def _axes(shape: Shape) -> tuple[Floats, Floats]:
    along = np.array([np.cos(shape.angle), np.sin(shape.angle)])
    return along, np.array([-along[1], along[0]])


def drawn_in(shape: Shape, insets: list[float], turn: float) -> Shape:
    """Return a rectangle with each side drawn in so far, px, and turned, rad."""
    along, across = _axes(shape)
    right, left, bottom, top = insets
    middle = np.array([shape.column, shape.row])
    middle = middle - along * (right - left) / 2 - across * (bottom - top) / 2
    half = (shape.half[0] - (right + left) / 2, shape.half[1] - (bottom + top) / 2)
    return Shape(False, float(middle[0]), float(middle[1]), half, shape.angle + turn)

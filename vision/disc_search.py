"""Where dark discs with a bright surround roughly lie in a picture, whatever glints inside."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.frame import Image

_LONG_SIDE = 320
_LEAST_SHARE = 0.35  # of the circumference that must show an edge
_POINTS = 6000
_MARGIN = 0.25  # centres this far outside of the picture are still voted for
_LEAST_POINTS = 50
_OWN = 0.15  # of the radius: steps this near to a disc's circle are its own
_ALIGNED = 0.9  # cosine between gradient and radius
_LEAST_STEP = 6.0  # grey levels per pixel of the small picture, Sobel of size 3 divided by 8

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Disc:
    """A circle in pixels, and the share of its circumference at which an edge is seen."""

    column: float
    row: float
    radius: float
    share: float


def find_discs(image: Image) -> list[Disc]:
    """Return the disc whose edge most points of the picture agree on, and a second if there is one.

    Each point with a dark-to-bright step votes for all centres that lie on its dark side.
    Good to about one part in a hundred of the picture's side. Empty if nothing is round.
    """
    shrink = max(1.0, max(image.shape) / _LONG_SIDE)
    size = (round(image.shape[1] / shrink), round(image.shape[0] / shrink))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    # Cut at the level of the surface, so that a reflection of the lamp has no edge of its own.
    small = np.minimum(small, np.uint8(np.percentile(small, 70)))
    places, directions = _edges(cv2.GaussianBlur(small, (5, 5), 0))
    discs: list[Disc] = []
    while len(discs) < 2 and len(places) >= _LEAST_POINTS:
        centre = _voted(places, directions, small.shape)
        away = places - centre
        radius, share = _radius(away, directions, max(small.shape))
        if share < _LEAST_SHARE:
            break
        column, row = (centre + 0.5) * shrink - 0.5
        discs.append(Disc(float(column), float(row), radius * shrink, share))
        left = np.abs(np.hypot(away[:, 0], away[:, 1]) - radius) > _OWN * radius
        places, directions = places[left], directions[left]
    return discs


def _edges(small: cv2.typing.MatLike) -> tuple[Doubles, Doubles]:
    """Return places (column, row) and unit gradients, both (n, 2), where the step is strongest."""
    gx = cv2.Sobel(small, cv2.CV_64F, 1, 0) / 8
    gy = cv2.Sobel(small, cv2.CV_64F, 0, 1) / 8
    size = np.hypot(gx, gy)
    level = max(_LEAST_STEP / 4, float(size.max()) / 5)
    rows, columns = np.nonzero(size > level)
    strongest = np.argsort(-size[rows, columns], kind="stable")[:_POINTS]
    rows, columns = rows[strongest], columns[strongest]
    unit = np.stack([gx[rows, columns], gy[rows, columns]], axis=1)
    return np.stack([columns, rows], axis=1).astype(float), unit / size[rows, columns][:, None]


def _voted(places: Doubles, directions: Doubles, shape: tuple[int, ...]) -> Doubles:
    side = max(shape)
    margin = round(_MARGIN * side)
    radii = np.arange(0.06 * side, 0.75 * side)
    centres = places[:, None, :] - directions[:, None, :] * radii[:, None] + margin
    columns, rows = (np.rint(centres[..., i]).astype(int).ravel() for i in (0, 1))
    width, height = shape[1] + 2 * margin, shape[0] + 2 * margin
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    votes = np.bincount(rows[inside] * width + columns[inside], minlength=width * height)
    calm = cv2.GaussianBlur(votes.reshape(height, width).astype(np.float32), (0, 0), 2.0)
    row, column = np.unravel_index(int(calm.argmax()), calm.shape)
    return np.array([column - margin, row - margin], float)


def _radius(away: Doubles, directions: Doubles, side: int) -> tuple[float, float]:
    """Return the radius at which most of a circle is seen, and how much of it."""
    distance = np.maximum(np.hypot(away[:, 0], away[:, 1]), 1e-9)
    aligned = (away * directions).sum(axis=1) > _ALIGNED * distance
    angle = np.arctan2(away[aligned, 1], away[aligned, 0])
    sector = ((angle / (2 * np.pi) + 0.5) * 72).astype(int) % 72
    ring = np.rint(distance[aligned]).astype(int)
    seen = np.zeros((72, side * 2 + 4), bool)
    for off in (-1, 0, 1):
        seen[sector, np.clip(ring + off, 0, seen.shape[1] - 1)] = True
    share = seen.mean(axis=0)
    share[: int(0.05 * side)] = 0
    full = np.flatnonzero(share >= share.max() - 1e-9)
    return float(full.mean()), float(share.max())

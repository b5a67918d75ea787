"""The rim of an indentation to a fraction of a pixel: a circle fitted to the edges along rays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vision.frame import Image
from vision.profiles import sampled

Floats = NDArray[np.float32]

RAYS, SAMPLES = 48, 48
_LARGE_PX = 30.0
_REACHES = (0.3, 0.2, 0.15)
_MOST_LINES = 32000
_SLIPPED, _SWOLLEN = 0.06, 0.08
_ON_CIRCLE, _CLOSED = 0.06, 0.6


def sharpened(halves: Sequence[Image], inside: Image, things: Floats) -> Floats:
    """Return the things (column, row, radius; px) on the rims that surround them.

    `halves` are a picture and its halves; what is not in `inside` has no edges. The picture
    taken is so fine that pile-up, a second, softer edge outside of the rim, stays apart from
    it. A thing without an edge all around stays as it is: half a rim pulls its circle aside.
    """
    fitted = things.copy()
    level = np.floor(np.log2(np.maximum(things[:, 2] / _LARGE_PX, 1)))
    level = np.minimum(level, len(halves) - 1)
    for k, picture in enumerate(halves):
        mine = np.flatnonzero(level == k)
        if len(mine):
            fitted[mine] = _fitted(picture, inside, things[mine], np.float32(2**k))
    return fitted


def _fitted(picture: Image, inside: Image, things: Floats, step: np.float32) -> Floats:
    at, size = things[:, :2] / step, things[:, 2] / step
    for reach in _REACHES:
        steep = _steepness(picture, inside, step, at, size, reach)
        rays = _edges(steep, size, reach)
        at, size, off = _circle(at, rays)
    closed = (np.abs(off) < np.maximum(_ON_CIRCLE, 0.8 / size)[:, None]).mean(axis=1)
    moved = np.concatenate([at, size[:, None]], axis=1) * step
    away = np.hypot(*(moved[:, :2] - things[:, :2]).T) / things[:, 2]
    grown = np.abs(np.log(moved[:, 2] / things[:, 2]))
    good = (closed >= _CLOSED) & (away < _SLIPPED) & (grown < _SWOLLEN)
    return np.where(good[:, None], moved, things).astype(np.float32)


def _steepness(
    picture: Image, inside: Image, step: np.float32, centres: Floats, radii: Floats, reach: float
) -> Floats:
    """Return |change per px| along rays about the rim, shape (n, rays, samples)."""
    angles = np.linspace(0, 2 * np.pi, RAYS, endpoint=False, dtype=np.float32)
    share = np.linspace(1 - reach, 1 + reach, SAMPLES, dtype=np.float32)
    away: Floats = np.maximum(radii, np.float32(1.5))[:, None, None] * share
    x, y = (np.asarray(f(angles), np.float32)[None, :, None] for f in (np.cos, np.sin))
    columns: Floats = centres[:, 0, None, None] + x * away
    rows: Floats = centres[:, 1, None, None] + y * away
    flat = (-1, SAMPLES)
    grey = _in_parts(picture, columns.reshape(flat), rows.reshape(flat)).reshape(columns.shape)
    valid = inside[
        np.clip(np.rint(rows * step), 0, inside.shape[0] - 1).astype(np.intp),
        np.clip(np.rint(columns * step), 0, inside.shape[1] - 1).astype(np.intp),
    ]
    width = away[:, :, 1] - away[:, :, 0]
    change = np.abs(np.gradient(grey, axis=2)) / width[:, :, None]
    return np.where(valid > 0, change, 0).astype(np.float32)


def _in_parts(image: Image, columns: Floats, rows: Floats) -> Floats:
    """Sample as many lines at a time as OpenCV takes."""
    parts = [
        sampled(image, columns[i : i + _MOST_LINES], rows[i : i + _MOST_LINES])
        for i in range(0, len(columns), _MOST_LINES)
    ]
    return np.concatenate(parts)


def _edges(steep: Floats, radii: Floats, reach: float) -> Floats:
    """Return the radius of the edge on each ray (n, rays), px.

    The common radius comes first: where all rays together are steepest; then each ray's own.
    """
    low, high, window = 1 - reach, 1 + reach, 0.4 * reach
    share = np.linspace(low, high, SAMPLES, dtype=np.float32)
    usual = np.median(steep, axis=1)
    favour = np.exp(-((share - 1) ** 2) / (2 * window**2))
    common = share[np.argmax(usual * favour, axis=1)]
    near = np.exp(-((share[None, :] - common[:, None]) ** 2) / (2 * (0.5 * window) ** 2))
    weighed = steep * near[:, None, :].astype(np.float32)
    inner = np.clip(np.argmax(weighed, axis=2), 1, SAMPLES - 2)
    take = np.take_along_axis
    left, mid, right = (take(weighed, (inner + d)[:, :, None], axis=2)[:, :, 0] for d in (-1, 0, 1))
    bend = left - 2 * mid + right
    offset = np.where(np.abs(bend) > 1e-6, 0.5 * (left - right) / np.where(bend == 0, 1, bend), 0)
    where = low + (inner + np.clip(offset, -1, 1)) * (high - low) / (SAMPLES - 1)
    rays: Floats = (where * np.maximum(radii, 1.5)[:, None]).astype(np.float32)
    return rays


def _circle(centres: Floats, rays: Floats) -> tuple[Floats, Floats, Floats]:
    """Return better centres, radii, and how far the edges lie off them over the radius (n, rays).

    Least squares in the first harmonics, then once more without the rays that lie off.
    """
    angles = np.linspace(0, 2 * np.pi, RAYS, endpoint=False, dtype=np.float32)
    design = np.stack([np.ones_like(angles), np.cos(angles), np.sin(angles)], axis=1)
    weight = np.ones_like(rays)
    for _ in range(3):
        normal = np.einsum("nk,ki,kj->nij", weight, design, design) + 1e-3 * np.eye(3)
        right = np.einsum("nk,ki,nk->ni", weight, design, rays)
        fit = np.linalg.solve(normal, right[:, :, None])[:, :, 0]
        off = rays - fit @ design.T
        scale = np.maximum(np.median(np.abs(off), axis=1), 0.02 * fit[:, 0])[:, None]
        weight = 1 / (1 + (off / (2 * scale)) ** 2) ** 2
    radii = np.maximum(fit[:, 0], 1.0)
    moved = np.clip(fit[:, 1:], -0.7 * radii[:, None], 0.7 * radii[:, None])
    relative = off / radii[:, None]
    return (
        (centres + moved).astype(np.float32),
        radii.astype(np.float32),
        relative.astype(np.float32),
    )

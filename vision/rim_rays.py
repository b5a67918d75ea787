"""Circles fitted to the edges along rays, and how much they look like an indentation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.circle_votes import Level
from vision.profiles import sampled

Floats = NDArray[np.float32]

RAYS, SAMPLES = 48, 48
_INNER, _OUTER = 0.25, 1.75
_FINE_PX = 8.0
_WINDOWS = (0.35, 0.25, 0.18)
_SHARP_PX = 30.0
_SHARP_REACHES = (0.35, 0.25, 0.2, 0.2)

FEATURES = (
    "closed",
    "firm",
    "lit",
    "even",
    "apart",
    "quiet",
    "oval",
    "ragged",
    "plain",
    "size",
    "votes",
)


@dataclass(frozen=True, slots=True)
class Circles:
    """Fitted circles: centres (n, 2) and radii (n,) in px, features (n, 11), edge strength (n,)."""

    centres: Floats
    radii: Floats
    features: Floats
    strength: Floats

    def some(self, which: Sequence[int]) -> Circles:
        """Return the circles of these numbers, in that order."""
        at = np.array(which, np.intp)
        return Circles(self.centres[at], self.radii[at], self.features[at], self.strength[at])


def fitted_circles(found: list[Level], things: Floats) -> Circles:
    """Return the circles fitted to round things (column, row, radius, votes), in their order."""
    level = _levels_for(found, things[:, 2], _FINE_PX)
    centres = np.zeros((len(things), 2), np.float32)
    radii, strength = np.zeros((2, len(things)), np.float32)
    features = np.zeros((len(things), len(FEATURES)), np.float32)
    for k, picture in enumerate(found):
        mine = np.flatnonzero(level == k)
        if len(mine):
            fit = _fitted(picture, things[mine])
            centres[mine], radii[mine] = fit.centres, fit.radii
            features[mine], strength[mine] = fit.features, fit.strength
    return Circles(centres, radii, features, strength)


def sharpened(found: list[Level], circles: Circles) -> Circles:
    """Return the circles fitted once more, in finer pictures and close to the rim.

    Pile-up is a second, softer edge outside of the rim; where the coarse picture has
    blurred the two into one, the finer tells them apart.
    """
    level = _levels_for(found, circles.radii, _SHARP_PX)
    centres, radii = circles.centres.copy(), circles.radii.copy()
    for k, picture in enumerate(found):
        mine = np.flatnonzero(level == k)
        step = np.float32(picture.step)
        at, size = centres[mine] / step, radii[mine] / step
        for reach in _SHARP_REACHES if len(mine) else ():
            steep, _, _ = _rays(picture, at, size, 1 - reach, 1 + reach)
            rays, _ = _edges(steep, size, 0.4 * reach, 1 - reach, 1 + reach)
            at, size, _ = _circle(at, rays)
        centres[mine], radii[mine] = at * step, size * step
    slipped = np.hypot(*(centres - circles.centres).T) > 0.2 * circles.radii
    centres[slipped], radii[slipped] = circles.centres[slipped], circles.radii[slipped]
    return Circles(centres, radii, circles.features, circles.strength)


def _levels_for(found: list[Level], radii: Floats, fine_px: float) -> NDArray[np.intp]:
    """Return for each radius the coarsest level where it is at least so large, or the first."""
    wanted = np.floor(np.log2(np.maximum(radii / fine_px, 1)))
    return np.asarray(np.minimum(wanted, len(found) - 1), np.intp)


def _fitted(level: Level, things: Floats) -> Circles:
    step = np.float32(level.step)
    centres, radii = things[:, :2] / step, things[:, 2] / step
    for window in _WINDOWS:
        steep, _, noise = _rays(level, centres, radii)
        rays, _ = _edges(steep, radii, window)
        centres, radii, _ = _circle(centres, rays)
    steep, grey, noise = _rays(level, centres, radii)
    rays, height = _edges(steep, radii, _WINDOWS[-1])
    _, _, off = _circle(centres, rays)
    features = _features(steep, grey, rays, height, radii, noise, off)
    size = np.log(np.maximum(radii * step, 1))
    features = np.concatenate([features, size[:, None], things[:, 3:4]], axis=1)
    strength = np.median(height, axis=1).astype(np.float32)
    return Circles(centres * step, radii * step, features.astype(np.float32), strength)


def _rays(
    level: Level, centres: Floats, radii: Floats, inner: float = _INNER, outer: float = _OUTER
) -> tuple[Floats, Floats, Floats]:
    """Return |change per px| and grey along rays, shape (n, rays, samples), and noise (n,)."""
    angles = np.linspace(0, 2 * np.pi, RAYS, endpoint=False, dtype=np.float32)
    share = np.linspace(inner, outer, SAMPLES, dtype=np.float32)
    reach: Floats = np.maximum(radii, np.float32(1.5))[:, None, None] * share
    x = np.asarray(np.cos(angles), np.float32)[None, :, None]
    y = np.asarray(np.sin(angles), np.float32)[None, :, None]
    columns: Floats = centres[:, 0, None, None] + x * reach
    rows: Floats = centres[:, 1, None, None] + y * reach
    flat = (-1, SAMPLES)
    grey = _in_parts(level.grey, columns.reshape(flat), rows.reshape(flat)).reshape(columns.shape)
    valid = level.inside[
        np.clip(np.rint(rows), 0, level.inside.shape[0] - 1).astype(np.intp),
        np.clip(np.rint(columns), 0, level.inside.shape[1] - 1).astype(np.intp),
    ]
    step = reach[:, :, 1] - reach[:, :, 0]
    change = np.abs(np.gradient(grey, axis=2)) / step[:, :, None]
    change = np.where(valid > 0, change, 0).astype(np.float32)
    # The outermost ring, at its quieter half, tells the unrest of the bare surface.
    noise = np.quantile(change[:, :, -12:].reshape(len(centres), -1), 0.6, axis=1)
    return change, grey, np.maximum(noise, 0.15).astype(np.float32)


def _in_parts(image: Floats, columns: Floats, rows: Floats) -> Floats:
    """Sample as many lines at a time as OpenCV takes."""
    most = 32000
    parts = [
        sampled(image, columns[i : i + most], rows[i : i + most])
        for i in range(0, len(columns), most)
    ]
    return np.concatenate(parts)


def _edges(
    steep: Floats, radii: Floats, window: float, low: float = _INNER, high: float = _OUTER
) -> tuple[Floats, Floats]:
    """Return the radius of the edge on each ray (n, rays), px, and how steep it is there.

    The common radius comes first: where all rays together are steepest; then each ray's own.
    """
    share = np.linspace(low, high, SAMPLES, dtype=np.float32)
    usual = np.median(steep, axis=1)
    favour = np.exp(-((share - 1) ** 2) / (2 * window**2))
    common = share[np.argmax(usual * favour, axis=1)]
    near = np.exp(-((share[None, :] - common[:, None]) ** 2) / (2 * (0.5 * window) ** 2))
    weighed = steep * near[:, None, :].astype(np.float32)
    at = np.argmax(weighed, axis=2)
    inner = np.clip(at, 1, SAMPLES - 2)
    take = np.take_along_axis
    left, mid, right = (take(weighed, (inner + d)[:, :, None], axis=2)[:, :, 0] for d in (-1, 0, 1))
    bend = left - 2 * mid + right
    offset = np.where(np.abs(bend) > 1e-6, 0.5 * (left - right) / np.where(bend == 0, 1, bend), 0)
    where = low + (inner + np.clip(offset, -1, 1)) * (high - low) / (SAMPLES - 1)
    height = take(steep, at[:, :, None], axis=2)[:, :, 0]
    return (where * np.maximum(radii, 1.5)[:, None]).astype(np.float32), height


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


def _features(
    steep: Floats,
    grey: Floats,
    rays: Floats,
    height: Floats,
    radii: Floats,
    noise: Floats,
    off: Floats,
) -> Floats:
    """Return what tells an indentation from dirt, whatever the light: shape (n, 9)."""
    unrest = noise[:, None]
    edge = height > 3 * unrest
    close = np.abs(off) < np.maximum(0.06, 0.8 / radii)[:, None]
    closed = (edge & close).mean(axis=1)
    firm = np.log(np.median(height, axis=1) / noise)
    even = np.log(np.maximum(np.median(np.abs(off), axis=1), 0.003))
    share = np.linspace(_INNER, _OUTER, SAMPLES, dtype=np.float32)
    outside = steep[:, :, share > 1.35]
    quiet = np.log1p(outside.mean(axis=(1, 2)) / np.maximum(height.mean(axis=1), 1e-3))
    quarter = height.reshape(len(rays), 8, RAYS // 8).max(axis=2)
    apart = np.log(np.sort(quarter, axis=1)[:, 1] / noise + 0.1)
    oval, ragged = _shape_of(off)
    core, around = grey[:, :, share < 0.9], grey[:, :, share > 1.3]
    bare = np.median(around, axis=(1, 2))
    step = np.abs(core.mean(axis=(1, 2)) - bare)
    plain = np.log((core.mean(axis=1).std(axis=1) + 0.5) / (step + 0.5))
    lit = _lit(grey[:, :, share < 1.25])
    return np.stack([closed, firm, lit, even, apart, quiet, oval, ragged, plain], axis=1)


def _shape_of(off: Floats) -> tuple[Floats, Floats]:
    """Return how oval the edge is, and how ragged besides: logarithms, relative to the radius."""
    kept = np.clip(off, -0.3, 0.3)
    waves = np.abs(np.fft.rfft(kept, axis=1)) / RAYS
    oval = np.log(np.maximum(2 * waves[:, 2], 0.003))
    ragged = np.log(np.maximum(2 * np.sqrt((waves[:, 3:12] ** 2).sum(axis=1)), 0.003))
    return oval.astype(np.float32), ragged.astype(np.float32)


def _lit(grey: Floats) -> Floats:
    """Return how much of the brightness within is what light makes of a round dent.

    Such brightness is at each distance from the centre a constant and a sine around it (and,
    with a ring of lamps, a few harmonics): the part of the variance that these explain.
    """
    spectrum = np.abs(np.fft.rfft(grey, axis=1)) ** 2
    spectrum[:, 1:] *= 2
    level = grey.mean(axis=(1, 2))
    total = (spectrum.sum(axis=(1, 2)) / RAYS - RAYS * grey.shape[2] * level**2) + 1e-3
    smooth = spectrum[:, :2].sum(axis=(1, 2)) + spectrum[:, 2:7:1].sum(axis=(1, 2)) * 0.5
    part = (smooth / RAYS - RAYS * grey.shape[2] * level**2) / total
    explained: Floats = np.clip(part, 0, 1).astype(np.float32)
    return explained

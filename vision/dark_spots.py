"""Dark round spots on an evenly lit surface, measured to a fraction of a pixel."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vision.frame import Image
from vision.geometry import CERTAIN
from vision.profiles import Floats, first_rise, sampled

_BARE = 200.0
"""Level of the bare surface in the flattened picture."""

_LEAST_DARKNESS = 0.08
_CLEAR_DARKNESS = 0.35
_ROUND_SPREAD, _RAGGED_SPREAD = 0.12, 0.30  # radius spread over its mean
_MOST_SPOTS = 600
_SCRATCH_ASPECT = 4.0
_RAYS, _SAMPLES = 24, 40


@dataclass(frozen=True, slots=True)
class Spot:
    """A spot in pixels: centre, diameter, and confidence 0 … 1 that it is an indentation."""

    column: float
    row: float
    diameter: float
    confidence: float


def dark_spots(flat: Image, mask: Image) -> list[Spot]:
    """Return the dark spots of a flattened picture (bare surface at 200) inside the mask.

    Thin scratches are left out. What is not certain, being faint or not round, comes
    back as its enclosing circle: it may be two that touch.
    """
    outer = _candidates(flat, mask)
    if not len(outer):
        return []
    centres, radii = outer[:, :2], outer[:, 2]
    fitted = radii
    for _ in range(2):
        rays, darkness = _rays(flat, centres, fitted)
        centres, fitted, spread = _fit(centres, rays, fitted)
    return [
        _spot(*values)
        for values in zip(outer, centres, fitted, _confidence(darkness, spread), strict=True)
    ]


def _spot(outer: Floats, centre: Floats, radius: np.float32, confidence: np.float32) -> Spot:
    if confidence >= CERTAIN:
        return Spot(float(centre[0]), float(centre[1]), 2 * float(radius), float(confidence))
    return Spot(float(outer[0]), float(outer[1]), 2 * float(outer[2]), float(confidence))


def _candidates(flat: Image, mask: Image) -> Floats:
    """Return the enclosing circles (column, row, radius) of dark regions, shape (n, 3)."""
    calm = cv2.GaussianBlur(flat, (3, 3), 0)
    level = _BARE * (1 - _LEAST_DARKNESS)
    dark = cv2.threshold(calm, level, 255, cv2.THRESH_BINARY_INV)[1]
    contours, _ = cv2.findContours(
        cv2.bitwise_and(dark, mask), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    circles = []
    for contour in contours:
        box = cv2.boundingRect(contour)
        if min(box[2:]) < 3 or _is_scratch(contour):
            continue
        (column, row), radius = cv2.minEnclosingCircle(contour)
        circles.append((column, row, radius + 0.5))
    circles.sort(key=lambda circle: (-circle[2], circle))
    return np.array(circles[:_MOST_SPOTS], np.float32)


def _is_scratch(contour: cv2.typing.MatLike) -> bool:
    width, height = cv2.minAreaRect(contour)[1]
    return max(width, height) + 1 > _SCRATCH_ASPECT * (min(width, height) + 1)


def _rays(flat: Image, centres: Floats, radii: Floats) -> tuple[Floats, Floats]:
    """Return the radius (px) at half darkness along rays, shape (n, 24), and the darkness (n,).

    A ray that never gets dark counts as radius 0.
    """
    angles = np.linspace(0, 2 * np.pi, _RAYS, endpoint=False, dtype=np.float32)
    reach = 1.5 * radii + 1.5
    share = np.linspace(1, 0, _SAMPLES, dtype=np.float32)  # from outside in
    distance = reach[:, None, None] * share
    columns = centres[:, 0, None, None] + np.cos(angles)[None, :, None] * distance
    rows = centres[:, 1, None, None] + np.sin(angles)[None, :, None] * distance
    grey = sampled(flat, columns.reshape(-1, _SAMPLES), rows.reshape(-1, _SAMPLES))
    profiles = (1 - grey / np.float32(_BARE)).reshape(len(centres), _RAYS, _SAMPLES)
    darkness = _plateau(profiles)
    level = np.repeat(np.maximum(darkness, 0.02) / 2, _RAYS)[:, None].astype(np.float32)
    index = first_rise(profiles.reshape(-1, _SAMPLES), level).reshape(len(centres), _RAYS)
    inner = (1 - index / (_SAMPLES - 1)) * reach[:, None]
    return np.nan_to_num(inner, nan=0.0), darkness


def _plateau(profiles: Floats) -> Floats:
    """Return how dark the inner part of each spot is, 0 … 1, shape (n,)."""
    inner = profiles[:, :, _SAMPLES * 2 // 3 :]
    return np.median(inner.reshape(len(profiles), -1), axis=1).astype(np.float32)


def _fit(centres: Floats, rays: Floats, before: Floats) -> tuple[Floats, Floats, Floats]:
    """Return better centres, radii and the relative spread of the radius."""
    angles = np.linspace(0, 2 * np.pi, _RAYS, endpoint=False, dtype=np.float32)
    radii = np.maximum(rays.mean(axis=1), 0.5)
    across = np.stack([rays @ np.cos(angles), rays @ np.sin(angles)], axis=1) * (2 / _RAYS)
    moved = np.clip(across, -before[:, None], before[:, None])
    left = rays - moved[:, :1] * np.cos(angles) - moved[:, 1:] * np.sin(angles)
    return centres + moved, radii, left.std(axis=1) / radii


def _confidence(darkness: Floats, spread: Floats) -> Floats:
    """Return 1 for what is dark and even-edged, less for the faint and the ragged."""
    dark = (darkness - _LEAST_DARKNESS) / (_CLEAR_DARKNESS - _LEAST_DARKNESS)
    even = (_RAGGED_SPREAD - spread) / (_RAGGED_SPREAD - _ROUND_SPREAD)
    confidence: Floats = np.clip(dark, 0, 1) * np.clip(even, 0, 1)
    return confidence

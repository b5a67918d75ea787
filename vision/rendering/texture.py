"""What polishing, lapping, grinding and turning leave on a surface, as slopes."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import cv2
import numpy as np

from vision.rendering.dents import Places
from vision.rendering.slopes import Floats, Slopes

_TILE = 1024
FINISHES = ("polished", "lapped", "ground", "turned")


@dataclass(frozen=True, slots=True)
class Finish:
    """A finish: one of `FINISHES`, with its rms slope.

    `direction` is that of the strokes in the block frame, rad; `coarse` is 1 for strokes
    one pixel wide.
    """

    kind: str
    slope: float
    direction: float
    coarse: float = 1.0
    seed: int = 0


def roughen(slopes: Slopes, finish: Finish, place: Places | None, turn: float) -> None:
    """Add the slopes of a finish to a surface turned by `turn`; only turning needs places."""
    rng = np.random.default_rng(finish.seed)
    at = finish.direction + turn
    match finish.kind:
        case "polished":
            _isotropic(slopes, finish, rng)
        case "lapped":
            for _ in range(3):
                _strokes(slopes, at + rng.uniform(-1.2, 1.2), 0.55 * finish.slope, finish, rng)
        case "ground":
            for spread in (0.0, 0.02):
                _strokes(slopes, at + rng.normal(0, spread), 0.7 * finish.slope, finish, rng)
        case "turned" if place is not None:
            _rings(slopes, finish, place, rng)


def _strokes(
    slopes: Slopes, angle: float, rms: float, finish: Finish, rng: np.random.Generator
) -> None:
    streaks = _laid(_streak_tile(), slopes.shape, angle, finish.coarse, rng)
    slopes.p += np.float32(-rms * math.sin(angle)) * streaks
    slopes.q += np.float32(rms * math.cos(angle)) * streaks


def _isotropic(slopes: Slopes, finish: Finish, rng: np.random.Generator) -> None:
    for part in (slopes.p, slopes.q):
        grain = _laid(_grain_tile(), slopes.shape, rng.uniform(0, math.pi), finish.coarse, rng)
        part += np.float32(finish.slope * 0.7) * grain


def _rings(slopes: Slopes, finish: Finish, place: Places, rng: np.random.Generator) -> None:
    """Add concentric grooves about a centre near that of the block."""
    dx, dy = (axis - np.float32(rng.normal(0, 0.3)) for axis in (place.x, place.y))
    distance = np.sqrt(dx * dx + dy * dy) + np.float32(1e-3)
    groove = rng.standard_normal(4096, dtype=np.float32)
    step = 0.06 * finish.coarse
    index = (distance * np.float32(1 / step)).astype(np.int32) % 4096
    radial = np.float32(finish.slope) * groove[index] / distance
    cosine, sine = np.float32(math.cos(place.turn)), np.float32(math.sin(place.turn))
    slopes.p += radial * (dx * cosine - dy * sine)
    slopes.q += radial * (dx * sine + dy * cosine)


def _laid(
    tile: Floats, shape: tuple[int, int], angle: float, coarse: float, rng: np.random.Generator
) -> Floats:
    """Return the endless tile, turned and coarsened, over an image of that shape."""
    cosine, sine = math.cos(angle) / coarse, math.sin(angle) / coarse
    shift = rng.uniform(0, _TILE, 2)
    way = np.array([[cosine, -sine, shift[0]], [sine, cosine, shift[1]]], np.float32)
    laid = cv2.warpAffine(
        tile,
        way,
        (shape[1], shape[0]),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_WRAP,
    )
    return laid.astype(np.float32, copy=False)


@functools.cache
def _streak_tile() -> Floats:
    """Return streaks along x, rms 1, that continue over the edges, shape (1024, 1024)."""
    rng = np.random.default_rng(20131025)
    white = rng.standard_normal((_TILE, _TILE), dtype=np.float32)
    tile = np.zeros_like(white)
    for length, weight in ((151, 1.0), (41, 0.6)):
        wrapped = np.concatenate([white[:, -length:], white, white[:, :length]], axis=1)
        smooth = cv2.blur(wrapped, (length, 1))[:, length:-length]
        tile += np.float32(weight) * smooth / np.float32(smooth.std())
    strength = 0.4 + rng.random((_TILE, 1), dtype=np.float32) ** 3
    tile *= strength
    return _unit(tile)


@functools.cache
def _grain_tile() -> Floats:
    """Return fine grain in all directions, rms 1, shape (1024, 1024)."""
    rng = np.random.default_rng(20140425)
    white = rng.standard_normal((_TILE, _TILE), dtype=np.float32)
    calm = cv2.GaussianBlur(np.tile(white, (2, 2)), (0, 0), 1.2)[_TILE // 2 :, _TILE // 2 :]
    calm = calm[:_TILE, :_TILE]
    return _unit(calm.astype(np.float32, copy=False))


def _unit(tile: Floats) -> Floats:
    scaled: Floats = tile / tile.std()
    return scaled


def cloud(shape: tuple[int, int], cells: int, rng: np.random.Generator) -> Floats:
    """Return smooth random hills, about -2 to 2, `cells` across the shorter side."""
    total = np.zeros(shape, np.float32)
    weight = 1.0
    for _ in range(3):
        rows = max(2, round(cells * shape[0] / min(shape)))
        columns = max(2, round(cells * shape[1] / min(shape)))
        few = rng.standard_normal((rows, columns), dtype=np.float32)
        hills = cv2.resize(few, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
        total += np.float32(weight) * hills
        weight, cells = weight / 2, cells * 2
    return total

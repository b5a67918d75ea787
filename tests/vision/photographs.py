"""Pictures made without the renderer of blocks: drawn by hand, then spoilt as photographs are.

Nothing here was used to fit or choose anything. An indentation is painted the way people
photograph it (a dark bowl with a glint, a bright ring, a crescent, a shaded cup), the face
with grain of many sizes, and lens, sensor, print and file each spoil it in their own way.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.frame import Frame, Image
from vision.geometry import Mark, Round

Floats = NDArray[np.float32]
Painter = Callable[[Floats, Floats, float], Floats]

SCALE = 16.0
BLOCK = Round(44.0)


def photograph(painter: Painter, marks: list[Mark], seed: int) -> Image:
    """Return a block of 44 mm on a dark cloth, 16 px/mm, its marks painted that way."""
    rng = np.random.default_rng(seed)
    side = round((BLOCK.diameter + 8) * SCALE)
    shape = (side, side)
    face = np.full(shape, 120.0, np.float32) + _grain(shape, rng)
    frame = Frame.centred(shape, SCALE)
    rows, columns = np.mgrid[:side, :side].astype(np.float32)
    turn = float(rng.uniform(0, 2 * math.pi))
    for mark in marks:
        column, row = frame.to_px(mark.x, mark.y)
        radius = mark.diameter / 2 * SCALE
        x, y = (columns - column) / radius, (rows - row) / radius
        away = np.sqrt(x * x + y * y)
        lean = (x * math.cos(turn) + y * math.sin(turn)).astype(np.float32)
        inside = np.clip((1 - away) * radius + 0.5, 0, 1)
        face += inside * (painter(away, lean, radius) - 1) * 120
    depth = BLOCK.diameter / 2 * SCALE - np.hypot(columns - frame.column, rows - frame.row)
    picture = 18 + np.clip(depth + 0.5, 0, 1) * (face - 18)
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 0.7), 0, 255).astype(np.uint8)


def _grain(shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Return unevenness of every size, as of a hand-polished face."""
    total = np.zeros(shape, np.float32)
    for cells, strength in ((3, 6.0), (12, 2.0), (60, 0.8), (400, 0.8)):
        few = rng.standard_normal((cells, cells), dtype=np.float32)
        total += strength * cv2.resize(few, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return total


# -- how an indentation looks: brightness over the face's by distance (radii) and lean -----


def dark_bowl(away: Floats, lean: Floats, radius: float) -> Floats:
    """A dark bowl with a small glint in it."""
    glint = np.exp(-(((away - 0.3) / 0.15) ** 2)) * (lean > 0.2)
    return (0.35 + 0.9 * glint).astype(np.float32)


def bright_ring(away: Floats, lean: Floats, radius: float) -> Floats:
    """A ring that shines on a floor as bright as the face."""
    return (0.95 + 0.8 * np.exp(-(((away - 0.85) / 0.15) ** 2))).astype(np.float32)


def shaded_cup(away: Floats, lean: Floats, radius: float) -> Floats:
    """A cup lit from the side: bright on one flank, dark on the other."""
    return (1 + 0.55 * lean).astype(np.float32)


def grey_disc(away: Floats, lean: Floats, radius: float) -> Floats:
    """A matt disc without any shading."""
    return np.full_like(away, 0.6)


PAINTERS = (dark_bowl, bright_ring, shaded_cup, grey_disc)


# -- what spoils photographs ----------------------------------------------------------------


def as_it_is(image: Image, rng: np.random.Generator) -> Image:
    """Nothing."""
    return image


def vignetting(image: Image, rng: np.random.Generator) -> Image:
    """A cheap lens: corners three stops darker than the middle."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32)
    away = np.hypot(x / image.shape[1] - 0.5, y / image.shape[0] - 0.5)
    return (image * np.cos(np.clip(away, 0, 1.2)) ** 4).astype(np.uint8)


def moire(image: Image, rng: np.random.Generator) -> Image:
    """Interference with the pixels of a screen."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32)
    waves = np.sin(0.9 * x + 0.23 * y) + np.sin(0.31 * x - 0.8 * y)
    return np.clip(image + 3 * waves, 0, 255).astype(np.uint8)


def printed(image: Image, rng: np.random.Generator) -> Image:
    """Printed with dots of four pixels and scanned again."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    order = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]])
    dots = (image > (order[y % 4, x % 4] + 0.5) * 16).astype(np.uint8) * 255
    return cv2.GaussianBlur(dots, (0, 0), 1.4).astype(np.uint8)


def pressed(image: Image, rng: np.random.Generator) -> Image:
    """Sent by telephone: JPEG of quality 35."""
    file = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 35])[1]
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_GRAYSCALE), np.uint8)


def banded(image: Image, rng: np.random.Generator) -> Image:
    """A sensor whose rows and columns differ, with some dead pixels."""
    rows, columns = (rng.normal(0, 2, n) for n in image.shape)
    spoilt = np.clip(image + rows[:, None] + columns, 0, 255).astype(np.uint8)
    spoilt[rng.random(image.shape) < 2e-5] = 255
    return spoilt


def shaken(image: Image, rng: np.random.Generator) -> Image:
    """Moved by three pixels while the shutter was open."""
    return cv2.filter2D(image, -1, np.eye(3, dtype=np.float32) / 3).astype(np.uint8)


def curved(image: Image, rng: np.random.Generator) -> Image:
    """The contrast curve of a telephone."""
    level = image / 255
    return (255 * level**2 * (3 - 2 * level)).astype(np.uint8)


SPOILERS = (as_it_is, vignetting, moire, printed, pressed, banded, shaken, curved)

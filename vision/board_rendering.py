"""A board as a camera sees it: perspective, lens distortion, blur and noise, seeded."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from vision.calibration import Doubles, Lens
from vision.charuco import Board
from vision.frame import Image


@dataclass(frozen=True, slots=True)
class Attitude:
    """How the board stands before the camera: turns about x, y, z (rad), its middle (mm)."""

    turn: tuple[float, float, float] = (0.0, 0.0, 0.0)
    middle: tuple[float, float, float] = (0.0, 0.0, 500.0)


@dataclass(frozen=True, slots=True)
class Optics:
    """A camera: lens, picture size (px), blur (sigma, px), noise (sigma, grey levels)."""

    lens: Lens
    width: int
    height: int
    blur_px: float = 0.7
    noise: float = 2.0


def homography_of(optics: Optics, board: Board, attitude: Attitude) -> Doubles:
    """Return the map from the board (mm, x right, y down) to undistorted pixels."""
    rotation, _ = cv2.Rodrigues(np.array(attitude.turn, np.float64))
    width, height = board.size_mm
    away = np.array(attitude.middle) - rotation @ np.array([width / 2, height / 2, 0.0])
    result: Doubles = optics.lens.matrix @ np.c_[rotation[:, :2], away]
    return result


def render_board(optics: Optics, board: Board, attitude: Attitude, *, seed: int = 0) -> Image:
    """Return a grey picture of the board on a dark ground."""
    columns, rows = np.meshgrid(np.arange(optics.width), np.arange(optics.height))
    pixels = np.stack([columns, rows], axis=-1).reshape(-1, 2).astype(np.float64)
    to_board = np.linalg.inv(homography_of(optics, board, attitude))
    flat = np.c_[optics.lens.straightened(pixels), np.ones(len(pixels))] @ to_board.T
    places = (flat[:, :2] / flat[:, 2:]).reshape(optics.height, optics.width, 2)
    print_scale = 144.0 / board.square_mm
    # Pixel centres lie half a pixel inside of the print's edges.
    source = (places * print_scale - 0.5).astype(np.float32)
    printed = cv2.GaussianBlur(board.picture(print_scale), (0, 0), 1.0)
    columns_at, rows_at = source[..., 0], source[..., 1]
    seen = cv2.remap(printed, columns_at, rows_at, cv2.INTER_LINEAR, borderValue=(30.0,))
    seen = cv2.GaussianBlur(seen.astype(np.float32) * 0.75 + 25, (0, 0), optics.blur_px)
    luck = np.random.default_rng(seed)
    noisy = seen + luck.normal(0, optics.noise, seen.shape)
    return np.asarray(np.clip(np.round(noisy), 0, 255), np.uint8)


STATION = Optics(
    Lens((10_000.0, 10_000.0), (645.0, 632.0), (-0.8, 2.0, 2e-4, -1e-4, 0.0)), 1280, 1280
)
"""A simulated station: 20 px/mm at 500 mm, a little barrel, the lens off the middle."""

TILTED = (
    Attitude((0.004, -0.003, 0.02), (0.4, 0.3, 500.0)),
    *(
        Attitude((0.4 * math.cos(k), 0.4 * math.sin(k), 0.3 * math.sin(2 * k)), (0, 0, 520.0))
        for k in (0.1, 0.9, 1.7, 2.5, 3.3, 4.1, 4.9, 5.7)
    ),
)
"""How the board is held before it: first lying on the stage, then in turn to all sides."""


def render_micrometer(
    *,
    um_per_px: float,
    division_um: float,
    tilt: float = 0.0,
    size: tuple[int, int] = (1280, 960),
    phase: float = 0.3,
    noise: float = 2.0,
    seed: int = 0,
) -> Image:
    """Return a grey picture of a stage micrometer: dark upright lines on glass.

    `tilt` is the slope of the lines, `phase` the share of a division that is cut off left.
    """
    width, height = size
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    pitch = division_um / um_per_px * np.hypot(1.0, tilt)
    away = (columns - tilt * rows) / pitch - phase
    off = (away - np.round(away)) * pitch
    half = max(1.5, 0.06 * pitch)
    # The share of each pixel that a line covers, its edges softened by the optics.
    dark = 1 / (1 + np.exp((np.abs(off) - half) / 0.6))
    luck = np.random.default_rng(seed)
    seen = 200 - 150 * dark + luck.normal(0, noise, dark.shape)
    return np.asarray(np.clip(np.round(seen), 0, 255), np.uint8)

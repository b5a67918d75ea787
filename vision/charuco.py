"""Calibrate a camera by a ChArUco board: the lens from tilted views, the stage from a flat one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import cv2
import numpy as np

from vision.calibration import (
    MOST_LENS_PX,
    MOST_STAGE_MM,
    Doubles,
    Lens,
    Residuals,
    StageCalibration,
    through,
)
from vision.frame import Image

LEAST_VIEWS = 5
LEAST_CORNERS = 24


@dataclass(frozen=True, slots=True)
class Board:
    """A ChArUco board lying with its first corner up left: squares across and down, sizes in mm."""

    across: int = 11
    down: int = 11
    square_mm: float = 6.0
    marker_mm: float = 4.4
    name: str = "ChArUco 11 x 11, 6 mm"

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height, mm."""
        return self.across * self.square_mm, self.down * self.square_mm

    def pattern(self) -> cv2.aruco.CharucoBoard:
        """Return the pattern as OpenCV knows it."""
        words = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_100)
        return cv2.aruco.CharucoBoard(
            (self.across, self.down), self.square_mm, self.marker_mm, words
        )

    def picture(self, px_per_mm: float) -> Image:
        """Return the board as it is printed."""
        width, height = (round(side * px_per_mm) for side in self.size_mm)
        return np.asarray(self.pattern().generateImage((width, height)), np.uint8)


@dataclass(frozen=True, slots=True)
class View:
    """Corners found in one picture: on the board (mm, x right, y down) and in the picture (px)."""

    on_board: Doubles
    pixels: Doubles
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Refused:
    """No calibration came of it; `reason` says why, in words for a person."""

    reason: str


def find_corners(image: Image, board: Board) -> View | Refused:
    """Return the corners of the board in a grey picture."""
    if image.ndim != 2 or image.dtype != np.uint8 or min(image.shape) < 64:
        return Refused("not a grey picture of 8 bit")
    detector = cv2.aruco.CharucoDetector(board.pattern())
    corners, names, _, _ = detector.detectBoard(image)
    count = 0 if names is None else len(names)
    if count < LEAST_CORNERS:
        return Refused(f"{count} corners of the board found, {LEAST_CORNERS} are needed")
    all_corners = np.asarray(board.pattern().getChessboardCorners(), np.float64)
    order = np.asarray(names).ravel()
    height, width = image.shape
    pixels = np.asarray(corners, np.float64).reshape(-1, 2)
    return View(all_corners[order, :2], pixels, width, height)


def fit_lens(views: Sequence[View]) -> tuple[Lens, float] | Refused:
    """Return the lens that explains all views, and the RMS of what is left, px."""
    if len(views) < LEAST_VIEWS:
        return Refused(f"{len(views)} views of the tilted board, {LEAST_VIEWS} are needed")
    if len({(view.width, view.height) for view in views}) > 1:
        return Refused("the views are of different sizes")
    flat = [np.c_[view.on_board, np.zeros(len(view.on_board))] for view in views]
    rms, matrix, distortion, _, _ = cv2.calibrateCamera(
        [points.astype(np.float32) for points in flat],
        [view.pixels.astype(np.float32) for view in views],
        (views[0].width, views[0].height),
        np.eye(3),
        np.zeros(5),
        flags=cv2.CALIB_FIX_K3,
    )
    if not rms <= MOST_LENS_PX:
        return Refused(f"the lens is explained to {rms:.2f} px only, {MOST_LENS_PX:g} is the most")
    k1, k2, p1, p2, k3 = (float(value) for value in np.ravel(distortion)[:5])
    focal = float(matrix[0, 0]), float(matrix[1, 1])
    centre = float(matrix[0, 2]), float(matrix[1, 2])
    return Lens(focal, centre, (k1, k2, p1, p2, k3)), float(rms)


def calibrate_stage(
    flat: View,
    tilted: Sequence[View],
    *,
    camera: str,
    artefact: str,
    now: datetime,
    valid_days: int = 365,
) -> StageCalibration | Refused:
    """Return the calibration of a camera over its stage, or why there is none.

    `flat` is the board lying on the stage in the height of a block's test face; `tilted`
    are at least 5 views of it in other attitudes, or none for a telecentric lens, which
    has no perspective: a tilted or bent one then shows in the residuals and is refused.
    """
    lens: Lens | None = None
    lens_px = 0.0
    if tilted:
        fitted = fit_lens([flat, *tilted])
        if isinstance(fitted, Refused):
            return fitted
        lens, lens_px = fitted
    straight = lens.straightened(flat.pixels) if lens else flat.pixels
    board = flat.on_board * (1, -1)
    fit = _homography if lens else _similarity
    stage_mm = _left_out(fit, straight, board)
    if not stage_mm <= MOST_STAGE_MM:
        text = f"places on the stage are off by {1000 * stage_mm:.1f} µm (RMS)"
        return Refused(f"{text}, {1000 * MOST_STAGE_MM:g} is the most")
    to_mm, px_per_mm = _squared(fit(straight, board), flat, lens)
    until = now + timedelta(days=valid_days)
    return StageCalibration(
        camera,
        flat.width,
        flat.height,
        lens,
        tuple(float(value) for value in to_mm.ravel()),
        px_per_mm,
        Residuals(lens_px, stage_mm, len(board)),
        artefact,
        now,
        until,
    )


def _homography(pixels: Doubles, places: Doubles) -> Doubles:
    found, _ = cv2.findHomography(pixels, places)
    return np.asarray(found, np.float64)


def _similarity(pixels: Doubles, places: Doubles) -> Doubles:
    """Return the map of a lens without perspective: one scale, one turn; rows run downwards."""
    seen = pixels[:, 0] - 1j * pixels[:, 1]
    wanted = places[:, 0] + 1j * places[:, 1]
    design = np.stack([seen, np.ones_like(seen)], axis=1)
    (turn, shift), *_ = np.linalg.lstsq(design, wanted)
    a, b = turn.real, turn.imag
    return np.array([[a, b, shift.real], [b, -a, shift.imag], [0, 0, 1]], np.float64)


Fit = Callable[[Doubles, Doubles], Doubles]


def _left_out(fit: Fit, pixels: Doubles, places: Doubles) -> float:
    """Return the RMS distance, mm, at which each corner is foretold by all the others."""
    off = []
    for i in range(len(pixels)):
        rest = np.arange(len(pixels)) != i
        foretold = through(fit(pixels[rest], places[rest]), pixels[i : i + 1])
        off.append(float(((foretold - places[i]) ** 2).sum()))
    return float(np.sqrt(np.mean(off)))


def _squared(board_map: Doubles, flat: View, lens: Lens | None) -> tuple[Doubles, float]:
    """Return the map to a frame upright under the middle of the picture, and its scale.

    The board may lie anywhere and askew; it gives the unit, the picture gives the axes.
    """
    middle = np.array([[(flat.width - 1) / 2, (flat.height - 1) / 2]])
    probe = middle + np.array([(0, 0), (1, 0), (0, -1)])
    probe = lens.straightened(probe) if lens else probe
    origin, right, up = through(board_map, probe)
    turn = np.arctan2(*(right - origin)[::-1])
    cosine, sine = np.cos(-turn), np.sin(-turn)
    turned = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    moved = np.array([[1, 0, -origin[0]], [0, 1, -origin[1]], [0, 0, 1]])
    area = abs(np.linalg.det(np.stack([right - origin, up - origin])))
    return turned @ moved @ board_map, float(1 / np.sqrt(area))

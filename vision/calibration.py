"""What is known about a camera that measures: its lens, its place over the stage, since when.

The stage frame has its origin under the middle of the picture, x to the right and y up,
mm. A calibration that is missing, too old, too coarse or another camera's is not used.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.frame import Image
from vision.resolution import LEAST_MARK_PX, needed_px_per_mm

Doubles = NDArray[np.float64]

MOST_LENS_PX = 0.5
"""RMS of the corners after the lens is fitted, px; printed boards reach 0.1 to 0.3 (K-md)."""
MOST_STAGE_MM = 0.010
"""RMS of the corners left out one by one on the stage, mm."""
SAME_SCALE = 0.002
"""Share by which the camera's own word on its scale may differ."""


_SKEW = timedelta(days=1)
"""Clocks of different machines, and of different speeds, may differ by so much."""


@dataclass(frozen=True, slots=True)
class Lens:
    """Pinhole and distortion of OpenCV's model: focal lengths and centre in px; k1 k2 p1 p2 k3."""

    focal: tuple[float, float]
    centre: tuple[float, float]
    distortion: tuple[float, float, float, float, float]

    @property
    def matrix(self) -> Doubles:
        """The camera matrix, 3 x 3."""
        (fx, fy), (cx, cy) = self.focal, self.centre
        return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], np.float64)

    def straightened(self, pixels: Doubles) -> Doubles:
        """Return where points (n, 2) would be without distortion, px."""
        flat = cv2.undistortPoints(
            pixels.reshape(-1, 1, 2), self.matrix, np.array(self.distortion), P=self.matrix
        )
        return np.asarray(flat, np.float64).reshape(-1, 2)

    def bent(self, pixels: Doubles) -> Doubles:
        """Return where undistorted points (n, 2) appear in the picture, px."""
        rays = np.c_[(pixels - self.centre) / self.focal, np.ones(len(pixels))]
        none = np.zeros(3)
        seen, _ = cv2.projectPoints(rays, none, none, self.matrix, np.array(self.distortion))
        return np.asarray(seen, np.float64).reshape(-1, 2)


@dataclass(frozen=True, slots=True)
class Residuals:
    """RMS left: of the lens (px, 0 without one), on the stage (mm); the number of points."""

    lens_px: float
    stage_mm: float
    points: int


@dataclass(frozen=True, slots=True)
class StageCalibration:
    """From the pixels of one camera to millimetres on the stage.

    `to_mm` is the homography (row by row) from undistorted pixels to mm. `px_per_mm` is
    the scale in the middle of the picture. `lens` is None for a telecentric one. `made`
    and `valid_until` are UTC; `artefact` names the board and its certificate.
    """

    camera: str
    width: int
    height: int
    lens: Lens | None
    to_mm: tuple[float, ...]
    px_per_mm: float
    residuals: Residuals
    artefact: str
    made: datetime
    valid_until: datetime

    @property
    def matrix(self) -> Doubles:
        """The homography, 3 x 3."""
        return np.array(self.to_mm, np.float64).reshape(3, 3)

    def on_stage(self, pixels: Doubles) -> Doubles:
        """Return the places (n, 2) on the stage, mm, of pixels (column, row)."""
        flat = self.lens.straightened(pixels) if self.lens else pixels
        return through(self.matrix, flat)

    def in_picture(self, places: Doubles) -> Doubles:
        """Return the pixels (column, row) of places (n, 2) on the stage, mm."""
        flat = through(np.asarray(np.linalg.inv(self.matrix), np.float64), places)
        return self.lens.bent(flat) if self.lens else flat


def through(homography: Doubles, points: Doubles) -> Doubles:
    """Return the points (n, 2) mapped by a homography."""
    mapped = np.c_[points, np.ones(len(points))] @ homography.T
    result: Doubles = mapped[:, :2] / mapped[:, 2:]
    return result


def rectified(calibration: StageCalibration, image: Image) -> Image:
    """Return the picture as if taken straight from above at `px_per_mm`, same size.

    The middle of the picture stays where it is. That of a telecentric lens is so already.
    """
    if calibration.lens is None:
        return image
    height, width = image.shape[:2]
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    away = np.stack([columns - (width - 1) / 2, (height - 1) / 2 - rows], axis=-1)
    places = away.reshape(-1, 2) / calibration.px_per_mm
    seen = calibration.in_picture(places).reshape(height, width, 2).astype(np.float32)
    columns_seen, rows_seen = seen[..., 0], seen[..., 1]
    straight = cv2.remap(image, columns_seen, rows_seen, cv2.INTER_LINEAR)
    return np.asarray(straight, np.uint8)


def reason_against(
    calibration: StageCalibration, now: datetime, *, smallest_mm: float = 0.0
) -> str:
    """Return why a calibration must not be used now, empty if it may.

    `smallest_mm` is the smallest indentation that must be found, 0 for none.
    """
    residuals = calibration.residuals
    if now > calibration.valid_until:
        return f"the calibration of {calibration.camera} ran out on {calibration.valid_until:%F}"
    if now < calibration.made - _SKEW:
        return f"the calibration of {calibration.camera} is of {calibration.made:%F}, a later day"
    if not (residuals.lens_px <= MOST_LENS_PX and residuals.stage_mm <= MOST_STAGE_MM):
        return (
            f"the calibration of {calibration.camera} is too coarse: {residuals.lens_px:.2f} px, "
            f"{1000 * residuals.stage_mm:.1f} µm"
        )
    span = smallest_mm * calibration.px_per_mm
    if 0 < span < LEAST_MARK_PX:
        return (
            f"an indentation of {smallest_mm:.3f} mm spans {span:.1f} px of {calibration.camera}; "
            f"{LEAST_MARK_PX:g} are needed, which is {needed_px_per_mm(smallest_mm):.1f} px/mm"
        )
    return ""

"""The scale of a measuring microscope, from a picture of a certified stage micrometer.

The lines of the micrometer stand roughly upright in the picture. Their places are read
in bands across the picture, so that a tilt shows and is taken out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import cv2
import numpy as np

from vision.calibration import Doubles
from vision.charuco import Refused
from vision.frame import Image

LEAST_LINES = 8
MOST_RESIDUAL_PX = 0.25
"""RMS of the lines about an even scale, px."""
MOST_TILT = 0.05
"""Slope of the lines."""
_BANDS = 16


@dataclass(frozen=True, slots=True)
class ScaleCalibration:
    """Micrometres per pixel along one direction of the picture.

    `uncertainty` is relative and standard (k = 1), the micrometer's certificate included;
    `residual_px` is the RMS of the `lines` about an even scale. Times are UTC.
    """

    microscope: str
    um_per_px: float
    uncertainty: float
    residual_px: float
    lines: int
    tilt: float
    artefact: str
    made: datetime
    valid_until: datetime


def calibrate_scale(
    image: Image,
    *,
    division_um: float,
    division_uncertainty: float,
    microscope: str,
    artefact: str,
    now: datetime,
    valid_days: int = 365,
) -> ScaleCalibration | Refused:
    """Return the scale across upright lines `division_um` apart, or why there is none.

    `division_uncertainty` is that of the artefact, relative and standard (k = 1).
    Turn the picture by 90 degrees for the other direction.
    """
    if image.ndim != 2 or image.dtype != np.uint8 or min(image.shape) < 64:
        return Refused("not a grey picture of 8 bit")
    places = _lines(image)
    if isinstance(places, Refused):
        return places
    rows = (np.arange(_BANDS) + 0.5) * image.shape[0] / _BANDS
    number, row = np.meshgrid(np.arange(places.shape[1]), rows)
    design = np.stack([number.ravel(), row.ravel(), np.ones(number.size)], axis=1)
    (pitch, tilt, _), *_ = np.linalg.lstsq(design, places.ravel())
    means = (places - tilt * row).mean(axis=0)
    line = np.polyfit(np.arange(len(means)), means, 1)
    residual = float(np.sqrt(np.mean((means - np.polyval(line, np.arange(len(means)))) ** 2)))
    if abs(tilt) > MOST_TILT:
        return Refused(f"the lines are askew by {np.degrees(np.arctan(tilt)):.1f} degrees")
    if not residual <= MOST_RESIDUAL_PX:
        return Refused(f"the lines are off an even scale by {residual:.2f} px (RMS)")
    # Askew lines are farther apart along a row than across themselves.
    across = float(pitch / np.hypot(1.0, tilt))
    count = len(means)
    spread = residual / across / np.sqrt(count * (count**2 - 1) / 12)
    return ScaleCalibration(
        microscope,
        division_um / across,
        float(np.hypot(spread, division_uncertainty)),
        residual,
        count,
        float(tilt),
        artefact,
        now,
        now + timedelta(days=valid_days),
    )


def _lines(image: Image) -> Doubles | Refused:
    """Return the columns of all lines in each band, shape (bands, lines), px."""
    bands = np.array_split(image.astype(np.float64), _BANDS, axis=0)
    found = [_dips(band.mean(axis=0)) for band in bands]
    middle = found[_BANDS // 2]
    if len(middle) < LEAST_LINES:
        return Refused(f"{len(middle)} lines found, {LEAST_LINES} are needed")
    pitch = float(np.median(np.diff(middle)))
    followed = [middle]
    for band in reversed(found[: _BANDS // 2]):
        followed.insert(0, _follow(followed[0], band, pitch))
    for band in found[_BANDS // 2 + 1 :]:
        followed.append(_follow(followed[-1], band, pitch))
    table = np.stack(followed)
    table = table[:, np.isfinite(table).all(axis=0)]
    gaps = np.diff(table.mean(axis=0))
    if table.shape[1] < LEAST_LINES or not (np.abs(gaps - pitch) < pitch / 3).all():
        return Refused("the lines cannot be followed across the picture")
    return table


def _dips(profile: Doubles) -> Doubles:
    """Return where the dark lines of a profile have their centres of gravity, px."""
    smooth = cv2.GaussianBlur(profile.reshape(1, -1), (0, 0), 1.0).ravel()
    level = (np.percentile(smooth, 1) + np.median(smooth)) / 2
    if np.median(smooth) - level < 8:
        return np.empty(0)
    edges = np.diff((smooth < level).astype(np.int8))
    starts, ends = np.flatnonzero(edges == 1) + 1, np.flatnonzero(edges == -1) + 1
    ends = ends[ends > starts[0]] if len(starts) else ends
    dips = []
    for start, end in zip(starts, ends, strict=False):
        reach = max(2, end - start)
        if start < reach or end + reach > len(profile):
            continue
        at = np.arange(start - reach, end + reach)
        depth = np.clip(np.median(smooth) - profile[at], 0, None)
        dips.append(float((at * depth).sum() / depth.sum()))
    return np.array(dips)


def _follow(before: Doubles, found: Doubles, pitch: float) -> Doubles:
    """Return for each line of the last band where it is in this one; NaN where it is not."""
    if not len(found):
        return np.full(len(before), np.nan)
    nearest = found[np.abs(found[None, :] - before[:, None]).argmin(axis=1)]
    return np.where(np.abs(nearest - before) < pitch / 3, nearest, np.nan)

"""No indentation is planned on a picture whose millimetres are not vouched for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from controller.actions import Photograph as Shot
from controller.gallery import pixels
from controller.rig import Rig, Trouble
from drivers.interfaces import Photograph
from metrology import diameter_mm, find_scale
from runtime import offload
from vision.calibration import SAME_SCALE, StageCalibration, reason_against, rectified
from vision.calibration_file import CalibrationFileError, digest, read_calibration

ALARM = "calibration"
REMEDY = "make a new one: hardlab calibrate camera"


@dataclass(frozen=True, slots=True)
class Measurable:
    """A picture as if taken straight from above, and the digest of the calibration it rests on."""

    image: NDArray[np.uint8]
    calibration: str


async def in_millimetres(
    rig: Rig, shot: Shot, scale: str, photograph: Photograph
) -> Measurable | Trouble:
    """Return the picture as if taken straight from above, or why it must not be measured.

    The file is read each time, so a new calibration needs no restart. A picture that
    confirms or settles what has been done already is read with an old calibration too:
    the indentation cannot be taken back, and its place is known well enough.
    """
    try:
        calibration = await offload(read_calibration, rig.calibration)
    except CalibrationFileError as error:
        return Trouble(ALARM, "camera", str(error))
    reason = _reason(rig, calibration, scale, photograph)
    if reason and shot.purpose == "before":
        return Trouble(ALARM, "camera", f"{reason}; {REMEDY}")
    image = await offload(rectified, calibration, pixels(photograph))
    return Measurable(image, digest(calibration))


def _reason(rig: Rig, calibration: StageCalibration, scale: str, photograph: Photograph) -> str:
    found = find_scale(scale)
    smallest = diameter_mm(found, float(found.high))
    reason = reason_against(calibration, rig.clock.utc(), smallest_mm=smallest)
    told, known = photograph.px_per_mm, calibration.px_per_mm
    if not reason and not abs(told - known) <= SAME_SCALE * known:
        return f"the camera tells {told:.3f} px/mm and is calibrated to {known:.3f}"
    size = (photograph.width, photograph.height)
    if not reason and calibration.lens and size != (calibration.width, calibration.height):
        return f"the picture of {size[0]} x {size[1]} px is not as large as the calibrated ones"
    return reason

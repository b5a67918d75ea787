"""Look at the camera's calibration: is it valid, and how small an indentation does it show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from controller.config import LabConfig
from controller.operating.findings import Finding, fail, ok, warn
from metrology import diameter_mm, find_scale, load_regulation
from metrology.scale import Scale
from metrology.scales import SCALES
from runtime import Clock, offload
from vision.calibration import StageCalibration, reason_against
from vision.calibration_file import CalibrationFileError, read_calibration
from vision.geometry import Round
from vision.resolution import capture_plan, needed_px_per_mm

NAME = "sight"
_REMEDY = "hardlab calibrate camera; until then blocks wait with the alarm calibration"
_USUAL = Round(64.0)
"""A block of usual size, to tell how many pictures it would take."""


@dataclass(frozen=True, slots=True)
class Sight:
    """The calibration that a cell's pictures are read with."""

    config: LabConfig
    file: Path
    clock: Clock

    async def check(self) -> Finding:
        """Tell whether indentations of every scale of this cell can be seen."""
        return await offload(self._look, self.clock.utc())

    def _look(self, now: datetime) -> Finding:
        try:
            known = read_calibration(self.file)
        except CalibrationFileError as error:
            return warn(NAME, str(error), _REMEDY)
        own = find_scale(self.config.holder.check.scale)
        reason = reason_against(known, now, smallest_mm=_smallest(own))
        if reason:
            return fail(NAME, reason, _REMEDY)
        regulation = load_regulation(self.config.cell.regulation)
        covered = [scale for scale in SCALES.values() if regulation.covers(scale)]
        seen = f"{known.camera}: {known.px_per_mm:.2f} px/mm until {known.valid_until:%F}"
        blind = list(_too_small(covered, known))
        if not blind:
            return ok(NAME, f"{seen}, enough for every scale of {regulation.code}")
        finest = max(map(_needed, blind))
        names = ", ".join(scale.symbol for scale in blind)
        return warn(
            NAME,
            f"{seen}, too coarse for {names}: their blocks wait with the alarm calibration",
            f"for these a lens of {finest:.1f} px/mm ({_pictures(blind, known)})",
        )


def _smallest(scale: Scale) -> float:
    return diameter_mm(scale, float(scale.high))


def _needed(scale: Scale) -> float:
    return needed_px_per_mm(_smallest(scale))


def _too_small(scales: list[Scale], known: StageCalibration) -> Iterator[Scale]:
    return (scale for scale in scales if known.px_per_mm < _needed(scale))


def _pictures(scales: list[Scale], known: StageCalibration) -> str:
    """Return how many pictures of this sensor a block would take; one cannot be taken as tiles."""
    least = min(map(_smallest, scales))
    try:
        count = len(capture_plan(_USUAL, least, (known.width, known.height)).middles)
    except ValueError:
        return "this sensor is too small for that"
    if count == 1:
        return "one picture of this sensor holds a block of 64 mm"
    return f"this sensor would take {count} pictures of a block of 64 mm: take a larger one"

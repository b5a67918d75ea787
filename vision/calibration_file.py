"""Calibrations as files: JSON that a person can read, sealed with its own digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from vision.calibration import Lens, Residuals, StageCalibration
from vision.micrometer import ScaleCalibration

Calibration = StageCalibration | ScaleCalibration

_FORMATS = {
    StageCalibration: "hardlab stage calibration 1",
    ScaleCalibration: "hardlab scale calibration 1",
}
_REMEDY = "make one with: hardlab calibrate"


class CalibrationFileError(Exception):
    """The file is missing, changed by hand, or not a calibration; says which, and the remedy."""


def write_calibration(path: Path, calibration: Calibration) -> str:
    """Write a calibration and return its digest. Raises OSError."""
    seal = digest(calibration)
    path.parent.mkdir(parents=True, exist_ok=True)
    half_written = path.with_suffix(".part")
    text = json.dumps({**_body(calibration), "digest": seal}, indent=1, ensure_ascii=False)
    half_written.write_text(text + "\n", encoding="utf-8")
    half_written.replace(path)
    return seal


def read_calibration(path: Path) -> StageCalibration:
    """Read the calibration of a camera over its stage. Raises `CalibrationFileError`."""
    found = read_any(path)
    if not isinstance(found, StageCalibration):
        raise CalibrationFileError(f"{path}: is that of a microscope, not of a camera; {_REMEDY}")
    return found


def read_scale(path: Path) -> ScaleCalibration:
    """Read the calibration of a measuring microscope. Raises `CalibrationFileError`."""
    found = read_any(path)
    if not isinstance(found, ScaleCalibration):
        raise CalibrationFileError(f"{path}: is that of a camera, not of a microscope; {_REMEDY}")
    return found


def read_any(path: Path) -> Calibration:
    """Read a calibration of either kind. Raises `CalibrationFileError`."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CalibrationFileError(f"{path}: no calibration lies here; {_REMEDY}") from None
    except (OSError, ValueError) as error:
        raise CalibrationFileError(f"{path}: cannot be read: {error}; {_REMEDY}") from None
    try:
        calibration = _parsed(data)
        sealed = data.get("digest") == digest(calibration)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CalibrationFileError(f"{path}: not a calibration: {error!r}; {_REMEDY}") from None
    if not sealed:
        raise CalibrationFileError(f"{path}: was changed after it was made; {_REMEDY}")
    return calibration


def digest(calibration: Calibration) -> str:
    """Return the SHA-256 of a calibration's canonical text, in hex."""
    text = json.dumps(_body(calibration), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _body(calibration: Calibration) -> dict[str, Any]:
    body = {"format": _FORMATS[type(calibration)], **asdict(calibration)}
    for key in ("made", "valid_until"):
        body[key] = body[key].isoformat()
    return body


def _parsed(data: Mapping[str, Any]) -> Calibration:
    values = {key: value for key, value in data.items() if key not in ("format", "digest")}
    for key in ("made", "valid_until"):
        values[key] = datetime.fromisoformat(data[key])
        if values[key].tzinfo is None:
            raise ValueError(f"{key} has no time zone")
    if data["format"] == _FORMATS[ScaleCalibration]:
        return ScaleCalibration(**values)
    if data["format"] != _FORMATS[StageCalibration]:
        raise ValueError(data["format"])
    lens = data["lens"]
    values["lens"] = lens and Lens(**{key: tuple(value) for key, value in lens.items()})
    values["to_mm"] = tuple(float(value) for value in data["to_mm"])
    if len(values["to_mm"]) != 9:
        raise ValueError("to_mm has not 9 numbers")
    values["residuals"] = Residuals(**data["residuals"])
    return StageCalibration(**values)

"""The photograph of a test face for a document: the right one, in a size worth printing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lims_bridge.record import CalibrationRecord

WIDTH_PX: Final = 720
QUALITY: Final = 88


@dataclass(frozen=True, slots=True)
class NoPicture:
    """Why there is no picture to print."""

    reason: str


def photograph(record: CalibrationRecord, folder: Path) -> tuple[str, bytes] | NoPicture:
    """Return name and JPEG bytes of the last picture after the indentations.

    ``folder`` keeps pictures as SHA256.png. The digest of the pixels must be the record's.
    """
    # OpenCV loads for a quarter of a second: only who prints pays.
    import cv2
    import numpy as np

    last = [each for each in record.pictures if each.purpose == "after"][-1]
    try:
        raw = np.frombuffer((folder / f"{last.sha256}.png").read_bytes(), np.uint8)
    except OSError:
        return NoPicture(f"the picture {last.sha256[:12]}… is not in {folder}")
    image = cv2.imdecode(raw, cv2.IMREAD_UNCHANGED)
    if image is None or hashlib.sha256(image.tobytes()).hexdigest() != last.sha256:
        return NoPicture(f"the picture {last.sha256[:12]}… in {folder} is not the one recorded")
    height = round(image.shape[0] * WIDTH_PX / image.shape[1])
    small = cv2.resize(image, (WIDTH_PX, height), interpolation=cv2.INTER_AREA)
    encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    return f"{last.sha256}.jpg", encoded.tobytes()

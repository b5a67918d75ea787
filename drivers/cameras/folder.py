"""Pictures from a folder, in the order of their names: to try the laboratory on photographs."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from drivers.cameras.grey import grey_frame
from drivers.cameras.source import Frame, Step

SUFFIXES = (".png", ".pgm", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")


class FolderSource:
    """Implements `FrameSource`: each picture once, then it refuses; or round and round.

    A file that is no whole picture is refused once and passed over: the next request
    gets the next file. Files may be added while it runs.
    """

    def __init__(self, folder: Path, *, repeat: bool = False) -> None:
        self._folder = folder
        self._repeat = repeat
        self._shown: set[str] = set()

    @property
    def step(self) -> Step | None:
        """It cannot tell."""
        return None

    def grab(self) -> Frame | str:
        """Return the next picture, or why there is none."""
        try:
            names = sorted(p.name for p in self._folder.iterdir() if p.suffix.lower() in SUFFIXES)
        except OSError as error:
            return f"{self._folder}: {error.strerror}"
        left = [name for name in names if name not in self._shown]
        if not left and self._repeat:
            self._shown.clear()
            left = names
        if not left:
            said = "no picture" if not names else f"all {len(names)} pictures were shown"
            return f"{self._folder}: {said}"
        self._shown.add(left[0])
        return read_picture(self._folder / left[0])

    def close(self) -> None:
        """Nothing is held."""


def read_picture(path: Path) -> Frame | str:
    """Return an image file as a grey frame, or why it is none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return f"{path.name}: {error.strerror}"
    if not _ends_whole(data):
        return f"{path.name}: the file is cut short"
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if data else None
    if image is None:
        return f"{path.name}: not an image"
    return grey_frame(image, path.name)


def _ends_whole(data: bytes) -> bool:
    """Say whether PNG and JPEG have their end: decoders fill what is missing with grey."""
    if data.startswith(b"\x89PNG"):
        return data.rstrip(b"\0").endswith(b"IEND\xaeB`\x82")
    if data.startswith(b"\xff\xd8"):
        return b"\xff\xd9" in data[-64:]
    return True

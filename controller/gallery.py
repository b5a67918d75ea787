"""Where pictures are kept: by the SHA-256 of their pixels, next to the journal.

A picture is on the disk before its hash is given out, so that no event of the journal
can name one that a loss of power took.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from drivers.interfaces import Photograph
from runtime import offload
from vision.picture import decode, encode_png


class Gallery:
    """Content-addressed store of photographs. Without a folder only the hash is made."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    async def keep(self, photograph: Photograph) -> str:
        """Keep a photograph as PNG and return the SHA-256 of its pixels, in hex.

        Raises OSError when it cannot be written.
        """
        digest = hashlib.sha256(photograph.pixels).hexdigest()
        if self._folder is not None:
            await offload(_write, self._folder / f"{digest}.png", pixels(photograph))
        return digest

    async def recall(self, digest: str) -> NDArray[np.uint8] | None:
        """Return a picture kept before; None where none is, or not the one it should be."""
        if self._folder is None:
            return None
        return await offload(kept, self._folder / f"{digest}.png")

    async def keep_drawing(self, drawing: NDArray[np.uint8]) -> str:
        """Keep a drawing (BGR) as PNG and return the SHA-256 of its pixels, in hex."""
        digest = hashlib.sha256(drawing.tobytes()).hexdigest()
        if self._folder is not None:
            await offload(_write, self._folder / f"{digest}.png", drawing)
        return digest


def pixels(photograph: Photograph) -> NDArray[np.uint8]:
    """Return the grey image, height x width."""
    flat = np.frombuffer(photograph.pixels, dtype=np.uint8)
    return flat.reshape(photograph.height, photograph.width)


def kept(path: Path) -> NDArray[np.uint8] | None:
    """Return the picture of a file of the gallery; None if it is not the one its name says."""
    try:
        image = decode(path.read_bytes())
    except OSError:
        return None
    if image is None or hashlib.sha256(image.tobytes()).hexdigest() != path.stem:
        return None
    return image


def _write(path: Path, image: NDArray[np.uint8]) -> None:
    same = kept(path) if path.exists() else None
    if same is not None and same.shape == image.shape:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    half_written = path.with_suffix(f".{os.getpid()}.part")
    with half_written.open("wb") as file:
        file.write(encode_png(image))
        file.flush()
        os.fsync(file.fileno())
    half_written.replace(path)
    _settle(path.parent)


def _settle(folder: Path) -> None:
    """Bring the folder's list of names to the disk, too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""A camera in a person's hands: a new file in a folder for every picture."""

from __future__ import annotations

import re
from pathlib import Path

from drivers.interfaces import Done, Failure, NotDone, Outcome, Photograph
from drivers.person import Desk, nobody
from runtime import offload

NO_PICTURE = "no picture"
MOST_BYTES = 64 * 1024 * 1024

_HEADER = re.compile(rb"P5\s+(?:#[^\n]*\n\s*)*(\d{1,5})\s+(?:#[^\n]*\n\s*)*(\d{1,5})\s+255\s")


class ManualCamera:
    """Implements `Camera` by a person who saves a binary PGM file, 8 bits, into ``folder``.

    Only a file that was not there when the question was asked is taken: an old picture
    would show the surface as it was. ``px_per_mm`` is the scale of the stand.
    """

    def __init__(self, desk: Desk, folder: Path, px_per_mm: float) -> None:
        self._desk = desk
        self._folder = folder
        self._px_per_mm = px_per_mm

    async def capture(self) -> Outcome[Photograph]:
        """Ask for one picture."""
        try:
            before = await offload(_names, self._folder)
            question = f"Photograph the block; save the picture as .pgm in {self._folder}."
            said = await self._desk.answer(
                question, lambda text: _new(text, before), "the file's name", (NO_PICTURE,)
            )
            if said is None:
                return nobody(question)
            if isinstance(said, str):
                return NotDone(Failure.NOT_READY, "no picture was taken")
            data = await offload(_load, self._folder / said[0])
        except OSError as error:
            return NotDone(Failure.NO_LINK, str(error))
        return _photograph(data, self._px_per_mm, said[0])


def _names(folder: Path) -> frozenset[str]:
    return frozenset(entry.name for entry in folder.iterdir())


def _new(text: str, before: frozenset[str]) -> tuple[str] | str:
    if not re.fullmatch(r"[\w][\w. -]*\.pgm", text):
        return "the name of a .pgm file in the folder, without a path"
    return "that file is an old one: take a new picture" if text in before else (text,)


def _load(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def _photograph(data: bytes, px_per_mm: float, name: str) -> Outcome[Photograph]:
    match = _HEADER.match(data)
    if match is None:
        return NotDone(Failure.BAD_REPLY, f"{name}: not a binary 8-bit PGM file")
    width, height = int(match.group(1)), int(match.group(2))
    pixels = data[match.end() :]
    if not pixels or len(pixels) != width * height:
        detail = f"{name}: {len(pixels)} pixels instead of {width} x {height}"
        return NotDone(Failure.BAD_REPLY, detail)
    return Done(Photograph(width, height, pixels, px_per_mm))

"""The pictures of blocks on their way between camera and tester, as they were looked at."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from vision.finder import Surface
from vision.frame import Image

KEPT = 6
"""More than there are blocks between camera and tester."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A picture that can be measured in: the hash it is kept under, its pixels and scale."""

    picture: str
    image: Image
    px_per_mm: float


class Looks:
    """The last few pictures, straightened, with what was found, by the hash of the photograph."""

    def __init__(self) -> None:
        self._looks: OrderedDict[str, tuple[Image, Surface]] = OrderedDict()

    def keep(self, picture: str, image: Image, surface: Surface) -> None:
        """Keep a look; the oldest of too many is forgotten."""
        self._looks[picture] = (image, surface)
        while len(self._looks) > KEPT:
            self._looks.popitem(last=False)

    def get(self, picture: str) -> tuple[Image, Surface] | None:
        """Return a look, None if it was forgotten or is from before a restart."""
        return self._looks.get(picture)

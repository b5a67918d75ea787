"""What stands behind a camera worker: something that gives one whole grey picture when asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Frame:
    """8-bit grey pixels, row by row. Raises ValueError unless they fill the frame."""

    width: int
    height: int
    pixels: bytes

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1 or len(self.pixels) != self.width * self.height:
            raise ValueError(f"{len(self.pixels)} bytes are no {self.width} x {self.height} frame")


@dataclass(frozen=True, slots=True)
class Step:
    """What a library was last called for, counted from 1, and how long it may take, s."""

    number: int
    what: str
    may_take_s: float


class FrameSource(Protocol):
    """A camera as its worker sees it. Calls block, and come one at a time.

    It opens what it needs at the first picture and again after a failure, so that a
    camera that was away is found when it is back. ``step`` is read from another thread: who
    waits for a long exposure in slices shows by it that the library returns; None: cannot tell.
    """

    @property
    def step(self) -> Step | None:
        """The call of the library that is being made, or was made last."""
        ...

    def grab(self) -> Frame | str:
        """Return a picture taken after this call began, or why there is none."""
        ...

    def close(self) -> None:
        """Let go of the camera. May be called twice."""
        ...

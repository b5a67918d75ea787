"""What every device with a command mailbox shows of itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Activity(IntEnum):
    """What a device with a mailbox is doing; the number goes over the wire."""

    IDLE = 0
    RUNNING = 1
    DONE = 2
    FAULT = 9


@dataclass(frozen=True, slots=True)
class Fence:
    """The evidence every mailbox device keeps: who may command it and what it accepted last.

    ``boot`` changes when the device loses power; ``epoch`` is the session that
    holds it; ``accepted`` is the number (0..65535) of the last accepted command.
    """

    boot: int
    epoch: int
    accepted: int

"""How a device answers: done, not done, or not known, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Failure(StrEnum):
    """Why a device did not do, or may not have done, what was asked."""

    NO_LINK = "no-link"
    NO_REPLY = "no-reply"
    BAD_REPLY = "bad-reply"
    EXCEPTION_REPLY = "exception-reply"
    OLD_EPOCH = "old-epoch"
    BUSY = "busy"
    INTERLOCK = "interlock"
    BAD_ARGUMENT = "bad-argument"
    NOT_READY = "not-ready"
    FAULT = "fault"
    TIMED_OUT = "timed-out"


@dataclass(frozen=True, slots=True)
class Done(Generic[T_co]):
    """It happened; ``value`` is what the device said."""

    value: T_co


@dataclass(frozen=True, slots=True)
class NotDone:
    """It provably did not happen."""

    reason: Failure
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """It was sent and may have happened, or be happening now."""

    reason: Failure
    detail: str = ""


Outcome: TypeAlias = Done[T] | NotDone | Unknown

"""GRBL 1.1 and grblHAL on the wire: what each line means, how commands are written. Pure.

Every line sent is answered by exactly one ``ok`` or ``error:N``; ``ok`` means
read and queued, not arrived. Everything else comes unasked.
Source: documentation of gnea/grbl v1.1h; captures of grblHAL.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

from drivers.codecs.grbl_texts import ALARMS, ERRORS

STATUS_QUERY = b"?"
FEED_HOLD = b"!"
RESUME = b"~"
SOFT_RESET = b"\x18"
SAFETY_DOOR = b"\x84"
JOG_CANCEL = b"\x85"

EMPTY = b"\n"
"""A line without a command: answered by ``ok``, whatever the controller is doing."""
IDENTITY = b"$I\n"
SETTINGS = b"$$\n"
HOME = b"$H\n"
UNLOCK = b"$X\n"

Axes: TypeAlias = tuple[float, ...]


class State(StrEnum):
    """What the controller is doing."""

    IDLE = "Idle"
    RUN = "Run"
    HOLD = "Hold"
    JOG = "Jog"
    ALARM = "Alarm"
    DOOR = "Door"
    CHECK = "Check"
    HOME = "Home"
    SLEEP = "Sleep"
    TOOL = "Tool"


@dataclass(frozen=True, slots=True)
class Ok:
    """The line was read and queued."""


@dataclass(frozen=True, slots=True)
class Error:
    """The line was refused."""

    code: int

    @property
    def text(self) -> str:
        """What the number means."""
        return ERRORS.get(self.code, "not a known error")


@dataclass(frozen=True, slots=True)
class Alarm:
    """The controller stopped and locked itself."""

    code: int

    @property
    def text(self) -> str:
        """What the number means."""
        return ALARMS.get(self.code, "not a known alarm")


@dataclass(frozen=True, slots=True)
class Status:
    """A report: positions in mm; ``wco`` is only sent now and then.

    ``homed`` is told by grblHAL alone. ``rest`` keeps the fields not read here.
    """

    state: State
    sub: int | None = None
    mpos: Axes | None = None
    wpos: Axes | None = None
    wco: Axes | None = None
    feed: float | None = None
    homed: bool | None = None
    pins: str = ""
    rest: tuple[tuple[str, str], ...] = ()

    def machine(self, known_wco: Axes | None = None) -> Axes | None:
        """Return the machine position, from WPos with the last known offset if need be."""
        wco = self.wco if self.wco is not None else known_wco
        if self.mpos is not None or self.wpos is None or wco is None:
            return self.mpos
        return tuple(w + o for w, o in zip(self.wpos, wco, strict=False))


@dataclass(frozen=True, slots=True)
class Welcome:
    """The banner after a reset or power-up."""

    firmware: str
    version: str


@dataclass(frozen=True, slots=True)
class Message:
    """A bracketed line: ``[VER:1.1h.20190830:]`` has the tag VER."""

    tag: str
    text: str


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of ``$$``."""

    number: int
    value: str


@dataclass(frozen=True, slots=True)
class StartupLine:
    """A stored line that was run at start, and its answer; or ``$N`` showing one."""

    text: str
    answer: str


@dataclass(frozen=True, slots=True)
class Unrecognised:
    """Anything else: noise, or a firmware we do not know."""

    raw: bytes


Line: TypeAlias = (
    Ok | Error | Alarm | Status | Welcome | Message | Setting | StartupLine | Unrecognised
)

_NUMBER = r"[-+]?\d{1,9}(?:\.\d{1,9})?"
_AXES = re.compile(rf"{_NUMBER}(?:,{_NUMBER}){{1,8}}")
_ERROR = re.compile(r"error:(\d{1,3})")
_ALARM = re.compile(r"ALARM:(\d{1,3})")
_WELCOME = re.compile(r"(Grbl|GrblHAL) (\S{1,20}) \['\$'.*\]")
_MESSAGE = re.compile(r"\[([A-Za-z0-9+ ]{1,16}):(.*)\]")
_BARE_MESSAGE = re.compile(r"\[('\$H'\|'\$X' to unlock)\]")
_SETTING = re.compile(r"\$(\d{1,4})=([^=]*?)(?: \(.*\))?")
_STARTUP = re.compile(r"(?:>(.*):(ok|error:\d{1,3})|\$N(\d)=(.*))")
_STATE = re.compile(r"([A-Z][a-z]+)(?::(\d{1,2}))?")


@lru_cache(maxsize=64)  # at rest a controller reports the same line every time
@lru_cache(maxsize=64)  # a frame that rests says the same every second
def classify(raw: bytes) -> Line:
    """Tell what one line without its end is. Never raises: what does not fit is `Unrecognised`."""
    text = raw.decode("ascii", "replace").strip()
    if text == "ok":
        return Ok()
    for pattern, kind in ((_ERROR, Error), (_ALARM, Alarm)):
        if match := pattern.fullmatch(text):
            return kind(int(match[1]))
    if text.startswith("<"):
        return _status(text) or Unrecognised(raw)
    if match := _WELCOME.fullmatch(text):
        return Welcome(match[1], match[2])
    if match := _MESSAGE.fullmatch(text):
        return Message(match[1], match[2])
    if match := _BARE_MESSAGE.fullmatch(text):
        return Message("MSG", match[1])
    if match := _SETTING.fullmatch(text):
        return Setting(int(match[1]), match[2])
    if match := _STARTUP.fullmatch(text):
        return StartupLine(match[1] or match[4] or "", match[2] or "")
    return Unrecognised(raw)


def _status(text: str) -> Status | None:
    """Read a report: the state, a position, then optional fields in any order."""
    if not (text.endswith(">") and text.count("<") == text.count(">") == 1):
        return None
    head, *pairs = text[1:-1].split("|")
    state = _STATE.fullmatch(head)
    fields = dict(pair.partition(":")[::2] for pair in pairs)
    if state is None or state[1] not in _STATES or len(fields) != len(pairs):
        return None
    axes = {name: _axes(fields.pop(name)) for name in ("MPos", "WPos", "WCO") if name in fields}
    if None in axes.values() or not ("MPos" in axes or "WPos" in axes):
        return None
    feed, homed = fields.pop("FS", fields.pop("F", "")), fields.pop("H", "")
    return Status(
        state=State(state[1]),
        sub=int(state[2]) if state[2] else None,
        mpos=axes.get("MPos"),
        wpos=axes.get("WPos"),
        wco=axes.get("WCO"),
        feed=_first_number(feed),
        homed=_HOMED.get(homed.partition(",")[0]),
        pins=fields.pop("Pn", ""),
        rest=tuple(fields.items()),
    )


_STATES = frozenset(State)
_HOMED = MappingProxyType({"0": False, "1": True})


def _axes(text: str) -> Axes | None:
    return tuple(map(float, text.split(","))) if _AXES.fullmatch(text) else None


def _first_number(text: str) -> float | None:
    first = text.partition(",")[0]
    return float(first) if re.fullmatch(_NUMBER, first) else None


def jog(x_mm: float, y_mm: float, feed_mm_min: float) -> bytes:
    """Return the line that jogs to a machine position.

    G21 and G53 make it independent of every modal setting.
    """
    return f"$J=G21G53X{x_mm:.3f}Y{y_mm:.3f}F{feed_mm_min:.1f}\n".encode("ascii")


def encode_status(
    state: State, mpos: Sequence[float], *, sub: int | None = None, feed: float = 0
) -> bytes:
    """Return a report as the firmware writes it, without its line end."""
    name = state if sub is None else f"{state}:{sub}"
    position = ",".join(f"{value:.3f}" for value in mpos)
    return f"<{name}|MPos:{position}|FS:{feed:.0f},0>".encode("ascii")

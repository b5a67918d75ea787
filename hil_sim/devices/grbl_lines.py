"""What the simulated GRBL firmware reads and answers, without its state. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

XY = tuple[float, float]

REALTIME = frozenset(b"?!~\x18\x84\x85")
LONGEST = 80
_WORD = re.compile(r"([A-Z])([-+]?(?:\d+\.?\d*|\.\d+))?")
_INCH_MM = 25.4


@dataclass(frozen=True, slots=True)
class Target:
    """Where a line wants to go: machine position in mm, feed in mm/min or None for rapid."""

    at: XY
    feed: float | None


def default_settings(travel: XY, pull_off_mm: float) -> dict[int, str]:
    """Return the settings of a well set-up frame, by number."""
    return {
        10: "1",
        13: "0",
        20: "1",
        21: "1",
        22: "1",
        23: "0",
        24: "100.000",
        25: "1500.000",
        26: "250",
        27: f"{pull_off_mm:.3f}",
        100: "200.000",
        101: "200.000",
        110: "3000.000",
        111: "3000.000",
        120: "100.000",
        121: "100.000",
        130: f"{travel[0]:.3f}",
        131: f"{travel[1]:.3f}",
    }


def is_motion(text: str) -> bool:
    """Return whether a line takes room in the planner."""
    return not text.startswith("$") or text.upper().startswith("$J=")


def is_barrier(text: str) -> bool:
    """Return whether a line is a dwell, which waits for the planner to be empty."""
    return re.fullmatch(r"G0?4P[\d.]+", text) is not None


def answer(query: str, settings: dict[int, str]) -> Iterator[bytes]:
    """Yield what the firmware tells for a query, before its ``ok``."""
    match query:
        case "$I":
            yield b"[VER:1.1h.20190830:]"
            yield b"[OPT:V,15,128]"
        case "$$":
            for number, value in settings.items():
                yield f"${number}={value}".encode("ascii")
        case "$G":
            yield b"[GC:G0 G54 G17 G21 G90 G94 M5 M9 T0 F0 S0]"
        case "$#":
            for name in ("G54", "G55", "G56", "G57", "G58", "G59", "G28", "G30", "G92"):
                yield f"[{name}:0.000,0.000,0.000]".encode("ascii")
            yield b"[TLO:0.000]"
            yield b"[PRB:0.000,0.000,0.000:0]"


def set_value(settings: dict[int, str], text: str) -> bytes:
    """Do ``$n=v``; return the answer."""
    match = re.fullmatch(r"\$(\d+)=([\d.]+)", text)
    if match is None or int(match[1]) not in settings:
        return b"error:3"
    settings[int(match[1])] = match[2]
    return b"ok"


def target(text: str, at: XY, *, jog: bool) -> Target | bytes:
    """Read a G0, G1 or jog line at a position; return the target or the error line."""
    words = _words(text)
    if isinstance(words, bytes):
        return words
    codes = {value for letter, value in words if letter == "G"}
    allowed = {20.0, 21.0, 53.0, 90.0, 91.0} | (set() if jog else {0.0, 1.0})
    if not codes <= allowed or any(letter not in "GXYZF" for letter, _ in words):
        return b"error:16" if jog else b"error:20"
    axes = {letter: value for letter, value in words if letter in "XYZ"}
    feed = next((value for letter, value in words if letter == "F"), None)
    if not axes:
        return b"error:26" if jog or codes & {0.0, 1.0} else b"ok"
    if feed is None and (jog or 1.0 in codes):
        return b"error:22"
    scale = _INCH_MM if 20.0 in codes else 1.0
    return Target(_position(axes, at, scale, relative=91.0 in codes), feed and feed * scale)


def _words(text: str) -> list[tuple[str, float]] | bytes:
    words, end = [], 0
    while end < len(text):
        match = _WORD.match(text, end)
        if match is None:
            return b"error:1"
        if match[2] is None:
            return b"error:2"
        words.append((match[1], float(match[2])))
        end = match.end()
    return words


def _position(axes: dict[str, float], at: XY, scale: float, *, relative: bool) -> XY:
    x, y = (
        old if name not in axes else axes[name] * scale + (old if relative else 0.0)
        for name, old in zip("XY", at, strict=True)
    )
    return x, y

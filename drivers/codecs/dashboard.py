"""Lines of the UR Dashboard server (TCP 29999, UR article 15690). Pure."""

from __future__ import annotations

import re
from enum import StrEnum

BANNER = "Connected: Universal Robots Dashboard Server"
MAX_LINE = 1024


class Request(StrEnum):
    """What the driver asks; `LOAD` takes the program's path after a blank."""

    ROBOT_MODE = "robotmode"
    SAFETY_STATUS = "safetystatus"
    PROGRAM_STATE = "programState"
    REMOTE_CONTROL = "is in remote control"
    LOAD = "load"
    PLAY = "play"
    STOP = "stop"
    POWER_ON = "power on"
    BRAKE_RELEASE = "brake release"
    UNLOCK = "unlock protective stop"
    CLOSE_SAFETY_POPUP = "close safety popup"


_ANSWERS = {
    Request.ROBOT_MODE: re.compile(r"Robotmode: (\w+)"),
    Request.SAFETY_STATUS: re.compile(r"Safetystatus: (\w+)"),
    Request.PROGRAM_STATE: re.compile(r"((?:STOPPED|PLAYING|PAUSED)(?: .*)?)"),
    Request.REMOTE_CONTROL: re.compile(r"(true|false)", re.IGNORECASE),
    Request.LOAD: re.compile(r"Loading program: (.+)"),
    Request.PLAY: re.compile(r"(Starting program)"),
    Request.STOP: re.compile(r"(Stopped)"),
    Request.POWER_ON: re.compile(r"(Powering on)"),
    Request.BRAKE_RELEASE: re.compile(r"(Brake releasing)"),
    Request.UNLOCK: re.compile(r"(Protective stop releasing)"),
    Request.CLOSE_SAFETY_POPUP: re.compile(r"(closing safety popup)", re.IGNORECASE),
}


def line(request: Request, argument: str = "") -> bytes:
    """Return the bytes of a request. Raises ValueError if the argument breaks the line."""
    text = f"{request} {argument}" if argument else str(request)
    if "\n" in text or "\r" in text:
        raise ValueError(f"not one line: {text!r}")
    return text.encode() + b"\n"


def answer(request: Request, text: str) -> str | None:
    """Return what an answer says when it is the success answer of the request, else None."""
    match = _ANSWERS[request].fullmatch(text.strip())
    return match.group(1) if match else None


def is_banner(text: str) -> bool:
    """Return whether a line is the greeting that precedes every answer."""
    return text.strip() == BANNER

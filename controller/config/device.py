"""What every device has: a line of its own, and the patience with it."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import SplitResult, parse_qsl, urlsplit

from pydantic import AfterValidator, Field

from controller.config.fields import Number, Section, Text, refuse

KINDS_OF_LINE = "tcp://host:port, serial:///dev/name?baud=9600 or memory://name"
MAX_BAUD = 4_000_000


def line_of(url: str) -> str:
    """Return what a line occupies: two devices must not have the same. Raises ValueError."""
    parts = urlsplit(url)
    if parts.fragment or (parts.query and parts.scheme != "serial") or "@" in parts.netloc:
        raise ValueError("has parts that a line does not use")
    if parts.scheme == "tcp":
        return _tcp(parts)
    if parts.scheme == "serial":
        return _serial(parts)
    if parts.scheme == "memory":
        if not parts.netloc or parts.path:
            raise ValueError("has no name")
        return f"memory://{parts.netloc}"
    raise ValueError(
        f"has the unknown scheme {parts.scheme!r}" if parts.scheme else "has no scheme"
    )


def _tcp(parts: SplitResult) -> str:
    try:
        port = parts.port
    except ValueError:
        raise ValueError("has a port that is no number from 1 to 65535") from None
    if not parts.hostname or not port or parts.path:
        raise ValueError("does not name host and port")
    return f"tcp://{parts.hostname}:{port}"


def _serial(parts: SplitResult) -> str:
    if parts.netloc or len(parts.path) < 2:
        raise ValueError("does not name a port by its path")
    options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    if options.keys() - {"baud"}:
        raise ValueError("has options other than baud")
    baud = options.get("baud", "9600")
    if not (baud.isascii() and baud.isdigit() and len(baud) < 9 and 0 < int(baud) <= MAX_BAUD):
        raise ValueError(f"has the baud rate {baud!r}")
    return f"serial://{parts.path}"


def _url(url: str) -> str:
    try:
        line_of(url)
    except ValueError as error:
        raise refuse(f"{url!r} is no line: it {error}; write {KINDS_OF_LINE}") from None
    return url


def _maybe_url(url: str) -> str:
    return _url(url) if url else url


Url = Annotated[Text, AfterValidator(_url)]
MaybeUrl = Annotated[str, Field(max_length=200), AfterValidator(_maybe_url)]
"""A line, or "" for none."""


class Device(Section):
    """A device on a line."""

    url: Url
    """Its line: tcp://host:port, serial:///dev/name?baud=9600 or memory://name."""
    timeout_s: Annotated[Number, Field(gt=0, le=60)] = 1.0
    """How long one reply may take, s of link time."""

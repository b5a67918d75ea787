"""Our protocol to a camera worker: a process that owns one camera. Pure.

Asked with one JSON line, it answers with one JSON line and then the pixels:

    -> {"capture": 7}
    <- {"height": 2, "id": 7, "length": 6, "px_per_mm": 20.0, "sha256": "...", "width": 3}
    <- 6 bytes, 8-bit grey, row by row

or with ``{"error": "...", "id": 7}`` and no pixels. Whether it lives, and who it is,
is asked in between, and answered at once unless it is taking a picture:

    -> {"ping": 8}
    <- {"id": 8, "worker": "hardlab-camera"}

A vendor's library that
hangs or crashes takes the worker with it and not the daemon.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

WORKER = "hardlab-camera"
"""What a worker calls itself; anything else at its address is not ours."""
MOST_BYTES = 1 << 26
"""No frame is larger than 64 MiB."""


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """What comes before the pixels: size, scale, and the hash that they must have."""

    id: int
    width: int
    height: int
    px_per_mm: float
    length: int
    sha256: str

    def fits(self, pixels: bytes) -> bool:
        """Return whether these are the very pixels that were announced."""
        return len(pixels) == self.length and digest(pixels) == self.sha256


@dataclass(frozen=True, slots=True)
class Refusal:
    """The worker has no picture for this request."""

    id: int
    error: str


@dataclass(frozen=True, slots=True)
class Sign:
    """The worker lives; ``worker`` is what it calls itself."""

    id: int
    worker: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """A line that is neither; what follows it cannot be told apart."""

    reason: str


def digest(pixels: bytes) -> str:
    """Return the SHA-256 of the pixels in hex."""
    return hashlib.sha256(pixels).hexdigest()


def encode_request(number: int) -> bytes:
    """Return the line that asks for a picture."""
    return _line({"capture": number})


def encode_ping(number: int) -> bytes:
    """Return the line that asks for a sign of life."""
    return b'{"ping": %d}\n' % number


def encode_sign(number: int, worker: str = WORKER) -> bytes:
    """Return the line that answers a ping."""
    return _line({"id": number, "worker": worker}) if worker != WORKER else _OURS % number


def parse_ping(line: bytes) -> int | Malformed:
    """Read the line that asks for a sign of life; return its number."""
    data = _object(line)
    if isinstance(data, Malformed):
        return data
    number = _whole(data, "ping")
    return Malformed("no ping number") if number is None else number


def parse_request(line: bytes) -> int | Malformed:
    """Read the line that asks for a picture; return its number."""
    data = _object(line)
    if isinstance(data, Malformed):
        return data
    number = _whole(data, "capture")
    return Malformed("no capture number") if number is None else number


def encode_frame(number: int, width: int, height: int, px_per_mm: float, pixels: bytes) -> bytes:
    """Return header and pixels of one picture. Raises ValueError if the size does not fit."""
    if len(pixels) != width * height:
        raise ValueError(f"{len(pixels)} bytes are no picture of {width} x {height}")
    header = {
        "id": number,
        "width": width,
        "height": height,
        "px_per_mm": px_per_mm,
        "length": len(pixels),
        "sha256": digest(pixels),
    }
    return _line(header) + pixels


def encode_refusal(number: int, error: str) -> bytes:
    """Return the line that says why there is no picture."""
    return _line({"id": number, "error": error})


def parse_header(line: bytes) -> FrameHeader | Refusal | Sign | Malformed:
    """Read the line before the pixels, or the one that is all. Never raises."""
    data = _object(line)
    if isinstance(data, Malformed):
        return data
    number, error = _whole(data, "id"), data.get("error")
    if number is None:
        return Malformed("no id")
    if isinstance(error, str):
        return Refusal(number, error)
    worker = data.get("worker")
    if isinstance(worker, str):
        return Sign(number, worker)
    width, height, length = (_whole(data, key) for key in ("width", "height", "length"))
    scale, sha256 = data.get("px_per_mm"), data.get("sha256")
    if width is None or height is None or length is None or not isinstance(sha256, str):
        return Malformed("a field is missing or of the wrong kind")
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0 < scale < 1e6:
        return Malformed("no scale")
    if length != width * height or not 0 < length <= MOST_BYTES:
        return Malformed(f"{length} bytes are no picture of {width} x {height}")
    return FrameHeader(number, width, height, float(scale), length, sha256)


_OURS = b'{"id": %%d, "worker": "%s"}\n' % WORKER.encode("ascii")
_ENCODER = json.JSONEncoder(sort_keys=True)


def _line(fields: dict[str, Any]) -> bytes:
    return _ENCODER.encode(fields).encode("ascii") + b"\n"


def _object(line: bytes) -> dict[str, Any] | Malformed:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return Malformed("not JSON")
    return data if isinstance(data, dict) else Malformed("not a JSON object")


def _whole(data: dict[str, Any], key: str) -> int | None:
    """Return a whole number that is not negative, or None if there is no such number."""
    value = data.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None

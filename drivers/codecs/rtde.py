"""Packages of UR's real-time data exchange, TCP 30004, protocol version 2. Pure.

Big endian: ``uint16`` size of the whole package, ``uint8`` kind, payload. A client
agrees on a version, names the outputs it wants at a rate, and starts; then each
data package holds the values in the order of the recipe (UR article 22229).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

VERSION = 2
NOT_FOUND = "NOT_FOUND"

Value = float | Sequence[float]


class Kind(IntEnum):
    """Kinds of package; each request is answered by one of the same kind."""

    VERSION = ord("V")
    CONTROLLER = ord("v")
    OUTPUTS = ord("O")
    START = ord("S")
    PAUSE = ord("P")
    DATA = ord("U")


@dataclass(frozen=True, slots=True)
class Package:
    """One package; ``kind`` is a `Kind`, or a number that this codec does not know."""

    kind: int
    payload: bytes = b""

    def encode(self) -> bytes:
        """Return the bytes on the wire."""
        return struct.pack(">HB", 3 + len(self.payload), self.kind) + self.payload


def split(received: bytes) -> tuple[list[Package], bytes]:
    """Return the whole packages at the front, and the rest.

    Raises ValueError on a size that no package can have: what follows is lost.
    """
    packages = []
    while len(received) >= 3:
        size, kind = struct.unpack_from(">HB", received)
        if size < 3:
            raise ValueError(f"a package of {size} bytes")
        if len(received) < size:
            break
        packages.append(Package(kind, received[3:size]))
        received = received[size:]
    return packages, received


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client asks to be sent: names of outputs, and how often a second."""

    frequency_hz: float
    names: tuple[str, ...]

    @classmethod
    def decode(cls, payload: bytes) -> Wanted:
        """Read the payload of an OUTPUTS request. Raises ValueError on a short one."""
        if len(payload) < 8:
            raise ValueError(f"{len(payload)} bytes cannot hold a rate and names")
        (frequency_hz,) = struct.unpack_from(">d", payload)
        # Clients in use end the list with a comma.
        names = payload[8:].decode("ascii", "replace").split(",")
        return cls(frequency_hz, tuple(name.strip() for name in names if name.strip()))


_FORMATS = {"DOUBLE": "d", "INT32": "i", "UINT32": "I", "VECTOR6D": "6d"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """The outputs of one client in their order; ``types`` has `NOT_FOUND` for unknown names."""

    number: int
    names: tuple[str, ...]
    types: tuple[str, ...]

    @classmethod
    def of(cls, number: int, wanted: Wanted, offered: Mapping[str, str]) -> Recipe:
        """Return the recipe for a wish, given the type of each output on offer."""
        types = tuple(offered.get(name, NOT_FOUND) for name in wanted.names)
        return cls(number, wanted.names, types)

    @property
    def complete(self) -> bool:
        """Whether every output was found: only then data can be sent."""
        return NOT_FOUND not in self.types

    def answer(self) -> Package:
        """Return the answer to the OUTPUTS request."""
        return Package(Kind.OUTPUTS, bytes((self.number,)) + ",".join(self.types).encode())

    def data(self, values: Mapping[str, Value]) -> Package:
        """Return one data package. Raises KeyError for a missing value."""
        parts = [bytes((self.number,))]
        for name, kind in zip(self.names, self.types, strict=True):
            value = values[name]
            numbers = value if isinstance(value, Sequence) else (value,)
            parts.append(struct.pack(f">{_FORMATS[kind]}", *numbers))
        return Package(Kind.DATA, b"".join(parts))


def agreed(yes: bool, kind: Kind) -> Package:
    """Return the yes or no that answers VERSION, START and PAUSE."""
    return Package(kind, bytes((yes,)))

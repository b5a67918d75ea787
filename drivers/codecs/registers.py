"""Register tables: 16-bit Modbus registers between field names and numbers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["u16", "i16", "u32", "text"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field from ``address`` on; u32 is high word first, text packs two characters a word."""

    name: str
    address: int
    kind: Kind = "u16"
    words: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """Neighbouring registers read or written in one transaction.

    ``start`` is the first register address, ``count`` the number of registers from
    the first to the last, gaps included.
    """

    fields: tuple[Field, ...]
    start: int = field(init=False)
    count: int = field(init=False)
    _names: frozenset[str] = field(init=False, repr=False, compare=False)
    _places: tuple[tuple[str, int, Field | None], ...] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        # Computed once: every transaction asks for them.
        start = min(f.address for f in self.fields)
        end = max(f.address + _words(f) for f in self.fields)
        # The field itself only where a register is not the number.
        places = tuple(
            (f.name, f.address - start, None if f.kind == "u16" else f) for f in self.fields
        )
        for name, value in (
            ("start", start),
            ("count", end - start),
            ("_names", frozenset(f.name for f in self.fields)),
            ("_places", places),
        ):
            object.__setattr__(self, name, value)

    def decode(self, registers: Sequence[int]) -> dict[str, int]:
        """Return the numeric fields of one read. Raises ValueError on a short read."""
        if len(registers) != self.count:
            raise ValueError(f"{len(registers)} registers instead of {self.count}")
        return {
            name: registers[at] if f is None else _number(f, registers[at:])
            for name, at, f in self._places
            if f is None or f.kind != "text"
        }

    def text(self, registers: Sequence[int], name: str) -> str:
        """Return a text field, without padding."""
        at = next(f for f in self.fields if f.name == name)
        words = registers[at.address - self.start :][: at.words]
        data = b"".join(word.to_bytes(2, "big") for word in words)
        return data.rstrip(b"\0 ").decode("ascii", "replace")

    def encode(self, values: Mapping[str, int | str]) -> list[int]:
        """Return all registers; fields that are not given are 0.

        Raises ValueError naming the field whose value does not fit.
        """
        if not values.keys() <= self._names:
            unknown = ", ".join(sorted(values.keys() - self._names))
            raise ValueError(f"no such field: {unknown}")
        registers = [0] * self.count
        for name, at, f in self._places:
            value = values.get(name, 0)
            if f is not None:
                words = _encode(f, values.get(name, "" if f.kind == "text" else 0))
                registers[at : at + len(words)] = words
            elif isinstance(value, int) and 0 <= value <= 0xFFFF:
                registers[at] = int(value)
            else:
                raise _misfit(name, value, 0, 0xFFFF)
        return registers


def _words(field: Field) -> int:
    return 2 if field.kind == "u32" else field.words


def _number(field: Field, words: Sequence[int]) -> int:
    if field.kind == "u32":
        return words[0] << 16 | words[1]
    if field.kind == "i16" and words[0] >= 0x8000:
        return words[0] - 0x10000
    return words[0]


_LIMITS = {"i16": (-0x8000, 0x7FFF), "u32": (0, 0xFFFFFFFF)}


def _encode(field: Field, value: int | str) -> list[int]:
    if field.kind == "text":
        data = str(value).encode("ascii").ljust(2 * field.words, b"\0")
        if len(data) > 2 * field.words:
            raise ValueError(f"{field.name}: {value!r} is longer than {2 * field.words} characters")
        return [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]
    low, high = _LIMITS[field.kind]
    if not isinstance(value, int) or not low <= value <= high:
        raise _misfit(field.name, value, low, high)
    return [value >> 16, value & 0xFFFF] if field.kind == "u32" else [value & 0xFFFF]


def _misfit(name: str, value: int | str, low: int, high: int) -> ValueError:
    return ValueError(f"{name}: {value!r} is not within {low}..{high}")

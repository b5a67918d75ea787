"""A picture as a simulated camera makes it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Picture:
    """8-bit grey pixels, row by row."""

    width: int
    height: int
    pixels: bytes

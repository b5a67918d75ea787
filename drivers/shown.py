"""Bytes for the eye."""

from __future__ import annotations


def shown(data: bytes, most: int = 64) -> str:
    """Return bytes for the eye: as text where they are text, else in hex."""
    head = data[:most]
    text = repr(head)[1:] if head.isascii() and b"\0" not in head else head.hex(" ")
    return text + (f" ... {len(data)} bytes" if len(data) > most else "")

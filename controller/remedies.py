"""What to look at when a device does not answer: the remedy that ends an alarm's line."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.interfaces import Failure

REMEDIES: Mapping[Failure, str] = {
    Failure.NO_LINK: "is it switched on, the cable in, the address in lab.toml right?",
    Failure.NO_REPLY: "does it run, and are port, baud rate and unit number in lab.toml right?",
    Failure.EXCEPTION_REPLY: "load the matching program, or correct address and unit number",
    Failure.BAD_REPLY: "does another device or program stand at this address?",
}


def remedied(reason: Failure, detail: str) -> str:
    """Return the detail with its remedy, unless it bears one already."""
    remedy = REMEDIES.get(reason, "")
    return f"{detail}; {remedy}" if remedy and ";" not in detail else detail

"""Fault profiles and scenarios: faults by chance, and faults at a chosen moment.

A profile is a TOML file. By chance, so many times an hour of process time; at a chosen
moment, when the nth event or boundary of a name is passed, or so many seconds in::

    [[chance]]
    device = "station"
    fault = "lose-reply"
    per_hour = 2

    [[moment]]
    device = "arm"
    fault = "power-loss"
    when = "TransferIntended"
    nth = 3

``device = "*"`` means every device that can have the fault, ``fault = "wire"`` every
fault of a wire; the rate is then shared among them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hil_sim.scenario.campaign.menu import MENU, WIRE

FOLDER = Path(__file__).parents[1] / "profiles"
MOST_SECONDS = 3600.0


class ProfileError(ValueError):
    """The profile cannot be used; the message names file, entry and remedy."""


@dataclass(frozen=True, slots=True)
class Chance:
    """A fault that comes by chance, so many times an hour."""

    device: str
    fault: str
    per_hour: float


@dataclass(frozen=True, slots=True)
class Moment:
    """A fault at a chosen moment: at the ``nth`` passing of ``when``, for ``seconds``.

    None is half a minute for what lasts, and any time for a fault of the wire, which
    with ``times`` strikes so many packets.
    """

    device: str
    fault: str
    when: str
    nth: int = 1
    seconds: float | None = None
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """What goes wrong in a run. Faults that last take ``lasts_s``, drawn between the two.

    ``absent_s`` are the times for which a dead daemon may be missed.
    """

    name: str
    chances: tuple[Chance, ...] = ()
    moments: tuple[Moment, ...] = ()
    lasts_s: tuple[float, float] = (5.0, 90.0)
    absent_s: tuple[float, ...] = (0.0, 4.0, 45.0, 400.0)


def shipped() -> tuple[str, ...]:
    """Return the names of the profiles that come with the program."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def in_turn() -> tuple[str, ...]:
    """Return the names of those that a lab might meet; the harsh ones hunt planted bugs."""
    return tuple(name for name in shipped() if not name.startswith("harsh"))


def read_profile(name: str) -> Profile:
    """Return a shipped profile by name, or one from a file. Raises `ProfileError`."""
    path = FOLDER / f"{name}.toml" if name in shipped() else Path(name)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        known = ", ".join(shipped())
        raise ProfileError(
            f"{name}: {error.strerror or error}; give a TOML file or one of {known}"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path}: {error}; correct it") from None
    return _profile(path, data)


def _profile(path: Path, data: Mapping[str, Any]) -> Profile:
    known = {"chance", "moment", "lasts_s", "absent_s"}
    if strangers := sorted(set(data) - known):
        raise ProfileError(f"{path}: {strangers[0]}: unknown; known are {', '.join(sorted(known))}")
    base = Profile(path.stem)
    lasts = _numbers(path, data, "lasts_s", base.lasts_s)
    if len(lasts) != 2 or lasts[0] > lasts[1]:
        raise ProfileError(f"{path}: lasts_s: write [shortest, longest] in seconds")
    return Profile(
        path.stem,
        tuple(
            c
            for i, entry in enumerate(_entries(path, data, "chance"), 1)
            for c in _chances(f"{path}: chance {i}", entry)
        ),
        tuple(
            _moment(f"{path}: moment {i}", entry)
            for i, entry in enumerate(_entries(path, data, "moment"), 1)
        ),
        (lasts[0], lasts[1]),
        _numbers(path, data, "absent_s", base.absent_s),
    )


def _entries(path: Path, data: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    entries = data.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ProfileError(f"{path}: {key}: write each as [[{key}]]")
    return entries


def _numbers(
    path: Path, data: Mapping[str, Any], key: str, default: tuple[float, ...]
) -> tuple[float, ...]:
    values = data.get(key, list(default))
    good = (
        isinstance(values, list)
        and values
        and all(
            isinstance(v, int | float) and not isinstance(v, bool) and 0 <= v <= MOST_SECONDS
            for v in values
        )
    )
    if not good:
        raise ProfileError(f"{path}: {key}: write a list of seconds from 0 to {MOST_SECONDS:g}")
    return tuple(float(v) for v in values)


def _chances(where: str, entry: Mapping[str, Any]) -> Iterator[Chance]:
    _only(where, entry, {"device", "fault", "per_hour"})
    rate = entry.get("per_hour")
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate <= 3600:
        raise ProfileError(f"{where}: per_hour: write a number above 0, at most 3600")
    pairs = list(_pairs(where, str(entry.get("device", "")), str(entry.get("fault", ""))))
    for device, fault in pairs:
        yield Chance(device, fault, rate / len(pairs))


def _moment(where: str, entry: Mapping[str, Any]) -> Moment:
    _only(where, entry, {"device", "fault", "when", "nth", "seconds", "times"})
    device, fault = str(entry.get("device", "")), str(entry.get("fault", ""))
    pairs = list(_pairs(where, device, fault))
    if len(pairs) != 1:
        raise ProfileError(f"{where}: name one device and one fault")
    when, nth = entry.get("when"), entry.get("nth", 1)
    seconds, times = entry.get("seconds"), entry.get("times")
    if not isinstance(when, str) or not when:
        raise ProfileError(f"{where}: when: write an event, a boundary or so many seconds")
    for name, value in (("nth", nth), ("times", times)):
        if not isinstance(value, int | None) or isinstance(value, bool) or (value or 1) < 1:
            raise ProfileError(f"{where}: {name}: write a whole number from 1 on")
    if not isinstance(seconds, int | float | None) or not 0 <= (seconds or 0.0) <= MOST_SECONDS:
        raise ProfileError(f"{where}: seconds: write a number from 0 to {MOST_SECONDS:g}")
    return Moment(device, fault, when, nth, seconds, times)


def _only(where: str, entry: Mapping[str, Any], known: set[str]) -> None:
    if strangers := sorted(set(entry) - known):
        raise ProfileError(
            f"{where}: {strangers[0]}: unknown; known are {', '.join(sorted(known))}"
        )


def _pairs(where: str, device: str, fault: str) -> Iterator[tuple[str, str]]:
    """Yield every device and fault that an entry stands for."""
    if device != "*" and device not in MENU:
        raise ProfileError(f"{where}: device: {device!r} is none of {', '.join(MENU)} or *")
    found = [
        (name, str(one))
        for name in (MENU if device == "*" else (device,))
        for one in MENU[name]
        if one == fault or (fault == "wire" and one in WIRE)
    ]
    if not found:
        can = ", ".join(MENU[device]) if device != "*" else "see docs/campaigns.md"
        raise ProfileError(f"{where}: fault: {device} cannot have {fault!r}; it can have {can}")
    yield from found

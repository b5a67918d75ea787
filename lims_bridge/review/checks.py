"""What is looked at before a signature: computed anew from the record, and shown with it.

A person who approves many records at once sees these for each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from lims_bridge.exact import canonical
from lims_bridge.fitness import possible
from lims_bridge.record import CalibrationRecord, RecordError, read_record
from metrology import UnknownRegulationError, UnknownScaleError, find_scale, judge, load_regulation

REQUIRED_EQUIPMENT = ("standard machine", "indenter")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, whether it is good, and what was found."""

    name: str
    good: bool
    found: str


Checker = Callable[[bytes, datetime], tuple[Check, ...]]
"""Looks at the canonical text of a record, at a moment (UTC)."""


def check_record(payload: bytes, now: datetime) -> tuple[Check, ...]:
    """Return what a checker has to see of a record. A text that is no record fails as a whole."""
    try:
        record = read_record(payload)
    except RecordError as error:
        return (Check("text", good=False, found=str(error)),)
    return (
        _times(record, now),
        _readings(record),
        _judgement(record),
        _standards(record),
        _machine(record),
        _climate(record),
        _tester(record),
    )


def failed(checks: Iterable[Check]) -> int:
    """Return how many checks are not good."""
    return sum(not check.good for check in checks)


def text_of(checks: Iterable[Check]) -> bytes:
    """Return the canonical text of a list of checks, to be kept as what was shown."""
    listed = [{"name": c.name, "good": c.good, "found": c.found} for c in checks]
    return canonical({"checks": listed})


def _times(record: CalibrationRecord, now: datetime) -> Check:
    found = f"{record.began:%Y-%m-%d %H:%M} to {record.ended:%H:%M} UTC"
    if record.ended > now:
        found += f", after now ({now:%Y-%m-%d %H:%M}): a clock is wrong"
    elif record.ended < record.began:
        found += ": it ended before it began, a clock went back"
    return Check("time", record.began <= record.ended <= now, found)


def _readings(record: CalibrationRecord) -> Check:
    valid, wanted = record.valid_readings, record.method.indentations
    unread = [reading for reading in valid if not reading.raw]
    unexplained = [r for r in record.readings if not r.valid and not r.reason]
    void = len(record.readings) - len(valid)
    found = f"{len(valid)} of {wanted} readings, each with the tester's own record, {void} void"
    beyond = _beyond(record)
    if beyond:
        found = f"{', '.join(beyond)} is nothing that {record.scale.symbol} can show"
    elif unread:
        found = f"{len(unread)} readings without the tester's own record"
    elif unexplained:
        found = f"{len(unexplained)} void readings without a reason"
    good = len(valid) == wanted and not unread and not unexplained and not beyond
    return Check("readings", good, found)


def _beyond(record: CalibrationRecord) -> list[str]:
    try:
        scale = find_scale(record.scale.symbol)
    except UnknownScaleError:
        return []  # the calculation tells it
    values = [each.hardness for each in record.valid_readings if each.hardness is not None]
    return [str(value) for value in values if not possible(scale, value)]


def _judgement(record: CalibrationRecord) -> Check:
    """Judge the readings once more, by the rules this program has."""
    values = [r.hardness for r in record.valid_readings if r.hardness is not None]
    try:
        regulation = load_regulation(record.method.code)
        again = judge(find_scale(record.scale.symbol), values, regulation, record.method.measure)
    except (UnknownRegulationError, UnknownScaleError, ValueError) as error:
        return Check("calculation", good=False, found=f"cannot be judged again: {error}")
    said = record.result
    differing = [
        f"{name} {kept} instead of {found}"
        for name, kept, found in (
            ("mean", said.mean, again.mean),
            ("value", said.value, again.value),
            ("uniformity", said.uniformity, again.uniformity),
            ("limit", said.limit, again.limit),
            ("passed", record.judgement.passed, again.passed),
        )
        if kept != found
    ]
    found = "; ".join(differing) or (
        f"mean {said.value} {record.scale.symbol}, uniformity {said.uniformity}, limit "
        f"{said.limit}: {'pass' if again.passed else 'FAIL'}, the same when judged again"
    )
    return Check("calculation", not differing, found)


def _standards(record: CalibrationRecord) -> Check:
    day = record.measured_on
    roles = {equipment.role for equipment in record.equipment}
    missing = [role for role in REQUIRED_EQUIPMENT if role not in roles]
    expired = [e for e in record.equipment if not e.valid_on(day)]
    if missing:
        return Check("standards", good=False, found=f"no {' and no '.join(missing)} is named")
    if expired:
        named = ", ".join(f"{e.identity} ({e.certificate}, until {e.valid_until})" for e in expired)
        return Check("standards", good=False, found=f"not valid on {day}: {named}")
    until = min(e.valid_until for e in record.equipment)
    return Check("standards", good=True, found=f"{len(record.equipment)} valid, until {until}")


def _machine(record: CalibrationRecord) -> Check:
    judged = [duty for duty in record.duties if duty.good is not None]
    bad = [duty for duty in judged if not duty.good]
    if bad:
        named = ", ".join(f"{d.kind} on {d.block}: {d.deviation}, limit {d.limit}" for d in bad)
        return Check("check block", good=False, found=named)
    if not judged:
        return Check("check block", good=False, found="the machine was not checked that day")
    named = ", ".join(f"{duty.kind} {duty.deviation}" for duty in judged)
    return Check("check block", good=True, found=named)


def _climate(record: CalibrationRecord) -> Check:
    air = record.environment
    outside = [r for r in air.readings if not air.low_c <= r.temperature_c <= air.high_c]
    if not air.readings:
        return Check("climate", good=False, found="nobody read the temperature")
    shown = ", ".join(sorted({f"{r.temperature_c} °C" for r in outside or air.readings}))
    return Check("climate", not outside, f"{shown}; allowed {air.low_c} to {air.high_c} °C")


def _tester(record: CalibrationRecord) -> Check:
    return Check(
        "检定员", good=True, found=f"{record.tester.name} is named as in charge of the run"
    )

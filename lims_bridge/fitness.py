"""What must hold before a document may be made: every reason against it, in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from lims_bridge.laboratory import LaboratoryFile
from lims_bridge.record import CalibrationRecord, in_china
from metrology import Scale, Verdict
from records.views import Dossier, VerdictView

SYMBOLS: Final = ("u_CRM-1", "u_xCRM-1", "u_CRM-D", "u_ms", "u_xCRM-2")
NEEDED_ROLES: Final = ("standard machine", "indenter")
CLOCK_TOLERANCE: Final = timedelta(minutes=5)


def missing(dossier: Dossier, laboratory: LaboratoryFile) -> Iterator[str]:
    """Say what a record would lack."""
    history = dossier.history
    block, scale = history.run.block_id, history.run.scale
    if history.run.refusal is not None:
        yield f"block {block} was refused and not measured: {history.run.refusal}"
        return
    if not history.verdicts:
        yield f"block {block} has no verdict"
        return
    if history.tray.finished_at is None:
        yield f"tray {history.tray.name} is not finished: its closing check may still fail"
    if tuple(symbol for symbol, _ in history.verdicts[-1].budget) != SYMBOLS:
        yield "the verdict tells no uncertainty budget: its journal is of an older program"
    if not history.run.identified_by:
        yield f"nobody has settled the identity of block {block}"
    if not history.environment:
        yield f"no temperature was read with block {block}"
    if not any(picture.purpose == "after" for picture in history.pictures):
        yield f"no picture was taken after the indentations of block {block}"
    if dossier.session is None:
        yield "the journal does not tell which program and configuration ran"
    if laboratory.order_for(block) is None:
        yield f"no order fits block {block}: add an [[order]] to the laboratory's file"
    held = {each.role for each in laboratory.equipment_for(scale)}
    for role in NEEDED_ROLES:
        if role not in held:
            yield f"no {role} for {scale} in the laboratory's file: add an [[equipment]]"


def contradictions(verdict: VerdictView, again: Verdict) -> Iterator[str]:
    """Say where a verdict differs from the one its readings give."""
    pairs = {
        "mean": (verdict.mean, again.mean),
        "value": (verdict.value, again.value),
        "uniformity": (verdict.uniformity, again.uniformity),
        "limit": (verdict.uniformity_limit, again.limit),
        "verdict": (verdict.passed, again.passed),
    }
    for name, (kept, computed) in pairs.items():
        if kept != computed:
            yield f"the library has the {name} {kept}, but its readings give {computed}"


def faults(record: CalibrationRecord, scale: Scale, now: datetime) -> Iterator[str]:
    """Say what speaks against a document from a complete record."""
    yield from _times(record, now)
    yield from _certificates(record)
    yield from _air(record)
    yield from _checks(record)
    yield from _values(record, scale)


def _times(record: CalibrationRecord, now: datetime) -> Iterator[str]:
    if record.ended > now + CLOCK_TOLERANCE:
        yield (
            f"measured at {record.ended:%Y-%m-%d %H:%M} UTC, which is after now "
            f"({now:%Y-%m-%d %H:%M}): a clock is wrong; set it and make the document then"
        )
    if record.ended < record.began:
        yield "the verdict is older than the first indentation: a clock went back"
    received = record.order.received_on
    if received is not None and received > in_china(record.began):
        yield f"measured before the block was received on {received}"


def _certificates(record: CalibrationRecord) -> Iterator[str]:
    for each in record.equipment:
        if not each.valid_on(record.measured_on):
            yield (
                f"the certificate {each.certificate} of the {each.role} {each.identity} ended on "
                f"{each.valid_until}, before the measurement on {record.measured_on}"
            )


def _air(record: CalibrationRecord) -> Iterator[str]:
    low, high = record.environment.low_c, record.environment.high_c
    for each in record.environment.readings:
        if not low <= each.temperature_c <= high:
            yield f"{each.temperature_c} °C at the block, outside {low} to {high} °C"


def _checks(record: CalibrationRecord) -> Iterator[str]:
    for duty in record.duties:
        if duty.good is False:
            yield f"the {duty.kind} on {duty.block} failed: verdicts since the last good are held"


def _values(record: CalibrationRecord, scale: Scale) -> Iterator[str]:
    for reading in record.valid_readings:
        assert reading.hardness is not None  # that is what makes it valid
        if not possible(scale, reading.hardness):
            yield (
                f"indentation {reading.op} reads {reading.hardness} {scale.symbol}, which this "
                "scale cannot show: look at the raw record"
            )


def possible(scale: Scale, hardness: Decimal) -> bool:
    """Say whether a scale can show such a reading at all."""
    if scale.number is None:
        return 0 < hardness <= 2 * scale.high
    return 0 <= hardness <= scale.number

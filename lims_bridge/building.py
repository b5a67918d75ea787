"""From the information library to the canonical record of one run, or the reasons why not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from lims_bridge import fitness
from lims_bridge.exact import Text
from lims_bridge.laboratory import LaboratoryFile, OrderSection
from lims_bridge.record import SCHEMA, CalibrationRecord
from lims_bridge.record_parts import (
    Climate,
    Component,
    Confirmation,
    Duty,
    DutyReading,
    Environment,
    Item,
    Judgement,
    Method,
    Origin,
    Picture,
    Reading,
    Result,
    ScaleFacts,
    Uncertainty,
    Versions,
)
from metrology import Budget, Regulation, Scale, Verdict, find_scale, judge
from records.views import Dossier, DutyHistory, ReadingView, SessionView, VerdictView

COVERAGE_FACTOR = Decimal(2)
COVERAGE_PROBABILITY = Decimal("0.95")


@dataclass(frozen=True, slots=True)
class Unfit:
    """No document can come of this run (yet): every reason at once, and which block."""

    block: str
    reasons: tuple[str, ...]


def build_record(
    dossier: Dossier, laboratory: LaboratoryFile, regulation: Regulation, now: datetime
) -> CalibrationRecord | Unfit:
    """Return the record of a run as it is known at ``now``, or why it supports no document.

    The verdict is reached once more from the readings; it must be the one in the library.
    """
    block = dossier.history.run.block_id
    missing = tuple(fitness.missing(dossier, laboratory))
    order = laboratory.order_for(block)
    session = dossier.session
    if missing or order is None or session is None:
        return Unfit(block, missing)
    scale = find_scale(dossier.history.run.scale)
    verdict = dossier.history.verdicts[-1]
    readings = [each.hardness for each in dossier.history.readings if each.valid]
    try:
        again = judge(scale, [each for each in readings if each is not None], regulation)
    except ValueError as error:
        return Unfit(block, (str(error),))
    record = _record(dossier, laboratory, order, regulation, scale, verdict, again, session)
    wrong = (*fitness.contradictions(verdict, again), *fitness.faults(record, scale, now))
    return Unfit(block, wrong) if wrong else record


def _record(
    dossier: Dossier,
    laboratory: LaboratoryFile,
    order: OrderSection,
    regulation: Regulation,
    scale: Scale,
    verdict: VerdictView,
    again: Verdict,
    session: SessionView,
) -> CalibrationRecord:
    history = dossier.history
    return CalibrationRecord(
        schema=SCHEMA,
        number=record_number(history.tray.name, verdict.seq),
        laboratory=laboratory.laboratory.laboratory(),
        order=order.order(),
        item=_item(dossier, order),
        scale=_scale(scale),
        method=_method(regulation, again),
        began=history.readings[0].at,
        ended=verdict.at,
        environment=_environment(dossier, regulation),
        equipment=laboratory.equipment_for(scale.symbol),
        duties=tuple(_duty(each) for each in dossier.duties),
        readings=tuple(_reading(each) for each in history.readings),
        result=Result(
            mean=verdict.mean,
            value=verdict.value,
            uniformity=_short(verdict.uniformity),
            limit=_short(verdict.uniformity_limit),
        ),
        uncertainty=_uncertainty(verdict),
        judgement=_judgement(verdict, again, scale),
        pictures=tuple(
            Picture(purpose=each.purpose, sha256=each.sha256, at=each.at)
            for each in history.pictures
        ),
        tester=laboratory.tester.person(),
        versions=Versions(
            program=session.program, configuration=session.config, session=session.number
        ),
        origin=Origin(
            tray=history.tray.name,
            tray_seq=history.tray.seq,
            slot=history.run.slot,
            verdict_seq=verdict.seq,
        ),
    )


def record_number(tray: str, verdict_seq: int) -> str:
    """Return the number of an original record: a verdict is one event of one tray."""
    return f"{tray}-{verdict_seq:06d}"


def _item(dossier: Dossier, order: OrderSection) -> Item:
    run = dossier.history.run
    sized = dossier.sizings[-1] if dossier.sizings else None
    return Item(
        **order.describe(run.block_id),
        shape="round" if run.shape == "round" else "rectangle",
        width_mm=_exact(run.width_mm),
        depth_mm=_exact(run.depth_mm),
        thickness_mm=sized.thickness_mm if sized else None,
        code=sized.code if sized else None,
        identified_by=run.identified_by or "",
    )


def _scale(scale: Scale) -> ScaleFacts:
    return ScaleFacts(
        symbol=scale.symbol,
        family=scale.family,
        ball_diameter_mm=scale.ball_diameter_mm,
        preliminary_force_n=scale.preliminary_force_n,
        total_force_n=scale.total_force_n,
        low=_short(scale.low),
        high=_short(scale.high),
    )


def _method(regulation: Regulation, verdict: Verdict) -> Method:
    return Method(
        code=regulation.code,
        title=Text(zh=regulation.title_zh, en=regulation.title),
        in_force=regulation.in_force,
        indentations=regulation.indentations,
        measure=verdict.measure,
        comparison=regulation.comparison,
        validity_months=regulation.validity_months,
        tables=tuple(
            Confirmation(
                table=name,
                source=origin.source,
                clause=origin.clause,
                confidence=origin.confidence,
                by=origin.confirmed_by,
                on=origin.confirmed_on,
            )
            for name, origin in regulation.provenance().items()
        ),
    )


def _environment(dossier: Dossier, regulation: Regulation) -> Environment:
    return Environment(
        readings=tuple(
            Climate(at=each.at, temperature_c=each.temperature_c, humidity_pct=each.humidity_pct)
            for each in dossier.history.environment
        ),
        low_c=regulation.environment.low_c,
        high_c=regulation.environment.high_c,
    )


def _duty(history: DutyHistory) -> Duty:
    verdict = history.verdict
    return Duty(
        kind=history.duty.kind,
        block=history.duty.block_id,
        at=history.duty.at,
        cause=history.duty.cause,
        readings=tuple(
            DutyReading(at=each.at, hardness=each.hardness, state=each.state)
            for each in history.readings
        ),
        mean=verdict.mean if verdict else None,
        certified=verdict.certified if verdict else None,
        deviation=verdict.deviation if verdict else None,
        limit=verdict.deviation_limit if verdict else None,
        good=verdict.good if verdict else None,
    )


def _reading(view: ReadingView) -> Reading:
    return Reading(
        op=view.op,
        position=view.position,
        x_mm=_exact(view.x_mm),
        y_mm=_exact(view.y_mm),
        **view.model_dump(
            include={
                *("state", "at", "hardness", "number", "received", "preliminary_dwell_ms"),
                *("loading_ms", "total_dwell_ms", "total_force_n", "recovered", "reason"),
            }
        ),
        raw=None if view.raw is None else view.raw.encode("unicode_escape").decode("ascii"),
    )


def _uncertainty(verdict: VerdictView) -> Uncertainty:
    shares = dict(verdict.budget)
    budget = Budget(*(shares[symbol] for symbol in fitness.SYMBOLS))
    return Uncertainty(
        components=tuple(Component(symbol=name, value=value) for name, value in shares.items()),
        combined=round(budget.combined, 4),
        coverage_factor=COVERAGE_FACTOR,
        coverage_probability=COVERAGE_PROBABILITY,
        expanded=verdict.expanded_uncertainty,
    )


def _judgement(verdict: VerdictView, again: Verdict, scale: Scale) -> Judgement:
    return Judgement(
        passed=verdict.passed,
        provisional=verdict.provisional,
        reason=Text(zh=again.reason_zh, en=again.reason),
        failed_items=tuple(_failed(again, scale)),
    )


def _failed(verdict: Verdict, scale: Scale) -> Iterable[Text]:
    if verdict.passed:
        return
    if not scale.contains(verdict.mean):
        yield Text(zh="硬度平均值（超出标尺适用范围）", en="Mean hardness (outside the scale)")
    if verdict.uniformity > verdict.limit:
        yield Text(zh="均匀度", en="Uniformity")


def _exact(number: float) -> Decimal:
    # The journal keeps places as the shortest text of a float: that text is the exact value.
    return Decimal(repr(number))


def _short(number: Decimal) -> Decimal:
    """Take away trailing zeros and digits nobody reads; nothing is decided after this."""
    kept = round(number, 6).normalize()
    return kept.quantize(Decimal(1)) if kept == kept.to_integral_value() else kept

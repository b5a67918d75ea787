"""The page of means: conditions, standards, checks of the machine, uncertainty."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from lims_bridge.documents import words
from lims_bridge.documents.numbers import day, exactly, shown, signed
from lims_bridge.documents.tongue import Tongue
from lims_bridge.record import CalibrationRecord
from lims_bridge.record_parts import Equipment

Block = dict[str, Any]


def conditions(record: CalibrationRecord, tongue: Tongue) -> Block:
    """Return what was asked for and under which conditions it was done."""
    scale, item = record.scale, record.item
    ball = scale.ball_diameter_mm
    indenter = (
        ("120° 金刚石圆锥", "120° diamond cone")
        if ball is None
        else (f"硬质合金球 Ø{exactly(ball)} mm", f"Tungsten carbide ball Ø{exactly(ball)} mm")
    )
    forces = f"{exactly(scale.preliminary_force_n)} N / {exactly(scale.total_force_n)} N"
    rows = [
        (tongue.label("record"), tongue.plain(record.number)),
        (tongue.label("order"), tongue.plain(record.order.number)),
        (tongue.label("scale"), tongue.plain(scale.symbol)),
        (tongue.label("force"), tongue.plain(forces)),
        (tongue.label("indenter"), tongue.say(indenter)),
        (tongue.label("size"), tongue.plain(_size(record))),
        (tongue.label("temperature"), tongue.plain(f"{_span(_temperatures(record))} °C")),
        (tongue.label("humidity"), tongue.plain(f"{_span(_humidities(record))} %RH")),
        (tongue.label("identified_by"), tongue.say(_identified(item.identified_by, item.code))),
        *_received(record, tongue),
    ]
    wide = [
        (tongue.label("place"), tongue.text(record.laboratory.place)),
        (tongue.label("method"), tongue.say(_titled(record))),
    ]
    if len(rows) % 2:
        wide.insert(0, rows.pop())
    return {"type": "pairs", "title": tongue.label("conditions"), "rows": rows, "wide": wide}


def _received(record: CalibrationRecord, tongue: Tongue) -> Iterator[tuple[Any, Any]]:
    if record.order.received_on is not None:
        yield tongue.label("received_on"), tongue.say(day(record.order.received_on))


def _titled(record: CalibrationRecord) -> tuple[str, str]:
    title = record.method.title
    return f"{record.method.code}《{title.zh}》", f"{record.method.code}, {title.en or title.zh}"


def _size(record: CalibrationRecord) -> str:
    item = record.item
    face = (
        f"Ø{exactly(item.width_mm)} mm"
        if item.shape == "round"
        else f"{exactly(item.width_mm)} mm × {exactly(item.depth_mm)} mm"
    )
    return face if item.thickness_mm is None else f"{face} × {exactly(item.thickness_mm)} mm"


def _identified(by: str, code: str | None) -> tuple[str, str]:
    if by == "code" and code:
        return f"块上标识码 {code}", f"code on the block, {code}"
    return by, by


def _temperatures(record: CalibrationRecord) -> list[Decimal]:
    return [each.temperature_c for each in record.environment.readings]


def _humidities(record: CalibrationRecord) -> list[Decimal]:
    return [each.humidity_pct for each in record.environment.readings]


def _span(values: list[Decimal]) -> str:
    low, high = exactly(min(values)), exactly(max(values))
    return low if low == high else f"{low}~{high}"


def equipment(record: CalibrationRecord, tongue: Tongue) -> Block:
    """Return the standards and the main equipment with their certificates."""
    heads = ("role", "name", "identity", "range", "uncertainty_of", "certificate", "valid")
    return {
        "type": "table",
        "title": tongue.label("equipment"),
        "head": [tongue.label(key) for key in heads],
        "widths": [1.2, 1.75, 1.3, 1.35, 2.05, 2.05, 1.2],
        "dense": True,
        "rows": [_one_equipment(each, tongue) for each in record.equipment],
    }


def _one_equipment(each: Equipment, tongue: Tongue) -> list[words.Words]:
    issued = (
        f"{each.certificate}\n{each.issued_by.zh}",
        f"{each.certificate}\n{each.issued_by.en or each.issued_by.zh}",
    )
    if tongue.issue.language == "both":
        issued = (issued[0], each.issued_by.en)
    return [
        tongue.say(words.ROLES[each.role]),
        tongue.text(each.name),
        tongue.plain(f"{each.model}\n{each.identity}" if each.model else each.identity),
        tongue.plain(each.measuring_range),
        tongue.plain(each.uncertainty),
        tongue.say(issued),
        tongue.plain(each.valid_until.isoformat()),
    ]


def checks(record: CalibrationRecord, tongue: Tongue) -> Iterator[Block]:
    """Yield how the checks of the standard machine came out, if there were any."""
    rows = [
        [
            tongue.say(words.CHECKS[duty.kind]),
            tongue.plain(duty.block),
            tongue.plain(shown(duty.mean)),
            tongue.plain(shown(duty.certified, 1)),
            tongue.plain(signed(duty.deviation)),
            tongue.plain(f"±{shown(duty.limit, 1)}"),
            tongue.say(words.PASS if duty.good else words.FAIL),
        ]
        for duty in record.duties
        if duty.mean is not None
        and duty.certified is not None
        and duty.deviation is not None
        and duty.limit is not None
    ]
    if rows:
        heads = ("kind", "block", "mean", "certified", "deviation", "limit", "found")
        yield {
            "type": "table",
            "title": tongue.label("checks"),
            "unit": record.scale.symbol,
            "head": [tongue.label(key) for key in heads],
            "widths": [1.4, 1.6, 1, 1, 1, 1, 1],
            "rows": rows,
        }


def budget(record: CalibrationRecord, tongue: Tongue) -> Block:
    """Return the uncertainty budget."""
    budget, unit = record.uncertainty, record.scale.symbol
    components = [
        [
            tongue.plain(each.symbol),
            tongue.say(words.COMPONENTS.get(each.symbol, (each.symbol, each.symbol))),
            tongue.plain(f"{shown(each.value, 3)} {unit}"),
        ]
        for each in budget.components
    ]
    k = exactly(budget.coverage_factor)
    sums = [
        [
            tongue.plain("u_c"),
            tongue.label("combined"),
            tongue.plain(f"{shown(budget.combined, 3)} {unit}"),
        ],
        [
            tongue.plain(f"U (k = {k})"),
            tongue.label("expanded"),
            tongue.plain(f"{shown(budget.expanded)} {unit}"),
        ],
    ]
    return {
        "type": "table",
        "title": tongue.label("budget"),
        "head": [tongue.label(key) for key in ("component", "quantity", "standard_uncertainty")],
        "widths": [0.8, 3.6, 1.3],
        "rows": components + sums,
        "sums": len(sums),
        "symbols": True,
    }

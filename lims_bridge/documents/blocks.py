"""The inner pages of a document: after the means, results, the test face and notes."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from lims_bridge.documents import means, words
from lims_bridge.documents.means import Block
from lims_bridge.documents.numbers import (
    exactly,
    place,
    seconds,
    shown,
    told_apart,
    unit_of,
)
from lims_bridge.documents.tongue import Tongue
from lims_bridge.issue import Issue
from lims_bridge.record import CalibrationRecord
from lims_bridge.record_parts import Reading


def inner(
    record: CalibrationRecord, issue: Issue, tongue: Tongue, photograph: str | None
) -> list[Block]:
    """Return the blocks of the inner pages in order."""
    return [
        means.conditions(record, tongue),
        means.equipment(record, tongue),
        *means.checks(record, tongue),
        means.budget(record, tongue),
        {"type": "pagebreak"},
        _results(record, issue, tongue),
        _readings(record, tongue),
        _surface(record, tongue, photograph),
        _notes(record, issue, tongue),
    ]


def _results(record: CalibrationRecord, issue: Issue, tongue: Tongue) -> Block:
    result, scale = record.result, record.scale.symbol
    unit = unit_of(record.method.measure, scale)
    judged = issue.kind != "calibration"
    expanded = f"{shown(record.uncertainty.expanded)} {scale}"
    uniformity, limit = told_apart(result.uniformity, result.limit)
    k = exactly(record.uncertainty.coverage_factor)
    uniform = words.UNIFORMITY[record.method.measure]
    name = words.LABELS["uniformity"]
    rows = [
        [
            tongue.label("value"),
            tongue.plain(f"{exactly(result.value)} {scale}"),
            tongue.plain(f"({exactly(record.scale.low)}~{exactly(record.scale.high)}) {scale}"),
            tongue.say(_found(record, "Mean hardness")),
        ],
        [
            tongue.say((f"{name[0]}（{uniform[0]}）", f"{name[1]} ({uniform[1]})")),
            tongue.plain(f"{uniformity} {unit}"),
            tongue.plain(f"{limit} {unit}"),
            tongue.say(_found(record, "Uniformity")),
        ],
        [
            tongue.label("expanded"),
            tongue.plain(f"U = {expanded} (k = {k})"),
            tongue.plain("–"),
            tongue.plain("–"),
        ],
    ]
    heads = ("quantity", "found", "allowed", "verdict") if judged else ("quantity", "found")
    return {
        "type": "table",
        "title": tongue.label("results"),
        "head": [tongue.label(key) for key in heads],
        "widths": [2.4, 1.6, 1.3, 0.9] if judged else [1.6, 1.4],
        "rows": rows if judged else [row[:2] for row in rows],
        "strong": True,
    }


def _found(record: CalibrationRecord, item: str) -> tuple[str, str]:
    failed = any(each.en.startswith(item) for each in record.judgement.failed_items)
    return words.FAIL if failed else words.PASS


def _readings(record: CalibrationRecord, tongue: Tongue) -> Block:
    heads = ("point", "x", "y", "hardness", "dwell", "total_force", "record_no")
    return {
        "type": "table",
        "title": tongue.label("readings"),
        "unit": record.scale.symbol,
        "head": [tongue.label(key) for key in heads],
        "widths": [0.8, 1, 1, 1.1, 1.2, 1.3, 1],
        "rows": [
            _one_reading(number, each, tongue)
            for number, each in enumerate(record.valid_readings, 1)
        ],
        "numeric": True,
    }


def _one_reading(number: int, each: Reading, tongue: Tongue) -> list[words.Words]:
    assert each.hardness is not None  # a valid reading has one
    cells = [
        str(number),
        place(each.x_mm),
        place(each.y_mm),
        exactly(each.hardness),
        "" if each.total_dwell_ms is None else seconds(each.total_dwell_ms),
        "" if each.total_force_n is None else exactly(each.total_force_n),
        "" if each.number is None else str(each.number),
    ]
    return [tongue.plain(cell) for cell in cells]


def _surface(record: CalibrationRecord, tongue: Tongue, photograph: str | None) -> Block:
    item = record.item
    return {
        "type": "surface",
        "title": tongue.label("surface"),
        "photograph": photograph,
        "photograph_caption": tongue.label("photograph"),
        "map_caption": tongue.label("map"),
        "shape": item.shape,
        "width": exactly(item.width_mm),
        "depth": exactly(item.depth_mm),
        "points": [
            {
                "name": str(number),
                "x": format(each.x_mm, "f"),
                "y": format(each.y_mm, "f"),
                "value": exactly(each.hardness or Decimal(0)),
            }
            for number, each in enumerate(record.valid_readings, 1)
        ],
    }


def _notes(record: CalibrationRecord, issue: Issue, tongue: Tongue) -> Block:
    return {
        "type": "notes",
        "title": tongue.label("notes"),
        "lines": [tongue.say(line) for line in _lines(record, issue)],
    }


def _lines(record: CalibrationRecord, issue: Issue) -> Iterator[tuple[str, str]]:
    if issue.draft:
        yield words.DRAFT_WHY
    if issue.demo:
        yield words.DEMO_WHY
    if issue.replaces is not None:
        old, why = issue.replaces.identity, issue.replaces.reason
        yield (
            f"本文件替代 {old}，原文件作废。修改原因：{why}",
            f"This document replaces {old}, which is no longer valid. Reason: {why}",
        )
    if issue.kind != "calibration":
        yield record.judgement.reason.zh, record.judgement.reason.en
    voids = sum(each.state == "voided" for each in record.readings)
    if voids:
        yield (
            f"{voids} 个压痕因技术原因作废，未计入结果，原因记录在原始记录中。",
            f"{voids} indentation(s) void for technical reasons do not count; "
            "the reasons stand in the original record.",
        )
    yield (
        "测量由无人值守的自动化装置完成，检定员为该次运行的负责人。"
        if issue.kind != "calibration"
        else "测量由无人值守的自动化装置完成，校准员为该次运行的负责人。",
        "The measurement was made by unattended equipment; the person named is in charge of it.",
    )
    yield (
        "本结果仅对本次送检的标准块的工作面和所列标尺有效；未经本机构书面批准，不得部分复制。",
        "The results hold for the test face and the scale of this block only. "
        "No part may be copied without written consent of the laboratory.",
    )

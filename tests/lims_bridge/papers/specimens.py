"""Records as a lab would have them, without a run: one of each kind, confirmed or not."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import cv2
import numpy as np

from lims_bridge.exact import Text
from lims_bridge.issue import Issue, Kind, Language, Signer, kind_of, page_url
from lims_bridge.record import SCHEMA, CalibrationRecord
from lims_bridge.record_parts import (
    Climate,
    Component,
    Confirmation,
    Duty,
    DutyReading,
    Environment,
    Equipment,
    Item,
    Judgement,
    Laboratory,
    Method,
    Order,
    Origin,
    Party,
    Person,
    Picture,
    Reading,
    Result,
    ScaleFacts,
    Service,
    Uncertainty,
    Versions,
)
from metrology import find_scale, judge, load_regulation

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
PASSING = ("61.13", "61.32", "61.29", "61.18", "61.08")
FAILING = ("61.13", "62.32", "61.29", "61.18", "61.08")
PAGE = "https://lab.example/v/{number}?h={digest}"


def pixels() -> np.ndarray:
    """Return a small photograph."""
    image = np.full((240, 240), 20, np.uint8)
    cv2.circle(image, (120, 120), 110, 170, -1)
    return image


def keep_picture(folder: Path) -> None:
    """Put the photograph where a press looks for it."""
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / f"{PICTURE}.png"), pixels())


PICTURE = hashlib.sha256(pixels().tobytes()).hexdigest()


def specimen(
    *,
    values: tuple[str, ...] = PASSING,
    symbol: str = "HRC",
    service: Service = "verification",
    confirmed: bool = True,
    customer: str = "示例机械制造有限公司",
    number: str = "T-000123",
    tester: str = "张检定",
) -> CalibrationRecord:
    """Return a record whose verdict is the one its readings give."""
    scale = find_scale(symbol)
    code = "JJG 147-2017" if scale.family == "brinell" else "JJG 113-2013"
    regulation = load_regulation(code)
    if confirmed:
        regulation = regulation.confirm("王计量", date(2026, 1, 2))
    readings = [Decimal(value) for value in values]
    verdict = judge(scale, readings, regulation)
    ended = START + timedelta(minutes=len(values))
    failed = () if verdict.passed else (Text(zh="均匀度", en="Uniformity"),)
    return CalibrationRecord(
        schema=SCHEMA,
        number=number,
        laboratory=_laboratory(),
        order=Order(
            number="WT-1",
            service=service,
            customer=Party(name=Text(zh=customer, en="Example Machinery Co., Ltd.")),
            received_on=date(2026, 3, 1),
        ),
        item=_item(),
        scale=ScaleFacts(
            symbol=symbol,
            family=scale.family,
            ball_diameter_mm=scale.ball_diameter_mm,
            preliminary_force_n=scale.preliminary_force_n,
            total_force_n=scale.total_force_n,
            low=scale.low.quantize(Decimal(1)),
            high=scale.high.quantize(Decimal(1)),
        ),
        method=Method(
            code=regulation.code,
            title=Text(zh=regulation.title_zh, en=regulation.title),
            in_force=regulation.in_force,
            indentations=regulation.indentations,
            measure=verdict.measure,
            comparison=regulation.comparison,
            validity_months=regulation.validity_months,
            tables=(
                Confirmation(
                    table="limits",
                    source="licensed text",
                    clause="5",
                    confidence="read",
                    by="王计量" if confirmed else "",
                    on=date(2026, 1, 2) if confirmed else None,
                ),
            ),
        ),
        began=START,
        ended=ended,
        environment=Environment(
            readings=(
                Climate(at=START, temperature_c=Decimal("23.1"), humidity_pct=Decimal("45")),
            ),
            low_c=Decimal(18),
            high_c=Decimal(28),
        ),
        equipment=_equipment(),
        duties=_duties(symbol),
        readings=tuple(_reading(i, value) for i, value in enumerate(readings)),
        result=Result(
            mean=verdict.mean,
            value=verdict.value,
            uniformity=round(verdict.uniformity, 6),
            limit=round(verdict.limit, 6),
        ),
        uncertainty=Uncertainty(
            components=(
                Component(symbol="u_CRM-1", value=Decimal("0.1500")),
                Component(symbol="u_xCRM-2", value=Decimal("0.0524")),
            ),
            combined=Decimal("0.1637"),
            coverage_factor=Decimal(2),
            coverage_probability=Decimal("0.95"),
            expanded=Decimal("0.33"),
        ),
        judgement=Judgement(
            passed=verdict.passed,
            provisional=not confirmed,
            reason=Text(zh=verdict.reason_zh, en=verdict.reason),
            failed_items=failed,
        ),
        pictures=(Picture(purpose="after", sha256=PICTURE, at=ended),),
        tester=Person(name=tester, authorisation="检字 001"),
        versions=Versions(program="hardlab 0.1.0", configuration="c0ffee", session=1),
        origin=Origin(tray="T", tray_seq=4, slot=1, verdict_seq=123),
    )


def issue_of(
    record: CalibrationRecord,
    *,
    language: Language = "both",
    kind: Kind | None = None,
    number: str = "HRJ2026-00001",
    demo: bool = True,
    draft: bool | None = None,
) -> Issue:
    """Return how a record would be issued, by three persons."""
    day = record.measured_on
    return Issue(
        kind=kind or kind_of(record),
        number=number,
        language=language,
        issued_on=day,
        signers=(
            Signer(duty="tester", name="张检定", authorisation="检字 001", signed_on=day),
            Signer(duty="checker", name="李核验", signed_on=day),
            Signer(duty="approver", name="王批准", signed_on=day),
        ),
        page_url=page_url(PAGE, number, record),
        draft=record.draft if draft is None else draft,
        demo=demo,
    )


def _laboratory() -> Laboratory:
    return Laboratory(
        name=Text(zh="示例计量检定所", en="Example Institute of Metrology"),
        address=Text(zh="示例市计量路1号", en="1 Metrology Road"),
        place=Text(zh="力学楼101", en="Room 101"),
        city="示例市",
        country="CN",
        authorisation="法计 0000",
        phone="000-0000",
        postcode="000000",
        fax="",
        email="lab@lab.example",
        website="",
    )


def _item() -> Item:
    return Item(
        number="2007-101",
        name=Text(zh="标准硬度块", en="Hardness reference block"),
        model="60 HRC",
        serial="2007-101",
        manufacturer=Party(name=Text(zh="示例硬度块厂", en="Example Block Works")),
        shape="round",
        width_mm=Decimal("64.0"),
        depth_mm=Decimal("64.0"),
        thickness_mm=Decimal("11.640"),
        code="2007-101",
        identified_by="code",
    )


def _equipment() -> tuple[Equipment, ...]:
    pairs = (("standard machine", "标准装置", "STD-1"), ("indenter", "压头", "IND-1"))
    return tuple(
        Equipment(
            role=role,
            identity=identity,
            name=Text(zh=name, en=identity),
            model="M",
            measuring_range="(20~70) HRC",
            uncertainty="U = 0.3 HRC (k = 2)",
            certificate=f"证 {identity}",
            issued_by=Text(zh="国家计量院", en="NMI"),
            valid_until=date(2027, 1, 31),
            certificate_sha256="ab" * 32,
        )
        for role, name, identity in pairs
    )


def _duties(symbol: str) -> tuple[Duty, ...]:
    return (
        Duty(
            kind="opening-check",
            block=f"CHECK-{symbol}",
            at=START,
            cause="before the first block",
            readings=(DutyReading(at=START, hardness=Decimal("60.31"), state="confirmed"),),
            mean=Decimal("60.310"),
            certified=Decimal("60.3"),
            deviation=Decimal("0.010"),
            limit=Decimal("0.5"),
            good=True,
        ),
    )


def _reading(index: int, value: Decimal) -> Reading:
    at = START + timedelta(seconds=30 * index)
    return Reading(
        op=f"op-{index}",
        position=index,
        x_mm=Decimal(index * 5 - 10),
        y_mm=Decimal("2.5"),
        state="confirmed",
        at=at,
        hardness=value,
        number=index + 6,
        raw=f"{index + 6};{value}",
        received=at,
        preliminary_dwell_ms=3000,
        loading_ms=4000,
        total_dwell_ms=5000,
        total_force_n=Decimal("1471.0"),
        recovered=False,
        reason=None,
    )

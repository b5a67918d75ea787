"""An office to try things in: people, records, a clock that is set by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from lims_bridge.delivery.outbox import Destination
from lims_bridge.keeping.files import FileStore
from lims_bridge.office.events import Document
from lims_bridge.record import CalibrationRecord
from lims_bridge.review.desk import Desk
from lims_bridge.review.dossier import dossier_of
from lims_bridge.review.people import Signature
from lims_bridge.review.refusal import Refusal
from lims_bridge.review.registry import Registry
from lims_bridge.review.state import RecordKey, Review
from metrology import find_scale, judge, load_regulation
from records.database import connect, open_database

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
PASSPHRASE = "correct horse battery"
TESTER, CHECKER, APPROVER = "zhang.san", "li.si", "wang.wu"


def example_record(
    number: str = "R-1", block: str = "2007-101", **changes: Any
) -> CalibrationRecord:
    """A record that is in order, as the laboratory would make it."""
    readings = [Decimal(text) for text in changes.pop("readings", READINGS)]
    regulation = load_regulation("jjg113-2013")
    verdict = judge(find_scale("HRC"), readings, regulation)
    content = {
        "schema": "hardlab/calibration-record/1",
        "number": number,
        "laboratory": _laboratory(),
        "order": {
            "number": "O-1",
            "service": "verification",
            "customer": {"name": {"zh": "郑州量具厂"}},
            "received_on": "2026-02-27",
        },
        "item": _item(block),
        "scale": {
            "symbol": "HRC",
            "family": "rockwell",
            "ball_diameter_mm": None,
            "preliminary_force_n": "98.07",
            "total_force_n": "1471",
            "low": "20",
            "high": "70",
        },
        "method": {
            "code": regulation.code,
            "title": {"zh": "标准金属洛氏硬度块"},
            "in_force": "2013-11-14",
            "indentations": 5,
            "measure": "range",
            "comparison": regulation.comparison,
            "validity_months": 24,
            "tables": [],
        },
        "began": "2026-03-02T02:00:00Z",
        "ended": "2026-03-02T02:03:00Z",
        "environment": {
            "readings": [
                {"at": "2026-03-02T02:00:00Z", "temperature_c": "23.1", "humidity_pct": "45"}
            ],
            "low_c": "18",
            "high_c": "28",
        },
        "equipment": [_equipment("standard machine", "HT-1"), _equipment("indenter", "D-7")],
        "duties": [_check()],
        "readings": [_reading(n, value) for n, value in enumerate(readings, 1)],
        "result": {
            "mean": str(verdict.mean),
            "value": str(verdict.value),
            "uniformity": str(verdict.uniformity),
            "limit": str(verdict.limit),
        },
        "uncertainty": {
            "components": [],
            "combined": "0.15",
            "coverage_factor": "2",
            "coverage_probability": "0.95",
            "expanded": "0.30",
        },
        "judgement": {
            "passed": verdict.passed,
            "provisional": False,
            "reason": {"zh": verdict.reason_zh, "en": verdict.reason},
            "failed_items": [],
        },
        "pictures": [],
        "tester": {"name": "张三", "authorisation": "A-1"},
        "versions": {"program": "hardlab 0.1.0", "configuration": "c0", "session": 1},
        "origin": {"tray": "T-1", "tray_seq": 3, "slot": 1, "verdict_seq": 99},
    }
    return CalibrationRecord.model_validate({**content, **changes})


READINGS = ("61.20", "61.30", "61.25", "61.15", "61.22")


def _laboratory() -> dict[str, Any]:
    named = {"name": {"zh": "计量所"}, "address": {"zh": "某路1号"}, "place": {"zh": "硬度室"}}
    empty = dict.fromkeys(("phone", "postcode", "fax", "email", "website", "authorisation"), "")
    return {**named, **empty, "city": "Zhengzhou", "country": "CN"}


def _item(block: str) -> dict[str, Any]:
    return {
        "number": block,
        "name": {"zh": "标准洛氏硬度块"},
        "model": "HRC",
        "serial": block,
        "manufacturer": {"name": {"zh": "某厂"}},
        "shape": "round",
        "width_mm": "60",
        "depth_mm": "60",
        "thickness_mm": "10.02",
        "code": block,
        "identified_by": "code",
    }


def _equipment(role: str, identity: str) -> dict[str, Any]:
    return {
        "role": role,
        "identity": identity,
        "name": {"zh": identity},
        "model": "",
        "measuring_range": "",
        "uncertainty": "",
        "certificate": f"C-{identity}",
        "issued_by": {"zh": "国家院"},
        "valid_until": "2026-12-31",
        "certificate_sha256": None,
    }


def _check() -> dict[str, Any]:
    return {
        "kind": "opening-check",
        "block": "CHECK-1",
        "at": "2026-03-02T01:00:00Z",
        "cause": "first of the day",
        "readings": [],
        "mean": "60.1",
        "certified": "60.0",
        "deviation": "0.1",
        "limit": "0.5",
        "good": True,
    }


def _reading(position: int, hardness: Decimal) -> dict[str, Any]:
    return {
        "op": f"i-{position}",
        "position": position,
        "x_mm": str(position * 4),
        "y_mm": "0",
        "state": "confirmed",
        "at": "2026-03-02T02:01:00Z",
        "hardness": str(hardness),
        "number": position,
        "raw": f"{position};{hardness}",
        "received": "2026-03-02T02:01:30Z",
        "preliminary_dwell_ms": 3000,
        "loading_ms": 4000,
        "total_dwell_ms": 4000,
        "total_force_n": "1471",
        "recovered": False,
        "reason": None,
    }


@dataclass
class Watch:
    """The time, moved by hand."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class Office:
    """Everything at hand, with three people who may do one duty each for HRC in 2026."""

    engine: Engine
    files: FileStore
    watch: Watch = field(default_factory=Watch)
    destinations: tuple[str, ...] = ("lims",)

    @property
    def registry(self) -> Registry:
        return Registry(self.engine, self.files, self.watch)

    @property
    def desk(self) -> Desk:
        named = tuple(Destination(name) for name in self.destinations)
        return Desk(self.engine, self.files, named, self.watch)

    def staffed(self) -> Office:
        whole = date(2026, 1, 1), date(2026, 12, 31)
        for person, duty in ((TESTER, "test"), (CHECKER, "check"), (APPROVER, "approve")):
            self.registry.enter(person, {"name": person}, by="setup")
            assert self.registry.authorise(person, duty, "HRC", *whole, by="setup") is None  # type: ignore[arg-type]  # dates from a star
        return self

    def sign(self, person: str) -> Signature:
        """A signature without the slow passphrase, which has tests of its own."""
        return Signature(self.registry.people()[person])

    def taken(self, record: CalibrationRecord | None = None, revision: int = 1) -> Review:
        return good(self.desk.take(dossier_of(record or example_record(), revision)))

    def approved(self, record: CalibrationRecord | None = None) -> Review:
        review = self.taken(record)
        desk = self.desk
        good(desk.submit(review.key, self.sign(TESTER), review.digest))
        good(desk.check(review.key, self.sign(CHECKER), review.digest))
        return good(desk.approve(review.key, self.sign(APPROVER), review.digest))

    def issued(self, record: CalibrationRecord | None = None, certificate: str = "C-1") -> Review:
        review = self.approved(record)
        pdf = self.document(f"%PDF {review.key}".encode())
        return good(self.desk.issue(review.key, review.digest, certificate, (pdf,), "seal"))

    def document(self, content: bytes) -> Document:
        return Document("certificate", "certificate.pdf", self.files.put(content))

    def key(self, record: str = "R-1", revision: int = 1) -> RecordKey:
        return RecordKey(record, revision)


def open_office(folder: Path, *, upgraded: bool = False, engine: Engine | None = None) -> Office:
    folder.mkdir(parents=True, exist_ok=True)
    url = f"sqlite:///{folder / 'records.sqlite'}"
    found = engine or (connect(url) if upgraded else open_database(url))
    return Office(found, FileStore(folder / "files"))


def good(found: Review | Refusal) -> Review:
    assert isinstance(found, Review), found
    return found

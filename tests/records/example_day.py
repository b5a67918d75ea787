"""One day of a cell as journal rows: every kind the information library keeps, at least once.

The bodies are written by hand, as the journal of this version has them: a library must read old
journals, whatever the program's events look like by then.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Engine

from controller.journal import GENESIS, Row, chain
from records.tables import PROJECTED

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
Happened: TypeAlias = tuple[str, dict[str, Any]]
Content: TypeAlias = dict[str, list[tuple[Any, ...]]]


def intent(block: str, position: int, op: str, duty: str = "", attempt: int = 1) -> Happened:
    return "IndentIntended", {
        "op": op,
        "block": block,
        "position": position,
        "x": 4.1 * position - 9.3,
        "y": -2.7,
        "scale": "HRC",
        "duty": duty,
        "tag": 1000 + position,
        "attempt": attempt,
        "before": {"boot": 7, "epoch": 3, "accepted": 40, "count": 11},
    }


def confirmation(op: str, hardness: str, number: int, recovered: bool = False) -> Happened:
    return "IndentConfirmed", {
        "op": op,
        "hardness": hardness,
        "number": number,
        "raw": f"\x02{number};{hardness};HRC;OK\x03\r\n",
        "received": (START + timedelta(seconds=number)).isoformat(),
        "preliminary_dwell_ms": 3010,
        "loading_ms": 4020,
        "total_dwell_ms": 5005,
        "total_force_n": "1471.0",
        "after": {"boot": 7, "epoch": 3, "accepted": 41, "count": 12},
        "recovered": recovered,
    }


def indented(block: str, position: int, hardness: str, op: str, duty: str = "") -> list[Happened]:
    """An indentation that goes well."""
    return [intent(block, position, op, duty), confirmation(op, hardness, position)]


def unread(kind: str, op: str, reason: str, number: int | None = None, raw: str = "") -> Happened:
    return kind, {"op": op, "reason": reason, "number": number, "raw": raw}


def session(number: int, program: str, seed: int) -> Happened:
    return "SessionBegan", {"session": number, "program": program, "config": "c0", "seed": seed}


def tray(**slots: int) -> Happened:
    size = {"scale": "HRC", "shape": "round", "width_mm": 64.0, "depth_mm": 64.0}
    blocks = [{"block": block.replace("_", "-"), "slot": n, **size} for block, n in slots.items()]
    return "TrayAccepted", {"tray": "T-7", "regulation": "jjg113-2013", "blocks": blocks}


def stocked(block: str, role: str, certified: str | None, limit: str | None) -> Happened:
    return "HolderStocked", {
        "block": block,
        "role": role,
        "scale": "HRC",
        "place": f"holder-{role}",
        "certified": certified,
        "limit": limit,
        "positions": [{"x": 0.0, "y": 0.0, "diameter": 0.0, "confidence": 1.0}],
    }


def duty(name: str, kind: str, block: str) -> Happened:
    return "DutyFell", {"duty": name, "kind": kind, "block": block, "needed": 1, "cause": "new"}


def checked(name: str, block: str) -> Happened:
    values = {"mean": "60.25", "certified": "60.20", "deviation": "0.05", "limit": "0.50"}
    return "CheckJudged", {"duty": name, "block": block, **values, "good": True}


def sized(block: str, code: str | None) -> Happened:
    size = {"thickness_mm": "15.02", "width_mm": "64.00", "depth_mm": "64.00"}
    return "BlockSized", {"block": block, "code": code, **size}


def picture(block: str, purpose: str, digit: str) -> Happened:
    return "SurfaceSeen", {
        "block": block,
        "purpose": purpose,
        "picture": digit * 64,
        "shape": "round",
        "marks": [{"x": 1.0, "y": 2.0, "diameter": 0.4, "confidence": 0.9}],
    }


def judged(block: str, mean: str, *, passed: bool = True) -> Happened:
    return "Judged", {
        "block": block,
        "mean": mean,
        "value": "60.1",
        "uniformity": "0.30",
        "limit": "0.50",
        "passed": passed,
        "provisional": True,
        "reason": "",
        "expanded_uncertainty": "0.26",
        "regulation": "jjg113-2013",
    }


def asked(question: str, block: str, options: list[str], deadline: str) -> Happened:
    return "DecisionAsked", {
        "question": question,
        "kind": "identity",
        "block": block,
        "op": "",
        "text": "无法识别",
        "options": options,
        "default": options[-1],
        "deadline": deadline,
        "picture": "",
    }


def example_day() -> list[Happened]:
    """Three blocks with everything that can befall an indentation, then the tray once more."""
    return [
        session(1, "hardlab 0.1.0", 2**63),
        ("EpochClaimed", {"device": "station", "epoch": 3, "boot": 7}),
        stocked("SEAT-1", "seating", None, None),
        stocked("CHECK-1", "check", "60.20", "0.50"),
        tray(B_1=1, B_2=2, B_3=3),
        duty("seating-1", "seating", "SEAT-1"),
        *indented("SEAT-1", 0, "44.0", "s1-1", "seating-1"),
        duty("opening-check-1", "opening-check", "CHECK-1"),
        *indented("CHECK-1", 0, "60.25", "s1-2", "opening-check-1"),
        checked("opening-check-1", "CHECK-1"),
        ("TransferIntended", {"op": "s1-3", "step": "pick", "block": "B-1"}),
        ("NotHappened", {"op": "s1-3", "reason": "gripper empty"}),
        sized("B-1", "B-1"),
        ("BlockIdentified", {"block": "B-1", "by": "code"}),
        picture("B-1", "before", "a"),
        ("ClimateRead", {"block": "B-1", "temperature_c": "22.90", "humidity_pct": "45"}),
        *indented("B-1", 0, "60.10", "s1-4"),
        intent("B-1", 1, "s1-5"),
        ("NotHappened", {"op": "s1-5", "reason": "counter unchanged"}),
        intent("B-1", 1, "s1-6", attempt=2),
        confirmation("s1-6", "60.20", 4, recovered=True),
        intent("B-1", 2, "s1-7"),
        unread("IndentDoubted", "s1-7", "another boot id"),
        picture("B-1", "doubt", "b"),
        unread("IndentVoided", "s1-7", "seen in the picture, no record", 9, "?"),
        *indented("B-1", 3, "60.00", "s1-8"),
        picture("B-1", "after", "c"),
        judged("B-1", "60.1"),
        sized("B-2", None),
        asked("q-1", "B-2", ["accept", "refuse"], "2026-03-02T09:00:00+00:00"),
        ("DecisionAnswered", {"question": "q-1", "option": "refuse", "by": "deadline"}),
        ("BlockRefused", {"block": "B-2", "reason": "identity unknown", "to": "reject"}),
        asked("q-h", "", ["go"], "2026-03-02T09:10:00+00:00"),
        ("DecisionWithdrawn", {"question": "q-h", "reason": "its session ended"}),
        ("AlarmRaised", {"alarm": "link", "source": "station", "detail": "lost"}),
        *indented("B-3", 0, "60.10", "s1-9"),
        unread("IndentVoided", "s1-9", "overlap seen in the second picture"),
        judged("B-3", "59.9", passed=False),
        judged("B-3", "60.0"),
        ("TrayFinished", {"tray": "T-7", "passed": 2, "failed": 0, "refused": 1}),
        session(2, "hardlab 0.1.1", 5),
        tray(B_1=4),
        *indented("B-1", 0, "60.3", "s2-1"),
        asked("q-2", "", ["go"], ""),
        intent("B-1", 1, "s2-2"),
    ]


def journal(happened: Sequence[Happened]) -> list[Row]:
    """The rows of a journal in which this happened, one event a second."""
    return rechained(
        [
            Row(
                seq,
                (START + timedelta(seconds=seq)).isoformat(timespec="milliseconds"),
                kind,
                1,
                json.dumps(body, ensure_ascii=False, separators=(",", ":")),
                "",
            )
            for seq, (kind, body) in enumerate(happened, start=1)
        ]
    )


def rechained(rows: Sequence[Row]) -> list[Row]:
    """The same rows with the hashes that make them one journal."""
    chained, head = list[Row](), GENESIS
    for row in rows:
        head = chain(head, row.seq, row.at, row.kind, row.version, row.body)
        chained.append(Row(row.seq, row.at, row.kind, row.version, row.body, head))
    return chained


def content(engine: Engine) -> Content:
    """Everything in the library, the cursor included."""
    with engine.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(table.select())), key=str)
            for table in PROJECTED
        }

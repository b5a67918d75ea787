"""A realistic tray as events: what stands in the journal before, and the steps that follow."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Literal

from controller.events import (
    AnyEvent,
    BlockIdentified,
    BlockOrder,
    BlockSized,
    Evidence,
    HolderStocked,
    IndentConfirmed,
    IndentIntended,
    ModeChanged,
    Planned,
    SessionBegan,
    SlotMapRead,
    Spot,
    SurfaceSeen,
    TransferConfirmed,
    TransferIntended,
    TrayAccepted,
)

BLOCKS = 33
INDENTATIONS = 5
ROUTE = ("sizing", "vision", "tester", "vision")
SCALE = "HRC"

_HOLDER_PITCH_MM = 2.0
_PLAN = tuple(Spot(float(x), float(y)) for x, y in ((0, 0), (8, 8), (8, -8), (-8, 8), (-8, -8)))
_SPARES = (Spot(0.0, 12.0), Spot(12.0, 0.0))
_OLD_MARKS = tuple(Spot(-18.0 + 4.0 * i, 18.0, 0.9, 0.98) for i in range(8))


@dataclass(frozen=True, slots=True)
class Step:
    """One no-op step of the lab: what is journaled before the act, and what after it."""

    intent: AnyEvent
    confirm: AnyEvent


def accepted_tray() -> tuple[AnyEvent, ...]:
    """Return the history of a cell that is about to work on a full, planned tray."""
    names = [_name(slot) for slot in range(1, BLOCKS + 1)]
    orders = tuple(_order(slot) for slot in range(1, BLOCKS + 1))
    opening: tuple[AnyEvent, ...] = (
        SessionBegan(1, "hardlab 0.1.0", "0" * 64, 7),
        _stock("seating-1", "seating", "holder-01"),
        _stock("check-1", "check", "holder-02"),
        ModeChanged("EXECUTE", "a tray was accepted"),
        TrayAccepted("tray-0001", "JJG 113-2013", orders),
        SlotMapRead("tray-0001", tuple(range(1, BLOCKS + 1))),
    )
    return (*opening, *(event for name in names for event in _prepared(name)))


def steps() -> tuple[Step, ...]:
    """Return every transfer and indentation of the tray, in order: intent and confirmation."""
    made: list[Step] = []
    for slot in range(1, BLOCKS + 1):
        stops = (f"slot-{slot:02d}", *ROUTE, f"slot-{slot:02d}")
        for source, target in pairwise(stops):
            made += _transfer(len(made), _name(slot), source, target)
            if target == "tester":
                made += [_indent(len(made) + i, _name(slot), i) for i in range(INDENTATIONS)]
    return tuple(made)


def _name(slot: int) -> str:
    return f"HRC-2026-{slot:04d}"


def _order(slot: int) -> BlockOrder:
    nominal, uniformity = Decimal("61.20"), Decimal("0.40")
    return BlockOrder(_name(slot), SCALE, slot, "round", 60.0, 60.0, nominal, uniformity)


def _stock(name: str, role: Literal["seating", "check"], place: str) -> HolderStocked:
    raster = tuple(
        Spot(x * _HOLDER_PITCH_MM, y * _HOLDER_PITCH_MM)
        for y in range(-10, 11)
        for x in range(-10, 11)
    )
    certified, limit = Decimal("60.00"), Decimal("1.00")
    return HolderStocked(
        name, role, SCALE, place, certified, limit, raster, pitch_mm=_HOLDER_PITCH_MM
    )


def _prepared(name: str) -> tuple[AnyEvent, ...]:
    size = Decimal("60.00")
    return (
        BlockSized(name, name, Decimal("15.000"), size, size),
        BlockIdentified(name, "code"),
        SurfaceSeen(name, "before", "a" * 64, "round", 60.0, 60.0, _OLD_MARKS),
        Planned(name, _PLAN, _SPARES, 3.4, 4.0, 0.15, 14.2),
    )


def _evidence(op: int) -> Evidence:
    return Evidence(
        boot=3, epoch=1, accepted=op, count=op, record=op % 1000, records=op, activity=2
    )


def _transfer(n: int, block: str, source: str, target: str) -> list[Step]:
    pick, release = f"op-{n + 1:06d}", f"op-{n + 2:06d}"
    before, after = _evidence(n), _evidence(n + 1)
    return [
        Step(
            TransferIntended(pick, "pick", block, source, target, 1, before),
            TransferConfirmed(pick, after, recovered=False),
        ),
        Step(
            TransferIntended(release, "release", block, source, target, 1, before),
            TransferConfirmed(release, after, recovered=False),
        ),
    ]


def _indent(n: int, block: str, position: int) -> Step:
    op, spot = f"op-{n + 1:06d}", _PLAN[position]
    intent = IndentIntended(
        op, block, position, spot.x, spot.y, SCALE, "", n + 1, 1, before=_evidence(n)
    )
    confirm = IndentConfirmed(
        op=op,
        hardness=Decimal("61.2") + Decimal(position) / 10,
        number=(n + 1) % 1000,
        raw=f"{n + 1:03d}  HRC   61.2  OK\r\n",
        received="2026-01-05T08:00:00.000+00:00",
        preliminary_dwell_ms=3000,
        loading_ms=4000,
        total_dwell_ms=5000,
        total_force_n=Decimal("1471.0"),
        after=_evidence(n + 1),
        recovered=False,
    )
    return Step(intent, confirm)

"""The open book: one transaction, and what the handlers look up in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session, SQLModel, col, select

from records.chain import JournalRow, ProjectionError
from records.tables import Block, Duty, HolderBlock, Question, Reading, Run, Tray

T = TypeVar("T", bound=SQLModel)


@dataclass(frozen=True, slots=True)
class Stamp:
    """The number of an event in the journal and when it happened (UTC)."""

    seq: int
    at: datetime

    @classmethod
    def of(cls, row: JournalRow) -> Stamp:
        """Return the stamp of a row. Raises `ValueError` if its time is none or has no zone."""
        at = datetime.fromisoformat(row.at)
        if at.tzinfo is None:
            raise ValueError(f"the time {row.at} has no zone")
        return cls(row.seq, at)


@dataclass(slots=True)
class Book:
    """A session with the look-ups of the projection, each made once per transaction."""

    session: Session
    _homes: dict[str, int | None] = field(default_factory=dict)
    _blocks: set[str] = field(default_factory=set)
    _indents: dict[str, Reading] = field(default_factory=dict)

    def put(self, fact: SQLModel) -> None:
        """Write a new row at once, so that the rows it points to are already there."""
        self.session.add(fact)
        self.session.flush()

    def meet(self, stamp: Stamp, block: str) -> str:
        """Return the name of a block, which exists from its first mention on."""
        if block not in self._blocks and self.session.get(Block, block) is None:
            self.put(Block(id=block, first_seq=stamp.seq, first_at=stamp.at))
        self._blocks.add(block)
        return block

    def moved(self, block: str, tray_seq: int | None) -> None:
        """Note that a block now stands on a tray, or (None) in the fixed holder."""
        self._homes[block] = tray_seq

    def tray_of(self, block: str) -> int | None:
        """Return the tray on which a block is being verified, or None outside any tray."""
        if block not in self._homes:
            run = self._latest_run(block)
            held = self._latest(HolderBlock, HolderBlock.block_id, block)
            on_tray = run is not None and (held is None or held.seq < run.tray_seq)
            self._homes[block] = run.tray_seq if run is not None and on_tray else None
        return self._homes[block]

    def run_of(self, block: str) -> Run | None:
        """Return the run under way for a block, if it is on a tray."""
        tray_seq = self.tray_of(block)
        return None if tray_seq is None else self.session.get(Run, (tray_seq, block))

    def duty(self, name: str) -> int | None:
        """Return the number of the latest duty of that name."""
        duty = self._latest(Duty, Duty.name, name)
        return None if duty is None else duty.seq

    def tray(self, name: str) -> Tray | None:
        """Return the latest acceptance of a tray."""
        return self._latest(Tray, Tray.name, name)

    def question(self, name: str) -> Question | None:
        """Return the latest question of that name."""
        return self._latest(Question, Question.name, name)

    def intended(self, reading: Reading) -> None:
        """Write an indentation that is about to be made."""
        self.put(reading)
        self._indents[reading.op] = reading

    def indent(self, op: str) -> Reading | None:
        """Return the latest indentation of an operation."""
        return self._indents.get(op) or self._latest(Reading, Reading.op, op)

    def _latest_run(self, block: str) -> Run | None:
        found = select(Run).where(Run.block_id == block).order_by(col(Run.tray_seq).desc())
        return self.session.exec(found.limit(1)).first()

    def _latest(self, table: type[T], column: str, value: str) -> T | None:
        order = table.__table__.c.seq.desc()  # type: ignore[attr-defined]  # SQLModel hides its table
        found = select(table).where(col(column) == value).order_by(order)
        return self.session.exec(found.limit(1)).first()


def unknown(stamp: Stamp, what: str) -> ProjectionError:
    """Return the refusal of an event that speaks of something never told."""
    return ProjectionError(
        f"journal row {stamp.seq} speaks of {what}, of which no earlier row told: "
        "the journal contradicts itself and a person must look at it"
    )

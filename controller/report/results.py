"""What came of a tray: taken from its journal alone, so it can be had again at any time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from controller.events import (
    AlarmRaised,
    AnyEvent,
    CheckJudged,
    DecisionAnswered,
    DecisionAsked,
    DutyFell,
    IndentVoided,
    Judged,
    SessionBegan,
    TrayAccepted,
    TrayFinished,
)
from controller.fold import fold_all
from controller.journal import Row
from controller.state import Block, CellState, Stage

Outcome: TypeAlias = Literal["pass", "fail", "refused", "unfinished"]
OUTCOMES: tuple[Outcome, ...] = ("pass", "fail", "refused", "unfinished")


@dataclass(frozen=True, slots=True)
class BlockResult:
    """One block of the tray. Hardness in HR of its scale, figures as the verdict has them.

    ``mean`` and ``uniformity`` are unrounded, ``value`` is the mean as a document shows
    it; deviations are measured less published. ``place`` is where the block stands.
    """

    slot: int
    block: str
    scale: str
    outcome: Outcome
    provisional: bool
    reason: str
    place: str
    readings: tuple[Decimal, ...]
    voids: int
    mean: Decimal | None = None
    value: Decimal | None = None
    uniformity: Decimal | None = None
    limit: Decimal | None = None
    expanded_uncertainty: Decimal | None = None
    published: Decimal | None = None
    published_uniformity: Decimal | None = None
    mean_deviation: Decimal | None = None
    uniformity_deviation: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What a person was asked, and the answer; an empty answer is still open."""

    question: str
    kind: str
    block: str
    text: str
    answer: str
    by: str


@dataclass(frozen=True, slots=True)
class TrayResult:
    """A tray as far as its journal goes; times in s of lab time, UTC."""

    tray: str
    regulation: str
    finished: bool
    began: datetime | None
    makespan_s: float
    sessions: int
    events: int
    blocks: tuple[BlockResult, ...]
    checks: tuple[CheckJudged, ...]
    duties: tuple[DutyFell, ...]
    alarms: tuple[AlarmRaised, ...]
    questions: tuple[Question, ...]
    voids: int

    def count(self, outcome: Outcome) -> int:
        """Return how many blocks came out so."""
        return Counter(block.outcome for block in self.blocks)[outcome]


def summarise(rows: Sequence[Row]) -> tuple[TrayResult, CellState]:
    """Return the result of the last tray of a journal, and the state it folds to.

    Raises `controller.journal.JournalError` for events of another program version.
    """
    events = [row.event() for row in rows]
    state = fold_all(events)
    start = max((i for i, e in enumerate(events) if isinstance(e, TrayAccepted)), default=0)
    began, ended = _span(rows[start:], events[start:])
    of_tray = events[start:]
    result = TrayResult(
        tray=state.tray,
        regulation=state.regulation,
        finished=state.tray_finished,
        began=began,
        makespan_s=(ended - began).total_seconds() if began and ended else 0.0,
        sessions=sum(isinstance(event, SessionBegan) for event in events),
        events=len(events),
        blocks=tuple(_block(block) for block in state.customers),
        checks=tuple(event for event in of_tray if isinstance(event, CheckJudged)),
        duties=tuple(event for event in of_tray if isinstance(event, DutyFell)),
        alarms=tuple(event for event in events if isinstance(event, AlarmRaised)),
        questions=_questions(of_tray),
        voids=sum(isinstance(event, IndentVoided) for event in of_tray),
    )
    return result, state


def _span(
    rows: Sequence[Row], events: Sequence[AnyEvent]
) -> tuple[datetime | None, datetime | None]:
    """Return when the tray was accepted and when it was done, or how far the journal goes."""
    if not rows:
        return None, None
    last = next(
        (row for row, e in zip(rows, events, strict=True) if isinstance(e, TrayFinished)), rows[-1]
    )
    return datetime.fromisoformat(rows[0].at), datetime.fromisoformat(last.at)


def _questions(events: Sequence[AnyEvent]) -> tuple[Question, ...]:
    answers = {e.question: e for e in events if isinstance(e, DecisionAnswered)}
    asked = (e for e in events if isinstance(e, DecisionAsked))
    return tuple(
        Question(
            e.question,
            e.kind,
            e.block,
            e.text,
            answers[e.question].option if e.question in answers else "",
            answers[e.question].by if e.question in answers else "",
        )
        for e in asked
    )


def _block(block: Block) -> BlockResult:
    order, verdict = block.order, block.verdict
    assert order is not None, "customers' blocks come from a manifest"
    published = (order.nominal, order.nominal_uniformity)
    mean, uniformity = (verdict.mean, verdict.uniformity) if verdict else (None, None)
    return BlockResult(
        slot=order.slot,
        block=block.name,
        scale=block.scale,
        outcome=_outcome(block, verdict),
        provisional=verdict is not None and verdict.provisional,
        reason=block.refused_because or (verdict.reason if verdict else ""),
        place=block.at,
        readings=tuple(reading.hardness for reading in block.readings),
        voids=block.voids,
        mean=mean,
        value=verdict.value if verdict else None,
        uniformity=uniformity,
        limit=verdict.limit if verdict else None,
        expanded_uncertainty=verdict.expanded_uncertainty if verdict else None,
        published=published[0],
        published_uniformity=published[1],
        mean_deviation=_difference(mean, published[0]),
        uniformity_deviation=_difference(uniformity, published[1]),
    )


def _outcome(block: Block, verdict: Judged | None) -> Outcome:
    if block.refused_because or block.stage is Stage.REFUSED:
        return "refused"
    if verdict is None:
        return "unfinished"
    return "pass" if verdict.passed else "fail"


def _difference(measured: Decimal | None, published: Decimal | None) -> Decimal | None:
    return None if measured is None or published is None else measured - published

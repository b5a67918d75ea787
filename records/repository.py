"""Questions to the information library. All read only, each in one consistent snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from sqlalchemy import Engine, Select, func
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from records.database import reading
from records.tables import (
    PROJECTED,
    CheckVerdict,
    Duty,
    Environment,
    LabSession,
    Question,
    Reading,
    Run,
    Sizing,
    SurfacePicture,
    Tray,
    Verdict,
)
from records.tables.base import BlockFact
from records.views import (
    CheckView,
    Dossier,
    DutyHistory,
    DutyView,
    EnvironmentView,
    PictureView,
    QuestionView,
    ReadingView,
    RunHistory,
    RunKey,
    RunView,
    SessionView,
    SizingView,
    TrayView,
    VerdictView,
    View,
)

T = TypeVar("T")
V = TypeVar("V", bound=View)


def trays(engine: Engine) -> tuple[TrayView, ...]:
    """Return every acceptance of a tray, oldest first."""
    with reading(engine) as session:
        return _views(session, TrayView, select(Tray).order_by(col(Tray.seq)))


def runs(engine: Engine, tray: str) -> tuple[RunView, ...]:
    """Return the runs of a tray by slot; a tray that came twice gives both, oldest first."""
    found = (
        select(Run)
        .where(col(Run.tray_seq).in_(_acceptances(tray)))
        .order_by(col(Run.tray_seq), col(Run.slot))
    )
    with reading(engine) as session:
        return _views(session, RunView, found)


def readings(engine: Engine, run: RunKey) -> tuple[ReadingView, ...]:
    """Return the indentations of a run in the order they were intended, void ones included."""
    with reading(engine) as session:
        return _of_run(session, ReadingView, Reading, run)


def duty_readings(engine: Engine, duty_seq: int) -> tuple[ReadingView, ...]:
    """Return the indentations made for a seating or check of the fixed holder."""
    found = select(Reading).where(Reading.duty_seq == duty_seq).order_by(col(Reading.seq))
    with reading(engine) as session:
        return _views(session, ReadingView, found)


def verdicts(engine: Engine, tray: str) -> tuple[VerdictView, ...]:
    """Return the verdicts that stand on a tray, in journal order: the last one of each run."""
    last = (
        sql_select(func.max(col(Verdict.seq)))
        .where(col(Verdict.tray_seq).in_(_acceptances(tray)))
        .group_by(col(Verdict.tray_seq), col(Verdict.block_id))
    )
    found = select(Verdict).where(col(Verdict.seq).in_(last)).order_by(col(Verdict.seq))
    with reading(engine) as session:
        return _views(session, VerdictView, found)


def block_history(engine: Engine, block: str) -> tuple[RunHistory, ...]:
    """Return every verification of a block, oldest first, with what was found out in each."""
    found = (
        select(Run, Tray)
        .where(Run.tray_seq == Tray.seq, Run.block_id == block)
        .order_by(col(Run.tray_seq))
    )
    with reading(engine) as session:
        return tuple(_history(session, run, tray) for run, tray in session.exec(found))


def dossier(engine: Engine, run: RunKey) -> Dossier | None:
    """Return everything a document about a run rests on; None if there is no such run.

    The session is the one that reached the last verdict; the duties are those of the tray, from
    the last opening check before the verdict on.
    """
    found = (
        select(Run, Tray)
        .where(Run.tray_seq == Tray.seq, Run.block_id == run.block)
        .where(Run.tray_seq == run.tray_seq)
    )
    with reading(engine) as session:
        pair = session.exec(found).first()
        if pair is None:
            return None
        history = _history(session, *pair)
        judged = history.verdicts[-1].seq if history.verdicts else history.tray.seq
        return Dossier(
            history=history,
            sizings=_of_run(session, SizingView, Sizing, run),
            session=_session_at(session, judged),
            duties=tuple(_duties(session, history.tray, judged)),
        )


def checks(engine: Engine) -> tuple[CheckView, ...]:
    """Return how the checks of the fixed holder came out, oldest first."""
    with reading(engine) as session:
        return _views(session, CheckView, select(CheckVerdict).order_by(col(CheckVerdict.seq)))


def questions(engine: Engine, *, open_only: bool = False) -> tuple[QuestionView, ...]:
    """Return the decisions asked for, oldest first; only those without an answer if wanted."""
    found = select(Question).order_by(col(Question.seq))
    if open_only:
        found = found.where(col(Question.answered_seq).is_(None))
    with reading(engine) as session:
        return _views(session, QuestionView, found)


def counts(engine: Engine) -> Mapping[str, int]:
    """Return how many rows each projected table holds, by name; the cursor is not counted."""
    tables = [table for table in PROJECTED if table.name != "projection"]
    with reading(engine) as session:
        return {
            table.name: session.execute(sql_select(func.count()).select_from(table)).scalar_one()
            for table in tables
        }


def _acceptances(tray: str) -> Select[int]:
    return sql_select(col(Tray.seq)).where(col(Tray.name) == tray)


def _history(session: Session, run: Run, tray: Tray) -> RunHistory:
    key = RunKey(run.tray_seq, run.block_id)
    return RunHistory(
        tray=TrayView.model_validate(tray),
        run=RunView.model_validate(run),
        readings=_of_run(session, ReadingView, Reading, key),
        verdicts=_of_run(session, VerdictView, Verdict, key),
        environment=_of_run(session, EnvironmentView, Environment, key),
        pictures=_of_run(session, PictureView, SurfacePicture, key),
    )


def _session_at(session: Session, seq: int) -> SessionView | None:
    found = (
        select(LabSession)
        .where(col(LabSession.seq) <= seq)
        .order_by(col(LabSession.seq).desc())
        .limit(1)
    )
    return next(iter(_views(session, SessionView, found)), None)


def _duties(session: Session, tray: TrayView, judged: int) -> Iterator[DutyHistory]:
    opened = session.exec(
        select(func.max(col(Duty.seq))).where(Duty.kind == "opening-check", col(Duty.seq) < judged)
    ).one()
    found = select(Duty).where(col(Duty.seq) >= min(tray.seq, opened or tray.seq))
    if tray.finished_at is not None:
        found = found.where(col(Duty.at) <= tray.finished_at)
    for duty in session.exec(found.order_by(col(Duty.seq))):
        verdict = select(CheckVerdict).where(CheckVerdict.duty_seq == duty.seq)
        made = select(Reading).where(Reading.duty_seq == duty.seq).order_by(col(Reading.seq))
        yield DutyHistory(
            duty=DutyView.model_validate(duty),
            readings=_views(session, ReadingView, made),
            verdict=next(iter(_views(session, CheckView, verdict)), None),
        )


def _of_run(session: Session, view: type[V], table: type[BlockFact], run: RunKey) -> tuple[V, ...]:
    found = (
        select(table)
        .where(table.tray_seq == run.tray_seq, table.block_id == run.block)
        .order_by(col(table.seq))
    )
    return _views(session, view, found)


def _views(session: Session, view: type[V], found: SelectOfScalar[T]) -> tuple[V, ...]:
    return tuple(view.model_validate(row) for row in session.exec(found))

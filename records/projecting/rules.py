"""Which handler takes which kind of event, and in which version of its meaning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeVar

from records import facts
from records.chain import JournalRow, ProjectionError
from records.projecting import checks, findings, indents, people, work
from records.projecting.book import Book, Stamp

F = TypeVar("F", bound=facts.Facts)


@dataclass(frozen=True, slots=True)
class Rule:
    """How one kind of event is read and applied, from its first version to this one."""

    version: int
    reads: type[facts.Facts]
    apply: Callable[[Book, Stamp, Any], None]


def _rule(version: int, reads: type[F], apply: Callable[[Book, Stamp, F], None]) -> Rule:
    return Rule(version, reads, apply)


RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "SessionBegan": _rule(1, facts.SessionBegan, work.session_began),
        "TrayAccepted": _rule(1, facts.TrayAccepted, work.tray_accepted),
        "TrayFinished": _rule(1, facts.TrayFinished, work.tray_finished),
        "BlockSized": _rule(1, facts.BlockSized, work.block_sized),
        "BlockIdentified": _rule(1, facts.BlockIdentified, work.block_identified),
        "BlockRefused": _rule(1, facts.BlockRefused, work.block_refused),
        "HolderStocked": _rule(1, facts.HolderStocked, checks.holder_stocked),
        "DutyFell": _rule(1, facts.DutyFell, checks.duty_fell),
        "CheckJudged": _rule(1, facts.CheckJudged, checks.check_judged),
        "IndentIntended": _rule(1, facts.IndentIntended, indents.intended),
        "IndentConfirmed": _rule(1, facts.IndentConfirmed, indents.confirmed),
        "IndentVoided": _rule(1, facts.Unread, indents.voided),
        "IndentDoubted": _rule(1, facts.Unread, indents.doubted),
        "NotHappened": _rule(1, facts.NotHappened, indents.not_happened),
        "SurfaceSeen": _rule(1, facts.SurfaceSeen, findings.surface_seen),
        "ClimateRead": _rule(1, facts.ClimateRead, findings.climate_read),
        "Judged": _rule(1, facts.Judged, findings.judged),
        "DecisionAsked": _rule(2, facts.DecisionAsked, people.decision_asked),
        "DecisionAnswered": _rule(2, facts.DecisionAnswered, people.decision_answered),
        "DecisionWithdrawn": _rule(1, facts.DecisionWithdrawn, people.decision_withdrawn),
    }
)


def apply(book: Book, row: JournalRow) -> None:
    """Apply one row; a kind without a rule changes nothing.

    Raises `ProjectionError` if the row cannot be read or contradicts earlier ones.
    """
    rule = RULES.get(row.kind)
    if rule is None:
        return
    if not 1 <= row.version <= rule.version:
        raise ProjectionError(
            f"journal row {row.seq} is {row.kind} version {row.version}, this program reads "
            f"version {rule.version}: project with the program version that wrote it, "
            "or a newer"
        )
    try:
        fact = rule.reads.model_validate_json(row.body)
        stamp = Stamp.of(row)
    except ValueError as error:
        raise ProjectionError(
            f"journal row {row.seq} is no readable {row.kind}: {error}"
        ) from error
    rule.apply(book, stamp, fact)

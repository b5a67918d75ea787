"""Questions to people: what may be answered, and what follows from each answer.

The policy of ``lab.toml`` says for each kind of trouble whether a person is
asked or an option is taken at once; both leave the same two events, so that the
journal always shows what was decided, and by whom.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from controller.events import (
    AnyEvent,
    BlockIdentified,
    BlockRefused,
    DecisionAnswered,
    DecisionAsked,
    DoubtWaived,
    IndentVoided,
    ModeChanged,
    RejectRowEmptied,
)
from controller.rig import Rig


def ask(
    rig: Rig, kind: str, block: str, text: str, *, op: str = "", picture: str = ""
) -> tuple[AnyEvent, ...]:
    """Return the events of asking; with a standing answer, also of what follows from it."""
    entry = rig.config.policy.entry(kind)
    deadline = ""
    if entry.action == "ask" and entry.deadline_s is not None:
        deadline = (rig.clock.utc() + timedelta(seconds=entry.deadline_s)).isoformat()
    asked = DecisionAsked(
        question=rig.next_question(),
        kind=kind,
        block=block,
        op=op,
        text=text,
        options=rig.config.policy.options(kind),
        default=entry.default,
        deadline=deadline,
        picture=picture,
    )
    if entry.action == "ask":
        return (asked,)
    return (asked, *answer(asked, entry.action, "policy"))


def answer(asked: DecisionAsked, option: str, by: str) -> tuple[AnyEvent, ...]:
    """Return the events of an answer and of all that follows from it."""
    return (DecisionAnswered(asked.question, option, by), *consequences(asked, option, by))


def consequences(asked: DecisionAsked, option: str, by: str) -> tuple[AnyEvent, ...]:
    """Return what an option means as events; nothing when the cell simply looks again."""
    if asked.device:
        # What a device hears are data: a block may well be called "stop".
        return ()
    follow = _CONSEQUENCES.get((asked.kind, option)) or _CONSEQUENCES.get(("", option))
    return follow(asked, by) if follow else ()


def _reject(asked: DecisionAsked, by: str) -> tuple[AnyEvent, ...]:
    return (BlockRefused(asked.block, f"{asked.text} (decided by {by})", "reject"),)


def _return(asked: DecisionAsked, by: str) -> tuple[AnyEvent, ...]:
    return (BlockRefused(asked.block, f"{asked.text} (decided by {by})", "slot"),)


def _skip(asked: DecisionAsked, by: str) -> tuple[AnyEvent, ...]:
    return (BlockRefused(asked.block, asked.text, "absent"),)


def _accept_identity(asked: DecisionAsked, by: str) -> tuple[AnyEvent, ...]:
    return (BlockIdentified(asked.block, by),)


def _go_on(asked: DecisionAsked, by: str) -> tuple[AnyEvent, ...]:
    return (DoubtWaived(asked.block, asked.kind, by),)


def _spent(asked: DecisionAsked, by: str) -> tuple[AnyEvent, ...]:
    return (IndentVoided(asked.op, f"{asked.text} (decided by {by})", None, ""),)


def _spent_and_reject(asked: DecisionAsked, by: str) -> tuple[AnyEvent, ...]:
    return (*_spent(asked, by), *_reject(asked, by))


def _emptied(asked: DecisionAsked, by: str) -> tuple[AnyEvent, ...]:
    return (RejectRowEmptied(by),)


def _hold(asked: DecisionAsked, by: str) -> tuple[AnyEvent, ...]:
    return (ModeChanged("HOLDING", asked.text),)


def _resume(asked: DecisionAsked, by: str) -> tuple[AnyEvent, ...]:
    return (ModeChanged("UNHOLDING", f"resumed by {by}"),)


def _stop(asked: DecisionAsked, by: str) -> tuple[AnyEvent, ...]:
    return (ModeChanged("STOPPING", asked.text),)


Consequence = Callable[[DecisionAsked, str], tuple[AnyEvent, ...]]

_CONSEQUENCES: dict[tuple[str, str], Consequence] = {
    ("unreadable_identity", "accept"): _accept_identity,
    ("wrong_kind", "accept"): _go_on,
    ("worn_surface", "accept"): _go_on,
    ("ambiguous_indent", "spent"): _spent,
    ("ambiguous_indent", "reject"): _spent_and_reject,
    ("", "reject"): _reject,
    ("", "return"): _return,
    ("", "skip"): _skip,
    ("", "emptied"): _emptied,
    ("", "hold"): _hold,
    ("", "stop"): _stop,
    ("doubt_after_restart", "resume"): _resume,
}

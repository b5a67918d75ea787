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
    BlockTakenOut,
    DecisionAnswered,
    DecisionAsked,
    DisplayRead,
    DoubtWaived,
    IndentVoided,
    ModeChanged,
    NumberRead,
    RejectRowEmptied,
    Shown,
)
from controller.rig import Rig
from controller.state import CellState
from controller.trimming import in_holder

Consequence = Callable[[DecisionAsked, str], tuple[AnyEvent, ...]]

EXCHANGED = "name it in lab.toml and restart"
"""What follows when a block of the holder is exchanged."""


RESUME_WITH = "resume-"
"""Begins the answer of who resumes and has read the tester's display: its number follows."""


def ask(
    rig: Rig,
    kind: str,
    block: str,
    text: str,
    *,
    op: str = "",
    picture: str = "",
    more: tuple[str, ...] = (),
) -> tuple[AnyEvent, ...]:
    """Return the events of asking; with a standing answer, also of what follows from it.

    ``more`` are options beside those of the policy.
    """
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
        options=(*more, *rig.config.policy.options(kind)),
        default=entry.default,
        deadline=deadline,
        picture=picture,
    )
    if entry.action == "ask":
        return (asked,)
    return (asked, *answer(asked, entry.action, "policy"))


def ask_where(rig: Rig, block: str, text: str) -> tuple[AnyEvent, ...]:
    """Return the events of asking where a block is, or what hinders its way."""
    known = rig.state.blocks[block]
    kind = "holder_block_doubt" if in_holder(known) else "transfer_doubt"
    return ask(rig, kind, block, text, op=_in_doubt(rig.state, block))


def _in_doubt(state: CellState, block: str) -> str:
    """Return the indentation of the block that only a picture can settle; empty if none."""
    return next((op for op in state.doubts if state.intents[op].block == block), "")


def answer(asked: DecisionAsked, option: str, by: str) -> tuple[AnyEvent, ...]:
    """Return the events of an answer and of all that follows from it."""
    return (DecisionAnswered(asked.question, option, by), *consequences(asked, option, by))


def consequences(asked: DecisionAsked, option: str, by: str) -> tuple[AnyEvent, ...]:
    """Return what an option means as events; nothing when the cell simply looks again."""
    if asked.device:
        # What a device hears are data: a block may well be called "stop".
        return ()
    if asked.kind == "doubt_after_restart" and option.startswith(RESUME_WITH):
        return (NumberRead(int(option.removeprefix(RESUME_WITH)), by), *_resume(asked, by))
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


def _display(shown: Shown) -> Consequence:
    """Return what follows from what the tester's display shows; whose the record is follows."""
    return lambda asked, by: (DisplayRead(asked.op, shown, by),)


def _taken_out(asked: DecisionAsked, by: str) -> tuple[AnyEvent, ...]:
    # What only a picture could have settled no picture will: the place is spent.
    spent = _spent(asked, by) if asked.op else ()
    reason = f"{asked.text} (taken out of the cell by {by})"
    return (
        *spent,
        BlockTakenOut(asked.block, by),
        BlockRefused(asked.block, reason, "absent"),
    )


def _holder_block_taken_out(asked: DecisionAsked, by: str) -> tuple[AnyEvent, ...]:
    reason = f"{asked.block} was taken out of the holder: put a new block in its place, {EXCHANGED}"
    return (BlockTakenOut(asked.block, by), ModeChanged("STOPPING", reason))


def _emptied(asked: DecisionAsked, by: str) -> tuple[AnyEvent, ...]:
    return (RejectRowEmptied(by),)


def _hold(asked: DecisionAsked, by: str) -> tuple[AnyEvent, ...]:
    return (ModeChanged("HOLDING", asked.text),)


def _resume(asked: DecisionAsked, by: str) -> tuple[AnyEvent, ...]:
    return (ModeChanged("UNHOLDING", f"resumed by {by}"),)


def _stop(asked: DecisionAsked, by: str) -> tuple[AnyEvent, ...]:
    return (ModeChanged("STOPPING", asked.text),)


_CONSEQUENCES: dict[tuple[str, str], Consequence] = {
    ("unreadable_identity", "accept"): _accept_identity,
    ("wrong_kind", "accept"): _go_on,
    ("worn_surface", "accept"): _go_on,
    ("ambiguous_indent", "spent"): _spent,
    ("ambiguous_indent", "reject"): _spent_and_reject,
    ("record_doubt", "shown"): _display("same"),
    ("record_doubt", "not-shown"): _display("other"),
    ("record_doubt", "void"): _display("unread"),
    ("transfer_doubt", "taken-out"): _taken_out,
    ("holder_block_doubt", "taken-out"): _holder_block_taken_out,
    ("", "reject"): _reject,
    ("", "return"): _return,
    ("", "skip"): _skip,
    ("", "emptied"): _emptied,
    ("", "hold"): _hold,
    ("", "stop"): _stop,
    ("doubt_after_restart", "resume"): _resume,
}

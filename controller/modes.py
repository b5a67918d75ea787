"""How a cell moves between PackML states: by command, by interlock, by completion."""

from __future__ import annotations

from controller.decisions import answer
from controller.events import AnyEvent, CommandTaken, ModeChanged
from controller.ledger import Ledger
from controller.messages import Command, Reply
from controller.packml import ACTING, after, legal
from controller.state import CellState

VERBS = {"pause": "hold", "resume": "unhold", "stop": "stop", "start": "start"}
"""What a person says, and the PackML command it is."""
MAX_TYPED = 200
"""Longest typed answer, characters."""


async def change(ledger: Ledger, trigger: str, reason: str) -> bool:
    """Take a PackML transition if it is legal; return whether it was."""

    def step(state: CellState) -> tuple[AnyEvent, ...]:
        to = after(state.mode, trigger)
        return () if to is None else (ModeChanged(to, reason),)

    return bool(await ledger.decide(step))


async def settle_mode(ledger: Ledger) -> None:
    """Leave acting states whose work is done: nothing of this cell is in motion any more."""

    def step(state: CellState) -> tuple[AnyEvent, ...]:
        to = ACTING.get(state.mode)
        return () if to is None else (ModeChanged(to, state.mode_reason),)

    while await ledger.decide(step):
        pass


class CommandError(ValueError):
    """A command cannot be carried out now; the message says why."""


async def obey(ledger: Ledger, command: Command) -> Reply:
    """Carry out a person's command, or refuse it with the reason."""
    if command.id in ledger.state.commands:
        return Reply(command.id, accepted=True, reason="already done")
    order = decided if command.verb == "decide" else commanded
    try:
        await ledger.decide(lambda state: order(state, command))
    except CommandError as refusal:
        return Reply(command.id, accepted=False, reason=str(refusal))
    return Reply(command.id, accepted=True)


def commanded(state: CellState, command: Command) -> tuple[AnyEvent, ...]:
    """Return what a command to change the mode leads to. Raises `CommandError`."""
    trigger = VERBS.get(command.verb)
    if trigger is None:
        raise CommandError(f"unknown command; known are {', '.join([*VERBS, 'decide'])}")
    to = after(state.mode, trigger)
    if to is None:
        can = ", ".join(verb for verb, t in VERBS.items() if t in legal(state.mode)) or "nothing"
        raise CommandError(f"not possible in {state.mode}; possible now: {can}")
    if command.verb == "resume" and state.undecided:
        first = ", ".join(asked.question for asked in state.undecided)
        raise CommandError(f"first answer {first} (hardlab decide)")
    return (_taken(command), ModeChanged(to, f"{command.verb} by {command.by}"))


def decided(state: CellState, command: Command) -> tuple[AnyEvent, ...]:
    """Return what a person's answer leads to. Raises `CommandError`."""
    question, option = str(command.args.get("question", "")), str(command.args.get("option", ""))
    asked = state.questions.get(question)
    if asked is None:
        open_now = ", ".join(state.questions) or "none"
        raise CommandError(f"no open question {question!r}; open: {open_now}")
    if option not in asked.options and not (asked.form and _typed(option)):
        typed = (f"or type {asked.form}",) if asked.form else ()
        answers = ", ".join((*asked.options, *typed))
        raise CommandError(f"{option!r} is not an answer to {question}; answers: {answers}")
    return (_taken(command), *answer(asked, option, command.by))


def _typed(text: str) -> bool:
    """Return whether a text may be passed on to whoever asked, who checks what it means."""
    return bool(text.strip()) and text.isprintable() and len(text) <= MAX_TYPED


def _taken(command: Command) -> CommandTaken:
    return CommandTaken(command.id, command.verb, command.by)

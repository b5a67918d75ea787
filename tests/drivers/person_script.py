"""A person by script, for the tests of the manual drivers."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from drivers.person import Desk
from runtime import Clock

Answer = str | None | Callable[[], str | None]


class Scripted:
    """Gives the next answer of the script; None is one who does not answer at all.

    ``asked`` are the questions with their options, as the person saw them.
    """

    def __init__(self, *answers: Answer) -> None:
        self.answers: list[Answer] = list(answers)
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    async def ask(
        self, question: str, *, options: Sequence[str], form: str, seconds: float
    ) -> str | None:
        self.asked.append((question, tuple(options)))
        assert options or form
        await asyncio.sleep(3.0)
        assert self.answers, f"asked without an answer in the script: {question}"
        answer = self.answers.pop(0)
        said = answer() if callable(answer) else answer
        if said is None:
            await asyncio.sleep(1e9)
        return said

    @property
    def questions(self) -> list[str]:
        return [question for question, _ in self.asked]


def at_desk(*answers: Answer, patience_s: float = 60.0) -> tuple[Scripted, Desk, Clock]:
    """Make it inside a running loop."""
    clock = Clock.starting(datetime(2026, 3, 1, 8, 0, tzinfo=UTC))
    person = Scripted(*answers)
    return person, Desk(person, clock, patience_s=patience_s), clock

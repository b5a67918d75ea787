"""A person as a device: asked one question at a time, answered in words that are checked.

`Person` is the one seam: a terminal, a page of the supervision or a script in a
test can stand behind it. `Desk` asks through it and takes only answers that fit the
question. A person answers late, wrongly or not at all, and that is a value as well.
"""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, TypeVar

from drivers.interfaces import Failure, NotDone, Unknown
from runtime import Clock

T = TypeVar("T")

DONE, NOT_DONE, UNSURE = "done", "not done", "not sure"

REMEDY = "; answer the question while it stands, it is asked again"

_NUMBER = re.compile(r"[+-]?\d{1,7}(\.\d{1,6})?", re.ASCII)


class Person(Protocol):
    """Shows a question and returns the answer.

    A question belongs to its asker: when the call is cancelled or ``seconds`` of link
    time are over, it is withdrawn, and an answer given later is nobody's.
    """

    async def ask(
        self, question: str, *, options: Sequence[str], form: str, seconds: float
    ) -> str | None:
        """Return what was chosen or typed, None if nobody answered in time.

        ``options`` may be chosen; ``form`` tells what may be typed instead, if anything.
        """
        ...


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number to be typed: its name, unit and limits, both allowed."""

    name: str
    unit: str
    low: Decimal
    high: Decimal

    def __str__(self) -> str:
        return f"{self.name} in {self.unit}" if self.unit else self.name


class Desk:
    """Asks one person one question at a time; several manual drivers may share it.

    ``patience_s`` of link time is how long a question waits for a fitting answer;
    one that does not fit is told why, and the question stays.
    """

    def __init__(self, person: Person, clock: Clock, *, patience_s: float = 600.0) -> None:
        self._person = person
        self._clock = clock
        self._patience_s = patience_s
        self._turn = asyncio.Lock()

    async def choose(self, question: str, options: Sequence[str]) -> str | None:
        """Return one of the options, None when nobody answered in time."""
        return await self.answer(question, lambda _: "choose one of the answers", "", options)

    async def numbers(
        self, question: str, quantities: Sequence[Quantity], *, options: Collection[str] = ()
    ) -> tuple[Decimal, ...] | str | None:
        """Return as many numbers as asked for, with the digits typed, or one of the options."""
        form = "; ".join(str(quantity) for quantity in quantities)
        return await self.answer(question, lambda text: _read(text, quantities), form, options)

    async def answer(
        self,
        question: str,
        read: Callable[[str], T | str],
        form: str,
        options: Collection[str] = (),
    ) -> T | str | None:
        """Return an option, or what ``read`` makes of the text: a value, or a complaint (str).

        Options are written in small letters; ``form`` is empty if nothing may be typed.
        """
        async with self._turn:
            end = self._clock.link() + self._patience_s
            shown = question
            while (left := end - self._clock.link()) > 0:
                said = await self._ask(shown, tuple(options), form, left)
                if said is None:
                    return None
                text = unicodedata.normalize("NFKC", said).strip()
                if text.casefold() in options:
                    return text.casefold()
                found = read(text)
                if not isinstance(found, str):
                    return found
                shown = f"{question}\n{text!r} does not fit: {found}"
            return None

    async def _ask(
        self, question: str, options: tuple[str, ...], form: str, seconds: float
    ) -> str | None:
        # Whatever stands behind the seam, the deadline holds.
        try:
            async with asyncio.timeout(seconds):
                return await self._person.ask(question, options=options, form=form, seconds=seconds)
        except TimeoutError:
            return None


def nobody(what: str) -> NotDone:
    """Return the outcome of a query that nobody answered."""
    return NotDone(Failure.NO_REPLY, f"nobody answered: {what}{REMEDY}")


def verdict(answer: str | None, what: str) -> NotDone | Unknown | None:
    """Return the outcome of something a person was asked to do, None when it was done."""
    match answer:
        case "done":
            return None
        case "not done":
            return NotDone(Failure.FAULT, f"not done by hand: {what}")
        case None:
            return Unknown(Failure.NO_REPLY, f"nobody told the end: {what}{REMEDY}")
    return Unknown(Failure.FAULT, f"the person is not sure: {what}")


def _read(text: str, quantities: Sequence[Quantity]) -> tuple[Decimal, ...] | str:
    words = text.split()
    if len(words) != len(quantities):
        return f"{len(quantities)} numbers are asked for, not {len(words)}"
    for word, quantity in zip(words, quantities, strict=True):
        if not _NUMBER.fullmatch(word):
            return f"{quantity.name}: {word} is not a number such as 61.20"
        if not quantity.low <= Decimal(word) <= quantity.high:
            return f"{quantity.name}: {word} is not within {quantity.low}..{quantity.high}"
    return tuple(Decimal(word) for word in words)

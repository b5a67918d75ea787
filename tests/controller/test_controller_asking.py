"""A person behind a device asks by the journal and takes no more than an answer to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from controller.asking import JournaledPerson
from controller.events import DecisionAnswered, DecisionAsked, DecisionWithdrawn
from controller.journal import read_rows
from controller.journal_row import JournalError, Row, next_row
from controller.ledger import Ledger
from controller.messages import Command
from controller.modes import obey
from controller.operating.notify import Notifier
from controller.operating.operation import ACTION_S, Operation
from drivers.person import Desk, Quantity
from runtime import Clock, run_virtual

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
OFFERED = ("done", "not done")
LENGTH = Quantity("length", "mm", Decimal(-5), Decimal(500))

Scene = Callable[[Ledger, JournaledPerson], Awaitable[None]]


def play(folder: Path, scene: Scene, *, speed: float = 1.0) -> list[object]:
    """Play a scene; return the events of its journal."""

    async def main() -> None:
        ledger = Ledger.open(folder / "journal.sqlite", Clock.starting(START, speed))
        await scene(ledger, JournaledPerson(ledger, "climate"))
        with suppress(JournalError):
            ledger.journal.close()

    run_virtual(main())
    return [row.event() for row in read_rows(folder / "journal.sqlite")]


async def say(ledger: Ledger, question: str, option: str) -> tuple[bool, str]:
    command = Command(f"{question} {option}", "decide", {"question": question, "option": option})
    reply = await obey(ledger, command)
    return reply.accepted, reply.reason


async def asking(person: JournaledPerson, **how: str) -> asyncio.Task[str | None]:
    task = asyncio.ensure_future(
        person.ask("Well?", options=OFFERED, form=how.get("form", ""), seconds=600.0)
    )
    await asyncio.sleep(1)
    return task


def test_a_question_stands_in_the_journal_until_it_is_answered(tmp_path: Path) -> None:
    async def scene(ledger: Ledger, person: JournaledPerson) -> None:
        task = await asking(person, form="°C")
        (asked,) = ledger.state.questions.values()
        assert (asked.device, asked.form, asked.options) == ("climate", "°C", OFFERED)
        # 600 s of a person are 3000 s of a lab that runs five times as fast.
        assert datetime.fromisoformat(asked.deadline) == START + timedelta(seconds=3000)
        assert not ledger.state.cell_in_question and not ledger.state.undecided
        assert await say(ledger, "q-0001", "23.1") == (True, "")
        assert await task == "23.1"
        assert not ledger.state.questions and not ledger.state.answers and not ledger.listeners

    asked, _, answered = play(tmp_path, scene, speed=5.0)
    assert isinstance(asked, DecisionAsked) and isinstance(answered, DecisionAnswered)


def test_only_what_is_offered_or_has_a_form_is_taken(tmp_path: Path) -> None:
    async def scene(ledger: Ledger, person: JournaledPerson) -> None:
        task = await asking(person)
        taken, reason = await say(ledger, "q-0001", "perhaps")
        assert not taken and reason.endswith("answers: done, not done")
        assert (await say(ledger, "q-0001", "not done"))[0]
        assert await task == "not done"

    play(tmp_path, scene)


def test_a_question_whose_asker_is_gone_is_withdrawn(tmp_path: Path) -> None:
    async def scene(ledger: Ledger, person: JournaledPerson) -> None:
        desk = Desk(person, ledger.clock, patience_s=5.0)
        assert await desk.numbers("How long?", [LENGTH]) is None
        assert not ledger.state.questions and not ledger.listeners
        taken, reason = await say(ledger, "q-0001", "60")
        assert not taken and "no open question" in reason

    _, withdrawn = play(tmp_path, scene)
    assert isinstance(withdrawn, DecisionWithdrawn)


def test_asked_twice_is_another_question(tmp_path: Path) -> None:
    async def scene(ledger: Ledger, person: JournaledPerson) -> None:
        for number in ("q-0001", "q-0002"):
            task = await asking(person)
            assert list(ledger.state.questions) == [number]
            await say(ledger, number, "done")
            assert await task == "done"

    play(tmp_path, scene)


def test_a_killed_process_withdraws_nothing_and_says_nothing(tmp_path: Path) -> None:
    async def scene(ledger: Ledger, person: JournaledPerson) -> None:
        task = await asking(person)
        ledger.journal.die()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    (asked,) = play(tmp_path, scene)
    assert isinstance(asked, DecisionAsked)


def test_who_waits_for_a_person_is_not_taken_for_dead(tmp_path: Path) -> None:
    async def scene(ledger: Ledger, person: JournaledPerson) -> None:
        operation = Operation("cell", asyncio.get_running_loop().time, Notifier())
        ledger.listeners.append(operation.heard)
        # What the asking task begins, it waits for; the other stands still on its own.
        operation.began("vision", "Photograph", "")
        operation.began("tester", "Indent", "B")
        task = await asking(person)
        await asyncio.sleep(ACTION_S + 60)
        assert operation.beats.stalled() == ("vision",)
        await say(ledger, "q-0001", "done")
        await task
        await asyncio.sleep(ACTION_S + 60)
        assert operation.beats.stalled() == ("tester", "vision")
        ledger.listeners.clear()

    play(tmp_path, scene)


def test_questions_of_the_first_version_are_still_read() -> None:
    event = DecisionAsked("q-1", "no_room", "B", "", "", ("reject",), "reject", "", "")
    row = next_row("0" * 64, 1, START.isoformat(), event)
    body = row.body.replace(',"device":"","form":""', "")
    assert body != row.body
    assert Row(1, row.at, row.kind, 1, body, "").event() == event
    with pytest.raises(JournalError, match="newer one"):
        Row(1, row.at, row.kind, 3, row.body, "").event()

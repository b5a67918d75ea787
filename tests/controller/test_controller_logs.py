"""Logs: one JSON line per thing of interest, with what it is about."""

import asyncio
import io
import json
import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.events import AlarmCleared, AlarmRaised, ArmMoved, IndentVoided, JournalSealed
from controller.operating import logs
from controller.operating.levels import LogLevel
from controller.operating.logs import JsonFormatter, log_event
from controller.operating.notify import Notifier
from controller.operating.operation import Operation
from runtime import run_virtual
from tests.controller.any_event import EVENTS

STAMP = "2026-01-05T08:00:00.000+00:00"


@pytest.fixture
def lines():
    """Collect what the loggers of this test write, as parsed lines."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter(lambda: STAMP))
    root = logging.getLogger()
    level, before = root.level, logging.getLogger("pymodbus").level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)
    logging.getLogger("pymodbus").setLevel(before)


@settings(deadline=None)
@given(st.text(), st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))
def test_any_message_is_one_line_of_json(message, facts):
    record = logging.LogRecord("x", logging.INFO, "", 0, "%s", (message,), None)
    record.facts = facts
    line = JsonFormatter(lambda: STAMP).format(record)
    assert "\n" not in line
    told = json.loads(line)
    assert told["message"] == facts.get("message", message)


@settings(deadline=None)
@given(EVENTS)
def test_any_event_can_be_logged(event):
    record = []
    handler = logging.Handler()
    handler.emit = lambda r: record.append(JsonFormatter(lambda: STAMP).format(r))
    logger = logging.getLogger("hardlab.journal")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        log_event(7, event)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    (line,) = map(json.loads, record)
    assert line["event"] == type(event).__name__ and line["seq"] == 7


def test_a_lost_link_is_an_error_its_return_a_warning_and_small_things_are_silent(lines):
    log_event(1, AlarmRaised("device-no-link", "station", "tcp://x: refused"))
    log_event(2, AlarmCleared("device-no-link", "station"))
    log_event(3, ArmMoved("slot-01"))
    log_event(4, IndentVoided("op-1", "no record", None, "", 0))
    told = lines()
    assert [line["level"] for line in told] == ["error", "warning", "warning"]
    assert told[0]["source"] == "station" and "refused" in told[0]["message"]
    assert told[0]["time"] == STAMP


def test_a_line_of_anybody_carries_what_its_task_is_about(lines):
    driver = logging.getLogger("drivers.textline")

    async def worker(operation, who, block):
        operation.began(who, "Indent", block)
        await asyncio.sleep(1)
        driver.warning("noise")
        operation.ended(who)
        driver.warning("afterwards")

    async def main():
        operation = Operation("rockwell-1", asyncio.get_running_loop().time, Notifier())
        async with asyncio.TaskGroup() as group:
            group.create_task(worker(operation, "tester", "B1"))
            group.create_task(worker(operation, "arm", "B2"))

    run_virtual(main())
    told = lines()
    assert [(line["cell"], line.get("block")) for line in told] == [
        ("rockwell-1", "B1"),
        ("rockwell-1", None),
        ("rockwell-1", "B2"),
        ("rockwell-1", None),
    ]
    assert told[0]["action"] == "Indent"


def test_libraries_that_repeat_themselves_are_silenced_unless_debugging(lines):
    modbus = logging.getLogger("pymodbus.logging")
    logs.tame(LogLevel.INFO)
    modbus.error("connection lost, again")
    assert lines() == []
    logs.tame(LogLevel.DEBUG)
    modbus.error("connection lost, again")
    assert len(lines()) == 1


def test_half_a_character_costs_no_line():
    record = logging.LogRecord("x", logging.INFO, "", 0, "%s", ("\udcff标",), None)
    line = JsonFormatter(lambda: STAMP).format(record)
    assert json.loads(line.encode())["message"] == "\udcff标"


def test_an_exception_stays_on_its_line(lines):
    try:
        raise ValueError("boom")
    except ValueError:
        logging.getLogger("x").exception("it failed")
    (line,) = lines()
    assert "ValueError: boom" in line["trace"]


def test_a_sealing_is_one_short_line_without_the_state_that_it_carries(lines):
    state = '{"session":1,' + "x" * 100_000 + "}"
    log_event(9, JournalSealed(1, "T", "000001-T.jsonl", "a" * 64, 1, 8, "b" * 64, 1, state))
    (line,) = lines()
    assert line["archive"] == "000001-T.jsonl" and "state" not in line

"""The command line: helpful to a newcomer, one line per foreseeable trouble, never a traceback."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from controller.cli.app import build
from controller.events import BlockOrder, SessionBegan, TrayAccepted, TrayFinished
from controller.journal import Journal

EXAMPLES = Path(__file__).parents[2] / "examples"
AT = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
LIVE = [["status"], ["pause"], ["resume"], ["stop"], ["decide", "q-0001", "reject"]]
READING = [["journal", "dump"], ["journal", "verify"], ["journal", "show"], ["records"]]


def call(*args: str) -> Result:
    return CliRunner().invoke(build(), list(args))


def refused(result: Result, code: int = 2) -> str:
    """One short line, and no traceback."""
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert isinstance(result.exception, SystemExit)
    assert result.stderr.startswith("hardlab: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a run with a small journal."""
    journal = Journal(tmp_path / "journal.sqlite")
    journal.append(AT, (SessionBegan(1, "p", "c", 1),), durable=True)
    order = BlockOrder("A-1", "HRC", 1, "round", 64, 64)
    journal.append(AT, (TrayAccepted("tray", "jjg113-2013", (order,)),), durable=True)
    journal.append(AT, (TrayFinished("tray", 3, 1, 0),), durable=True)
    journal.close()
    return tmp_path


@pytest.mark.parametrize("command", [["demo"], *LIVE, *READING, ["config", "check"]])
def test_every_command_explains_itself(command: list[str]) -> None:
    result = call(*[word for word in command if word not in ("q-0001", "reject")], "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_the_first_help_names_what_to_do_first() -> None:
    result = call("--help")
    for word in ("demo", "status", "pause", "resume", "stop", "decide", "journal", "records"):
        assert word in result.output


@pytest.mark.parametrize("command", LIVE)
def test_an_order_without_a_cell_says_how_to_start_one(command: list[str], tmp_path: Path) -> None:
    assert "hardlab demo --watch" in refused(call(*command, "--out", str(tmp_path)))


@pytest.mark.parametrize("command", READING)
def test_a_folder_without_a_run_is_named(command: list[str], tmp_path: Path) -> None:
    assert str(tmp_path) in refused(call(*command, "--out", str(tmp_path)))
    assert list(tmp_path.iterdir()) == [], "looking must not make anything"


@pytest.mark.parametrize("content", [b"", b"not a database, but a text of some length" * 50])
@pytest.mark.parametrize("command", READING[:3])
def test_a_file_that_is_no_journal_is_refused(
    command: list[str], content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "journal.sqlite").write_bytes(content)
    refused(call(*command, "--out", str(tmp_path)))


def test_dump_is_one_canonical_json_object_a_line(run: Path) -> None:
    lines = call("journal", "dump", "--out", str(run)).stdout.splitlines()
    data = [json.loads(line) for line in lines]
    assert [item["kind"] for item in data] == ["SessionBegan", "TrayAccepted", "TrayFinished"]
    assert data[2]["body"] == {"tray": "tray", "passed": 3, "failed": 1, "refused": 0}
    for line, item in zip(lines, data, strict=True):
        assert line == json.dumps(item, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_show_tells_events_in_words(run: Path) -> None:
    assert "3 passed, 1 failed" in call("journal", "show", "--out", str(run)).stdout
    last = call("journal", "show", "--last", "1", "--out", str(run)).stdout
    assert last.count("\n") == 1
    assert "finished" in last
    refused(call("journal", "show", "--block", "nobody", "--out", str(run)), code=1)


def test_verify_finds_a_changed_figure(run: Path) -> None:
    good = call("journal", "verify", "--out", str(run))
    assert good.exit_code == 0
    assert "whole" in good.stdout
    with sqlite3.connect(run / "journal.sqlite") as db:
        db.execute("UPDATE event SET body = replace(body, '\"failed\":1', '\"failed\":0')")
    db.close()
    assert "first at 3" in refused(call("journal", "verify", "--out", str(run)), code=1)


def test_an_event_of_a_newer_program_is_named_when_shown(run: Path) -> None:
    with sqlite3.connect(run / "journal.sqlite") as db:
        db.execute("UPDATE event SET version = 99 WHERE seq = 2")
    db.close()
    assert "version 99" in refused(call("journal", "show", "--out", str(run)))


def test_records_are_made_on_demand_and_compared_with_the_journal(run: Path) -> None:
    assert "--catch-up" in refused(call("records", "--out", str(run)))
    made = call("records", "--catch-up", "--verify", "--out", str(run))
    assert made.exit_code == 0, made.output
    assert "lab_session 1" in made.stdout
    with sqlite3.connect(run / "records.sqlite") as db:
        db.execute("UPDATE lab_session SET seed = 2")
    db.close()
    result = call("records", "--verify", "--out", str(run))
    assert result.exit_code == 1
    assert "lab_session" in result.stderr


def test_records_that_are_no_database_say_how_to_make_new_ones(run: Path) -> None:
    (run / "records.sqlite").write_bytes(b"text" * 1000)
    assert "--catch-up" in refused(call("records", "--out", str(run)))


def test_a_good_configuration_is_summed_up() -> None:
    result = call("config", "check", str(EXAMPLES / "lab.toml"))
    assert result.exit_code == 0
    assert "JJG 113-2013" in result.stdout
    assert "provisional" in result.stdout


def test_every_mistake_of_a_configuration_is_a_line(tmp_path: Path) -> None:
    text = (EXAMPLES / "lab.toml").read_text(encoding="utf-8")
    bad = tmp_path / "lab.toml"
    bad.write_text(text.replace("slots = 33", "slots = 0").replace("[duties]", "[dutys]"))
    result = call("config", "check", str(bad))
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) >= 2
    assert all(line.startswith(f"hardlab: {bad}: ") for line in result.stderr.splitlines())
    refused(call("config", "check", str(tmp_path / "missing.toml")))

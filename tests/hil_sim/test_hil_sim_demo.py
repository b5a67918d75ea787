"""`hardlab demo` as a person meets it: results, resumption, refusal, orders."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from controller.events import IndentIntended
from controller.journal import Row, read_rows
from controller.modes import change
from controller.rig import Rig
from hil_sim.scenario.demo_folder import DemoFolder
from hil_sim.scenario.demo_request import Refused, Request, read_job
from hil_sim.scenario.demo_run import run_job
from hil_sim.scenario.demo_session import run_demo
from hil_sim.scenario.progress import Silent
from hil_sim.scenario.run import Killed

ROOT = Path(__file__).parents[2]
HEADER = "slot,number,scale,shape,width_mm,depth_mm,nominal,nominal_uniformity\n"
GOOD = "1,A-1,HRC,round,64,64,61.2,0.2\n"
BAD = "2,B-2,HRC,round,64,64,61.7,0.3\n"
TRUTH = "number,hardness,uniformity,old_marks,code\nA-1,61.2,0.2,0,\nB-2,61.6,0.9,6,\n"


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tray of two blocks, one of which must fail."""
    path = tmp_path_factory.mktemp("small") / "small.csv"
    path.write_text(HEADER + GOOD + BAD, encoding="utf-8")
    path.with_name("small.truth.csv").write_text(TRUTH, encoding="utf-8")
    return path


def hardlab(*args: object, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "controller.cli", *map(str, args)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def dump(out: Path, cwd: Path) -> str:
    done = hardlab("journal", "dump", "--out", out, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_results_are_the_same_on_the_screen_in_files_and_under_another_hash_seed(
    small: Path, tmp_path: Path
) -> None:
    first, second = (
        hardlab(
            *("demo", "--json", "--no-images", "--manifest", small, "--out", f"run{seed}"),
            cwd=tmp_path,
            PYTHONHASHSEED=seed,
        )
        for seed in ("1", "2")
    )
    assert first.returncode == 0, first.stderr
    assert first.stderr == ""
    assert first.stdout == second.stdout
    assert first.stdout == (tmp_path / "run1" / "results.json").read_text(encoding="utf-8")
    assert dump(tmp_path / "run1", tmp_path) == dump(tmp_path / "run2", tmp_path)
    data = json.loads(first.stdout)
    assert [b["outcome"] for b in data["blocks"]] == ["pass", "fail"]
    assert [b["place"] for b in data["blocks"]] == ["slot-01", "reject-01"]
    with (tmp_path / "run1" / "results.csv").open(encoding="utf-8", newline="") as file:
        sheet = list(csv.DictReader(file))
    assert [row["mean"] for row in sheet] == [b["mean"] for b in data["blocks"]]
    assert data["simulation"]["accidents"] == []
    assert data["simulation"]["truth"]["B-2"]["risk"] > 0.99
    assert data["simulation"]["expected_rejections"] < 0.01
    assert 0 < data["simulation"]["excess"] < 0.03, "the ends of a short tray weigh more"


def test_the_example_tray_comes_out_as_prepared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_demo(Request(out=tmp_path, as_json=True, images=False)) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["counts"] == {"pass": 31, "fail": 2, "refused": 0, "unfinished": 0}
    rejected = [b["block"] for b in data["blocks"] if b["place"].startswith("reject")]
    assert rejected == ["2014-320", "2014-321"]
    assert all(
        b["place"] == f"slot-{b['slot']:02d}" for b in data["blocks"] if b["outcome"] == "pass"
    )
    known = data["simulation"]
    assert (known["good_rejected"], known["bad_passed"], known["accidents"]) == ([], [], [])
    for quantity in ("hardness", "uniformity"):
        assert Decimal(known[quantity]["mean"]) <= Decimal("0.05")
        assert Decimal(known[quantity]["largest"]) <= Decimal("0.1")
    assert 0 <= known["excess"] < 0.01
    assert not data["alarms"]
    assert all(check["good"] for check in data["checks"])


def test_a_person_gets_a_table_pictures_and_where_everything_lies(
    small: Path, tmp_path: Path
) -> None:
    done = hardlab("demo", "--manifest", small, "--seed", 3, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    out = tmp_path / "out" / "demo-3"
    for word in ("FAIL 不合格", "pass 合格", "reject-01", "provisional", "bound", "journal.sqlite"):
        assert word in done.stdout
    for name in ("A-1", "B-2"):
        assert (out / "plans" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    again = hardlab("records", "--verify", "--out", out, cwd=tmp_path)
    assert "as the journal has it" in again.stdout, again.stderr


def request(small: Path, out: Path, **more: Any) -> Request:
    return Request(manifest=small, out=out, as_json=True, images=False, **more)


class Stops(Silent):
    """Stops the cell, as a person would, after so many changes."""

    def __init__(self, after: int) -> None:
        self.after = after

    async def attend(self, rig: Rig) -> None:
        while rig.ledger.version < self.after:
            await rig.ledger.changed(rig.ledger.version)
        assert await change(rig.ledger, "stop", "test")


def spent(rows: Sequence[Row]) -> list[tuple[str, int, int]]:
    bodies = (json.loads(row.body) for row in rows if row.kind == "IndentIntended")
    return [(body["block"], body["position"], body["attempt"]) for body in bodies]


@contextmanager
def watched(tray: Path, cwd: Path, pace: int, *more: str) -> Iterator[subprocess.Popen[str]]:
    """A run in a process of its own, slow enough to meet it at work; killed at the end."""
    options = ["--watch", "--pace", str(pace), "--no-images", "--out", "run", *more]
    with subprocess.Popen(
        [sys.executable, "-m", "controller.cli", "demo", *options, "--manifest", str(tray)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def test_a_killed_run_goes_on_and_no_indentation_is_made_twice(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = tmp_path / "run" / "journal.sqlite"
    with watched(small, tmp_path, 200) as running:
        # Each look is a process: that is pause enough between two of them.
        while (
            '"IndentConfirmed"'
            not in hardlab("journal", "dump", "--out", "run", cwd=tmp_path).stdout
        ):
            assert running.poll() is None
        running.kill()
        running.wait()
    before = list(read_rows(journal))
    assert run_demo(request(small, tmp_path / "run")) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["sessions"] == 2
    assert [b["outcome"] for b in data["blocks"]] == ["pass", "fail"]
    assert data["simulation"]["accidents"] == []
    assert data["simulation"]["excess"] is None
    rows = list(read_rows(journal))
    assert rows[: len(before)] == before, "history is only added to"
    assert len(spent(rows)) == len(set(spent(rows)))


class Dies(Silent):
    """Dies, and the simulated cell with it, some seconds after the third cycle was intended."""

    def __init__(self, after_s: float) -> None:
        self.after_s = after_s

    async def attend(self, rig: Rig) -> None:
        while rig.state.records < 2 or not any(
            isinstance(one, IndentIntended) for one in rig.state.intents.values()
        ):
            await rig.ledger.changed(rig.ledger.version)
        await rig.clock.sleep(self.after_s)
        raise Killed


@pytest.mark.parametrize("after_s", range(1, 21))
def test_a_run_killed_at_any_second_of_a_cycle_needs_nobody(
    after_s: float, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job, folder = read_job(request(small, tmp_path)), DemoFolder(tmp_path)
    with folder.ours():
        assert folder.prepare(job) == "fresh"
        with pytest.raises(Killed):
            run_job(job, folder, Dies(after_s))
    assert run_demo(request(small, tmp_path)) == 0
    data = json.loads(capsys.readouterr().out)
    assert [b["outcome"] for b in data["blocks"]] == ["pass", "fail"]
    assert data["simulation"]["accidents"] == []
    assert data["voids"] <= 1, "at most one for a death"


def test_a_stopped_run_says_so_and_goes_on(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job, folder = read_job(request(small, tmp_path)), DemoFolder(tmp_path)
    with folder.ours():
        assert folder.prepare(job) == "fresh"
        assert run_job(job, folder, Stops(after=80)).end == "stopped"
        assert folder.prepare(job) == "resumed"
        with pytest.raises(Refused, match="another seed"):
            folder.prepare(read_job(request(small, tmp_path, seed=2)))
    assert run_demo(request(small, tmp_path)) == 0
    assert json.loads(capsys.readouterr().out)["finished"]
    assert len(set(found := spent(folder.rows()))) == len(found)


def test_a_finished_run_that_was_never_reported_is_reported_and_not_repeated(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_demo(request(small, tmp_path)) == 0
    first, folder = capsys.readouterr().out, DemoFolder(tmp_path)
    head = folder.rows()[-1].hash
    folder.results[1].unlink()
    assert run_demo(request(small, tmp_path)) == 0
    assert capsys.readouterr().out == first
    assert folder.rows()[-1].hash == head


def test_a_cell_that_waits_for_a_person_ends_the_run_with_the_question(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "lab.toml"
    text = (ROOT / "examples" / "lab.toml").read_text(encoding="utf-8")
    config.write_text(text.replace("tester_bias = 0.0", "tester_bias = 5.0"), encoding="utf-8")
    assert run_demo(request(small, tmp_path / "run", config=config)) == 1
    said = capsys.readouterr()
    assert "q-0001" in said.err
    assert "--watch" in said.err
    data = json.loads(said.out)
    assert (data["end"], data["finished"]) == ("stalled", False)


def test_a_finished_run_is_replaced_and_a_strangers_folder_is_not(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert run_demo(request(small, out)) == 0
    (out / "mine.txt").write_text("keep me")
    first = capsys.readouterr().out
    assert run_demo(request(small, out)) == 0
    assert capsys.readouterr().out == first
    assert (out / "mine.txt").read_text() == "keep me"
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    assert run_demo(request(small, tmp_path / "thesis")) == 2
    assert "chapter.txt" in capsys.readouterr().err


def test_two_runs_in_one_folder_exclude_each_other(tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path)
    with folder.ours(), pytest.raises(Refused, match="another run"), folder.ours():
        pass
    with folder.ours():
        pass


MANIFESTS = {
    "missing.csv": None,
    "empty.csv": "",
    "header.csv": "slot,number\n1,A\n",
    "slot.csv": HEADER + GOOD.replace("1,A-1", "99,A-1"),
    "twice.csv": HEADER + GOOD + GOOD,
    "scale.csv": HEADER + GOOD.replace("HRC", "HBW"),
    "own.csv": HEADER + GOOD.replace("A-1", "CHECK-HRC-1"),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_bad_manifest_is_refused_before_anything_exists(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    content = MANIFESTS[name]
    if content is not None:
        path.write_text(content, encoding="utf-8")
    out = tmp_path / "out"
    assert run_demo(request(path, out)) == 2
    said = capsys.readouterr()
    assert said.out == ""
    for line in said.err.splitlines():
        assert line.startswith(f"hardlab: {path} row ")
        assert ";" in line, "says what to do"
    assert said.err
    assert not out.exists()


def test_a_bad_truth_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.csv"
    path.write_text(HEADER + GOOD, encoding="utf-8")
    path.with_name("t.truth.csv").write_text("number,hardness\nA-1,soft\n", encoding="utf-8")
    assert run_demo(request(path, tmp_path / "out")) == 2
    assert "t.truth.csv" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_demo_never_opens_a_real_line(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "examples" / "lab.toml").read_text(encoding="utf-8")
    config = tmp_path / "lab.toml"
    config.write_text(text.replace("memory://arm", "tcp://10.0.0.7:502"), encoding="utf-8")
    assert run_demo(request(small, tmp_path / "out", config=config)) == 2
    assert "tcp://10.0.0.7:502" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["", "[lab]\nname = 3\n", "[[["])
def test_a_bad_configuration_is_refused(
    text: str, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "lab.toml"
    config.write_text(text, encoding="utf-8")
    assert run_demo(request(small, tmp_path / "out", config=config)) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines
    assert all(str(config) in line for line in lines)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"garbage" * 400, b""])
def test_a_journal_that_is_none_is_refused_with_a_remedy(
    content: bytes, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job, folder = read_job(request(small, tmp_path)), DemoFolder(tmp_path)
    with folder.ours():
        folder.prepare(job)
    folder.folder.journal.write_bytes(content)
    assert run_demo(request(small, tmp_path)) == 2
    assert "--out" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_refused(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert run_demo(request(small, tmp_path / "file" / "out")) == 2
    assert "--out" in capsys.readouterr().err


def test_orders_reach_a_watched_run(tmp_path: Path) -> None:
    tray = tmp_path / "tray.csv"
    tray.write_text(HEADER + GOOD + BAD, encoding="utf-8")
    unreadable = TRUTH.replace("A-1,61.2,0.2,0,", "A-1,61.2,0.2,0,?")
    tray.with_name("tray.truth.csv").write_text(unreadable, encoding="utf-8")
    # On a busy machine an order takes its time: the question waits, and so does the cell.
    config = tmp_path / "lab.toml"
    text = (ROOT / "examples" / "lab.toml").read_text(encoding="utf-8")
    patience = 'unreadable_identity = { action = "ask", default = "reject", deadline_s = 1800 }'
    assert patience in text
    patient = 'unreadable_identity = { action = "ask", default = "reject" }'
    config.write_text(text.replace(patience, patient), encoding="utf-8")
    with watched(tray, tmp_path, 150, "--config", str(config)) as running:
        _until(tmp_path, lambda: hardlab("pause", "--out", "run", cwd=tmp_path).returncode == 0)
        paused = _status(tmp_path)
        shown = hardlab("status", "--out", "run", cwd=tmp_path).stdout
        _until(tmp_path, lambda: _order("resume", tmp_path) == 0 or bool(_asked(tmp_path)))
        _until(tmp_path, lambda: bool(_asked(tmp_path)))
        (asked,) = _asked(tmp_path)
        # It may be paused still: the question can come before the order to resume is taken.
        _until(tmp_path, lambda: _order("pause", tmp_path) == 0 or _paused(tmp_path))
        wrong = hardlab("decide", asked["question"], "perhaps", "--out", "run", cwd=tmp_path)
        assert _order("decide", tmp_path, asked["question"], "reject") == 0
        _until(tmp_path, lambda: _order("stop", tmp_path) == 0)
        output, _ = running.communicate(timeout=60)
    assert paused["mode"] in ("HOLDING", "HELD")
    assert "01 " in shown
    assert asked["block"] == "A-1"
    assert wrong.returncode == 1
    assert "reject" in wrong.stderr, "a wrong answer is told the right ones"
    assert running.returncode == 1, output
    assert "goes on with it" in output
    rows = list(read_rows(tmp_path / "run" / "journal.sqlite"))
    bodies = [json.loads(row.body) for row in rows]
    answers = [b for r, b in zip(rows, bodies, strict=True) if r.kind == "DecisionAnswered"]
    assert [(a["question"], a["option"]) for a in answers] == [(asked["question"], "reject")]
    verbs = [b["verb"] for r, b in zip(rows, bodies, strict=True) if r.kind == "CommandTaken"]
    assert verbs[0] == "pause"
    assert verbs[-2:] == ["decide", "stop"]


def _until(cwd: Path, happened: Callable[[], bool]) -> None:
    """Try again and again; every try is a process, which is pause enough."""
    for _ in range(60):
        if happened():
            return
    raise AssertionError(hardlab("status", "--out", "run", cwd=cwd).stdout)


def _order(verb: str, cwd: Path, *words: str) -> int:
    return hardlab(verb, *words, "--out", "run", cwd=cwd).returncode


def _status(cwd: Path) -> dict[str, Any]:
    done = hardlab("status", "--json", "--out", "run", cwd=cwd)
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def _paused(cwd: Path) -> bool:
    return _status(cwd)["mode"] in ("HOLDING", "HELD")


def _asked(cwd: Path) -> list[dict[str, Any]]:
    questions: list[dict[str, Any]] = _status(cwd)["questions"]
    return questions


def test_the_distribution_of_runs_is_reported(small: Path, tmp_path: Path) -> None:
    done = hardlab(
        *("demo", "--runs", 2, "--json", "--no-images", "--manifest", small, "--out", "many"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    assert data["patterns"] == [{"failed": ["B-2"], "runs": 2}]
    assert data["bad_passed"] == 0
    assert [run["seed"] for run in data["runs"]] == [1, 2]
    assert "hardness" not in data, "the published blocks are not on this tray"
    assert dump(tmp_path / "many" / "seed-1", tmp_path) != dump(
        tmp_path / "many" / "seed-2", tmp_path
    )

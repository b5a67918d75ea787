"""What the service manager is told, by the function and by the real processes."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import urllib.request

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.fold import fold_all
from controller.journal import read_rows
from controller.operating.leaving import Ending, Leaving
from controller.operating.notify import Notifier
from controller.state import CellState
from tests.processes import HARDLAB, START_S, Processes, free_ports, until

BLOCKS = ("2007-102", "2007-103", "2007-104")


class Manager:
    """The service manager's end of the socket."""

    def __init__(self, address):
        self.heard = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(address))
        self.socket.setblocking(False)

    def listen(self):
        """Return every line that has been told so far."""
        while True:
            try:
                self.heard += self.socket.recv(65536).decode().split("\n")
            except BlockingIOError:
                return self.heard

    def has(self, start):
        return any(line.startswith(start) for line in self.listen())


@pytest.fixture
def manager(tmp_path):
    made = Manager(tmp_path / "notify")
    yield made
    made.socket.close()


def test_each_state_is_a_line(manager, tmp_path):
    notifier = Notifier(str(tmp_path / "notify"))
    assert notifier.tell(READY=1, STATUS="two\nlines are one")
    assert manager.listen() == ["READY=1", "STATUS=two lines are one"]


def test_an_abstract_address_is_reached():
    name = f"hardlab-test-{os.getpid()}"
    manager = Manager("\0" + name)
    assert Notifier("@" + name).tell(WATCHDOG=1)
    assert manager.listen() == ["WATCHDOG=1"]
    manager.socket.close()


def test_a_manager_that_is_away_or_does_not_read_stops_nobody(tmp_path, manager):
    assert not Notifier().tell(READY=1)
    assert not Notifier(str(tmp_path / "nobody")).tell(READY=1)
    notifier = Notifier(str(tmp_path / "notify"))
    took = [notifier.tell(WATCHDOG=1) for _ in range(5000)]
    assert took[0] and not took[-1]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, Notifier()),
        ({"NOTIFY_SOCKET": "nonsense", "WATCHDOG_USEC": "1000000"}, Notifier()),
        ({"NOTIFY_SOCKET": "/s"}, Notifier("/s", 0.0)),
        ({"NOTIFY_SOCKET": "@s", "WATCHDOG_USEC": "30000000"}, Notifier("@s", 30.0)),
        (
            {"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "5000000", "WATCHDOG_PID": "7"},
            Notifier("/s", 5.0),
        ),
        (
            {"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "5000000", "WATCHDOG_PID": "8"},
            Notifier("/s", 0.0),
        ),
    ],
)
def test_the_environment_says_where_and_how_often(environ, expected):
    assert Notifier.from_environment(environ, 7) == expected


@given(
    st.dictionaries(
        st.sampled_from(["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]), st.text(max_size=9)
    )
)
def test_no_environment_is_an_error(environ):
    assert Notifier.from_environment(environ, 7).watchdog_s >= 0


def told_ops(cell):
    """Return which indentations the log says were begun, and which ended."""
    lines = [json.loads(line) for line in cell.told("daemon").splitlines() if line.endswith("}")]
    kinds = ("IndentIntended", "IndentConfirmed")
    return tuple([line["op"] for line in lines if line.get("event") == kind] for kind in kinds)


def indenting(cell):
    """Return whether an indentation is in the making."""
    begun, ended = told_ops(cell)
    return begun != ended


def test_a_real_cell_tells_how_it_is_and_ends_an_indentation_before_it_leaves(
    tmp_path, manager, monkeypatch
):
    """READY, STATUS, pets, JSON lines; SIGTERM in the middle of an indentation; exit code 0."""
    with Processes(tmp_path / "cell", BLOCKS, speed=50) as cell:
        cell.start("sim")
        assert until(lambda: "served" in cell.told("sim"), START_S)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "1000000")
        cell.start("recorder")
        assert until(lambda: manager.has("READY=1"), START_S)
        assert until(lambda: manager.has("WATCHDOG=1"), START_S)
        manager.heard.clear()
        cell.start("daemon")
        # The queue of the socket is short: it is read all the time.
        assert until(lambda: manager.has("STATUS=EXECUTE, block 1/3"), START_S, 0.02)
        assert until(lambda: manager.listen() and indenting(cell), START_S, 0.02)
        daemon = cell.alive["daemon"]
        daemon.send_signal(signal.SIGTERM)
        assert until(lambda: manager.listen() and daemon.poll() is not None, START_S, 0.02)
        assert daemon.returncode == 0
        heard = manager.listen()
        assert "READY=1" in heard
        assert "STOPPING=1" in heard
        assert any(line.startswith("STATUS=EXECUTE, block 1/3") for line in heard)
        assert not [line for line in heard if "stalled" in line]
        lines = [json.loads(line) for line in cell.told("daemon").splitlines()]
        state = fold_all(row.event() for row in read_rows(cell.run / "journal.sqlite"))
        assert cell.end("recorder", START_S) == 0
        begun, ended = told_ops(cell)
    assert begun and begun == ended
    assert not state.intents and state.mode == "STOPPED"
    assert lines[-1]["message"] == "the daemon ends: ended by a signal, in good order"


def daemon_command(cell, *more):
    """Return how the daemon of a cell is started by hand."""
    words = [HARDLAB, "daemon", "--config", str(cell.config), "--manifest", str(cell.manifest)]
    words += ["--out", str(cell.run), *more]
    for line in cell.lines:
        words += ["--line", line]
    return words


def test_what_makes_a_start_impossible_is_one_line_and_a_code(tmp_path):
    """2: leave it; 1: try again. Never a traceback."""

    def spoilt(name):
        cell = Processes(tmp_path / name, BLOCKS)
        cell.run.mkdir()
        return cell

    locked, taken, broken = spoilt("locked"), spoilt("taken"), spoilt("broken")
    (broken.run / "journal.sqlite").write_bytes(b"nonsense" * 1000)
    with (locked.run / "bus.lock").open("w") as lock, socket.socket() as busy:
        fcntl.flock(lock, fcntl.LOCK_EX)
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        commands = [
            daemon_command(locked),
            daemon_command(taken, "--metrics", f"127.0.0.1:{port}"),
            daemon_command(broken),
        ]
        ran = [
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for command in commands
        ]
        told = [process.communicate(timeout=START_S) for process in ran]
    assert [process.returncode for process in ran] == [2, 2, 1]
    for (_, err), said in zip(
        told, ("another daemon runs", "choose another address", "not a usable journal"), strict=True
    ):
        assert err.startswith("hardlab: ") and err.count("\n") == 1 and said in err


@pytest.mark.parametrize(
    ("signalled", "given_up", "state", "ending"),
    [
        ("", False, CellState(mode="COMPLETE", tray_finished=True), Ending.FINISHED),
        ("SIGTERM", False, CellState(mode="STOPPED"), Ending.SIGNALLED),
        ("SIGTERM", False, CellState(mode="HELD"), Ending.SIGNALLED),
        ("SIGTERM", True, CellState(mode="STOPPING"), Ending.GIVEN_UP),
        ("", False, CellState(mode="STOPPED"), Ending.STOPPED),
        ("", False, CellState(mode="ABORTED"), Ending.ABORTED),
    ],
)
def test_how_a_life_ended(signalled, given_up, state, ending):
    assert Leaving(None, None, None, signalled, given_up).ending(state) is ending


def test_devices_that_are_off_are_one_line_each_and_no_reason_to_hang(tmp_path, manager):
    """Not ready, but alive: the manager is asked for time; SIGTERM ends it at once, with 0."""
    cell = Processes(tmp_path / "cell", BLOCKS)
    (port,) = free_ports(1)
    command = daemon_command(cell, "--recorder", "inside", "--metrics", f"127.0.0.1:{port}")
    environ = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1000000"}
    with (tmp_path / "out").open("w+") as out:
        daemon = subprocess.Popen(command, stdout=out, stderr=out, env=environ)
        try:
            assert until(lambda: manager.has("EXTEND_TIMEOUT_USEC="), START_S)
            told = tmp_path / "out"
            assert until(lambda: "AlarmRaised" in told.read_text(), START_S)
            tries = 'hardlab_comm_errors_total{device="arm",reason="no-link"}'

            def tried_again():
                url = f"http://127.0.0.1:{port}/metrics"
                with urllib.request.urlopen(url, timeout=5) as page:
                    lines = page.read().decode().splitlines()
                found = [line for line in lines if line.startswith(tries)]
                return found and float(found[0].rpartition(" ")[2]) >= 2

            assert until(tried_again, START_S)
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(START_S) == 0
        finally:
            daemon.kill()
            daemon.wait()
    text = (tmp_path / "out").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    errors = [line["message"] for line in lines if line["level"] in ("error", "warning")]
    assert not manager.has("READY=1")
    assert sum("no line to the tester; trying again" in error for error in errors) == 1
    alarms = [error for error in errors if error.startswith("ALARM")]
    assert alarms and all("device-no-link" in alarm for alarm in alarms)
    assert len({alarm.split(":")[0] for alarm in alarms}) == len(alarms)

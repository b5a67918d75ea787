"""The recorder process dies as by `kill -9`: the daemon says so at once, and when it is back."""

import threading
import time
from uuid import uuid4

import pytest

from controller.bus import BusClient, BusError
from controller.messages import Command
from tests.processes import START_S, Processes, until

NOTICED_S = 2.0
STEADY_S = 1.5
"""So long it stays dead: what is told once is told once."""
BACK_S = 30.0
"""A process of ours needs some seconds to start on a busy machine."""
ALARM = "device-no-reply:results"


class Lateness:
    """By how much this machine wakes a sleeper late: the daemon's lag is at least like that."""

    def __init__(self):
        self.worst_s = 0.0
        self._ended = threading.Event()
        threading.Thread(target=self._measure, daemon=True).start()

    def _measure(self):
        while not self._ended.is_set():
            due = time.monotonic() + 0.02
            time.sleep(0.02)
            self.worst_s = max(self.worst_s, time.monotonic() - due)

    def end(self):
        self._ended.set()


def alarms(client):
    """Return the daemon's open alarms, and how long it took to tell them."""
    asked = time.monotonic()
    reply = client.send(Command(uuid4().hex, "snapshot", {}, "test"))
    return dict(reply.body["state"]["alarms"]), time.monotonic() - asked


def calm(cell):
    """Whether the daemon is at work and complains of nothing."""
    try:
        with BusClient(cell.run) as client:
            return "the cell is ready" in cell.told("daemon") and not alarms(client)[0]
    except (BusError, OSError):
        return False


@pytest.fixture
def cell(tmp_path):
    with Processes(tmp_path, ["2007-102", "2007-103"], speed=5) as processes:
        processes.start("sim")
        assert until(lambda: "served" in processes.told("sim"), START_S)
        for name in ("recorder", "daemon"):
            processes.start(name)
        assert until(lambda: calm(processes), START_S), processes.told("daemon")
        yield processes


def outages(cell):
    """Return the lines of the daemon's log that raise an alarm about the results."""
    told = cell.told("daemon").splitlines()
    return [line for line in told if "AlarmRaised" in line and "results" in line]


def test_a_killed_recorder_is_noticed_in_2_s_and_its_return_too(cell):
    late = Lateness()
    with BusClient(cell.run) as client:
        for _ in range(2):
            # What this machine did to the recorder at its start, or by starving it, is no kill.
            assert until(lambda: not alarms(client)[0], BACK_S)
            before = len(outages(cell))
            assert cell.kill("recorder")
            killed, slowest_s = time.monotonic(), 0.0
            late.worst_s = 0.0
            while True:
                seen, took_s = alarms(client)
                slowest_s = max(slowest_s, took_s)
                noticed_s = time.monotonic() - killed
                if ALARM in seen or noticed_s > 20:
                    break
                time.sleep(0.02)
            assert noticed_s <= NOTICED_S + late.worst_s + slowest_s, (late.worst_s, slowest_s)
            assert seen[ALARM].endswith(
                "its recorder gives no sign of life; start hardlab recorder"
            )
            time.sleep(STEADY_S)
            assert len(outages(cell)) == before + 1, "one outage, one alarm"
            cell.start("recorder")
            assert until(lambda: ALARM not in alarms(client)[0], BACK_S), cell.told("recorder")
    late.end()
    assert "Traceback" not in cell.told("daemon") and cell.alive["daemon"].poll() is None
    assert cell.end("daemon", 90) == 0


def test_a_daemon_that_was_first_says_that_its_recorder_has_not_started(tmp_path):
    with Processes(tmp_path, ["2007-102"], speed=5) as cell:
        cell.start("sim")
        assert until(lambda: "served" in cell.told("sim"), START_S)
        cell.start("daemon")
        assert until(lambda: outages(cell), START_S), cell.told("daemon")
        (told,) = outages(cell)
        assert "its recorder has not started yet; start hardlab recorder" in told
        assert "Errno" not in cell.told("daemon")
        cell.start("recorder")
        assert until(lambda: calm(cell), START_S), cell.told("daemon")
        assert cell.end("daemon", 90) == 0

"""A wrong line in the configuration of a daemon that runs: one clear line, and it stays trying."""

import json
import os
import socket
import threading
import time
import tty
from contextlib import suppress

import pytest

from tests.processes import START_S, Processes, free_ports, until

STEADY_S = 6.0
"""So long it goes on: what is told once is told once."""


@pytest.fixture
def cell(tmp_path):
    with Processes(tmp_path, ["2007-102"], speed=20) as processes:
        processes.start("sim")
        assert until(lambda: "served" in processes.told("sim"), START_S)
        processes.start("recorder")
        yield processes


def put(cell, name, url):
    cell.lines = [line for line in cell.lines if not line.startswith(f"{name}=")]
    cell.lines.append(f"{name}={url}")


def alarms(cell):
    """Return the lines of the daemon's log that raise an alarm."""
    told = [json.loads(line) for line in cell.told("daemon").splitlines() if line.startswith("{")]
    return [line for line in told if "AlarmRaised" in json.dumps(line)]


def about(cell, where):
    """Return the alarms that name a line or a device."""
    return [line for line in map(json.dumps, alarms(cell)) if where in line]


def stranger(peers):
    """Serve a mail server's greeting on a port of this machine."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                peer, _ = server.accept()
                peers.append(peer)
                peer.sendall(b"220 mail.example ready\r\n")
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    return server


def gateway(peers):
    """Serve a Modbus gateway that reaches no device: exception 11 to whatever it is asked."""
    server = socket.create_server(("127.0.0.1", 0))

    def answer(peer):
        with suppress(OSError):
            while len(asked := peer.recv(512)) >= 8:
                peer.sendall(asked[:4] + bytes((0, 3, asked[6], asked[7] | 0x80, 11)))

    def serve():
        with suppress(OSError):
            while True:
                peer, _ = server.accept()
                peers.append(peer)
                threading.Thread(target=answer, args=(peer,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return server


def test_unreachable_wrong_and_silent_devices_are_each_named_with_line_and_remedy(cell):
    (closed,) = free_ports(1)
    peers = []
    mail, mute = stranger(peers), socket.create_server(("127.0.0.1", 0))
    nobody = gateway(peers)
    urls = {
        "station": f"tcp://127.0.0.1:{closed}",
        "arm": f"tcp://127.0.0.1:{nobody.getsockname()[1]}",
        "dashboard": f"tcp://127.0.0.1:{mail.getsockname()[1]}",
        "camera": f"tcp://127.0.0.1:{mute.getsockname()[1]}",
        "stage": f"serial://{cell.folder}/nothing?baud=115200",
    }
    for name, url in urls.items():
        put(cell, name, url)
    cell.start("daemon")
    try:
        where = {
            name: url.partition("?")[0].removeprefix("serial://") for name, url in urls.items()
        }
        named = lambda: all(about(cell, line) for line in where.values())  # noqa: E731  # named for the message
        assert until(named, START_S), cell.told("daemon")
        time.sleep(STEADY_S)
        told = cell.told("daemon")
        for name, line in where.items():
            lines = about(cell, line)
            # The start of the arm's program complains of the dashboard as its pulse does.
            assert len(lines) == 1 or (name == "dashboard" and len(lines) < 4), (name, told)
            assert all("?" in line for line in lines), "no remedy"
        (arm,) = about(cell, where["arm"])
        assert "exception 11" in arm and "no device with unit number 1; is it switched on" in arm
        assert "Traceback" not in told
        assert cell.alive["daemon"].poll() is None, "it stays trying"
    finally:
        mail.close()
        nobody.close()
        for peer in peers:
            peer.close()
        mute.close()
    assert cell.end("daemon", START_S) == 0


def babble(link):
    """Serve a terminal that answers as a device does whose baud rate is another: in garbage."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    link.symlink_to(os.ttyname(theirs))

    def serve():
        while True:
            try:
                heard = os.read(ours, 4096)
                # Slower bits than ours: each of its bytes is several of ours, most of them torn.
                os.write(ours, b"".join(b"\xf8\x80\x00\xfe" for _ in heard))
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    return ours


OWN = """[devices.climate]
url = "memory://climate"
unit = {unit}

[devices.safety]
url = "memory://safety"
unit = {unit}

[durations]
"""


@pytest.fixture
def cell_with_units(tmp_path):
    """A cell whose hygrometer (RTU) and safety controller (TCP) have the unit number 1.

    The daemon will be told another.
    """
    with Processes(tmp_path, ["2007-102"], speed=20) as processes:
        text = processes.config.read_text(encoding="utf-8")
        processes.config.write_text(text.replace("[durations]\n", OWN.format(unit=1)))
        (port,) = free_ports(1)
        processes.lines.append(f"climate=serial://{tmp_path}/climate?baud=9600")
        processes.lines.append(f"safety=tcp://127.0.0.1:{port}")
        processes.start("sim")
        assert until(lambda: "served" in processes.told("sim"), START_S)
        processes.config.write_text(text.replace("[durations]\n", OWN.format(unit=7)))
        processes.start("recorder")
        yield processes


def test_a_wrong_baud_rate_and_a_wrong_unit_number_are_each_named_with_line_and_remedy(
    cell_with_units,
):
    cell = cell_with_units
    stage = babble(cell.folder / "babble")
    put(cell, "stage", f"serial://{cell.folder}/babble?baud=57600")
    wrong = {"positioner": f"{cell.folder}/babble", "climate": f"{cell.folder}/climate"}
    wrong["safety"] = cell.lines[-2].partition("=")[2]
    cell.start("daemon")
    try:
        assert until(lambda: all(about(cell, source) for source in wrong), START_S)
        time.sleep(STEADY_S)
        told = cell.told("daemon")
        for source, line in wrong.items():
            (raised,) = about(cell, source)
            assert line in raised, raised
            assert "baud rate" in raised and "unit number" in raised, raised
        assert "Traceback" not in told
        assert cell.alive["daemon"].poll() is None, "it stays trying"
        assert cell.end("daemon", START_S) == 0
    finally:
        os.close(stage)


def test_two_devices_on_one_port_end_the_daemon_at_once_with_a_line_for_it(cell):
    put(cell, "stage", f"serial://{cell.folder}/results?baud=9600")
    cell.start("daemon")
    assert cell.wait("daemon", START_S) == 2
    told = cell.told("daemon").strip().splitlines()
    assert len(told) == 1 and "stage" in told[0] and "give each its own" in told[0]


@pytest.mark.parametrize(("name", "code"), [("recorder", 1), ("sim", 2)])
def test_what_another_process_has_is_said_in_one_line(cell, name, code):
    first = cell.alive[name]
    assert until(lambda: (cell.run / "records.spool").exists(), START_S)
    before = len(cell.told(name))
    cell.start(name)
    second = cell.alive[name]
    assert second.wait(START_S) == code
    # The first one may log of its line meanwhile, as JSON and into the same file.
    lines = cell.told(name)[before:].strip().splitlines()
    said = [line for line in lines if not line.startswith("{")]
    assert len(said) == 1 and said[0].startswith("hardlab: "), lines
    first.terminate()
    first.wait(20)

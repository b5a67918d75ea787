"""A plain pyserial program, as a technician would write one, on the stage's pseudo-terminal."""

import re

import pytest
import serial

from tests.processes import Processes, until


@pytest.fixture
def port(tmp_path):
    """Start ``hardlab sim`` as it is shipped; open the stage's port in the usual blocking way."""
    with Processes(tmp_path / "cell", ("2007-102",)) as cell:
        cell.start("sim")
        sim = cell.alive["sim"]
        assert until(lambda: "is served" in cell.told("sim") or sim.poll() is not None, 20)
        assert sim.poll() is None, cell.told("sim")
        with serial.Serial(str(cell.folder / "stage"), 115200, timeout=3) as opened:
            yield opened
        assert "Traceback" not in cell.told("sim")


def answer(port):
    """Read lines up to the one that ends an answer."""
    lines = []
    while not lines or not re.fullmatch(r"ok|error:\d+", lines[-1]):
        line = port.readline()
        assert line.endswith(b"\r\n"), (lines, line)
        lines.append(line.decode("ascii").strip())
    return lines


def test_the_stage_talks_grbl_over_its_port(port):
    port.write(b"\x18")
    assert port.readline().strip() == b""
    assert port.readline() == b"Grbl 1.1h ['$' for help]\r\n"
    assert port.readline() == b"[MSG:'$H'|'$X' to unlock]\r\n"
    port.write(b"?")
    assert re.match(rb"<Alarm\|MPos:-?\d+\.\d{3},-?\d+\.\d{3},", port.readline())
    port.write(b"$I\n")
    version, options, end = answer(port)
    assert re.fullmatch(r"\[VER:1\.1h\.\d{8}:.*\]", version)
    assert re.fullmatch(r"\[OPT:\w+,\d+,\d+\]", options)
    assert end == "ok"
    port.write(b"G0 X-1\n")
    assert answer(port) == ["error:9"]
    # Homing ends with its ok, where the frame then stands.
    port.write(b"$H\n")
    assert answer(port) == ["ok"]
    port.write(b"?")
    assert port.readline().startswith(b"<Idle|MPos:-2.000,-2.000,")
    # Two orders in one write, each answered; the jog is under way or over.
    port.write(b"$J=G53 X-10 Y-10 F3000\n$J=G53 X10 F1000\n")
    assert [*answer(port), *answer(port)] == ["ok", "error:15"]
    # A question in the middle of a line is answered at once and is no part of it.
    for byte in b"$J=G53?X-5 F3000\n":
        port.write(bytes([byte]))
    assert port.readline().startswith((b"<Jog|", b"<Idle|"))
    assert answer(port) == ["ok"]
    # Too long a line is refused as a whole.
    port.write(b"G0 " + 90 * b"X" + b"\n")
    assert answer(port) == ["error:11"]
    # G-code is locked out while it jogs; then the barrier tells that all has been driven.
    assert until(lambda: barrier(port) == ["ok"], 5)
    port.write(b"?")
    assert port.readline().startswith(b"<Idle|MPos:-5.000,-10.000,")


def barrier(port):
    """Ask to be told when everything has been driven; return the answer."""
    port.write(b"G4 P0.01\n")
    said = answer(port)
    assert said in (["ok"], ["error:9"])
    return said

"""The line log on the command line: told in words, compared, and never played to a real device."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from controller.cli.app import build
from controller.line_recording import foreign_journal, line_names, recorded
from drivers.codecs import camera_worker, grbl, station
from drivers.dashboard import Dashboard
from drivers.grbl_session import GrblSession
from drivers.interfaces import Done
from drivers.linelog import Sign
from drivers.linelog_writer import LineLog
from drivers.lines import Bench
from drivers.linewords import words_for
from drivers.modbus import ModbusLink
from drivers.recorded_lines import RecordedLines
from drivers.station_plc import StationPlc
from hil_sim.devices.grbl_stage import SimulatedGrblStage
from hil_sim.world import World
from runtime import Clock, run_virtual
from tests.labs import lab_config
from tests.rig_modbus import DASHBOARD_URL, STATION_URL, ArmRig, StationRig, order

CLOCK = Clock(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))
NAMES = {STATION_URL: "station", DASHBOARD_URL: "dashboard", "memory://stage": "stage"}
LINES = ["station", "arm", "stage", "dashboard", "results", "camera"]


def call(*args: object) -> Result:
    return CliRunner().invoke(build(), ["lines", *map(str, args)])


def refused(result: Result, code: int = 2) -> str:
    assert result.exit_code == code, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stderr.startswith("hardlab: ") and result.stderr.count("\n") == 1
    return result.stderr


def write(folder: Path, name: str, *steps: tuple[str, bytes]) -> None:
    async def main() -> None:
        log = LineLog(folder, name, f"memory://{name}", CLOCK)
        number = log.connection()
        for sign, data in steps:
            log.write(number, Sign(sign), data)
        log.close()

    run_virtual(main())


async def work(folder: Path) -> None:
    """One force cycle, with its line recorded."""
    rig = StationRig()
    lines = RecordedLines(rig.bench, rig.clock, folder, NAMES)
    plc = StationPlc(ModbusLink(lines, STATION_URL), rig.clock)
    claimed = await plc.claim(1)
    assert isinstance(claimed, Done)
    rig.faults.inject("lose-reply", when=lambda data: data[7] == 16)
    await plc.indent(order(), claimed.value)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a run whose lines were recorded."""
    run_virtual(work(tmp_path / "lines"))
    return tmp_path


# -- show --------------------------------------------------------------------------


def test_modbus_is_told_with_the_names_of_our_registers(run: Path) -> None:
    shown = call("show", run).stdout
    assert re.search(r"08:00:00\.000000  station 1 > #2 read STATUS\n", shown)
    assert "write COMMAND: epoch 1, sequence 2, command 2, tag 7, scale 3" in shown
    assert "STATUS: boot 1, epoch 0" in shown
    # Of what was read before, only what changed.
    assert re.search(r"< #4 STATUS: epoch 1, accepted 1\n", shown)
    assert "closed by the driver" in shown and "station 2 + opened" in shown
    assert shown == call("show", run / "lines", "--line", "station").stdout
    (file,) = (run / "lines").iterdir()
    assert shown == call("show", file).stdout


def test_raw_shows_every_byte(run: Path) -> None:
    assert "station 1 > 00 02 00 00 00 06 01 03 00 64 00 1e\n" in call("show", run, "--raw").stdout


def test_lines_are_merged_in_the_order_of_time(tmp_path: Path) -> None:
    async def main() -> None:
        rig, clock = ArmRig(), CLOCK
        stage = SimulatedGrblStage(World(), clock, (-50.0, -50.0))
        rig.bench.listen("memory://stage", stage.protocol)
        lines = RecordedLines(rig.bench, clock, tmp_path, NAMES)
        session = GrblSession(lines, "memory://stage", clock)
        assert await session.ready() is None
        await clock.sleep(1)
        assert isinstance(await Dashboard(lines, DASHBOARD_URL, clock).read(), Done)
        await clock.sleep(1)
        await session.command(grbl.jog(5000, 0, 100))

    run_virtual(main())
    told = [line[17:] for line in call("show", tmp_path).stdout.splitlines()]
    for text in (
        "stage 1 > realtime: status?",
        "stage 1 < Setting: '$20=1'",
        "dashboard 1 < banner",
        "dashboard 1 > robotmode",
        "dashboard 1 < Robotmode: RUNNING",
        r"stage 1 > '$J=G21G53X5000.000Y0.000F100.0'",
    ):
        assert text in told
    assert told.index("stage 1 + opened") < told.index("dashboard 1 + opened") < len(told) - 2
    assert told[-1].startswith("stage 1 < Error ")


def test_pictures_and_records_are_proved_not_printed(tmp_path: Path) -> None:
    pixels = bytes(range(256)) * 8
    frame = camera_worker.encode_frame(7, 64, 32, 12.0, pixels)
    bad = frame[:-1] + b"?"
    refusal = camera_worker.encode_refusal(9, "lens cap")
    write(
        tmp_path,
        "camera",
        (">", camera_worker.encode_request(7)),
        *(("<", frame[at : at + 500]) for at in range(0, len(frame), 500)),
        ("<", bad + refusal + b"half a"),
        ("-", b"pulled"),
    )
    write(tmp_path, "results", ("<", b"000123:   60.30HRC   Ok\r\nnoise\r\n"))
    told = call("show", tmp_path).stdout
    assert "> capture 7" in told and "picture 7: 64 x 32, 2048 bytes" in told
    assert told.count("as announced") == 1 and told.count("NOT those") == 1
    assert "no picture 9: lens cap" in told
    assert "- incomplete: 'half a'" in told and "- lost: pulled" in told
    assert "record 123: 60.30 HRC Ok" in told and "no record (" in told


def test_a_line_without_codec_is_shown_as_bytes(tmp_path: Path) -> None:
    write(tmp_path, "oven", (">", b"warm\n"), ("<", b"\x00\x01"), ("!", b""), ("!", b"gone"))
    told = call("show", tmp_path).stdout
    for text in (r"> 'warm\n'", "< 00 01", "not opened: no answer in time", "not opened: gone"):
        assert text in told


def test_a_torn_last_line_is_told_after_everything_else(run: Path) -> None:
    (file,) = (run / "lines").iterdir()
    whole = call("show", run).stdout
    file.write_bytes(file.read_bytes()[:-3])
    result = call("show", run)
    assert result.exit_code == 1
    assert "1 lines of the log could not be read" in result.stderr
    assert whole.startswith(result.stdout) and len(result.stdout) > len(whole) / 2


def test_what_is_not_there_is_named(run: Path, tmp_path: Path) -> None:
    assert "record = true" in refused(call("show", tmp_path / "nowhere"))
    assert "there are: station" in refused(call("show", run, "--line", "arm"))


@pytest.mark.parametrize("name", LINES)
@given(pieces=st.lists(st.tuples(st.sampled_from("<>"), st.binary(max_size=40)), max_size=8))
@settings(max_examples=60, deadline=None)
def test_no_bytes_stop_a_decoder(name: str, pieces: list[tuple[str, bytes]]) -> None:
    words = words_for(name)
    assert words is not None
    for sign, data in pieces:
        assert all(isinstance(text, str) for text in words.feed(Sign(sign), data))
    assert all(isinstance(text, str) for text in words.rest())


@given(st.lists(st.integers(1, 30), max_size=20))
def test_how_bytes_are_cut_into_packets_does_not_matter(cuts: list[int]) -> None:
    def frame(number: int, pdu: bytes) -> bytes:
        return number.to_bytes(2, "big") + b"\0\0" + (len(pdu) + 1).to_bytes(2, "big") + b"\1" + pdu

    status = station.STATUS
    registers = status.encode({"boot": 3, "cycle_count": 70_000, "temperature_cdeg": -5})
    ask = frame(9, bytes((3, 0, status.start, 0, status.count)))
    answer = frame(
        9, bytes((3, 2 * status.count)) + b"".join(r.to_bytes(2, "big") for r in registers)
    )
    refusal = frame(10, b"\x83\x02")
    told, data = [], answer + refusal
    words = words_for("station")
    assert words is not None
    assert words.feed(Sign.SENT, ask) == ["#9 read STATUS"]
    for cut in [*cuts, len(data)]:
        told += words.feed(Sign.HEARD, data[:cut])
        data = data[cut:]
    assert told[1:] == ["#10 refuses function 3: exception 2"]
    assert told[0].startswith("#9 STATUS: boot 3, ")
    assert "cycle_count 70000" in told[0] and "temperature_cdeg -5" in told[0]


# -- replay ------------------------------------------------------------------------


def test_two_recordings_are_compared_byte_for_byte(run: Path, tmp_path: Path) -> None:
    twin = tmp_path / "twin"
    run_virtual(work(twin))
    assert call("replay", run, "--against", twin).exit_code == 0
    (file,) = twin.iterdir()
    text = file.read_text()
    # The tag of the second command, written in hex.
    file.write_text(text.replace("00020002000700", "00020002000800", 1))
    assert text != file.read_text()
    told = refused(call("replay", run, "--against", twin), code=1)
    assert "of the driver: recorded 07 00" in told and "now 08 00" in told


def test_a_recording_that_goes_on_differs(run: Path, tmp_path: Path) -> None:
    twin = tmp_path / "twin"
    run_virtual(work(twin))
    write(twin, "station", ("+", b""))
    assert "2 connections were recorded, now 3" in refused(
        call("replay", run, "--against", twin), code=1
    )


@pytest.mark.parametrize(
    "against", ["tcp://192.168.10.20:502", "serial:///dev/ttyUSB0", "memory://station", "tcp://"]
)
def test_commands_are_never_played_to_another_machine(run: Path, against: str) -> None:
    assert "this machine alone" in refused(call("replay", run, "--against", against))


def test_what_cannot_be_replayed_says_why(run: Path, tmp_path: Path) -> None:
    assert "no port" in refused(call("replay", run, "--against", "listen:x"))
    assert "cannot be" not in refused(call("replay", run, "--against", "tcp://127.0.0.1:1"))
    write(run / "lines", "arm", ("+", b""))
    assert "--line" in refused(call("replay", run, "--against", run))
    (tmp_path / "text").write_text("no log\n")
    assert "nothing is recorded" in refused(call("replay", tmp_path / "text", "--against", run))


def test_the_two_ends_of_a_replay_meet_over_tcp(run: Path) -> None:
    """One process is the recorded device, the other the recorded driver."""
    write(run / "lines", "echo", ("+", b""), (">", b"ask"), ("<", b"answer"), ("x", b""))
    command = [
        sys.executable,
        "-m",
        "controller.cli",
        "lines",
        "replay",
        str(run),
        "--line",
        "echo",
    ]
    device = subprocess.Popen(
        [*command, "--against", "listen:0"], stdout=subprocess.PIPE, text=True
    )
    assert device.stdout is not None
    try:
        url = device.stdout.readline().split()[-1]
        result = call("replay", run, "--line", "echo", "--against", url)
        assert result.exit_code == 0, result.output
        assert device.wait(timeout=20) == 0
    finally:
        device.kill()
        device.stdout.close()


# -- the configuration ---------------------------------------------------------------


def config(**keys: object):
    whole = lab_config()
    return whole.model_copy(update={"lines": whole.lines.model_copy(update=keys)})


def test_nothing_stands_between_when_nothing_is_recorded(tmp_path: Path) -> None:
    bench = Bench()
    assert recorded(config(), bench, CLOCK, tmp_path / "journal.sqlite") is bench


@pytest.mark.parametrize("folder", ["", "elsewhere"])
def test_logs_lie_beside_the_journal_or_where_the_configuration_says(
    tmp_path: Path, folder: str
) -> None:
    named = str(tmp_path / folder) if folder else ""

    async def main() -> None:
        rig = StationRig()
        lines = recorded(
            config(record=True, folder=named), rig.bench, rig.clock, tmp_path / "run" / "journal"
        )
        url = lab_config().devices.station.url
        assert url == STATION_URL
        assert isinstance(await StationPlc(ModbusLink(lines, url), rig.clock).read(), Done)

    run_virtual(main())
    place = tmp_path / folder if folder else tmp_path / "run" / "lines"
    assert [path.name for path in place.iterdir()] == ["station.000001.lines"]


def test_another_runs_folder_is_refused_and_the_cell_works_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other, ours = tmp_path / "other", tmp_path / "ours"
    for run in (other, ours):
        run.mkdir()
        (run / "journal.sqlite").touch()
    journal, bench = ours / "journal.sqlite", Bench()
    with caplog.at_level(logging.ERROR):
        kept = recorded(config(record=True, folder=str(other / "lines")), bench, CLOCK, journal)
    assert kept is bench
    assert str(other / "journal.sqlite") in caplog.text
    assert foreign_journal(other, journal) == other / "journal.sqlite"
    assert foreign_journal(ours / "lines", journal) is None
    assert foreign_journal(tmp_path / "free", journal) is None
    (tmp_path / "journal.sqlite").touch()
    assert foreign_journal(ours / "lines", journal) is None, "our own run lies in another's folder"


def test_every_line_of_a_cell_has_a_name_of_its_own() -> None:
    names = line_names(lab_config())
    assert len(set(names.values())) == len(names)
    assert {"station", "arm", "stage", "results", "camera", "dashboard"} <= set(names.values())
    assert all(words_for(name) is not None for name in LINES)


def test_looking_at_a_log_makes_and_changes_nothing(run: Path) -> None:
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    call("show", run)
    call("replay", run, "--against", run)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before

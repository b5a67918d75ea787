"""The doctor finds what is wrong, in time, and touches nothing."""

import asyncio
import fcntl
import json
import os
import sqlite3
import tty
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from controller.assembly import Folder
from controller.cli.app import build
from controller.config.overrides import with_lines
from controller.events import ArmMoved, EpochClaimed
from controller.journal import Journal
from controller.operating import doctor_house
from controller.operating.doctor import FIRST_S, examine_cell, look_at_results
from controller.operating.doctor_devices import Bedside
from controller.operating.doctor_house import House, line_findings
from controller.operating.findings import CHECK_S, Health, examine, healthy, ok
from controller.operating.lines import line_problems
from controller.operating.port_use import port_in_use
from drivers.codecs import grbl, station
from drivers.lines import Bench, LabLines
from drivers.spool import Spool
from hil_sim.scenario.lab import build_lab
from records.database import open_database
from runtime import Clock, run_virtual
from tests.labs import EXAMPLES, lab_config, tray, truths
from tests.mixed import BY_HAND, by_hand
from tests.processes import free_ports

NAMES = ("station", "arm", "dashboard", "stage", "camera")
AT = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


def by_name(findings):
    return {finding.name: finding for finding in findings}


# -- devices, simulated, in virtual time ------------------------------------------


def look(lines_of, *, epochs=None, alarms=None, config=None):
    """Look at the devices on a bench; return the findings and how long it took."""

    async def main():
        clock = Clock.starting()
        lines = lines_of(clock)
        began = clock.link()
        bedside = Bedside(config or lab_config(), lines, clock, epochs or {}, alarms)
        findings = await examine(bedside.checks())
        return by_name(findings), clock.link() - began

    return run_virtual(main())


def simulated(clock, spy=None):
    lab = build_lab(lab_config(), tray("2007-102"), truths(), seed=1, clock=clock)
    for name, port in lab.bench.ports.items():
        if spy is not None:

            def tap(data, forward, name=name):
                spy.setdefault(name, bytearray()).extend(data)
                forward(data)

            port.to_device = tap
    return LabLines(lab.bench)


def test_a_good_cell_is_healthy_and_hears_only_questions():
    heard = {}
    findings, took = look(lambda clock: simulated(clock, heard))
    assert [findings[name].health for name in NAMES if name != "stage"] == [Health.OK] * 4
    # A frame that was never homed: the daemon will do that, the doctor must not.
    assert findings["stage"].health is Health.WARN
    assert took <= CHECK_S
    mailboxes = [heard["station"], heard["arm"]]
    functions = {data[start + 7] for data in mailboxes for start in frames(data)}
    assert functions == {3}
    assert set(heard["stage"].replace(grbl.IDENTITY, b"")) == set(grbl.STATUS_QUERY)
    assert "camera" not in heard
    asked = heard["dashboard"].decode().splitlines()
    assert asked == ["robotmode", "safetystatus", "programState", "is in remote control"]


def frames(data):
    """Yield where each Modbus TCP frame begins."""
    start = 0
    while start < len(data):
        yield start
        start += 6 + int.from_bytes(data[start + 4 : start + 6], "big")


class Silent(asyncio.Protocol):
    """Takes everything, says nothing."""


def silent(clock):
    bench = Bench()
    for _, url in lab_config().devices.lines():
        bench.listen(url, Silent)
    return LabLines(bench)


def test_a_person_in_the_place_of_a_device_is_not_looked_for():
    config = by_hand(*BY_HAND)
    checks = Bedside(config, LabLines(), None, {}).checks()
    assert set(checks) == {"station", *BY_HAND}
    for name in BY_HAND:
        found = asyncio.run(checks[name]())
        assert found.health is Health.OK and "by hand" in found.seen
    assert "by hand" in look_at_results(config).seen


def test_devices_that_never_answer_are_told_in_time():
    findings, took = look(silent)
    assert took <= CHECK_S
    assert FIRST_S + CHECK_S < 5.0
    bad = [name for name in NAMES if findings[name].health is Health.FAIL]
    # A one-way connection is all that is asked of the camera.
    assert bad == ["station", "arm", "dashboard", "stage"]
    assert "unit number" in findings["station"].remedy
    assert "silent" in findings["stage"].seen


def test_devices_that_are_not_there_are_told():
    findings, took = look(lambda clock: LabLines(Bench()))
    assert {findings[name].health for name in NAMES} == {Health.FAIL}
    assert took < 0.1


@pytest.mark.parametrize(
    ("known", "health", "said"),
    [(0, Health.OK, "epoch 0"), (7, Health.WARN, "ours was 7"), (-1, Health.WARN, "claimed")],
)
def test_an_epoch_that_is_not_ours_is_told(known, health, said):
    findings, _ = look(simulated, epochs={"tester": known, "arm": known})
    for name in ("station", "arm"):
        assert findings[name].health is health and said in findings[name].seen


class Talker(asyncio.Protocol):
    """Answers every piece it hears with the same bytes."""

    def __init__(self, says):
        self.says = says

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(self.says(data))


def modbus_exception(data):
    return data[:4] + b"\x00\x03" + data[6:7] + bytes([data[7] | 0x80, 0x0B])


def other_program(data):
    count = int.from_bytes(data[10:12], "big")
    body = bytes([data[6], 3, 2 * count]) + b"\x12\x34" * count
    return data[:4] + len(body).to_bytes(2, "big") + body


def grbl_without_version(data):
    return b"<Idle|MPos:0.000,0.000,0.000|FS:0,0>\r\n" if data == b"?" else b"ok\r\n"


def at_another_baud_rate(data):
    return b"\xf8\x80\x1e\x00\xfe\n"


@pytest.mark.parametrize(
    ("name", "says", "seen", "remedy"),
    [
        ("station", modbus_exception, "exception 11", "unit number"),
        ("station", other_program, "identity 0x1234", "another program"),
        ("stage", grbl_without_version, "unknown firmware", "firmware"),
        ("stage", at_another_baud_rate, "another baud rate", "baud rate"),
        ("dashboard", at_another_baud_rate, "is it a UR Dashboard", ""),
    ],
)
def test_a_wrong_device_is_called_by_its_fault(name, says, seen, remedy):
    path = {"dashboard": ("arm", "dashboard")}.get(name, (name, "url"))
    url = dict(lab_config().devices.lines())[path]

    class Greeting(Talker):
        def connection_made(self, transport):
            super().connection_made(transport)
            if name == "dashboard":
                transport.write(b"220 mail server\r\n")

    def lines_of(clock):
        bench = Bench()
        bench.listen(url, lambda: Greeting(says))
        return LabLines(bench)

    findings, took = look(lines_of)
    assert findings[name].health is Health.FAIL
    assert seen in findings[name].seen and remedy in findings[name].remedy
    assert "\n" not in findings[name].line() and took <= CHECK_S


def test_the_identity_of_our_program_is_what_the_wrong_one_lacks():
    assert station.IDENTITY != 0x1234


# -- real ports --------------------------------------------------------------------


@pytest.fixture
def port(tmp_path):
    """A pseudo-terminal under a name of its own."""
    master, slave = os.openpty()
    tty.setraw(slave)
    link = tmp_path / "ttyX"
    link.symlink_to(os.ttyname(slave))
    yield link, master
    os.close(master)
    os.close(slave)


def on_wires(stage, results="/dev/null"):
    host = [f"{name}=tcp://127.0.0.1:{free_ports(1)[0]}" for name in NAMES if name != "stage"]
    return with_lines(
        lab_config(quick=False), [*host, f"stage=serial://{stage}", f"results=serial://{results}"]
    )


def test_a_port_of_another_program_is_not_taken_from_it(port):
    link, master = port
    holder = os.open(link, os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    try:
        findings = by_name(asyncio.run(examine_cell(on_wires(link), None)))
    finally:
        os.close(holder)
    os.set_blocking(master, False)
    with pytest.raises(BlockingIOError):
        os.read(master, 10)
    assert findings["stage"].health is Health.FAIL
    assert "another program has the port" in findings["stage"].remedy
    assert {findings[name].health for name in ("station", "arm", "camera")} == {Health.FAIL}


def test_a_port_of_the_running_daemon_is_not_even_opened(port, monkeypatch):
    link, _ = port
    config = on_wires(link)

    async def main(alarms):
        bedside = Bedside(config, LabLines(), Clock.starting(), {}, alarms)
        return await bedside.stage()

    monkeypatch.setattr(LabLines, "connect", None)
    assert asyncio.run(main(())).health is Health.OK
    complaint = asyncio.run(main(("device-no-link:stage",)))
    assert complaint.health is Health.FAIL and "no-link" in complaint.seen


def test_the_testers_port_is_never_opened(port, tmp_path):
    link, _ = port
    missing = look_at_results(on_wires("/dev/x", tmp_path / "gone"))
    assert missing.health is Health.FAIL and "no such port" in missing.seen
    # This process holds it, and does not count itself.
    free = look_at_results(on_wires("/dev/x", link))
    assert free.health is Health.WARN and "nobody listens" in free.seen


def test_who_has_a_port_is_told_by_its_number(port, tmp_path, monkeypatch):
    link, _ = port
    target = os.path.realpath(link)
    descriptors = tmp_path / "proc" / "4711" / "fd"
    descriptors.mkdir(parents=True)
    (descriptors / "3").symlink_to(target)
    monkeypatch.setattr("controller.operating.port_use.PROCESSES", tmp_path / "proc")
    found = port_in_use("results", "serial:///x", target)
    assert found and found.health is Health.OK and "4711" in found.seen


def test_one_port_under_two_names_is_found(port):
    link, _ = port
    config = on_wires(link, os.path.realpath(link))
    (problem,) = line_problems(config)
    assert "the same port as" in problem
    assert [finding.health for finding in line_findings(config)] == [Health.FAIL]


def test_lines_in_memory_have_nobody_at_their_end():
    problems = line_problems(lab_config())
    assert len(problems) == len(list(lab_config().devices.lines()))
    assert line_findings(on_wires("/dev/x"))[0].health is Health.OK


# -- the house -----------------------------------------------------------------------


def house(folder, **changed):
    async def main():
        clock = changed.pop("clock", None) or Clock.starting()
        config = changed.pop("config", lab_config())
        home = House(config, Folder(folder), folder / "records.spool", clock, **changed)
        return by_name(await examine(home.checks()))

    return asyncio.run(main())


def journal(folder, at=AT, count=5):
    made = Journal(folder / "journal.sqlite")
    for number in range(count):
        made.append(at, (ArmMoved(f"slot-{number:02d}"),), durable=True)
    made.append(at, (EpochClaimed("arm", 9, 1),), durable=True)
    made.close()


def test_an_empty_house_is_in_order(tmp_path):
    findings = house(tmp_path / "not" / "yet")
    assert healthy(findings.values())
    assert not (tmp_path / "not").exists()


def test_a_changed_journal_is_found_beyond_the_first_chunk(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor_house, "CHUNK", 2)
    journal(tmp_path)
    assert "6 events" in house(tmp_path)["journal"].seen
    with sqlite3.connect(tmp_path / "journal.sqlite") as db:
        db.execute("UPDATE event SET at = 'never' WHERE seq = 4")
    db.close()
    found = house(tmp_path)["journal"]
    assert found.health is Health.FAIL and "event 4" in found.seen


def test_a_file_that_is_no_journal_is_told(tmp_path):
    (tmp_path / "journal.sqlite").write_bytes(b"x" * 5000)
    assert house(tmp_path)["journal"].health is Health.FAIL


@pytest.mark.parametrize(
    ("shift", "health"),
    [
        (timedelta(), Health.OK),
        (timedelta(seconds=-60), Health.WARN),
        (timedelta(days=-2), Health.FAIL),
        (timedelta(days=-9000), Health.FAIL),
    ],
)
def test_a_clock_that_went_wrong_is_found(tmp_path, shift, health):
    journal(tmp_path, at=AT)

    async def main():
        clock = Clock.starting(AT + shift)
        home = House(lab_config(), Folder(tmp_path), tmp_path / "s", clock)
        return await home.time()

    assert run_virtual(main()).health is health


def test_the_library_is_compared_and_never_upgraded(tmp_path):
    file = tmp_path / "records.sqlite"
    open_database(f"sqlite:///{file}").dispose()
    assert house(tmp_path)["library"].health is Health.OK
    for revision, health in (("0000", Health.FAIL), (None, Health.WARN)):
        with sqlite3.connect(file) as db:
            db.execute("DELETE FROM alembic_version")
            if revision:
                db.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
        db.close()
        assert house(tmp_path)["library"].health is health
    file.write_bytes(b"nonsense" * 1000)
    assert house(tmp_path)["library"].health is Health.FAIL


def test_the_recorder_is_known_by_its_lock(tmp_path):
    def recorder(where, **changed):
        results = lab_config().devices.results.model_copy(update={"recorder": where})
        devices = lab_config().devices.model_copy(update={"results": results})
        config = lab_config().model_copy(update={"devices": devices})
        return house(tmp_path, config=config, **changed)["recorder"].health

    assert recorder("service") is Health.FAIL
    assert recorder("inside") is Health.OK
    assert recorder("inside", daemon={"mode": "EXECUTE"}) is Health.FAIL
    spool = Spool(tmp_path / "records.spool")
    assert recorder("service") is Health.OK
    spool.close()
    assert recorder("service") is Health.FAIL


@pytest.mark.parametrize(
    ("free", "health"), [(10**8, Health.FAIL), (10**9, Health.WARN), (10**11, Health.OK)]
)
def test_a_disk_that_fills_up_is_told_before_it_is_full(tmp_path, monkeypatch, free, health):
    class Disk:
        f_bavail, f_frsize = free, 1

    monkeypatch.setattr(os, "statvfs", lambda folder: Disk)
    assert house(tmp_path)["disk"].health is health


def test_a_folder_that_is_not_ours_to_write_is_told(monkeypatch, tmp_path):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor_house.tempfile, "TemporaryFile", refuse)
    assert house(tmp_path)["folder"].health is Health.FAIL


def test_a_check_that_hangs_is_a_finding_and_holds_nobody():
    async def never():
        await asyncio.Event().wait()

    async def well():
        return ok("well", "fine")

    async def main():
        began = asyncio.get_running_loop().time()
        found = await examine({"hung": never, "well": well})
        return found, asyncio.get_running_loop().time() - began

    (hung, fine), took = run_virtual(main())
    assert took == CHECK_S
    assert hung.health is Health.FAIL and hung.name == "hung" and "3 s" in hung.seen
    assert fine.health is Health.OK


# -- the command -----------------------------------------------------------------------


def test_the_command_tells_everything_and_ends_with_1(tmp_path):
    lines = []
    for name in NAMES:
        lines += ["--line", f"{name}=tcp://127.0.0.1:{free_ports(1)[0]}"]
    lines += ["--line", f"results=serial://{tmp_path}/none"]
    config = str(EXAMPLES / "lab.toml")
    args = ["doctor", "--config", config, "--out", str(tmp_path), *lines]
    told = CliRunner().invoke(build(), args)
    assert told.exit_code == 1
    rows = told.stdout.splitlines()
    assert all(row.split()[0] in ("OK", "WARN", "FAIL") for row in rows)
    assert all("→" in row for row in rows if not row.startswith("OK"))
    names = {row.split()[1] for row in rows}
    assert {*NAMES, "lines", "daemon", "folder", "disk", "journal", "clock"} <= names
    found = json.loads(CliRunner().invoke(build(), [*args, "--json"]).stdout)
    assert {each["name"] for each in found} == names
    assert list(Path(tmp_path).iterdir()) == []


def test_the_daemon_refuses_lines_that_cannot_work(tmp_path):
    config, manifest = str(EXAMPLES / "lab.toml"), str(EXAMPLES / "tray-rockwell.csv")
    args = ["daemon", "--config", config, "--manifest", manifest, "--out", str(tmp_path / "run")]
    told = CliRunner().invoke(build(), args)
    assert told.exit_code == 2
    lines = told.stderr.splitlines()
    assert len(lines) == len(list(lab_config(quick=False).devices.lines()))
    assert all(line.startswith("hardlab: devices.") and "--line" in line for line in lines)
    assert not (tmp_path / "run").exists()

"""The units: systemd reads them without complaint, and they let little in."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from controller.cli.errors import IMPOSSIBLE
from controller.cli.service import STOPPED
from controller.operating.leaving import PARK_S, SETTLE_S
from controller.operating.operation import COMMIT_S
from controller.operating.pulse import PER_PERIOD, START_S

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
NAMES = ("daemon", "recorder", "camera")
MOST_EXPOSED = 2.0
"""Of 10. What is left at 1.6: serial ports, the devices' network, files for the group."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


def settings(name):
    """Return a unit's settings; of one given several times, all joined."""
    found = {}
    for line in (UNITS / f"hardlab-{name}@.service").read_text(encoding="utf-8").splitlines():
        if line and line[0] not in "#[":
            key, _, value = line.partition("=")
            found[key] = f"{found[key]} {value}" if key in found else value
    return found


@pytest.fixture(params=NAMES)
def unit(request, tmp_path):
    """A unit whose program exists here, so that nothing but the unit is judged."""
    for name in NAMES:
        text = (UNITS / f"hardlab-{name}@.service").read_text(encoding="utf-8")
        text = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", text)
        (tmp_path / f"hardlab-{name}@.service").write_text(text, encoding="utf-8")
    return tmp_path / f"hardlab-{request.param}@.service"


def analyze(*args):
    return subprocess.run(
        ["systemd-analyze", *map(str, args)], capture_output=True, text=True, timeout=60
    )


@needs_systemd
def test_systemd_has_nothing_to_say(unit):
    verified = analyze("verify", unit.with_name(unit.name.replace("@", "@rockwell-1")))
    assert verified.returncode == 0
    assert verified.stdout + verified.stderr == ""


@needs_systemd
def test_verify_would_notice_a_setting_it_does_not_know(unit):
    unit.write_text(unit.read_text() + "\n[Service]\nRestartSteppes=5\n")
    verified = analyze("verify", unit.with_name(unit.name.replace("@", "@rockwell-1")))
    assert "RestartSteppes" in verified.stderr


@needs_systemd
def test_the_exposure_stays_small(unit):
    judged = analyze("security", "--offline=true", "--no-pager", unit)
    score = re.search(r"Overall exposure level for \S+: (\d+\.\d)", judged.stdout)
    assert score, judged.stdout + judged.stderr
    assert float(score[1]) <= MOST_EXPOSED


@pytest.mark.parametrize("name", NAMES)
def test_only_settings_of_systemd_252(name):
    """Debian 12 has 252; what came later is ignored there with a warning that nobody reads."""
    later = {"RestartSteps", "RestartMaxDelaySec", "RestartMode", "MemoryPressureWatch"}
    assert not later & settings(name).keys()
    parser = configparser.RawConfigParser(strict=False)
    parser.read(UNITS / f"hardlab-{name}@.service", encoding="utf-8")
    assert parser.sections() == ["Unit", "Service", "Install"]
    # In [Service] systemd 252 would ignore it.
    assert parser.has_option("Unit", "StartLimitIntervalSec")


def test_times_fit_those_of_the_program():
    unit = settings("daemon")
    assert int(unit["TimeoutStopSec"]) > SETTLE_S + PARK_S
    assert int(unit["TimeoutStartSec"]) >= START_S
    # Asked so often that one lost datagram does not matter.
    assert PER_PERIOD >= 4
    assert int(unit["WatchdogSec"]) <= COMMIT_S


def test_who_ended_as_it_should_is_left_alone():
    unit = settings("daemon")
    assert unit["Restart"] == "always"
    assert unit["RestartPreventExitStatus"].split() == ["0", str(IMPOSSIBLE), str(STOPPED)]
    assert unit["KillMode"] == "mixed" and unit["Type"] == "notify"


def test_the_recorder_is_never_given_up():
    unit = settings("recorder")
    assert unit["Restart"] == "always" and unit["StartLimitIntervalSec"] == "0"
    assert "RestartPreventExitStatus" not in unit


@pytest.mark.parametrize("name", NAMES)
def test_the_command_line_is_one_that_the_program_takes(name):
    from typer.testing import CliRunner

    from controller.cli.app import build

    command = settings(name)["ExecStart"].replace("%i", "c").split()
    given = [word for word in command[1:] if not word.startswith("$")]
    told = CliRunner().invoke(build(), [*given, "--help"])
    assert told.exit_code == 0
    # It got as far as the files, which are not there: every option was understood.
    tried = CliRunner().invoke(build(), given)
    assert tried.exit_code == IMPOSSIBLE and "/etc/hardlab/c.toml" in tried.stderr

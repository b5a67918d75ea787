"""The units of the office: systemd reads them without complaint, and they let little in."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from controller.cli.app import build
from controller.cli.errors import IMPOSSIBLE

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
SERVICES = ("hardlab-delivery@.service", "hardlab-nightly@.service")
MOST_EXPOSED = 2.0

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


@pytest.fixture
def units(tmp_path):
    """The units, with a program that exists here, so that nothing but the units is judged."""
    for path in UNITS.glob("hardlab-*"):
        text = re.sub(r"(?m)^ExecStart=(\S*?)/opt\S+", r"ExecStart=\1/bin/true", path.read_text())
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    return tmp_path


def analyze(*args):
    command = ["systemd-analyze", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@needs_systemd
@pytest.mark.parametrize("name", [*SERVICES, "hardlab-nightly@.timer"])
def test_systemd_has_nothing_to_say(units, name):
    verified = analyze("verify", units / name.replace("@", "@rockwell-1"))
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("name", SERVICES)
def test_the_exposure_stays_small(units, name):
    judged = analyze("security", "--offline=true", "--no-pager", units / name)
    score = re.search(r"Overall exposure level for \S+: (\d+\.\d)", judged.stdout)
    assert score, judged.stdout + judged.stderr
    assert float(score[1]) <= MOST_EXPOSED


@pytest.mark.parametrize("name", SERVICES)
def test_the_command_lines_are_ones_that_the_program_takes(name, tmp_path):
    text = (UNITS / name).read_text(encoding="utf-8")
    commands = re.findall(r"(?m)^ExecStart=\S+ (.+)$", text)
    assert commands
    for command in commands:
        words = command.replace("/var/lib/hardlab/%i", str(tmp_path)).split()
        tried = CliRunner().invoke(build(), words)
        # It got as far as the folder, where no run lies: every option was understood.
        assert tried.exit_code == IMPOSSIBLE
        assert "no run lies here" in tried.stderr

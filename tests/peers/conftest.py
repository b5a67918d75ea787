"""Independent programs at the other end of our wires: found here, or the test is skipped.

``make peers`` installs them. With ``HARDLAB_PEERS=required`` in the environment a
peer that is absent fails its tests instead.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from drivers.cameras.aravis import Aravis, AravisError

HERE = Path(__file__).resolve().parent


def missing(peer):
    """Skip, or fail where every peer is required."""
    said = f"{peer} is not installed: make peers"
    if os.environ.get("HARDLAB_PEERS") == "required":
        pytest.fail(said, pytrace=False)
    pytest.skip(said)


def program(name, package):
    """Return the path of an installed program of a Debian package."""
    return shutil.which(name) or missing(f"{name} (Debian {package})")


@pytest.fixture(scope="session")
def mbpoll():
    """Return the Modbus master of the command line."""
    return program("mbpoll", "mbpoll")


@pytest.fixture(scope="session")
def socat():
    """Return the program that joins two pseudo-terminals into one cable."""
    return program("socat", "socat")


@pytest.fixture(scope="session")
def libmodbus_plc(tmp_path_factory):
    """Return the PLC in C, compiled against the installed libmodbus."""
    compiler = program("gcc", "gcc")
    config = program("pkg-config", "pkg-config")
    asked = [config, "--cflags", "--libs", "libmodbus"]
    flags = subprocess.run(asked, capture_output=True, text=True, check=False)
    if flags.returncode != 0:
        missing("libmodbus-dev (Debian)")
    built = tmp_path_factory.mktemp("libmodbus") / "plc"
    command = [compiler, "-Wall", "-Wextra", "-Werror", "-o", built, HERE / "plc.c"]
    subprocess.run([*command, *flags.stdout.split()], check=True)
    return str(built)


@pytest.fixture(scope="session")
def strange_plc():
    """Return the command of the PLC on npm's modbus-serial, its port still to be added."""
    node = program("node", "nodejs")
    modules = Path(sys.prefix) / "peers" / "node_modules"
    if not (modules / "modbus-serial").is_dir():
        missing("modbus-serial (npm)")
    return ["env", f"NODE_PATH={modules}", node, str(HERE / "strange_plc.js")]


@pytest.fixture(scope="session")
def ur_rtde():
    """Return the command that runs a script for ur-rtde.

    It needs a process of its own: its constructors hold the interpreter's lock while
    they wait for the robot, which would stand still in the same process.
    """
    if importlib.util.find_spec("dashboard_client") is None:
        missing("ur-rtde (PyPI)")
    return [sys.executable, "-c"]


@pytest.fixture(scope="session")
def fake_gige_camera():
    """Return Aravis' GigE Vision camera, and make sure that its library is there."""
    path = program("arv-fake-gv-camera-0.8", "aravis-tools")
    try:
        Aravis()
    except AravisError as error:
        missing(str(error))
    return path

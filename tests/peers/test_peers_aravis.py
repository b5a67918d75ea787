"""Aravis' fake GigE Vision camera: real datagrams, some of them lost on purpose.

Its picture is a diagonal ramp, so that every pixel of a frame can be judged: one
missing packet, and its stripe would be of another frame or black.
"""

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers.camera_worker import WorkerCamera
from drivers.cameras.aravis import Aravis
from drivers.cameras.gige import GigeSettings, GigeSource
from drivers.cameras.source import Frame
from drivers.interfaces import Done, NotDone
from drivers.lines import LabLines
from runtime import Clock
from tests.processes import HARDLAB, free_ports

SERIAL = f"HB{os.getpid()}"
NAME = f"Aravis-Fake-{SERIAL}"
EXAMPLE = Path(__file__).parents[2] / "examples" / "lab.toml"


@pytest.fixture(autouse=True)
def alone():
    """Let one test at a time talk to 127.0.0.1: the fake camera's port is fixed."""
    with (Path(tempfile.gettempdir()) / "hardlab-fake-camera.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def on_the_network(program, *, lost_permille=0):
    """Keep a fake camera at 127.0.0.1."""
    asked = [program, "-i", "127.0.0.1", "-s", SERIAL, "-r", str(lost_permille)]
    process = subprocess.Popen(asked, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        answered = time.monotonic() + 10
        while NAME not in [name for name, _ in Aravis().cameras()]:
            assert time.monotonic() < answered, "the fake camera does not answer"
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


def source(**settings):
    return GigeSource(GigeSettings(NAME, 640, 480, **{"frame_s": 1.0, **settings}))


def ramp(frame):
    """Return the upper left grey of a frame after judging every pixel of it."""
    image = np.frombuffer(frame.pixels, np.uint8).reshape(frame.height, frame.width)
    rows, columns = np.indices(image.shape)
    first = int(image[0, 0])
    expected = (rows + columns + first) % 255
    assert np.array_equal(image, expected)
    return first


def test_frames_come_whole_and_each_is_a_new_one(fake_gige_camera):
    with on_the_network(fake_gige_camera):
        camera = source()
        first = []
        for _ in range(5):
            got = camera.grab()
            assert isinstance(got, Frame), got
            assert (got.width, got.height) == (640, 480)
            first.append(ramp(got))
        camera.close()
        camera.close()
    steps = {(after - before) % 256 for before, after in pairwise(first)}
    assert steps == {1}


def test_an_incomplete_frame_is_never_used(fake_gige_camera):
    with on_the_network(fake_gige_camera, lost_permille=3):
        camera = source(attempts=1)
        got = [camera.grab() for _ in range(15)]
        camera.close()
    whole = [frame for frame in got if isinstance(frame, Frame)]
    for frame in whole:
        ramp(frame)
    refused = [said for said in got if isinstance(said, str)]
    # 209 packets a frame at 3 per mille: half of the frames. Both kinds must have come.
    assert whole
    assert refused
    assert all("the frame is incomplete" in said for said in refused)


def test_another_attempt_mends_a_rare_loss(fake_gige_camera):
    with on_the_network(fake_gige_camera, lost_permille=2):
        camera = source(attempts=10)
        got = [camera.grab() for _ in range(5)]
        camera.close()
    assert [ramp(frame) for frame in got if isinstance(frame, Frame)]
    assert all(isinstance(frame, Frame) for frame in got)


def test_where_every_frame_is_torn_there_is_no_picture(fake_gige_camera):
    with on_the_network(fake_gige_camera, lost_permille=300):
        camera = source(attempts=2)
        said = camera.grab()
        camera.close()
    assert isinstance(said, str)
    assert NAME in said
    assert "incomplete" in said
    assert "2 attempts" in said


def test_a_camera_that_fell_silent_is_told_and_found_again(fake_gige_camera):
    camera = source(attempts=1, frame_s=0.3)
    with on_the_network(fake_gige_camera) as process:
        assert isinstance(camera.grab(), Frame)
        process.send_signal(signal.SIGSTOP)
        assert isinstance(camera.grab(), str)
    assert isinstance(camera.grab(), str)
    with on_the_network(fake_gige_camera):
        got = camera.grab()
        assert isinstance(got, Frame), got
        camera.close()


def test_no_such_camera(fake_gige_camera):
    with on_the_network(fake_gige_camera):
        said = GigeSource(GigeSettings("Aravis-Fake-nobody", attempts=1)).grab()
    assert isinstance(said, str)
    assert "Aravis-Fake-nobody" in said


# -- the commands ----------------------------------------------------------------------


@pytest.fixture
def cell(tmp_path):
    """The configuration of a cell with that camera, and the line of its worker."""
    (port,) = free_ports(1)
    text = EXAMPLE.read_text(encoding="utf-8")
    text = text.replace('"memory://camera"', f'"tcp://127.0.0.1:{port}"')
    text += f'\n[devices.camera.source]\ndriver = "gige"\ncamera = "{NAME}"\npx_per_mm = 20.0\n'
    text += "width = 320\nheight = 240\nattempts = 5\n"
    path = tmp_path / "lab.toml"
    path.write_text(text, encoding="utf-8")
    return path, f"tcp://127.0.0.1:{port}"


def hardlab(*words):
    return subprocess.run(
        [HARDLAB, *map(str, words)], capture_output=True, text=True, timeout=60, check=False
    )


def test_list_and_shoot_as_a_technician_does(fake_gige_camera, cell, tmp_path):
    config, _ = cell
    with on_the_network(fake_gige_camera):
        assert f"{NAME}  127.0.0.1" in hardlab("camera", "list").stdout
        told = hardlab("camera", "shoot", "--config", config, "--out", tmp_path / "x.png")
        assert told.stdout.strip().endswith("x.png: 320 x 240 px, 16.0 x 12.0 mm"), told
        ramp_of = cv2.imread(str(tmp_path / "x.png"), cv2.IMREAD_GRAYSCALE)
        ramp(Frame(320, 240, ramp_of.tobytes()))
    assert "no" in hardlab("camera", "shoot", "--config", config, "--out", "x.png").stderr


def test_the_daemon_s_camera_is_served_by_the_command(fake_gige_camera, cell):
    config, url = cell

    async def main():
        lines = LabLines()
        camera = WorkerCamera(lines, url, Clock.starting(datetime.now(UTC)))
        got = [await camera.capture() for _ in range(3)]
        lines.cut()
        await asyncio.sleep(0)
        return got

    with on_the_network(fake_gige_camera, lost_permille=2):
        worker = subprocess.Popen(
            [HARDLAB, "camera", "serve", "--config", str(config)],
            stdout=subprocess.PIPE,
            stderr=sys.stderr,
        )
        try:
            assert NAME.encode() in worker.stdout.readline()
            until, got = time.monotonic() + 10, []
            while not got or isinstance(got[0], NotDone):
                assert time.monotonic() < until, got
                got = asyncio.run(main())
        finally:
            worker.send_signal(signal.SIGINT)
            assert worker.wait(15) == 0
            worker.stdout.close()
    for shot in got:
        assert isinstance(shot, Done), shot
        assert shot.value.px_per_mm == 20.0
        ramp(Frame(shot.value.width, shot.value.height, shot.value.pixels))

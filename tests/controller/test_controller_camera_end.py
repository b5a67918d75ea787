"""A camera whose library does not return does not keep its process from ending when told to."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drivers.camera_worker import WorkerCamera
from drivers.lines import LabLines
from runtime import Clock
from tests.labs import EXAMPLES

SERVE = """
import sys, time
import controller.cameras
from controller.cli import main

class Slow:
    step = None
    def grab(self):
        print("grabbing", flush=True)
        time.sleep(60)
    def close(self):
        pass

controller.cameras.source_of = lambda camera: Slow()
sys.argv = ["hardlab", "camera", "serve", "--config", sys.argv[1]]
main()
"""


def lab_with_camera(folder: Path) -> tuple[Path, str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    text = (EXAMPLES / "lab.toml").read_text(encoding="utf-8")
    text = text.replace('"memory://camera"', f'"{url}"')
    text += f'\n[devices.camera.source]\ndriver = "folder"\ncamera = "{folder}"\npx_per_mm = 20.0\n'
    file = folder / "lab.toml"
    file.write_text(text, encoding="utf-8")
    return file, url


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_picture_being_taken_does_not_hold_up_the_end(
    tmp_path: Path, number: signal.Signals
) -> None:
    config, url = lab_with_camera(tmp_path)
    command = [sys.executable, "-c", SERVE, str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        assert b"camera" in worker.stdout.readline()

        async def ask() -> None:
            camera = WorkerCamera(LabLines(), url, Clock.starting(datetime.now(UTC)))
            asking = asyncio.ensure_future(camera.capture())
            assert worker.stdout is not None
            # If it never takes one, its end is what this line hears; else this would wait for ever.
            dying = asyncio.get_running_loop().call_later(40, worker.kill)
            said = await asyncio.to_thread(worker.stdout.readline)
            dying.cancel()
            assert said == b"grabbing\n"
            told = time.monotonic()
            worker.send_signal(number)
            assert await asyncio.to_thread(worker.wait, 20) == 0
            assert time.monotonic() - told < 15
            asking.cancel()

        try:
            asyncio.run(asyncio.wait_for(ask(), 60))
        finally:
            worker.kill()

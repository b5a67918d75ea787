"""A lab of virtual devices and devices on wires, with its daemon in the same process."""

import asyncio
import re
import socket
import subprocess

import pytest

from drivers.lines import LineError, SystemLines
from hil_sim.wire import Wires
from tests.labs import EXAMPLES
from tests.mixed import OWN
from tests.processes import HARDLAB, free_ports

SECTIONS = "".join(f'[devices.{name}]\nurl = "{dev["url"]}"\n\n' for name, dev in OWN.items())


def sim(folder, *options, devices=SECTIONS):
    text = (EXAMPLES / "lab.toml").read_text(encoding="utf-8")
    config, manifest = folder / "lab.toml", folder / "tray.csv"
    text = re.sub(r"_indentations = \d", "_indentations = 2", text)
    config.write_text(text.replace("[durations]\n", f"{devices}[durations]\n"), encoding="utf-8")
    rows = (EXAMPLES / "tray-rockwell.csv").read_text(encoding="utf-8").splitlines()
    manifest.write_text("\n".join([rows[0], rows[2], ""]), encoding="utf-8")
    truth = (EXAMPLES / "tray-rockwell.truth.csv").read_text(encoding="utf-8")
    manifest.with_name("tray.truth.csv").write_text(truth, encoding="utf-8")
    command = [HARDLAB, "sim", "--config", config, "--manifest", manifest, "--out", folder / "run"]
    command += ["--speed", "300", *options]
    return subprocess.run(
        [str(each) for each in command], capture_output=True, text=True, timeout=120, check=False
    )


def test_a_block_is_verified_by_virtual_devices_and_devices_on_wires(tmp_path):
    arm, safety, reader = free_ports(3)
    lines = [
        *(f"arm=tcp://127.0.0.1:{arm}", f"safety=tcp://127.0.0.1:{safety}"),
        *(f"reader=tcp://127.0.0.1:{reader}", f"climate=serial://{tmp_path}/climate?baud=9600"),
    ]
    ended = sim(tmp_path, "--with-daemon", *(word for line in lines for word in ("--line", line)))
    assert ended.returncode == 0, ended.stderr
    assert "1 passed, 0 failed, 0 refused" in ended.stdout


@pytest.mark.parametrize(
    ("options", "devices", "words"),
    [
        (["--real", "gripper"], SECTIONS, "--real gripper: this cell has station, arm"),
        (["--real", "camera"], SECTIONS, "memory://camera is no real line"),
        (["--line", "gauge=memory://g"], "", "add [devices.gauge]"),
    ],
)
def test_what_cannot_be_is_refused_with_a_remedy(options, devices, words, tmp_path):
    ended = sim(tmp_path, "--with-daemon", *options, devices=devices)
    assert ended.returncode == 2 and words in ended.stderr


def test_nothing_is_put_where_a_real_device_is():
    one, other = free_ports(2)
    urls = [f"tcp://127.0.0.1:{port}" for port in (one, other)]

    async def main():
        wires = Wires(absent=urls[1:])
        for url in urls:
            wires.listen(url, asyncio.Protocol)
        await wires.open()
        transport, _ = await SystemLines().connect(urls[0], asyncio.Protocol)
        transport.close()
        with pytest.raises(LineError):
            await SystemLines().connect(urls[1], asyncio.Protocol)
        await wires.close()

    asyncio.run(main())
    with socket.socket() as free:
        free.bind(("127.0.0.1", other))

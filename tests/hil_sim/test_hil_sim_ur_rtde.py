import asyncio
import struct

import pytest

from drivers.codecs import arm as registers
from drivers.codecs import rtde
from drivers.codecs.rtde import Kind, Package
from hil_sim.devices.ur_rtde import FASTEST_HZ, RtdeServer
from runtime import run_virtual
from tests.rig_modbus import ArmRig, got

URL = "memory://rtde"
NAMES = b"actual_TCP_pose,robot_mode,safety_mode,runtime_state,"


class Watcher(asyncio.Protocol):
    """Somebody who watches the arm."""

    def __init__(self):
        self.heard, self.rest, self.lost = [], b"", False

    def data_received(self, data):
        packages, self.rest = rtde.split(self.rest + data)
        self.heard += packages

    def connection_lost(self, error):
        self.lost = True


async def watching(rig):
    rig.bench.listen(URL, RtdeServer(rig.sim))
    transport, watcher = await rig.bench.connect(URL, Watcher)

    async def ask(kind, payload=b"", rest=0.001):
        transport.write(Package(kind, payload).encode())
        await asyncio.sleep(rest)
        heard, watcher.heard = watcher.heard, []
        return heard

    return watcher, transport, ask


def wish(hz, names=NAMES):
    return struct.pack(">d", hz) + names


def test_shows_what_the_registers_show():
    async def main():
        rig = ArmRig()
        _, _, ask = await watching(rig)
        assert await ask(Kind.VERSION, b"\0\2") == [Package(Kind.VERSION, b"\1")]
        (types,) = await ask(Kind.OUTPUTS, wish(10.0))
        assert types.payload == b"\1VECTOR6D,INT32,INT32,UINT32"
        started, shown = await ask(Kind.START)
        assert started == Package(Kind.START, b"\1")
        x, y, z, *_, robot, safety, runtime = struct.unpack(">B6diiI", shown.payload)[1:]
        status = got(await rig.arm.read())
        assert [1000 * x, 1000 * y, 1000 * z] == pytest.approx(status.pose_mm)
        assert registers.SAFETY_MODES[safety] == status.safety
        assert (robot, runtime) == (registers.ROBOT_RUNNING, 2)

    run_virtual(main())


@pytest.mark.parametrize(("hz", "each_s"), [(10.0, 10), (500.0, FASTEST_HZ), (float("nan"), 1)])
def test_sends_at_the_rate_asked_until_it_is_paused(hz, each_s):
    async def main():
        _, _, ask = await watching(ArmRig())
        await ask(Kind.OUTPUTS, wish(hz))
        first = await ask(Kind.START, rest=1.0)
        assert len(first) - 1 == pytest.approx(each_s, abs=1)
        assert Package(Kind.PAUSE, b"\1") in await ask(Kind.PAUSE)
        assert await ask(Kind.VERSION, b"\0\2", rest=5.0) == [Package(Kind.VERSION, b"\1")]

    run_virtual(main())


def test_does_not_start_on_what_it_cannot_show():
    async def main():
        _, _, ask = await watching(ArmRig())
        assert await ask(Kind.START) == [Package(Kind.START, b"\0")]
        (types,) = await ask(Kind.OUTPUTS, wish(10.0, b"actual_q"))
        assert types.payload == b"\1NOT_FOUND"
        assert await ask(Kind.START, rest=1.0) == [Package(Kind.START, b"\0")]
        assert await ask(Kind.VERSION, b"\0\1") == [Package(Kind.VERSION, b"\0")]

    run_virtual(main())


@pytest.mark.parametrize("junk", [b"\0\1V", Package(Kind.OUTPUTS, b"short").encode()])
def test_hangs_up_on_what_it_cannot_read(junk):
    async def main():
        watcher, transport, ask = await watching(ArmRig())
        await ask(Kind.OUTPUTS, wish(10.0))
        await ask(Kind.START)
        transport.write(junk)
        await asyncio.sleep(0.01)
        assert watcher.lost
        watcher.heard.clear()
        await asyncio.sleep(5.0)
        assert watcher.heard == []

    run_virtual(main())

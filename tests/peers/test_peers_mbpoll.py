"""mbpoll (libmodbus) is the master of our simulated station PLC and arm."""

import asyncio

import pytest

from drivers.codecs import arm, station
from drivers.interfaces import SIZING, TESTER
from drivers.timing import ArmTimes, CycleTimes
from hil_sim import physics
from hil_sim.devices.station_plc import SimStationPlc
from hil_sim.devices.ur_arm import SimUrArm
from hil_sim.modbus_server import ModbusServer, RegisterBank
from hil_sim.world import World
from runtime import stream
from tests.peers.masters import rtu, served, tcp
from tests.processes import free_ports
from tests.rig_modbus import POSES, block, clock


def at(table, registers):
    return table.decode([registers[table.start + i] for i in range(table.count)])


def station_plc(world):
    truth, rng = physics.TesterTruth(), stream(1, "tester")
    record = lambda *_: None  # noqa: E731  # a listener that does nothing
    return SimStationPlc(world, clock(), CycleTimes(), truth, rng, record, measure_s=0.02)


def test_station_plc_answers_a_strange_master(mbpoll):
    async def main():
        world, (port,) = World(), free_ports(1)
        world.add(block(), SIZING)
        world.add(block("B2"), TESTER)
        plc = station_plc(world)
        plc.temperature_c = -5.25
        async with served({f"tcp://127.0.0.1:{port}": plc.server}):
            master = tcp(mbpoll, port)
            status = await master.read(station.STATUS.start, station.STATUS.count)
            shown = at(station.STATUS, status)
            assert (status[126], status[127]) == (0x4853, 2)
            assert shown["boot"] == 1
            assert shown["temperature_cdeg"] == -525
            bits = [i for i in range(16) if shown["inputs"] >> i & 1]
            wanted = [station.Input.SIZING_OCCUPIED, station.Input.TESTER_OCCUPIED]
            assert set(wanted) <= set(bits)
            # Input registers are the same words.
            assert (await master.read(126, 2, kind="3")) == {126: 0x4853, 127: 2}
            # The sizing stage acts on the tag.
            assert "Written 1 references" in await master.write(20, 77)
            await asyncio.sleep(0.1)
            measured = await master.read(150, station.MEASUREMENT.count)
            assert at(station.MEASUREMENT, measured)["tag"] == 77
            words = [measured[150 + i] for i in range(station.MEASUREMENT.count)]
            assert station.MEASUREMENT.text(words, "code") == "B1-CODE"

    asyncio.run(main())


def test_station_plc_refuses_a_strange_master_by_exception(mbpoll):
    async def main():
        port = free_ports(1)[0]
        async with served({f"tcp://127.0.0.1:{port}": station_plc(World()).server}):
            master = tcp(mbpoll, port)
            assert "Illegal data address" in await master.read(90, 1)
            assert "Illegal data address" in await master.read(127, 2)
            assert "Illegal data address" in await master.write(90, 1, 2)
            assert "Illegal function" in await master.read(0, 1, kind="0")
            assert "Illegal function" in await master.write(0, 1, 0, 1, kind="0")
            # Nobody of that number is on this line.
            assert "timed out" in await master.read(126, 1, unit=9)
            assert await master.read(126, 1) == {126: 0x4853}

    asyncio.run(main())


def test_a_strange_master_of_another_epoch_starts_nothing(mbpoll):
    async def main():
        world, port = World(), free_ports(1)[0]
        world.add(block(), TESTER)
        async with served({f"tcp://127.0.0.1:{port}": station_plc(world).server}):
            master = tcp(mbpoll, port)
            # CLAIM for epoch 70000, then INDENT for the epoch before; tag 7, HRC.
            await master.write(0, 1, 4464, 1, station.Command.CLAIM, 0, 0, 0, 0, 0)
            indent = (2, station.Command.INDENT, 7, 3, 1000, 4000, 1000)
            assert "Written 9 references" in await master.write(0, 1, 4463, *indent)
            shown = at(station.STATUS, await master.read(100, 28))
            assert (shown["epoch"], shown["accepted"]) == (70000, 1)
            assert (shown["refused"], shown["refusal"]) == (2, station.Refusal.OLD_EPOCH)
            assert shown["cycle_count"] == 0
            assert not list(world.indentations())

    asyncio.run(main())


def test_arm_answers_a_strange_master(mbpoll):
    async def main():
        port = free_ports(1)[0]
        simulated = SimUrArm(World(), clock(), ArmTimes(), POSES)
        async with served({f"tcp://127.0.0.1:{port}": simulated.server}):
            master = tcp(mbpoll, port)
            assert await master.read(258, 1) == {258: arm.ROBOT_RUNNING}
            assert (await master.read(260, 7))[266] == 1
            pose = at(arm.POSE, await master.read(400, 6))
            assert (pose["x"], pose["y"], pose["z"]) == (0, -3000, 5000)
            # The gap of the published map, and a register behind it.
            assert "Illegal data address" in await master.read(258, 3)
            # CLAIM for epoch 70000, sequence 1: high word first.
            claim = (1, arm.Job.CLAIM, 0, 0, 1, 4464, 0, 0)
            assert "Written 8 references" in await master.write(128, *claim)
            shown = at(arm.STATUS, await master.read(160, arm.STATUS.count))
            assert (shown["epoch"], shown["accepted"]) == (70000, 1)

    asyncio.run(main())


@pytest.fixture
def tag_bank():
    bank = RegisterBank([station.MEASURE, station.STATUS])
    bank.put(station.STATUS, {"identity": 0x4853, "map_version": 2})
    return bank


def test_rtu_framing_on_a_pseudo_terminal(mbpoll, tmp_path, tag_bank):
    async def main():
        link = tmp_path / "plc"
        device = ModbusServer(tag_bank, unit=9, framing="rtu")
        async with served({f"serial://{link}": device}):
            master = rtu(mbpoll, link)
            assert await master.read(126, 2, unit=9) == {126: 0x4853, 127: 2}
            assert "Illegal data address" in await master.read(90, 2, unit=9)
            assert "Illegal function" in await master.read(0, 3, kind="0", unit=9)
            # Not for us: silence, and the next question is understood.
            assert "timed out" in await master.read(126, 2, unit=1)
            assert await master.read(126, 1, unit=9) == {126: 0x4853}

    asyncio.run(main())


@pytest.mark.parametrize(("kind", "numbers"), [("4", (77,)), ("4", (77, 78)), ("0", (1, 0, 1))])
def test_rtu_writes_of_every_length(mbpoll, tmp_path, kind, numbers):
    """FC06, FC16 and the FC15 that we do not know: each whole frame is answered."""

    async def main():
        link = tmp_path / "plc"
        bank = RegisterBank([station.MEASURE, station.HEARTBEAT])
        async with served({f"serial://{link}": ModbusServer(bank, framing="rtu")}):
            master = rtu(mbpoll, link)
            said = await master.write(20, *numbers, kind=kind)
            if kind == "4":
                assert f"Written {len(numbers)} references" in said
                read = await master.read(20, len(numbers))
                assert list(read.values()) == list(numbers)
            else:
                assert "Illegal function" in said
                assert await master.read(20, 2) == {20: 0, 21: 0}

    asyncio.run(main())


def test_a_strange_master_starts_nothing_before_anybody_claimed(mbpoll):
    async def main():
        world, port = World(), free_ports(1)[0]
        world.add(block(), TESTER)
        async with served({f"tcp://127.0.0.1:{port}": station_plc(world).server}):
            master = tcp(mbpoll, port)
            # Epoch 0, number 1, INDENT, tag 7, HRC: the epoch that a fresh PLC shows.
            command = (0, 0, 1, station.Command.INDENT, 7, 3, 1000, 4000, 1000)
            assert "Written 9 references" in await master.write(0, *command)
            shown = at(station.STATUS, await master.read(100, 28))
            assert (shown["accepted"], shown["cycle_count"], shown["activity"]) == (0, 0, 0)

    asyncio.run(main())

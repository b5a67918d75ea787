"""A strange PLC on npm's modbus-serial, which is not our station PLC and must not pass for it."""

import asyncio
from contextlib import asynccontextmanager

from drivers.codecs import station
from drivers.codecs.registers import Field, Table
from drivers.interfaces import Done, Failure, NotDone, Unknown
from drivers.lines import SystemLines
from drivers.modbus import ModbusLink
from drivers.station_plc import StationPlc
from tests.peers.programs import running
from tests.processes import free_ports
from tests.rig_modbus import clock


def table(start, count):
    return Table(tuple(Field(f"f{i}", start + i) for i in range(count)))


@asynccontextmanager
async def linked(strange_plc):
    port = free_ports(1)[0]
    async with running(*strange_plc, port):
        link = ModbusLink(SystemLines(), f"tcp://127.0.0.1:{port}")
        yield link
        link.close()


def test_reads_and_writes_up_to_the_limits_of_the_protocol(strange_plc):
    async def main():
        async with linked(strange_plc) as link:
            assert await link.read(table(0, 125)) == Done(list(range(125)))
            numbers = [0xFFFF - i for i in range(123)]
            assert await link.write(table(10, 123), numbers) == Done(None)
            assert await link.read(table(10, 123)) == Done(numbers)
            assert await link.read(table(299, 1)) == Done([299])

    asyncio.run(main())


def test_exceptions_come_back_as_values(strange_plc):
    async def main():
        async with linked(strange_plc) as link:
            beyond = await link.read(table(299, 2))
            assert isinstance(beyond, NotDone), beyond
            assert beyond.reason is Failure.EXCEPTION_REPLY
            assert "exception 2" in beyond.detail
            # Device failure: it may have begun.
            failed = await link.write(table(200, 2), [1, 2])
            assert isinstance(failed, Unknown), failed
            assert "exception 4" in failed.detail
            assert await link.read(table(200, 2)) == Done([200, 201])

    asyncio.run(main())


def test_another_plc_is_refused_by_its_identity_and_nothing_is_written(strange_plc):
    async def main():
        async with linked(strange_plc) as link:
            plc = StationPlc(link, clock())
            for outcome in (
                await plc.read(),
                await plc.inputs(),
                await plc.climate(),
                await plc.claim(7),
            ):
                assert isinstance(outcome, NotDone), outcome
                assert outcome.reason is Failure.BAD_REPLY
                assert "identity 0x007e, map 127 instead of 0x4853" in outcome.detail
            # The link has met a stranger and lets nothing pass any more: look by another.
            onlooker = ModbusLink(SystemLines(), link.url)
            command = station.COMMAND
            untouched = list(range(command.start, command.start + command.count))
            assert await onlooker.read(command) == Done(untouched)
            refused = await link.read(command)
            assert isinstance(refused, NotDone) and "is it the station PLC" in refused.detail
            onlooker.close()

    asyncio.run(main())

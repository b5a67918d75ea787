"""mbpoll, a Modbus master of the command line, and devices of ours that it asks."""

import re
from contextlib import asynccontextmanager

from hil_sim.wire import Wires
from tests.peers.programs import tell


@asynccontextmanager
async def served(servers):
    """Serve `ModbusServer` objects at URLs."""
    wires = Wires()
    for url, server in servers.items():
        wires.listen(url, server)
    await wires.open()
    try:
        yield
    finally:
        await wires.close()


class Master:
    """One mbpoll, where it asks and how; addresses are counted from 0, one poll each."""

    def __init__(self, mbpoll, where, *mode):
        self.command = (mbpoll, "-0", "-1", "-o", "1", *mode)
        self.where = where

    async def read(self, start, count, kind="4", unit=1):
        """Return the registers read, or what mbpoll says instead."""
        options = ("-a", unit, "-r", start, "-c", count, "-t", kind)
        code, said = await tell(*self.command, *options, self.where)
        found = re.findall(r"^\[(\d+)\]:\s+(0x[\dA-F]+|\d+)", said, re.MULTILINE)
        assert (code == 0) == bool(found), said
        return {int(address): int(number, 0) for address, number in found} or said

    async def write(self, start, *numbers, kind="4", unit=1):
        """Write registers; return what mbpoll says."""
        options = ("-a", unit, "-r", start, "-t", kind)
        return (await tell(*self.command, *options, self.where, *numbers))[1]


def tcp(mbpoll, port):
    return Master(mbpoll, "127.0.0.1", "-m", "tcp", "-p", port)


def rtu(mbpoll, link):
    return Master(mbpoll, link, "-m", "rtu", "-b", 115200, "-P", "none")

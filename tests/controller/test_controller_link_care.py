"""Every driver on real wires: who is there, a dead peer, the way back, a stranger."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from drivers.codecs.registers import Field, Table
from drivers.lines import Port
from hil_sim.modbus_server import ModbusServer, RegisterBank
from tests.link_house import House, house

NOTICED_S = 2.0
BACK_S = 5.0
PATIENCE_S = 60.0
"""No promise: what is waited for on a busy machine; what is promised is measured."""
STEADY_S = 1.5
"""So long everything stays dead, and then alive: what is told once is told once."""


class Lag:
    """How long the loop itself was late meanwhile: this machine's fault, not the drivers'."""

    def __init__(self) -> None:
        self.worst_s = 0.0

    async def watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + 0.05
            await asyncio.sleep(0.05)
            self.worst_s = max(self.worst_s, loop.time() - due)


def swallow(data: bytes, forward: Any) -> None:
    """Hear nothing."""


class Break:
    """One way to lose a peer, and the way back."""

    def __init__(self, name: str, house: House) -> None:
        self.name = name
        self.house = house
        # A tester that says nothing is no dead peer: it publishes when there is something.
        self.lines = [line for line in house.urls if name != "silent" or line != "results"]

    def strike(self) -> None:
        for line in self.lines:
            url = self.house.urls[line]
            port = self.house.wires.port(url)
            if self.name == "silent":
                port.to_device = swallow
            elif self.name == "closed" and url.startswith("tcp:"):
                port.unplug()
            else:
                self.house.wires.unplug(url)

    async def heal(self) -> None:
        for line in self.lines:
            url = self.house.urls[line]
            port = self.house.wires.port(url)
            if self.name == "silent":
                port.to_device = Port(asyncio.Protocol).to_device
            elif self.name == "closed" and url.startswith("tcp:"):
                port.plugged = True
            else:
                await self.house.wires.plug(url)


async def all_within(events: Iterable[asyncio.Event], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        await asyncio.gather(*(event.wait() for event in events))


def said(caplog: Any, words: str) -> list[str]:
    lines = [r.getMessage() for r in caplog.records if r.name == "hardlab.lines"]
    return sorted(line.partition(":")[0] for line in lines if words in line)


@pytest.mark.parametrize("how", ["silent", "closed", "unplugged"])
def test_a_dead_peer_is_noticed_in_2_s_comes_back_by_itself_and_is_told_of_once(
    how: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def main() -> None:
        loop, lag = asyncio.get_running_loop(), Lag()
        async with house(tmp_path) as here:
            watching = asyncio.ensure_future(lag.watch())
            trouble = Break(how, here)
            pulses = {line: here.pulse(line) for line in trouble.lines}
            await all_within((pulse.alive for pulse in here.pulses.values()), PATIENCE_S)
            assert said(caplog, "lost") == []

            for pulse in pulses.values():
                pulse.lost_s.clear()
            struck = loop.time()
            trouble.strike()
            await all_within((pulse.dead for pulse in pulses.values()), PATIENCE_S)
            noticed = {line: pulse.lost_s[0] - struck for line, pulse in pulses.items()}
            late = {line: s for line, s in noticed.items() if s > NOTICED_S + lag.worst_s}
            assert not late, f"noticed too late (loop lag {lag.worst_s:.2f} s): {late}"
            await asyncio.sleep(STEADY_S)

            for pulse in pulses.values():
                pulse.alive.clear()
            healed = loop.time()
            await trouble.heal()
            await all_within((pulse.alive for pulse in pulses.values()), PATIENCE_S)
            assert loop.time() - healed <= BACK_S + 5 * lag.worst_s
            await asyncio.sleep(STEADY_S)
            watching.cancel()
            tallies = {tally.name: tally for tally in here.lines.tallies.values()}
        lost = said(caplog, "line lost")
        assert lost == sorted(trouble.lines), set(lost) ^ set(trouble.lines)
        # The tester is one-way: that its line is open again is all that can be known.
        assert said(caplog, "line is back") == sorted(set(trouble.lines) - {"results"})
        for line in trouble.lines:
            assert tallies[line].errors >= 1 and tallies[line].reconnects >= 1, line

    asyncio.run(main())


class Talker(asyncio.Protocol):
    """Another program at the address: it greets, and answers whatever it hears in plain words."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(b"220 mail.example ready\r\n")

    def data_received(self, data: bytes) -> None:
        self.transport.write(b"500 what do you mean\r\n")


def registers(framing: Any) -> Any:
    """Return another Modbus device: every register is there, none means what ours mean."""
    table = Table(tuple(Field(f"r{i}", i) for i in range(0x2100)))
    bank = RegisterBank((table,))
    bank.put(table, {field.name: 0x7777 for field in table.fields})
    return ModbusServer(bank, unit=9 if framing == "gripper" else 1)


STRANGERS = {"talker": lambda line: Talker, "registers": registers}


@pytest.mark.parametrize("stranger", STRANGERS)
def test_a_stranger_at_the_address_is_never_taken_for_the_device_and_named(
    stranger: str, tmp_path: Path
) -> None:
    async def main() -> None:
        async with house(tmp_path) as here:
            await all_within((pulse.alive for pulse in here.pulses.values()), PATIENCE_S)
            lines = [line for line in here.urls if line != "results"]
            for line in lines:
                url = here.urls[line]
                here.wires.unplug(url)
                here.wires.port(url).factory = STRANGERS[stranger](line)
                await here.wires.plug(url)
            await all_within((here.pulse(line).dead for line in lines), PATIENCE_S)
            # What is felt once the new peer has been asked, not the loss of the old one.
            for line in lines:
                here.pulse(line).details.clear()
            await asyncio.sleep(8)
            for line in lines:
                told = here.pulse(line).details
                for _ in range(int(PATIENCE_S)):
                    if not told:
                        await asyncio.sleep(1)
                assert told, f"{line}: the stranger was taken for the device"
                assert all(here.urls[line] in detail for detail in told), (line, told)
                assert not here.pulse(line).alive.is_set(), line

    asyncio.run(main())

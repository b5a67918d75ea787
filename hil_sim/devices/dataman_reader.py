"""A simulated DataMan reader: it reads the code of the block at the sizing stage."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from drivers.codecs import dmcc
from drivers.codecs.dmcc import Reply, Status
from drivers.interfaces import SIZING
from drivers.lines import Listener, Port
from drivers.textline import LONGEST_LINE, LineBuffer
from hil_sim.devices.audience import Audience
from hil_sim.faults import Fault, Switch
from hil_sim.world import World
from runtime import Clock


class SimDataMan:
    """Speaks DMCC as a reader does that was just switched on: silent until told to reply.

    A trigger is answered by a read-string after ``read_s`` of process time, with
    ``no_read`` when there is no block or its label cannot be read.
    """

    def __init__(
        self,
        world: World,
        clock: Clock,
        *,
        read_s: float = 0.3,
        no_read: bytes = b"NO-READ",
        dialect: dmcc.Dialect | None = None,
    ) -> None:
        self.port: Port | None = None
        self.triggered = 0
        self._world = world
        self._clock = clock
        self._read_s = read_s
        self._no_read = no_read
        self._dialect = dialect or dmcc.Dialect()
        self._extended = False
        self._blind = False
        self._wrong: bytes | None = None
        self._audience = Audience()
        self._reading: asyncio.TimerHandle | None = None

    def protocol(self) -> asyncio.Protocol:
        """Return the reader's end for a new connection."""
        return _Wire(self, self._audience)

    def listen(self, bench: Listener, url: str) -> Port:
        """Listen on a bench; return the port, where wire faults are put."""
        self.port = bench.listen(url, self.protocol)
        return self.port

    # -- faults of the world ---------------------------------------------------------

    @property
    def switches(self) -> Mapping[Fault, Switch]:
        """The faults this device knows besides those of its wire."""
        return {
            Fault.WRONG_VALUE: self.misread,
            Fault.STUCK_SENSOR: self.blind,
            Fault.POWER_LOSS: self.power_loss,
        }

    def misread(self, code: str | None = "WRONG") -> None:
        """Let it read this, whatever stands there; None lets it see again."""
        self._wrong = None if code is None else code.encode()

    def blind(self, blind: bool = True) -> None:
        """Let it read nothing, as with a dirty window."""
        self._blind = blind

    def power_loss(self, *, hang_up: bool = True) -> None:
        """Lose power: it replies to nothing again. A serial line stays up (``hang_up`` False)."""
        self._extended = False
        if self._reading is not None:
            self._reading.cancel()
        if hang_up and self.port is not None:
            self.port.hang_up()

    def press(self) -> None:
        """Press the trigger key on its housing: a read-string that nobody asked for."""
        self._read()

    # -- the wire --------------------------------------------------------------------

    def commanded(self, line: bytes, wire: asyncio.WriteTransport) -> None:
        """Take one line."""
        command = dmcc.parse_command(line)
        if isinstance(command, dmcc.Rejected):
            return
        status = self._obey(command.text.upper())
        if self._extended:
            wire.write(dmcc.encode_reply(Reply(status, b"", command.number)))

    def _obey(self, text: str) -> Status:
        if text in (dmcc.EXTENDED, f"{dmcc.EXTENDED[:-1]}0"):
            self._extended = text == dmcc.EXTENDED
            return Status.OK
        if text != dmcc.TRIGGER:
            return Status.BAD_COMMAND
        self.triggered += 1
        loop = asyncio.get_running_loop()
        self._reading = loop.call_later(self._read_s / self._clock.speed, self._read)
        return Status.OK

    def _read(self) -> None:
        data = self._seen()
        if self._extended:
            line = dmcc.encode_reply(Reply(Status.READ, dmcc.encode_read(data, self._dialect)))
        else:
            line = data + dmcc.END
        self._audience.tell(line)

    def _seen(self) -> bytes:
        if self._wrong is not None:
            return self._wrong
        block = self._world.occupant(SIZING)
        if self._blind or block is None or block.code is None:
            return self._no_read
        return block.code.encode()


class _Wire(asyncio.Protocol):
    """One connection; commands end with CR LF."""

    def __init__(self, reader: SimDataMan, audience: Audience) -> None:
        self._reader = reader
        self._audience = audience
        self._lines = LineBuffer("dataman", longest=LONGEST_LINE, most=4096)
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._audience.join(transport)

    def data_received(self, data: bytes) -> None:
        self._lines.feed(data)
        while (line := self._lines.line()) is not None:
            assert self._transport is not None
            self._reader.commanded(line, self._transport)

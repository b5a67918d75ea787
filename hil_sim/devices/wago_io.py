"""The simulated WAGO 750 coupler with digital modules and its watchdog."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.codecs import wago as codec
from drivers.codecs.wago import Watchdog
from drivers.lines import Listener, Port
from hil_sim.faults import Fault, Switch
from hil_sim.modbus_server import ILLEGAL_ADDRESS, MAX_READ, ModbusServer, Refused, RegisterBank
from runtime import Clock

_DEFAULT_TICKS = 100
_TIME, _MASK, _TRIGGER, _RUNNING, _STOP = (
    table.start for table in (codec.TIME, codec.MASK, codec.TRIGGER, codec.RUNNING, codec.STOP)
)
_WATCHDOG = range(0x1000, 0x100C)


class SimWagoIo(RegisterBank):
    """A coupler 750-``item`` with so many digital inputs and outputs after analogue words.

    The watchdog counts link time from the last change of the trigger register; the
    function mask is kept and not acted on. When it fires all outputs fall and every
    request but those for its own registers is answered with exception 4, until it is
    stopped; that its own registers still answer then is from memory [MEM].
    """

    def __init__(
        self,
        clock: Clock,
        *,
        inputs: int,
        outputs: int,
        analog_words: int = 0,
        item: int = 352,
        series: int = codec.SERIES,
    ) -> None:
        super().__init__((codec.NAMEPLATE, codec.SIZES))
        self.port: Port | None = None
        self.inputs = [False] * inputs
        self._clock = clock
        self._analog = analog_words
        self._stuck: dict[int, bool] = {}
        self._outputs = [False] * outputs
        self._come_up()
        self.put(codec.NAMEPLATE, {"firmware": 5, "series": series, "item": item})
        bits = {"analog_outputs": 16 * analog_words, "analog_inputs": 16 * analog_words}
        bits |= {"digital_outputs": outputs, "digital_inputs": inputs}
        self.put(codec.SIZES, bits)
        self.server = ModbusServer(self)

    def _come_up(self) -> None:
        self._watchdog = {_TIME: _DEFAULT_TICKS, _MASK: 0, _TRIGGER: 0, _STOP: 0}
        self._state = Watchdog.STOPPED
        self._fed_at = 0.0
        self._outputs = [False] * len(self._outputs)

    def listen(self, bench: Listener, url: str) -> Port:
        """Listen on a bench; return the port, where wire faults are put."""
        self.port = bench.listen(url, self.server)
        return self.port

    @property
    def outputs(self) -> tuple[bool, ...]:
        """What the output terminals carry: the truth behind the wire."""
        self._look()
        return tuple(self._outputs)

    # -- faults of the world -------------------------------------------------------------

    @property
    def switches(self) -> Mapping[Fault, Switch]:
        """The faults this device knows besides those of its wire."""
        return {Fault.STUCK_SENSOR: self.stick, Fault.POWER_LOSS: self.power_loss}

    def stick(self, channel: int, on: bool | None) -> None:
        """Show an input so, whatever is true; None ends it."""
        if on is None:
            self._stuck.pop(channel, None)
        else:
            self._stuck[channel] = on

    def power_loss(self) -> None:
        """Lose power and come back: outputs off, watchdog stopped with its default time."""
        if self.port is not None:
            self.port.hang_up()
        self._come_up()

    # -- the registers -------------------------------------------------------------------

    def read(self, start: int, count: int) -> list[int]:
        """Return registers as a client reads them. Raises `Refused`."""
        self._look()
        if start in _WATCHDOG:
            shown = {**self._watchdog, _RUNNING: int(self._state)}
            return _pick(shown, start, count)
        self._refuse_if_fired()
        if start >= codec.NAMEPLATE.start or start >= codec.SIZES.start:
            return super().read(start, count)
        seen = [self._stuck.get(i, on) for i, on in enumerate(self.inputs)]
        image = self._image(0, seen) | self._image(codec.READ_BACK_START, self._outputs)
        return _pick(image, start, count)

    def write(self, start: int, values: list[int]) -> None:
        """Set registers as a client writes them. Raises `Refused`."""
        self._look()
        if start in _WATCHDOG:
            for address, value in enumerate(values, start):
                self._set(address, value)
            return
        self._refuse_if_fired()
        writable = self._image(codec.OUTPUTS_START, self._outputs)
        _pick(writable, start, len(values))
        digital = (writable | dict(enumerate(values, start))).items()
        words = [word for address, word in sorted(digital) if address >= self._analog]
        self._outputs = list(codec.unpack(words, len(self._outputs)))

    def _image(self, start: int, channels: list[bool]) -> dict[int, int]:
        return dict(enumerate([0] * self._analog + codec.pack(channels), start))

    # -- the watchdog ---------------------------------------------------------------------

    def _set(self, address: int, value: int) -> None:
        if address not in self._watchdog:
            raise Refused(ILLEGAL_ADDRESS)
        if address == _STOP and value in (0x55AA, 0xAA55):
            self._state = Watchdog.STOPPED
        if address in (_TIME, _MASK) and self._state is Watchdog.RUNNING:
            return
        if address == _TRIGGER and value != self._watchdog[_TRIGGER]:
            self._triggered()
        self._watchdog[address] = value

    def _triggered(self) -> None:
        if self._state is not Watchdog.FIRED and self._watchdog[_TIME]:
            self._state, self._fed_at = Watchdog.RUNNING, self._clock.link()

    def _look(self) -> None:
        time_s = self._watchdog[_TIME] * codec.TICK_MS / 1000
        overdue = self._clock.link() - self._fed_at >= time_s
        if self._state is Watchdog.RUNNING and overdue:
            self._state = Watchdog.FIRED
            self._outputs = [False] * len(self._outputs)

    def _refuse_if_fired(self) -> None:
        if self._state is Watchdog.FIRED:
            raise Refused(codec.DEVICE_FAILURE)


def _pick(words: Mapping[int, int], start: int, count: int) -> list[int]:
    if not 1 <= count <= MAX_READ:
        raise Refused(3)
    try:
        return [words[address] for address in range(start, start + count)]
    except KeyError:
        raise Refused(ILLEGAL_ADDRESS) from None

"""The simulated PNOZmulti 2: E-stop, door, reset button, and the software's own stop."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.codecs import pilz as codec
from drivers.codecs.pilz import Request, State
from drivers.lines import Listener, Port
from hil_sim.devices.guarded_bank import GuardedBank
from hil_sim.faults import Fault, Switch
from hil_sim.modbus_server import ILLEGAL_ADDRESS, ModbusServer
from runtime import Clock

_HOLDING_READ = 3
_REQUESTS, _CONTROL = codec.REQUESTS.start, codec.CONTROL.start


class SimPilzSafety:
    """Behaves as a unit whose safety program latches every stop until a person resets it.

    The chain closes only when E-stop, door and the software's permission are good
    and the reset button was pressed after that. The watchdog of the control register
    clears the requests when nobody writes them in time (link time); making this
    object is switching the unit on.
    """

    def __init__(
        self, clock: Clock, *, product: int = codec.PRODUCT, serial: int = 123_456
    ) -> None:
        self.port: Port | None = None
        self.e_stop_ok = True
        self.door_ok = True
        self.error_entries = 0
        self._clock = clock
        self._identity = {"product": product, "serial": serial}
        self._stuck: dict[State, bool] = {}
        self._latched = True
        self._fed_at: float | None = None
        self._bank = GuardedBank(
            (codec.STATES, codec.IDENTITY),
            (codec.REQUESTS, codec.CONTROL),
            self._show,
            self._written,
        )
        self.server: ModbusServer = _AreaServer(self._bank)

    def listen(self, bench: Listener, url: str) -> Port:
        """Listen on a bench; return the port, where wire faults are put."""
        self.port = bench.listen(url, self.server)
        return self.port

    # -- what people do, and faults of the world -------------------------------------

    @property
    def switches(self) -> Mapping[Fault, Switch]:
        """The faults this device knows besides those of its wire."""
        return {
            Fault.E_STOP: self.press_e_stop,
            Fault.STUCK_SENSOR: self.stick,
            Fault.POWER_LOSS: self.power_loss,
        }

    @property
    def chain_closed(self) -> bool:
        """Whether drives may have power: the truth behind the wire."""
        self._scan()
        return not self._latched

    def press_e_stop(self) -> None:
        """Press the emergency stop; it latches."""
        self.e_stop_ok = False
        self._scan()

    def release_e_stop(self) -> None:
        """Pull it out again; the chain stays open until a reset."""
        self.e_stop_ok = True

    def open_door(self) -> None:
        """Open the door of the cell."""
        self.door_ok = False
        self._scan()

    def close_door(self) -> None:
        """Close the door; the chain stays open until a reset."""
        self.door_ok = True

    def press_reset(self) -> None:
        """Press the reset button; the chain closes if everything is good."""
        self._scan()
        self._latched = not self._good()

    def stick(self, state: State, on: bool | None) -> None:
        """Show one virtual output so, whatever is true; None ends it."""
        if on is None:
            self._stuck.pop(state, None)
        else:
            self._stuck[state] = on

    def power_loss(self) -> None:
        """Lose power and come back: requests cleared, watchdog off, chain open."""
        if self.port is not None:
            self.port.hang_up()
        self._bank.put(codec.REQUESTS, {})
        self._bank.put(codec.CONTROL, {})
        self._fed_at, self._latched = None, True

    # -- the safety program --------------------------------------------------------------

    def _requests(self) -> int:
        return self._bank.word(_REQUESTS)

    def _good(self) -> bool:
        if not (self.e_stop_ok and self.door_ok):
            return False
        return codec.bit(self._bank.word(_REQUESTS), Request.RUN_PERMITTED)

    def _written(self) -> None:
        # What lay too long has fallen before: the bank looks before it writes.
        self._fed_at = self._clock.link()
        self._scan()

    def _overdue(self) -> bool:
        ms = codec.armed_ms(self._bank.word(_CONTROL))
        if not ms or self._fed_at is None:
            return False
        return self._clock.link() - self._fed_at >= ms / 1000

    def _fire(self) -> None:
        if self._requests():
            self.error_entries += 1
        self._bank.put(codec.REQUESTS, {})
        self._fed_at = None
        self._latched = True

    def _scan(self) -> None:
        if self._overdue():
            self._fire()
        if not self._good():
            self._latched = True

    def _show(self) -> None:
        self._scan()
        requests = self._requests()
        seen = (self.e_stop_ok, self.door_ok, self._latched, requests, tuple(self._stuck.items()))
        if not self._bank.stale(codec.STATES, seen):
            return
        bits = (
            self.e_stop_ok << State.E_STOP_OK
            | self.door_ok << State.DOOR_OK
            | self._latched << State.RESET_REQUIRED
            | (not self._latched) << State.CHAIN_CLOSED
            | (not codec.bit(requests, Request.RUN_PERMITTED)) << State.STOP_REQUESTED
        )
        for state, on in self._stuck.items():
            bits = bits & ~(1 << state) | on << state
        self._bank.put(codec.STATES, {"bits": bits})
        self._bank.put(codec.IDENTITY, self._identity)


class _AreaServer(ModbusServer):
    """Outputs and device data lie in the input area alone: FC03 does not find them."""

    def answer(self, request: bytes) -> bytes:
        if request[0] == _HOLDING_READ and int.from_bytes(request[1:3], "big") >= 256:
            return bytes((_HOLDING_READ | 0x80, ILLEGAL_ADDRESS))
        return super().answer(request)

"""Which fault can be put on which simulated device, how, and why some cannot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from drivers.codecs.pilz import State
from drivers.interfaces import SIZING, TESTER, VISION
from hil_sim.cell import SimulatedCell
from hil_sim.faults import Fault

Release = Callable[[], None]
Act = Callable[[SimulatedCell, Random], Release | None]

WIRE = (
    *(Fault.HANG, Fault.DROP_CONNECTION, Fault.LOSE_REPLY, Fault.DELAY),
    *(Fault.LATE_PACKET, Fault.GARBLE, Fault.DUPLICATE, Fault.STALE_REPLY),
)
"""The faults of a wire; `hil_sim.faults` puts them there."""

OPEN = "open"
CRASH = "crash"
BY_HAND = "by-hand"
"""Faults of what is no device: a door, a process, a person at the tester."""


@dataclass(frozen=True, slots=True)
class Switched:
    """A fault of the world: how it begins; what ends it comes back and is called later.

    ``lies``: while it lasts a sensor may say what is not so, and no second one may.
    """

    act: Act
    lies: bool = False


def _station_sticks(cell: SimulatedCell, rng: Random) -> Release:
    place = rng.choice((SIZING, VISION, TESTER))
    cell.station.stick(place, rng.random() < 0.5)
    return lambda: cell.station.unstick(place)


def _station_stops(cell: SimulatedCell, rng: Random) -> Release:
    cell.station.press_e_stop()
    return cell.station.release_e_stop


def _cycle_goes_wrong(cell: SimulatedCell, rng: Random) -> None:
    dwell = rng.choice((-3000, -1500, 2000, 0))
    cell.station.bad_cycle(dwell_ms=dwell, force_n=0.0 if dwell else rng.choice((-60.0, 40.0)))


def _arm_sticks(cell: SimulatedCell, rng: Random) -> Release:
    cell.arm.stick(rng.random() < 0.5)
    return lambda: cell.arm.stick(None)


def _arm_stops(cell: SimulatedCell, rng: Random) -> Release:
    cell.arm.press_e_stop()
    return cell.arm.release_e_stop


def _slips(cell: SimulatedCell, rng: Random) -> None:
    cell.station.slip(dx=rng.choice((-0.6, 0.5, 0.8)), dy=rng.uniform(-0.3, 0.3))


def _misvalues(cell: SimulatedCell, rng: Random) -> None:
    cell.station.wrong_value(rng.choice(("-3", "-0.6", "0.7", "4")))


def _stage_sticks(cell: SimulatedCell, rng: Random) -> Release:
    cell.stage.stick()
    return lambda: cell.stage.stick(False)


def _camera_sticks(cell: SimulatedCell, rng: Random) -> Release:
    cell.camera.refuse()
    return lambda: cell.camera.refuse("")


def _garble_record(cell: SimulatedCell, rng: Random) -> None:
    cell.results.faults.garble += 1


def _gauge_is_off(cell: SimulatedCell, rng: Random) -> Release:
    cell.gauge.wrong_value(rng.choice(("-0.4", "0.5")))
    return lambda: cell.gauge.wrong_value("0")


def _gauge_sticks(cell: SimulatedCell, rng: Random) -> Release:
    cell.gauge.stick(1)
    return lambda: cell.gauge.stick(1, False)


def _misreads(cell: SimulatedCell, rng: Random) -> Release:
    cell.reader.misread()
    return lambda: cell.reader.misread(None)


def _is_blind(cell: SimulatedCell, rng: Random) -> Release:
    cell.reader.blind()
    return lambda: cell.reader.blind(False)


def _air_is_off(cell: SimulatedCell, rng: Random) -> Release:
    cell.climate.wrong_value(rng.choice(("-9", "2", "8")))
    return lambda: cell.climate.wrong_value("0")


def _air_sticks(cell: SimulatedCell, rng: Random) -> Release:
    cell.climate.stick()
    return lambda: cell.climate.stick(False)


def _chain_opens(cell: SimulatedCell, rng: Random) -> Release:
    cell.safety.press_e_stop()
    return cell.safety.release_e_stop


def _chain_sticks(cell: SimulatedCell, rng: Random) -> Release:
    cell.safety.stick(State.CHAIN_CLOSED, False)
    return lambda: cell.safety.stick(State.CHAIN_CLOSED, None)


def _door(cell: SimulatedCell, rng: Random) -> Release:
    cell.station.open_door()
    return cell.station.close_door


def _by_hand(cell: SimulatedCell, rng: Random) -> None:
    cell.station.machine.use_by_hand()


def _blackout(cell: SimulatedCell, rng: Random) -> None:
    for device in (cell.station, cell.arm, cell.stage, cell.camera, cell.results):
        device.power_loss()
    for name in ("gauge", "reader", "climate", "safety"):
        getattr(cell, name).power_loss()


def _power(name: str) -> Switched:
    return Switched(lambda cell, rng: getattr(cell, name).power_loss())


def _nothing(cell: SimulatedCell, rng: Random) -> None:
    """Leave the devices alone: whoever plays the fault acts on a process."""


MENU: Mapping[str, Mapping[str, Switched | None]] = MappingProxyType(
    {
        "station": {
            **dict.fromkeys((f for f in WIRE if f is not Fault.GARBLE), None),
            Fault.WRONG_VALUE: Switched(_misvalues),
            Fault.STUCK_SENSOR: Switched(_station_sticks, lies=True),
            Fault.SLIP: Switched(_slips),
            Fault.BAD_CYCLE: Switched(_cycle_goes_wrong),
            Fault.POWER_LOSS: _power("station"),
            Fault.E_STOP: Switched(_station_stops),
        },
        "arm": {
            **dict.fromkeys((f for f in WIRE if f is not Fault.GARBLE), None),
            Fault.STUCK_SENSOR: Switched(_arm_sticks, lies=True),
            Fault.SLIP: Switched(lambda cell, rng: cell.arm.slip()),
            Fault.POWER_LOSS: _power("arm"),
            Fault.E_STOP: Switched(_arm_stops),
        },
        "stage": {
            **dict.fromkeys(WIRE, None),
            Fault.STUCK_SENSOR: Switched(_stage_sticks),
            Fault.POWER_LOSS: _power("stage"),
        },
        "results": {
            **dict.fromkeys(
                (Fault.DROP_CONNECTION, Fault.LOSE_REPLY, Fault.DELAY, Fault.STALE_REPLY), None
            ),
            Fault.DUPLICATE: None,
            Fault.GARBLE: Switched(_garble_record),
            Fault.POWER_LOSS: _power("results"),
        },
        "camera": {
            **dict.fromkeys(WIRE, None),
            Fault.WRONG_VALUE: Switched(lambda cell, rng: cell.camera.garble()),
            Fault.STUCK_SENSOR: Switched(_camera_sticks),
            Fault.POWER_LOSS: _power("camera"),
        },
        "gauge": {
            **dict.fromkeys(WIRE, None),
            Fault.WRONG_VALUE: Switched(_gauge_is_off),
            Fault.STUCK_SENSOR: Switched(_gauge_sticks),
            Fault.POWER_LOSS: _power("gauge"),
        },
        "reader": {
            **dict.fromkeys((f for f in WIRE if f is not Fault.GARBLE), None),
            Fault.WRONG_VALUE: Switched(_misreads),
            Fault.STUCK_SENSOR: Switched(_is_blind),
            Fault.POWER_LOSS: _power("reader"),
        },
        "climate": {
            **dict.fromkeys(WIRE, None),
            Fault.WRONG_VALUE: Switched(_air_is_off),
            Fault.STUCK_SENSOR: Switched(_air_sticks),
            Fault.POWER_LOSS: _power("climate"),
        },
        "safety": {
            **dict.fromkeys((f for f in WIRE if f is not Fault.GARBLE), None),
            Fault.E_STOP: Switched(_chain_opens),
            Fault.STUCK_SENSOR: Switched(_chain_sticks),
            Fault.POWER_LOSS: _power("safety"),
        },
        "door": {OPEN: Switched(_door)},
        "tester": {BY_HAND: Switched(_by_hand)},
        "cell": {Fault.POWER_LOSS: Switched(_blackout)},
        "daemon": {CRASH: Switched(_nothing)},
        "recorder": {CRASH: Switched(_nothing)},
    }
)
"""Device → fault → how it begins; None for a fault of the wire."""

_TCP = "TCP checks its bytes: what arrives is what was sent"
_ONE_WAY = "the tester only speaks, nothing is sent to it"
_NO_DRIVE = "it is no drive, and not in the safety chain"
_NOT_THERE = "it measures nothing of the kind"

CANNOT: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        **{(device, Fault.GARBLE): _TCP for device in ("station", "arm", "reader", "safety")},
        **{("results", fault): _ONE_WAY for fault in (Fault.HANG, Fault.LATE_PACKET)},
        ("results", Fault.WRONG_VALUE): "the station's wrong value is on its record",
        ("results", Fault.STUCK_SENSOR): _NOT_THERE,
        ("arm", Fault.WRONG_VALUE): "its sensors are the gripper's: see stuck-sensor",
        ("stage", Fault.WRONG_VALUE): "a frame that lies about its place lies in u_pos",
        ("stage", Fault.SLIP): "what slides at contact is the station's slip",
        ("stage", Fault.E_STOP): "its power hangs on the station's chain",
        ("safety", Fault.WRONG_VALUE): "it only shows bits: see stuck-sensor",
        **{
            (device, Fault.E_STOP): _NO_DRIVE
            for device in ("results", "camera", "gauge", "reader", "climate")
        },
        **{
            (device, Fault.SLIP): _NO_DRIVE
            for device in ("results", "camera", "gauge", "reader", "climate", "safety")
        },
        **{
            (device, Fault.BAD_CYCLE): _NOT_THERE
            for device in (
                *("arm", "stage", "results", "camera", "gauge", "reader", "climate", "safety"),
            )
        },
    }
)
"""Why a device cannot have a fault: the holes of the coverage table that are none."""

DEVICES = tuple(
    name for name in MENU if name not in ("door", "tester", "cell", "daemon", "recorder")
)
"""What hangs on a wire."""

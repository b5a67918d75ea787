"""Look at every device by questions that change nothing: no motion, no epoch, no picture."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import urlsplit

from controller.config import LabConfig
from controller.operating.findings import Check, Finding, Health, fail, ok, warn
from controller.operating.stage_probe import ProbeError, probe_stage
from drivers.codecs import grbl
from drivers.dashboard import Dashboard
from drivers.interfaces import ArmStatus, Done, Failure, Fence, NotDone, TesterStatus, Unknown
from drivers.lines import LineError, Lines
from drivers.modbus import ModbusLink
from drivers.station_plc import StationPlc
from drivers.ur_arm import UrArm
from runtime import Clock

REPLY_S = 0.9
"""A read is asked twice: connect, reply, connect, reply must fit into one check."""

_REMEDIES: Mapping[Failure, str] = {
    Failure.NO_LINK: "is it switched on, the cable in, the address in lab.toml right?",
    Failure.NO_REPLY: "something listens but does not answer: is the unit number 1, is this the "
    "right port, does its program run?",
    Failure.EXCEPTION_REPLY: "it answers, but not for these registers or this unit number (ours is "
    "1): load the matching program, or correct the address",
    Failure.BAD_REPLY: "another device or another program stands at this address",
}


@dataclass(frozen=True, slots=True)
class Bedside:
    """What the doctor has: the configuration, lines, a clock, and what the journal knows.

    ``epochs`` are those the journal says we claimed; ``alarms`` what a running daemon
    complains of, None if no daemon runs.
    """

    config: LabConfig
    lines: Lines
    clock: Clock
    epochs: Mapping[str, int]
    alarms: tuple[str, ...] | None = None

    def checks(self) -> dict[str, Check]:
        """Return the check of each device, by its name."""
        known: dict[str, Check] = {
            "station": self.station,
            "arm": self.arm,
            "dashboard": self.dashboard,
            "stage": self.stage,
            "camera": self.camera,
        }
        others = {
            name: partial(self.reachable, name, url)
            for (name, key), url in self.config.devices.lines()
            if key == "url" and name not in known and name != "results"
        }
        by_hand = {name: partial(_by_hand, name) for name in self.config.devices.by_hand()}
        if "arm" in by_hand:
            del known["dashboard"]
        return known | others | by_hand

    def _link(self, url: str, timeout_s: float) -> ModbusLink:
        return ModbusLink(self.lines, url, reply_s=min(REPLY_S, timeout_s / 2))

    async def station(self) -> Finding:
        """Read identity, activity and epoch of the station PLC."""
        device = self.config.devices.station
        link = self._link(device.url, 2 * REPLY_S)
        try:
            seen = await StationPlc(link, self.clock).read()
        finally:
            link.close()
        if not isinstance(seen, Done):
            return _unwell("station", device.url, seen)
        status: TesterStatus = seen.value
        if status.fault:
            remedy = "look at the station; the daemon resets it once its cause is gone"
            return warn("station", f"{device.url}: latched fault {status.fault}", remedy)
        said = f"{device.url}: {status.activity.name}, {status.cycle.count} cycles"
        return self._fenced("station", "tester", status.fence, said)

    async def arm(self) -> Finding:
        """Read state, safety and epoch of the arm."""
        device, cell = self.config.devices.arm, self.config.cell
        link = self._link(device.url, 2 * REPLY_S)
        poses = self.config.poses.table(cell.slots, cell.reject_places)
        try:
            seen = await UrArm(link, self.clock, None, poses).read()
        finally:
            link.close()
        if not isinstance(seen, Done):
            return _unwell("arm", device.url, seen)
        status: ArmStatus = seen.value
        if status.safety != "NORMAL":
            remedy = "clear its cause at the arm; only a person may release a protective stop"
            return fail("arm", f"{device.url}: safety {status.safety}", remedy)
        held = "holds a block" if status.holding else "gripper empty"
        said = f"{device.url}: {status.activity.name}, {held}, at {status.at or 'no taught pose'}"
        if not status.ready:
            return warn("arm", f"{said}, not running", "the daemon starts it by the dashboard")
        return self._fenced("arm", "arm", status.fence, said)

    def _fenced(self, name: str, device: str, fence: Fence, said: str) -> Finding:
        known = self.epochs.get(device)
        said = f"{said}; boot {fence.boot}, epoch {fence.epoch}"
        if known is None or fence.epoch == known:
            return ok(name, said)
        if fence.epoch > known:
            remedy = "find out who else commands it; stop that program before starting ours"
            return warn(name, f"{said}, but ours was {known}: somebody claimed it", remedy)
        remedy = "its memory was lost or it was exchanged; the next start claims a higher epoch"
        return warn(name, f"{said}, but ours was {known}", remedy)

    async def dashboard(self) -> Finding:
        """Read robot mode, safety and remote control."""
        device = self.config.devices.arm
        board = Dashboard(self.lines, device.dashboard, self.clock, reply_s=REPLY_S)
        try:
            seen = await board.read()
        finally:
            board.close()
        if not isinstance(seen, Done):
            return _unwell("dashboard", device.dashboard, seen)
        state = seen.value
        said = f"{device.dashboard}: {state.robot_mode}, safety {state.safety}, {state.program}"
        if not state.remote:
            return fail("dashboard", f"{said}, local control", "switch it to remote control")
        return ok("dashboard", said)

    async def stage(self) -> Finding:
        """Ask the XY frame for its status and firmware; leave a port that is in use alone."""
        url = self.config.devices.stage.url
        if not url:
            return ok("stage", "no frame: the arm pushes the block")
        if self.alarms is not None and urlsplit(url).scheme == "serial":
            return self._held("stage", url)
        try:
            firmware, status = await probe_stage(self.lines, url)
        except LineError as error:
            return fail("stage", str(error), _port_remedy(str(error)))
        except ProbeError as error:
            remedy = "check port and baud rate in lab.toml, and the firmware: GRBL 1.1 or grblHAL"
            return fail("stage", f"{url}: {error}", remedy)
        said = f"{url}: {status.state}, firmware {firmware.rstrip(':')}"
        if status.state in (grbl.State.ALARM, grbl.State.DOOR):
            return warn("stage", said, "the daemon homes it before the first motion; clear the way")
        return ok("stage", said)

    def _held(self, name: str, url: str) -> Finding:
        said = f"{url}: held by the running daemon, not touched"
        complaints = [alarm for alarm in self.alarms or () if alarm.endswith(f":{name}")]
        if complaints:
            return fail(
                name, f"{said}; it complains: {', '.join(complaints)}", "see hardlab status"
            )
        return ok(name, said)

    async def camera(self) -> Finding:
        """Open the camera's line; a picture is not asked for."""
        found = await self.reachable("camera", self.config.devices.camera.url)
        if found.health is Health.OK:
            return found
        return replace(found, remedy="is its worker running?")

    async def reachable(self, name: str, url: str) -> Finding:
        """Open a line and close it again, without a word; leave a port that is in use alone."""
        serial = urlsplit(url).scheme == "serial"
        if self.alarms is not None and serial:
            return self._held(name, url)
        try:
            transport, _ = await self.lines.connect(url, asyncio.Protocol)
        except LineError as error:
            text = str(error)
            remedy = _port_remedy(text) if serial else _REMEDIES[Failure.NO_LINK]
            return fail(name, text, remedy)
        transport.close()
        return ok(name, f"{url}: takes the connection; nothing was asked")


async def _by_hand(name: str) -> Finding:
    return ok(name, "by hand: a person is asked, there is no line")


def _unwell(name: str, url: str, outcome: NotDone | Unknown) -> Finding:
    detail = outcome.detail or str(outcome.reason)
    said = detail if url in detail else f"{url}: {detail}"
    return fail(name, said, _REMEDIES.get(outcome.reason, "see the device's own words"))


def _port_remedy(text: str) -> str:
    if "another process has it" in text or "busy" in text.lower():
        return "another program has the port: find it with fuser, it is not taken away from it"
    if "not allowed" in text:
        return "let the user into the group dialout"
    return "is the cable in, and the port's name in lab.toml right? look into /dev/serial/by-id"

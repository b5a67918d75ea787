"""Door and safety chain: while one is open the cell is suspended, and goes on when both close."""

from __future__ import annotations

from controller.events import InterlockChanged
from controller.looking import read_inputs
from controller.modes import change
from controller.operating.watch import Watch
from controller.rig import Rig, Trouble

INTERLOCK_POLL_S = 2.0
"""Process time between two looks; each motion looks for itself besides."""


async def watch_interlocks(rig: Rig, watch: Watch) -> None:
    """Look again and again, whatever else goes on in the cell."""
    while True:
        await rig.clock.sleep(INTERLOCK_POLL_S)
        watch.began("interlocks", "Look", "")
        await look_at_interlocks(rig)
        watch.ended("interlocks")


async def look_at_interlocks(rig: Rig) -> None:
    """Record what has changed, and suspend or go on accordingly."""
    inputs = await read_inputs(rig)
    if isinstance(inputs, Trouble):
        return
    now = (inputs.door_closed, inputs.safety_closed)
    if now != (rig.state.door_closed, rig.state.safety_closed):
        await rig.ledger.record(InterlockChanged(*now))
    if not inputs.motion_allowed:
        await change(rig.ledger, "suspend", "door or safety chain is open")
    elif rig.state.mode == "SUSPENDED":
        await change(rig.ledger, "unsuspend", "door and safety chain are closed")

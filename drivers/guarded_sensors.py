"""The sensors of a cell that has a safety controller beside its station PLC."""

from __future__ import annotations

from dataclasses import replace

from drivers.interfaces import Done, Inputs, Outcome, SafetyChain, Sensors


class GuardedSensors:
    """Implements `Sensors`: PLC and safety chain must both allow motion.

    A chain that does not answer is taken for open: nobody knows that it is closed.
    """

    def __init__(self, sensors: Sensors, chain: SafetyChain) -> None:
        self._sensors = sensors
        self._chain = chain

    async def inputs(self) -> Outcome[Inputs]:
        """Read all inputs, and the chain; fails only as the sensors do."""
        seen = await self._sensors.inputs()
        if not isinstance(seen, Done):
            return seen
        shown = await self._chain.read()
        inputs = seen.value
        if not isinstance(shown, Done):
            return Done(replace(inputs, safety_closed=False))
        chain = shown.value
        return Done(
            replace(
                inputs,
                door_closed=inputs.door_closed and chain.door_ok,
                safety_closed=inputs.safety_closed and chain.motion_allowed,
            )
        )

"""The planted bugs themselves: each makes a bad function of the good one that it replaces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from controller import fencing
from controller.actions import Indent
from controller.events import AnyEvent, EpochClaimed, IndentConfirmed, NotHappened
from controller.evidence import Finding, Happened, Unspent, Void
from controller.ledger import Ledger
from controller.planning import Clearances
from controller.rig import Rig, Trouble
from controller.state import Block, CellState, Use
from drivers.codecs import station as codec
from drivers.interfaces import Done, IndentOrder, Outcome, Sized, TesterStatus, Unknown
from drivers.station_plc import StationPlc, _sized
from metrology import Verdict

Good = Callable[..., Any]
Plant = Callable[[Any], Good]

ODD_HR = Decimal("0.35")
"""What the mutants take for an outlier."""


def resending(good: Good) -> Good:
    """Send a start again that nobody acknowledged."""

    async def indent(
        self: StationPlc, order: IndentOrder, after: TesterStatus
    ) -> Outcome[TesterStatus]:
        outcome: Outcome[TesterStatus] = await good(self, order, after)
        if not isinstance(outcome, Unknown):
            return outcome
        for _ in range(100):
            now = await self.read()
            if isinstance(now, Done) and now.value.resting:
                outcome = await good(self, order, now.value)
                break
            await self._clock.sleep(0.5)
        return outcome

    return indent


def lazy(good: Good) -> Good:
    """Go on before a reading is on disk."""

    async def record(self: Ledger, *batch: AnyEvent, durable: bool = True) -> CellState:
        confirms = any(isinstance(event, IndentConfirmed) for event in batch)
        state: CellState = await good(self, *batch, durable=durable and not confirms)
        return state

    return record


def forgetful(good: Good) -> Good:
    """Take what a crash left open for not happened."""

    async def settle_open_intents(rig: Rig) -> None:
        for intent in tuple(rig.state.intents.values()):
            await rig.ledger.record(NotHappened(intent.op, "the daemon was restarted"))

    return settle_open_intents


def tagless(good: Good) -> Good:
    """Take the measurement that lies there, whatever question it answers."""

    async def _measured(self: StationPlc, tag: int) -> Outcome[Sized]:
        result = await self._link.read(codec.MEASUREMENT)
        return _sized(result.value) if isinstance(result, Done) else result

    return _measured


def trusting(good: Good) -> Good:
    """Believe that the gripper did what it was told."""

    def weigh_transfer(intent: object, **senses: bool) -> Finding:
        return Happened()

    return weigh_transfer


def unfenced(good: Good) -> Good:
    """Use the epoch of the dead session again."""

    async def _fence(rig: Rig, device: str, read: Any, claim: Any) -> Any:  # noqa: ANN401  # as whatever it replaces
        before = await read()
        if not isinstance(before, Done):
            return Trouble.of(device, before)
        epoch = max(1, before.value.fence.epoch)
        claimed = await claim(epoch)
        if not isinstance(claimed, Done):
            return Trouble.of(device, claimed)
        await rig.ledger.record(EpochClaimed(device, epoch, claimed.value.fence.boot))
        return await fencing._at_rest(rig, device, read)

    return _fence


def _odd(block: Block) -> bool:
    """Return whether the last reading is far from the first."""
    readings = [reading.hardness for reading in block.readings]
    return len(readings) > 1 and abs(readings[-1] - readings[0]) > ODD_HR


def picky(good: Good) -> Good:
    """Declare a reading void that spoils the range."""
    seen: dict[str, Any] = {}

    def weigh_indent(intent: Any, *rest: Any) -> Finding:  # noqa: ANN401  # as whatever it replaces
        finding: Finding = good(intent, *rest)
        if not (isinstance(finding, Happened) and finding.record) or intent.duty:
            return finding
        first = seen.setdefault(intent.block, finding.record.hardness)
        if abs(finding.record.hardness - first) > ODD_HR:
            return Void("the total force looked odd", finding.record)
        return finding

    return weigh_indent


def sparing(good: Good) -> Good:
    """Take a spare after an outlier."""

    def _indent_next(block: Block, duty: str, *, spares: bool) -> Indent | None:
        spare = next(
            (i for i, p in enumerate(block.positions) if p.spare and p.use is Use.FREE), None
        )
        if not duty and spare is not None and _odd(block):
            return Indent(block.name, spare, duty)
        action: Indent | None = good(block, duty, spares=spares)
        return action

    return _indent_next


def narrow(good: Good) -> Good:
    """Take the clearances from the radius."""

    def clearances(*of: Any) -> Clearances:  # noqa: ANN401  # as whatever it replaces
        clear: Clearances = good(*of)
        return replace(clear, pitch_mm=clear.pitch_mm / 2, edge_mm=clear.edge_mm / 2)

    return clearances


def blind_to_marks(good: Good) -> Good:
    """Plan as if the face were empty."""

    def plan_block(cell: Any, rules: Any, clear: Any, outline: Any, *rest: Any) -> Any:  # noqa: ANN401  # as whatever it replaces
        return good(cell, rules, clear, outline, (), *rest[1:])

    return plan_block


def unasked(good: Good) -> Good:
    """Leave out the last check of a place."""

    def forbidden(block: Block, index: int) -> str:
        return ""

    return forbidden


def careless_of_power(good: Good) -> Good:
    """Take a tester that lost power for one that has not begun."""

    def weigh_indent(intent: Any, order: Any, status: TesterStatus, *rest: Any) -> Finding:  # noqa: ANN401  # as whatever it replaces
        if status.fence.boot != intent.before.boot:
            return Unspent("the tester lost power before it could begin")
        finding: Finding = good(intent, order, status, *rest)
        return finding

    return weigh_indent


def careless_of_cycles(good: Good) -> Good:
    """Ask for no dwell and no force."""

    def cycle_fault(*of: Any) -> str:  # noqa: ANN401  # as whatever it replaces
        return ""

    return cycle_fault


def lenient(good: Good) -> Good:
    """Pass every block."""

    def judge(*of: Any) -> Verdict:  # noqa: ANN401  # as whatever it replaces
        verdict: Verdict = good(*of)
        return replace(verdict, passed=True)

    return judge


def misplacing(good: Good) -> Good:
    """Put a good block into the first slot that is free."""

    def destination(state: CellState, block: Block, layout: Any) -> str | None:  # noqa: ANN401  # as whatever it replaces
        place: str | None = good(state, block, layout)
        if place is None or not place.startswith("slot-"):
            return place
        taken = {at for known in state.blocks.values() for at in (known.at, known.home)}
        free = (f"slot-{i:02d}" for i in range(1, 34))
        return next((slot for slot in free if slot not in taken), place)

    return destination


def homing(good: Good) -> Good:
    """Put every block back into its slot."""

    def destination(state: CellState, block: Block, layout: Any) -> str | None:  # noqa: ANN401  # as whatever it replaces
        return block.home

    return destination

"""Planted bugs, by name: a campaign that does not find them proves nothing.

Each is what a tired programmer would write, and each breaks one of the two
promises or the evidence they rest on. Nothing in the program knows of them:
planting exchanges functions in this process, and takes them back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from controller import cell, choose, fencing, indentation, startup, transfer
from controller.actions import Indent
from controller.events import AnyEvent, EpochClaimed, IndentConfirmed, NotHappened
from controller.evidence import Finding, Happened, Void
from controller.ledger import Ledger
from controller.rig import Rig, Trouble
from controller.state import Block, CellState, Use
from drivers.codecs import station as codec
from drivers.interfaces import Done, IndentOrder, Outcome, Sized, TesterStatus, Unknown
from drivers.station_plc import StationPlc, _sized

Place = tuple[object, str]
Good = Callable[..., Any]
Plant = Callable[[Any], Good]

ODD_HR = Decimal("0.35")
"""What the mutants take for an outlier."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A bug: what it is, and the functions it exchanges (owner, name → made from the good one)."""

    text: str
    plants: Mapping[Place, Plant]


def _resending(good: Good) -> Good:
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


def _lazy(good: Good) -> Good:
    async def record(self: Ledger, *batch: AnyEvent, durable: bool = True) -> CellState:
        confirms = any(isinstance(event, IndentConfirmed) for event in batch)
        state: CellState = await good(self, *batch, durable=durable and not confirms)
        return state

    return record


def _forgetful(good: Good) -> Good:
    async def settle_open_intents(rig: Rig) -> None:
        for intent in tuple(rig.state.intents.values()):
            await rig.ledger.record(NotHappened(intent.op, "the daemon was restarted"))

    return settle_open_intents


def _tagless(good: Good) -> Good:
    async def _measured(self: StationPlc, tag: int) -> Outcome[Sized]:
        result = await self._link.read(codec.MEASUREMENT)
        return _sized(result.value) if isinstance(result, Done) else result

    return _measured


def _trusting(good: Good) -> Good:
    def weigh_transfer(intent: object, **senses: bool) -> Finding:
        return Happened()

    return weigh_transfer


def _unfenced(good: Good) -> Good:
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


def _picky(good: Good) -> Good:
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


def _sparing(good: Good) -> Good:
    def _indent_next(block: Block, duty: str, *, spares: bool) -> Indent | None:
        spare = next(
            (i for i, p in enumerate(block.positions) if p.spare and p.use is Use.FREE), None
        )
        if not duty and spare is not None and _odd(block):
            return Indent(block.name, spare, duty)
        action: Indent | None = good(block, duty, spares=spares)
        return action

    return _indent_next


MUTANTS: Mapping[str, Mutant] = {
    "resend-on-timeout": Mutant(
        "a start that is not acknowledged is sent again", {(StationPlc, "indent"): _resending}
    ),
    "confirm-before-commit": Mutant(
        "the cell goes on before a reading is on disk", {(Ledger, "record"): _lazy}
    ),
    "position-reused": Mutant(
        "an intent that a crash left open counts as not happened",
        {(cell, "settle_open_intents"): _forgetful, (startup, "settle_open_intents"): _forgetful},
    ),
    "stale-reply": Mutant(
        "the measurement that lies there is taken, though it answers an older question",
        {(StationPlc, "_measured"): _tagless},
    ),
    "gripper-from-memory": Mutant(
        "what the gripper holds is remembered, not sensed",
        {(transfer, "weigh_transfer"): _trusting},
    ),
    "no-epoch-fence": Mutant(
        "a restarted daemon uses the epoch of the dead one", {(fencing, "_fence"): _unfenced}
    ),
    "remeasure-failing": Mutant(
        "a reading that spoils the range is declared void", {(indentation, "weigh_indent"): _picky}
    ),
    "spare-for-outlier": Mutant(
        "after an outlier the next indentation is made at a spare",
        {(choose, "_indent_next"): _sparing},
    ),
}


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Plant a bug while the block runs; an empty name plants none. Raises KeyError."""
    plants = MUTANTS[name].plants if name else {}
    good = {(owner, key): getattr(owner, key) for owner, key in plants}
    try:
        for (owner, key), plant in plants.items():
            setattr(owner, key, plant(good[owner, key]))
        yield
    finally:
        for (owner, key), value in good.items():
            setattr(owner, key, value)

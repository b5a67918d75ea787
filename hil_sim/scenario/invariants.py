"""What must hold between the world's truth and the journal, whatever died at whatever instant."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from controller.events import IndentConfirmed, IndentDoubted, IndentVoided, StrayRecord
from controller.fold import fold_all
from controller.journal import Row, broken_links
from controller.state import Block, CellState, Use
from drivers.interfaces import ResultRecord
from hil_sim.world import Indentation, World, WorldBlock

_KEEPERS = (IndentConfirmed, IndentVoided, IndentDoubted, StrayRecord)


def broken_promises(
    world: World, rows: Sequence[Row], records: Sequence[ResultRecord], u_pos_mm: float
) -> list[str]:
    """Return every way in which the truth and the journal disagree; nothing when all is well.

    ``records`` are those that reached the recorder; ``u_pos_mm`` is how far an
    indentation may lie from its plan.
    """
    state = fold_all(row.event() for row in rows)
    return [
        *world.accidents,
        *_accounts(world, state, u_pos_mm),
        *_crowding(world, state),
        *_lost_records(rows, records),
        *_places(world, state),
        *(f"event {seq} breaks the chain" for seq in broken_links(iter(rows))),
    ]


def _accounts(world: World, state: CellState, u_pos_mm: float) -> Iterator[str]:
    """Each indentation is one spent position, each reading one indentation."""
    for truth in world.blocks.values():
        known = state.blocks.get(truth.name)
        made = [mark for mark in truth.marks if mark.cycle]
        if known is None:
            # One that has left the lab was looked at when its tray ended.
            if truth.name in world.where:
                yield from (f"{truth.name}: indented though unknown" for _ in made)
            continue
        taken: Counter[int] = Counter()
        for mark in made:
            index = _position_of(known, mark, u_pos_mm)
            if index is None:
                yield f"{truth.name}: an indentation at {mark.x:.2f}, {mark.y:.2f} nobody planned"
            else:
                taken[index] += 1
        yield from _balance(known, taken)


def _position_of(block: Block, mark: Indentation, reach: float) -> int | None:
    x, y = mark.aim
    near = [(math.hypot(x - p.x, y - p.y), i) for i, p in enumerate(block.positions)]
    distance, index = min(near, default=(math.inf, -1))
    return index if distance <= reach else None


def _balance(block: Block, taken: Counter[int]) -> Iterator[str]:
    for index, position in enumerate(block.positions):
        where = f"{block.name} position {index + 1} ({position.use})"
        if taken[index] > 1:
            yield f"{where}: indented {taken[index]} times"
        if taken[index] and position.use not in (Use.MEASURED, Use.VOID):
            yield f"{where}: bears an indentation the journal does not account for"
        if position.use is Use.MEASURED and not taken[index]:
            yield f"{where}: has a reading but no indentation"
    readings = Counter(reading.position for reading in block.readings)
    yield from (f"{block.name}: {n} readings of position {i}" for i, n in readings.items() if n > 1)


def _crowding(world: World, state: CellState) -> Iterator[str]:
    """No two indentations nearer than the pitch, none on an old mark, none near the rim."""
    for truth in world.blocks.values():
        known = state.blocks.get(truth.name)
        if known is None:
            continue
        made = [mark for mark in truth.marks if mark.cycle]
        old = [mark for mark in truth.marks if not mark.cycle]
        for one, other in itertools.chain(
            itertools.combinations(made, 2), itertools.product(made, old)
        ):
            distance = math.hypot(one.x - other.x, one.y - other.y)
            if distance < known.pitch_mm and not (_slid(one) or _slid(other)):
                yield f"{truth.name}: two indentations {distance:.2f} mm apart"
        for mark in made:
            if (rim := rim_distance(truth, mark)) < known.edge_mm and not _slid(mark):
                yield f"{truth.name}: an indentation {rim:.2f} mm from the rim"


def _slid(mark: Indentation) -> bool:
    """Return whether the block slid away at contact: no software could help that."""
    return (mark.slip_x, mark.slip_y) != (0.0, 0.0)


def rim_distance(block: WorldBlock, mark: Indentation) -> float:
    """Return how far a mark lies from the rim, in mm."""
    if block.shape == "round":
        return block.width_mm / 2 - math.hypot(mark.x, mark.y)
    return min(block.width_mm / 2 - abs(mark.x), block.depth_mm / 2 - abs(mark.y))


def _lost_records(rows: Sequence[Row], records: Iterable[ResultRecord]) -> Iterator[str]:
    journaled: set[int] = set()
    for row in rows:
        event = row.event()
        if isinstance(event, _KEEPERS) and event.number is not None:
            journaled.add(event.number)
    for record in records:
        if record.number not in journaled:
            yield f"record {record.number} reached the recorder and is not in the journal"


def _places(world: World, state: CellState) -> Iterator[str]:
    for name, at in world.where.items():
        known = state.blocks.get(name)
        if known is not None and at != known.at:
            yield f"{name} is at {at}, the journal says {known.at}"

"""Seating and check blocks of the fixed holder: a raster of positions is their surface budget.

The journal knows what each block bears; ``lab.toml`` says which block stands where. Where
the two disagree the cell would indent one block by the book of another, so a person is asked.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal, TypeAlias

from controller.config import HolderBlock
from controller.events import HolderStocked, Spot
from controller.planning import clearances
from controller.rig import Rig
from controller.state import OUTSIDE, Block, CellState
from drivers.interfaces import Place, Station

Role: TypeAlias = Literal["seating", "check"]

_NEW_NAME = (
    "give the block that stands there a name in lab.toml that it never had, with first_free "
    "beyond its last indentation, and restart"
)


async def stock_holder(rig: Rig) -> None:
    """Tell the journal, once, of the blocks in the fixed holder.

    A block whose predecessor is still on its way cannot have taken its place.
    """
    for role, block in _named(rig):
        if _is_new(rig.state, block.name) and not _in_use(rig.state, in_holder(rig.state, role)):
            await rig.ledger.record(_stocked(rig, role, block))


def holder_doubts(rig: Rig) -> list[str]:
    """Return in what ``lab.toml`` and the journal disagree about the holder, with the remedy."""
    return [doubt for role, block in _named(rig) for doubt in _doubts(rig, role, block)]


def _is_new(state: CellState, name: str) -> bool:
    return name not in state.blocks and name not in state.retired


def _in_use(state: CellState, block: Block | None) -> bool:
    """Return whether a block of the holder is away from its place, or may be."""
    if block is None:
        return False
    about = {intent.block for intent in state.intents.values()}
    return block.at != block.home or block.name in about


def _named(rig: Rig) -> tuple[tuple[Role, HolderBlock], ...]:
    holder = rig.config.holder
    return ("seating", holder.seating), ("check", holder.check)


def _doubts(rig: Rig, role: Role, block: HolderBlock) -> Iterator[str]:
    known = rig.state.blocks.get(block.name)
    here = in_holder(rig.state, role)
    stands = f"{here.name} at {here.home}" if here is not None else "no block"
    go_on = f"keep: go on with {stands}, and put lab.toml right; stop: {_NEW_NAME}"
    says = f"lab.toml names {block.name} as the {role} block"
    if here is not None and _is_new(rig.state, block.name):
        back = f"name {here.name} again until it stands in its place"
        yield f"{says}, but {here.name} is in use, at {here.at}; keep: go on with it; stop: {back}"
    elif known is None or known.at == OUTSIDE:
        yield f"{says}, but the journal has seen it taken out of the holder; {go_on}"
    elif known.stock is None or known.role != role:
        yield f"{says}, but in the journal it is a {known.role} block; {go_on}"
    elif differences := _differences(known.stock, _stocked(rig, role, block)):
        yield f"{says} with {differences}; {go_on}"


def _differences(stock: HolderStocked, named: HolderStocked) -> str:
    """Say what is not as it was when the block came into the holder; empty if all is."""
    wrong = [
        f"{what} {getattr(named, key)} instead of {getattr(stock, key)}"
        for what, key in (
            ("place", "place"),
            ("scale", "scale"),
            ("certified value", "certified"),
            ("limit", "limit"),
        )
        if getattr(named, key) != getattr(stock, key)
    ]
    # Other clearances give another raster; then the one that was stocked stays in force.
    if named.pitch_mm == stock.pitch_mm and named.positions != stock.positions:
        before, now = len(stock.positions), len(named.positions)
        wrong.append(f"other positions, {now} instead of {before} (first_free, width_mm or shape)")
    return ", ".join(wrong)


def in_holder(state: CellState, role: str) -> Block | None:
    """Return the block that serves a role now."""
    here = (b for b in state.blocks.values() if b.role == role and b.at != OUTSIDE)
    return next(here, None)


def _stocked(rig: Rig, role: Role, block: HolderBlock) -> HolderStocked:
    clear = clearances(rig.config.cell, rig.regulation, block.scale, block.certified)
    pitch, inset = clear.pitch_mm + clear.margin_mm, clear.edge_mm + clear.margin_mm
    spots = raster(block.shape, block.width_mm, pitch, inset)
    return HolderStocked(
        block=block.name,
        role=role,
        scale=block.scale,
        place=str(Place(Station.HOLDER, block.index)),
        certified=block.certified,
        limit=block.limit,
        positions=spots[block.first_free :],
        pitch_mm=clear.pitch_mm,
    )


def raster(shape: str, width_mm: float, pitch: float, inset: float) -> tuple[Spot, ...]:
    """Return a square raster of positions inside the rim, row by row from the top; mm."""
    reach = width_mm / 2 - inset
    n = math.floor(reach / pitch)
    steps = [i * pitch for i in range(-n, n + 1)]
    return tuple(
        Spot(round(x, 4), round(y, 4))
        for y in reversed(steps)
        for x in steps
        if shape != "round" or math.hypot(x, y) <= reach
    )

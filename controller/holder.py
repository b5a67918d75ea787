"""Seating and check blocks of the fixed holder: a raster of positions is their surface budget."""

from __future__ import annotations

import math
from typing import Literal

from controller.config import HolderBlock
from controller.events import HolderStocked, Spot
from controller.planning import clearances
from controller.rig import Rig
from drivers.interfaces import Place, Station


async def stock_holder(rig: Rig) -> None:
    """Tell the journal, once, of the blocks in the fixed holder."""
    holder = rig.config.holder
    roles: tuple[tuple[Literal["seating", "check"], HolderBlock], ...] = (
        ("seating", holder.seating),
        ("check", holder.check),
    )
    for role, block in roles:
        if block.name not in rig.state.blocks and block.name not in rig.state.retired:
            await rig.ledger.record(_stocked(rig, role, block))


def _stocked(rig: Rig, role: Literal["seating", "check"], block: HolderBlock) -> HolderStocked:
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

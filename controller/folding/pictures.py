"""What pictures make of a block."""

from __future__ import annotations

from controller import events as e
from controller.folding.handlers import Handlers
from controller.replacing import replace
from controller.state import Block, Stage, planned

on = Handlers()


@on.block(e.SurfaceSeen)
def _(block: Block, event: e.SurfaceSeen) -> Block:
    before = event if event.purpose == "before" else block.before
    return replace(block, before=before, latest=event)


@on.block(e.KindTold)
def _(block: Block, event: e.KindTold) -> Block:
    return replace(block, told=event)


@on.block(e.DoubtWaived)
def _(block: Block, event: e.DoubtWaived) -> Block:
    return replace(block, waived=(*block.waived, event.kind))


@on.block(e.Planned)
def _(block: Block, event: e.Planned) -> Block:
    return replace(
        block,
        positions=planned(event.positions, event.spares),
        pitch_mm=event.pitch_mm,
        edge_mm=event.edge_mm,
        margin_mm=event.margin_mm,
        damage_mm=event.damage_mm,
        stage=Stage.PLANNED,
    )


@on.block(e.IndentsSeen)
def _(block: Block, event: e.IndentsSeen) -> Block:
    return replace(block, stage=Stage.CONFIRMED)

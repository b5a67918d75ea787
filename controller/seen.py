"""What pictures make of a block: the part of `fold` that pictures feed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from controller.events import DoubtWaived, IndentsSeen, KindTold, Planned, SurfaceSeen
from controller.state import Block, Stage, planned


def _surface(block: Block, event: SurfaceSeen) -> Block:
    before = event if event.purpose == "before" else block.before
    return replace(block, before=before, latest=event)


def _kind(block: Block, event: KindTold) -> Block:
    return replace(block, told=event)


def _waived(block: Block, event: DoubtWaived) -> Block:
    return replace(block, waived=(*block.waived, event.kind))


def _planned(block: Block, event: Planned) -> Block:
    return replace(
        block,
        positions=planned(event.positions, event.spares),
        pitch_mm=event.pitch_mm,
        edge_mm=event.edge_mm,
        margin_mm=event.margin_mm,
        damage_mm=event.damage_mm,
        stage=Stage.PLANNED,
    )


def _confirmed(block: Block, event: IndentsSeen) -> Block:
    return replace(block, stage=Stage.CONFIRMED)


SEEN: Mapping[type[Any], Callable[[Block, Any], Block]] = MappingProxyType(
    {
        SurfaceSeen: _surface,
        KindTold: _kind,
        DoubtWaived: _waived,
        Planned: _planned,
        IndentsSeen: _confirmed,
    }
)
"""The block after each kind of event that a picture leads to."""

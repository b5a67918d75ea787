"""Where a block will be indented: regulation and configuration put into the planner's terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from controller.config import CellSection
from metrology import Regulation, clearance_diameter, diameter_mm, find_scale
from vision.geometry import Mark, Outline
from vision.guarding import guarded
from vision.keep_out import KeepOut
from vision.planner import plan_positions
from vision.plans import Demands, NoRoom, Plan

_ROUNDING_MM = 0.0002
"""The journal keeps places to 0.0001 mm: rounded, too, they keep every clearance."""


@dataclass(frozen=True, slots=True)
class Clearances:
    """What a plan keeps, in mm: centre to centre, to rim, to damage, and the margin on each."""

    pitch_mm: float
    edge_mm: float
    margin_mm: float
    damage_mm: float = 0.0


def clearances(
    cell: CellSection, regulation: Regulation, scale: str, hardness: Decimal | None
) -> Clearances:
    """Return the clearances for a scale, by 1.1 × the computed diameter.

    Without a known hardness the softest block of the scale, with its largest mark, is assumed.
    """
    found = find_scale(scale)
    level = float(hardness if hardness is not None else found.low)
    diameter = clearance_diameter(None, diameter_mm(found, level))
    due = regulation.clearances(found, diameter)
    # Nobody rules how far from a scratch: what holds for the edge, without its fixed minimum.
    damage = float(regulation.clearance_rule.edge_factor) * diameter
    return Clearances(
        round(float(due.pitch_mm), 4), round(float(due.edge_mm), 4), cell.u_pos_mm, round(damage, 4)
    )


def demands(clear: Clearances, avoid: Sequence[KeepOut] = ()) -> Demands:
    """Return the clearances as the planner calls them."""
    return Demands(clear.pitch_mm, clear.edge_mm, clear.margin_mm, tuple(avoid), clear.damage_mm)


def plan_block(
    cell: CellSection,
    regulation: Regulation,
    clear: Clearances,
    outline: Outline,
    marks: Sequence[Mark],
    avoid: Sequence[KeepOut] = (),
) -> Plan | NoRoom:
    """Plan the positions and spares of one block. Pure and deterministic."""
    counts = (regulation.indentations, cell.spares)
    return _planned(outline, guarded(marks), tuple(avoid), clear, *counts)


@lru_cache(maxsize=1024)
def _planned(
    outline: Outline,
    marks: tuple[Mark, ...],
    avoid: tuple[KeepOut, ...],
    clear: Clearances,
    count: int,
    spares: int,
) -> Plan | NoRoom:
    """Plan; the same surface seen again, by whomever, has the same plan and costs nothing."""
    return plan_positions(
        outline,
        marks,
        count=count,
        spares=spares,
        pitch_mm=clear.pitch_mm,
        edge_mm=clear.edge_mm,
        margin_mm=clear.margin_mm + _ROUNDING_MM,
        avoid=avoid,
        damage_mm=clear.damage_mm,
    )

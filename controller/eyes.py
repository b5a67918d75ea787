"""How the cell makes out a surface and chooses places on it; one narrow seam for other eyes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from controller.config import CellSection
from controller.planning import Clearances, plan_block
from metrology import Regulation
from vision.finder import NoBlock, Surface, find_surface
from vision.frame import Image
from vision.geometry import Mark, Outline
from vision.plans import Demands, NoRoom, Plan
from vision.refusal_picture import refusal_picture


class Find(Protocol):
    """Makes out the surface in a picture."""

    def __call__(self, image: Image, *, px_per_mm: float) -> Surface | NoBlock:
        """Return the surface, or why there is none."""
        ...


class Choose(Protocol):
    """Chooses places for indentations."""

    def __call__(
        self,
        cell: CellSection,
        regulation: Regulation,
        clear: Clearances,
        outline: Outline,
        marks: Sequence[Mark],
    ) -> Plan | NoRoom:
        """Return the plan, or why there is no room."""
        ...


class Show(Protocol):
    """Draws why there is no room."""

    def __call__(
        self,
        image: Image,
        surface: Surface,
        demands: Demands,
        refused: NoRoom,
        *,
        px_per_mm: float,
    ) -> Image:
        """Return the drawing."""
        ...


@dataclass(frozen=True, slots=True)
class Eyes:
    """``find`` makes out the surface, ``plan`` chooses places, ``show`` draws a refusal."""

    find: Find
    plan: Choose
    show: Show


EYES = Eyes(find_surface, plan_block, refusal_picture)
"""What a cell sees and plans with unless it is given something else."""

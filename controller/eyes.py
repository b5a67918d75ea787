"""How the cell makes out a surface and chooses places on it; one narrow seam for other eyes."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from controller.config import CellSection
from controller.planning import Clearances, plan_block
from metrology import Regulation
from models.classifier import Classifier
from models.confidence import Seen
from models.views import close_up
from vision.change import changed_places
from vision.finder import NoBlock, Surface, find_surface
from vision.frame import Image
from vision.geometry import Mark, Outline
from vision.inspection import Inspection, inspect_surface
from vision.keep_out import KeepOut
from vision.plans import Demands, NoRoom, Plan
from vision.refusal_picture import refusal_picture
from vision.regions import Disc


class Find(Protocol):
    """Makes out the surface in a picture."""

    def __call__(self, image: Image, *, px_per_mm: float) -> Surface | NoBlock:
        """Return the surface, or why there is none."""
        ...


class Inspect(Protocol):
    """Looks for what else there is on a surface."""

    def __call__(self, image: Image, surface: Surface, *, px_per_mm: float) -> Inspection | None:
        """Return codes, condition and the surface with regions; None if nobody can tell."""
        ...


class Tell(Protocol):
    """Tells what made each of some marks."""

    def __call__(
        self, image: Image, surface: Surface, marks: Sequence[Mark], *, px_per_mm: float
    ) -> Sequence[Seen]:
        """Return what each mark shows; nothing if nobody can tell."""
        ...


class Changes(Protocol):
    """Lays two pictures of a block over each other."""

    def __call__(
        self,
        before: tuple[Image, Surface],
        after: tuple[Image, Surface],
        made: Sequence[Mark],
        *,
        px_per_mm: float,
    ) -> Sequence[Disc] | None:
        """Return what differs beside the marks made; None if nobody can tell."""
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
        avoid: Sequence[KeepOut] = (),
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
    """``find`` makes out the surface, ``plan`` chooses places, ``show`` draws a refusal.

    ``inspect`` looks for regions, codes and wear, ``tell`` for the kind of indentation,
    ``changes`` for what two pictures of a block do not have in common.
    """

    find: Find
    inspect: Inspect
    tell: Tell
    changes: Changes
    plan: Choose
    show: Show


@functools.cache
def _classifier() -> Classifier:
    return Classifier.load()


def tell_kinds(
    image: Image, surface: Surface, marks: Sequence[Mark], *, px_per_mm: float
) -> Sequence[Seen]:
    """Return what the classifier that comes with the program says of each mark.

    Raises `models.card.ModelError` if its weights are damaged.
    """
    frame = surface.frame(image.shape, px_per_mm)
    places = [frame.to_px(mark.x, mark.y) for mark in marks]
    return _classifier().judge([close_up(image, *place, px_per_mm) for place in places])


EYES = Eyes(find_surface, inspect_surface, tell_kinds, changed_places, plan_block, refusal_picture)
"""What a cell sees and plans with unless it is given something else."""

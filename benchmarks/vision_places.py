"""Where the cell would indent a drawn block, judged by what really is on it.

The picture goes the way it goes in the cell: finder, inspection, regions as shapes, planner
with the clearances of a regulation. Each place of the plan, spares included, is then carried
over to the truth by its pixel. It is forbidden there if it lies nearer to an old indentation,
the rim or another place than the rules have it, or nearer than 2.5 diameters to engraving, a
code, rust or a chip. The margin for the error of the stage (`u_pos_mm`) is left to the stage:
what the eyes get wrong must fit within the rest.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from benchmarks.vision_truth import Truth
from controller.config.cell import CellSection
from controller.eyes import EYES, Eyes
from controller.planning import Clearances, clearances
from controller.rules import PITCH_FACTOR, kept_out
from controller.surveying import Survey, survey
from metrology import diameter_mm, regulation_for
from metrology.scale import Scale
from metrology.scales import SCALES
from vision.finder import NoBlock
from vision.frame import Image
from vision.geometry import Mark, Point
from vision.plans import NoRoom, Plan

_CELL = CellSection()
_DRAWN = 30
_NARROWEST, _WIDEST = 0.25, 1.5
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Order:
    """What a block is to be verified for, and the diameter that leaves, mm."""

    scale: Scale
    hardness: Decimal
    diameter: float


@dataclass(frozen=True, slots=True)
class Breach:
    """A planned place that is forbidden: by what, and how much is missing, mm."""

    what: str
    place: Point
    short: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one block.

    `plan` is None where `why` says what stood in the way; `asked` tells that the cell asks a
    person about the face before it goes on. `touched` counts places whose indentation would
    touch a scratch, stain, fingerprint or grain of dust.
    """

    why: str
    asked: bool = False
    seen: Survey | None = None
    plan: Plan | None = None
    breaches: tuple[Breach, ...] = ()
    touched: int = 0

    @property
    def places(self) -> int:
        """How many places were planned."""
        return len(self.plan.positions + self.plan.spares) if self.plan else 0


def order_for(marks: Sequence[Mark], rng: np.random.Generator) -> Order:
    """Return an order whose indentations are about as wide as the old ones.

    Beside marks of more than 1.5 mm hardly any of their own size find room: there, and on a
    bare block, the order leaves smaller ones.
    """
    wide = float(np.median([mark.diameter for mark in marks])) if marks else _WIDEST
    if wide >= _WIDEST:
        wide = float(np.exp(rng.uniform(np.log(_NARROWEST), np.log(_WIDEST))))
    scales = list(SCALES.values())
    drawn = [_order(scales[int(rng.integers(len(scales)))], rng) for _ in range(_DRAWN)]
    return min(drawn, key=lambda order: abs(np.log(order.diameter / wide)))


def _order(scale: Scale, rng: np.random.Generator) -> Order:
    low, high = float(scale.low), float(scale.high)
    hardness = Decimal(str(round(float(rng.uniform(low + 0.1 * (high - low), high)), 1)))
    return Order(scale, hardness, diameter_mm(scale, hardness))


def outcome(
    image: Image, px_per_mm: float, order: Order, truth: Truth, eyes: Eyes = EYES
) -> Outcome:
    """Return what the cell would do with a block, and what is wrong with that."""
    seen = survey(eyes, image, px_per_mm)
    if isinstance(seen, NoBlock):
        return Outcome("no block made out")
    if not seen.face_up:
        return Outcome("taken for the wrong side", asked=True, seen=seen)
    regulation = regulation_for(order.scale)
    clear = clearances(_CELL, regulation, order.scale.symbol, order.hardness)
    surface = seen.surface
    avoid = kept_out(seen.patches)
    plan = eyes.plan(_CELL, regulation, clear, surface.outline, surface.marks, avoid)
    if isinstance(plan, NoRoom):
        return Outcome("no room", asked=True, seen=seen)
    frame = surface.frame(image.shape, px_per_mm)
    places = [
        truth.frame.to_mm(*frame.to_px(round(p.x, 4), round(p.y, 4)))
        for p in (*plan.positions, *plan.spares)
    ]
    breaches = tuple(_breaches(places, clear, truth))
    touched = sum(truth.slight_mm(place) < order.diameter / 2 for place in places)
    return Outcome("planned", not seen.usable, seen, plan, breaches, touched)


def _breaches(places: Sequence[Point], clear: Clearances, truth: Truth) -> Iterator[Breach]:
    for place in places:
        for what, room in _rooms(place, clear, truth):
            if room < -_ROUNDING:
                yield Breach(what, place, -room)
    for one, other in itertools.combinations(places, 2):
        room = one.distance(other) - clear.pitch_mm
        if room < -_ROUNDING:
            yield Breach("another place", one, -room)


def _rooms(place: Point, clear: Clearances, truth: Truth) -> Iterator[tuple[str, float]]:
    """Yield how much room a place has beyond what is due, mm; below 0 it is forbidden."""
    yield "the rim", truth.outline.distance_to_rim(place) - clear.edge_mm
    yield "engraving or damage", truth.grave_mm(place) - clear.damage_mm
    for mark in truth.marks:
        due = max(clear.pitch_mm, PITCH_FACTOR * mark.diameter)
        yield "an old indentation", place.distance(mark) - due

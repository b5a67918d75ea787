"""The taught poses: where the tool stands above each place, mm in the arm's base frame."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated

from pydantic import Field

from controller.config.fields import XY, XYZ, Section, Whole
from drivers.interfaces import SIZING, TESTER, VISION, Place, Station

Point = tuple[float, float, float]

APART_MM = 20.0
"""Poses nearer to each other could not be told apart by the pose that the arm reports."""
REACH_MM = 3200.0
"""The arm reports a pose in steps of 0.1 mm in 16 bits with sign: ±3276 mm at most."""
HOLDER_PLACES = 2


class PosesSection(Section):
    """Origins and pitches; rows and columns are parallel to the axes of the base frame."""

    slot_origin_mm: XYZ
    """Above tray slot 1."""
    slot_pitch_mm: XY
    """Step from column to column along x, and from row to row along y."""
    slot_columns: Annotated[Whole, Field(ge=1, le=48)] = 11
    """Slots in a row; slots are counted along the rows."""
    reject_origin_mm: XYZ
    """Above the first reject place."""
    reject_pitch_mm: XY
    """Step (x, y) from one reject place to the next."""
    sizing_mm: XYZ
    """Above the sizing stage."""
    vision_mm: XYZ
    """Above the vision station."""
    tester_mm: XYZ
    """Above the anvil, the frame being in its load position."""
    holder_origin_mm: XYZ
    """Above holder place 1."""
    holder_pitch_mm: XY
    """Step (x, y) from holder place 1 to holder place 2."""

    def table(self, slots: int, reject_places: int) -> dict[Place, Point]:
        """Return the pose above every place. Raises ValueError naming poses that clash."""
        poses = self.all(slots, reject_places)
        problems = clashes(poses)
        if problems:
            raise ValueError("; ".join(problem.text for problem in problems))
        return poses

    def all(self, slots: int, reject_places: int) -> dict[Place, Point]:
        """Return the pose above every place, whether they can be right or not."""
        x, y = self.slot_pitch_mm
        poses: dict[Place, Point] = {SIZING: self.sizing_mm}
        poses |= {VISION: self.vision_mm, TESTER: self.tester_mm}
        for i in range(slots):
            row, column = divmod(i, self.slot_columns)
            step = (column * x, row * y)
            poses[Place(Station.SLOT, i + 1)] = _stepped(self.slot_origin_mm, step, 1)
        for i in range(reject_places):
            place = Place(Station.REJECT, i + 1)
            poses[place] = _stepped(self.reject_origin_mm, self.reject_pitch_mm, i)
        for i in range(HOLDER_PLACES):
            place = Place(Station.HOLDER, i + 1)
            poses[place] = _stepped(self.holder_origin_mm, self.holder_pitch_mm, i)
        return poses


def _stepped(origin: Point, step: tuple[float, float], count: int) -> Point:
    # To the step of the arm's own report; binary noise would only show in the view.
    x, y, z = origin
    return round(x + count * step[0], 1), round(y + count * step[1], 1), round(z, 1)


@dataclass(frozen=True, slots=True)
class Clash:
    """Poses that cannot be right, and the key that most likely is wrong."""

    key: str
    text: str


def clashes(poses: Mapping[Place, Point]) -> Sequence[Clash]:
    """Name poses out of reach and pairs nearer to each other than `APART_MM`."""
    far = [
        Clash(_origin_key(place), f"{place} is out of reach at {pose}")
        for place, pose in poses.items()
        if max(map(abs, pose)) > REACH_MM
    ]
    near = [
        Clash(_pair_key(a, b), f"{a} and {b} are {math.dist(poses[a], poses[b]):.1f} mm apart")
        for a, b in combinations(poses, 2)
        if math.dist(poses[a], poses[b]) < APART_MM
    ]
    return far + near


def _origin_key(place: Place) -> str:
    many = place.station in (Station.SLOT, Station.REJECT, Station.HOLDER)
    return f"{place.station.name.lower()}_origin_mm" if many else f"{place}_mm"


def _pair_key(a: Place, b: Place) -> str:
    same = a.station is b.station
    return f"{a.station.name.lower()}_pitch_mm" if same else _origin_key(b)

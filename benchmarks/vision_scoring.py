"""A rendered block shown to the finder, and what it made of it compared with the truth."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np

from vision.finder import NoBlock, Surface, find_surface
from vision.frame import Image
from vision.geometry import Mark, Point
from vision.rendering import Scene, Wish, random_scene, render_block

_SAME = 0.3
_LEAST_REACH_MM = 0.1


@dataclass(frozen=True, slots=True)
class Score:
    """What came of one block.

    `centres` (mm) and `diameters` (relative) are the errors of the indentations found,
    `missed` those that no mark was near, `false` the marks that are none, all in truth's
    block frame. `rim` is the error of the block's centre, mm, `seconds` the CPU time.
    """

    scene: Scene
    centres: tuple[float, ...]
    diameters: tuple[float, ...]
    missed: tuple[Mark, ...]
    doubted: int
    false: tuple[Mark, ...]
    rim: float
    refused: str = ""
    seconds: float = 0.0

    @property
    def false_certain(self) -> int:
        """How many of the false marks were called certain."""
        return sum(mark.certain for mark in self.false)


def scene_of(seed: int, looks: tuple[str, ...], px_per_mm: float, wear: float | None) -> Scene:
    """Return the scene of a seed; the wear is drawn from 0 to 1.2 where it is None."""
    rng = np.random.default_rng(seed)
    drawn = float(rng.uniform(0, 1.2))
    return random_scene(
        Wish(px_per_mm=px_per_mm, looks=looks, wear=drawn if wear is None else wear), rng
    )


def score(scene: Scene) -> Score:
    """Return what the finder makes of a scene."""
    image = render_block(scene)
    started = time.process_time()
    surface = find_surface(image, px_per_mm=scene.px_per_mm)
    return compared(scene, image, surface, time.process_time() - started)


def compared(scene: Scene, image: Image, surface: Surface | NoBlock, seconds: float) -> Score:
    """Return how what was found in the picture of a scene differs from the truth."""
    if isinstance(surface, NoBlock):
        return Score(scene, (), (), scene.marks, 0, (), 0.0, surface.reason, seconds)
    true, seen = scene.frame(image.shape), surface.frame(image.shape, scene.px_per_mm)
    found = [_moved(mark, true.to_mm(*seen.to_px(mark.x, mark.y))) for mark in surface.marks]
    pairs = _pairs(scene.marks, found)
    taken = {k for _, k in pairs}
    hit = {i for i, _ in pairs}
    false = [
        found[k] for k in range(len(found)) if k not in taken and not _excused(scene, found[k])
    ]
    return Score(
        scene,
        tuple(scene.marks[i].centre.distance(found[k]) for i, k in pairs),
        tuple(found[k].diameter / scene.marks[i].diameter - 1 for i, k in pairs),
        tuple(mark for i, mark in enumerate(scene.marks) if i not in hit),
        sum(not found[k].certain for k in taken),
        tuple(false),
        math.hypot(surface.centre.x - scene.pose.x, surface.centre.y - scene.pose.y),
        seconds=seconds,
    )


def _pairs(marks: tuple[Mark, ...], found: list[Mark]) -> list[tuple[int, int]]:
    """Pair true marks with found ones, one to one, nearest first."""
    near = sorted(
        (distance, i, k)
        for i, mark in enumerate(marks)
        for k, other in enumerate(found)
        if (distance := mark.centre.distance(other)) <= max(_SAME * mark.diameter, _LEAST_REACH_MM)
    )
    pairs: dict[int, int] = {}
    for _, i, k in near:
        if i not in pairs and k not in pairs.values():
            pairs[i] = k
    return sorted(pairs.items())


def _excused(scene: Scene, mark: Mark) -> bool:
    """Whether a mark lies on writing or a code, where nobody would indent anyway."""
    return any(writing.region.covers(mark) for writing in scene.writings)


def _moved(mark: Mark, place: Point) -> Mark:
    return Mark(place.x, place.y, mark.diameter, mark.confidence)


def wilson_low(hits: int, tries: int, z: float = 1.96) -> float:
    """Return the lower Wilson bound of a share (95 %)."""
    if not tries:
        return 0.0
    share, room = hits / tries, z * z / tries
    middle = share + room / 2
    return (middle - z * math.sqrt(share * (1 - share) / tries + room / (4 * tries))) / (1 + room)

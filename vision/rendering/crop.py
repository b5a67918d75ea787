"""Close-ups of one place of a surface at a fixed scale, for the classifier of indentations."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from vision.frame import Frame, Image, turned
from vision.geometry import Point
from vision.regions import RegionKind
from vision.rendering.blemishes import Blemish
from vision.rendering.block import expose, lit
from vision.rendering.chance import (
    BRINELL_BALLS,
    random_dent,
    random_finish,
    random_optics,
    rough_finish,
    telling_look,
)
from vision.rendering.dents import Dent
from vision.rendering.lightings import TRAINING_LOOKS
from vision.rendering.looks import Look
from vision.rendering.scene import Form, Pose, Scene
from vision.rendering.site import Site, neighbours, random_site


class CropKind(StrEnum):
    """What a close-up shows: the classes of the indentation classifier."""

    CONE = "cone"
    BALL_1_5875 = "ball-1.5875"
    BALL_3_175 = "ball-3.175"
    BALL_BRINELL = "ball-brinell"
    UNUSED = "unused"
    UNUSABLE = "unusable"


DIAMETERS_MM = {
    CropKind.CONE: (0.143, 1.06),
    CropKind.BALL_1_5875: (0.267, 1.241),
    CropKind.BALL_3_175: (0.971, 1.610),
    CropKind.BALL_BRINELL: (0.6, 6.0),
}
"""Smallest and largest diameter of each kind over its scales, mm (metrology.indentation)."""


@dataclass(frozen=True, slots=True)
class CropTruth:
    """What is to be seen in a close-up.

    `diameter` is in mm, 0 without an indentation; `centre` is relative to the image centre,
    mm, y up; `ball` is the ball's diameter, 0 for the cone or none; `look` the kind of
    lighting; `frame` lays the block over the picture; `scene` is everything else: its first
    dent is the one in the middle, if the kind has one.
    """

    kind: CropKind
    diameter: float
    centre: Point
    ball: float
    look: str
    frame: Frame
    scene: Scene


def render_crop(
    kind: CropKind,
    diameter: float | None,
    *,
    px_per_mm: float,
    size_px: int,
    rng: np.random.Generator,
    looks: tuple[str, ...] = TRAINING_LOOKS,
    wander_mm: float = 0.1,
) -> tuple[Image, CropTruth]:
    """Return a grey picture (size_px, size_px) of one place, and what it shows.

    `diameter` is in mm, None draws one of the kind's range (uniform in its logarithm).
    The indentation lies up to `wander_mm` off the middle, as a finder would leave it.
    `looks` are names of `LOOKS`, one of which is taken; keep some for the test. The place is
    anywhere on a block, so that other indentations of the same indenter, the rim or writing
    may come into view. An unused place is bare but for light dirt; an unusable one is rusty,
    chipped, torn up, overlapped or coarse.
    The same state of `rng` gives the same pixels.
    """
    wide = diameter or _diameter(kind, rng)
    reach = size_px / px_per_mm / 2
    site = random_site(wide, reach, rng)
    dent = _dent(kind, wide, site.at, wander_mm, rng)
    scene = _scene(kind, dent, site, wide, px_per_mm, reach, looks, rng)
    shape = (size_px, size_px)
    middle = Frame.centred(shape, px_per_mm).turned(scene.pose.turn)
    frame = middle.moved(Point(-site.at.x, -site.at.y))
    image = expose(lit(scene, shape, frame, rng), scene, rng)
    centre = Point(0.0, 0.0)
    if dent:
        column, row = frame.to_px(dent.x, dent.y)
        centre = Frame.centred(shape, px_per_mm).to_mm(column, row)
    return image, CropTruth(
        kind,
        dent.diameter if dent else 0.0,
        centre,
        dent.ball if dent else 0.0,
        scene.look.name,
        frame,
        scene,
    )


def _diameter(kind: CropKind, rng: np.random.Generator) -> float:
    low, high = DIAMETERS_MM.get(kind, (0.2, 2.0))
    return float(np.exp(rng.uniform(math.log(low), math.log(high))))


def _dent(
    kind: CropKind, diameter: float, at: Point, wander: float, rng: np.random.Generator
) -> Dent | None:
    x, y = (np.array([at.x, at.y]) + rng.uniform(-wander, wander, 2)).tolist()
    match kind:
        case CropKind.CONE:
            ball = 0.0
        case CropKind.BALL_1_5875:
            ball = 1.5875
        case CropKind.BALL_3_175:
            ball = 3.175
        case CropKind.BALL_BRINELL:
            fits = [b for b in BRINELL_BALLS if 0.24 <= diameter / b <= 0.6]
            ball = float(rng.choice(fits)) if fits else 10.0
        case _:
            return None
    return random_dent(x, y, diameter, ball, rng)


def _scene(
    kind: CropKind,
    dent: Dent | None,
    site: Site,
    wide: float,
    px_per_mm: float,
    reach: float,
    looks: tuple[str, ...],
    rng: np.random.Generator,
) -> Scene:
    finish = random_finish(rng)
    dents: tuple[Dent, ...] = (dent,) if dent else ()
    blemishes = _light_dirt(dent, site.at, reach, rng)
    if kind is CropKind.UNUSABLE:
        dents, blemishes = _ruin(site.at, reach, rng)
        finish = rough_finish(rng) if not dents and not blemishes else finish
    dents += neighbours(site, dent, wide, reach, rng)
    look = telling_look(looks, dents[:1], finish, rng)
    pose = Pose(turn=float(rng.uniform(-math.pi, math.pi)))
    return Scene(
        outline=site.outline,
        dents=dents,
        look=look,
        finish=finish,
        px_per_mm=px_per_mm,
        pose=pose,
        form=_form(look, site.at, pose, rng),
        optics=replace(random_optics(look, rng), falloff=0.05),
        writings=site.writings,
        blemishes=blemishes,
        seed=int(rng.integers(2**31)),
    )


def _form(look: Look, at: Point, pose: Pose, rng: np.random.Generator) -> Form:
    """Return the tilt of the place, with what the light's spread adds away from the middle."""
    x, y = turned(at.x, at.y, pose.turn)
    p, q = rng.normal(0, 0.01, 2).tolist()
    return Form(p + look.spread * x, q + look.spread * y)


def _light_dirt(
    dent: Dent | None, at: Point, reach: float, rng: np.random.Generator
) -> tuple[Blemish, ...]:
    """Return dust and fine scratches beside the indentation."""
    found = []
    for _ in range(int(rng.poisson(0.9))):
        kind = RegionKind.DUST if rng.random() < 0.5 else RegionKind.SCRATCH
        size = rng.uniform(0.03, 0.15) if kind is RegionKind.DUST else rng.uniform(0.5, 1.0) * reach
        one = _blemish(kind, at, reach, float(size), 0.6 * rng.uniform(0, 1), rng)
        clear = dent is None or at.distance(Point(one.x, one.y)) > dent.diameter * 0.6 + 0.15
        if clear:
            found.append(one)
    return tuple(found)


def _ruin(
    at: Point, reach: float, rng: np.random.Generator
) -> tuple[tuple[Dent, ...], tuple[Blemish, ...]]:
    """Return one way of being unusable; both empty: a coarse face."""
    way = int(rng.integers(5))
    spread = 0.25 * reach
    if way == 0:
        return (), (_blemish(RegionKind.RUST, at, spread, 0.9 * reach, rng.uniform(0.4, 1), rng),)
    if way == 1:
        return (), (_blemish(RegionKind.CHIP, at, spread, 0.6 * reach, rng.uniform(0.3, 1), rng),)
    if way == 2:
        many = int(rng.integers(4, 9))
        size = 0.9 * reach
        return (), tuple(
            _blemish(RegionKind.SCRATCH, at, spread, size, rng.uniform(0.6, 1), rng)
            for _ in range(many)
        )
    if way == 3:
        first = float(rng.uniform(0.25, 0.6) * reach)
        ball = float(rng.choice([0.0, 1.5875, 10.0]))
        away = rng.uniform(0.3, 0.8) * first
        ends = (-away / 2, away / 2)
        return tuple(random_dent(at.x + x, at.y, first, ball, rng) for x in ends), ()
    return (), ()


def _blemish(
    kind: RegionKind,
    at: Point,
    reach: float,
    size: float,
    strength: float,
    rng: np.random.Generator,
) -> Blemish:
    x, y = (np.array([at.x, at.y]) + rng.uniform(-reach, reach, 2)).tolist()
    seed = int(rng.integers(2**31))
    return Blemish(kind, x, y, size, float(rng.uniform(0, math.pi)), strength, seed)

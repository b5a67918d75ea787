"""Random scenes: as different as stations, blocks and years of use make them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from vision.geometry import Outline, Point, Rectangle, Round
from vision.regions import RegionKind
from vision.rendering.blemishes import Blemish
from vision.rendering.dents import Dent
from vision.rendering.lightings import LOOKS, TRAINING_LOOKS
from vision.rendering.looks import Look
from vision.rendering.scene import Form, Ground, Optics, Pose, Scene
from vision.rendering.texture import FINISHES, Finish
from vision.rendering.writing import FONTS, Writing

CONE: Final = 0.0
BALLS: Final = (1.5875, 3.175)
BRINELL_BALLS: Final = (1.0, 2.5, 5.0, 10.0)
_LEAST_CONTRAST: Final = 0.15
_OVER_FINISH: Final = 4.0
_FLAWS: Final = (
    RegionKind.SCRATCH,
    RegionKind.DUST,
    RegionKind.STAIN,
    RegionKind.FINGERPRINT,
    RegionKind.RUST,
    RegionKind.CHIP,
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What random scenes shall be like.

    `looks` are kinds of lighting; `smallest` and `largest` the diameters in px; `dents` the
    most of them; `wear` from 0 (as new) to 1 (everything that years bring); `turn` the
    largest turn in rad, `coded` the share that bears a code.
    """

    px_per_mm: float = 20.0
    looks: tuple[str, ...] = TRAINING_LOOKS
    smallest: float = 8.0
    largest: float = 120.0
    dents: int = 45
    wear: float = 0.5
    turn: float = math.pi
    coded: float = 0.5
    face_down: float = 0.0


def random_scene(wish: Wish, rng: np.random.Generator) -> Scene:
    """Return a scene as wished; dents keep apart from each other, writing and the rim."""
    scale = wish.px_per_mm
    outline = random_outline(rng)
    face_up = bool(rng.random() >= wish.face_down)
    writings = random_writings(outline, wish, rng)
    dents = _dents(outline, writings, wish, rng) if face_up else ()
    finish = random_finish(rng) if face_up else rough_finish(rng)
    look = telling_look(wish.looks, dents, finish, rng, writings)
    return Scene(
        outline=outline,
        dents=dents,
        look=look,
        finish=finish,
        px_per_mm=scale,
        pose=_pose(wish, rng),
        form=_form(rng),
        ground=Ground(rng.uniform(0.02, 0.25), rng.uniform(0.02, 0.2), bool(rng.random() < 0.3)),
        optics=random_optics(look, rng),
        writings=writings,
        blemishes=tuple(
            blemish.shown_by(look, _LEAST_CONTRAST)
            for blemish in _blemishes(outline, dents, wish, rng)
        ),
        chamfer=float(rng.uniform(0.15, 0.6)),
        face_up=face_up,
        seed=int(rng.integers(2**31)),
    )


def random_look(names: tuple[str, ...], rng: np.random.Generator) -> Look:
    """Return a lighting of one of the kinds named."""
    return LOOKS[names[int(rng.integers(len(names)))]](rng)


def random_finish(rng: np.random.Generator) -> Finish:
    """Return the finish of a test face, fine enough for Ra 0.3 µm and below."""
    kind = FINISHES[int(rng.integers(len(FINISHES)))]
    slope = 10 ** rng.uniform(-2.7, -1.75)
    return Finish(kind, slope, rng.uniform(0, math.pi), rng.uniform(0.7, 2.2), _seed(rng))


def rough_finish(rng: np.random.Generator) -> Finish:
    """Return the finish of a bottom: coarsely ground."""
    slope = rng.uniform(0.10, 0.22)
    return Finish("ground", slope, rng.uniform(0, math.pi), rng.uniform(1.5, 3.0), _seed(rng))


def telling_look(
    names: tuple[str, ...],
    dents: tuple[Dent, ...],
    finish: Finish,
    rng: np.random.Generator,
    writings: tuple[Writing, ...] = (),
) -> Look:
    """Return a lighting that shows all this on that finish, as one chosen for a station does.

    Under some lamps a shallow dent or a frosted letter is as bright as the flat around it, or
    drowned by the grinding marks; no station is commissioned so. Of 40 that fail the best is
    taken.
    """
    best, most = random_look(names, rng), -1.0
    for _ in range(40):
        look = random_look(names, rng)
        needed = max(_LEAST_CONTRAST, _OVER_FINISH * look.unrest(finish.slope))
        contrasts = [look.contrast(dent.flank) for dent in dents]
        contrasts += [writing.contrast(look) for writing in writings]
        shown = min(contrasts, default=needed) / needed
        if shown > most:
            best, most = look, shown
        if most >= 1:
            break
    return best


def random_optics(look: Look, rng: np.random.Generator) -> Optics:
    """Return a lens and sensor, from sharp to somewhat out of focus, exposed for that look."""
    bright = max(look.peak / max(look.level, 0.02), 1.0)
    return Optics(
        blur=float(rng.uniform(0.4, 1.5)),
        level=float(np.clip(rng.uniform(150, 400) / bright, 25, rng.uniform(90, 210))),
        falloff=float(rng.uniform(0, 0.35)),
        tilt=(float(rng.normal(0, 0.06)), float(rng.normal(0, 0.06))),
        noise=float(rng.uniform(0.5, 2.5)),
        shot=float(rng.uniform(0, 0.15)),
    )


def random_dent(x: float, y: float, diameter: float, ball: float, rng: np.random.Generator) -> Dent:
    """Return a dent with a rim as chance has it."""
    return Dent(
        x,
        y,
        diameter,
        ball,
        recovery=float(rng.uniform(0.82, 0.98)),
        pile_up=float(
            rng.choice([rng.uniform(0.01, 0.07), rng.uniform(-0.03, 0.0)], p=[0.85, 0.15])
        ),
        edge=float(rng.uniform(0.02, 0.10)),
        oval=float(abs(rng.normal(0, 0.008))),
        oval_turn=float(rng.uniform(0, math.pi)),
    )


def likely_ball(diameter: float, rng: np.random.Generator) -> float:
    """Return the ball (0: the cone) that leaves indentations of that diameter, mm."""
    fits = [CONE] * (0.14 <= diameter <= 1.06)
    fits += [1.5875] * (0.26 <= diameter <= 1.25) + [3.175] * (0.95 <= diameter <= 1.7)
    fits += [ball for ball in BRINELL_BALLS if 0.24 <= diameter / ball <= 0.6]
    return float(rng.choice(fits)) if fits else (10.0 if diameter > 1.5 else CONE)


def _pose(wish: Wish, rng: np.random.Generator) -> Pose:
    x, y = rng.uniform(-1.5, 1.5, 2).tolist()
    return Pose(x, y, float(rng.uniform(-1, 1)) * wish.turn)


def _form(rng: np.random.Generator) -> Form:
    p, q = rng.normal(0, 0.01, 2).tolist()
    return Form(p, q, float(rng.normal(0, 2e-4)), wave=0.004)


def random_outline(rng: np.random.Generator) -> Outline:
    """Return the rim of a block, round or not, 35 to 65 mm."""
    if rng.random() < 0.5:
        return Round(float(rng.uniform(40, 65)))
    width = float(rng.uniform(38, 62))
    return Rectangle(width, width if rng.random() < 0.5 else float(rng.uniform(35, 50)))


def random_writings(outline: Outline, wish: Wish, rng: np.random.Generator) -> tuple[Writing, ...]:
    """Return a number and a code, side by side near the rim or none."""
    found: list[Writing] = []
    side = float(rng.choice([-1, 1]))
    low = outline.half_height * (0.68 if isinstance(outline, Round) else 0.80)
    if rng.random() < 0.6:
        found.append(_number(outline, side * low, rng))
    if rng.random() < wish.coded:
        found.append(_code(outline, -side * low, rng))
    return tuple(found)


def _marking(rng: np.random.Generator) -> tuple[float, float, float]:
    """Return depth, albedo and matte of a marking: engraved, dark laser or frosted."""
    kinds = ((0.5, 1.0, 0.2), (0.0, 0.25, 0.9), (0.0, 0.9, 0.9))
    return kinds[int(rng.integers(3))]


def _number(outline: Outline, y: float, rng: np.random.Generator) -> Writing:
    digits = "".join(str(d) for d in rng.integers(0, 10, 6))
    text = f"{digits[:4]}-{digits[3:]}" + str(rng.choice(["", " HRC", " 61.2", " HBW"]))
    height = float(rng.uniform(1.6, 2.8))
    turn = math.pi if y > 0 else 0.0
    x = float(rng.uniform(-0.15, 0.15)) * outline.half_width
    font = int(rng.integers(len(FONTS)))
    return Writing("text", text, x, y, height, turn, *_marking(rng), font=font)


def _code(outline: Outline, y: float, rng: np.random.Generator) -> Writing:
    text = f"20{rng.integers(10, 27)}-{rng.integers(100, 9999)}"
    kind = str(rng.choice(["datamatrix", "datamatrix", "qr"]))
    height = float(rng.uniform(5, 7.5))
    turn = float(rng.integers(4)) * math.pi / 2
    inner = y * (1 - 0.5 * height / abs(y)) if y else 0.0
    if rng.random() < 0.3:
        return Writing(kind, text, 0.0, inner, height, turn, 0.0, 0.15, 1.0, plate=True)
    return Writing(kind, text, 0.0, inner, height, turn, 0.0, float(rng.uniform(0.1, 0.35)), 0.9)


def _dents(
    outline: Outline, writings: tuple[Writing, ...], wish: Wish, rng: np.random.Generator
) -> tuple[Dent, ...]:
    """Return dents of one or two sizes, apart from each other as the rules keep them."""
    low, high = wish.smallest / wish.px_per_mm, wish.largest / wish.px_per_mm
    usual = float(np.exp(rng.uniform(math.log(low), math.log(high))))
    ball = likely_ball(usual, rng)
    covered = [disc for writing in writings for disc in writing.region.discs]
    dents: list[Dent] = []
    for _ in range(int(rng.integers(0, wish.dents + 1))):
        stranger = rng.random() < 0.1
        diameter = usual * rng.uniform(0.94, 1.06)
        if stranger:
            diameter = float(np.exp(rng.uniform(math.log(low), math.log(min(high, 2.5)))))
        reach = diameter / 2 + 1.0
        x, y = rng.uniform(-1, 1, 2) * (outline.half_width - reach, outline.half_height - reach)
        place = Point(float(x), float(y))
        if not outline.inset_contains(place, reach):
            continue
        apart = all(place.distance(d.centre) > 0.9 * (d.diameter + diameter) for d in dents)
        if apart and all(place.distance(d.centre) > d.radius + diameter for d in covered):
            kind = likely_ball(diameter, rng) if stranger else ball
            dents.append(random_dent(place.x, place.y, max(diameter, low), kind, rng))
    return tuple(dents)


def _blemishes(
    outline: Outline, dents: tuple[Dent, ...], wish: Wish, rng: np.random.Generator
) -> tuple[Blemish, ...]:
    """Return what use has left; the coarse damage keeps off the dents, which it would hide."""
    found: list[Blemish] = []
    for kind, many in zip(_FLAWS, (5.0, 14.0, 1.2, 0.8, 0.6, 0.5), strict=True):
        for _ in range(int(rng.poisson(many * wish.wear))):
            one = _blemish(kind, outline, rng)
            hides = kind in (RegionKind.RUST, RegionKind.CHIP, RegionKind.DUST)
            reach = one.size + 0.15
            if hides and any(
                math.hypot(d.x - one.x, d.y - one.y) < reach + 0.6 * d.diameter for d in dents
            ):
                continue
            found.append(one)
    return tuple(found)


def _blemish(kind: RegionKind, outline: Outline, rng: np.random.Generator) -> Blemish:
    sizes = {
        RegionKind.SCRATCH: (1.0, 14.0),
        RegionKind.DUST: (0.03, 0.3),
        RegionKind.STAIN: (2.0, 8.0),
        RegionKind.FINGERPRINT: (6.0, 9.0),
        RegionKind.RUST: (0.8, 4.0),
        RegionKind.CHIP: (0.5, 2.0),
    }
    low, high = sizes[kind]
    size = float(np.exp(rng.uniform(math.log(low), math.log(high))))
    reach = 1.0 if kind is RegionKind.CHIP else 0.9
    x, y = rng.uniform(-reach, reach, 2) * (outline.half_width, outline.half_height)
    strength = float(rng.uniform(0, 1))
    return Blemish(kind, float(x), float(y), size, rng.uniform(0, math.pi), strength, _seed(rng))


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))

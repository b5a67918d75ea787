"""Pictures that the finder's nets are fitted to, each from its seed.

Three sets that share no seed: for fitting (the training lights, the spent ones, any lamps at
all, and the plain look), for choosing thresholds and design, and `benchmarks.vision_finding`
has a third, with lights of its own, for the final figures.
"""

from __future__ import annotations

import math
import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.frame import Frame, Image
from vision.geometry import Mark, Outline, Point, Rectangle, Round
from vision.regions import RegionKind
from vision.rendering import (
    ANY_LOOK,
    SPENT_LOOKS,
    TRAINING_LOOKS,
    Scene,
    Wish,
    random_scene,
    render_block,
    render_surface,
)
from vision.rendering.blemishes import Blemish

Floats = NDArray[np.float32]

FIRST_BLOCK, FIRST_PLAIN = 2_000_000, 4_000_000
_LOOKS = (*TRAINING_LOOKS, *SPENT_LOOKS, *(5 * (ANY_LOOK,)))
_SPOILT = 0.4
_MOST_SCRATCHES = 8


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with its marks: column, row, radius in px, shape (n, 3)."""

    image: Image
    marks: Floats
    outline: Outline
    frame: Frame


Drawn = TypeVar("Drawn")

Job = tuple[Callable[[int], Picture], int]
"""How to draw a picture, and its seed."""


def pictured(job: Job, folder: Path) -> Picture:
    """Return a picture, drawn at most once: later it is read from the folder."""
    draw, seed = job
    return kept(lambda: draw(seed), folder / f"{seed}.pickle")


def kept(draw: Callable[[], Drawn], path: Path) -> Drawn:
    """Return what is drawn, or what was drawn before and lies at the path."""
    if path.exists():
        return cast(Drawn, pickle.loads(path.read_bytes()))
    drawn = draw()
    half = path.with_suffix(f".{os.getpid()}")
    half.write_bytes(pickle.dumps(drawn))
    half.rename(path)
    return drawn


def block_picture(seed: int, scratched: float = 0.0) -> Picture:
    """Return a block under one of the lights to fit by, at one of three scales.

    A share of the blocks is `scratched`, over their marks.
    """
    rng = np.random.default_rng(seed)
    look = _LOOKS[seed % len(_LOOKS)]
    scale = float(rng.choice([12.0, 12.0, 16.0, 20.0]))
    smallest = float(rng.choice([8, 8, 5.5]))
    wish = Wish(
        px_per_mm=scale,
        looks=(look,),
        smallest=smallest,
        largest=min(120.0, 6.3 * scale),
        wear=float(rng.uniform(0, 1.2)),
    )
    scene, besides = random_scene(wish, rng), np.random.default_rng((seed, 78))
    if besides.random() < scratched:
        scene = with_scratches(scene, besides)
    image = render_block(scene)
    frame = scene.frame(image.shape)
    return Picture(_spoilt(image, seed), _in_px(scene.marks, frame), scene.outline, frame)


def with_scratches(scene: Scene, rng: np.random.Generator) -> Scene:
    """Return the scene with deep scratches besides that run over its marks or end at them.

    By chance alone that is rare: nets that seldom see it take a mark there for scratch.
    """
    found = []
    most = rng.integers(1, _MOST_SCRATCHES + 1) if scene.dents else 0
    for at in rng.integers(max(1, len(scene.dents)), size=most).tolist():
        dent, half, angle = scene.dents[at], rng.uniform(1.0, 9.0), rng.uniform(0, math.pi)
        along, beside = rng.uniform(-1.0, 1.0) * half, rng.normal(0, 0.3) * dent.diameter
        x = dent.x + along * math.cos(angle) - beside * math.sin(angle)
        y = dent.y + along * math.sin(angle) + beside * math.cos(angle)
        strength, drawn = float(rng.uniform(0.3, 1)), int(rng.integers(2**31))
        found.append(Blemish(RegionKind.SCRATCH, x, y, half, angle, strength, drawn))
    return replace(scene, blemishes=(*scene.blemishes, *found))


def plain_picture(seed: int) -> Picture:
    """Return a block as the simulated camera shows it, with marks from 4.5 px up."""
    rng = np.random.default_rng(seed)
    sides = rng.uniform(40, 64, 2)
    outline: Outline = Round(float(sides[0])) if rng.random() < 0.5 else Rectangle(*sides.tolist())
    scale = float(rng.choice([12.0, 12.0, 19.2, 16.0]))
    marks = plain_marks(outline, scale, rng, 4.5, 40)
    offset = Point(*rng.uniform(-1, 1, 2).tolist())
    image = render_surface(outline, marks, px_per_mm=scale, offset=offset, seed=seed)
    frame = Frame.centred(image.shape, scale).moved(offset)
    return Picture(_spoilt(image, seed), _in_px(tuple(marks), frame), outline, frame)


def plain_marks(
    outline: Outline, scale: float, rng: np.random.Generator, least_px: float, most: int
) -> list[Mark]:
    """Return fewer than `most` marks from so many px up: of one usual size, and some strangers."""
    smallest = math.log(least_px / scale)
    usual = math.exp(rng.uniform(smallest, math.log(4.5)))
    marks: list[Mark] = []
    for _ in range(int(rng.integers(0, most))):
        x, y = rng.uniform(-1, 1, 2) * (outline.half_width, outline.half_height)
        stranger = rng.random() < 0.4
        wide = rng.uniform(smallest, math.log(5)) if stranger else math.log(usual)
        faint = float(rng.uniform(0.3, 1)) if rng.random() < 0.25 else 1.0
        mark = Mark(float(x), float(y), math.exp(wide) * float(rng.uniform(0.9, 1.1)), faint)
        apart = all(
            mark.centre.distance(m) > 0.8 * (m.diameter + mark.diameter) + 0.3 for m in marks
        )
        if apart and outline.inset_contains(mark, mark.diameter / 2 + 0.8):
            marks.append(mark)
    return marks


def _in_px(marks: tuple[Mark, ...], frame: Frame) -> Floats:
    places = [(*frame.to_px(m.x, m.y), m.diameter / 2 * frame.px_per_mm) for m in marks]
    return np.array(places, np.float32).reshape(-1, 3)


def _spoilt(image: Image, seed: int) -> Image:
    """Return the picture as it is, or as other cameras and files would have it."""
    rng = np.random.default_rng((seed, 77))
    if rng.random() > _SPOILT:
        return image
    grey: NDArray[np.float64] = image.astype(np.float64)
    if rng.random() < 0.5:
        grey = 255 * (grey / 255) ** rng.uniform(0.6, 1.5)
    if rng.random() < 0.3:
        wide = (int(rng.integers(2, 5)), 1)
        still = rng.random() < 0.5
        grey = np.asarray(
            cv2.GaussianBlur(grey, (0, 0), rng.uniform(0.5, 1)) if still else cv2.blur(grey, wide),
            np.float64,
        )
    if rng.random() < 0.3:
        grey = grey + rng.normal(0, rng.uniform(1, 5), grey.shape)
    shown = np.clip(grey, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        quality = int(rng.integers(40, 90))
        file = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        shown = np.asarray(cv2.imdecode(file, cv2.IMREAD_GRAYSCALE), np.uint8)
    return shown

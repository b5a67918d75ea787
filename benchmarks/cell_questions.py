"""How often the cell asks for nothing: python -m benchmarks.cell_questions [--blocks 200].

Every block is what its order says, with old indentations of its own scale and hardness.
Plain blocks are drawn as the simulated camera draws them and read by the cell's own eyes;
rendered ones have any light, finish and wear, and are read by the finder of any light.
A question about the kind, the side or a strange code is needless then; one about wear is
not counted where the rendered block is worn.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import cv2
import numpy as np

from controller.events import BlockOrder
from controller.eyes import EYES
from controller.looks import Sight
from controller.state import Block, Stage
from controller.surveying import survey
from controller.telling import tell_kind
from metrology import diameter_mm
from metrology.scale import Scale
from metrology.scales import SCALES
from models.training.scores import wilson
from vision.finder import NoBlock, find_surface
from vision.frame import Image
from vision.geometry import Mark, Outline, Point, Round
from vision.rendering import LOOKS, Wish, random_scene, render_block, render_surface
from vision.rendering.chance import random_dent, telling_look

_LEAST_PX = 8.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=200, help="plain ones")
    parser.add_argument("--rendered", type=int, default=40)
    parser.add_argument("--first", type=int, default=0, help="seed of the first block")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    for name, count in (("plain", args.blocks), ("rendered", args.rendered)):
        found: Counter[str] = Counter()
        began = time.process_time()
        for seed in range(args.first, args.first + count):
            found.update(_plain(seed) if name == "plain" else _rendered(seed))
        spent = (time.process_time() - began) / max(count, 1)
        print(f"{name}: {count} blocks, {spent:.2f} s CPU each, drawing included")
        for what, n in sorted(found.items()):
            low, high = wilson(n, count)
            print(f"  {what:50s} {n:5d} = {n / count:7.2%} ({low:.2%} to {high:.2%})")


def _order(rng: np.random.Generator) -> tuple[Scale, Decimal, float]:
    """Return a scale of the cells that have the flow, a hardness, and the diameter it leaves."""
    scales = [scale for scale in SCALES.values() if scale.family != "brinell"]
    scale = scales[int(rng.integers(len(scales)))]
    low, high = float(scale.low), float(scale.high)
    hardness = Decimal(str(round(float(rng.uniform(low + 0.1 * (high - low), high)), 1)))
    return scale, hardness, diameter_mm(scale, hardness)


def _block(scale: Scale, hardness: Decimal) -> Block:
    order = BlockOrder("B", scale.symbol, 1, "round", 40.0, 40.0, hardness)
    return Block("B", "customer", scale.symbol, "slot-01", "vision", Stage.SIZED, order)


def _plain(seed: int) -> Iterator[str]:
    rng = np.random.default_rng([7, seed])
    scale, hardness, wide = _order(rng)
    px_per_mm = max(19.2, _LEAST_PX / wide)
    marks = _places(rng, Round(40), wide)
    image = render_surface(
        Round(40),
        marks,
        px_per_mm=px_per_mm,
        offset=Point(*rng.uniform(-0.8, 0.8, 2).tolist()),
        seed=seed,
        bowls=marks if scale.indenter == "ball" else (),
    )
    yield from _asked("plain", image, px_per_mm, _block(scale, hardness))


def _rendered(seed: int) -> Iterator[str]:
    rng = np.random.default_rng([8, seed])
    scale, hardness, wide = _order(rng)
    px_per_mm = max(20.0, _LEAST_PX / wide)
    wish = Wish(px_per_mm=px_per_mm, looks=tuple(LOOKS), dents=0, wear=float(rng.uniform(0, 0.5)))
    scene = random_scene(wish, rng)
    ball = float(scale.ball_diameter_mm or 0)
    places = _places(rng, scene.outline, wide)
    dents = tuple(random_dent(m.x, m.y, wide, ball, rng) for m in places)
    look = telling_look(wish.looks, dents, scene.finish, rng, scene.writings)
    image = render_block(replace(scene, dents=dents, look=look))
    yield from _asked(look.name, image, px_per_mm, _block(scale, hardness))


def _places(rng: np.random.Generator, outline: Outline, wide: float) -> list[Mark]:
    """Return five to fifteen marks, apart as a verification leaves them."""
    wanted, made = int(rng.integers(1, 4)) * 5, list[Mark]()
    for _ in range(400):
        x, y = (float(rng.uniform(-h, h)) for h in (outline.half_width, outline.half_height))
        mark = Mark(x, y, wide)
        apart = all(mark.centre.distance(m) > max(4 * wide, 2.0) for m in made)
        if apart and outline.distance_to_rim(mark) > 4.0 and len(made) < wanted:
            made.append(mark)
    return made


def _asked(look: str, image: Image, px_per_mm: float, block: Block) -> Iterator[str]:
    eyes = EYES if look == "plain" else replace(EYES, find=find_surface)
    seen = survey(eyes, image, px_per_mm)
    if isinstance(seen, NoBlock):
        yield "no block made out"
        return
    if not seen.face_up:
        yield "needless: wrong side"
    told = tell_kind(eyes, Sight("", image, px_per_mm), seen, block)
    if told is not None and told.doubt:
        yield f"needless: kind ({told.doubt})"
    if told is not None and told.kind:
        yield "kind decided"
    if not seen.usable:
        yield "needless: worn" if look == "plain" else "worn"


if __name__ == "__main__":
    main()

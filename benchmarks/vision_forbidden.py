"""Does the cell ever choose a forbidden place: python -m benchmarks.vision_forbidden.

Draws blocks in the plain look of the simulated camera, with old indentations of one or two
sizes and with flaws, lets the cell's own eyes and planner choose places, and judges each by
what was drawn (`benchmarks.vision_places`). Rendered blocks under other lights are counted by
`benchmarks.vision_finding`.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.vision_pictures import plain_marks
from benchmarks.vision_places import Outcome, order_for, outcome
from benchmarks.vision_truth import plain_truth
from vision.frame import Frame
from vision.geometry import Mark, Outline, Point, Rectangle, Round
from vision.rendering import Flaw, render_surface

_FIRST = 12_000_000
_LEAST_PX = 8.0
_EVERY = 250


@dataclass(frozen=True, slots=True)
class _Result:
    seed: int
    marks: int
    outcome: Outcome


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=_FIRST, help="seed of the first block")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    began, results = time.monotonic(), list[_Result]()
    with ProcessPoolExecutor(args.workers, initializer=_quiet) as pool:
        seeds = range(args.first, args.first + args.blocks)
        for result in pool.map(_job, seeds, chunksize=10):
            results.append(result)
            for breach in result.outcome.breaches:
                asked = ", after a question" if result.outcome.asked else ""
                near = f"{breach.short:.3f} mm too near to {breach.what}{asked}"
                print(f"forbidden: seed {result.seed}: {near}", flush=True)
            if len(results) % _EVERY == 0 or len(results) == args.blocks:
                print(f"{_summary(results)}, {time.monotonic() - began:.0f} s", flush=True)


def _summary(results: list[_Result]) -> str:
    outcomes = [r.outcome for r in results]
    bad = sum(bool(o.breaches) for o in outcomes)
    forbidden = sum(len({b.place for b in o.breaches}) for o in outcomes)
    whys = ", ".join(f"{n} {why}" for why, n in Counter(o.why for o in outcomes).most_common())
    return (
        f"{len(results)} blocks with {sum(r.marks for r in results)} old marks: {whys}; "
        f"{sum(o.places for o in outcomes)} places, {forbidden} forbidden, on {bad} blocks"
    )


def _quiet() -> None:
    cv2.setNumThreads(1)


def _job(seed: int) -> _Result:
    rng = np.random.default_rng(seed)
    sides = rng.uniform(40, 64, 2)
    outline: Outline = Round(float(sides[0])) if rng.random() < 0.5 else Rectangle(*sides.tolist())
    scale = float(rng.choice([12.0, 16.0, 19.2]))
    marks = plain_marks(outline, scale, rng, _LEAST_PX, 25)
    flaws = _flaws(outline, marks, rng)
    bowls = marks if rng.random() < 0.5 else ()
    offset = Point(*rng.uniform(-1, 1, 2).tolist())
    image = render_surface(
        outline, marks, px_per_mm=scale, offset=offset, seed=seed, bowls=bowls, flaws=flaws
    )
    frame = Frame.centred(image.shape, scale).moved(offset)
    shape = (image.shape[0], image.shape[1])
    truth = plain_truth(outline, marks, flaws, shape, frame)
    return _Result(seed, len(marks), outcome(image, scale, order_for(marks, rng), truth))


def _flaws(outline: Outline, marks: list[Mark], rng: np.random.Generator) -> list[Flaw]:
    """Return what may be on a face besides, clear of the indentations."""
    found: list[Flaw] = []
    for kind, share in (("engraving", 0.5), ("code", 0.3), ("rust", 0.3), ("scratch", 0.3)):
        if rng.random() >= share:
            continue
        size = float({"engraving": 2.0, "code": 5.0}.get(kind) or rng.uniform(1.0, 4.0))
        x, y = rng.uniform(-0.75, 0.75, 2) * (outline.half_width, outline.half_height)
        wide = 3.2 * size if kind == "engraving" else size
        clear = all(math.hypot(m.x - x, m.y - y) > wide + m.diameter for m in marks)
        if clear and outline.distance_to_rim(Point(float(x), float(y))) > wide:
            turn = float(rng.uniform(0, math.pi))
            text = str(rng.integers(1000, 99999))
            found.append(Flaw(kind, float(x), float(y), size, turn, text))  # type: ignore[arg-type]  # one of the kinds
    return found


if __name__ == "__main__":
    main()

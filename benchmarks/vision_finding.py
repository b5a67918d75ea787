"""How well old indentations are found: python -m benchmarks.vision_finding [--blocks 50].

Blocks of all sizes of indentation, finishes and states of wear are rendered under each kind
of lighting. Three sets of kinds: those that models and thresholds are made with, those that
were held out once and are spent, and those that nothing has seen before; all with fresh seeds.
How it is counted: an indentation counts as found when a mark, certain or doubtful, lies
within 0.3 d of it, since both keep their place; the bound is Wilson's, 95 %, lower. Precision
is that of the certain marks; the doubtful false ones are counted by the block. A false mark on
writing or a code does not count.

Then the cell plans on what it has seen, and every place is judged by the truth
(`benchmarks.vision_places`). `--tuning` takes other seeds, to look at while something is
changed: the final ones are for the final figures alone.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from benchmarks.vision_pictures import kept
from benchmarks.vision_places import Outcome, order_for, outcome
from benchmarks.vision_scoring import Score, compared, scene_of, wilson_low
from benchmarks.vision_truth import truth_of
from controller.eyes import EYES
from vision.finder import NoBlock, Surface, find_surface
from vision.frame import Image
from vision.rendering import (
    SPENT_LOOKS,
    TRAINING_LOOKS,
    UNSEEN_LOOKS,
    Scene,
    render_block,
)

_HEAD = (
    "look          blocks  marks  recall ≥bound  precision  doubted  false/block   centre mm"
    "  diameter %   refused  CPU s  planned  places  forbidden"
)
_FINAL, _TUNING = 11_000_000, 5_000_000
_ALL = (*TRAINING_LOOKS, *SPENT_LOOKS, *UNSEEN_LOOKS)
_SETS = {"training": TRAINING_LOOKS, "spent": SPENT_LOOKS, "unseen": UNSEEN_LOOKS}


@dataclass(frozen=True, slots=True)
class _Result:
    """What was found on one block, and what the cell would do with it."""

    seed: int
    score: Score
    outcome: Outcome


def main() -> None:
    args = _arguments()
    for folder in (args.pictures, args.results):
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(args.workers, initializer=_quiet) as pool:
        print(_HEAD)
        everything: dict[str, list[_Result]] = {}
        sets = [name for name in args.sets if not (args.tuning and name == "unseen")]
        looks = [look for name in sets for look in _SETS[name]]
        for look in looks:
            first = (_TUNING if args.tuning else args.first) + 10_000 * _ALL.index(look)
            seeds = range(first, first + args.blocks)
            jobs = [(look, seed, args.scale, args.pictures, args.results) for seed in seeds]
            everything[look] = list(pool.map(_job, jobs, chunksize=2))
            print(_line(look, everything[look]), flush=True)
    for name in sets:
        print(_line(name, [r for look in _SETS[name] for r in everything[look]]))
    whole = [r for results in everything.values() for r in results]
    print(_line("all", whole))
    for line in (*_breaches(whole), *(_missed(whole) if args.verbose else ())):
        print(line)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=50, help="blocks per lighting")
    parser.add_argument("--sets", nargs="+", choices=tuple(_SETS), default=tuple(_SETS))
    parser.add_argument("--scale", type=float, default=20.0, help="pixels per mm")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--first", type=int, default=_FINAL, help="seed of the first block")
    parser.add_argument("--pictures", type=Path, help="a folder that keeps them")
    parser.add_argument("--results", type=Path, help="a folder to go on from where one stopped")
    parser.add_argument("--tuning", action="store_true", help="other seeds, no unseen lights")
    parser.add_argument("--verbose", action="store_true", help="name what was missed")
    return parser.parse_args()


def _quiet() -> None:
    cv2.setNumThreads(1)


def drawn(look: str, seed: int, scale: float, folder: Path | None) -> tuple[Scene, Image]:
    """Return the block of a seed and its picture, from the folder if it lies there."""

    def draw() -> tuple[Scene, Image]:
        scene = scene_of(seed, (look,), scale, None)
        return scene, render_block(scene)

    return kept(draw, folder / f"{look}-{seed}.pickle") if folder else draw()


def _job(job: tuple[str, int, float, Path | None, Path | None]) -> _Result:
    look, seed, scale, pictures, results = job
    if results is None:
        return _measured(look, seed, scale, pictures)
    path = results / f"{look}-{seed}.pickle"
    return kept(lambda: _measured(look, seed, scale, pictures), path)


def _measured(look: str, seed: int, scale: float, folder: Path | None) -> _Result:
    scene, image = drawn(look, seed, scale, folder)
    started = time.process_time()
    surface = find_surface(image, px_per_mm=scene.px_per_mm)
    score = compared(scene, image, surface, time.process_time() - started)

    def found(picture: Image, *, px_per_mm: float) -> Surface | NoBlock:
        return surface

    order = order_for(scene.marks, np.random.default_rng((seed, 3)))
    truth = truth_of(scene, (image.shape[0], image.shape[1]))
    eyes = replace(EYES, find=found)
    return _Result(seed, score, outcome(image, scale, order, truth, eyes))


def _line(name: str, results: Sequence[_Result]) -> str:
    scores = [r.score for r in results]
    hits = sum(len(s.centres) for s in scores)
    marks = hits + sum(len(s.missed) for s in scores)
    false = sum(len(s.false) for s in scores)
    certain = sum(len(s.centres) - s.doubted for s in scores)
    surely_false = sum(s.false_certain for s in scores)
    centres = [e for s in scores for e in s.centres] or [0.0]
    diameters = [100 * e for s in scores for e in s.diameters] or [0.0]
    low, high = np.quantile(diameters, [0.025, 0.975])
    refused = sum(bool(s.refused) for s in scores)
    planned = sum(r.outcome.plan is not None for r in results)
    places = sum(r.outcome.places for r in results)
    forbidden = sum(len({b.place for b in r.outcome.breaches}) for r in results)
    return (
        f"{name:<12} {len(scores):7d} {marks:6d} {hits / max(marks, 1):7.4f} "
        f"{wilson_low(hits, marks):6.4f} {certain / max(certain + surely_false, 1):10.4f} "
        f"{(hits - certain) / max(marks, 1):8.4f} {(false - surely_false) / len(scores):12.2f} "
        f"{np.quantile(centres, 0.95):11.3f} {low:+6.1f} {high:+6.1f} {refused:8d} "
        f"{np.mean([s.seconds for s in scores]):6.3f} {planned:8d} {places:7d} {forbidden:10d}"
    )


def _breaches(results: Iterable[_Result]) -> Iterable[str]:
    for one in results:
        for breach in one.outcome.breaches:
            where = f"({breach.place.x:.1f}, {breach.place.y:.1f})"
            asked = ", after a question" if one.outcome.asked else ""
            yield (
                f"forbidden: {one.score.scene.look.name} {one.seed} {where} is "
                f"{breach.short:.3f} mm too near to {breach.what}{asked}"
            )


def _missed(results: Iterable[_Result]) -> Iterable[str]:
    for one in results:
        scene = one.score.scene
        for mark in one.score.missed:
            what = one.score.refused or f"{mark.diameter:.2f} mm at ({mark.x:.1f}, {mark.y:.1f})"
            yield f"missed: {scene.look.name} {one.seed} {scene.finish.kind} {what}"


if __name__ == "__main__":
    main()

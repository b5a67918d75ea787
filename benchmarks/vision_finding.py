"""How well old indentations are found: python -m benchmarks.vision_finding [--blocks 200].

Blocks of all sizes of indentation, finishes and states of wear are rendered under each kind
of lighting. Three sets of kinds: those that the judge was fitted under, those that choices
were made by (both with fresh seeds here), and those that nothing has seen before. How it is
counted: an indentation counts as found when a mark, certain or doubtful, lies within 0.3 d
of it, since both keep their place; the bound is Wilson's, 95 %, lower. Precision is that of
the certain marks; the doubtful false ones are counted by the block. A false mark on writing
or a code does not count. `--tuning` takes other seeds, to look at while something is changed:
the final ones are for the final figures alone.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor

import cv2
import numpy as np

from benchmarks.vision_scoring import Score, scene_of, score, wilson_low
from vision.rendering import HELD_OUT_LOOKS, TRAINING_LOOKS, UNSEEN_LOOKS

_HEAD = (
    "look          blocks  marks  recall ≥bound  precision  doubted  false/block   centre mm"
    "  diameter %   refused  CPU s"
)
_FINAL, _TUNING = 9_000_000, 5_000_000
_SETS = {"training": TRAINING_LOOKS, "choosing": HELD_OUT_LOOKS, "unseen": UNSEEN_LOOKS}


def main() -> None:
    args = _arguments()
    with ProcessPoolExecutor(args.workers, initializer=_quiet) as pool:
        print(_HEAD)
        everything: dict[str, list[Score]] = {}
        sets = [name for name in _SETS if not (args.tuning and name == "unseen")]
        looks = [look for name in sets for look in _SETS[name]]
        for k, look in enumerate(looks):
            first = (_TUNING if args.tuning else _FINAL) + 10_000 * k
            jobs = [(look, first + i, args.scale) for i in range(args.blocks)]
            everything[look] = list(pool.map(_job, jobs, chunksize=2))
            print(_line(look, everything[look]), flush=True)
    for name in sets:
        print(_line(name, [s for look in _SETS[name] for s in everything[look]]))
    print(_line("all", [s for scores in everything.values() for s in scores]))
    if args.verbose:
        for line in _missed([s for scores in everything.values() for s in scores]):
            print(line)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=40, help="blocks per lighting")
    parser.add_argument("--scale", type=float, default=20.0, help="pixels per mm")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--tuning", action="store_true", help="other seeds, no unseen lights")
    parser.add_argument("--verbose", action="store_true", help="name what was missed")
    return parser.parse_args()


def _quiet() -> None:
    cv2.setNumThreads(1)


def _job(job: tuple[str, int, float]) -> Score:
    look, seed, scale = job
    return score(scene_of(seed, (look,), scale, None))


def _line(name: str, scores: Sequence[Score]) -> str:
    hits = sum(len(s.centres) for s in scores)
    marks = hits + sum(len(s.missed) for s in scores)
    false = sum(len(s.false) for s in scores)
    certain = sum(len(s.centres) - s.doubted for s in scores)
    surely_false = sum(s.false_certain for s in scores)
    centres = [e for s in scores for e in s.centres] or [0.0]
    diameters = [100 * e for s in scores for e in s.diameters] or [0.0]
    low, high = np.quantile(diameters, [0.025, 0.975])
    refused = sum(bool(s.refused) for s in scores)
    return (
        f"{name:<12} {len(scores):7d} {marks:6d} {hits / max(marks, 1):7.4f} "
        f"{wilson_low(hits, marks):6.4f} {certain / max(certain + surely_false, 1):10.4f} "
        f"{(hits - certain) / max(marks, 1):8.4f} {(false - surely_false) / len(scores):12.2f} "
        f"{np.quantile(centres, 0.95):11.3f} {low:+6.1f} {high:+6.1f} {refused:8d} "
        f"{np.mean([s.seconds for s in scores]):6.3f}"
    )


def _missed(scores: Iterable[Score]) -> Iterable[str]:
    for one in scores:
        for mark in one.missed:
            what = one.refused or f"{mark.diameter:.2f} mm at ({mark.x:.1f}, {mark.y:.1f})"
            yield f"missed: {one.scene.look.name} {one.scene.finish.kind} {what}"


if __name__ == "__main__":
    main()

"""Fit the finder's judge anew: python -m benchmarks.vision_judge [--blocks 1500].

Blocks are rendered under the training lights and in the plain look of the simulated camera;
each place that the finder proposes is an indentation, or it is not. First the scout learns,
then the judge what the scout lets pass. Needs torch (`make train` says which); the finder
itself does not. Half an hour on two cores; the same blocks give the same samples.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np

import vision
from benchmarks.vision_fitting import JUDGE, SCOUT, arrays, fitted
from benchmarks.vision_pictures import (
    FIRST_BLOCK,
    FIRST_PLAIN,
    Picture,
    block_picture,
    plain_picture,
)
from benchmarks.vision_samples import Samples, joined, judge_samples, scout_samples
from vision.judge import WEIGHTS
from vision.nets import Net, net_of

_MOST_SAMPLES = 110_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=1500)
    parser.add_argument("--plain", type=int, default=200, help="pictures of the plain look")
    parser.add_argument("--epochs", type=int, default=7)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--to", type=Path, default=Path(vision.__path__[0]) / WEIGHTS)
    args = parser.parse_args()
    jobs: list[tuple[Callable[[int], Picture], int]] = [
        *((plain_picture, FIRST_PLAIN + i) for i in range(args.plain)),
        *((block_picture, FIRST_BLOCK + i) for i in range(args.blocks)),
    ]
    with ProcessPoolExecutor(args.workers, initializer=_quiet) as pool:
        for_scout = joined(list(pool.map(_for_scout, jobs, chunksize=8)))
        print(f"scout: {len(for_scout.mark)} samples, {for_scout.mark.mean():.2f} of marks")
        kept = arrays(fitted(SCOUT, for_scout, args.epochs, 0, _MOST_SAMPLES), SCOUT, "scout")
        scout = net_of(kept, "scout")
        for_judge = joined(list(pool.map(partial(_for_judge, scout), jobs, chunksize=8)))
        print(f"judge: {len(for_judge.mark)} samples, {for_judge.mark.mean():.2f} of marks")
        kept |= arrays(fitted(JUDGE, for_judge, args.epochs, 1, _MOST_SAMPLES), JUDGE, "judge")
    np.savez(args.to, **kept)
    print(f"written: {args.to}")


def _quiet() -> None:
    cv2.setNumThreads(1)


def _for_scout(job: tuple[Callable[[int], Picture], int]) -> Samples:
    draw, seed = job
    return scout_samples(draw(seed), np.random.default_rng((seed, 1)))


def _for_judge(scout: Net, job: tuple[Callable[[int], Picture], int]) -> Samples:
    draw, seed = job
    return judge_samples(draw(seed), scout, np.random.default_rng((seed, 2)))


if __name__ == "__main__":
    main()

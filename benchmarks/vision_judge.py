"""Fit the finder's nets anew: python -m benchmarks.vision_judge [--blocks 1000].

Writes vision/judge.npz as it is shipped. Blocks are rendered under the training lights, the
spent ones and medleys of lamps, besides pictures of the plain look of the simulated camera;
each place that the finder proposes is an indentation, or it is not. First the scout learns,
then the judge what the scout lets pass, then the reader where the rims of those run. Needs
torch (`make train` says which); the finder itself does not. An hour on two cores. Every
picture, sample and start is drawn from a seed, and the fitting runs on one thread: the same
processor and the same versions of numpy, OpenCV and torch give the same file.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch

import vision
from benchmarks.vision_fitting import JUDGE, READER, SCOUT, Plan, arrays, fitted
from benchmarks.vision_pictures import (
    FIRST_BLOCK,
    FIRST_PLAIN,
    Job,
    Picture,
    block_picture,
    pictured,
    plain_picture,
)
from benchmarks.vision_samples import (
    Samples,
    joined,
    judge_samples,
    reader_samples,
    scout_samples,
)
from vision.judge import WEIGHTS
from vision.nets import Net, net_of

Cut = Callable[[Picture, np.random.Generator], Samples]


def main() -> None:
    args = _arguments()
    jobs: list[Job] = [
        *((plain_picture, FIRST_PLAIN + i) for i in range(args.plain)),
        *(
            (partial(block_picture, scratched=args.scratched), FIRST_BLOCK + i)
            for i in range(args.blocks)
        ),
    ]
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    with (
        ProcessPoolExecutor(args.workers, initializer=_quiet) as pool,
        tempfile.TemporaryDirectory() as passing,
    ):
        folder = args.pictures or Path(passing)
        folder.mkdir(exist_ok=True)
        learn = partial(_learnt, pool, jobs, folder, args.epochs, args.samples)
        kept = learn("scout", SCOUT, scout_samples, 0)
        scout = net_of(kept, "scout")
        kept |= learn("judge", JUDGE, partial(_for_judge, scout), 1)
        judge = net_of(kept, "judge")
        kept |= learn("reader", READER, partial(_for_reader, scout, judge), 2)
    np.savez(args.to, **kept)  # type: ignore[arg-type]  # numpy takes a flag by name as well
    print(f"written: {args.to}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=1000)
    parser.add_argument("--plain", type=int, default=120, help="pictures of the plain look")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--samples", type=int, default=80_000, help="at most, for each net")
    parser.add_argument("--scratched", type=float, default=0.0, help="share of the blocks")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--pictures", type=Path, help="a folder to keep them (2 GB) for that share")
    parser.add_argument("--to", type=Path, default=Path(vision.__path__[0]) / WEIGHTS)
    return parser.parse_args()


def _quiet() -> None:
    cv2.setNumThreads(1)


def _learnt(
    pool: Executor,
    jobs: Sequence[Job],
    folder: Path,
    epochs: int,
    most: int,
    name: str,
    plan: Plan,
    cut: Cut,
    number: int,
) -> dict[str, np.ndarray]:
    """Return the weights of one net, fitted to what `cut` takes from every picture."""
    take = partial(_samples, folder, cut, number + 1)
    samples = joined(list(pool.map(take, jobs, chunksize=8)))
    print(f"{name}: {len(samples.mark)} samples, {samples.mark.mean():.2f} of marks", flush=True)
    return arrays(fitted(plan, samples, epochs, number, most), plan, name)


def _samples(folder: Path, cut: Cut, number: int, job: Job) -> Samples:
    return cut(pictured(job, folder), np.random.default_rng((job[1], number)))


def _for_judge(scout: Net, picture: Picture, rng: np.random.Generator) -> Samples:
    return judge_samples(picture, scout, rng)


def _for_reader(scout: Net, judge: Net, picture: Picture, rng: np.random.Generator) -> Samples:
    return reader_samples(picture, scout, judge, rng)


if __name__ == "__main__":
    main()

"""Rendered close-ups to learn from and to be tried on, kept on disk in shards.

Every crop is drawn from (seed, set, number) alone: a run that was cut short goes on with
the shards it has, and any number of processes gives the same crops.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.kinds import KINDS
from models.views import ZOOMS_MM, Views, close_up
from vision.rendering import (
    DIAMETERS_MM,
    HELD_OUT_LOOKS,
    TRAINING_LOOKS,
    CropKind,
    CropTruth,
    Image,
    render_crop,
)

SHARD: Final = 200
"""Crops in one file."""
SCALES_PX_PER_MM: Final = (20.0, 56.0)
"""Smallest and largest scale of the pictures that crops are taken from."""
LEAST_PX: Final = 8.0
"""Indentations are at least so wide where the largest scale allows: stations are laid out so."""
RANGES_MM: Final = DIAMETERS_MM | {
    CropKind.BALL_BRINELL: (0.24, 6.0),
    CropKind.UNUSABLE: (0.3, 2.0),
    CropKind.UNUSED: (0.3, 2.0),
}
"""Smallest and largest diameter of each kind; the ball of 1 mm leaves 0.24 mm."""


class Part(StrEnum):
    """What crops are for. Only the first is learnt from."""

    TRAIN = "train"
    CALIBRATE = "calibrate"
    TEST = "test"
    HELD_OUT = "held-out"

    @property
    def looks(self) -> tuple[str, ...]:
        """Kinds of lighting: the held-out crops are under lights that nothing was trained on."""
        return HELD_OUT_LOOKS if self is Part.HELD_OUT else TRAINING_LOOKS


@dataclass(frozen=True, slots=True)
class Crops:
    """Views (n, 3, side, side), kinds as numbers (n,), diameters in mm and in px (n,)."""

    views: Views
    kinds: NDArray[np.int64]
    diameters_mm: NDArray[np.float32]
    diameters_px: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Crop:
    """One rendered close-up: the picture it was taken from, its scale, and the truth."""

    image: Image
    px_per_mm: float
    truth: CropTruth

    @property
    def views(self) -> Views:
        """What the classifier is shown of it."""
        middle = (self.image.shape[0] - 1) / 2
        return close_up(self.image, middle, middle, self.px_per_mm)


def one_crop(seed: int, part: Part, number: int) -> Crop:
    """Return a crop; kinds come in turn, diameters log-uniform over each kind's range."""
    rng = np.random.default_rng([seed, tuple(Part).index(part), number])
    kind = CropKind(KINDS[number % len(KINDS)])
    low, high = RANGES_MM[kind]
    diameter = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    least = min(max(LEAST_PX / diameter, SCALES_PX_PER_MM[0]), SCALES_PX_PER_MM[1])
    scale = float(rng.uniform(least, SCALES_PX_PER_MM[1]))
    size = int(np.ceil(ZOOMS_MM[0] * scale)) | 1
    image, truth = render_crop(
        kind, diameter, px_per_mm=scale, size_px=size, rng=rng, looks=part.looks
    )
    return Crop(image, scale, truth)


def render_missing(folder: Path, seed: int, part: Part, count: int) -> Iterator[int]:
    """Render the shards of a part that `folder` lacks; yield how many crops each one adds."""
    folder.mkdir(parents=True, exist_ok=True)
    firsts = [n for n in range(0, count, SHARD) if not _path(folder, seed, part, n).exists()]
    if not firsts:
        return
    workers = os.cpu_count() or 1
    # Not forked: torch may have started threads, whose locks a fork would copy as they stand.
    fresh = get_context("spawn")
    with ProcessPoolExecutor(workers, fresh, cv2.setNumThreads, (1,)) as pool:
        jobs = [pool.submit(_render_shard, folder, seed, part, first) for first in firsts]
        for _ in as_completed(jobs):
            yield SHARD
        for job in jobs:
            job.result()


def load(folder: Path, seed: int, part: Part, count: int) -> Crops:
    """Return the first `count` crops of a part that were rendered into `folder`."""
    shards = [np.load(_path(folder, seed, part, first)) for first in range(0, count, SHARD)]
    views, kinds, mm, px = (
        np.concatenate([shard[key] for shard in shards])[:count]
        for key in ("views", "kinds", "mm", "px")
    )
    return Crops(views, kinds, mm, px)


def _path(folder: Path, seed: int, part: Part, first: int) -> Path:
    return folder / f"{part}-{seed}-{first:06d}.npz"


def _render_shard(folder: Path, seed: int, part: Part, first: int) -> None:
    path = _path(folder, seed, part, first)
    numbers = range(first, first + SHARD)
    crops = [one_crop(seed, part, number) for number in numbers]
    mm = np.array([crop.truth.diameter for crop in crops], np.float32)
    scales = np.array([crop.px_per_mm for crop in crops], np.float32)
    half = path.with_suffix(".part")
    with half.open("wb") as file:
        np.savez_compressed(
            file,
            views=np.stack([crop.views for crop in crops]),
            kinds=np.array([number % len(KINDS) for number in numbers], np.int64),
            mm=mm,
            px=mm * scales,
        )
    half.replace(path)

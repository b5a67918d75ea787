"""Rendered close-ups to learn from and to be tried on, kept on disk in shards.

Every crop is drawn from (seed, set, number) alone: a run that was cut short goes on with
the shards it has, and any number of processes gives the same crops.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
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
    ANY_GLOW,
    DIAMETERS_MM,
    HELD_OUT_LOOKS,
    STRANGE_LOOKS,
    TRAINING_LOOKS,
    CropKind,
    CropTruth,
    Image,
    render_crop,
    render_plain_crop,
)

SHARD: Final = 200
"""Crops in one file."""
SCALES_PX_PER_MM: Final = (18.0, 56.0)
"""Smallest and largest scale of the pictures that crops are taken from."""
_COARSE: Final = 1.5
"""Stations are laid out no finer than they must be: most crops are near the least scale."""
LEAST_PX: Final = 8.0
"""Indentations are at least so wide where the largest scale allows: stations are laid out so."""
RANGES_MM: Final = DIAMETERS_MM | {
    CropKind.BALL_BRINELL: (0.24, 6.0),
    CropKind.UNUSABLE: (0.3, 2.0),
    CropKind.UNUSED: (0.3, 2.0),
}
"""Smallest and largest diameter of each kind; the ball of 1 mm leaves 0.24 mm."""


class Part(StrEnum):
    """What crops are for. Only the first and the last are learnt from.

    The second and third calibrate the confidence, the next two are for the figures alone. The
    last are pictures of the simulated station: a light of its own is what a station teaches.
    """

    TRAIN = "train"
    CALIBRATE = "calibrate"
    CHOOSE = "choose"
    TEST = "test"
    HELD_OUT = "held-out"
    STATION = "station"

    @property
    def looks(self) -> tuple[str, ...]:
        """Kinds of lighting: the held-out crops are under lights that nothing was made with.

        Learnt is under five kinds of stations and under any lamps that chance puts up.
        """
        match self:
            case Part.TRAIN | Part.STATION:
                return (*TRAINING_LOOKS, *(ANY_GLOW,) * len(TRAINING_LOOKS))
            case Part.CHOOSE:
                return HELD_OUT_LOOKS
            case Part.HELD_OUT:
                return STRANGE_LOOKS
        return TRAINING_LOOKS


@dataclass(frozen=True, slots=True)
class Crops:
    """Views (n, 3, side, side), kinds as numbers (n,), diameters in mm and in px (n,)."""

    views: Views
    kinds: NDArray[np.int64]
    diameters_mm: NDArray[np.float32]
    diameters_px: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Close:
    """One close-up: the picture it was taken from, its scale, and the diameter in mm, or 0."""

    image: Image
    px_per_mm: float
    diameter: float

    @property
    def views(self) -> Views:
        """What the classifier is shown of it."""
        middle = (self.image.shape[0] - 1) / 2
        return close_up(self.image, middle, middle, self.px_per_mm)


@dataclass(frozen=True, slots=True)
class Crop(Close):
    """One rendered close-up and the whole truth about it."""

    truth: CropTruth


def close_of(seed: int, part: Part, number: int) -> Close:
    """Return a close-up; kinds come in turn, diameters log-uniform over each kind's range."""
    return _station(seed, number) if part is Part.STATION else one_crop(seed, part, number)


def one_crop(seed: int, part: Part, number: int) -> Crop:
    """Return a rendered close-up of any part but the simulated station's."""
    kind, diameter, scale, size, rng = _drawn(seed, part, number)
    image, truth = render_crop(
        kind, diameter, px_per_mm=scale, size_px=size, rng=rng, looks=part.looks
    )
    return Crop(image, scale, truth.diameter, truth)


def _station(seed: int, number: int) -> Close:
    kind, diameter, scale, size, rng = _drawn(seed, Part.STATION, number)
    if kind is CropKind.UNUSABLE:  # the plain look has none that fills a view
        return one_crop(seed, Part.STATION, number)
    bears = kind in DIAMETERS_MM
    ball = kind is not CropKind.CONE and (bears or bool(rng.random() < 0.5))
    image = render_plain_crop(
        diameter, ball=ball, bears=bears, px_per_mm=scale, size_px=size, rng=rng
    )
    return Close(image, scale, diameter if bears else 0.0)


def _drawn(
    seed: int, part: Part, number: int
) -> tuple[CropKind, float, float, int, np.random.Generator]:
    """Return kind, diameter (mm), scale (px/mm) and side (px), and the luck for the rest."""
    rng = np.random.default_rng([seed, tuple(Part).index(part), number])
    kind = CropKind(KINDS[number % len(KINDS)])
    low, high = RANGES_MM[kind]
    diameter = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    least = min(max(LEAST_PX / diameter, SCALES_PX_PER_MM[0]), SCALES_PX_PER_MM[1])
    scale = least * (SCALES_PX_PER_MM[1] / least) ** float(rng.random() ** _COARSE)
    return kind, diameter, scale, int(np.ceil(ZOOMS_MM[0] * scale)) | 1, rng


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


def joined(parts: Sequence[Crops]) -> Crops:
    """Return the crops of several parts as one."""
    return Crops(
        np.concatenate([part.views for part in parts]),
        np.concatenate([part.kinds for part in parts]),
        np.concatenate([part.diameters_mm for part in parts]),
        np.concatenate([part.diameters_px for part in parts]),
    )


def _path(folder: Path, seed: int, part: Part, first: int) -> Path:
    return folder / f"{part}-{seed}-{first:06d}.npz"


def _render_shard(folder: Path, seed: int, part: Part, first: int) -> None:
    path = _path(folder, seed, part, first)
    numbers = range(first, first + SHARD)
    crops = [close_of(seed, part, number) for number in numbers]
    mm = np.array([crop.diameter for crop in crops], np.float32)
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

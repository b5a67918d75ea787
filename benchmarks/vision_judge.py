"""Fit the finder's judge anew: python -m benchmarks.vision_judge [--blocks 200].

Blocks are rendered under the training lights; each circle that the finder proposes is an
indentation's rim, or it is not. Circles within an indentation but beside its rim, and those
on writing, are left out. The same blocks give the same weights.
"""

from __future__ import annotations

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import vision
from benchmarks.vision_scoring import scene_of
from vision.circle_votes import levels, round_things
from vision.finder import NoBlock, find_surface, searched
from vision.frame import Frame
from vision.judge import WEIGHTS, terms, with_products
from vision.rendering import TRAINING_LOOKS, Scene, render_block
from vision.rim_rays import Circles, fitted_circles

Doubles = NDArray[np.float64]

_LARGEST_MM = 3.3
_RIDGE = 3e-4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=200)
    parser.add_argument("--first", type=int, default=1000, help="seed of the first block")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    seeds = range(args.first, args.first + args.blocks)
    with ProcessPoolExecutor(args.workers, initializer=_quiet) as pool:
        samples = list(pool.map(labelled, seeds, chunksize=2))
    seen = np.concatenate([sample[0] for sample in samples])
    rim = np.concatenate([sample[1] for sample in samples])
    mean, spread = seen.mean(axis=0), seen.std(axis=0)
    weights = fitted(with_products(np.clip((seen - mean) / spread, -4, 4)), rim)
    data = {"mean": mean, "spread": spread, "weights": weights}
    target = Path(vision.__path__[0]) / WEIGHTS
    target.write_text(json.dumps({k: np.round(v, 5).tolist() for k, v in data.items()}) + "\n")
    print(f"{len(rim)} circles, {int(rim.sum())} of them rims: {target}")


def _quiet() -> None:
    cv2.setNumThreads(1)


def labelled(seed: int) -> tuple[Doubles, Doubles]:
    """Return the terms of the circles proposed on a block (n, 12), and 1 for rims (n,)."""
    scene = scene_of(seed, TRAINING_LOOKS, 20.0, None)
    image = render_block(scene)
    surface = find_surface(image, px_per_mm=scene.px_per_mm)
    if isinstance(surface, NoBlock):
        return np.zeros((0, 12)), np.zeros(0)
    frame = scene.frame(image.shape)
    inside = searched(image.shape, scene.outline, frame)
    found = levels(image, inside, _LARGEST_MM * scene.px_per_mm)
    circles = fitted_circles(found, round_things(found))
    rim, unsaid = _labels(scene, frame, circles)
    return terms(circles)[~unsaid], rim[~unsaid]


def _labels(scene: Scene, frame: Frame, circles: Circles) -> tuple[Doubles, NDArray[np.bool_]]:
    """Return 1 for each circle that is a rim, and which circles say nothing either way."""
    rim = np.zeros(len(circles.radii))
    unsaid = np.zeros(len(circles.radii), bool)
    for mark in scene.marks:
        away = _away(circles, frame.to_px(mark.x, mark.y))
        radius = mark.diameter / 2 * frame.px_per_mm
        right = (away < max(0.12 * radius, 1.0)) & (np.abs(circles.radii / radius - 1) < 0.25)
        rim[right] = 1
        unsaid |= (away < 1.3 * radius) & ~right
    for disc in (d for writing in scene.writings for d in writing.region.discs):
        unsaid |= _away(circles, frame.to_px(disc.x, disc.y)) < disc.radius * frame.px_per_mm
    return rim, unsaid & (rim == 0)


def _away(circles: Circles, place: tuple[float, float]) -> Doubles:
    return np.hypot(circles.centres[:, 0] - place[0], circles.centres[:, 1] - place[1])


def fitted(products: Doubles, rim: Doubles) -> Doubles:
    """Return the weights of the ridge logistic regression, the constant first (Newton)."""
    design = np.concatenate([np.ones((len(products), 1)), products], axis=1)
    ridge = _RIDGE * len(rim) * np.r_[0.0, np.ones(design.shape[1] - 1)]
    weights = np.zeros(design.shape[1])
    for _ in range(40):
        sure = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        slope = design.T @ (sure - rim) + ridge * weights
        bend = (design * (sure * (1 - sure))[:, None]).T @ design + np.diag(ridge + 1e-6)
        weights -= np.linalg.solve(bend, slope)
    return weights


if __name__ == "__main__":
    main()

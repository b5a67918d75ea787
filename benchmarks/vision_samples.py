"""Close-ups of what the finder proposes, with the answers its three nets should give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.vision_pictures import Picture
from vision.circle_votes import round_things
from vision.finder import LARGEST_MM, searched
from vision.frame import Image
from vision.judge import FAR_ZOOM, NEAR_ZOOM, SCOUT_ZOOM, judge_view, moved, scout_view
from vision.nets import Net
from vision.octaves import octaves
from vision.odd_spots import find_odd
from vision.unrolled import unrolled
from vision.views import close_ups, pyramid

Floats = NDArray[np.float32]

_BESIDE, _SMALLEST, _LARGEST = 0.85, 0.28, 2.0
"""Up to where a proposal is one of a mark: distance and radius over the mark's radius."""

_IN_SIGHT, _FROM, _TO = 0.4, 0.72, 1.7
"""Likewise, up to where the reader can see the rim."""

_LEAST_ODDS = -3.5
_FALSE_TO_SCOUT, _FALSE_TO_JUDGE = 110, 70
_TRUE_TO_SCOUT, _TRUE_TO_JUDGE = 60, 50
_TO_READER = 40


@dataclass(frozen=True, slots=True)
class Samples:
    """Close-ups (n, views, side, side), whether they show a mark, the move to it, the radii."""

    seen: Image
    mark: NDArray[np.bool_]
    move: Floats
    radius: Floats


def joined(parts: Sequence[Samples]) -> Samples:
    """Return all samples as one."""
    return Samples(
        np.concatenate([p.seen for p in parts]),
        np.concatenate([p.mark for p in parts]),
        np.concatenate([p.move for p in parts]),
        np.concatenate([p.radius for p in parts]),
    )


def scout_samples(picture: Picture, rng: np.random.Generator) -> Samples:
    """Return what the scout learns from a picture."""
    halves, things = _proposed(picture)
    mark, unclear, _ = answers(things, picture.marks)
    false = rng.permutation(np.flatnonzero(~mark & ~unclear))[:_FALSE_TO_SCOUT]
    true = rng.permutation(np.flatnonzero(mark))[:_TRUE_TO_SCOUT]
    shaken = [_shaken(picture.marks, rng, wide) for wide in (0.3, 0.8)]
    things = np.concatenate([things[true], things[false], *shaken])
    mark, unclear, move = answers(things, picture.marks)
    clear = ~unclear
    seen = close_ups(halves, things[clear], SCOUT_ZOOM)[:, None]
    return Samples(seen, mark[clear], move[clear], things[clear, 2])


def judge_samples(picture: Picture, scout: Net, rng: np.random.Generator) -> Samples:
    """Return what the judge learns from a picture: what the scout lets pass."""
    halves, things = _proposed(picture)
    things, odds = moved(things, scout(*scout_view(halves, things)))
    things, odds = things[odds > _LEAST_ODDS], odds[odds > _LEAST_ODDS]
    mark, unclear, _ = answers(things, picture.marks)
    false = np.flatnonzero(~mark & ~unclear)
    likely = odds[false] + rng.gumbel(size=len(false))  # the harder, the sooner
    false = false[np.argsort(-likely)[:_FALSE_TO_JUDGE]]
    true = rng.permutation(np.flatnonzero(mark))[:_TRUE_TO_JUDGE]
    shaken = [_shaken(picture.marks, rng, wide) for wide in (0.12, 0.12, 0.4)]
    things = np.concatenate([things[true], things[false], *shaken])
    mark, unclear, move = answers(things, picture.marks)
    clear = ~unclear
    views = [close_ups(halves, things[clear], zoom) for zoom in (NEAR_ZOOM, FAR_ZOOM)]
    return Samples(np.stack(views, axis=1), mark[clear], move[clear], things[clear, 2])


def reader_samples(picture: Picture, scout: Net, judge: Net, rng: np.random.Generator) -> Samples:
    """Return what the reader learns from a picture: the rims of what the judge lets pass."""
    halves, things = _proposed(picture)
    things, odds = moved(things, scout(*scout_view(halves, things)))
    things = things[odds > _LEAST_ODDS]
    for _ in range(2):
        things, odds = moved(things, judge(*judge_view(halves, things)))
    things = rng.permutation(things[odds > _LEAST_ODDS])
    mark = answers(things, picture.marks)[0]
    shaken = [_shaken(picture.marks, rng, wide) for wide in (0.05, 0.12, 0.25)]
    things = np.concatenate([things[mark][:_TO_READER], things[~mark][:_TO_READER], *shaken])
    mark, unclear, move = answers(things, picture.marks)
    growth = np.exp(-move[:, 2])
    seen = (np.hypot(move[:, 0], move[:, 1]) < _IN_SIGHT) & (growth > _FROM) & (growth < _TO)
    clear = ~unclear & (seen | ~mark)
    views = unrolled(halves, things[clear])[:, None]
    return Samples(views, mark[clear], move[clear], things[clear, 2])


def _proposed(picture: Picture) -> tuple[list[Image], Floats]:
    inside = searched(picture.image.shape, picture.outline, picture.frame)
    largest = LARGEST_MM / 2 * picture.frame.px_per_mm
    halves = pyramid(picture.image, largest)
    spots = find_odd(picture.image, inside, largest)[0]
    things = np.concatenate([round_things(octaves(halves, inside), largest)[:, :3], spots])
    return halves, things.astype(np.float32)


def answers(things: Floats, marks: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_], Floats]:
    """Return which things are of a mark, which are hard to say, and the move to the mark.

    The move (n, 3) is the shift right and down in radii of the thing, and the logarithm of
    the growth.
    """
    if not len(marks) or not len(things):
        nothing = np.zeros(len(things), bool)
        return nothing, nothing, np.zeros((len(things), 3), np.float32)
    across = marks[None, :, 0] - things[:, None, 0]
    down = marks[None, :, 1] - things[:, None, 1]
    away, size = np.hypot(across, down) / marks[:, 2], things[:, None, 2] / marks[:, 2]
    of = (away < _BESIDE) & (size > _SMALLEST) & (size < _LARGEST)
    near = ((away < 1.3) & (size < _LARGEST)) | ((away < 0.5) & (size < 3))
    nearest = np.where(of, away, 9).argmin(axis=1)
    row = np.arange(len(things))
    shift = [part[row, nearest] / things[:, 2] for part in (across, down)]
    move = np.stack([*shift, -np.log(size[row, nearest])], axis=1)
    mark = of.any(axis=1)
    return mark, ~mark & near.any(axis=1), move.astype(np.float32)


def _shaken(marks: Floats, rng: np.random.Generator, wide: float) -> Floats:
    """Return the marks moved and resized at random."""
    angle, away = rng.uniform(0, 2 * np.pi, len(marks)), rng.uniform(0, wide, len(marks))
    growth = np.exp(np.clip(rng.normal(0, 0.8 * wide, len(marks)), -1.1, 0.6))
    shift = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (away * marks[:, 2])[:, None]
    shaken = np.concatenate([marks[:, :2] + shift, (marks[:, 2] * growth)[:, None]], axis=1)
    return shaken.astype(np.float32)

"""Edges across the expected rim of a block: where along short lines the grey level steps.

Lines run from the ground inwards, side by side in sectors; in a sector their grey levels are
averaged, so that a step much fainter than the grain shows. The sense of a step is of no
account: a face may be darker than the ground on one side and brighter on the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vision.frame import Image
from vision.profiles import sampled

Floats = NDArray[np.float64]

PEAKS = 4
"""How many steps are kept of a sector."""

LINES = 16
"""How many lines make a sector."""

_STEP_PX = 0.5
_LEAST_UNREST = 0.1
_SIGNAL, _LEAST_STEP = 5.0, 1.2
"""A step in units of the unrest of the ground, and in grey levels."""


@dataclass(frozen=True, slots=True)
class Band:
    """What the lines of each sector meet.

    `depth` (n,) is how far inward of the expected rim a place lies, px; `grey` (sectors, n) the
    grey level there and `change` its step, brighter inwards, and `unrest` (sectors,) what it is on
    the ground outside (rms). `inside` (sectors, n) tells what of it lies in the picture.
    """

    depth: Floats
    grey: Floats
    change: Floats
    unrest: Floats
    inside: NDArray[np.bool_]

    @property
    def steps(self) -> tuple[Floats, Floats]:
        """Depths, px, and heights of the clearest steps of each sector, NaN for none.

        Both have the shape (sectors, 4).
        """
        least = np.maximum(_SIGNAL * self.unrest, _LEAST_STEP)
        at, height = _peaks(np.abs(self.change), least[:, None])
        return at * _STEP_PX + self.depth[0], height


def band(image: Image, starts: Floats, inward: Floats, reach: float, half_px: float = 3.0) -> Band:
    """Return what lines from `reach` px outside of the expected rim to as far inside meet.

    `starts` (column, row) are the places on it and `inward` the unit vectors there, both of
    shape (sectors, lines, 2).
    """
    depth = np.arange(-reach, reach + _STEP_PX, _STEP_PX)
    columns = starts[..., :1] + inward[..., :1] * depth
    rows = starts[..., 1:] + inward[..., 1:] * depth
    flat = (-1, len(depth))
    grey = sampled(
        image, columns.reshape(flat).astype(np.float32), rows.reshape(flat).astype(np.float32)
    )
    level = grey.reshape(columns.shape).mean(axis=1).astype(np.float64)
    # The sector's middle line tells where the picture ends.
    column, row = columns[:, columns.shape[1] // 2], rows[:, rows.shape[1] // 2]
    last_row, last_column = image.shape[0] - 1, image.shape[1] - 1
    inside = (column >= 0) & (row >= 0) & (column <= last_column) & (row <= last_row)
    return Band(depth, level, *_changed(level, inside, half_px), inside)


def coarser(met: Band, half_px: float) -> Band:
    """Return the same band with its steps taken over so much to both sides, px."""
    change, unrest = _changed(met.grey, met.inside, half_px)
    return replace(met, change=change, unrest=unrest)


def _changed(level: Floats, inside: NDArray[np.bool_], half_px: float) -> tuple[Floats, Floats]:
    change = _change(level, inside, half_px)
    outer = change[:, : change.shape[1] // 3]
    usual = np.median(outer, axis=1)[:, None]
    unrest = 1.4826 * np.median(np.abs(outer - usual), axis=1)
    unrest = np.maximum(np.maximum(unrest, np.median(unrest)), _LEAST_UNREST)
    return change, unrest


def _change(level: Floats, inside: NDArray[np.bool_], half_px: float) -> Floats:
    """Return the mean grey level just inward of each place less that just outward of it."""
    half = round(half_px / _STEP_PX)
    total = np.cumsum(np.pad(level, ((0, 0), (1, 0))), axis=1)
    mean = (total[:, half:] - total[:, :-half]) / half
    change = np.zeros_like(level)
    change[:, half:-half] = mean[:, half + 1 :] - mean[:, : -half - 1]
    whole = inside.copy()
    whole[:, half:] &= inside[:, :-half]
    whole[:, :-half] &= inside[:, half:]
    return np.where(whole, change, 0.0)


def _peaks(size: Floats, least: Floats) -> tuple[Floats, Floats]:
    """Return the fractional index and the height of each line's highest peaks, NaN for none."""
    middle = size[:, 1:-1]
    peak = (middle >= size[:, :-2]) & (middle > size[:, 2:]) & (middle >= least)
    height = np.where(peak, middle, 0.0)
    index = np.argsort(-height, axis=1, kind="stable")[:, :PEAKS]
    best = np.take_along_axis(height, index, axis=1)
    left, mid, right = (np.take_along_axis(size, index + d, axis=1) for d in (0, 1, 2))
    bend = left - 2 * mid + right
    shift = np.where(np.abs(bend) > 1e-9, 0.5 * (left - right) / np.where(bend == 0, 1, bend), 0)
    where = index + 1 + np.clip(shift, -0.5, 0.5)
    return np.where(best > 0, where, np.nan), np.where(best > 0, best, np.nan)


def highest(depth: Floats, size: Floats) -> tuple[Floats, Floats]:
    """Return depth and height of the peak of each line, height 0 for none; `size` (lines, n).

    What rises towards an end is the flank of something else.
    """
    highest = size.argmax(axis=1)
    whole = (highest > 0) & (highest < size.shape[1] - 1)
    index = np.clip(highest, 1, size.shape[1] - 2)[:, None]
    left, mid, right = (np.take_along_axis(size, index + d, axis=1)[:, 0] for d in (-1, 0, 1))
    bend = left - 2 * mid + right
    shift = np.where(bend < -1e-9, 0.5 * (left - right) / np.where(bend == 0, 1, bend), 0)
    step = float(depth[1] - depth[0])
    return depth[index[:, 0]] + step * np.clip(shift, -0.5, 0.5), np.where(whole, mid, 0.0)

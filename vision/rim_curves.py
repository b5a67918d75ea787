"""The curve that most of the steps along a rim agree on, whatever lies beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_NEAR_PX = 1.25
_SUPPORT = 0.5


def clearest(
    design: Floats, depth: Floats, picks: Sequence[tuple[int, ...]]
) -> tuple[Floats, NDArray[np.bool_]] | None:
    """Return the curve through the most steps, and which sectors show it.

    `design` (sectors, n) are the functions that a curve is a sum of, `picks` sets of n
    sectors, each of which determines a curve with one step of each. None if too few sectors
    agree on any.
    """
    curves = _models(design, depth, picks)
    if not len(curves):
        return None
    off = np.abs((curves @ design.T)[:, :, None] - depth[None])
    near = (np.where(np.isnan(off), np.inf, off).min(axis=2) <= _NEAR_PX).sum(axis=1)
    model, held = _closest(design, depth, curves[int(near.argmax())])
    return (model, held) if held.mean() >= _SUPPORT else None


def _models(design: Floats, depth: Floats, picks: Sequence[tuple[int, ...]]) -> Floats:
    """Return the curves through each choice of one step in each of the sectors picked."""
    n = design.shape[1]
    some = []
    for pick in picks:
        sectors = list(pick)
        steps = [one[~np.isnan(one)] for one in depth[sectors]]
        values = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, n)
        some.append(values @ np.linalg.inv(design[sectors]).T)
    return np.concatenate(some)


def _closest(design: Floats, depth: Floats, model: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the curve of least squares through the steps next to it, and where they are."""
    near = np.zeros(len(depth), bool)
    for _ in range(3):
        off = np.abs(depth - (design @ model)[:, None])
        off = np.where(np.isnan(off), np.inf, off)
        near = off.min(axis=1) <= _NEAR_PX
        if near.sum() < 2 * design.shape[1]:
            break
        value = np.take_along_axis(depth, off.argmin(axis=1)[:, None], axis=1)[:, 0]
        model = np.linalg.lstsq(design[near], value[near], rcond=None)[0]
    return model, near

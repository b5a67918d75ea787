"""The place of a blurred edge in a profile, by a model that lets both its sides be uneven.

A step seen through a Gaussian blur, with a slope of its own before and behind it. A slope ignored
would pull the edge by slope x blur² / step: microns, as soon as the picture is a little soft.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

_ROUNDS = 8
_LEAST_BLUR = 0.35


@dataclass(frozen=True, slots=True)
class Edges:
    """Fitted edges of n profiles, in samples' units: place, blur, inner and outer level, misfit.

    All have the shape (n,). `misfit` is the root mean square of what the model leaves.
    """

    place: Doubles
    blur: Doubles
    inner: Doubles
    outer: Doubles
    misfit: Doubles

    @property
    def step(self) -> Doubles:
        """Return by how much the outside is brighter than the inside, grey levels."""
        return self.outer - self.inner


def normal_cdf(x: Doubles) -> Doubles:
    """Return the standard normal distribution function (Abramowitz & Stegun 7.1.26, 1e-7)."""
    z = np.abs(x) / np.sqrt(2)
    t = 1 / (1 + 0.3275911 * z)
    series = 1.061405429
    for c in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series = series * t + c
    tail = series * t * np.exp(-z * z) / 2
    return np.asarray(np.where(x > 0, 1 - tail, tail))


def fit_edges(x: Doubles, profiles: Doubles, blur: float, *, free_blur: bool) -> Edges:
    """Return the edges of profiles of shape (n, samples) over the places `x` (samples,).

    `blur` is the deviation to begin with, or to keep unless `free_blur`. The first guess of each
    edge is x = 0. What runs away is left at the end of the profile, with a large misfit.
    """
    count = len(profiles)
    place, width = np.zeros(count), np.full(count, blur)
    weights = np.zeros((count, 4))
    for _ in range(_ROUNDS):
        basis, slopes = _model(x, place, width, weights)
        columns = [*basis, slopes[0], *([slopes[1]] if free_blur else [])]
        if not weights.any():
            columns = basis
        solved = _least_squares(np.stack(columns, axis=2), profiles)
        weights = solved[:, :4]
        if len(columns) > 4:
            place = np.clip(place + np.clip(solved[:, 4], -1, 1), x[0], x[-1])
        if len(columns) > 5:
            width = np.clip(width + np.clip(solved[:, 5], -0.5, 0.5), _LEAST_BLUR, x[-1])
    basis, _ = _model(x, place, width, weights)
    design = np.stack(basis, axis=2)
    weights = _least_squares(design, profiles)
    rest = profiles - np.einsum("nsk,nk->ns", design, weights)
    inner, outer = weights[:, 0], weights[:, 0] + weights[:, 1]
    return Edges(place, width, inner, outer, np.sqrt((rest * rest).mean(axis=1)))


def _model(
    x: Doubles, place: Doubles, width: Doubles, weights: Doubles
) -> tuple[list[Doubles], tuple[Doubles, Doubles]]:
    """Return the four linear terms and the derivatives by place and blur, each (n, samples)."""
    away = x[None, :] - place[:, None]
    u = away / width[:, None]
    share = normal_cdf(u)
    bell = np.exp(-u * u / 2) / np.sqrt(2 * np.pi)
    behind = width[:, None] * (u * share + bell)  # the blurred ramp that starts at the edge
    before = away - behind
    step, inner, outer = (weights[:, i, None] for i in (1, 2, 3))
    by_place = -step * bell / width[:, None] - inner * (1 - share) - outer * share
    by_width = -step * bell * u / width[:, None] + (outer - inner) * bell
    return [np.ones_like(u), share, before, behind], (by_place, by_width)


def _least_squares(design: Doubles, profiles: Doubles) -> Doubles:
    """Return the weights (n, k) that explain each profile; a little ridge keeps it solvable."""
    normal = np.einsum("nsk,nsl->nkl", design, design)
    ridge = 1e-9 * np.trace(normal, axis1=1, axis2=2)[:, None, None] * np.eye(normal.shape[1])
    right = np.einsum("nsk,ns->nk", design, profiles)
    return np.asarray(np.linalg.solve(normal + ridge, right[..., None])[..., 0])

"""A nearly round closed contour as a short Fourier series of its radius."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

ORDER = 6
_ROUNDS = 6
_CUT = 3.5  # robust deviations
_BLOCKS = 24
_CALM = 1.4  # its square against about half of the rays: one part in a hundred for 360


@dataclass(frozen=True, slots=True)
class Contour:
    """Radius over direction, as fitted to edges found at some of the rays.

    `series` has the shape (2 ORDER + 1,): the mean radius, then cosine and sine of each order.
    `used` is the share of the rays that the fit kept, `scatter` the standard deviation of the
    mean radius from what neighbouring rays leave together.
    """

    series: Doubles
    used: float
    scatter: float

    def radius(self, angles: Doubles | float) -> Doubles:
        """Return the radius in these directions (rad)."""
        return _terms(np.atleast_1d(np.asarray(angles, float))) @ self.series

    def diameter(self, angle: float) -> float:
        """Return the length of the chord through the centre in this direction (rad)."""
        return float(self.radius(np.array([angle, angle + np.pi])).sum())

    @property
    def shift(self) -> tuple[float, float]:
        """Return by how much the centre is off: x to the right, y up."""
        return float(self.series[1]), float(self.series[2])

    def centred(self) -> Contour:
        """Return the same contour seen from its own centre: the first harmonic is gone."""
        return replace(self, series=np.r_[self.series[0], 0.0, 0.0, self.series[3:]])

    @property
    def out_of_roundness(self) -> float:
        """Return the largest difference of two perpendicular diameters over the mean diameter."""
        angles = np.linspace(0, np.pi / 2, 90, endpoint=False)
        across = self.radius(angles) + self.radius(angles + np.pi)
        upright = self.radius(angles + np.pi / 2) + self.radius(angles - np.pi / 2)
        return float(np.abs(across - upright).max() / (2 * self.series[0]))

    @property
    def pair_spread(self) -> float:
        """Return the deviation, over all directions, of the mean of two perpendicular diameters."""
        fourth = self.series[7:9]
        return float(2 * np.hypot(*fourth) / np.sqrt(2))


def fit_contour(
    angles: Doubles, radii: Doubles, good: NDArray[np.bool_], *, order: int = ORDER
) -> Contour:
    """Return the contour through radii (n,) at even angles; what lies far off is left out.

    Harmonics above `order` are zero; a slight pull to zero on those above the second keeps the
    contour calm where rays are missing.
    """
    terms = _terms(angles)
    used = slice(0, 2 * order + 1)
    calm = np.diag(np.where(np.arange(terms.shape[1]) < 5, 0.0, _CALM))[:, used]
    keep = good.copy()
    series: Doubles = np.zeros(terms.shape[1])
    rest: Doubles = np.zeros_like(radii)
    for _ in range(_ROUNDS):
        if keep.sum() < 4 * terms.shape[1]:
            return Contour(np.r_[np.median(radii), np.zeros(2 * ORDER)], 0.0, float("inf"))
        design = np.vstack([terms[keep][:, used], calm])
        wanted = np.r_[radii[keep], np.zeros(len(calm))]
        series = np.zeros(terms.shape[1])
        series[used] = np.linalg.lstsq(design, wanted, rcond=None)[0]
        rest = radii - terms @ series
        spread = 1.4826 * float(np.median(np.abs(rest[keep]))) + 1e-6
        keep = good & (np.abs(rest) <= _CUT * spread)
    return Contour(series, float(keep.mean()), _scatter(rest, keep))


def _scatter(rest: Doubles, keep: NDArray[np.bool_]) -> float:
    """Return the deviation of the mean: from blocks, since neighbours share grain and scratch."""
    blocks = [
        float(part[kept].mean())
        for part, kept in zip(
            np.array_split(rest, _BLOCKS), np.array_split(keep, _BLOCKS), strict=True
        )
        if kept.any()
    ]
    return float(np.std(blocks, ddof=1) / np.sqrt(len(blocks)))


def _terms(angles: Doubles) -> Doubles:
    columns = [np.ones_like(angles)]
    for order in range(1, ORDER + 1):
        columns += [np.cos(order * angles), np.sin(order * angles)]
    return np.stack(columns, axis=1)

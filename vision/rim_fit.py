"""The rim of a block from an idea of it: the outermost edge that runs on all around.

A broken edge of the block, its chamfer, makes two edges, and under some lamps the inner one is
the stronger; the block ends at the outer one. What a chip, a jaw of the gripper or a scratch
has for an edge there agrees with nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vision.frame import Image
from vision.rim_border import FINENESS_PX, ends, parallel_edges
from vision.rim_curves import clearest
from vision.rim_edges import band, coarser, highest
from vision.rim_shape import SECTORS, SIDE_SECTORS, Shape, drawn_in, rays

Floats = NDArray[np.float64]

_REACH_MM, _MOVED_MM, _TRIES = 1.6, 0.4, 3
_BORDER_MM, _CHAMFER_MM = 1.6, 0.8
_HEIGHT_PX = 6.0
_SETTLING_PX, _SETTLED_PX = 10.0, 2.0
_SURE, _SUREST = 3.0, 20.0
_STAY_PX, _OFF_PX = 0.5, 0.6


@dataclass(frozen=True, slots=True)
class Fit:
    """An outline and what is to be seen along it, sector by sector.

    `held` (sectors,) tells where it shows an edge; the median over the sectors of the step
    there is `height`, that of the highest step near it `contrast`, in grey levels. A
    rectangle has as many sectors for each side: right, left, bottom, top as its angle has it.
    """

    shape: Shape
    held: NDArray[np.bool_]
    contrast: float
    height: float = 0.0

    @property
    def support(self) -> float:
        """The share of the rim that shows an edge."""
        return float(self.held.mean())


def fitted(image: Image, idea: Shape, px_per_mm: float) -> Fit | None:
    """Return the outline near the idea of it, or None if no edge runs on there."""
    found: Fit | None = None
    for _ in range(_TRIES):
        fit = _round_fit if idea.round else _rectangle_fit
        found = fit(image, idea, _REACH_MM * px_per_mm)
        if found is None:
            return None
        moved = max(abs(found.shape.column - idea.column), abs(found.shape.row - idea.row))
        grown = max(abs(a - b) for a, b in zip(found.shape.half, idea.half, strict=True))
        idea = found.shape
        if moved + grown < _MOVED_MM * px_per_mm:
            break
    assert found is not None
    starts, inward, _ = rays(idea)
    change = np.abs(band(image, starts, inward, _HEIGHT_PX).change)
    height = float(np.median(change[:, change.shape[1] // 3 : -(change.shape[1] // 3)].max(axis=1)))
    return replace(found, shape=_settled(image, _ended(image, idea, px_per_mm)), height=height)


def _settled(image: Image, shape: Shape) -> Shape:
    """Return the outline moved onto the edge that lies within two pixels of it.

    As far as that is clear: along a faint edge it stays as it is.
    """
    starts, inward, where = rays(shape)
    met = band(image, starts, inward, _SETTLING_PX, FINENESS_PX[1])
    near = np.abs(met.depth) <= _SETTLED_PX
    depth, size = highest(met.depth[near], np.abs(met.change[:, near]))
    sure = size / met.unrest
    if shape.round:
        design = np.stack([np.ones_like(where), np.cos(where), np.sin(where)], axis=1)
    else:
        sides = np.repeat(np.eye(4), SIDE_SECTORS, axis=0)
        design = np.concatenate([sides, where[:, None]], axis=1)
    weight = np.where(sure >= _SURE, np.minimum(sure, _SUREST) ** 2, 0.0)
    scale = np.abs(design).max(axis=0)
    prior = np.diag((scale / _STAY_PX) ** 2)
    model = np.zeros(design.shape[1])
    for _ in range(4):
        off = (depth - design @ model) / _OFF_PX
        kept = weight / (1 + off * off) ** 2
        model = np.linalg.solve((design.T * kept) @ design + prior, (design.T * kept) @ depth)
    if shape.round:
        inset, x, y = model.tolist()
        radius = shape.half[0] - inset
        return replace(shape, column=shape.column - x, row=shape.row - y, half=(radius, radius))
    return drawn_in(shape, model[:4].tolist(), float(model[4]))


def _ended(image: Image, idea: Shape, px_per_mm: float) -> Shape:
    """Return the outline drawn out to where the block ends."""
    starts, inward, _ = rays(idea)
    first = band(image, starts, inward, _BORDER_MM * px_per_mm, FINENESS_PX[0])
    bands = [first, *(coarser(first, half) for half in FINENESS_PX[1:])]
    sectors = SECTORS if idea.round else SIDE_SECTORS
    widest = _CHAMFER_MM * px_per_mm
    parts = [slice(k, k + sectors) for k in range(0, len(starts), sectors)]
    edges = [parallel_edges(bands, part, widest, closed=idea.round) for part in parts]
    insets = ends(edges, first, parts)
    if idea.round:
        radius = idea.half[0] - insets[0]
        return replace(idea, half=(radius, radius))
    return drawn_in(idea, insets, 0.0)


def _round_fit(image: Image, idea: Shape, reach: float) -> Fit | None:
    starts, inward, angles = rays(idea)
    steps, height = band(image, starts, inward, min(reach, 0.4 * idea.half[0])).steps
    design = np.stack([np.ones_like(angles), np.cos(angles), np.sin(angles)], axis=1)
    third = SECTORS // 3
    found = clearest(design, steps, [(k, k + third, k + 2 * third) for k in range(third)])
    if found is None:
        return None
    (inset, x, y), held = found
    radius = float(idea.half[0] - inset)
    shape = Shape(True, idea.column - float(x), idea.row - float(y), (radius, radius))
    return Fit(shape, held, _contrast(height))


def _rectangle_fit(image: Image, idea: Shape, reach: float) -> Fit | None:
    starts, inward, places = rays(idea)
    steps, height = band(image, starts, inward, min(reach, 0.4 * min(idea.half))).steps
    half = SIDE_SECTORS // 2
    picks = [(k, k + d) for d in (half, half - 3) for k in range(SIDE_SECTORS - d)]
    insets, slopes, held = [], [], []
    for k in range(0, len(places), SIDE_SECTORS):
        part = slice(k, k + SIDE_SECTORS)
        design = np.stack([np.ones(SIDE_SECTORS), places[part]], axis=1)
        found = clearest(design, steps[part], picks)
        if found is None:
            return None
        insets.append(float(found[0][0]))
        slopes.append(float(found[0][1]))
        held.append(found[1])
    # One turn for all: a long side with many edges tells it best.
    weight = [one.sum() * idea.half[k < 2] ** 2 for k, one in enumerate(held)]
    return Fit(
        drawn_in(idea, insets, float(np.average(slopes, weights=weight))),
        np.concatenate(held),
        _contrast(height),
    )


def _contrast(height: Floats) -> float:
    return float(np.median(np.where(np.isnan(height), 0.0, height).max(axis=1)))

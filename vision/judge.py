"""What a round thing in a picture is: an indentation or not, and where its rim really lies.

Three small nets look at close-ups. The scout takes a coarse look at every proposal, says which
are worth another, and shifts them to where the mark seems to be; the judge looks closely, at
three renderings of each, twice; the reader looks at the rim of what is left, finely and laid
out flat, and says where it runs. Their weights are fitted to rendered blocks under many lights
(`benchmarks.vision_judge` fits them anew). The close-ups are brought to one contrast, turned,
mirrored and inverted in the fitting, so that they know as little as may be of the light.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from vision.frame import Image
from vision.nets import Net, net_of
from vision.unrolled import flat_view, unrolled
from vision.views import Zoom, by_contrast, by_surroundings, close_ups

Floats = NDArray[np.float32]

WEIGHTS = "judge.npz"

SCOUT_ZOOM = Zoom(24, 4.0)
NEAR_ZOOM, FAR_ZOOM = Zoom(32, 7.0), Zoom(32, 3.2)
_FARTHEST = 1.2
_MOST_LARGER = 1.3
"""How far a look may move a thing, in radii, and how much resize it, as a logarithm."""


@dataclass(frozen=True, slots=True)
class Judge:
    """The three nets. Their answers are odds (logarithmic), shift (radii) and growth (log)."""

    scout: Net
    judge: Net
    reader: Net

    def scouted(self, halves: Sequence[Image], things: Floats) -> tuple[Floats, Floats]:
        """Return the things (column, row, radius; px) moved onto what they are, and the odds."""
        return moved(things, self.scout(*scout_view(halves, things)))

    def judged(self, halves: Sequence[Image], things: Floats) -> tuple[Floats, Floats]:
        """Return the things moved onto their rims, and the odds, by the close look."""
        return moved(things, self.judge(*judge_view(halves, things)))

    def read(self, halves: Sequence[Image], things: Floats) -> tuple[Floats, Floats]:
        """Return the things moved onto their rims, and the odds, by the rims laid out flat."""
        return moved(things, self.reader(*reader_view(halves, things)))


def scout_view(halves: Sequence[Image], things: Floats) -> tuple[Floats, Floats]:
    """Return what the scout looks at: shape (n, 24, 24, 2), and the sizes (n, 1)."""
    seen = close_ups(halves, things, SCOUT_ZOOM)
    return np.stack([by_contrast(seen), by_surroundings(seen)], axis=3), _sizes(things)


def judge_view(halves: Sequence[Image], things: Floats) -> tuple[Floats, Floats]:
    """Return what the judge looks at: shape (n, 32, 32, 3), and the sizes (n, 1)."""
    near, far = (close_ups(halves, things, zoom) for zoom in (NEAR_ZOOM, FAR_ZOOM))
    views = [by_contrast(near), by_surroundings(near), by_contrast(far)]
    return np.stack(views, axis=3), _sizes(things)


def reader_view(halves: Sequence[Image], things: Floats) -> tuple[Floats, Floats]:
    """Return what the reader looks at: shape (n, 56, 48, 2), and the sizes (n, 1)."""
    return flat_view(unrolled(halves, things)), _sizes(things)


def _sizes(things: Floats) -> Floats:
    return np.log(np.maximum(things[:, 2:3], 1) / 8).astype(np.float32)


def moved(things: Floats, answer: Floats) -> tuple[Floats, Floats]:
    """Return the things as a net's answer moves them, and the odds it gives them."""
    radius = things[:, 2:3]
    shift = np.clip(answer[:, 1:3], -_FARTHEST, _FARTHEST) * radius
    growth = np.exp(np.clip(answer[:, 3:4], -_MOST_LARGER, _MOST_LARGER))
    there = np.concatenate([things[:, :2] + shift, radius * growth], axis=1)
    return there.astype(np.float32), answer[:, 0]


@functools.cache
def the_judge() -> Judge:
    """Return the judge that the package brings."""
    with files("vision").joinpath(WEIGHTS).open("rb") as file, np.load(file) as arrays:
        return Judge(*(net_of(arrays, name) for name in ("scout", "judge", "reader")))

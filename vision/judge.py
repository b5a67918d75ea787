"""How sure it is that a circle in a picture is the rim of an indentation.

A logistic judgement over the features of `rim_rays`, their squares and products. Its
weights are fitted to rendered blocks under the training lights (`benchmarks.vision_judge`
fits them anew); the features themselves know no light, so that it holds under others.
"""

from __future__ import annotations

import functools
import json
import math
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from vision.rim_rays import FEATURES, Circles

Doubles = NDArray[np.float64]

WEIGHTS = "judge.json"

_SIZE = FEATURES.index("size")
_SMALLEST = math.log(4.5)


@dataclass(frozen=True, slots=True)
class Judge:
    """Mean, spread and weight of each term; the first weight is the constant one's."""

    mean: Doubles
    spread: Doubles
    weights: Doubles

    def confidences(self, circles: Circles) -> NDArray[np.float32]:
        """Return for each circle how likely it is the rim of an indentation, 0 … 1."""
        unit = np.clip((terms(circles) - self.mean) / self.spread, -4, 4)
        odds = self.weights[0] + with_products(unit) @ self.weights[1:]
        sure: NDArray[np.float32] = (1 / (1 + np.exp(-np.clip(odds, -30, 30)))).astype(np.float32)
        return sure


def confidences(circles: Circles) -> NDArray[np.float32]:
    """Return the confidence of each circle by the judge that the package brings."""
    return _judge().confidences(circles)


def terms(circles: Circles) -> Doubles:
    """Return what the judge looks at, shape (n, 12)."""
    strength = np.log(circles.strength.astype(np.float64) + 0.1)
    seen = np.concatenate([circles.features.astype(np.float64), strength[:, None]], axis=1)
    # Smaller rims than it was fitted with are judged as if they were the smallest of those.
    seen[:, _SIZE] = np.maximum(seen[:, _SIZE], _SMALLEST)
    return seen


def with_products(unit: Doubles) -> Doubles:
    """Return the terms, their squares and products."""
    one, other = np.triu_indices(unit.shape[1])
    return np.concatenate([unit, unit[:, one] * unit[:, other]], axis=1)


@functools.cache
def _judge() -> Judge:
    data = json.loads(files("vision").joinpath(WEIGHTS).read_text("utf-8"))
    return Judge(*(np.array(data[key], np.float64) for key in ("mean", "spread", "weights")))

"""How well the classifier does on crops that it never saw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.confidence import Caution, Doubles
from models.kinds import KINDS
from models.training.calibration import calibration_error, missed
from models.training.crops import Crops


@dataclass(frozen=True, slots=True)
class Score:
    """The success on one part.

    `confusion` counts, by true kind (rows) and kind seen (columns); `top1` is the share of
    right ones, `low` and `high` its 95 % Wilson interval; `decided` the share in which the
    confidence sufficed and `right_of_decided` the share of right ones among these.
    `calibration` is the expected calibration error. `excluded` is the share in which the
    true kind is not among the possible ones: what costs a needless question.
    """

    confusion: NDArray[np.int64]
    top1: float
    low: float
    high: float
    decided: float
    right_of_decided: float
    calibration: float
    excluded: float


def score(sure: Doubles, crops: Crops, caution: Caution) -> Score:
    """Return the score of probabilities (n, kinds) on crops, taken with that caution."""
    top, found = sure.max(axis=1), sure.argmax(axis=1)
    right = found == crops.kinds
    confusion = np.zeros((len(KINDS), len(KINDS)), np.int64)
    np.add.at(confusion, (crops.kinds, found), 1)
    decided = top >= caution.decide
    low, high = wilson(int(right.sum()), len(right))
    return Score(
        confusion,
        float(right.mean()),
        low,
        high,
        float(decided.mean()),
        float(right[decided].mean()) if decided.any() else 1.0,
        calibration_error(sure, crops.kinds),
        float(missed(sure, crops.kinds, caution.keep).mean()),
    )


def wilson(hits: int, tries: int, z: float = 1.96) -> tuple[float, float]:
    """Return the Wilson interval of a share; at least one try."""
    share, spread = hits / tries, z * z / tries
    middle = (share + spread / 2) / (1 + spread)
    reach = z / (1 + spread) * float(np.sqrt(share * (1 - share) / tries + spread / (4 * tries)))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def worst(sure: Doubles, crops: Crops, most: int) -> list[int]:
    """Return which crops are wrong, those with the surest error first."""
    wrong = np.flatnonzero(sure.argmax(axis=1) != crops.kinds)
    order = np.argsort(-sure[wrong].max(axis=1), kind="stable")
    return [int(i) for i in wrong[order][:most]]

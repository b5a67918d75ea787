"""How far the network's confidence can be believed, and from where on it decides.

One temperature divides its outputs so that "0.9" is right nine times in ten (Guo et al.,
On Calibration of Modern Neural Networks, ICML 2017). Fitted on crops that nothing was
learnt from.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.confidence import probabilities

Doubles = NDArray[np.float64]

_TEMPERATURES: Final = np.geomspace(0.25, 8.0, 400)
_BINS: Final = 10
_SHARES: Final = (0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995, 0.998, 0.999)
_LEVELS: Final = (*np.arange(0.40, 0.99, 0.01).tolist(), 0.99, 0.993, 0.995, 0.997, 0.998, 0.999)


def temperature(logits: Doubles, kinds: NDArray[np.int64]) -> float:
    """Return the temperature under which the outputs explain the kinds best."""
    losses = [log_loss(probabilities(logits, float(t)), kinds) for t in _TEMPERATURES]
    return round(float(_TEMPERATURES[int(np.argmin(losses))]), 3)


def log_loss(sure: Doubles, kinds: NDArray[np.int64]) -> float:
    """Return the mean of -log p(true kind)."""
    return float(-np.log(np.maximum(sure[np.arange(len(kinds)), kinds], 1e-12)).mean())


def threshold(sure: Doubles, kinds: NDArray[np.int64], error: float) -> float:
    """Return the least confidence from which decisions are wrong in at most `error` of cases.

    0.999 if no lower one does.
    """
    top, right = sure.max(axis=1), sure.argmax(axis=1) == kinds
    for least in _LEVELS:
        decided = top >= least
        if decided.any() and (~right[decided]).mean() <= error:
            return round(float(least), 3)
    return float(_LEVELS[-1])


def possible_share(sure: Doubles, kinds: NDArray[np.int64], error: float) -> float:
    """Return the least share with which the true kind is excluded in at most `error` of cases.

    0.999 if no lower one does.
    """
    fit = (share for share in _SHARES if missed(sure, kinds, share).mean() <= error)
    return next(fit, _SHARES[-1])


def missed(sure: Doubles, kinds: NDArray[np.int64], share: float) -> NDArray[np.bool_]:
    """Tell for each crop whether the kinds likelier than the true one hold `share` together."""
    true = sure[np.arange(len(kinds)), kinds][:, None]
    likelier: NDArray[np.bool_] = np.where(sure > true, sure, 0).sum(axis=1) >= share
    return likelier


def calibration_error(sure: Doubles, kinds: NDArray[np.int64]) -> float:
    """Return the expected calibration error: how far confidence and success differ, 0 … 1."""
    top, right = sure.max(axis=1), sure.argmax(axis=1) == kinds
    bins = np.minimum((top * _BINS).astype(int), _BINS - 1)
    gaps = [
        abs(right[bins == i].mean() - top[bins == i].mean()) * (bins == i).mean()
        for i in range(_BINS)
        if (bins == i).any()
    ]
    return float(sum(gaps))

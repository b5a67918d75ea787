import math
from collections.abc import Sequence

_REACH = 9.0  # standard deviations beyond which a normal density is nothing (1e-19)
_STEPS_PER_SIGMA = 12
_NOTHING = 1e-15  # of the numbers compared: below that, floats cannot tell sigma from zero


def rejection_risk(truths: Sequence[float], sigma: float, limit: float) -> float:
    """Return the probability that the range of independent normal readings exceeds a limit.

    `truths` are the true hardnesses at the points, `sigma` the standard deviation of one reading,
    all in one unit. Exact but for a numerical integral over the smallest reading,
    P(R <= L) = ∫ sum_i f_i(x) prod_{j != i} [F_j(x + L) - F_j(x)] dx; error below 1e-9. Raise
    `ValueError` without truths or for a sigma that is negative or not finite.
    """
    if not truths or not all(map(math.isfinite, truths)):
        raise ValueError("the true values must be finite numbers, at least one")
    if not 0 <= sigma < math.inf:
        raise ValueError(f"sigma must be finite and not negative, not {sigma}")
    if math.isnan(limit):
        raise ValueError("the limit is not a number")
    spread = max(truths) - min(truths)
    if sigma <= _NOTHING * max(spread, abs(limit)):
        return 1.0 if spread > limit else 0.0
    if limit < 0:
        return 1.0
    if len(truths) == 1:
        return 0.0
    # In units of sigma around the smallest truth the integral always has the same width.
    scaled = [(truth - min(truths)) / sigma for truth in truths]
    return min(1.0, max(0.0, 1.0 - _acceptance(scaled, limit / sigma)))


def _acceptance(truths: Sequence[float], limit: float) -> float:
    """Integrate over the smallest reading, which lies near the smallest truth (here 0)."""
    low = max(-_REACH, max(truths) - limit - _REACH)
    if low >= _REACH:
        return 0.0
    # The integrand is smooth and dies off at both ends: there the trapezoidal rule converges
    # faster than any power of the step.
    count = math.ceil((_REACH - low) * _STEPS_PER_SIGMA)
    step = (_REACH - low) / count
    return step * sum(_density(truths, limit, low + i * step) for i in range(count + 1))


def _density(truths: Sequence[float], limit: float, x: float) -> float:
    """Return the density of "the smallest reading is x and no other exceeds x + limit"."""
    spans = [_normal(x + limit - truth) - _normal(x - truth) for truth in truths]
    total = 0.0
    for i, truth in enumerate(truths):
        others = math.prod(span for j, span in enumerate(spans) if j != i)
        total += math.exp(-0.5 * (x - truth) ** 2) * others
    return total / math.sqrt(2 * math.pi)


def _normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))

"""From the network's outputs to probabilities that can be believed, and to a decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.kinds import KINDS, Kind

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Caution:
    """How sure one must be: shares of one, from the model card.

    From the confidence `decide` on a kind is decided. Kinds are possible, the likeliest first,
    until they hold `keep` together; the others are excluded.
    """

    decide: float
    keep: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What one place shows, or several indentations of one block taken together.

    `likely` holds the probability of every kind; `kind` is the decision, None where no kind is
    likely enough for the `caution` taken; `possible` are the kinds that cannot be excluded.
    """

    likely: Mapping[Kind, float]
    kind: Kind | None
    possible: frozenset[Kind]
    caution: Caution

    @property
    def best(self) -> Kind:
        """The likeliest kind, decided or not."""
        return max(self.likely, key=lambda kind: self.likely[kind])

    @property
    def confidence(self) -> float:
        """How likely the likeliest kind is."""
        return self.likely[self.best]

    @property
    def may_be_indentation(self) -> bool:
        """Whether it is not decided that there is none."""
        return self.kind is None or self.kind.is_indentation


def probabilities(logits: Doubles, temperature: float) -> Doubles:
    """Return the softmax (n, kinds) of outputs divided by the temperature."""
    scaled = logits / temperature
    scaled = scaled - scaled.max(axis=1, keepdims=True)
    odds = np.exp(scaled)
    sure: Doubles = odds / odds.sum(axis=1, keepdims=True)
    return sure


def seen(sure: Sequence[float], caution: Caution) -> Seen:
    """Return what probabilities in the order of `KINDS` say, taken with that caution."""
    likely = {kind: float(p) for kind, p in zip(KINDS, sure, strict=True)}
    ranked = sorted(likely, key=lambda kind: -likely[kind])
    possible: set[Kind] = set()
    held = 0.0
    for kind in ranked:
        if held >= caution.keep:
            break
        possible.add(kind)
        held += likely[kind]
    top = ranked[0]
    decided = top if likely[top] >= caution.decide else None
    return Seen(likely, decided, frozenset(possible), caution)


def pooled(places: Sequence[Seen]) -> Seen:
    """Return what several indentations of one block say together, with the caution of the first.

    The geometric mean: they lie under one light, so that their errors are not independent
    and must not be multiplied. Raise `ValueError` without any.
    """
    if not places:
        raise ValueError("no indentation to pool")
    rows = np.array([[place.likely[kind] for kind in KINDS] for place in places])
    mean = np.exp(np.log(np.maximum(rows, 1e-9)).mean(axis=0))
    return seen((mean / mean.sum()).tolist(), places[0].caution)

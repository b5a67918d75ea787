"""Which of the round things proposed may be marks: what the nets say of each, weighed up."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vision.frame import Image
from vision.geometry import CERTAIN
from vision.judge import the_judge

Floats = NDArray[np.float32]

DETECTABLE_PX = 4.5
"""Smaller diameters may be there unseen."""

DOUBTED = CERTAIN - 0.01
"""The confidence of what is likely a mark, and not certain for a reason."""

SUPPOSED = 0.1
"""The confidence of what no net has seen and only its edge or shade suggests."""

_LEAST_CONFIDENCE, FAINT = 0.04, 0.2
"""The least that is reported; the most that is believed of what is too wide for an indentation."""

_STARTS = (1.0, 0.65, 1.5)
"""Each proposal is looked at in its own size, and smaller and larger."""

_SCOUT_LEAST, _SCOUT_MOST = -6.0, 450
_JUDGE_LEAST, _JUDGE_MOST = -4.0, 180
_AT_LEAST = 0.3
_TOO_WIDE, _FAR_TOO_WIDE = 1.03, 1.5
_EQUAL, _ALIKE = 0.3, 1.4
_ALL_BUTSURE, _RESTLESS = 0.0025, 4.0
"""Odds are cut off at 6 (logarithmic), and one radius of unrest takes away 4."""

_SAME = 0.6
_AGREE, _AS_LIKELY = 0.3, 3.0
_CENTRED, _WIDER, _AS_SURE = 0.12, 2.2, 0.97
_RIM_PX = 2.0
_COMPASS = tuple((math.cos(a), math.sin(a)) for a in (k * math.pi / 8 for k in range(16)))


def weighed(
    halves: Sequence[Image], proposed: Floats, inside: Image, odd: Image, largest: float
) -> tuple[Floats, Floats]:
    """Return what is reported of the things proposed (column, row, radius; px), and how sure.

    `halves` are a picture and its halves, `inside` is 255 where marks may lie, `odd` where a
    pixel differs from the face; `largest` is the radius of the widest indentation, px.
    """
    things, odds, unsettled = _judged(halves, proposed)
    trust = _shown(_trust(odds, things, largest), things, odd)
    kept = _reported(things, trust, unsettled, inside)
    return things[kept], trust[kept]


def _judged(halves: Sequence[Image], proposed: Floats) -> tuple[Floats, Floats, Floats]:
    """Return what may be marks, moved onto their rims, the odds, and how far the last look moved.

    That is in radii, as the sum of shift and growth: what lies on a rim stays where it is.
    """
    judge = the_judge()
    starts = [proposed * np.array([1, 1, share], np.float32) for share in _STARTS]
    things, odds = judge.scouted(halves, np.concatenate(starts))
    worth = differing(things, odds, _SCOUT_LEAST, _SCOUT_MOST)
    before, _ = judge.judged(halves, things[worth])
    things, odds = judge.judged(halves, before)
    worth = differing(things, odds, _JUDGE_LEAST, _JUDGE_MOST)
    before, _ = judge.read(halves, _agreed(things, odds, worth))
    things, second = judge.read(halves, before)
    shift = np.hypot(*(things - before)[:, :2].T) / before[:, 2]
    unsettled = shift + np.abs(np.log(things[:, 2] / before[:, 2]))
    # What the judge has let pass the reader does not drop: it stays, if only in doubt.
    first = odds[worth]
    both = np.maximum((first + second) / 2, np.minimum(first, _log_odds(_AT_LEAST)))
    return things, both.astype(np.float32), unsettled.astype(np.float32)


def _log_odds(trust: float) -> float:
    return math.log(trust / (1 - trust))


def _trust(odds: Floats, things: Floats, largest: float) -> Floats:
    """Return the confidences of things (px).

    Below the detectable size the likely are doubtful, the rest none. What is wider than any
    indentation is doubtful: it must not stand for a mark that lies in it. A patch that is
    far wider is for others to judge.
    """
    trust = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
    wide = things[:, 2] / largest
    trust = np.where(wide > _TOO_WIDE, np.minimum(trust, FAINT), trust)
    trust = np.where(wide > _FAR_TOO_WIDE, 0, trust)
    capped = np.where(trust >= CERTAIN, DOUBTED, 0)
    return np.where(2 * things[:, 2] < DETECTABLE_PX, capped, trust).astype(np.float32)


def distinct(things: Floats, worth: Floats) -> NDArray[np.intp]:
    """Return which things to keep: of those about one place the worthiest, best first."""
    order, apart, _, large = _pairs(things, worth, -np.inf)
    return order[_first_of_each(apart < _SAME * large, len(things))]


def _shown(trust: Floats, things: Floats, odd: Image) -> Floats:
    """Return the confidences, none for the unlikely where no pixel differs from the face."""
    shown = trust.copy()
    for i in np.flatnonzero((trust >= _LEAST_CONFIDENCE) & (trust < FAINT)).tolist():
        column, row, radius = things[i].tolist()
        left, top = (max(0, int(v - radius)) for v in (column, row))
        if not odd[top : int(row + radius) + 2, left : int(column + radius) + 2].any():
            shown[i] = 0
    return shown


def differing(things: Floats, odds: Floats, least: float, most: int) -> NDArray[np.intp]:
    """Return which things to look at again: nearly equal ones once, likeliest first.

    What lies one within the other stays: the likelier may yet turn out to be but a part.
    """
    order, apart, small, large = _pairs(things, odds, least)
    return order[_first_of_each((apart < _EQUAL * small) & (large < _ALIKE * small), most)]


def _pairs(
    things: Floats, odds: Floats, least: float
) -> tuple[NDArray[np.intp], Floats, Floats, Floats]:
    """Return the order by odds, distances, and the smaller and larger radius of each pair."""
    order = np.argsort(-odds, kind="stable")
    order = order[odds[order] >= least]
    x, y, radii = things[order].T
    apart = np.hypot(x[:, None] - x, y[:, None] - y)
    return order, apart, np.minimum(radii[:, None], radii), np.maximum(radii[:, None], radii)


def _first_of_each(same: NDArray[np.bool_], most: int) -> NDArray[np.intp]:
    """Return which of a sequence are not the same as one kept before."""
    kept: list[int] = []
    for i in range(len(same)):
        if not same[i, kept].any():
            kept.append(i)
            if len(kept) == most:
                break
    return np.array(kept, np.intp)


def _reported(things: Floats, trust: Floats, unsettled: Floats, inside: Image) -> NDArray[np.intp]:
    """Return which things are reported: one for each place, and none that is the block's rim."""
    likely = np.flatnonzero(trust >= _LEAST_CONFIDENCE)
    odds = np.log(trust[likely] / (1 - trust[likely] + _ALL_BUTSURE))
    kept = likely[distinct(things[likely], odds - _RESTLESS * unsettled[likely])]
    kept = _outermost(things, trust, kept)
    around = np.where(trust[kept] >= CERTAIN, 0, things[kept, 2] + _RIM_PX)
    places = zip(things[kept, :2].tolist(), around.tolist(), strict=True)
    good = [_within(inside, column, row, reach) for (column, row), reach in places]
    reported: NDArray[np.intp] = kept[np.array(good, bool)]
    return reported


def _outermost(things: Floats, trust: Floats, kept: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the things kept, or what is as surely a mark about the same centre but wider.

    The light within an indentation makes circles, that outside of it does not.
    """
    x, y, radii = things.T
    wider = kept.copy()
    for k, i in enumerate(kept.tolist()):
        same = np.hypot(x - x[i], y - y[i]) < _CENTRED * radii
        same &= (radii > radii[i]) & (radii < _WIDER * radii[i]) & (trust >= _AS_SURE)
        if trust[i] >= _AS_SURE and same.any():
            wider[k] = np.flatnonzero(same)[np.argmax(radii[same])]
    return wider


def _agreed(things: Floats, odds: Floats, kept: NDArray[np.intp]) -> Floats:
    """Return for each thing kept the mean of all that are about as likely the same rim."""
    x, y, radii = things.T
    means = np.zeros((len(kept), 3), np.float32)
    for k, i in enumerate(kept.tolist()):
        near = np.hypot(x - x[i], y - y[i]) < _AGREE * radii[i]
        same = near & (np.abs(np.log(radii / radii[i])) < _AGREE) & (odds > odds[i] - _AS_LIKELY)
        means[k] = things[same].mean(axis=0)
    return means


def _within(inside: Image, column: float, row: float, around: float) -> bool:
    """Whether a circle lies in the mask; the rim of the block looks like many things."""
    rows, columns = inside.shape
    for x, y in _COMPASS:
        at = round(row + around * y), round(column + around * x)
        if not (0 <= at[0] < rows and 0 <= at[1] < columns and inside[at]):
            return False
    return True

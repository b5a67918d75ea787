"""What no classifier can exceed, and what the diameter alone would tell.

The ideal observer knows the light, the finish, the lens and the noise of a crop to the
last grain, and compares the picture with what every other indenter that can leave this
diameter would have shown, at any elastic recovery. With Gaussian noise between two known
pictures its error is Q(d'/2), d' being their distance in units of the noise (Van Trees,
Detection, Estimation, and Modulation Theory I, §2.6). A classifier does not know the
light, so that it stays below; how far, nobody can compute.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.kinds import KINDS
from models.training.crops import RANGES_MM, Crop
from vision.rendering import DIAMETERS_MM, CropKind, Dent, Scene
from vision.rendering.block import expose, lit
from vision.rendering.chance import BRINELL_BALLS

_RECOVERIES: Final = np.linspace(0.82, 0.98, 5)
_BRINELL: Final = (0.24, 0.6)


def ideal_error(crop: Crop) -> float:
    """Return the ideal observer's chance to err on a crop; 0 without an indentation."""
    scene, kind = crop.truth.scene, crop.truth.kind
    if kind not in DIAMETERS_MM:
        return 0.0
    shown = _quiet(scene, crop)
    variance = scene.optics.noise**2 + scene.optics.shot * shown
    chances = [
        _tail(math.sqrt(float((((_quiet(other, crop) - shown) ** 2) / variance).sum())) / 2)
        for other in _others(scene, kind)
    ]
    return max(chances, default=0.0)


def by_diameter_alone(steps: int = 20_000) -> float:
    """Return the best success rate of who knows but the exact diameter of each indentation.

    Over all kinds with the shares of the crops; what bears none is told without fail.
    """
    ranges = [RANGES_MM[kind] for kind in DIAMETERS_MM]
    low, high = min(ends[0] for ends in ranges), max(ends[1] for ends in ranges)
    x = np.linspace(math.log(low), math.log(high), steps)
    dense = [
        np.where((x >= math.log(a)) & (x <= math.log(b)), 1 / math.log(b / a), 0.0)
        for a, b in ranges
    ]
    told = float(np.max(dense, axis=0).sum() * (x[1] - x[0]))
    return (told + len(KINDS) - len(ranges)) / len(KINDS)


def _others(scene: Scene, kind: CropKind) -> list[Scene]:
    """Return the scenes in which another indenter left this diameter, here and around."""
    dent = scene.dents[0]
    balls = [(CropKind.CONE, 0.0), (CropKind.BALL_1_5875, 1.5875), (CropKind.BALL_3_175, 3.175)]
    low, high = _BRINELL
    balls += [(CropKind.BALL_BRINELL, b) for b in BRINELL_BALLS if low <= dent.diameter / b <= high]
    return [
        replace(scene, dents=tuple(_as(one, ball, float(recovery)) for one in scene.dents))
        for other, ball in balls
        if other is not kind and RANGES_MM[other][0] <= dent.diameter <= RANGES_MM[other][1]
        for recovery in _RECOVERIES
    ]


def _as(dent: Dent, ball: float, recovery: float) -> Dent:
    return replace(dent, ball=ball, recovery=recovery)


def _quiet(scene: Scene, crop: Crop) -> NDArray[np.float64]:
    """Return the picture of a crop's place without noise."""
    shape = (crop.image.shape[0], crop.image.shape[1])
    still = replace(scene, optics=replace(scene.optics, noise=0.0, shot=0.0))
    rng = np.random.default_rng(scene.seed)
    return expose(lit(still, shape, crop.truth.frame, rng), still, rng).astype(np.float64)


def _tail(x: float) -> float:
    """Return Q(x), the chance that a normal deviate exceeds x."""
    return 0.5 * math.erfc(x / math.sqrt(2))

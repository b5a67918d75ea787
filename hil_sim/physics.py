"""The metal and the machine: a smooth hardness field, and a tester's repeatability and drift."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from random import Random
from typing import Any

XY = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Wave:
    """One smooth undulation of the hardness: direction (1/mm), phase, weight."""

    kx: float
    ky: float
    phase: float
    weight: float


@dataclass(frozen=True, slots=True)
class HardnessField:
    """True hardness over the test face, in HR, block coordinates in mm.

    Hardness varies smoothly over a block (NIST SP 960-5), so a few long waves do.
    """

    level: float
    amplitude: float
    waves: tuple[Wave, ...]

    @classmethod
    def random(cls, level: float, amplitude: float, rng: Random) -> HardnessField:
        """Draw a field with wavelengths of 30 to 90 mm."""
        waves = []
        for _ in range(4):
            k, angle = 2 * math.pi / rng.uniform(30, 90), rng.uniform(0, 2 * math.pi)
            waves.append(
                Wave(
                    k * math.cos(angle),
                    k * math.sin(angle),
                    rng.uniform(0, 2 * math.pi),
                    rng.uniform(0.5, 1),
                )
            )
        return cls(level, amplitude, tuple(waves))

    def shape(self, x: float, y: float) -> float:
        """Return the dimensionless undulation at a point."""
        return sum(w.weight * math.sin(w.kx * x + w.ky * y + w.phase) for w in self.waves)

    def at(self, x: float, y: float) -> float:
        """Return the true hardness at a point."""
        return self.level + self.amplitude * self.shape(x, y)

    def fitted(self, points: Sequence[XY], mean: float, spread: float) -> HardnessField:
        """Return the same shape with this mean and range (max - min) over these points.

        Raises ValueError if the shape is level over them and a range is asked for.
        """
        shapes = [self.shape(x, y) for x, y in points]
        width = max(shapes) - min(shapes)
        if width == 0 and spread != 0:
            raise ValueError(f"no field has a range of {spread} over {len(points)} equal points")
        amplitude = spread / width if width else 0.0
        level = mean - amplitude * sum(shapes) / len(shapes)
        return replace(self, level=level, amplitude=amplitude)

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> HardnessField:
        """Read what `to_json` wrote."""
        waves = tuple(Wave(**wave) for wave in data["waves"])
        return cls(data["level"], data["amplitude"], waves)


@dataclass(frozen=True, slots=True)
class TesterTruth:
    """What a tester adds to the truth: repeatability, bias and a slow drift, in HR."""

    sigma: float = 0.02
    bias: float = 0.0
    drift_amplitude: float = 0.0
    drift_period_s: float = 43_200.0
    resolution: Decimal = Decimal("0.01")

    def reading(self, truth: float, at_s: float, rng: Random) -> Decimal:
        """Return what the display shows for this truth at this time."""
        drift = self.drift_amplitude * math.sin(2 * math.pi * at_s / self.drift_period_s)
        shown = truth + self.bias + drift + rng.gauss(0, self.sigma)
        return Decimal(round(shown / float(self.resolution))) * self.resolution

"""Figures of the standard machine's uncertainty, and of the simulated machine's behaviour."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from controller.config.fields import Exact, Number, Section, Whole
from metrology import (
    Budget,
    uncertainty_of_mean,
    uncertainty_of_readings,
    uncertainty_of_resolution,
)

Component = Annotated[Exact, Field(ge=0, le=10)]
Scatter = Annotated[Number, Field(ge=0, le=10)]


class UncertaintySection(Section):
    """The standard machine, measured on a primary block; in the unit of the scale."""

    primary_block_expanded: Component = Decimal("0.30")
    """Expanded uncertainty of the primary block, from its certificate."""
    primary_block_coverage: Annotated[Exact, Field(ge=1, le=4)] = Decimal(2)
    """Coverage factor k that its certificate gives with it."""
    primary_block_repeatability: Component = Decimal("0.05")
    """Standard deviation of the machine's readings on the primary block."""
    primary_block_readings: Annotated[Whole, Field(ge=2, le=100)] = 5
    """How many readings that standard deviation comes from."""
    primary_block_drift: Component = Decimal("0.03")
    """Standard uncertainty of the primary block's drift since its calibration."""
    resolution: Component = Decimal("0.01")
    """Step of the tester's display."""

    def budget(self, readings: Sequence[Decimal]) -> Budget:
        """Return the budget of a block with these readings. Raises ValueError below two."""
        return Budget(
            u_crm_1=self.primary_block_expanded / self.primary_block_coverage,
            u_x_crm_1=uncertainty_of_mean(
                self.primary_block_repeatability, self.primary_block_readings
            ),
            u_crm_d=self.primary_block_drift,
            u_ms=uncertainty_of_resolution(self.resolution),
            u_x_crm_2=uncertainty_of_readings(readings),
        )


class SimulationSection(Section):
    """The simulated lab; read by simulated devices alone."""

    tester_sigma: Scatter = 0.02
    """Repeatability of the tester, one standard deviation, HR."""
    tester_bias: Annotated[Number, Field(ge=-10, le=10)] = 0.0
    """Constant error of the tester, HR."""
    tester_bias_max: Scatter = 0.02
    """A further error is drawn once per run within plus and minus this, HR."""
    drift_amplitude: Scatter = 0.0
    """Amplitude of the tester's slow drift, HR."""
    drift_period_s: Annotated[Number, Field(gt=0, le=31_536_000)] = 43_200.0
    """Period of that drift, s of process time."""
    px_per_mm: Annotated[Number, Field(ge=2, le=100)] = 19.2
    """Scale of the camera's pictures, pixels per mm."""
    temperature_c: Annotated[Number, Field(ge=-20, le=60)] = 23.0
    """Temperature of the simulated room, °C."""
    humidity_pct: Annotated[Number, Field(ge=0, le=100)] = 45.0
    """Relative humidity of the simulated room, %."""
    reset_after_s: Annotated[Number, Field(gt=0, le=31_536_000)] = 5.0
    """So long a simulated person takes to press the reset button of the safety chain, s."""
    results_wired: bool = True
    """Whether the simulated tester tells the station PLC when it shows a result."""

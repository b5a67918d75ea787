"""How long things take: the same figures as `drivers.timing`, as sections of the file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from controller.config.fields import Number, Seconds, Section
from drivers.timing import ArmTimes, CycleTimes, StageMotion

_ARM, _CYCLE, _STAGE = ArmTimes(), CycleTimes(), StageMotion()


class ArmDurations(Section):
    """Durations of the arm's jobs, s."""

    carry_s: Seconds = _ARM.carry_s
    """From above one place to above another."""
    pick_s: Seconds = _ARM.pick_s
    """Lower, close, rise."""
    release_s: Seconds = _ARM.release_s
    """Lower, open, rise."""
    retreat_s: Seconds = _ARM.retreat_s
    """Leave an unknown pose."""

    def times(self) -> ArmTimes:
        """Return them as the drivers take them."""
        return ArmTimes(**self.model_dump())


class CycleDurations(Section):
    """Durations of a force cycle besides its dwells, s."""

    approach_s: Seconds = _CYCLE.approach_s
    """Until the indenter touches."""
    loading_s: Seconds = _CYCLE.loading_s
    """From preliminary to total force."""
    unloading_s: Seconds = _CYCLE.unloading_s
    """From total to preliminary force."""
    retract_s: Seconds = _CYCLE.retract_s
    """Until the indenter is away."""

    def times(self) -> CycleTimes:
        """Return them as the drivers take them."""
        return CycleTimes(**self.model_dump())


class StageDurations(Section):
    """Motion of the XY frame."""

    feed_mm_min: Annotated[Number, Field(gt=0, le=20_000)] = _STAGE.feed_mm_min
    """Feed, mm/min."""
    relief_mm: Annotated[Number, Field(ge=0, le=5)] = _STAGE.relief_mm
    """How far the frame draws back to take its side force off the block, mm."""
    settle_s: Annotated[Number, Field(ge=0, le=60)] = _STAGE.settle_s
    """Rest before the position is confirmed, s."""

    def times(self) -> StageMotion:
        """Return it as the drivers take it."""
        return StageMotion(**self.model_dump())


class DurationsSection(Section):
    """How long things take, s of process time: what is slept before the first poll."""

    arm: ArmDurations = ArmDurations()
    """The arm's jobs."""
    cycle: CycleDurations = CycleDurations()
    """The force cycle."""
    stage: StageDurations = StageDurations()
    """The XY frame."""
    photograph_s: Seconds = 2.0
    """One picture at the vision station."""
    measure_s: Seconds = 3.0
    """Identity and dimensions at the sizing stage."""

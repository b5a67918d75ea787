"""The whole configuration of a cell, and what must hold between its sections."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import model_validator

from controller.config.by_hand import ByHandSection
from controller.config.cell import CellSection, DutiesSection, HolderSection, LabSection
from controller.config.devices import DevicesSection
from controller.config.durations import DurationsSection
from controller.config.fields import Finding, Section, refuse_all
from controller.config.limits import LimitsSection
from controller.config.lines import LinesSection
from controller.config.measurement import SimulationSection, UncertaintySection
from controller.config.policy import PolicySection
from controller.config.poses import PosesSection, clashes
from metrology import find_scale, load_regulation


class LabConfig(Section):
    """One cell, as its `lab.toml` says. Equal files give equal configurations."""

    lab: LabSection
    """The laboratory."""
    cell: CellSection
    """The cell and its tolerances."""
    duties: DutiesSection
    """Seating and checks."""
    holder: HolderSection
    """The blocks of the fixed holder."""
    devices: DevicesSection
    """The devices and their lines."""
    durations: DurationsSection
    """How long things take."""
    poses: PosesSection
    """Where the arm stands above each place."""
    policy: PolicySection
    """What happens at each kind of trouble."""
    uncertainty: UncertaintySection
    """The standard machine's uncertainty."""
    limits: LimitsSection = LimitsSection()
    """How often something may fail; may be left out."""
    by_hand: ByHandSection = ByHandSection()
    """Devices whose work a person does; may be left out."""
    lines: LinesSection = LinesSection()
    """The line log; may be left out: nothing is kept."""
    simulation: SimulationSection = SimulationSection()
    """The simulated lab; may be left out where every device is real."""

    @model_validator(mode="after")
    def _agreeing(self) -> LabConfig:
        refuse_all([*self._holder(), *self._poses(), *self._positions()])
        return self

    def _holder(self) -> Iterator[Finding]:
        regulation = load_regulation(self.cell.regulation)
        for role in ("seating", "check"):
            scale = find_scale(getattr(self.holder, role).scale)
            if not regulation.covers(scale):
                text = f"{regulation.code} does not cover {scale.symbol}; use a block of this cell"
                yield Finding(("holder", role, "scale"), text)
        if self.holder.seating.scale != self.holder.check.scale:
            text = f"differs from {self.holder.seating.scale} of the seating block; use one scale"
            yield Finding(("holder", "check", "scale"), text)
        for key in ("certified", "limit") if self.duties.daily_checks else ():
            if getattr(self.holder.check, key) is None:
                text = "is missing, but [duties] daily_checks is true; take it from the certificate"
                yield Finding(("holder", "check", key), text)

    def _positions(self) -> Iterator[Finding]:
        tolerance, covered = self.devices.stage.tolerance_mm, self.cell.u_pos_mm
        if tolerance > covered:
            text = (
                f"{tolerance:g} is more than u_pos_mm {covered:g} of [cell], which the clearances "
                "take into account; raise u_pos_mm, or lower it"
            )
            yield Finding(("devices", "stage", "tolerance_mm"), text)

    def _poses(self) -> Iterator[Finding]:
        poses = self.poses.all(self.cell.slots, self.cell.reject_places)
        # One wrong pitch makes dozens of pairs clash: the first few tell enough.
        for clash in clashes(poses)[:3]:
            text = f"{clash.text}; stay 20 mm apart and within ±3200 mm: teach the pose again"
            yield Finding(("poses", clash.key), text)

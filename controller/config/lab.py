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
from metrology import diameter_mm, find_scale, load_regulation
from vision.resolution import LEAST_MARK_PX, needed_px_per_mm


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
        refuse_all([*self._holder(), *self._poses(), *self._positions(), *self._sight()])
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

    def _sight(self) -> Iterator[Finding]:
        """Refuse a camera too coarse for the holder's own blocks; the doctor tells of others."""
        camera, scale = self.devices.camera, find_scale(self.holder.check.scale)
        smallest = diameter_mm(scale, float(scale.high))
        needed = needed_px_per_mm(smallest)
        told: list[tuple[tuple[str, ...], float | None]] = [(("px_per_mm",), camera.px_per_mm)]
        if camera.source is not None:
            told.append((("source", "px_per_mm"), camera.source.px_per_mm))
        for key, px_per_mm in told:
            if px_per_mm is not None and px_per_mm < needed:
                text = (
                    f"{px_per_mm:g} shows the smallest indentation of {scale.symbol}, "
                    f"{smallest:.2f} mm, {px_per_mm * smallest:.1f} px wide, but "
                    f"{LEAST_MARK_PX:g} px are needed; take a lens of {needed:.1f} px/mm or more"
                )
                yield Finding(("devices", "camera", *key), text)

    def _poses(self) -> Iterator[Finding]:
        poses = self.poses.all(self.cell.slots, self.cell.reject_places)
        # One wrong pitch makes dozens of pairs clash: the first few tell enough.
        for clash in clashes(poses)[:3]:
            text = f"{clash.text}; stay 20 mm apart and within ±3200 mm: teach the pose again"
            yield Finding(("poses", clash.key), text)

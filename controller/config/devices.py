"""Which device stands behind which line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from controller.config.by_hand import MANUAL, Attended, TesterDevice
from controller.config.camera import CameraDevice
from controller.config.device import Device, MaybeUrl, line_of
from controller.config.fields import Finding, Number, Section, Text, refuse_all
from controller.config.optional_devices import (
    ClimateDevice,
    GaugeDevice,
    ReaderDevice,
    SafetyDevice,
)
from controller.config.stage import StageDevice


class ArmDevice(Attended):
    """The arm: job mailbox on its Modbus server, and the dashboard beside it; or a person."""

    ON_LINE = ("url", "dashboard")

    driver: Literal["ur", "manual"] = "ur"
    """Who carries the blocks: an arm that runs our program, or a person."""
    dashboard: MaybeUrl = ""
    """Line of the dashboard server, which loads and starts the program."""
    program: Text = "cell.urp"
    """Program on the arm's controller that serves the mailbox."""


class ResultsDevice(Attended):
    """The tester's own one-way record, kept by a recorder; or its display, read by a person."""

    driver: Literal["recorded", "manual"] = "recorded"
    """Who is asked: what a recorder keeps of the tester's line, or a person at its display."""
    recorder: Literal["inside", "service"] = "inside"
    """Whether the daemon runs the recorder itself, or it is a service of its own."""
    spool: Annotated[str, Field(max_length=4096)] = ""
    """File that the recorder writes; empty: in the folder of the run."""
    record_wait_s: Annotated[Number, Field(gt=0, le=120)] = 5.0
    """How long after a cycle its record may arrive, s of link time."""
    counts_broken_off: bool = True
    """Whether the tester may count a record for a cycle that is broken off under load."""


class DevicesSection(Section):
    """The devices of the cell; those that may be left out come last."""

    station: Device
    """Station PLC: force cycles and sensors; sizing and climate unless others do them."""
    arm: ArmDevice
    """Robot arm."""
    stage: StageDevice
    """What moves the block on the anvil."""
    results: ResultsDevice
    """Results of the tester."""
    camera: CameraDevice
    """Overview camera of the vision station."""
    tester: TesterDevice | None = None
    """A bench tester that a person works."""
    gauge: GaugeDevice | None = None
    """Digital gauge of the sizing stage; needs a reader beside it."""
    reader: ReaderDevice | None = None
    """Code reader of the sizing stage; needs a gauge beside it."""
    climate: ClimateDevice | None = None
    """Thermo-hygrometer."""
    safety: SafetyDevice | None = None
    """Safety controller."""

    def lines(self) -> Iterator[tuple[tuple[str, str], str]]:
        """Yield the path of each URL below this section, and the URL."""
        for name in type(self).model_fields:
            url: str = getattr(getattr(self, name), "url", "")
            if url:
                yield (name, "url"), url
        if self.arm.dashboard:
            yield ("arm", "dashboard"), self.arm.dashboard

    def by_hand(self) -> tuple[str, ...]:
        """Return the names of the devices whose work a person does."""
        devices = {name: getattr(self, name) for name in type(self).model_fields}
        return tuple(
            name for name, device in devices.items() if getattr(device, "driver", "") == MANUAL
        )

    @model_validator(mode="after")
    def _apart(self) -> DevicesSection:
        owners: dict[str, tuple[str, str]] = {}
        findings = []
        for path, url in self.lines():
            owner = owners.setdefault(line_of(url), path)
            if owner != path:
                text = f"{url!r} is already the line of {'.'.join(owner)}; give each its own"
                findings.append(Finding(path, text))
        findings += self._recorder()
        findings += self._sizing()
        if self.stage.arm_pushes and self.arm.by_hand:
            text = "needs an arm that pushes, but [devices.arm] is a person; write grbl or manual"
            findings.append(Finding(("stage", "driver"), text))
        refuse_all(findings)
        return self

    def _recorder(self) -> Iterator[Finding]:
        if self.results.recorder != "service":
            return
        if self.results.by_hand:
            text = "is a service, but a person reads the display and nothing is recorded; remove it"
            yield Finding(("results", "recorder"), text)
        elif not self.results.spool:
            text = "is empty, but the recorder is a service; name the file that it writes"
            yield Finding(("results", "spool"), text)

    def _sizing(self) -> Iterator[Finding]:
        for name, other in (("gauge", "reader"), ("reader", "gauge")):
            if getattr(self, name) is not None and getattr(self, other) is None:
                text = f"stands alone; add [devices.{other}], or remove it: the PLC then does both"
                yield Finding((name,), text)

"""The overview camera: the line of its worker, and what the worker has behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from controller.config.by_hand import Attended
from controller.config.fields import Finding, Flag, Number, Seconds, Section, Whole, refuse_all

Side = Annotated[Whole, Field(ge=0, le=65_535)]

_ALONE = {"gige": ("exposure_us", "attempts"), "folder": ("repeat",)}
"""Keys that mean nothing to any other driver."""


class CameraSource(Section):
    """A camera of this machine, for `hardlab camera serve`; the daemon itself does not touch it."""

    driver: Literal["gige", "opencv", "folder"]
    """What it is: GigE Vision or USB3 Vision, anything OpenCV opens, or a folder of pictures."""
    camera: Annotated[str, Field(min_length=1, max_length=4096)]
    """Which: name or address (gige); number, path or URL (opencv); path of the folder (folder)."""
    px_per_mm: Annotated[Number, Field(gt=0, le=2000)]
    """Scale of its pictures at the test face, pixels per mm."""
    width: Side = 0
    """Columns of a picture; 0: as the camera is set."""
    height: Side = 0
    """Rows of a picture; 0: as the camera is set."""
    exposure_us: Annotated[Number, Field(ge=0, le=60_000_000)] = 0.0
    """Exposure, µs; 0: as the camera is set; of gige alone."""
    frame_s: Seconds = 2.0
    """How long one frame may take, s of link time."""
    attempts: Annotated[Whole, Field(ge=1, le=10)] = 3
    """How often a frame is asked for until it is complete; of gige alone."""
    repeat: Flag = False
    """Whether the pictures begin anew after the last; of folder alone."""

    @property
    def grab_s(self) -> float:
        """How long one picture may take with every attempt; after that the library hangs."""
        return self.attempts * self.frame_s + 10.0

    @model_validator(mode="after")
    def _fitting(self) -> CameraSource:
        findings = [
            Finding((key,), f'means nothing to driver = "{self.driver}"; remove it')
            for driver, keys in _ALONE.items()
            for key in keys
            if driver != self.driver and getattr(self, key) != type(self).model_fields[key].default
        ]
        if bool(self.width) != bool(self.height):
            findings.append(Finding(("width",), "goes with height; give both or neither"))
        refuse_all(findings)
        return self


class CameraDevice(Attended):
    """The line of a camera worker, and the camera that ours serves on it; or a person."""

    driver: Literal["worker", "manual"] = "worker"
    """Who is asked: a camera worker, or a person who saves a picture as a file."""
    source: CameraSource | None = None
    """The camera behind the line; left out where another program serves it."""
    pictures: Annotated[str, Field(max_length=4096)] = ""
    """Where a person saves the pictures; empty: by-hand in the folder of the run."""
    px_per_mm: Annotated[Number, Field(gt=0, le=2000)] | None = None
    """Scale of a person's pictures at the test face, pixels per mm."""

    def _contradictions(self) -> Iterator[Finding]:
        yield from super()._contradictions()
        if self.by_hand and self.px_per_mm is None:
            yield Finding(("px_per_mm",), "this key is missing; add it")
        if self.by_hand and self.source is not None:
            yield Finding(("source",), 'means nothing to driver = "manual"; remove it')
        for key in () if self.by_hand else ("pictures", "px_per_mm"):
            if getattr(self, key):
                yield Finding((key,), 'means nothing to driver = "worker"; remove it')

"""What brings the points of a block under the indenter: an XY frame, or the arm itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from controller.config.device import Device, MaybeUrl
from controller.config.fields import Finding, Millimetres, Number, refuse_all

FRAME_TOLERANCE_MM, PUSH_TOLERANCE_MM = 0.02, 0.1
_OF_THE_FRAME = ("load_x_mm", "load_y_mm", "centre_x_mm", "centre_y_mm")


class StageDevice(Device):
    """The frame has a line and machine coordinates in mm; arm and person need neither."""

    driver: Literal["grbl", "arm-push", "manual"] = "grbl"
    """Who moves the block: an XY frame behind GRBL, the arm, which pushes it, or a person."""
    url: MaybeUrl = ""
    """Its line; of the frame alone."""
    load_x_mm: Millimetres = 0.0
    """Where the arm places and takes a block, x; of the frame alone."""
    load_y_mm: Millimetres = 0.0
    """Where the arm places and takes a block, y; of the frame alone."""
    centre_x_mm: Millimetres = 0.0
    """Where the block's centre is under the indenter, x; of the frame alone."""
    centre_y_mm: Millimetres = 0.0
    """Where the block's centre is under the indenter, y; of the frame alone."""
    tolerance_mm: Annotated[Number, Field(gt=0, le=2)] = FRAME_TOLERANCE_MM
    """How far the position read at the anvil may lie from the plan, mm; 0.1 without frame."""

    @property
    def by_hand(self) -> bool:
        """Whether a person moves the block, on a table with scales."""
        return self.driver == "manual"

    @property
    def arm_pushes(self) -> bool:
        """Whether the arm moves the block on the anvil, and is busy meanwhile."""
        return self.driver == "arm-push"

    @model_validator(mode="before")
    @classmethod
    def _with_the_tolerance_of_its_kind(cls, data: object) -> object:
        # Written into the data, so that spelling the default out keeps the fingerprint.
        if isinstance(data, dict) and data.get("driver") in ("arm-push", "manual"):
            return {"tolerance_mm": PUSH_TOLERANCE_MM, **data}
        return data

    @model_validator(mode="after")
    def _whole(self) -> StageDevice:
        if self.driver != "grbl":
            text = f'is given, but driver = "{self.driver}" needs no line of its own; remove it'
            refuse_all([Finding(("url",), text)] if self.url else [])
            return self
        missing = [key for key in _OF_THE_FRAME if key not in self.model_fields_set]
        if not self.url:
            missing.insert(0, "url")
        text = "is missing, and an XY frame needs it; add it"
        refuse_all([Finding((key,), text) for key in missing])
        return self

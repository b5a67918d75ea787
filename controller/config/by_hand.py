"""Devices whose work a person may do: with ``driver = "manual"`` they have no line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from controller.config.device import Device, MaybeUrl
from controller.config.fields import Finding, Number, Section, refuse_all

MANUAL = "manual"


class ByHandSection(Section):
    """What holds for every device whose work a person does."""

    patience_s: Annotated[Number, Field(gt=0, le=86_400)] = 600.0
    """How long a question waits before it is asked anew and an alarm is raised, s of link time."""


class Attended(Device):
    """A device on a line, or a person in its place.

    Who inherits has a ``driver``, and names in ``ON_LINE`` what a person does without.
    """

    ON_LINE: ClassVar[tuple[str, ...]] = ("url",)

    driver: str = ""
    """Who is asked."""
    url: MaybeUrl = ""
    """Its line; none if a person does its work."""

    @property
    def by_hand(self) -> bool:
        """Whether a person does its work."""
        return self.driver == MANUAL

    @model_validator(mode="after")
    def _line_or_person(self) -> Attended:
        refuse_all([*self._contradictions()])
        return self

    def _contradictions(self) -> Iterator[Finding]:
        """Yield what does not go together; who inherits may have more."""
        for key in self.ON_LINE:
            given = bool(getattr(self, key))
            if self.by_hand and given:
                text = 'is given, but driver = "manual" is a person and has no line; remove it'
                yield Finding((key,), text)
            if not self.by_hand and not given:
                yield Finding((key,), "this key is missing; add it")


class TesterDevice(Section):
    """A bench tester that a person works; without this section the station PLC starts it."""

    driver: Literal["manual"] = "manual"
    """Who is asked: a person, for one indentation at a time."""

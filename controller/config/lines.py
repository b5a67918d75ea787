"""Whether every byte on the lines is kept, where, and how much of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from controller.config.fields import Flag, Section, Whole


class LinesSection(Section):
    """The line log: what passed between daemon and devices, for who looks for a fault."""

    record: Flag = False
    """Whether it is kept."""
    folder: Annotated[str, Field(max_length=4096)] = ""
    """Where, a folder of this cell alone; empty: `lines` in the folder of the run."""
    rotate_mb: Annotated[Whole, Field(ge=1, le=1024)] = 16
    """A new file begins at this size, MB."""
    keep: Annotated[Whole, Field(ge=1, le=1000)] = 8
    """So many full files are kept for each line; the oldest goes first."""

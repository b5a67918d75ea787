"""What a close-up of a place can show: the classes of the indentation classifier."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """The kind of an indentation, as far as it can be seen, or what is there instead.

    HRA, HRC, HRD and the N scales share a cone: which of them it was is `routing`'s question.
    """

    CONE = "cone"
    BALL_1_5875 = "ball-1.5875"
    BALL_3_175 = "ball-3.175"
    BALL_BRINELL = "ball-brinell"
    UNUSED = "unused"
    UNUSABLE = "unusable"

    @property
    def is_indentation(self) -> bool:
        """Whether an indenter made it."""
        return self not in (Kind.UNUSED, Kind.UNUSABLE)


KINDS: Final = tuple(Kind)
"""Every kind, in the order of the classifier's outputs."""

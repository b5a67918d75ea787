"""The results of a tester, as the recorder keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from drivers.interfaces.outcome import Outcome


@dataclass(frozen=True, slots=True)
class ResultRecord:
    """One record as the tester published it and the recorder kept it."""

    number: int
    scale: str
    hardness: Decimal
    tolerance: str
    raw: bytes
    received: datetime


class ResultChannel(Protocol):
    """The one-way results of a tester, as kept by the recorder."""

    async def records(self, after: int = 0) -> Outcome[Sequence[ResultRecord]]:
        """Return every record kept so far, oldest first; numbers and length are of them all.

        Of the first ``after``, for which the journal accounts, only the last need be at hand.
        """
        ...

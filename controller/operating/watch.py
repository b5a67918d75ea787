"""What a cell tells whoever watches over it; by default nobody does."""

from __future__ import annotations

from controller.rig import Trouble

RECONCILIATION = "reconciliation"
"""Who settles the past; the workers begin after it."""


class Watch:
    """Hears of the work of a cell as it happens, in the task that does it. Never waits."""

    def reconciled(self) -> None:
        """Hear that the past is settled and work begins."""

    def looked(self, who: str, more_s: float = 0.0) -> None:
        """Hear that a worker looks for something to do; ``more_s`` is what that may take, s."""

    def began(self, who: str, what: str, block: str) -> None:
        """Hear that a worker begins an action; ``block`` is empty if it concerns none."""

    def ended(self, who: str) -> None:
        """Hear that the action is over, well or not."""

    def troubled(self, who: str, trouble: Trouble) -> None:
        """Hear that an action did not get further."""

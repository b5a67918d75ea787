"""Start the arm's program through the controller's Dashboard."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.dashboard import Dashboard, DashboardState
from drivers.interfaces import Outcome


@dataclass(frozen=True, slots=True)
class DashboardStarter:
    """Implements `drivers.interfaces.ArmController` for a UR controller."""

    dashboard: Dashboard
    program: str

    async def start(self) -> Outcome[DashboardState]:
        """Bring the controller to run the program, as far as that is needed."""
        return await self.dashboard.ensure_running(self.program)

"""A daemon that does nothing but count what it is told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from controller.messages import Command, Json, Reply

START = Command("c1", "start", {}, "tester")


@dataclass
class Daemon:
    """Counts what it is told to do; ``gate`` holds it up until set."""

    done: list[Command] = field(default_factory=list)
    gate: asyncio.Event | None = None

    async def handle(self, command: Command) -> Reply:
        if self.gate is not None:
            await self.gate.wait()
        self.done.append(command)
        return Reply(command.id, accepted=True, body={"count": len(self.done)})

    def view(self) -> Json:
        return {"done": [command.id for command in self.done]}

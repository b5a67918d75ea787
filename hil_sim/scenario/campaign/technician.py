"""A technician who comes when the cell needs one: looks, answers, empties the row, resumes."""

from __future__ import annotations

from collections import Counter

from controller.decisions import answer
from controller.events import DecisionAsked
from controller.folding.keys import number_of
from controller.messages import Command
from controller.modes import obey
from controller.rig import Rig
from hil_sim.scenario.display import ASKS, read_display, resume_with
from hil_sim.world import World

WAY_S = 240.0
"""So long it takes a person to come, s of process time."""

_ANSWERS = {
    "transfer_doubt": "look-again",
    "holder_block_doubt": "look-again",
    "unexpected_block": "ignore",
    "check_failed": "continue",
    "doubt_after_restart": "resume",
    "reject_row_full": "emptied",
    "holder_full": "hold",
    "voids_in_a_row": "continue",
    "house_in_doubt": "go-on",
}
"""What he answers to what has no deadline; everything else is left to its safe default."""

_LOOKS_AGAIN = 2
"""So often he has the cell look again for one block before he takes it out."""

NAME = "technician"


class Technician:
    """Comes to one cell. ``visits`` counts what he came for."""

    def __init__(self, world: World) -> None:
        self.visits: Counter[str] = Counter()
        self._doubted: Counter[str] = Counter()
        self._world = world

    async def attend(self, rig: Rig) -> None:
        """Look after a cell until cancelled."""
        while True:
            seen = rig.ledger.version
            if self._called(rig):
                await rig.clock.sleep(WAY_S)
                if self._called(rig):
                    await self._help(rig)
                    continue
            await rig.ledger.changed(seen)

    def _called(self, rig: Rig) -> bool:
        state = rig.state
        waiting = any(self._is_his(asked) for asked in state.questions.values())
        return waiting or (state.mode == "HELD" and not state.questions)

    async def _help(self, rig: Rig) -> None:
        for asked in tuple(rig.state.questions.values()):
            if self._is_his(asked):
                await self._answer(rig, asked)
                return
        self.visits["resume"] += 1
        ident = f"resume-{rig.ledger.journal.seq}"
        await obey(rig.ledger, Command(ident, "resume", {}, NAME))

    def _is_his(self, asked: DecisionAsked) -> bool:
        return not asked.deadline

    async def _answer(self, rig: Rig, asked: DecisionAsked) -> None:
        option = _ANSWERS.get(asked.kind, asked.default)
        self.visits[asked.kind] += 1
        if asked.kind == "transfer_doubt" and asked.block in self._world.where:
            self._doubted[asked.block] += 1
            if self._doubted[asked.block] > _LOOKS_AGAIN:
                option = "taken-out"
                self._world.carry_away(asked.block)
        # Every other time he is not sure of what he saw, or does not look.
        if asked.kind == ASKS and number_of(asked.question) % 2 == 0:
            option = read_display(self._world, asked.text)
        if asked.kind == "doubt_after_restart" and number_of(asked.question) % 2 == 0:
            option = resume_with(self._world, asked.options)
        if asked.kind == "reject_row_full":
            for name, at in tuple(self._world.where.items()):
                if at.startswith("reject-"):
                    self._world.carry_away(name)
        await rig.ledger.record(*answer(asked, option, NAME))

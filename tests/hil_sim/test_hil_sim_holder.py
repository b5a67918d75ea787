"""The blocks of the fixed holder are exchanged by people; `lab.toml` may name one that was out."""

import asyncio
import itertools
import math
from dataclasses import replace

import pytest

from controller.assembly import Folder
from controller.bus.local import LocalBus
from controller.events import (
    CheckJudged,
    DecisionAsked,
    DecisionWithdrawn,
    HolderStocked,
    IndentIntended,
    TransferIntended,
)
from controller.fold import fold_all
from controller.journal import read_rows
from controller.messages import Command
from controller.modes import obey
from controller.serving import view_of
from drivers.interfaces import Place, Station
from hil_sim.scenario.crash import Reaper
from hil_sim.scenario.dates import DEMO_START
from hil_sim.scenario.lab import build_lab, holder_block, make_tray
from hil_sim.scenario.run import Killed, Session, daemon, recorder
from hil_sim.scenario.soak_trays import empty
from hil_sim.world import GRIPPER
from runtime import Clock, run_virtual, within
from tests.labs import lab_config, tray, truths

OLD, NEW = "CHECK-HRC-1", "CHECK-HRC-2"
PLACE = Place(Station.HOLDER, 2)
TRAYS = [replace(tray(block), tray=name) for block, name in (("2007-102", "A"), ("2007-103", "B"))]


def naming(check, **changed):
    """Return the shipped configuration with another check block."""
    config = lab_config()
    block = config.holder.check.model_copy(update={"name": check, **changed})
    holder = config.holder.model_copy(update={"check": block})
    return config.model_copy(update={"holder": holder})


class House:
    """A simulated lab, and the folder of its journal, over several lives of the daemon."""

    def __init__(self, folder, clock):
        self.folder, self.clock = folder, clock
        self.lab = build_lab(naming(OLD), TRAYS[0], truths(), seed=1, clock=clock)
        self.out = {NEW: holder_block(naming(NEW).holder.check, 1)}
        self.keeping = asyncio.ensure_future(recorder(self.session(naming(OLD)), self.lab))

    def session(self, config):
        return Session(config, Folder(self.folder), self.clock, 1, keep_pictures=False)

    def put_in(self, name):
        """Take the check block out and another one in, as people do: nobody is told."""
        world, gone = self.lab.world, self.lab.world.occupant(PLACE)
        world.carry_away(gone.name)
        self.out[gone.name] = gone
        world.add(self.out.pop(name), PLACE)

    def bring(self, manifest):
        """Put another tray in the place of the one that is there."""
        empty(self.lab, Station.SLOT)
        for block, place in make_tray(naming(OLD), manifest, truths(), 1, self.lab.cell.camera):
            self.lab.world.add(block, place)

    async def live(self, config, manifest, *, boundary=None, person=None):
        """Live one life; the person, if there is one, gets rig and bus."""

        async def attend(rig):
            bus = LocalBus()
            await bus.open(lambda command: obey(rig.ledger, command), lambda: view_of(rig))
            await person(rig, bus)
            await asyncio.Event().wait()

        await self.clock.sleep(700)  # people take their time; no crash loop
        async with within(3600, "the end of this life"):
            return await daemon(
                self.session(config),
                self.lab,
                manifest,
                boundary=boundary,
                meanwhile=attend if person else None,
            )

    def events(self, kind=object):
        rows = read_rows(self.folder / "journal.sqlite")
        return [event for event in (row.event() for row in rows) if isinstance(event, kind)]

    def checked_and_home(self):
        """Return whether a check was made, and the journal knows its block in the holder again."""
        state = fold_all(self.events())
        return bool(state.duties_done) and state.blocks[OLD].at == str(PLACE)

    def crowded(self):
        """Return the nearest that two indentations of the old block lie to each other, mm."""
        marks = [mark for mark in self.lab.world.blocks[OLD].marks if mark.cycle]
        assert len(marks) > 1
        return min(math.hypot(a.x - b.x, a.y - b.y) for a, b in itertools.combinations(marks, 2))


def in_a_house(folder, story):
    async def main():
        house = House(folder, Clock.starting(DEMO_START))
        try:
            await story(house)
        finally:
            house.keeping.cancel()

    run_virtual(main())


def dies(when):
    """Return a boundary at which a life ends as soon as something is so."""

    def at(name):
        if when():
            raise Killed

    return at


async def asked_of(rig, kind="holder_in_doubt"):
    while not (found := [one for one in rig.state.undecided if one.kind == kind]):
        await rig.ledger.changed(rig.ledger.version)
    (question,) = found
    return question


def says(option, seen):
    async def person(rig, bus):
        question = await asked_of(rig)
        await rig.clock.sleep(60)
        seen.append(question)
        order = {"question": question.question, "option": option}
        assert (await bus.request(Command("c-1", "decide", order, "Li"))).accepted

    return person


async def exchanged(house, *, finish):
    """Live until a new check block is known; then its predecessor is put back in its place.

    With ``finish`` a tray was accepted meanwhile, so that only the name is still known.
    """
    if finish:
        await house.live(naming(OLD), TRAYS[0])
        house.bring(TRAYS[1])
    else:
        with pytest.raises(Killed):
            await house.live(naming(OLD), TRAYS[0], boundary=dies(house.checked_and_home))
    house.put_in(NEW)
    with pytest.raises(Killed):
        boundary = dies(lambda: len(house.events(HolderStocked)) == 3)
        await house.live(naming(NEW), TRAYS[finish], boundary=boundary)
    house.put_in(OLD)


@pytest.mark.parametrize("finish", [True, False], ids=["only its name is known", "still known"])
def test_a_check_block_that_comes_back_is_asked_about_before_anything_moves(finish, tmp_path):
    async def story(house):
        await exchanged(house, finish=finish)
        manifest = TRAYS[finish]
        moves = len(house.events((IndentIntended, TransferIntended)))

        async def leaves(rig, bus):
            await asked_of(rig)
            await rig.clock.sleep(60)
            raise Killed

        # Killed while the question stands: it stands on, once, for whoever comes.
        with pytest.raises(Killed):
            await house.live(naming(OLD), manifest, person=leaves)
        seen = []
        rig = await house.live(naming(OLD), manifest, person=says("stop", seen))
        assert rig.state.mode == "STOPPED"
        (asked,) = [e for e in house.events(DecisionAsked) if e.kind == "holder_in_doubt"]
        assert asked == seen[0] and asked.default == "stop" and not asked.deadline
        assert f"names {OLD} as the check block" in asked.text and "taken out" in asked.text
        assert f"keep: go on with {NEW} at holder-02" in asked.text and "first_free" in asked.text
        assert len(house.events((IndentIntended, TransferIntended))) == moves

        # The remedy of the question: a name of its own, and what it bears left out.
        used = len([mark for mark in house.lab.world.blocks[OLD].marks if mark.cycle])
        rig = await house.live(naming("CHECK-HRC-1b", first_free=used), manifest)
        assert rig.state.tray_finished and not rig.state.questions
        assert house.crowded() > 2.3
        assert not house.lab.world.accidents

    in_a_house(tmp_path, story)


def test_keep_goes_on_with_the_block_that_the_journal_knows(tmp_path):
    async def story(house):
        await exchanged(house, finish=False)
        house.put_in(NEW)  # lab.toml was wrong, not the holder
        seen = []
        rig = await house.live(naming(OLD), TRAYS[0], person=says("keep", seen))
        assert rig.state.tray_finished and len(seen) == 1
        assert [e.block for e in house.events(CheckJudged)] == [OLD, NEW]
        assert len(house.lab.world.blocks[OLD].marks) == 1

    in_a_house(tmp_path, story)


def test_the_question_is_withdrawn_when_the_file_was_put_right(tmp_path):
    async def story(house):
        await exchanged(house, finish=False)
        house.put_in(NEW)

        async def leaves(rig, bus):
            await asked_of(rig)
            raise Killed

        with pytest.raises(Killed):
            await house.live(naming(OLD), TRAYS[0], person=leaves)
        rig = await house.live(naming(NEW), TRAYS[0])
        assert rig.state.tray_finished
        (withdrawn,) = house.events(DecisionWithdrawn)
        assert withdrawn.reason == "it was looked at again"

    in_a_house(tmp_path, story)


def test_what_the_journal_knows_of_a_block_is_not_changed_by_the_file(tmp_path):
    async def story(house):
        with pytest.raises(Killed):
            await house.live(naming(OLD), TRAYS[0], boundary=Reaper(60))
        stocked = house.events(HolderStocked)
        seen = []
        changed = naming(OLD, first_free=9)
        rig = await house.live(changed, TRAYS[0], person=says("stop", seen))
        assert rig.state.mode == "STOPPED" and house.events(HolderStocked) == stocked
        assert "other positions" in seen[0].text and "first_free" in seen[0].text

    in_a_house(tmp_path, story)


def test_a_block_in_use_is_not_exchanged(tmp_path):
    async def story(house):
        with pytest.raises(Killed):
            away = dies(lambda: house.lab.world.where[OLD] == GRIPPER)
            await house.live(naming(OLD), TRAYS[0], boundary=away)
        seen = []
        rig = await house.live(naming(NEW), TRAYS[0], person=says("stop", seen))
        assert rig.state.mode == "STOPPED" and len(house.events(HolderStocked)) == 2
        assert f"{OLD} is in use" in seen[0].text and f"stop: name {OLD} again" in seen[0].text
        rig = await house.live(naming(OLD), TRAYS[0])
        assert rig.state.tray_finished

    in_a_house(tmp_path, story)

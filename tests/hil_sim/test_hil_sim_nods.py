"""Every device of a cell is asked in passing, and whatever befalls the answer does no harm."""

from __future__ import annotations

import asyncio

import pytest

from controller.assembly import connect_devices
from drivers.interfaces import Done
from drivers.lines import LabLines
from drivers.spool import Spool
from hil_sim.faults import Fault, Faults
from hil_sim.scenario.campaign.variants import lab_of
from hil_sim.scenario.dates import DEMO_START
from hil_sim.scenario.lab import build_lab
from runtime import Clock, run_virtual

ON_WIRES = {
    "station": "station",
    "arm": "arm",
    "camera": "camera",
    "positioner": "stage",
    "gauge": "gauge",
    "reader": "reader",
    "climate": "climate",
    "safety": "safety",
}
EVERY = {*ON_WIRES, "dashboard", "results"}


def with_sign(tmp_path, name, scene):
    async def main():
        config, clock = lab_of(5, None), Clock.starting(DEMO_START)
        lab = build_lab(config, None, {}, seed=5, clock=clock)
        spool = tmp_path / "records.spool"
        Spool(spool).close()
        devices = connect_devices(config, LabLines(lab.bench), clock, spool)
        assert set(devices.signs) == EVERY
        return await scene(devices.signs[name], lab.cell)

    return run_virtual(main())


async def nodded(sign, seconds=0.9):
    """Return what came of one nod in so many seconds: a list, empty if nothing did."""
    heard = []
    assert sign.nod(heard.append)
    await asyncio.sleep(seconds)
    return heard


@pytest.mark.parametrize("name", sorted(EVERY))
def test_a_device_is_asked_in_passing_once_its_line_stands(tmp_path, name):
    async def scene(sign, cell):
        if name != "results":
            assert not sign.nod(lambda _: None), "no line yet"
        assert isinstance(await sign.ask(), Done)
        for _ in range(3):
            await asyncio.sleep(1)
            (heard,) = await nodded(sign)
            assert isinstance(heard, Done)

    with_sign(tmp_path, name, scene)


@pytest.mark.parametrize("fault", [Fault.LOSE_REPLY, Fault.HANG, Fault.LATE_PACKET])
@pytest.mark.parametrize("name", sorted(ON_WIRES))
def test_a_nod_that_is_not_answered_is_silence_and_the_next_question_is_safe(tmp_path, name, fault):
    async def scene(sign, cell):
        faults = Faults(getattr(cell, ON_WIRES[name]))
        assert isinstance(await sign.ask(), Done)
        await asyncio.sleep(1)
        faults.inject(fault, seconds=2.5)
        assert await nodded(sign) == []
        assert not sign.nod(lambda _: None), "one question at a time"
        answers = [await sign.ask() for _ in range(4)]
        assert isinstance(answers[-1], Done)
        await asyncio.sleep(1)
        # What came late may lie on a line that bears no numbers: asked in full, it is cleared.
        for _ in range(2):
            if not sign.nod(lambda _: None):
                assert isinstance(await sign.ask(), Done)
            await asyncio.sleep(1)
        (heard,) = await nodded(sign)
        assert isinstance(heard, Done)

    with_sign(tmp_path, name, scene)


@pytest.mark.parametrize("name", sorted(ON_WIRES))
def test_a_line_that_is_lost_ends_the_nod(tmp_path, name):
    async def scene(sign, cell):
        faults = Faults(getattr(cell, ON_WIRES[name]))
        assert isinstance(await sign.ask(), Done)
        await asyncio.sleep(1)
        faults.inject(Fault.DROP_CONNECTION)
        (heard,) = await nodded(sign)
        assert not isinstance(heard, Done)
        answers = [await sign.ask() for _ in range(2)]
        assert isinstance(answers[-1], Done)

    with_sign(tmp_path, name, scene)


@pytest.mark.parametrize("name", sorted(ON_WIRES))
def test_a_spoilt_answer_spoils_nothing_that_is_asked_later(tmp_path, name):
    async def scene(sign, cell):
        faults = Faults(getattr(cell, ON_WIRES[name]))
        assert isinstance(await sign.ask(), Done)
        await asyncio.sleep(1)
        faults.inject(Fault.GARBLE, count=3)
        for _ in range(3):
            sign.nod(lambda _: None)
            await asyncio.sleep(2)
        answers = [await sign.ask() for _ in range(3)]
        assert isinstance(answers[-1], Done)

    with_sign(tmp_path, name, scene)

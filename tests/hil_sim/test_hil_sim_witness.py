"""Each promise is broken once, on purpose: the witness must notice it, by its own rule."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest

from controller import (
    cell,
    choose,
    indentation,
    interlocks,
    judging,
    settling,
    tester_records,
    transfer,
)
from controller.events import (
    BlockIdentified,
    BlockRefused,
    Evidence,
    IndentConfirmed,
    IndentIntended,
)
from controller.evidence import Happened, Unspent, Void
from controller.ledger import Ledger
from controller.state import CellState, Use
from drivers.interfaces import Climate, Done
from drivers.spool_file import Spool
from drivers.station_plc import StationPlc
from hil_sim.devices.station_plc import SimStationPlc
from hil_sim.scenario.crash import walk
from hil_sim.scenario.witness import CHANGE_RULES, EVENT_RULES, read_spool, surface
from tests.labs import lab_config, tray, truths

ONE = "2007-102"
PLANTED: dict[str, str] = {}


def planted(rule):
    """Say which rule the test below breaks: no rule may be without one."""

    def register(test):
        PLANTED[rule] = test.__name__
        return test

    return register


def breaches(folder, *, trouble=None, deaths=(), rule):
    """Run a block; return what the rule said. A lab that stands still has not hidden anything."""
    heard = []
    config = lab_config(transfer_doubt={"default": "stop", "deadline_s": 60.0})
    # The bug may also break the program, or make it wait for ever.
    with suppress(TimeoutError, BaseExceptionGroup):
        walk(config, tray(ONE), truths(), folder, trouble=trouble, deaths=deaths, breaches=heard)
    return [breach for breach in heard if breach.rule == rule]


def customer_marks(lab):
    return [mark for block, mark in lab.world.indentations() if block.name == ONE]


def once_indented(act, *, count=2):
    """Do something to the lab as soon as the customer's block bears so many indentations."""

    async def trouble(lab, clock):
        while len(customer_marks(lab)) < count:
            await clock.sleep(0.2)
        act(lab)

    return trouble


@planted("no accident")
def test_an_accident_of_the_world(tmp_path):
    trouble = once_indented(lambda lab: lab.world.accident("the arm hit the frame"))
    assert breaches(tmp_path, trouble=trouble, rule="no accident")


@planted("intended")
def test_an_indentation_that_nobody_planned(tmp_path):
    def push(lab):
        lab.world.slide(20.0, 0.0)
        lab.world.indent(replace(customer_marks(lab)[-1], x=20.0, y=0.0, cycle=99))

    assert breaches(tmp_path, trouble=once_indented(push), rule="intended")


@planted("clearance")
def test_an_indentation_beside_another(tmp_path):
    def again(lab):
        mark = customer_marks(lab)[-1]
        lab.world.indent(replace(mark, x=mark.x + 0.5, cycle=99))

    assert breaches(tmp_path, trouble=once_indented(again), rule="clearance")


@planted("rim")
def test_an_indentation_at_the_rim(tmp_path):
    def at_the_rim(lab):
        lab.world.indent(replace(customer_marks(lab)[-1], x=31.0, y=0.0, cycle=99))

    assert breaches(tmp_path, trouble=once_indented(at_the_rim), rule="rim")


@planted("interlock")
def test_an_indentation_with_the_door_open(tmp_path, monkeypatch):
    monkeypatch.setattr(SimStationPlc, "motion_allowed", property(lambda _: True))

    async def leave_open(lab, clock):
        while not customer_marks(lab):
            await clock.sleep(0.2)
        before = len(customer_marks(lab))
        while len(customer_marks(lab)) == before:
            lab.cell.station.door_closed = False
            await clock.sleep(0.05)
        lab.cell.station.door_closed = True

    for owner in (interlocks, cell):
        monkeypatch.setattr(owner, "look_at_interlocks", _sees_nothing)
    monkeypatch.setattr(indentation, "_check_cell", _finds_nothing)
    assert breaches(tmp_path, trouble=leave_open, rule="interlock")


async def _sees_nothing(rig):
    return None


async def _finds_nothing(rig, block):
    return None


@planted("one owner")
def test_a_device_that_obeys_a_dead_session(tmp_path):
    def obey(lab):
        lab.world.retain(**{"plc.epoch": 0})
        lab.world.retain(**{"plc.accepted": 77})

    assert breaches(tmp_path, trouble=once_indented(obey), rule="one owner")


@planted("evident places")
def test_a_block_that_is_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(transfer, "weigh_transfer", lambda *_, **__: Happened())

    async def miss(lab, clock):
        lab.cell.arm.slip()

    assert breaches(tmp_path, trouble=miss, rule="evident places")


@planted("same block")
def test_a_block_that_takes_another_name(tmp_path, monkeypatch):
    from controller import measuring

    known = {**truths()}
    monkeypatch.setattr(
        measuring, "_identify", lambda rig, block, sized: (BlockIdentified(block.name, "code"),)
    )
    known[ONE] = replace(known[ONE], code="OTHER-7")
    outcome = walk(lab_config(), tray(ONE), known, tmp_path)
    assert [what for what in outcome.broken if what.startswith("same block:")]


@planted("claimed first")
def test_a_session_that_fences_nothing(tmp_path, monkeypatch):
    from controller.events import EpochClaimed

    original = Ledger.record

    async def silent(self, *batch, durable=True):
        told = [event for event in batch if not isinstance(event, EpochClaimed)]
        return await original(self, *told, durable=durable)

    monkeypatch.setattr(Ledger, "record", silent)
    assert breaches(tmp_path, rule="claimed first")


@planted("absent is absent")
def test_a_block_given_up_while_the_gripper_has_it(tmp_path, monkeypatch):
    done = []

    async def early(rig, action, step):
        if step == "release" and not done:
            done.append(step)
            await rig.ledger.record(BlockRefused(action.block, "gone", "absent"))
        return await step_of(rig, action, step)

    step_of = transfer._step
    monkeypatch.setattr(transfer, "_step", early)
    assert breaches(tmp_path, rule="absent is absent")


@planted("own reading")
def test_a_reading_that_is_not_the_testers(tmp_path, monkeypatch):
    original = settling._confirmed

    def embellished(*args, **kwargs):
        event = original(*args, **kwargs)
        return replace(event, hardness=event.hardness + 1)

    monkeypatch.setattr(settling, "_confirmed", embellished)
    assert breaches(tmp_path, rule="own reading")


@planted("true count")
def test_a_record_that_was_counted_and_is_not_known_of(tmp_path, monkeypatch):
    def lose(lab):
        lab.cell.results.faults.lose = 1
        monkeypatch.setattr(tester_records, "records_counted", lambda *_, **__: (0, 0))

    assert breaches(tmp_path, trouble=once_indented(lose), rule="true count")


@planted("grounded void")
def test_a_reading_voided_for_its_value(tmp_path, monkeypatch):
    original = settling.weigh_indent
    seen = []

    def picky(intent, *rest):
        finding = original(intent, *rest)
        if isinstance(finding, Happened) and intent.block == ONE and not seen:
            seen.append(finding)
            return Void("the total force looked odd", finding.record)
        return finding

    monkeypatch.setattr(settling, "weigh_indent", picky)
    assert breaches(tmp_path, rule="grounded void")


@planted("no second choice")
def test_a_spare_taken_without_a_void(tmp_path, monkeypatch):
    original = choose._indent_next

    def spare_first(block, duty, *, spares):
        if block.role == "customer" and not block.readings:
            index = next(i for i, p in enumerate(block.positions) if p.spare)
            return choose.Indent(block.name, index, duty)
        return original(block, duty, spares=spares)

    monkeypatch.setattr(choose, "_indent_next", spare_first)
    assert breaches(tmp_path, rule="no second choice")


@planted("spent is spent")
def test_an_indentation_that_is_denied(tmp_path, monkeypatch):
    monkeypatch.setattr(settling, "weigh_indent", lambda *_: Unspent("blind"))
    assert breaches(tmp_path, rule="spent is spent")


@planted("sound verdict")
def test_a_verdict_by_too_few_readings(tmp_path, monkeypatch):
    original = judging.judge

    def generous(scale, readings, regulation):
        return replace(original(scale, readings, regulation), uniformity=readings[0] - readings[0])

    monkeypatch.setattr(judging, "judge", generous)
    assert breaches(tmp_path, rule="sound verdict")


@planted("sound verdict")
def test_a_verdict_beyond_the_limit(tmp_path, monkeypatch):
    original = judging.judge

    def lenient(scale, readings, regulation):
        verdict = original(scale, readings, regulation)
        return replace(verdict, passed=not verdict.passed)

    monkeypatch.setattr(judging, "judge", lenient)
    assert breaches(tmp_path, rule="sound verdict")


@planted("own slot")
def test_a_fail_in_its_slot(tmp_path, monkeypatch):
    original = judging.judge
    monkeypatch.setattr(
        judging, "judge", lambda *of: replace(original(*of), passed=False, reason="for a test")
    )
    monkeypatch.setattr(choose, "destination", lambda state, block, layout: block.home)
    assert breaches(tmp_path, rule="own slot")


@planted("own slot")
def test_a_good_block_in_a_strange_slot(tmp_path, monkeypatch):
    monkeypatch.setattr(choose, "destination", lambda state, block, layout: "slot-30")
    assert breaches(tmp_path, rule="own slot")


@planted("own reading")
def test_a_reading_of_a_cycle_that_went_wrong(tmp_path, monkeypatch):
    from controller import evidence

    async def spoil(lab, clock):
        lab.cell.station.bad_cycle(dwell_ms=2000)

    monkeypatch.setattr(evidence, "cycle_fault", lambda *of: "")
    assert breaches(tmp_path, trouble=spoil, rule="own reading")


@planted("true climate")
def test_a_climate_of_another_time(tmp_path, monkeypatch):
    async def yesterday(self):
        return Done(Climate(Decimal("20.5"), Decimal("45.0")))

    monkeypatch.setattr(StationPlc, "climate", yesterday)
    assert breaches(tmp_path, rule="true climate")


@planted("all accounted")
def test_an_indentation_nobody_accounts_for(tmp_path):
    def double(lab):
        mark = customer_marks(lab)[-1]
        lab.world.indent(replace(mark, cycle=99))

    assert breaches(tmp_path, trouble=once_indented(double), rule="all accounted")


@planted("true measure")
def test_a_label_of_another_block(tmp_path, monkeypatch):
    from controller import measuring

    original = measuring.BlockSized
    monkeypatch.setattr(
        measuring, "BlockSized", lambda block, code, *rest: original(block, "CHECK-HRC-1", *rest)
    )
    assert breaches(tmp_path, rule="true measure")


@planted("on disk")
def test_a_confirmation_that_is_not_on_disk(tmp_path, monkeypatch):
    original = Ledger.record

    async def lazy(self, *batch, durable=True):
        confirms = any(isinstance(event, IndentConfirmed) for event in batch)
        return await original(self, *batch, durable=durable and not confirms)

    monkeypatch.setattr(Ledger, "record", lazy)
    assert breaches(tmp_path, rule="on disk")


@planted("nothing forgotten")
def test_an_intent_that_a_crash_forgets(tmp_path, monkeypatch):

    original = Ledger.record

    async def lazy(self, *batch, durable=True):
        intends = any(isinstance(event, IndentIntended) for event in batch)
        return await original(self, *batch, durable=durable and not intends)

    undisturbed = walk(lab_config(), tray(ONE), truths(), tmp_path / "undisturbed")
    sent = [i for i, name in enumerate(undisturbed.passed, 1) if name == "indent-after-act"]
    monkeypatch.setattr(Ledger, "record", lazy)
    assert breaches(tmp_path / "crash", deaths=[sent[3] - 1], rule="nothing forgotten")


def test_every_rule_has_its_planted_violation():
    rules = {*CHANGE_RULES, *EVENT_RULES, "no accident", "on disk", "nothing forgotten"}
    assert set(PLANTED) == rules


def test_an_undisturbed_block_breaks_nothing_and_every_rule_was_asked(tmp_path):
    outcome = walk(lab_config(), tray(ONE), truths(), tmp_path)
    assert outcome.broken == ()
    assert [p.use for p in outcome.state.customers[0].positions].count(Use.MEASURED) == 5
    assert set(outcome.checked) == set(PLANTED)
    assert min(outcome.checked.values()) > 0


@pytest.fixture(autouse=True)
def _quiet(caplog):
    caplog.set_level("CRITICAL")


def test_an_indentation_that_waits_for_its_picture_is_not_the_one_being_made():
    # A doubted block was on its way to the camera while another was indented: nothing wrong.
    before = Evidence(1, 1, 1)
    waiting, made = (
        IndentIntended(f"op-{n}", block, 0, 0.0, 0.0, "HRC", "", n, 1, before)
        for n, block in ((1, "A"), (2, "B"))
    )
    state = CellState(intents={"op-1": waiting, "op-2": made}, doubts={"op-1": 1})
    assert surface._open_intent(SimpleNamespace(state=state)) is made


def test_what_the_recorder_kept_later_was_not_known_when_an_event_was_committed(tmp_path):
    # After a death in the instant of a commit the event is heard when more has come in.
    spool = Spool(tmp_path / "records.spool")
    times = [datetime(2026, 1, 5, 12, 0, second, tzinfo=UTC) for second in (1, 9)]
    for number, time in enumerate(times, 1):
        spool.append(time, f"{number:06d}:   60.26HRC     ".encode())
    spool.close()
    assert [number for number, _ in read_spool(spool.path)] == [1, 2]
    assert [number for number, _ in read_spool(spool.path, times[0])] == [1]

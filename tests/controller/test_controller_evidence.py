"""Every combination of evidence with the finding that it allows, and nothing more."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.events import Evidence, IndentIntended, Shown, TransferIntended
from controller.evidence import (
    Doubt,
    Finding,
    Happened,
    Tolerances,
    Unspent,
    Void,
    WhoseRecord,
    arm_evidence,
    cycle_fault,
    records_counted,
    weigh_indent,
    weigh_transfer,
)
from controller.evidence import tester_evidence as evidence_of_tester
from drivers.interfaces import (
    Activity,
    ArmStatus,
    Cycle,
    CycleEnd,
    Fence,
    IndentOrder,
    ResultRecord,
)
from drivers.interfaces import TesterStatus as Status
from drivers.record_count import BEYOND_COUNT, RecordCount
from drivers.spool import Ambiguous, Match, Matched, Missing, Unproved, match_record

BEFORE = Evidence(boot=3, epoch=2, accepted=40, count=7, record=16, records=12)
INTENT = IndentIntended("op-1", "B", 0, 0.0, 0.0, "HRC", "", 99, 1, BEFORE)
ORDER = IndentOrder("HRC", 99, 3000, 5000, 1000)
TOLERANCES = Tolerances(dwell_s=0.5, force_pct=0.5, force_n=Decimal("1471.0"))
CYCLE = Cycle(8, CycleEnd.COMPLETE, 99, 3000, 4000, 5000, Decimal("1471.0"))
STATUS = Status(Fence(3, 2, 41), Activity.DONE, 0, CYCLE)


def record(number: int = 17, scale: str = "HRC", hardness: str = "61.2") -> ResultRecord:
    raw = f"{number:03d} {scale} {hardness}".encode()
    at = datetime(2026, 1, 5, tzinfo=UTC)
    return ResultRecord(number, scale, Decimal(hardness), "OK", raw, at)


MATCHES: dict[str, Match] = {
    "matched": Matched(record()),
    "copied": Matched(record(), repeats=2),
    "missing": Missing(),
    "unproved": Unproved(record(), "it may be that of an earlier cycle"),
    "ambiguous": Ambiguous((record(17), record(18)), "2 new records instead of one: 17, 18"),
}
FAULTS = {
    "none": CYCLE,
    "preliminary": replace(CYCLE, preliminary_dwell_ms=3501),
    "dwell": replace(CYCLE, total_dwell_ms=4499),
    "force": replace(CYCLE, total_force_n=Decimal("1478.4")),
}


def expected(
    boot: int, made: int, tag: int, end: CycleEnd, match: str, fault: str
) -> type[Finding]:
    """Say what follows, written from the design and not from the code."""
    if boot != BEFORE.boot:
        return Doubt
    if made == 0:
        return Unspent if match == "missing" else Doubt
    if made != 1 or tag != INTENT.tag:
        return Doubt
    if end is not CycleEnd.COMPLETE or match in ("missing", "ambiguous") or fault != "none":
        return Void
    return WhoseRecord if match == "unproved" else Happened


@pytest.mark.parametrize("match", MATCHES)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("made", [-7, -1, 0, 1, 2])
def test_every_combination_has_its_finding(made: int, fault: str, match: str) -> None:
    for boot, tag, end in itertools.product((3, 4), (99, 98, 0), CycleEnd):
        cycle = replace(FAULTS[fault], count=7 + made, tag=tag, end=end)
        status = replace(STATUS, fence=Fence(boot, 2, 41), cycle=cycle)
        finding = weigh_indent(INTENT, ORDER, status, MATCHES[match], TOLERANCES)
        assert type(finding) is expected(boot, made, tag, end, match, fault), (boot, tag, end)
        kept = getattr(finding, "record", None)
        # A record that came is kept with whatever was found, unless it may be another's.
        if match in ("matched", "copied") or isinstance(finding, WhoseRecord):
            assert kept == record()
        else:
            assert kept is None


def test_a_clean_cycle_with_its_record_happened() -> None:
    finding = weigh_indent(INTENT, ORDER, STATUS, MATCHES["matched"], TOLERANCES)
    assert finding == Happened(record())


def test_a_record_of_another_scale_is_void_and_named() -> None:
    stranger = Matched(record(scale="HRB"))
    finding = weigh_indent(INTENT, ORDER, STATUS, stranger, TOLERANCES)
    assert isinstance(finding, Void)
    assert "HRB" in finding.reason and "HRC" in finding.reason
    assert finding.record == stranger.record


@settings(deadline=None)
@given(
    hardness=st.decimals(-10, 2000, places=2),
    tolerance=st.sampled_from(["OK", "HI", "LO", ""]),
    made=st.sampled_from([-1, 0, 1, 2]),
    boot=st.sampled_from([3, 4]),
    tag=st.sampled_from([99, 1]),
    end=st.sampled_from(CycleEnd),
    fault=st.sampled_from(sorted(FAULTS)),
    scale=st.sampled_from(["HRC", "HRB"]),
)
def test_the_value_never_decides(
    hardness: Decimal,
    tolerance: str,
    made: int,
    boot: int,
    tag: int,
    end: CycleEnd,
    fault: str,
    scale: str,
) -> None:
    plain = record(scale=scale)
    other = replace(plain, hardness=hardness, tolerance=tolerance)
    cycle = replace(FAULTS[fault], count=7 + made, tag=tag, end=end)
    status = replace(STATUS, fence=Fence(boot, 2, 41), cycle=cycle)
    first, second = (
        weigh_indent(INTENT, ORDER, status, Matched(one), TOLERANCES) for one in (plain, other)
    )
    assert type(first) is type(second)
    assert getattr(first, "reason", "") == getattr(second, "reason", "")


@pytest.mark.parametrize("activity", Activity)
@pytest.mark.parametrize("fault", [0, 7])
def test_what_the_tester_does_now_is_no_evidence_of_what_it_did(
    activity: Activity, fault: int
) -> None:
    status = replace(STATUS, activity=activity, fault=fault)
    assert isinstance(weigh_indent(INTENT, ORDER, status, MATCHES["matched"], TOLERANCES), Happened)


def test_records_that_do_not_fit_are_void_for_that_reason() -> None:
    ambiguous = MATCHES["ambiguous"]
    assert isinstance(ambiguous, Ambiguous)
    finding = weigh_indent(INTENT, ORDER, STATUS, ambiguous, TOLERANCES)
    assert isinstance(finding, Void)
    assert ambiguous.detail in finding.reason


# -- from the spool to the finding ---------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "finding"),
    [
        ((16, 17), Happened),
        ((16, 17, 17), Happened),
        ((16, 16, 17), Happened),
        ((16,), Void),
        ((16, 16), Void),
        ((16, 18), WhoseRecord),
        ((16, 17, 18), Void),
        ((16, 15), WhoseRecord),
    ],
)
def test_the_record_must_be_the_one_after_the_last(
    numbers: tuple[int, ...], finding: type[Finding]
) -> None:
    kept = [record(number) for number in numbers]
    intent = replace(INTENT, before=replace(BEFORE, records=1))
    match = match_record(kept, known=1, count=RecordCount(16).cycles(1, 1))
    assert type(weigh_indent(intent, ORDER, STATUS, match, TOLERANCES)) is finding


@pytest.mark.parametrize(
    ("shown", "finding"), [("same", Happened), ("other", Void), ("unread", Void)]
)
def test_the_display_tells_whose_a_record_is(shown: Shown, finding: type[Finding]) -> None:
    # A door that is opened on the way to the display changes nothing any more.
    for activity in (Activity.DONE, Activity.FAULT):
        status = replace(STATUS, activity=activity)
        found = weigh_indent(INTENT, ORDER, status, MATCHES["unproved"], TOLERANCES, shown)
        assert type(found) is finding
    # It says nothing of timing and force.
    off = replace(STATUS, cycle=FAULTS["dwell"])
    assert isinstance(
        weigh_indent(INTENT, ORDER, off, MATCHES["unproved"], TOLERANCES, shown), Void
    )


def test_the_display_proves_nothing_of_a_cycle_that_may_not_be_counted() -> None:
    """Its last number may be that of a test by hand, made before the cycle that broke off."""
    broken_off = replace(STATUS, activity=Activity.FAULT)
    found = weigh_indent(INTENT, ORDER, broken_off, MATCHES["unproved"], TOLERANCES)
    assert isinstance(found, Void) and "broken off" in found.reason


@pytest.mark.parametrize(
    ("made", "tag", "end", "activity", "counts", "counted"),
    [
        (1, 99, CycleEnd.COMPLETE, Activity.DONE, True, (1, 1)),
        (1, 99, CycleEnd.COMPLETE, Activity.FAULT, False, (0, 1)),
        (1, 99, CycleEnd.AFTER_CONTACT, Activity.FAULT, True, (0, 1)),
        (1, 99, CycleEnd.AFTER_CONTACT, Activity.FAULT, False, (0, 0)),
        (1, 98, CycleEnd.AFTER_CONTACT, Activity.FAULT, False, (0, 1)),
        (0, 99, CycleEnd.BEFORE_CONTACT, Activity.IDLE, True, (0, 0)),
        (3, 99, CycleEnd.COMPLETE, Activity.DONE, False, (0, 3)),
        (-2, 99, CycleEnd.COMPLETE, Activity.DONE, False, (0, BEYOND_COUNT)),
    ],
)
def test_how_many_records_the_tester_has_counted(
    made: int, tag: int, end: CycleEnd, activity: Activity, counts: bool, counted: tuple[int, int]
) -> None:
    cycle = replace(CYCLE, count=7 + made, tag=tag, end=end)
    status = replace(STATUS, activity=activity, cycle=cycle)
    assert records_counted(INTENT, status, counts_broken_off=counts) == counted


@pytest.mark.parametrize(
    ("boot", "made", "tag", "end", "activity", "seen", "counted"),
    [
        # The station has seen what the tester showed, whoever made the test.
        (3, 1, 99, CycleEnd.COMPLETE, Activity.DONE, 1, (1, 1)),
        (3, 1, 99, CycleEnd.HELD, Activity.FAULT, 0, (0, 0)),
        (3, 1, 99, CycleEnd.COMPLETE, Activity.FAULT, 1, (1, 1)),
        (3, 2, 98, CycleEnd.COMPLETE, Activity.DONE, 1, (1, 1)),
        (3, 0, 99, CycleEnd.BEFORE_CONTACT, Activity.IDLE, 1, (1, 1)),
        # Power was lost before the tester could read, while it read, and after.
        (4, 1, 99, CycleEnd.HELD, Activity.FAULT, 0, (0, 0)),
        (4, 1, 99, CycleEnd.COMPLETE, Activity.FAULT, 0, (0, 1)),
        (4, 1, 99, CycleEnd.COMPLETE, Activity.FAULT, 1, (1, 1)),
        (4, 2, 98, CycleEnd.AFTER_CONTACT, Activity.FAULT, 1, (1, 2)),
        # One that came to its end and showed nothing, or twice: the wire is not what it should be.
        (3, 1, 99, CycleEnd.COMPLETE, Activity.DONE, 0, (0, 1)),
        (3, 1, 99, CycleEnd.COMPLETE, Activity.DONE, 2, (1, 2)),
        (3, 1, 99, CycleEnd.COMPLETE, Activity.DONE, -5, (0, BEYOND_COUNT)),
    ],
)
def test_what_the_station_saw_says_how_many_records_were_counted(
    boot: int,
    made: int,
    tag: int,
    end: CycleEnd,
    activity: Activity,
    seen: int,
    counted: tuple[int, int],
) -> None:
    intent = replace(INTENT, before=replace(BEFORE, results=20))
    cycle = replace(CYCLE, count=7 + made, tag=tag, end=end, results=20 + seen)
    status = replace(STATUS, fence=Fence(boot, 2, 41), activity=activity, cycle=cycle)
    for counts_broken_off in (False, True):
        assert records_counted(intent, status, counts_broken_off=counts_broken_off) == counted


# -- timing and force ----------------------------------------------------------------------


@settings(deadline=None)
@given(st.integers(0, 20_000), st.integers(0, 20_000))
def test_a_dwell_may_stray_as_far_as_its_tolerance(preliminary: int, total: int) -> None:
    cycle = replace(CYCLE, preliminary_dwell_ms=preliminary, total_dwell_ms=total)
    fault = cycle_fault(ORDER, cycle, TOLERANCES)
    inside = 2500 <= preliminary <= 3500 and 4500 <= total <= 5500
    assert (fault == "") is inside
    if not 2500 <= preliminary <= 3500:
        assert "preliminary dwell" in fault


@settings(deadline=None)
@given(st.decimals(Decimal("1400"), Decimal("1540"), places=3))
def test_the_force_may_stray_as_far_as_its_tolerance(force: Decimal) -> None:
    fault = cycle_fault(ORDER, replace(CYCLE, total_force_n=force), TOLERANCES)
    # 0.5 % of 1471.0 N are 7.355 N, the limit itself included.
    inside = Decimal("1463.645") <= force <= Decimal("1478.355")
    assert (fault == "") is inside
    assert inside or str(force) in fault


@pytest.mark.parametrize(
    ("cycle", "inside"),
    [
        (replace(CYCLE, preliminary_dwell_ms=3500), True),
        (replace(CYCLE, preliminary_dwell_ms=2499), False),
        (replace(CYCLE, total_dwell_ms=4500), True),
        (replace(CYCLE, total_dwell_ms=5501), False),
        (replace(CYCLE, total_force_n=Decimal("1478.355")), True),
        (replace(CYCLE, total_force_n=Decimal("1463.645")), True),
        (replace(CYCLE, total_force_n=Decimal("1478.356")), False),
        (replace(CYCLE, total_force_n=Decimal("1463.644")), False),
    ],
)
def test_the_limit_itself_is_inside(cycle: Cycle, inside: bool) -> None:
    assert (cycle_fault(ORDER, cycle, TOLERANCES) == "") is inside


# -- transfers -------------------------------------------------------------------------------

PICK = TransferIntended("op-2", "pick", "B", "slot-01", "sizing", 1, BEFORE)
SENSES = list(itertools.product((False, True), repeat=3))


@pytest.mark.parametrize(("holding", "source", "target"), SENSES)
def test_a_pick_is_believed_when_gripper_and_source_agree(
    holding: bool, source: bool, target: bool
) -> None:
    finding = weigh_transfer(PICK, holding=holding, source=source, target=target)
    table = {(True, False): Happened, (False, True): Unspent}
    assert type(finding) is table.get((holding, source), Doubt)


@pytest.mark.parametrize(("holding", "source", "target"), SENSES)
def test_a_release_is_believed_when_gripper_and_target_agree(
    holding: bool, source: bool, target: bool
) -> None:
    release = replace(PICK, step="release")
    finding = weigh_transfer(release, holding=holding, source=source, target=target)
    table = {(False, True): Happened, (True, False): Unspent}
    assert type(finding) is table.get((holding, target), Doubt)


def test_a_contradiction_tells_all_three_sensors() -> None:
    finding = weigh_transfer(PICK, holding=True, source=True, target=False)
    assert isinstance(finding, Doubt)
    for told in ("gripper full", "source full", "target empty"):
        assert told in finding.reason


# -- what the journal keeps ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kept", "last", "records"),
    [((), -1, 0), ((record(16),), 16, 1), ((record(998), record(999), record(0)), 0, 3)],
)
def test_the_testers_evidence_is_its_fence_its_count_and_the_spool(
    kept: tuple[ResultRecord, ...], last: int, records: int
) -> None:
    assert evidence_of_tester(STATUS, kept) == Evidence(3, 2, 41, 8, last, records, Activity.DONE)


def test_the_arms_evidence_is_its_fence() -> None:
    arm = ArmStatus(Fence(5, 2, 9), Activity.IDLE, 0, False, None, True, "normal", (0.0, 0.0, 0.0))
    assert arm_evidence(arm) == Evidence(5, 2, 9, activity=Activity.IDLE)

"""What tester and recorder say of a cycle; every record that reached the recorder is kept."""

from __future__ import annotations

from collections.abc import Sequence

from controller.events import IndentIntended, StrayRecord
from controller.evidence import Counted, records_counted
from controller.looking import read_tester
from controller.rig import Rig, Trouble
from drivers.interfaces import Done, ResultRecord, TesterStatus
from drivers.spool import Match, Missing, match_record

RECORD_POLL_S = 0.1


async def hear_out(
    rig: Rig, intent: IndentIntended, status: TesterStatus
) -> tuple[TesterStatus, Counted, Match, Sequence[ResultRecord]] | Trouble:
    """Return what tester and recorder say of a cycle, the counter read after the record."""
    broken_off = rig.config.devices.results.counts_broken_off
    while True:
        counted = records_counted(intent, status, counts_broken_off=broken_off)
        expected = status.cycle.count != intent.before.count
        heard = await _await_record(rig, intent, counted, patient=expected)
        if isinstance(heard, Trouble):
            return heard
        if counted[0] or isinstance(heard[0], Missing):
            return status, counted, *heard
        # It may be that of a test by hand, which only a counter read after it shows.
        again = await read_tester(rig)
        if isinstance(again, Trouble):
            return again
        if (again.fence.boot, again.cycle) == (status.fence.boot, status.cycle):
            return status, counted, *heard
        status = again


async def _await_record(
    rig: Rig, intent: IndentIntended, counted: Counted, *, patient: bool
) -> tuple[Match, Sequence[ResultRecord]] | Trouble:
    """Wait for the record of the cycle; the recorder may be a moment behind the PLC."""
    wait_s = rig.config.devices.results.record_wait_s if patient else 0.0
    deadline = rig.clock.link() + wait_s
    while True:
        kept = await rig.devices.results.records(rig.state.records)
        if not isinstance(kept, Done):
            return Trouble.of("results", kept)
        count = rig.state.count.cycles(*counted)
        match = match_record(kept.value, known=intent.before.records, count=count)
        if not isinstance(match, Missing) or rig.clock.link() >= deadline:
            return match, kept.value
        await rig.clock.sleep_link(RECORD_POLL_S)


async def account_for_records(rig: Rig) -> Trouble | None:
    """Journal every record that came without an indentation of ours, late ones too."""
    kept = await rig.devices.results.records(rig.state.records)
    if not isinstance(kept, Done):
        return Trouble.of("results", kept)
    strays = strays_of(rig, kept.value, None)
    if strays:
        await rig.ledger.record(*strays)
    return None


def strays_of(
    rig: Rig, kept: Sequence[ResultRecord], own: ResultRecord | None
) -> tuple[StrayRecord, ...]:
    """Return what is in the spool, unaccounted for, and not the record that is our own."""
    return tuple(
        StrayRecord(record.number, text_of(record), record.received.isoformat(), index)
        for index, record in enumerate(kept[rig.state.records :], start=rig.state.records + 1)
        if (own is None or record.raw != own.raw)
    )


def text_of(record: ResultRecord) -> str:
    """Return a record as the journal keeps it, foreign bytes escaped."""
    return record.raw.decode("ascii", "backslashreplace")

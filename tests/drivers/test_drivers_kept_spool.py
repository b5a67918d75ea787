"""Whether somebody keeps the tester's records, told within two seconds of his death."""

import asyncio

from drivers.interfaces import Done, Failure, NotDone
from drivers.kept_spool import KeptSpool
from drivers.recorder import keep_alive
from drivers.spool import SpoolReader
from drivers.spool_file import Kind, Spool
from runtime import run_virtual
from tests.rig_modbus import clock


def watched(folder, *, dies_after_s):
    """Look once a second; return when each look that failed came, and what it said."""
    failures = []

    async def main():
        time = clock()
        spool = Spool(folder / "records.spool")
        beating = asyncio.ensure_future(keep_alive(spool, time))
        kept = KeptSpool(SpoolReader(spool.path), beats=True)
        asyncio.get_running_loop().call_later(dies_after_s, beating.cancel)
        for second in range(20):
            await asyncio.sleep(second - time.link())
            outcome = await kept.look()
            if not isinstance(outcome, Done):
                failures.append((time.link(), outcome))
        beating.cancel()
        spool.close()

    run_virtual(main())
    return failures


def test_a_recorder_that_beats_is_never_called_dead(tmp_path):
    assert watched(tmp_path, dies_after_s=1000) == []


def test_a_dead_or_hung_recorder_is_noticed_within_2_s_and_named(tmp_path):
    for number in range(25):
        folder = tmp_path / str(number)
        folder.mkdir()
        dies = 5.01 + number / 25
        failures = watched(folder, dies_after_s=dies)
        at, outcome = failures[0]
        assert dies < at <= dies + 2.0
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.NO_REPLY
        assert "records.spool: its recorder gives no sign of life" in outcome.detail


def test_a_recorder_without_its_tester_says_so_and_no_spool_is_no_link(tmp_path):
    async def main():
        time = clock()
        path = tmp_path / "records.spool"
        kept = KeptSpool(SpoolReader(path), beats=False)
        nobody = await kept.look()
        assert isinstance(nobody, NotDone) and nobody.reason is Failure.NO_LINK
        remedy = "start hardlab recorder on the same folder"
        assert nobody.detail == f"records.spool: its recorder has not started yet; {remedy}"
        path.mkdir()
        strange = await kept.look()
        assert isinstance(strange, NotDone) and strange.reason is Failure.FAULT
        assert "cannot be read: Is a directory; is it this user's" in strange.detail
        path.rmdir()
        spool = Spool(path)
        assert isinstance(await kept.look(), Done)
        spool.append(time.utc(), kind=Kind.DOWN)
        silent = await kept.look()
        assert isinstance(silent, NotDone) and "has no line to the tester" in silent.detail
        spool.append(time.utc(), kind=Kind.UP)
        assert isinstance(await kept.look(), Done)
        spool.close()

    run_virtual(main())

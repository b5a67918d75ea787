"""Power goes while the disk writes: what was promised to be on it is, whatever else is torn.

The model of the file system: everything up to the last sync is there; of what was
written since, any prefix may be, and what follows it may be rubbish.
"""

import asyncio
import random
from datetime import UTC, datetime, timedelta

import pytest

from controller.events import AlarmRaised, ArmMoved
from controller.journal import Journal, broken_links
from drivers.codecs import versitron
from drivers.interfaces import Done
from drivers.spool import Spool, SpoolReader
from drivers.spool_file import Kind

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
COMMITS = 12
SECTOR = 512


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A journal that was being written: file, log, and (size of the log, seq) per commit."""
    folder = tmp_path_factory.mktemp("written")
    file = folder / "journal.sqlite"
    journal = Journal(file)
    synced = []
    for i in range(COMMITS):
        at = START + timedelta(seconds=i)
        journal.append(at, (ArmMoved(f"slot-{i:02d}"),), durable=False)
        journal.append(at, (AlarmRaised("a", f"device {i}", "x" * 40 * i),), durable=True)
        synced.append((file.with_name("journal.sqlite-wal").stat().st_size, journal.seq))
    journal.append(START, (ArmMoved("never promised"),), durable=False)
    # As the disk has it now: closing would tidy up.
    return file.read_bytes(), file.with_name("journal.sqlite-wal").read_bytes(), synced


def images(log, synced, commit):
    """Yield what may lie on the disk when power goes while the commit after this one is written."""
    start = synced[commit][0]
    end = synced[commit + 1][0] if commit + 1 < len(synced) else len(log)
    rng = random.Random(commit)
    for size in range(start, end + 1, SECTOR):
        yield log[:size]
        yield log[:size] + rng.randbytes(end - size)
        yield log[:size] + bytes(end - size)


@pytest.mark.parametrize("commit", range(COMMITS))
def test_no_committed_event_is_lost(commit, written, tmp_path):
    file, whole, synced = written
    tried = 0
    for log in images(whole, synced, commit):
        path = tmp_path / f"{tried}.sqlite"
        path.write_bytes(file)
        path.with_name(f"{path.name}-wal").write_bytes(log)
        journal = Journal(path)
        rows = list(journal.rows())
        assert journal.seq >= synced[commit][1] and not list(broken_links(iter(rows)))
        # And it goes on from there.
        journal.append(START, (ArmMoved("sizing"),), durable=True)
        journal.close()
        tried += 1
    assert tried >= 3


def test_the_journal_syncs_before_it_promises(tmp_path):
    """With less than FULL a committed INTENT may be gone after a power loss (measured)."""
    journal = Journal(tmp_path / "journal.sqlite")
    asked = [journal._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode",)]
    assert asked == ["wal"]
    assert journal._db.execute("PRAGMA synchronous").fetchone()[0] == 2
    journal.close()


def test_the_model_sees_what_is_not_synced(written, tmp_path):
    """An image from before a commit lacks its events: the test above could fail."""
    file, log, synced = written
    path = tmp_path / "early.sqlite"
    path.write_bytes(file)
    path.with_name("early.sqlite-wal").write_bytes(log[: synced[5][0] - SECTOR])
    journal = Journal(path)
    assert journal.seq < synced[5][1]
    journal.close()


def test_no_record_that_was_kept_is_lost(tmp_path):
    path = tmp_path / "records.spool"
    spool, sizes = Spool(path), []
    for number in range(1, 8):
        line = versitron.encode(versitron.VersitronRecord(number, "HRC", _hardness(number), ""))
        spool.append(START, line.rstrip(b"\r\n"), Kind.LINE)
        sizes.append(path.stat().st_size)
    spool.close()
    text = path.read_bytes()
    for kept, size in enumerate(sizes, start=1):
        end = sizes[kept] if kept < len(sizes) else len(text)
        for cut in range(size, end + 1):
            torn = tmp_path / f"{cut}.spool"
            torn.write_bytes(text[:cut] + b"\x00" * (end - cut))
            read = asyncio.run(SpoolReader(torn).records())
            assert isinstance(read, Done)
            assert [r.number for r in read.value][:kept] == list(range(1, kept + 1))


def _hardness(number):
    from decimal import Decimal

    return Decimal("60.10") + number

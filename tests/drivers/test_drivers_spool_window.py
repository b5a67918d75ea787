"""A reader of a spool keeps a window and begins where it was read before, and hides nothing."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import spool as spooling
from drivers.codecs import versitron
from drivers.interfaces import Done
from drivers.spool import LastRecords, SpoolReader
from drivers.spool_file import Entry, Kind
from drivers.spool_memo import memo_of, recall
from runtime import run_virtual

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def line(number: int) -> bytes:
    record = versitron.VersitronRecord(number % 10**6, "HRC", Decimal("61.20"), "")
    return Entry(NOON, Kind.LINE, versitron.encode(record, digits=6).rstrip(b"\r\n")).encode()


OTHERS = (
    Entry(NOON, Kind.UP).encode(),
    Entry(NOON, Kind.DOWN).encode(),
    Entry(NOON, Kind.LINE, b"hello").encode(),
    b"torn 1234\n",
    b"\n",
)


def numbers_of(reader: SpoolReader, after: int) -> tuple[int, list[int]]:
    """Return how many records there are, and the numbers from the last one left out on."""
    told = run_virtual(reader.records(after))
    assert isinstance(told, Done)
    begin = max(0, min(after, len(told.value)) - 1)
    return len(told.value), [record.number for record in told.value[begin:]]


STEP = st.one_of(
    st.tuples(st.just("grow"), st.integers(1, 30)),
    st.tuples(st.just("other"), st.integers(0, len(OTHERS) - 1)),
    st.tuples(st.just("read"), st.integers(0, 40)),
    st.tuples(st.just("look"), st.just(0)),
    st.tuples(st.just("restart"), st.just(0)),
    st.tuples(st.just("go back"), st.integers(0, 100)),
)


@settings(deadline=None, max_examples=60)
@given(steps=st.lists(STEP, max_size=40))
def test_a_window_shows_what_the_whole_shows(
    steps: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """``read`` n is a journal that accounts for all but n; ``go back`` one from an old copy."""
    path = tmp_path_factory.mktemp("spool") / "records.spool"
    path.write_bytes(b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spooling, "SPARE", 4)
        patch.setattr(spooling, "PIECE", 300)
        reader, made, up = SpoolReader(path), 0, None
        for what, n in steps:
            if what == "grow":
                with path.open("ab") as file:
                    file.write(b"".join(line(made + i) for i in range(n)))
                made += n
            elif what == "other":
                with path.open("ab") as file:
                    file.write(OTHERS[n])
                up = {0: True, 1: False}.get(n, up)
            elif what == "look":
                assert run_virtual(reader.look()) == Done(None)
            elif what == "restart":
                reader = SpoolReader(path)
            else:
                after = max(0, made - n) if what == "read" else min(n, made)
                assert numbers_of(reader, after) == (made, list(range(max(0, after - 1), made)))
                assert reader.connected is up
                if what == "read":
                    assert len(reader._records) <= n + 4 * 4 or after < 8
        assert numbers_of(SpoolReader(path), 0) == (made, list(range(made)))


def grown(path: Path, count: int) -> SpoolReader:
    path.write_bytes(OTHERS[0] + b"".join(map(line, range(count))))
    reader = SpoolReader(path)
    numbers_of(reader, count)
    return reader


def test_memory_does_not_grow_and_a_start_reads_only_the_end(tmp_path: Path) -> None:
    path = tmp_path / "records.spool"
    reader = grown(path, 3000)
    assert len(reader._records) <= 2 * spooling.SPARE
    memo = recall(path)
    assert memo.records >= 3000 - 2 * spooling.SPARE and memo.connected is True
    again = SpoolReader(path)
    assert run_virtual(again.look()) == Done(None)
    assert again._base == memo.records and again.connected is True


@pytest.mark.parametrize("spoil", ["spool", "shorter", "memo", "a digit", "gone"])
def test_a_memo_that_does_not_fit_is_not_believed(spoil: str, tmp_path: Path) -> None:
    path = tmp_path / "records.spool"
    grown(path, 2000)
    memo = memo_of(path)
    count = 2000
    if spoil == "spool":
        path.write_bytes(path.read_bytes().replace(b"up -", b"UP -", 1))
    elif spoil == "shorter":
        path.write_bytes(b"".join(map(line, range(10))))
        count = 10
    elif spoil == "memo":
        memo.write_text("nonsense")
    elif spoil == "a digit":
        text = memo.read_text()
        at = text.index('"records": ') + len('"records": ')
        memo.write_text(f"{text[:at]}9{text[at + 1 :]}")
    else:
        memo.unlink()
    assert recall(path).size == 0
    reader = SpoolReader(path)
    assert run_virtual(reader.look()) == Done(None)
    assert reader._base == 0 and len(reader._records) == count


def test_a_journal_from_an_old_copy_gets_every_record_that_it_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "records.spool"
    grown(path, 2000)
    assert numbers_of(SpoolReader(path), 17) == (2000, list(range(16, 2000)))


@pytest.mark.parametrize("off", [-2, -1, 0, 1, 2])
def test_the_record_before_those_asked_for_is_at_hand(off: int, tmp_path: Path) -> None:
    path = tmp_path / "records.spool"
    grown(path, 2000)
    after = recall(path).records + off
    assert numbers_of(SpoolReader(path), after) == (2000, list(range(after - 1, 2000)))


def test_what_is_not_at_hand_is_never_made_up() -> None:
    records = LastRecords(3, ())
    assert len(records) == 3 and list(records[3:]) == []
    for index in (0, 2, -1, slice(0, 3), slice(2, None)):
        with pytest.raises(IndexError):
            records[index]

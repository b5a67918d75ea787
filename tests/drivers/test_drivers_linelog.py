"""The line log: what is written is read again, torn or not, and it never outgrows its limit."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.conversations import tell
from drivers.linelog import (
    Damaged,
    Record,
    Sign,
    Start,
    decode,
    encode,
    encode_start,
    log_files,
    read_log,
)
from drivers.linelog_writer import MOST_FILES, Limits, LineLog
from runtime import Clock, run_virtual

UTC0 = datetime(2026, 3, 2, 8, 0, 0, 250_000, tzinfo=UTC)
CLOCK = Clock(UTC0)
RECORDS = st.builds(
    Record,
    st.integers(0, 10**15),
    st.integers(0, 10**6),
    st.sampled_from(Sign),
    st.one_of(
        st.binary(max_size=300),
        st.text(st.characters(codec="ascii"), max_size=300).map(str.encode),
        st.integers(500, 3000).map(lambda n: bytes(range(256)) * (n // 256 + 1)),
    ),
)
GOLDEN = {
    Record(12_500_000, 1, Sign.OPENED): b'12.500000 1 + 0 ""\n',
    Record(0, 2, Sign.SENT, b"$J=G21G53X1.000\n"): rb'0.000000 2 > 16 "$J=G21G53X1.000\n"' + b"\n",
    Record(7, 3, Sign.HEARD, b'ok "\\"\r\n'): rb'0.000007 3 < 8 "ok \"\\\"\r\n"' + b"\n",
    Record(61_000_001, 10, Sign.SENT, b"\x00\x01\x18"): b"61.000001 10 > 3 000118\n",
    Record(1, 1, Sign.REFUSED, b"no"): b'0.000001 1 ! 2 "no"\n',
}


def line(record):
    return encode(record.at_us, record.connection, record.sign, record.data)


@pytest.mark.parametrize("record", GOLDEN, ids=str)
def test_a_line_is_as_agreed_and_can_be_grepped(record):
    assert line(record) == GOLDEN[record]


@given(RECORDS)
def test_what_is_encoded_is_decoded(record):
    encoded = line(record)
    assert encoded.endswith(b"\n") and encoded.isascii()
    assert encoded.count(b"\n") == 1
    assert decode(encoded[:-1]) == record


@given(st.text(min_size=1), st.text(), st.datetimes(timezones=st.just(UTC)), st.booleans())
def test_a_header_is_read_again(name, url, utc, continued):
    start = Start(name, url, utc, continued)
    assert decode(encode_start(start)[:-1]) == start


@given(RECORDS, st.data())
@settings(max_examples=300)
def test_a_torn_line_is_never_taken_for_a_shorter_one(record, data):
    encoded = line(record)[:-1]
    cut = data.draw(st.integers(0, len(encoded) - 1))
    assert decode(encoded[:cut]) == Damaged(encoded[:cut])


@given(st.binary(max_size=200))
def test_no_bytes_make_the_decoder_crash(noise):
    decode(noise)
    decode(b"# hardlab-lines 1 " + noise)
    decode(b"0.000000 1 > 5 " + noise)
    decode(b"0.000000 1 > 5 z" + noise)


def test_a_damaged_length_does_not_ask_for_all_memory():
    packed = encode(0, 1, ">", bytes(10**7)).split(b" ")[-1].strip()
    assert len(packed) < 100_000
    line_ = b"0.000000 1 > 5 " + packed
    assert decode(line_) == Damaged(line_)


def test_pictures_are_compressed():
    assert len(encode(0, 1, "<", bytes(range(256)) * 4000)) < 20_000


def write_all(folder, records, limits=None, name="stage"):
    """Write as one process does, each record at its link time."""

    async def main():
        log = LineLog(folder, name, "memory://stage", CLOCK, limits)
        for _ in {record.connection for record in records}:
            log.connection()
        for record in records:
            log.write(record.connection, record.sign, record.data)
        log.close()
        return log

    return run_virtual(main())


def some(count, size=40):
    return [Record(0, 1, Sign.SENT, b"%06d" % i + b"\0" * size) for i in range(count)]


def records(folder, name="stage"):
    return [e for e in read_log(*log_files(folder)[name]) if isinstance(e, Record)]


def test_a_log_carries_link_time_and_the_utc_of_its_start(tmp_path):
    async def main():
        clock = Clock.starting(UTC0)
        log = LineLog(tmp_path, "a", "tcp://h:1", clock)
        await clock.sleep_link(1.5)
        log.write(log.connection(), Sign.OPENED)
        await clock.sleep_link(0.000_25)
        log.write(1, Sign.SENT, b"?")
        log.close()

    run_virtual(main())
    start, opened, sent = read_log(*log_files(tmp_path)["a"])
    assert start == Start("a", "tcp://h:1", UTC0)
    assert opened == Record(1_500_000, 1, Sign.OPENED)
    assert sent == Record(1_500_250, 1, Sign.SENT, b"?")
    assert start.utc + timedelta(seconds=sent.at_s) == UTC0 + timedelta(microseconds=1_500_250)


@settings(max_examples=30, deadline=None)
@given(
    count=st.integers(1, 120),
    size=st.integers(0, 200),
    rotate=st.integers(600, 3000),
    keep=st.integers(1, 5),
    lives=st.integers(1, 3),
)
def test_rotation_bounds_the_size_and_loses_only_the_oldest(
    tmp_path_factory, count, size, rotate, keep, lives
):
    folder = tmp_path_factory.mktemp("rotation")
    written = []
    for _ in range(lives):
        life = some(count, size)
        write_all(folder, life, Limits(rotate, keep))
        written += life
    kept = records(folder)
    assert kept == written[len(written) - len(kept) :]
    assert kept, "the newest are there"
    assert sum(path.stat().st_size for path in folder.iterdir()) <= rotate * keep
    if sum(len(line(r)) for r in written) + 200 * lives < rotate * (keep - 1):
        assert len(kept) == len(written)


def test_a_record_larger_than_a_file_is_kept_whole(tmp_path):
    big = Record(0, 1, Sign.SENT, bytes(400))
    write_all(tmp_path, [big, big], Limits(300, 9))
    assert records(tmp_path) == [big, big]
    assert len(log_files(tmp_path)["stage"]) == 2


def test_each_process_begins_a_file_and_files_of_one_life_belong_together(tmp_path):
    write_all(tmp_path, some(30), Limits(1000, 50))
    write_all(tmp_path, some(30), Limits(1000, 50))
    entries = list(read_log(*log_files(tmp_path)["stage"]))
    assert [e.continued for e in entries if isinstance(e, Start)].count(False) == 2
    story = tell(entries)
    assert [len(talk.records) for talk in story.conversations] == [30, 30]
    assert story.url == "memory://stage"


def test_a_process_that_keeps_restarting_does_not_drown_the_folder(tmp_path):
    for number in range(1, MOST_FILES + 5):
        (tmp_path / f"stage.{number:06d}.lines").touch()
    write_all(tmp_path, some(1))
    assert len(log_files(tmp_path)["stage"]) == MOST_FILES
    assert records(tmp_path) == some(1)


def test_a_torn_last_line_costs_only_itself(tmp_path):
    write_all(tmp_path, some(5))
    (path,) = log_files(tmp_path)["stage"]
    path.write_bytes(path.read_bytes()[:-7])
    write_all(tmp_path, some(2))
    entries = list(read_log(*log_files(tmp_path)["stage"]))
    assert sum(isinstance(e, Damaged) for e in entries) == 1
    assert [e for e in entries if isinstance(e, Record)] == some(4) + some(2)
    assert tell(entries).damaged == 1


def test_two_writers_of_one_line_do_not_mix(tmp_path):
    async def main():
        one, two = (LineLog(tmp_path, "a", "memory://a", CLOCK) for _ in range(2))
        for number in range(3):
            one.write(1, Sign.SENT, b"one %d" % number)
            two.write(1, Sign.SENT, b"two %d" % number)
        one.close()
        two.close()

    run_virtual(main())
    story = tell(read_log(*log_files(tmp_path)["a"]))
    assert [talk.said(Sign.SENT) for talk in story.conversations] == [
        b"one 0one 1one 2",
        b"two 0two 1two 2",
    ]


def test_a_folder_that_cannot_be_written_is_told_once_and_tried_again(tmp_path, caplog):
    folder = tmp_path / "lines"
    folder.write_text("in the way")

    async def main():
        log = LineLog(folder, "a", "memory://a", CLOCK)
        log.connection()
        for _ in range(3):
            log.write(1, Sign.SENT, b"x")
        assert log.missed == 3
        folder.unlink()
        log.write(1, Sign.SENT, b"y")
        log.write(log.connection(), Sign.SENT, b"z")
        log.close()

    with caplog.at_level(logging.ERROR):
        run_virtual(main())
    assert caplog.text.count("not recorded") == 1
    assert [r.data for r in records(folder, "a")] == [b"z"]


def test_records_without_a_header_belong_to_nobody():
    story = tell([Record(0, 1, Sign.SENT, b"x"), Damaged(b"")])
    assert (story.conversations, story.damaged, story.url) == ((), 2, "")

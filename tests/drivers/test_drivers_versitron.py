from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs.versitron import (
    SCALE_TEXT,
    Rejected,
    VersitronRecord,
    encode,
    parse,
    successors,
)

GOLDEN = [
    (b"000001:   61.20HRC   Ok\r\n", VersitronRecord(1, "HRC", Decimal("61.20"), "Ok")),
    (b"000001:   61.20HRC     \r\n", VersitronRecord(1, "HRC", Decimal("61.20"))),
    (b"00001:   61.20HRC   Hi", VersitronRecord(1, "HRC", Decimal("61.20"), "Hi")),
    (b"123456:   100.0HRBW  LO\n", VersitronRecord(123456, "HRBW", Decimal("100.0"), "Lo")),
    # 22 characters with six digits: a blank less before the hardness or the tolerance.
    (b"123456:   61.20HRC  Ok", VersitronRecord(123456, "HRC", Decimal("61.20"), "Ok")),
    (b"123456:  61.20HRC   Ok", VersitronRecord(123456, "HRC", Decimal("61.20"), "Ok")),
    (b"123456:   9.50HRC   Ok", VersitronRecord(123456, "HRC", Decimal("9.50"), "Ok")),
    (b"999999:    77.0HR30T Ok", VersitronRecord(999999, "HR30TW", Decimal("77.0"), "Ok")),
    (b"000007:      62HR45N Ok", VersitronRecord(7, "HR45N", Decimal("62"), "Ok")),
]

NOT_RECORDS = [
    b"",
    b"\r\n",
    b"000001:   61.20HRC   Ok000002:   61.20HRC   Ok",
    b"000001:   61.20HRC   OK!",
    b"000001    61.20HRC   Ok",
    b"0000a1:   61.20HRC   Ok",
    b"000001:   6i.20HRC   Ok",
    b"000001:   61,20HRC   Ok",
    b"000001:   -1.20HRC   Ok",
    b"000001:   61.20HRQ   Ok",
    b"000001:   61.20HRC   No",
    b"000001:   61.20 HRC  Ok",
    b"000001:        HRC   Ok",
    b"000001:   61.20HRC   O\xeb",
    b"1:   61.20HRC   Ok",
    b"000001:   \xd9\xa1\xd9\xa2.0HRC   Ok",
]


@pytest.mark.parametrize(("line", "record"), GOLDEN)
def test_golden_records(line: bytes, record: VersitronRecord) -> None:
    read = parse(line)
    assert read == record
    assert isinstance(read, VersitronRecord)
    # As printed: a trailing zero is a statement about the resolution.
    assert str(read.hardness) == str(record.hardness)


@pytest.mark.parametrize("line", NOT_RECORDS)
def test_anything_else_is_rejected_with_its_reason(line: bytes) -> None:
    read = parse(line)
    assert isinstance(read, Rejected)
    assert read.raw == line
    assert read.reason


RECORDS = st.builds(
    VersitronRecord,
    number=st.integers(0, 99_999),
    scale=st.sampled_from(sorted(SCALE_TEXT)),
    hardness=st.one_of(
        st.decimals(0, Decimal("99.99"), places=2), st.decimals(0, Decimal("999.9"), places=1)
    ),
    tolerance=st.sampled_from(["", "Hi", "Lo", "Ok"]),
)


@given(RECORDS, st.sampled_from([5, 6]))
def test_what_the_simulator_prints_reads_back(record: VersitronRecord, digits: int) -> None:
    line = encode(record, digits=digits)
    read = parse(line)
    assert len(line.removesuffix(b"\r\n")) == 17 + digits
    assert isinstance(read, VersitronRecord)
    assert read == record
    assert str(read.hardness) == str(record.hardness)


@given(RECORDS, st.integers(0, 10**9), st.integers(1, 4))
def test_a_mutated_record_is_read_within_its_columns_or_rejected(
    record: VersitronRecord, seed: int, changes: int
) -> None:
    rng, line = Random(seed), bytearray(encode(record))
    for _ in range(changes):
        at = rng.randrange(len(line))
        match rng.randrange(4):
            case 0:
                line[at] = rng.randrange(256)
            case 1:
                del line[at]
            case 2:
                line.insert(at, rng.randrange(256))
            case _:
                line[at:at] = line[: rng.randrange(len(line))]
        line = line or bytearray(b" ")
    read = parse(bytes(line))
    if isinstance(read, VersitronRecord):
        body = bytes(line).rstrip(b"\r\n")
        assert len(body) in (22, 23)
        assert str(read.hardness).encode() in body
        assert SCALE_TEXT[read.scale].encode() in body
        assert int(body.partition(b":")[0]) == read.number


@given(st.binary(max_size=40))
def test_noise_is_never_a_record_and_never_raises(noise: bytes) -> None:
    assert isinstance(parse(noise), Rejected)


@pytest.mark.parametrize(
    "record",
    [
        VersitronRecord(1_000_000, "HRC", Decimal("61.20")),
        VersitronRecord(1, "HV10", Decimal("61.20")),
        VersitronRecord(1, "HRC", Decimal("61.2000")),
        VersitronRecord(1, "HRC", Decimal("-1.2")),
        VersitronRecord(1, "HRC", Decimal("61.20"), "Fine"),
    ],
)
def test_a_record_that_does_not_fit_is_not_printed(record: VersitronRecord) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        encode(record)


def test_numbers_wrap_at_five_or_six_nines() -> None:
    assert successors(1) == {2}
    assert successors(99_998) == {99_999}
    assert successors(99_999) == {100_000, 0, 1}
    assert successors(999_999) == {0, 1}

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs import arm, station
from drivers.codecs.registers import Field, Table
from drivers.codecs.station import following, newer

TABLES = [
    station.COMMAND,
    station.STATUS,
    station.MEASUREMENT,
    arm.COMMAND,
    arm.STATUS,
    arm.SAFETY,
    arm.POSE,
]
RANGES = {"u16": (0, 0xFFFF), "i16": (-0x8000, 0x7FFF), "u32": (0, 0xFFFFFFFF)}
NUMBERS = st.integers(0, 0xFFFF)


@pytest.mark.parametrize("table", TABLES)
@given(data=st.data())
def test_what_is_encoded_is_decoded(table: Any, data: bytes) -> None:
    values = {
        f.name: data.draw(st.integers(*RANGES[f.kind]), label=f.name)
        for f in table.fields
        if f.kind != "text"
    }
    registers = table.encode(values)
    assert all(0 <= word <= 0xFFFF for word in registers)
    assert table.decode(registers) == values


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=32))
def test_a_text_comes_back_whole(code: Any) -> None:
    registers = station.MEASUREMENT.encode({"code": code})
    assert station.MEASUREMENT.text(registers, "code") == code


def test_u32_is_high_word_first_and_gaps_are_zero() -> None:
    table = Table((Field("a", 10, "u32"), Field("b", 13, "i16")))
    assert table.encode({"a": 0x12345678, "b": -2}) == [0x1234, 0x5678, 0, 0xFFFE]


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"tag": 0x10000}, "tag"),
        ({"tag": -1}, "tag"),
        ({"thickness_um": 2**32}, "thickness_um"),
        ({"code": "x" * 33}, "code"),
        ({"colour": 1}, "colour"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name(values: Any, named: Any) -> None:
    with pytest.raises(ValueError, match=named):
        station.MEASUREMENT.encode(values)


@pytest.mark.parametrize("length", [0, 1, 27, 29])
def test_a_short_or_long_read_is_refused(length: Any) -> None:
    with pytest.raises(ValueError, match=f"{length} registers"):
        station.STATUS.decode([0] * length)


@pytest.mark.parametrize("table", TABLES)
def test_fields_do_not_overlap(table: Any) -> None:
    cells = [
        address
        for f in table.fields
        for address in range(f.address, f.address + (2 if f.kind == "u32" else f.words))
    ]
    assert len(cells) == len(set(cells))


@given(NUMBERS, st.integers(1, 0x7FFF))
def test_numbers_ahead_are_newer_across_the_wrap_and_never_both_ways(
    number: int, ahead: Any
) -> None:
    later = (number + ahead) % 0x10000
    assert newer(later, number)
    assert not newer(number, later)


@given(NUMBERS)
def test_the_following_number_is_newer_and_no_number_is_newer_than_itself(number: int) -> None:
    assert newer(following(number), number)
    assert not newer(number, number)

"""Our PDUs against pymodbus', and against bytes that are no answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus import pdu as peer
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadHoldingRegistersResponse,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteMultipleRegistersResponse,
)

from drivers.codecs import modbus
from drivers.codecs.modbus import Refusal

words = st.integers(0, 0xFFFF)
functions = st.sampled_from([modbus.READ_HOLDING, modbus.READ_INPUT])


def said(pdu: peer.ModbusPDU) -> bytes:
    return bytes((pdu.function_code,)) + pdu.encode()


@given(functions, st.integers(0, 0xFFFF - 125), st.integers(1, 125))
def test_a_question_is_what_the_peer_asks(function: int, start: int, count: int) -> None:
    theirs = {3: ReadHoldingRegistersRequest, 4: ReadInputRegistersRequest}[function]
    assert modbus.read_request(function, start, count) == said(theirs(address=start, count=count))


@given(st.integers(0, 0xFFFF - 123), st.lists(words, min_size=1, max_size=123))
def test_a_write_is_what_the_peer_writes_and_its_answer_ours(
    start: int, registers: list[int]
) -> None:
    theirs = WriteMultipleRegistersRequest(address=start, registers=registers)
    assert modbus.write_request(start, registers) == said(theirs)
    count = len(registers)
    answer = said(WriteMultipleRegistersResponse(address=start, count=count))
    assert modbus.write_answer(answer, start, count) is True
    assert modbus.write_answer(answer, start, count + 1) is False
    assert modbus.write_answer(answer, start ^ 1, count) is False


@given(st.lists(words, min_size=1, max_size=125))
def test_the_registers_that_the_peer_shows_are_read_by_who_asked_for_so_many(
    registers: list[int],
) -> None:
    answer = said(ReadHoldingRegistersResponse(registers=registers))
    count = len(registers)
    assert modbus.read_answer(answer, modbus.READ_HOLDING, count) == registers
    assert modbus.read_answer(answer, modbus.READ_HOLDING, count + 1) is None
    assert modbus.read_answer(answer, modbus.READ_INPUT, count) is None


@given(functions, st.integers(0, 255))
def test_an_exception_is_a_refusal_of_this_function_alone(function: int, code: int) -> None:
    refusal = bytes((function | 0x80, code))
    assert modbus.read_answer(refusal, function, 3) == Refusal(code)
    assert modbus.read_answer(refusal, 7 - function, 3) is None
    assert modbus.write_answer(refusal, 0, 3) is False
    assert modbus.write_answer(bytes((0x90, code)), 0, 3) == Refusal(code)


@given(st.binary(max_size=12), st.integers(1, 4))
def test_of_any_bytes_only_an_answer_is_taken(data: bytes, count: int) -> None:
    read = modbus.read_answer(data, modbus.READ_HOLDING, count)
    if isinstance(read, list):
        assert said(ReadHoldingRegistersResponse(registers=read)) == data and len(read) == count
    elif read is not None:
        assert data == bytes((0x83, read.code))
    if modbus.write_answer(data, 5, count) is True:
        assert data == said(WriteMultipleRegistersResponse(address=5, count=count))


@pytest.mark.parametrize(("start", "count"), [(-1, 1), (0, 0), (0, 126), (0xFFFF, 2)])
def test_what_nobody_may_ask_for_is_a_mistake_of_the_caller(start: int, count: int) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        modbus.read_request(modbus.READ_HOLDING, start, count)


@pytest.mark.parametrize(("start", "registers"), [(0, []), (0, [0] * 124), (0xFFFF, [1, 2])])
def test_what_nobody_may_write_is_too(start: int, registers: list[int]) -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        modbus.write_request(start, registers)


@pytest.mark.parametrize("word", [-1, 0x10000])
def test_a_number_that_is_no_register_is_not_sent(word: int) -> None:
    with pytest.raises(ValueError, match=r"within 0\.\.65535"):
        modbus.write_request(0, [word])

"""The GRBL codec against captures of real firmware."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs import grbl
from drivers.codecs.grbl import (
    Alarm,
    Error,
    Message,
    Ok,
    Setting,
    StartupLine,
    State,
    Status,
    Unrecognised,
    Welcome,
    classify,
)

ORIGIN3 = (0.0, 0.0, 0.0)
GOLDEN: list[tuple[bytes, grbl.Line]] = [
    (b"GrblHAL 1.1f ['$' or '$HELP' for help]", Welcome("GrblHAL", "1.1f")),
    (b"Grbl 1.1h ['$' for help]", Welcome("Grbl", "1.1h")),
    (b"[VER:1.1f.20260817:]", Message("VER", "1.1f.20260817:")),
    (b"[OPT:VNML+,100,1024,3,0]", Message("OPT", "VNML+,100,1024,3,0")),
    (b"[AXS:3:XYZ]", Message("AXS", "3:XYZ")),
    (b"[NEWOPT:ENUMS,RT+,TC,SED]", Message("NEWOPT", "ENUMS,RT+,TC,SED")),
    (b"[FIRMWARE:grblHAL]", Message("FIRMWARE", "grblHAL")),
    (b"[VER:1.1h.20190830:]", Message("VER", "1.1h.20190830:")),
    (b"[OPT:V,15,128]", Message("OPT", "V,15,128")),
    (b"[MSG:'$H'|'$X' to unlock]", Message("MSG", "'$H'|'$X' to unlock")),
    (b"[MSG:Reset to continue]", Message("MSG", "Reset to continue")),
    (b"[MSG:Caution: Unlocked]", Message("MSG", "Caution: Unlocked")),
    (b"[PRB:0.000,0.000,0.000:0]", Message("PRB", "0.000,0.000,0.000:0")),
    (b"[G54:4.000,0.000,0.000]", Message("G54", "4.000,0.000,0.000")),
    (b"ok", Ok()),
    (b"ok\r", Ok()),
    (b"error:2", Error(2)),
    (b"error:15", Error(15)),
    (b"ALARM:9", Alarm(9)),
    (b"$13=0", Setting(13, "0")),
    (b"$100=250.000", Setting(100, "250.000")),
    (b"$0=10 (step pulse, usec)", Setting(0, "10")),
    (b"$N0=G54", StartupLine("G54", "")),
    (b">G54G20:ok", StartupLine("G54G20", "ok")),
    (b">G54G20:error:2", StartupLine("G54G20", "error:2")),
    (
        b"<Idle|MPos:0.000,0.000,0.000|Bf:100,1023|FS:0,0|Ov:100,100,100|A:|TLR:0>",
        Status(
            State.IDLE,
            mpos=ORIGIN3,
            feed=0.0,
            rest=(("Bf", "100,1023"), ("Ov", "100,100,100"), ("A", ""), ("TLR", "0")),
        ),
    ),
    (
        b"<Run|MPos:0.000,0.000,0.000|Bf:99,1023|FS:87,0|WCO:0.000,0.000,0.000|H:0>",
        Status(
            State.RUN,
            mpos=ORIGIN3,
            wco=ORIGIN3,
            feed=87.0,
            homed=False,
            rest=(("Bf", "99,1023"),),
        ),
    ),
    (
        b"<Hold:1|MPos:1.360,0.680,0.000|Bf:99,1023|FS:60,0>",
        Status(State.HOLD, 1, (1.36, 0.68, 0.0), feed=60.0, rest=(("Bf", "99,1023"),)),
    ),
    (
        b"<Idle|MPos:-2.000,-2.000,0.000|H:1,3>",
        Status(State.IDLE, mpos=(-2.0, -2.0, 0.0), homed=True),
    ),
    (
        b"<Alarm|Pn:XY|F:0|MPos:-150.000,-100.000,0.000>",
        Status(State.ALARM, mpos=(-150.0, -100.0, 0.0), feed=0.0, pins="XY"),
    ),
    (
        b"<Door:2|WPos:1.000,2.000,0.000|WCO:-10.000,-20.000,0.000>",
        Status(State.DOOR, 2, wpos=(1.0, 2.0, 0.0), wco=(-10.0, -20.0, 0.0)),
    ),
]

STRANGE = [
    b"",
    b"OK",
    b"okay",
    b"ok ok",
    b"error:",
    b"error:x",
    b"error:9999",
    b"ALARM:",
    b"alarm:1",
    b"<Idle>",
    b"<Idle|>",
    b"<Idle|FS:0,0>",
    b"<Idle|MPos:1.0>",
    b"<Idle|MPos:1.0,nan,0>",
    b"<Idle|MPos:1.0,1e999,0>",
    b"<Idle|MPos:0.000,0.000,0.000",
    b"<Idle|MPos:0.000,0.0<Idle|MPos:0.000,0.000,0.000>",
    b"<Idle|MPos:0,0,0|MPos:1,1,1>",
    b"<Flying|MPos:0.000,0.000,0.000>",
    b"<Idle:x|MPos:0.000,0.000,0.000>",
    b"$=1",
    b"Grbl",
    b"\xff\xfe\x00",
    "ok\u0660".encode(),
    "error:\u0661".encode(),
]


@pytest.mark.parametrize(("raw", "line"), GOLDEN, ids=[repr(raw) for raw, _ in GOLDEN])
def test_golden_lines(raw: bytes, line: grbl.Line) -> None:
    assert classify(raw) == line


@pytest.mark.parametrize("raw", STRANGE, ids=repr)
def test_what_is_not_known_stays_unknown(raw: bytes) -> None:
    assert classify(raw) == Unrecognised(raw)


@given(st.sampled_from([raw for raw, _ in GOLDEN]), st.integers(0, 10**9), st.integers(1, 4))
def test_mutated_lines_never_raise_and_never_invent_a_position(
    raw: bytes, seed: int, changes: int
) -> None:
    rng, line = Random(seed), bytearray(raw)
    for _ in range(changes):
        at = rng.randrange(len(line) + 1)
        line[at : at + rng.randrange(2)] = bytes(
            rng.randrange(256) for _ in range(rng.randrange(3))
        )
    read = classify(bytes(line))
    if isinstance(read, Status):
        axes = read.machine()
        assert axes is None or all(math.isfinite(v) for v in axes)
        assert line.strip().startswith(b"<") and line.strip().endswith(b">")
    if isinstance(read, Ok):
        assert line.strip() == b"ok"


@given(st.binary(max_size=100))
def test_noise_never_raises(noise: bytes) -> None:
    classify(noise)


FIELDS = [b"MPos:1.000,2.000,0.000", b"FS:5,0", b"WCO:3.000,4.000,0.000", b"Pn:X", b"Bf:15,128"]


@given(st.permutations(FIELDS))
def test_the_order_of_the_fields_does_not_matter(fields: list[bytes]) -> None:
    assert classify(b"<Idle|" + b"|".join(fields) + b">") == Status(
        State.IDLE,
        mpos=(1.0, 2.0, 0.0),
        wco=(3.0, 4.0, 0.0),
        feed=5.0,
        pins="X",
        rest=(("Bf", "15,128"),),
    )


@given(
    st.sampled_from(State), st.tuples(*[st.floats(-999, 999)] * 3), st.none() | st.integers(0, 3)
)
def test_a_report_written_reads_back(
    state: State, mpos: tuple[float, float, float], sub: int | None
) -> None:
    read = classify(grbl.encode_status(state, mpos, sub=sub))
    assert isinstance(read, Status)
    assert (read.state, read.sub) == (state, sub)
    assert read.machine() == pytest.approx(mpos, abs=0.0006)


def test_a_work_position_needs_the_offset_that_was_told_before() -> None:
    status = classify(b"<Idle|WPos:1.000,2.000,0.000|FS:0,0>")
    assert isinstance(status, Status)
    assert status.machine() is None
    assert status.machine((-10.0, -20.0, 0.0)) == (-9.0, -18.0, 0.0)


def test_a_jog_names_units_and_machine_coordinates_and_is_short_enough() -> None:
    assert grbl.jog(-12.3456, 7, 900) == b"$J=G21G53X-12.346Y7.000F900.0\n"
    assert len(grbl.jog(-99999.999, -99999.999, 99999.9)) <= 80


def test_numbers_of_errors_and_alarms_have_words() -> None:
    assert "travel" in Error(15).text
    assert "position lost" in Alarm(1).text
    assert Error(77).text and Alarm(77).text

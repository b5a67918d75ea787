"""Every codec meets good frames that a bad line has mangled: an answer of its own, never a crash.

Mutating a good frame gets past the first bytes, which noise from nowhere never does.
"""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codecs import (
    arm,
    camera_worker,
    dashboard,
    dmcc,
    grbl,
    mux10,
    rtde,
    station,
    versitron,
)
from drivers.codecs.hygrometer import HygrometerMap
from drivers.spool_file import Damaged, Entry, decode

PIXELS = bytes(range(12))
TABLES = {
    **{f"station {n}": getattr(station, n) for n in ("COMMAND", "STATUS", "MEASUREMENT")},
    **{f"arm {n}": getattr(arm, n) for n in ("COMMAND", "STATUS", "POSE")},
}


def record(number, text):
    return versitron.encode(versitron.VersitronRecord(number, "HRC", Decimal(text), ""))


def split(data):
    """A size that no package can have is told by a ValueError: what follows is lost."""
    with suppress(ValueError):
        return rtde.split(data)
    return None


CODECS = {
    "versitron": (versitron.parse, [record(7, "61.20"), record(999_999, "3.05")]),
    "mux10": (lambda raw: mux10.parse(raw, mux10.Dialect()), [b"01A+0012.345", b"911"]),
    "dmcc reply": (dmcc.parse_reply, [b"||[0]ON", b"||0:12[0]1.2.3"]),
    "dmcc command": (dmcc.parse_command, [b"||>GET DEVICE.TYPE", b"||0:3;1>TRIGGER ON"]),
    "dmcc read": (lambda raw: dmcc.decode_read(raw, dmcc.Dialect()), [b"2007-102", b"NO-READ"]),
    "grbl": (
        grbl.classify,
        [
            b"<Idle|MPos:-50.000,-50.000,0.000|FS:0,0>",
            b"ok",
            b"ALARM:1",
            b"[MSG:'$H'|'$X' to unlock]",
            b"$110=500.000",
        ],
    ),
    "camera header": (
        camera_worker.parse_header,
        [
            camera_worker.encode_frame(3, 4, 3, 20.0, PIXELS).split(b"\n")[0],
            camera_worker.encode_refusal(4, "no trigger").rstrip(b"\n"),
        ],
    ),
    "camera request": (camera_worker.parse_request, [camera_worker.encode_request(9)]),
    "rtde": (split, [rtde.Package(rtde.Kind.VERSION, b"\x00\x02").encode() * 2]),
    "spool": (decode, []),
}


@st.composite
def mangled(draw, good):
    """A good frame, bitten by what lines do: flips, losses, repeats, insertions, cuts, glue."""
    frame = bytearray(draw(st.sampled_from(good)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(frame) - 1)))
        match draw(st.sampled_from(["flip", "lose", "repeat", "insert", "cut", "glue", "swap"])):
            case "flip" if frame:
                frame[at] ^= 1 << draw(st.integers(0, 7))
            case "lose" if frame:
                del frame[at : at + draw(st.integers(1, 3))]
            case "repeat":
                frame[at:at] = frame[at : at + draw(st.integers(1, 6))]
            case "insert":
                frame[at:at] = draw(st.binary(min_size=1, max_size=3))
            case "cut":
                del frame[at:]
            case "glue":
                frame += draw(st.sampled_from(good))
            case "swap":
                frame[:] = frame[at:] + frame[:at]
            case _:
                pass
    return bytes(frame)


@pytest.mark.parametrize("name", [name for name, (_, good) in CODECS.items() if good])
def test_a_mangled_frame_is_answered_by_a_value(name):
    parse, good = CODECS[name]
    kinds = set()

    @settings(max_examples=300, deadline=None)
    @given(mangled(good))
    def fuzz(frame):
        kinds.add(type(parse(frame)))

    fuzz()
    assert kinds, "nothing was tried"


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_mangled_spool_entry_is_damaged_or_the_same(data):
    """The check sum tells: no mangled entry is ever taken for another one."""
    from datetime import UTC, datetime

    from drivers.spool_file import Kind

    entry = Entry(datetime(2026, 1, 5, 8, tzinfo=UTC), Kind.LINE, record(7, "61.20"))
    good = entry.encode().rstrip(b"\n")
    read = decode(data.draw(mangled([good])))
    assert isinstance(read, Damaged) or read == entry


@pytest.mark.parametrize("name", TABLES)
def test_any_registers_are_decoded_or_refused(name):
    table = TABLES[name]

    @settings(max_examples=100, deadline=None)
    @given(st.lists(st.integers(0, 0xFFFF), max_size=table.count + 2))
    def fuzz(registers):
        try:
            decoded = table.decode(registers)
        except ValueError:
            assert len(registers) != table.count
        else:
            assert decoded and all(isinstance(v, int) for v in decoded.values())

    fuzz()


@given(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=4))
def test_air_that_no_laboratory_has_is_refused(registers):
    with suppress(ValueError):
        temperature, humidity = HygrometerMap().decode(registers)
        assert -60 <= temperature <= 130 and 0 <= humidity <= 100


@given(st.sampled_from(list(dashboard.Request)), st.text(max_size=40))
def test_any_answer_of_a_dashboard_is_text_or_nothing(request, text):
    assert isinstance(dashboard.answer(request, text), str | None)


def test_the_fuzzer_finds_a_planted_bug():
    """A parser that trusts its bytes is caught within a few hundred frames."""

    def careless(raw):
        return float(raw[7:15])

    good = CODECS["versitron"][1]

    @settings(max_examples=300, deadline=None, database=None)
    @given(mangled(good))
    def fuzz(frame):
        careless(frame)

    with pytest.raises(ValueError):
        fuzz()

"""The line log in words: every kind of device that has a line."""

import pytest

from drivers.codecs import dmcc
from drivers.linelog import Sign
from drivers.linewords import words_for

GRIPPER_ASKED = bytes.fromhex("09 04 07 D0 00 03 B1 CE")
GRIPPER_SAID = bytes.fromhex("09 04 06 F9 00 00 00 0D 00 17 AA")
SEEN = dmcc.encode_read(b"2007-101", dmcc.Dialect())
READ = dmcc.encode_reply(dmcc.Reply(dmcc.Status.READ, SEEN))
SIGN = b'{"id": 3, "worker": "w"}\n'


@pytest.mark.parametrize(
    ("line", "sent", "heard", "words"),
    [
        ("gripper", GRIPPER_ASKED, GRIPPER_SAID, ["unit 9 read input STATUS", "unit 9 STATUS: "]),
        ("gauge", b"1", b"01A+010.0120\r", ["channel 1: 10.0120"]),
        ("reader", b"||0:7>TRIGGER ON\r\n", b"||0:7[0]\r\n", ["#7 TRIGGER ON", "#7 status 0"]),
        ("reader", b"", READ, ["reads '2007-101'"]),
        (
            "camera",
            b'{"ping": 3}\n',
            b'{"id": 3, "worker": "w"}\n',
            ["ping 3", "sign of life 3: w"],
        ),
        (
            "safety",
            bytes.fromhex("0001 0000 0006 01 04 2000 0005"),
            bytes.fromhex("0001 0000 000D 01 04 0A 000B C804 0001 E240 0000"),
            ["#1 read input IDENTITY", "#1 IDENTITY: product 772100, serial 123456"],
        ),
        (
            "io",
            bytes.fromhex("0001 0000 0006 01 03 2010 0003"),
            bytes.fromhex("0001 0000 0009 01 03 06 0005 02EE 0160"),
            ["#1 read NAMEPLATE", "#1 NAMEPLATE: firmware 5, series 750, item 352"],
        ),
        (
            "climate",
            bytes.fromhex("01 04 00 00 00 02 71 CB"),
            bytes.fromhex("01 84 02 C2 C1"),
            ["unit 1 read input 0..1", "unit 1 refuses function 4: exception 2"],
        ),
    ],
)
@pytest.mark.parametrize("cut", [1, 3, 1000])
def test_every_device_is_told_in_words_however_the_bytes_were_cut(line, sent, heard, words, cut):
    decoder = words_for(line)
    told = []
    for sign, data in ((Sign.SENT, sent), (Sign.HEARD, heard)):
        for at in range(0, len(data), cut):
            told += decoder.feed(sign, data[at : at + cut])
    expected = [text for text in told if any(text.startswith(word) for word in words)]
    assert len(expected) == len(words), told
    assert not [text for text in told if "no Modbus frame" in text]


def test_a_frame_of_an_rtu_line_that_is_not_sound_is_shown_as_it_is():
    (told,) = words_for("gripper").feed(Sign.HEARD, GRIPPER_SAID[:-1] + b"\0")
    assert told == "no Modbus frame: 09 04 06 f9 00 00 00 0d 00 17 00"

"""What passed on a line, in words: one decoder for each protocol of the house.

A decoder is fed the bytes of one direction of one connection and returns what can be
said of them; bytes that belong to something not yet complete wait. What does not fit
its protocol is shown as it is, never dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from drivers.codecs import camera_worker, dashboard, dmcc, grbl, mux10, versitron
from drivers.linelog import Sign
from drivers.linewords_modbus import TABLES, ModbusWords, RtuWords
from drivers.shown import shown

__all__ = ["Words", "shown", "words_for"]

_RTU = ("climate", "gripper")

_LONGEST = 4096
"""Bytes of an unfinished line that are shown as they are rather than waited for."""


class Words(Protocol):
    """Decodes one connection."""

    def feed(self, sign: Sign, data: bytes) -> list[str]:
        """Return what these bytes of one direction complete, a line of text for each thing."""
        ...

    def rest(self) -> list[str]:
        """Return what was never completed."""
        ...


def words_for(name: str) -> Words | None:
    """Return a decoder for the line of this name, or None if its protocol is not known."""
    if name in TABLES:
        return (RtuWords if name in _RTU else ModbusWords)(TABLES[name])
    if name == "gauge":
        return CrWords(shown, _mux10)
    if name == "camera":
        return CameraWords()
    tellers = _TELLERS.get(name)
    return TextWords(*tellers) if tellers else None


class TextWords:
    """A protocol of lines; ``alone`` are bytes that need no line end (GRBL's realtime commands)."""

    def __init__(
        self,
        sent: Callable[[bytes], str],
        heard: Callable[[bytes], str],
        alone: Mapping[int, str] | None = None,
    ) -> None:
        self._tellers = {Sign.SENT: sent, Sign.HEARD: heard}
        self._alone = alone or {}
        self._pending = {Sign.SENT: b"", Sign.HEARD: b""}

    def feed(self, sign: Sign, data: bytes) -> list[str]:
        """Return one line for each complete line and each byte that stands alone."""
        told = []
        if sign is Sign.SENT and self._alone:
            told = [self._alone[byte] for byte in data if byte in self._alone]
            data = bytes(byte for byte in data if byte not in self._alone)
        *lines, pending = (self._pending[sign] + data).split(b"\n")
        told += [self._tellers[sign](line.removesuffix(b"\r")) for line in lines]
        if len(pending) > _LONGEST:
            told.append(f"no line end: {shown(pending)}")
            pending = b""
        self._pending[sign] = pending
        return told

    def rest(self) -> list[str]:
        """Return the lines that were never ended."""
        return [f"incomplete: {shown(data)}" for data in self._pending.values() if data]


class CrWords(TextWords):
    """Lines that end with CR alone, or with CR LF; an empty one more does not matter."""

    def feed(self, sign: Sign, data: bytes) -> list[str]:
        """Return one line for each complete line that says something."""
        told = super().feed(sign, data.replace(b"\r\n", b"\r").replace(b"\r", b"\n"))
        return [line for line in told if line]


class CameraWords:
    """The camera worker: a header line, then pixels, which are counted and proved."""

    def __init__(self) -> None:
        self._sent = TextWords(_request, shown)
        self._pending = b""
        self._header: camera_worker.FrameHeader | None = None

    def feed(self, sign: Sign, data: bytes) -> list[str]:
        """Return one line for each request, header and complete picture."""
        if sign is Sign.SENT:
            return self._sent.feed(sign, data)
        self._pending += data
        told: list[str] = []
        while (found := self._next()) is not None:
            told.append(found)
        return told

    def rest(self) -> list[str]:
        """Return what was never completed."""
        heard = [f"incomplete: {shown(self._pending)}"] if self._pending else []
        return self._sent.rest() + heard

    def _next(self) -> str | None:
        if self._header is not None:
            return self._pixels(self._header)
        line, end, rest = self._pending.partition(b"\n")
        if not end and len(line) <= _LONGEST:
            return None
        self._pending = rest
        header = camera_worker.parse_header(line)
        if isinstance(header, camera_worker.FrameHeader):
            self._header = header
            return f"picture {header.id}: {header.width} x {header.height}, {header.length} bytes"
        if isinstance(header, camera_worker.Refusal):
            return f"no picture {header.id}: {header.error}"
        if isinstance(header, camera_worker.Sign):
            return f"sign of life {header.id}: {header.worker}"
        return f"{header.reason}: {shown(line)}"

    def _pixels(self, header: camera_worker.FrameHeader) -> str | None:
        if len(self._pending) < header.length:
            return None
        pixels, self._pending = self._pending[: header.length], self._pending[header.length :]
        self._header = None
        fits = "as announced" if header.fits(pixels) else "NOT those that were announced"
        return f"pixels of {header.id}: {fits}, sha256 {header.sha256[:12]}"


def _request(line: bytes) -> str:
    number, ping = camera_worker.parse_request(line), camera_worker.parse_ping(line)
    if isinstance(ping, int):
        return f"ping {ping}"
    return f"capture {number}" if isinstance(number, int) else f"{number.reason}: {shown(line)}"


def _grbl(line: bytes) -> str:
    if not line:
        return "empty line"
    said = grbl.classify(line)
    if isinstance(said, grbl.Error | grbl.Alarm):
        return f"{type(said).__name__} {said.code}: {said.text}"
    if isinstance(said, grbl.Status):
        at = ", ".join(f"{axis:g}" for axis in said.mpos or said.wpos or ())
        return f"Status {said.state} at {at}" + (f", pins {said.pins}" if said.pins else "")
    return f"{type(said).__name__}: {shown(line)}"


def _versitron(line: bytes) -> str:
    record = versitron.parse(line)
    if isinstance(record, versitron.Rejected):
        return f"no record ({record.reason}): {shown(line)}"
    return f"record {record.number}: {record.hardness} {record.scale} {record.tolerance}".rstrip()


def _mux10(line: bytes) -> str:
    if not line:
        return ""
    said = mux10.parse(line, mux10.Dialect())
    match said:
        case mux10.Reading():
            return f"channel {said.channel}: {said.value}"
        case mux10.GaugeError():
            return f"error {said.code}: {said.meaning}"
    return f"no reading ({said.reason}): {shown(line)}"


def _dmcc_command(line: bytes) -> str:
    said = dmcc.parse_command(line)
    if isinstance(said, dmcc.Rejected):
        return f"no command ({said.reason}): {shown(line)}"
    return f"#{said.number} {said.text}"


def _dmcc_reply(line: bytes) -> str:
    said = dmcc.parse_reply(line)
    if isinstance(said, dmcc.Rejected):
        return f"no reply ({said.reason}): {shown(line)}" if line else "empty line"
    if said.status == dmcc.Status.READ:
        code = dmcc.decode_read(said.data, dmcc.Dialect())
        return f"reads {shown(line)}" if isinstance(code, dmcc.Rejected) else f"reads {code!r}"
    return f"#{said.number} status {said.status}"


def _dashboard(line: bytes) -> str:
    text = line.decode("utf-8", "backslashreplace")
    return "banner" if dashboard.is_banner(text) else text.strip()


_REALTIME = {
    grbl.STATUS_QUERY[0]: "realtime: status?",
    grbl.FEED_HOLD[0]: "realtime: feed hold",
    grbl.RESUME[0]: "realtime: resume",
    grbl.SOFT_RESET[0]: "realtime: SOFT RESET",
    grbl.SAFETY_DOOR[0]: "realtime: safety door",
    grbl.JOG_CANCEL[0]: "realtime: jog cancel",
}
_Tellers = (
    tuple[Callable[[bytes], str], Callable[[bytes], str]]
    | tuple[Callable[[bytes], str], Callable[[bytes], str], Mapping[int, str]]
)
_TELLERS: Mapping[str, _Tellers] = {
    "stage": (shown, _grbl, _REALTIME),
    "dashboard": (_dashboard, _dashboard),
    "results": (shown, _versitron),
    "reader": (_dmcc_command, _dmcc_reply),
}

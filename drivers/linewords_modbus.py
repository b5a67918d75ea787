"""What passed on a Modbus line, in words: TCP frames by their length, RTU frames by their CRC."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from pymodbus.framer.rtu import FramerRTU

from drivers.codecs import arm, pilz, robotiq, station, wago
from drivers.codecs.registers import Table
from drivers.linelog import Sign
from drivers.shown import shown

TABLES: Mapping[str, Mapping[str, Table]] = {
    "station": {
        "COMMAND": station.COMMAND,
        "MEASURE": station.MEASURE,
        "STATUS": station.STATUS,
        "NAMEPLATE": station.NAMEPLATE,
        "HEARTBEAT": station.HEARTBEAT,
        "MEASUREMENT": station.MEASUREMENT,
    },
    "arm": {
        "COMMAND": arm.COMMAND,
        "STATUS": arm.STATUS,
        "NAMEPLATE": arm.NAMEPLATE,
        "ROBOT_MODE": arm.ROBOT_MODE,
        "SAFETY": arm.SAFETY,
        "POSE": arm.POSE,
    },
    "climate": {},
    "safety": {
        "IDENTITY": pilz.IDENTITY,
        "STATES": pilz.STATES,
        "REQUESTS": pilz.REQUESTS,
        "CONTROL": pilz.CONTROL,
    },
    "io": {
        "NAMEPLATE": wago.NAMEPLATE,
        "SIZES": wago.SIZES,
        "TIME": wago.TIME,
        "MASK": wago.MASK,
        "TRIGGER": wago.TRIGGER,
        "RUNNING": wago.RUNNING,
    },
    "gripper": {"STATUS": robotiq.STATUS, "COMMAND": robotiq.COMMAND},
}
"""The register tables of each device that speaks Modbus, by the name of its line."""


class ModbusWords:
    """Modbus TCP: a request is remembered, so that its answer gets the names of the fields.

    Of a table that was read before, only the fields that changed are told.
    """

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._tables = {(t.start, t.count): (name, t) for name, t in tables.items()}
        self._asked: dict[int, tuple[int, int]] = {}
        self._pending = {Sign.SENT: b"", Sign.HEARD: b""}
        self._seen: dict[str, dict[str, int | str]] = {}

    def feed(self, sign: Sign, data: bytes) -> list[str]:
        """Return one line for each complete frame."""
        told, pending = [], self._pending[sign] + data
        while len(pending) >= 8:
            transaction, protocol, length = struct.unpack_from(">HHH", pending)
            if protocol != 0 or not 3 <= length <= 254:
                told.append(f"no Modbus frame: {shown(pending)}")
                pending = b""
                break
            if len(pending) < 6 + length:
                break
            frame, pending = pending[7 : 6 + length], pending[6 + length :]
            told.append(f"#{transaction} {self._tell(sign, transaction, frame)}")
        self._pending[sign] = pending
        return told

    def rest(self) -> list[str]:
        """Return the frames that were never completed."""
        return [f"incomplete: {shown(data)}" for data in self._pending.values() if data]

    def _tell(self, sign: Sign, transaction: int, frame: bytes) -> str:
        function = frame[0]
        try:
            if function & 0x80:
                return f"refuses function {function & 0x7F}: exception {frame[1]}"
            if sign is Sign.SENT:
                return self._request(transaction, function, frame)
            return self._answer(self._asked.pop(transaction, None), function, frame)
        except (struct.error, IndexError):
            return f"cut short: {shown(frame)}"

    def _request(self, transaction: int, function: int, frame: bytes) -> str:
        start, number = struct.unpack_from(">HH", frame, 1)
        self._asked[transaction] = (start, number)
        if function == 16:
            words = struct.unpack_from(f">{number}H", frame, 6)
            return f"write {self._fields(start, words, None)}"
        verb = {3: "read", 4: "read input", 6: "write one"}.get(function, f"function {function}")
        return f"{verb} {self._name(start, number)}"

    def _answer(self, asked: tuple[int, int] | None, function: int, frame: bytes) -> str:
        if asked is None:
            return f"answers nothing that was asked: {shown(frame)}"
        if function not in (3, 4):
            return f"wrote {self._name(*struct.unpack_from('>HH', frame, 1))}"
        words = struct.unpack_from(f">{frame[1] // 2}H", frame, 2)
        return self._fields(asked[0], words, self._seen)

    def _name(self, start: int, count: int) -> str:
        known = self._tables.get((start, count))
        return known[0] if known else f"{start}..{start + count - 1}"

    def _fields(
        self, start: int, words: Sequence[int], seen: dict[str, dict[str, int | str]] | None
    ) -> str:
        known = self._tables.get((start, len(words)))
        if known is None:
            return f"{self._name(start, len(words))}: {' '.join(map(str, words))}"
        name, table = known
        values: dict[str, int | str] = dict(table.decode(words))
        values |= {f.name: table.text(words, f.name) for f in table.fields if f.kind == "text"}
        if seen is None or name not in seen:
            changed = values
        else:
            changed = {key: value for key, value in values.items() if seen[name].get(key) != value}
        if seen is not None:
            seen[name] = values
        return f"{name}: " + (", ".join(f"{k} {v!r}" for k, v in changed.items()) or "as before")


class RtuWords(ModbusWords):
    """Modbus RTU: no numbers, so an answer belongs to the request before it."""

    def feed(self, sign: Sign, data: bytes) -> list[str]:
        """Return one line for each complete frame, and for bytes that are none."""
        told, pending = [], self._pending[sign] + data
        while len(pending) >= 4:
            size = self._size(sign, pending)
            if size is None or len(pending) < size:
                if size is not None or len(pending) < 256:
                    break
                size = len(pending)
            frame, pending = pending[:size], pending[size:]
            if FramerRTU.compute_CRC(frame[:-2]) != int.from_bytes(frame[-2:], "big"):
                told.append(f"no Modbus frame: {shown(frame + pending)}")
                pending = b""
                break
            told.append(f"unit {frame[0]} {self._tell(sign, 0, frame[1:-2])}")
        self._pending[sign] = pending
        return told

    def _size(self, sign: Sign, pending: bytes) -> int | None:
        """Return how long the frame that begins here is; None if that is not known."""
        function = pending[1]
        if function & 0x80:
            return 5
        if sign is Sign.SENT:
            if function in (15, 16):
                return 9 + pending[6] if len(pending) > 6 else 9
            return 8
        return 5 + pending[2] if function in (1, 2, 3, 4) else 8

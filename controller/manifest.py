"""The manifest of a tray: a CSV file that says which block stands in which slot."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.events import BlockOrder
from controller.manifest_row import COLUMNS, OPTIONAL, RowError, block_order
from metrology import Regulation, find_scale

MAX_BYTES = 1_000_000


class ManifestError(ValueError):
    """The manifest cannot be used; ``problems`` are lines "FILE row N: what; remedy"."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Manifest:
    """A tray and its blocks in slot order."""

    tray: str
    blocks: tuple[BlockOrder, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """A row of the sheet as its reader counts it, and its block if it could be read."""

    row: int
    order: BlockOrder


def read_manifest(
    path: Path | str,
    *,
    slots: int,
    reserved: Collection[str] = (),
    regulation: Regulation | None = None,
) -> Manifest:
    """Read and check a tray's manifest. Raises `ManifestError` as `parse_manifest` does."""
    text = manifest_text(path)
    return parse_manifest(path, text, slots=slots, reserved=reserved, regulation=regulation)


def parse_manifest(
    path: Path | str,
    text: str,
    *,
    slots: int,
    reserved: Collection[str] = (),
    regulation: Regulation | None = None,
) -> Manifest:
    """Check the text of a manifest; the tray is named by its file without the ending.

    ``reserved`` are names that blocks of the cell itself bear. With a
    ``regulation``, every scale must be covered by it. Raises `ManifestError`
    with every problem at once.
    """
    file = str(path)
    rows = _rows(file, text)
    columns = _columns(file, rows[0])
    lines, problems = _orders(rows, columns, slots)
    problems += _between(lines, slots, reserved)
    if regulation is not None:
        problems += _uncovered(lines, regulation)
    if not lines and not problems:
        problems.append((1, "the manifest names no block; add a row for each"))
    if problems:
        raise ManifestError(tuple(f"{file} row {row}: {text}" for row, text in sorted(problems)))
    return Manifest(Path(path).stem, tuple(sorted((x.order for x in lines), key=lambda o: o.slot)))


def _refuse(file: str, row: int, text: str) -> ManifestError:
    return ManifestError((f"{file} row {row}: {text}",))


# -- from bytes to cells --------------------------------------------------------


def manifest_text(path: Path | str) -> str:
    """Return what a manifest says, as text. Raises `ManifestError` if it is not CSV UTF-8."""
    file = str(path)
    try:
        raw = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _refuse(file, 1, f"cannot be read: {reason}; check path and rights") from None
    if len(raw) > MAX_BYTES:
        raise _refuse(file, 1, f"the file is larger than {MAX_BYTES} bytes; is it a manifest?")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = raw[: error.start].count(b"\n") + 1
        what = f"the file is {_encoding(raw)}, not UTF-8; save it as CSV UTF-8"
        raise _refuse(file, row, what) from None
    if "\0" in text:
        row = text[: text.index("\0")].count("\n") + 1
        raise _refuse(file, row, "there are zero bytes in the text; save the file as CSV UTF-8")
    return text


def _encoding(raw: bytes) -> str:
    """Name what the bytes look like; only said to a person, never relied on."""
    if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return "a workbook"
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        return "in an unknown encoding"
    letters = [sign for sign in text if not sign.isascii()]
    chinese = sum("\u4e00" <= sign <= "\u9fff" for sign in letters)
    return "in GBK (GB 18030)" if 2 * chinese >= len(letters) else "in an unknown encoding"


def _rows(file: str, text: str) -> list[list[str]]:
    """Return stripped cells of every row, blank rows included; the first row is not blank."""
    rows: list[list[str]] = []
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), strict=True):
            rows.append([cell.strip() for cell in cells])
    except csv.Error as error:
        raise _refuse(file, len(rows) + 1, f"is not CSV: {error}; check its quotes") from None
    if not any(map(any, rows)):
        raise _refuse(file, 1, "the file is empty; write a header and a row for each block")
    if not any(rows[0]):
        raise _refuse(file, 1, "the first row is blank; put the header there")
    return rows


def _columns(file: str, header: Sequence[str]) -> list[str]:
    """Return the column names of the header. Raises `ManifestError`."""
    names = [name.lower() for name in header]
    if len(names) == 1:
        for mark, called in ((";", "semicolons"), ("\t", "tabs")):
            if mark in names[0]:
                raise _refuse(file, 1, f"cells are separated by {called}; save with commas")
    while names and not names[-1]:
        names.pop()
    problems = [f"column {name!r} stands there twice; keep one" for name in _twice(names)]
    for name in dict.fromkeys(names):
        if name not in COLUMNS:
            problems.append(f"unknown column {name!r}; known: {', '.join(COLUMNS)}")
    for name in COLUMNS:
        if name not in names and name not in OPTIONAL:
            problems.append(f"column {name!r} is missing; add it")
    if problems:
        raise ManifestError(tuple(f"{file} row 1: {text}" for text in problems))
    return names


def _twice(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


# -- from cells to blocks -------------------------------------------------------

_Problem = tuple[int, str]


def _orders(
    rows: Sequence[Sequence[str]], columns: Sequence[str], slots: int
) -> tuple[list[_Line], list[_Problem]]:
    lines: list[_Line] = []
    problems: list[_Problem] = []
    for row, cells in enumerate(rows[1:], start=2):
        if not any(cells):
            continue
        if any(cells[len(columns) :]):
            text = f"{len(cells)} cells, but the header has {len(columns)}; remove the extra ones"
            problems.append((row, text))
            continue
        values = dict.fromkeys(COLUMNS, "") | dict(zip(columns, cells, strict=False))
        try:
            lines.append(_Line(row, block_order(values, slots)))
        except RowError as error:
            problems += [(row, text) for text in error.problems]
    return lines, problems


def _between(lines: Sequence[_Line], slots: int, reserved: Collection[str]) -> list[_Problem]:
    """Find what is wrong between rows; a row is compared with the first that bears the same."""
    problems: list[_Problem] = []
    held = {name.upper() for name in reserved}
    by_slot: dict[int, int] = {}
    by_name: dict[str, int] = {}
    for line in lines:
        order = line.order
        first = by_slot.setdefault(order.slot, line.row)
        if first != line.row:
            text = f"slot {order.slot} is taken by row {first}; give one block another slot"
            problems.append((line.row, text))
        first = by_name.setdefault(order.block.upper(), line.row)
        if first != line.row:
            text = f"number {order.block!r} stands in row {first} too; read the label again"
            problems.append((line.row, text))
        if order.block.upper() in held:
            text = f"number {order.block!r} is a block of the cell's own holder; read the label"
            problems.append((line.row, text))
        if order.scale != lines[0].order.scale:
            text = (
                f"scale {order.scale}, but row {lines[0].row} has {lines[0].order.scale}; a tray "
                "is measured with one set-up: split it into one tray per scale"
            )
            problems.append((line.row, text))
    if len(lines) > slots:
        text = f"this is block {slots + 1}, the tray has {slots} slots; move the rest to a new tray"
        problems.append((lines[slots].row, text))
    return problems


def _uncovered(lines: Sequence[_Line], regulation: Regulation) -> list[_Problem]:
    return [
        (
            line.row,
            f"{regulation.code} does not cover {line.order.scale}; send the block to another cell",
        )
        for line in lines
        if not regulation.covers(find_scale(line.order.scale))
    ]

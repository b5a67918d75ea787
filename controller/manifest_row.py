"""One row of a manifest: from cells to a `BlockOrder`, or everything that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Literal, TypeVar

from controller.events import BlockOrder
from metrology import Scale, UnknownScaleError, find_scale

T = TypeVar("T")

COLUMNS = (
    *("slot", "number", "scale", "shape", "width_mm", "depth_mm"),
    *("nominal", "nominal_uniformity"),
)
OPTIONAL = ("nominal", "nominal_uniformity")
SHAPES: Mapping[str, Literal["round", "rectangle"]] = {"round": "round", "rectangle": "rectangle"}
MIN_SIZE_MM, MAX_SIZE_MM = Decimal(20), Decimal(150)
MAX_UNIFORMITY = Decimal(50)
MAX_NUMBER = 24

_DECIMAL = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
_WHOLE = re.compile(r"[0-9]{1,9}")
_MANGLED = re.compile(r"[0-9](?:\.[0-9]+)?E\+?[0-9]+", re.IGNORECASE)


class RowError(ValueError):
    """The row is no block; ``problems`` say "what; remedy"."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def block_order(cells: Mapping[str, str], slots: int) -> BlockOrder:
    """Read the cells of one row, by column name; empty cells count as not given.

    Raises `RowError` with every problem of the row.
    """
    problems: list[str] = []

    def take(read: Callable[[], T]) -> T | None:
        try:
            return read()
        except ValueError as error:
            problems.append(str(error))
            return None

    slot = take(lambda: _slot(cells["slot"], slots))
    number = take(lambda: _number(cells["number"]))
    scale = take(lambda: _scale(cells["scale"]))
    shape = take(lambda: _shape(cells["shape"]))
    width = take(lambda: _size("width_mm", cells["width_mm"]))
    depth = width
    if cells["depth_mm"] or shape != "round":
        depth = take(lambda: _size("depth_mm", cells["depth_mm"]))
    nominal = take(lambda: _nominal(cells["nominal"], scale))
    uniformity = take(lambda: _uniformity(cells["nominal_uniformity"]))
    if shape == "round" and None not in (width, depth) and width != depth:
        problems.append(f"a round block is {width} mm wide and {depth} mm deep; correct one")
    if slot is None or number is None or scale is None or shape is None or problems:
        raise RowError(tuple(problems))
    assert width is not None
    assert depth is not None
    return BlockOrder(
        block=number,
        scale=scale.symbol,
        slot=slot,
        shape=shape,
        width_mm=float(width),
        depth_mm=float(depth),
        nominal=nominal,
        nominal_uniformity=uniformity,
    )


def _slot(text: str, slots: int) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"slot {text!r} is not a whole number; count slots from 1")
    if not 1 <= int(text) <= slots:
        raise ValueError(f"slot {text} is outside the tray; use 1 to {slots}")
    return int(text)


def _number(text: str) -> str:
    if not text:
        raise ValueError("the block has no number; write what its label shows")
    if not (text.isascii() and text.isprintable()):
        raise ValueError(f"number {text!r} does not fit a DataMatrix; use ASCII letters and digits")
    if len(text) > MAX_NUMBER:
        raise ValueError(f"number {text!r} is longer than {MAX_NUMBER} characters; shorten it")
    if _MANGLED.fullmatch(text):
        raise ValueError(
            f"number {text!r} was rounded by a spreadsheet; format the column as text, type it anew"
        )
    return text


def _scale(text: str) -> Scale:
    if not text:
        raise ValueError("the block has no scale; write its symbol, as in HRC")
    try:
        return find_scale(text)
    except UnknownScaleError as error:
        raise ValueError(f"{error}; write the symbol of a scale") from None


def _shape(text: str) -> Literal["round", "rectangle"]:
    shape = SHAPES.get(text.lower())
    if shape is None:
        raise ValueError(f"shape {text!r} is not known; write round or rectangle")
    return shape


def _figure(column: str, text: str) -> Decimal:
    if not text:
        raise ValueError(f"{column} is empty; write a number")
    if not _DECIMAL.fullmatch(text):
        hint = "use a point, not a comma" if "," in text else "write digits, as in 61.2"
        raise ValueError(f"{column} {text!r} is not a number; {hint}")
    return Decimal(text)


def _size(column: str, text: str) -> Decimal:
    value = _figure(column, text)
    if not MIN_SIZE_MM <= value <= MAX_SIZE_MM:
        raise ValueError(
            f"{column} {value} mm is no block; sizes go from {MIN_SIZE_MM} to {MAX_SIZE_MM} mm"
        )
    return value


def _nominal(text: str, scale: Scale | None) -> Decimal | None:
    if not text:
        return None
    value = _figure("nominal", text)
    if scale is not None and not scale.contains(value):
        raise ValueError(
            f"nominal {value} is outside {scale.symbol} ({scale.low} to {scale.high}); "
            "check value and scale"
        )
    return value


def _uniformity(text: str) -> Decimal | None:
    if not text:
        return None
    value = _figure("nominal_uniformity", text)
    if value > MAX_UNIFORMITY:
        raise ValueError(
            f"nominal_uniformity {value} is more than {MAX_UNIFORMITY}; is it the hardness?"
        )
    return value

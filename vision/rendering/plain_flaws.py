"""What a plain picture of a block shows besides indentations: damage, writing, the wrong side."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from vision.frame import Frame

Floats = NDArray[np.float32]

FlawKind = Literal["scratch", "rust", "drop", "engraving", "code", "bottom"]

_FONT = cv2.FONT_HERSHEY_DUPLEX
_SCRATCH_MM = 0.12


@dataclass(frozen=True, slots=True)
class Flaw:
    """A flaw at a place of the block frame, mm.

    `size` is the length of a scratch, the diameter of rust and drops, the height of engraved
    characters, the side of a DataMatrix code; a "bottom" covers the whole face. `direction`
    (rad) is that of a scratch. `text` is what an engraving or a code says.
    """

    kind: FlawKind
    x: float = 0.0
    y: float = 0.0
    size: float = 1.0
    direction: float = 0.0
    text: str = ""


def spoil(light: Floats, flaw: Flaw, frame: Frame) -> None:
    """Draw a flaw into the light of a face, in place."""
    if flaw.kind == "bottom":
        grain = np.random.default_rng(7).standard_normal(light.shape, dtype=np.float32)
        light *= 1 + np.float32(0.30) * cv2.GaussianBlur(grain, (0, 0), 1.0) / np.float32(0.28)
        return
    light *= 1 - darkness(light.shape, flaw, frame)


def darkness(shape: tuple[int, ...], flaw: Flaw, frame: Frame) -> Floats:
    """Return by which share a flaw darkens each pixel."""
    canvas = np.zeros(shape[:2], np.uint8)
    column, row = frame.to_px(flaw.x, flaw.y)
    scale = frame.px_per_mm
    middle = (round(column), round(row))
    match flaw.kind:
        case "scratch":
            reach = flaw.size / 2
            way = (reach * math.cos(flaw.direction), reach * math.sin(flaw.direction))
            ends = [frame.to_px(flaw.x + s * way[0], flaw.y + s * way[1]) for s in (-1, 1)]
            start, end = ((round(x), round(y)) for x, y in ends)
            width = max(1, round(_SCRATCH_MM * scale))
            cv2.line(canvas, start, end, (150,), width, cv2.LINE_AA)
        case "engraving":
            zoom = flaw.size * scale / 22
            size, _ = cv2.getTextSize(flaw.text, _FONT, zoom, 1)
            origin = (middle[0] - size[0] // 2, middle[1] + size[1] // 2)
            width = max(1, round(0.06 * flaw.size * scale))
            cv2.putText(canvas, flaw.text, origin, _FONT, zoom, (120,), width, cv2.LINE_AA)
        case "code":
            _stamp(canvas, flaw, middle, scale)
        case _:
            cv2.circle(canvas, middle, round(flaw.size / 2 * scale), (255,), -1, cv2.LINE_AA)
            return _blotch(canvas, flaw)
    return canvas.astype(np.float32) / np.float32(255)


def _stamp(canvas: NDArray[np.uint8], flaw: Flaw, middle: tuple[int, int], scale: float) -> None:
    """Put a DataMatrix code around the middle; left out where it would leave the picture."""
    barcode = zxingcpp.create_barcode(flaw.text, zxingcpp.BarcodeFormat.DataMatrix)
    squares = np.array(barcode.to_image(scale=1, add_quiet_zones=False), np.uint8)
    side = round(flaw.size * scale)
    dark = cv2.resize(180 - (squares // 255) * 180, (side, side), interpolation=cv2.INTER_NEAREST)
    left, top = middle[0] - side // 2, middle[1] - side // 2
    part = canvas[top : top + side, left : left + side]
    if min(left, top) >= 0 and part.shape == dark.shape:
        part[:] = dark


def _blotch(canvas: NDArray[np.uint8], flaw: Flaw) -> Floats:
    """Return rust, dark and pitted, or the faint film of a dried drop with its darker edge."""
    soft = cv2.GaussianBlur(canvas, (0, 0), 2.0).astype(np.float32) / np.float32(255)
    if flaw.kind == "drop":
        return np.asarray(soft * np.float32(0.06) + 1.2 * soft * (1 - soft), np.float32)
    grain = np.random.default_rng(11).standard_normal(canvas.shape, dtype=np.float32)
    pits = np.float32(0.42) + np.float32(0.35) * cv2.GaussianBlur(grain, (0, 0), 1.5)
    return np.asarray(soft * np.clip(pits, 0.1, 0.9), np.float32)

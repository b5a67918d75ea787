"""Engraved or laser-marked characters and two-dimensional codes on a surface."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import cv2
import numpy as np
import zxingcpp

from vision.frame import Image
from vision.regions import Disc, Region, RegionKind
from vision.rendering.blemishes import Skin
from vision.rendering.looks import Look
from vision.rendering.slopes import Floats, Slopes

_QUIET = 2
FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_PLAIN)


@dataclass(frozen=True, slots=True)
class Writing:
    """A line of characters or a code: `kind` is "text", "datamatrix" or "qr".

    `height` is that of the characters or of the code's side, mm; `direction` its reading
    direction in the block frame, rad. `depth` is the slope of engraved flanks, 0 for laser
    marks; `albedo` is the brightness of what is marked over that of the bare surface and
    `matte` how matte it is. `plate` adds a white label under a code.
    """

    kind: str
    text: str
    x: float
    y: float
    height: float
    direction: float
    depth: float
    albedo: float
    matte: float
    plate: bool = False
    font: int = 0

    @property
    def width(self) -> float:
        """Length along the reading direction, mm."""
        stencil = _stencil(self)
        return float(self.height * stencil.shape[1] / stencil.shape[0])

    def contrast(self, look: Look) -> float:
        """Return how far its brightness leaves that of the bare face, relative to it.

        What is engraved shows by its flanks under any light, and what is on a label by that.
        """
        if self.depth or self.plate:
            return math.inf
        return look.skin_contrast(self.albedo, self.matte)

    @property
    def region(self) -> Region:
        """The part of the surface that it covers."""
        kind = RegionKind.WRITING if self.kind == "text" else RegionKind.CODE
        half = self.width / 2
        count = max(1, math.ceil(self.width / self.height))
        turn = (math.cos(self.direction), math.sin(self.direction))
        steps = [(2 * i + 1 - count) * half / count for i in range(count)]
        radius = math.hypot(half / count, self.height / 2)
        discs = tuple(Disc(self.x + s * turn[0], self.y + s * turn[1], radius) for s in steps)
        return Region(kind, discs, self.width * self.height, self.text)


@functools.lru_cache(maxsize=64)
def _stencil(writing: Writing) -> Image:
    """Return the writing upright, 255 where marked; a code carries its quiet zone."""
    if writing.kind == "text":
        font = FONTS[writing.font]
        (width, height), below = cv2.getTextSize(writing.text, font, 2.0, 3)
        canvas = np.zeros((height + below + 6, width + 6), np.uint8)
        cv2.putText(canvas, writing.text, (3, height + 3), font, 2.0, (255,), 3, cv2.LINE_AA)
        return canvas
    formats = zxingcpp.BarcodeFormat
    wanted = formats.DataMatrix if writing.kind == "datamatrix" else formats.QRCode
    code = zxingcpp.create_barcode(writing.text, wanted)
    dark = 255 - np.array(code.to_image(scale=8, add_quiet_zones=False), np.uint8)
    return np.pad(dark, _QUIET * 8)


def write(
    slopes: Slopes,
    skin: Skin,
    writing: Writing,
    at: tuple[float, float],
    scale: float,
    turn: float,
) -> None:
    """Mark the surface; `at` is the column and row of the writing's middle."""
    marked = _laid(_stencil(writing), writing, at, scale, turn, slopes.shape)
    if writing.plate:
        whole = np.full_like(_stencil(writing), 255)
        paper = _laid(whole, writing, at, scale, turn, slopes.shape)
        np.maximum(skin.matte, paper, out=skin.matte)
        skin.albedo *= 1 + paper * np.float32(0.3)
        slopes.p *= 1 - paper
        slopes.q *= 1 - paper
    skin.albedo *= 1 + marked * np.float32(writing.albedo - 1)
    np.maximum(skin.matte, marked * np.float32(writing.matte), out=skin.matte)
    if writing.depth:
        soft = cv2.GaussianBlur(marked, (0, 0), 1.0)
        whole_window = (slice(0, slopes.shape[0]), slice(0, slopes.shape[1]))
        slopes.add_height(
            (soft * np.float32(-2.5 * writing.depth)).astype(np.float32), whole_window
        )


def _laid(
    stencil: Image,
    writing: Writing,
    at: tuple[float, float],
    scale: float,
    turn: float,
    shape: tuple[int, int],
) -> Floats:
    """Return the stencil as 0 … 1 over the image, in its place and direction."""
    rows, columns = stencil.shape
    zoom = writing.height * scale / rows
    if zoom < 0.6:  # else fine strokes fall between the pixels
        stencil = cv2.resize(
            stencil, None, fx=1.5 * zoom, fy=1.5 * zoom, interpolation=cv2.INTER_AREA
        ).astype(np.uint8)
        rows, columns = stencil.shape
        zoom = writing.height * scale / rows
    angle = writing.direction + turn
    cosine, sine = zoom * math.cos(angle), zoom * math.sin(angle)
    middle = ((columns - 1) / 2, (rows - 1) / 2)
    # Image rows run downwards: a turn to the left is one against the rows.
    way = np.array(
        [
            [cosine, sine, at[0] - cosine * middle[0] - sine * middle[1]],
            [-sine, cosine, at[1] + sine * middle[0] - cosine * middle[1]],
        ]
    )
    laid = cv2.warpAffine(stencil, way, (shape[1], shape[0]), flags=cv2.INTER_LINEAR)
    return laid.astype(np.float32) / np.float32(255)

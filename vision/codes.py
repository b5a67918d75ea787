"""The identity of a block: the DataMatrix or QR code on its face."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import zxingcpp

from vision.frame import Frame, Image, turned
from vision.geometry import Point
from vision.regions import Disc, Region, RegionKind

_QUIET = 1.4
"""So much wider than the code is what belongs to it: a QR code of 21 squares keeps 4 quiet."""

_DISCS = 3
"""So many discs by as many cover it; one alone would miss the corners or cover far more."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code that was read, in the frame it was asked for.

    `side` is in mm, `direction` (rad) is that in which its upper edge runs.
    """

    text: str
    symbology: str
    centre: Point
    side: float
    direction: float

    @property
    def region(self) -> Region:
        """The part of the surface that it covers."""
        pitch = _QUIET * self.side / _DISCS
        steps = [(i - (_DISCS - 1) / 2) * pitch for i in range(_DISCS)]
        places = [turned(x, y, self.direction) for x in steps for y in steps]
        discs = tuple(
            sorted(
                Disc(self.centre.x + x, self.centre.y + y, pitch / math.sqrt(2)) for x, y in places
            )
        )
        return Region(RegionKind.CODE, discs, self.side**2, f"code {self.text}")


def read_codes(image: Image, frame: Frame) -> tuple[Code, ...]:
    """Return every DataMatrix and QR code that can be read, sorted by text; never a guess.

    Codes carry error correction and a check: what is returned is what was written.
    """
    formats = zxingcpp.barcode_formats_from_str("DataMatrix,QRCode")
    found = zxingcpp.read_barcodes(np.ascontiguousarray(image), formats=formats)
    codes = [_code(code, frame) for code in found if code.valid and code.text]
    return tuple(sorted(codes, key=lambda code: (code.text, code.centre)))


def _code(found: zxingcpp.Barcode, frame: Frame) -> Code:
    place = found.position
    corners = [place.top_left, place.top_right, place.bottom_right, place.bottom_left]
    points = [frame.to_mm(corner.x, corner.y) for corner in corners]
    middle = Point(sum(p.x for p in points) / 4, sum(p.y for p in points) / 4)
    start, end = points[0], points[1]
    direction = math.atan2(end.y - start.y, end.x - start.x)
    return Code(found.text, str(found.format), middle, start.distance(end), direction)

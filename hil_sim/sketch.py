"""A description in place of a picture: what an image would show, when nobody needs the image.

Drawing a surface, finding its marks and planning on it take most of the time of a
simulated day. Where the software under test is not the vision, the camera sends the
outline and the marks as text, and `read_sketch` takes the place of the finder;
everything between, from the camera's wire to the journal, is the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from hil_sim.picture import Picture
from hil_sim.world import Indentation
from vision.finder import NoBlock, Surface
from vision.geometry import Mark, Outline, Point, Rectangle, Round


def sketch(seen: tuple[Outline, Sequence[Indentation]] | None) -> Picture:
    """Return the description of a surface and its marks as a picture of one row."""
    if seen is None:
        text = "null"
    else:
        outline, marks = seen
        rim = [2 * outline.half_width, 2 * outline.half_height, isinstance(outline, Round)]
        text = json.dumps([*rim, [[m.x, m.y, m.diameter] for m in marks]])
    pixels = text.encode("ascii")
    return Picture(len(pixels), 1, pixels)


def read_sketch(pixels: bytes) -> Surface | NoBlock:
    """Return the surface that a sketch describes. Raises ValueError if it is none."""
    seen = json.loads(pixels)
    if seen is None:
        return NoBlock("nothing stands at the camera")
    width, height, round_, marks = seen
    outline: Outline = Round(width) if round_ else Rectangle(width, height)
    found = sorted(Mark(x, y, diameter) for x, y, diameter in marks)
    return Surface(outline, Point(0.0, 0.0), tuple(found))

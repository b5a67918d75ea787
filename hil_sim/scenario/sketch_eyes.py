"""Eyes that read sketches instead of pictures."""

from __future__ import annotations

from controller.eyes import Eyes
from controller.planning import plan_block
from hil_sim.sketch import read_sketch
from vision.finder import NoBlock, Surface
from vision.frame import Image
from vision.plans import Demands, NoRoom


def sketch_eyes() -> Eyes:
    """Return eyes for a camera that sends sketches."""
    return Eyes(_find, plan_block, _show)


def _find(image: Image, *, px_per_mm: float) -> Surface | NoBlock:
    return read_sketch(image.tobytes())


def _show(
    image: Image, surface: Surface, demands: Demands, refused: NoRoom, *, px_per_mm: float
) -> Image:
    """Return the sketch itself: there is no picture to draw on."""
    return image

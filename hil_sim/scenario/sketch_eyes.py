"""Eyes that read sketches instead of pictures."""

from __future__ import annotations

from collections.abc import Sequence

from controller.eyes import Eyes
from controller.planning import plan_block
from hil_sim.sketch import read_sketch
from models.confidence import Seen
from vision.finder import NoBlock, Surface
from vision.frame import Image
from vision.geometry import Mark
from vision.plans import Demands, NoRoom


def sketch_eyes() -> Eyes:
    """Return eyes for a camera that sends sketches: they see marks and nothing else."""
    return Eyes(_find, _inspect, _tell, _changes, plan_block, _show)


def _find(image: Image, *, px_per_mm: float) -> Surface | NoBlock:
    return read_sketch(image.tobytes())


def _inspect(image: Image, surface: Surface, *, px_per_mm: float) -> None:
    return None


def _tell(
    image: Image, surface: Surface, marks: Sequence[Mark], *, px_per_mm: float
) -> Sequence[Seen]:
    return ()


def _changes(
    before: tuple[Image, Surface],
    after: tuple[Image, Surface],
    made: Sequence[Mark],
    *,
    px_per_mm: float,
) -> None:
    return None


def _show(
    image: Image, surface: Surface, demands: Demands, refused: NoRoom, *, px_per_mm: float
) -> Image:
    """Return the sketch itself: there is no picture to draw on."""
    return image

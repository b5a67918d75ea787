"""Which pixels of a drawn block are ruined, worked out from what was drawn and not from looks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vision.frame import Frame, Image
from vision.geometry import Mark, Outline, Point
from vision.regions import RegionKind
from vision.rendering import Scene
from vision.rendering.blemishes import Skin, spoil
from vision.rendering.plain_flaws import Flaw, darkness
from vision.rendering.slopes import Slopes
from vision.rendering.writing import write

_STEEP, _SHADE, _MATTE, _DARK = 0.10, 0.15, 0.2, 0.12
"""From these on a pixel is ruined: slope, change of albedo, matte share, darkness."""

GRAVE = (RegionKind.RUST, RegionKind.CHIP)
SLIGHT = (RegionKind.SCRATCH, RegionKind.STAIN, RegionKind.FINGERPRINT, RegionKind.DUST)


@dataclass(frozen=True, slots=True)
class Truth:
    """What really is on a block.

    `away` are the distances, px, to the nearest pixel that engraving, a code, rust or a chip
    ruins, and `beside` those to a scratch, stain, fingerprint or grain of dust.
    """

    outline: Outline
    marks: tuple[Mark, ...]
    frame: Frame
    away: cv2.typing.MatLike
    beside: cv2.typing.MatLike

    def grave_mm(self, place: Point) -> float:
        """Return how far a place is from what ruins the face, mm."""
        return self._at(self.away, place)

    def slight_mm(self, place: Point) -> float:
        """Return how far a place is from a lesser flaw, mm."""
        return self._at(self.beside, place)

    def _at(self, distances: cv2.typing.MatLike, place: Point) -> float:
        column, row = self.frame.to_px(place.x, place.y)
        rows, columns = distances.shape
        inside = 0 <= round(row) < rows and 0 <= round(column) < columns
        return float(distances[round(row), round(column)]) / self.frame.px_per_mm if inside else 0.0


def truth_of(scene: Scene, shape: tuple[int, int]) -> Truth:
    """Return the truth about a scene whose picture has that shape."""
    frame = scene.frame(shape)
    return Truth(
        scene.outline,
        scene.marks,
        frame,
        _distances(_ruined(scene, shape, frame, GRAVE, written=True)),
        _distances(_ruined(scene, shape, frame, SLIGHT, written=False)),
    )


def plain_truth(
    outline: Outline,
    marks: Sequence[Mark],
    flaws: Sequence[Flaw],
    shape: tuple[int, int],
    frame: Frame,
) -> Truth:
    """Return the truth about a picture of the plain look."""
    grave, slight = (
        _dark([flaw for flaw in flaws if (flaw.kind in ("scratch", "drop")) is light], shape, frame)
        for light in (False, True)
    )
    return Truth(outline, tuple(marks), frame, _distances(grave), _distances(slight))


def _ruined(
    scene: Scene,
    shape: tuple[int, int],
    frame: Frame,
    kinds: Collection[RegionKind],
    *,
    written: bool,
) -> Image:
    slopes, skin = Slopes.flat(shape), Skin.clean(shape)
    for writing in scene.writings if written else ():
        write(slopes, skin, writing, frame.to_px(writing.x, writing.y), frame.px_per_mm, frame.turn)
    for blemish in scene.blemishes:
        if blemish.kind in kinds:
            at = frame.to_px(blemish.x, blemish.y)
            spoil(slopes, skin, blemish, at, frame.px_per_mm, frame.turn)
    steep = np.abs(slopes.p) + np.abs(slopes.q) > _STEEP
    spoilt = (np.abs(skin.albedo - 1) > _SHADE) | (skin.matte > _MATTE)
    return (steep | spoilt).astype(np.uint8)


def _dark(flaws: Sequence[Flaw], shape: tuple[int, int], frame: Frame) -> Image:
    ruined = np.zeros(shape, np.uint8)
    for flaw in flaws:
        ruined |= (darkness(shape, flaw, frame) > _DARK).astype(np.uint8)
    return ruined


def _distances(ruined: Image) -> cv2.typing.MatLike:
    if not ruined.any():
        return np.full(ruined.shape, np.float32(1e6))
    return cv2.distanceTransform(1 - ruined, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)

"""The fast look at a plain picture: dark spots on an evenly lit ground.

It reads what `vision.rendering.render_surface` draws, which is the look of the simulated
camera. `vision.finder` reads any light and takes twenty times as long.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.dark_spots import Spot, dark_spots
from vision.finder import NoBlock, Surface, searched
from vision.frame import Frame, Image
from vision.geometry import Mark
from vision.rim import find_rim

_DETECTABLE_PX = 4.5
_SHRINK = 8
_NOMINAL = 200


def find_plain_surface(image: Image, *, px_per_mm: float) -> Surface | NoBlock:
    """Return the block in a plain grey picture, or why there is none.

    Clean indentations of at least 4.5 px diameter are found; what might be dirt or
    a scratch is a mark of low confidence. A strip of 0.6 mm along the rim is left out.
    """
    if image.ndim != 2 or min(image.shape) < 64:
        return NoBlock("not a grey picture")
    rim = find_rim(image, px_per_mm)
    if isinstance(rim, str):
        return NoBlock(rim)
    frame = Frame.centred(image.shape, px_per_mm).moved(rim.centre).turned(rim.turn)
    mask = searched(image.shape, rim.outline, frame)
    spots = dark_spots(_flattened(image, mask), mask)
    marks = tuple(sorted(_mark(spot, frame) for spot in spots))
    return Surface(rim.outline, rim.centre, marks, _DETECTABLE_PX / px_per_mm, rim.turn)


def _mark(spot: Spot, frame: Frame) -> Mark:
    place = frame.to_mm(spot.column, spot.row)
    return Mark(place.x, place.y, spot.diameter / frame.px_per_mm, spot.confidence)


def _flattened(image: Image, mask: Image) -> Image:
    """Return the picture divided by its light: 200 where bare, and outside of the mask."""
    scale = 1 / _SHRINK
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    inside = cv2.resize(mask, (small.shape[1], small.shape[0]), interpolation=cv2.INTER_AREA)
    smooth = _illumination(small.astype(np.float64), inside == 255)
    size = (image.shape[1], image.shape[0])
    light = cv2.resize(np.clip(smooth, 1, 255).astype(np.uint8), size)
    flat = cv2.divide(image, light, scale=_NOMINAL).astype(np.uint8, copy=False)
    return np.where(mask, flat, np.uint8(_NOMINAL))


def _illumination(small: NDArray[np.float64], inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the quadratic surface through the bare part; dark marks are left out in rounds."""
    y, x = (np.linspace(-1, 1, n) for n in small.shape)
    xx, yy = np.meshgrid(x, y)
    terms = np.stack([np.ones_like(xx), xx, yy, xx * xx, xx * yy, yy * yy], axis=-1)
    design, grey = terms[inside], small[inside]
    keep = grey >= np.median(grey) - 40
    for _ in range(2):
        weights = np.linalg.lstsq(design[keep], grey[keep], rcond=None)[0]
        rest = grey - design @ weights
        keep = np.abs(rest) <= max(3.0, 3 * float(np.median(np.abs(rest))))
    smooth: NDArray[np.float64] = terms @ weights
    return smooth

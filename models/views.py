"""What the classifier looks at: one place in three zooms, each at a fixed mm per pixel.

A single view in which a 6 mm indentation fits shows one of 0.15 mm as a speck. So the three
channels that AlexNet has for colours carry three zooms of the grey picture instead.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Views = NDArray[np.uint8]
"""Shape (3, SIDE_PX, SIDE_PX), widest view first."""

SIDE_PX: Final = 64
ZOOMS_MM: Final = (8.0, 2.6, 0.9)
"""How wide each view is, mm."""
_LEAST_SPREAD: Final = 4.0


def close_up(image: Image, column: float, row: float, px_per_mm: float) -> Views:
    """Return the three views about a place of a grey picture, by its column and row.

    Views that reach beyond the picture go on with its last pixels.
    Raise `ValueError` for a picture that is not grey 8 bit, empty, or without a scale.
    """
    if image.ndim != 2 or image.dtype != np.uint8 or not image.size:
        raise ValueError("not a grey picture of 8 bits")
    if not px_per_mm > 0:
        raise ValueError(f"a scale of {px_per_mm} px/mm is none")
    return np.stack([_view(image, column, row, zoom * px_per_mm / SIDE_PX) for zoom in ZOOMS_MM])


def unit_views(views: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return views (n, 3, side, side) with mean 0 and spread 1 each, as the network wants them.

    A view without contrast stays flat instead of becoming a picture of its noise.
    """
    grey = views.astype(np.float32)
    grey -= grey.mean(axis=(2, 3), keepdims=True)
    spread = grey.std(axis=(2, 3), keepdims=True)
    unit: NDArray[np.float32] = grey / np.maximum(spread, np.float32(_LEAST_SPREAD))
    return unit


def _view(image: Image, column: float, row: float, step: float) -> Image:
    """Return the view with one of its pixels every `step` pixels of the picture."""
    reach = int(SIDE_PX * step / 2) + 3
    left, top = round(column) - reach, round(row) - reach
    part = _window(image, left, top, 2 * reach + 1)
    if step > 1:
        part = cv2.GaussianBlur(part, (0, 0), 0.45 * step).astype(np.uint8, copy=False)
    half = step * (SIDE_PX - 1) / 2
    place = np.array([[step, 0, column - left - half], [0, step, row - top - half]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (SIDE_PX, SIDE_PX)
    view = cv2.warpAffine(part, place, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return view.astype(np.uint8, copy=False)


def _window(image: Image, left: int, top: int, side: int) -> Image:
    rows = np.clip(np.arange(top, top + side), 0, image.shape[0] - 1)
    columns = np.clip(np.arange(left, left + side), 0, image.shape[1] - 1)
    return image[np.ix_(rows, columns)]

"""A decoded image as a frame, or why it is none."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.cameras.source import Frame

LEAST_SIDE = 16


def grey_frame(image: NDArray[Any], name: str) -> Frame | str:
    """Return an 8-bit image, grey or BGR, as a grey frame; ``name`` is for the refusal.

    More bits are refused: cutting them to eight is a decision about contrast.
    """
    if image.dtype != np.uint8:
        return f"{name}: {image.dtype.itemsize * 8} bits per channel; set the camera to 8"
    if image.ndim == 3:
        code = cv2.COLOR_BGRA2GRAY if image.shape[2] == 4 else cv2.COLOR_BGR2GRAY
        image = cv2.cvtColor(image, code)
    height, width = image.shape
    if min(height, width) < LEAST_SIDE:
        return f"{name}: {width} x {height} is no picture"
    return Frame(width, height, np.ascontiguousarray(image).tobytes())

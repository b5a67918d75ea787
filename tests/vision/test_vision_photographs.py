"""What was not rendered: marks painted by hand, pictures spoilt as photographs are."""

import numpy as np
import pytest

from tests.vision.photographs import (
    PAINTERS,
    SCALE,
    SPOILERS,
    Painter,
    photograph,
)
from vision.finder import Surface, find_surface
from vision.geometry import Mark

_MARKS = [Mark(-12, 5, 0.6), Mark(3, 9, 0.9), Mark(9, -9, 1.5), Mark(-7, -10, 3.0)]


@pytest.mark.parametrize("painter", PAINTERS)
@pytest.mark.parametrize("spoil", SPOILERS)
def test_marks_are_seen_in_what_was_not_rendered(painter: Painter, spoil: Painter) -> None:
    image = spoil(photograph(painter, _MARKS, seed=1), np.random.default_rng(2))
    surface = find_surface(image, px_per_mm=SCALE)
    assert isinstance(surface, Surface)
    for mark in _MARKS:
        found = min(surface.marks, key=mark.centre.distance)
        assert mark.centre.distance(found) <= 0.1 + 0.05 * mark.diameter
    assert sum(mark.certain for mark in surface.marks) <= len(_MARKS)

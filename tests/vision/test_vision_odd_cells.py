"""Letters are odd on a noisy face as on a calm one, and noise is not."""

import cv2
import numpy as np
import pytest

from vision.frame import Frame
from vision.odd_cells import CELL_MM, Cells, cells_of, odd_cells

SIDE, SCALE = 600, 20.0
FRAME = Frame.centred((SIDE, SIDE), SCALE)
FACE = np.full((SIDE, SIDE), 255, np.uint8)
ROWS = SIDE // round(CELL_MM * SCALE)
LINE = (slice(27, 32), slice(8, 46))
"""The cells between the top and the bottom of the word."""


def seen(contrast: float, *, noise: float, seed: int, level: int = 40, fades: float = 1.0) -> Cells:
    """Return the cells of a face with a word across it that stands out by so much.

    The second half of the word stands out by `fades` of that.
    """
    grey = np.full((SIDE, SIDE), float(level))
    for text, at, share in (("2018", 90, 1.0), ("6217", 270, fades)):
        shape = np.zeros((SIDE, SIDE), np.uint8)
        cv2.putText(shape, text, (at, 318), cv2.FONT_HERSHEY_SIMPLEX, 2.0, (255,), 4)
        grey -= level * contrast * share * cv2.GaussianBlur(shape, (0, 0), 1.0) / 255.0
    grain = np.random.default_rng(seed).normal(0, noise, grey.shape)
    image = np.clip(np.rint(grey + grain), 0, 255).astype(np.uint8)
    return cells_of(image, FACE, FRAME, (), ())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("contrast", "noise"), [(0.16, 2.4), (0.2, 3.0), (0.5, 8.0)])
def test_a_word_is_odd_that_stands_out_from_noise(contrast, noise, seed):
    cells = seen(contrast, noise=noise, seed=seed)
    odd = odd_cells(cells)
    assert odd[LINE].mean() > 0.4
    assert odd.sum() - odd[26:33].sum() <= 3


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("noise", [0.5, 2.4, 8.0])
def test_noise_is_not_odd(noise, seed):
    assert odd_cells(seen(0.0, noise=noise, seed=seed)).sum() <= 3


def test_a_face_that_varies_needs_more_to_be_odd():
    calm = seen(0.0, noise=2.0, seed=1)
    grinding = np.random.default_rng(2).normal(0, 6, (SIDE, 1)).repeat(SIDE, axis=1)
    grinding[: SIDE // 2] /= 4
    image = np.clip(40 + cv2.GaussianBlur(grinding, (0, 0), 1.0), 0, 255).astype(np.uint8)
    ground = cells_of(image, FACE, FRAME, (), ())
    assert calm.odd_from < ground.odd_from <= 3
    assert odd_cells(ground).mean() < 0.2


@pytest.mark.parametrize("seed", range(3))
def test_a_word_that_grows_fainter_is_followed(seed):
    # So faint that the second half would not be seen alone.
    cells = seen(0.3, noise=2.4, seed=seed, fades=0.3)
    alone = cells.inside & (cells.unrest > cells.odd_from)
    half = (LINE[0], slice(26, 46))
    assert odd_cells(cells)[half].sum() > 1.2 * alone[half].sum()


def test_what_shines_beyond_the_face_makes_no_cell_odd():
    face = cv2.circle(np.zeros((SIDE, SIDE), np.uint8), (SIDE // 2, SIDE // 2), 250, (255,), -1)
    grain = np.random.default_rng(4).normal(40, 1.5, (SIDE, SIDE))
    image = np.where(face > 0, np.clip(grain, 0, 255), 250).astype(np.uint8)
    assert odd_cells(cells_of(image, face, FRAME, (), ())).sum() <= 2

"""What is fitted with torch is what runs without it."""

from typing import Any

import numpy as np
import pytest

from vision.frame import Image
from vision.nets import net_of
from vision.unrolled import flat_view, unrolled

torch = pytest.importorskip("torch", reason="torch is not installed: make train")
fitting = pytest.importorskip("benchmarks.vision_fitting", reason="it needs torch: make train")


def _spots(dx: float, dy: float) -> Image:
    """Return a disc beside the middle of a picture, with a spot by which its turn is told."""
    rows, columns = np.mgrid[:200, :200].astype(float)
    picture = np.where(np.hypot(columns - 100 - dx, rows - 100 - dy) < 40, 200.0, 50.0)
    return picture.astype(np.uint8)


@pytest.mark.parametrize("plan", [fitting.SCOUT, fitting.JUDGE, fitting.READER])
def test_the_net_without_torch_answers_as_the_one_with_it(plan: Any) -> None:
    torch.manual_seed(1)
    net = fitting.TorchNet(plan).eval()
    rng = np.random.default_rng(2)
    seen = rng.standard_normal((5, *plan.sides, plan.pictures), dtype=np.float32)
    more = rng.standard_normal((5, 1), dtype=np.float32)
    plain = net_of(fitting.arrays(net, plan, "x"), "x")(seen, more)
    with torch.no_grad():
        fitted = net(torch.from_numpy(seen).permute(0, 3, 1, 2), torch.from_numpy(more)).numpy()
    assert np.abs(plain - fitted).max() < 0.01


def test_rims_are_shown_to_both_alike() -> None:
    thing = np.array([[100, 100, 40], [104, 98, 33]], np.float32)
    seen = unrolled([_spots(3, -5)], thing)
    shown = fitting._flat_views(torch.from_numpy(seen)[:, None].float(), fitting.READER)
    assert np.allclose(shown.permute(0, 2, 3, 1).numpy(), flat_view(seen), atol=1e-4)


def test_a_rim_rolled_is_a_picture_turned() -> None:
    thing = np.array([[100, 100, 40]], np.float32)
    flat = torch.from_numpy(unrolled([_spots(9, 4)], thing))[:, None].float()
    move = torch.tensor([[9 / 40, 4 / 40, 0.0]])
    for seed in range(12):
        torch.manual_seed(seed)
        rolled, there = fitting._rolled(flat, move)
        dx, dy = (40 * there[0, :2]).tolist()
        expected = unrolled([_spots(dx, dy)], thing)[0].astype(float)
        off = np.abs(rolled[0, 0].numpy() - expected)
        assert off.mean() < 3.0

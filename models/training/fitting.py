"""Learning: epoch after epoch, each kept on disk, so that a run goes on where it stopped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.training.crops import Crops
from models.views import unit_views

_BATCH: Final = 64
_LARGEST_STEP: Final = 2e-3
_DECAY: Final = 0.05
_TONED: Final = 0.5
_INVERTED: Final = 0.15
_TONE_SPREAD: Final = 0.4


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the learning is: after `epoch` of `epochs`, mean loss over the last one."""

    epoch: int
    epochs: int
    loss: float


def fit(net: nn.Module, crops: Crops, *, epochs: int, seed: int, keep: Path) -> Iterator[Progress]:
    """Teach the network, in place; yield after each epoch, first after those found in `keep`.

    AdamW, one cycle of the step size. Crops are shown turned by quarters and mirrored, and
    half of them through another curve of brightness. The order of everything follows from the
    seed and the epoch, so that a run resumed ends with the same weights as one that was not
    stopped.
    Raise `ValueError` if `keep` is of a run with other settings.
    """
    steps = -(-len(crops.kinds) // _BATCH)
    optimiser = torch.optim.AdamW(net.parameters(), lr=_LARGEST_STEP, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, _LARGEST_STEP, total_steps=epochs * steps, pct_start=0.2
    )
    settings = {"epochs": epochs, "seed": seed, "crops": len(crops.kinds)}
    done = _resume(keep, net, optimiser, schedule, settings)
    if done is not None:
        yield done
    for epoch in range(done.epoch if done else 0, epochs):
        torch.manual_seed(seed * 1000 + epoch)
        rng = np.random.default_rng([seed, epoch])
        net.train()
        losses = []
        for batch in np.array_split(rng.permutation(len(crops.kinds)), steps):
            shown = torch.from_numpy(unit_views(_turned(toned(crops.views[batch], rng), rng)))
            loss = nn.functional.cross_entropy(net(shown), torch.from_numpy(crops.kinds[batch]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
        after = Progress(epoch + 1, epochs, float(np.mean(losses)))
        _save(keep, net, optimiser, schedule, settings, after)
        yield after


def logits(net: nn.Module, crops: Crops) -> NDArray[np.float64]:
    """Return the network's outputs (n, kinds) for crops."""
    net.eval()
    found = []
    with torch.inference_mode():
        for first in range(0, len(crops.kinds), 256):
            views = unit_views(crops.views[first : first + 256])
            found.append(net(torch.from_numpy(views)).numpy().astype(np.float64))
    return np.concatenate(found)


def toned(views: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return crops (n, zooms, side, side), half of them with another curve of brightness.

    A light makes brightness of slope; a curve over that is another light, for nothing. It is
    between the darkest and the brightest pixel of each crop; a few are turned into negatives.
    """
    count = len(views)
    chosen = rng.random(count) < _TONED
    power = np.where(chosen, np.exp(rng.normal(0, _TONE_SPREAD, count)), 1.0)
    negative = chosen & (rng.random(count) < _INVERTED / _TONED)
    low = views.min(axis=(1, 2, 3)).astype(np.float32)
    high = views.max(axis=(1, 2, 3)).astype(np.float32)
    steps = np.arange(256, dtype=np.float32)
    share = np.clip((steps - low[:, None]) / np.maximum(high - low, 1)[:, None], 0, 1)
    share = np.where(negative[:, None], 1 - share, share) ** power[:, None]
    curves = np.rint(low[:, None] + share * (high - low)[:, None]).astype(np.uint8)
    shown: NDArray[np.uint8] = curves[np.arange(count)[:, None, None, None], views]
    return shown


def _turned(views: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the batch in one of its eight positions: light may come from anywhere."""
    quarters, mirrored = int(rng.integers(4)), rng.random() < 0.5
    turned = np.rot90(views, quarters, axes=(2, 3))
    return np.ascontiguousarray(turned[..., ::-1] if mirrored else turned)


def _save(
    keep: Path,
    net: nn.Module,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    settings: dict[str, int],
    progress: Progress,
) -> None:
    half = keep.with_suffix(".part")
    state = {
        "net": net.state_dict(),
        "optimiser": optimiser.state_dict(),
        "schedule": schedule.state_dict(),
        "settings": settings,
        "epoch": progress.epoch,
        "loss": progress.loss,
    }
    torch.save(state, half)
    half.replace(keep)


def _resume(
    keep: Path,
    net: nn.Module,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    settings: dict[str, int],
) -> Progress | None:
    if not keep.exists():
        return None
    state = torch.load(keep, map_location="cpu", weights_only=True)
    if state["settings"] != settings:
        raise ValueError(f"{keep} is of a run with {state['settings']}, not {settings}")
    net.load_state_dict(state["net"])
    optimiser.load_state_dict(state["optimiser"])
    schedule.load_state_dict(state["schedule"])
    return Progress(state["epoch"], settings["epochs"], state["loss"])

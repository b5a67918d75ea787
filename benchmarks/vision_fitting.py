"""Fits a small net to samples with torch, and writes it down for `vision.nets`."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.vision_samples import Samples
from vision.unrolled import OUTSIDE, RAYS, SAMPLES, WRAPPED

_BATCH = 256
_LABEL = 0.001


@dataclass(frozen=True, slots=True)
class Plan:
    """A net: sides of its pictures, their number, (channels, stride) by layer, hidden numbers.

    `flat` tells that it looks at rims laid out flat, and `beta` from which error on (radii)
    the move counts by its size, below by its square.
    """

    sides: tuple[int, int]
    pictures: int
    layers: tuple[tuple[int, int], ...]
    hidden: int
    flat: bool = False
    beta: float = 0.05


SCOUT = Plan((24, 24), 2, ((12, 2), (24, 2), (32, 2)), 32)
JUDGE = Plan((32, 32), 3, ((16, 2), (24, 1), (40, 2), (64, 2)), 64)
READER = Plan(
    (RAYS + 2 * WRAPPED, SAMPLES), 2, ((12, 2), (24, 2), (40, 1), (64, 2)), 64, True, 0.01
)


class TorchNet(nn.Module):
    """The same net as `vision.nets.Net`, in torch."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        channels, sides, convolutions = plan.pictures, plan.sides, []
        for wide, stride in plan.layers:
            convolutions.append(nn.Conv2d(channels, wide, 3, stride))
            channels, sides = wide, (-(-sides[0] // stride), -(-sides[1] // stride))
        self.convolutions = nn.ModuleList(convolutions)
        self.hidden = nn.Linear(sides[0] * sides[1] * channels + 1, plan.hidden)
        self.last = nn.Linear(plan.hidden, 4)

    def forward(self, pictures: Tensor, sizes: Tensor) -> Tensor:
        """Return odds, shift right and down, and growth, shape (n, 4)."""
        x = pictures.contiguous(memory_format=torch.channels_last)
        for layer in self.convolutions:
            x = torch.relu(layer(nn.functional.pad(x, (1, 1, 1, 1))))
        flat = torch.cat([x.permute(0, 2, 3, 1).flatten(1), sizes], 1)
        return self.last(torch.relu(self.hidden(flat)))


def fitted(plan: Plan, samples: Samples, epochs: int, seed: int, most: int) -> TorchNet:
    """Return a net fitted to at most so many of the samples."""
    torch.manual_seed(seed)
    torch.set_flush_denormal(True)
    some = torch.randperm(len(samples.mark))[:most]
    seen, mark = torch.from_numpy(samples.seen)[some], torch.from_numpy(samples.mark)[some]
    move, radius = torch.from_numpy(samples.move)[some], torch.from_numpy(samples.radius)[some]
    net = TorchNet(plan).to(memory_format=torch.channels_last)
    steps = epochs * (len(some) // _BATCH)
    optimiser = torch.optim.AdamW(net.parameters(), 1e-3, weight_decay=1e-3)
    pace = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps, pct_start=0.2)
    started = time.monotonic()
    for epoch in range(epochs):
        order, total = torch.randperm(len(some)), 0.0
        for i in range(0, len(some) - _BATCH + 1, _BATCH):
            at = order[i : i + _BATCH]
            turned = _rolled if plan.flat else _turned
            pictures, right = turned(seen[at].float(), move[at])
            shown = _flat_views if plan.flat else _views
            answer = net(shown(_spoilt(pictures), plan), _sizes(radius[at]))
            loss = _loss(answer, mark[at], right, plan.beta)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            pace.step()
            total += loss.item()
        mean = total / (len(some) // _BATCH)
        print(f"epoch {epoch + 1} of {epochs}: loss {mean:.4f}, {time.monotonic() - started:.0f} s")
    return net.eval()


def arrays(net: TorchNet, plan: Plan, name: str) -> dict[str, NDArray[np.float16]]:
    """Return the weights as `vision.nets.net_of` reads them."""
    kept: dict[str, NDArray[np.float16]] = {
        f"{name}.strides": np.array([stride for _, stride in plan.layers], np.float16)
    }
    parts = {f"conv{k}": layer for k, layer in enumerate(net.convolutions)}
    for what, layer in {**parts, "hidden": net.hidden, "last": net.last}.items():
        weight = layer.weight.detach()
        flat = weight.T if weight.ndim == 2 else weight.permute(2, 3, 1, 0).flatten(0, 2)
        kept[f"{name}.{what}.weight"] = flat.numpy().astype(np.float16)
        kept[f"{name}.{what}.bias"] = layer.bias.detach().numpy().astype(np.float16)
    return kept


def _loss(answer: Tensor, mark: Tensor, right: Tensor, beta: float) -> Tensor:
    """Return how wrong the odds are, and for marks the move (over the mark's radius)."""
    sure = mark.float() * (1 - 2 * _LABEL) + _LABEL
    odds = nn.functional.binary_cross_entropy_with_logits(answer[:, 0], sure)
    off = nn.functional.smooth_l1_loss(
        answer[mark][:, 1:], right[mark], beta=beta, reduction="none"
    )
    scale = 1 / right[mark][:, 2:].exp().clamp(0.3, 3)
    weight = torch.cat([scale, scale, torch.ones_like(scale)], 1)
    return odds + (off * weight).sum() / len(mark)


def _turned(pictures: Tensor, move: Tensor) -> tuple[Tensor, Tensor]:
    """Return the close-ups turned by quarters and mirrored."""
    quarters = int(torch.randint(4, (1,)))
    pictures = torch.rot90(pictures, quarters, (2, 3)).contiguous()
    for _ in range(quarters):
        move = torch.stack([move[:, 1], -move[:, 0], move[:, 2]], 1)
    if torch.rand(1) < 0.5:
        pictures, move = pictures.flip(3).contiguous(), move * torch.tensor([-1.0, 1, 1])
    return pictures, move


def _rolled(pictures: Tensor, move: Tensor) -> tuple[Tensor, Tensor]:
    """Return the rims laid out flat turned by some rays, each by its own, and mirrored."""
    rays = pictures.shape[2]
    steps = torch.randint(rays, (len(pictures), 1))
    rows = (torch.arange(rays)[None, :] - steps) % rays
    whole = rows[:, None, :, None].expand(-1, 1, -1, pictures.shape[3])
    pictures = torch.gather(pictures, 2, whole)
    angle = (steps[:, 0] * (2 * math.pi / rays)).float()
    cosine, sine = angle.cos(), angle.sin()
    x, y = move[:, 0] * cosine - move[:, 1] * sine, move[:, 0] * sine + move[:, 1] * cosine
    if torch.rand(1) < 0.5:
        pictures, y = pictures.flip(2).roll(1, 2).contiguous(), -y
    return pictures, torch.stack([x, y, move[:, 2]], 1)


def _spoilt(pictures: Tensor) -> Tensor:
    """Return the pictures, some inverted, brighter, darker or noisier."""
    each = (len(pictures), 1, 1, 1)
    pictures = torch.where(torch.rand(each) < 0.12, 255 - pictures, pictures)
    pictures = 255 * (pictures / 255).clamp(0, 1) ** torch.exp(0.25 * torch.randn(each))
    noise = (torch.rand(each) < 0.3) * 3 * torch.rand(each)
    return (pictures + noise * torch.randn_like(pictures)).clamp(0, 255)


def _views(seen: Tensor, plan: Plan) -> Tensor:
    """Return what `vision.judge` shows its nets."""
    near = [_by_contrast(seen[:, 0]), _by_surroundings(seen[:, 0])]
    return torch.stack(near + [_by_contrast(seen[:, k]) for k in range(1, plan.pictures - 1)], 1)


def _flat_views(seen: Tensor, plan: Plan) -> Tensor:
    """Return what `vision.unrolled.flat_view` makes of rims laid out flat."""
    grey = seen[:, 0]
    outside = grey[:, :, -OUTSIDE:].flatten(1)
    usual = _median(outside)[:, None]
    unrest = 2 * _median((outside - usual).abs()) + 1
    by_outside = ((grey - usual[:, :, None]) / (2 * unrest[:, None, None])).clamp(-3, 3)
    views = torch.stack([_by_contrast(grey), by_outside], 1)
    return torch.cat([views[:, :, -WRAPPED:], views, views[:, :, :WRAPPED]], 2)


def _by_contrast(grey: Tensor) -> Tensor:
    mean = grey.mean((1, 2), keepdim=True)
    return ((grey - mean) / (grey.std((1, 2), keepdim=True, correction=0) + 2)).clamp(-3, 3)


def _by_surroundings(grey: Tensor) -> Tensor:
    edge = torch.cat([grey[:, 0], grey[:, -1], grey[:, :, 0], grey[:, :, -1]], 1)
    usual = _median(edge)[:, None]
    unrest = 2 * _median((edge - usual).abs()) + 1
    return ((grey - usual[:, :, None]) / (2 * unrest[:, None, None])).clamp(-3, 3)


def _median(values: Tensor) -> Tensor:
    """Return the mean of the two middle values, as numpy's median does."""
    ordered, half = values.sort(1).values, values.shape[1] // 2
    return (ordered[:, half - 1] + ordered[:, half]) / 2


def _sizes(radius: Tensor) -> Tensor:
    return (radius.clamp(min=1) / 8).log()[:, None].float()

"""torchvision's AlexNet, made small: its five convolutions, normalised, and one linear layer.

The convolutions are torchvision's own, so that weights trained elsewhere fit
(``features.0.weight`` …). Batch normalisation follows each: from scratch AlexNet hardly
learns without it, and it vanishes into the convolutions on export. Averaging over what is
left of the picture takes the place of the two layers of 4096 units, which are 95 % of
AlexNet's 57 million parameters and of its time for a single picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import torch
from torch import nn

from models.kinds import KINDS
from models.training.operators import torchvision_models

WIDTH: Final = 256
"""Channels of the last convolution."""


class WeightsError(ValueError):
    """A weights file does not hold AlexNet's convolutions."""


def alexnet(weights: Path | None = None) -> nn.Module:
    """Return the network, its convolutions from `weights` (a state dict of AlexNet) if given.

    Raise `WeightsError` if the file lacks one of them or has it in another shape.
    """
    given = torchvision_models().alexnet(weights=None).features
    layers: list[nn.Module] = []
    for layer in given:
        layers.append(layer)
        if isinstance(layer, nn.Conv2d):
            layers.append(nn.BatchNorm2d(layer.out_channels))
    if weights is not None:
        _take(given, torch.load(weights, map_location="cpu", weights_only=True), weights)
    head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(WIDTH, len(KINDS)))
    return nn.Sequential(nn.Sequential(*layers), *head)


def _take(features: nn.Module, state: Mapping[str, torch.Tensor], source: Path) -> None:
    wanted = {f"features.{name}": value for name, value in features.state_dict().items()}
    for name, value in wanted.items():
        if name not in state:
            raise WeightsError(f"{source}: no {name}: not the weights of an AlexNet")
        if state[name].shape != value.shape:
            raise WeightsError(f"{source}: {name} has shape {tuple(state[name].shape)}")
    features.load_state_dict({name.removeprefix("features."): state[name] for name in wanted})

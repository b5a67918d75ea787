"""From a trained network to the two files that the classifier loads."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import torch
from torch import nn

from models.card import CARD, WEIGHTS, Card
from models.confidence import Caution
from models.kinds import KINDS
from models.views import SIDE_PX, ZOOMS_MM

_OPSET: Final = 17


def export(
    net: nn.Module,
    folder: Path,
    *,
    temperature: float,
    caution: Caution,
    made_with: Mapping[str, str | int | float],
    scores: Mapping[str, float],
) -> Path:
    """Write weights (ONNX, 32 bit, any number of places at a time) and card; return the folder."""
    weights = onnx_bytes(net)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS).write_bytes(weights)
    sha256 = hashlib.sha256(weights).hexdigest()
    kinds = tuple(str(kind) for kind in KINDS)
    views = (ZOOMS_MM, SIDE_PX)
    shares = (caution.decide, caution.keep)
    card = Card(sha256, kinds, *views, temperature, *shares, made_with, scores)
    card.write(folder / CARD)
    return folder


def onnx_bytes(net: nn.Module) -> bytes:
    """Return the network as ONNX, its normalisation folded into the convolutions."""
    net.eval()
    sample = torch.zeros(1, 3, SIDE_PX, SIDE_PX)
    file = io.BytesIO()
    with warnings.catch_warnings():
        # The new exporter needs a further package and gives OpenCV nothing more.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            net,
            (sample,),
            file,
            dynamo=False,
            opset_version=_OPSET,
            input_names=["views"],
            output_names=["logits"],
            dynamic_axes={"views": {0: "n"}, "logits": {0: "n"}},
        )
    return file.getvalue()

"""The model card that travels with the weights: what they are, and how sure they may be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

from models.confidence import Caution
from models.kinds import KINDS
from models.views import SIDE_PX, ZOOMS_MM

WEIGHTS: Final = "indentation.onnx"
CARD: Final = "indentation.json"


class ModelError(ValueError):
    """Weights and card cannot be used; the message names the file and the trouble."""


@dataclass(frozen=True, slots=True)
class Card:
    """What the classifier must know of its weights, and a person of where they come from.

    `temperature` divides the outputs; from `least_confidence` on a kind is decided; kinds are
    possible until they hold `possible_share` together.
    `kinds`, `zooms_mm` and `side_px` are what they were trained for. `made_with` and
    `scores` are for people.
    """

    sha256: str
    kinds: tuple[str, ...]
    zooms_mm: tuple[float, ...]
    side_px: int
    temperature: float
    least_confidence: float
    possible_share: float
    made_with: Mapping[str, str | int | float]
    scores: Mapping[str, float]

    @property
    def caution(self) -> Caution:
        """How sure one must be with these weights."""
        return Caution(self.least_confidence, self.possible_share)

    def write(self, path: Path) -> None:
        """Write the card as JSON."""
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")


def read_card(path: Path, weights: bytes) -> Card:
    """Return the card, once it is sure that it belongs to these weights and this program.

    Raise `ModelError` if it cannot be read, or belongs to other weights, kinds or views.
    """
    try:
        raw = json.loads(path.read_text("utf-8"))
        values = {field.name: raw[field.name] for field in fields(Card)}
        temperature = float(raw["temperature"])
        shares = [float(raw[name]) for name in ("least_confidence", "possible_share")]
    except (OSError, ValueError, KeyError, TypeError) as trouble:
        raise ModelError(f"{path}: not a model card ({trouble})") from trouble
    card = Card(**{**values, "kinds": tuple(raw["kinds"]), "zooms_mm": tuple(raw["zooms_mm"])})
    if hashlib.sha256(weights).hexdigest() != card.sha256:
        raise ModelError(f"{path.with_name(WEIGHTS)}: not the weights of {path.name}: fetch both")
    if card.kinds != tuple(KINDS):
        raise ModelError(f"{path}: trained for {', '.join(card.kinds)}: train anew")
    if (card.zooms_mm, card.side_px) != (ZOOMS_MM, SIDE_PX):
        raise ModelError(f"{path}: trained for other views ({card.zooms_mm} mm): train anew")
    if not (0 < temperature < 100 and all(0 < share <= 1 for share in shares)):
        raise ModelError(f"{path}: temperature or a share of confidence is out of range")
    return card

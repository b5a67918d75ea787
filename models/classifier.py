"""Which kind of indentation a place shows: the trained AlexNet, run by OpenCV alone.

OpenCV is here anyway and needs 2 ms for a place; no further runtime is imported
(docs/models.md has the comparison).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from models.card import CARD, WEIGHTS, Card, ModelError, read_card
from models.confidence import Doubles, Seen, probabilities, seen
from models.views import Image, Views, close_up, unit_views
from runtime import Turn

SHIPPED: Final = Path(__file__).parent / "weights"
"""Where the weights lie that come with the program."""


class Classifier:
    """The network, ready to look. Threads that use it at once take turns."""

    def __init__(self, net: cv2.dnn.Net, card: Card) -> None:
        self._net = net
        self._turn = Turn()
        self.card = card

    @classmethod
    def load(cls, folder: Path = SHIPPED) -> Classifier:
        """Return the classifier whose weights and card lie in a folder.

        Raise `ModelError` if they are missing, damaged, or made for something else.
        """
        path = folder / WEIGHTS
        try:
            weights = path.read_bytes()
        except OSError as trouble:
            raise ModelError(f"{path}: {trouble.strerror}: hardlab train --export") from trouble
        card = read_card(folder / CARD, weights)
        net = cv2.dnn.readNetFromONNX(np.frombuffer(weights, np.uint8))
        return cls(net, card)

    def classify(self, image: Image, column: float, row: float, px_per_mm: float) -> Seen:
        """Return what a grey picture shows at a place, by column and row.

        Raise `ValueError` for a picture that cannot be looked at (`views.close_up`).
        """
        return self.judge([close_up(image, column, row, px_per_mm)])[0]

    def judge(self, views: Sequence[Views]) -> list[Seen]:
        """Return what each of several places shows."""
        if not views:
            return []
        sure = probabilities(self.logits(np.stack(views)), self.card.temperature)
        return [seen(row.tolist(), self.card.caution) for row in sure]

    def logits(self, views: Views) -> Doubles:
        """Return the network's outputs (n, kinds) for views (n, 3, side, side)."""
        shown = unit_views(views)
        # OpenCV keeps the input in the network: between the two calls nobody else may come.
        with self._turn:
            self._net.setInput(shown)
            return np.array(self._net.forward(), np.float64)

"""How many blocks go to the wrong cell: python -m benchmarks.routing [--blocks 5000].

Each block has a scale, a hardness and one to five old indentations under one kind of
light, any of all; its order and its label are each wrong in 2 % of cases (another scale, drawn at
random). The indentations are rendered and classified one by one and pooled; their
diameter is the true one with a finder's error (2 %).
Blocks whose order and label both err are asked about like any disagreement.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal

import cv2
import numpy as np

from metrology.indentation import diameter_mm
from metrology.scale import Scale
from metrology.scales import SCALES
from models.classifier import Classifier
from models.confidence import Seen, pooled
from models.routing import Claim, Evidence, Question, kind_of, route
from models.training.crops import LEAST_PX, SCALES_PX_PER_MM
from models.training.scores import wilson
from models.views import ZOOMS_MM, close_up
from vision.rendering import LOOKS, CropKind, render_crop

_LOOKS = tuple(LOOKS)
_WRONG = 0.02
_LARGEST_MM = 6.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=5000)
    parser.add_argument("--first", type=int, default=0, help="seed of the first block")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    seeds = range(args.first, args.first + args.blocks)
    found: Counter[str] = Counter()
    with ProcessPoolExecutor(args.workers, initializer=_start) as pool:
        for told in pool.map(one_block, seeds, chunksize=10):
            found.update(told)
    for claims in ("truthful", "wrong"):
        total = sum(n for key, n in found.items() if key.startswith(claims))
        print(f"order and label {claims}: {total} blocks")
        for key, n in sorted(found.items()):
            if key.startswith(claims):
                low, high = wilson(n, total)
                what = key.partition(" ")[2]
                print(f"  {what:70s} {n:5d} = {n / total:7.3%} ({low:.3%} to {high:.3%})")


_classifier: list[Classifier] = []


def _start() -> None:
    cv2.setNumThreads(1)
    _classifier.append(Classifier.load())


def one_block(seed: int) -> list[str]:
    """Return what became of a block."""
    rng = np.random.default_rng([99, seed])
    truth = _any_scale(rng)
    low, high = float(truth.low), float(truth.high)
    hardness = Decimal(str(round(float(rng.uniform(low + 0.1 * (high - low), high)), 1)))
    wide = min(diameter_mm(truth, hardness), _LARGEST_MM)
    order, label = _claimed(truth, hardness, rng), _claimed(truth, hardness, rng)
    measured = wide * float(rng.normal(1, 0.02))
    told = route(Evidence(_seen(truth, wide, rng), measured, order, label))
    honest = "truthful" if order.scale is truth and label.scale is truth else "wrong"
    if isinstance(told, Question):
        return [f"{honest} question: {told.doubt}"]
    right = told.family == truth.family
    return [f"{honest} {'routed rightly' if right else 'MISROUTED'}"]


def _any_scale(rng: np.random.Generator) -> Scale:
    every = list(SCALES.values())
    return every[int(rng.integers(len(every)))]


def _claimed(truth: Scale, hardness: Decimal, rng: np.random.Generator) -> Claim:
    if rng.random() >= _WRONG:
        return Claim(truth, hardness)
    return Claim(_any_scale(rng))


def _seen(truth: Scale, wide: float, rng: np.random.Generator) -> Seen:
    kind = CropKind(kind_of(truth))
    look = _LOOKS[int(rng.integers(len(_LOOKS)))]
    scale = float(rng.uniform(*SCALES_PX_PER_MM))
    scale = max(scale, min(LEAST_PX / wide, SCALES_PX_PER_MM[1]))
    size = int(np.ceil(ZOOMS_MM[0] * scale)) | 1
    views = []
    for _ in range(int(rng.integers(1, 6))):
        image, _ = render_crop(kind, wide, px_per_mm=scale, size_px=size, rng=rng, looks=(look,))
        views.append(close_up(image, (size - 1) / 2, (size - 1) / 2, scale))
    classifier = _classifier[0]
    told = classifier.judge(views)
    # As the cell does it: what is decided to be none of its indentations is left out.
    left = [one for one in told if one.may_be_indentation]
    return pooled(left or told)


if __name__ == "__main__":
    main()

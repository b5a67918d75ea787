"""The truth of a simulated tray: what its blocks really are, which the controller never sees."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import get_args

from controller.events import BlockOrder
from hil_sim.physics import HardnessField
from hil_sim.world import Indentation, WorldBlock
from metrology import diameter_mm, find_scale
from runtime import stream
from vision.rendering import Flaw, FlawKind

UNKNOWN_UNIFORMITY = 0.2


@dataclass(frozen=True, slots=True)
class Truth:
    """What a block of the tray really is; hardness and range (max - min) in HR.

    `old_scale` made its old marks, "" for its own scale; `flaws` are what else its face shows.
    """

    hardness: float
    uniformity: float
    old_marks: int = 0
    code: str | None = None
    flaws: tuple[Flaw, ...] = ()
    old_scale: str = ""


def read_truth(path: Path) -> Mapping[str, Truth]:
    """Read ``number,hardness,uniformity,old_marks,code,flaws``; an empty code shows the number.

    A code of ``?`` cannot be read. Flaws are optional, each as ``kind x y size direction text``
    (mm and degrees), with semicolons between. Raises OSError or ValueError on a bad file.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row["number"]: _truth(row) for row in csv.DictReader(file)}


def _truth(row: Mapping[str, str]) -> Truth:
    code = row["code"].strip() or row["number"]
    return Truth(
        float(row["hardness"]),
        float(row["uniformity"]),
        int(row["old_marks"] or 0),
        None if code == "?" else code,
        tuple(_flaw(words) for words in (row.get("flaws") or "").split(";") if words.strip()),
    )


def _flaw(words: str) -> Flaw:
    kind, x, y, size, *rest = words.split(maxsplit=5)
    direction, text = rest[0] if rest else "0", rest[1] if len(rest) > 1 else ""
    known = next((known for known in get_args(FlawKind) if known == kind), None)
    if known is None:
        raise ValueError(f"no flaw is called {kind!r}; there are {', '.join(get_args(FlawKind))}")
    turn = round(math.radians(float(direction)), 4)
    return Flaw(known, float(x), float(y), float(size), turn, text)


def assumed(order: BlockOrder) -> Truth:
    """Return a plausible truth for a block of which nobody wrote one down."""
    scale = find_scale(order.scale)
    middle = (float(scale.low) + float(scale.high)) / 2
    uniformity = order.nominal_uniformity
    return Truth(
        float(order.nominal) if order.nominal is not None else middle,
        float(uniformity) if uniformity is not None else UNKNOWN_UNIFORMITY,
        code=order.block,
    )


def make_block(order: BlockOrder, truth: Truth, seed: int) -> WorldBlock:
    """Return a block with its old marks and a field of the right level, not yet of the right range.

    The same seed always gives the same block.
    """
    rng = stream(seed, "block", order.block)
    field = HardnessField.random(truth.hardness, 0.02, rng)
    block = WorldBlock(
        order.block,
        order.scale,
        field,
        truth.code,
        shape=order.shape,
        width_mm=order.width_mm,
        depth_mm=order.depth_mm,
        thickness_mm=round(rng.uniform(9.5, 12.0), 2),
        flaws=list(truth.flaws),
    )
    block.marks += _old_marks(block, truth, rng)
    return block


def _old_marks(block: WorldBlock, truth: Truth, rng: Random) -> Iterable[Indentation]:
    """Yield marks of earlier verifications: groups of five, never on top of each other."""
    scale = truth.old_scale or block.scale
    diameter = diameter_mm(find_scale(scale), truth.hardness)
    reach = min(block.width_mm, block.depth_mm) / 2 - 5.0
    made: list[Indentation] = []
    while len(made) < truth.old_marks:
        x, y = rng.uniform(-reach, reach), rng.uniform(-reach, reach)
        near = any(math.hypot(x - m.x, y - m.y) < 2.5 * diameter + 0.5 for m in made)
        if math.hypot(x, y) <= reach and not near:
            made.append(Indentation(round(x, 3), round(y, 3), diameter, scale))
    return made


def tune(block: WorldBlock, truth: Truth, spots: Sequence[tuple[float, float]]) -> None:
    """Scale the field so that mean and range over these spots are the true ones, noise-free."""
    block.hardness = block.hardness.fitted(spots, truth.hardness, truth.uniformity)

"""Trays of a campaign: any blocks, some of them not what their papers say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from random import Random

from controller.config import LabConfig
from controller.events import BlockOrder
from controller.manifest import Manifest
from drivers.interfaces import Place, Station
from hil_sim.scenario.truth import Truth, make_block, tune
from hil_sim.world import Indentation, World
from runtime import stream

SPOTS = ((0.0, 0.0), (12.0, 4.0), (-9.0, 11.0), (5.0, -13.0), (-12.0, -6.0))
"""Where the hardness of a block is what its truth says; nobody knows them."""
PATTERNS = 8
"""Surfaces with old marks that occur: few, so that planning each need not be repeated."""
NOMINALS = tuple(Decimal(n) for n in ("25.3", "41.8", "60.5", "63.0"))


@dataclass(frozen=True, slots=True)
class Delivery:
    """A tray as it arrives: its papers, and what its blocks really are."""

    manifest: Manifest
    truths: Mapping[str, Truth]
    missing: frozenset[str]


def delivery(config: LabConfig, seed: int, number: int, blocks: int) -> Delivery:
    """Return the nth tray of a run: mostly good blocks, and everything that ever happens."""
    rng = stream(seed, "tray", str(number))
    nominal = rng.choice(NOMINALS)
    orders, truths, missing = [], {}, set()
    for slot in sorted(rng.sample(range(1, config.cell.slots + 1), blocks)):
        name = f"T{number:03d}-{slot:02d}"
        orders.append(BlockOrder(name, "HRC", slot, "round", 64.0, 64.0, nominal, Decimal("0.3")))
        truths[name] = _truth(rng, name, float(nominal))
        if rng.random() < 0.005:
            missing.add(name)
    manifest = Manifest(f"S{seed}-{number:03d}", tuple(orders))
    return Delivery(manifest, truths, frozenset(missing))


def _truth(rng: Random, name: str, nominal: float) -> Truth:
    code: str | None = name
    fate = rng.random()
    if fate < 0.01:
        code = None
    elif fate < 0.02:
        code = f"{name}X"
    uniformity = rng.choice((0.1, 0.2, 0.3, 0.3, 0.4, 0.9))
    marks = rng.choice((0, 0, 0, 5, 10, 25))
    return Truth(nominal + rng.uniform(-0.4, 0.4), uniformity, marks, code)


def dock(world: World, arriving: Delivery) -> None:
    """Take the blocks of the tray before away and put the new ones into their slots."""
    for name, at in tuple(world.where.items()):
        if at.startswith("slot-"):
            world.carry_away(name)
    for order in arriving.manifest.blocks:
        if order.block in arriving.missing:
            continue
        truth = arriving.truths[order.block]
        bare = Truth(truth.hardness, truth.uniformity, 0, truth.code)
        block = make_block(order, bare, 1)
        pattern = sum(map(ord, order.block)) % PATTERNS
        block.marks += _pattern(order.scale, pattern, truth.old_marks)
        tune(block, truth, SPOTS)
        world.add(block, Place(Station.SLOT, order.slot))


@lru_cache(maxsize=256)
def _pattern(scale: str, pattern: int, marks: int) -> tuple[Indentation, ...]:
    order = BlockOrder(f"pattern-{pattern}", scale, 1, "round", 64.0, 64.0)
    return tuple(make_block(order, Truth(45.0, 0.1, marks, None), pattern).marks)

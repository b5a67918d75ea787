"""What only the simulation knows of a run: truth, risk, accidents; and the time bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from controller.bound import Bound, bound
from controller.config import LabConfig
from controller.report.results import BlockResult, TrayResult
from controller.state import Block, CellState
from hil_sim.world import World
from metrology import find_scale, load_regulation, rejection_risk

PUBLISHED = tuple(f"2007-{number}" for number in range(101, 113))
"""The twelve blocks whose measured values the description of the lab prints."""


@dataclass(frozen=True, slots=True)
class BlockTruth:
    """The noise-free mean and range over the places that were indented, HR, and the risk.

    ``risk`` is the probability that the tester's scatter alone lifts the range over the limit.
    """

    mean: float
    uniformity: float
    good: bool
    risk: float


@dataclass(frozen=True, slots=True)
class Deviations:
    """Absolute deviations, unrounded value less published: their mean and the largest, HR."""

    mean: Decimal
    largest: Decimal


@dataclass(frozen=True, slots=True)
class Facts:
    """What the run is compared with.

    ``excess`` is makespan over bound, less one; None for a run that was interrupted
    or is not finished.
    """

    seed: int
    truth: dict[str, BlockTruth]
    good_rejected: tuple[str, ...]
    bad_passed: tuple[str, ...]
    expected_rejections: float
    hardness: Deviations | None
    uniformity: Deviations | None
    bound: Bound
    bound_s: float
    excess: float | None
    accidents: tuple[str, ...]


def facts_of(
    config: LabConfig, seed: int, world: World, result: TrayResult, state: CellState
) -> Facts:
    """Compare a run with the world it happened in."""
    truth = {
        block.name: _truth(config, world, block)
        for block in state.customers
        if block.verdict is not None
    }
    outcome = {block.block: block.outcome for block in result.blocks}
    least = bound(config, state, result.duties)
    twelve = [block for block in result.blocks if block.block in PUBLISHED]
    return Facts(
        seed=seed,
        truth=truth,
        good_rejected=tuple(n for n, t in truth.items() if t.good and outcome[n] == "fail"),
        bad_passed=tuple(n for n, t in truth.items() if not t.good and outcome[n] == "pass"),
        expected_rejections=sum(t.risk for t in truth.values() if t.good),
        hardness=_deviations(twelve, "mean_deviation"),
        uniformity=_deviations(twelve, "uniformity_deviation"),
        bound=least,
        bound_s=least.total_s,
        excess=_excess(result, least),
        accidents=tuple(world.accidents),
    )


def _excess(result: TrayResult, least: Bound) -> float | None:
    if not result.finished or result.sessions > 1 or not least.visits_s:
        return None
    return result.makespan_s / least.total_s - 1


def _truth(config: LabConfig, world: World, block: Block) -> BlockTruth:
    field = world.blocks[block.name].hardness
    places = [block.positions[reading.position] for reading in block.readings]
    values = [field.at(place.x, place.y) for place in places]
    mean, spread = sum(values) / len(values), max(values) - min(values)
    regulation = load_regulation(config.cell.regulation)
    limit = float(regulation.uniformity_limit(find_scale(block.scale), Decimal(str(mean))))
    risk = rejection_risk(values, config.simulation.tester_sigma, limit)
    return BlockTruth(mean, spread, spread <= limit, risk)


def _deviations(blocks: Sequence[BlockResult], name: str) -> Deviations | None:
    """Return the deviations of the published blocks; None unless all twelve were measured."""
    found: list[Decimal | None] = [getattr(block, name) for block in blocks]
    sizes = [abs(value) for value in found if value is not None]
    if len(sizes) != len(PUBLISHED):
        return None
    return Deviations(sum(sizes, Decimal(0)) / len(sizes), max(sizes))

"""Verdicts: on a block, and on the tester by its check block."""

from __future__ import annotations

from decimal import Decimal

from controller.actions import Judge, JudgeCheck
from controller.decisions import ask
from controller.events import CheckJudged, Judged, Share
from controller.rig import Rig, Stop
from controller.state import Block
from metrology import Budget, find_scale, judge


async def judge_block(rig: Rig, action: Judge) -> Stop | None:
    """Reach the verdict on a block from its valid readings, in the order they were made."""
    block = rig.state.blocks[action.block]
    readings = [reading.hardness for reading in block.readings]
    verdict = judge(find_scale(block.scale), readings, rig.regulation)
    budget = rig.config.uncertainty.budget(readings)
    await rig.ledger.record(
        Judged(
            block=block.name,
            mean=verdict.mean,
            value=verdict.value,
            uniformity=verdict.uniformity,
            limit=verdict.limit,
            passed=verdict.passed,
            provisional=verdict.provisional,
            reason=verdict.reason,
            expanded_uncertainty=budget.expanded().quantize(Decimal("0.01")),
            regulation=rig.regulation.code,
            budget=_shares(budget),
        )
    )
    return None


async def judge_check(rig: Rig, action: JudgeCheck) -> Stop | None:
    """Compare the check block's mean with its certified value."""
    duty = next(duty for duty in rig.state.duties if duty.duty == action.duty)
    block = rig.state.blocks[duty.block]
    stock = block.stock
    assert stock is not None and stock.certified is not None and stock.limit is not None
    mean = _mean(block, duty.duty)
    deviation = mean - stock.certified
    good = abs(deviation) <= stock.limit
    day = rig.clock.utc().date().isoformat()
    judged = CheckJudged(
        duty.duty, block.name, mean, stock.certified, deviation, stock.limit, good, day
    )
    if good:
        await rig.ledger.record(judged)
        return None
    text = f"{duty.kind}: {mean} instead of {stock.certified} ± {stock.limit}"
    await rig.ledger.record(judged, *ask(rig, "check_failed", "", text))
    return None


def _shares(budget: Budget) -> tuple[Share, ...]:
    """Write the components to 0.0001 of the unit: more than any document shows."""
    return tuple(
        Share(symbol, value.quantize(Decimal("0.0001")))
        for symbol, value in budget.components().items()
    )


def _mean(block: Block, duty: str) -> Decimal:
    made = [reading.hardness for reading in block.readings if reading.duty == duty]
    return (sum(made, Decimal(0)) / len(made)).quantize(Decimal("0.001"))

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from metrology.regulation_model import Regulation
from metrology.rounding import exact_decimal, round_gb8170
from metrology.scale import Scale
from metrology.uniformity import Measure, mean_of, uniformity_of
from metrology.verdict_text import Finding, reason_en, reason_zh


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the readings of one block say under one regulation.

    `mean` is the unrounded mean hardness and `value` the same rounded once to the block interval.
    `uniformity` and `limit` are unrounded: HR for the measure "range", else percent of the mean.
    `provisional` means that nobody has confirmed the regulation's tables yet: the verdict sorts
    the block but supports no document. `reason` and `reason_zh` say it in one sentence.
    """

    mean: Decimal
    value: Decimal
    uniformity: Decimal
    limit: Decimal
    passed: bool
    provisional: bool
    reason: str
    reason_zh: str
    measure: Measure
    regulation: str


def judge(
    scale: Scale,
    readings: Sequence[Decimal],
    regulation: Regulation,
    measure: Measure | None = None,
) -> Verdict:
    """Judge the readings of one block (hardness values, in any order).

    Uniformity is taken from the unrounded readings and the limit from the unrounded mean; a block
    passes if its uniformity does not exceed the limit and its mean lies in the scale's range.
    `measure` defaults to the regulation's own (Brinell knows two). Raise `ValueError` for a wrong
    number of readings, an impossible reading or a scale the regulation does not cover, `TypeError`
    for readings that are binary floats.
    """
    regulation.require(scale)
    values = _checked(scale, readings, regulation.indentations)
    chosen = measure or regulation.measure
    mean = mean_of(values)
    uniformity = uniformity_of(scale, values, chosen)
    limit = regulation.uniformity_limit(scale, mean, chosen)
    finding = Finding(
        scale=scale,
        regulation=regulation.code,
        provisional=not regulation.confirmed,
        measure=chosen,
        mean=mean,
        value=round_gb8170(mean, regulation.resolution.block_value),
        uniformity=uniformity,
        limit=limit,
        in_range=scale.contains(mean),
        uniform=_within(regulation, uniformity, limit),
    )
    return Verdict(
        mean=finding.mean,
        value=finding.value,
        uniformity=finding.uniformity,
        limit=finding.limit,
        passed=finding.passed,
        provisional=finding.provisional,
        reason=reason_en(finding),
        reason_zh=reason_zh(finding),
        measure=chosen,
        regulation=regulation.code,
    )


def _checked(scale: Scale, readings: Sequence[Decimal], wanted: int) -> list[Decimal]:
    if len(readings) != wanted:
        raise ValueError(
            f"{len(readings)} readings instead of {wanted}: judge a block only when all its valid "
            "readings are there, without void ones"
        )
    values = [exact_decimal(reading, "reading") for reading in readings]
    if scale.family == "brinell" and min(values) <= 0:
        raise ValueError(f"a Brinell reading of {min(values)} is impossible: check its record")
    return values


def _within(regulation: Regulation, uniformity: Decimal, limit: Decimal) -> bool:
    if regulation.comparison == "full value":
        return uniformity <= limit
    step = regulation.resolution.block_value
    return round_gb8170(uniformity, step) <= round_gb8170(limit, step)

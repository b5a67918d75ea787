import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrology.regulation import load_regulation, regulation_for
from metrology.rounding import round_gb8170
from metrology.scale import Scale
from metrology.scales import SCALES
from metrology.verdict import Verdict, judge

HRC, HBW = SCALES["HRC"], SCALES["HBW10/3000"]


def decimals(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


def verdict(scale: Scale, *texts: str) -> Verdict:
    return judge(scale, decimals(*texts), regulation_for(scale))


@st.composite
def blocks(draw: st.DrawFn) -> tuple[Scale, list[Decimal]]:
    scale = draw(st.sampled_from(list(SCALES.values())))
    values = st.decimals(scale.low, scale.high, places=2)
    centre = draw(values)
    near = st.decimals(-1, 1, places=2).map(lambda d: max(centre + d, scale.low))
    return scale, draw(st.lists(near, min_size=5, max_size=5))


def test_a_good_block() -> None:
    found = verdict(HRC, "60.1", "60.2", "60.3", "60.0", "60.2")
    assert (found.mean, found.value) == (Decimal("60.16"), Decimal("60.2"))
    assert (found.uniformity, found.limit) == (Decimal("0.3"), Decimal("0.4"))
    assert found.passed
    assert found.reason.startswith(
        "The uniformity of 0.30 HRC is within the limit of 0.40 HRC for 60.2 HRC (JJG 113-2013)"
    )
    assert "均匀度0.30 HRC" in found.reason_zh
    assert "不超过JJG 113-2013允许值0.40 HRC" in found.reason_zh


def test_a_block_exactly_at_the_limit_passes_and_one_step_beyond_fails() -> None:
    assert verdict(HRC, "62.0", "62.1", "62.2", "62.3", "62.4").passed
    beyond = verdict(HRC, "62.0", "62.1", "62.2", "62.3", "62.41")
    assert not beyond.passed
    assert "exceeds the limit" in beyond.reason
    assert "，超过" in beyond.reason_zh


def test_the_limit_takes_the_unrounded_mean() -> None:
    # mean 30.052 -> limit 0.69948: rounding the mean to 30.1 would give 0.699
    found = verdict(HRC, "29.80", "30.0", "30.1", "29.86", "30.5")
    assert (found.mean, found.limit) == (Decimal("30.052"), Decimal("0.69948"))
    assert str(found.value) == "30.1"
    # A range of 0.7 exceeds 0.69948 by little: the sentence shows enough digits to see it.
    assert not found.passed
    assert "0.700 HRC exceeds the limit of 0.699 HRC" in found.reason


def test_the_value_is_rounded_half_to_even() -> None:
    assert str(verdict(HRC, "60.25", "60.25", "60.25", "60.25", "60.25").value) == "60.2"
    assert str(verdict(HRC, "60.35", "60.35", "60.35", "60.35", "60.35").value) == "60.4"


def test_a_mean_outside_the_scale_fails_whatever_the_uniformity() -> None:
    found = verdict(HRC, "70.1", "70.1", "70.1", "70.1", "70.1")
    assert found.uniformity == 0
    assert not found.passed
    assert "70.1 HRC lies outside the range of the scale, 20 to 70" in found.reason
    assert "超出标尺适用范围" in found.reason_zh


def test_brinell_by_hardness_and_by_diameter() -> None:
    readings = decimals("200", "202", "201", "203", "204")
    by_hardness = judge(HBW, readings, load_regulation("JJG 147-2017"))
    by_diameter = judge(HBW, readings, load_regulation("ISO 6506-3"))
    assert by_hardness.measure == "hardness percent"
    assert by_hardness.uniformity == pytest.approx(Decimal(400) / Decimal(202))
    assert by_hardness.limit == 4
    assert by_diameter.measure == "diameter percent"
    d200, d204 = HBW.brinell_diameter_mm("200"), HBW.brinell_diameter_mm("204")
    middle = float(HBW.brinell_diameter_mm("202"))
    assert float(by_diameter.uniformity) == pytest.approx(
        100 * float(d200 - d204) / middle, rel=1e-4
    )
    assert by_diameter.limit == 2
    # Hardness changes about twice as fast as the diameter.
    assert float(by_hardness.uniformity / by_diameter.uniformity) == pytest.approx(2.1, abs=0.02)
    both = judge(HBW, readings, load_regulation("JJG 147-2017"), "diameter percent")
    assert both.uniformity == by_diameter.uniformity


def test_unconfirmed_limits_make_a_verdict_provisional() -> None:
    regulation = regulation_for(HRC)
    readings = decimals("60.1", "60.2", "60.3", "60.0", "60.2")
    drafted = judge(HRC, readings, regulation)
    sealed = judge(HRC, readings, regulation.confirm("Li", date(2026, 1, 31)))
    assert drafted.provisional
    assert not sealed.provisional
    assert "provisional" in drafted.reason
    assert "provisional" not in sealed.reason
    assert "暂定" in drafted.reason_zh
    assert "暂定" not in sealed.reason_zh
    assert drafted.passed == sealed.passed


def test_comparison_of_rounded_values_forgives_a_hair() -> None:
    readings = decimals("62.0", "62.1", "62.2", "62.3", "62.41")
    full = regulation_for(HRC)
    rounded = replace(full, comparison="rounded value")
    assert not judge(HRC, readings, full).passed
    assert judge(HRC, readings, rounded).passed
    assert not judge(HRC, [*readings[:4], Decimal("62.46")], rounded).passed


@given(blocks(), st.randoms())
def test_the_order_of_the_readings_does_not_matter(
    block: tuple[Scale, list[Decimal]], dice: random.Random
) -> None:
    scale, readings = block
    shuffled = sorted(readings, key=lambda _: dice.random())
    assert judge(scale, shuffled, regulation_for(scale)) == judge(
        scale, readings, regulation_for(scale)
    )


@given(blocks())
def test_what_every_verdict_keeps(block: tuple[Scale, list[Decimal]]) -> None:
    scale, readings = block
    found = judge(scale, readings, regulation_for(scale))
    assert found.uniformity >= 0
    assert (found.uniformity == 0) == (len(set(readings)) == 1)
    assert min(readings) <= found.mean <= max(readings)
    assert found.value == round_gb8170(found.mean, "0.1")
    assert abs(found.value - found.mean) <= Decimal("0.05")
    assert found.passed == (found.uniformity <= found.limit and scale.contains(found.mean))


@given(blocks(), st.decimals("0.01", 3, places=2))
def test_spreading_the_extremes_never_helps(
    block: tuple[Scale, list[Decimal]], more: Decimal
) -> None:
    scale, readings = block
    inner = sorted(readings)
    wider = [inner[0], inner[1], inner[2], inner[3], inner[4] + more]
    before = judge(scale, inner, regulation_for(scale))
    after = judge(scale, wider, regulation_for(scale))
    assert after.uniformity > before.uniformity
    assert after.passed <= before.passed


@given(blocks())
def test_the_callers_decimal_context_has_no_say(block: tuple[Scale, list[Decimal]]) -> None:
    scale, readings = block
    expected = judge(scale, readings, regulation_for(scale))
    with localcontext(prec=3):
        assert judge(scale, readings, regulation_for(scale)) == expected


@pytest.mark.parametrize("count", [0, 4, 6])
def test_a_wrong_number_of_readings_is_refused_with_the_remedy(count: int) -> None:
    with pytest.raises(ValueError, match=f"{count} readings instead of 5.*without void ones"):
        judge(HRC, [Decimal(60)] * count, regulation_for(HRC))


def test_floats_and_impossible_readings_are_refused() -> None:
    floats: Sequence[Decimal] = [60.1] * 5  # type: ignore[list-item]  # wrong on purpose
    with pytest.raises(TypeError, match="give the digits as text"):
        judge(HRC, floats, regulation_for(HRC))
    with pytest.raises(ValueError, match="not finite"):
        judge(HRC, [Decimal("NaN")] * 5, regulation_for(HRC))
    with pytest.raises(ValueError, match="impossible"):
        judge(HBW, decimals("200", "201", "0", "202", "203"), regulation_for(HBW))


def test_a_regulation_of_another_family_is_refused() -> None:
    with pytest.raises(ValueError, match="does not cover"):
        judge(HRC, [Decimal(60)] * 5, load_regulation("JJG 147-2017"))
    with pytest.raises(ValueError, match="not measured as"):
        judge(HRC, [Decimal(60)] * 5, regulation_for(HRC), "diameter percent")

from dataclasses import FrozenInstanceError, replace
from datetime import date
from decimal import Decimal
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrology.regulation import (
    REGULATION_CODES,
    RegulationFormatError,
    UnknownRegulationError,
    load_regulation,
    parse_regulation,
    regulation_for,
)
from metrology.scale import Scale
from metrology.scales import SCALES
from metrology.uniformity import Measure

ROCKWELL = [scale for scale in SCALES.values() if scale.family != "brinell"]
BRINELL = [scale for scale in SCALES.values() if scale.family == "brinell"]
# coefficient of (N - H), N, floor
UNIFORMITY = {
    "HRA": (".015", 100, "0.4"),
    "HRBW": (".020", 130, "1.0"),
    "HRC": (".010", 100, "0.4"),
    "HRD": (".010", 100, "0.4"),
    **dict.fromkeys(("HREW", "HRFW", "HRGW", "HRHW", "HRKW"), (".020", 130, "1.0")),
    **dict.fromkeys(("HR15N", "HR30N", "HR45N"), (".020", 100, "0.6")),
    **dict.fromkeys(("HR15TW", "HR30TW", "HR45TW"), (".030", 100, "1.2")),
}


def text_of(code: str) -> str:
    stem = "".join(code.split()).lower()
    file = resources.files("metrology") / "regulations" / f"{stem}.toml"
    return file.read_text(encoding="utf-8")


@given(
    st.sampled_from(ROCKWELL),
    st.sampled_from(["JJG 113-2013", "ISO 6508-3"]),
    st.decimals(0, 130, places=3),
)
def test_rockwell_limits(scale: Scale, code: str, mean: Decimal) -> None:
    coefficient, number, floor = UNIFORMITY[scale.symbol]
    expected = max(Decimal(coefficient) * (number - mean), Decimal(floor))
    assert load_regulation(code).uniformity_limit(scale, mean) == expected


@pytest.mark.parametrize(
    ("symbol", "mean", "limit"),
    [
        ("HRC", "30", "0.7"),
        ("HRC", "60", "0.4"),
        ("HRC", "65", "0.4"),
        ("HRC", "30.14", "0.6986"),
        ("HRA", "60", "0.6"),
        ("HRBW", "60", "1.4"),
        ("HRBW", "90", "1.0"),
        ("HR30N", "50", "1.0"),
        ("HR30TW", "50", "1.5"),
    ],
)
def test_limits_a_metrologist_can_check_by_head(symbol: str, mean: str, limit: str) -> None:
    scale = SCALES[symbol]
    assert regulation_for(scale).uniformity_limit(scale, Decimal(mean)) == Decimal(limit)


@pytest.mark.parametrize(
    ("measure", "soft", "hard"),
    [("hardness percent", "4.0", "2.0"), ("diameter percent", "2.0", "1.0")],
)
def test_brinell_limits_change_above_225(measure: Measure, soft: str, hard: str) -> None:
    scale = SCALES["HBW10/3000"]
    limit = load_regulation("JJG 147-2017").uniformity_limit
    assert limit(scale, Decimal(225), measure) == Decimal(soft)
    assert limit(scale, Decimal("225.0001"), measure) == Decimal(hard)
    assert limit(scale, Decimal(650), measure) == Decimal(hard)


def test_each_brinell_text_has_its_own_measure() -> None:
    assert load_regulation("JJG 147-2017").measure == "hardness percent"
    assert load_regulation("ISO 6506-3").measure == "diameter percent"
    scale = SCALES["HBW5/750"]
    assert load_regulation("ISO 6506-3").uniformity_limit(scale, Decimal(300)) == 1
    assert load_regulation("JJG 147-2017").uniformity_limit(scale, Decimal(300)) == 2


@given(st.sampled_from(list(SCALES.values())), st.data())
def test_a_harder_block_never_gets_a_wider_limit(scale: Scale, data: st.DataObject) -> None:
    means = st.decimals(scale.low, scale.high, places=2)
    softer, harder = sorted([data.draw(means), data.draw(means)])
    limit = regulation_for(scale).uniformity_limit
    assert limit(scale, softer) >= limit(scale, harder) > 0


@pytest.mark.parametrize("code", REGULATION_CODES)
def test_common_numbers_of_every_regulation(code: str) -> None:
    regulation = load_regulation(code)
    assert regulation.code == code
    assert regulation.indentations == 5
    assert regulation.pattern == "uniform"
    assert regulation.resolution.reading == regulation.resolution.block_value == Decimal("0.1")
    assert regulation.comparison == "full value"
    assert regulation.environment.allows(Decimal(18))
    assert regulation.environment.allows(Decimal(28))
    assert not regulation.environment.allows(Decimal("17.9"))
    assert not regulation.environment.allows(Decimal("28.1"))


def test_validity_and_drift_differ() -> None:
    assert load_regulation("JJG 113-2013").validity_months == 12
    assert load_regulation("ISO 6508-3").validity_months == 60
    assert load_regulation("JJG 113-2013").environment.max_drift_c is None
    assert load_regulation("JJG 147-2017").environment.max_drift_c == 1
    assert load_regulation("JJG 147-2017").in_force == date(2017, 8, 28)


@given(st.floats(0, 7))
def test_house_clearances(diameter: float) -> None:
    scale = SCALES["HRC"]
    found = regulation_for(scale).clearances(scale, diameter)
    assert found.pitch_mm == max(4 * diameter, 2)
    assert found.edge_mm == max(2.5 * diameter, 4)


@pytest.mark.parametrize("diameter", [-0.1, float("nan"), float("inf")])
def test_an_impossible_diameter_has_no_clearance(diameter: float) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        regulation_for(SCALES["HRC"]).clearances(SCALES["HRC"], diameter)


@pytest.mark.parametrize("scale", SCALES.values(), ids=lambda scale: scale.symbol)
def test_the_verification_regulation_is_the_default(scale: Scale) -> None:
    expected = "JJG 147-2017" if scale.family == "brinell" else "JJG 113-2013"
    assert regulation_for(scale).code == expected


def test_a_regulation_of_another_family_is_refused() -> None:
    with pytest.raises(ValueError, match="does not cover HRC"):
        regulation_for(SCALES["HRC"], "JJG 147-2017")
    with pytest.raises(ValueError, match="does not cover HBW5/750"):
        load_regulation("JJG 113-2013").clearances(SCALES["HBW5/750"], 3.0)
    with pytest.raises(ValueError, match="no range limit for HBW5/750"):
        load_regulation("JJG 113-2013").uniformity_limit(SCALES["HBW5/750"], Decimal(300))
    with pytest.raises(ValueError, match="no hardness percent limit"):
        load_regulation("ISO 6506-3").uniformity_limit(
            SCALES["HBW5/750"], Decimal(300), "hardness percent"
        )


def test_codes_are_found_in_any_writing_and_typos_get_a_hint() -> None:
    assert load_regulation("jjg113-2013") is load_regulation("JJG 113-2013")
    with pytest.raises(UnknownRegulationError, match="did you mean JJG 113-2013"):
        load_regulation("JJG 113-2003")


@pytest.mark.parametrize("code", REGULATION_CODES)
def test_every_table_says_where_it_comes_from_and_nothing_is_confirmed(code: str) -> None:
    regulation = load_regulation(code)
    assert not regulation.confirmed
    assert set(regulation.unconfirmed_tables) == set(regulation.provenance())
    marks = {"read", "K-hi", "K-md", "K-lo", "D", "I", "house"}
    for name, origin in regulation.provenance().items():
        assert origin.source, name
        assert origin.clause, name
        assert origin.confidence in marks, name
    limits = [row for row in regulation.provenance() if row.startswith("uniformity")]
    assert len(limits) == len(regulation.range_limits) + len(regulation.percent_limits)
    assert all(regulation.provenance()[row].confidence in {"K-md", "K-lo"} for row in limits)


def test_one_unconfirmed_table_keeps_the_whole_regulation_unconfirmed() -> None:
    text = text_of("JJG 113-2013").partition("[indentations]")
    signed = (
        "".join(text[1:])
        .replace('confirmed_by = ""', 'confirmed_by = "Li"')
        .replace('confirmed_on = ""', 'confirmed_on = "2026-01-31"')
    )
    assert parse_regulation(text[0] + signed).confirmed
    one_left = signed.replace('"2026-01-31"', '""', 1)
    assert parse_regulation(text[0] + one_left).unconfirmed_tables == ("indentations",)
    nameless = signed.replace('"Li"', '" "', 1)
    assert not parse_regulation(text[0] + nameless).confirmed


def test_confirming_changes_nothing_but_the_confirmation() -> None:
    before = load_regulation("JJG 147-2017")
    after = before.confirm("Li", date(2026, 1, 31))
    assert after.confirmed
    assert not before.confirmed
    assert {o.confirmed_by for o in after.provenance().values()} == {"Li"}
    bare = {"tables": (), "range_limits": (), "percent_limits": ()}
    assert replace(after, **bare) == replace(before, **bare)  # type: ignore[arg-type]  # fields by name
    with pytest.raises(ValueError, match="name of the person"):
        before.confirm(" ", date(2026, 1, 31))


def test_a_regulation_cannot_be_changed_and_may_be_a_key() -> None:
    regulation = load_regulation("JJG 113-2013")
    with pytest.raises(FrozenInstanceError):
        regulation.indentations = 4  # type: ignore[misc]  # frozen: it must refuse
    assert {regulation: 1}[parse_regulation(text_of("JJG 113-2013"))] == 1


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('comparison = "full value"', 'comparison = "by eye"', "by eye"),
        ('rounding_order = "last"', 'rounding_order = "first"', "first"),
        ("count = 5", "count = 0", "positive whole number"),
        ('coefficient = "0.010"', "coefficient = 0.010", "give the digits as text"),
        ('"HRC"', '"HRX"', "HRX"),
        ('pitch_factor = "4"', 'pitch = "4"', "lacks 'pitch_factor'"),
        ('in_force = "2014-04-25"', 'in_force = "2014-25-04"', "cannot be read"),
        ("[validity]", "validity]", "cannot be read"),
        ('measure = "range"', 'measure = "feeling"', "feeling"),
    ],
)
def test_a_wrong_text_is_refused_with_the_reason(old: str, new: str, complaint: str) -> None:
    text = text_of("JJG 113-2013")
    assert old in text
    with pytest.raises(RegulationFormatError, match=complaint):
        parse_regulation(text.replace(old, new, 1))

"""From the TOML text of a regulation to a `Regulation`: every field named, nothing guessed."""

import tomllib
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar, get_args

from metrology.provenance import Provenance
from metrology.regulation_model import (
    ClearanceRule,
    Comparison,
    Environment,
    Regulation,
    Resolution,
)
from metrology.rounding import exact_decimal
from metrology.scale import Family
from metrology.scales import find_scale
from metrology.uniformity import MEASURES, PercentLimit, RangeLimit

Table = dict[str, Any]
Chosen = TypeVar("Chosen", bound=str)

TABLES = (
    "indentations",
    "resolution",
    "evaluation",
    "clearances",
    "environment",
    "validity",
)


class RegulationFormatError(ValueError):
    """The text of a regulation is not what this version of the software can read."""


def parse_regulation(text: str) -> Regulation:
    """Read the TOML text of a regulation.

    Numbers with a meaning in metrology are quoted in the text and become exact decimals. Raise
    `RegulationFormatError` naming what is missing or wrong.
    """
    try:
        return _regulation(tomllib.loads(text))
    except KeyError as missing:
        raise RegulationFormatError(f"the regulation lacks {missing}") from missing
    except (TypeError, ValueError, LookupError) as wrong:
        raise RegulationFormatError(f"the regulation cannot be read: {wrong}") from wrong


def _regulation(data: Table) -> Regulation:
    rows: list[Table] = data["uniformity"]
    clear, weather = data["clearances"], data["environment"]
    return Regulation(
        code=data["code"],
        title=data["title"],
        title_zh=data["title_zh"],
        in_force=_date(data["in_force"]),
        families=frozenset(_one_of(name, get_args(Family)) for name in data["families"]),
        indentations=_whole(data["indentations"]["count"]),
        pattern=data["indentations"]["pattern"],
        resolution=Resolution(
            reading=exact_decimal(data["resolution"]["reading"]),
            block_value=exact_decimal(data["resolution"]["block_value"]),
        ),
        comparison=_comparison(data["evaluation"]),
        clearance_rule=ClearanceRule(
            pitch_factor=exact_decimal(clear["pitch_factor"]),
            pitch_minimum_mm=exact_decimal(clear["pitch_minimum_mm"]),
            edge_factor=exact_decimal(clear["edge_factor"]),
            edge_minimum_mm=exact_decimal(clear["edge_minimum_mm"]),
        ),
        environment=Environment(
            low_c=exact_decimal(weather["low_c"]),
            high_c=exact_decimal(weather["high_c"]),
            max_drift_c=exact_decimal(weather["max_drift_c"]) if weather["max_drift_c"] else None,
        ),
        validity_months=_whole(data["validity"]["months"]),
        measure=_one_of(data["evaluation"]["measure"], MEASURES),
        range_limits=tuple(_range_limit(row) for row in rows if row["measure"] == "range"),
        percent_limits=tuple(_percent_limit(row) for row in rows if row["measure"] != "range"),
        tables=tuple((name, _provenance(data[name])) for name in TABLES),
    )


def _comparison(evaluation: Table) -> Comparison:
    # The order is one the code follows, not one it can change: refuse a text that asks otherwise.
    _one_of(evaluation["rounding_order"], ("last",))
    chosen: Comparison = _one_of(evaluation["comparison"], get_args(Comparison))
    return chosen


def _range_limit(row: Table) -> RangeLimit:
    return RangeLimit(
        scales=frozenset(find_scale(symbol).symbol for symbol in row["scales"]),
        coefficient=exact_decimal(row["coefficient"]),
        floor=exact_decimal(row["floor"]),
        provenance=_provenance(row),
    )


def _percent_limit(row: Table) -> PercentLimit:
    return PercentLimit(
        measure=_one_of(row["measure"], MEASURES),
        above=exact_decimal(row["above"]),
        up_to=exact_decimal(row["up_to"]) if row["up_to"] else Decimal("Infinity"),
        percent=exact_decimal(row["percent"]),
        provenance=_provenance(row),
    )


def _provenance(table: Table) -> Provenance:
    return Provenance(
        source=table["source"],
        clause=table["clause"],
        confidence=table["confidence"],
        confirmed_by=table["confirmed_by"].strip(),
        confirmed_on=_date(table["confirmed_on"]),
    )


def _date(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _whole(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    raise ValueError(f"{value!r} is not a positive whole number")


def _one_of(text: str, allowed: tuple[Chosen, ...]) -> Chosen:
    for choice in allowed:
        if choice == text:
            return choice
    raise ValueError(f"{text!r} is none of {', '.join(allowed)}")

r"""Quantities of a DCC. Hardness is no unit of D-SI: it is a number with a unit of its own.

So its unit is ``\\one``, and ``nonSIUnit`` names the scale (DCC 3.3.0, metaData).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from decimal import Decimal
from typing import Final

from lims_bridge.dcc.elements import Element, dcc, si, words
from lims_bridge.exact import Instant
from lims_bridge.record import CalibrationRecord
from lims_bridge.record_parts import Uncertainty

ONE: Final = r"\one"
NEWTON: Final = r"\newton"
CELSIUS: Final = r"\degreecelsius"
PERCENT: Final = r"\percent"
MILLIMETRE: Final = r"\milli\metre"


def number(value: Decimal) -> str:
    """Return a number as XML has it."""
    return format(value, "f")


def instant(value: Instant) -> str:
    """Return an instant as XML has it, in UTC."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def real(value: Decimal, unit: str, uncertainty: Uncertainty | None = None) -> Element:
    """Return one value with its unit, and its expanded uncertainty if given."""
    made = si("real", si("value", number(value)), si("unit", unit))
    if uncertainty is not None:
        expanded = si(
            "expandedMU",
            si("valueExpandedMU", number(uncertainty.expanded)),
            si("coverageFactor", number(uncertainty.coverage_factor)),
            si("coverageProbability", number(uncertainty.coverage_probability)),
            si("distribution", "normal"),
        )
        made.append(si("measurementUncertaintyUnivariate", expanded))
    return made


def reals(values: Sequence[Decimal], unit: str, times: Sequence[Instant] | None = None) -> Element:
    """Return several values of one unit, with the instants they were read at if given."""
    made = si(
        "realListXMLList",
        si("valueXMLList", " ".join(number(value) for value in values)),
        si("unitXMLList", unit),
    )
    if times is not None:
        made.append(si("dateTimeXMLList", " ".join(instant(time) for time in times)))
    return made


def quantity(
    name: tuple[str, str], value: Element, kind: str = "", record: CalibrationRecord | None = None
) -> Element:
    """Return a named quantity; with a ``record``, it is a hardness on the record's scale."""
    attributes = {"refType": kind} if kind else {}
    made = dcc("quantity", words("name", name), value, **attributes)
    if record is not None:
        made.append(
            dcc(
                "measurementMetaData",
                dcc(
                    "metaData",
                    dcc("nonSIDefinition", definition(record)),
                    dcc("nonSIUnit", record.scale.symbol),
                ),
            )
        )
    return made


def definition(record: CalibrationRecord) -> str:
    """Return what defines the scale."""
    standard = "ISO 6506-1" if record.scale.family == "brinell" else "ISO 6508-1"
    return f"{standard} / {record.method.code}, scale {record.scale.symbol}"

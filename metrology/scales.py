"""The scales of the laboratory: 15 Rockwell and superficial Rockwell, 21 Brinell.

Sources: NPL table of Rockwell scales (A to G), Mitutoyo HR-530 manual (preliminary forces),
Buehler conversion charts (indenter and load of all 15); ranges after ISO 6508-1:2015 and the
Brinell force table after ISO 6506-1:2014, both from memory ("K-hi") until a metrologist compares.
"""

import difflib
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from metrology.brinell import brinell_hardness
from metrology.rounding import round_gb8170
from metrology.scale import Family, Scale

# symbol, ball mm ("" = cone), total N, kgf, N, low, high, confidence of the definition
_ROCKWELL: Final = (
    ("HRA", "", "588.4", "60", 100, "20", "95", "read"),
    ("HRBW", "1.5875", "980.7", "100", 130, "10", "100", "read"),
    ("HRC", "", "1471", "150", 100, "20", "70", "read"),
    ("HRD", "", "980.7", "100", 100, "40", "77", "read"),
    ("HREW", "3.175", "980.7", "100", 130, "70", "100", "read"),
    ("HRFW", "1.5875", "588.4", "60", 130, "60", "100", "read"),
    ("HRGW", "1.5875", "1471", "150", 130, "30", "94", "read"),
    ("HRHW", "3.175", "588.4", "60", 130, "80", "100", "K-hi"),
    ("HRKW", "3.175", "1471", "150", 130, "40", "100", "K-hi"),
)
# A trap: the superficial ball scales count from 100, the regular ball scales from 130.
_SUPERFICIAL: Final = (
    ("HR15N", "", "147.1", "15", 100, "70", "94", "K-hi"),
    ("HR30N", "", "294.2", "30", 100, "42", "86", "K-hi"),
    ("HR45N", "", "441.3", "45", 100, "20", "77", "K-hi"),
    ("HR15TW", "1.5875", "147.1", "15", 100, "67", "93", "K-hi"),
    ("HR30TW", "1.5875", "294.2", "30", 100, "29", "82", "K-hi"),
    ("HR45TW", "1.5875", "441.3", "45", 100, "10", "72", "K-hi"),
)
# ball mm, kgf, nominal N
_BRINELL: Final = (
    ("10", "3000", "29420"),
    ("10", "1500", "14710"),
    ("10", "1000", "9807"),
    ("10", "500", "4903"),
    ("10", "250", "2452"),
    ("10", "100", "980.7"),
    ("5", "750", "7355"),
    ("5", "250", "2452"),
    ("5", "125", "1226"),
    ("5", "62.5", "612.9"),
    ("5", "25", "245.2"),
    ("2.5", "187.5", "1839"),
    ("2.5", "62.5", "612.9"),
    ("2.5", "31.25", "306.5"),
    ("2.5", "15.625", "153.2"),
    ("2.5", "6.25", "61.29"),
    ("1", "30", "294.2"),
    ("1", "10", "98.07"),
    ("1", "5", "49.03"),
    ("1", "2.5", "24.52"),
    ("1", "1", "9.807"),
)
BRINELL_MAXIMUM: Final = Decimal(650)
"""Upper limit of the Brinell test, HBW (JJG 150-2005)."""
BRINELL_DIAMETER_RATIOS: Final = (Decimal("0.24"), Decimal("0.6"))
"""Smallest and largest d/D at which the Brinell test is valid."""

RockwellRow = tuple[str, str, str, str, int, str, str, str]


class UnknownScaleError(LookupError):
    """No scale of this symbol is known; `suggestions` holds the closest known symbols."""

    def __init__(self, symbol: str, suggestions: tuple[str, ...]) -> None:
        hint = f"did you mean {' or '.join(suggestions)}?" if suggestions else "see SCALES"
        super().__init__(f"unknown hardness scale {symbol!r}: {hint}")
        self.symbol = symbol
        self.suggestions = suggestions


def _rockwell(family: Family, preliminary_n: str, unit_mm: str, row: RockwellRow) -> Scale:
    symbol, ball, total_n, kgf, number, low, high, confidence = row
    return Scale(
        symbol=symbol,
        family=family,
        ball_diameter_mm=Decimal(ball) if ball else None,
        preliminary_force_n=Decimal(preliminary_n),
        total_force_n=Decimal(total_n),
        force_kgf=Decimal(kgf),
        number=number,
        scale_unit_mm=Decimal(unit_mm),
        low=Decimal(low),
        high=Decimal(high),
        definition_confidence=confidence,
        range_confidence="K-hi",
    )


def _brinell(ball: str, kgf: str, total_n: str) -> Scale:
    diameter, force = Decimal(ball), Decimal(kgf)
    hardest, softest = (
        round_gb8170(brinell_hardness(force, diameter, ratio * diameter), "0.1")
        for ratio in BRINELL_DIAMETER_RATIOS
    )
    return Scale(
        symbol=f"HBW{ball}/{kgf}",
        family="brinell",
        ball_diameter_mm=diameter,
        preliminary_force_n=Decimal(0),
        total_force_n=Decimal(total_n),
        force_kgf=force,
        number=None,
        scale_unit_mm=None,
        low=softest,
        high=min(hardest, BRINELL_MAXIMUM),
        definition_confidence="K-hi",
        range_confidence="D",
    )


def _all_scales() -> dict[str, Scale]:
    scales = [_rockwell("rockwell", "98.07", "0.002", row) for row in _ROCKWELL]
    scales += [_rockwell("superficial", "29.42", "0.001", row) for row in _SUPERFICIAL]
    scales += [_brinell(*row) for row in _BRINELL]
    return {scale.symbol: scale for scale in scales}


SCALES: Final[Mapping[str, Scale]] = MappingProxyType(_all_scales())
"""Every known scale by its symbol ("HRC", "HR30TW", "HBW10/3000"), in the order of the tables."""


def find_scale(symbol: str) -> Scale:
    """Return the scale of a symbol, blanks ignored ("HBW 10/3000").

    Raise `UnknownScaleError` naming close matches. Legacy symbols such as "HRB" are not guessed:
    they leave open whether the ball is steel or carbide.
    """
    compact = "".join(symbol.split())
    scale = SCALES.get(compact)
    if scale is None:
        close = difflib.get_close_matches(compact.upper(), SCALES, n=3, cutoff=0.6)
        raise UnknownScaleError(symbol, tuple(close))
    return scale

import difflib
from functools import cache
from importlib import resources
from typing import Final

from metrology.regulation_model import (
    ClearanceRule,
    Clearances,
    Comparison,
    Environment,
    Regulation,
    Resolution,
)
from metrology.regulation_parsing import RegulationFormatError, parse_regulation
from metrology.scale import Family, Scale

__all__ = [
    "REGULATION_CODES",
    "ClearanceRule",
    "Clearances",
    "Comparison",
    "Environment",
    "Regulation",
    "RegulationFormatError",
    "Resolution",
    "UnknownRegulationError",
    "load_regulation",
    "parse_regulation",
    "regulation_for",
]

REGULATION_CODES: Final = ("JJG 113-2013", "JJG 147-2017", "ISO 6508-3", "ISO 6506-3")
"""The regulations that come with this package."""

_DEFAULTS: Final[dict[Family, str]] = {
    "rockwell": "JJG 113-2013",
    "superficial": "JJG 113-2013",
    "brinell": "JJG 147-2017",
}


class UnknownRegulationError(LookupError):
    """No packaged regulation has this code."""


def load_regulation(code: str) -> Regulation:
    """Return a packaged regulation by its code, case and blanks ignored ("jjg113-2013").

    Raise `UnknownRegulationError` naming the closest code. A laboratory that keeps its confirmed
    tables elsewhere reads the text itself and calls `parse_regulation`.
    """
    known = {_stem(each): each for each in REGULATION_CODES}
    stem = _stem(code)
    if stem not in known:
        close = difflib.get_close_matches(stem, known, n=1, cutoff=0.3)
        hint = f"did you mean {known[close[0]]}?" if close else f"known: {REGULATION_CODES}"
        raise UnknownRegulationError(f"unknown regulation {code!r}: {hint}")
    return _packaged(stem)


def regulation_for(scale: Scale, code: str | None = None) -> Regulation:
    """Return the regulation that verifies blocks of a scale: the JJG, or the one of `code`.

    Raise `UnknownRegulationError` for an unknown code, `ValueError` for one that does not cover
    the scale.
    """
    regulation = load_regulation(code or _DEFAULTS[scale.family])
    regulation.require(scale)
    return regulation


def _stem(code: str) -> str:
    return "".join(code.split()).lower()


@cache
def _packaged(stem: str) -> Regulation:
    file = resources.files("metrology") / "regulations" / f"{stem}.toml"
    return parse_regulation(file.read_text(encoding="utf-8"))

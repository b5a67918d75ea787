"""To which cell a block goes: what is seen, how wide it is, the order and the label, joined.

Pure. No witness decides alone against another: whatever disagrees goes to a person.
Diameters are those of `metrology.indentation`, estimated (confidence "D") and so compared
with a wide margin.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from metrology.indentation import diameter_mm
from metrology.scale import Family, Scale
from metrology.scales import SCALES
from models.confidence import Seen
from models.kinds import Kind

MARGIN: Final = 0.15
"""How far a measured diameter may be from the computed one, relative: 5 to 8 % of model
uncertainty, the block's own spread, and what the finder errs."""
MARGIN_MM: Final = 0.03
"""The same, absolute: a pixel or so of the smallest marks."""

_BALLS: Final = {Decimal("1.5875"): Kind.BALL_1_5875, Decimal("3.175"): Kind.BALL_3_175}


@dataclass(frozen=True, slots=True)
class Claim:
    """A scale that an order or a label names, and the hardness if it says one."""

    scale: Scale
    hardness: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a block before it goes to a cell.

    `seen` is what its old indentations show together, `diameter` their median in mm; both are
    None for a block without any. `order` and `label` are None where there is none.
    `diameter_error` is how far off, relative, the diameter may be besides: light on the
    raised rim makes all indentations of a block look wider alike.
    """

    seen: Seen | None
    diameter: float | None
    order: Claim | None
    label: Claim | None
    diameter_error: float = 0.0


class Doubt(StrEnum):
    """Why a person has to say where a block goes."""

    NO_WITNESS = "no order, no label, no indentation"
    UNUSABLE = "the surface is unusable"
    ORDER_AGAINST_LABEL = "order and label name different scales"
    ORDER_AGAINST_HARDNESS = "order and label name different hardness"
    HARDNESS_IMPOSSIBLE = "the order or label names a hardness that its scale cannot have"
    KIND_AGAINST_CLAIM = "the indentations are of another indenter than the order or label says"
    SIZE_AGAINST_CLAIM = "the indentations are of another size than the order or label says"
    SIZE_AGAINST_KIND = "no scale leaves indentations of this kind and size"
    SEVERAL_CELLS = "the indentations may be of scales of different cells"


@dataclass(frozen=True, slots=True)
class Route:
    """The block goes to the cell of this family; `scale` is None where no order names one."""

    family: Family
    scale: Scale | None


@dataclass(frozen=True, slots=True)
class Question:
    """A person has to decide; `candidates` are the scales that remain possible."""

    doubt: Doubt
    candidates: tuple[str, ...]


def route(evidence: Evidence) -> Route | Question:
    """Return where the block goes, or what a person has to be asked."""
    if evidence.seen is not None and evidence.seen.kind is Kind.UNUSABLE:
        return Question(Doubt.UNUSABLE, _names(_claimed(evidence)))
    claims = [claim for claim in (evidence.order, evidence.label) if claim]
    if not claims:
        return _by_eye(evidence)
    doubt = _disagreement(claims) or _contradicted(claims, evidence)
    if doubt:
        return Question(doubt, _names(_claimed(evidence)))
    scale = claims[0].scale
    return Route(scale.family, scale)


def kind_of(scale: Scale) -> Kind:
    """Return the kind of indentation that a scale leaves."""
    if scale.family == "brinell":
        return Kind.BALL_BRINELL
    ball = scale.ball_diameter_mm
    return Kind.CONE if ball is None else _BALLS[ball]


def scales_leaving(
    kinds: Iterable[Kind], diameter: float | None, error: float = 0.0
) -> tuple[Scale, ...]:
    """Return the scales whose indentations are of one of the kinds and of that size (mm)."""
    wanted = frozenset(kinds)
    return tuple(
        scale
        for scale in SCALES.values()
        if kind_of(scale) in wanted and (diameter is None or _fits(Claim(scale), diameter, error))
    )


def _disagreement(claims: list[Claim]) -> Doubt | None:
    if len({claim.scale.symbol for claim in claims}) > 1:
        return Doubt.ORDER_AGAINST_LABEL
    stated = [claim for claim in claims if claim.hardness is not None]
    sizes = [_sizes(claim) for claim in stated]
    if not all(sizes):
        return Doubt.HARDNESS_IMPOSSIBLE
    if sizes and max(sizes)[0] > (1 + MARGIN) * min(sizes)[0]:
        return Doubt.ORDER_AGAINST_HARDNESS
    return None


def _contradicted(claims: list[Claim], evidence: Evidence) -> Doubt | None:
    seen = evidence.seen
    if seen is not None and not _bare(seen) and kind_of(claims[0].scale) not in seen.possible:
        return Doubt.KIND_AGAINST_CLAIM
    wide = evidence.diameter
    if wide is not None and not all(
        _fits(claim, wide, evidence.diameter_error) for claim in claims
    ):
        return Doubt.SIZE_AGAINST_CLAIM
    return None


def _by_eye(evidence: Evidence) -> Route | Question:
    """Return where a block goes of which nobody says anything."""
    seen = evidence.seen
    if seen is None or _bare(seen):
        return Question(Doubt.NO_WITNESS, ())
    scales = scales_leaving(seen.possible, evidence.diameter, evidence.diameter_error)
    if not scales:
        return Question(Doubt.SIZE_AGAINST_KIND, ())
    families = {scale.family for scale in scales}
    if len(families) > 1 or evidence.diameter is None:
        return Question(Doubt.SEVERAL_CELLS, _names(scales))
    return Route(families.pop(), None)


def _bare(seen: Seen) -> bool:
    """Tell whether it is decided that there is no indentation."""
    return seen.kind is Kind.UNUSED


def _fits(claim: Claim, diameter: float, error: float) -> bool:
    sizes = _sizes(claim)
    if not sizes:
        return False
    margin = MARGIN + error
    least = min(sizes) * (1 - margin) - MARGIN_MM
    return least <= diameter <= max(sizes) * (1 + margin) + MARGIN_MM


def _sizes(claim: Claim) -> tuple[float, ...]:
    """Return the diameters in mm at the hardness named, or at both ends of the scale.

    Empty if there is no such indentation.
    """
    scale, named = claim.scale, claim.hardness
    try:
        return tuple(
            diameter_mm(scale, h) for h in ((scale.low, scale.high) if named is None else (named,))
        )
    except ValueError:
        return ()


def _claimed(evidence: Evidence) -> tuple[Scale, ...]:
    return tuple(claim.scale for claim in (evidence.order, evidence.label) if claim)


def _names(scales: Iterable[Scale]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(scale.symbol for scale in scales))

"""Of what kind a block is, by its old indentations, and whether its order agrees."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from controller.events import KindTold
from controller.eyes import Eyes
from controller.looks import Sight
from controller.rules import kept_out
from controller.state import Block
from controller.surveying import Survey, mm
from metrology import find_scale
from models.confidence import Seen, pooled
from models.routing import Claim, Evidence, Question, route
from vision.geometry import Mark

LOOKED = 8
"""So many marks are looked at: more say the same once more."""
_FEWEST = 3
"""A size, or a kind that is not decided, is believed from so many marks on: one may be dirt."""
_UNLIKE = 0.15
"""If a quarter of the marks is farther off the median width, they are of several scales or under
a light that hides their rims: then neither size nor undecided kind is evidence."""
_RIM_ERROR = 0.10
"""Under some lights all of a block's marks are measured 20 % too wide (confidence "D")."""
_RIM_PX = 2.0
"""And by a pixel on each side where they are small: 45 % of a mark of 8 px was seen."""


def tell_kind(eyes: Eyes, sight: Sight, seen: Survey, block: Block) -> KindTold | None:
    """Return what the old indentations say, joined with the order by the routing table.

    None for a face without any, or where the eyes cannot tell. Whether the face is damaged
    is not asked here: marks that are likeliest no indentation are left out, and one or two
    that are left, or marks that differ in size, exclude nothing unless their kind is decided.
    """
    marks = _clearest(seen)
    if not marks:
        return None
    views = eyes.tell(sight.image, seen.surface, marks, px_per_mm=sight.px_per_mm)
    pairs = [(m, v) for m, v in zip(marks, views, strict=False) if v.best.is_indentation]
    if not pairs:
        return None
    together = pooled([view for _, view in pairs])
    agree = _agree([mark for mark, _ in pairs])
    wide = median(mark.diameter for mark, _ in pairs) if agree else None
    telling = together.kind is not None or agree
    widths = () if wide is None else (wide, max(wide - _RIM_PX / sight.px_per_mm, 0.0))
    doubt = _doubt(block, together if telling else None, widths)
    return KindTold(
        block=block.name,
        kind=str(together.kind or ""),
        likeliest=str(together.best),
        confidence=mm(together.confidence),
        possible=tuple(sorted(map(str, together.possible))),
        looked=len(pairs),
        diameter_mm=mm(wide or 0.0),
        doubt=doubt,
    )


def _clearest(seen: Survey) -> Sequence[Mark]:
    """Return the surest marks that stand free: what lies beside writing or rust may be part of it.

    Free is what has as much ground all around as its own radius.
    """
    shapes = kept_out(seen.patches)
    certain = [
        mark
        for mark in seen.surface.marks
        if mark.certain and all(shape.distance(mark.centre) > mark.diameter for shape in shapes)
    ]
    return sorted(certain, key=lambda mark: (-mark.confidence, mark))[:LOOKED]


def _agree(marks: Sequence[Mark]) -> bool:
    """Tell whether there are enough marks, and of one size, as one scale leaves them."""
    wide = median(mark.diameter for mark in marks)
    unlike = sum(abs(mark.diameter - wide) > _UNLIKE * wide for mark in marks)
    return len(marks) >= _FEWEST and 4 * unlike < len(marks)


def _doubt(block: Block, seen: Seen | None, widths: Sequence[float]) -> str:
    """Return why the order cannot be right at any of the widths, empty if it can at one."""
    nominal = block.order.nominal if block.order else None
    order = Claim(find_scale(block.scale), nominal)
    answers = [route(Evidence(seen, w, order, None, _RIM_ERROR)) for w in widths or (None,)]
    doubts = [str(a.doubt) if isinstance(a, Question) else "" for a in answers]
    return "" if "" in doubts else doubts[0]

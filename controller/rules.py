"""Where a block may be indented: the last check, made from scratch before every indentation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from controller.events import Spot
from controller.state import Block, Use
from controller.surface_events import Patch
from vision.geometry import Point
from vision.keep_out import KeepOut

PITCH_FACTOR = 4.0
SAME_MARK_MM = 0.2


def forbidden(block: Block, index: int) -> str:
    """Return why a position must not be indented now, or an empty string.

    Independent of the planner: distances to everything the surface is known to
    bear, to every spent position, and to the rim.
    """
    position = block.positions[index]
    if position.use is not Use.FREE:
        return f"position {index + 1} is {position.use}"
    for what, x, y, least in _occupied(block):
        distance = math.hypot(position.x - x, position.y - y)
        if distance < least:
            return f"position {index + 1} is {distance:.2f} mm from {what}, {least:.2f} mm is due"
    rim = rim_distance(block, position.x, position.y)
    if rim is not None and rim < block.edge_mm + block.margin_mm:
        return f"position {index + 1} is {rim:.2f} mm from the rim"
    return _too_near_damage(block, index)


def _too_near_damage(block: Block, index: int) -> str:
    """Return which damage, engraving or code a position is too near to, or an empty string."""
    position, least = block.positions[index], block.damage_mm + block.margin_mm
    for shape in kept_out(block.before.patches if block.before else ()):
        distance = shape.distance(Point(position.x, position.y))
        if distance < least:
            near = f"{distance:.2f} mm from {shape.reason}, {least:.2f} mm is due"
            return f"position {index + 1} is {near}"
    return ""


def kept_out(patches: Iterable[Patch]) -> tuple[KeepOut, ...]:
    """Return the parts of a surface to be kept clear of, as vision knows them."""
    return tuple(
        KeepOut(tuple(Point(c.x, c.y) for c in patch.corners), patch.reach, patch.kind)
        for patch in patches
    )


def _occupied(block: Block) -> Iterator[tuple[str, float, float, float]]:
    pitch = block.pitch_mm + block.margin_mm
    for i, other in enumerate(block.positions):
        if other.use is not Use.FREE:
            yield f"position {i + 1} ({other.use})", other.x, other.y, pitch
    for mark in (*_old_marks(block), *_unplanned_marks(block)):
        least = max(pitch, PITCH_FACTOR * mark.diameter + block.margin_mm)
        yield f"a mark of {mark.diameter:.2f} mm", mark.x, mark.y, least


def _old_marks(block: Block) -> tuple[Spot, ...]:
    return block.before.marks if block.before else ()


def _unplanned_marks(block: Block) -> Iterator[Spot]:
    """Yield what a later picture shows and neither the first picture nor a position explains."""
    if block.latest is None or block.latest is block.before:
        return
    known = [(m.x, m.y) for m in _old_marks(block)]
    known += [(p.x, p.y) for p in block.positions if p.use is not Use.FREE]
    for mark in block.latest.marks:
        if all(math.hypot(mark.x - x, mark.y - y) > SAME_MARK_MM for x, y in known):
            yield mark


def rim_distance(block: Block, x: float, y: float) -> float | None:
    """Return the distance to the rim in mm, None when the outline was not seen."""
    seen = block.before
    if seen is None:
        return None
    if seen.shape == "round":
        return seen.width_mm / 2 - math.hypot(x, y)
    return min(seen.width_mm / 2 - abs(x), seen.depth_mm / 2 - abs(y))

"""The picture after: every indentation where it was planned, and nothing else new."""

from __future__ import annotations

import math
from collections.abc import Sequence

from controller.decisions import ask
from controller.events import AnyEvent, IndentsSeen, Spot, SurfaceSeen
from controller.looks import Sight
from controller.rig import Rig
from controller.state import Block, Use
from controller.surveying import mm, unexplained
from runtime import offload
from vision.alignment import aligned
from vision.calibration import rectified
from vision.calibration_file import CalibrationFileError, read_calibration
from vision.compare import Confirmation, confirm_indentations
from vision.finder import NoBlock, Surface
from vision.frame import Image
from vision.geometry import SURE, Mark, Outline, Point, Rectangle, Round
from vision.regions import Disc

TOLD = 20
"""So many changes are written down, the largest; more of them say no more."""

Look = tuple[Image, Surface]


async def confirm(rig: Rig, block: Block, surface: Surface, sight: Sight) -> tuple[AnyEvent, ...]:
    """Return what the picture confirms, and the question about what it does not.

    The surface must be in the frame of the first picture (`in_frame_of_first`).
    """
    spent = [i for i, p in enumerate(block.positions) if p.use in (Use.MEASURED, Use.VOID)]
    expected = [Point(block.positions[i].x, block.positions[i].y) for i in spent]
    tolerance = rig.config.cell.mark_tolerance_mm
    seen = confirm_indentations(surface_before(block), surface, expected, tolerance)
    changes = await _changes(rig, block, seen, surface, sight)
    measured = {i for i in spent if block.positions[i].use is Use.MEASURED}
    missing = tuple(
        i
        for i, point in zip(spent, expected, strict=True)
        if i in measured and point in seen.missing
    )
    strange = [m for m in seen.unexpected if _is_new(m, changes)]
    beside = _beside(changes or (), strange)
    confirmed = IndentsSeen(
        block.name,
        tuple(round(made.error, 4) for made in seen.made),
        missing,
        tuple(Spot(mm(m.x), mm(m.y), mm(m.diameter), mm(m.confidence)) for m in strange),
        tuple(Spot(mm(d.x), mm(d.y), mm(2 * d.radius)) for d in beside[:TOLD]),
        changes is not None,
    )
    if not (missing or strange or beside):
        return (confirmed,)
    text = f"{len(missing)} indentations are not where they were planned, "
    text += f"{len(strange)} marks were not expected"
    if beside:
        text += f", {len(beside)} other places have changed, the largest {_where(beside[0])}"
    return (confirmed, *ask(rig, "surface_mismatch", block.name, text, picture=sight.picture))


def _is_new(mark: Mark, changes: Sequence[Disc] | None) -> bool:
    """Return whether a mark that was not expected is one: if unsure, pixels must have changed."""
    if mark.confidence >= SURE or changes is None:
        return True
    return any(_touches(disc, mark) for disc in changes)


def _beside(changes: Sequence[Disc], strange: Sequence[Mark]) -> list[Disc]:
    """Return the changes that no strange mark explains, the largest first."""
    left = [d for d in changes if not any(_touches(d, mark) for mark in strange)]
    return sorted(left, key=lambda disc: (-disc.radius, disc))


def _touches(disc: Disc, mark: Mark) -> bool:
    reach = disc.radius + mark.diameter
    return math.hypot(disc.x - mark.x, disc.y - mark.y) <= reach


def _where(disc: Disc) -> str:
    return f"{2 * disc.radius:.1f} mm wide at ({disc.x:+.1f}, {disc.y:+.1f}) mm"


# -- the two pictures ------------------------------------------------------------


async def _changes(
    rig: Rig, block: Block, seen: Confirmation, after: Surface, sight: Sight
) -> Sequence[Disc] | None:
    """Return what has changed beside the indentations; None where it cannot be told."""
    before = await _look_before(rig, block, sight.px_per_mm)
    if before is None or before[0].shape != sight.image.shape:
        return None
    made = [made.mark for made in seen.made]
    changes = rig.eyes.changes
    return await offload(changes, before, (sight.image, after), made, px_per_mm=sight.px_per_mm)


async def _look_before(rig: Rig, block: Block, px_per_mm: float) -> Look | None:
    """Return the first picture as it was looked at; after a restart, as it is kept."""
    assert block.before is not None
    look = rig.looks.get(block.before.picture)
    if look is not None:
        return look
    kept = await rig.gallery.recall(block.before.picture)
    if kept is None:
        return None
    try:
        calibration = await offload(read_calibration, rig.calibration)
    except CalibrationFileError:
        return None
    image = await offload(rectified, calibration, kept)
    surface = await offload(rig.eyes.find, image, px_per_mm=px_per_mm)
    return None if isinstance(surface, NoBlock) else (image, surface)


# -- between vision's frame and the journal's ------------------------------------


def in_frame_of_first(block: Block, surface: Surface) -> Surface:
    """Return a later look at a block in the frame of the first, without what that explains.

    A gripper may turn a round block: its old marks, and what was indented since, tell how far.
    """
    assert block.before is not None
    made = [Point(p.x, p.y) for p in block.positions if p.use in (Use.MEASURED, Use.VOID)]
    return unexplained(aligned(surface_before(block), surface, made), block.before.patches)


def surface_before(block: Block) -> Surface:
    """Return what the picture before showed, as vision knows it."""
    before = block.before
    assert before is not None
    marks = tuple(Mark(m.x, m.y, m.diameter, m.confidence) for m in before.marks)
    return Surface(outline_of(before), Point(0.0, 0.0), marks, 0.0)


def outline_of(seen: SurfaceSeen) -> Outline:
    """Return the outline of a seen surface."""
    if seen.shape == "round":
        return Round(seen.width_mm)
    return Rectangle(seen.width_mm, seen.depth_mm)

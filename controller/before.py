"""The picture before: what stands against indenting the block, and where to indent it."""

from __future__ import annotations

from controller.decisions import ask
from controller.events import AnyEvent, KindTold, Planned, Spot
from controller.looks import Sight
from controller.planning import Clearances, clearances, demands
from controller.rig import Rig
from controller.rules import kept_out
from controller.state import Block
from controller.surveying import Survey, mm
from controller.telling import tell_kind
from runtime import offload
from vision.geometry import Point
from vision.plans import NoRoom, Plan


async def plan(rig: Rig, block: Block, seen: Survey, sight: Sight) -> tuple[AnyEvent, ...]:
    """Return the plan, or the question that stands before it."""
    if not seen.face_up:
        text = f"the face is no test face: {'; '.join(seen.reasons)}"
        return ask(rig, "wrong_side", block.name, text, picture=sight.picture)
    stranger = _another_block(rig, block, seen)
    if stranger:
        text = f"the code on the face says {stranger}, the manifest {block.name}"
        return ask(rig, "wrong_block", block.name, text, picture=sight.picture)
    told = await offload(tell_kind, rig.eyes, sight, seen, block)
    if told is not None and told.doubt and "wrong_kind" not in block.waived:
        text = _against_order(block, told)
        return (told, *ask(rig, "wrong_kind", block.name, text, picture=sight.picture))
    known = (told,) if told is not None else ()
    return (*known, *await _planned(rig, block, seen, sight))


def _another_block(rig: Rig, block: Block, seen: Survey) -> str:
    """Return another block here whose code is on the face; what else makers write is theirs."""
    return next((c for c in seen.codes if c != block.name and c in rig.state.blocks), "")


def _against_order(block: Block, told: KindTold) -> str:
    what = told.kind or " or ".join(told.possible)
    wide = f", {told.diameter_mm:.2f} mm wide" if told.diameter_mm else ""
    nominal = block.order.nominal if block.order else None
    wanted = f"{nominal} {block.scale}" if nominal is not None else block.scale
    return f"{told.doubt}: {told.looked} of {what}{wide}; ordered is {wanted}"


async def _planned(rig: Rig, block: Block, seen: Survey, sight: Sight) -> tuple[AnyEvent, ...]:
    nominal = block.order.nominal if block.order else None
    clear = clearances(rig.config.cell, rig.regulation, block.scale, nominal)
    surface, avoid = seen.surface, kept_out(seen.patches)
    found = await offload(
        rig.eyes.plan, rig.config.cell, rig.regulation, clear, surface.outline, surface.marks, avoid
    )
    if isinstance(found, NoRoom):
        text = "; ".join([found.reason, *seen.reasons])
        return await _ask_with_drawing(rig, block, "no_room", text, seen, sight, clear, found)
    if not seen.usable and "worn_surface" not in block.waived:
        text = f"the face is {seen.condition}: {'; '.join(seen.reasons)}"
        shown = NoRoom(len(found.positions), len(found.positions), text, found.positions)
        return await _ask_with_drawing(rig, block, "worn_surface", text, seen, sight, clear, shown)
    return (_event(block, found, clear),)


async def _ask_with_drawing(
    rig: Rig,
    block: Block,
    kind: str,
    text: str,
    seen: Survey,
    sight: Sight,
    clear: Clearances,
    shown: NoRoom,
) -> tuple[AnyEvent, ...]:
    drawing = await offload(
        rig.eyes.show,
        sight.image,
        seen.surface,
        demands(clear, kept_out(seen.patches)),
        shown,
        px_per_mm=sight.px_per_mm,
    )
    picture = await rig.gallery.keep_drawing(drawing)
    return ask(rig, kind, block.name, text, picture=picture)


def _event(block: Block, found: Plan, clear: Clearances) -> Planned:
    return Planned(
        block.name,
        tuple(_spot(p) for p in found.positions),
        tuple(_spot(p) for p in found.spares),
        clear.pitch_mm,
        clear.edge_mm,
        clear.margin_mm,
        mm(found.covering_radius),
        clear.damage_mm,
        found.later,
    )


def _spot(point: Point) -> Spot:
    return Spot(mm(point.x), mm(point.y))

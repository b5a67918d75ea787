"""Photograph a block and draw the conclusions: plan, confirm, or settle a doubt."""

from __future__ import annotations

from controller.actions import Photograph
from controller.after import confirm, in_frame_of_first
from controller.before import plan
from controller.calibrated import in_millimetres
from controller.decisions import ask
from controller.events import AnyEvent, IndentIntended, IndentVoided, NotHappened, SurfaceSeen
from controller.looks import Sight
from controller.rig import Rig, Stop, Trouble
from controller.settling import after_void
from controller.state import Block
from controller.surveying import glance, mm, spots_of, survey
from drivers.interfaces import Done
from metrology import diameter_mm, find_scale
from runtime import offload
from vision.compare import Absent, Present, Unclear, mark_at
from vision.finder import NoBlock, Surface
from vision.geometry import Point, Rectangle, Round


async def photograph(rig: Rig, action: Photograph) -> Stop | None:
    """Take a picture, keep it, and record what it shows together with what follows."""
    block = rig.state.blocks[action.block]
    shot = await rig.devices.camera.capture()
    if not isinstance(shot, Done):
        return Trouble.of("camera", shot)
    picture = await rig.gallery.keep(shot.value)
    straight = await in_millimetres(rig, action, block.scale, shot.value)
    if isinstance(straight, Trouble):
        return straight
    sight = Sight(picture, straight.image, shot.value.px_per_mm)
    # Once something was done, only that is looked for: what else there is, is known.
    look = survey if action.purpose == "before" else glance
    seen = await offload(look, rig.eyes, sight.image, sight.px_per_mm)
    if isinstance(seen, NoBlock):
        return Trouble("no-block-in-picture", "camera", f"{seen.reason}, picture {picture[:12]}")
    rig.boundary("photograph-result")
    first = action.purpose == "before"
    surface = seen.surface if first else in_frame_of_first(block, seen.surface)
    match action.purpose:
        case "before":
            rig.looks.keep(picture, sight.image, surface)
            found = await plan(rig, block, seen, sight)
        case "after":
            found = await confirm(rig, block, surface, sight)
        case "doubt":
            found = _settle_doubt(rig, block, surface, picture)
    shown = SurfaceSeen(
        block.name,
        action.purpose,
        picture,
        *_outline_of(surface),
        spots_of(surface),
        straight.calibration,
        seen.patches,
        seen.condition,
        seen.face_up,
        seen.codes,
    )
    await rig.ledger.record(shown, *found)
    return None


# -- doubt: is the surface marked at the planned place --------------------------


def _settle_doubt(rig: Rig, block: Block, surface: Surface, picture: str) -> tuple[AnyEvent, ...]:
    index = block.doubted
    assert index is not None
    position = block.positions[index]
    op = next(
        intent.op
        for intent in rig.state.intents.values()
        if isinstance(intent, IndentIntended)
        and (intent.block, intent.position) == (block.name, index)
    )
    nominal = block.order.nominal if block.order else None
    scale = find_scale(block.scale)
    expected = diameter_mm(scale, float(nominal if nominal is not None else scale.high))
    found = mark_at(
        surface,
        Point(position.x, position.y),
        rig.config.cell.mark_tolerance_mm,
        diameter=expected,
    )
    match found:
        case Absent() if not rig.state.doubts.get(op, 1):
            return (NotHappened(op, "no cycle was counted and the planned place is untouched"),)
        case Absent():
            reason = "a cycle was counted, and the picture shows the planned place untouched"
            return (IndentVoided(op, reason, None, ""), *after_void(rig, block, reason))
        case Present():
            reason = "the evidence was ambiguous and the picture shows an indentation"
            return (IndentVoided(op, reason, None, ""), *after_void(rig, block, reason))
        case Unclear(reason):
            return ask(rig, "ambiguous_indent", block.name, reason, op=op, picture=picture)


# -- between vision's frame and the journal's ------------------------------------


def _outline_of(surface: Surface) -> tuple[str, float, float]:
    match surface.outline:
        case Round(diameter):
            return "round", mm(diameter), mm(diameter)
        case Rectangle(width, height):
            return "rectangle", mm(width), mm(height)

"""Photograph a block and draw the conclusions: plan, confirm, or settle a doubt."""

from __future__ import annotations

from controller.actions import Photograph
from controller.calibrated import in_millimetres
from controller.decisions import ask
from controller.events import (
    AnyEvent,
    IndentIntended,
    IndentsSeen,
    IndentVoided,
    NotHappened,
    Planned,
    Spot,
    SurfaceSeen,
)
from controller.indentation import after_void
from controller.planning import clearances, demands
from controller.rig import Rig, Stop, Trouble
from controller.state import Block, Use
from drivers.interfaces import Done
from metrology import diameter_mm, find_scale
from runtime import offload
from vision.compare import Absent, Present, Unclear, confirm_indentations, mark_at
from vision.finder import NoBlock, Surface
from vision.frame import Image
from vision.geometry import Mark, Outline, Point, Rectangle, Round
from vision.plans import NoRoom


async def photograph(rig: Rig, action: Photograph) -> Stop | None:
    """Take a picture, keep it, and record what it shows together with what follows."""
    block = rig.state.blocks[action.block]
    shot = await rig.devices.camera.capture()
    if not isinstance(shot, Done):
        return Trouble.of("camera", shot)
    picture = await rig.gallery.keep(shot.value)
    image = await in_millimetres(rig, action, block.scale, shot.value)
    if isinstance(image, Trouble):
        return image
    surface = await offload(rig.eyes.find, image, px_per_mm=shot.value.px_per_mm)
    if isinstance(surface, NoBlock):
        return Trouble("no-block-in-picture", "camera", f"{surface.reason}, picture {picture[:12]}")
    rig.boundary("photograph-result")
    seen = SurfaceSeen(block.name, action.purpose, picture, *_outline_of(surface), _spots(surface))
    match action.purpose:
        case "before":
            found = await _plan(rig, block, surface, image, shot.value.px_per_mm)
        case "after":
            found = _confirm(rig, block, surface, picture)
        case "doubt":
            found = _settle_doubt(rig, block, surface, picture)
    await rig.ledger.record(seen, *found)
    return None


# -- before: where to indent ---------------------------------------------------


async def _plan(
    rig: Rig, block: Block, surface: Surface, image: Image, px_per_mm: float
) -> tuple[AnyEvent, ...]:
    nominal = block.order.nominal if block.order else None
    clear = clearances(rig.config.cell, rig.regulation, block.scale, nominal)
    plan = await offload(
        rig.eyes.plan, rig.config.cell, rig.regulation, clear, surface.outline, surface.marks
    )
    if isinstance(plan, NoRoom):
        drawing = await offload(
            rig.eyes.show, image, surface, demands(clear), plan, px_per_mm=px_per_mm
        )
        picture = await rig.gallery.keep_drawing(drawing)
        return ask(rig, "no_room", block.name, plan.reason, picture=picture)
    return (
        Planned(
            block.name,
            tuple(_spot(p) for p in plan.positions),
            tuple(_spot(p) for p in plan.spares),
            clear.pitch_mm,
            clear.edge_mm,
            clear.margin_mm,
            _mm(plan.covering_radius),
        ),
    )


# -- after: is every indentation where it was planned ---------------------------


def _confirm(rig: Rig, block: Block, surface: Surface, picture: str) -> tuple[AnyEvent, ...]:
    spent = [i for i, p in enumerate(block.positions) if p.use in (Use.MEASURED, Use.VOID)]
    expected = [Point(block.positions[i].x, block.positions[i].y) for i in spent]
    seen = confirm_indentations(
        _surface(block), surface, expected, rig.config.cell.mark_tolerance_mm
    )
    measured = {i for i in spent if block.positions[i].use is Use.MEASURED}
    missing = tuple(
        i
        for i, point in zip(spent, expected, strict=True)
        if i in measured and point in seen.missing
    )
    confirmed = IndentsSeen(
        block.name,
        tuple(round(made.error, 4) for made in seen.made),
        missing,
        tuple(
            Spot(_mm(m.x), _mm(m.y), _mm(m.diameter), _mm(m.confidence)) for m in seen.unexpected
        ),
    )
    if not missing and not seen.unexpected:
        return (confirmed,)
    text = f"{len(missing)} indentations are not where they were planned, "
    text += f"{len(seen.unexpected)} marks were not expected"
    return (confirmed, *ask(rig, "surface_mismatch", block.name, text, picture=picture))


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


def _mm(value: float) -> float:
    return round(value, 4)


def _spot(point: Point) -> Spot:
    return Spot(_mm(point.x), _mm(point.y))


def _spots(surface: Surface) -> tuple[Spot, ...]:
    return tuple(
        Spot(_mm(m.x), _mm(m.y), _mm(m.diameter), _mm(m.confidence)) for m in surface.marks
    )


def _outline_of(surface: Surface) -> tuple[str, float, float]:
    match surface.outline:
        case Round(diameter):
            return "round", _mm(diameter), _mm(diameter)
        case Rectangle(width, height):
            return "rectangle", _mm(width), _mm(height)


def _surface(block: Block) -> Surface:
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

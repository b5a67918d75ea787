"""Rules of the surface: where an indentation may be made, and when."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from controller.events import IndentIntended
from controller.state import Block, Use
from drivers.interfaces import TESTER
from hil_sim.scenario.invariants import rim_distance
from hil_sim.scenario.witness.scene import Scene
from hil_sim.world import GRIPPER, Indentation, WorldBlock
from metrology import Clearances, find_scale, load_regulation


def clearance(scene: Scene, change: dict[str, Any]) -> Iterator[str]:
    """No two indentations closer than the rules' clearance, none on an old mark.

    The clearance is the regulation's for the true diameters: what the cell takes it to be
    may be larger, as it guards itself, and never smaller.
    """
    struck = _struck(scene, change)
    if struck is None:
        return
    block, new = struck
    known = scene.state.blocks.get(block.name)
    if known is None:
        return
    x, y = new.aim
    for mark in block.marks:
        # What slid unseen lies where nobody could know; that error is in no clearance.
        if mark is new or (mark.slip_x, mark.slip_y) != (0.0, 0.0):
            continue
        distance = math.hypot(mark.x - x, mark.y - y)
        due = _due(scene, known, max(new.diameter, mark.diameter)).pitch_mm
        if distance < max(due, known.pitch_mm):
            what = "another indentation" if mark.cycle else "an old mark"
            yield f"{block.name}: indented {distance:.2f} mm from {what}"


def rim(scene: Scene, change: dict[str, Any]) -> Iterator[str]:
    """None where the rim forbids it."""
    struck = _struck(scene, change)
    if struck is None:
        return
    block, new = struck
    known = scene.state.blocks.get(block.name)
    if known is None or (new.slip_x, new.slip_y) != (0.0, 0.0):
        return
    due = max(_due(scene, known, new.diameter).edge_mm, known.edge_mm)
    if (distance := rim_distance(block, new)) < due:
        yield f"{block.name}: indented {distance:.2f} mm from the rim"


def interlock(scene: Scene, change: dict[str, Any]) -> Iterator[str]:
    """None while the door is open, the safety chain is broken or the arm has the block."""
    if change["do"] != "indent":
        return
    station = scene.cell.station
    if not station.door_closed:
        yield "indented with the door open"
    if not station.safety_closed:
        yield "indented with the safety chain broken"
    held = scene.world.occupant(GRIPPER)
    intent = _open_intent(scene)
    if held is not None and intent is not None and held.name == intent.block:
        yield f"indented while the gripper has {held.name}"


def intended(scene: Scene, change: dict[str, Any]) -> Iterator[str]:
    """Every indentation answers to one open intent, at its place, and no place is hit twice."""
    if change["do"] != "indent":
        return
    block = scene.world.occupant(TESTER)
    if block is None:
        return  # the bare anvil: an accident of its own
    mark = block.marks[-1]
    known = scene.state.blocks.get(block.name)
    index = None if known is None else scene.position_of(known, mark)
    scene.bearers[mark.cycle] = block
    where = f"{block.name} at {mark.x:.2f}, {mark.y:.2f}"
    if known is None or index is None:
        yield f"{where}: an indentation that nobody planned"
        return
    hits = scene.hits.setdefault((block.name, index), [])
    hits.append(mark.cycle)
    if len(hits) > 1:
        yield f"{where}: position {index + 1} is indented a second time"
    if known.positions[index].use is not Use.INTENDED:
        yield f"{where}: indented although position {index + 1} is {known.positions[index].use}"


def _due(scene: Scene, known: Block, diameter_mm: float) -> Clearances:
    regulation = load_regulation(scene.state.regulation)
    return regulation.clearances(find_scale(known.scale), diameter_mm)


def _struck(scene: Scene, change: dict[str, Any]) -> tuple[WorldBlock, Indentation] | None:
    if change["do"] != "indent":
        return None
    block = scene.world.occupant(TESTER)
    return (block, block.marks[-1]) if block is not None and block.marks else None


def _open_intent(scene: Scene) -> IndentIntended | None:
    """Return the intent that is being carried out; one in doubt waits for its picture."""
    state = scene.state
    waiting = (intent for op, intent in state.intents.items() if op not in state.doubts)
    return next((intent for intent in waiting if isinstance(intent, IndentIntended)), None)

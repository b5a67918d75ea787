"""Rules of the readings: whose they are, why one is void, and what a verdict rests on."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from controller.events import (
    AnyEvent,
    ClimateRead,
    IndentConfirmed,
    IndentDoubted,
    IndentIntended,
    IndentVoided,
    Judged,
    NotHappened,
    TrayFinished,
)
from controller.folding.needs import remaining, required
from controller.state import Block, CellState, Stage, Use
from drivers.record_count import BEYOND_COUNT
from hil_sim.scenario.witness.scene import CYCLE, Scene
from metrology import Verdict, find_scale, judge, load_regulation

_CLIMATE_STEP = Decimal("0.1")


def own_reading(scene: Scene, before: CellState, event: AnyEvent) -> Iterator[str]:
    """No reading is foreign: each is what the tester published of this very indentation."""
    if not isinstance(event, IndentConfirmed):
        return
    intent = before.intents[event.op]
    assert isinstance(intent, IndentIntended)
    made = scene.cycles_at(intent.block, intent.position)
    struck = scene.mark(made[-1]) if made else None
    where = f"{intent.block} position {intent.position + 1}"
    if struck is None:
        yield f"{where}: a reading without an indentation"
        return
    mark = struck[1]
    if not mark.complete:
        yield f"{where}: a reading of a cycle that was broken off"
    if mark.flaw:
        yield f"{where}: a reading of a cycle that went wrong ({mark.flaw})"
    if event.number != mark.record % 1_000_000 or event.hardness != Decimal(mark.shown or "-1"):
        shown = f"record {mark.record} showed {mark.shown or 'nothing'}"
        yield f"{where}: reading {event.hardness} of record {event.number}, but {shown}"
    else:
        scene.proved.add(event.op)
        scene.proved_cycle = made[-1]


def true_count(scene: Scene, before: CellState, event: AnyEvent) -> Iterator[str]:
    """No count is wrong: the tester's last number lies between the bounds that are journaled."""
    if not isinstance(event, IndentIntended) or scene.until is not None:
        return
    count, retentive = scene.state.count, scene.world.retentive
    used_since = retentive.get(CYCLE, 0) != event.before.count
    if used_since or count.heard is None or count.at_most >= BEYOND_COUNT:
        return
    number = retentive.get("tester.number", 0)
    if not count.at_least <= (number - count.heard) % 1_000_000 <= count.at_most:
        yield (
            f"the tester has counted to {number}, but is thought to have counted "
            f"{count.at_least} to {count.at_most} after {count.heard}"
        )


def void_has_a_ground(scene: Scene, before: CellState, event: AnyEvent) -> Iterator[str]:
    """No reading is void, or in doubt, but for a technical reason that the world knows too."""
    if not isinstance(event, IndentVoided | IndentDoubted) or event.op in scene.doubted:
        return
    intent = before.intents[event.op]
    assert isinstance(intent, IndentIntended)
    if isinstance(event, IndentDoubted):
        scene.doubted.add(event.op)
    # With a cycle in between, a number alone may not prove whose the record is.
    unproved = "proves no reading" in event.reason and intent.before.count > scene.proved_cycle
    if not unproved and not _ground(scene, intent):
        yield (
            f"{intent.block} position {intent.position + 1}: void ({event.reason}) "
            "although nothing was wrong with it"
        )


def _ground(scene: Scene, intent: IndentIntended) -> bool:
    """Return whether anything technical happened since the intent."""
    retentive = scene.world.retentive
    if retentive.get("plc.boot", 0) != intent.before.boot:
        return True
    if retentive.get(CYCLE, 0) != intent.before.count + 1:
        return True
    struck = scene.mark(intent.before.count + 1)
    if struck is None:
        return True
    mark = struck[1]
    if not mark.complete or mark.flaw or (mark.slip_x, mark.slip_y) != (0.0, 0.0):
        return True
    fresh = scene.kept_records()[intent.before.records :]
    return {number for number, _ in fresh} != {mark.record % 1_000_000}


def no_second_choice(scene: Scene, before: CellState, event: AnyEvent) -> Iterator[str]:
    """No reading is repeated: a spare only for a void, and nothing beyond what is required."""
    if not isinstance(event, IndentIntended):
        return
    block = before.blocks[event.block]
    where = f"{block.name} position {event.position + 1}"
    if block.role != "customer":
        duty = next((duty for duty in before.duties if duty.duty == event.duty), None)
        if duty is None or not remaining(before, duty):
            yield f"{where}: indented without a duty"
        return
    if block.stage is not Stage.PLANNED or len(block.readings) >= required(block):
        yield f"{where}: one more indentation of a block that is {block.stage}"
    if block.positions[event.position].use is not Use.FREE:
        yield f"{where}: intended although it is {block.positions[event.position].use}"
    spares = sum(p.spare and p.use is not Use.FREE for p in block.positions)
    if block.positions[event.position].spare and spares + 1 > block.voids:
        yield f"{where}: a spare is taken although no reading is void"


def sound_verdict(scene: Scene, before: CellState, event: AnyEvent) -> Iterator[str]:
    """No verdict rests on other than the readings that are due, each proved, none void."""
    if not isinstance(event, Judged):
        return
    block = before.blocks[event.block]
    readings = [reading.hardness for reading in block.readings]
    for reading in block.readings:
        if block.positions[reading.position].use is not Use.MEASURED:
            yield f"{block.name}: judged by a reading that is void"
        if reading.op not in scene.proved:
            yield f"{block.name}: judged by a reading that is not the tester's"
    regulation = load_regulation(before.regulation)
    if len(readings) != regulation.indentations:
        yield f"{block.name}: judged by {len(readings)} readings, {regulation.indentations} are due"
        return
    due = judge(find_scale(block.scale), readings, regulation)
    said = (event.mean, event.value, event.uniformity, event.limit, event.passed)
    if said != (due.mean, due.value, due.uniformity, due.limit, due.passed):
        yield f"{block.name}: judged {_verdict(event)}, its readings say {_verdict(due)}"


def _verdict(of: Judged | Verdict) -> str:
    word = "passed" if of.passed else "failed"
    return f"{word} with mean {of.mean}, uniformity {of.uniformity} of {of.limit}"


def spent_is_spent(scene: Scene, before: CellState, event: AnyEvent) -> Iterator[str]:
    """No place that bears an indentation counts as unspent."""
    if not isinstance(event, NotHappened):
        return
    intent = before.intents[event.op]
    if isinstance(intent, IndentIntended) and scene.cycles_at(intent.block, intent.position):
        where = f"{intent.block} position {intent.position + 1}"
        yield f"{where}: said to be unspent, and bears an indentation"


def true_climate(scene: Scene, before: CellState, event: AnyEvent) -> Iterator[str]:
    """No block is kept with another climate than its sensor shows now."""
    if not isinstance(event, ClimateRead):
        return
    shown = (scene.cell.station.temperature_c, scene.cell.climate.shown_c)
    if all(abs(event.temperature_c - Decimal(str(one))) > _CLIMATE_STEP for one in shown):
        yield f"{event.block}: climate {event.temperature_c} °C, the sensors show {shown[0]}"


def all_accounted(scene: Scene, before: CellState, event: AnyEvent) -> Iterator[str]:
    """At the end of a tray each indentation has its reading or its void, exactly once."""
    if not isinstance(event, TrayFinished):
        return
    for block in before.customers:
        yield from _accounts_of(scene, block)


def _accounts_of(scene: Scene, block: Block) -> Iterator[str]:
    for index, position in enumerate(block.positions):
        made = len(scene.cycles_at(block.name, index))
        where = f"{block.name} position {index + 1}"
        if made and position.use not in (Use.MEASURED, Use.VOID):
            yield f"{where}: bears an indentation and is {position.use}"
        if position.use is Use.MEASURED and made != 1:
            yield f"{where}: has a reading and {made} indentations"
    if len({reading.position for reading in block.readings}) != len(block.readings):
        yield f"{block.name}: two readings of one position"

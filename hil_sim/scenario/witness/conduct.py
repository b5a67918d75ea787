"""Rules of conduct: evidence for every place and name, one owner, nothing before it is on disk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from controller.events import (
    AnyEvent,
    BlockIdentified,
    BlockRefused,
    BlockSized,
    BlockTakenOut,
    DecisionAnswered,
    EpochClaimed,
    HolderStocked,
    IndentConfirmed,
    IndentDoubted,
    IndentIntended,
    IndentVoided,
    NotHappened,
    RejectRowEmptied,
    SessionBegan,
    TransferConfirmed,
    TransferIntended,
    TrayAccepted,
)
from controller.state import GRIPPER, Block, CellState
from drivers.interfaces import SIZING
from hil_sim.scenario.witness.scene import Scene

_MAILBOXES = {"plc.": "tester", "arm.": "arm"}
_MAY_MOVE = (TransferConfirmed, BlockTakenOut, RejectRowEmptied, HolderStocked, TrayAccepted)
_DURABLE = (
    *(IndentIntended, IndentConfirmed, IndentVoided, IndentDoubted, NotHappened),
    *(TransferIntended, TransferConfirmed, DecisionAnswered),
)


def evident_places(scene: Scene, before: CellState, event: AnyEvent) -> Iterator[str]:
    """No block changes its place without evidence, and then it really is there."""
    if isinstance(event, TransferConfirmed):
        intent = before.intents[event.op]
        known = scene.state.blocks[intent.block]
        really = scene.world.where.get(intent.block, "outside")
        if really != known.at:
            yield f"{intent.block}: said to be at {known.at}, and is at {really}"
    if isinstance(event, BlockTakenOut) and event.block in scene.world.where:
        yield f"{event.block}: said to be taken out, and is at {scene.world.where[event.block]}"
    if isinstance(event, _MAY_MOVE):
        return
    for name, block in scene.state.blocks.items():
        old = before.blocks.get(name)
        if old is not None and old is not block and old.at != block.at:
            yield f"{name}: from {old.at} to {block.at} by {type(event).__name__}"


def same_block(scene: Scene, before: CellState, event: AnyEvent) -> Iterator[str]:
    """No block changes its name, its order or its slot; an identity is read or decided."""
    if isinstance(event, TrayAccepted | HolderStocked):
        return
    for name, block in scene.state.blocks.items():
        old = before.blocks.get(name)
        if old is None or (old is not block and _passport(old) != _passport(block)):
            yield f"{name}: another block by {type(event).__name__}"
    if isinstance(event, BlockIdentified) and event.by == "code":
        truth = scene.world.blocks.get(event.block)
        sized = before.blocks[event.block].sized or scene.state.blocks[event.block].sized
        if sized is None or sized.code != event.block:
            yield f"{event.block}: identified by a code that says {sized and sized.code}"
        elif truth is not None and truth.code != event.block:
            yield f"{event.block}: identified by a code that is not on it"


def own_slot(scene: Scene, before: CellState, event: AnyEvent) -> Iterator[str]:
    """No block comes into another's slot, and none that failed into its own, to pass for good."""
    if not isinstance(event, TransferConfirmed):
        return
    block = scene.state.blocks[before.intents[event.op].block]
    if not block.at.startswith("slot-"):
        return
    if block.at != block.home:
        yield f"{block.name}: put into {block.at}, and came from {block.home}"
    failed = block.verdict is not None and not block.verdict.passed
    if failed and not block.refused_because:
        yield f"{block.name}: failed, and stands in {block.at} although nobody decided that"


def _passport(block: Block) -> tuple[object, ...]:
    return block.name, block.order, block.home, block.scale


def claimed_first(scene: Scene, before: CellState, event: AnyEvent) -> Iterator[str]:
    """Evidence is fenced: this session claimed the device before it intends anything with it."""
    if isinstance(event, SessionBegan):
        scene.claims.clear()
    elif isinstance(event, EpochClaimed):
        if event.device not in scene.claims and event.epoch <= scene.ever.get(event.device, 0):
            yield f"{event.device}: epoch {event.epoch} was an earlier session's"
        scene.claims[event.device] = scene.ever[event.device] = event.epoch
    elif isinstance(event, IndentIntended | TransferIntended):
        device = "tester" if isinstance(event, IndentIntended) else "arm"
        if scene.claims.get(device) != event.before.epoch:
            yield f"{device}: used under epoch {event.before.epoch}, which this session never took"
    elif isinstance(event, NotHappened):
        intent = before.intents[event.op]
        device = "tester" if isinstance(intent, IndentIntended) else "arm"
        if device not in scene.claims:
            yield f"{device}: {event.op} settled before it was fenced"


def true_measure(scene: Scene, before: CellState, event: AnyEvent) -> Iterator[str]:
    """No block is kept with the code of another one: what is read stands there now."""
    if not isinstance(event, BlockSized) or event.code is None:
        return
    standing = scene.world.occupant(SIZING)
    told = {block.code for block in scene.world.blocks.values()}
    if standing is not None and event.code in told and event.code != standing.code:
        yield f"{event.block}: read as {event.code}, the label there says {standing.code}"


def one_owner(scene: Scene, change: dict[str, Any]) -> Iterator[str]:
    """No device acts on a command of anybody but the session that claimed it last."""
    if change["do"] != "retain":
        return
    for prefix, device in _MAILBOXES.items():
        if f"{prefix}accepted" not in change["values"]:
            continue
        epoch, mine = scene.world.retentive.get(f"{prefix}epoch", 0), scene.claims.get(device, 0)
        if epoch < mine:
            yield f"{device}: acted for epoch {epoch} although {mine} holds it"


def on_disk(scene: Scene, committed: int, seq: int, event: AnyEvent) -> Iterator[str]:
    """Nothing follows from an intent, a confirmation or a decision before it is on disk."""
    if isinstance(event, _DURABLE) and committed < seq:
        yield f"event {seq} ({type(event).__name__}) took effect before it was committed"


def absent_is_absent(scene: Scene, before: CellState, event: AnyEvent) -> Iterator[str]:
    """No block is given up as missing while the gripper has it."""
    if isinstance(event, BlockRefused) and event.to == "absent":
        at = scene.world.where.get(event.block)
        if at is not None and at == GRIPPER:
            yield f"{event.block}: given up as missing while the gripper has it"

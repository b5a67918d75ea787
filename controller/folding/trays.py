"""A tray comes and goes; the holder is stocked; duties fall and are judged."""

from __future__ import annotations

from controller import events as e
from controller.folding.handlers import Handlers, put
from controller.folding.keys import key_of
from controller.replacing import replace
from controller.state import OUTSIDE, Block, CellState, Stage, planned
from controller.trimming import in_holder, without_the_past

on = Handlers()


@on(e.TrayAccepted)
def _(state: CellState, event: e.TrayAccepted) -> CellState:
    state = without_the_past(state, {key_of(intent) for intent in state.intents.values()})
    holder = {name: block for name, block in state.blocks.items() if in_holder(block)}
    # What an earlier tray left in the reject row still stands there.
    left = {
        name: replace(block, role="rejected")
        for name, block in state.blocks.items()
        if name not in holder and block.at.startswith("reject-")
    }
    tray = {
        order.block: Block(
            name=order.block,
            role="customer",
            scale=order.scale,
            home=f"slot-{order.slot:02d}",
            at=f"slot-{order.slot:02d}",
            stage=Stage.WAITING,
            order=order,
        )
        for order in sorted(event.blocks, key=lambda order: order.slot)
    }
    return replace(
        state,
        tray=event.tray,
        regulation=event.regulation,
        tray_finished=False,
        closing_checked=False,
        slots_occupied=None,
        blocks={**left, **tray, **holder},
        unchecked=frozenset(state.unchecked & left.keys()),
    )


@on(e.HolderStocked)
def _(state: CellState, event: e.HolderStocked) -> CellState:
    block = Block(
        name=event.block,
        role=event.role,
        scale=event.scale,
        home=event.place,
        at=event.place,
        stage=Stage.PLANNED,
        stock=event,
        identified=True,
        positions=planned(event.positions, ()),
        pitch_mm=event.pitch_mm,
    )
    return put(_without_predecessor(state, event), block)


def _without_predecessor(state: CellState, event: e.HolderStocked) -> CellState:
    """Take the block out whose place a new one takes; its open duties pass to the new one."""
    gone = [b for b in state.blocks.values() if b.role == event.role and b.name != event.block]
    for block in gone:
        state = put(state, replace(block, at=OUTSIDE))
    names = {block.name for block in gone}
    duties = tuple(
        replace(duty, block=event.block) if duty.block in names else duty for duty in state.duties
    )
    return replace(state, duties=duties)


@on(e.DutyFell)
def _(state: CellState, event: e.DutyFell) -> CellState:
    scale = state.blocks[event.block].scale
    set_up_for = scale if event.kind == "seating" else state.set_up_for
    return replace(state, duties=(*state.duties, event), set_up_for=set_up_for)


@on(e.CheckJudged)
def _(state: CellState, event: e.CheckJudged) -> CellState:
    left = tuple(duty for duty in state.duties if duty.duty != event.duty)
    blocks = {
        name: replace(block, verdict_held=not event.good) if name in state.unchecked else block
        for name, block in state.blocks.items()
    }
    return replace(
        state,
        duties=left,
        duties_done=(*state.duties_done, event),
        closing_checked=state.closing_checked or event.duty.startswith("closing-check"),
        blocks=blocks,
        # Verdicts that a failed check holds stay so until a good one follows.
        unchecked=frozenset() if event.good else state.unchecked,
    )


@on(e.SlotMapRead)
def _(state: CellState, event: e.SlotMapRead) -> CellState:
    return replace(state, slots_occupied=frozenset(event.occupied))


@on(e.RejectRowEmptied)
def _(state: CellState, event: e.RejectRowEmptied) -> CellState:
    blocks = {
        name: replace(block, at=OUTSIDE) if block.at.startswith("reject-") else block
        for name, block in state.blocks.items()
    }
    return replace(state, blocks=blocks)


@on(e.TrayFinished)
def _(state: CellState, event: e.TrayFinished) -> CellState:
    return replace(state, tray_finished=True)

"""Identity and dimensions at the sizing stage."""

from __future__ import annotations

from controller.actions import Measure
from controller.decisions import ask
from controller.events import AnyEvent, BlockIdentified, BlockSized
from controller.rig import Rig, Stop, Trouble
from controller.state import Block
from drivers.interfaces import Done, Sized


async def measure(rig: Rig, action: Measure) -> Stop | None:
    """Measure the block that stands there and settle who it is."""
    block = rig.state.blocks[action.block]
    read = await rig.devices.sizing.measure()
    if not isinstance(read, Done):
        return Trouble.of(rig.devices.sizing_name, read)
    sized = read.value
    rig.boundary("measure-result")
    await rig.ledger.record(
        BlockSized(block.name, sized.code, sized.thickness_mm, sized.width_mm, sized.depth_mm),
        *_identify(rig, block, sized),
    )
    return None


def _identify(rig: Rig, block: Block, sized: Sized) -> tuple[AnyEvent, ...]:
    if sized.code is None:
        text = f"the label of the block from {block.home} cannot be read"
        return ask(rig, "unreadable_identity", block.name, text)
    if sized.code != block.name:
        text = f"the label says {sized.code}, the manifest {block.name} for {block.home}"
        return ask(rig, "wrong_block", block.name, text)
    return (BlockIdentified(block.name, "code"),)

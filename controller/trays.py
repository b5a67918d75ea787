"""Which trays a cell takes, and when: one at a time, checked before anything moves."""

from __future__ import annotations

from pathlib import Path

from controller.config import LabConfig
from controller.events import AnyEvent, CommandTaken, TrayAccepted
from controller.manifest import Manifest, ManifestError, manifest_text, parse_manifest
from controller.messages import Command, Reply
from controller.rig import Rig
from controller.state import CellState, Stage
from metrology import load_regulation


class TrayError(ValueError):
    """The cell cannot take this tray now; the message says why and what to do."""


def read_tray(config: LabConfig, path: Path) -> Manifest:
    """Return the tray of a manifest that this cell can verify. Raises `ManifestError`."""
    return parse_tray(config, path, manifest_text(path))


def parse_tray(config: LabConfig, path: Path, text: str) -> Manifest:
    """Return the tray of a manifest's text, if this cell can verify it. Raises `ManifestError`."""
    holder = config.holder
    return parse_manifest(
        path,
        text,
        slots=config.cell.slots,
        reserved=(holder.seating.name, holder.check.name),
        regulation=load_regulation(config.cell.regulation),
    )


def has_work(state: CellState) -> bool:
    """Return whether a tray was accepted and is not finished."""
    return bool(state.tray) and not state.tray_finished


def unfit(state: CellState, manifest: Manifest) -> str:
    """Say why the cell cannot take a tray now; empty if it can."""
    if has_work(state):
        done = sum(block.stage is Stage.FINISHED for block in state.customers)
        return (
            f"tray {state.tray} is not finished ({done} of {len(state.customers)} blocks are); "
            f"finish it before {manifest.tray} is put in its place"
        )
    if manifest.tray == state.tray:
        return f"tray {manifest.tray} is finished already; a tray that comes again has a new name"
    # A block that was left in the reject row is not in its slot, whatever the manifest says.
    left = {block.name for block in state.blocks.values() if block.at.startswith("reject-")}
    back = sorted(left & {order.block for order in manifest.blocks})
    if back:
        return f"{', '.join(back)} stands in the reject row since an earlier tray; empty it first"
    return ""


def refuse_unfit(state: CellState, manifest: Manifest) -> None:
    """Raise `TrayError` if the cell cannot take this tray now."""
    if reason := unfit(state, manifest):
        raise TrayError(reason)


async def accept_tray(rig: Rig, manifest: Manifest, *taken: CommandTaken) -> None:
    """Seal the tray before, and take this one. Raises `TrayError` if the cell cannot now."""
    accepted = TrayAccepted(manifest.tray, rig.config.cell.regulation, manifest.blocks)

    def accept(state: CellState) -> tuple[AnyEvent, ...]:
        refuse_unfit(state, manifest)
        return (*taken, accepted)

    refuse_unfit(rig.state, manifest)
    await rig.ledger.seal_closed_tray()
    await rig.ledger.decide(accept)


async def take_tray(rig: Rig, command: Command) -> Reply:
    """Take the tray whose manifest a person presents, or refuse it with every reason."""
    if command.id in rig.state.commands:
        return Reply(command.id, accepted=True, reason="already done")
    file, text = Path(str(command.args["file"])), str(command.args["manifest"])
    try:
        manifest = parse_tray(rig.config, file, text)
        await accept_tray(rig, manifest, CommandTaken(command.id, command.verb, command.by))
    except ManifestError as error:
        return Reply(command.id, accepted=False, reason="\n".join(error.problems))
    except TrayError as error:
        return Reply(command.id, accepted=False, reason=str(error))
    body = {"tray": manifest.tray, "blocks": len(manifest.blocks)}
    return Reply(command.id, accepted=True, body=body)

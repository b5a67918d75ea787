"""Small simulated labs for tests: the shipped configuration, a few blocks, any truth."""

from dataclasses import replace
from pathlib import Path

from controller.config import LabConfig, load_config
from controller.events import BlockOrder
from controller.manifest import Manifest, read_manifest
from hil_sim.scenario.truth import Truth, read_truth

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"


def lab_config(*, quick: bool = True, **policy: dict[str, object]) -> LabConfig:
    """Return the shipped configuration; `quick` shortens duties, `policy` replaces entries."""
    config = load_config(EXAMPLES / "lab.toml")
    if quick:
        duties = config.duties.model_copy(
            update={"seating_indentations": 1, "check_indentations": 1}
        )
        config = config.model_copy(update={"duties": duties})
    if policy:
        entries = {
            kind: config.policy.entry(kind).model_copy(update=values)
            for kind, values in policy.items()
        }
        config = config.model_copy(update={"policy": config.policy.model_copy(update=entries)})
    return config


def tray(*numbers: str) -> Manifest:
    """Return the example tray, or only these blocks of it."""
    manifest = read_manifest(EXAMPLES / "tray-rockwell.csv", slots=33)
    blocks = tuple(b for b in manifest.blocks if not numbers or b.block in numbers)
    return replace(manifest, blocks=blocks)


def truths(**changed: Truth) -> dict[str, Truth]:
    """Return the truth of the example tray; keywords like ``b2007_102`` replace a block's."""
    known = dict(read_truth(EXAMPLES / "tray-rockwell.truth.csv"))
    known |= {name[1:].replace("_", "-"): truth for name, truth in changed.items()}
    return known


def order(number: str) -> BlockOrder:
    """Return the manifest line of a block of the example tray."""
    return next(block for block in tray().blocks if block.block == number)

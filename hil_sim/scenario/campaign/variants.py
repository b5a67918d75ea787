"""The cells of a campaign: as shipped, with other devices, without a sign of the results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from controller.config import LabConfig, load_config
from drivers.interfaces import Place, Station
from hil_sim.scenario.lab import holder_block
from hil_sim.world import World

EXAMPLE = Path(__file__).parents[3] / "examples" / "lab.toml"
OWN = ("gauge", "reader", "climate", "safety")
TRAYS_PER_HOLDER = 40
"""After so many trays the check block's surface is used up and a person puts a new one in."""


BUILDS = 8
"""How many builds of the cell there are; the seed decides."""


def lab_of(seed: int, config: Path | None) -> LabConfig:
    """Return the cell of a seed: the given one, or one of eight that are built differently.

    Raises `controller.config.ConfigError`.
    """
    if config is not None:
        return load_config(config)
    data: dict[str, Any] = load_config(EXAMPLE).model_dump()
    if seed % 2:
        data["devices"] |= {name: {"url": f"memory://{name}"} for name in OWN}
    if seed % 4 >= 2:
        data["devices"] |= {"stage": {"driver": "arm-push"}}
    if seed % 8 >= 4:
        data["simulation"]["results_wired"] = False
    return LabConfig.model_validate(data)


def with_fresh_holder(config: LabConfig, world: World, seed: int, tray: int) -> LabConfig:
    """Return the configuration for a tray; a used-up check block has been replaced in the world."""
    turn = (tray - 1) // TRAYS_PER_HOLDER
    if turn == 0:
        return config
    named = {
        role: block.model_copy(update={"name": f"{block.name}.{turn}"})
        for role, block in (("seating", config.holder.seating), ("check", config.holder.check))
    }
    for block in named.values():
        place = Place(Station.HOLDER, block.index)
        if block.name not in world.blocks:
            old = world.occupant(place)
            if old is not None:
                world.carry_away(old.name)
            world.add(holder_block(block, seed), place)
    return config.model_copy(update={"holder": config.holder.model_copy(update=named)})

"""Trays for a soak: the example tray again and again, each time with blocks of its own."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from controller.config import LabConfig
from controller.manifest import Manifest
from controller.trays import read_tray
from drivers.interfaces import Station
from hil_sim.scenario.demo_request import EXAMPLES
from hil_sim.scenario.lab import SimulatedLab, make_tray
from hil_sim.scenario.truth import Truth, assumed, read_truth
from runtime import offload


@dataclass(frozen=True, slots=True)
class Delivery:
    """One tray as it arrives: its manifest, the file that says so, and what the blocks are."""

    file: Path
    manifest: Manifest
    truths: Mapping[str, Truth]


class Deliveries:
    """Makes the trays of a soak, and puts them into the simulated cell and out of it."""

    def __init__(self, config: LabConfig, folder: Path, seed: int) -> None:
        self._config = config
        self._folder = folder
        self._seed = seed
        self._pattern = read_tray(config, EXAMPLES / "tray-rockwell.csv")
        self._truths = read_truth(EXAMPLES / "tray-rockwell.truth.csv")

    def next(self, number: int) -> Delivery:
        """Return the tray of this number, its manifest written down."""
        orders, truths = [], {}
        for order in self._pattern.blocks:
            name = f"{number:03d}-{order.block}"
            orders.append(replace(order, block=name))
            truths[name] = replace(self._truths.get(order.block) or assumed(order), code=name)
        file = self._folder / f"tray-{number:03d}.csv"
        manifest = Manifest(file.stem, tuple(orders))
        _write(file, manifest)
        return Delivery(file, manifest, truths)

    async def bring(self, lab: SimulatedLab, delivery: Delivery) -> None:
        """Put the blocks of a tray into the slots."""
        orders, truths, camera = delivery.manifest, delivery.truths, lab.cell.camera
        # Making them takes a second, in which every device would be silent.
        blocks = await offload(make_tray, self._config, orders, truths, self._seed, camera)
        for block, place in blocks:
            lab.world.add(block, place)


def empty(lab: SimulatedLab, station: Station) -> None:
    """Take away every block that stands in a row of places, as a technician does."""
    row = f"{station.name.lower()}-"
    for name in [name for name, at in lab.world.where.items() if at.startswith(row)]:
        lab.world.carry_away(name)


def _write(file: Path, manifest: Manifest) -> None:
    columns = ("slot", "number", "scale", "shape", "width_mm", "depth_mm", "nominal")
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow((*columns, "nominal_uniformity"))
        for order in manifest.blocks:
            size = (order.shape, order.width_mm, order.depth_mm)
            known = (order.nominal, order.nominal_uniformity)
            writer.writerow((order.slot, order.block, order.scale, *size, *known))

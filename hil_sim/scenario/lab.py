"""A simulated lab for a configuration and a manifest: world, devices, bench."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import numpy as np

from controller.config import HolderBlock, LabConfig
from controller.connecting import push_motion
from controller.eyes import EYES, Eyes
from controller.manifest import Manifest
from controller.planning import clearances
from controller.rules import kept_out
from controller.surveying import survey
from drivers.interfaces import Place, Station
from drivers.lines import Bench
from hil_sim.cell import Build, SimulatedCell, Wiring
from hil_sim.devices.camera import SimulatedCamera
from hil_sim.physics import HardnessField, TesterTruth
from hil_sim.scenario.sketch_eyes import sketch_eyes
from hil_sim.scenario.truth import Truth, assumed, make_block, tune
from hil_sim.wire import Wires
from hil_sim.world import World, WorldBlock
from metrology import load_regulation
from runtime import Clock, stream
from vision.finder import NoBlock
from vision.plans import NoRoom


@dataclass(slots=True)
class SimulatedLab:
    """The lab as it stands: the controller sees only the bench."""

    world: World
    cell: SimulatedCell
    bench: Bench

    @property
    def eyes(self) -> Eyes:
        """The eyes that can read what the camera sends."""
        return eyes_for(self.cell.camera)


def build_lab(
    config: LabConfig,
    manifest: Manifest | None,
    truths: Mapping[str, Truth],
    *,
    seed: int,
    clock: Clock,
    world_file: Path | None = None,
    wires: Wires | None = None,
    sketches: bool = False,
) -> SimulatedLab:
    """Build the lab with the manifest's blocks in their slots, if any, and the holder stocked.

    A world file that exists already is taken up as it is: its blocks stay where they are.
    Devices listen on ``wires``, by default on in-memory ones alone. With ``sketches`` the
    camera describes what it sees instead of drawing it.
    """
    world = World.open(world_file) if world_file is not None else World()
    cell = SimulatedCell(world, clock, seed, _build(config, seed))
    cell.camera.sketches = sketches
    if not world.blocks:
        if manifest is not None:
            for block, place in make_tray(config, manifest, truths, seed, cell.camera):
                world.add(block, place)
        for holder in (config.holder.seating, config.holder.check):
            world.add(holder_block(holder, seed), Place(Station.HOLDER, holder.index))
    wires = wires or Wires()
    cell.listen(wires, _wiring(config))
    return SimulatedLab(world, cell, wires.bench)


def make_tray(
    config: LabConfig,
    manifest: Manifest,
    truths: Mapping[str, Truth],
    seed: int,
    camera: SimulatedCamera,
) -> list[tuple[WorldBlock, Place]]:
    """Return a tray's blocks, each made as its truth says, with the slots they stand in."""
    made = []
    for order in manifest.blocks:
        truth = truths.get(order.block) or assumed(order)
        block = make_block(order, truth, seed)
        tune(block, truth, _spots(config, camera, block, order.nominal))
        made.append((block, Place(Station.SLOT, order.slot)))
    return made


def _spots(
    config: LabConfig, camera: SimulatedCamera, block: WorldBlock, nominal: Decimal | None
) -> list[tuple[float, float]]:
    """Return where the controller will plan its indentations, from the picture it will see."""
    picture = camera.draw(block)
    image = np.frombuffer(picture.pixels, np.uint8).reshape(picture.height, picture.width)
    eyes = eyes_for(camera)
    seen = survey(eyes, image, config.simulation.px_per_mm)
    regulation = load_regulation(config.cell.regulation)
    clear = clearances(config.cell, regulation, block.scale, nominal)
    if not isinstance(seen, NoBlock):
        outline, marks, avoid = seen.surface.outline, seen.surface.marks, kept_out(seen.patches)
        plan = eyes.plan(config.cell, regulation, clear, outline, marks, avoid)
        if not isinstance(plan, NoRoom):
            return [(point.x, point.y) for point in plan.positions]
    # No room for the controller either: any five spots will do.
    return [(-8.0, -8.0), (8.0, -8.0), (0.0, 0.0), (-8.0, 8.0), (8.0, 8.0)]


def eyes_for(camera: SimulatedCamera) -> Eyes:
    """Return the eyes that can read what a camera sends."""
    return sketch_eyes() if camera.sketches else EYES


def holder_block(holder: HolderBlock, seed: int) -> WorldBlock:
    """Return a very uniform block: the best a lab has."""
    level = float(holder.certified) if holder.certified is not None else 60.0
    field = HardnessField.random(level, 0.005, stream(seed, "holder", holder.name))
    return WorldBlock(
        holder.name,
        holder.scale,
        field,
        holder.name,
        shape=holder.shape,
        width_mm=holder.width_mm,
        depth_mm=holder.width_mm,
    )


def _wiring(config: LabConfig) -> Wiring:
    devices = config.devices
    return Wiring(
        station=devices.station.url,
        arm=devices.arm.url,
        dashboard=devices.arm.dashboard,
        results=devices.results.url,
        camera=devices.camera.url,
        stage=devices.stage.url,
        **{
            name: device.url
            for name in ("gauge", "reader", "climate", "safety")
            if (device := getattr(devices, name)) is not None
        },
    )


def _build(config: LabConfig, seed: int) -> Build:
    simulation, durations, stage = config.simulation, config.durations, config.devices.stage
    drawn = stream(seed, "tester bias").uniform(-1, 1) * simulation.tester_bias_max
    build = Build(
        arm=durations.arm.times(),
        cycle=durations.cycle.times(),
        poses=config.poses.table(config.cell.slots, config.cell.reject_places),
        tester=TesterTruth(
            sigma=simulation.tester_sigma,
            bias=simulation.tester_bias + drawn,
            drift_amplitude=simulation.drift_amplitude,
            drift_period_s=simulation.drift_period_s,
        ),
        stage_centre=(stage.centre_x_mm, stage.centre_y_mm),
        px_per_mm=simulation.px_per_mm,
        measure_s=durations.measure_s,
        photograph_s=durations.photograph_s,
        temperature_c=simulation.temperature_c,
        humidity_pct=simulation.humidity_pct,
        push=push_motion(config) if stage.arm_pushes else None,
        reset_after_s=simulation.reset_after_s,
        results_wired=simulation.results_wired,
    )
    climate, safety = config.devices.climate, config.devices.safety
    if climate is not None:
        build = replace(build, hygrometer=climate.registers, hygrometer_unit=climate.unit)
    return build if safety is None else replace(build, safety_product=safety.product)

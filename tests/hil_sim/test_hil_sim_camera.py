import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

import numpy as np
import pytest

from drivers.camera_worker import WorkerCamera
from drivers.interfaces import SIZING, VISION, Done, Failure, NotDone, Photograph
from drivers.lines import Bench
from hil_sim.devices.camera import SimulatedCamera, outline_of
from hil_sim.physics import HardnessField
from hil_sim.world import GRIPPER, Indentation, World, WorldBlock
from runtime import Clock, run_virtual
from vision.geometry import Rectangle, Round

URL = "memory://camera"
SCALE = 4.0


@dataclass
class Bed:
    """A block at the vision station, a simulated camera and its driver."""

    world: World
    camera: SimulatedCamera
    driver: WorkerCamera
    clock: Clock

    async def shoot(self) -> Photograph:
        got = await self.driver.capture()
        assert isinstance(got, Done), got
        return got.value


def on_bed(scene: Callable[[Bed], Coroutine[Any, Any, None]], seed: int = 1) -> None:
    async def main() -> None:
        clock, world, bench = Clock.starting(datetime(2026, 3, 1, tzinfo=UTC)), World(), Bench()
        field = HardnessField.random(61.2, 0.1, Random(1))
        block = WorldBlock("A", "HRC", field, "A")
        world.add(block, VISION)
        camera = SimulatedCamera(world, clock, seed, px_per_mm=SCALE)
        bench.listen(URL, camera.protocol)
        await scene(Bed(world, camera, WorkerCamera(bench, URL, clock, capture_s=5), clock))

    run_virtual(main())


def image(photo: Photograph) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.frombuffer(photo.pixels, np.uint8).reshape(photo.height, photo.width)


def test_the_block_at_the_vision_station_is_seen_bright_on_dark() -> None:
    async def scene(bed: Bed) -> None:
        photo = await bed.shoot()
        assert photo.px_per_mm == SCALE
        picture = image(photo)
        middle = picture[
            photo.height // 3 : -photo.height // 3, photo.width // 3 : -photo.width // 3
        ]
        assert middle.mean() > 3 * picture[:4, :4].mean()

    on_bed(scene)


def test_an_empty_station_is_dark() -> None:
    async def scene(bed: Bed) -> None:
        bed.world.grip(VISION)
        assert bed.world.occupant(GRIPPER) is not None
        assert image(await bed.shoot()).max() < 40

    on_bed(scene)


def test_a_photograph_repeats_and_shows_a_new_indentation() -> None:
    async def scene(bed: Bed) -> None:
        before = await bed.shoot()
        assert await bed.shoot() == before
        block = bed.world.occupant(VISION)
        assert block is not None
        block.marks.append(Indentation(10.0, 5.0, 2.0, "HRC", 1))
        after = await bed.shoot()
        rows, columns = np.nonzero(
            np.abs(image(after).astype(int) - image(before).astype(int)) > 20
        )
        # Where it is, up to how far the block may lie from the image centre.
        x = columns.mean() / SCALE - after.width / SCALE / 2
        y = after.height / SCALE / 2 - rows.mean() / SCALE
        assert (x, y) == pytest.approx((10.0, 5.0), abs=1.2)

    on_bed(scene)


def test_the_same_seed_gives_the_same_pixels() -> None:
    shots: list[Photograph] = []

    async def scene(bed: Bed) -> None:
        shots.append(await bed.shoot())

    for seed in (1, 1, 2):
        on_bed(scene, seed)
    assert shots[0] == shots[1]
    assert shots[0] != shots[2]


@pytest.mark.parametrize(
    ("fault", "setting", "reason"),
    [
        ("garble", 1, Failure.BAD_REPLY),
        ("truncate", 1, Failure.BAD_REPLY),
        ("error", "lamp is out", Failure.FAULT),
        ("hang", True, Failure.NO_REPLY),
    ],
)
def test_a_faulty_camera_gives_no_picture(fault: str, setting: object, reason: Failure) -> None:
    async def scene(bed: Bed) -> None:
        setattr(bed.camera.faults, fault, setting)
        failed = await bed.driver.capture()
        assert isinstance(failed, NotDone) and failed.reason is reason
        setattr(bed.camera.faults, fault, type(setting)())
        await bed.shoot()

    on_bed(scene)


def test_a_picture_takes_its_exposure_time() -> None:
    async def scene(bed: Bed) -> None:
        began = bed.clock.process()
        await bed.shoot()
        assert bed.clock.process() - began == pytest.approx(0.3, abs=0.01)

    on_bed(scene)


def test_what_stands_elsewhere_is_not_seen() -> None:
    async def scene(bed: Bed) -> None:
        bed.world.grip(VISION)
        bed.world.let_go(SIZING)
        assert image(await bed.shoot()).max() < 40
        assert bed.camera.captures == 1

    on_bed(scene)


def test_the_outline_follows_the_shape() -> None:
    field = HardnessField.random(61.2, 0.1, Random(1))
    assert outline_of(WorldBlock("A", "HRC", field, None, width_mm=64)) == Round(64)
    square = WorldBlock("B", "HRC", field, None, "square", 50, 40)
    assert outline_of(square) == Rectangle(50, 40)


def test_a_closed_line_ends_the_worker_s_task() -> None:
    async def scene(bed: Bed) -> None:
        await bed.shoot()
        tasks = len(asyncio.all_tasks())
        bed.driver._close()
        await asyncio.sleep(1)
        assert len(asyncio.all_tasks()) == tasks - 1

    on_bed(scene)

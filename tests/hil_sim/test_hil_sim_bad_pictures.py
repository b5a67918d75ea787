"""Whatever a camera may send instead of a picture of a block: an alarm, and never a plan.

Each goes the way the cell takes: a file as the camera's worker reads it, its answer on the
line, the driver, the gallery, the calibration, the eyes.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from controller.assembly import Folder
from controller.events import AlarmRaised, IndentIntended, Planned
from controller.journal import read_rows
from drivers.cameras.folder import read_picture
from drivers.codecs import camera_worker as codec
from hil_sim.scenario.calibrating import calibrate_station
from hil_sim.scenario.lab import build_lab
from hil_sim.scenario.run import Session, daemon, recorder
from runtime import Clock, run_virtual
from tests.labs import lab_config, tray, truths
from vision.geometry import Mark, Point, Round
from vision.picture import encode_png
from vision.rendering import render_surface

PX_PER_MM = 19.2
PATIENCE_S = 900


def block(size: float = 64) -> np.ndarray:
    return render_surface(
        Round(size), [Mark(5, 5, 0.6)], px_per_mm=PX_PER_MM, offset=Point(0, 0), seed=3
    )


def grey(level: int) -> bytes:
    return encode_png(np.full((1363, 1363), level, np.uint8))


def noise() -> bytes:
    return encode_png(np.random.default_rng(1).integers(0, 255, (900, 900)).astype(np.uint8))


def overexposed() -> bytes:
    bright = np.clip(block().astype(np.int32) * 6, 0, 255)
    return encode_png(np.maximum(bright, 250).astype(np.uint8))


def two_blocks() -> bytes:
    one = block(40)
    return encode_png(np.concatenate([one, one], axis=1))


def cut_off() -> bytes:
    return encode_png(np.ascontiguousarray(block()[:, 400:]))


def sixteen_bits() -> bytes:
    return cv2.imencode(".png", block().astype(np.uint16) * 200)[1].tobytes()


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty file": (lambda: b"", "device-fault"),
    "text": (lambda: b"no picture at all", "device-fault"),
    "truncated file": (lambda: encode_png(block())[:-400], "device-fault"),
    "16 bits": (sixteen_bits, "device-fault"),
    "wrong size: 4 px": (lambda: encode_png(np.zeros((4, 4), np.uint8)), "device-fault"),
    "wrong size: 40 px": (lambda: encode_png(block()[600:640, 600:640]), "no-block-in-picture"),
    "wrong size: a strip": (lambda: encode_png(block()[600:700]), "no-block-in-picture"),
    "black": (lambda: grey(0), "no-block-in-picture"),
    "grey": (lambda: grey(128), "no-block-in-picture"),
    "white": (lambda: grey(255), "no-block-in-picture"),
    "overexposed": (overexposed, "no-block-in-picture"),
    "noise": (noise, "no-block-in-picture"),
    "no block in view": (lambda: grey(12), "no-block-in-picture"),
    "half a block": (cut_off, "no-block-in-picture"),
    "two blocks": (two_blocks, "no-block-in-picture"),
}


def worked(folder: Path, file: Path):
    """Work a block under a camera that sends one file; return the events."""
    config, place = lab_config(), Folder(folder)

    async def main() -> None:
        clock = Clock.starting()
        calibrate_station(config, place, clock.utc())
        lab = build_lab(config, tray("2007-102"), truths(), seed=1, clock=clock)

        async def answer(number: int) -> bytes:
            found = read_picture(file)
            if isinstance(found, str):
                return codec.encode_refusal(number, found)
            return codec.encode_frame(number, found.width, found.height, PX_PER_MM, found.pixels)

        lab.cell.camera.answer = answer  # type: ignore[method-assign]  # another camera's answer
        session = Session(config, place, clock, 1, keep_pictures=False)
        keeping = asyncio.create_task(recorder(session, lab))
        rigs = []

        async def beside(rig):
            rigs.append(rig)

        try:
            async with asyncio.timeout(PATIENCE_S):
                await daemon(session, lab, tray("2007-102"), meanwhile=beside)
        except TimeoutError:
            pass
        keeping.cancel()
        rigs[0].ledger.journal.close()

    run_virtual(main())
    return [row.event() for row in read_rows(place.journal)]


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_picture_is_an_alarm_and_never_a_plan(tmp_path: Path, kind: str) -> None:
    make, alarm = BAD[kind]
    file = tmp_path / "picture.png"
    file.write_bytes(make())
    events = worked(tmp_path / "run", file)
    raised = {event.alarm for event in events if isinstance(event, AlarmRaised)}
    assert raised == {alarm}
    assert not any(isinstance(event, Planned) for event in events)
    assert not any(isinstance(event, IndentIntended) and not event.duty for event in events)


def test_the_same_way_leads_to_a_plan_with_a_good_picture(tmp_path: Path) -> None:
    file = tmp_path / "picture.png"
    file.write_bytes(encode_png(block()))
    events = worked(tmp_path / "run", file)
    assert any(isinstance(event, Planned) for event in events)

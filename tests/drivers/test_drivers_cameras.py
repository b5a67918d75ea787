import asyncio
import threading
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from drivers.camera_worker import WorkerCamera
from drivers.cameras.aravis import Aravis, AravisError
from drivers.cameras.folder import FolderSource, read_picture
from drivers.cameras.opencv import OpenCvSource
from drivers.cameras.source import Frame, Step
from drivers.cameras.worker import CameraWorker, StuckError, serve_camera
from drivers.interfaces import Done, Failure, NotDone
from drivers.lines import Bench, LabLines
from runtime import Clock, run_virtual
from tests.processes import free_ports

URL = "memory://camera"


def frame(grey: int = 7) -> Frame:
    return Frame(40, 30, bytes([grey]) * 1200)


class Scripted:
    """A source that gives what a test laid out."""

    step = None

    def __init__(self, *said: Frame | str) -> None:
        self._said = list(said)
        self.taken = 0

    def grab(self) -> Frame | str:
        self.taken += 1
        return self._said.pop(0)

    def close(self) -> None:
        pass


def clock() -> Clock:
    return Clock.starting(datetime(2026, 3, 1, tzinfo=UTC))


def test_a_frame_is_full_or_none() -> None:
    with pytest.raises(ValueError, match="1199 bytes"):
        Frame(40, 30, bytes(1199))
    with pytest.raises(ValueError, match="0 x 0"):
        Frame(0, 0, b"")


# -- the worker -------------------------------------------------------------------


def with_worker(
    source: Scripted, scene: Callable[[WorkerCamera, Bench], Coroutine[Any, Any, None]]
) -> None:
    async def main() -> None:
        bench = Bench()
        worker = CameraWorker(source, 20.0, grab_s=2.0)
        bench.listen(URL, worker.protocol)
        await scene(WorkerCamera(bench, URL, clock()), bench)

    run_virtual(main())


def test_the_daemon_gets_what_the_source_gave() -> None:
    async def scene(camera: WorkerCamera, bench: Bench) -> None:
        for grey in (1, 2):
            got = await camera.capture()
            assert isinstance(got, Done)
            assert set(got.value.pixels) == {grey}
            assert (got.value.width, got.value.height, got.value.px_per_mm) == (40, 30, 20.0)

    with_worker(Scripted(frame(1), frame(2)), scene)


def test_why_there_is_no_picture_reaches_the_daemon_and_the_next_one_may_be_good() -> None:
    async def scene(camera: WorkerCamera, bench: Bench) -> None:
        failed = await camera.capture()
        assert isinstance(failed, NotDone)
        assert failed.reason is Failure.FAULT
        assert "missing packets" in failed.detail
        assert isinstance(await camera.capture(), Done)

    with_worker(Scripted("the frame is incomplete: missing packets", frame()), scene)


def test_noise_on_the_line_is_no_request_and_endless_noise_is_cut_off() -> None:
    source = Scripted(frame())

    async def scene(camera: WorkerCamera, bench: Bench) -> None:
        transport, _ = await bench.connect(URL, asyncio.Protocol)
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(b'hello\n{"capture": -1}\n\xff\n')
        await asyncio.sleep(1)
        assert source.taken == 0
        transport.write(b"x" * 5000)
        await asyncio.sleep(1)
        assert transport.is_closing()
        assert isinstance(await camera.capture(), Done)

    with_worker(source, scene)


def test_a_picture_larger_than_the_line_takes_is_refused() -> None:
    async def scene(camera: WorkerCamera, bench: Bench) -> None:
        failed = await camera.capture()
        assert isinstance(failed, NotDone)
        assert "too large" in failed.detail

    with_worker(Scripted(Frame(8193, 8192, bytes(8193 * 8192))), scene)


class Hanging:
    """A source whose library does not return before it is let.

    With ``returns`` it is a long exposure: waited for in so many short calls before the last.
    """

    def __init__(self, step: Step | None = None, returns: int = 0) -> None:
        self.let = threading.Event()
        self.step = step
        self.returns = returns

    def grab(self) -> Frame | str:
        for n in range(1, self.returns + 1):
            self.let.wait(0.1)
            self.step = Step(n, "wait for the frame", 0.3)
        if not self.returns:
            self.let.wait(10)
        return frame()

    def close(self) -> None:
        pass


def test_a_long_exposure_is_waited_for_and_a_library_that_does_not_return_is_not() -> None:
    exposing = Hanging(returns=15)
    hanging = Hanging(Step(1, "wait for the frame", 0.3))

    async def main() -> None:
        worker = CameraWorker(exposing, 20.0, grab_s=60)
        assert b"sha256" in await worker.answer(1)
        worker = CameraWorker(hanging, 20.0, grab_s=60)
        said = await worker.answer(2)
        assert b"the library to return (wait for the frame): nothing within 0.3 s" in said
        assert isinstance(worker.stuck.exception(), StuckError)
        hanging.let.set()

    asyncio.run(main())


def test_a_library_that_hangs_ends_the_worker() -> None:
    source = Hanging()

    async def main() -> None:
        (port,) = free_ports(1)
        url = f"tcp://127.0.0.1:{port}"
        serving = asyncio.create_task(serve_camera(source, url, 20.0, grab_s=0.2))
        await asyncio.sleep(0.1)
        lines = LabLines()
        capture = asyncio.create_task(WorkerCamera(lines, url, clock()).capture())
        with pytest.raises(StuckError, match=r"nothing within 0\.2 s"):
            await serving
        source.let.set()
        assert isinstance(await capture, NotDone)
        lines.cut()
        await asyncio.sleep(0.1)

    asyncio.run(main())


def test_a_line_that_cannot_be_served_is_told() -> None:
    with pytest.raises(ValueError, match="tcp://host:port"):
        asyncio.run(serve_camera(Scripted(), "memory://camera", 20.0, grab_s=1))


# -- a folder ---------------------------------------------------------------------


def picture(grey: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    rng = np.random.default_rng(grey)
    return (rng.integers(0, 9, (30, 40)) + grey).astype(np.uint8)


def put(folder: Path, name: str, grey: int) -> None:
    assert cv2.imwrite(str(folder / name), picture(grey))


def test_a_folder_shows_each_picture_once_by_name(tmp_path: Path) -> None:
    put(tmp_path, "b.png", 20)
    put(tmp_path, "a.pgm", 10)
    (tmp_path / "readme.txt").write_text("not a picture")
    source = FolderSource(tmp_path)
    for grey in (10, 20):
        got = source.grab()
        assert isinstance(got, Frame)
        assert got.pixels == picture(grey).tobytes()
    assert source.grab() == f"{tmp_path}: all 2 pictures were shown"
    put(tmp_path, "c.png", 30)
    assert isinstance(source.grab(), Frame)


def test_a_folder_may_begin_anew(tmp_path: Path) -> None:
    put(tmp_path, "a.png", 10)
    source = FolderSource(tmp_path, repeat=True)
    assert source.grab() == source.grab()


def test_an_empty_or_absent_folder_is_told(tmp_path: Path) -> None:
    assert FolderSource(tmp_path, repeat=True).grab() == f"{tmp_path}: no picture"
    assert "No such file" in str(FolderSource(tmp_path / "absent").grab())


def test_colour_becomes_grey(tmp_path: Path) -> None:
    colour = cv2.cvtColor(picture(50), cv2.COLOR_GRAY2BGR)
    cv2.imwrite(str(tmp_path / "a.png"), colour)
    got = read_picture(tmp_path / "a.png")
    assert isinstance(got, Frame)
    assert got.pixels == picture(50).tobytes()


def sixteen(path: Path) -> None:
    cv2.imwrite(str(path), picture(50).astype(np.uint16))


def cut(path: Path) -> None:
    put(path.parent, path.name, 50)
    path.write_bytes(path.read_bytes()[:-40])


def tiny(path: Path) -> None:
    cv2.imwrite(str(path), np.zeros((4, 4), np.uint8))


BAD: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "16 bits": ("a.png", sixteen, "16 bits"),
    "cut png": ("a.png", cut, "cut short"),
    "cut jpeg": ("a.jpg", cut, "cut short"),
    "cut pgm": ("a.pgm", cut, "not an image"),
    "empty": ("a.png", lambda path: path.write_bytes(b""), "not an image"),
    "text": ("a.png", lambda path: path.write_text("hello"), "not an image"),
    "tiny": ("a.png", tiny, "no picture"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_whole_picture_is_refused_and_passed_over(tmp_path: Path, kind: str) -> None:
    name, spoil, said = BAD[kind]
    spoil(tmp_path / name)
    put(tmp_path, "z.png", 10)
    source = FolderSource(tmp_path)
    refused = source.grab()
    assert isinstance(refused, str)
    assert name in refused
    assert said in refused
    assert isinstance(source.grab(), Frame)


# -- OpenCV -----------------------------------------------------------------------


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Twelve frames, each of another grey."""
    path = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (64, 48))
    for i in range(12):
        writer.write(np.full((48, 64, 3), 20 * i, np.uint8))
    writer.release()
    return path


def test_opencv_gives_a_frame_newer_than_what_was_queued(film: Path) -> None:
    source = OpenCvSource(str(film), size=(64, 48))
    got = source.grab()
    assert isinstance(got, Frame)
    assert (got.width, got.height) == (64, 48)
    assert np.frombuffer(got.pixels, np.uint8).mean() == pytest.approx(80, abs=2)
    source.close()
    source.close()


def test_a_camera_that_ends_is_told_and_found_again(film: Path) -> None:
    source = OpenCvSource(str(film))
    said = [source.grab() for _ in range(4)]
    assert [isinstance(each, Frame) for each in said] == [True, True, False, True]
    assert "unplugged" in str(said[2])


def test_a_wrong_size_is_not_used(film: Path) -> None:
    assert "64 x 48 instead of 640 x 480" in str(OpenCvSource(str(film), size=(640, 480)).grab())


def test_a_camera_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "cannot be opened" in str(OpenCvSource(str(tmp_path / "none.avi")).grab())


def test_without_aravis_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.cameras.aravis.NAME", "libaravis-none.so")
    with pytest.raises(AravisError, match="apt install libaravis"):
        Aravis()

"""GigE Vision and USB3 Vision cameras: one software-triggered Mono8 frame at a time.

Over Ethernet the picture comes in datagrams, and any may be lost. A buffer in which one is
missing looks like a picture with a stripe of an older one in it; it is never looked at.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from drivers.cameras.aravis import MONO8, STATUS, Aravis, AravisError
from drivers.cameras.source import Frame, Step

_BUFFERS = 4
SLICE_S = 0.5
"""A frame is waited for in slices: between two of them the library has shown that it lives."""
_RETURN_S = 1.0
"""So late the library may return on a busy machine."""
_CONTROL_S = 5.0
"""A register of a camera that is away is asked six times, 0.5 s each (aravis 0.8)."""
_OPEN_S = 15.0
"""Looking for cameras takes 1 s; opening one reads its description, packet by packet."""
_CONTINUOUS = 0  # ARV_ACQUISITION_MODE_CONTINUOUS: ready for any number of triggers


@dataclass(frozen=True, slots=True)
class GigeSettings:
    """Which camera (its name as `hardlab camera list` shows it, or its address), and how it looks.

    ``width`` and ``height`` are px from the upper left corner, 0 for what is set in the camera;
    ``exposure_us`` and ``gain_db`` are None for what is set in the camera.
    ``frame_s`` is how long one frame may take, ``attempts`` how many may be incomplete.
    """

    camera: str
    width: int = 0
    height: int = 0
    exposure_us: float | None = None
    gain_db: float | None = None
    frame_s: float = 2.0
    attempts: int = 3


@dataclass(frozen=True, slots=True)
class _Open:
    """An open camera and its running stream, as the library knows them."""

    aravis: Aravis
    camera: int
    stream: int


class GigeSource:
    """Implements `FrameSource`."""

    def __init__(self, settings: GigeSettings) -> None:
        self._settings = settings
        self._open: _Open | None = None
        self._listed = False
        self._step = Step(0, "", 0.0)

    @property
    def step(self) -> Step | None:
        """The call of the library that is being made, or was made last."""
        return self._step

    def _begin(self, what: str, may_take_s: float) -> None:
        self._step = Step(self._step.number + 1, what, may_take_s)

    def grab(self) -> Frame | str:
        """Return a whole picture, or why there is none.

        An incomplete frame is thrown away and another one triggered, as often as set.
        """
        said = ""
        for _ in range(self._settings.attempts):
            try:
                held = self._open = self._open or self._opened()
            except AravisError as error:
                return f"{self._settings.camera}: {error}"
            try:
                frame = self._one(held)
            except AravisError as error:
                frame = str(error)
            if isinstance(frame, Frame):
                return frame
            # What was late for this frame must not be taken for the next one.
            self.close()
            said = frame
        tried = f" ({self._settings.attempts} attempts)" if self._settings.attempts > 1 else ""
        return f"{self._settings.camera}: {said}{tried}"

    def close(self) -> None:
        """Stop the stream and let go of the camera."""
        held, self._open = self._open, None
        if held is None:
            return
        self._begin("let go of the camera", _CONTROL_S)
        with suppress(AravisError):  # it may be away
            held.aravis.call("camera_stop_acquisition", held.camera)
        held.aravis.unref(held.stream)
        held.aravis.unref(held.camera)

    def _one(self, held: _Open) -> Frame | str:
        self._begin("trigger a frame", _CONTROL_S)
        while stale := held.aravis.call("stream_try_pop_buffer", held.stream):
            held.aravis.call("stream_push_buffer", held.stream, stale)
        held.aravis.call("camera_software_trigger", held.camera)
        buffer = self._popped(held)
        if not buffer:
            return f"no frame within {self._settings.frame_s:g} s"
        try:
            return _frame(held.aravis, buffer)
        finally:
            held.aravis.call("stream_push_buffer", held.stream, buffer)

    def _popped(self, held: _Open) -> int | None:
        """Return the next buffer, None if none came in time."""
        left_s = self._settings.frame_s
        while left_s > 0:
            slice_s, left_s = min(SLICE_S, left_s), left_s - SLICE_S
            self._begin("wait for the frame", slice_s + _RETURN_S)
            patience = int(slice_s * 1e6)
            buffer: int | None = held.aravis.call(
                "stream_timeout_pop_buffer", held.stream, patience
            )
            if buffer:
                return buffer
        return None

    def _opened(self) -> _Open:
        self._begin("open the camera", _OPEN_S)
        aravis, wanted = Aravis(), self._settings
        if not self._listed:
            # Opened by name without this, 0.8.26 may have the camera send to the wrong interface.
            aravis.call("update_device_list")
        self._listed = False  # looked for anew, unless it is found
        camera = aravis.call("camera_new", wanted.camera.encode())
        if not camera:
            raise AravisError("no such camera; hardlab camera list shows those that answer")
        self._listed = True
        try:
            self._set_up(aravis, camera)
            stream = aravis.call("camera_create_stream", camera, None, None)
            if not stream:
                raise AravisError("the camera gives no stream; is another program using it?")
        except AravisError:
            aravis.unref(camera)
            raise
        held = _Open(aravis, camera, stream)
        try:
            payload = aravis.call("camera_get_payload", camera)
            for _ in range(_BUFFERS):
                buffer = aravis.call("buffer_new_allocate", payload)
                aravis.call("stream_push_buffer", stream, buffer)
            aravis.call("camera_start_acquisition", camera)
        except AravisError:
            aravis.unref(stream)
            aravis.unref(camera)
            raise
        return held

    def _set_up(self, aravis: Aravis, camera: int) -> None:
        wanted = self._settings
        aravis.call("camera_set_pixel_format_from_string", camera, b"Mono8")
        if wanted.width and wanted.height:
            aravis.call("camera_set_region", camera, 0, 0, wanted.width, wanted.height)
        aravis.call("camera_set_acquisition_mode", camera, _CONTINUOUS)
        aravis.call("camera_set_trigger", camera, b"Software")
        if wanted.exposure_us is not None:
            aravis.call("camera_set_exposure_time", camera, wanted.exposure_us)
        if wanted.gain_db is not None:
            aravis.call("camera_set_gain", camera, wanted.gain_db)


def _frame(aravis: Aravis, buffer: int) -> Frame | str:
    """Return what a buffer holds if it is whole. Nothing else of it is asked before that."""
    status = aravis.call("buffer_get_status", buffer)
    if status != 0:
        return f"the frame is incomplete: {STATUS.get(status, status)}"
    kind = aravis.call("buffer_get_image_pixel_format", buffer)
    if kind != MONO8:
        return f"the camera sends pixel format {kind:#010x} instead of Mono8"
    width = aravis.call("buffer_get_image_width", buffer)
    height = aravis.call("buffer_get_image_height", buffer)
    pixels = aravis.pixels(buffer)
    if len(pixels) != width * height:
        return f"{len(pixels)} bytes came for a frame of {width} x {height}"
    return Frame(width, height, pixels)

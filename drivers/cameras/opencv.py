"""USB and network cameras through OpenCV's VideoCapture (V4L2, GStreamer, RTSP ...)."""

from __future__ import annotations

import cv2

from drivers.cameras.grey import grey_frame
from drivers.cameras.source import Frame, Step

_STALE = 4
"""Frames that a driver may have filled before the request; they are thrown away."""


class OpenCvSource:
    """Implements `FrameSource`. ``device`` is a number (/dev/videoN), a path or a URL.

    ``size``, columns and rows, is asked of the camera (0, 0: as it is) and must come back so.
    """

    def __init__(self, device: str, *, size: tuple[int, int] = (0, 0)) -> None:
        self._device = device
        self._size = size
        self._capture: cv2.VideoCapture | None = None

    @property
    def step(self) -> Step | None:
        """It cannot tell."""
        return None

    def grab(self) -> Frame | str:
        """Return a fresh picture, or why there is none."""
        capture = self._opened()
        if isinstance(capture, str):
            return capture
        for _ in range(_STALE):
            if not capture.grab():
                return self._lost()
        whole, image = capture.read()
        if not whole or image is None:
            return self._lost()
        frame = grey_frame(image, self._device)
        if isinstance(frame, str) or not any(self._size):
            return frame
        if (frame.width, frame.height) != self._size:
            wanted = f"{self._size[0]} x {self._size[1]}"
            return f"{self._device}: gives {frame.width} x {frame.height} instead of {wanted}"
        return frame

    def close(self) -> None:
        """Let go of the camera."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def _opened(self) -> cv2.VideoCapture | str:
        if self._capture is not None:
            return self._capture
        named = int(self._device) if self._device.isdecimal() else self._device
        capture = cv2.VideoCapture()
        try:
            opened = capture.open(named)
        except cv2.error as error:
            return f"{self._device}: {error.err}"
        if not opened:
            return f"{self._device}: cannot be opened; is it there, and used by nobody else?"
        if any(self._size):
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._size[0])
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._size[1])
        self._capture = capture
        return capture

    def _lost(self) -> str:
        """Close, so that the next request opens it anew; return what to say."""
        self.close()
        return f"{self._device}: no frame; was it unplugged?"

"""A camera worker: the process that owns one camera, so that its library cannot harm the daemon.

A library that crashes takes this process with it; one that hangs is given up by
ending the process. Either way whoever keeps services running starts it anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from urllib.parse import urlsplit

from drivers.cameras.source import Frame, FrameSource
from drivers.cameras.wire import RequestWire
from drivers.codecs import camera_worker as codec
from runtime import DeadlineError, offload, within

LOOK_S = 0.2
"""How often a worker looks whether the library has returned."""

log = logging.getLogger(__name__)


class StuckError(Exception):
    """The camera's library does not return; only the end of the process helps."""


class CameraWorker:
    """Answers requests with pictures of one source. `protocol` makes the end of a connection."""

    def __init__(self, source: FrameSource, px_per_mm: float, *, grab_s: float) -> None:
        self._source = source
        self._px_per_mm = px_per_mm
        self._grab_s = grab_s
        self._one_at_a_time = asyncio.Lock()
        self.stuck: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def protocol(self) -> asyncio.Protocol:
        """Return the worker's end for a new connection."""
        return RequestWire(self.answer, lives=lambda: not self.stuck.done())

    async def answer(self, number: int) -> bytes:
        """Return the bytes that answer a request; none when the camera hangs."""
        async with self._one_at_a_time:
            if self.stuck.done():
                return b""
            frame = await self._grabbed()
        if isinstance(frame, str):
            log.warning("no picture: %s", frame)
            return codec.encode_refusal(number, frame)
        if len(frame.pixels) > codec.MOST_BYTES:
            text = f"a picture of {frame.width} x {frame.height} is too large"
            return codec.encode_refusal(number, text)
        return codec.encode_frame(number, frame.width, frame.height, self._px_per_mm, frame.pixels)

    async def _grabbed(self) -> Frame | str:
        """Return a picture or why there is none; a request that nobody waits for is finished."""
        grab = asyncio.ensure_future(offload(self._source.grab))
        try:
            async with within(self._grab_s, "take a picture"):
                return await self._returned(grab)
        except DeadlineError as error:
            self.stuck.set_exception(StuckError(str(error)))
            return str(error)
        except asyncio.CancelledError:
            # Who asked is gone; the camera must be free before the next one may ask.
            await asyncio.wait([grab], timeout=self._grab_s)
            raise

    async def _returned(self, grab: asyncio.Future[Frame | str]) -> Frame | str:
        """Wait for the picture while the library returns from each of its calls in time.

        Raises `DeadlineError` when it does not: that is no long exposure, it hangs.
        """
        loop = asyncio.get_running_loop()
        step, since = self._source.step, loop.time()
        while not (await asyncio.wait((grab,), timeout=LOOK_S))[0]:
            if self._source.step != step:
                step, since = self._source.step, loop.time()
            elif step is not None and loop.time() - since > step.may_take_s + LOOK_S:
                raise DeadlineError(f"the library to return ({step.what})", step.may_take_s)
        return grab.result()


async def serve_camera(
    source: FrameSource,
    url: str,
    px_per_mm: float,
    *,
    grab_s: float,
    listening: Callable[[], None] = lambda: None,
) -> None:
    """Serve a source at ``tcp://host:port`` until cancelled; call ``listening`` once it does.

    Raises `StuckError` when the source does not return within ``grab_s``, OSError when
    the port cannot be had, ValueError for a line that cannot be served.
    """
    parts = urlsplit(url)
    if parts.scheme != "tcp" or not parts.hostname or not parts.port:
        raise ValueError(f"{url}: a camera worker needs a line of the kind tcp://host:port")
    worker = CameraWorker(source, px_per_mm, grab_s=grab_s)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(worker.protocol, parts.hostname, parts.port)
    async with server:
        listening()
        await worker.stuck

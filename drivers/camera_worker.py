"""A camera behind a worker process: a frame is complete and proved by its hash, or not there."""

from __future__ import annotations

import asyncio

from drivers.codecs import camera_worker as codec
from drivers.interfaces import Done, Failure, NotDone, Outcome, Photograph
from drivers.lines import LineError, Lines
from drivers.nod import WAIT, Heard, PassingLine, Wait
from drivers.textline import TextLine
from runtime import Clock, DeadlineError, within

CONNECT_S = 5.0
PING_S = 1.0
"""Link time for a sign of life."""
CAPTURE_S = 20.0
"""Link time for exposure, read-out and transfer of one picture."""
_WAITING = 2 * codec.MOST_BYTES
_LIVES = Done(None)


class WorkerCamera:
    """Implements `Camera`. Taking a picture changes nothing, so every failure is `NotDone`."""

    def __init__(
        self, lines: Lines, url: str, clock: Clock, *, capture_s: float = CAPTURE_S
    ) -> None:
        self._lines = lines
        self._url = url
        self._clock = clock
        self._capture_s = capture_s
        self._port: TextLine | None = None
        self._number = 0
        self._busy = asyncio.Lock()
        self._heard = asyncio.Event()
        self._arriving = False
        self._passing = PassingLine()

    async def capture(self) -> Outcome[Photograph]:
        """Take one picture; repeatable."""
        async with self._busy:
            try:
                await self._passed()
                result = await self._capture()
            except BaseException:
                # Cancelled in mid-frame: what follows on this line has no known beginning.
                self._close()
                raise
            finally:
                self._heard.set()
            if isinstance(result, Photograph):
                return Done(result)
            if result.reason is not Failure.FAULT:
                self._close()
            return result

    async def alive(self) -> Outcome[None]:
        """Ask for a sign of life, also while a picture is taken: a long exposure is no death."""
        if self._busy.locked():
            return await self._sign_meanwhile()
        async with self._busy:
            try:
                await self._passed()
                sign = await self._sign()
            except BaseException:
                self._close()
                raise
            if sign is not None:
                self._close()
            return sign or Done(None)

    def nod(self, heard: Heard) -> bool:
        """Do as `alive` in passing, unless it takes a picture: a `Nod`."""
        port = self._port
        if port is None or port.closed or self._busy.locked() or self._passing.under_way:
            return False
        self._number += 1
        wanted = self._number

        def attempt() -> Outcome[object] | Wait | None:
            while (line := port.buffer.line()) is not None:
                sign = self._told(line, wanted)
                if isinstance(sign, NotDone):
                    self._close()
                if sign is not WAIT:
                    return sign
            if not port.closed:
                return WAIT
            self._close()
            return NotDone(Failure.NO_LINK, f"{self._url}: no sign of life within {PING_S:g} s")

        return self._passing.ask(port, codec.encode_ping(wanted), attempt, heard, PING_S)

    async def _passed(self) -> None:
        """Let a nod that is under way come to its end."""
        if self._passing.under_way and not await self._passing.over():
            self._close()

    async def _sign_meanwhile(self) -> Outcome[None]:
        """Ask beside a capture, whose reader hears the answer."""
        port = self._port
        if port is None or port.closed:
            # Just being opened, or given up: the capture tells how that ends.
            return Done(None)
        self._heard.clear()
        self._number += 1
        port.write(codec.encode_ping(self._number))
        try:
            async with within(PING_S, "a sign of life"):
                await self._heard.wait()
        except DeadlineError:
            if not self._arriving:
                detail = (
                    f"{self._url}: no sign of life within {PING_S:g} s while it takes a picture"
                )
                return NotDone(Failure.NO_REPLY, f"{detail}; does the camera worker hang?")
        return Done(None)

    async def _sign(self) -> NotDone | None:
        """Ask who is there; None when it is a camera worker."""
        port = await self._open()
        if isinstance(port, NotDone):
            return port
        self._number += 1
        port.write(codec.encode_ping(self._number))
        end = self._clock.link() + PING_S
        while True:
            line = await port.line(end - self._clock.link())
            if isinstance(line, Failure):
                return NotDone(line, f"{self._url}: no sign of life within {PING_S:g} s")
            sign = self._told(line, self._number)
            if sign is not WAIT:
                return sign if isinstance(sign, NotDone) else None

    def _told(self, line: bytes, number: int) -> Done[None] | NotDone | Wait:
        """Tell what a line says of a ping of this number; it may answer an earlier one."""
        if line + b"\n" == codec.encode_sign(number):
            return _LIVES
        said = codec.parse_header(line)
        if isinstance(said, codec.Sign) and said.worker == codec.WORKER:
            return _LIVES if said.id == number else WAIT
        detail = f"{line[:40]!r} is no sign of life; is it the camera worker?"
        return NotDone(Failure.BAD_REPLY, f"{self._url}: {detail}")

    async def _capture(self) -> Photograph | NotDone:
        port = await self._open()
        if isinstance(port, NotDone):
            return port
        self._number += 1
        wanted = self._number
        port.write(codec.encode_request(wanted))
        end = self._clock.link() + self._capture_s
        while True:
            answer = await self._answer(port, end)
            if isinstance(answer, NotDone):
                return answer
            number, picture = answer
            # Any other is the late answer to a request that was given up, or to a ping
            # meanwhile: drained, not used.
            if number == wanted:
                return picture
            self._heard.set()

    async def _answer(
        self, port: TextLine, end: float
    ) -> tuple[int, Photograph | NotDone] | NotDone:
        """Read one answer whole: the number it belongs to, and the picture or why there is none."""
        line = await port.line(end - self._clock.link())
        if isinstance(line, Failure):
            return NotDone(line, f"{self._url}: no picture within {self._capture_s:g} s")
        header = codec.parse_header(line)
        if isinstance(header, codec.Malformed):
            return NotDone(Failure.BAD_REPLY, f"{self._url}: {header.reason}")
        if isinstance(header, codec.Sign):
            return header.id, NotDone(
                Failure.BAD_REPLY, f"{self._url}: a sign instead of a picture"
            )
        if isinstance(header, codec.Refusal):
            return header.id, NotDone(Failure.FAULT, f"{self._url}: {header.error}")
        self._arriving = True
        try:
            pixels = await port.exactly(header.length, end - self._clock.link())
        finally:
            self._arriving = False
        if isinstance(pixels, Failure):
            return NotDone(Failure.BAD_REPLY, f"{self._url}: incomplete picture ({pixels})")
        if not header.fits(pixels):
            return NotDone(Failure.BAD_REPLY, f"{self._url}: the picture does not have its hash")
        return header.id, Photograph(header.width, header.height, pixels, header.px_per_mm)

    async def _open(self) -> TextLine | NotDone:
        if self._port is not None and not self._port.closed:
            return self._port
        try:
            async with within(CONNECT_S, f"open {self._url}"):
                _, port = await self._lines.connect(
                    self._url, lambda: TextLine(self._url, longest=1024, most_waiting=_WAITING)
                )
        except (LineError, DeadlineError) as error:
            return NotDone(Failure.NO_LINK, str(error))
        assert isinstance(port, TextLine)
        self._port = port
        return port

    def _close(self) -> None:
        if self._port is not None:
            self._port.close()
            self._port = None

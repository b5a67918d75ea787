"""Ask a GRBL controller how it is, and nothing more: no reset, no jog cancel, no unlock.

The driver's own opening resets a controller that does not answer and cancels motion
left by a dead session. That is right for the daemon, and wrong for who only looks.
"""

from __future__ import annotations

from drivers.codecs import grbl
from drivers.lines import LineError, Lines
from drivers.textline import TextLine
from runtime import DeadlineError, within

ASK_S = 0.5
"""Between two questions: a board that restarts on opening is deaf for a second or two."""
GIVE_UP_S = 2.6


class ProbeError(RuntimeError):
    """No such controller answers; the message says what came instead."""


async def probe_stage(lines: Lines, url: str) -> tuple[str, grbl.Status]:
    """Return firmware and status. Raises `LineError` and `ProbeError`."""
    _, port = await lines.connect(url, lambda: TextLine(url))
    assert isinstance(port, TextLine)
    heard: list[bytes] = []
    try:
        async with within(GIVE_UP_S, url):
            status = await _status(port, heard)
            return await _firmware(port, heard), status
    except DeadlineError:
        raise ProbeError(_said(heard)) from None
    finally:
        port.close()


async def _status(port: TextLine, heard: list[bytes]) -> grbl.Status:
    while True:
        port.write(grbl.STATUS_QUERY)
        for _ in range(2):
            line = await port.line(ASK_S)
            if port.closed:
                raise LineError("the line was lost")
            if isinstance(line, bytes):
                heard.append(line)
                if isinstance(answer := grbl.classify(line), grbl.Status):
                    return answer


async def _firmware(port: TextLine, heard: list[bytes]) -> str:
    port.write(grbl.IDENTITY)
    while True:
        line = await port.line(ASK_S)
        if not isinstance(line, bytes):
            raise ProbeError("it reports a status but no version: unknown firmware")
        heard.append(line)
        match grbl.classify(line):
            case grbl.Message(tag="VER", text=text):
                return text
            case grbl.Error(code=code):
                raise ProbeError(f"it refuses to tell its version (error {code})")


def _said(heard: list[bytes]) -> str:
    if not heard:
        return "silent: nothing answers"
    text = heard[-1][:40].decode("ascii", "backslashreplace")
    return f"what answers is no GRBL controller, or speaks at another baud rate: {text!r}"

"""Commands about the line log: what passed on the wires, and playing it again."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from controller.cli.errors import NOT_DONE, refuse
from controller.line_recording import FOLDER
from drivers.conversations import LineStory, tell
from drivers.linelog import Damaged, Record, Sign, Start, log_files, read_log
from drivers.lines import LineError, SystemLines
from drivers.linewords import Words, shown, words_for
from drivers.play import Divergence
from drivers.replay import ReplayedLine, compare, replay_driver

app = typer.Typer(
    no_args_is_help=True,
    help="Look at what passed on the lines to the devices, or play it again ([lines] record).",
)

Source = Annotated[Path, typer.Argument(help="A log file, or a folder of them, or of a run.")]
Line = Annotated[str, typer.Option("--line", help="Only this line: station, arm, stage ...")]
Told = tuple[datetime, str]
_SIGNS = {Sign.OPENED: "opened", Sign.CLOSED: "closed by the driver"}
_HERE = ("127.0.0.1", "::1", "localhost")


@app.command()
def show(
    source: Source,
    line: Line = "",
    raw: Annotated[bool, typer.Option("--raw", help="The bytes as they are, all of them.")] = False,
) -> None:
    """Tell what passed on the lines, in the order of time (UTC). > is to the device.

    Example: hardlab lines show out/demo-1 --line station
    """
    files = _logs(source, line)
    logs = [_Shown(name, raw=raw) for name in files]
    streams = [log.tell(files[log.name]) for log in logs]
    try:
        for at, text in heapq.merge(*streams, key=lambda told: told[0]):
            print(f"{at:%H:%M:%S.%f}  {text}")
    except BrokenPipeError:
        raise  # The reader, less or head, has seen enough.
    except OSError as error:
        refuse(f"{error}; is the file there, and yours to read?")
    if damaged := sum(log.damaged for log in logs):
        refuse(f"{damaged} lines of the log could not be read: torn by a crash?", code=NOT_DONE)


@app.command()
def replay(
    source: Source,
    against: Annotated[
        str,
        typer.Option(
            help="tcp://127.0.0.1:PORT of a simulated device (plays the driver), listen:PORT "
            "(plays the device for a driver that connects), or another log (compares the two)."
        ),
    ],
    line: Line = "",
    lenient: Annotated[
        bool, typer.Option("--lenient", help="Go on after the first divergent byte.")
    ] = False,
) -> None:
    """Play a recorded line again and tell the first byte that is not as it was.

    Only against this machine: a command that was recorded is a command, and a real
    device would carry it out once more.

    Example: hardlab lines replay out/demo-1 --line station --against tcp://127.0.0.1:5020
    """
    story = _story(source, line)
    try:
        if against.startswith("listen:"):
            found = asyncio.run(_be_device(story, _port(against), strict=not lenient))
        elif "://" in against:
            found = asyncio.run(_be_driver(story, _local(against), strict=not lenient))
        else:
            found = compare(story, _story(Path(against), line))
    except OSError as error:
        refuse(str(error))
    if found is not None:
        refuse(str(found), code=NOT_DONE)
    print(f"{len(story.conversations)} connections: every byte is as it was recorded")


class _Shown:
    """Tells one line's log in words or bytes."""

    def __init__(self, name: str, *, raw: bool) -> None:
        self.name = name
        self.damaged = 0
        self._raw = raw
        self._words: dict[int, Words | None] = {}
        self._role = name

    def tell(self, files: list[Path]) -> Iterator[Told]:
        """Yield time and text of everything in the files."""
        start: Start | None = None
        for entry in read_log(*files):
            if isinstance(entry, Start):
                start = entry
                self._begin(start)
            elif isinstance(entry, Damaged) or start is None:
                self.damaged += 1
            else:
                at = start.utc + timedelta(microseconds=entry.at_us)
                for text in self._texts(entry):
                    yield at, f"{self.name} {entry.connection} {entry.sign} {text}"

    def _begin(self, start: Start) -> None:
        self._role = start.name
        if not start.continued:
            self._words.clear()

    def _texts(self, record: Record) -> list[str]:
        if record.sign not in (Sign.SENT, Sign.HEARD):
            return [*self._unfinished(record), self._event(record)]
        if self._raw:
            return [shown(record.data, len(record.data))]
        if record.connection not in self._words:
            self._words[record.connection] = words_for(self._role)
        words = self._words[record.connection]
        return words.feed(record.sign, record.data) if words else [shown(record.data)]

    def _unfinished(self, record: Record) -> list[str]:
        words = self._words.pop(record.connection, None)
        return words.rest() if words else []

    def _event(self, record: Record) -> str:
        why = record.data.decode("ascii", "replace")
        if record.sign is Sign.REFUSED:
            return f"not opened: {why or 'no answer in time'}"
        if record.sign is Sign.LOST:
            return f"lost{': ' if why else ''}{why}"
        return _SIGNS[record.sign]


def _logs(source: Path, line: str) -> dict[str, list[Path]]:
    """Return the files of each line asked for; end with a message if there is none."""
    if source.is_file():
        return {source.name.split(".")[0]: [source]}
    found = log_files(source) or log_files(source / FOLDER)
    if not found:
        refuse(f"{source}: no line log lies here; is it kept ([lines] record = true)?")
    if not line:
        return found
    if line not in found:
        refuse(f"{source}: no line {line}; there are: {', '.join(found)}")
    return {line: found[line]}


def _story(source: Path, line: str) -> LineStory:
    logs = _logs(source, line)
    if len(logs) > 1:
        refuse(f"{source}: say which line with --line: {', '.join(logs)}")
    try:
        story = tell(read_log(*next(iter(logs.values()))))
    except OSError as error:
        refuse(f"{error}; is the file there, and yours to read?")
    if not story.conversations:
        refuse(f"{source}: nothing is recorded in it; is it a line log?")
    return story


async def _be_driver(story: LineStory, url: str, *, strict: bool) -> Divergence | None:
    tally = await replay_driver(story, SystemLines(), url, strict=strict)
    return tally.divergence


async def _be_device(story: LineStory, port: int, *, strict: bool) -> Divergence | None:
    line, ended = ReplayedLine(story, strict=strict), asyncio.Event()
    expected = sum(talk.refused is None for talk in story.conversations)

    def ending(_: object) -> None:
        nonlocal expected
        expected -= 1
        if expected == 0 or line.tally.stopped:
            ended.set()

    def factory() -> asyncio.BaseProtocol:
        try:
            play = line.opened()
        except LineError:
            return _Goodbye()
        play.finished.add_done_callback(ending)
        return play

    loop = asyncio.get_running_loop()
    async with await loop.create_server(factory, _HERE[0], port) as server:
        print(f"waiting for the driver at tcp://{_HERE[0]}:{server.sockets[0].getsockname()[1]}")
        await ended.wait()
    return line.divergence


class _Goodbye(asyncio.Protocol):
    """Hangs up: the recording has no further connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


def _local(url: str) -> str:
    """Return a URL of this machine; end with a message if it is another's or no TCP line."""
    parts = urlsplit(url)
    if parts.scheme != "tcp" or parts.hostname not in _HERE:
        refuse(
            f"{url}: recorded commands are played to this machine alone, since a real device "
            "would carry them out; start a simulated one and write tcp://127.0.0.1:PORT"
        )
    return url


def _port(against: str) -> int:
    text = against.removeprefix("listen:")
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        refuse(f"{against}: no port; write listen:5020")
    return int(text)

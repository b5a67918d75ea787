"""A recorded line as a peer: the device for a driver under test, or the driver for a device.

Never point `replay_driver` at a real device: a command that was recorded is a command.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from drivers.conversations import Conversation, LineStory
from drivers.linelog import Sign
from drivers.lines import Bench, Connection, LineError, Lines, ProtocolFactory
from drivers.play import Divergence, Part, Play, Tally, common_length, time_of

PATIENCE_S = 10.0
"""Link time beyond the recorded instant after which a device under test is called silent."""


class ReplayedLine:
    """The device's side of one line. Connections are taken in the order of the recording.

    ``strict`` ends the replay at the first divergent byte; otherwise it is kept and
    the replay goes on by counting bytes.
    """

    def __init__(self, story: LineStory, *, strict: bool = True) -> None:
        self.url = story.url
        self.tally = Tally(strict)
        self._talks = story.conversations
        self._next = 0

    @property
    def divergence(self) -> Divergence | None:
        """Where the driver first did something else than recorded."""
        return self.tally.divergence

    @property
    def unsaid(self) -> int:
        """How many bytes that the driver said then it has not said now."""
        return sum(len(talk.said(Sign.SENT)) for talk in self._talks) - self.tally.compared

    async def attempt(self) -> Play:
        """Return who plays the next connection.

        Raises `LineError` if it was refused then or there was none; waits for ever if
        whoever wanted it gave up waiting.
        """
        talk, number = self._take()
        if talk.refused == "":
            await asyncio.get_running_loop().create_future()
        if talk.refused:
            raise LineError(talk.refused)
        return Play(talk, number, Part.DEVICE, self.tally)

    def opened(self) -> Play:
        """Return who plays the next connection that was opened then; for a server.

        Raises `LineError` if there is none.
        """
        while True:
            talk, number = self._take()
            if talk.refused is None:
                return Play(talk, number, Part.DEVICE, self.tally)

    def _take(self) -> tuple[Conversation, int]:
        if self.tally.stopped:
            raise LineError(f"{self.url}: the replay has ended")
        self._next += 1
        if self._next > len(self._talks):
            at_us = self._talks[-1].records[-1].at_us if self._talks else 0
            what = "it opens the line once more"
            self.tally.report(Divergence("driver", self._next, at_us, 0, b"", b"", what))
            raise LineError(f"{self.url}: no further connection was recorded")
        return self._talks[self._next - 1], self._next


class ReplayedLines:
    """Lines that lead to recordings: a `Lines` for the drivers of a whole cell."""

    def __init__(self, lines: Iterable[ReplayedLine]) -> None:
        self._lines = {line.url: line for line in lines}

    async def connect(self, url: str, factory: ProtocolFactory) -> Connection:
        """Connect a driver to the recording of this URL. Raises `LineError` as then."""
        line = self._lines.get(url)
        if line is None:
            raise LineError(f"{url}: there is no recording of this line")
        play = await line.attempt()
        # A wire of its own: two connections may be open at once.
        bench = Bench()
        bench.listen("memory://replay", lambda: play)
        return await bench.connect("memory://replay", factory)


async def replay_driver(
    story: LineStory,
    lines: Lines,
    url: str | None = None,
    *,
    strict: bool = True,
    patience_s: float = PATIENCE_S,
) -> Tally:
    """Say to a device what the driver said, at the same link times, and compare the answers.

    ``url`` is where the device is, by default where it was. Begins at once with the
    first connection. Raises `LineError` if the line cannot be opened.
    """
    tally, loop = Tally(strict), asyncio.get_running_loop()
    began = story.conversations[0].at_us if story.conversations else 0
    base = loop.time() - began / 1e6
    target = url or story.url

    async def converse(talk: Conversation, number: int) -> None:
        await asyncio.sleep(max(0.0, base + talk.at_us / 1e6 - loop.time()))
        if tally.stopped:
            return
        play = Play(talk, number, Part.DRIVER, tally, base=base, patience_s=patience_s)
        await lines.connect(target, lambda: play)
        await play.finished

    talks = [
        converse(talk, number)
        for number, talk in enumerate(story.conversations, 1)
        if talk.refused is None
    ]
    try:
        async with asyncio.TaskGroup() as group:
            for talk in talks:
                group.create_task(talk)
    except BaseExceptionGroup as errors:
        refused = errors.subgroup(LineError)
        if refused is None:
            raise
        raise _first(refused) from None
    return tally


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def compare(one: LineStory, other: LineStory) -> Divergence | None:
    """Return where the second recording first differs from the first; times do not count."""
    found = []
    for number, talk in enumerate(one.conversations[: len(other.conversations)], 1):
        twin = other.conversations[number - 1]
        for side, sign in (("driver", Sign.SENT), ("device", Sign.HEARD)):
            mine, theirs = talk.said(sign), twin.said(sign)
            same = common_length(mine, theirs)
            if mine != theirs:
                at_us = time_of(talk, sign, same)
                found.append(Divergence(side, number, at_us, same, mine[same:], theirs[same:]))
        if found:
            return min(found, key=lambda divergence: divergence.at_us)
    return _longer(one, other)


def _longer(one: LineStory, other: LineStory) -> Divergence | None:
    mine, theirs = len(one.conversations), len(other.conversations)
    if mine == theirs:
        return None
    at_us = one.conversations[theirs].at_us if mine > theirs else 0
    what = f"{mine} connections were recorded, now {theirs}"
    return Divergence("driver", min(mine, theirs) + 1, at_us, 0, b"", b"", what)

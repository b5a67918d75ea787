"""What both buses share: commands executed once, and changes that are counted."""

from __future__ import annotations

import asyncio
import difflib
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeAlias

from controller.messages import (
    PING,
    QUESTIONS,
    SNAPSHOT,
    VERBS,
    Command,
    Delta,
    Json,
    Reply,
    Snapshot,
    plain,
)

log = logging.getLogger(__name__)

Handler: TypeAlias = Callable[[Command], Awaitable[Reply]]
View: TypeAlias = Callable[[], Json]

REMEMBERED = 4096
"""Answers kept for repeated commands; older ones are known to the journal."""


class Bus(Protocol):
    """Takes commands and tells changes."""

    async def open(self, handle: Handler, view: View) -> None:
        """Begin to take commands; ``view`` returns the state as of now, for snapshots."""
        ...

    def publish(self, kind: str, body: Json) -> int:
        """Tell a change; return its number. Never waits for who looks on."""
        ...

    async def close(self) -> None:
        """End; commands that are being executed are finished first."""
        ...


class Feed:
    """Counts the changes of one daemon session."""

    def __init__(self, session: str, view: View = dict) -> None:
        self.session = session
        self.seq = 0
        self.view = view

    def next(self, kind: str, body: Json) -> Delta:
        """Return the next delta."""
        self.seq += 1
        return Delta(self.session, self.seq, kind, plain(body))

    def snapshot(self) -> Snapshot:
        """Return the state with the number of the last delta that it contains."""
        return Snapshot(self.session, self.seq, plain(self.view()))


class Desk:
    """Executes each command once, in the order of arrival, and answers repeats alike.

    A repeat that arrives while the command is being executed waits for the same
    answer. Questions are answered at once, ahead of commands.
    """

    def __init__(
        self, handle: Handler, feed: Feed, verbs: Mapping[str, frozenset[str]] = VERBS
    ) -> None:
        self._handle = handle
        self._feed = feed
        self._verbs = verbs
        self._answers: OrderedDict[str, tuple[Command, asyncio.Future[Reply]]] = OrderedDict()
        self._turn = asyncio.Lock()

    async def answer(self, command: Command) -> Reply:
        """Return the answer to a command, executing it if it is new."""
        if command.verb in QUESTIONS:
            return self._tell(command)
        complaint = self._complaint(command)
        if complaint:
            return Reply(command.id, accepted=False, reason=complaint)
        if command.id not in self._answers:
            self._answers[command.id] = (command, asyncio.ensure_future(self._execute(command)))
            self._forget()
        first, answer = self._answers[command.id]
        if first != command:
            reason = "this id was another command's; give every command its own"
            return Reply(command.id, accepted=False, reason=reason)
        # Who asked may give up; what it asked for is executed all the same.
        return await asyncio.shield(answer)

    async def idle(self) -> None:
        """Wait until every command taken so far is executed."""
        await asyncio.gather(*(future for _, future in self._answers.values()))

    async def _execute(self, command: Command) -> Reply:
        async with self._turn:
            try:
                return await self._handle(command)
            except Exception as error:
                log.exception("command %s (%s) failed", command.id, command.verb)
                reason = f"the daemon failed at it: {error!r}; what it did is in the journal"
                return Reply(command.id, accepted=False, reason=reason)

    def _tell(self, command: Command) -> Reply:
        body: dict[str, Any] = {"session": self._feed.session, "seq": self._feed.seq}
        if command.verb == SNAPSHOT:
            body["state"] = self._feed.snapshot().state
        assert command.verb in (PING, SNAPSHOT)
        return Reply(command.id, accepted=True, body=body)

    def _complaint(self, command: Command) -> str:
        """Say what is wrong with a command before anybody looks at its meaning."""
        if not command.id:
            return "the command has no id; give every command its own"
        wanted = self._verbs.get(command.verb)
        if wanted is None:
            close = difflib.get_close_matches(command.verb, self._verbs, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(self._verbs)}"
            return f"unknown verb {command.verb!r}; {hint}"
        missing = sorted(wanted - command.args.keys())
        return f"{command.verb} needs {', '.join(missing)}; add it" if missing else ""

    def _forget(self) -> None:
        """Drop the oldest finished answers beyond `REMEMBERED`."""
        for key in list(self._answers)[: max(0, len(self._answers) - REMEMBERED)]:
            if self._answers[key][1].done():
                del self._answers[key]

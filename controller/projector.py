"""The journal follows into the information library; a library that is away stops nobody.

Only committed rows are read, by a connection of its own: a row that a power
failure takes back must never stand in the library.
"""

from __future__ import annotations

import logging
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from controller.journal import JournalError, Row, read_rows
from runtime import Clock, offload

if TYPE_CHECKING:
    from sqlalchemy import Engine

log = logging.getLogger(__name__)

BATCH = 500
PERIOD_S = 5.0
BACKOFF_S = (1.0, 2.0, 5.0, 15.0, 60.0)


class Projector:
    """Copies a journal into a library, batch by batch.

    ``trouble`` says why the library is behind, and is empty when it is not;
    ``refused`` is true when it will not be tried again: the library contradicts
    the journal, or belongs to a newer program, and a person must look.
    """

    def __init__(self, journal: Path, url: str, *, period_s: float = PERIOD_S) -> None:
        self._journal = journal
        self._url = url
        self._period_s = period_s
        self._engine: Engine | None = None
        self._seq: int | None = None
        self.trouble = ""
        self.refused = False

    async def run(self, clock: Clock) -> None:
        """Follow the journal for ever, or until the library refuses it; log each change once."""
        failures = 0
        while not self.refused:
            if await self.catch_up():
                if failures:
                    log.info("the information library takes rows again")
                failures = 0
                await clock.sleep_link(self._period_s)
                continue
            if not failures:
                then = "it is not tried again" if self.refused else "the cell goes on"
                log.error("the information library is behind: %s; %s", self.trouble, then)
            await clock.sleep_link(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
            failures += 1

    async def catch_up(self) -> bool:
        """Copy all that is committed now; return whether the library has it all."""
        while not self.refused:
            copied = await offload(self._batch)
            if copied is None:
                return False
            if copied < BATCH:
                return True
        return False

    def close(self) -> None:
        """Let go of the library."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _batch(self) -> int | None:
        """Copy up to `BATCH` rows; return how many, None in trouble."""
        # They take a third of the daemon's start: a restarted cell shows its state before.
        from alembic.util import CommandError
        from sqlalchemy.exc import ArgumentError, SQLAlchemyError

        from records.chain import ProjectionError
        from records.database import open_database
        from records.projection import position, project

        try:
            if self._engine is None:
                self._engine = open_database(self._url)
            if self._seq is None:
                self._seq = position(self._engine)[0]
            # The row projected last comes again: its hash shows that this is still our journal.
            rows = committed(self._journal, self._seq - 1, BATCH + 1)
            project(self._engine, rows)
            new = sum(row.seq > self._seq for row in rows)
            self._seq = max(self._seq, rows[-1].seq if rows else 0)
        except (ProjectionError, CommandError, ArgumentError) as error:
            self._in_trouble(str(error), refused=True)
            return None
        except (SQLAlchemyError, JournalError, OSError) as error:
            self._in_trouble(str(getattr(error, "orig", None) or error), refused=False)
            return None
        self.trouble = ""
        return new

    def _in_trouble(self, why: str, *, refused: bool) -> None:
        self.trouble, self.refused = why, refused
        # Somebody may have put another library there meanwhile: ask it again how far it is.
        self._seq = None


def committed(journal: Path, after: int, limit: int) -> list[Row]:
    """Return up to ``limit`` committed rows after a number.

    Raises `controller.journal.JournalError` if they cannot be read.
    """
    return list(islice(read_rows(journal, after), limit))

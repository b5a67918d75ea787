"""The library on PostgreSQL, taken away and given back while the journal of a tray grows."""

import asyncio
from contextlib import suppress

import pytest
from sqlalchemy import make_url

from controller.journal import Journal, read_rows
from controller.projector import Projector
from hil_sim.scenario.crash import walk
from records.database import connect
from records.verification import differences
from runtime import Clock
from tests.labs import lab_config, tray, truths

CHUNK = 20


class Gate:
    """A way to the server that can be closed: connections are cut, new ones refused."""

    def __init__(self, host, port):
        self._server_at = (host, port)
        self._tasks = set()
        self._server = None
        self.port = 0

    async def open(self):
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def shut(self):
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _pass(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        writers, copying = [writer], []
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._server_at)
            writers.append(far_writer)
            ways = (_copy(reader, far_writer), _copy(far_reader, writer))
            copying = [asyncio.ensure_future(way) for way in ways]
            await asyncio.wait(copying, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            pass
        finally:
            for copier in copying:
                copier.cancel()
            await asyncio.gather(*copying, return_exceptions=True)
            for each in writers:
                each.close()
                with suppress(ConnectionError):
                    await each.wait_closed()
            self._tasks.discard(task)


async def _copy(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


@pytest.fixture
def history(tmp_path):
    outcome = walk(lab_config(), tray("2007-102", "2007-103"), truths(), tmp_path / "walk")
    assert outcome.broken == ()
    return [row.event() for row in outcome.rows]


def test_nothing_is_missing_after_the_database_was_away(tmp_path, history, postgresql):
    url = make_url(postgresql)
    path = tmp_path / "journal.sqlite"

    async def main():
        gate = Gate(url.host or "127.0.0.1", url.port or 5432)
        await gate.open()
        through = url.set(host="127.0.0.1", port=gate.port)
        library = Projector(path, through.render_as_string(hide_password=False))
        clock, journal, caught = Clock.starting(), Journal(path), []
        for number, start in enumerate(range(0, len(history), CHUNK)):
            journal.append(clock.utc(), tuple(history[start : start + CHUNK]), durable=True)
            if number == 2:
                await gate.shut()
            caught.append(await library.catch_up())
            if number == 5:
                await gate.open()
        assert caught[:2] == [True, True], library.trouble
        assert caught[2:6] == [False] * 4, "it was away"
        assert all(caught[7:]) and not library.refused
        assert await library.catch_up(), library.trouble
        library.close()
        await gate.shut()
        journal.close()

    asyncio.run(main())
    engine = connect(postgresql)
    assert differences(engine, list(read_rows(path))) == ()
    engine.dispose()

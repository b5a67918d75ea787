"""The bus over sockets: where they lie, and what passes between two processes."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import stat
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import zmq

from controller.bus import BusClient, BusError, NoDaemonError, ZmqBus, address_in
from controller.bus.address import MAX_PATH_BYTES, prepare
from controller.messages import (
    Reply,
    Snapshot,
    decode,
)
from tests.controller.counting_daemon import START, Daemon

# -- addresses ------------------------------------------------------------------


def test_sockets_lie_in_the_folder_of_the_run_if_their_path_is_short(tmp_path: Path) -> None:
    assert address_in("/run/x").commands == Path("/run/x/commands.ipc")
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    address = address_in(deep, Path("/tmp"))
    assert address == address_in(str(deep), Path("/tmp"))
    assert address != address_in(deep / "other", Path("/tmp"))
    assert len(os.fsencode(address.updates)) <= MAX_PATH_BYTES
    assert address.lock == deep.resolve() / "bus.lock"
    with pytest.raises(BusError, match="set TMPDIR to a shorter folder"):
        address_in(deep, deep)


@pytest.fixture
def short() -> Iterator[Path]:
    """Give a folder with a short path: where pytest puts its own is too long for a socket."""
    with tempfile.TemporaryDirectory(prefix="h", dir="/tmp") as name:
        yield Path(name)


@pytest.mark.parametrize("length", [107, 108])
def test_the_longest_path_is_one_that_the_system_takes(
    tmp_path: Path, short: Path, length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(short))
    folder = tmp_path / ("d" * (length - len(f"{tmp_path}//commands.ipc")))

    async def main() -> bool:
        async with served(folder, Daemon()) as bus:
            return bool(bus.address.commands.is_relative_to(folder))

    assert asyncio.run(main()) is (length == 107)


def test_the_short_folder_must_be_ours_alone(tmp_path: Path, short: Path) -> None:
    address = address_in(tmp_path / ("d" * 110), short)
    assert address.commands.is_relative_to(short)
    prepare(address)
    assert stat.S_IMODE(address.commands.parent.stat().st_mode) == 0o700
    prepare(address)
    address.commands.parent.chmod(0o777)
    with pytest.raises(BusError, match="not a folder of ours alone"):
        prepare(address)


# -- on the wire ----------------------------------------------------------------

Call = Callable[[Callable[[], Any]], Awaitable[Any]]


@asynccontextmanager
async def served(folder: Path, daemon: Daemon, session: str = "s1") -> Any:
    """A daemon on its own loop; clients of this test are called beside it."""
    bus = ZmqBus(folder, session)
    await bus.open(daemon.handle, daemon.view)
    try:
        yield bus
    finally:
        await bus.close()


@pytest.fixture
def beside() -> Iterator[Call]:
    """Run the synchronous client where it does not block the daemon's loop."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        yield lambda call: asyncio.get_running_loop().run_in_executor(pool, call)


def test_a_command_goes_over_the_wire_once(tmp_path: Path, beside: Call) -> None:
    async def main() -> None:
        daemon = Daemon()
        async with served(tmp_path, daemon) as bus:
            with BusClient(tmp_path, by="me") as client:
                reply = await beside(lambda: client.request("decide", question="q", option="o"))
                assert reply.accepted
                assert daemon.done[0].args == {"question": "q", "option": "o"}
                assert daemon.done[0].by == "me"
                assert await beside(lambda: client.send(daemon.done[0])) == reply
                assert len(daemon.done) == 1
                refused = await beside(lambda: client.request("strat"))
                assert "did you mean start?" in refused.reason
            for path in (bus.address.commands, bus.address.updates):
                assert stat.S_IMODE(path.stat().st_mode) == 0o660

    asyncio.run(main())


def test_an_unanswered_command_is_sent_again_under_the_same_id(
    tmp_path: Path, beside: Call
) -> None:
    async def main() -> None:
        daemon = Daemon(gate=asyncio.Event())
        assert daemon.gate is not None
        async with served(tmp_path, daemon):
            with BusClient(tmp_path) as client:
                with pytest.raises(NoDaemonError, match="did not answer within"):
                    await beside(lambda: client.send(START, timeout=0.01))
                daemon.gate.set()
                assert (await beside(lambda: client.send(START))).body == {"count": 1}
        assert daemon.done == [START]

    asyncio.run(main())


def test_a_follower_on_the_wire_sees_state_and_changes(tmp_path: Path, beside: Call) -> None:
    async def main() -> None:
        daemon = Daemon()
        async with served(tmp_path, daemon) as bus:
            bus.publish("before", {})
            with BusClient(tmp_path) as client:
                told = client.follow(timeout=0.05)
                first = await beside(lambda: next(told))
                assert first == Snapshot("s1", 1, {"done": []})
                for number in range(3):
                    bus.publish("later", {"n": number})
                seen = await beside(lambda: list(told))
                # Changes come as such, or as a new state if the subscription was late.
                last = seen[-1]
                assert last.seq == 4
                assert isinstance(last, Snapshot) or last.body == {"n": 2}

    asyncio.run(main())


def test_noise_on_the_wire_is_answered_and_harmless(tmp_path: Path, beside: Call) -> None:
    def shout(endpoint: str) -> Reply:
        with zmq.Context() as context, context.socket(zmq.REQ) as request:
            request.setsockopt(zmq.LINGER, 0)
            request.connect(endpoint)
            request.send(b"hello?")
            assert request.poll(5000)
            return decode(request.recv(), Reply)

    async def main() -> None:
        daemon = Daemon()
        async with served(tmp_path, daemon) as bus:
            reply = await beside(lambda: shout(bus.address.endpoints()[0]))
            assert not reply.accepted
            assert "not JSON" in reply.reason
            with BusClient(tmp_path) as client:
                assert (await beside(lambda: client.request("start"))).accepted

    asyncio.run(main())


def test_no_daemon_is_said_at_once_and_how_to_start_one(tmp_path: Path) -> None:
    with BusClient(tmp_path) as client:
        for ask in (lambda: client.request("start"), lambda: next(client.follow())):
            with pytest.raises(NoDaemonError, match=r"no daemon answers at .*; start one with"):
                ask()


def test_a_dead_daemons_sockets_are_no_daemon_and_can_be_taken_over(
    tmp_path: Path, beside: Call
) -> None:
    async def main() -> None:
        async with served(tmp_path, Daemon()) as bus:
            left = bus.address.commands
        if not left.exists():
            left.touch()
        with BusClient(tmp_path) as client:
            with pytest.raises(NoDaemonError, match="no daemon answers"):
                client.request("start")
            async with served(tmp_path, Daemon(), "s2"):
                ping = await beside(lambda: client.request("ping"))
                assert ping.body == {"session": "s2", "seq": 0}

    asyncio.run(main())


def test_a_second_daemon_is_kept_out(tmp_path: Path, beside: Call) -> None:
    async def main() -> None:
        async with served(tmp_path, Daemon()):
            second = ZmqBus(tmp_path, "s2")
            with pytest.raises(BusError, match="another daemon runs in"):
                await second.open(Daemon().handle, dict)
            await second.close()
            with BusClient(tmp_path) as client:
                assert (await beside(lambda: client.request("ping"))).body["session"] == "s1"

    asyncio.run(main())


def test_a_folder_too_deep_for_sockets_works_all_the_same(
    tmp_path: Path, short: Path, beside: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(short))
    deep = tmp_path / ("d" * 100)

    async def main() -> None:
        async with served(deep, Daemon()) as bus:
            assert bus.address.commands.parent.parent == short
            with BusClient(deep) as client:
                assert (await beside(lambda: client.request("start"))).accepted

    asyncio.run(main())


def test_publishing_to_nobody_and_after_the_end_does_not_hurt(tmp_path: Path) -> None:
    async def main() -> None:
        async with served(tmp_path, Daemon()) as bus:
            assert [bus.publish("x", {}) for _ in range(5000)][-1] == 5000
        assert bus.publish("x", {}) == 5001
        await bus.close()

    asyncio.run(main())

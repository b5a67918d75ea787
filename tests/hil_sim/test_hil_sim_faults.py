import asyncio
from typing import Any

import pytest

from drivers.lines import Bench
from hil_sim.faults import Fault, Faults
from runtime import run_virtual, stream


class Echo(asyncio.Protocol):
    def __init__(self, device: Any) -> None:
        self.device = device

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.device.heard.append(data)
        self.transport.write(b"re:" + data)


class Client(asyncio.Protocol):
    def __init__(self) -> None:
        self.heard, self.lost = [], False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard.append((asyncio.get_running_loop().time(), data))

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True


class Device:
    def __init__(self) -> None:
        self.heard = []
        self.bench = Bench()
        self.port = self.bench.listen("memory://echo", lambda: Echo(self))
        self.slipped = []
        self.switches = {Fault.SLIP: lambda dx: self.slipped.append(dx)}

    async def client(self) -> Any:
        return (await self.bench.connect("memory://echo", Client))[1]


async def exchange(
    kind: Any, said: Any = (b"a", b"b", b"c"), pause: Any = 10.0, seed: int = 0, **options: Any
) -> Any:
    device = Device()
    faults = Faults(device, stream(seed, "faults"))
    faults.inject(kind, **options)
    client = await device.client()
    for text in said:
        client.transport.write(text)
        await asyncio.sleep(pause)
    return device.heard, client.heard, client.lost


def run(*args: Any, **kwargs: Any) -> Any:
    return run_virtual(exchange(*args, **kwargs))


def test_lose_reply() -> None:
    assert run("lose-reply") == ([b"a", b"b", b"c"], [(10, b"re:b"), (20, b"re:c")], False)


def test_delay() -> None:
    assert run("delay", seconds=3)[1] == [(3, b"re:a"), (10, b"re:b"), (20, b"re:c")]


def test_duplicate() -> None:
    assert run("duplicate")[0] == [b"a", b"a", b"b", b"c"]


def test_stale_reply() -> None:
    assert [text for _, text in run("stale-reply", nth=2)[1]] == [b"re:a", b"re:a", b"re:c"]


def test_drop_connection() -> None:
    heard, replies, lost = run("drop-connection")
    assert (heard, replies, lost) == ([b"a"], [], True)


def test_hang_keeps_what_it_hears_and_acts_on_it_in_order_when_it_wakes() -> None:
    heard, replies, _ = run("hang", pause=1.0, seconds=1.5)
    assert heard == [b"a", b"b", b"c"]
    assert [at for at, _ in replies] == [1.5, 1.5, 2.0]


def test_a_late_packet_arrives_though_its_connection_is_dead() -> None:
    async def main() -> None:
        device = Device()
        Faults(device).inject("late-packet", seconds=5)
        client = await device.client()
        client.transport.write(b"a")
        client.transport.close()
        other = await device.client()
        await asyncio.sleep(4.9)
        assert device.heard == []
        await asyncio.sleep(0.2)
        assert (device.heard, other.heard) == ([b"a"], [])

    run_virtual(main())


def test_garble_changes_exactly_one_bit() -> None:
    [(_, garbled), *rest] = run("garble")[1]
    changed = int.from_bytes(garbled, "big") ^ int.from_bytes(b"re:a", "big")
    assert changed.bit_count() == 1
    assert [text for _, text in rest] == [b"re:b", b"re:c"]


def test_nth_count_and_when_choose_the_packets() -> None:
    assert [t for _, t in run("lose-reply", nth=2)[1]] == [b"re:a", b"re:c"]
    assert [t for _, t in run("lose-reply", count=2)[1]] == [b"re:c"]
    assert run("lose-reply", count=None)[1] == []
    assert [t for _, t in run("lose-reply", when=lambda d: d == b"re:c")[1]] == [b"re:a", b"re:b"]


def test_probability_is_decided_by_the_seed() -> None:
    def replies(seed: int) -> Any:
        said = [bytes([i]) for i in range(60)]
        return run("lose-reply", said, 1.0, seed, count=None, probability=0.5)[1]

    assert replies(1) == replies(1) != replies(2)
    assert 10 < len(replies(1)) < 50


def test_clear_disarms() -> None:
    async def main() -> None:
        device = Device()
        faults = Faults(device)
        armed = faults.inject("lose-reply", count=None)
        client = await device.client()
        client.transport.write(b"a")
        await asyncio.sleep(1)
        faults.clear()
        client.transport.write(b"b")
        await asyncio.sleep(1)
        assert armed.struck == 1
        assert [text for _, text in client.heard] == [b"re:b"]

    run_virtual(main())


def test_a_switch_is_thrown_with_its_details() -> None:
    async def main() -> None:
        device = Device()
        faults = Faults(device)
        assert faults.inject("slip", dx=0.5) is None
        assert device.slipped == [0.5]

    run_virtual(main())


@pytest.mark.parametrize(
    ("kind", "options"), [("power-loss", {}), ("lose-reply", {"colour": 1}), ("sulk", {})]
)
def test_what_a_device_cannot_have_is_refused(kind: Any, options: Any) -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match=kind):
            Faults(Device()).inject(kind, **options)

    run_virtual(main())

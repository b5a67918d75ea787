import asyncio
import socket
import time
from typing import Any, Never

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime import (
    DeadlockError,
    VirtualLoop,
    offload,
    run_virtual,
    stream,
)
from runtime.handles import Later, Timers


async def stuck() -> None:
    await asyncio.get_running_loop().create_future()


def test_a_deadlock_is_reported_with_the_name_and_place_of_every_waiting_task() -> None:
    async def main() -> None:
        task = asyncio.create_task(stuck(), name="arm of cell 2")
        await task

    with pytest.raises(DeadlockError) as caught:
        run_virtual(main())
    assert "arm of cell 2 in stuck:" in str(caught.value)


def test_a_pending_timer_is_no_deadlock() -> None:
    async def main() -> None:
        task = asyncio.create_task(stuck())
        await asyncio.sleep(3600)
        task.cancel()

    run_virtual(main())


def test_timers_jump_over_months_without_waiting() -> None:
    async def main() -> Any:
        await asyncio.sleep(150 * 86_400)
        return asyncio.get_running_loop().time()

    began = time.monotonic()
    assert run_virtual(main()) == pytest.approx(150 * 86_400)
    assert time.monotonic() - began < 5


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=30))
def test_timers_fire_in_the_order_of_their_times_and_ties_always_the_same_way(
    delays: list[int],
) -> None:
    async def main() -> Any:
        fired = []

        async def one(i: Any, delay: float) -> None:
            await asyncio.sleep(delay / 10)
            fired.append((delay, i))

        await asyncio.gather(*(one(i, delay) for i, delay in enumerate(delays)))
        return fired

    fired = run_virtual(main())
    assert [delay for delay, _ in fired] == sorted(delays)
    assert fired == run_virtual(main())


@given(st.lists(st.sampled_from([1.0, 2.0, 3.0]), min_size=1, max_size=40), st.data())
def test_timers_of_one_instant_fire_in_the_order_in_which_they_were_set_and_cancelled_ones_never(
    times: list[float], data: st.DataObject
) -> None:
    dropped = data.draw(st.sets(st.sampled_from(range(len(times)))))

    async def main() -> Any:
        loop, fired = asyncio.get_running_loop(), list[int]()
        timers = [loop.call_at(at, fired.append, i) for i, at in enumerate(times)]
        for i in dropped:
            timers[i].cancel()
        await asyncio.sleep(4)
        return fired

    kept = [i for i in range(len(times)) if i not in dropped]
    assert run_virtual(main()) == sorted(kept, key=lambda i: times[i])


def test_a_timer_that_is_cancelled_as_it_fires_does_not_fire() -> None:
    async def main() -> Any:
        loop, fired = asyncio.get_running_loop(), list[str]()
        loop.call_at(1.0, lambda: second.cancel())
        second = loop.call_at(1.0, fired.append, "second")
        await asyncio.sleep(2)
        return fired

    assert run_virtual(main()) == []


def test_cancelled_timers_are_forgotten_long_before_their_time() -> None:
    """Every answer in time cancels its deadline: a day of them must not pile up."""
    timers = Timers()
    loop = VirtualLoop()
    try:
        for _ in range(10_000):
            timers.set(Later(1e9, print, (), loop, None, timers)).cancel()
            timers.first()
        assert len(timers) < 1000
    finally:
        loop.close()


def test_an_error_in_a_callback_is_told_and_the_loop_goes_on() -> None:
    async def main() -> Any:
        loop, told = asyncio.get_running_loop(), list[Any]()
        loop.set_exception_handler(lambda _, context: told.append(context["exception"]))
        loop.call_soon(lambda: 1 // 0)
        await asyncio.sleep(1)
        return told

    (error,) = run_virtual(main())
    assert isinstance(error, ZeroDivisionError)


def test_the_same_seed_gives_the_same_order() -> None:
    async def main(seed: int) -> Any:
        rng, trace = stream(seed, "order"), []

        async def worker(name: str) -> None:
            for step in range(5):
                await asyncio.sleep(rng.random())
                trace.append((name, step, asyncio.get_running_loop().time()))

        await asyncio.gather(*(worker(name) for name in "abcd"))
        return trace

    assert run_virtual(main(3)) == run_virtual(main(3))
    assert run_virtual(main(3)) != run_virtual(main(4))


def test_a_ready_descriptor_goes_before_a_timer() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            theirs.send(b"x")
            loop.call_later(60, loop.stop)
            assert await loop.sock_recv(ours, 1) == b"x"
            assert loop.time() == 0

    run_virtual(main())


def test_offload_runs_inline_in_virtual_time_and_passes_value_and_error_on() -> None:
    async def main() -> Any:
        order = []
        task = asyncio.create_task(offload(order.append, "work"))
        await asyncio.sleep(0)
        order.append("after")
        await task
        with pytest.raises(ZeroDivisionError):
            await offload(lambda: 1 // 0)
        return order, await offload(int, "ff", base=16)

    assert run_virtual(main()) == (["work", "after"], 255)


def test_offload_leaves_a_real_loop_free() -> None:
    async def main() -> Any:
        import threading

        here = threading.get_ident()
        return here != await offload(threading.get_ident)

    assert asyncio.run(main())


def test_a_paced_loop_lets_so_many_virtual_seconds_pass_in_a_real_one() -> None:
    async def main() -> Any:
        await asyncio.sleep(10)
        return asyncio.get_running_loop().time()

    began = time.monotonic()
    assert run_virtual(main(), pace=200) == pytest.approx(10)
    assert 0.04 < time.monotonic() - began < 2


def test_a_paced_loop_without_timers_waits_for_a_descriptor_and_time_stands() -> None:
    async def main() -> Any:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            import threading

            threading.Timer(0.02, theirs.send, (b"x",)).start()
            await loop.sock_recv(ours, 1)
            return loop.time()

    assert run_virtual(main(), pace=1000) == 0


def test_an_exception_in_main_comes_out() -> None:
    async def main() -> Never:
        raise KeyError("x")

    with pytest.raises(KeyError):
        run_virtual(main())


def test_time_begins_at_zero() -> None:
    loop = VirtualLoop()
    try:
        assert loop.time() == 0
    finally:
        loop.close()

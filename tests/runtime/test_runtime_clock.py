import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime import Clock, DeadlineError, run_virtual, stream, unique_id, within

ORIGIN = datetime(2026, 1, 1, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


@given(st.floats(0.1, 1000), st.floats(0, 1e5))
def test_process_time_is_link_time_times_speed(speed: float, seconds: float) -> None:
    async def main() -> None:
        clock = Clock.starting(ORIGIN, speed)
        await clock.sleep(seconds)
        assert clock.process() == pytest.approx(seconds, abs=1e-6)
        assert clock.link() == pytest.approx(seconds / speed, abs=1e-6)
        passed = clock.utc() - ORIGIN
        assert abs(passed - timedelta(seconds=seconds)) < timedelta(milliseconds=1)

    run_virtual(main())


def test_link_sleep_is_never_scaled_and_negative_sleeps_are_none() -> None:
    async def main() -> None:
        clock = Clock.starting(ORIGIN, speed=50)
        await clock.sleep_link(2)
        assert clock.link() == pytest.approx(2)
        await clock.sleep(-5)
        await clock.sleep_link(-5)
        assert clock.link() == pytest.approx(2)

    run_virtual(main())


def test_a_clock_begins_when_it_is_started_and_knows_the_date() -> None:
    async def main() -> None:
        await asyncio.sleep(100)
        clock = Clock.starting()
        assert clock.process() == 0
        assert abs(clock.utc() - datetime.now(UTC)) < timedelta(minutes=1)

    run_virtual(main())


def test_within_names_what_was_awaited() -> None:
    async def main() -> None:
        with pytest.raises(DeadlineError, match="door of cell 1: nothing within 2 s") as caught:
            async with within(2, "door of cell 1"):
                await asyncio.sleep(3)
        assert (caught.value.what, caught.value.seconds) == ("door of cell 1", 2)
        assert asyncio.get_running_loop().time() == pytest.approx(2)

    run_virtual(main())


def test_within_passes_results_and_names_the_innermost_deadline() -> None:
    async def main() -> None:
        async with within(10, "outer"):
            await asyncio.sleep(1)
        with pytest.raises(DeadlineError) as caught:
            async with within(10, "outer"), within(1, "inner"):
                await asyncio.sleep(5)
        assert caught.value.what == "inner"
        with pytest.raises(DeadlineError) as caught:
            async with within(1, "outer"), within(10, "inner"):
                await asyncio.sleep(5)
        assert caught.value.what == "outer"

    run_virtual(main())


def test_cancelling_is_not_a_deadline() -> None:
    async def main() -> None:
        async def work() -> None:
            async with within(10, "x"):
                await asyncio.sleep(5)

        task = asyncio.create_task(work())
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_virtual(main())


@given(st.integers(), st.lists(st.text(), max_size=3))
def test_a_stream_belongs_to_its_seed_and_names(seed: int, names: list[str]) -> None:
    again = stream(seed, *names).random()
    assert stream(seed, *names).random() == again
    assert stream(seed + 1, *names).random() != again
    assert stream(seed, *names, "more").random() != again


def test_unique_ids_differ() -> None:
    ids = {unique_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch(r"[0-9a-f]{20}", text) for text in ids)


FORBIDDEN = re.compile(
    r"\btime\.(time|monotonic|sleep|perf_counter)\(|datetime\.(now|utcnow|today)\(|date\.today\("
    r"|\buuid[14]\(|^\s*(import|from) (random|secrets|uuid|threading)\b(?! import Random)",
    re.MULTILINE,
)
HOUSES = [
    *("controller", "drivers", "hil_sim", "lims_bridge", "metrology", "models", "records", "vision")
]


def test_only_runtime_knows_time_chance_and_threads() -> None:
    guilty = [
        f"{path.relative_to(ROOT)}: {match.group().strip()}"
        for house in HOUSES
        for path in sorted((ROOT / house).rglob("*.py"))
        for match in FORBIDDEN.finditer(path.read_text(encoding="utf-8"))
    ]
    assert guilty == []


@pytest.mark.parametrize(
    ("line", "caught"),
    [
        ("x = time.time()", True),
        ("import random", True),
        ("from random import Random", False),
        ("from threading import Thread", True),
        ("now = datetime.now(UTC)", True),
        ("self.clock.utc()", False),
    ],
)
def test_the_grep_finds_what_it_shall(line: Any, caught: Any) -> None:
    assert bool(FORBIDDEN.search(line)) is caught

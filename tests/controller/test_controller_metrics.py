"""Metrics: the numbers are right, the page is what Prometheus reads, the server hurts nobody."""

import asyncio
import math
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.events import Evidence, IndentIntended, IndentVoided, NotHappened
from controller.operating.exposition import Numbers, Summary, exposition, rank
from controller.operating.metrics import Meters
from controller.operating.metrics_server import (
    MOST_HEAD,
    AddressError,
    answer,
    parse_address,
    serving_metrics,
)
from controller.rig import Trouble
from controller.state import CellState

SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (-?[0-9.e+-]+|inf|nan)")
LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\["\\n])*)"')
E0 = Evidence(1, 1, 0)


def read(page):
    """Read a page as Prometheus does: (name, labels) -> value."""
    found = {}
    for line in page.splitlines():
        if line.startswith("#"):
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        labels = frozenset(
            (key, re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), text))
            for key, text in LABEL.findall(match[2] or "")
        )
        found[match[1], labels] = float(match[3])
    return found


def value(page, name, **labels):
    return read(page)[name, frozenset(labels.items())]


@given(st.text(st.characters(exclude_categories=["Cs"])), st.floats(allow_nan=False))
def test_any_label_and_number_come_back(text, number):
    metric = Numbers("x_total", "gauge", "Help.")
    metric.put(number, label=text)
    page = exposition(iter([metric]))
    # A carriage return or the like is no line end for Prometheus, only \n is.
    (line,) = [line for line in page.split("\n") if line.startswith("x_total")]
    labels = LABEL.search(line)
    plain = re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), labels[2])
    assert plain == text
    assert float(line.rpartition(" ")[2]) == number


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200), st.sampled_from([0.5, 0.9, 0.99]))
def test_a_quantile_is_the_nearest_rank(values, quantile):
    ordered = sorted(values)
    expected = ordered[max(0, math.ceil(round(quantile * len(values), 6)) - 1)]
    assert rank(ordered, quantile) == expected


def test_a_summary_counts_everything_and_ranks_the_last():
    seen = Summary("s", "Help.")
    for number in range(2000):
        seen.observe(float(number), kind="a")
    page = exposition(iter([seen]))
    assert value(page, "s_count", kind="a") == 2000
    assert value(page, "s_sum", kind="a") == sum(range(2000))
    assert value(page, "s", kind="a", quantile="0.5") == 1499
    assert value(page, "s", kind="a", quantile="0.99") == 1989


def intended(op, attempt=1):
    return IndentIntended(op, "B1", 0, 0.0, 0.0, "HRC", "", 1, attempt, E0)


def test_operations_are_timed_from_intent_to_settlement_and_retries_counted(tmp_path):
    now = 0.0
    meters = Meters(lambda: now)
    meters.heard(intended("op-1"))
    now = 20.0
    meters.heard(IndentVoided("op-1", "no record", None, ""))
    meters.heard(intended("op-2", attempt=2))
    now = 25.0
    meters.heard(NotHappened("op-2", "refused"))
    # Of an earlier session: when it began is not known here.
    meters.heard(NotHappened("op-0", "refused"))
    page = meters.page(CellState(), tmp_path, (), 12)
    assert value(page, "hardlab_op_seconds_sum", kind="indent", end="IndentVoided") == 20
    assert value(page, "hardlab_op_seconds_sum", kind="indent", end="NotHappened") == 5
    assert value(page, "hardlab_op_seconds_count", kind="indent", end="NotHappened") == 1
    assert value(page, "hardlab_retries_total", kind="indent") == 1


def test_only_failed_conversations_are_errors_of_communication(tmp_path):
    meters = Meters(lambda: 0.0)
    meters.troubled("arm", Trouble("device-no-reply", "arm", ""))
    meters.troubled("tester", Trouble("device-interlock", "station", ""))
    found = read(meters.page(CellState(), tmp_path, (), 12))
    errors = {key: n for key, n in found.items() if key[0] == "hardlab_comm_errors_total"}
    labels = frozenset({("device", "arm"), ("reason", "no-reply")})
    assert errors == {("hardlab_comm_errors_total", labels): 1}


def test_the_page_tells_the_state_and_the_worst_lag_once(tmp_path):
    meters = Meters(lambda: 0.0)
    meters.lagged(0.2)
    meters.lagged(0.1)
    state = CellState(mode="HELD", alarms={"a:b": "c"})
    page = meters.page(state, tmp_path, ("arm",), 12)
    assert value(page, "hardlab_mode", mode="HELD") == 1
    assert value(page, "hardlab_open", what="alarms") == 1
    assert value(page, "hardlab_loop_lag_seconds") == 0.2
    assert value(page, "hardlab_stalled", part="arm") == 1
    assert value(page, "hardlab_disk_free_bytes") > 0
    later = meters.page(CellState(mode="EXECUTE"), tmp_path, (), 12)
    assert value(later, "hardlab_loop_lag_seconds") == 0
    modes = [key for key in read(later) if key[0] == "hardlab_mode"]
    assert modes == [("hardlab_mode", frozenset({("mode", "EXECUTE")}))]


@given(st.binary(max_size=200))
def test_whatever_is_asked_gets_an_answer(head):
    assert answer(head, lambda: "x 1\n").startswith(b"HTTP/1.1 ")


def test_get_metrics_and_nothing_else():
    page = "x 1\n"
    assert answer(b"GET /metrics HTTP/1.1\r\n\r\n", lambda: page).endswith(b"\r\n\r\nx 1\n")
    assert b" 404 " in answer(b"GET / HTTP/1.1\r\n\r\n", lambda: page)
    assert b" 405 " in answer(b"POST /metrics HTTP/1.1\r\n\r\n", lambda: page)

    def gone():
        raise FileNotFoundError("no such folder")

    assert b" 503 " in answer(b"GET /metrics HTTP/1.1\r\n\r\n", gone)


def test_real_clients_are_served_and_bad_ones_dropped():
    async def ask(port, data):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        try:
            return await asyncio.wait_for(reader.read(), 5)
        except ConnectionError:
            return b""
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def main():
        async with serving_metrics(("127.0.0.1", 0), lambda: "x 1\n") as (host, port):
            with pytest.raises(AddressError, match="choose another address"):
                async with serving_metrics((host, port), lambda: ""):
                    pass
            silent = await asyncio.open_connection("127.0.0.1", port)
            flood = await ask(port, b"x" * (2 * MOST_HEAD))
            good = await ask(port, b"GET /metrics HTTP/1.1\r\n\r\n")
            silent[1].close()
            await silent[1].wait_closed()
        return flood, good

    flood, good = asyncio.run(main())
    assert flood == b""
    assert good.endswith(b"x 1\n")


@pytest.mark.parametrize("text", ["9464", "host:", "host:x", "host:70000", ":1", ""])
def test_an_address_is_host_and_port(text):
    with pytest.raises(AddressError, match="host:port"):
        parse_address(text)


def test_good_addresses():
    assert parse_address("127.0.0.1:9464") == ("127.0.0.1", 9464)
    assert parse_address("[::1]:0") == ("::1", 0)

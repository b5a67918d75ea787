"""Daemon, recorder and simulator are killed at random moments: the tray is always finished."""

import asyncio
import random
import time
from contextlib import suppress

from controller.bus import BusClient, BusError
from controller.fold import fold_all
from controller.journal import read_rows
from controller.state import Stage
from drivers.interfaces import Done
from drivers.spool import SpoolReader
from hil_sim.scenario.display import tell_display
from hil_sim.scenario.invariants import broken_promises
from hil_sim.world import World
from tests.processes import Processes, until

KILLS = 32
BLOCKS = ("2007-102", "2007-103", "2007-104", "2007-105")
POLICY = {
    # Nobody is there: what a person would be asked is answered by policy.
    "doubt_after_restart": "resume",
    "transfer_doubt": "look-again",
    "second_void": "continue",
    "house_in_doubt": "go-on",
}
VICTIMS = (
    *(("daemon",), ("sim",), ("recorder",)),
    *(("daemon", "sim"), ("daemon", "recorder"), ("sim", "recorder")),
    ("daemon", "sim", "recorder"),
)


def check(cell):
    world = World.open(cell.run / "world.jsonl")
    world.close()
    rows = list(read_rows(cell.run / "journal.sqlite"))
    kept = asyncio.run(SpoolReader(cell.run / "records.spool").records())
    assert isinstance(kept, Done)
    assert broken_promises(world, rows, kept.value, u_pos_mm=0.15) == []
    state = fold_all(row.event() for row in rows)
    assert [block.stage for block in state.customers] == [Stage.FINISHED] * len(BLOCKS)
    return state


def look(cell):
    """Say what the tester's display shows, if the cell asks: no policy can know that."""
    with suppress(BusError), BusClient(cell.run, "technician") as client:
        state = client.request("snapshot", timeout=0.5).body.get("state", {})
        tell_display(client, state.get("questions", ()), cell.run / "world.jsonl")


def test_thirty_kills_of_real_processes(tmp_path):
    rng = random.Random(20261120)
    kills = 0
    with Processes(tmp_path / "cell", BLOCKS, policy=POLICY) as cell:
        for name in ("sim", "recorder", "daemon"):
            cell.start(name)
        while kills < KILLS and cell.alive["daemon"].poll() is None:
            time.sleep(rng.uniform(1.2, 3.5))
            if cell.alive["daemon"].poll() is not None:
                break
            look(cell)
            victims = rng.choice(VICTIMS)
            kills += sum(cell.kill(name) for name in victims)
            time.sleep(rng.choice([0.0, 0.0, 0.5]))
            for name in victims:
                cell.start(name)
        ended = until(lambda: look(cell) or cell.alive["daemon"].poll() is not None, 240, every=1.0)
        assert ended, cell.told("daemon")[-2000:]
        assert cell.wait("daemon", 1) == 0, cell.told("daemon")[-2000:]
        for name in ("sim", "recorder", "daemon"):
            assert "Traceback" not in cell.told(name), cell.told(name)[-3000:]
    assert kills >= 30
    state = check(cell)
    measured = [block for block in state.customers if block.verdict is not None]
    assert len(measured) >= len(BLOCKS) - 1, "kills cost spares, rarely a block"

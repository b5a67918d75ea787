"""Kill the sender of an office again and again while it tells a LIMS that misbehaves.

Real processes, real TCP, ``kill -9``: ``python -m benchmarks.delivery_kills``. At the end
every message must have arrived, in the order of its block, and have had its effect once.
"""

from __future__ import annotations

import argparse
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from hil_sim.lims.memory import Memory
from lims_bridge.delivery import outbox
from lims_bridge.exact import canonical
from lims_bridge.office.place import OfficePlace
from records.database import open_database, writing
from runtime import stream, utc_now

HARDLAB = Path(sys.executable).parent / "hardlab"
_PACE = "base_s = 0.05, cap_s = 0.4, send_s = 2.0, settle_s = 0.2, idle_s = 0.2"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. ``lost`` and ``twice`` must be 0; so must ``disordered``."""

    kind: str
    messages: int
    kills: int
    lost: int
    twice: int
    disordered: int
    unknown: int
    waiting: int

    @property
    def good(self) -> bool:
        """Say whether every promise was kept."""
        return not (self.lost or self.twice or self.disordered)

    def __str__(self) -> str:
        """Return it as one line."""
        return (
            f"{self.kind}: {self.messages} messages, sender killed {self.kills} times: "
            f"{self.lost} lost, {self.twice} twice, {self.disordered} out of order, "
            f"{self.unknown} put before a person, {self.waiting} waiting behind those"
        )


def campaign(folder: Path, kind: str, messages: int, kills: int, seed: int = 1) -> Outcome:
    """Run it in an empty folder. Raises `RuntimeError` if the sender cannot do its work."""
    place = _prepare(folder, messages)
    memory = folder / "lims.sqlite"
    with _lims(kind, memory) as port:
        place.config.write_text(_config(kind, port), encoding="utf-8")
        done = _kill_while_sending(folder, place, kills, seed)
        _finish(folder)
    return _judge(kind, place, Memory(memory), messages, done)


def _prepare(folder: Path, messages: int) -> OfficePlace:
    folder.mkdir(parents=True, exist_ok=True)
    place = OfficePlace(folder)
    # A run has a journal; the office does not look into it.
    (folder / "journal.sqlite").touch()
    engine = open_database(place.library)
    record = place.files.put(canonical(_RECORD))
    now = utc_now()
    with writing(engine) as session, session.begin():
        for n in range(messages):
            block = f"B-{n % 33}"
            notice = {"digest": record, "block": block, "sequence": n, "certificate": f"C-{n}"}
            outbox.post(
                session,
                destination="lims",
                key=f"lims:R-{n}:1",
                kind="issued",
                aggregate=block,
                payload=canonical({**notice, "documents": []}).decode(),
                at=now,
            )
    engine.dispose()
    return place


_RECORD = {
    "ended": "2026-03-02T02:00:00Z",
    "result": {"value": "61.20", "uniformity": "0.15"},
    "uncertainty": {"expanded": "0.30"},
}


def _config(kind: str, port: int) -> str:
    head = f"[destination.lims]\npace = {{ {_PACE} }}\n"
    if kind != "senaite":
        url = f"http://127.0.0.1:{port}/records"
        return f'{head}kind = "rest"\nurl = "{url}"\nassurance = "{kind}"\n'
    return (
        f'{head}kind = "senaite"\nurl = "http://127.0.0.1:{port}/senaite"\nuser = "robot"\n'
        'password_file = "PASSWORD"\nclient = "c1"\ncontact = "p1"\nsample_type = "t1"\n'
        '[destination.lims.services]\nmean = "s1"\nuniformity = "s2"\n'
        'expanded_uncertainty = "s3"\n'
    )


@contextmanager
def _lims(kind: str, memory: Path) -> Iterator[int]:
    command = [sys.executable, "-m", "hil_sim.lims.server", "--kind", kind, "--memory", str(memory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline().rsplit(" ", 1)[1])
        finally:
            process.kill()


def _sender(folder: Path, *options: str) -> subprocess.Popen[str]:
    config = folder / "office.toml"
    secret = folder / "password"
    if not secret.exists():
        secret.touch(mode=0o600)
        secret.write_text("secret\n", encoding="utf-8")
    text = config.read_text(encoding="utf-8").replace('"PASSWORD"', f'"{secret}"')
    config.write_text(text, encoding="utf-8")
    command = [str(HARDLAB), "delivery", "run", "--out", str(folder), *options]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def _kill_while_sending(folder: Path, place: OfficePlace, kills: int, seed: int) -> int:
    """Start the sender and kill it while there is still work; return how often it was killed."""
    chance, done = stream(seed, "kills"), 0
    while done < kills:
        process = _sender(folder)
        before = _settled(place)
        while process.poll() is None and _settled(place) == before:
            time.sleep(0.01)
        # From its first success on it is surely at work.
        time.sleep(chance.uniform(0.0, 0.4))
        if process.poll() is not None:
            raise RuntimeError(f"the sender ended by itself: {process.communicate()[1]}")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        done += 1
        if not _open(place):
            break
    return done


def _finish(folder: Path) -> None:
    process = _sender(folder, "--once")
    _, said = process.communicate(timeout=600)
    if process.returncode:
        raise RuntimeError(f"the sender could not finish: {said}")


def _settled(place: OfficePlace) -> int:
    return _count(place, "state NOT IN ('pending', 'sending')")


def _open(place: OfficePlace) -> int:
    return _count(place, "state IN ('pending', 'sending')")


def _count(place: OfficePlace, condition: str) -> int:
    with closing(sqlite3.connect(place.path / "records.sqlite", timeout=10)) as db:
        found: int = db.execute(f"SELECT count(*) FROM outbox WHERE {condition}").fetchone()[0]
        return found


def _judge(kind: str, place: OfficePlace, memory: Memory, messages: int, kills: int) -> Outcome:
    if kind == "senaite":
        effects = [body["getClientSampleID"] for _, _, body in memory.of("sample")]
        done = {a["uid"] for _, _, a in memory.of("analysis") if a["Result"]}
        whole = [
            body["getClientSampleID"]
            for _, _, body in memory.of("sample")
            if {each["uid"] for each in body["Analyses"]} <= done
        ]
    else:
        effects = [body["key"] for _, _, body in memory.of("effect")]
        whole = effects
    engine = open_database(place.library)
    kept = outbox.messages(engine)
    engine.dispose()
    # What is put before a person may or may not have arrived; nobody says that it did. The later
    # ones of its block wait for the answer.
    asked = {m.aggregate for m in kept if m.state == "unknown"}
    waiting = {m.key for m in kept if m.state == "pending" and m.aggregate in asked}
    unknown = {m.key for m in kept if m.state == "unknown"}
    promised = {m.key for m in kept} - unknown - waiting
    return Outcome(
        kind=kind,
        messages=messages,
        kills=kills,
        lost=len(promised - set(whole)),
        twice=sum(times - 1 for times in Counter(effects).values()),
        disordered=_disordered(effects, {m.key: m.aggregate for m in kept}),
        unknown=len(unknown),
        waiting=len(waiting),
    )


def _disordered(effects: list[str], block_of: dict[str, str]) -> int:
    last: dict[str, int] = {}
    odd = 0
    for key in dict.fromkeys(effects):
        block, number = block_of[key], int(key.split(":")[1].removeprefix("R-"))
        odd += number < last.get(block, -1)
        last[block] = max(number, last.get(block, -1))
    return odd


def main() -> None:
    """Run the campaign for every kind of receiver; the exit code is 1 if a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--kinds", nargs="+", default=["keys", "look-up", "none", "senaite"])
    given = parser.parse_args()
    good = True
    for kind in given.kinds:
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            outcome = campaign(Path(folder) / "run", kind, given.messages, given.kills)
            print(f"{outcome} ({time.monotonic() - began:.0f} s)", flush=True)
            good = good and outcome.good
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()

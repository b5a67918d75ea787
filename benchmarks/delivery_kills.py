"""Kill the sender of an office again and again while it tells a LIMS that misbehaves.

Real processes, real TCP, ``kill -9``: ``python -m benchmarks.delivery_kills``. At the end
every message must have arrived, in the order of its block, and have had its effect once. A
receiver with neither keys nor look-up needs a person: one is played here, who looks into the
receiver's books and says what is there. What the program sent twice by itself would be seen.
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

from sqlalchemy import Engine

from hil_sim.lims.memory import Memory
from lims_bridge.delivery import outbox
from lims_bridge.delivery.decisions import Decider, Decision, decide
from lims_bridge.exact import canonical
from lims_bridge.office.place import OfficePlace
from records.database import open_database, writing
from runtime import stream, utc_now

HARDLAB = Path(sys.executable).parent / "hardlab"
_PACE = "base_s = 0.05, cap_s = 0.4, send_s = 2.0, settle_s = 0.2, idle_s = 0.2"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: all but ``asked`` must be 0 (how often a person was needed)."""

    kind: str
    messages: int
    kills: int
    lost: int
    twice: int
    disordered: int
    asked: int
    open: int

    @property
    def good(self) -> bool:
        """Say whether every promise was kept."""
        return not (self.lost or self.twice or self.disordered or self.open)

    def __str__(self) -> str:
        """Return it as one line."""
        return (
            f"{self.kind}: {self.messages} messages, sender killed {self.kills} times: "
            f"{self.lost} lost, {self.twice} twice, {self.disordered} out of order, "
            f"{self.asked} decided by a person, {self.open} still open"
        )


def campaign(folder: Path, kind: str, messages: int, kills: int, seed: int = 1) -> Outcome:
    """Run it in an empty folder. Raises `RuntimeError` if the sender cannot do its work."""
    place = _prepare(folder, messages)
    memory = folder / "lims.sqlite"
    with _lims(kind, memory) as port:
        place.config.write_text(_config(kind, port), encoding="utf-8")
        with _person(place, Memory(memory)) as person:
            done = _kill_while_sending(folder, place, person, messages, kills, seed)
            _finish(folder, place, person)
    return _judge(kind, place, Memory(memory), person.asked, messages, done)


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


@dataclass(slots=True)
class _Person:
    """Decides about unknown messages after a look into the receiver's books."""

    engine: Engine
    memory: Memory
    asked: int = 0

    def look(self) -> None:
        """Answer what waits for a person."""
        waiting = outbox.messages(self.engine, "unknown")
        if not waiting:
            return
        # What is still under way at the receiver becomes visible meanwhile.
        time.sleep(0.3)
        there = {body["key"] for _, _, body in self.memory.of("effect")}
        for message in waiting:
            decision: Decision = "arrived" if message.key in there else "resend"
            who = Decider("campaign", "looked there", utc_now())
            if decide(self.engine, message.key, decision, who) is None:
                self.asked += 1


@contextmanager
def _person(place: OfficePlace, memory: Memory) -> Iterator[_Person]:
    engine = open_database(place.library)
    try:
        yield _Person(engine, memory)
    finally:
        engine.dispose()


def _kill_while_sending(
    folder: Path, place: OfficePlace, person: _Person, messages: int, kills: int, seed: int
) -> int:
    """Kill the sender all along its way, at random moments; return how often it was killed."""
    chance, done = stream(seed, "kills"), 0
    while done < kills:
        process = _sender(folder)
        # The kills are spread over the messages: this one comes when its share is settled.
        share = min((done + 1) * messages // (kills + 1), messages - 1)
        before = _settled(place)
        while process.poll() is None and _settled(place) <= max(before, share):
            person.look()
            time.sleep(0.01)
        time.sleep(chance.uniform(0.0, 0.4))
        if process.poll() is not None:
            raise RuntimeError(f"the sender ended by itself: {process.communicate()[1]}")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        done += 1
        if not _open(place):
            break
    return done


def _finish(folder: Path, place: OfficePlace, person: _Person) -> None:
    while _open(place):
        process = _sender(folder, "--once")
        while process.poll() is None:
            person.look()
            time.sleep(0.05)
        if process.returncode:
            raise RuntimeError(f"the sender could not finish: {process.communicate()[1]}")
        process.communicate()
        person.look()


def _settled(place: OfficePlace) -> int:
    return _count(place, "state NOT IN ('pending', 'sending', 'unknown')")


def _open(place: OfficePlace) -> int:
    return _count(place, "state IN ('pending', 'sending', 'unknown')")


def _count(place: OfficePlace, condition: str) -> int:
    with closing(sqlite3.connect(place.path / "records.sqlite", timeout=10)) as db:
        found: int = db.execute(f"SELECT count(*) FROM outbox WHERE {condition}").fetchone()[0]
        return found


def _judge(
    kind: str, place: OfficePlace, memory: Memory, asked: int, messages: int, kills: int
) -> Outcome:
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
    promised = {message.key for message in kept}
    return Outcome(
        kind=kind,
        messages=messages,
        kills=kills,
        lost=len(promised - set(whole)),
        twice=sum(times - 1 for times in Counter(effects).values()),
        disordered=_disordered(effects, {m.key: m.aggregate for m in kept}),
        asked=asked,
        open=sum(message.state != "done" for message in kept),
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

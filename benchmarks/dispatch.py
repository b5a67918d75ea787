"""From "the arm is free" on the wire to the next command on the wire, in a cell of processes.

A whole run on TCP and serial lines is recorded byte by byte; a sample is the time from
the reply that shows a finished pick to the carry that follows it at once. In between
lie the sensors at both ends, the evidence, and a commit with FULL.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from drivers.codecs import arm
from drivers.linelog import Record, Sign, log_files, read_log

BAR_MS = 10.0
ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run, measure, print; return 1 when the bar is missed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = (ROOT / "examples" / "lab.toml").read_text(encoding="utf-8")
        config = folder / "lab.toml"
        config.write_text(re.sub(r"(?m)^record = false", "record = true", text), encoding="utf-8")
        _run(folder, config)
        gaps = sorted(_gaps(folder / "run" / "lines"))
    p50, p99 = statistics.median(gaps), gaps[min(len(gaps) - 1, int(len(gaps) * 0.99))]
    figures = {"samples": len(gaps), "p50_ms": p50, "p99_ms": p99, "max_ms": gaps[-1]}
    print(json.dumps(figures), f"bar: p99 up to {BAR_MS:g} ms")
    return 0 if p99 <= BAR_MS else 1


def _run(folder: Path, config: Path) -> None:
    hardlab = Path(sys.executable).parent / "hardlab"
    command = [hardlab, "demo", "--wire", "--speed", "40", "--no-images", "--json"]
    command += ["--config", config, "--out", folder / "run"]
    subprocess.run([str(c) for c in command], check=True, stdout=subprocess.DEVNULL)


def _gaps(lines: Path) -> Iterator[float]:
    """Yield milliseconds from each finished pick to the next command of the arm."""
    picking: int | None = None
    free_at: int | None = None
    for entry in read_log(*log_files(lines)["arm"]):
        if not isinstance(entry, Record):
            continue
        if entry.sign is Sign.SENT and (sent := _command(entry.data)) is not None:
            if free_at is not None and sent["job"] == arm.Job.CARRY:
                yield (entry.at_us - free_at) / 1000
            picking = sent["sequence"] if sent["job"] == arm.Job.PICK else None
            free_at = None
        elif entry.sign is Sign.HEARD and picking is not None and free_at is None:
            seen = _status(entry.data)
            if seen is not None and (seen["accepted"], seen["activity"]) == (picking, 2):
                free_at = entry.at_us


def _command(data: bytes) -> dict[str, int] | None:
    """Read a write (FC16) of the arm's command table."""
    body = 2 * arm.COMMAND.count
    if len(data) != 13 + body or data[7] != 16 or _word(data, 8) != arm.COMMAND.start:
        return None
    return arm.COMMAND.decode(_words(data[13:]))


def _status(data: bytes) -> dict[str, int] | None:
    """Read a reply (FC03) of the length of the arm's status table."""
    if len(data) != 9 + 2 * arm.STATUS.count or data[7] != 3:
        return None
    return arm.STATUS.decode(_words(data[9:]))


def _words(data: bytes) -> list[int]:
    return [_word(data, i) for i in range(0, len(data), 2)]


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big")


if __name__ == "__main__":
    sys.exit(main())

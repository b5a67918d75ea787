"""What a simulated day of a cell costs: python -m benchmarks.cell_day [--days 0.25] [--seeds 4].

Each of the four builds of a cell (`hil_sim.scenario.campaign.variants`) works for so many
days and for twice as many, with heartbeats, faults of a profile and the journal on a disk,
without images. The difference is the price of a day: what a process pays once (libraries,
plans of surfaces that come again) is in neither. CPU time of this process; a busy machine
makes it dearer, so a loop of plain arithmetic is timed beside each run.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from hil_sim.scenario.campaign.one_run import run_lab
from hil_sim.scenario.campaign.profile import read_profile
from hil_sim.scenario.campaign.variants import lab_of

_LOOPS = 5_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=float, default=0.25, help="of the shorter run")
    parser.add_argument("--seeds", type=int, nargs="+", default=[4, 1, 2, 3])
    parser.add_argument("--faults", default="calm", help="a profile")
    args = parser.parse_args()
    for seed in args.seeds:
        short, long = (_run(seed, args.faults, days) for days in (args.days, 2 * args.days))
        days, spent = long[0] - short[0], long[1] - short[1]
        arithmetic = (_arithmetic() + _arithmetic()) / 2
        print(
            f"seed {seed}: {spent / days:6.1f} s CPU a cell day "
            f"({spent:.1f} s for {days:.3f} days beyond {short[0]:.3f}); "
            f"{_LOOPS / 1e6:g} million steps of arithmetic {arithmetic:.2f} s",
            flush=True,
        )


def _run(seed: int, faults: str, days: float) -> tuple[float, float]:
    """Return the days that a run took, and its CPU time, s."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        profile = read_profile(faults)
        run = run_lab(lab_of(seed, None), profile, Path(folder), seed=seed, days=days, blocks=33)
        spent = time.process_time() - began
    if run.failure or run.witness.breaches:
        raise SystemExit(f"seed {seed}: {run.failure or run.witness.breaches[0]}")
    return run.days, spent


def _arithmetic() -> float:
    began = time.process_time()
    total = 0
    for i in range(_LOOPS):
        total += i * i % 7
    return time.process_time() - began


if __name__ == "__main__":
    main()

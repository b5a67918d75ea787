"""How true the Brinell diameter is, on thousands of rendered indentations against their truth.

python -m benchmarks.brinell_diameter [--count 1000] [--only HBW5/750] [--processes 2]

Each objective is first given its edge offset by reference indentations, as in a laboratory. Scale
errors are not in these figures: they add by their own line of the budget.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from metrology import find_scale
from vision.brinell import Indentation, measure_indentation
from vision.microscope import Microscope
from vision.microscope_rendering import render_indentation
from vision.microscope_scene import random_scene

REFERENCES = 60
"""Reference indentations per objective; their seeds are not among those measured."""

RANGE_OF_FIVE = 2.326
"""Expected range of five normal readings, in standard deviations."""


@dataclass(frozen=True, slots=True)
class Objective:
    """Ball and force by the symbol of the scale, µm per pixel, and the diameters it is for, mm."""

    scale: str
    um_per_px: float
    least_mm: float
    most_mm: float
    limit_um: float


OBJECTIVES = (
    Objective("HBW2.5/187.5", 1.0, 0.6, 1.5, 1.0),
    Objective("HBW5/750", 2.0, 1.2, 3.0, 2.0),
    Objective("HBW10/3000", 3.6, 2.4, 6.0, 2.0),
)


@dataclass(frozen=True, slots=True)
class Shot:
    """What came of one picture; errors in µm, in % of the diameter and in % of HBW."""

    seed: int
    refused: str
    error_um: float = 0.0
    error_pct: float = 0.0
    hbw_pct: float = 0.0
    expanded_um: float = 0.0
    busy_ms: float = 0.0


def shoot(objective: Objective, microscope: Microscope, seed: int) -> Shot:
    """Render and measure one random indentation."""
    cv2.setNumThreads(1)
    scale = find_scale(objective.scale)
    assert scale.ball_diameter_mm is not None
    rng = np.random.default_rng(seed)
    diameter = rng.uniform(objective.least_mm, objective.most_mm)
    ball = float(scale.ball_diameter_mm)
    scene = random_scene(rng, ball_mm=ball, diameter_mm=diameter, um_per_px=objective.um_per_px)
    picture, truth = render_indentation(scene)
    began = time.process_time()
    got = measure_indentation(picture, microscope)
    busy = (time.process_time() - began) * 1000
    if not isinstance(got, Indentation):
        return Shot(seed, f"{got.reason}: {got.text}")
    error = float(got.reading.mean_mm) - truth.mean_mm
    true = float(scale.brinell_hardness(f"{truth.mean_mm:.9f}"))
    wrong = float(got.reading.hardness(scale)) - true
    expanded = float(got.reading.budget.expanded()) * 1000
    shares = 100 * error / truth.mean_mm, 100 * wrong / true
    return Shot(seed, "", 1000 * error, *shares, expanded, busy)


def campaign(
    pool: ProcessPoolExecutor, objective: Objective, microscope: Microscope, seeds: range, name: str
) -> list[Shot]:
    """Return what came of every seed, with progress."""
    jobs = [pool.submit(shoot, objective, microscope, seed) for seed in seeds]
    return [job.result() for job in track(jobs, f"{objective.scale} {name}")]


def calibrated(pool: ProcessPoolExecutor, objective: Objective) -> Microscope:
    """Return the objective with the edge offset that reference indentations give."""
    bare = Microscope(objective.um_per_px, 0.0)
    shots = campaign(pool, objective, bare, range(10**6, 10**6 + REFERENCES), "references")
    errors = np.array([shot.error_um for shot in shots if not shot.refused])
    return replace(
        bare,
        edge_offset_um=-float(errors.mean()),
        edge_uncertainty_um=float(errors.std(ddof=1) / np.sqrt(len(errors))),
    )


def rows(objective: Objective, microscope: Microscope, shots: list[Shot]) -> Iterator[str]:
    """Yield the cells of one column of the table."""
    good = [shot for shot in shots if not shot.refused]
    error = np.array([shot.error_um for shot in good])
    hbw = np.array([shot.hbw_pct for shot in good])
    share = np.array([shot.error_pct for shot in good])
    yield f"{objective.least_mm:g} to {objective.most_mm:g}, {objective.um_per_px:g} µm/px"
    yield f"{len(good)} of {len(shots)}"
    yield f"{microscope.edge_offset_um:+.3f} ± {microscope.edge_uncertainty_um:.3f}"
    yield f"{error.mean():+.3f}"
    yield f"{error.std(ddof=1):.3f}"
    yield f"{np.quantile(np.abs(error), 0.95):.3f} of {objective.limit_um:g}"
    yield f"{np.abs(error).max():.3f}"
    yield f"{hbw.mean():+.4f}"
    yield f"{hbw.std(ddof=1):.4f}"
    yield f"{np.quantile(np.abs(hbw), 0.95):.4f}"
    yield f"{RANGE_OF_FIVE * share.std(ddof=1):.3f}"
    expanded = np.array([shot.expanded_um for shot in good])
    yield f"{np.median(expanded):.3f}"
    yield f"{100 * (np.abs(error) <= expanded).mean():.1f}"
    yield f"{np.median([shot.busy_ms for shot in good]):.0f}"


NAMES = (
    "diameters, mm",
    "measured",
    "edge offset, µm",
    "bias, µm",
    "standard deviation, µm",
    "95 % of errors within, µm",
    "largest error, µm",
    "bias, % HBW",
    "standard deviation, % HBW",
    "95 % within, % HBW",
    "share of a uniformity of five, % of d",
    "stated U (k = 2), median, µm",
    "errors within stated U, %",
    "CPU time per picture, ms",
)


def main() -> None:
    """Run every objective and print the table."""
    parser = argparse.ArgumentParser(description="Brinell diameter against truth")
    parser.add_argument("--count", type=int, default=1000, help="pictures per objective")
    parser.add_argument("--only", default="", help="one scale, as HBW5/750")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    chosen = [o for o in OBJECTIVES if asked.only in ("", o.scale)]
    if not chosen:
        parser.error(f"--only {asked.only}: none of {', '.join(o.scale for o in OBJECTIVES)}")
    columns, refused = [], []
    with ProcessPoolExecutor(asked.processes) as pool:
        for objective in chosen:
            microscope = calibrated(pool, objective)
            shots = campaign(pool, objective, microscope, range(asked.count), "measured")
            columns.append(list(rows(objective, microscope, shots)))
            refused += [f"{objective.scale} {s.seed}: {s.refused}" for s in shots if s.refused]
            print(objective.scale, *columns[-1], sep="; ", flush=True)
    table = Table("", *(objective.scale for objective in chosen))
    for name, *cells in zip(NAMES, *columns, strict=True):
        table.add_row(name, *cells)
    console = Console(width=110)
    console.print(table)
    for line in refused:
        console.print(f"refused: {line}")


if __name__ == "__main__":
    main()

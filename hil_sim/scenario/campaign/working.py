"""Carry one order out, in whatever process: run the lab, count what happened, keep a failure."""

from __future__ import annotations

import gc
import logging
import resource
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from controller.assembly import Folder
from controller.events import (
    AlarmCleared,
    DecisionAnswered,
    DecisionAsked,
    FaultReset,
    IndentConfirmed,
    IndentDoubted,
    IndentVoided,
    Judged,
    ModeChanged,
    NotHappened,
    TransferConfirmed,
)
from controller.journal import Row, read_rows
from hil_sim.scenario.campaign.one_run import Run, run_lab
from hil_sim.scenario.campaign.order import Breakage, Order, Report
from hil_sim.scenario.campaign.profile import read_profile
from hil_sim.scenario.campaign.timeline import timeline
from hil_sim.scenario.campaign.variants import lab_of
from hil_sim.scenario.mutants import planted

MEMORY = Path("/dev/shm")
YOUNG = 50_000
"""So many objects between two looks for circular rubbish, of which a run makes hardly any."""
MOST_BREACHES = 50


def work(order: Order) -> Report:
    """Run one order to its end and report it. Nothing that goes wrong in the run is raised."""
    # What a thousand faults make the libraries say is of no use to anybody.
    logging.disable(logging.CRITICAL)
    usual = gc.get_threshold()
    gc.set_threshold(YOUNG)
    gc.freeze()
    began = _cpu_s()
    where = MEMORY if MEMORY.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="hardlab-campaign-", dir=where))
    try:
        profile = read_profile(order.profile)
        config = lab_of(order.seed, Path(order.config) if order.config else None)
        with planted(order.mutant):
            run = run_lab(
                config, profile, folder, seed=order.seed, days=order.days, blocks=order.blocks
            )
        report = _report(order, run, list(read_rows(Folder(folder).journal)))
        if not report.ok:
            report.left = _keep(order, folder, run, report)
        report.cpu_s = round(_cpu_s() - began, 2)
        return report
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        logging.disable(logging.NOTSET)
        gc.unfreeze()
        gc.set_threshold(*usual)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _report(order: Order, run: Run, rows: list[Row]) -> Report:
    report = Report(order.seed, order.profile, round(run.days, 4), run.trays, run.lives)
    report.events, report.digest = len(rows), rows[-1].hash if rows else ""
    report.command = order.command()
    report.failure = run.failure
    report.visits = run.technician.visits
    report.checked = run.witness.checked
    report.coverage = Counter(
        {"|".join(map(str, key)): count for key, count in run.notes.coverage.items()}
    )
    report.breaches = [
        Breakage(b.rule, b.what, b.at, b.seq) for b in run.witness.breaches[:MOST_BREACHES]
    ]
    _count(report, rows)
    return report


def _count(report: Report, rows: list[Row]) -> None:
    """Count what the journal tells."""
    lost: Counter[int] = Counter()
    for row in rows:
        event = row.event()
        match event:
            case Judged():
                report.blocks += 1
            case IndentConfirmed(recovered=recovered):
                report.readings += 1
                report.recoveries["indentation found done"] += recovered
            case TransferConfirmed(recovered=True):
                report.recoveries["transfer found done"] += 1
            case NotHappened():
                report.recoveries["found not to have happened"] += 1
            case IndentVoided():
                report.voids += 1
                lost[report.lives] += 1
            case IndentDoubted():
                report.recoveries["photographed for doubt"] += 1
            case FaultReset():
                report.recoveries["latched fault reset"] += 1
            case AlarmCleared(alarm=alarm):
                report.recoveries[f"alarm gone: {alarm}"] += 1
            case ModeChanged(mode="UNHOLDING", reason=reason) if "every open" in reason:
                report.recoveries["restart resumed by itself"] += 1
            case ModeChanged(mode="UNSUSPENDING"):
                report.recoveries["door or chain closed again"] += 1
            case DecisionAsked(kind=kind):
                report.questions[kind] += 1
            case DecisionAnswered(by=by):
                report.answers[by] += 1
            case _:
                pass
    report.recoveries = +report.recoveries


def _keep(order: Order, folder: Path, run: Run, report: Report) -> str:
    """Move what a failed run left to where it was ordered; return that folder."""
    kept = Path(order.out) / f"seed-{order.seed}"
    shutil.rmtree(kept, ignore_errors=True)
    # Journals of closed trays lie in a folder of their own.
    shutil.copytree(folder, kept)
    (kept / "timeline.svg").write_text(timeline(run, report), encoding="utf-8")
    said = [report.command, "", report.failure]
    said += [f"{b.at} after event {b.seq}: {b.rule}: {b.what}" for b in report.breaches]
    (kept / "failure.txt").write_text("\n".join(said) + "\n", encoding="utf-8")
    return str(kept)

"""A demo from request to exit code: prepare, run, report."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from controller.journal import JournalError
from controller.report import summarise, write_plans
from controller.report.table import console
from hil_sim.scenario.demo_facts import facts_of
from hil_sim.scenario.demo_folder import DemoFolder, How
from hil_sim.scenario.demo_report import json_text, print_report, write_results
from hil_sim.scenario.demo_request import Job, Refused, Request, read_job
from hil_sim.scenario.demo_run import End, run_job
from hil_sim.scenario.progress import Silent, Sparse, Viewer, bar
from hil_sim.scenario.watch import Watch
from hil_sim.scenario.wire_run import run_on_wires
from hil_sim.world import World

DONE, NOT_DONE, IMPOSSIBLE, INTERRUPTED = 0, 1, 2, 130

_HOW: dict[How, str] = {
    "fresh": "",
    "resumed": "An unfinished run lies in {0}: it goes on where it was.",
    "replaced": "The finished run in {0} is replaced.",
    "reported": "The run in {0} is finished, but was never reported: here it is.",
}
_END: dict[End, str] = {
    "finished": "",
    "stopped": "The run was stopped. The same command goes on with it.",
    "stalled": "The cell waits for a person. Go on and answer with the same command and --watch.",
}


def run_demo(request: Request) -> int:
    """Run a demo and report it; return the exit code."""
    try:
        job = read_job(request)
        folder = DemoFolder(request.folder)
        with folder.ours():
            return _run(job, folder)
    except Refused as refusal:
        return _refuse(*refusal.lines)
    except JournalError as error:
        return _refuse(f"{error}; delete the folder, or give another one with --out")
    except OSError as error:
        return _refuse(f"{error}; is the disk full, or the folder not yours?")
    except KeyboardInterrupt:
        _refuse(f"interrupted; the same command goes on with {request.folder}")
        return INTERRUPTED


def _refuse(*lines: str) -> int:
    for line in lines:
        print(f"hardlab: {line}", file=sys.stderr)
    return IMPOSSIBLE


def _run(job: Job, folder: DemoFolder) -> int:
    out, err = console(), console(stderr=True)
    began = out.get_time()
    how = folder.prepare(job)
    if not job.request.as_json:
        _announce(err, job, folder, how)
    end, behind = _work(job, folder, err) if how != "reported" else ("finished", "")
    result, state = summarise(folder.rows())
    world = World.open(folder.world)
    world.close()
    facts = facts_of(job.config, job.request.seed, world, result, state)
    text = json_text(result, facts, end)
    write_results(folder, result, text)
    if job.request.images:
        pictures = folder.folder.pictures
        scale = job.config.simulation.px_per_mm
        write_plans(state.customers, pictures, folder.plans, px_per_mm=scale)
    if job.request.as_json:
        sys.stdout.write(text)
    else:
        wall = out.get_time() - began
        print_report(out, folder, result, facts, wall_s=wall, behind=behind)
    papers = end != "finished" or _papers(job, folder, out, err)
    if end != "finished":
        _refuse(_END[end], *(f"{q.question}: {q.text}" for q in result.questions if not q.answer))
    return DONE if end == "finished" and not facts.accidents and papers else NOT_DONE


def _papers(job: Job, folder: DemoFolder, out: Console, err: Console) -> bool:
    """Make the tray's documents if they are wanted; return whether all are good."""
    if job.laboratory is None:
        return True
    # Typesetter and seals load for half a second: only who wants documents pays.
    from hil_sim.scenario.demo_certificates import write_certificates

    return write_certificates(job.laboratory, folder, out, err, quiet=job.request.as_json)


def _announce(err: Console, job: Job, folder: DemoFolder, how: How) -> None:
    if _HOW[how]:
        err.print(_HOW[how].format(folder.path))
    blocks = len(job.manifest.blocks)
    err.print(f"Tray {job.manifest.tray}: {blocks} blocks, seed {job.request.seed}, simulated cell")
    if job.assumed:
        err.print("No truth file beside the manifest: every block is as its published values say.")
    if job.request.wire:
        err.print(f"Three processes on real wires, process time x{job.request.speed:g}.")
    if job.request.watch or job.request.wire:
        err.print(f"Orders from another terminal: hardlab status --out {folder.path}")


def _work(job: Job, folder: DemoFolder, err: Console) -> tuple[End, str]:
    if job.request.wire:
        return run_on_wires(job, folder, err), ""
    with _viewer(job, folder.path, err) as viewer:
        outcome = run_job(job, folder, viewer)
    return outcome.end, outcome.behind


@contextmanager
def _viewer(job: Job, folder: Path, err: Console) -> Iterator[Viewer]:
    request = job.request
    if request.watch:
        yield Watch(err, folder, request.pace or 1.0)
    elif request.as_json:
        yield Silent()
    elif not err.is_terminal:
        yield Sparse(err)
    else:
        with bar(err) as drawn:
            yield drawn

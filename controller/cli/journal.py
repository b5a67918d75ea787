"""Commands that read a journal and its archives.

They never write, so they are safe while a cell works.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Annotated

import typer
from rich.console import Console

from controller.audit import SHOWN, Audit, audit
from controller.cli.errors import NOT_DONE, refuse
from controller.cli.options import DEFAULT_OUT, Out, run_folder
from controller.journal import JournalError, Row, read_rows
from controller.report.words import QUIET, describe

app = typer.Typer(
    no_args_is_help=True,
    help="Read the journal: everything that happened in a run, in order, chained by hash.",
)


def rows_of(out: Out) -> Iterator[Row]:
    """Yield the rows of a run's journal and archives; end with a line if they cannot be read."""
    folder = run_folder(out)
    try:
        yield from read_rows(folder.journal)
    except JournalError as error:
        refuse(str(error))


@app.command()
def dump(out: Out = DEFAULT_OUT) -> None:
    """Print every event as one line of JSON, for other programs.

    The same seed and configuration always give the same bytes.

    Example: hardlab journal dump --out out/demo-1 > events.jsonl
    """
    for row in rows_of(out):
        print(dump_line(row))


@app.command()
def verify(out: Out = DEFAULT_OUT) -> None:
    """Check that nothing was changed or taken out, in the journal and in every archive.

    Every row must continue the chain of hashes, every archive have the digest and every
    checkpoint the state that follow from the events. Note the head that is printed: if it
    is the same tomorrow, so is everything before it.
    """
    folder = run_folder(out)
    try:
        with Console(stderr=True).status("reads the journal") as status:
            found = audit(
                folder.journal,
                lambda sealed: status.update(f"{sealed.archive}: {sealed.last} events so far"),
            )
    except JournalError as error:
        refuse(str(error))
    if not found.whole:
        refuse(*_wrong(found), code=NOT_DONE)
    if not found.events:
        refuse("the journal is empty; nothing has happened yet", code=NOT_DONE)
    sealed = f" in {found.archives} archives and the journal" if found.archives else ""
    print(f"{found.events} events{sealed}, the chain is whole; head {found.head}")
    if found.strangers:
        print(
            f"not part of it: archive/{', archive/'.join(found.strangers)} (an interrupted "
            "sealing leaves such a file, which the next one replaces)"
        )


def _wrong(found: Audit) -> Iterator[str]:
    if found.breaks:
        shown = ", ".join(map(str, found.broken))
        yield (
            f"the chain is broken at {found.breaks} of {found.events} rows, first at {shown}: the "
            "file was changed by another program; compare with a backup"
        )
    for name in found.changed[:SHOWN]:
        yield f"archive/{name} was changed since it was sealed; put it back from a backup"
    if not found.breaks:
        yield from found.faults[:SHOWN]


@app.command()
def show(
    out: Out = DEFAULT_OUT,
    block: Annotated[str, typer.Option(help="Only events that concern this block.")] = "",
    last: Annotated[int, typer.Option(help="Only so many of the last lines; 0 means all.")] = 0,
    everything: Annotated[
        bool, typer.Option("--all", help="Also moves of the arm and other small things.")
    ] = False,
) -> None:
    """Tell in words what happened.

    Example: hardlab journal show --block 2007-101
    """
    try:
        told = _told(rows_of(out), block, everything=everything)
        lines = deque(told, maxlen=last or None)
    except JournalError as error:
        refuse(str(error))
    if not lines:
        refuse("no such event; without options all are shown", code=NOT_DONE)
    for line in lines:
        print(line)


def dump_line(row: Row) -> str:
    """Return a row as canonical JSON: sorted keys, no spaces, UTF-8 as it is."""
    data = {
        "seq": row.seq,
        "at": row.at,
        "kind": row.kind,
        "version": row.version,
        "body": json.loads(row.body),
        "hash": row.hash,
    }
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _told(rows: Iterable[Row], block: str, *, everything: bool) -> Iterator[str]:
    ops: set[str] = set()
    for row in rows:
        body = json.loads(row.body)
        if block and not _concerns(body, block, ops):
            continue
        if everything or row.kind not in QUIET:
            yield f"{row.seq:6} {row.at[:19].replace('T', ' ')}  {describe(row.event())}"


def _concerns(body: dict[str, object], block: str, ops: set[str]) -> bool:
    """Tell whether an event names the block, or an action on it; remembers the actions."""
    if body.get("block") == block:
        if body.get("op"):
            ops.add(str(body["op"]))
        return True
    return body.get("op") in ops

"""Commands that stay: the daemon of a cell, and the recorder of its tester."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from controller.cli.errors import IMPOSSIBLE, NOT_DONE, refuse
from controller.operating.levels import LogLevel

if TYPE_CHECKING:
    from controller.daemon import Outside, Post

T = TypeVar("T")

PANEL = "Processes of a cell"
STOPPED = 3
"""Exit code: a person stopped the cell; it is not to be started again by itself."""

Config = Annotated[Path, typer.Option(help="The cell: a lab.toml.")]
Manifest = Annotated[Path, typer.Option(help="The tray: a CSV file with one row per block.")]
OptionalManifest = Annotated[
    Path | None,
    typer.Option(
        help="The tray: a CSV file with one row per block.",
        show_default="stay, and take the trays given by hardlab tray",
    ),
]
RunFolder = Annotated[Path, typer.Option(help="Where journal, records and pictures are kept.")]
Speed = Annotated[
    float,
    typer.Option(
        min=0.01, max=1000, help="Process time only, for simulated devices; 1 for a real cell."
    ),
]
Level = Annotated[LogLevel, typer.Option(help="The least serious line that is logged.")]
Line = Annotated[
    list[str] | None,
    typer.Option("--line", help="Put a device on another line: station=tcp://127.0.0.1:5020"),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    from controller.cli.doctor import doctor

    for command in (daemon, recorder, doctor):
        app.command(rich_help_panel=PANEL)(command)


def daemon(
    config: Config,
    out: RunFolder,
    manifest: OptionalManifest = None,
    speed: Speed = 1.0,
    line: Line = None,
    no_images: Annotated[bool, typer.Option("--no-images", help="Keep no photographs.")] = False,
    recorder: Annotated[
        str | None,
        typer.Option(
            help="inside: this process keeps the tester's records; service: hardlab recorder does.",
            show_default="as lab.toml says",
        ),
    ] = None,
    metrics: Annotated[
        str | None, typer.Option(help="Serve Prometheus metrics at host:port.")
    ] = None,
    log_level: Level = LogLevel.INFO,
) -> None:
    """Run a cell headless: hardlab tray, status, pause and the others steer it.

    With a manifest it ends when that tray is finished; without one it stays, and verifies
    one tray after the other as they are presented with hardlab tray. Given again after a
    crash or a stop, it goes on where it was. The log, one line of JSON per event, goes to
    standard output. Ends with 0 (finished, or told to end by a signal), 1 (something
    failed), 2 (not possible as asked), 3 (stopped by a person).

    Example: hardlab daemon --config lab.toml --manifest tray.csv --out run
    """
    from controller.daemon import run_daemon
    from controller.operating.leaving import Ending
    from controller.operating.lines import line_problems

    post = post_of(
        config, manifest, out, speed, line or [], keep_pictures=not no_images, recorder=recorder
    )
    if problems := line_problems(post.config):
        refuse(*problems)
    ending = _lived(run_daemon(post, _outside(log_level, metrics)))
    codes = {Ending.FINISHED: 0, Ending.SIGNALLED: 0, Ending.STOPPED: STOPPED}
    raise typer.Exit(codes.get(ending, NOT_DONE))


def recorder(
    config: Config,
    out: RunFolder,
    line: Line = None,
    log_level: Level = LogLevel.INFO,
) -> None:
    """Own the tester's port and keep every record it publishes, whatever becomes of the daemon.

    Example: hardlab recorder --config lab.toml --out run
    """
    from controller.daemon import keep_records

    post = post_of(config, None, out, 1.0, line or [])
    if post.config.devices.results.by_hand:
        refuse(
            f"{config}: a person reads the tester's display ([devices.results] driver), so there "
            "is nothing to record; start hardlab daemon alone"
        )
    _lived(keep_records(post, _outside(log_level)))


def _lived(life: Coroutine[Any, Any, T]) -> T:
    """Return what came of a process's life; end with a line for each thing that ended it."""
    from controller.bus import BusError
    from controller.journal import JournalError
    from controller.operating.metrics_server import AddressError
    from controller.trays import TrayError

    came: list[T] = []
    impossible: list[str] = []
    failed: list[str] = []
    try:
        came.append(asyncio.run(life))
    except* (BusError, AddressError, TrayError) as group:
        impossible = [str(error) for error in _each(group)]
    except* (JournalError, OSError) as group:
        failed = [str(error) for error in _each(group)]
    if impossible or failed:
        # Not inside: what is raised there would end in a group again.
        refuse(*impossible, *failed, code=IMPOSSIBLE if impossible else NOT_DONE)
    return came[0]


def _each(group: BaseExceptionGroup[Any]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _each(error)
        else:
            yield error


def _outside(level: LogLevel, metrics: str | None = None) -> Outside:
    from controller.daemon import Outside
    from controller.operating.metrics_server import AddressError, parse_address
    from controller.operating.notify import Notifier

    try:
        address = parse_address(metrics) if metrics else None
    except AddressError as error:
        refuse(str(error))
    return Outside(Notifier.from_environment(os.environ, os.getpid()), level, address)


def post_of(
    config: Path,
    manifest: Path | None,
    out: Path,
    speed: float,
    lines: list[str],
    *,
    keep_pictures: bool = True,
    recorder: str | None = None,
) -> Post:
    """Return the post that the options describe; end with every problem on a line of its own."""
    from controller.assembly import Folder
    from controller.config import ConfigError, load_config
    from controller.config.overrides import with_lines, with_recorder
    from controller.daemon import Post
    from controller.manifest import ManifestError
    from controller.trays import read_tray

    try:
        lab = with_recorder(with_lines(load_config(config), lines), recorder)
        tray = read_tray(lab, manifest) if manifest is not None else None
    except (ConfigError, ManifestError) as error:
        refuse(*error.problems)
    return Post(lab, Folder(out), tray, speed, keep_pictures)

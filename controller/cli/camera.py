"""Commands about the overview camera: the worker that owns it, and a look at what it sees."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.errors import NOT_DONE, refuse

if TYPE_CHECKING:
    from controller.config import CameraSource

app = typer.Typer(
    no_args_is_help=True,
    help="Serve the overview camera of a cell, find cameras, take a picture.",
)

Config = Annotated[Path, typer.Option(help="The cell: a lab.toml.")]

END_S = 5.0
"""So long a camera may hold up the end of the process that owns it."""


@app.command()
def serve(config: Config) -> None:
    """Own the camera and serve its line until told to end; the daemon asks it for pictures.

    A camera whose library hangs ends this process with 1, to be started anew.

    Example: hardlab camera serve --config lab.toml
    """
    from controller.cameras import source_of
    from drivers.cameras.worker import StuckError, serve_camera

    camera, url = _camera(config)
    source = source_of(camera)

    def told() -> None:
        print(f"camera {camera.camera} ({camera.driver}) at {url}", flush=True)

    async def until_told() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, task.cancel)
        try:
            await serve_camera(source, url, camera.px_per_mm, grab_s=camera.grab_s, listening=told)
        except asyncio.CancelledError:
            # A picture that is being taken holds up an orderly end; nobody waits for it any more.
            loop.call_later(END_S, os._exit, 0)
            raise

    try:
        asyncio.run(until_told())
    except asyncio.CancelledError:
        source.close()
        raise typer.Exit(0) from None
    except (OSError, ValueError) as error:
        refuse(str(error))
    except StuckError as error:
        # The thread that hangs in the library would hold an orderly end for ever.
        print(f"hardlab: camera {camera.camera}: {error}", file=sys.stderr, flush=True)
        os._exit(NOT_DONE)


@app.command("list")
def list_cameras() -> None:
    """Show the GigE Vision and USB3 Vision cameras that answer: name and address.

    The name is what lab.toml needs: driver = "gige", camera = "the name".
    """
    from drivers.cameras.aravis import Aravis, AravisError

    try:
        found = Aravis().cameras()
    except AravisError as error:
        refuse(str(error))
    if not found:
        refuse("no camera answers; is it powered, and on this machine's network?", code=NOT_DONE)
    for name, address in found:
        print(f"{name}  {address}")


@app.command()
def shoot(
    config: Config, out: Annotated[Path, typer.Option(help="The PNG file to write.")]
) -> None:
    """Take one picture, without the worker, and keep it as a PNG file.

    Example: hardlab camera shoot --config lab.toml --out block.png
    """
    import numpy as np

    from controller.cameras import source_of
    from vision.picture import encode_png

    camera, _ = _camera(config)
    source = source_of(camera)
    frame = source.grab()
    source.close()
    if isinstance(frame, str):
        refuse(frame, code=NOT_DONE)
    grey = np.frombuffer(frame.pixels, np.uint8).reshape(frame.height, frame.width)
    try:
        out.write_bytes(encode_png(grey))
    except OSError as error:
        refuse(f"{out}: {error.strerror}")
    width, height = frame.width / camera.px_per_mm, frame.height / camera.px_per_mm
    print(f"{out}: {frame.width} x {frame.height} px, {width:.1f} x {height:.1f} mm")


def _camera(config: Path) -> tuple[CameraSource, str]:
    """Return the camera that a cell names and the line of its worker, or end in words."""
    from controller.config import ConfigError, load_config

    try:
        device = load_config(config).devices.camera
    except ConfigError as error:
        refuse(*error.problems)
    if device.source is None:
        refuse(f"{config}: [devices.camera.source] is missing; say there which camera it is")
    return device.source, device.url

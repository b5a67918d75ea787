"""``hardlab calibrate``: what the cameras' pixels mean in millimetres, and since when."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from controller.cli.errors import NOT_DONE, refuse

if TYPE_CHECKING:
    from vision.calibration_file import Calibration
    from vision.charuco import Board, View
    from vision.frame import Image

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")


def calibrate(
    what: Annotated[
        Literal["camera", "microscope", "show"],
        typer.Argument(help="The vision station's camera, the Brinell microscope, or show a file."),
    ],
    out: Annotated[Path, typer.Option(help="The calibration's file.")] = Path("calibration.json"),
    flat: Annotated[
        Path | None,
        typer.Option(help="Picture of the board lying on the stage, or of the micrometer."),
    ] = None,
    tilted: Annotated[
        Path | None,
        typer.Option(help="Folder with 5 or more pictures of the tilted board; none: telecentric."),
    ] = None,
    name: Annotated[str, typer.Option(help="How the camera is called.")] = "camera",
    artefact: Annotated[str, typer.Option(help="Board or micrometer, with its certificate.")] = "",
    squares: Annotated[int, typer.Option(min=4, max=14, help="Squares of a board's side.")] = 11,
    square_mm: Annotated[float, typer.Option(min=0.1, help="Side of a square, mm.")] = 6.0,
    marker_mm: Annotated[float, typer.Option(min=0.05, help="Side of a marker, mm.")] = 4.4,
    division_um: Annotated[float, typer.Option(min=1, help="From line to line, µm.")] = 100.0,
    division_uncertainty: Annotated[
        float, typer.Option(min=0, max=0.01, help="Of a division, relative, k = 1.")
    ] = 0.0005,
    days: Annotated[int, typer.Option(min=1, max=1830, help="How long it is valid.")] = 365,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="Look at a simulated station, to try it out.")
    ] = False,
) -> None:
    """Calibrate a camera by a ChArUco board, or a microscope by a stage micrometer (测微尺).

    A cell plans no indentation on pictures without a valid calibration. What is left
    over is reported; above its limit no file is written.

    Example: hardlab calibrate camera --flat flat.png --tilted views --out calibration.json
    """
    from vision.calibration_file import CalibrationFileError, read_any, write_calibration
    from vision.charuco import Board, Refused, calibrate_stage
    from vision.micrometer import calibrate_scale

    if what == "show":
        try:
            _tell(read_any(out))
        except CalibrationFileError as error:
            refuse(str(error))
        return
    now = asyncio.run(_now())
    made: Calibration | Refused
    if what == "microscope":
        image = _simulated_scale(division_um) if simulated else _picture(flat)
        made = calibrate_scale(
            image,
            division_um=division_um,
            division_uncertainty=division_uncertainty,
            microscope=name,
            artefact=artefact or ("simulated" if simulated else "not told"),
            now=now,
            valid_days=days,
        )
    else:
        board = Board(squares, squares, square_mm, marker_mm, artefact or "board, not told which")
        images = _simulated_views(board) if simulated else [_picture(flat), *_pictures(tilted)]
        views = [_view(image, board, number) for number, image in enumerate(images)]
        made = calibrate_stage(
            views[0], views[1:], camera=name, artefact=board.name, now=now, valid_days=days
        )
    if isinstance(made, Refused):
        refuse(f"not calibrated: {made.reason}; nothing was written", code=NOT_DONE)
    try:
        write_calibration(out, made)
    except OSError as error:
        refuse(f"{out}: cannot be written: {error.strerror}")
    _tell(made)
    print(f"written 写入     {out}")


async def _now() -> datetime:
    from runtime import Clock

    return Clock.starting().utc()


def _tell(made: Calibration) -> None:
    from vision.calibration import StageCalibration
    from vision.calibration_file import digest

    if isinstance(made, StageCalibration):
        left = made.residuals
        lens = f"lens {left.lens_px:.3f} px" if made.lens else "telecentric"
        print(f"camera 相机      {made.camera}, {made.width} x {made.height} px")
        print(f"scale 比例       {made.px_per_mm:.4f} px/mm")
        print(f"residuals 残差   {lens}, stage {1000 * left.stage_mm:.2f} µm, {left.points} points")
    else:
        print(f"microscope 显微镜 {made.microscope}")
        print(f"scale 比例       {made.um_per_px:.5f} µm/px, u {1e6 * made.uncertainty:.0f} ppm")
        print(f"residuals 残差   {made.residual_px:.3f} px, {made.lines} lines")
    print(f"artefact 标准器  {made.artefact}")
    print(f"valid 有效期     {made.made:%Y-%m-%d} to {made.valid_until:%Y-%m-%d}")
    print(f"digest 摘要      {digest(made)[:16]}")


def _picture(path: Path | None) -> Image:
    from vision.picture import decode

    if path is None:
        refuse("no picture was given; name it with --flat, or try --simulated")
    try:
        image = decode(path.read_bytes())
    except OSError as error:
        refuse(f"{path}: cannot be read: {error.strerror}; give another with --flat")
    if image is None:
        refuse(f"{path}: not a picture; give PNG, JPEG, BMP or TIFF")
    return image if image.ndim == 2 else _grey(image)


def _grey(image: Image) -> Image:
    import cv2
    import numpy as np

    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)


def _pictures(folder: Path | None) -> list[Image]:
    if folder is None:
        return []
    if not folder.is_dir():
        refuse(f"{folder}: no such folder; give the one with the tilted views as --tilted")
    return [_picture(path) for path in sorted(folder.iterdir()) if path.suffix.lower() in PICTURES]


def _view(image: Image, board: Board, number: int) -> View:
    from vision.charuco import Refused, find_corners

    view = find_corners(image, board)
    if isinstance(view, Refused):
        which = "the flat picture" if number == 0 else f"tilted picture {number}"
        refuse(f"{which}: {view.reason}; nothing was written", code=NOT_DONE)
    return view


def _simulated_views(board: Board) -> list[Image]:
    from vision.board_rendering import STATION, TILTED, render_board

    return [
        render_board(STATION, board, attitude, seed=seed) for seed, attitude in enumerate(TILTED)
    ]


def _simulated_scale(division_um: float) -> Image:
    from vision.board_rendering import render_micrometer

    return render_micrometer(um_per_px=division_um / 40, division_um=division_um, tilt=0.004)

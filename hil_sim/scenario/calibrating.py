"""The simulated vision station is calibrated as a real one is: a board is laid on it and seen."""

from __future__ import annotations

from datetime import datetime

from controller.assembly import Folder, calibration_of
from controller.config import LabConfig
from vision.board_rendering import Attitude, Optics, render_board
from vision.calibration import Lens
from vision.calibration_file import write_calibration
from vision.charuco import Board, Refused, calibrate_stage, find_corners

_FAR_MM = 1e6  # so far away, a pinhole is as good as telecentric
_SQUARE_PX = 40.0
_SIDE_PX = 400


def calibrate_station(config: LabConfig, folder: Folder, now: datetime) -> None:
    """Calibrate the simulated camera, unless there is a calibration already.

    Raises OSError if the file cannot be written, RuntimeError if the camera cannot be
    calibrated, which is a fault of the simulation.
    """
    path = calibration_of(config, folder)
    if path.exists():
        return
    scale = config.simulation.px_per_mm
    square = _SQUARE_PX / scale
    board = Board(8, 8, square, 0.73 * square, "simulated board")
    middle = (_SIDE_PX - 1) / 2
    lens = Lens((scale * _FAR_MM,) * 2, (middle, middle), (0.0, 0.0, 0.0, 0.0, 0.0))
    optics = Optics(lens, _SIDE_PX, _SIDE_PX)
    view = find_corners(render_board(optics, board, Attitude(middle=(0.0, 0.0, _FAR_MM))), board)
    if isinstance(view, Refused):
        raise RuntimeError(f"the simulated camera sees no board: {view.reason}")
    camera = config.devices.camera.url
    made = calibrate_stage(view, (), camera=camera, artefact=board.name, now=now)
    if isinstance(made, Refused):
        raise RuntimeError(f"the simulated camera cannot be calibrated: {made.reason}")
    write_calibration(path, made)

"""What stands behind the line of a camera, by the configuration."""

from __future__ import annotations

from pathlib import Path

from controller.config import CameraSource
from drivers.cameras.folder import FolderSource
from drivers.cameras.gige import GigeSettings, GigeSource
from drivers.cameras.opencv import OpenCvSource
from drivers.cameras.source import FrameSource


def source_of(camera: CameraSource) -> FrameSource:
    """Return the camera of this machine that the section names; nothing is opened yet."""
    size = camera.width, camera.height
    match camera.driver:
        case "gige":
            return GigeSource(
                GigeSettings(
                    camera.camera,
                    *size,
                    exposure_us=camera.exposure_us or None,
                    frame_s=camera.frame_s,
                    attempts=camera.attempts,
                )
            )
        case "opencv":
            return OpenCvSource(camera.camera, size=size)
        case "folder":
            return FolderSource(Path(camera.camera), repeat=camera.repeat)

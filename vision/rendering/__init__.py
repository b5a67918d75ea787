"""Pictures of blocks that do not exist.

`render_surface` draws the fast, plain look of the simulated cell; `render_block` the wide,
randomised one for training and tests, from a `Scene` that is its own ground truth;
`render_crop` a close-up of one indentation.
"""

from vision.frame import Image
from vision.geometry import Mark, Outline, Point, Rectangle, Round
from vision.rendering.block import render_block
from vision.rendering.chance import Wish, random_scene
from vision.rendering.crop import DIAMETERS_MM, CropKind, CropTruth, render_crop
from vision.rendering.dents import Dent
from vision.rendering.lightings import (
    ANY_GLOW,
    ANY_LOOK,
    HELD_OUT_LOOKS,
    LOOKS,
    SPENT_LOOKS,
    STRANGE_LOOKS,
    TRAINING_LOOKS,
    UNSEEN_LOOKS,
)
from vision.rendering.looks import Look
from vision.rendering.plain import render_surface
from vision.rendering.plain_crop import render_plain_crop
from vision.rendering.plain_flaws import Flaw, FlawKind
from vision.rendering.scene import Pose, Scene

__all__ = [
    "ANY_GLOW",
    "ANY_LOOK",
    "DIAMETERS_MM",
    "HELD_OUT_LOOKS",
    "LOOKS",
    "SPENT_LOOKS",
    "STRANGE_LOOKS",
    "TRAINING_LOOKS",
    "UNSEEN_LOOKS",
    "CropKind",
    "CropTruth",
    "Dent",
    "Flaw",
    "FlawKind",
    "Image",
    "Look",
    "Mark",
    "Outline",
    "Point",
    "Pose",
    "Rectangle",
    "Round",
    "Scene",
    "Wish",
    "random_scene",
    "render_block",
    "render_crop",
    "render_plain_crop",
    "render_surface",
]

"""Everything that is to be seen in one picture of a block: its parameters and ground truth."""

from __future__ import annotations

from dataclasses import dataclass

from vision.frame import Frame
from vision.geometry import Mark, Outline
from vision.regions import Region
from vision.rendering.blemishes import Blemish
from vision.rendering.dents import Dent
from vision.rendering.looks import Look
from vision.rendering.texture import Finish
from vision.rendering.writing import Writing


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a block lies: its centre from the image centre, mm, and its turn to the left, rad."""

    x: float = 0.0
    y: float = 0.0
    turn: float = 0.0


@dataclass(frozen=True, slots=True)
class Form:
    """The large shape: tilt of the face (slopes right and up), bulge (slope per mm), waves."""

    tilt_p: float = 0.0
    tilt_q: float = 0.0
    bulge: float = 0.0
    wave: float = 0.0


@dataclass(frozen=True, slots=True)
class Ground:
    """What lies around the block.

    `level` is its brightness over that of the bare surface, `uneven` how that varies;
    `jaws` tells whether the gripper's jaws hold the block.
    """

    level: float = 0.1
    uneven: float = 0.1
    jaws: bool = False


@dataclass(frozen=True, slots=True)
class Optics:
    """Lens and sensor.

    `blur` is a sigma in px, `level` the grey level of the bare surface, `falloff` the loss of
    light in the corners (0 … 1), `tilt` the gain or loss from the middle to the right and to
    the lower side; `noise` is the read noise in grey levels, `shot` its variance per level.
    """

    blur: float = 0.6
    level: float = 150.0
    falloff: float = 0.1
    tilt: tuple[float, float] = (0.0, 0.0)
    noise: float = 1.5
    shot: float = 0.1


@dataclass(frozen=True, slots=True)
class Scene:
    """A block under a camera. Rendering the same scene gives the same pixels."""

    outline: Outline
    dents: tuple[Dent, ...]
    look: Look
    finish: Finish
    px_per_mm: float
    pose: Pose = Pose()
    form: Form = Form()
    ground: Ground = Ground()
    optics: Optics = Optics()
    writings: tuple[Writing, ...] = ()
    blemishes: tuple[Blemish, ...] = ()
    chamfer: float = 0.3
    face_up: bool = True
    border: float = 4.0
    seed: int = 0

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What a finder should find, in the block frame."""
        return tuple(sorted(dent.mark for dent in self.dents))

    @property
    def regions(self) -> tuple[Region, ...]:
        """The parts of the surface that writing and blemishes cover."""
        written = tuple(writing.region for writing in self.writings)
        return written + tuple(blemish.region for blemish in self.blemishes)

    def frame(self, shape: tuple[int, ...]) -> Frame:
        """Return where the block lies in a picture of that shape."""
        middle = Frame.centred(shape, self.px_per_mm)
        column, row = middle.to_px(self.pose.x, self.pose.y)
        return Frame(column, row, self.px_per_mm, self.pose.turn)

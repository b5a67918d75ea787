"""A simulated camera worker: it sees whatever block stands at the vision station of the world."""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from drivers.cameras.wire import RequestWire
from drivers.codecs import camera_worker as codec
from drivers.interfaces import VISION, Place
from drivers.lines import Listener, Port
from hil_sim.faults import Fault, Switch
from hil_sim.picture import Picture
from hil_sim.sketch import sketch
from hil_sim.world import World, WorldBlock
from metrology import find_scale
from runtime import Clock, offload, stream
from vision.geometry import Mark, Outline, Point, Rectangle, Round
from vision.rendering import render_surface

PICTURES_KEPT = 36
"""A tray's blocks and some more."""
DARK = 12
"""Grey level of an empty station."""


@dataclass(slots=True)
class CameraFaults:
    """Switches of the fault console.

    ``hang``: no answer; ``error``: refuse with this text; ``garble`` and
    ``truncate``: so many of the next frames arrive wrong or cut short.
    """

    hang: bool = False
    error: str = ""
    garble: int = 0
    truncate: int = 0


class SimulatedCamera:
    """Looks at one place. `protocol` is the factory for `Bench.listen`.

    ``wander_mm`` is how far from the image centre a block may come to lie;
    where it lies follows from ``seed`` and the block's name. With ``sketches`` it sends a
    description instead of a picture, for runs in which nobody looks at pictures.
    """

    def __init__(
        self,
        world: World,
        clock: Clock,
        seed: int,
        *,
        place: Place = VISION,
        px_per_mm: float = 20.0,
        exposure_s: float = 0.3,
        wander_mm: float = 0.8,
        empty_mm: float = 67.0,
    ) -> None:
        self.faults = CameraFaults()
        self.captures = 0
        self._world = world
        self._clock = clock
        self._seed = seed
        self._place = place
        self._px_per_mm = px_per_mm
        self._exposure_s = exposure_s
        self._wander_mm = wander_mm
        self._empty_mm = empty_mm
        self._drawn: OrderedDict[object, Picture] = OrderedDict()
        self.port: Port | None = None
        self.sketches = False

    def listen(self, bench: Listener, url: str) -> Port:
        """Serve on a bench; return the port, where wire faults are put."""
        self.port = bench.listen(url, self.protocol)
        return self.port

    @property
    def switches(self) -> Mapping[Fault, Switch]:
        """The faults this device knows besides those of its wire."""
        return {
            Fault.WRONG_VALUE: self.garble,
            Fault.STUCK_SENSOR: self.refuse,
            Fault.POWER_LOSS: self.power_loss,
        }

    def garble(self, frames: int = 1) -> None:
        """Let so many of the next frames arrive with a wrong pixel."""
        self.faults.garble = frames

    def refuse(self, error: str = "the sensor does not answer") -> None:
        """Let every capture fail with this; an empty text ends it."""
        self.faults.error = error

    def power_loss(self) -> None:
        """Lose power and come back: connections drop, a picture under way is gone."""
        if self.port is not None:
            self.port.hang_up()

    def protocol(self) -> asyncio.Protocol:
        """Return the worker's end for a new connection."""
        return RequestWire(self.answer, lives=lambda: not self.faults.hang)

    async def answer(self, number: int) -> bytes:
        """Return the bytes that answer a request; empty when the camera hangs."""
        await self._clock.sleep(self._exposure_s)
        if self.faults.hang:
            return b""
        if self.faults.error:
            return codec.encode_refusal(number, self.faults.error)
        picture = await self._look()
        self.captures += 1
        frame = codec.encode_frame(
            number, picture.width, picture.height, self._px_per_mm, picture.pixels
        )
        if self.faults.garble > 0:
            self.faults.garble -= 1
            frame = frame[:-1] + bytes([frame[-1] ^ 0x80])
        if self.faults.truncate > 0:
            self.faults.truncate -= 1
            frame = frame[: -picture.width]
        return frame

    async def _look(self) -> Picture:
        block = self._world.occupant(self._place)
        if block is None and self.sketches:
            return sketch(None)
        if block is None:
            side = math.ceil(self._empty_mm * self._px_per_mm)
            return Picture(side, side, bytes([DARK]) * (side * side))
        return await offload(self.draw, block)

    def draw(self, block: WorldBlock) -> Picture:
        """Return the picture of a block as it would lie at the station.

        The last of them are kept: drawing one takes longer than sending it.
        """
        if self.sketches:
            return sketch((outline_of(block), block.marks))
        key = (block.name, tuple(block.marks), tuple(block.flaws))
        if key not in self._drawn:
            self._drawn[key] = self._draw(block)
            if len(self._drawn) > PICTURES_KEPT:
                self._drawn.popitem(last=False)
        return self._drawn[key]

    def _draw(self, block: WorldBlock) -> Picture:
        rng = stream(self._seed, "camera", block.name)
        reach = self._wander_mm
        offset = Point(rng.uniform(-reach, reach), rng.uniform(-reach, reach))
        marks = [(Mark(m.x, m.y, m.diameter), find_scale(m.scale).indenter) for m in block.marks]
        image = render_surface(
            outline_of(block),
            [mark for mark, _ in marks],
            px_per_mm=self._px_per_mm,
            offset=offset,
            seed=rng.getrandbits(32),
            bowls={mark for mark, indenter in marks if indenter == "ball"},
            flaws=block.flaws,
        )
        return Picture(image.shape[1], image.shape[0], image.tobytes())


def outline_of(block: WorldBlock) -> Outline:
    """Return the rim of a block's test surface."""
    if block.shape == "round":
        return Round(block.width_mm)
    return Rectangle(block.width_mm, block.depth_mm)

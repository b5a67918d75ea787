"""A page of blocks as the cell sees and plans them: python -m benchmarks.vision_sheet TO.webp.

Twelve blocks under twelve lights, each with what is there, what was found and where the cell
would indent. Set by Typst, which the documents use too.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import typst

from benchmarks.vision_places import Order, Outcome, order_for, outcome
from benchmarks.vision_scoring import scene_of
from benchmarks.vision_truth import truth_of
from vision.finder import Surface, find_surface
from vision.frame import Frame, Image
from vision.geometry import Mark, Point, Round
from vision.pen import Colour, Pen
from vision.rendering import UNSEEN_LOOKS, Scene, render_block

_PX_PER_MM = 20.0
_TILE_PX, _FINE = 560, 2
_FIRST = 13_000_000
_LEAST, _MOST = 9, 34
_LIGHTS = {
    "coaxial": "coaxial",
    "ring": "ring light",
    "low_angle": "low angle",
    "panel": "panel",
    "dome": "dome",
    "segments": "segments",
    "tubes": "tubes",
    "leds": "LED bar",
    "window": "window",
    "beam": "beams of a tent",
    "two_rings": "two rings",
    "stripes": "stripes",
}

_FOUND: Colour = (112, 190, 60)
_DOUBT: Colour = (40, 165, 250)
_MISSED: Colour = (200, 60, 230)
_FALSE: Colour = (70, 70, 235)
_PLAN: Colour = (235, 150, 40)
_WHITE: Colour = (255, 255, 255)

_GAP_MM, _DISC_MM, _AROUND_MM = 0.45, 1.3, 1.2
_OF_PITCH = 0.42
_DARKEST, _RANGE = 24, 200


@dataclass(frozen=True, slots=True)
class _Block:
    """A scene, its picture, what was found in it, and what the cell would do."""

    scene: Scene
    image: Image
    surface: Surface
    outcome: Outcome
    order: Order


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("to", type=Path)
    parser.add_argument("--first", type=int, default=_FIRST, help="seed to start from")
    parser.add_argument("--quality", type=int, default=72)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    blocks = [_block(look, args.first + 1000 * k) for k, look in enumerate(_LIGHTS)]
    with tempfile.TemporaryDirectory() as folder:
        for k, block in enumerate(blocks):
            cv2.imwrite(f"{folder}/{k}.png", _drawn(block))
        (Path(folder) / "sheet.typ").write_text(_page(blocks), "utf-8")
        typst.compile(f"{folder}/sheet.typ", f"{folder}/sheet.png", format="png", ppi=100.0)
        sheet = cv2.imread(f"{folder}/sheet.png")
        assert sheet is not None
        cv2.imwrite(str(args.to), sheet, [cv2.IMWRITE_WEBP_QUALITY, args.quality])
    print(f"written: {args.to}, {args.to.stat().st_size / 1024:.0f} KB")


def _block(look: str, seed: int) -> _Block:
    """Return the first block from a seed on that has a good many marks and can be planned."""
    while True:
        scene = scene_of(seed, (look,), _PX_PER_MM, 0.6)
        if _LEAST <= len(scene.marks) <= _MOST:
            image = render_block(scene)
            surface = find_surface(image, px_per_mm=_PX_PER_MM)
            order = order_for(scene.marks, np.random.default_rng((seed, 3)))
            truth = truth_of(scene, (image.shape[0], image.shape[1]))
            result = outcome(image, _PX_PER_MM, order, truth)
            if isinstance(surface, Surface) and result.plan:
                return _Block(scene, image, surface, result, order)
        seed += 1


# -- the drawing over a photograph ---------------------------------------------------------


def _drawn(block: _Block) -> Image:
    """Return the photograph with truth, findings and plan drawn over it."""
    scene, seen, plan = block.scene, block.outcome.seen, block.outcome.plan
    assert seen is not None and plan is not None
    canvas, way = _ground(scene, block.image)
    true = Pen(canvas, _laid(scene.frame(block.image.shape), way))
    found = Pen(canvas, _laid(seen.surface.frame(block.image.shape, _PX_PER_MM), way))
    for patch in seen.patches:
        found.shade([Point(c.x, c.y) for c in patch.corners], patch.reach, _FALSE, 0.30)
    named: set[Mark] = set()
    for mark in seen.surface.marks:
        real = _nearest(true.frame.to_mm(*found.frame.to_px(mark.x, mark.y)), scene.marks)
        named |= {real} if real else set()
        colour = (_FOUND if real else _FALSE) if mark.certain else _DOUBT
        found.ring(mark.centre, mark.diameter / 2 + _GAP_MM, colour, 2 * _FINE)
    for mark in scene.marks:
        if mark not in named:
            true.ring(mark.centre, mark.diameter / 2 + _GAP_MM, _MISSED, 4 * _FINE)
        true.ring(mark.centre, mark.diameter / 2, _WHITE, _FINE)
    size = min(_DISC_MM, _OF_PITCH * max(2.0, 4 * block.order.diameter))
    for place in plan.spares:
        found.ring(place, size, _PLAN, 2 * _FINE)
    for number, place in enumerate(plan.positions, 1):
        found.ring(place, 1.15 * size, _WHITE, -1)
        found.ring(place, size, _PLAN, -1)
        found.text(str(number), place, _WHITE, size=0.36 * _FINE * size)
    small = cv2.resize(canvas, (_TILE_PX, _TILE_PX), interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False)


def _nearest(place: Point, marks: Sequence[Mark]) -> Mark | None:
    near = [m for m in marks if place.distance(m) <= max(0.3 * m.diameter, 0.1)]
    return min(near, key=place.distance, default=None)


def _ground(scene: Scene, image: Image) -> tuple[Image, tuple[float, float, float]]:
    """Return the square around the block, evened in contrast; scale, and what to add (px)."""
    frame, side = scene.frame(image.shape), _TILE_PX * _FINE
    cosine, sine = abs(math.cos(scene.pose.turn)), abs(math.sin(scene.pose.turn))
    width, height = scene.outline.half_width, scene.outline.half_height
    half = width
    if not isinstance(scene.outline, Round):
        half = max(width * cosine + height * sine, width * sine + height * cosine)
    scale = side / (2 * (half + _AROUND_MM) * _PX_PER_MM)
    right, down = (side / 2 - scale * at for at in (frame.column, frame.row))
    way = np.array([[scale, 0, right], [0, scale, down]])
    shown = cv2.warpAffine(image, way, (side, side), borderMode=cv2.BORDER_REPLICATE)
    low, high = np.percentile(shown, [3, 99.7])
    even = np.clip((shown.astype(np.float32) - low) / max(float(high - low), 1.0), 0, 1)
    grey = (_DARKEST + _RANGE * even**0.75).astype(np.uint8)
    coloured = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)
    return coloured, (scale, right, down)


def _laid(frame: Frame, way: tuple[float, float, float]) -> Frame:
    scale, right, down = way
    column, row = frame.column * scale + right, frame.row * scale + down
    return replace(frame, column=column, row=row, px_per_mm=frame.px_per_mm * scale)


# -- the page --------------------------------------------------------------------------------


def _page(blocks: Sequence[_Block]) -> str:
    """Return the page in Typst's language."""
    cells = "\n".join(_cell(k, block) for k, block in enumerate(blocks))
    return f"""
#set page(width: 1190pt, height: auto, margin: 26pt, fill: rgb("f7f6f3"))
#set text(font: "Libertinus Serif", size: 13pt, fill: rgb("26241f"))
#let ring(c, w: 2pt, r: 6.5pt) = box(baseline: 22%, circle(radius: r, stroke: w + rgb(c)))
#let key(sign, words) = box[#sign #h(4pt) #words #h(16pt)]
#text(size: 25pt, weight: "bold")[Twelve blocks under twelve lights]
#v(-6pt)
#text(size: 14pt, fill: rgb("6b675e"))[What is there, what the cell finds, and where it would
indent; below each block how many old marks it bears and how wide the new ones will be. \\
Lights marked #text(fill: rgb("a4501e"))[◆] are of kinds that nothing was fitted under.]
#v(4pt)
#key(ring("8a8a8a", w: 1pt), [truth (white)])
#key(ring("{_web(_FOUND)}"), [found, certain])
#key(ring("{_web(_DOUBT)}"), [doubtful: keeps its place])
#key(ring("{_web(_MISSED)}", w: 3.4pt), [missed])
#key(ring("{_web(_FALSE)}"), [certain, but none])
#key(box(baseline: 22%, rect(width: 15pt, height: 13pt, fill: rgb("{_web(_FALSE)}66"))),
  [kept clear of])
#key(box(baseline: 22%, circle(radius: 7.5pt, fill: rgb("{_web(_PLAN)}"), inset: 0pt,
  align(center + horizon, text(10pt, fill: white, weight: "bold")[1]))), [planned])
#key(ring("{_web(_PLAN)}"), [spare])
#v(4pt)
#grid(columns: 4, gutter: 14pt, row-gutter: 16pt,
{cells}
)
"""


def _cell(k: int, block: _Block) -> str:
    look = block.scene.look.name
    new = '#text(fill: rgb("a4501e"))[◆] ' if look in UNSEEN_LOOKS else ""
    marks, wide = len(block.scene.marks), block.order.diameter
    words = f"{marks} old, {wide:.2f} mm for {block.order.scale.symbol}"
    return f"""[#image("{k}.png", width: 274pt)
#v(-7pt) {new}#text(weight: "bold")[{_LIGHTS[look]}] #h(1fr)
#text(size: 11.5pt, fill: rgb("6b675e"))[{words}]],"""


def _web(colour: Colour) -> str:
    return "".join(f"{value:02x}" for value in reversed(colour))


if __name__ == "__main__":
    main()

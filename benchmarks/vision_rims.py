"""How well the rim of a block is found: python -m benchmarks.vision_rims [--blocks 20].

Blocks of every finish and state of wear under every kind of light that the renderer knows,
some of the pictures mirrored in grey. An outline counts as wrong when its centre is more than
0.3 mm or a side more than 1 % off: worse than a refusal, for the marks and the keep-outs are
told from it. `--against FILE` does the same, picture by picture, with the `find_rim` of another
`vision/rim.py`; `--sheet PNG` draws what was refused or wrong. Seeds: 15,000,000 on for final
figures, with `--tuning` 14,000,000 on.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.vision_pictures import kept
from benchmarks.vision_scoring import scene_of
from vision import rim
from vision.frame import Image
from vision.geometry import Outline, Round
from vision.rendering import LOOKS, Scene, render_block

_FINAL, _TUNING = 15_000_000, 14_000_000
_APART = 10_000
_WRONG_MM, _WRONG_SHARE = 0.3, 0.01
_INVERTED = 5
"""Every so many pictures one is turned to its negative."""
_TILE_PX = 420
_HEAD = (
    f"{'look':<12} {'blocks':>6} {'refused':>7} {'wrong':>5}   centre mm p50   p95    max"
    "   side % p95    max   turn mrad p95   CPU ms mean   max"
)

Finder = Callable[[Image, float], rim.Rim | str]


@dataclass(frozen=True, slots=True)
class _Found:
    """What came of one picture: errors in mm, share of a side, rad; the reason of a refusal."""

    look: str
    seed: int
    refused: str
    centre: float
    side: float
    turn: float
    seconds: float

    @property
    def wrong(self) -> bool:
        return not self.refused and (self.centre > _WRONG_MM or self.side > _WRONG_SHARE)


def main() -> None:
    args = _arguments()
    if args.pictures is not None:
        args.pictures.mkdir(parents=True, exist_ok=True)
    start = _TUNING if args.tuning else _FINAL
    names = list(LOOKS)
    finders = [("", None), *([("old", args.against)] if args.against else [])]
    bad: list[tuple[str, int]] = []
    everything: list[list[_Found]] = []
    print(_HEAD)
    with ProcessPoolExecutor(args.workers, initializer=_quiet) as pool:
        for look in args.looks or names:
            first = start + _APART * names.index(look)
            jobs = [(look, s, args) for s in range(first, first + args.blocks)]
            both = list(pool.map(_job, jobs))
            for k, (name, _) in enumerate(finders):
                print(_line(f"{look} {name}".strip(), [b[k] for b in both]), flush=True)
            bad += [(b[0].look, b[0].seed) for b in both if b[0].refused or b[0].wrong]
            everything += both
    for k, (name, _) in enumerate(finders):
        print(_line(f"all {name}".strip(), [b[k] for b in everything]))
    for found in (b[0] for b in everything):
        if args.verbose and (found.refused or found.wrong or found.centre > args.verbose):
            print(
                f"{found.look} {found.seed}: {found.refused or 'wrong' * found.wrong} "
                f"centre {found.centre:.3f} side {100 * found.side:.3f} %"
            )
    if args.sheet and bad:
        cv2.imwrite(str(args.sheet), _sheet(bad[:20], args.pictures))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=20, help="blocks per lighting")
    parser.add_argument("--looks", nargs="+", choices=tuple(LOOKS))
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--pictures", type=Path, help="a folder that keeps them")
    parser.add_argument("--against", type=Path, help="another vision/rim.py")
    parser.add_argument("--sheet", type=Path, help="a PNG of what was refused or wrong")
    parser.add_argument("--tuning", action="store_true", help="other seeds, to look at")
    parser.add_argument("--verbose", type=float, metavar="MM", help="name what is farther off")
    return parser.parse_args()


def _quiet() -> None:
    cv2.setNumThreads(1)


def _job(job: tuple[str, int, argparse.Namespace]) -> list[_Found]:
    look, seed, args = job
    scene, image = _picture(look, seed, args.pictures)
    finders: list[Finder] = [rim.find_rim]
    if args.against:
        finders.append(_other(args.against))
    return [_measured(look, seed, scene, image, finder) for finder in finders]


def _other(path: Path) -> Finder:
    spec = importlib.util.spec_from_file_location("other_rim", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["other_rim"] = module
    spec.loader.exec_module(module)
    finder: Finder = module.find_rim
    return finder


def _picture(look: str, seed: int, folder: Path | None) -> tuple[Scene, Image]:
    def draw() -> tuple[Scene, bytes]:
        scene = scene_of(seed, (look,), 20.0, None)
        image = render_block(scene)
        if seed % _INVERTED == 0:
            image = (255 - image).astype(np.uint8)
        file = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1]
        return scene, file.tobytes()

    scene, file = kept(draw, folder / f"{look}-{seed}.pickle") if folder else draw()
    image = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_GRAYSCALE)
    return scene, np.asarray(image, np.uint8)


def _measured(look: str, seed: int, scene: Scene, image: Image, finder: Finder) -> _Found:
    started = time.process_time()
    found = finder(image, scene.px_per_mm)
    seconds = time.process_time() - started
    if isinstance(found, str):
        return _Found(look, seed, found, 0.0, 0.0, 0.0, seconds)
    true = scene.pose
    centre = math.hypot(found.centre.x - true.x, found.centre.y - true.y)
    quarter = math.pi / 2
    off = 0.0 if isinstance(scene.outline, Round) else found.turn - true.turn
    turns = round(off / quarter)
    side = _side_error(found.outline, scene.outline, turns % 2 == 1)
    return _Found(look, seed, "", centre, side, abs(off - turns * quarter), seconds)


def _side_error(found: Outline, true: Outline, swapped: bool) -> float:
    """Return by what share the worse side is off, 1 if the shape is another one."""
    if isinstance(found, Round) != isinstance(true, Round):
        return 1.0
    wide, high = true.half_width, true.half_height
    if swapped:
        wide, high = high, wide
    return max(abs(found.half_width / wide - 1), abs(found.half_height / high - 1))


def _line(name: str, results: Sequence[_Found]) -> str:
    good = [r for r in results if not r.refused and not r.wrong]
    centres = [r.centre for r in good] or [0.0]
    sides = [100 * r.side for r in good] or [0.0]
    turns = [1000 * r.turn for r in good] or [0.0]
    return (
        f"{name:<16} {len(results):4d} {sum(bool(r.refused) for r in results):5d} "
        f"{sum(r.wrong for r in results):5d} {np.quantile(centres, 0.5):14.4f} "
        f"{np.quantile(centres, 0.95):8.4f} {max(centres):6.3f} "
        f"{np.quantile(sides, 0.95):10.3f} {max(sides):6.3f} {np.quantile(turns, 0.95):12.2f} "
        f"{1000 * np.mean([r.seconds for r in results]):14.1f} "
        f"{1000 * max(r.seconds for r in results):5.0f}"
    )


def _sheet(bad: Sequence[tuple[str, int]], folder: Path | None) -> Image:
    """Return the pictures with the true rim (dark and light dots) and the one found."""
    tiles = []
    for look, seed in bad:
        scene, image = _picture(look, seed, folder)
        found = rim.find_rim(image, scene.px_per_mm)
        tile = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
        if not isinstance(found, str):
            _draw(tile, found, scene.px_per_mm)
        scale = _TILE_PX / max(image.shape)
        tile = cv2.resize(tile, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        wide = np.zeros((_TILE_PX, _TILE_PX, 3), np.uint8)
        wide[: tile.shape[0], : tile.shape[1]] = tile[:_TILE_PX, :_TILE_PX]
        cv2.putText(wide, f"{look} {seed}", (5, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 255, 255))
        tiles.append(wide)
    while len(tiles) % 4:
        tiles.append(np.zeros_like(tiles[0]))
    rows = [np.hstack(tiles[k : k + 4]) for k in range(0, len(tiles), 4)]
    return np.vstack(rows)


def _draw(tile: Image, found: rim.Rim, px_per_mm: float) -> None:
    middle = (
        (tile.shape[1] - 1) / 2 + found.centre.x * px_per_mm,
        (tile.shape[0] - 1) / 2 - found.centre.y * px_per_mm,
    )
    outline = found.outline
    if isinstance(outline, Round):
        at = (round(middle[0]), round(middle[1]))
        cv2.circle(tile, at, round(outline.half_width * px_per_mm), (0, 0, 255), 3)
        return
    size = (2 * outline.half_width * px_per_mm, 2 * outline.half_height * px_per_mm)
    box = cv2.boxPoints((middle, size, -math.degrees(found.turn)))
    cv2.polylines(tile, [np.rint(box).astype(np.int32)], True, (0, 0, 255), 3)


if __name__ == "__main__":
    main()

"""What a surface should not bear: scratches, rust, stains, fingerprints, dust, chips."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from vision.geometry import Point
from vision.regions import Disc, Region, RegionKind
from vision.rendering.looks import Look
from vision.rendering.slopes import Floats, Slopes, window_around
from vision.rendering.texture import cloud

_STRENGTHS = (0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, slots=True)
class Blemish:
    """A blemish at a place of the block frame.

    `size` is its radius or half length, mm; `direction` is in the block frame, rad;
    `strength` goes from 0 to 1.
    """

    kind: RegionKind
    x: float
    y: float
    size: float
    direction: float
    strength: float
    seed: int

    @property
    def width(self) -> float:
        """Width of a scratch, mm."""
        return 0.02 + 0.16 * self.strength**2

    def shown_by(self, look: Look, least: float) -> Blemish:
        """Return rust as strong as it must be for a light to show it; anything else as it is.

        Faint rust may be just as bright as the face: then it is there for nobody.
        """
        if self.kind is not RegionKind.RUST:
            return self
        stronger = (replace(self, strength=s) for s in (self.strength, *_STRENGTHS))
        return next((one for one in stronger if one._contrast(look) >= least), self)

    def _contrast(self, look: Look) -> float:
        share = _rust_share(self.strength)
        return look.skin_contrast(1 + share * (_rust_albedo(self.strength) - 1), share)

    @property
    def region(self) -> Region:
        """The part of the surface that it covers."""
        if self.kind is not RegionKind.SCRATCH:
            disc = Disc(self.x, self.y, self.size)
            return Region(self.kind, (disc,), math.pi * self.size**2)
        along = np.linspace(-1, 1, max(3, round(2 * self.size)))
        turn = (math.cos(self.direction), math.sin(self.direction))
        discs = tuple(
            Disc(self.x + self.size * t * turn[0], self.y + self.size * t * turn[1], 0.5)
            for t in along.tolist()
        )
        return Region(self.kind, discs, 2 * self.size * self.width)


@dataclass(slots=True)
class Skin:
    """What lies on the slopes: how much light comes back, and how matte it is (0 … 1)."""

    albedo: Floats
    matte: Floats

    @classmethod
    def clean(cls, shape: tuple[int, int]) -> Skin:
        """Return a clean polished skin."""
        return cls(np.ones(shape, np.float32), np.zeros(shape, np.float32))


def spoil(
    slopes: Slopes, skin: Skin, blemish: Blemish, at: tuple[float, float], scale: float, turn: float
) -> None:
    """Draw a blemish whose centre lies at `at` (column, row); `scale` is px per mm."""
    rng = np.random.default_rng(blemish.seed)
    reach = blemish.size * scale + 4
    window = window_around(slopes.shape, at[0], at[1], reach)
    shape = slopes.p[window].shape
    if min(shape) < 2:
        return
    rows = np.arange(window[0].start, window[0].stop, dtype=np.float32) - np.float32(at[1])
    columns = np.arange(window[1].start, window[1].stop, dtype=np.float32) - np.float32(at[0])
    patch = _Patch(slopes, skin, blemish, window, columns[None, :], rows[:, None], scale, turn)
    match blemish.kind:
        case RegionKind.SCRATCH:
            _scratch(patch, rng)
        case RegionKind.RUST:
            _rust(patch, rng)
        case RegionKind.STAIN:
            _stain(patch, rng)
        case RegionKind.FINGERPRINT:
            _fingerprint(patch, rng)
        case RegionKind.DUST:
            _dust(patch, rng)
        case _:
            _chip(patch, rng)


@dataclass(slots=True)
class _Patch:
    """A blemish and the window it is drawn in; `x`, `y` are pixels right and down of it."""

    slopes: Slopes
    skin: Skin
    blemish: Blemish
    window: tuple[slice, slice]
    x: Floats
    y: Floats
    scale: float
    turn: float

    @property
    def shape(self) -> tuple[int, int]:
        rows, columns = self.skin.matte[self.window].shape
        return rows, columns

    def blob(self, ragged: float, cells: int, rng: np.random.Generator) -> Floats:
        """Return 1 within the ragged disc, 0 outside, soft between."""
        radius = self.blemish.size * self.scale
        away = np.sqrt(self.x * self.x + self.y * self.y) / np.float32(radius)
        edge = 0.7 + ragged * 0.15 * cloud(self.shape, cells, rng)
        soft: Floats = np.clip((np.minimum(edge, 1) - away) * 6, 0, 1).astype(np.float32)
        return soft

    def cover(self, share: Floats, albedo: Floats | float) -> None:
        """Make the skin matte and of that albedo by the share given."""
        part = self.skin.matte[self.window]
        np.maximum(part, share, out=part)
        self.skin.albedo[self.window] *= 1 + share * (np.float32(1) * albedo - 1)


def _scratch(patch: _Patch, rng: np.random.Generator) -> None:
    """Draw a slightly bent groove with raised sides."""
    blemish = patch.blemish
    along = np.linspace(-1, 1, 24)
    angle = blemish.direction + patch.turn
    bend = rng.normal(0, 0.06) * (1 - along**2)
    length = blemish.size * patch.scale
    columns = length * (along * math.cos(angle) - bend * math.sin(angle)) - float(patch.x.min())
    rows = -length * (along * math.sin(angle) + bend * math.cos(angle)) - float(patch.y.min())
    canvas = np.zeros(patch.shape, np.uint8)
    line = (np.stack([columns, rows], axis=1) * 16).round().astype(np.int32)
    width = max(1, round(blemish.width * patch.scale))
    cv2.polylines(canvas, [line[:, None, :]], False, (255,), width, cv2.LINE_AA, 4)
    groove = cv2.GaussianBlur(canvas.astype(np.float32) / 255, (0, 0), 0.5 + 0.25 * width)
    depth = np.float32((0.25 + 0.5 * blemish.strength) * (0.6 + 0.5 * width))
    patch.slopes.add_height((-depth * groove).astype(np.float32), patch.window)
    np.maximum(
        patch.skin.matte[patch.window],
        groove * np.float32(0.5 * blemish.strength),
        out=patch.skin.matte[patch.window],
    )


def _rust(patch: _Patch, rng: np.random.Generator) -> None:
    """Draw a cluster of dark matte blotches with pitted ground."""
    outer = patch.blob(1.0, 5, rng)
    pits = np.clip((cloud(patch.shape, max(4, int(3 * patch.blemish.size)), rng) + 0.6) * 2, 0, 1)
    share = outer * pits.astype(np.float32) * np.float32(_rust_share(patch.blemish.strength))
    grain = rng.standard_normal(patch.shape, dtype=np.float32)
    patch.slopes.p[patch.window] += np.float32(0.12) * share * grain
    patch.cover(share, _rusty(patch.blemish.strength, grain))


def _stain(patch: _Patch, rng: np.random.Generator) -> None:
    """Draw a film with a darker dried edge."""
    inner = patch.blob(0.8, 3, rng)
    edge = 4 * inner * (1 - inner)
    dark = np.float32(0.06 + 0.16 * patch.blemish.strength)
    patch.skin.albedo[patch.window] *= 1 - dark * (0.6 * inner + 0.8 * edge)


def _fingerprint(patch: _Patch, rng: np.random.Generator) -> None:
    """Draw greasy ridges, 0.45 mm apart, whorled about a point beside the middle."""
    scale, blemish = patch.scale, patch.blemish
    x = patch.x - np.float32(rng.normal(0, 0.3) * blemish.size * scale)
    y = patch.y - np.float32(rng.normal(0, 0.3) * blemish.size * scale)
    bent = np.sqrt(x * x + np.float32(1.7) * y * y) / np.float32(0.45 * scale)
    bent = bent + np.float32(0.5) * cloud(patch.shape, 4, rng)
    ridges = np.clip(0.5 + 0.9 * np.cos(2 * math.pi * bent), 0, 1)
    patchy = np.clip(0.6 + 0.4 * cloud(patch.shape, 7, rng), 0, 1)
    share = patch.blob(0.6, 3, rng) * ridges * patchy * np.float32(0.10 + 0.30 * blemish.strength)
    patch.cover(share.astype(np.float32), 1.0)


def _dust(patch: _Patch, rng: np.random.Generator) -> None:
    """Draw a grain, or a fibre where it is long."""
    radius = patch.blemish.size * patch.scale
    if patch.blemish.strength > 0.7:
        canvas = np.zeros(patch.shape, np.uint8)
        steps = np.cumsum(rng.normal(0, 0.35, 20)) + rng.uniform(0, 6)
        way = np.cumsum(np.stack([np.cos(steps), np.sin(steps)], axis=1), axis=0)
        way = (way - way.mean(axis=0)) * radius / max(float(np.abs(way).max()), 1.0)
        way -= (float(patch.x.min()), float(patch.y.min()))
        points = (way * 16).round().astype(np.int32)[:, None, :]
        cv2.polylines(canvas, [points], False, (255,), 1, cv2.LINE_AA, 4)
        share = canvas.astype(np.float32) / 255
    else:
        stretch = rng.uniform(0.35, 0.9)
        lean = rng.uniform(0, math.pi)
        u = patch.x * math.cos(lean) + patch.y * math.sin(lean)
        v = (patch.y * math.cos(lean) - patch.x * math.sin(lean)) / stretch
        away = np.sqrt(u * u + v * v) / np.float32(max(radius, 0.6))
        soft = (1 - away) * 3 + 0.5 * cloud(patch.shape, 4, rng)
        share = np.clip(soft, 0, 1).astype(np.float32)
    patch.cover(np.asarray(share, np.float32), float(rng.uniform(0.15, 1.5)))


def _chip(patch: _Patch, rng: np.random.Generator) -> None:
    """Draw a broken-out piece or a dent of no test: steep random facets."""
    outer = patch.blob(1.2, 4, rng)
    height = cloud(patch.shape, 5, rng) * np.float32(0.10 * patch.blemish.size * patch.scale)
    patch.slopes.add_height(
        (outer * (height - 0.2 * patch.blemish.size * patch.scale)).astype(np.float32), patch.window
    )
    np.maximum(
        patch.skin.matte[patch.window], outer * np.float32(0.5), out=patch.skin.matte[patch.window]
    )


def at_place(blemish: Blemish) -> Point:
    """Return the centre of the blemish, mm."""
    return Point(blemish.x, blemish.y)


def _rusty(strength: float, grain: Floats) -> Floats:
    dark: Floats = np.float32(_rust_albedo(strength)) + np.float32(0.06) * grain
    return dark


def _rust_share(strength: float) -> float:
    return 0.6 + 0.4 * strength


def _rust_albedo(strength: float) -> float:
    return 0.62 - 0.35 * strength

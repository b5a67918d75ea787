"""A picture of a scene: slopes first, then light, then lens and sensor."""

from __future__ import annotations

import math

import cv2
import numpy as np

from vision.frame import Frame, Image
from vision.geometry import Round
from vision.rendering.blemishes import Skin, spoil
from vision.rendering.dents import Dent, Places, places, press
from vision.rendering.scene import Scene
from vision.rendering.slopes import Floats, Slopes, Window, window_around
from vision.rendering.texture import cloud, roughen
from vision.rendering.writing import write

_CHAMFER_SLOPE = 1.0
_SMALL_PX, _MIDDLE_PX = 14.0, 40.0


def render_block(scene: Scene) -> Image:
    """Return the grey picture of a scene, 8 bit: the block and `border` mm around it.

    It is large enough for the block at any turn; the pose moves it within.
    """
    shape = _shape(scene)
    frame = scene.frame(shape)
    rng = np.random.default_rng(scene.seed)
    return expose(lit(scene, shape, frame, rng), scene, rng)


def lit(scene: Scene, shape: tuple[int, int], frame: Frame, rng: np.random.Generator) -> Floats:
    """Return the light that reaches the lens; 1 is a flat clean mirror's."""
    where = _places(shape, frame)
    depth = _depth(scene, where)
    slopes, skin = _surface(scene, shape, frame, where, depth)
    scale = 1 / max(scene.look.level, 0.02)
    light = _shone(slopes, skin, scene, frame, shape) * np.float32(scale)
    block = np.clip(depth * np.float32(scene.px_per_mm) + np.float32(0.5), 0, 1)
    ground = _ground(scene, shape, where, rng)
    composed: Floats = ground + block * (light - ground)
    return composed


def expose(light: Floats, scene: Scene, rng: np.random.Generator) -> Image:
    """Return what the sensor makes of the light: blurred, uneven, noisy, cut at 255."""
    optics = scene.optics
    rows, columns = light.shape
    y = np.linspace(-1, 1, rows, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, columns, dtype=np.float32)[None, :]
    grey = cv2.GaussianBlur(light, (0, 0), optics.blur) if optics.blur > 0.2 else light
    falloff = 1 - np.float32(optics.falloff / 2) * (x * x + y * y)
    falloff += np.float32(optics.tilt[0]) * x + np.float32(optics.tilt[1]) * y
    grey = np.clip(grey * falloff * np.float32(optics.level), 0, 300)
    noise = np.sqrt(optics.noise**2 + np.float32(optics.shot) * grey)
    grey += noise * rng.standard_normal(light.shape, dtype=np.float32)
    image: Image = np.clip(grey + 0.5, 0, 255).astype(np.uint8)
    return image


def _shape(scene: Scene) -> tuple[int, int]:
    width, height = scene.outline.half_width, scene.outline.half_height
    if not isinstance(scene.outline, Round):
        cosine, sine = abs(math.cos(scene.pose.turn)), abs(math.sin(scene.pose.turn))
        width, height = width * cosine + height * sine, width * sine + height * cosine
    sides = (height + abs(scene.pose.y), width + abs(scene.pose.x))
    rows, columns = (math.ceil(2 * (v + scene.border) * scene.px_per_mm) for v in sides)
    return rows, columns


def _places(shape: tuple[int, int], frame: Frame) -> Places:
    rows, columns = (np.arange(n, dtype=np.float32) for n in shape)
    return places(columns, rows, (frame.column, frame.row), frame.px_per_mm, frame.turn)


def _depth(scene: Scene, where: Places) -> Floats:
    """Return for each pixel its distance to the rim, mm, positive on the block."""
    if isinstance(scene.outline, Round):
        radius = np.float32(scene.outline.half_width)
        inner: Floats = radius - np.sqrt(where.x * where.x + where.y * where.y)
        return inner
    across = np.float32(scene.outline.half_width) - np.abs(where.x)
    nearest: Floats = np.minimum(across, np.float32(scene.outline.half_height) - np.abs(where.y))
    return nearest


def _surface(
    scene: Scene, shape: tuple[int, int], frame: Frame, where: Places, depth: Floats
) -> tuple[Slopes, Skin]:
    """Return slopes and skin of all but the dents."""
    slopes, skin = Slopes.flat(shape), Skin.clean(shape)
    roughen(slopes, scene.finish, where, frame.turn)
    _bend(slopes, scene, shape, frame)
    for writing in scene.writings:
        write(slopes, skin, writing, frame.to_px(writing.x, writing.y), frame.px_per_mm, frame.turn)
    for blemish in scene.blemishes:
        at = frame.to_px(blemish.x, blemish.y)
        spoil(slopes, skin, blemish, at, frame.px_per_mm, frame.turn)
    _break_edge(slopes, scene, depth, where)
    return slopes, skin


def _bend(slopes: Slopes, scene: Scene, shape: tuple[int, int], frame: Frame) -> None:
    """Add the large form, and the shift of the mirror direction over the image."""
    rows, columns = (np.arange(n, dtype=np.float32) for n in shape)
    x = ((columns - shape[1] / 2) / frame.px_per_mm)[None, :].astype(np.float32)
    y = ((shape[0] / 2 - rows) / frame.px_per_mm)[:, None].astype(np.float32)
    bulge = np.float32(scene.form.bulge + scene.look.spread)
    slopes.p += np.float32(scene.form.tilt_p) + bulge * x
    slopes.q += np.float32(scene.form.tilt_q) + bulge * y
    if scene.form.wave:
        rng = np.random.default_rng(scene.seed + 1)
        slopes.p += np.float32(scene.form.wave) * cloud(shape, 3, rng)


def _break_edge(slopes: Slopes, scene: Scene, depth: Floats, where: Places) -> None:
    """Add the chamfer along the rim, falling outwards."""
    px = scene.px_per_mm
    # The face within, most of the picture, has no share in it.
    near = np.nonzero(depth < scene.chamfer + 2 / px)
    wide, high = where.x[near], where.y[near]
    # Rounded over two pixels, or the bright line of the edge would break into dots.
    share = np.clip((np.float32(scene.chamfer) - depth[near]) * np.float32(px / 3) + 0.5, 0, 1)
    if isinstance(scene.outline, Round):
        away = np.sqrt(wide * wide + high * high) + np.float32(1e-6)
        x, y = wide / away, high / away
    else:
        side = np.float32(scene.outline.half_width) - np.abs(wide) <= (
            np.float32(scene.outline.half_height) - np.abs(high)
        )
        x, y = np.sign(wide) * side, np.sign(high) * ~side
    cosine, sine = np.float32(math.cos(where.turn)), np.float32(math.sin(where.turn))
    fall = share * np.float32(-_CHAMFER_SLOPE)
    slopes.p[near] += fall * (x * cosine - y * sine)
    slopes.q[near] += fall * (x * sine + y * cosine)


def _shone(
    slopes: Slopes, skin: Skin, scene: Scene, frame: Frame, shape: tuple[int, int]
) -> Floats:
    """Return the light that comes back, the dents drawn finer than the pixels."""
    polished, matte = scene.look.seen(slopes)
    for dent in scene.dents:
        column, row = frame.to_px(dent.x, dent.y)
        window = window_around(shape, column, row, dent.reach * frame.px_per_mm + 2)
        if min(polished[window].shape) < 1:
            continue
        fine = _dented(slopes, scene, frame, dent, window)
        for whole, part in zip((polished, matte), fine, strict=True):
            whole[window] = part
    light: Floats = skin.albedo * (polished + skin.matte * (matte - polished))
    return light


def _dented(
    slopes: Slopes, scene: Scene, frame: Frame, dent: Dent, window: Window
) -> tuple[Floats, Floats]:
    """Return the brightness (polished, matte) of a window with every dent that reaches it."""
    size = dent.diameter * frame.px_per_mm
    zoom = 4 if size < _SMALL_PX else 2 if size < _MIDDLE_PX else 1
    part = slopes.part(window, zoom)
    rows = (np.arange(part.shape[0], dtype=np.float32) + 0.5) / zoom - 0.5 + window[0].start
    columns = (np.arange(part.shape[1], dtype=np.float32) + 0.5) / zoom - 0.5 + window[1].start
    where = places(columns, rows, (frame.column, frame.row), frame.px_per_mm, frame.turn)
    near = [d for d in scene.dents if d.centre.distance(dent.centre) < 1.5 * (d.reach + dent.reach)]
    press(part, near, where)
    bright = scene.look.seen(part)
    if zoom == 1:
        return bright
    size_px = (part.shape[1] // zoom, part.shape[0] // zoom)
    coarse = [cv2.resize(b, size_px, interpolation=cv2.INTER_AREA) for b in bright]
    return coarse[0].astype(np.float32, copy=False), coarse[1].astype(np.float32, copy=False)


def _ground(
    scene: Scene, shape: tuple[int, int], where: Places, rng: np.random.Generator
) -> Floats:
    ground = np.full(shape, np.float32(scene.ground.level), np.float32)
    ground *= 1 + np.float32(scene.ground.uneven) * cloud(shape, 4, rng)
    if scene.ground.jaws:
        beyond = np.abs(where.x) > np.float32(scene.outline.half_width)
        jaw = beyond & (np.abs(where.y) < np.float32(0.3 * scene.outline.half_height))
        ground[jaw] = np.float32(1.7 * scene.ground.level + 0.02)
    return np.maximum(ground, 0).astype(np.float32)

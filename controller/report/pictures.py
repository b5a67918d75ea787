"""A picture of each block's plan: its last photograph with positions and readings drawn in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from controller.after import in_frame_of_first
from controller.rules import kept_out
from controller.state import Block
from vision.finder import NoBlock, find_surface
from vision.geometry import Point
from vision.picture import decode, encode_png, plan_picture
from vision.plans import Plan


def write_plans(
    blocks: Iterable[Block],
    photographs: Path,
    folder: Path,
    *,
    px_per_mm: float,
    told: Callable[[str], None] = lambda block: None,
) -> tuple[str, ...]:
    """Write ``folder/BLOCK.png`` for every block with a plan; return those without a picture.

    ``photographs`` is where the gallery keeps them; ``told`` hears the name of each
    block that is done. Raises OSError if the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    left_out = []
    for block in blocks:
        drawn = _draw(block, photographs, px_per_mm)
        if drawn is None:
            left_out.append(block.name)
        else:
            (folder / f"{block.name}.png").write_bytes(drawn)
        told(block.name)
    return tuple(left_out)


def _draw(block: Block, photographs: Path, px_per_mm: float) -> bytes | None:
    if block.latest is None or not block.positions:
        return None
    try:
        image = decode((photographs / f"{block.latest.picture}.png").read_bytes())
    except OSError:
        return None
    # The journal keeps marks relative to the block; where the block lies in the picture does not
    # concern it, so it is found once more.
    if image is None:
        return None
    surface = find_surface(image, px_per_mm=px_per_mm)
    if isinstance(surface, NoBlock):
        return None
    drawn = plan_picture(
        image,
        in_frame_of_first(block, surface) if block.before else surface,
        _plan(block),
        px_per_mm=px_per_mm,
        edge_mm=block.edge_mm + block.margin_mm,
        avoid=kept_out(block.before.patches if block.before else ()),
        readings={reading.position: str(reading.hardness) for reading in block.readings},
    )
    return encode_png(drawn)


def _plan(block: Block) -> Plan:
    places = [(Point(position.x, position.y), position.spare) for position in block.positions]
    return Plan(
        tuple(place for place, spare in places if not spare),
        tuple(place for place, spare in places if spare),
        covering_radius=0.0,
        min_clearance=0.0,
    )

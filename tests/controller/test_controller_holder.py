"""The fixed holder: a raster inside the rim, stocked once and remembered."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.config import load_config
from controller.devices import Devices
from controller.events import HolderStocked, TrayAccepted
from controller.gallery import Gallery
from controller.holder import holder_doubts, raster, stock_holder
from controller.ledger import Ledger
from controller.planning import clearances
from controller.rig import Rig
from controller.rules import forbidden
from controller.state import CellState, Stage, Use
from drivers.lines import LabLines
from drivers.tended_lines import TendedLines
from metrology import load_regulation
from runtime import Clock, run_virtual

LAB = Path(__file__).parents[2] / "examples" / "lab.toml"

WIDTH = st.integers(1, 80).map(float)
PITCH = st.integers(4, 40).map(lambda n: n / 4)
INSET = st.integers(0, 60).map(lambda n: n / 4)


@settings(deadline=None)
@given(st.sampled_from(["round", "rectangle"]), WIDTH, PITCH, INSET)
def test_a_raster_is_every_lattice_point_inside_the_rim_and_none_beside(
    shape: str, width: float, pitch: float, inset: float
) -> None:
    reach = width / 2 - inset
    n = math.ceil(40 / pitch)
    lattice = [(i * pitch, j * pitch) for i in range(-n, n + 1) for j in range(-n, n + 1)]

    def inside(x: float, y: float) -> bool:
        away = math.hypot(x, y) if shape == "round" else max(abs(x), abs(y))
        return away <= reach

    spots = [(spot.x, spot.y) for spot in raster(shape, width, pitch, inset)]
    assert sorted(spots) == sorted((x, y) for x, y in lattice if inside(x, y))
    assert len(set(spots)) == len(spots)


@settings(deadline=None)
@given(st.floats(8, 80), st.floats(0.5, 10), st.floats(0.1, 10))
def test_neighbours_keep_the_pitch_to_a_tenth_of_a_micrometre(
    width: float, pitch: float, inset: float
) -> None:
    spots = raster("round", width, pitch, inset)[:60]
    for a, b in itertools.combinations(spots, 2):
        assert math.hypot(a.x - b.x, a.y - b.y) >= pitch - 1.5e-4


def test_a_raster_is_visited_row_by_row_from_the_top() -> None:
    spots = raster("rectangle", 10.0, 2.0, 3.0)
    assert [(s.x, s.y) for s in spots] == [
        *((-2, 2), (0, 2), (2, 2)),
        *((-2, 0), (0, 0), (2, 0)),
        *((-2, -2), (0, -2), (2, -2)),
    ]


def test_a_block_smaller_than_its_rim_has_no_position() -> None:
    assert raster("round", 10.0, 1.0, 5.1) == ()
    assert len(raster("round", 10.0, 1.0, 5.0)) == 1


# -- stocking ------------------------------------------------------------------------------


def stocked(path: Path, first_free: int = 0, times: int = 1) -> tuple[CellState, int, Rig]:
    """Stock the example laboratory's holder; return state, number of events and rig."""
    config = load_config(LAB)
    check = config.holder.check.model_copy(update={"first_free": first_free})
    holder = config.holder.model_copy(update={"check": check})
    config = config.model_copy(update={"holder": holder})
    regulation = load_regulation(config.cell.regulation)

    async def main() -> tuple[CellState, int, Rig]:
        ledger = Ledger.open(path, Clock.starting())
        no_devices = cast(Devices, None)
        lines, gallery = TendedLines(LabLines()), Gallery(None)
        rig = Rig(ledger, no_devices, config, regulation, gallery, lambda name: None, lines, path)
        for _ in range(times):
            await stock_holder(rig)
        events = ledger.journal.seq
        ledger.journal.close()
        return ledger.state, events, rig

    return run_virtual(main())


def test_the_holder_is_stocked_once_for_all_sessions(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    state, events, rig = stocked(path, times=2)
    assert events == 2
    again, events, _ = stocked(path)
    assert events == 2
    assert repr(again) == repr(state)
    for role, section in (
        ("seating", rig.config.holder.seating),
        ("check", rig.config.holder.check),
    ):
        block = state.blocks[section.name]
        assert (block.role, block.at, block.home) == (role, f"holder-{section.index:02d}", block.at)
        assert block.stage is Stage.PLANNED and block.identified
        assert {position.use for position in block.positions} == {Use.FREE}


def test_the_check_block_brings_its_certified_value(tmp_path: Path) -> None:
    state, _, rig = stocked(tmp_path / "journal.sqlite")
    section = rig.config.holder.check
    stock = state.blocks[section.name].stock
    assert isinstance(stock, HolderStocked)
    assert (stock.certified, stock.limit) == (section.certified, section.limit)


@pytest.mark.parametrize("used", [1, 7])
def test_positions_used_before_are_not_offered(tmp_path: Path, used: int) -> None:
    new, _, _ = stocked(tmp_path / "new.sqlite")
    old, _, rig = stocked(tmp_path / "old.sqlite", first_free=used)
    name = rig.config.holder.check.name
    assert old.blocks[name].positions == new.blocks[name].positions[used:]


def test_every_position_of_the_holder_may_be_indented_after_all_others(tmp_path: Path) -> None:
    state, _, rig = stocked(tmp_path / "journal.sqlite")
    for section in (rig.config.holder.seating, rig.config.holder.check):
        block = state.blocks[section.name]
        clear = clearances(rig.config.cell, rig.regulation, section.scale, section.certified)
        assert len(block.positions) > 20
        spent = [replace(position, use=Use.MEASURED) for position in block.positions]
        for i, position in enumerate(block.positions):
            others: Any = (*spent[:i], position, *spent[i + 1 :])
            assert forbidden(replace(block, positions=others), i) == ""
            rim = section.width_mm / 2 - math.hypot(position.x, position.y)
            assert rim >= clear.edge_mm + clear.margin_mm - 1e-4


# -- lab.toml against the journal ----------------------------------------------------------


def doubts_of(path: Path, *names: tuple[str, str], tray: bool = False, **changed: Any) -> list[str]:
    """Start once for each pair of names (seating, check); return what the last start doubts.

    ``changed`` is what the last file says of the check block; with ``tray`` one is
    accepted before the last start.
    """
    config = load_config(LAB)
    regulation = load_regulation(config.cell.regulation)

    async def main() -> list[str]:
        for n, (seating, check) in enumerate(names):
            last = n == len(names) - 1
            ledger = Ledger.open(path, Clock.starting())
            holder = config.holder.model_copy(
                update={
                    "seating": config.holder.seating.model_copy(update={"name": seating}),
                    "check": config.holder.check.model_copy(
                        update={"name": check, **(changed if last else {})}
                    ),
                }
            )
            named = config.model_copy(update={"holder": holder})
            lines, gallery = TendedLines(LabLines()), Gallery(None)
            no_devices = cast(Devices, None)
            rig = Rig(
                ledger, no_devices, named, regulation, gallery, lambda name: None, lines, path
            )
            if tray and last:
                await ledger.record(TrayAccepted("T", "R", ()))
            await stock_holder(rig)
            found = holder_doubts(rig)
            ledger.journal.close()
        return found

    return run_virtual(main())


def test_a_file_that_says_what_the_journal_knows_raises_no_doubt(tmp_path: Path) -> None:
    assert doubts_of(tmp_path / "j.sqlite", ("S", "C"), ("S", "C"), tray=True) == []
    assert doubts_of(tmp_path / "k.sqlite", ("S", "C"), ("S2", "C2")) == []


@pytest.mark.parametrize("tray", [False, True])
def test_a_block_that_was_taken_out_is_doubted(tmp_path: Path, tray: bool) -> None:
    path = tmp_path / "journal.sqlite"
    (doubt,) = doubts_of(path, ("S", "C"), ("S", "C2"), ("S", "C"), tray=tray)
    assert doubt.startswith("lab.toml names C as the check block, but the journal has seen it")
    assert "keep: go on with C2 at holder-02" in doubt and "a name in lab.toml" in doubt


def test_seating_and_check_block_in_each_other_s_place_are_doubted(tmp_path: Path) -> None:
    first, second = doubts_of(tmp_path / "journal.sqlite", ("S", "C"), ("C", "S"))
    assert "names C as the seating block, but in the journal it is a check block" in first
    assert "names S as the check block, but in the journal it is a seating block" in second


def test_the_check_block_in_the_place_of_the_seating_block_is_doubted(tmp_path: Path) -> None:
    (doubt,) = doubts_of(tmp_path / "journal.sqlite", ("S", "C"), ("C", "new"))
    assert "names C as the seating block" in doubt and "taken out" in doubt


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"index": 1}, "place holder-01 instead of holder-02"),
        ({"scale": "HRD"}, "scale HRD instead of HRC"),
        ({"certified": Decimal("60.4")}, "certified value 60.4 instead of 60.3"),
        ({"limit": Decimal("0.4")}, "limit 0.4 instead of 0.5"),
        ({"first_free": 3}, "other positions"),
        ({"width_mm": 60.0}, "other positions"),
        ({"shape": "rectangle"}, "other positions"),
    ],
)
def test_what_changed_since_a_block_came_into_the_holder_is_doubted(
    tmp_path: Path, changed: dict[str, Any], words: str
) -> None:
    (doubt,) = doubts_of(tmp_path / "journal.sqlite", ("S", "C"), ("S", "C"), **changed)
    assert words in doubt and "keep: go on with C at holder-02" in doubt

"""A replaced state is what `dataclasses.replace` makes of it, and the old one stays as it was."""

from __future__ import annotations

import dataclasses

import pytest

from controller.replacing import replace
from controller.state import Block, CellState, Position, Stage, Use

STATE = CellState(mode="HELD", blocks={"B1": Block("B1", "customer", "HRC", "a", "a", Stage.SIZED)})


@pytest.mark.parametrize(
    ("old", "changes"),
    [
        (STATE, {"ops": 3, "mode": "EXECUTE"}),
        (STATE.blocks["B1"], {"stage": Stage.PLANNED}),
        (Position(1.0, 2.0, spare=False), {"use": Use.VOID}),
        (STATE, {}),
    ],
)
def test_it_is_what_the_original_makes(
    old: CellState | Block | Position, changes: dict[str, object]
) -> None:
    before = repr(old)
    assert replace(old, **changes) == dataclasses.replace(old, **changes)  # type: ignore[arg-type]  # drawn fields
    assert repr(old) == before


def test_the_copy_is_frozen_too() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        replace(STATE, ops=3).ops = 4  # type: ignore[misc]  # what must fail


def test_a_field_that_there_is_not_is_refused() -> None:
    with pytest.raises(TypeError, match="CellState has no"):
        replace(STATE, opps=3)  # type: ignore[call-arg]  # what must fail

"""A state as text comes back as it was, says the same everywhere, and never forgets in silence."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.checkpoint import STATE_VERSION, read_state, write_state
from controller.journal_row import JournalError
from controller.state import CellState
from drivers.record_count import RecordCount
from tests.controller.any_event import some
from tests.controller.test_controller_fold import WHOLE, fold_all
from tests.controller.test_controller_ledger import course_of_a_tray

ROOT = Path(__file__).resolve().parents[2]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_state_comes_back_exactly(data: st.DataObject) -> None:
    state = data.draw(some(CellState))
    text = write_state(state)
    again = read_state(STATE_VERSION, text)
    assert again == state
    # Text tells 61.20 from 61.2, which == does not.
    assert write_state(again) == text


@pytest.mark.parametrize("seed", range(3))
def test_the_state_at_any_event_of_a_tray_comes_back_exactly(seed: int) -> None:
    course = course_of_a_tray(seed)
    for end in range(0, len(course) + 1, 5):
        state = fold_all(course[:end])
        again = read_state(STATE_VERSION, write_state(state))
        assert again == state
        assert list(again.blocks) == list(state.blocks), "the order of the slots is kept"
        # What follows folds as if there had been no checkpoint.
        rest = course[end:]
        assert fold_all(rest, again) == fold_all(course)


def test_digits_and_sets_have_one_way_to_be_written() -> None:
    state = replace(
        fold_all(WHOLE),
        retired=frozenset({"b", "a", "c"}),
        slots_occupied=frozenset({11, 2}),
    )
    block = replace(state.blocks["B"], climate=(Decimal("23.10"), Decimal("45")))
    text = write_state(replace(state, blocks={"B": block}))
    data = json.loads(text)
    assert data["retired"] == ["a", "b", "c"] and data["slots_occupied"] == [2, 11]
    assert data["blocks"]["B"]["climate"] == ["23.10", "45"]
    assert "\n" not in text and ": " not in text


def test_the_text_does_not_depend_on_the_process(tmp_path: Path) -> None:
    program = (
        "from dataclasses import replace\n"
        "from controller.checkpoint import write_state\n"
        "from controller.state import CellState\n"
        "names = frozenset(f'block-{n}' for n in range(50))\n"
        "print(write_state(replace(CellState(), unchecked=names, retired=names)))\n"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={"PYTHONHASHSEED": str(seed), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in (1, 2)
    }
    assert len(texts) == 1


def test_what_a_newer_program_wrote_is_refused_and_not_forgotten() -> None:
    text = write_state(fold_all(WHOLE))
    data = json.loads(text)
    data["blocks"]["B"]["temper"] = "blue"
    for version, said in ((STATE_VERSION + 1, text), (STATE_VERSION, json.dumps(data))):
        with pytest.raises(JournalError, match="newer"):
            read_state(version, said)


@pytest.mark.parametrize("text", ["", "[]", '{"mode":7}', '{"ops":"1"}', '{"blocks":{"B":{}}}'])
def test_what_is_no_state_is_refused(text: str) -> None:
    with pytest.raises(JournalError, match="cannot be read"):
        read_state(STATE_VERSION, text)


def test_a_field_that_an_older_program_did_not_know_has_its_default() -> None:
    state = fold_all(WHOLE)
    data = json.loads(write_state(state))
    del data["retired"]
    assert read_state(STATE_VERSION, json.dumps(data)) == state


def as_first_written(state: CellState) -> str:
    """Return the text of version 1, which kept the tester's numbers one by one."""
    data = json.loads(write_state(state))
    count = data.pop("count")
    del data["cycles"], data["shown"]
    heard = -1 if count["heard"] is None else count["heard"]
    numbers = {"heard": heard, "owed": count["at_least"], "unheard": count["at_most"]}
    return json.dumps({**data, **numbers})


@pytest.mark.parametrize("count", [RecordCount(), RecordCount(16, 1, 3)])
def test_the_first_version_is_still_read(count: RecordCount) -> None:
    state = replace(fold_all(WHOLE), count=count)
    assert read_state(1, as_first_written(state)) == replace(state, cycles=-1)
    with pytest.raises(JournalError, match="cannot be read"):
        read_state(1, write_state(state))

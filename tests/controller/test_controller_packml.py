"""The PackML table against the standard's, written out: every state with every command."""

from __future__ import annotations

import pytest

from controller.packml import ACTING, STATES, after, legal

# ISA-TR88.00.02-2015: state, where its completion leads, which commands it takes.
STANDARD = {
    "STOPPED": (None, {"reset": "RESETTING", "abort": "ABORTING"}),
    "RESETTING": ("IDLE", {"stop": "STOPPING", "abort": "ABORTING"}),
    "IDLE": (None, {"start": "STARTING", "stop": "STOPPING", "abort": "ABORTING"}),
    "STARTING": ("EXECUTE", {"stop": "STOPPING", "abort": "ABORTING"}),
    "EXECUTE": (
        "COMPLETING",
        {"hold": "HOLDING", "suspend": "SUSPENDING", "stop": "STOPPING", "abort": "ABORTING"},
    ),
    "COMPLETING": ("COMPLETE", {"stop": "STOPPING", "abort": "ABORTING"}),
    "COMPLETE": (None, {"reset": "RESETTING", "stop": "STOPPING", "abort": "ABORTING"}),
    "HOLDING": ("HELD", {"stop": "STOPPING", "abort": "ABORTING"}),
    "HELD": (None, {"unhold": "UNHOLDING", "stop": "STOPPING", "abort": "ABORTING"}),
    "UNHOLDING": ("EXECUTE", {"stop": "STOPPING", "abort": "ABORTING"}),
    "SUSPENDING": ("SUSPENDED", {"stop": "STOPPING", "abort": "ABORTING"}),
    "SUSPENDED": (None, {"unsuspend": "UNSUSPENDING", "stop": "STOPPING", "abort": "ABORTING"}),
    "UNSUSPENDING": ("EXECUTE", {"stop": "STOPPING", "abort": "ABORTING"}),
    "STOPPING": ("STOPPED", {"abort": "ABORTING"}),
    "ABORTING": ("ABORTED", {}),
    "ABORTED": (None, {"clear": "CLEARING"}),
    "CLEARING": ("STOPPED", {"abort": "ABORTING"}),
}
COMMANDS = ("reset", "start", "hold", "unhold", "suspend", "unsuspend", "stop", "abort", "clear")
# Completion of EXECUTE is asked for by name: the cell itself says when its tray is finished.
COMPLETION = {state: "complete" if state == "EXECUTE" else "done" for state in STANDARD}


def test_it_has_the_states_of_the_standard_and_no_other() -> None:
    assert set(STATES) == set(STANDARD)
    assert set(ACTING) == {s for s, (then, _) in STANDARD.items() if then} - {"EXECUTE"}


@pytest.mark.parametrize("state", STANDARD)
@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_leads_where_the_standard_says_or_nowhere(state: str, command: str) -> None:
    assert after(state, command) == STANDARD[state][1].get(command)


@pytest.mark.parametrize("state", STANDARD)
@pytest.mark.parametrize("completion", ["done", "complete"])
def test_only_acting_states_complete(state: str, completion: str) -> None:
    then = STANDARD[state][0] if COMPLETION[state] == completion else None
    assert after(state, completion) == then


@pytest.mark.parametrize("state", STANDARD)
def test_legal_names_exactly_the_commands_that_lead_somewhere(state: str) -> None:
    expected = set(STANDARD[state][1]) | ({"complete"} if state == "EXECUTE" else set())
    assert set(legal(state)) == expected
    assert len(legal(state)) == len(expected)


@pytest.mark.parametrize("state", STANDARD)
@pytest.mark.parametrize("nonsense", ["", "START", "to_IDLE", "finish"])
def test_other_words_lead_nowhere(state: str, nonsense: str) -> None:
    assert after(state, nonsense) is None

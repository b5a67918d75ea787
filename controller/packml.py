"""The PackML states of a cell (ISA-TR88.00.02): which command is legal, and where it leads.

The table is data; `transitions` builds a machine from the folded state, is asked
what is legal, and is thrown away: its state is never stored.
"""

from __future__ import annotations

from typing import Any

from transitions import Machine

ACTING = {
    "RESETTING": "IDLE",
    "STARTING": "EXECUTE",
    "COMPLETING": "COMPLETE",
    "HOLDING": "HELD",
    "UNHOLDING": "EXECUTE",
    "SUSPENDING": "SUSPENDED",
    "UNSUSPENDING": "EXECUTE",
    "STOPPING": "STOPPED",
    "ABORTING": "ABORTED",
    "CLEARING": "STOPPED",
}
"""Acting states and where they lead when their work is done (state complete)."""

_STOPPABLE = [
    *("RESETTING", "IDLE", "STARTING", "EXECUTE", "COMPLETING", "COMPLETE", "HOLDING", "HELD"),
    *("UNHOLDING", "SUSPENDING", "SUSPENDED", "UNSUSPENDING"),
]

TRANSITIONS: list[dict[str, Any]] = [
    {"trigger": "reset", "source": ["STOPPED", "COMPLETE"], "dest": "RESETTING"},
    {"trigger": "start", "source": "IDLE", "dest": "STARTING"},
    {"trigger": "hold", "source": "EXECUTE", "dest": "HOLDING"},
    {"trigger": "unhold", "source": "HELD", "dest": "UNHOLDING"},
    {"trigger": "suspend", "source": "EXECUTE", "dest": "SUSPENDING"},
    {"trigger": "unsuspend", "source": "SUSPENDED", "dest": "UNSUSPENDING"},
    {"trigger": "clear", "source": "ABORTED", "dest": "CLEARING"},
    {"trigger": "stop", "source": _STOPPABLE, "dest": "STOPPING"},
    {
        "trigger": "abort",
        "source": [*_STOPPABLE, "STOPPING", "STOPPED", "CLEARING"],
        "dest": "ABORTING",
    },
    {"trigger": "complete", "source": "EXECUTE", "dest": "COMPLETING"},
    *({"trigger": "done", "source": state, "dest": then} for state, then in ACTING.items()),
]

STATES = sorted({*ACTING, *ACTING.values()})


def after(state: str, trigger: str) -> str | None:
    """Return the state that a command leads to, or None when it is not legal there."""
    machine = Machine(states=STATES, transitions=TRANSITIONS, initial=state, auto_transitions=False)
    if trigger not in machine.get_triggers(state):
        return None
    machine.trigger(trigger)
    return str(machine.state)


def legal(state: str) -> tuple[str, ...]:
    """Return the commands that are legal in a state."""
    machine = Machine(states=STATES, transitions=TRANSITIONS, initial=state, auto_transitions=False)
    return tuple(t for t in machine.get_triggers(state) if t != "done")

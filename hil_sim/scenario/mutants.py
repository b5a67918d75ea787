"""Planted bugs, by name: a campaign that does not find them proves nothing.

Each is what a tired programmer would write, and each breaks one of the two
promises or the evidence they rest on. Nothing in the program knows of them:
planting exchanges functions in this process, and takes them back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from controller import (
    before,
    cell,
    choose,
    evidence,
    fencing,
    holder,
    indentation,
    judging,
    settling,
    startup,
    transfer,
)
from controller.ledger import Ledger
from drivers.station_plc import StationPlc
from hil_sim.scenario import plants, sketch_eyes
from hil_sim.scenario.plants import Plant

Place = tuple[object, str]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A bug: what it is, and the functions it exchanges (owner, name → made from the good one)."""

    text: str
    plants: Mapping[Place, Plant]


MUTANTS: Mapping[str, Mutant] = {
    "resend-on-timeout": Mutant(
        "a start that is not acknowledged is sent again", {(StationPlc, "indent"): plants.resending}
    ),
    "confirm-before-commit": Mutant(
        "the cell goes on before a reading is on disk", {(Ledger, "record"): plants.lazy}
    ),
    "position-reused": Mutant(
        "an intent that a crash left open counts as not happened",
        {
            (cell, "settle_open_intents"): plants.forgetful,
            (startup, "settle_open_intents"): plants.forgetful,
        },
    ),
    "stale-reply": Mutant(
        "the measurement that lies there is taken, though it answers an older question",
        {(StationPlc, "_measured"): plants.tagless},
    ),
    "gripper-from-memory": Mutant(
        "what the gripper holds is remembered, not sensed",
        {(transfer, "weigh_transfer"): plants.trusting},
    ),
    "no-epoch-fence": Mutant(
        "a restarted daemon uses the epoch of the dead one", {(fencing, "_fence"): plants.unfenced}
    ),
    "remeasure-failing": Mutant(
        "a reading that spoils the range is declared void",
        {(settling, "weigh_indent"): plants.picky},
    ),
    "spare-for-outlier": Mutant(
        "after an outlier the next indentation is made at a spare",
        {(choose, "_indent_next"): plants.sparing},
    ),
    "narrow-clearance": Mutant(
        "clearances are taken from the radius instead of the diameter",
        {(before, "clearances"): plants.narrow, (holder, "clearances"): plants.narrow},
    ),
    "old-marks-ignored": Mutant(
        "the plan forgets the old indentations, and the last check is left out",
        {
            (sketch_eyes, "plan_block"): plants.blind_to_marks,
            (indentation, "forbidden"): plants.unasked,
        },
    ),
    "power-loss-forgotten": Mutant(
        "a tester that lost power counts as one that has not begun",
        {(settling, "weigh_indent"): plants.careless_of_power},
    ),
    "flawed-cycle-counts": Mutant(
        "a reading counts whatever dwell and force it was made with",
        {(evidence, "cycle_fault"): plants.careless_of_cycles},
    ),
    "pass-whatever": Mutant(
        "the limit of uniformity is not looked at", {(judging, "judge"): plants.lenient}
    ),
    "wrong-slot": Mutant(
        "a good block goes to the first free slot", {(choose, "destination"): plants.misplacing}
    ),
    "fails-go-home": Mutant(
        "a block that failed goes back to its slot", {(choose, "destination"): plants.homing}
    ),
}


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Plant a bug while the block runs; an empty name plants none. Raises KeyError."""
    plants = MUTANTS[name].plants if name else {}
    good = {(owner, key): getattr(owner, key) for owner, key in plants}
    try:
        for (owner, key), plant in plants.items():
            setattr(owner, key, plant(good[owner, key]))
        yield
    finally:
        for (owner, key), value in good.items():
            setattr(owner, key, value)

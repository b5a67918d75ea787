"""What happens at each kind of trouble: a person is asked, or a fixed choice is taken."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from controller.config.fields import Finding, Number, Section, Text, refuse_all

ASK = "ask"


@dataclass(frozen=True, slots=True)
class Choice:
    """What can be done about one kind of trouble.

    ``safe`` is the choice that harms nobody's block and certifies nothing
    doubtful; ``patience_s`` is how long a person may take before it is taken
    (process time; None: for ever). ``deeds`` say what a person has done with his own
    hands, or seen with his own eyes, so no policy can take them.
    """

    options: tuple[str, ...]
    safe: str
    patience_s: float | None = None
    deeds: tuple[str, ...] = ()

    @property
    def by_policy(self) -> tuple[str, ...]:
        """What may be taken without a person."""
        return tuple(option for option in self.options if option not in self.deeds)


_WHERE_IS_IT = Choice(("look-again", "taken-out", "stop"), "stop", deeds=("taken-out",))

KINDS: Mapping[str, Choice] = MappingProxyType(
    {
        "unreadable_identity": Choice(("accept", "reject", "read-again"), "reject", 1800),
        "wrong_block": Choice(("reject", "return", "read-again"), "reject", 1800),
        "missing_block": Choice(("skip", "look-again"), "skip", 1800),
        # Nothing but a person can empty the row, and a fail in its slot could pass for a pass.
        "reject_row_full": Choice(("emptied", "return"), "return"),
        "ambiguous_indent": Choice(("spent", "reject"), "spent", 1800),
        "second_void": Choice(("continue", "reject"), "reject", 1800),
        "no_position_left": Choice(("reject",), "reject", 1800),
        "no_room": Choice(("reject", "return"), "reject", 1800),
        "surface_mismatch": Choice(("accept", "reject"), "reject", 1800),
        "wrong_kind": Choice(("accept", "reject", "return"), "reject", 1800),
        "wrong_side": Choice(("look-again", "reject", "return"), "reject", 1800),
        "worn_surface": Choice(("accept", "reject", "return"), "reject", 1800),
        # These say something about the cell, not about one block: a person must look.
        # Only eyes can tell what the display shows; unread, the next record is as doubtful.
        "record_doubt": Choice(
            ("shown", "not-shown", "void"), "void", deeds=("shown", "not-shown")
        ),
        "check_failed": Choice(("hold", "continue"), "hold"),
        "transfer_doubt": _WHERE_IS_IT,
        "holder_block_doubt": _WHERE_IS_IT,
        "unexpected_block": Choice(("ignore", "stop"), "stop"),
        "voids_in_a_row": Choice(("continue", "stop"), "stop"),
        "house_in_doubt": Choice(("go-on", "stop"), "stop"),
        "holder_full": Choice(("stop", "hold"), "stop"),
        "holder_in_doubt": Choice(("keep", "stop"), "stop"),
        "doubt_after_restart": Choice(("resume", "stop"), "stop"),
    }
)
"""Every kind of trouble that the policy rules."""


class PolicyEntry(Section):
    """The rule for one kind of trouble."""

    action: Text = ASK
    """"ask", or the option that is taken without asking."""
    default: Text
    """The option taken when nobody answers in time."""
    deadline_s: Annotated[Number, Field(gt=0, le=604_800)] | None = None
    """How long a person may take, s of process time; left out: for ever."""


def _standard(kind: str) -> PolicyEntry:
    choice = KINDS[kind]
    return PolicyEntry(default=choice.safe, deadline_s=choice.patience_s)


class PolicySection(Section):
    """One entry per kind of trouble; an entry left out asks a person and defaults to safety."""

    unreadable_identity: PolicyEntry = _standard("unreadable_identity")
    """The code cannot be read: accept, reject, read-again."""
    wrong_block: PolicyEntry = _standard("wrong_block")
    """The code is another block's: reject, return, read-again."""
    missing_block: PolicyEntry = _standard("missing_block")
    """The manifest names a block whose slot is empty: skip, look-again."""
    reject_row_full: PolicyEntry = _standard("reject_row_full")
    """A fail has nowhere to go: emptied, return."""
    ambiguous_indent: PolicyEntry = _standard("ambiguous_indent")
    """Even the picture leaves open whether a position is spent: spent, reject."""
    second_void: PolicyEntry = _standard("second_void")
    """A block has its second void reading: continue, reject."""
    no_position_left: PolicyEntry = _standard("no_position_left")
    """Positions and spares are used up: reject."""
    no_room: PolicyEntry = _standard("no_room")
    """Old marks leave no room for the indentations: reject, return."""
    surface_mismatch: PolicyEntry = _standard("surface_mismatch")
    """The picture after shows what nobody planned: accept, reject."""
    wrong_kind: PolicyEntry = _standard("wrong_kind")
    """The old indentations do not fit the order: accept, reject, return."""
    wrong_side: PolicyEntry = _standard("wrong_side")
    """The face looks like a bottom, not like a test face: look-again, reject, return."""
    worn_surface: PolicyEntry = _standard("worn_surface")
    """The face is worn or damaged, though it has room: accept, reject, return."""
    record_doubt: PolicyEntry = _standard("record_doubt")
    """A record may be that of an earlier cycle: is it on the display? shown, not-shown, void."""
    check_failed: PolicyEntry = _standard("check_failed")
    """The check block is off: hold, continue."""
    transfer_doubt: PolicyEntry = _standard("transfer_doubt")
    """Sensors do not tell where a block is: look-again, taken-out, stop."""
    holder_block_doubt: PolicyEntry = _standard("holder_block_doubt")
    """They do not tell where the seating or check block is: look-again, taken-out, stop."""
    unexpected_block: PolicyEntry = _standard("unexpected_block")
    """A slot is occupied that the manifest says is empty: ignore, stop."""
    holder_full: PolicyEntry = _standard("holder_full")
    """The seating or check block has no position left: stop, hold."""
    voids_in_a_row: PolicyEntry = _standard("voids_in_a_row")
    """Readings are void one after another, whatever the block: continue, stop."""
    house_in_doubt: PolicyEntry = _standard("house_in_doubt")
    """The disk is full or the clock was set back, so nothing moves: go-on, stop."""
    holder_in_doubt: PolicyEntry = _standard("holder_in_doubt")
    """lab.toml and the journal disagree about the seating or check block: keep, stop."""
    doubt_after_restart: PolicyEntry = _standard("doubt_after_restart")
    """The past could not be settled with certainty, so nothing moves: resume, stop."""

    @field_validator("*", mode="before")
    @classmethod
    def _complete(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, dict):
            return {"default": KINDS[str(info.field_name)].safe, **value}
        return value

    @field_validator("*", mode="after")
    @classmethod
    def _offered(cls, entry: PolicyEntry, info: ValidationInfo) -> PolicyEntry:
        options = KINDS[str(info.field_name)].by_policy
        allowed = {"action": (ASK, *options), "default": options}
        refuse_all(
            [
                Finding((key,), _not_offered(getattr(entry, key), choices))
                for key, choices in allowed.items()
                if getattr(entry, key) not in choices
            ]
        )
        return entry

    def entry(self, kind: str) -> PolicyEntry:
        """Return the rule for a kind, "no_room" or "no-room". Raises KeyError for another."""
        name = kind.replace("-", "_")
        if name not in KINDS:
            raise KeyError(f"the policy has no kind {kind!r}; it has {', '.join(KINDS)}")
        entry: PolicyEntry = getattr(self, name)
        return entry

    def options(self, kind: str) -> tuple[str, ...]:
        """Return what a person may choose. Raises KeyError for an unknown kind."""
        self.entry(kind)
        return KINDS[kind.replace("-", "_")].options


def _not_offered(value: str, choices: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(value, choices, n=1)
    hint = f"did you mean {close[0]}?" if close else f"choose {', '.join(choices)}"
    return f"{value!r} is not offered here; {hint}"

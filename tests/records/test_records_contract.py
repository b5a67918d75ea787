"""The daemon's events of today, as the journal writes them, can be read by the library."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from decimal import Decimal
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from pydantic import TypeAdapter

from controller import events
from records.projecting.rules import RULES

# Where the type says less than the meaning.
MEANT = {
    "received": "2026-03-02T08:00:00+00:00",
    "deadline": "2026-03-02T09:00:00+00:00",
    "picture": "a" * 64,
}
SAMPLES = {str: "name", int: 3, float: 1.5, bool: True, Decimal: Decimal("61.20")}


def sample(hint: Any) -> Any:
    """Some value of a type."""
    if get_origin(hint) is Literal:
        return get_args(hint)[0]
    if get_origin(hint) is tuple:
        return tuple(sample(one) for one in get_args(hint) if one is not ...)
    if isinstance(hint, UnionType):
        return sample(get_args(hint)[0])
    return made(hint) if is_dataclass(hint) else SAMPLES[hint]


def made(event: Any) -> Any:
    """An event, or a part of one, with something in every field."""
    hints = get_type_hints(event)
    return event(
        **{
            f.name: MEANT[f.name] if f.name in MEANT else sample(hints[f.name])
            for f in fields(event)
        },
    )


@pytest.mark.parametrize("kind", RULES)
def test_the_daemon_writes_what_the_library_reads(kind: str) -> None:
    event, rule = getattr(events, kind), RULES[kind]
    assert rule.version == event.VERSION
    body = TypeAdapter(event).dump_json(made(event))
    fact = rule.reads.model_validate_json(body)
    assert set(type(fact).model_fields) == fact.model_fields_set


@pytest.mark.parametrize("kind", ["IndentConfirmed", "ClimateRead", "BlockSized", "Judged"])
def test_digits_survive_from_event_to_fact(kind: str) -> None:
    event = made(getattr(events, kind))
    fact = RULES[kind].reads.model_validate_json(TypeAdapter(type(event)).dump_json(event))
    numbers = [n for n, v in fact if isinstance(v, Decimal)]
    assert numbers
    assert all(str(getattr(fact, n)) == "61.20" for n in numbers)

"""Arbitrary events of every kind, and states, drawn from the type hints of their fields."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from controller.events import AnyEvent

KINDS: tuple[type[Any], ...] = get_args(AnyEvent)

PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    # Surrogates are no text: JSON has no way to keep them, and no device sends any.
    str: st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    type(None): st.none(),
}


def some(hint: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for a type hint of an event's field; fails on a hint not thought of."""
    if hint in PLAIN:
        return PLAIN[hint]
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    if get_origin(hint) in (types.UnionType, Union):
        return st.one_of([some(option) for option in get_args(hint)])
    if get_origin(hint) is Mapping:
        key, value = get_args(hint)
        return st.dictionaries(some(key), some(value), max_size=2).map(MappingProxyType)
    if get_origin(hint) is frozenset:
        return st.frozensets(some(get_args(hint)[0]), max_size=3)
    if get_origin(hint) is tuple:
        if get_args(hint)[-1] is not ...:
            return st.tuples(*map(some, get_args(hint)))
        return st.lists(some(get_args(hint)[0]), max_size=3).map(tuple)
    hints = get_type_hints(hint)
    return st.builds(hint, **{field.name: some(hints[field.name]) for field in fields(hint)})


EVENTS = st.sampled_from(KINDS).flatmap(some)

"""Validation errors as sentences: file, section, key, what is wrong; what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from types import NoneType
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from controller.config.fields import Finding

_Path = tuple[str | int, ...]

_REMEDIES = {
    "string_type": "is not text; write it in quotes",
    "int_type": "is not a whole number; write digits without point and quotes",
    "int_from_float": "is not a whole number; write digits without point and quotes",
    "int_parsing_size": "is far too large; write a smaller whole number",
    "bool_type": "is neither true nor false; write one of them, without quotes",
    "finite_number": "is not finite; write a number",
    "decimal_parsing": "is not a number; write digits, as in 60.3",
    "decimal_type": "is not a number; write digits, as in 60.3",
}
_LIMITS = {
    "greater_than": ("gt", "must be more than"),
    "greater_than_equal": ("ge", "must be at least"),
    "less_than": ("lt", "must be less than"),
    "less_than_equal": ("le", "must be at most"),
}


def sentences(file: str, errors: Iterable[ErrorDetails], root: type[BaseModel]) -> tuple[str, ...]:
    """Return one line per problem, in the order found: "FILE: [section] key: what; remedy"."""
    lines: list[str] = []
    for error in errors:
        for path, text in _unfold(error, root):
            lines.append(f"{file}: {_where(path, root)}{text}")
    return tuple(dict.fromkeys(lines))


def _unfold(error: ErrorDetails, root: type[BaseModel]) -> Iterable[tuple[_Path, str]]:
    path = error["loc"]
    if error["type"] == "findings":
        findings: Sequence[Finding] = error.get("ctx", {})["findings"]
        return [((*path, *finding.path), finding.text) for finding in findings]
    return [(path, _sentence(error, root))]


def _sentence(error: ErrorDetails, root: type[BaseModel]) -> str:
    kind, value, context = error["type"], error.get("input"), error.get("ctx", {})
    path = error["loc"]
    if kind == "refused":
        return str(context["text"])
    if kind == "missing":
        return _missing(path, root)
    if kind == "extra_forbidden":
        return _unknown(path, root)
    if kind in ("model_type", "model_attributes_type"):
        return f"{_shown(value)} is not a table; write {_header(path)} with its keys below"
    if kind in _LIMITS:
        key, words = _LIMITS[kind]
        return f"{_shown(value)} is out of range; it {words} {context[key]}"
    if kind == "literal_error":
        return f"{_shown(value)} is not a choice; write {context['expected']}"
    if kind == "string_too_short":
        return "is empty; write something"
    if kind == "string_too_long":
        return f"is too long; use {context['max_length']} characters at most"
    return f"{_shown(value)} {_REMEDIES.get(kind, error['msg'] + '; correct it')}"


def _missing(path: _Path, root: type[BaseModel]) -> str:
    if _table_at(path, root) is not None:
        return f"this section is missing; add {_header(path)} with its keys"
    return "this key is missing; add it"


def _unknown(path: _Path, root: type[BaseModel]) -> str:
    table = _table_at(path[:-1], root)
    known = list(table.model_fields) if table else []
    close = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.6)
    what = "section" if len(path) == 1 else "key"
    hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
    return f"unknown {what}; {hint}"


def _header(path: _Path) -> str:
    return f"[{'.'.join(map(str, path))}]"


def _where(path: _Path, root: type[BaseModel]) -> str:
    """Write where it is: a list's element belongs to its key, a table stands by itself."""
    names = [str(part) for part in path if isinstance(part, str)]
    if not names:
        return ""
    if len(names) == 1 or _table_at(tuple(names), root) is not None:
        return f"{_header(tuple(names))}: "
    return f"{_header(tuple(names[:-1]))} {names[-1]}: "


def _table_at(path: _Path, root: type[BaseModel]) -> type[BaseModel] | None:
    table: type[BaseModel] | None = root
    for part in path:
        fields: Mapping[str, Any] = table.model_fields if table is not None else {}
        table = _table_of(fields[str(part)].annotation) if part in fields else None
    return table


def _table_of(annotation: object) -> type[BaseModel] | None:
    """Return the table that a key takes; for a section that may be left out, that section."""
    kinds = [kind for kind in get_args(annotation) if kind is not NoneType] or [annotation]
    first = kinds[0]
    return first if isinstance(first, type) and issubclass(first, BaseModel) else None


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else str(value)
    short = text if len(text) <= 40 else f"{text[:37]}..."
    return repr(short) if isinstance(value, str) else short

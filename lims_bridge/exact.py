"""How the canonical record writes itself: numbers as text, one spelling for one content."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)


class Part(BaseModel):
    """The root of everything in a record: frozen, and without fields nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def _exact(value: object) -> Decimal:
    # A number that went through a binary float has lost the digits the device published.
    if not isinstance(value, str | Decimal | int) or isinstance(value, bool):
        raise ValueError("a number is written as text, never as a binary float")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{value!r} is no number") from None
    if not number.is_finite():
        raise ValueError(f"{value!r} is not finite")
    return number


def _utc(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


NUMBER_PATTERN = r"^-?[0-9]+(\.[0-9]+)?$"

Exact = Annotated[
    Decimal,
    BeforeValidator(_exact),
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
    WithJsonSchema({"type": "string", "pattern": NUMBER_PATTERN}),
]
"""A finite decimal with the digits it was given; text in JSON."""

Instant = Annotated[
    AwareDatetime,
    PlainSerializer(_utc, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A point in time with its zone; UTC with Z in JSON."""

Name = Annotated[str, Field(min_length=1)]
"""A text that must not be empty."""

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in hex."""


class Text(Part):
    """Words in both languages; an empty ``en`` means that there are only the Chinese ones."""

    zh: Name
    en: str = ""


def canonical(content: dict[str, Any]) -> bytes:
    """Return the one spelling of a JSON object: sorted keys, no blanks, UTF-8.

    Raise `TypeError` if a float is in it: two programs may write the same float differently.
    """
    _refuse_floats(content)
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def _refuse_floats(value: object) -> None:
    if isinstance(value, float):
        raise TypeError(f"a record holds no binary float, not even {value!r}")
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            _refuse_floats(each)

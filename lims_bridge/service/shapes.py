"""What the REST interface answers, as its OpenAPI document describes it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """The root."""

    model_config = ConfigDict(frozen=True)


class DocumentShape(Shape):
    """A document; fetch it by its SHA-256."""

    kind: str
    name: str
    sha256: str


class NoticeShape(Shape):
    """Something that became true of a record. ``sequence`` only grows: ask after the last one.

    ``content`` is the canonical record (``hardlab/calibration-record/1``), null once erased; its
    SHA-256 over the canonical text is ``digest``.
    """

    sequence: int
    event: Literal["issued", "withdrawn"]
    at: datetime
    record: str
    revision: int
    how: Literal["", "amends", "replaces"]
    block: str
    scale: str
    certificate: str
    digest: str
    documents: tuple[DocumentShape, ...]
    content: dict[str, Any] | None


class NoticesShape(Shape):
    """A page of notices; ``after`` is what to ask after next, ``more`` whether to ask at once."""

    items: tuple[NoticeShape, ...]
    after: int
    more: bool


class ErrorShape(Shape):
    """Why a request was refused."""

    error: str

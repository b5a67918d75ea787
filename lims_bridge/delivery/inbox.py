"""Orders from outside, taken once each: the claim on a key is the insertion itself."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine, func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from lims_bridge.exact import canonical
from lims_bridge.keeping.files import FileStore
from lims_bridge.office import append
from lims_bridge.office.events import OrderReceived
from lims_bridge.review.refusal import Refusal
from records.database import reading, writing
from records.tables import InboxOrder

Short = Annotated[str, Field(min_length=1, max_length=200)]
LONGEST_KEY = 200


class Incoming(BaseModel):
    """The root of what comes from outside: nothing unknown is passed over in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Customer(Incoming):
    """Whose blocks they are (personal data: kept apart from the tables)."""

    name: Short
    address: Annotated[str, Field(max_length=500)] = ""
    contact: Annotated[str, Field(max_length=200)] = ""


class WantedBlock(Incoming):
    """One block to be verified."""

    block: Short
    scale: Short
    due: date | None = None


class NewOrder(Incoming):
    """An order: whose, how urgent, which blocks."""

    customer: Customer
    priority: Literal["normal", "urgent"] = "normal"
    blocks: Annotated[tuple[WantedBlock, ...], Field(min_length=1, max_length=500)]
    note: Annotated[str, Field(max_length=2000)] = ""


class TakenOrder(Incoming):
    """An order as taken; ``number`` is ours."""

    number: str
    priority: Literal["normal", "urgent"]
    received: datetime
    blocks: tuple[WantedBlock, ...]
    again: bool = False


def take_order(
    engine: Engine, files: FileStore, source: str, key: str, order: NewOrder, now: datetime
) -> TakenOrder | Refusal:
    """Take an order under its sender's key; the same again gives the first answer.

    The same key with another text is refused: one of the two would be lost.
    """
    if not 0 < len(key) <= LONGEST_KEY:
        return Refusal(f"an order needs a key of 1 to {LONGEST_KEY} characters")
    doubles = _doubles([wanted.block for wanted in order.blocks])
    if doubles:
        return Refusal(f"{', '.join(doubles)} stand more than once in the order")
    digest = files.put(canonical(order.model_dump(mode="json")))
    try:
        with writing(engine) as session, session.begin():
            return _insert(session, source, key, order, digest, now)
    except IntegrityError:
        return _first(engine, source, key, digest)


def order_of(engine: Engine, number: str) -> TakenOrder | None:
    """Return an order by our number."""
    with reading(engine) as session:
        row = session.exec(select(InboxOrder).where(InboxOrder.number == number)).first()
        return _taken(row) if row else None


def orders(engine: Engine) -> tuple[TakenOrder, ...]:
    """Return all orders, oldest first."""
    with reading(engine) as session:
        found = session.exec(select(InboxOrder).order_by(col(InboxOrder.seq)))
        return tuple(_taken(row) for row in found)


def _insert(
    session: Session, source: str, key: str, order: NewOrder, digest: str, now: datetime
) -> TakenOrder:
    count = session.exec(select(func.count()).select_from(InboxOrder)).one()
    row = InboxOrder(
        source=source,
        key=key,
        digest=digest,
        number=f"O-{now:%Y}-{count + 1:05}",
        priority=order.priority,
        wanted=json.dumps([wanted.model_dump(mode="json") for wanted in order.blocks]),
        received=now,
    )
    session.add(row)
    session.flush()
    append(session, now, OrderReceived(row.number, source, key, digest))
    return _taken(row)


def _first(engine: Engine, source: str, key: str, digest: str) -> TakenOrder | Refusal:
    with reading(engine) as session:
        found = select(InboxOrder).where(InboxOrder.source == source, InboxOrder.key == key)
        row = session.exec(found).one()
        if row.digest != digest:
            return Refusal(f"the key {key} was used for another order, {row.number}")
        return _taken(row).model_copy(update={"again": True})


def _taken(row: InboxOrder) -> TakenOrder:
    blocks = tuple(WantedBlock.model_validate_json(json.dumps(w)) for w in json.loads(row.wanted))
    return TakenOrder(
        number=row.number,
        priority="urgent" if row.priority == "urgent" else "normal",
        received=row.received,
        blocks=blocks,
    )


def _doubles(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})

"""The nightly comparison: what we believe a receiver has against what it says it has.

The only defence against a receiver that loses data after it confirmed it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import col, select

from lims_bridge.delivery.decisions import requeue_lost
from lims_bridge.delivery.outbox import Message, message_of
from lims_bridge.delivery.outcomes import Absent, Arrived, CannotTell
from lims_bridge.delivery.packing import Unpackable, digest_of, pack
from lims_bridge.delivery.parcel import Held, Receiver
from lims_bridge.keeping.files import FileStore
from records.database import reading, writing
from records.tables import OutboxMessage
from runtime import offload


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a receiver's books compare with ours, by key.

    ``lost``: confirmed once and gone; sent again. ``doubled``: there more than once. ``altered``:
    there with another text. ``unheard``: could not be asked for. ``strange``: theirs, under our
    name, and unknown to us. ``trouble`` says why nothing could be compared.
    """

    compared: int = 0
    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()
    unheard: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def good(self) -> bool:
        """Say whether both books agree."""
        odd = (self.lost, self.doubled, self.altered, self.unheard, self.strange)
        return not self.trouble and not any(odd)


async def reconcile(
    engine: Engine,
    files: FileStore,
    destination: str,
    receiver: Receiver,
    now: datetime,
    limit: int = 500,
) -> Comparison:
    """Compare the last ``limit`` delivered messages; put the lost ones back into the outbox."""
    ours = await offload(_delivered, engine, destination, limit)
    theirs = await receiver.recent(2 * limit)
    if isinstance(theirs, CannotTell):
        return Comparison(trouble=theirs.why)
    seen = Counter(held.key for held in theirs)
    digests = {held.key: held.digest for held in theirs if held.digest}
    lost, unheard = await _look_for(files, receiver, [m for m in ours if m.key not in seen])
    if lost:
        await offload(_put_back, engine, lost, now)
    known = await offload(_known, engine, tuple(seen))
    return Comparison(
        compared=len(ours),
        lost=lost,
        doubled=tuple(key for key, times in seen.items() if times > 1),
        altered=tuple(m.key for m in ours if digests.get(m.key, digest_of(m)) != digest_of(m)),
        unheard=unheard,
        strange=_strange(theirs, destination, known),
    )


async def _look_for(
    files: FileStore, receiver: Receiver, missing: Sequence[Message]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ask for each message that is not in the list, which may be too short; lost, and unheard."""
    lost, unheard = [], []
    for message in missing:
        parcel = await offload(pack, message, files)
        if isinstance(parcel, Unpackable):
            unheard.append(message.key)
            continue
        found = await receiver.look_up(parcel)
        if isinstance(found, Absent):
            lost.append(message.key)
        elif not isinstance(found, Arrived):
            unheard.append(message.key)
    return tuple(lost), tuple(unheard)


def _delivered(engine: Engine, destination: str, limit: int) -> tuple[Message, ...]:
    found = (
        select(OutboxMessage)
        .where(OutboxMessage.destination == destination, OutboxMessage.state == "done")
        .order_by(col(OutboxMessage.seq).desc())
        .limit(limit)
    )
    with reading(engine) as session:
        return tuple(message_of(row) for row in session.exec(found))


def _put_back(engine: Engine, keys: Sequence[str], now: datetime) -> None:
    with writing(engine) as session, session.begin():
        for key in keys:
            row = session.exec(select(OutboxMessage).where(OutboxMessage.key == key)).one()
            if row.state == "done":
                requeue_lost(session, row, now)


def _known(engine: Engine, keys: Sequence[str]) -> frozenset[str]:
    found = select(OutboxMessage.key).where(col(OutboxMessage.key).in_(keys))
    with reading(engine) as session:
        return frozenset(session.exec(found))


def _strange(theirs: Sequence[Held], destination: str, known: frozenset[str]) -> tuple[str, ...]:
    ours = (held.key for held in theirs if held.key.startswith(f"{destination}:"))
    return tuple(sorted({key for key in ours if key not in known}))

"""Making today's anchor: the heads are read, signed, kept, written down and given away."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

from lims_bridge.delivery.outbox import Destination, post
from lims_bridge.exact import canonical
from lims_bridge.keeping.anchors import Anchor, AnchorFolder, Head, make_anchor
from lims_bridge.keeping.audit import JOURNAL, OFFICE
from lims_bridge.keeping.files import FileStore
from lims_bridge.office import append, head
from lims_bridge.office.events import AnchorMade
from records.database import writing


def anchor_today(
    engine: Engine,
    files: FileStore,
    folder: AnchorFolder,
    key: Ed25519PrivateKey,
    journal: Head,
    now: datetime,
    day: str,
    destinations: Iterable[Destination] = (),
) -> Anchor:
    """Sign the heads of journal and office; ask time-stamping authorities for a stamp.

    Raises `AnchorError`. A death after the signing leaves an anchor that the office does not tell
    of; it holds all the same.
    """
    seq, hashed = head(engine)
    chains = {JOURNAL: journal, OFFICE: Head(seq, hashed)}
    anchor = make_anchor(folder, chains, key, now, day)
    digest = files.put(anchor.text())
    with writing(engine) as session, session.begin():
        append(session, now, AnchorMade(anchor.name, digest))
        for destination in destinations:
            post(
                session,
                destination=destination.name,
                key=f"{destination.name}:anchor:{anchor.name}",
                kind="anchor",
                aggregate="anchor",
                payload=canonical({"digest": digest, "name": anchor.name}).decode(),
                at=now,
            )
    return anchor

"""From a message to a parcel: the record and the documents are fetched by their digests."""

from __future__ import annotations

import json
from dataclasses import dataclass

from lims_bridge.delivery.outbox import Message
from lims_bridge.delivery.parcel import Parcel
from lims_bridge.exact import sha256_hex
from lims_bridge.keeping.files import FileDamagedError, FileMissingError, FileStore
from lims_bridge.office.events import Document


@dataclass(frozen=True, slots=True)
class Unpackable:
    """Something that belongs to the message is gone or damaged."""

    why: str


def pack(message: Message, files: FileStore) -> Parcel | Unpackable:
    """Return the parcel of a message."""
    notice = message.notice
    documents = tuple(Document(**listed) for listed in notice.get("documents", ()))
    try:
        content = files.get(notice["digest"]) if "digest" in notice else b"{}"
        kept = {document.sha256: files.get(document.sha256) for document in documents}
    except (FileMissingError, FileDamagedError) as error:
        return Unpackable(str(error))
    return Parcel(
        key=message.key,
        kind=message.kind,
        notice=notice,
        content=json.loads(content),
        documents=documents,
        files=kept,
    )


def digest_of(message: Message) -> str:
    """Return the digest under which a receiver should hold the message."""
    notice = message.notice
    return str(notice.get("digest") or sha256_hex(message.payload.encode()))

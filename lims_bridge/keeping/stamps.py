"""The time stamps on anchors: kept with the messages that asked for them, laid beside the anchors.

An anchor proves what the chains held; a stamp on it, by an authority outside, proves since when.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from sqlalchemy import Engine

from lims_bridge.adapters.timestamp import signed_by_authority, stamped_at
from lims_bridge.delivery.outbox import Message, messages
from lims_bridge.keeping.anchors import AnchorError, AnchorFolder

KIND = "anchor"


@dataclass(frozen=True, slots=True)
class Stamp:
    """A stamp asked for: on which anchor, by whom, since when; ``trouble`` says what is wrong.

    ``at`` is None while it has not come; ``reply`` is the authority's whole answer (DER).
    """

    anchor: str
    authority: str
    state: str
    at: datetime | None
    reply: bytes
    trouble: str

    @property
    def file(self) -> str:
        """Return the name of the file that holds the answer."""
        return f"{self.anchor}.{self.authority}.tsr"


def stamps_on(
    engine: Engine, anchors: AnchorFolder, roots: tuple[x509.Certificate, ...] = ()
) -> Iterator[Stamp]:
    """Yield every stamp that was asked for, oldest first, checked against its anchor.

    With ``roots`` the authority's signature is checked as well.
    """
    for message in messages(engine):
        if message.kind == KIND:
            yield _stamp(message, anchors, roots)


def write_stamps(stamps: Iterator[Stamp], folder: Path) -> Iterator[Stamp]:
    """Lay each good stamp beside its anchor, for other programs (openssl ts); yield them all."""
    for stamp in stamps:
        path = folder / stamp.file
        if stamp.at is not None and not stamp.trouble and not path.exists():
            path.write_bytes(stamp.reply)
        yield stamp


def _stamp(message: Message, anchors: AnchorFolder, roots: tuple[x509.Certificate, ...]) -> Stamp:
    name = str(message.notice["name"])
    if message.state != "done" or message.receipt is None:
        # One that waits is no trouble of the books: delivery tells when it is late.
        return Stamp(name, message.destination, message.state, None, b"", "")
    try:
        reply = base64.b64decode(message.receipt, validate=True)
        text = anchors.read(name)[0].text()
    except (binascii.Error, AnchorError) as error:
        return Stamp(name, message.destination, message.state, None, b"", str(error))
    at = stamped_at(reply, text)
    trouble = "" if at is not None else "the stamp is not on this anchor"
    if not trouble and roots:
        trouble = signed_by_authority(reply, text, roots)
    return Stamp(name, message.destination, message.state, at, reply, trouble)

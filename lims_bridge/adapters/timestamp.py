"""A time-stamping authority (RFC 3161): proves that an anchor existed on its day.

Never in the way: a missing stamp is an entry in the outbox, and the anchor is signed without it.
The request asks for the SHA-256 of the anchor's text; the token is kept as the receipt, base64.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime

import httpx2 as httpx
from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from lims_bridge.adapters.http_words import of_bad_answer, of_error
from lims_bridge.delivery.outcomes import (
    Absent,
    Arrived,
    Assurance,
    CannotTell,
    Finding,
    Outcome,
    Uncertain,
)
from lims_bridge.delivery.parcel import Held, Parcel
from lims_bridge.exact import canonical

MIME_QUERY, MIME_REPLY = "application/timestamp-query", "application/timestamp-reply"


class TimestampReceiver:
    """An authority; a second stamp on the same text does no harm, so it may always be repeated."""

    def __init__(
        self,
        url: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        """Address an authority."""
        self._url = url
        self._http = httpx.AsyncClient(transport=transport, timeout=timeout_s)

    @property
    def assurance(self) -> Assurance:
        """Return how a second sending is kept harmless: it is harmless."""
        return "keys"

    async def deliver(self, parcel: Parcel) -> Outcome:
        """Ask for a stamp; the receipt is the whole reply, in base64."""
        text = canonical(dict(parcel.content))
        query = TimestampRequestBuilder().data(text).hash_algorithm(HashAlgorithm.SHA256).build()
        try:
            answer = await self._http.post(
                self._url, content=query.as_bytes(), headers={"Content-Type": MIME_QUERY}
            )
        except httpx.HTTPError as error:
            return of_error(error)
        if not answer.is_success:
            return of_bad_answer(answer)
        if not stamps(answer.content, text):
            return Uncertain("the authority's reply is no stamp on this text")
        return Arrived(base64.b64encode(answer.content).decode())

    async def look_up(self, parcel: Parcel) -> Finding:
        """Say that nothing is there: an authority keeps nothing."""
        return Absent()

    async def recent(self, limit: int) -> tuple[Held, ...] | CannotTell:
        """Say that an authority keeps no list."""
        return CannotTell("a time-stamping authority keeps no list")

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.aclose()


def stamps(reply: bytes, text: bytes) -> bool:
    """Say whether a reply grants a stamp on this text; whose stamp it is, is not looked at."""
    return stamped_at(reply, text) is not None


def stamped_at(reply: bytes, text: bytes) -> datetime | None:
    """Return when a text was stamped by its authority's clock; None if this is no stamp on it."""
    try:
        response = decode_timestamp_response(reply)
        granted = response.status in (PKIStatus.GRANTED, PKIStatus.GRANTED_WITH_MODS)
        imprint: bytes = response.tst_info.message_imprint.message
        at: datetime = response.tst_info.gen_time
    except ValueError:
        return None
    return at if granted and imprint == hashlib.sha256(text).digest() else None


def signed_by_authority(reply: bytes, text: bytes, roots: tuple[x509.Certificate, ...]) -> str:
    """Return why a stamp is not one of an authority under these roots; empty if it is."""
    try:
        response = decode_timestamp_response(reply)
        builder = VerifierBuilder(roots=list(roots))
        builder.build().verify_message(response, text)
    except (ValueError, VerificationError) as error:
        return str(error) or type(error).__name__
    return ""

"""Our own contract: one JSON document per record, pushed with an idempotency key.

``POST {url}`` with ``Idempotency-Key``; where the receiver can be asked, ``GET {url}/{key}`` gives
what it holds and ``GET {url}?limit=n`` the latest. What comes back is compared, never believed
for having come: filters may be ignored.
"""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from lims_bridge.adapters.http_words import of_bad_answer, of_error
from lims_bridge.delivery.outcomes import (
    Absent,
    Arrived,
    Assurance,
    CannotTell,
    Finding,
    Outcome,
    Refused,
)
from lims_bridge.delivery.parcel import Held, Parcel

SCHEMA = "hardlab/record-notice/1"
NOT_FOUND = 404


class RestReceiver:
    """A LIMS that speaks our contract."""

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        assurance: Assurance = "keys",
        inline_documents: bool = True,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        """Address a receiver; ``inline_documents`` sends the files too, in base64."""
        self._url = url.rstrip("/")
        self._assurance: Assurance = assurance
        self._inline = inline_documents
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.AsyncClient(
            headers=headers, transport=transport, timeout=timeout_s, follow_redirects=False
        )

    @property
    def assurance(self) -> Assurance:
        """Return how a second sending is kept harmless."""
        return self._assurance

    async def deliver(self, parcel: Parcel) -> Outcome:
        """Push a record; a second push of the same key must give the first one's answer."""
        headers = {"Content-Type": "application/json"}
        if self._assurance == "keys":
            headers["Idempotency-Key"] = f'"{parcel.key}"'
        try:
            answer = await self._http.post(
                self._url, content=body_of(parcel, inline=self._inline), headers=headers
            )
        except httpx.HTTPError as error:
            return of_error(error)
        if not answer.is_success:
            return of_bad_answer(answer)
        return Arrived(_receipt(answer, parcel.key))

    async def look_up(self, parcel: Parcel) -> Finding:
        """Ask for our key; another key or text in the answer is no confirmation."""
        try:
            answer = await self._http.get(f"{self._url}/{quote(parcel.key, safe='')}")
        except httpx.HTTPError as error:
            return CannotTell(of_error(error).why)
        if answer.status_code == NOT_FOUND:
            return Absent()
        held = _object(answer)
        if not answer.is_success or held is None:
            return CannotTell(f"HTTP {answer.status_code} to a look-up")
        if held.get("key") != parcel.key:
            return CannotTell(f"asked for {parcel.key}, told of {held.get('key')!r}")
        wanted = parcel.notice.get("digest", "")
        if held.get("digest", wanted) != wanted:
            return Refused("the receiver holds another text under this key; a person must look")
        return Arrived(_receipt(answer, parcel.key))

    async def recent(self, limit: int) -> tuple[Held, ...] | CannotTell:
        """Return the latest keys that the receiver holds."""
        try:
            answer = await self._http.get(self._url, params={"limit": limit})
        except httpx.HTTPError as error:
            return CannotTell(of_error(error).why)
        listed = (_object(answer) or {}).get("items")
        if not answer.is_success or not isinstance(listed, list):
            return CannotTell(f"HTTP {answer.status_code}: the receiver gives no list")
        return tuple(Held(str(e["key"]), str(e.get("digest", ""))) for e in listed if "key" in e)

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.aclose()


def body_of(parcel: Parcel, *, inline: bool) -> bytes:
    """Return what is pushed: the notice, the canonical record, the documents."""
    documents = [
        {"kind": d.kind, "name": d.name, "sha256": d.sha256, "size": len(parcel.files[d.sha256])}
        | ({"content": base64.b64encode(parcel.files[d.sha256]).decode()} if inline else {})
        for d in parcel.documents
    ]
    content = {
        **parcel.notice,
        "schema": SCHEMA,
        "key": parcel.key,
        "content": parcel.content,
        "documents": documents,
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True).encode()


def _receipt(answer: httpx.Response, key: str) -> str:
    held = _object(answer) or {}
    return str(held.get("id") or held.get("key") or key)


def _object(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        content = answer.json()
    except ValueError:
        return None
    return content if isinstance(content, dict) else None

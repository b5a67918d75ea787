"""Who proves when a document was sealed: a time-stamping authority, and what its word rests on.

Optional. With an authority a seal is PAdES B-T: it holds after its certificate has ended. With
the certificates and revocation lists of both as well it is B-LT: it can be checked in years, with
nothing fetched. Never in the way: without an answer the seal goes on alone, and what was missing
is told; the stamp on the day's anchor, which waits in the outbox, proves the day all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx2 as httpx
from asn1crypto import crl as asn1_crl
from asn1crypto import pem, tsp
from asn1crypto import x509 as asn1
from pyhanko.keys import load_certs_from_pemder
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.timestamps.common_utils import TimestampRequestError
from pyhanko_certvalidator import ValidationContext

from lims_bridge.sealing.service import SealError

TIMEOUT_S: Final = 10.0
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"


class HttpStamper(TimeStamper):
    """An authority on the network (RFC 3161). One that was silent once is not asked again.

    An authority that is away would otherwise cost each document of a tray its time-out.
    """

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # pyHanko has no types here
        self._url = url
        self._http = httpx.Client(transport=transport, timeout=TIMEOUT_S)
        self._silent = ""

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """Ask. Raise `TimestampRequestError` (an OSError) if there is no stamp to be had."""
        if self._silent:
            raise TimestampRequestError(self._silent)
        try:
            answer = self._http.post(
                self._url, content=req.dump(), headers={"Content-Type": _QUERY}
            )
            answer.raise_for_status()
            reply = tsp.TimeStampResp.load(answer.content)
            reply["status"]["status"].native  # noqa: B018  (a reply that is none fails here)
        except (httpx.HTTPError, ValueError, TypeError) as error:
            self._silent = f"no time stamp from {self._url}: {error}"
            raise TimestampRequestError(self._silent) from None
        return reply


@dataclass(frozen=True, slots=True)
class Proofs:
    """What a seal is to be checked against in years: trusted roots and revocation lists.

    Without ``crls`` they are fetched from where the certificates say.
    """

    roots: tuple[asn1.Certificate, ...]
    crls: tuple[asn1_crl.CertificateList, ...] = ()

    def context(self) -> ValidationContext:
        """Return it as the library wants it: each certificate must be shown to be unrevoked."""
        return ValidationContext(
            trust_roots=list(self.roots),
            crls=list(self.crls),
            allow_fetching=not self.crls,
            revocation_mode="require",
        )


@dataclass(frozen=True, slots=True, eq=False)
class Witness:
    """An authority and the proofs for it; with no ``stamper`` there is neither."""

    stamper: TimeStamper | None = None
    proofs: Proofs | None = None
    told: list[str] = field(default_factory=list)
    """Why seals had less than was asked for; each reason once."""

    def lacking(self, why: str) -> None:
        """Note that a seal had to do with less."""
        if why not in self.told:
            self.told.append(why)


def read_proofs(authorities: Path, crls: tuple[Path, ...]) -> Proofs:
    """Read certificates (PEM) and revocation lists (PEM or DER). Raise `SealError`."""
    try:
        roots = tuple(load_certs_from_pemder([str(authorities)]))  # type: ignore[no-untyped-call]  # pyHanko has no types here
        lists = tuple(asn1_crl.CertificateList.load(_der(path.read_bytes())) for path in crls)
        for each in lists:
            each.native  # noqa: B018  (a list that is none fails here, not at the first seal)
    except (OSError, ValueError, TypeError) as error:
        raise SealError(f"[seal] in office.toml: {error}") from None
    if not roots:
        raise SealError(f"[seal] in office.toml: no certificate in {authorities}")
    return Proofs(roots, lists)


def _der(data: bytes) -> bytes:
    if not pem.detect(data):
        return data
    _, _, der = pem.unarmor(data)
    return bytes(der)

"""A seal kept by a service on the network: it is sent a digest and answers with a signature.

Seal services differ; this speaks the least of them: POST of JSON {"algorithm", "digest"} in
base64, answered by {"signature"}. A provider's own dialect is one class like this one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field

import httpx2 as httpx
from cryptography import x509

from lims_bridge.sealing.service import SealError, on_curve

TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class RemoteSeal:
    """Implements `SealService`. What is signed never leaves this machine, only its digest.

    ``token`` goes into the Authorization header. A request without an answer is not repeated:
    a seal service counts signatures, and a person looks first.
    """

    url: str
    chain: tuple[x509.Certificate, ...]
    token: str = field(default="", repr=False)
    demo: bool = False

    def sign(self, data: bytes) -> bytes:
        """Ask the service. Raise `SealError` if it does not answer with a signature."""
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        algorithm = "ecdsa-sha256" if on_curve(self) else "rsa-sha256"
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            answer = httpx.post(
                self.url,
                json={"algorithm": algorithm, "digest": digest},
                headers=headers,
                timeout=TIMEOUT_S,
            )
            answer.raise_for_status()
            return base64.b64decode(answer.json()["signature"], validate=True)
        except httpx.HTTPStatusError as error:
            code = error.response.status_code
            raise SealError(f"the seal service at {self.url} refused ({code})") from None
        except httpx.HTTPError as error:
            raise SealError(f"no answer from the seal service at {self.url}: {error}") from None
        except (ValueError, KeyError, TypeError, binascii.Error):
            raise SealError(f"the seal service at {self.url} answered with no signature") from None

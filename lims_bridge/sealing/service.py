"""The port to whoever holds the institution's key: it signs bytes and shows its certificates."""

from __future__ import annotations

from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa


class SealError(RuntimeError):
    """Nothing was sealed; the message says why and what to do."""


class SealService(Protocol):
    """Signs for the institution. What it signs was approved by persons before: see the review."""

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """Return the certificate of the seal, then those above it."""
        ...

    @property
    def demo(self) -> bool:
        """Say whether no institution stands behind this seal."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Return a signature of data over SHA-256: ECDSA in DER, or RSA PKCS #1 v1.5.

        Raise `SealError` if the key cannot be used (now).
        """
        ...


def on_curve(service: SealService) -> bool:
    """Say whether the seal's key is an elliptic one. Raise `SealError` if it is no RSA key either.

    SM2, as official Chinese seals have it, is not among what the libraries here can do.
    """
    key = service.chain[0].public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return True
    if isinstance(key, rsa.RSAPublicKey):
        return False
    raise SealError(f"a seal with a {type(key).__name__} is not supported; use RSA or ECDSA")

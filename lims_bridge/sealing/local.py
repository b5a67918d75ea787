"""A seal whose key lies in a PKCS #12 file on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from lims_bridge.sealing.service import SealError


@dataclass(frozen=True, slots=True)
class LocalSeal:
    """Implements `SealService`."""

    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    chain: tuple[x509.Certificate, ...]
    demo: bool = False

    def sign(self, data: bytes) -> bytes:
        """Sign with the key in memory."""
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(data, ec.ECDSA(hashes.SHA256()))
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def load_seal(path: Path, passphrase: str, *, demo: bool = False) -> LocalSeal:
    """Return the seal of a PKCS #12 file; raise `SealError` if it holds none we can use."""
    try:
        key, own, others = pkcs12.load_key_and_certificates(
            path.read_bytes(), passphrase.encode() or None
        )
    except OSError as error:
        raise SealError(f"{path}: {error.strerror}; give the seal's PKCS #12 file") from None
    except ValueError:
        raise SealError(f"{path}: no PKCS #12 file, or the passphrase is wrong") from None
    if own is None or not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise SealError(f"{path}: holds no certificate with an RSA or ECDSA key")
    return LocalSeal(key, (own, *others), demo)

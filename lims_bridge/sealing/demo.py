"""A seal for demonstrations: made on the spot, marked as demo in its name and by a rule.

Its certificates are good from 2020 to 2049, so that a demo can be verified at any time.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lims_bridge.sealing.local import LocalSeal
from lims_bridge.sealing.xml_seal import pem_of

FROM: Final = datetime(2020, 1, 1, tzinfo=UTC)
UNTIL: Final = datetime(2049, 12, 31, tzinfo=UTC)
MARK: Final = "DEMO - no institution"
ROOT_FILE: Final = "demo-root.pem"


@cache
def demo_seal() -> LocalSeal:
    """Return a seal with a new key, and above it a root of its own; one per process."""
    root_key = ec.generate_private_key(ec.SECP256R1())
    root = _certificate("hardlab demo root", root_key, None, root_key)
    key = ec.generate_private_key(ec.SECP256R1())
    return LocalSeal(key, (_certificate("hardlab demo seal", key, root, root_key), root), demo=True)


def write_root(seal: LocalSeal, folder: Path) -> Path:
    """Write the certificate that a verifier must trust, beside the documents."""
    path = folder / ROOT_FILE
    path.write_bytes(pem_of(seal.chain[-1:]))
    return path


def is_demo(certificate: x509.Certificate) -> bool:
    """Say whether a certificate is one of a demonstration."""
    names = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return any(name.value == MARK for name in names)


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    issuer_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, MARK),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    above = issuer is None
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    theirs = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(FROM)
        .not_valid_after(UNTIL)
        .add_extension(x509.BasicConstraints(ca=above, path_length=None), critical=True)
        .add_extension(_usage(above), critical=True)
        .add_extension(own, critical=False)
        .add_extension(theirs, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _usage(above: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not above,
        content_commitment=not above,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=above,
        crl_sign=above,
        encipher_only=False,
        decipher_only=False,
    )

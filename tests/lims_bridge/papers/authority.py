"""A small tree of keys as the world has it: a root, a seal, a time-stamping authority, a list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1
from asn1crypto.keys import PrivateKeyInfo
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps import DummyTimeStamper

from lims_bridge.sealing.local import LocalSeal
from lims_bridge.sealing.witness import Proofs

BEGAN = datetime(2020, 1, 1, tzinfo=UTC)
SEAL_ENDS = datetime(2049, 1, 1, tzinfo=UTC)
"""When the seal's certificate ends; root and authority live longer."""
WORLD_ENDS = datetime(2099, 1, 1, tzinfo=UTC)
_USES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
    *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


@dataclass(frozen=True, slots=True)
class Tree:
    """All keys of a test."""

    root: x509.Certificate
    root_key: ec.EllipticCurvePrivateKey
    seal: LocalSeal
    tsa: x509.Certificate
    tsa_key: rsa.RSAPrivateKey

    def stamper(self, at: datetime | None = None) -> DummyTimeStamper:
        """Return the authority, its clock stopped at ``at`` if given."""
        key = self.tsa_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return DummyTimeStamper(_asn1(self.tsa), PrivateKeyInfo.load(key), fixed_dt=at)

    def proofs(self, *revoked: x509.Certificate) -> Proofs:
        """Return the root and its revocation list."""
        now = datetime.now(UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.root.subject)
            .last_update(now - timedelta(days=1))
            .next_update(now + timedelta(days=30))
        )
        for each in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(each.serial_number)
            builder = builder.add_revoked_certificate(
                entry.revocation_date(now - timedelta(days=2)).build()
            )
        made = builder.sign(self.root_key, hashes.SHA256())
        listed = asn1_crl.CertificateList.load(made.public_bytes(Encoding.DER))
        return Proofs((_asn1(self.root),), (listed,))

    def write(self, folder: Path) -> Path:
        """Write the root, to be trusted."""
        path = folder / "root.pem"
        path.write_bytes(self.root.public_bytes(Encoding.PEM))
        return path


def grow(seal_begins: datetime = BEGAN) -> Tree:
    """Make all keys anew."""
    root_key, seal_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    tsa_key = rsa.generate_private_key(65537, 2048)  # the library's own authority is RSA only
    root = _certificate("Test root", root_key, None, root_key, ("key_cert_sign", "crl_sign"))
    signs = ("digital_signature", "content_commitment")
    seal = _certificate("Test seal", seal_key, root, root_key, signs, span=(seal_begins, SEAL_ENDS))
    tsa = _certificate("Test TSA", tsa_key, root, root_key, signs, stamps=True)
    return Tree(root, root_key, LocalSeal(seal_key, (seal, root), demo=True), tsa, tsa_key)


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
    issuer: x509.Certificate | None,
    issuer_key: ec.EllipticCurvePrivateKey,
    uses: tuple[str, ...],
    *,
    span: tuple[datetime, datetime] = (BEGAN, WORLD_ENDS),
    stamps: bool = False,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(span[0])
        .not_valid_after(span[1])
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**{use: use in uses for use in _USES}), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(above, critical=False)
    )
    if stamps:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(issuer_key, hashes.SHA256())


def _asn1(certificate: x509.Certificate) -> asn1.Certificate:
    return asn1.Certificate.load(certificate.public_bytes(Encoding.DER))

"""XAdES signatures of a digital calibration certificate, enveloped, over SHA-256."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureConstructionMethod, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.xades.xades import (
    XAdESDataObjectFormat,
    XAdESSignatureConfiguration,
    XAdESSigner,
    XAdESVerifier,
)

from lims_bridge.dcc.elements import Element
from lims_bridge.sealing.service import SealError, SealService, on_curve


@dataclass(frozen=True, slots=True)
class _Key:
    """Looks like a key to the library and asks the service."""

    service: SealService

    @property
    def key_size(self) -> int:
        """Return the size of the key in bits."""
        key = self.service.chain[0].public_key()
        return key.key_size if isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey) else 0

    def sign(self, data: bytes, **how: Any) -> bytes:  # noqa: ANN401  # as signxml calls it
        return self.service.sign(data)


@dataclass(frozen=True, slots=True)
class BadXml:
    """Why a signature does not hold."""

    reason: str


def seal_xml(root: Element, service: SealService) -> bytes:
    """Return the signed XML; ``root`` is left as it was. Raise `SealError` if it cannot be signed.

    The library's own canonical form (C14N 1.1) is kept: with exclusive C14N it writes digests
    that it cannot verify itself.
    """
    method = SignatureMethod.ECDSA_SHA256 if on_curve(service) else SignatureMethod.RSA_SHA256
    signer = XAdESSigner(
        data_object_format=XAdESDataObjectFormat("Digital calibration certificate", "text/xml"),
        method=SignatureConstructionMethod.enveloped,
        signature_algorithm=method,
        digest_algorithm=DigestAlgorithm.SHA256,
    )
    try:
        signed = signer.sign(
            root,
            key=_Key(service),  # type: ignore[arg-type]  # signxml asks it to sign, no more
            cert=list(service.chain),
            always_add_key_value=False,
        )
    except SignXMLException as error:
        raise SealError(f"the XML certificate could not be signed: {error}") from error
    made: bytes = etree.tostring(signed, xml_declaration=True, encoding="UTF-8")
    return made


def open_sealed_xml(data: bytes, roots: Path, moment: datetime | None = None) -> Element | BadXml:
    """Return the part of an XML certificate that its signature covers, if it holds.

    ``roots`` is a file with the trusted certificates (PEM); they must be good at ``moment``, or
    now.
    """
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        tree = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        return BadXml(f"not well-formed: {error.msg}")
    try:
        verifier = XAdESVerifier()
        config = XAdESSignatureConfiguration(expect_references=3, verification_time=moment)
        results = verifier.verify(tree, ca_pem_file=str(roots), expect_config=config)
    except Exception as error:
        # The library raises its own and cryptography's errors; all mean the same here.
        return BadXml(str(error) or type(error).__name__)
    covered = results[0].signed_xml
    return covered if covered is not None else BadXml("the signature covers nothing")


def pem_of(chain: tuple[x509.Certificate, ...]) -> bytes:
    """Return certificates as PEM."""
    return b"".join(each.public_bytes(Encoding.PEM) for each in chain)

"""PAdES seals on a PDF by pyHanko: invisible, certifying, over SHA-256.

The picture of the seal is part of the page: a stamp drawn with the signature would bring a
typeface that is not embedded, and the file would be no PDF/A any more.
"""

from __future__ import annotations

import io
from typing import Final

from asn1crypto import algos
from asn1crypto import x509 as asn1
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from lims_bridge.sealing.service import SealService, on_curve

FIELD: Final = "Seal"
RESERVED: Final = 8_192
"""Bytes kept free for the signature with its certificates."""
RESERVED_STAMPED: Final = 24_576
"""The same with a time stamp and the certificates of its authority."""


class _ServiceSigner(Signer):
    """Lets pyHanko have its bytes signed by the service."""

    def __init__(self, service: SealService) -> None:
        self._service = service
        certificates = [
            asn1.Certificate.load(each.public_bytes(Encoding.DER)) for each in service.chain
        ]
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        store.register_multiple(certificates)
        name = "sha256_ecdsa" if on_curve(service) else "sha256_rsa"
        super().__init__(
            signing_cert=certificates[0],
            cert_registry=store,
            signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": name}),
        )

    async def async_sign_raw(
        self, data: bytes, digest_algorithm: str, dry_run: bool = False
    ) -> bytes:
        return self._service.sign(data)


def seal_pdf(
    pdf: bytes, service: SealService, *, reason: str, place: str, stamper: TimeStamper | None = None
) -> bytes:
    """Return the sealed PDF (PAdES B-B; B-T with a ``stamper``). No change is allowed after it.

    Blocks, and runs a loop of its own: not to be called from a running one. Raises `SealError`.
    """
    metadata = PdfSignatureMetadata(
        field_name=FIELD,
        # A longer digest would make the library raise the file to PDF 2.0.
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        reason=reason,
        location=place,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    signer = PdfSigner(metadata, signer=_ServiceSigner(service), timestamper=stamper)
    room = RESERVED if stamper is None else RESERVED_STAMPED
    sealed = io.BytesIO()
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    signer.sign_pdf(writer, bytes_reserved=room, output=sealed)
    return sealed.getvalue()

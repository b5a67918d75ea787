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
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign import fields
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer
from pyhanko.sign.signers.constants import ESIC_EXTENSION_1
from pyhanko.sign.signers.pdf_signer import DSSContentSettings, SigDSSPlacementPreference
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator.errors import PathError, PathValidationError, RevokedError
from pyhanko_certvalidator.registry import SimpleCertificateStore

from lims_bridge.sealing.service import SealError, SealService, on_curve
from lims_bridge.sealing.witness import Proofs, Witness

FIELD: Final = "Seal"
RESERVED: Final = 8_192
"""Bytes kept free for the signature with its certificates."""
RESERVED_STAMPED: Final = 24_576
"""The same with a time stamp and the certificates of its authority."""

ALONE: Final = Witness()


class _ServiceSigner(Signer):
    """Lets pyHanko have its bytes signed by the service."""

    def __init__(self, service: SealService) -> None:
        self._service = service
        certificates = [
            asn1.Certificate.load(each.public_bytes(Encoding.DER)) for each in service.chain
        ]
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # pyHanko has no types here
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


class _Signer17(PdfSigner):
    """Leaves the file at PDF 1.7, on which PDF/A-3 rests.

    The library would raise it to 2.0 for a key on a curve; such signatures are read everywhere.
    """

    def register_extensions(self, pdf_out: BasePdfFileWriter, *, md_algorithm: str) -> None:
        pdf_out.ensure_output_version(version=(1, 7))  # type: ignore[no-untyped-call]  # pyHanko has no types here
        pdf_out.register_extension(ESIC_EXTENSION_1)


def seal_pdf(
    pdf: bytes, service: SealService, *, reason: str, place: str, witness: Witness = ALONE
) -> bytes:
    """Return the sealed PDF: PAdES B-B, B-T with a stamp, B-LT with proofs. It is final.

    A ``witness`` who does not answer does not keep a document back: it hears what was missing.
    Blocks, and runs a loop of its own: not to be called from a running one. Raises `SealError`.
    """

    def sealed(stamper: TimeStamper | None, proofs: Proofs | None) -> bytes:
        return _sealed(pdf, service, reason, place, stamper, proofs)

    for stamper, proofs in ((witness.stamper, witness.proofs), (witness.stamper, None)):
        if stamper is None:
            break
        try:
            return sealed(stamper, proofs)
        except (OSError, SigningError, PathError, PathValidationError) as error:
            why = error.__cause__ or error
            if isinstance(why, RevokedError):
                raise SealError(f"a certificate of the seal or its witness: {why}") from None
            witness.lacking(f"{why}; {_LESS[proofs is None]}")
    return sealed(None, None)


_LESS: Final = {
    False: "sealed without proofs for later years (not PAdES B-LT)",
    True: "sealed without a time stamp (PAdES B-B); the stamp on the day's anchor proves the day",
}


def _sealed(
    pdf: bytes,
    service: SealService,
    reason: str,
    place: str,
    stamper: TimeStamper | None,
    proofs: Proofs | None,
) -> bytes:
    metadata = PdfSignatureMetadata(
        field_name=FIELD,
        # A longer digest would make the library raise the file to PDF 2.0.
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        reason=reason,
        location=place,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        embed_validation_info=proofs is not None,
        validation_context=proofs.context() if proofs else None,
        # In one revision with the seal: it covers the proofs too, and nothing comes after it.
        dss_settings=DSSContentSettings(
            include_vri=False, placement=SigDSSPlacementPreference.TOGETHER_WITH_SIGNATURE
        ),
    )
    signer = _Signer17(metadata, signer=_ServiceSigner(service), timestamper=stamper)
    room = RESERVED if stamper is None else RESERVED_STAMPED
    out = io.BytesIO()
    signer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), bytes_reserved=room, output=out)
    return out.getvalue()

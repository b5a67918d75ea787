"""The seal on a PDF, and what travels inside it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from pyhanko.keys import load_certs_from_pemder
from pyhanko.pdf_utils.generic import IndirectObject
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from lims_bridge.sealing.demo import is_demo
from lims_bridge.verifying.report import Check


@dataclass(frozen=True, slots=True)
class Opened:
    """A PDF as read: its attached files by name, and its title."""

    attached: Mapping[str, bytes]
    title: str
    checks: tuple[Check, ...]
    demo: bool


def open_pdf(data: bytes, roots: Path) -> Opened | Check:
    """Read a PDF and check its seal against trusted certificates (PEM).

    Returns a single failed check if it cannot be read as a PDF at all.
    """
    try:
        reader = PdfFileReader(io.BytesIO(data), strict=True)
        seals = reader.embedded_signatures
        checks = tuple(_seal_checks(reader, roots)) if seals else (_UNSEALED,)
        demo = bool(seals) and _demo(seals[0].signer_cert.dump())
        return Opened(_attached(reader), _title(reader), checks, demo)
    except _UNREADABLE as error:
        return Check("file", False, f"not readable as a sealed PDF: {error}")


# What a damaged file makes the reader raise, as found by flipping bytes.
_UNREADABLE = (
    PdfError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OSError,
    RecursionError,
)
_UNSEALED = Check("seal", False, "there is no seal on this file")


def _seal_checks(reader: PdfFileReader, roots: Path) -> list[Check]:
    context = ValidationContext(
        trust_roots=list(load_certs_from_pemder([str(roots)])),  # type: ignore[no-untyped-call]
        allow_fetching=False,
    )
    seal = reader.embedded_signatures[0]
    status = validate_pdf_signature(seal, context)
    who = seal.signer_cert.subject.human_friendly
    when = seal.self_reported_timestamp
    stated = f", by its own clock on {when:%Y-%m-%d %H:%M %Z}" if when else ""
    return [
        Check("seal", status.intact and status.valid, _sealed(status, f"by {who}{stated}")),
        Check(
            "signer",
            status.trusted,
            f"{who} is vouched for by {roots.name}"
            if status.trusted
            else f"{who} is not vouched for by any certificate in {roots.name}",
        ),
        _untouched(status),
    ]


def _sealed(status: PdfSignatureStatus, by: str) -> str:
    if not status.intact:
        return "the content is not what was sealed: the file was altered"
    return f"sealed {by}" if status.valid else "the signature itself is wrong"


def _untouched(status: PdfSignatureStatus) -> Check:
    whole = status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    good = whole and status.docmdp_ok is not False
    said = "nothing was added after sealing" if good else "something was added after sealing"
    return Check("whole", good, said)


def _demo(certificate: bytes) -> bool:
    return is_demo(x509.load_der_x509_certificate(certificate))


def _attached(reader: PdfFileReader) -> Mapping[str, bytes]:
    files = reader.root.get("/AF", ())
    specifications = [files[i] for i in range(len(files))]
    return {str(each["/UF"]): each["/EF"]["/F"].data for each in specifications}


def _title(reader: PdfFileReader) -> str:
    if "/Info" not in reader.trailer:
        return ""
    info = reader.trailer["/Info"]
    if isinstance(info, IndirectObject):
        info = info.get_object()  # type: ignore[no-untyped-call]
    return str(info.get("/Title", ""))

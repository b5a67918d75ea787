"""The seal on a PDF, and what travels inside it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from pyhanko.keys import load_certs_from_pemder
from pyhanko.pdf_utils.generic import IndirectObject
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.status import (
    PdfSignatureStatus,
    SignatureCoverageLevel,
    TimestampSignatureStatus,
)
from pyhanko_certvalidator import ValidationContext

from lims_bridge.sealing.demo import is_demo
from lims_bridge.verifying.report import Check


@dataclass(frozen=True, slots=True)
class Opened:
    """A PDF as read: its attached files by name, its title, what its seal says.

    ``proven_at`` is when it surely existed, by a time stamp of a trusted authority.
    """

    attached: Mapping[str, bytes]
    title: str
    checks: tuple[Check, ...]
    demo: bool
    proven_at: datetime | None = None
    warnings: tuple[str, ...] = ()


def open_pdf(data: bytes, roots: Path, moment: datetime | None = None) -> Opened | Check:
    """Read a PDF and check its seal against trusted certificates (PEM), as of ``moment`` or now.

    A seal whose certificate has ended since holds if a trusted time stamp is older than that.
    Returns a single failed check if it cannot be read as a PDF at all.
    """
    try:
        reader = PdfFileReader(io.BytesIO(data), strict=True)
        seals = reader.embedded_signatures
        if not seals:
            return Opened(_attached(reader), _title(reader), (_UNSEALED,), demo=False)
        status = _status(reader, roots, moment)
        stamp = status.timestamp_validity
        return Opened(
            _attached(reader),
            _title(reader),
            tuple(_seal_checks(reader, status, roots)),
            _demo(seals[0].signer_cert.dump()),
            stamp.timestamp if stamp is not None and _believed(stamp) else None,
            tuple(_stamp_warnings(stamp, roots)),
        )
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


def _status(reader: PdfFileReader, roots: Path, moment: datetime | None) -> PdfSignatureStatus:
    seal = reader.embedded_signatures[0]
    known: dict[str, Any] = {
        "trust_roots": list(load_certs_from_pemder([str(roots)])),  # type: ignore[no-untyped-call]  # pyHanko has no types here
        "allow_fetching": False,
    }
    now = ValidationContext(**known, moment=moment)
    status = validate_pdf_signature(seal, now)
    stamp = status.timestamp_validity
    if status.trusted or stamp is None or not _believed(stamp):
        return status
    # It existed at the time of the stamp: what counts is whether the certificate was good then.
    known |= {"moment": stamp.timestamp, "retroactive_revinfo": True}
    if "/DSS" in reader.root:
        proofs = DocumentSecurityStore.read_dss(reader)
        then = proofs.as_validation_context(known | {"revocation_mode": "require"})
    else:
        then = ValidationContext(**known)
    return validate_pdf_signature(seal, then, ts_validation_context=now)


def _believed(stamp: TimestampSignatureStatus) -> bool:
    return stamp.intact and stamp.valid and stamp.trusted


def _seal_checks(reader: PdfFileReader, status: PdfSignatureStatus, roots: Path) -> Iterator[Check]:
    seal = reader.embedded_signatures[0]
    who = seal.signer_cert.subject.human_friendly
    when = seal.self_reported_timestamp
    stated = f", by its own clock on {when:%Y-%m-%d %H:%M %Z}" if when else ""
    yield Check("seal", status.intact and status.valid, _sealed(status, f"by {who}{stated}"))
    trusted = f"{who} is vouched for by {roots.name}"
    doubted = f"{who} is not vouched for by any certificate in {roots.name}"
    if not status.trusted and status.trust_problem_indic is not None:
        why = str(status.trust_problem_indic).rpartition(".")[2]
        doubted += f" ({why.lower().replace('_', ' ')})"
    yield Check("signer", status.trusted, trusted if status.trusted else doubted)
    yield _untouched(status)
    stamp = status.timestamp_validity
    if stamp is not None:
        said = f"stamped on {stamp.timestamp:%Y-%m-%d %H:%M %Z} by {_name(stamp)}"
        good = stamp.intact and stamp.valid
        yield Check("time", good, said if good else "the time stamp is not on this seal")


def _stamp_warnings(stamp: TimestampSignatureStatus | None, roots: Path) -> Iterator[str]:
    if stamp is not None and not stamp.trusted:
        yield (
            f"no certificate in {roots.name} vouches for the time-stamping authority {_name(stamp)}"
            "; add its root to believe its time"
        )


def _name(stamp: TimestampSignatureStatus) -> str:
    return str(stamp.signing_cert.subject.human_friendly)


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
        info = info.get_object()  # type: ignore[no-untyped-call]  # pyHanko has no types here
    return str(info.get("/Title", ""))

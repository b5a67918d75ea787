"""Issuing, revoking and amending for the certificate commands; loaded only when one runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

from cryptography import x509

from controller.assembly import Folder
from controller.certificates.run_records import record_again
from controller.cli.errors import NOT_DONE, refuse
from controller.cli.office import Opened, granted, key_of, opened, signed_by
from controller.cli.papers import laboratory_of, tell, tell_unfit, typesetter
from lims_bridge import numbering
from lims_bridge.building import Unfit
from lims_bridge.delivery.config import OfficeConfigError
from lims_bridge.issue import Language
from lims_bridge.issuing import IssuingOffice
from lims_bridge.press import Press, Stopped
from lims_bridge.record import read_record
from lims_bridge.review.dossier import dossier_of
from lims_bridge.review.state import RecordKey
from lims_bridge.sealing.local import load_seal
from lims_bridge.sealing.remote import RemoteSeal
from lims_bridge.sealing.service import SealError, SealService
from records.database import reading
from records.tables import Certificate
from runtime import utc_now


def local_seal(file: Path, passphrase: str) -> SealService:
    """Open a seal in a file; end with a line if it cannot be."""
    try:
        return load_seal(file, passphrase)
    except SealError as error:
        refuse(str(error))


def remote_seal(url: str, chain: Path, token: Path | None) -> SealService:
    """Return a seal held by a service; end with a line if its certificates cannot be read."""
    try:
        certificates = tuple(x509.load_pem_x509_certificates(chain.read_bytes()))
        secret = token.read_text(encoding="utf-8").splitlines()[0] if token else ""
    except (OSError, ValueError, IndexError) as error:
        refuse(f"{chain}: not the certificates of a seal, or no token: {error}")
    return RemoteSeal(url, certificates, secret)


def issue_approved(
    out: Path,
    laboratory: Path | None,
    numbers: list[str] | None,
    seal: SealService,
    by: str,
    language: str,
) -> None:
    """Issue approved records and write their documents into the run's folder ``certificates``."""
    folder = out / "certificates"
    lab = laboratory_of(out, laboratory)
    with typesetter() as setter, opened(out) as office:
        desk = office.desk
        try:
            witness = office.config.seal.witness()
        except OfficeConfigError as error:
            refuse(*error.problems)
        press = Press(setter, Folder(out).pictures, seal, witness)
        bureau = IssuingOffice(desk, office.registry, lab, press, cast(Language, language))
        keys = [key_of(office, each) for each in numbers or ()] or list(desk.standing("approved"))
        if not keys:
            refuse("nothing is approved: see hardlab review list", code=NOT_DONE)
        folder.mkdir(exist_ok=True)
        failed = 0
        for key in keys:
            done = bureau.issue(key, by)
            if isinstance(done, Stopped):
                failed += 1
                tell(done.number, done.reasons)
                continue
            path = folder / f"{done.number}.pdf"
            path.write_bytes(done.pdf)
            path.with_suffix(".xml").write_bytes(done.dcc)
            print(path)
    for why in witness.told:
        print(f"hardlab: {why}", file=sys.stderr)
    if failed:
        refuse(f"{failed} of {len(keys)} not issued", code=NOT_DONE)


def revoke_certificate(
    out: Path, number: str, by: str, passphrase_file: Path | None, reason: str
) -> None:
    """Withdraw an issued certificate at the desk."""
    with opened(out) as office:
        row = _row(office, number)
        signature = signed_by(office, by, passphrase_file)
        key = RecordKey(row.record, row.revision)
        done = granted(office.desk.withdraw(key, signature, row.record_digest, reason))
        print(f"{number}: {done.state}")


def amend_certificate(out: Path, laboratory: Path | None, number: str, reason: str) -> None:
    """Take a new revision of an issued record into review."""
    lab = laboratory_of(out, laboratory)
    with opened(out) as office:
        row = _row(office, number)
        old = read_record(office.desk.files.get(row.record_digest))
        record = record_again(office.engine, lab, utc_now(), old)
        if isinstance(record, Unfit):
            tell_unfit(record)
            refuse(f"{number}: no new revision", code=NOT_DONE)
        taken = granted(office.desk.take(dossier_of(record, row.revision + 1, "replaces", reason)))
        print(f"{taken.key}: {taken.state}; review it like the first, then issue it")


def _row(office: Opened, number: str) -> Certificate:
    base, dash, revision = number.rpartition("-R")
    with reading(office.engine) as session:
        # A laboratory's own pattern may end in -R and digits: the number as it stands goes first.
        row = numbering.find(session, number)
        if row is None and dash and revision.isdecimal():
            row = numbering.find(session, base, int(revision))
    if row is None:
        refuse(f"{number}: the register knows no such number", code=NOT_DONE)
    return row

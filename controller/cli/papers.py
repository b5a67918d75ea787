"""Records, previews and verification for the certificate commands; loaded only when one runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

from cryptography import x509

from controller.assembly import Folder
from controller.certificates.run_records import run_records
from controller.cli.errors import NOT_DONE, refuse
from controller.cli.office import Opened, opened
from controller.cli.options import run_folder
from lims_bridge import numbering
from lims_bridge.building import Unfit
from lims_bridge.documents.setting import FontsMissingError, Typesetter
from lims_bridge.exact import sha256_hex
from lims_bridge.issue import DRAFT_NUMBER, Issue, Language, Signer, kind_of, page_url
from lims_bridge.laboratory import LaboratoryError, LaboratoryFile, read_laboratory
from lims_bridge.press import Press, Stopped
from lims_bridge.record import CalibrationRecord, in_china
from lims_bridge.review.refusal import Refusal
from lims_bridge.review.state import RecordKey
from lims_bridge.verifying import Check, Report, verify_pdf, verify_xml
from records.database import reading
from runtime import utc_now

EXAMPLE = Path(__file__).parents[2] / "examples" / "laboratory.toml"


def write_records(out: Path, laboratory: Path | None, blocks: list[str] | None) -> None:
    """Write canonical records into the run's folder ``canonical``."""
    folder = out / "canonical"
    lab = laboratory_of(out, laboratory, example=True)
    failed, written, left = 0, 0, set(blocks or ())
    with opened(out) as office:
        folder.mkdir(exist_ok=True)
        for run, record in run_records(office.engine, lab, utc_now(), _only(blocks)):
            left.discard(run.block_id)
            if isinstance(record, Unfit):
                failed += 1
                tell_unfit(record)
                continue
            path = folder / f"{record.number}.json"
            path.write_bytes(record.payload())
            draft = " (provisional 暂定)" if record.draft else ""
            print(f"{record.item.number:12} {record.number}{draft}")
            written += 1
    if written:
        print(f"review them: hardlab review take {folder}/*.json --out {out}")
    failed += _strangers(left)
    if failed:
        refuse(f"{failed} block(s) without a record", code=NOT_DONE)


def write_previews(
    out: Path, laboratory: Path | None, blocks: list[str] | None, language: str
) -> None:
    """Write unsealed drafts into the run's folder ``previews``."""
    folder = out / "previews"
    lab = laboratory_of(out, laboratory, example=True)
    failed, left = 0, set(blocks or ())
    with typesetter() as setter, opened(out) as office:
        press = Press(setter, Folder(out).pictures)
        folder.mkdir(exist_ok=True)
        for run, record in run_records(office.engine, lab, utc_now(), _only(blocks)):
            left.discard(run.block_id)
            if isinstance(record, Unfit):
                failed += 1
                tell_unfit(record)
                continue
            made = press.make(record, _draft(record, lab, cast(Language, language)))
            if isinstance(made, Stopped):
                failed += 1
                tell(record.item.number, made.reasons)
                continue
            path = folder / f"{record.item.number}-{language}.pdf"
            path.write_bytes(made.pdf)
            print(path)
    failed += _strangers(left)
    if failed:
        refuse(f"{failed} block(s) without a document", code=NOT_DONE)


def verify_files(files: list[Path], trust: Path, out: Path | None) -> bool:
    """Verify files and print what was found; return whether all are good."""
    try:
        x509.load_pem_x509_certificates(trust.read_bytes())
    except (OSError, ValueError):
        refuse(f"{trust}: holds no certificates (PEM) to trust; ask the laboratory for its root")
    reports = [_verified(file, trust) for file in files]
    if out is not None:
        with opened(out) as office:
            reports = [
                Report(each.file, (*each.checks, _standing(office, _content(file))), each.warnings)
                for file, each in zip(files, reports, strict=True)
            ]
    for report in reports:
        _print_report(report)
    return all(report.good for report in reports)


def _verified(file: Path, trust: Path) -> Report:
    check = verify_xml if file.suffix.lower() == ".xml" else verify_pdf
    return check(str(file), _content(file), trust)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        refuse(f"{file}: {error.strerror}")


def _draft(record: CalibrationRecord, lab: LaboratoryFile, language: Language) -> Issue:
    now = in_china(utc_now())
    return Issue(
        kind=kind_of(record),
        number=DRAFT_NUMBER,
        language=language,
        issued_on=max(now, record.measured_on),
        signers=(
            Signer(
                duty="tester",
                name=record.tester.name,
                authorisation=record.tester.authorisation,
            ),
        ),
        page_url=page_url(lab.verification_page.url, DRAFT_NUMBER, record),
        draft=True,
    )


def _standing(office: Opened, data: bytes) -> Check:
    """Ask the register and the review whether a document is still good."""
    with reading(office.engine) as session:
        row = numbering.of_file(session, sha256_hex(data))
    if row is None:
        return Check("register", False, "the register knows no such document")
    review = office.desk.review(RecordKey(row.record, row.revision))
    if isinstance(review, Refusal):
        return Check("register", False, review.reason)
    says: str = review.state
    if review.withdrawn:
        says = f"withdrawn by {review.withdrawn}"
    elif review.successor is not None:
        says = f"{review.state} by {row.number}-R{review.successor}: ask for that one"
    return Check("register", review.state == "issued", says)


def _print_report(report: Report) -> None:
    print(f"{report.file}: {'good 通过' if report.good else 'NOT GOOD 不通过'}")
    for check in report.checks:
        print(f"  {'ok ' if check.good else 'BAD'} {check.name}: {check.detail}")
    for warning in report.warnings:
        print(f"  !   {warning}")


def laboratory_of(out: Path, given: Path | None, *, example: bool = False) -> LaboratoryFile:
    """Read the laboratory's file, by default the one of the run; end with a line for each mistake.

    With ``example`` the made-up laboratory serves where there is none, and that is told.
    """
    path = given or run_folder(out).path / "laboratory.toml"
    if given is None and not path.exists():
        if not example:
            refuse(
                f"{path}: no such file, and no document goes out in the name of a made-up "
                f"laboratory; write yours from examples/{EXAMPLE.name}, or give --laboratory FILE"
            )
        print(f"hardlab: {path} is not there: using the made-up {EXAMPLE}", file=sys.stderr)
        path = EXAMPLE
    try:
        return read_laboratory(path)
    except LaboratoryError as error:
        refuse(*error.problems)


def typesetter() -> Typesetter:
    """Open a typesetter; end with a line if there are no typefaces."""
    try:
        return Typesetter()
    except FontsMissingError as error:
        refuse(str(error))


def _only(blocks: list[str] | None) -> frozenset[str] | None:
    return frozenset(blocks) if blocks else None


def _strangers(blocks: set[str]) -> int:
    """Tell which blocks were asked for and are none; return how many."""
    for block in sorted(blocks):
        tell(block, ("no block of the last tray has this number: see hardlab records",))
    return len(blocks)


def tell_unfit(unfit: Unfit) -> None:
    """Print why a block has no record."""
    tell(unfit.block, unfit.reasons)


def tell(name: str, reasons: tuple[str, ...]) -> None:
    """Print a line for each reason."""
    for reason in reasons:
        print(f"{name}: {reason}")

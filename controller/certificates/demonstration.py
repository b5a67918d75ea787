"""Every document of a simulated tray, sealed with a demo key, marked as demo, and verified."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from controller.assembly import Folder
from controller.certificates.index import Entry, write_index
from controller.certificates.run_records import closing_engine, run_records
from lims_bridge.building import Unfit
from lims_bridge.documents.setting import Typesetter
from lims_bridge.issue import Issue, Language, Signer, kind_of, page_url
from lims_bridge.laboratory import LaboratoryFile
from lims_bridge.press import Press, Printed, Stopped
from lims_bridge.record import CalibrationRecord, in_china
from lims_bridge.sealing.demo import demo_seal, write_root
from lims_bridge.verifying import Report, verify_pdf

FOLDER: Final = "certificates"
# Nobody reviews a demonstration, and it must not look as if somebody had.
NOBODY: Final = "（演示 demo）"


@dataclass(frozen=True, slots=True)
class Demonstration:
    """What was made: where the index is, and what is good, bad and missing."""

    index: Path
    entries: tuple[Entry, ...]

    @property
    def made(self) -> int:
        """Return how many documents were made."""
        return sum(entry.report is not None for entry in self.entries)

    @property
    def failed(self) -> tuple[Entry, ...]:
        """Return documents that do not verify, or that ought to be there and are not."""
        return tuple(entry for entry in self.entries if not entry.good)


def demonstrate(
    run: Folder,
    laboratory: LaboratoryFile,
    now: datetime,
    language: Language = "both",
    told: Callable[[str], None] = lambda block: None,
) -> Demonstration:
    """Make and verify a document for every block of the last tray of a run, and an index.

    ``told`` hears the name of each block that is done. Raises
    `lims_bridge.documents.setting.FontsMissingError` and OSError.
    """
    folder = run.path / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    seal = demo_seal()
    root = write_root(seal, folder)
    entries = []
    with Typesetter() as typesetter, closing_engine(run) as engine:
        press = Press(typesetter, run.pictures, seal)
        for block, record in run_records(engine, laboratory, now):
            number = f"DEMO-{now.year}-{block.slot:05d}"
            if isinstance(record, Unfit):
                entries.append(Entry(block.slot, block.block_id, number, reasons=record.reasons))
            else:
                issue = _issue(record, laboratory, number, now, language)
                made = press.make(record, issue)
                entries.append(_kept(block.slot, record, made, folder, root))
            told(block.block_id)
    return Demonstration(write_index(folder, entries, laboratory, root.name), tuple(entries))


def _issue(
    record: CalibrationRecord,
    laboratory: LaboratoryFile,
    number: str,
    now: datetime,
    language: Language,
) -> Issue:
    tester = Signer(
        duty="tester",
        name=record.tester.name,
        authorisation=record.tester.authorisation,
        signed_on=in_china(now),
    )
    return Issue(
        kind=kind_of(record),
        number=number,
        language=language,
        issued_on=in_china(now),
        signers=(
            tester,
            Signer(duty="checker", name=NOBODY),
            Signer(duty="approver", name=NOBODY),
        ),
        page_url=page_url(laboratory.verification_page.url, number, record),
        draft=record.draft,
        demo=True,
    )


def _kept(
    slot: int, record: CalibrationRecord, made: Printed | Stopped, folder: Path, root: Path
) -> Entry:
    block = record.item.number
    if isinstance(made, Stopped):
        return Entry(slot, block, made.number, record=record, reasons=made.reasons)
    pdf = folder / f"{made.name}.pdf"
    pdf.write_bytes(made.pdf)
    pdf.with_suffix(".xml").write_bytes(made.dcc)
    pdf.with_suffix(".json").write_bytes(record.payload())
    # What was written is what is verified, not what was in memory.
    report: Report = verify_pdf(pdf.name, pdf.read_bytes(), root)
    return Entry(slot, block, made.name, record=record, issue=made.issue, report=report)

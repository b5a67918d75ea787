"""Approved records go out, each once, under one number, whatever dies on the way."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import select

from lims_bridge import numbering
from lims_bridge.documents.setting import Typesetter
from lims_bridge.issuing import Issued, IssuingOffice
from lims_bridge.laboratory import LaboratoryFile, NumbersSection, read_laboratory
from lims_bridge.press import Press, Stopped
from lims_bridge.record import CalibrationRecord
from lims_bridge.review.dossier import dossier_of
from lims_bridge.review.state import RecordKey
from lims_bridge.sealing.demo import demo_seal
from lims_bridge.verifying import verify_pdf
from records.database import open_database, reading, writing
from records.tables import Certificate
from tests.lims_bridge.office import APPROVER, CHECKER, TESTER, Office, good
from tests.lims_bridge.papers import specimens
from tests.lims_bridge.papers.reading import pages
from tests.lims_bridge.papers.specimens import FAILING

specimen = partial(specimens.specimen, tester=TESTER)


class DiedError(Exception):
    """The process dies here."""


@pytest.fixture(scope="session")
def laboratory() -> LaboratoryFile:
    return read_laboratory(Path("examples/laboratory.toml"))


@pytest.fixture
def bureau(
    office: Office, laboratory: LaboratoryFile, typesetter: Typesetter, pictures: Path
) -> IssuingOffice:
    # As an institution's own seal would be, though its certificate says otherwise.
    seal = replace(demo_seal(), demo=False)
    press = Press(typesetter, pictures, seal)
    return IssuingOffice(office.desk, office.registry, laboratory, press)


def reviewed(office: Office, record: CalibrationRecord, revision: int = 1) -> RecordKey:
    how = "replaces" if revision > 1 else None
    dossier = dossier_of(record, revision, how, "客户名称更正" if how else "")  # type: ignore[arg-type]  # one of the kinds
    key = good(office.desk.take(dossier)).key
    digest = record.digest()
    good(office.desk.submit(key, office.sign(TESTER), digest))
    good(office.desk.check(key, office.sign(CHECKER), digest))
    good(office.desk.approve(key, office.sign(APPROVER), digest))
    return key


def rows(office: Office) -> list[Certificate]:
    with reading(office.engine) as session:
        return list(session.exec(select(Certificate)))


def test_an_approved_record_becomes_a_certificate(
    office: Office, bureau: IssuingOffice, root: Path, tmp_path: Path
) -> None:
    key = reviewed(office, specimen())
    done = bureau.issue(key, "office")
    assert isinstance(done, Issued), done
    assert done.number == "HRJ2026-00001"
    assert done.review.state == "issued"
    report = verify_pdf("x.pdf", done.pdf, root)
    assert report.good, report.failures
    text = "".join(pages(done.pdf, tmp_path))
    assert all(name in text for name in (TESTER, CHECKER, APPROVER, "HRJ2026-00001"))
    assert [office.files.get(document.sha256) for document in done.review.documents] == [
        done.pdf,
        done.dcc,
    ]


def test_nothing_goes_out_unapproved_or_twice(office: Office, bureau: IssuingOffice) -> None:
    record = specimen()
    key = good(office.desk.take(dossier_of(record))).key
    stopped = bureau.issue(key, "office")
    assert isinstance(stopped, Stopped)
    assert "is measured, not approved" in stopped.reasons[0]
    assert rows(office) == [], "no number is spent on what may not go out"
    key = reviewed(office, record)
    assert isinstance(bureau.issue(key, "office"), Issued)
    again = bureau.issue(key, "office")
    assert isinstance(again, Stopped)
    assert "is issued, not approved" in again.reasons[0]


def test_each_kind_counts_by_itself(office: Office, bureau: IssuingOffice) -> None:
    records = [
        specimen(number="A"),
        specimen(number="B", values=FAILING),
        specimen(number="C", service="calibration"),
        specimen(number="D"),
    ]
    numbers = []
    for record in records:
        done = bureau.issue(reviewed(office, record), "office")
        assert isinstance(done, Issued), done
        numbers.append(done.number)
    assert numbers == ["HRJ2026-00001", "HRT2026-00001", "HRX2026-00001", "HRJ2026-00002"]


@pytest.mark.parametrize("where", ["press", "printed", "desk"])
def test_after_a_death_the_second_attempt_uses_the_same_number(
    office: Office, bureau: IssuingOffice, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def die(*args: object, **named: object) -> NoReturn:
        raise DiedError

    key = reviewed(office, specimen())
    target = {
        "press": (Press, "make"),
        "printed": (numbering, "printed"),
        "desk": (type(office.desk), "issue"),
    }[where]
    with monkeypatch.context() as patch:
        patch.setattr(*target, die)
        with pytest.raises(DiedError):
            bureau.issue(key, "office")
    kept = rows(office)
    done = bureau.issue(key, "office")
    assert isinstance(done, Issued)
    assert [row.number for row in kept] == [done.number] == ["HRJ2026-00001"]
    if where == "desk":
        # It was sealed already: the same file goes out, not a second one with the same number.
        assert office.files.get(kept[0].pdf_sha256 or "") == done.pdf


def test_a_revision_keeps_the_number_and_names_what_it_replaces(
    office: Office, bureau: IssuingOffice, root: Path, tmp_path: Path
) -> None:
    first = bureau.issue(reviewed(office, specimen()), "office")
    assert isinstance(first, Issued)
    office.watch.forward(days=3)
    second = bureau.issue(reviewed(office, specimen(customer="更正后的公司"), 2), "office")
    assert isinstance(second, Issued), second
    assert second.number == "HRJ2026-00001-R2"
    assert verify_pdf("x.pdf", second.pdf, root).good
    text = "".join(pages(second.pdf, tmp_path))
    assert "本文件替代HRJ2026-00001，原文件作废。修改原因：客户名称更正" in text
    old = office.desk.review(first.review.key)
    assert good(old).state == "replaced"


def test_a_draft_is_never_issued(office: Office, bureau: IssuingOffice) -> None:
    record = specimen(confirmed=False)
    key = good(office.desk.take(dossier_of(record))).key
    good(office.desk.submit(key, office.sign(TESTER), record.digest()))
    good(office.desk.check(key, office.sign(CHECKER), record.digest()))
    assert "provisional" in str(office.desk.approve(key, office.sign(APPROVER), record.digest()))
    assert isinstance(bureau.issue(key, "office"), Stopped)


# -- numbers ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wish:
    record: int
    revision: int
    kind: str
    year: int


WISHES = st.builds(
    Wish,
    record=st.integers(0, 9),
    revision=st.integers(1, 3),
    kind=st.sampled_from(["verification", "notice", "calibration"]),
    year=st.sampled_from([2026, 2027]),
)


@pytest.fixture(scope="module")
def register() -> Iterator[Engine]:
    engine = open_database("sqlite://")
    yield engine
    engine.dispose()


@settings(max_examples=50, deadline=None)
@given(wishes=st.lists(WISHES, max_size=20))
def test_a_number_belongs_to_one_record_and_leaves_no_gap(
    register: Engine, wishes: list[Wish]
) -> None:
    given_out: dict[tuple[int, int], str] = {}
    with writing(register) as session:
        for wish in wishes:
            row = numbering.reserve(
                session,
                NumbersSection(),
                wish.kind,  # type: ignore[arg-type]  # one of the kinds
                f"R-{wish.record}",
                wish.revision,
                "ab" * 32,
                date(wish.year, 1, 1),
            )
            assert given_out.setdefault((wish.record, wish.revision), row.number) == row.number
        kept = [
            (each.series, each.year, each.sequence) for each in session.exec(select(Certificate))
        ]
        session.rollback()
    by_record: dict[int, set[str]] = {}
    for (record, _), number in given_out.items():
        by_record.setdefault(record, set()).add(number)
    assert all(len(numbers) == 1 for numbers in by_record.values()), "revisions keep the number"
    everybody = [number for numbers in by_record.values() for number in numbers]
    assert len(everybody) == len(set(everybody)), "no number is given to two records"
    for series in {each[:2] for each in kept}:
        used = {each[2] for each in kept if each[:2] == series}
        assert used == set(range(1, len(used) + 1))


def test_the_laboratory_s_own_pattern_is_used() -> None:
    numbers = NumbersSection(pattern="({year})硬字第{sequence:04d}号-{series}")
    assert numbering.written(numbers, "J", 2026, 12) == "(2026)硬字第0012号-J"

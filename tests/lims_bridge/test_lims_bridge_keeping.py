"""Whoever changes what is kept is found out: edits, deletions, a cut tail, a chain written anew."""

from __future__ import annotations

import base64
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from controller.events import ModeChanged
from controller.journal import Journal, Row, read_rows
from lims_bridge.keeping.anchoring import anchor_today
from lims_bridge.keeping.anchors import (
    AnchorError,
    AnchorFolder,
    Head,
    load_key,
    load_public_key,
    new_key,
)
from lims_bridge.keeping.audit import Evidence, audit
from lims_bridge.keeping.backup import BackupError, back_up, check_backup, restore
from lims_bridge.keeping.erasure import erase, erased, finish_erasures
from lims_bridge.keeping.files import FileDamagedError, FileMissingError, FileStore
from lims_bridge.keeping.scrub import scrub
from lims_bridge.office import append, events_of, rows
from lims_bridge.office.events import MessageDecided, RecordMeasured
from lims_bridge.office.place import OfficePlace
from lims_bridge.review.state import fold_review
from records.chain import GENESIS, link
from records.database import open_database, reading, writing
from records.projection import project
from tests.lims_bridge.office import NOON, TESTER, Office, example_record, open_office
from tests.records.example_day import example_day, journal

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture(scope="session")
def day() -> list[Row]:
    return journal(example_day())


def evidence(office: Office, day: list[Row], folder: AnchorFolder) -> Evidence:
    return Evidence(office.engine, office.files, lambda: day, folder, KEY.public_key())


def bad(found: Evidence) -> dict[str, str]:
    return {finding.part: finding.says for finding in audit(found) if not finding.good}


@pytest.fixture
def kept(office: Office, day: list[Row], tmp_path: Path) -> Evidence:
    """An office with a projected journal, an issued record, and two anchors."""
    project(office.engine, day[: len(day) // 2])
    office.issued()
    folder = AnchorFolder(tmp_path / "anchors")
    anchor(office, folder, day[: len(day) // 2])
    project(office.engine, day)
    office.taken(example_record("R-2", "2007-102"))
    anchor(office, folder, day, "2026-03-03")
    return evidence(office, day, folder)


def anchor(office: Office, folder: AnchorFolder, day: list[Row], name: str = "2026-03-02") -> None:
    head = Head(day[-1].seq, day[-1].hash)
    anchor_today(office.engine, office.files, folder, KEY, head, NOON, name)


def test_what_was_not_touched_is_found_whole(kept: Evidence) -> None:
    assert bad(kept) == {}


def sql(evidence: Evidence, *statements: str) -> None:
    """Change the database as somebody with rights would: the triggers taken away first."""
    with evidence.engine.begin() as connection:
        for deed in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER IF EXISTS office_event_no_{deed}"))
        for statement in statements:
            connection.execute(text(statement))


@pytest.mark.parametrize(
    ("statement", "part"),
    [
        (
            "UPDATE office_event SET body = replace(body, 'li.si', 'zhang.san') WHERE seq = 9",
            "office",
        ),
        ("UPDATE office_event SET at = '2026-03-01T04:00:00.000+00:00' WHERE seq = 9", "office"),
        ("UPDATE office_event SET subject = 'record:R-9/1' WHERE seq = 9", "office"),
        ("DELETE FROM office_event WHERE seq = 9", "office"),
        ("DELETE FROM office_event WHERE seq > 12", "anchors"),
        ("UPDATE review_state SET state = 'approved' WHERE record = 'R-2'", "reviews"),
        ("DELETE FROM review_state", "reviews"),
        ("UPDATE outbox SET payload = replace(payload, 'C-1', 'C-2')", "outbox"),
        ("UPDATE verdict SET mean = '99'", "library"),
        ("DELETE FROM reading", "library"),
    ],
)
def test_a_change_in_the_database_is_found(kept: Evidence, statement: str, part: str) -> None:
    sql(kept, statement)
    assert part in bad(kept)


def test_a_journal_without_its_end_is_found_by_library_and_anchors(
    office: Office, kept: Evidence, day: list[Row]
) -> None:
    found = bad(evidence(office, day[:-1], kept.anchors))
    assert "cut off" in found["library"]
    assert "fewer now" in found["anchors"]


def test_a_journal_written_anew_is_found_by_the_anchors(
    office: Office, kept: Evidence, day: list[Row]
) -> None:
    """All hashes computed again, the library made from it: only what was signed still tells."""
    forged: list[Row] = []
    previous = GENESIS
    for row in day:
        body = row.body.replace("61.2", "61.3").replace("60.1", "60.3")
        bare = Row(row.seq, row.at, row.kind, row.version, body, "")
        forged.append(Row(row.seq, row.at, row.kind, row.version, body, link(previous, bare)))
        previous = forged[-1].hash
    with kept.engine.begin() as connection:
        connection.execute(text("UPDATE projection SET hash = :hash"), {"hash": previous})
    found = bad(evidence(office, forged, kept.anchors))
    assert "written anew" in found["anchors"]
    assert "journal" not in found


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_any_edit_of_the_journal_is_found(kept: Evidence, day: list[Row], data: Any) -> None:
    at = data.draw(st.integers(0, len(day) - 1))
    row = day[at]
    deed = data.draw(st.sampled_from(["body", "at", "kind", "hash", "drop", "swap"]))
    changed = list(day)
    if deed == "drop":
        changed.pop(at)
    elif deed == "swap":
        other = (at + 1) % len(day)
        changed[at], changed[other] = changed[other], changed[at]
    else:
        values = {name: getattr(row, name) for name in Row.__slots__}
        values[deed] = values[deed][:-1] + ("0" if values[deed][-1] != "0" else "1")
        changed[at] = Row(**values)
    found = Evidence(kept.engine, kept.files, lambda: changed, kept.anchors, kept.key)
    first = next(finding for finding in audit(found) if not finding.good)
    assert first.part in ("journal", "library")


def test_altered_and_missing_anchors_are_found(kept: Evidence, tmp_path: Path) -> None:
    folder = kept.anchors.folder
    first = folder / "2026-03-02.json"
    whole = first.read_bytes()
    first.write_bytes(whole.replace(b'"seq":', b'"seq":1'))
    assert "signature" in bad(kept)["anchors"]
    first.unlink()
    assert "missing: 2026-03-02" in bad(kept)["anchors"]
    # Also if nobody wrote down that it was made.
    sql(kept, "DELETE FROM office_event WHERE kind = 'AnchorMade'")
    assert "does not follow" in bad(kept)["anchors"]
    stranger = Evidence(
        kept.engine,
        kept.files,
        kept.journal,
        kept.anchors,
        Ed25519PrivateKey.generate().public_key(),
    )
    assert "not of this key" in bad(stranger)["anchors"]
    without = Evidence(kept.engine, kept.files, kept.journal, kept.anchors, None)
    assert "no public key" in bad(without)["anchors"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_verifies_an_anchor_without_us(kept: Evidence, tmp_path: Path) -> None:
    key, public = tmp_path / "anchor.key", tmp_path / "anchor.pub"
    new_key(key, public)
    assert key.stat().st_mode & 0o077 == 0
    with pytest.raises(AnchorError, match="already"):
        new_key(key, public)
    folder = kept.anchors.folder
    signature = tmp_path / "signature"
    signature.write_bytes(load_key(key).sign((folder / "2026-03-02.json").read_bytes()))
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(public), "-rawin"]
    command += ["-in", str(folder / "2026-03-02.json"), "-sigfile", str(signature)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Verified Successfully" in said.stdout
    load_public_key(public).verify(
        signature.read_bytes(), (folder / "2026-03-02.json").read_bytes()
    )
    key.chmod(0o644)
    with pytest.raises(AnchorError, match="chmod 600"):
        load_key(key)
    assert base64.b64decode((folder / "2026-03-02.sig").read_bytes())


def test_two_anchors_of_a_day_have_two_names(
    office: Office, day: list[Row], tmp_path: Path
) -> None:
    folder = AnchorFolder(tmp_path / "anchors")
    for _ in range(3):
        anchor(office, folder, day)
    assert folder.names() == ("2026-03-02", "2026-03-02.02", "2026-03-02.03")


# -- files and erasure ------------------------------------------------------------


@given(st.binary(max_size=200))
def test_a_file_is_what_its_name_says(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    files = FileStore(tmp_path_factory.mktemp("files"))
    digest = files.put(content)
    assert files.put(content) == digest
    assert files.get(digest) == content
    assert list(files.digests()) == [digest]
    assert not files.path(digest).stat().st_mode & 0o222


def test_a_damaged_file_is_never_given_out_and_the_scrub_finds_it(tmp_path: Path) -> None:
    files = FileStore(tmp_path / "files")
    digests = sorted(files.put(f"file {n}".encode()) for n in range(10))
    victim = files.path(digests[6])
    victim.chmod(0o644)
    victim.write_bytes(b"rot")
    with pytest.raises(FileDamagedError):
        files.get(digests[6])
    nights = [scrub(files, 4) for _ in range(4)]
    assert [night.read for night in nights] == [4, 4, 2, 4], "the second round begins anew"
    assert [night.damaged for night in nights] == [(), (digests[6],), (), ()]
    assert [night.finished_round for night in nights] == [False, False, True, False]


def test_what_is_kept_again_replaces_a_damaged_file_and_leaves_the_evidence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = FileStore(tmp_path / "files")
    digest = files.put(b"a certificate")
    files.path(digest).chmod(0o644)
    files.path(digest).write_bytes(b"rot")
    assert files.put(b"a certificate") == digest
    assert files.get(digest) == b"a certificate" and list(files.digests()) == [digest]
    aside = files.path(digest).with_name(f"{digest}.damaged")
    assert aside.read_bytes() == b"rot" and aside.name in caplog.text


@pytest.mark.parametrize("name", ["../etc/passwd", "", "A" * 64, "0" * 63])
def test_only_digests_name_files(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        FileStore(tmp_path).get(name)


def test_an_erasure_leaves_the_chain_whole(office: Office, kept: Evidence) -> None:
    card = office.registry.people()[TESTER].card
    assert erase(office.engine, office.files, card, "dpo", " ", NOON) is not None
    assert erase(office.engine, office.files, card, "dpo", "asked to be forgotten", NOON) is None
    with pytest.raises(FileMissingError):
        office.files.get(card)
    assert bad(kept) == {}
    assert erased(office.engine) == {card}
    assert erase(office.engine, office.files, card, "dpo", "again", NOON) is not None


def test_a_file_that_is_gone_without_an_erasure_is_found(office: Office, kept: Evidence) -> None:
    digest = office.registry.people()[TESTER].card
    content = office.files.get(digest)
    office.files.erase(digest)
    assert digest[:12] in bad(kept)["files"]
    # A death between record and deed is finished at the next chance, and seen until then.
    office.files.put(content)
    erase(office.engine, office.files, digest, "dpo", "asked", NOON)
    office.files.put(content)
    assert "still there" in bad(kept)["files"]
    assert finish_erasures(office.engine, office.files) == (digest,)
    assert bad(kept) == {}


# -- the log ----------------------------------------------------------------------


def test_two_offices_append_to_one_chain_on_postgresql(postgresql_office: Office) -> None:
    office = postgresql_office
    office.issued()
    with pytest.raises(Exception, match="never changed"), office.engine.begin() as connection:
        connection.execute(text("UPDATE office_event SET body = '{}'"))
    with reading(office.engine) as session:
        happened = [(r.when, e) for r, e in events_of(session, "record:R-1/1")]
        assert [r.seq for r in rows(session)] == list(range(1, 12))
    review = fold_review(happened)
    assert review is not None
    assert review.state == "issued"


def test_an_event_that_does_not_commit_never_happened(office: Office) -> None:
    event = RecordMeasured("R-1", 1, "0" * 64, "B", "HRC", "robot", False, "", "")
    with pytest.raises(RuntimeError), writing(office.engine) as session, session.begin():
        append(session, NOON, event)
        raise RuntimeError
    with reading(office.engine) as session:
        assert list(rows(session, subject=event.subject)) == []


# -- backup and restore -----------------------------------------------------------


@pytest.fixture
def run_folder(tmp_path: Path, day: list[Row]) -> OfficePlace:
    """The folder of a run: journal, library, office, pictures, a sealed archive, a secret."""
    place = OfficePlace(tmp_path / "run")
    office = open_office(place.path).staffed()
    _write_journal(place.path / "journal.sqlite", day)
    project(office.engine, list(read_rows(place.path / "journal.sqlite")))
    office.issued()
    head = Head(*_last(place.path / "journal.sqlite"))
    anchor_today(office.engine, place.files, place.anchors, KEY, head, NOON, "2026-03-02")
    office.engine.dispose()
    (place.path / "pictures").mkdir()
    (place.path / "pictures" / "a.png").write_bytes(b"png")
    sealed = place.path / "archive" / "000001.sqlite"
    sealed.parent.mkdir()
    with closing(sqlite3.connect(sealed)) as db:
        db.execute("CREATE TABLE t (x)")
    sealed.chmod(0o444)
    (place.path / "anchor.key").write_text("secret", encoding="utf-8")
    return place


def _write_journal(path: Path, day: list[Row]) -> None:
    Journal(path).close()
    with closing(sqlite3.connect(path)) as db, db:
        kept = [(r.seq, r.at, r.kind, r.version, r.body, r.hash) for r in day]
        db.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)", kept)


def _last(path: Path) -> tuple[int, str]:
    *_, row = read_rows(path)
    return row.seq, row.hash


def test_a_backup_restores_everything_and_passes_the_audit(
    run_folder: OfficePlace, tmp_path: Path
) -> None:
    made = back_up(run_folder.path, tmp_path / "backup", NOON)
    assert check_backup(tmp_path / "backup") == made
    assert restore(tmp_path / "backup", tmp_path / "new") == made
    new = OfficePlace(tmp_path / "new")
    assert list(read_rows(new.path / "journal.sqlite")) == list(
        read_rows(run_folder.path / "journal.sqlite")
    )
    before, after = dump(run_folder.path), dump(new.path)
    assert before == after
    assert before["office_event"]
    assert (new.path / "pictures" / "a.png").read_bytes() == b"png"
    sealed = "archive/000001.sqlite"
    assert (new.path / sealed).read_bytes() == (run_folder.path / sealed).read_bytes()
    assert not (new.path / sealed).stat().st_mode & 0o222
    assert not (tmp_path / "backup" / "anchor.key").exists()
    assert set(new.files.digests()) == set(run_folder.files.digests())
    engine = open_database(new.library)
    rows_of = lambda: list(read_rows(new.path / "journal.sqlite"))  # noqa: E731  # asked twice
    assert bad(Evidence(engine, new.files, rows_of, new.anchors, KEY.public_key())) == {}
    engine.dispose()


def dump(folder: Path) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(folder / "records.sqlite")) as db:
        names = [n for (n,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(db.execute(f"SELECT * FROM {name}"), key=repr) for name in names}


def test_a_backup_is_whole_while_somebody_writes(run_folder: OfficePlace, tmp_path: Path) -> None:
    """Every file that is copied gives the writer a turn."""
    engine = open_database(run_folder.library)
    turns = iter(range(1000))
    live = Journal(run_folder.path / "journal.sqlite")

    def turn(_: str) -> None:
        n = next(turns)
        live.append(NOON, (ModeChanged("EXECUTE", str(n)),) * 3, durable=True)
        project(engine, list(read_rows(live.path, live.seq - 3)))
        with writing(engine) as session, session.begin():
            append(session, NOON, MessageDecided(f"k{n}", "resend", "li.si", "why"))

    back_up(run_folder.path, tmp_path / "backup", NOON, turn)
    live.close()
    engine.dispose()
    restore(tmp_path / "backup", tmp_path / "new")
    new = OfficePlace(tmp_path / "new")
    engine = open_database(new.library)
    rows_of = lambda: list(read_rows(new.path / "journal.sqlite"))  # noqa: E731  # asked twice
    found = bad(Evidence(engine, new.files, rows_of, new.anchors, KEY.public_key()))
    engine.dispose()
    assert found == {}


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda b: (b / "pictures" / "a.png").write_bytes(b"pnh"), "altered"),
        (lambda b: (b / "pictures" / "a.png").unlink(), "missing"),
        (lambda b: (b / "more").write_bytes(b""), "not in the list"),
        (lambda b: (b / "backup.json").unlink(), "not finished"),
        (lambda b: (b / "backup.json").write_bytes(b"{"), "damaged"),
    ],
)
def test_a_harmed_backup_is_refused(
    run_folder: OfficePlace, tmp_path: Path, harm: Callable[[Path], object], words: str
) -> None:
    back_up(run_folder.path, tmp_path / "backup", NOON)
    harm(tmp_path / "backup")
    with pytest.raises(BackupError, match=words):
        restore(tmp_path / "backup", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_nothing_is_ever_overwritten(run_folder: OfficePlace, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="not empty"):
        back_up(run_folder.path, tmp_path, NOON)
    with pytest.raises(BackupError, match="lies in"):
        back_up(run_folder.path, run_folder.path / "backup", NOON)
    back_up(run_folder.path, tmp_path / "backup", NOON)
    with pytest.raises(BackupError, match="not empty"):
        restore(tmp_path / "backup", run_folder.path)

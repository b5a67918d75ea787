"""The office from the command line, as the people of a laboratory would use it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from controller.cli.app import build
from controller.events import ModeChanged
from controller.journal import Journal
from lims_bridge.delivery.config import OfficeConfigError, load_office, secret
from tests.labs import EXAMPLES
from tests.lims_bridge.office import NOON, example_record


class Lab:
    """A folder of a run and its command line."""

    def __init__(self, folder: Path) -> None:
        self.out = folder / "run"
        self.out.mkdir()
        self.passphrase = folder / "passphrase"
        self.passphrase.write_text("correct horse battery\n", encoding="utf-8")
        journal = Journal(self.out / "journal.sqlite")
        journal.append(NOON, (ModeChanged("IDLE", "start"),) * 3, durable=True)
        journal.close()
        self.app = build()

    def __call__(self, *words: str, code: int = 0, out: Path | None = None) -> str:
        found = CliRunner().invoke(self.app, [*words, "--out", str(out or self.out)])
        assert found.exit_code == code, found.output
        assert "Traceback" not in found.output
        return found.output

    def staff(self) -> None:
        for person, duty in (("zhang", "test"), ("li", "check"), ("wang", "approve")):
            enter = ("review", "person", "enter", person, "--name", person, "--by", "boss")
            self(*enter)
            sign = ("review", "person", "passphrase", person, "--by", "boss")
            self(*sign, "--passphrase-file", str(self.passphrase))
            days = ("--first", "2026-01-01", "--last", "2099-12-31")
            self(
                "review",
                "person",
                "authorise",
                person,
                "--for",
                duty,
                "--scale",
                "HRC",
                *days,
                "--by",
                "boss",
            )

    def sign(self, deed: str, *words: str, code: int = 0) -> str:
        file = ("--passphrase-file", str(self.passphrase))
        return self("review", deed, *words, *file, code=code)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_from_record_to_certificate_to_anchor_to_backup(lab: Lab, tmp_path: Path) -> None:
    lab.staff()
    shutil.copy(EXAMPLES / "office.toml", lab.out / "office.toml")
    records = []
    for n in (1, 2):
        path = tmp_path / f"{n}.json"
        path.write_bytes(example_record(f"R-{n}", f"2007-{n}").payload())
        records.append(str(path))
    assert "R-2/1: measured" in lab("review", "take", *records)
    shown = lab.sign("submit", "--all", "--yes", "--by", "zhang")
    assert shown.count("submitted by zhang") == 2
    assert "the same when judged again" in shown
    assert "not authorised as 核验员" in lab.sign("check", "R-1", "--by", "zhang", code=1)
    lab.sign("check", "R-1", "--by", "li")
    lab.sign("approve", "R-1/1", "--by", "wang")
    assert "is submitted, not checked" in lab.sign("approve", "R-2", "--by", "wang", code=1)
    pdf = tmp_path / "certificate.pdf"
    pdf.write_bytes(b"%PDF")
    lab("review", "issue", "R-1", "--certificate", "C-1", "--document", str(pdf))
    told = lab("review", "show", "R-1")
    assert [word in told for word in ("submitted", "zhang", "wang", "certificate.pdf")] == [
        True
    ] * 4
    assert "issued" in lab("review", "list")
    assert "lims:R-1:1" in lab("delivery", "list")
    assert "pending" in lab("delivery", "status")

    lab("records", "--catch-up")
    lab("audit", "key")
    anchored = lab("audit", "anchor")
    assert "journal: row 3" in anchored
    assert lab("audit", "verify").count("ok  ") == 9
    shutil.rmtree(tmp_path / "backup", ignore_errors=True)
    assert "files" in lab("backup", str(tmp_path / "backup"))
    found = CliRunner().invoke(
        lab.app, ["restore", str(tmp_path / "backup"), str(tmp_path / "new")]
    )
    assert found.exit_code == 0, found.output
    lab("audit", "verify", out=tmp_path / "new")
    _spoil(tmp_path / "new")
    spoilt = lab("audit", "verify", out=tmp_path / "new", code=1)
    assert "FAIL files" in spoilt


def test_a_night_does_everything_and_tells_what_needs_a_person(lab: Lab) -> None:
    lab("records", "--catch-up")
    told = lab("nightly", code=1)
    assert "a person is needed: anchor" in told
    assert "-- delivery" in told, "what fails does not keep the rest from being done"
    lab("audit", "key")
    assert "anchors hold" in lab("nightly")


def _spoil(folder: Path) -> None:
    victim = next(path for path in (folder / "files").rglob("*") if path.is_file())
    victim.chmod(0o644)
    victim.write_bytes(b"another content")


def test_a_wrong_passphrase_signs_nothing(lab: Lab, tmp_path: Path) -> None:
    lab.staff()
    record = tmp_path / "1.json"
    record.write_bytes(example_record().payload())
    lab("review", "take", str(record))
    lab.passphrase.write_text("wrong horse battery", encoding="utf-8")
    assert "not the passphrase" in lab.sign("submit", "R-1", "--by", "zhang", code=1)
    assert "measured" in lab("review", "list")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("review", "list"), "no such record"),
        (("review", "show", "R-9"), "no record R-9/1"),
        (("delivery", "run"), "no destination is configured"),
        (("delivery", "resend", "k", "--by", "li", "--reason", "x"), "there is no message k"),
        (("delivery", "serve"), "api.clients is empty"),
        (("delivery", "serve", "--host", "0.0.0.0"), "in the clear"),
        (("audit", "anchor"), "make one with: hardlab audit key"),
        (("audit", "erase", "xyz", "--by", "a", "--reason", "b"), "is no SHA-256"),
        (("review", "person", "list"), "nobody is known yet"),
        (("review", "take", "nowhere.json"), "nowhere.json"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(lab: Lab, words: tuple[str, ...], said: str) -> None:
    found = CliRunner().invoke(lab.app, [*words, "--out", str(lab.out)])
    assert found.exit_code in (1, 2)
    assert said in found.output
    assert "Traceback" not in found.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[destination.a]\nkind = 'ftp'\n", "destination.a"),
        ("[destination.a]\nkind = 'rest'\nurl = 'x'\nassurance = 'keys'\n", "url"),
        ("[destination.a]\nkind = 'rest'\nurl = 'http://x'\n", "assurance: field required"),
        ("[destination.a]\nkind = 'folder'\ndrop = 'a'\nstaging = 'b'\ncolour = 1\n", "colour"),
        ("[nonsense", "not TOML"),
    ],
)
def test_a_wrong_configuration_names_its_key(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "office.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(OfficeConfigError, match=said):
        load_office(path)


def test_secrets_and_folders_are_looked_at_before_anything_is_sent(tmp_path: Path) -> None:
    open_to_all = tmp_path / "token"
    open_to_all.write_text("t", encoding="utf-8")
    open_to_all.chmod(0o644)
    with pytest.raises(OfficeConfigError, match="chmod 600"):
        secret(open_to_all)
    config = tmp_path / "office.toml"
    config.write_text(
        f"[destination.a]\nkind = 'folder'\ndrop = '{tmp_path}'\nstaging = '{tmp_path}/no'\n",
        encoding="utf-8",
    )
    receiver: Any = load_office(config).destination["a"]
    with pytest.raises(OfficeConfigError, match="create it"):
        receiver.receiver()


def test_the_example_configuration_is_good() -> None:
    config = load_office(EXAMPLES / "office.toml")
    assert [d.name for d in config.told_of_records] == ["lims"]

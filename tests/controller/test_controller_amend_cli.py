"""The life of a certificate on the command line: issued, amended, verified, revoked, audited."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from lims_bridge.sealing.demo import demo_seal, write_root
from tests.controller.certificate_office import (
    EXAMPLE,
    STAFF,
    confirmed_limits,
    hardlab,
    seal_file,
    secret_file,
    small_tray,
)
from tests.lims_bridge.papers.reading import pages, squeezed

NUMBER = "HRJ2026-00001"
NAMES = ("张检定", "李核验", "王批准")


@dataclass(frozen=True, slots=True)
class House:
    """A run with its office, as persons see it."""

    run: Path
    secret: Path
    seal: Path
    trust: Path

    def __call__(self, *words: object, code: int = 0) -> str:
        done = hardlab(*words, "--out", self.run)
        assert done.exit_code == code, done.output
        assert "Traceback" not in done.output
        return done.output

    def signed(self, *words: object, by: str, code: int = 0) -> str:
        return self(*words, "--by", by, "--passphrase-file", self.secret, code=code)

    def staff(self) -> None:
        for (person, duty), name in zip(STAFF, NAMES, strict=True):
            self("review", "person", "enter", person, "--name", name, "--by", "boss")
            self.signed("review", "person", "passphrase", person, by="boss")
            days = ("--first", "2020-01-01", "--last", "2099-12-31")
            may = ("review", "person", "authorise", person, "--for", duty, "--scale", "*")
            self(*may, *days, "--by", "boss")

    def review(self) -> None:
        for deed, by in (("submit", "zhang"), ("check", "li"), ("approve", "wang")):
            self.signed("review", deed, "--all", "--yes", by=by)

    def make(self) -> list[Path]:
        key = ("--seal", self.seal, "--seal-passphrase-file", self.secret)
        told = self("certificate", "make", *key, "--by", "office")
        return [Path(line) for line in told.split()]

    def verify(self, file: Path, code: int = 0) -> str:
        return self("certificate", "verify", file, "--trust", self.trust, code=code)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tray measured under limits that a metrologist has confirmed."""
    with confirmed_limits():
        return small_tray(tmp_path_factory.mktemp("confirmed"), certificates=False)


@pytest.fixture
def house(measured: Path, tmp_path: Path) -> House:
    run = tmp_path / "run"
    shutil.copytree(measured, run)
    shutil.copy(EXAMPLE, run / "laboratory.toml")
    trust = write_root(demo_seal(), tmp_path)
    return House(run, secret_file(tmp_path), seal_file(tmp_path), trust)


@pytest.fixture
def issued(house: House) -> House:
    """The same with a verification certificate and a notice issued."""
    with confirmed_limits():
        house.staff()
        house("certificate", "records")
        house("review", "take", *sorted((house.run / "canonical").glob("*.json")))
        house.review()
        made = house.make()
    assert [path.stem for path in made] == [NUMBER, "HRT2026-00001"]
    return house


def test_a_certificate_is_amended_and_revoked(issued: House, tmp_path: Path) -> None:
    first = issued.run / "certificates" / f"{NUMBER}.pdf"
    lab = issued.run / "laboratory.toml"
    text = lab.read_text(encoding="utf-8")
    lab.write_text(text.replace("示例机械制造有限公司", "更正后的公司"), encoding="utf-8")
    with confirmed_limits():
        told = issued("certificate", "amend", NUMBER, "--reason", "委托方名称更正")
        assert "/2: measured; review it like the first" in told
        assert "register: issued" in issued.verify(first), "the old one holds until the new is out"
        issued.review()
        (second,) = issued.make()
    assert second.stem == f"{NUMBER}-R2"

    printed = "".join(pages(second.read_bytes(), tmp_path))
    assert squeezed(f"本文件替代 {NUMBER}，原文件作废。修改原因：委托方名称更正") in printed
    assert "更正后的公司" in printed
    xml = second.with_suffix(".xml").read_text(encoding="utf-8")
    assert re.search(r"<dcc:previousReport>.*" + NUMBER, xml, re.DOTALL)
    assert "register: issued" in issued.verify(second)
    assert f"register: replaced by {NUMBER}-R2" in issued.verify(first, code=1)
    table = issued("audit", "certificates")
    assert f"replaced by {NUMBER}-R2" in table
    assert "replaces revision 1: 委托方名称更正" in table

    why = ("--reason", "块已报废")
    old = issued.signed("certificate", "revoke", f"{NUMBER}-R1", *why, by="wang", code=1)
    assert "only issued documents" in old
    issued.signed("certificate", "revoke", NUMBER, *why, by="wang")
    assert "register: withdrawn by wang: 块已报废" in issued.verify(second, code=1)
    assert "register: replaced" in issued.verify(first, code=1)
    states = {
        each["certificate"]: (each["state"], each["good"])
        for each in json.loads(issued("audit", "certificates", "--json"))
    }
    assert states == {
        NUMBER: ("replaced", True),
        f"{NUMBER}-R2": ("withdrawn", True),
        "HRT2026-00001": ("issued", True),
    }
    assert "ok   certificates: 3 revisions" in issued("audit", "verify")


def test_the_audit_finds_what_became_of_a_document(issued: House) -> None:
    import sqlite3

    library = issued.run / "records.sqlite"
    listed = json.loads(issued("audit", "certificates", "--json"))
    files = {file["kind"]: file["sha256"] for file in listed[0]["files"]}
    pdf = issued.run / "files" / files["pdf"][:2] / files["pdf"]
    xml = issued.run / "files" / files["dcc"][:2] / files["dcc"]
    kept = pdf.read_bytes(), xml.read_bytes()

    def changed(statement: str, *values: object) -> str:
        db = sqlite3.connect(library)
        with db:
            db.execute(statement, values)
        db.close()
        told = issued("audit", "certificates", code=1)
        assert "FAIL certificates" in issued("audit", "verify", code=1)
        return told

    pdf.unlink()
    xml.chmod(0o644)
    xml.write_bytes(kept[1].replace(b"61.2", b"61.3"))
    told = issued("audit", "certificates", code=1)
    assert f"pdf  {files['pdf']}  missing" in told
    assert f"dcc  {files['dcc']}  altered" in told
    pdf.write_bytes(kept[0])
    xml.write_bytes(kept[1])
    issued("audit", "certificates")

    row = "UPDATE certificate SET pdf_sha256 = ? WHERE number = ?"
    other = listed[1]["files"][0]["sha256"]
    assert "other files than were issued" in changed(row, other, NUMBER)
    changed(row, files["pdf"], "HRT2026-00001")
    fixed = sqlite3.connect(library)
    with fixed:
        fixed.execute(row, (files["pdf"], NUMBER))
        fixed.execute(row, (other, "HRT2026-00001"))
    fixed.close()
    issued("audit", "certificates")
    gone = changed("DELETE FROM certificate WHERE number = ?", NUMBER)
    assert "gone from the register of numbers" in gone


def test_nothing_goes_out_in_the_name_of_a_made_up_laboratory(house: House) -> None:
    (house.run / "laboratory.toml").unlink()
    assert "made-up" in house("certificate", "records", code=0)
    key = ("--seal", house.seal, "--seal-passphrase-file", house.secret, "--by", "office")
    assert "no document goes out" in house("certificate", "make", *key, code=2)

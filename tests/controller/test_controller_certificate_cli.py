"""The certificate commands as a person meets them, on a small simulated tray."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from controller.cli.office import granted, opened
from hil_sim.scenario.demo_request import Request
from hil_sim.scenario.demo_session import run_demo
from lims_bridge.review.dossier import dossier_of
from lims_bridge.review.people import Signature
from lims_bridge.sealing.demo import demo_seal, write_root
from tests.controller.certificate_office import (
    LABORATORY,
    PASSPHRASE,
    STAFF,
    hardlab,
    seal_file,
    secret_file,
    small_tray,
)
from tests.lims_bridge.papers.specimens import keep_picture, specimen


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo that ended with its certificates."""
    return small_tray(tmp_path_factory.mktemp("certificates"), certificates=True)


def test_a_demo_ends_with_documents_and_an_index(demo: Path) -> None:
    made = sorted(path.name for path in (demo / "certificates").iterdir())
    assert made == [
        *("DEMO-2026-00001.json", "DEMO-2026-00001.pdf", "DEMO-2026-00001.xml"),
        *("DEMO-2026-00002.json", "DEMO-2026-00002.pdf", "DEMO-2026-00002.xml"),
        *("demo-root.pem", "index.html"),
    ]
    page = (demo / "certificates" / "index.html").read_text(encoding="utf-8")
    assert "检定证书" in page
    assert "检定结果通知书" in page
    assert page.count("通过 good") == 2
    for name in made[:-2]:
        assert f'href="{name}"' in page


def test_documents_verify_from_the_command_line(demo: Path, tmp_path: Path) -> None:
    folder = demo / "certificates"
    trust = folder / "demo-root.pem"
    files = sorted(folder.glob("DEMO-*.pdf")) + sorted(folder.glob("DEMO-*.xml"))
    done = hardlab("certificate", "verify", *files, "--trust", trust)
    assert done.exit_code == 0, done.output
    assert done.output.count("good 通过") == 4
    assert "no institution stands behind it" in done.output
    altered = tmp_path / "altered.pdf"
    content = bytearray(files[0].read_bytes())
    content[len(content) // 3] ^= 1
    altered.write_bytes(content)
    done = hardlab("certificate", "verify", altered, "--trust", trust)
    assert done.exit_code == 1
    assert "NOT GOOD" in done.output
    assert "BAD" in done.output
    done = hardlab("certificate", "verify", files[0], "--trust", trust, "--out", demo)
    assert done.exit_code == 1
    assert "the register knows no such document" in done.output


def test_a_preview_is_a_draft_without_a_seal(demo: Path) -> None:
    where = ("--out", demo, "--laboratory", LABORATORY)
    done = hardlab("certificate", "preview", "A-1", "--language", "en", *where)
    assert done.exit_code == 0, done.output
    path = demo / "previews" / "A-1-en.pdf"
    assert done.output.strip() == str(path)
    trust = demo / "certificates" / "demo-root.pem"
    done = hardlab("certificate", "verify", path, "--trust", trust)
    assert "there is no seal on this file" in done.output


def test_records_are_written_for_review(demo: Path) -> None:
    from lims_bridge.record import read_record

    done = hardlab("certificate", "records", "--out", demo, "--laboratory", LABORATORY)
    assert done.exit_code == 0, done.output
    assert "hardlab review take" in done.output
    kept = [read_record(path.read_bytes()) for path in sorted((demo / "canonical").iterdir())]
    assert [record.item.number for record in kept] == ["A-1", "B-2"]


def test_mistakes_end_in_a_line_and_a_remedy(demo: Path, tmp_path: Path) -> None:
    where = ("--out", demo, "--laboratory", LABORATORY)
    nothing = tmp_path / "nothing"
    for args, said in (
        (("preview", "--language", "fr", *where), "must be zh, en or both"),
        (("preview", "--laboratory", nothing, "--out", demo), "give the file with --laboratory"),
        (("make", "--by", "x", *where), "give it with --seal"),
        (("make", "--seal", nothing, *where), "--by NAME"),
        (("verify", "x.pdf", "--trust", nothing), "--trust FILE.pem"),
        (("preview", "--out", nothing), "no run lies here"),
    ):
        done = hardlab("certificate", *args)
        assert done.exit_code == 2, (args, done.output)
        assert said in done.output, done.output
    done = hardlab("certificate", "amend", "X-1", "--reason", "r", *where)
    assert done.exit_code == 1
    assert "the register knows no such number" in done.output


def test_without_photographs_or_typefaces_a_demo_says_so_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = Request(out=tmp_path / "out", images=False, certificates=True)
    assert run_demo(request) == 2
    assert "leave out --no-images" in capsys.readouterr().err
    monkeypatch.setenv("HARDLAB_FONTS", str(tmp_path))
    assert run_demo(Request(out=tmp_path / "out", certificates=True)) == 2
    assert "make fonts" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_replaced_demo_takes_its_documents_along(demo: Path, tmp_path: Path) -> None:
    from hil_sim.scenario.demo_folder import _OWN

    copy = tmp_path / "copy"
    shutil.copytree(demo, copy)
    assert {path.name for path in copy.iterdir()} <= {*_OWN, "demo.lock"}


@pytest.fixture
def approved_run(demo: Path, tmp_path: Path) -> Path:
    """A run with a record whose limits are confirmed, approved by its three persons."""
    run = tmp_path / "run"
    shutil.copytree(demo, run)
    keep_picture(run / "pictures")
    record = specimen(tester="zhang-全名")
    with opened(run) as office:
        for person, duty in STAFF:
            office.registry.enter(person, {"name": f"{person}-全名"}, "setup")
            days = date(2020, 1, 1), date(2099, 12, 31)
            assert office.registry.authorise(person, duty, "*", *days, "setup") is None  # type: ignore[arg-type]  # dates from a star
            assert office.registry.set_passphrase(person, PASSPHRASE, "setup") is None
        people = office.registry.people()
        desk, digest = office.desk, record.digest()
        key = granted(desk.take(dossier_of(record))).key
        granted(desk.submit(key, Signature(people["zhang"]), digest))
        granted(desk.check(key, Signature(people["li"]), digest))
        granted(desk.approve(key, Signature(people["wang"]), digest))
    return run


def test_make_verify_revoke(approved_run: Path, tmp_path: Path) -> None:
    secret, p12 = secret_file(tmp_path), seal_file(tmp_path)
    trust = write_root(demo_seal(), tmp_path)
    where = ("--out", approved_run)
    sealed = ("--seal", p12, "--seal-passphrase-file", secret, "--by", "office")
    lab = ("--laboratory", LABORATORY)

    done = hardlab("certificate", "make", *sealed, *lab, *where)
    assert done.exit_code == 0, done.output
    made = Path(done.output.strip())
    assert made == approved_run / "certificates" / "HRJ2026-00001.pdf"
    again = hardlab("certificate", "make", *sealed, *lab, *where)
    assert again.exit_code == 1
    assert "nothing is approved" in again.output

    for file in (made, made.with_suffix(".xml")):
        good = hardlab("certificate", "verify", file, "--trust", trust, *where)
        assert good.exit_code == 0, good.output
        assert "register: issued" in good.output

    person = ("--by", "wang", "--passphrase-file", secret, "--reason", "块号有误")
    unknown = hardlab("certificate", "revoke", "HRJ2026-00009", *person, *where)
    assert unknown.exit_code == 1
    wrong = tmp_path / "wrong.txt"
    wrong.write_text("guess\n", encoding="utf-8")
    refused = ("--by", "wang", "--passphrase-file", wrong, "--reason", "r")
    assert hardlab("certificate", "revoke", "HRJ2026-00001", *refused, *where).exit_code == 1
    done = hardlab("certificate", "revoke", "HRJ2026-00001", *person, *where)
    assert done.exit_code == 0, done.output
    bad = hardlab("certificate", "verify", made, "--trust", trust, *where)
    assert bad.exit_code == 1
    assert "register: withdrawn by wang: 块号有误" in bad.output
    # Without the register the file itself is still what was sealed.
    assert hardlab("certificate", "verify", made, "--trust", trust).exit_code == 0


def test_a_block_that_is_none_and_roots_that_are_none_are_told(demo: Path, tmp_path: Path) -> None:
    where = ("--out", demo, "--laboratory", LABORATORY)
    for command in ("records", "preview"):
        done = hardlab("certificate", command, "NOPE", *where)
        assert done.exit_code == 1
        assert "NOPE: no block of the last tray has this number" in done.output
        assert "review them" not in done.output
    rare = tmp_path / "rare.toml"
    text = Path(LABORATORY).read_text(encoding="utf-8")
    rare.write_text(text.replace("示例机械制造有限公司", "🔩机械"), encoding="utf-8")
    done = hardlab("certificate", "preview", "A-1", "--out", demo, "--laboratory", rare)
    assert done.exit_code == 1
    assert "no typeface has 🔩 (U+1F529)" in done.output
    file = demo / "certificates" / "DEMO-2026-00001.pdf"
    done = hardlab("certificate", "verify", file, "--trust", rare)
    assert done.exit_code == 2
    assert "holds no certificates" in done.output

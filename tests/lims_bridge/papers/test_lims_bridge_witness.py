"""Seals with a time stamp, with proofs for later years, and without either when nobody answers."""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from asn1crypto import tsp
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader

from lims_bridge.delivery.config import OfficeConfig, OfficeConfigError
from lims_bridge.press import Press, Printed, Stopped
from lims_bridge.sealing.demo import demo_seal
from lims_bridge.sealing.witness import HttpStamper, Proofs, Witness
from lims_bridge.verifying import Report, verify_pdf
from tests.lims_bridge.papers.authority import SEAL_ENDS, Tree, grow
from tests.lims_bridge.papers.specimens import issue_of, specimen

LATER = SEAL_ENDS + timedelta(days=3650)


@pytest.fixture(scope="module")
def tree() -> Tree:
    return grow()


@pytest.fixture
def trust(tree: Tree, tmp_path: Path) -> Path:
    return tree.write(tmp_path)


def sealed(press: Press, tree: Tree, witness: Witness) -> bytes:
    record = specimen()
    made = replace(press, seal=tree.seal, witness=witness).make(record, issue_of(record))
    assert isinstance(made, Printed), made
    return made.pdf


def failures(report: Report) -> set[str]:
    return {check.name for check in report.failures}


def detail(report: Report, name: str) -> str:
    return next((check.detail for check in report.checks if check.name == name), "")


def test_a_seal_alone_ends_with_its_certificate(press: Press, tree: Tree, trust: Path) -> None:
    pdf = sealed(press, tree, Witness())
    assert verify_pdf("x", pdf, trust).good
    assert failures(verify_pdf("x", pdf, trust, LATER)) == {"signer", "digital certificate"}


@pytest.mark.parametrize("lasting", [False, True])
def test_a_stamped_seal_outlives_its_certificate(
    press: Press, tree: Tree, trust: Path, lasting: bool
) -> None:
    witness = Witness(tree.stamper(), tree.proofs() if lasting else None)
    pdf = sealed(press, tree, witness)
    assert not witness.told
    report = verify_pdf("x", pdf, trust)
    assert report.good, report.failures
    assert "Test TSA" in detail(report, "time")
    assert ("/DSS" in PdfFileReader(io.BytesIO(pdf)).root) is lasting
    report = verify_pdf("x", pdf, trust, LATER)
    assert report.good, report.failures
    altered = bytearray(pdf)
    altered[len(pdf) // 3] ^= 1
    assert not verify_pdf("x", bytes(altered), trust, LATER).good


def test_a_stamp_of_a_stranger_proves_nothing(press: Press, tree: Tree, trust: Path) -> None:
    pdf = sealed(press, tree, Witness(grow().stamper()))
    report = verify_pdf("x", pdf, trust)
    assert report.good
    assert any("vouches for the time-stamping authority" in each for each in report.warnings)
    assert "signer" in failures(verify_pdf("x", pdf, trust, LATER))


def test_a_seal_stamped_before_its_certificate_is_refused(press: Press, tmp_path: Path) -> None:
    # The authority's clock says that the certificate was not good (yet) when it was used.
    young = grow(seal_begins=datetime.now(UTC) - timedelta(days=400))
    trust = young.write(tmp_path)
    pdf = sealed(press, young, Witness(young.stamper(datetime(2021, 1, 1, tzinfo=UTC))))
    assert failures(verify_pdf("x", pdf, trust)) == {"digital certificate"}
    assert failures(verify_pdf("x", pdf, trust, LATER)) == {"signer", "digital certificate"}


def test_a_seal_that_is_revoked_or_over_seals_nothing(press: Press, tree: Tree) -> None:
    record = specimen()
    for revoked in (tree.seal.chain[0], tree.tsa):
        witness = Witness(tree.stamper(), tree.proofs(revoked))
        made = replace(press, seal=tree.seal, witness=witness).make(record, issue_of(record))
        assert isinstance(made, Stopped)
        assert "was revoked" in made.reasons[0]
    for begins in (SEAL_ENDS - timedelta(days=1), datetime.now(UTC)):
        other = replace(press, seal=grow(seal_begins=begins).seal)
        stopped = other.make(record, issue_of(record))
        assert isinstance(stopped, Stopped)
        assert "certificate of the seal is good from" in stopped.reasons[0]


class Away(httpx.BaseTransport):
    """An authority that is not what one hoped for."""

    def __init__(self, answer: httpx.Response | None) -> None:
        self.answer, self.asked = answer, 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.answer is None:
            raise httpx.ConnectError("nobody there")
        return self.answer


# A TimeStampResp with status 2 (rejection) and no token, which the library cannot write.
REFUSED = bytes.fromhex("3005 3003 020102")


@pytest.mark.parametrize(
    "answer",
    [
        None,
        httpx.Response(503),
        httpx.Response(200, content=b"<html>Welcome to the hotel</html>"),
        httpx.Response(200, content=REFUSED),
    ],
)
@pytest.mark.parametrize("lasting", [False, True])
def test_a_silent_authority_keeps_no_document_back(
    press: Press, tree: Tree, trust: Path, answer: httpx.Response | None, lasting: bool
) -> None:
    away = Away(answer)
    stamper = HttpStamper("http://tsa", transport=away)
    witness = Witness(stamper, tree.proofs() if lasting else None)
    for _ in range(2):
        assert verify_pdf("x", sealed(press, tree, witness), trust).good
    assert any("PAdES B-B" in why for why in witness.told)
    if answer is None or answer.content != REFUSED:
        assert away.asked == 1, "one that was silent is not asked for every document"


def test_an_authority_on_the_network_is_understood(press: Press, tree: Tree, trust: Path) -> None:
    class Tsa(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            asked = tsp.TimeStampReq.load(request.read())
            return httpx.Response(200, content=tree.stamper().request_tsa_response(asked).dump())

    witness = Witness(HttpStamper("http://tsa", transport=Tsa()), tree.proofs())
    report = verify_pdf("x", sealed(press, tree, witness), trust, LATER)
    assert report.good, report.failures
    assert not witness.told


def test_the_sealed_file_stays_at_the_version_of_pdf_a_3(press: Press, tree: Tree) -> None:
    for seal in (demo_seal(), tree.seal):
        record = specimen()
        witness = Witness(tree.stamper(), tree.proofs()) if seal is tree.seal else Witness()
        made = replace(press, seal=seal, witness=witness).make(record, issue_of(record))
        assert isinstance(made, Printed)
        reader = PdfFileReader(io.BytesIO(made.pdf))
        assert (reader.input_version, "/ESIC" in reader.root["/Extensions"]) == ((1, 7), True)


def test_poppler_calls_a_lasting_seal_valid(
    press: Press, tree: Tree, trust: Path, tmp_path: Path
) -> None:
    for program in ("pdfsig", "certutil", "qpdf"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    path, store = tmp_path / "x.pdf", tmp_path / "nss"
    path.write_bytes(sealed(press, tree, Witness(tree.stamper(), tree.proofs())))
    store.mkdir()

    def run(*words: str) -> str:
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout

    run("certutil", "-N", "-d", f"sql:{store}", "--empty-password")
    run("certutil", "-A", "-d", f"sql:{store}", "-n", "r", "-t", "C,C,C", "-i", str(trust))
    told = run("pdfsig", "-nssdir", f"sql:{store}", str(path))
    for said in ("Signature is Valid", "Certificate is Trusted", "Total document signed"):
        assert said in told
    run("qpdf", "--check", str(path))


def test_the_configuration_names_what_is_missing(tree: Tree, trust: Path, tmp_path: Path) -> None:
    def witness(**seal: Any) -> Witness:
        return OfficeConfig.model_validate({"seal": seal}).seal.witness()

    assert witness().stamper is None
    crl = tmp_path / "root.crl"
    crl.write_bytes(tree.proofs().crls[0].dump())
    full = witness(timestamp="http://tsa", authorities=trust, crls=[crl])
    assert isinstance(full.proofs, Proofs)
    assert (len(full.proofs.roots), len(full.proofs.crls)) == (1, 1)
    for seal, said in (
        ({"authorities": trust}, "need a timestamp"),
        ({"timestamp": "http://tsa", "crls": [crl]}, "crls need authorities"),
    ):
        with pytest.raises(ValueError, match=said):
            witness(**seal)
    (tmp_path / "junk").write_bytes(b"junk")
    for files in ({"authorities": tmp_path / "none"}, {"authorities": tmp_path / "junk"}):
        with pytest.raises(OfficeConfigError, match=r"\[seal\]"):
            witness(timestamp="http://tsa", **files)
    with pytest.raises(OfficeConfigError, match=r"\[seal\]"):
        witness(timestamp="http://tsa", authorities=trust, crls=[tmp_path / "junk"])
    assert tree.root.public_bytes(Encoding.PEM) in trust.read_bytes()
    assert datetime.now(UTC) < LATER

import base64
import functools
import io
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1_x509
from asn1crypto.keys import PrivateKeyInfo
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.timestamps import DummyTimeStamper

from lims_bridge.press import Press, Printed, Stopped
from lims_bridge.sealing.demo import demo_seal, write_root
from lims_bridge.sealing.local import LocalSeal, load_seal
from lims_bridge.sealing.remote import RemoteSeal
from lims_bridge.sealing.service import SealError
from lims_bridge.sealing.witness import Witness
from lims_bridge.sealing.xml_seal import open_sealed_xml
from lims_bridge.verifying import Report, verify_pdf, verify_xml
from lims_bridge.verifying.agreement import disagreements
from tests.lims_bridge.papers.specimens import issue_of, specimen


@functools.cache
def printed(press: Press) -> Printed:
    record = specimen()
    made = press.make(record, issue_of(record))
    assert isinstance(made, Printed), made
    return made


def failures(report: Report) -> set[str]:
    return {check.name for check in report.failures}


def test_a_sealed_document_verifies(press: Press, root: Path) -> None:
    report = verify_pdf("x.pdf", printed(press).pdf, root)
    assert report.good, report.failures
    assert {check.name for check in report.checks} == {
        *("seal", "signer", "whole", "digital certificate", "record", "agreement", "number")
    }
    assert any("demonstration" in warning for warning in report.warnings)
    assert verify_xml("x.xml", printed(press).dcc, root).good


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_a_flipped_bit_is_refused(press: Press, root: Path, data: st.DataObject) -> None:
    pdf = bytearray(printed(press).pdf)
    place = data.draw(st.integers(0, len(pdf) - 1))
    bit = data.draw(st.integers(0, 7))
    pdf[place] ^= 1 << bit
    report = verify_pdf("x.pdf", bytes(pdf), root)
    if _in_signature(pdf, place):
        # In the padding after the signature, and in the case of its hex digits, nothing is said.
        return
    assert not report.good


def _in_signature(pdf: bytearray, place: int) -> bool:
    start = pdf.rfind(b"/Contents <")
    return start <= place <= pdf.find(b">", start)


def test_what_is_added_afterwards_is_refused(press: Press, root: Path) -> None:
    pdf = printed(press).pdf
    longer = pdf + b"\n% a comment\n"
    assert (
        "whole" in failures(verify_pdf("x.pdf", longer, root))
        or not verify_pdf("x.pdf", longer, root).good
    )


def test_a_stranger_s_seal_is_not_trusted(press: Press, tmp_path: Path) -> None:
    stranger = demo_seal.__wrapped__()
    report = verify_pdf("x.pdf", printed(press).pdf, write_root(stranger, tmp_path))
    assert failures(report) == {"signer", "digital certificate"}


def test_an_unsealed_document_is_refused(press: Press, root: Path) -> None:
    record = specimen(confirmed=False)
    made = replace(press, seal=None).make(record, issue_of(record, demo=False))
    assert isinstance(made, Printed)
    assert {"seal", "digital certificate"} <= failures(verify_pdf("x.pdf", made.pdf, root))


@pytest.mark.parametrize("junk", [b"", b"%PDF-1.7\n", b"<xml/>", b"\x00" * 5000])
def test_junk_is_no_certificate(junk: bytes, root: Path) -> None:
    assert failures(verify_pdf("x.pdf", junk, root)) == {"file"}
    assert failures(verify_xml("x.xml", junk, root)) == {"digital certificate"}


def test_a_changed_value_in_the_xml_is_refused(press: Press, root: Path) -> None:
    dcc = printed(press).dcc
    for old, new in ((b">61.2<", b">61.3<"), (b"HRJ2026-00001", b"HRJ2026-00002")):
        assert old in dcc
        assert not verify_xml("x.xml", dcc.replace(old, new), root).good


def test_another_record_s_certificate_inside_is_noticed(press: Press, root: Path) -> None:
    certificate = open_sealed_xml(printed(press).dcc, root)
    other = specimen(values=("60.10", "60.20", "60.30", "60.20", "60.10"))
    named = [line.split(":")[0] for line in disagreements(certificate, other)]  # type: ignore[arg-type]  # wrong on purpose
    assert {"digest of the record", "readings", "mean"} <= set(named)


# -- other people's programs --------------------------------------------------------------------


def test_poppler_calls_it_valid_and_trusted(press: Press, root: Path, tmp_path: Path) -> None:
    for program in ("pdfsig", "certutil"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (Debian: poppler-utils, libnss3-tools)")
    path, store = tmp_path / "x.pdf", tmp_path / "nss"
    path.write_bytes(printed(press).pdf)
    store.mkdir()
    run = functools.partial(subprocess.run, check=True, capture_output=True, text=True)
    run(["certutil", "-N", "-d", f"sql:{store}", "--empty-password"])
    run(["certutil", "-A", "-d", f"sql:{store}", "-n", "root", "-t", "C,C,C", "-i", str(root)])
    told = run(["pdfsig", "-nssdir", f"sql:{store}", str(path)]).stdout
    assert "Signature is Valid" in told
    assert "Certificate is Trusted" in told
    assert "Total document signed" in told


def test_xmlsec_accepts_the_xml_and_refuses_a_change(press: Press, root: Path) -> None:
    xmlsec = pytest.importorskip("xmlsec", reason="xmlsec is not installed")

    def verified(data: bytes) -> bool:
        tree = etree.fromstring(data)
        manager = xmlsec.KeysManager()
        manager.load_cert(str(root), xmlsec.constants.KeyDataFormatPem, 256)
        context = xmlsec.SignatureContext(manager)
        signed = tree.find(".//{http://uri.etsi.org/01903/v1.3.2#}SignedProperties")
        context.register_id(signed, "Id")
        try:
            context.verify(xmlsec.tree.find_node(tree, xmlsec.constants.NodeSignature))
        except xmlsec.Error:
            return False
        return True

    dcc = printed(press).dcc
    assert verified(dcc)
    assert not verified(dcc.replace(b">61.2<", b">61.3<"))


def test_qpdf_finds_the_file_sound(press: Press, tmp_path: Path) -> None:
    if shutil.which("qpdf") is None:
        pytest.skip("qpdf is not installed")
    path = tmp_path / "x.pdf"
    path.write_bytes(printed(press).pdf)
    told = subprocess.run(["qpdf", "--check", str(path)], capture_output=True, text=True)
    assert told.returncode == 0, told.stdout + told.stderr


# -- keys ---------------------------------------------------------------------------------------


def pfx(seal: LocalSeal, path: Path, passphrase: str) -> Path:
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"seal",
            seal.key,
            seal.chain[0],
            list(seal.chain[1:]),
            BestAvailableEncryption(passphrase.encode()),
        )
    )
    return path


def test_a_seal_comes_from_a_pkcs12_file(press: Press, root: Path, tmp_path: Path) -> None:
    path = pfx(demo_seal(), tmp_path / "seal.p12", "secret")
    seal = load_seal(path, "secret", demo=True)
    record = specimen()
    made = replace(press, seal=seal).make(record, issue_of(record))
    assert isinstance(made, Printed)
    assert verify_pdf("x.pdf", made.pdf, root).good


def test_a_seal_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    path = pfx(demo_seal(), tmp_path / "seal.p12", "secret")
    with pytest.raises(SealError, match="passphrase is wrong"):
        load_seal(path, "wrong")
    with pytest.raises(SealError, match="No such file"):
        load_seal(tmp_path / "none.p12", "")


def rsa_seal() -> LocalSeal:
    """A seal with an RSA key, by the same root as the demo seal."""
    demo = demo_seal()
    key = rsa.generate_private_key(65537, 2048)
    root_key = ec.generate_private_key(ec.SECP256R1())
    old_root, old = demo.chain[1], demo.chain[0]

    def certificate(
        template: x509.Certificate, public: object, issuer: x509.Name
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(template.subject)
            .issuer_name(issuer)
            .public_key(public)  # type: ignore[arg-type]  # a key of either kind
            .serial_number(x509.random_serial_number())
            .not_valid_before(template.not_valid_before_utc)
            .not_valid_after(template.not_valid_after_utc)
        )
        for kind in (x509.BasicConstraints, x509.KeyUsage):
            extension = template.extensions.get_extension_for_class(kind)
            builder = builder.add_extension(extension.value, critical=True)
        return builder.sign(root_key, hashes.SHA256())

    root = certificate(old_root, root_key.public_key(), old_root.subject)
    return LocalSeal(key, (certificate(old, key.public_key(), root.subject), root), demo=True)


def test_rsa_keys_seal_as_well(press: Press, tmp_path: Path) -> None:
    seal = rsa_seal()
    root = tmp_path / "root.pem"
    root.write_bytes(seal.chain[1].public_bytes(Encoding.PEM))
    record = specimen()
    made = replace(press, seal=seal).make(record, issue_of(record))
    assert isinstance(made, Printed)
    report = verify_pdf("x.pdf", made.pdf, root)
    assert "seal" not in failures(report)
    assert "signer" not in failures(report)


# -- the seal service ---------------------------------------------------------------------------


class _Service(BaseHTTPRequestHandler):
    mood = "good"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["Authorization"] == "Bearer token"
        assert asked["algorithm"] == "ecdsa-sha256"
        digest = base64.b64decode(asked["digest"])
        signature = demo_seal().key.sign(digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))  # type: ignore[call-arg, arg-type]  # the demo key is an EC key
        answers = {
            "good": (200, json.dumps({"signature": base64.b64encode(signature).decode()})),
            "busy": (503, "{}"),
            "odd": (200, '{"result": "ok"}'),
        }
        code, text = answers[self.mood]
        self.send_response(code)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Service)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/sign"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_remote_service_seals(
    press: Press, root: Path, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal = RemoteSeal(service, demo_seal().chain, "token", demo=True)
    record = specimen()
    made = replace(press, seal=seal).make(record, issue_of(record))
    assert isinstance(made, Printed)
    assert verify_pdf("x.pdf", made.pdf, root).good
    for mood, said in (("busy", "503"), ("odd", "no signature")):
        monkeypatch.setattr(_Service, "mood", mood)
        stopped = replace(press, seal=seal).make(record, issue_of(record))
        assert isinstance(stopped, Stopped)
        assert said in stopped.reasons[0]


def test_a_service_that_is_away_stops_the_document(press: Press) -> None:
    seal = RemoteSeal("http://127.0.0.1:9/sign", demo_seal().chain, demo=True)
    record = specimen()
    stopped = replace(press, seal=seal).make(record, issue_of(record))
    assert isinstance(stopped, Stopped)
    assert "no answer" in stopped.reasons[0]


# -- what must not be sealed --------------------------------------------------------------------


def test_no_document_under_a_wrong_flag(press: Press) -> None:
    real = replace(press, seal=replace(demo_seal(), demo=False))
    draft, final = specimen(confirmed=False), specimen()
    cases = [
        (press, draft, issue_of(draft, draft=False), "unconfirmed limits"),
        (real, draft, issue_of(draft, demo=False), "draft is not sealed"),
        (real, final, issue_of(final, demo=True), "each other's seal"),
        (press, final, issue_of(final, demo=False), "each other's seal"),
        (press, final, issue_of(final, kind="notice"), "not to a notice"),
    ]
    for tried, record, issue, said in cases:
        stopped = tried.make(record, issue)
        assert isinstance(stopped, Stopped)
        assert any(said in reason for reason in stopped.reasons), stopped


def test_nobody_checks_his_own_work(press: Press) -> None:
    record = specimen()
    issue = issue_of(record)
    tester = issue.signers[0]
    same = issue.signers[1].model_copy(update={"name": tester.name})
    stopped = press.make(record, issue.model_copy(update={"signers": (tester, same)}))
    assert isinstance(stopped, Stopped)
    assert "no approver has signed" in stopped.reasons
    assert any("cannot check" in reason for reason in stopped.reasons)


def test_only_the_person_in_charge_signs_for_the_run(press: Press) -> None:
    record = specimen(tester="赵另人")
    stopped = press.make(record, issue_of(record))
    assert isinstance(stopped, Stopped)
    assert "the record names 赵另人 as in charge" in stopped.reasons[0]


# -- time stamps --------------------------------------------------------------------------------


def test_a_time_stamp_goes_into_the_seal(press: Press, tmp_path: Path) -> None:
    authority = rsa_seal()  # the library's own authority signs with RSA only
    stamper = DummyTimeStamper(
        tsa_cert=asn1_x509.Certificate.load(authority.chain[0].public_bytes(Encoding.DER)),
        tsa_key=PrivateKeyInfo.load(
            authority.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        ),
    )
    record = specimen()
    made = replace(press, seal=authority, witness=Witness(stamper)).make(record, issue_of(record))
    assert isinstance(made, Printed)
    root = write_root(authority, tmp_path)
    assert not {"seal", "signer", "whole"} & failures(verify_pdf("x.pdf", made.pdf, root))
    reader = PdfFileReader(io.BytesIO(made.pdf))
    added = reader.embedded_signatures[0].signer_info["unsigned_attrs"].native
    assert "signature_time_stamp_token" in {each["type"] for each in added}

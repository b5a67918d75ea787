"""Each kind of LIMS, with the habits that were met in real ones."""

from __future__ import annotations

import base64
import contextlib
import csv
import hashlib
import io
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx2 as httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.lims.exchange import Answer, HungUp, InMemory, Request
from hil_sim.lims.memory import Memory
from hil_sim.lims.moods import AS_MEASURED, Mood, Moods
from hil_sim.lims.senaite import SenaiteLims
from hil_sim.lims.watched_folder import FolderLims
from lims_bridge.adapters.folder import FolderReceiver, name_of
from lims_bridge.adapters.http_words import of_bad_answer
from lims_bridge.adapters.rest import RestReceiver, body_of
from lims_bridge.adapters.senaite import SenaiteReceiver, SenaiteSite
from lims_bridge.adapters.table import csv_of, fields_of, xml_of
from lims_bridge.adapters.timestamp import TimestampReceiver, stamps
from lims_bridge.delivery.outcomes import (
    Absent,
    Arrived,
    CannotTell,
    NotSent,
    Outcome,
    Refused,
    Uncertain,
    Waiting,
)
from lims_bridge.delivery.parcel import Parcel, Receiver
from lims_bridge.exact import canonical
from lims_bridge.office.events import Document
from runtime import run_virtual
from tests.lims_bridge.office import example_record

PDF = b"%PDF-1.7 pages"
DIGEST = hashlib.sha256(PDF).hexdigest()


def parcel(key: str = "lims:R-1:1", **changes: Any) -> Parcel:
    record = example_record()
    given = {
        "key": key,
        "kind": "issued",
        "notice": {
            "event": "issued",
            "sequence": 7,
            "record": "R-1",
            "revision": 1,
            "block": "2007-101",
            "certificate": "C-1",
            "digest": record.digest(),
        },
        "content": record.content(),
        "documents": (Document("certificate", "certificate.pdf", DIGEST),),
        "files": {DIGEST: PDF},
    }
    return Parcel(**{**given, **changes})


def run(step: Any) -> Any:
    async def main() -> Any:
        return await step

    return run_virtual(main())


async def insist(receiver: Receiver, what: Parcel, tries: int = 60) -> Outcome:
    """Do what the courier does with a receiver that can be asked, without its waits."""
    outcome: Any = None
    for _ in range(tries):
        outcome = await receiver.look_up(what)
        if isinstance(outcome, Absent):
            outcome = await receiver.deliver(what)
        if isinstance(outcome, Arrived | Refused):
            break
    return outcome


# -- SENAITE: the seven traps -----------------------------------------------------

SERVICES = {"mean": "s-mean", "uniformity": "s-unif", "expanded_uncertainty": "s-u"}


def senaite(lims: SenaiteLims, password: str = "secret") -> SenaiteReceiver:
    site = SenaiteSite(
        url="http://lims/senaite",
        user="robot",
        password=password,
        client="client-1",
        contact="contact-1",
        sample_type="type-1",
        services=SERVICES,
    )
    return SenaiteReceiver(site, transport=InMemory(lims))


def test_senaite_gets_a_sample_with_submitted_results() -> None:
    lims = SenaiteLims(Memory())
    assert run(insist(senaite(lims), parcel())) == Arrived("HB-0001")
    (sample,) = lims.samples
    assert sample["getClientSampleID"] == "lims:R-1:1"
    assert {a["getServiceUID"]: a["Result"] for a in lims.analyses} == {
        "s-mean": "61.2",
        "s-unif": "0.15",
        "s-u": "0.30",
    }
    assert {a["review_state"] for a in lims.analyses} == {"to_be_verified"}, "a person verifies"


def test_1_no_idempotency_but_one_sample() -> None:
    lims = SenaiteLims(Memory())
    receiver = senaite(lims)

    async def twice() -> None:
        await insist(receiver, parcel())
        # Even if the courier did not look first.
        assert await receiver.deliver(parcel()) == Arrived("HB-0001")

    run(twice())
    assert len(lims.samples) == 1


def test_2_an_ignored_filter_does_not_pass_for_a_hit() -> None:
    lims = SenaiteLims(Memory())

    class Ignorant(SenaiteLims):
        def answer(self, request: Request) -> Answer | HungUp:
            stripped = Request(request.method, request.path, {}, request.headers, request.body)
            return super().answer(stripped)

    run(insist(senaite(lims), parcel("lims:R-1:1")))
    blind = Ignorant(lims.memory)
    assert isinstance(run(senaite(blind).look_up(parcel("lims:R-2:1"))), Absent)


def test_3_a_wrong_password_is_not_an_empty_lims() -> None:
    lims = SenaiteLims(Memory())
    run(insist(senaite(lims), parcel()))
    found = run(senaite(lims, "wrong").look_up(parcel()))
    assert found == CannotTell("SENAITE does not know the user robot")
    assert isinstance(run(senaite(lims, "wrong").deliver(parcel("lims:R-2:1"))), NotSent)
    assert isinstance(run(senaite(lims, "wrong").recent(5)), CannotTell)
    assert len(lims.samples) == 1


class Scripted(SenaiteLims):
    """A SENAITE whose writes are met in given moods, then well."""

    def __init__(self, *moods: Mood) -> None:
        super().__init__(Memory())
        script = iter(moods)

        class Script(Moods):
            def of(self, key: str, attempt: int) -> Mood:
                return next(script, "well")

        self.moods = Script()


@pytest.mark.parametrize("mood", ["drop-after", "fail-after", "hang-up", "unavailable"])
@pytest.mark.parametrize("step", range(5))
def test_4_a_500_or_a_lost_answer_at_any_step_makes_nothing_twice(mood: Mood, step: int) -> None:
    lims = Scripted(*["well"] * step, mood)
    outcome = run(insist(senaite(lims), parcel()))
    assert isinstance(outcome, Arrived)
    assert len(lims.samples) == 1
    assert len(lims.analyses) == 3
    assert all(a["review_state"] == "to_be_verified" for a in lims.analyses)


def test_5_a_transition_done_twice_counts_as_done() -> None:
    # The proxy repeats each write: the second "receive" and "submit" answer 500 or 401.
    lims = Scripted("well", *["twice"] * 4)  # type: ignore[list-item]  # text that is a habit
    assert isinstance(run(insist(senaite(lims), parcel())), Arrived)
    assert len(lims.samples) == 1


def test_6_another_result_that_is_locked_is_for_a_person() -> None:
    lims = SenaiteLims(Memory())
    run(insist(senaite(lims), parcel()))
    number, _, analysis = lims.memory.of("analysis")[0]
    lims.memory.change(number, {**analysis, "Result": "60.00"})
    outcome = run(senaite(lims).deliver(parcel()))
    assert isinstance(outcome, Refused)
    assert "60.00" in outcome.why


def test_two_samples_under_our_key_are_for_a_person() -> None:
    lims = Scripted("twice")
    outcome = run(insist(senaite(lims), parcel()))
    assert isinstance(outcome, Refused)
    assert "HB-0001, HB-0002" in outcome.why


def test_on_a_bad_day_each_sample_stands_once() -> None:
    lims = SenaiteLims(Memory(), moods=AS_MEASURED)
    keys = [f"lims:R-{n}:1" for n in range(30)]

    async def main() -> None:
        receiver = senaite(lims)
        for key in keys:
            assert isinstance(await insist(receiver, parcel(key)), Arrived)
        assert {held.key for held in await receiver.recent(100)} == set(keys)  # type: ignore[union-attr]  # it has a look-up

    run(main())
    assert Counter(s["getClientSampleID"] for s in lims.samples) == Counter(keys)


def test_senaite_is_not_told_what_it_cannot_take() -> None:
    outcome = run(senaite(SenaiteLims(Memory())).deliver(parcel(kind="withdrawn")))
    assert isinstance(outcome, Refused)


# -- file drop --------------------------------------------------------------------


@pytest.fixture
def drop(tmp_path: Path) -> FolderReceiver:
    for name in ("drop", "staging"):
        (tmp_path / name).mkdir()
    return FolderReceiver(tmp_path / "drop", tmp_path / "staging")


def test_a_folder_is_told_once_and_its_answer_read(drop: FolderReceiver) -> None:
    lims = FolderLims(drop.drop)
    assert isinstance(run(drop.look_up(parcel())), Absent)
    assert isinstance(run(drop.deliver(parcel())), Waiting)
    assert {p.suffix for p in drop.drop.iterdir()} == {".csv", ".xml", ".pdf"}
    assert isinstance(run(drop.look_up(parcel())), Waiting)
    assert lims.look() == 1
    assert run(drop.look_up(parcel())) == Arrived("L-000001")
    assert run(drop.look_up(parcel())) == Arrived("L-000001"), "a death before it was written down"
    assert len(lims.taken) == 1
    assert not list(drop.drop.iterdir())


def test_a_refused_file_can_be_sent_again(drop: FolderReceiver) -> None:
    lims = FolderLims(drop.drop, refuses={"lims:R-1:1"})
    run(drop.deliver(parcel()))
    lims.look()
    found = run(drop.look_up(parcel()))
    assert isinstance(found, Refused)
    assert "master data" in found.why
    lims.refuses.clear()
    assert isinstance(run(insist(drop, parcel(), tries=1)), Waiting)
    lims.look()
    assert isinstance(run(drop.look_up(parcel())), Arrived)
    assert len(lims.taken) == 1


class Death(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("at", range(1, 40))
@pytest.mark.parametrize("quick", [False, True])
def test_a_death_at_any_step_drops_nothing_twice(
    drop: FolderReceiver, monkeypatch: pytest.MonkeyPatch, at: int, quick: bool
) -> None:
    """The LIMS may look between any two steps (quick), or only in the end."""
    lims = FolderLims(drop.drop)
    steps = iter(range(1, 10_000))

    def counted(function: Any) -> Any:
        def step(*args: Any, **named: Any) -> Any:
            if next(steps) == at:
                raise Death
            done = function(*args, **named)
            if quick:
                lims.look()
            return done

        return step

    async def live() -> None:
        with contextlib.suppress(Death):
            await insist(drop, parcel(), tries=2)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", counted(Path.replace))
        patch.setattr(Path, "mkdir", counted(Path.mkdir))
        patch.setattr(shutil, "rmtree", counted(shutil.rmtree))
        patch.setattr("lims_bridge.adapters.folder._write", counted(_plain_write))
        run(live())
    for _ in range(3):
        outcome = run(insist(drop, parcel(), tries=1))
        lims.look()
    outcome = run(drop.look_up(parcel()))
    assert isinstance(outcome, Arrived)
    assert len(lims.taken) == 1
    assert lims.incomplete == []


def _plain_write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def test_a_folder_without_answers_and_one_that_is_gone(tmp_path: Path) -> None:
    (tmp_path / "drop").mkdir()
    silent = FolderReceiver(tmp_path / "drop", tmp_path / "staging", answers=False)
    assert isinstance(run(silent.deliver(parcel())), Arrived)
    gone = FolderReceiver(tmp_path / "nowhere", tmp_path / "other")
    assert isinstance(run(gone.deliver(parcel())), NotSent)


@given(st.lists(st.text(min_size=1, max_size=12), min_size=2, max_size=6, unique=True))
def test_no_two_keys_share_a_file_name(keys: list[str]) -> None:
    names = [name_of(key) for key in keys]
    assert len(set(names)) == len(keys)
    assert all("/" not in name and "\x00" not in name for name in names)


# -- CSV and XML ------------------------------------------------------------------


def test_every_digit_is_in_csv_and_xml() -> None:
    (row,) = csv.DictReader(io.StringIO(csv_of(parcel()).decode("utf-8-sig")))
    assert row == fields_of(parcel())
    assert (row["mean"], row["uniformity"], row["reading_1"]) == ("61.2", "0.15", "61.20")
    assert row["customer"] == "郑州量具厂"
    root = ElementTree.fromstring(xml_of(parcel()))
    assert {each.tag: each.text or "" for each in root} == row


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs", "Cc"]), max_size=30))
def test_no_text_breaks_out_of_its_cell(text: str) -> None:
    content = example_record().content()
    content["order"]["customer"]["name"]["zh"] = text or "x"
    rows = list(csv.reader(io.StringIO(csv_of(parcel(content=content)).decode("utf-8-sig"))))
    assert len(rows) == 2
    assert len(rows[0]) == len(rows[1])
    assert all(cell[:1] not in ("=", "@", "\t") for cell in rows[1])
    ElementTree.fromstring(xml_of(parcel(content=content)))


# -- REST -------------------------------------------------------------------------


class Canned(httpx.AsyncBaseTransport):
    """Answers always the same."""

    def __init__(self, status: int, body: Any = None, **headers: str) -> None:
        self.answer = status, body, headers
        self.seen: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        status, body, headers = self.answer
        return httpx.Response(status, json=body, headers=headers)


def rest(transport: httpx.AsyncBaseTransport, **changes: Any) -> RestReceiver:
    return RestReceiver("http://lims/records", transport=transport, **changes)


def test_what_is_pushed() -> None:
    canned = Canned(201, {"id": "L-1"})
    assert run(rest(canned, token="t0k").deliver(parcel())) == Arrived("L-1")
    (request,) = canned.seen
    assert request.headers["idempotency-key"] == '"lims:R-1:1"'
    assert request.headers["authorization"] == "Bearer t0k"
    pushed = httpx.Response(200, content=request.content).json()
    assert pushed["content"] == example_record().content()
    assert base64.b64decode(pushed["documents"][0]["content"]) == PDF
    assert b"JVBERi" not in body_of(parcel(), inline=False)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (301, Refused),
        (400, Refused),
        (401, Refused),
        (408, Uncertain),
        (409, Uncertain),
        (422, Refused),
        (425, NotSent),
        (429, NotSent),
        (500, Uncertain),
        (503, Uncertain),
    ],
)
def test_what_a_status_means(status: int, outcome: type[Outcome]) -> None:
    assert isinstance(run(rest(Canned(status)).deliver(parcel())), outcome)


@pytest.mark.parametrize(
    ("wish", "after"), [("7", 7.0), ("999999", 3600.0), ("soon", None), ("²", None)]
)
def test_a_receivers_wish_is_heeded_within_reason(wish: str, after: float | None) -> None:
    answer = httpx.Response(429, headers={"retry-after": wish.encode()})  # type: ignore[dict-item]  # bytes, as servers send
    found = of_bad_answer(answer)
    assert isinstance(found, NotSent)
    assert found.after_s == after


@pytest.mark.parametrize(
    ("status", "body", "finding"),
    [
        (404, {}, Absent),
        (200, {"key": "lims:R-1:1"}, Arrived),
        (200, {"key": "lims:R-2:1"}, CannotTell),
        (200, {"items": []}, CannotTell),
        (200, [], CannotTell),
        (500, {}, CannotTell),
        (200, {"key": "lims:R-1:1", "digest": "f" * 64}, Refused),
    ],
)
def test_a_look_up_believes_only_our_own_key(status: int, body: Any, finding: type) -> None:
    assert isinstance(run(rest(Canned(status, body)).look_up(parcel())), finding)


# -- time stamps ------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_a_stamp_of_openssl_is_understood_and_another_is_not(tmp_path: Path) -> None:
    authority = _authority(tmp_path)

    class Tsa(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            (tmp_path / "q.tsq").write_bytes(request.content)
            subprocess.run(  # noqa: ASYNC221  (a test has nothing else to do meanwhile)
                [*authority, "-queryfile", "q.tsq", "-out", "r.tsr"],
                cwd=tmp_path,
                check=True,
                capture_output=True,
            )
            return httpx.Response(200, content=(tmp_path / "r.tsr").read_bytes())

    content = {"name": "2026-03-02", "previous": "0" * 64}
    stamped = parcel(content=content, kind="anchor")
    outcome = run(TimestampReceiver("http://tsa", transport=Tsa()).deliver(stamped))
    assert isinstance(outcome, Arrived)
    reply = base64.b64decode(outcome.receipt)
    assert stamps(reply, canonical(content))
    assert not stamps(reply, canonical({**content, "name": "2026-03-03"}))
    assert not stamps(b"\x30\x00", canonical(content))
    (tmp_path / "text").write_bytes(canonical(content))
    check = ["openssl", "ts", "-verify", "-data", "text", "-in", "r.tsr", "-CAfile", "tsa.pem"]
    said = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verification: OK" in said.stdout + said.stderr


def _authority(folder: Path) -> list[str]:
    (folder / "tsa.cnf").write_text(
        "[req]\ndistinguished_name=dn\nx509_extensions=ext\nprompt=no\n[dn]\nCN=Test TSA\n"
        "[ext]\nextendedKeyUsage=critical,timeStamping\n"
        "[tsa]\ndefault_tsa=one\n[one]\nserial=serial\nsigner_digest=sha256\n"
        "default_policy=1.2.3.4\ndigests=sha256\nordering=yes\ness_cert_id_alg=sha256\n",
        encoding="utf-8",
    )
    (folder / "serial").write_text("01\n", encoding="utf-8")
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650"]
    made += ["-config", "tsa.cnf", "-keyout", "tsa.key", "-out", "tsa.pem"]
    subprocess.run(made, cwd=folder, check=True, capture_output=True)
    reply = "openssl ts -reply -config tsa.cnf -section one -signer tsa.pem -inkey tsa.key"
    return reply.split()

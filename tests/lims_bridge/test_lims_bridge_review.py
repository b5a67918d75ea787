"""Who may do what to a record: every path, every wrong person, every wrong day."""

from __future__ import annotations

from datetime import date
from itertools import product
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from lims_bridge.delivery.outbox import messages
from lims_bridge.office.events import RecordSuperseded
from lims_bridge.review.checks import check_record, failed
from lims_bridge.review.desk import history
from lims_bridge.review.dossier import dossier_of
from lims_bridge.review.refusal import Refusal
from lims_bridge.review.state import Review
from tests.lims_bridge.office import (
    APPROVER,
    CHECKER,
    NOON,
    PASSPHRASE,
    TESTER,
    Office,
    example_record,
    good,
)


def refused(found: Review | Refusal, *words: str) -> None:
    assert isinstance(found, Refusal), found
    for word in words:
        assert word in found.reason


def test_the_whole_way_of_a_record(office: Office) -> None:
    review = office.issued()
    assert review.state == "issued"
    assert review.equipment == "hardlab 0.1.0, HT-1"
    assert [signed.by for signed in (review.tester, review.checker, review.approver) if signed] == [
        TESTER,
        CHECKER,
        APPROVER,
    ]
    assert review.issued_at == NOON
    assert [type(event).__name__ for _, event in history(office.engine, review.key)] == [
        "RecordMeasured",
        "RecordSubmitted",
        "RecordChecked",
        "RecordApproved",
        "RecordIssued",
    ]
    (message,) = messages(office.engine)
    assert (message.key, message.aggregate) == ("lims:R-1:1", "2007-101")
    assert message.notice["digest"] == review.digest


def test_the_checker_is_never_the_tester(office: Office) -> None:
    whole = date(2026, 1, 1), date(2026, 12, 31)
    office.registry.authorise(TESTER, "check", "*", *whole, by="setup")
    review = office.taken()
    desk = office.desk
    good(desk.submit(review.key, office.sign(TESTER), review.digest))
    refused(desk.check(review.key, office.sign(TESTER), review.digest), "another person")
    good(desk.check(review.key, office.sign(CHECKER), review.digest))


DEEDS = ("submit", "check", "approve", "withdraw", "send_back", "issue")
ALLOWED = {
    "measured": {"submit"},
    "submitted": {"check", "send_back"},
    "checked": {"approve", "send_back"},
    "approved": {"issue", "send_back"},
    "issued": {"withdraw"},
    "withdrawn": set(),
}


@pytest.mark.parametrize(("state", "deed"), list(product(ALLOWED, DEEDS)))
def test_only_the_next_step_is_possible(office: Office, state: str, deed: str) -> None:
    review = _brought_to(office, state)
    found = _do(office, deed, review)
    assert isinstance(found, Review) == (deed in ALLOWED[state]), found


def _brought_to(office: Office, state: str) -> Review:
    review = office.taken()
    for deed in ("submit", "check", "approve", "issue", "withdraw"):
        if review.state == state:
            break
        review = good(_do(office, deed, review))
    assert review.state == state
    return review


def _do(office: Office, deed: str, review: Review) -> Review | Refusal:
    desk, key, digest = office.desk, review.key, review.digest
    if deed == "issue":
        return desk.issue(key, digest, "C-1", (office.document(b"%PDF"),), "seal")
    if deed == "withdraw":
        return desk.withdraw(key, office.sign(APPROVER), digest, "wrong owner")
    if deed == "send_back":
        person = CHECKER if review.state == "submitted" else APPROVER
        return desk.send_back(key, office.sign(person), digest, "picture is blurred")
    person = {"submit": TESTER, "check": CHECKER, "approve": APPROVER}[deed]
    return getattr(desk, deed)(key, office.sign(person), digest)


@pytest.mark.parametrize("person", [CHECKER, APPROVER])
def test_who_is_not_authorised_for_the_duty_is_refused(office: Office, person: str) -> None:
    review = office.taken()
    refused(office.desk.submit(review.key, office.sign(person), review.digest), "检定员", "HRC")


@pytest.mark.parametrize(("day", "may"), [("2025-12-31", False), ("2026-12-31", True)])
def test_authorisations_have_days(office: Office, day: str, may: bool) -> None:
    review = office.taken()
    office.watch.at = NOON.fromisoformat(f"{day}T15:59:00+00:00")
    found = office.desk.submit(review.key, office.sign(TESTER), review.digest)
    assert isinstance(found, Review) == may
    # One minute later it is the next day where the lab stands.
    if may:
        other = office.taken(example_record("R-2"))
        office.watch.forward(minutes=1)
        refused(office.desk.submit(other.key, office.sign(TESTER), other.digest), "2027-01-01")


def test_an_authorisation_that_ended_stops_a_signature_made_before(office: Office) -> None:
    review, signature = office.taken(), office.sign(TESTER)
    office.registry.end(TESTER, "test", "HRC", date(2026, 3, 2), "boss", "left the lab")
    refused(office.desk.submit(review.key, signature, review.digest), "not authorised")


def test_an_authorisation_is_for_its_scale(office: Office) -> None:
    office.registry.enter("bo", {}, by="setup")
    office.registry.authorise("bo", "test", "HBW", date(2026, 1, 1), date(2026, 12, 31), "setup")
    review = office.taken()
    refused(office.desk.submit(review.key, office.sign("bo"), review.digest), "HRC")


def test_what_was_not_seen_is_not_signed(office: Office) -> None:
    review = office.taken()
    changed = office.taken(example_record(readings=("61.2", "61.2", "61.2", "61.2", "61.3")))
    assert changed.digest != review.digest
    refused(office.desk.submit(review.key, office.sign(TESTER), review.digest), "look at it again")


def test_a_returned_record_starts_again_without_signatures(office: Office) -> None:
    review = _brought_to(office, "checked")
    back = good(_do(office, "send_back", review))
    assert (back.state, back.tester, back.checker) == ("measured", None, None)
    assert back.returned == f"{APPROVER}: picture is blurred"
    assert good(_do(office, "submit", back)).returned == ""


def test_a_record_under_review_keeps_its_text(office: Office) -> None:
    _brought_to(office, "submitted")
    other = example_record(readings=("61.2", "61.2", "61.2", "61.2", "61.3"))
    refused(office.desk.take(dossier_of(other)), "new revision")
    assert good(office.desk.take(dossier_of(example_record()))).state == "submitted"


def test_provisional_limits_go_out_of_no_door(office: Office) -> None:
    record = example_record()
    draft = record.model_copy(
        update={"judgement": record.judgement.model_copy(update={"provisional": True})}
    )
    review = office.taken(draft)
    good(office.desk.submit(review.key, office.sign(TESTER), review.digest))
    good(office.desk.check(review.key, office.sign(CHECKER), review.digest))
    found = office.desk.approve(review.key, office.sign(APPROVER), review.digest)
    refused(found, "provisional")


def test_nothing_is_issued_that_is_not_kept(office: Office) -> None:
    review = office.approved()
    missing = office.document(b"%PDF").__class__("certificate", "gone.pdf", "0" * 64)
    refused(office.desk.issue(review.key, review.digest, "C-1", (missing,), "seal"), "gone.pdf")
    refused(office.desk.issue(review.key, "1" * 64, "C-1", (office.document(b"x"),), "s"), "text")
    assert messages(office.engine) == ()


@pytest.mark.parametrize(("how", "state"), [("amends", "amended"), ("replaces", "replaced")])
def test_a_correction_is_a_new_revision(office: Office, how: Any, state: str) -> None:
    first = office.issued()
    corrected = example_record(order={**_order(), "number": "O-2"})
    refused(office.desk.take(dossier_of(corrected, 3, how, "wrong order")), "never issued")
    refused(office.desk.take(dossier_of(corrected, 2)), "amends or replaces")
    review = good(office.desk.take(dossier_of(corrected, 2, how, "wrong order")))
    assert good(office.desk.review(first.key)).state == "issued", "valid until the other is out"
    for deed in ("submit", "check", "approve", "issue"):
        review = good(_do(office, deed, review))
    old = good(office.desk.review(first.key))
    assert (old.state, old.successor) == (state, 2)
    assert isinstance(history(office.engine, first.key)[-1][1], RecordSuperseded)
    assert [m.key for m in messages(office.engine)] == ["lims:R-1:1", "lims:R-1:2"]


def _order() -> dict[str, Any]:
    return example_record().content()["order"]


def test_a_withdrawal_is_told_to_everybody(office: Office) -> None:
    office.destinations = ("lims", "archive")
    review = office.issued()
    good(office.desk.withdraw(review.key, office.sign(APPROVER), review.digest, "wrong block"))
    told = [(m.key, m.kind) for m in messages(office.engine)]
    assert told[2:] == [
        ("lims:R-1:1:withdrawn", "withdrawn"),
        ("archive:R-1:1:withdrawn", "withdrawn"),
    ]


def test_the_list_says_what_the_events_say(office: Office) -> None:
    office.issued()
    office.taken(example_record("R-2", "2007-102"))
    office.approved(example_record("R-3", "2007-103"))
    assert [str(key) for key in office.desk.standing()] == ["R-1/1", "R-2/1", "R-3/1"]
    assert office.desk.standing("approved") == (office.key("R-3"),)
    assert office.desk.latest("R-2") == office.key("R-2")
    refused(office.desk.submit(office.key("R-9"), office.sign(TESTER), ""), "no record R-9/1")


def test_a_deed_that_fails_half_way_leaves_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    review = office.approved()

    def broken(*_: object) -> None:
        raise RuntimeError("power is gone")

    monkeypatch.setattr("lims_bridge.review.desk.announce", broken)
    with pytest.raises(RuntimeError):
        _do(office, "issue", review)
    assert good(office.desk.review(review.key)).state == "approved"
    assert office.desk.standing("issued") == ()


@pytest.mark.parametrize(
    "deed", ["UPDATE office_event SET body = '{}'", "DELETE FROM office_event"]
)
def test_what_happened_is_never_changed(office: Office, deed: str) -> None:
    with pytest.raises(DatabaseError, match="never changed"), office.engine.begin() as connection:
        connection.execute(text(deed))


def test_passphrases(office: Office) -> None:
    registry = office.registry
    assert isinstance(registry.sign_in(TESTER, PASSPHRASE), Refusal)
    assert registry.set_passphrase(TESTER, "short", "setup") is not None
    assert registry.set_passphrase(TESTER, PASSPHRASE, "setup") is None
    assert isinstance(registry.sign_in(TESTER, PASSPHRASE + "x"), Refusal)
    signature = registry.sign_in(TESTER, PASSPHRASE)
    assert not isinstance(signature, Refusal)
    assert signature.name == TESTER


# -- what is shown before a signature -------------------------------------------


def bad(record: Any) -> list[str]:
    return [check.name for check in check_record(record.payload(), NOON) if not check.good]


def test_a_record_in_order_passes_every_check() -> None:
    assert bad(example_record()) == []


def test_a_changed_value_is_found_by_judging_again() -> None:
    record = example_record()
    for field in ("mean", "value", "uniformity", "limit"):
        forged = record.result.model_copy(update={field: getattr(record.result, field) + 1})
        assert bad(record.model_copy(update={"result": forged})) == ["calculation"]
    verdict = record.judgement.model_copy(update={"passed": not record.judgement.passed})
    assert bad(record.model_copy(update={"judgement": verdict})) == ["calculation"]


def test_each_check_finds_its_own_fault() -> None:
    record = example_record()
    expired = record.equipment[1].model_copy(update={"valid_until": date(2026, 3, 1)})
    check_block = record.duties[0].model_copy(update={"good": False})
    hot = record.environment.readings[0].model_copy(update={"temperature_c": 31})
    air = record.environment.model_copy(update={"readings": (hot,)})
    unread = record.readings[0].model_copy(update={"raw": None})
    faults = {
        "standards": {"equipment": (record.equipment[0], expired)},
        "check block": {"duties": (check_block,)},
        "climate": {"environment": air},
        "readings": {"readings": (unread, *record.readings[1:])},
        "time": {"ended": NOON.replace(year=2027)},
    }
    for name, change in faults.items():
        assert name in bad(record.model_copy(update=change)), name
    assert bad(record.model_copy(update={"equipment": record.equipment[:1]})) == ["standards"]
    assert bad(record.model_copy(update={"duties": ()})) == ["check block"]
    assert failed(check_record(b"{}", NOON)) == 1


def test_a_reading_that_no_tester_shows_is_found_though_all_is_computed_from_it() -> None:
    odd = example_record(readings=["61.20", "61.20", "61.20", "61.20", "161.20"])
    assert "readings" in bad(odd)
    assert "calculation" not in bad(odd)
    told = [check.found for check in check_record(odd.payload(), NOON) if not check.good]
    assert told[0] == "161.20 is nothing that HRC can show"


def test_a_failed_check_stops_checker_and_approver(office: Office) -> None:
    record = example_record(duties=[])
    review = office.taken(record)
    good(office.desk.submit(review.key, office.sign(TESTER), review.digest))
    refused(office.desk.check(review.key, office.sign(CHECKER), review.digest), "1 of its checks")

"""The REST interface: issued records are fetched, orders taken once, nobody else gets in."""

from __future__ import annotations

import json
from typing import Any

import httpx2 as httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lims_bridge.delivery.inbox import NewOrder, orders, take_order
from lims_bridge.keeping.erasure import erase
from lims_bridge.review.refusal import Refusal
from lims_bridge.service import api as service
from runtime import run_virtual
from tests.labs import EXAMPLES
from tests.lims_bridge.office import APPROVER, NOON, Office, example_record, good

TOKEN = {"Authorization": "Bearer t0ken"}
ORDER = {
    "customer": {"name": "郑州量具厂"},
    "priority": "urgent",
    "blocks": [{"block": "2007-101", "scale": "HRC", "due": "2026-03-09"}],
}


class Client:
    """Asks the interface in virtual time, without a wire."""

    def __init__(self, office: Office) -> None:
        tokens = {"lims": "t0ken", "empty": ""}
        self.api = service.build_api(
            service.Office(office.engine, office.files, tokens, office.watch)
        )

    def get(self, path: str, **named: Any) -> httpx.Response:
        return self._ask("GET", path, **named)

    def post(self, path: str, **named: Any) -> httpx.Response:
        return self._ask("POST", path, **named)

    def _ask(self, method: str, path: str, **named: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            wire = httpx.ASGITransport(self.api, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=wire, base_url="http://office") as client:
                return await client.request(method, path, **named)

        return run_virtual(ask())


@pytest.fixture
def client(office: Office) -> Client:
    return Client(office)


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}]
)
@pytest.mark.parametrize("path", ["/v1/records", "/v1/orders/O-1", f"/v1/documents/{'0' * 64}"])
def test_without_a_token_nothing_is_told(client: Client, path: str, headers: Any) -> None:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.json() == {"error": "no client has this token"}


def test_records_are_fetched_page_by_page(client: Client, office: Office) -> None:
    office.taken(example_record("R-9", "2007-109"))
    for n in range(5):
        office.issued(example_record(f"R-{n}", f"2007-{n}"), certificate=f"C-{n}")
    got: list[dict[str, Any]] = []
    after, more = 0, True
    while more:
        page = client.get(f"/v1/records?after={after}&limit=2", headers=TOKEN).json()
        got += page["items"]
        after, more = page["after"], page["more"]
    assert [item["certificate"] for item in got] == [f"C-{n}" for n in range(5)]
    assert got[0]["content"] == example_record("R-0", "2007-0").content()
    assert client.get(f"/v1/records?after={after}", headers=TOKEN).json() == {
        "items": [],
        "after": after,
        "more": False,
    }
    document = got[0]["documents"][0]["sha256"]
    answer = client.get(f"/v1/documents/{document}", headers=TOKEN)
    assert answer.content == b"%PDF R-0/1"
    assert answer.headers["content-type"] == "application/pdf"


def test_a_withdrawal_is_told_and_what_was_told_before_does_not_change(
    client: Client, office: Office
) -> None:
    review = office.issued()
    before = client.get("/v1/records", headers=TOKEN).json()["items"]
    good(office.desk.withdraw(review.key, office.sign(APPROVER), review.digest, "wrong owner"))
    now = client.get("/v1/records", headers=TOKEN).json()["items"]
    assert now[:1] == before
    assert [item["event"] for item in now] == ["issued", "withdrawn"]


def test_only_issued_documents_can_be_fetched(client: Client, office: Office) -> None:
    review = office.approved()
    for digest in (review.digest, office.document(b"%PDF draft").sha256, "0" * 64):
        assert client.get(f"/v1/documents/{digest}", headers=TOKEN).status_code == 404
    issued = office.issued(example_record("R-2", "2007-102"))
    digest = issued.documents[0].sha256
    assert client.get(f"/v1/documents/{digest}", headers=TOKEN).status_code == 200
    erase(office.engine, office.files, digest, "dpo", "asked", NOON)
    erase(office.engine, office.files, issued.digest, "dpo", "asked", NOON)
    assert client.get(f"/v1/documents/{digest}", headers=TOKEN).status_code == 410
    (item,) = client.get("/v1/records", headers=TOKEN).json()["items"]
    assert item["content"] is None


def test_an_order_is_taken_once(client: Client, office: Office) -> None:
    headers = {**TOKEN, "Idempotency-Key": '"order-7"'}
    first = client.post("/v1/orders", json=ORDER, headers=headers)
    again = client.post("/v1/orders", json=ORDER, headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["number"] == again.json()["number"] == "O-2026-00001"
    other = client.post("/v1/orders", json={**ORDER, "priority": "normal"}, headers=headers)
    assert other.status_code == 409
    assert len(orders(office.engine)) == 1
    shown = client.get("/v1/orders/O-2026-00001", headers=TOKEN).json()
    assert shown["blocks"] == ORDER["blocks"]
    assert client.get("/v1/orders/O-9", headers=TOKEN).status_code == 404


def test_the_customer_is_in_no_table(client: Client, office: Office) -> None:
    client.post("/v1/orders", json=ORDER, headers={**TOKEN, "Idempotency-Key": "k"})
    with office.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT * FROM inbox").all()
        told = connection.exec_driver_sql("SELECT * FROM office_event").all()
    assert "郑州量具厂" not in repr([*kept, *told])


@pytest.mark.parametrize(
    "order",
    [
        {},
        {**ORDER, "blocks": []},
        {**ORDER, "blocks": ORDER["blocks"] * 2},
        {**ORDER, "priority": "green"},
        {**ORDER, "unknown": 1},
        {**ORDER, "blocks": [{"block": "", "scale": "HRC"}]},
    ],
)
def test_an_order_that_is_none_is_refused(client: Client, office: Office, order: Any) -> None:
    answer = client.post("/v1/orders", json=order, headers={**TOKEN, "Idempotency-Key": "k"})
    assert answer.status_code in (409, 422)
    assert orders(office.engine) == ()
    assert client.post("/v1/orders", json=ORDER, headers=TOKEN).status_code == 422, "no key"


def test_two_at_once_under_one_key_make_one_order(office: Office) -> None:
    """The second insertion is refused by the database, not by a look before it."""
    order = NewOrder.model_validate(ORDER)
    taken = [take_order(office.engine, office.files, "lims", "k", order, NOON) for _ in range(3)]
    assert [not isinstance(t, Refusal) and t.again for t in taken] == [False, True, True]
    other = take_order(office.engine, office.files, "other", "k", order, NOON)
    assert not isinstance(other, Refusal)
    assert other.number == "O-2026-00002"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(["after", "limit"]),
    st.one_of(st.integers(), st.text(max_size=8), st.floats(allow_nan=True)),
    st.text(max_size=20),
)
def test_no_request_makes_it_fail(client: Client, name: str, value: Any, path: str) -> None:
    assert client.get("/v1/records", params={name: value}, headers=TOKEN).status_code in (200, 422)
    safe = path.encode("utf-8", "replace").hex()
    assert client.get(f"/v1/documents/{safe}", headers=TOKEN).status_code in (404, 422)
    assert client.get("/v1/orders/x", params={"n": path}, headers=TOKEN).status_code == 404


def test_the_description_is_the_published_one() -> None:
    """Renewed on purpose only: hardlab delivery openapi > docs/lims-openapi.json."""
    published = EXAMPLES.parent / "docs" / "lims-openapi.json"
    described = service.build_api(service.Office(None, None, {})).openapi()  # type: ignore[arg-type]  # described, not served
    assert described["openapi"].startswith("3.1.")
    assert json.loads(published.read_text(encoding="utf-8")) == json.loads(json.dumps(described))

"""Stamps of an authority on the daily anchors: asked for, brought, checked, laid down."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path

import httpx2 as httpx
import pytest
from asn1crypto import tsp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from lims_bridge.adapters.timestamp import TimestampReceiver
from lims_bridge.delivery.courier import Courier
from lims_bridge.delivery.outbox import Destination
from lims_bridge.keeping.anchoring import anchor_today
from lims_bridge.keeping.anchors import AnchorFolder, Head
from lims_bridge.keeping.audit import Evidence, audit
from lims_bridge.keeping.stamps import stamps_on, write_stamps
from records.chain import GENESIS
from runtime import Clock
from tests.lims_bridge.office import NOON, Office
from tests.lims_bridge.papers.authority import Tree, grow

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
DAYS = ("2026-03-02", "2026-03-03")


@pytest.fixture(scope="module")
def tree() -> Tree:
    return grow()


@pytest.fixture
def anchors(office: Office, tmp_path: Path) -> AnchorFolder:
    """Two anchors for which stamps are asked."""
    folder = AnchorFolder(tmp_path / "anchors")
    for day in DAYS:
        head, tsa = Head(0, GENESIS), (Destination("tsa"),)
        anchor_today(office.engine, office.files, folder, KEY, head, NOON, day, tsa)
    return folder


def bring(office: Office, tree: Tree) -> None:
    """Let the courier fetch what is due."""

    class Tsa(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            asked = tsp.TimeStampReq.load(request.content)
            return httpx.Response(200, content=tree.stamper().request_tsa_response(asked).dump())

    async def deliver() -> None:
        receiver = TimestampReceiver("http://tsa", transport=Tsa())
        clock = Clock.starting()
        await Courier(office.engine, office.files, "tsa", receiver, clock, holder="test").finish()
        await receiver.close()

    asyncio.run(deliver())


def found(office: Office, anchors: AnchorFolder) -> str:
    """What the audit says about stamps."""
    evidence = Evidence(office.engine, office.files, tuple, anchors, KEY.public_key())
    (stamps,) = [finding for finding in audit(evidence) if finding.part == "stamps"]
    return f"{stamps.good} {stamps.says}"


def test_a_missing_stamp_keeps_nothing_back(office: Office, anchors: AnchorFolder) -> None:
    assert [stamp.state for stamp in stamps_on(office.engine, anchors)] == ["pending", "pending"]
    assert found(office, anchors) == "True 0 of 2 asked for"


def test_stamps_are_brought_checked_and_laid_down(
    office: Office, anchors: AnchorFolder, tree: Tree, tmp_path: Path
) -> None:
    bring(office, tree)
    assert found(office, anchors) == "True 2 of 2 asked for"
    asked = stamps_on(office.engine, anchors, (tree.root,))
    good = list(write_stamps(asked, anchors.folder))
    assert [(stamp.anchor, stamp.trouble) for stamp in good] == [(day, "") for day in DAYS]
    strangers = stamps_on(office.engine, anchors, (grow().root,))
    assert all(stamp.at is not None and stamp.trouble for stamp in strangers)
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    trust = tree.write(tmp_path)
    for stamp in good:
        data, reply = anchors.folder / f"{stamp.anchor}.json", anchors.folder / stamp.file
        check = ["openssl", "ts", "-verify", "-data", data, "-in", reply, "-CAfile", trust]
        said = subprocess.run(check, capture_output=True, text=True, check=False)
        assert "Verification: OK" in said.stdout + said.stderr


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE outbox SET receipt = (SELECT max(receipt) FROM outbox)",
        "UPDATE outbox SET receipt = 'AAAA' WHERE seq = 1",
        "UPDATE outbox SET receipt = 'not base64' WHERE seq = 1",
    ],
)
def test_a_stamp_that_is_not_on_its_anchor_is_found(
    office: Office, anchors: AnchorFolder, tree: Tree, deed: str
) -> None:
    bring(office, tree)
    with office.engine.begin() as connection:
        connection.execute(text(deed))
    assert found(office, anchors).startswith("False ")
    odd = [stamp for stamp in stamps_on(office.engine, anchors) if stamp.trouble]
    assert len(odd) == 1
    laid = list(write_stamps(iter(odd), anchors.folder))
    assert laid == odd
    assert not list(anchors.folder.glob("*.tsr"))

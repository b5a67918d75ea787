"""A small tray, an office with three persons, and its command line, for tests of certificates."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from typer.testing import CliRunner, Result

from controller.cli.app import build
from hil_sim.scenario.demo_request import Request
from hil_sim.scenario.demo_session import run_demo
from lims_bridge.documents.fonts import HELP, font_folder
from lims_bridge.sealing.demo import demo_seal
from metrology import Regulation, regulation

PASSPHRASE = "correct horse battery"
EXAMPLE = Path("examples/laboratory.toml").resolve()
LABORATORY = str(EXAMPLE)
HEADER = "slot,number,scale,shape,width_mm,depth_mm,nominal,nominal_uniformity\n"
ROWS = "1,A-1,HRC,round,64,64,61.2,0.2\n2,B-2,HRC,round,64,64,61.7,0.3\n"
TRUTH = "number,hardness,uniformity,old_marks,code\nA-1,61.2,0.2,0,\nB-2,61.6,0.9,6,\n"
STAFF = (("zhang", "test"), ("li", "check"), ("wang", "approve"))


def hardlab(*args: object) -> Result:
    return CliRunner().invoke(build(), [str(arg) for arg in args])


def small_tray(folder: Path, *, certificates: bool) -> Path:
    """Verify two blocks in the simulated cell; return the folder of the run."""
    if font_folder() is None:
        pytest.skip(HELP)
    (folder / "small.csv").write_text(HEADER + ROWS, encoding="utf-8")
    (folder / "small.truth.csv").write_text(TRUTH, encoding="utf-8")
    out = folder / "out"
    manifest = folder / "small.csv"
    request = Request(manifest=manifest, out=out, as_json=True, certificates=certificates)
    assert run_demo(request) == 0
    return out


@contextmanager
def confirmed_limits() -> Iterator[None]:
    """Let a metrologist have confirmed every table."""
    packaged = regulation._packaged

    def confirmed(stem: str) -> Regulation:
        return packaged(stem).confirm("王计量", date(2026, 1, 2))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(regulation, "_packaged", confirmed)
        yield


def secret_file(folder: Path) -> Path:
    """Write the passphrase that everybody has here."""
    path = folder / "secret.txt"
    path.write_text(PASSPHRASE + "\n", encoding="utf-8")
    return path


def seal_file(folder: Path) -> Path:
    """Write the key of a seal as an institution keeps it."""
    seal, path = demo_seal(), folder / "seal.p12"
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"seal",
            seal.key,
            seal.chain[0],
            list(seal.chain[1:]),
            BestAvailableEncryption(PASSPHRASE.encode()),
        )
    )
    return path

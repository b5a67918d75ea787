"""A short run of the campaign with real processes (python -m benchmarks.delivery_kills)."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.delivery_kills import campaign


@pytest.mark.parametrize("kind", ["keys", "senaite"])
def test_a_sender_that_is_killed_loses_and_doubles_nothing(tmp_path: Path, kind: str) -> None:
    outcome = campaign(tmp_path / "run", kind, messages=30, kills=2)
    assert outcome.good, str(outcome)
    assert (outcome.kills, outcome.unknown) == (2, 0)

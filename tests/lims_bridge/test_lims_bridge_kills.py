"""A short run of the campaign with real processes (python -m benchmarks.delivery_kills)."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.delivery_kills import campaign


@pytest.mark.parametrize(("kind", "messages"), [("senaite", 10), ("none", 20)])
def test_a_sender_that_is_killed_loses_and_doubles_nothing(
    tmp_path: Path, kind: str, messages: int
) -> None:
    outcome = campaign(tmp_path / "run", kind, messages=messages, kills=2)
    assert outcome.good, str(outcome)
    assert outcome.kills == 2
    # Only a receiver that can neither be asked nor recognise a second one needs a person.
    assert bool(outcome.asked) == (kind == "none")

"""Randomness and identifiers that a seed decides."""

from __future__ import annotations

import hashlib
import random
import secrets


def stream(seed: int, *names: str) -> random.Random:
    """Return the random stream that belongs to these names under this seed.

    Streams are independent: one more draw in one of them moves no other.
    """
    text = "\x1f".join((str(seed), *names))
    return random.Random(int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big"))


def unique_id() -> str:
    """Return an identifier that nobody else has: 80 random bits as 20 hex digits.

    For what comes from outside a run (a person's command); inside a run,
    identifiers are counted, so that the same seed gives the same journal.
    """
    return secrets.token_hex(10)

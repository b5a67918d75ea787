"""Telling a right passphrase from a wrong one without keeping it."""

from __future__ import annotations

import hashlib
import hmac
import json

SHORTEST = 10
# OWASP's recommendation for scrypt: 128 MiB would stop a tablet, 32 MiB does not.
_COST, _BLOCK, _LANES, _MEMORY = 2**15, 8, 1, 64 * 2**20


def verifier_of(passphrase: str, salt: str) -> bytes:
    """Return what is kept to recognise a passphrase; ``salt`` is unique to it.

    Raises `ValueError` if the passphrase is too short to protect anything.
    """
    if len(passphrase) < SHORTEST:
        raise ValueError(f"a passphrase has at least {SHORTEST} characters")
    kept = {"kind": "scrypt", "n": _COST, "salt": salt, "hash": _hash(passphrase, salt, _COST)}
    return json.dumps(kept, sort_keys=True).encode()


def recognises(verifier: bytes, passphrase: str) -> bool:
    """Say whether this is the passphrase."""
    kept = json.loads(verifier)
    return hmac.compare_digest(_hash(passphrase, kept["salt"], kept["n"]), kept["hash"])


def _hash(passphrase: str, salt: str, cost: int) -> str:
    return hashlib.scrypt(
        passphrase.encode(), salt=salt.encode(), n=cost, r=_BLOCK, p=_LANES, maxmem=_MEMORY
    ).hex()

"""Anchors: the heads of all chains, signed once a day and given away.

A chain shows every change but one: rows cut off at its end. An anchor says how long each chain was
and what its last hash was; whoever has one can tell. Each anchor names the one before.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from lims_bridge.exact import canonical, sha256_hex
from lims_bridge.keeping.files import sync_folder
from records.chain import GENESIS

SCHEMA = "hardlab/anchor/1"


class AnchorError(RuntimeError):
    """An anchor or a key cannot be used; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends: how many rows it has, and the hash of the last."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """What was signed. ``previous`` is the digest of the anchor before, or zeros."""

    name: str
    at: str
    previous: str
    chains: Mapping[str, Head]

    def text(self) -> bytes:
        """Return the canonical text that is signed."""
        chains = {name: {"seq": h.seq, "hash": h.hash} for name, h in self.chains.items()}
        return canonical(
            {
                "schema": SCHEMA,
                "name": self.name,
                "at": self.at,
                "previous": self.previous,
                "chains": chains,
            }
        )

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the text."""
        return sha256_hex(self.text())


@dataclass(frozen=True, slots=True)
class AnchorFolder:
    """Where anchors are kept: ``NAME.json`` is the signed text, ``NAME.sig`` the signature."""

    folder: Path

    @property
    def public_key(self) -> Path:
        """Return where the public key lies for those who have no copy of their own."""
        return self.folder / "anchor.pub"

    def names(self) -> tuple[str, ...]:
        """Return the anchors' names, oldest first."""
        return tuple(sorted(path.stem for path in self.folder.glob("*.json")))

    def read(self, name: str) -> tuple[Anchor, bytes]:
        """Return an anchor and its signature. Raises `AnchorError`."""
        try:
            text = (self.folder / f"{name}.json").read_bytes()
            signature = base64.b64decode((self.folder / f"{name}.sig").read_bytes(), validate=True)
            said = json.loads(text)
            chains = {chain: Head(h["seq"], h["hash"]) for chain, h in said["chains"].items()}
            anchor = Anchor(said["name"], said["at"], said["previous"], chains)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise AnchorError(f"anchor {name}: cannot be read: {error}") from None
        if anchor.text() != text or anchor.name != name:
            raise AnchorError(f"anchor {name}: its text was altered")
        return anchor, signature

    def next_name(self, day: str) -> str:
        """Return a free name for a day; a second anchor of a day gets a number."""
        taken = [name for name in self.names() if name == day or name.startswith(f"{day}.")]
        return f"{day}.{len(taken) + 1:02}" if taken else day

    def last_digest(self) -> str:
        """Return the digest of the newest anchor, or zeros. Raises `AnchorError`."""
        names = self.names()
        return self.read(names[-1])[0].digest if names else GENESIS

    def keep(self, anchor: Anchor, signature: bytes) -> None:
        """Write an anchor; the signature first, so that a text never stands without one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(self.folder / f"{anchor.name}.sig", base64.b64encode(signature))
        _write(self.folder / f"{anchor.name}.json", anchor.text())
        sync_folder(self.folder)


def make_anchor(
    folder: AnchorFolder,
    chains: Mapping[str, Head],
    key: Ed25519PrivateKey,
    now: datetime,
    day: str,
) -> Anchor:
    """Sign the heads of the chains and keep the anchor. Raises `AnchorError`."""
    stamp = now.isoformat(timespec="milliseconds")
    anchor = Anchor(folder.next_name(day), stamp, folder.last_digest(), chains)
    folder.keep(anchor, key.sign(anchor.text()))
    return anchor


def check_anchors(
    folder: AnchorFolder, key: Ed25519PublicKey, chains: Mapping[str, Mapping[int, str]]
) -> Iterator[str]:
    """Say what is wrong with the anchors, or with the chains they speak of.

    ``chains`` gives, by chain, the hash of each row that an anchor may name.
    """
    previous = GENESIS
    for name in folder.names():
        try:
            anchor, signature = folder.read(name)
            key.verify(signature, anchor.text())
        except AnchorError as error:
            yield str(error)
            continue
        except InvalidSignature:
            yield f"anchor {name}: the signature is not of this key, or the text was altered"
            continue
        if anchor.previous != previous:
            yield f"anchor {name}: it does not follow the one before; one is missing or was altered"
        previous = anchor.digest
        yield from _check_heads(anchor, chains)


def anchored_rows(folder: AnchorFolder) -> Mapping[str, frozenset[int]]:
    """Return the numbers of the rows that readable anchors name, by chain."""
    wanted: dict[str, set[int]] = {}
    for name in folder.names():
        try:
            anchor, _ = folder.read(name)
        except AnchorError:
            continue
        for chain, head in anchor.chains.items():
            wanted.setdefault(chain, set()).add(head.seq)
    return {chain: frozenset(rows) for chain, rows in wanted.items()}


def _check_heads(anchor: Anchor, chains: Mapping[str, Mapping[int, str]]) -> Iterator[str]:
    for chain, head in anchor.chains.items():
        kept = chains.get(chain, {}).get(head.seq, GENESIS if head.seq == 0 else "")
        if not kept:
            yield (
                f"anchor {anchor.name}: the {chain} had {head.seq} rows then and has fewer now: "
                "its end was cut off; take it from a backup"
            )
        elif kept != head.hash:
            yield (
                f"anchor {anchor.name}: row {head.seq} of the {chain} is not the one of then: the "
                "chain was written anew; take it from a backup"
            )


def new_key(path: Path, public: Path) -> Ed25519PrivateKey:
    """Make a key that only its owner can read, and its public half. Raises `AnchorError`."""
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise AnchorError(f"{path}: there is a key already; a new one would orphan it") from None
    with os.fdopen(handle, "wb") as file:
        file.write(secret)
    public.parent.mkdir(parents=True, exist_ok=True)
    public.write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return key


def load_key(path: Path) -> Ed25519PrivateKey:
    """Return a private key. Raises `AnchorError`."""
    try:
        if path.stat().st_mode & 0o077:
            raise AnchorError(f"{path}: others can read the key; say: chmod 600 {path}")
        key = load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError:
        raise AnchorError(f"{path}: no key here; make one with: hardlab audit key") from None
    except (OSError, ValueError, TypeError) as error:
        raise AnchorError(f"{path}: no usable key: {error}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise AnchorError(f"{path}: this is no Ed25519 key")
    return key


def load_public_key(path: Path) -> Ed25519PublicKey:
    """Return a public key. Raises `AnchorError`."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise AnchorError(f"{path}: no usable public key: {error}") from None
    if not isinstance(key, Ed25519PublicKey):
        raise AnchorError(f"{path}: this is no Ed25519 key")
    return key


def heads_at(rows: Iterable[tuple[int, str]], wanted: frozenset[int]) -> dict[int, str]:
    """Return the hashes of the wanted rows among (number, hash) pairs."""
    return {seq: found for seq, found in rows if seq in wanted}


def _write(path: Path, content: bytes) -> None:
    half_written = path.with_suffix(path.suffix + ".part")
    with half_written.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    half_written.replace(path)

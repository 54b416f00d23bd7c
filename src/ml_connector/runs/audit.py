"""The arithmetic of the audit chain, and its verification from nothing but the exported lines.

    hash(n) = SHA-256( hash(n-1) + "\\n" + text(n) ),   hash(0) = 64 zeros
    seal(n) = Ed25519 signature of "ml-connector audit", organisation, n, hash(n) and the time, a line each

Whoever can write the database can make another chain that is sound in itself, but not the seals of this
installation: their key is a file outside the database. A chain that was cut off together with its seals is
seen by an earlier export only.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """A signed head of the chain: `hash` is that of entry `number`, `at` the time in ISO 8601, `public_key`
    and `signature` are base64. Without a signature it says that the key was not at hand.
    """

    number: int
    hash: str
    at: str
    public_key: str = ""
    signature: str = ""


def chain_hash(before: str, text: str) -> str:
    """The hash of an entry, given the hash of the entry before it."""
    return hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()


def verify(entries: Iterable[tuple[int, str, str]], head: tuple[int, str]) -> list[str]:
    """What is wrong with a chain of `(number, text, hash)`, in words; empty when every entry is there, in
    order, and unchanged.
    """
    wrong: list[str] = []
    before, expected = GENESIS, 1
    for number, text, found in entries:
        if number != expected:
            wrong.append(f"Entry {expected} is missing; entry {number} follows entry {expected - 1}.")
        if chain_hash(before, text) != found:
            wrong.append(f"Entry {number} was changed, or one before it was removed.")
        before, expected = found, number + 1
    if head != (expected - 1, before):
        wrong.append(
            f"The chain ends at entry {expected - 1}; its head says entry {head[0]}. Entries were cut off or"
            " added behind it."
        )
    return wrong


def sealed_text(organisation: str, number: int, hashed: str, at: str) -> bytes:
    """What a seal signs."""
    return f"ml-connector audit\n{organisation}\n{number}\n{hashed}\n{at}".encode()


def verify_seals(
    organisation: str, hashes: Mapping[int, str], seals: Sequence[Seal], public_key: str
) -> list[str]:
    """What is wrong with the seals, in words. `hashes` are those of the chain by number, `public_key` the one
    of the installation; empty where it is not at hand.
    """
    wrong = []
    for seal in seals:
        if hashes.get(seal.number) != seal.hash:
            wrong.append(f"The seal of entry {seal.number} is of another entry than the chain holds.")
        if seal.signature and not _signed(organisation, seal):
            wrong.append(f"The seal of entry {seal.number} is not signed by the key it names.")
        elif seal.signature and public_key and seal.public_key != public_key:
            wrong.append(
                f"The seal of entry {seal.number} is signed by another key than this installation's."
            )
    return wrong


def _signed(organisation: str, seal: Seal) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(b64decode(seal.public_key))
        text = sealed_text(organisation, seal.number, seal.hash, seal.at)
        key.verify(b64decode(seal.signature), text)
    except (InvalidSignature, ValueError):
        return False
    return True

"""The arithmetic of the audit chain, and its verification from nothing but the exported lines.

    hash(n) = SHA-256( hash(n-1) + "\\n" + text(n) ),   hash(0) = 64 zeros

An export is one JSON object a line: `{"number", "hash", "text"}`, and a last line `{"head": {"number",
"hash"}}`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

GENESIS = "0" * 64


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

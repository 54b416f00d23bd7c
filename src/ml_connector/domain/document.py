"""What every document that is written once has, whatever it says: a commit key, a marker, a receipt."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


class Document(Protocol):
    """What is written once and never edited: any frozen dataclass of the domain with these fields.

    `key` is its commit key, made from meaning. `entity` is the legal entity that it is written in.
    """

    @property
    def key(self) -> str: ...

    @property
    def entity(self) -> str: ...


@runtime_checkable
class Refers(Protocol):
    """A document that names others: its container, its supplier, its parent. `refers` are their commit keys,
    which are approved with it; the ids that the vendor draws are handed over when it is written.
    """

    @property
    def refers(self) -> tuple[str, ...]: ...


class Booked(Protocol):
    """A document as the system shows it. `marker` is the token it carries where a token of ours would stand;
    empty where there is nothing of that form.
    """

    @property
    def receipt(self) -> Receipt: ...

    @property
    def marker(self) -> str: ...


@dataclass(frozen=True, slots=True, order=True)
class CommitKey:
    """The parts of a commit key: `<family>:<part>:<revision>`. The family is what is posted: source tenant,
    run and legal entity.
    """

    family: str
    part: int
    revision: int

    def __str__(self) -> str:
        return f"{self.family}:{self.part}:{self.revision}"

    @classmethod
    def parse(cls, text: str) -> CommitKey:
        """The parts of a key's text. Raises `ValueError` for text that is not a key."""
        family, part, revision = text.rsplit(":", 2)
        return cls(family, int(part), int(revision))


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """Short traces of a commit key, written into the ledger's document so that it can be found again; a pure
    function of the key.

    `number` has 31 bits, for a ledger that can search an integer field; `token` has 50 bits in base32, for
    the end of a text.
    """

    key: str
    number: int
    token: str

    @classmethod
    def of(cls, key: str) -> Marker:
        """The marker of a commit key."""
        digest = hashlib.sha256(key.encode()).digest()
        number = int.from_bytes(digest[:4], "big") & 0x7FFFFFFF
        return cls(key=key, number=number or 1, token=base64.b32encode(digest[4:12]).decode()[:10])


TOKEN = re.compile("[A-Z2-7]{10}")
"""The form of a marker's token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What we know of a document in the ledger: its reference there, the number people use, draft or posted,
    a link.

    A ledger that takes an entry in several writes says how many of them stand in `parts`, how many lines that
    is where writes differ in size, and whether the document is `complete`.
    """

    reference: str
    number: str
    entity: str
    posted: bool
    link: str = ""
    complete: bool = True
    parts: int = 1
    lines: int | None = None

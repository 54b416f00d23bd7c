"""Journal entries: what is approved, written to a ledger, and read back."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ml_connector.domain.dimension import Dimensions
from ml_connector.domain.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    """One signed amount on one GL account, with its dimensions; debit positive, credit negative."""

    account: str
    amount: Money
    dimensions: Dimensions = ()
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRate:
    """Units of the legal entity's own currency for one unit of the entry's. `currency` is the entity's,
    `source` says who chose the rate.
    """

    currency: str
    rate: Decimal
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """A balanced set of lines in one legal entity, journal and currency, under one commit key.

    `key` is made from meaning: source tenant, run, entity, part and revision. Line order is part of the
    content. `rate` is for an entry in another currency than the entity's own; without it the ledger takes the
    rate of its tables.
    """

    key: str
    entity: str
    journal: str
    posting_date: date
    currency: str
    text: str
    lines: tuple[JournalLine, ...]
    rate: ExchangeRate | None = None

    @property
    def debit(self) -> Money:
        """Sum of the debit lines."""
        return total((line.amount for line in self.lines if line.amount.amount > 0), self.currency)

    @property
    def credit(self) -> Money:
        """Sum of the credit lines, as a positive amount."""
        return -total((line.amount for line in self.lines if line.amount.amount < 0), self.currency)


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


def total(amounts: Iterable[Money], currency: str) -> Money:
    """Sum of amounts of one currency; zero when there are none. Raises `AmountError` on a mix."""
    result = Money.from_minor(0, currency)
    for amount in amounts:
        result += amount
    return result


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

    A ledger that takes an entry in several writes says how many of them stand in `parts`, and whether the
    document is `complete`.
    """

    reference: str
    number: str
    entity: str
    posted: bool
    link: str = ""
    complete: bool = True
    parts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedEntry:
    """A journal entry as the ledger shows it, reduced to what an entry of ours says; lines in the ledger's
    order.

    `rate` is there when the entry is in another currency than the legal entity's own. `text` is what people
    see of it first. `marker` is the token it carries where a token of ours would stand; empty where there is
    nothing of that form.
    """

    receipt: Receipt
    journal: str
    posting_date: date
    currency: str
    lines: tuple[JournalLine, ...]
    rate: ExchangeRate | None = None
    text: str = ""
    marker: str = ""

    @property
    def debit(self) -> Money:
        """Sum of the debit lines."""
        return total((line.amount for line in self.lines if line.amount.amount > 0), self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A GL account as the ledger keeps it. `required` and `forbidden` name axes of dimensions."""

    code: str
    description: str
    blocked: bool = False
    required: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What one legal entity accepts in one journal, as read before a proposal: the facts that checks compare
    with.

    `codes` holds the usable codes per axis, `inactive` those that exist and may not be used. `currency` is
    the entity's own; a ledger without `own_rates` keeps no exchange rates, so an entry in another currency
    brings its own.
    """

    entity: str
    journal: str
    journal_problem: str | None
    currencies: frozenset[str]
    accounts: dict[str, Account]
    codes: dict[str, frozenset[str]]
    inactive: dict[str, frozenset[str]]
    currency: str = ""
    own_rates: bool = True

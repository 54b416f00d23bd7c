"""Journal entries: what is approved, written to a ledger, and read back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ml_connector.domain.dimension import Dimensions
from ml_connector.domain.document import Receipt
from ml_connector.domain.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    """One signed amount on one GL account, with its dimensions; debit positive, credit negative."""

    account: str
    amount: Money
    dimensions: Dimensions = ()
    text: str = ""

    @property
    def amounts(self) -> tuple[Money, ...]:
        """Every amount that it states."""
        return (self.amount,)


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


def total(amounts: Iterable[Money], currency: str) -> Money:
    """Sum of amounts of one currency; zero when there are none. Raises `AmountError` on a mix."""
    result = Money.from_minor(0, currency)
    for amount in amounts:
        result += amount
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedEntry:
    """A journal entry as the ledger shows it, reduced to what an entry of ours says; lines in the ledger's
    order.

    `rate` is there when the entry is in another currency than the legal entity's own. `text` is what people
    see of it first. `marker` is the token it carries where a token of ours would stand; empty where there is
    nothing of that form. One in a list is `irregular` where it has what no entry of ours has and what is not
    shown here, such as lines of several days: it may look the same, and reading it by itself says what is
    wrong. `stand_in` says what was read of a posted document where the ledger does not tell what is posted.
    """

    receipt: Receipt
    journal: str
    posting_date: date
    currency: str
    lines: tuple[JournalLine, ...]
    rate: ExchangeRate | None = None
    text: str = ""
    marker: str = ""
    irregular: bool | None = None
    stand_in: str | None = None

    @property
    def debit(self) -> Money:
        """Sum of the debit lines."""
        return total((line.amount for line in self.lines if line.amount.amount > 0), self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A GL account as the ledger keeps it. `required` and `forbidden` name axes of dimensions. One that sums
    up others, or is their heading, is a total: nothing is ever booked on it, blocked or not.
    """

    code: str
    description: str
    blocked: bool = False
    is_total: bool = False
    required: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What one legal entity accepts in one journal, as read before a proposal: the facts that checks compare
    with.

    `codes` holds the usable codes per axis, `inactive` those that exist and may not be used, `totals` those
    that sum up others, with their titles; no code is in two of them. `currency` is the entity's own; a ledger
    without `own_rates` keeps no exchange rates, so an entry in another currency brings its own.
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
    totals: dict[str, dict[str, str]] = field(default_factory=dict)

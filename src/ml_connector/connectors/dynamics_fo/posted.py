"""Reads what is posted in the general ledger: vouchers, each with its entries.

sets       the list of sets 1, once in ten minutes
vouchers   GeneralJournalAccountEntries ⌈vouchers/15⌉ where the environment publishes it; else
           GeneralJournalEntryBiEntities ⌈vouchers/15⌉ and GeneralJournalAccountEntryBiEntities ⌈vouchers/33⌉;
           for many vouchers ⌈those of the company in the days/10,000⌉ instead of the first

An environment may publish neither, or the app's user may read none: then nobody is told what is posted. A
set that is refused, or is not there any more, is not asked again for ten minutes; that says nothing of a
document.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import quote

import msgspec

from ml_connector.connectors.dynamics_fo import wire
from ml_connector.connectors.dynamics_fo.client import DynamicsClient
from ml_connector.connectors.dynamics_fo.translate import day_of
from ml_connector.errors import NotFound, RightMissing
from ml_connector.ports.storage import Clock
from ml_connector.transport import odata

ENTRIES, VOUCHERS = "GeneralJournalAccountEntryBiEntities", "GeneralJournalEntryBiEntities"
PUBLISHED = "GeneralJournalAccountEntries"
ASKED_MAX = 1_500
"""Characters of the conditions of a filter, so that an address stays below two thousand."""
SETS_SECONDS = 600.0
"""How long the list of sets is believed."""
PARTS_MAX = 3
"""Questions for vouchers by their numbers, before all of the company in the days are read instead."""
Days = tuple[date, date]


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """One posted amount. `shown` is its account with dimensions as text, `named` the same by name where the
    environment says so. `own` is the amount in the currency of the books.
    """

    shown: str
    named: Mapping[str, str] | None
    currency: str
    amount: Decimal
    own: Decimal
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher:
    """A posted voucher: its number, which another may have too, its day, the document that it names, and its
    entries.
    """

    key: str
    number: str
    day: date | None
    document: str
    entries: tuple[Posted, ...]


class PostedEntries:
    """What is posted, as the environment shows it. Remembers for a while which sets can be read."""

    def __init__(self, client: DynamicsClient, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._sets: list[str] = []
        self._listed_at = -SETS_SECONDS

    def vouchers(
        self, entity: str, numbers: Collection[str], documents: Collection[str] = (), days: Days | None = None
    ) -> tuple[Voucher, ...] | None:
        """The vouchers with these numbers, or that name one of these documents, of the days where there are
        some; `None` where no set of posted entries can be read. A voucher without entries is none.
        """
        if self._clock.monotonic() - self._listed_at >= SETS_SECONDS:
            offered, self._listed_at = self._client.sets(), self._clock.monotonic()
            self._sets = [name for name in (PUBLISHED, ENTRIES) if {name, *_BESIDE[name]} <= offered]
        while self._sets:
            read = self._published if self._sets[0] == PUBLISHED else self._bi
            try:
                found = tuple(read(entity, frozenset(numbers), frozenset(documents), days))
            except (RightMissing, NotFound):
                self._sets.pop(0)
            else:
                return tuple(voucher for voucher in found if voucher.entries)
        return None

    def _published(
        self, entity: str, numbers: frozenset[str], documents: frozenset[str], days: Days | None
    ) -> Iterator[Voucher]:
        rows: dict[tuple[str, str, str], list[wire.PublishedEntry]] = {}
        for where in _questions("DataArea", "Voucher", entity, numbers, documents, days):
            for row in self._client.rows(PUBLISHED, wire.PublishedEntry, where, scope=entity):
                if row.Voucher in numbers or row.DocumentNumber in documents:
                    rows.setdefault((row.JournalNumber, row.Voucher, row.AccountingDate), []).append(row)
        for (journal, number, day), found in sorted(rows.items()):
            once = {row.GeneralJournalAccountEntryRecId: row for row in found}
            yield Voucher(
                key=journal,
                number=number,
                day=day_of(day),
                document=found[0].DocumentNumber,
                entries=tuple(
                    Posted(
                        shown=row.AccountDisplayValue,
                        named=None,
                        currency=row.TransactionCurrencyCode,
                        amount=row.TransactionCurrencyAmount,
                        own=row.AccountingCurrencyAmount,
                        text=row.Description,
                    )
                    for _, row in sorted(once.items())
                ),
            )

    def _bi(
        self, entity: str, numbers: frozenset[str], documents: frozenset[str], days: Days | None
    ) -> Iterator[Voucher]:
        vouchers: dict[int, wire.PostedVoucher] = {}
        company, voucher = "SubledgerVoucherDataAreaId", "SubledgerVoucher"
        for where in _questions(company, voucher, entity, numbers, documents, days):
            for row in self._client.rows(VOUCHERS, wire.PostedVoucher, where, scope=entity):
                if row.SubledgerVoucher in numbers or row.DocumentNumber in documents:
                    vouchers[row.SourceKey] = row
        entries: dict[int, dict[int, wire.PostedEntry]] = {}
        for where in _parts([f"GeneralJournalEntry eq {key}" for key in sorted(vouchers)]):
            for entry in self._client.rows(ENTRIES, wire.PostedEntry, where, scope=entity):
                entries.setdefault(entry.GeneralJournalEntry, {})[entry.SourceKey] = entry
        for key, row in sorted(vouchers.items()):
            yield Voucher(
                key=str(key),
                number=row.SubledgerVoucher,
                day=day_of(row.AccountingDate),
                document=row.DocumentNumber,
                entries=tuple(_of_bi(entry) for _, entry in sorted(entries.get(key, {}).items())),
            )


_BESIDE: Mapping[str, tuple[str, ...]] = {PUBLISHED: (), ENTRIES: (VOUCHERS,)}


def _of_bi(row: wire.PostedEntry) -> Posted:
    return Posted(
        shown=row.LedgerAccount,
        named=_named(row.LedgerDimensionValuesJson),
        currency=row.TransactionCurrencyCode,
        amount=row.TransactionCurrencyAmount,
        own=row.AccountingCurrencyAmount,
        text=row.Text,
    )


def _named(text: str) -> Mapping[str, str] | None:
    """Account and dimensions by name, where the text holds them so."""
    try:
        return msgspec.json.decode(text, type=dict[str, str])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _questions(
    company: str,
    voucher: str,
    entity: str,
    numbers: Iterable[str],
    documents: Iterable[str],
    days: Days | None,
) -> Iterator[str]:
    """Filters for the vouchers; where they would be many, one for all of the company in the days."""
    base = f"{company} eq {odata.text(entity)}"
    if days is not None:
        after = days[1] + timedelta(days=1)
        base += f" and AccountingDate ge {days[0]}T00:00:00Z and AccountingDate lt {after}T00:00:00Z"
    conditions = [
        *(f"{voucher} eq {odata.text(number)}" for number in sorted(numbers)),
        *(f"DocumentNumber eq {odata.text(document)}" for document in sorted(documents)),
    ]
    parts = list(_parts(conditions))
    if days is not None and len(parts) > PARTS_MAX:
        yield base
        return
    for part in parts:
        yield f"{base} and ({part})"


def _parts(conditions: Sequence[str]) -> Iterator[str]:
    """The conditions in as few filters as an address holds."""
    some: list[str] = []
    left = ASKED_MAX
    for condition in conditions:
        size = len(quote(f" or {condition}"))
        if some and size > left:
            yield " or ".join(some)
            some, left = [], ASKED_MAX
        some.append(condition)
        left -= size
    if some:
        yield " or ".join(some)

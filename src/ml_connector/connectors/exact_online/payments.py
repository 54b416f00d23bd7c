"""What Exact says is settled of purchase entries.

settlements  PurchaseEntries ⌈entries/20⌉, Payments ⌈entries/20⌉ in bulk

What is owed for an entry is in rows of `cashflow/Payments` that name it in `TransactionEntryID`. Paying a
part splits a row; so do terms with several parts. A row with status 50 is matched: with a bank line, of a
payment service too, or with another item. 40 is in a file for the bank, which may send it back. Which item it
was matched with is not in the interface.

`EndDate` is the latest date of the invoices that were matched together and not the day of the payment;
`EntryDate` is. The sign of the amounts is not documented, so that of the entry's head counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal

import msgspec

from ml_connector.connectors.exact_online import translate
from ml_connector.connectors.exact_online.client import ExactClient, fields
from ml_connector.connectors.exact_online.divisions import Divisions
from ml_connector.connectors.exact_online.ledger import ExactLedger
from ml_connector.connectors.exact_online.purchase_entries import ASKED, ENTRIES, PAYMENTS
from ml_connector.domain.journal import ExchangeRate
from ml_connector.domain.money import AmountError, Money
from ml_connector.domain.payment import SettledPart, Settlement
from ml_connector.errors import VendorChanged
from ml_connector.transport import odata

BULK = "bulk/Cashflow/Payments"
PROCESSED, MATCHED = 40, 50
CENT, RATE_EXACT = Decimal("0.01"), Decimal("0.0000005")


class Head(msgspec.Struct):
    """A purchase entry, as far as its sign goes."""

    EntryID: str
    AmountFC: Decimal | None = None


class Part(msgspec.Struct):
    """A part of what a supplier is owed for an entry."""

    ID: str
    TransactionEntryID: str
    TransactionID: str
    Status: int
    Currency: str
    AmountFC: Decimal
    TransactionAmountFC: Decimal
    EntryNumber: int | None = None
    EntryDate: str | None = None
    EndDate: str | None = None
    InvoiceDate: str | None = None
    RateFC: Decimal | None = None
    AmountDC: Decimal | None = None
    AmountDiscountFC: Decimal | None = None
    TransactionIsReversal: bool | None = None


class ExactPayments:
    """As `ports.payments.PaymentSource`."""

    def __init__(self, client: ExactClient, divisions: Divisions, ledger: ExactLedger) -> None:
        self._client, self._divisions, self._ledger = client, divisions, ledger

    def settlements(self, entity: str, entries: Collection[str]) -> Mapping[str, Settlement]:
        """By the GUIDs as they were given."""
        wanted = {entry.lower(): entry for entry in entries}
        guids = sorted(wanted)
        found: dict[str, Settlement] = {}
        for start in range(0, len(guids), ASKED):
            some = [odata.guid(guid) for guid in guids[start : start + ASKED]]
            where, select = odata.any_of("EntryID", some), fields(Head)
            heads = list(self._client.rows(entity, ENTRIES, Head, select=select, where=where))
            parts: dict[str, dict[str, Part]] = {}
            for row in self._parts(entity, odata.any_of("TransactionEntryID", some)) if heads else ():
                parts.setdefault(row.TransactionEntryID.lower(), {})[row.ID] = row
            for head in heads:
                guid = head.EntryID.lower()
                if guid in wanted and guid in parts:
                    entry, rows = wanted[guid], list(parts[guid].values())
                    found[entry] = self._settlement(entity, entry, head, rows)
        return found

    def _parts(self, entity: str, where: str) -> Iterator[Part]:
        """In pages of 1000; of 60 where the bulk address refuses the filter."""
        select = fields(Part)
        bulk = self._ledger.try_search(
            "payments in bulk",
            lambda: list(self._client.rows(entity, BULK, Part, select=select, where=where)),
        )
        if bulk is not None:
            return iter(bulk)
        return self._client.rows(entity, PAYMENTS, Part, select=select, where=where)

    def _settlement(self, entity: str, entry: str, head: Head, rows: list[Part]) -> Settlement:
        number = str(rows[0].EntryNumber or "")
        try:
            return _settled(entity, entry, number, head, rows, self._divisions.currency_of(entity))
        except (AmountError, ValueError) as error:
            text = (
                f"What is owed for entry {number} in division {entity} cannot be read: {error}. Nothing was"
                " told of its payments. Report it to our support."
            )
            raise VendorChanged(text, where=f"document {number}", support=repr(rows)) from error


def _settled(entity: str, entry: str, number: str, head: Head, rows: list[Part], own: str) -> Settlement:
    """Raises `ValueError` where the rows contradict each other."""
    currencies = {row.Currency.strip() for row in rows}
    if len(currencies) > 1:
        raise ValueError(f"its parts are in {' and '.join(sorted(currencies))}")
    (currency,) = currencies
    wholes = {row.TransactionID.lower(): row.TransactionAmountFC for row in rows}
    whole = sum(wholes.values(), Decimal(0))
    if sum((row.AmountFC for row in rows), Decimal(0)) != whole:
        raise ValueError("its parts do not come to its total")
    turned = head.AmountFC is not None and head.AmountFC * whole < 0

    def money(amount: Decimal) -> Money:
        return Money(-amount if turned else amount, currency)

    def sum_of(some: Iterable[Part]) -> Money:
        return money(sum((row.AmountFC for row in some), Decimal(0)))

    back = any(row.TransactionIsReversal for row in rows)
    return Settlement(
        entity=entity,
        entry=entry,
        number=number,
        total=money(whole),
        open=sum_of(row for row in rows if row.Status != MATCHED),
        in_transit=sum_of(row for row in rows if row.Status == PROCESSED),
        parts=tuple(
            SettledPart(
                key=row.ID,
                amount=money(row.AmountFC),
                on=_day(row),
                discount=money(row.AmountDiscountFC.copy_sign(row.AmountFC))
                if row.AmountDiscountFC
                else None,
            )
            for row in sorted(rows, key=lambda row: (_day_or_first(row), row.ID))
            if row.Status == MATCHED and row.AmountFC
        ),
        rate=_rate(rows, currency, own),
        reversed=back,
        unfit=", ".join(_unfit(rows, currency, own)),
    )


def _unfit(rows: list[Part], currency: str, own: str) -> Iterator[str]:
    """Of matched rows in another currency: the sheet has `AmountFC` times `RateFC` as `AmountDC`. Each row of
    a split may be a cent off, and a rate is as exact as its sixth decimal.
    """
    for row in rows if own and currency != own else ():
        if row.Status != MATCHED or not row.RateFC or row.AmountDC is None:
            continue
        wanted = row.AmountFC * row.RateFC
        if abs(wanted - row.AmountDC) > CENT * len(rows) + abs(row.AmountFC) * RATE_EXACT:
            at = f"{abs(row.AmountFC)} {currency} at {row.RateFC} is {abs(wanted):.2f} {own}"
            yield f"{at} and is shown as {abs(row.AmountDC)} {own}"


def _day(row: Part) -> date:
    said = row.EntryDate or row.EndDate or row.InvoiceDate
    if not said:
        raise ValueError(f"part {row.ID} has no date")
    return translate.day_of(said)


def _day_or_first(row: Part) -> date:
    return _day(row) if row.Status == MATCHED else date.min


def _rate(rows: list[Part], currency: str, own: str) -> ExchangeRate | None:
    rates = {row.RateFC for row in rows}
    rate = rates.pop() if len(rates) == 1 else None
    if not rate or not own or currency == own:
        return None
    return ExchangeRate(currency=own, rate=rate, source="as Exact booked it")

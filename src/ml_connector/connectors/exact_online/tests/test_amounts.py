"""For any amounts: what is written out and read in again is the same to the last minor unit."""

from __future__ import annotations

from datetime import date

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.connectors.exact_online import translate, wire
from ml_connector.domain.checks import compare
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import JournalEntry, JournalLine
from ml_connector.domain.money import Money
from ml_connector.ports.ledger import LedgerLimits
from ml_connector.transport.exchange import encode

LARGEST = 10**translate.DIGITS_MAX - 1
RECEIPT = Receipt(reference="e", number="1", entity="1204", posted=True)
LIMITS = LedgerLimits(lines_max=1000, text_max=translate.TEXT_MAX)


def line_of(new: wire.NewLine, number: int, entry: JournalEntry) -> dict[str, object]:
    """The line as the ledger shows it."""
    return {
        "EntryID": "e",
        "LineNumber": number,
        "JournalCode": entry.journal,
        "Date": f"{new.Date}T00:00:00",
        "GLAccountCode": "4000",
        "Currency": entry.currency,
        "AmountFC": new.AmountFC,
    }


@given(
    minor=st.lists(st.integers(-LARGEST, LARGEST), min_size=1, max_size=20),
    currency=st.sampled_from(["JPY", "EUR", "USD"]),
)
def test_amounts_survive_the_wire(minor: list[int], currency: str) -> None:
    """Any amount that preflight lets through, in currencies of 0 and 2 decimals."""
    lines = tuple(JournalLine(account="4000", amount=Money.from_minor(amount, currency)) for amount in minor)
    entry = JournalEntry(
        key="k",
        entity="1204",
        journal="90",
        posting_date=date(2026, 6, 30),
        currency=currency,
        text="t",
        lines=lines,
    )
    assert translate.preflight(entry, LIMITS, ("1204",)) == []

    body = encode(translate.to_wire(entry, Marker.of("k"), {"4000": "g"}, {}))
    sent = msgspec.json.decode(body, type=wire.NewEntry)
    shown = encode(
        [line_of(line, number, entry) for number, line in enumerate(sent.GeneralJournalEntryLines, 1)]
    )
    booked = translate.booked_entry(
        RECEIPT, msgspec.json.decode(shown, type=list[wire.TransactionLine]), currency
    )

    assert compare(entry, booked) == []

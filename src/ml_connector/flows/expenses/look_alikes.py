"""What may be an expense, or a report, that a run is about to book: documents of others in the ledger, and
expenses of other reports that were booked from here. A look-alike is a question and decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from ml_connector.domain.document import Marker
from ml_connector.domain.expense import ExpenseLine, ExpenseReport
from ml_connector.domain.expense_checks import ALIKE
from ml_connector.domain.expense_proposal import SeenExpense
from ml_connector.domain.invoice import KeptFile
from ml_connector.domain.invoice_number import normal
from ml_connector.domain.journal import BookedEntry, JournalEntry
from ml_connector.domain.purchase import BookedPurchase, PurchaseEntry
from ml_connector.flows.posting.look_alikes import of_others
from ml_connector.ports.ledger import JournalSink
from ml_connector.ports.purchases import PurchaseSink
from ml_connector.ports.snapshots import Snapshots

DAYS = timedelta(days=31)
"""How far before and after the day of a purchase entry its look-alikes are looked for."""
SEEN = "expenses booked of"


def purchases_like(sink: PurchaseSink, entry: PurchaseEntry, known: Collection[str]) -> dict[str, str]:
    """Documents of others by name, each described: of the same employee, with the number of the report, or
    with its amount on its day. `known` are references of every document of ours.
    """
    near = sink.near(replace(entry, invoice_date=entry.invoice_date - DAYS), entry.invoice_date + DAYS)
    token = Marker.of(entry.key).token
    return {
        f"{one.receipt.entity}/{one.receipt.number}": (
            f"number {one.number or '(none)'} of {one.invoice_date}, {one.payable}"
        )
        for one in near
        if one.receipt.reference not in known and one.marker != token and not one.reversed
        if _alike(one, entry)
    }


def journals_like(sink: JournalSink, entry: JournalEntry, known: Collection[str]) -> dict[str, str]:
    """Documents of others by name, each described: in the same journal on the same day, with the same
    amounts on the same accounts. `known` are references of every document of ours.
    """
    others = of_others(sink.near(entry), {*known, Marker.of(entry.key).token})
    return {
        f"{one.receipt.entity}/{one.receipt.number}": f"of {one.posting_date}, {one.debit} debit"
        for one in others
        if one.currency == entry.currency and _amounts(one) == _amounts(entry)
    }


def _alike(document: BookedPurchase, entry: PurchaseEntry) -> bool:
    if (document.payable.minor < 0) != (entry.payable.minor < 0):
        return False
    if normal(document.number) == normal(entry.number) != "":
        return True
    same = document.currency == entry.currency and document.payable == entry.payable
    return same and document.invoice_date == entry.invoice_date


def _amounts(document: BookedEntry | JournalEntry) -> list[tuple[str, int]]:
    return sorted((line.account, line.amount.minor) for line in document.lines)


# --- expenses of other reports ------------------------------------------------------------------------------


def seen_before(
    store: Snapshots,
    source: str,
    report: ExpenseReport,
    files: Mapping[str, KeptFile],
    among: Mapping[str, SeenExpense],
) -> list[tuple[ExpenseLine, SeenExpense]]:
    """Expenses of the report with one of another report, or among these, that may be the same purchase: equal
    bytes of a file, or the same amount of the same employee within a week. `files` are those of the report by
    their key.
    """
    keys = {line.number: [*_keys(report, line, files, ALIKE.days)] for line in report.lines}
    booked = store.some(f"{SEEN} {source}", {key for of in keys.values() for key in of})
    found, pairs = {**booked, **among}, []
    for line in report.lines:
        rows = (found[key] for key in keys[line.number] if key in found)
        other = next((row for row in rows if row.report != report.report), None)
        if other is not None:
            pairs.append((line, other))
    return pairs


def remember(store: Snapshots, source: str, report: ExpenseReport, files: Mapping[str, KeptFile]) -> None:
    """The expenses of a report that is booked."""
    if rows := expenses_of(report, files):
        store.update(f"{SEEN} {source}", rows, (), "")


def expenses_of(report: ExpenseReport, files: Mapping[str, KeptFile]) -> dict[str, SeenExpense]:
    """The expenses of a report, by what a second report of one would have too."""
    return {
        key: SeenExpense(
            key=key, report=report.report, number=report.number, line=line.number, date=line.date
        )
        for line in report.lines
        for key in _keys(report, line, files, 0)
    }


def _keys(
    report: ExpenseReport, line: ExpenseLine, files: Mapping[str, KeptFile], days: int
) -> Iterator[str]:
    """What a second expense of the same purchase would have too, on so many days before and after: its number
    where it moved to another report, a file, its amount.
    """
    yield f"number {line.number}"
    for file in line.files:
        if file.key in files:
            yield f"file {files[file.key].sha256}"
    if line.mileage is None and line.per_diem is None:
        for day in _around(line, days):
            yield f"spent {report.employee} {line.gross} {day}"


def _around(line: ExpenseLine, days: int) -> Sequence[str]:
    return [str(line.date + timedelta(days=number)) for number in range(-days, days + 1)]

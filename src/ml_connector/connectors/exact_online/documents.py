"""Reads the entries of a journal from Exact's ledger lines, ours and those of others.

documents  TransactionLines ⌈lines/1000⌉ in bulk; FinancialPeriods 1, where the days are in no period that was
           read before; 1 more for each 20 entries with lines outside the days
document   TransactionLines 1 in bulk

Exact books a line by its own date, and an entry into a period that a person may choose. An entry is of these
days when one of its lines is, or when it was booked into a period of these days from outside that period. An
entry with lines of several periods balances in each of them, and is listed with those of the periods that
hold the days; by its number it is whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal

from ml_connector.connectors.exact_online import translate, wire
from ml_connector.connectors.exact_online.client import fields
from ml_connector.domain.document import Receipt
from ml_connector.domain.journal import BookedEntry
from ml_connector.domain.period import FiscalPeriod
from ml_connector.errors import NotFound, Refused
from ml_connector.transport import odata

SELECT = fields(wire.TransactionLine, leave_out=("Type", "Notes"))
WIDE = timedelta(days=366)
"""Exact demands a filter on the date. It is wide, because a person can book a date into another period."""
IDS_ASKED = 20
_DIGITS_MAX = 10

Lines = Callable[[str, str, str], Iterator[wire.TransactionLine]]
"""Ledger lines of a division by filter and field names, over all pages."""
Entries = dict[str, list[wire.TransactionLine]]
"""Lines by the id of their entry."""


class ExactDocuments:
    """Entries of journals. `periods_of` gives the fiscal periods that hold days, `receipt_of` what is known
    of an entry by division, id and number.
    """

    def __init__(
        self,
        lines: Lines,
        periods_of: Callable[[str, date, date], Sequence[FiscalPeriod]],
        receipt_of: Callable[[str, str, int | None], Receipt],
        currency_of: Callable[[str], str],
    ) -> None:
        self._lines, self._periods_of = lines, periods_of
        self._receipt_of, self._currency_of = receipt_of, currency_of

    def of_days(self, entity: str, journal: str, start: date, end: date) -> tuple[BookedEntry, ...]:
        """Every entry of the days, in the order of their numbers."""
        periods = self._periods_of(entity, start, end)
        found = _by_entry(self._lines(entity, _where(journal, start, end, periods), SELECT))
        found |= self._whole(entity, [key for key, rows in found.items() if _is_cut(rows, periods)])
        return self._booked(
            entity, {key: rows for key, rows in found.items() if _is_of(rows, start, end, periods)}
        )

    def numbered(self, entity: str, journal: str, number: str) -> BookedEntry:
        """The entry with this number, in any journal where none is named. Raises `NotFound`, and `Refused`
        for a number that several have.
        """
        where = f"EntryNumber eq {number}"
        where += f" and JournalCode eq {odata.text(journal)}" if journal else ""
        place = f"journal {journal} of division {entity}" if journal else f"division {entity}"
        is_number = number.isascii() and number.isdigit() and len(number) <= _DIGITS_MAX
        found = _by_entry(self._lines(entity, where, SELECT)) if is_number else {}
        entries = self._booked(entity, found)
        if not entries:
            text = f"There is no entry {number} in {place}. Check the number."
            raise NotFound(text, where=f"entry {number}")
        if len(journals := dict.fromkeys(entry.journal for entry in entries)) > 1:
            choice = " or ".join(f"{entity}/{code}/{number}" for code in journals)
            text = (
                f"Several journals of division {entity} have an entry {number}. Name the journal: {choice}."
            )
            raise Refused(text, where=f"entry {number}", code="document.ambiguous")
        if len(entries) > 1:
            days = ", ".join(str(entry.posting_date) for entry in entries)
            text = (
                f"Journal {entries[0].journal} of division {entity} has {len(entries)} entries with the"
                f" number {number}, of {days}. It is not clear which one is meant. Renumber one of them in"
                " Exact."
            )
            raise Refused(text, where=f"entry {number}", code="document.ambiguous")
        return entries[0]

    def _booked(self, entity: str, found: Entries) -> tuple[BookedEntry, ...]:
        own = self._currency_of(entity) if found else ""
        numbered = sorted(found.items(), key=lambda item: (item[1][0].EntryNumber or 0, item[0]))
        return tuple(
            translate.document(self._receipt_of(entity, key, rows[0].EntryNumber), rows, own)
            for key, rows in numbered
        )

    def _whole(self, entity: str, ids: Sequence[str]) -> Entries:
        """Every line of these entries, whatever its date."""
        found: Entries = {}
        for start in range(0, len(ids), IDS_ASKED):
            some = [odata.guid(key) for key in ids[start : start + IDS_ASKED]]
            found |= _by_entry(self._lines(entity, odata.any_of("EntryID", some), SELECT))
        return found


def _where(journal: str, start: date, end: date, periods: Iterable[FiscalPeriod]) -> str:
    of_days = [f"({_between(start, end)})"]
    of_days += [f"(FinancialYear eq {p.year} and FinancialPeriod eq {p.number})" for p in periods]
    return (
        f"{_between(start - WIDE, end + WIDE)} and JournalCode eq {odata.text(journal)}"
        f" and ({' or '.join(of_days)})"
    )


def _between(start: date, end: date) -> str:
    return f"Date ge {odata.moment(start)} and Date le {odata.moment(end)}"


def _by_entry(lines: Iterable[wire.TransactionLine]) -> Entries:
    """Lines in the order of their numbers, header rows left out."""
    found: Entries = {}
    for row in sorted((row for row in lines if row.LineNumber != 0), key=lambda row: row.LineNumber or 0):
        found.setdefault(row.EntryID, []).append(row)
    return found


def _is_cut(rows: Sequence[wire.TransactionLine], periods: Sequence[FiscalPeriod]) -> bool:
    """Whether an entry may have lines that were not asked for: it reaches into another period, or what was
    read does not balance.
    """
    numbers = {(period.year, period.number) for period in periods}
    reaches_out = any((row.FinancialYear, row.FinancialPeriod) not in numbers for row in rows)
    return reaches_out or bool(sum((row.AmountFC or Decimal(0) for row in rows), Decimal(0)))


def _is_of(
    rows: Iterable[wire.TransactionLine], start: date, end: date, periods: Sequence[FiscalPeriod]
) -> bool:
    numbered = {(period.year, period.number): period for period in periods}
    days = [
        (translate.day_of(row.Date), numbered.get((row.FinancialYear or 0, row.FinancialPeriod or 0)))
        for row in rows
    ]
    return any(
        start <= day <= end or (period is not None and not period.start <= day <= period.end)
        for day, period in days
    )

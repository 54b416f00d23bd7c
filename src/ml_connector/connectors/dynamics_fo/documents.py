"""Reads the journals under a journal name, ours and those of others.

documents  LedgerJournalHeaders ⌈journals ever under the name/10,000⌉; LedgerJournalLines ⌈journals/20⌉ for
           up to 60 journals, for more of them ⌈lines of the company in the days/10,000⌉
document   LedgerJournalHeaders 1, LedgerJournalLines ⌈lines/10,000⌉, DimensionIntegrationFormats 1

A journal has no date and its lines name no journal name, so neither can be asked for both: all headers ever
under the name are read, then the lines of the days. A journal may hold vouchers of several days, each of
which balances in itself; it is listed with those of the days, and by its number it is whole.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from ml_connector.connectors.dynamics_fo import translate, wire
from ml_connector.connectors.dynamics_fo.client import DynamicsClient
from ml_connector.connectors.dynamics_fo.segments import DimensionFormat
from ml_connector.domain.document import Receipt
from ml_connector.domain.journal import BookedEntry
from ml_connector.domain.problem import Owner
from ml_connector.errors import NotFound, Refused, VendorChanged
from ml_connector.ports.ledger import Place
from ml_connector.transport import odata

HEADERS, LINES = "LedgerJournalHeaders", "LedgerJournalLines"
NUMBERS_ASKED = 20
CALLS_BY_NUMBER = 3
"""Calls for the lines of journals by their numbers, before all lines of the company in the days are read
instead.
"""


class DynamicsDocuments:
    """Journals as the environment shows them. `dimension_format` gives the dimension format with the axes in
    its spelling, read now or, unless asked so, read a while ago; `own` is the company's currency,
    `receipt_of` what is known of a journal.
    """

    def __init__(
        self,
        client: DynamicsClient,
        dimension_format: Callable[[bool], tuple[DimensionFormat, Mapping[str, str]]],
        own: Callable[[str], str],
        receipt_of: Callable[[str, wire.Header, Sequence[wire.Line]], Receipt],
    ) -> None:
        self._client, self._dimension_format, self._own, self._receipt_of = (
            client,
            dimension_format,
            own,
            receipt_of,
        )

    def of_days(self, entity: str, journal: str, start: date, end: date) -> tuple[BookedEntry, ...]:
        """Every journal with a line in the days, in the order of their numbers; one for each currency where a
        journal has several. Raises `Refused` while no dimension format can be read.
        """
        name = f"dataAreaId eq {odata.text(entity)} and JournalName eq {odata.text(journal)}"
        place = Place(entity=entity, journal=journal, start=start, end=end)
        return self.among(self._client.rows(HEADERS, wire.Header, name, scope=entity), place)

    def among(self, journals: Iterable[wire.Header], place: Place) -> tuple[BookedEntry, ...]:
        """As `of_days`, where every journal under the name is among these, with others maybe."""
        entity, named = place.entity, place.journal.casefold()
        headers = {row.JournalBatchNumber: row for row in journals if row.JournalName.casefold() == named}
        found: dict[str, list[wire.Line]] = {}
        for line in self._of_days(entity, headers, place.start, place.end):
            found.setdefault(line.JournalBatchNumber, []).append(line)
        return tuple(
            entry
            for number in sorted(found.keys() & headers.keys())
            for entry in self._read(entity, headers[number], found[number])
        )

    def _read(self, entity: str, header: wire.Header, lines: Sequence[wire.Line]) -> tuple[BookedEntry, ...]:
        """By the format as it was read a while ago, and by that of now where the lines do not fit it."""
        try:
            return self._booked(entity, header, lines, now=False)
        except VendorChanged:
            return self._booked(entity, header, lines, now=True)

    def numbered(self, entity: str, journal: str, number: str) -> BookedEntry:
        """The journal with this number, under any journal name where none is named. Raises `NotFound`, and
        `Refused` for one in several currencies or without lines.
        """
        where = f"dataAreaId eq {odata.text(entity)} and JournalBatchNumber eq {odata.text(number)}"
        rows = self._client.rows(HEADERS, wire.Header, where, scope=entity)
        named = (row for row in rows if not journal or row.JournalName.casefold() == journal.casefold())
        header = next(named, None)
        if header is None:
            under = f" under {journal}" if journal else ""
            text = f"There is no journal {number}{under} in company {entity}. Check the number."
            raise NotFound(text, where=f"journal {number}")
        lines = list(self._client.rows(LINES, wire.Line, where, scope=entity))
        if not lines:
            raise Refused(
                translate.no_lines(header),
                where=f"journal {number}",
                code="journal.lines_deleted",
                owner=Owner.CONTROLLER,
            )
        entries = self._booked(entity, header, lines, now=True)
        if len(entries) > 1:
            currencies = ", ".join(entry.currency for entry in entries)
            text = (
                f"Journal {number} of company {entity} has lines in several currencies ({currencies}), so it"
                " cannot be one entry. Split it in Dynamics, a journal for each currency."
            )
            raise Refused(text, where=f"journal {number}", code="document.currencies", owner=Owner.CONTROLLER)
        return entries[0]

    def _booked(
        self, entity: str, header: wire.Header, lines: Sequence[wire.Line], *, now: bool
    ) -> tuple[BookedEntry, ...]:
        dimension_format, axes = self._dimension_format(now)
        if dimension_format.problem is not None:
            raise Refused(
                dimension_format.problem.text,
                where=dimension_format.problem.where,
                code=dimension_format.problem.code,
            )
        receipt, own = self._receipt_of(entity, header, lines), self._own(entity)
        currencies = dict.fromkeys(line.CurrencyCode for line in lines)
        return tuple(
            translate.document(
                receipt,
                header,
                [line for line in lines if line.CurrencyCode == currency],
                axes,
                dimension_format,
                own,
            )
            for currency in currencies
        )

    def _of_days(self, entity: str, numbers: Collection[str], start: date, end: date) -> Iterator[wire.Line]:
        """Lines of the journals in the days; more than those where there are many journals."""
        days = f"TransDate ge {start}T00:00:00Z and TransDate lt {end + timedelta(days=1)}T00:00:00Z"
        where = f"dataAreaId eq {odata.text(entity)} and {days}"
        if len(numbers) > NUMBERS_ASKED * CALLS_BY_NUMBER:
            yield from self._client.rows(LINES, wire.Line, where, scope=entity)
            return
        for some in _parts(sorted(numbers)):
            of_some = odata.any_of("JournalBatchNumber", [odata.text(number) for number in some])
            yield from self._client.rows(LINES, wire.Line, f"{where} and {of_some}", scope=entity)


def _parts(numbers: Sequence[str]) -> Iterable[Sequence[str]]:
    return (numbers[at : at + NUMBERS_ASKED] for at in range(0, len(numbers), NUMBERS_ASKED))

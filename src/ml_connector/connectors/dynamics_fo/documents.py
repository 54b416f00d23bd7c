"""Reads the journals under a journal name, ours and those of others; posted ones as they are posted.

documents  LedgerJournalHeaders ⌈journals ever under the name/10,000⌉; LedgerJournalLines ⌈journals/20⌉ for
           up to 60 journals, for more of them ⌈lines of the company in the days/10,000⌉; of posted ones the
           posted entries, as `posted` says
document   LedgerJournalHeaders 1, LedgerJournalLines ⌈lines/10,000⌉, DimensionIntegrationFormats 1, and of a
           posted one its posted entries

A journal has no date and its lines name no journal name, so neither can be asked for both: all headers ever
under the name are read, then the lines of the days. A journal may hold vouchers of several days, each of
which balances in itself; it is listed with those of the days, and by its number it is whole.

A voucher that is in none of these journals and has the voucher number of one, or names the token of one as
its document, is listed as a document of its own: reversing a voucher at the screen leaves its journal as it
is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from ml_connector.connectors.dynamics_fo import translate, vouchers, wire
from ml_connector.connectors.dynamics_fo.client import DynamicsClient
from ml_connector.connectors.dynamics_fo.posted import ENTRIES, PUBLISHED, Days, PostedEntries, Voucher
from ml_connector.connectors.dynamics_fo.segments import DimensionFormat
from ml_connector.connectors.dynamics_fo.vouchers import BY_VOUCHER, Journal, Reading
from ml_connector.domain.document import TOKEN, Receipt
from ml_connector.domain.journal import BookedEntry
from ml_connector.domain.problem import Owner
from ml_connector.errors import NotFound, Refused, VendorChanged
from ml_connector.ports.ledger import Place
from ml_connector.ports.storage import Clock
from ml_connector.transport import odata

HEADERS, LINES = "LedgerJournalHeaders", "LedgerJournalLines"
NUMBERS_ASKED = 20
JOURNAL_LINES = f"the journal's lines: neither {ENTRIES} nor {PUBLISHED} can be read there"
"""What a posted journal is compared with where nobody says what is posted."""
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
        clock: Clock,
        dimension_format: Callable[[bool], tuple[DimensionFormat, Mapping[str, str]]],
        own: Callable[[str], str],
        receipt_of: Callable[[str, wire.Header, Sequence[wire.Line]], Receipt],
    ) -> None:
        self._client, self._dimension_format, self._own = client, dimension_format, own
        self._receipt_of, self._posted = receipt_of, PostedEntries(client, clock)

    def of_days(self, entity: str, journal: str, start: date, end: date) -> tuple[BookedEntry, ...]:
        """Every journal with a line in the days, in the order of their numbers; one for each currency where a
        journal has several. Raises `Refused` while no dimension format can be read.
        """
        name = f"dataAreaId eq {odata.text(entity)} and JournalName eq {odata.text(journal)}"
        place = Place(entity=entity, journal=journal, start=start, end=end)
        rows = self._client.rows(HEADERS, wire.Header, name, scope=entity)
        return self.among(rows, place, posted=True)

    def among(
        self, journals: Iterable[wire.Header], place: Place, *, posted: bool = False
    ) -> tuple[BookedEntry, ...]:
        """As `of_days`, where every journal under the name is among these, with others maybe; by their lines
        alone unless asked for what is `posted`.
        """
        entity, named = place.entity, place.journal.casefold()
        headers = {row.JournalBatchNumber: row for row in journals if row.JournalName.casefold() == named}
        found: dict[str, list[wire.Line]] = {}
        for line in self._of_days(entity, headers, place.start, place.end):
            found.setdefault(line.JournalBatchNumber, []).append(line)
        found = {number: found[number] for number in sorted(found.keys() & headers.keys())}
        asked = [line for number in found if headers[number].IsPosted == wire.YES for line in found[number]]
        known = self._vouchers(entity, asked, (place.start, place.end)) if posted else None
        if not found:
            return ()
        try:
            return self._listed(place, headers, found, known, self._reading(entity, now=False))
        except VendorChanged:
            return self._listed(place, headers, found, known, self._reading(entity, now=True))

    def _listed(
        self,
        place: Place,
        headers: Mapping[str, wire.Header],
        found: Mapping[str, Sequence[wire.Line]],
        known: Sequence[Voucher] | None,
        reading: Reading,
    ) -> tuple[BookedEntry, ...]:
        entity = place.entity
        entries = {n: self._booked(entity, headers[n], lines, reading) for n, lines in found.items()}
        left: list[BookedEntry] = []
        if known is not None:
            posted = {
                number: Journal(rows=lines, entries=entries[number])
                for number, lines in found.items()
                if headers[number].IsPosted == wire.YES
            }
            shown = vouchers.as_posted(posted, known, reading)
            entries |= shown.entries
            for voucher in shown.left:
                left.extend(vouchers.by_itself(voucher, entity, place.journal, reading))
        return (*(entry for some in entries.values() for entry in some), *left)

    def numbered(self, entity: str, journal: str, number: str) -> BookedEntry:
        """The journal with this number, under any journal name where none is named, or the voucher with this
        number that is in no journal. Raises `NotFound`, and `Refused` for one in several currencies or
        without lines.
        """
        where = f"dataAreaId eq {odata.text(entity)} and JournalBatchNumber eq {odata.text(number)}"
        rows = self._client.rows(HEADERS, wire.Header, where, scope=entity)
        named = (row for row in rows if not journal or row.JournalName.casefold() == journal.casefold())
        header = next(named, None)
        if header is None:
            return self._voucher_numbered(entity, journal, number)
        lines = list(self._client.rows(LINES, wire.Line, where, scope=entity))
        if not lines:
            raise Refused(
                translate.no_lines(header),
                where=f"journal {number}",
                code="journal.lines_deleted",
                owner=Owner.CONTROLLER,
            )
        reading = self._reading(entity, now=True)
        entries = self._booked(entity, header, lines, reading)
        if len(entries) > 1:
            currencies = ", ".join(entry.currency for entry in entries)
            text = (
                f"Journal {number} of company {entity} has lines in several currencies ({currencies}), so it"
                " cannot be one entry. Split it in Dynamics, a journal for each currency."
            )
            raise Refused(text, where=f"journal {number}", code="document.currencies", owner=Owner.CONTROLLER)
        return self.as_posted(entries[0], lines, reading) if entries[0].receipt.posted else entries[0]

    def as_posted(self, entry: BookedEntry, lines: Sequence[wire.Line], reading: Reading) -> BookedEntry:
        """A posted journal as the ledger has it; as its lines say it where no posted entries can be read,
        which the entry says then. Raises `Refused` where nothing is posted of one of its vouchers.
        """
        receipt = entry.receipt
        known = self._vouchers(receipt.entity, lines, tokens=False)
        if known is None:
            return replace(entry, stand_in=JOURNAL_LINES)
        journal = Journal(rows=lines, entries=(entry,))
        found = vouchers.as_posted({receipt.number: journal}, known, reading)
        if found.missing:
            numbers = ", ".join(sorted({line.Voucher for line in lines}))
            text = (
                f"Journal {receipt.number} of company {receipt.entity} is posted, and the ledger shows no"
                f" entries of its voucher ({numbers}). Look for the voucher in Dynamics; if it is there, give"
                " the app's user a role that sees its entries, then go on. It must not be posted again."
            )
            raise Refused(
                text, where=f"journal {receipt.number}", code="entries.missing", owner=Owner.CONTROLLER
            )
        return found.entries[receipt.number][0]

    def voucher(self, receipt: Receipt) -> BookedEntry:
        """A voucher that is in no journal, by the receipt that a list gave. Raises `NotFound`."""
        key, _, named = receipt.reference.removeprefix(BY_VOUCHER).partition(" ")
        number = receipt.number
        journal = named.removesuffix(number).rstrip()
        for found in self._posted.vouchers(receipt.entity, (number,)) or ():
            if found.key == key:
                reading = self._reading(receipt.entity, now=True)
                return vouchers.by_itself(found, receipt.entity, journal, reading)[0]
        text = f"Voucher {number} is not in the ledger of company {receipt.entity} any more."
        raise NotFound(text, where=f"voucher {number}")

    def _voucher_numbered(self, entity: str, journal: str, number: str) -> BookedEntry:
        under = f" under {journal}" if journal else ""
        text = f"There is no journal {number}{under} in company {entity}. Check the number."
        found = self._posted.vouchers(entity, (number,)) or ()
        if not found:
            raise NotFound(text, where=f"journal {number}")
        where = f"dataAreaId eq {odata.text(entity)} and Voucher eq {odata.text(number)}"
        line = next(iter(self._client.rows(LINES, wire.Line, where, scope=entity)), None)
        if line is not None:
            text += f" Voucher {number} is of journal {line.JournalBatchNumber}: name that."
            raise NotFound(text, where=f"journal {number}")
        reading = self._reading(entity, now=True)
        journal = journal or self._journal_of(entity, found[0].document)
        entries = [entry for one in found for entry in vouchers.by_itself(one, entity, journal, reading)]
        if len(entries) > 1:
            text = (
                f"Company {entity} has several vouchers {number}, or one in several currencies. Look there."
            )
            raise Refused(text, where=f"voucher {number}", code="document.currencies", owner=Owner.CONTROLLER)
        return entries[0]

    def _journal_of(self, entity: str, token: str) -> str:
        """The journal name of the journal that has the token; empty where there is none."""
        if not TOKEN.fullmatch(token):
            return ""
        where = f"dataAreaId eq {odata.text(entity)} and Description eq {odata.text(f'*{token}*')}"
        rows = self._client.rows(HEADERS, wire.Header, where, scope=entity)
        return next((row.JournalName for row in rows), "")

    def _vouchers(
        self, entity: str, lines: Sequence[wire.Line], days: Days | None = None, *, tokens: bool = True
    ) -> tuple[Voucher, ...] | None:
        """The vouchers of these lines of posted journals, with others that name one of their tokens; `None`
        where there is nothing to ask for, or nobody says what is posted.
        """
        named = {line.Document for line in lines if TOKEN.fullmatch(line.Document)} if tokens else ()
        return self._posted.vouchers(entity, {line.Voucher for line in lines}, named, days) if lines else None

    def _reading(self, entity: str, *, now: bool) -> Reading:
        dimension_format, axes = self._dimension_format(now)
        if dimension_format.problem is not None:
            raise Refused(
                dimension_format.problem.text,
                where=dimension_format.problem.where,
                code=dimension_format.problem.code,
            )
        return Reading(axes=axes, dimension_format=dimension_format, own=self._own(entity))

    def _booked(
        self, entity: str, header: wire.Header, lines: Sequence[wire.Line], reading: Reading
    ) -> tuple[BookedEntry, ...]:
        receipt = self._receipt_of(entity, header, lines)
        currencies = dict.fromkeys(line.CurrencyCode for line in lines)
        return tuple(
            translate.document(
                receipt,
                header,
                [line for line in lines if line.CurrencyCode == currency],
                reading.axes,
                reading.dimension_format,
                reading.own,
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

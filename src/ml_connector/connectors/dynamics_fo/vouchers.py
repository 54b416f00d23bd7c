"""What is posted beside what journals say: which voucher is whose, and where the two differ. Pure.

A journal is posted as a voucher for each voucher number and day of its lines. Where the voucher books what
the lines say, the journal is shown as it is: its lines have the texts. Where it books something else, what is
posted is shown. A journal name may add up lines of an account when it posts; that is no difference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from ml_connector.connectors.dynamics_fo import segments, translate, wire
from ml_connector.connectors.dynamics_fo.posted import Posted, Voucher
from ml_connector.connectors.dynamics_fo.segments import MAIN_ACCOUNT, DimensionFormat
from ml_connector.domain.dimension import Dimensions, dimensions
from ml_connector.domain.document import TOKEN, Receipt
from ml_connector.domain.journal import BookedEntry, ExchangeRate, JournalLine
from ml_connector.domain.money import AmountError, Money, decimals
from ml_connector.errors import VendorChanged

BY_VOUCHER = "voucher "
"""How the reference of a voucher begins that is in no journal; its key, the journal name that it is shown
under, and its number follow.
"""
RATE_DECIMALS = Decimal("0.000001")
Key = tuple[str, str, Dimensions]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What display values are read by, and the currency of the books."""

    axes: Mapping[str, str]
    dimension_format: DimensionFormat
    own: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """A posted journal: its lines on the wire, and what they say, an entry for each currency."""

    rows: Sequence[wire.Line]
    entries: Sequence[BookedEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class AsPosted:
    """Journals by number as they are posted, the numbers of those of which nothing is posted, and the
    vouchers that are of none of them.
    """

    entries: Mapping[str, tuple[BookedEntry, ...]]
    missing: frozenset[str]
    left: tuple[Voucher, ...]


@dataclass(slots=True, kw_only=True)
class _Part:
    """The lines of a journal that are one voucher, and what is posted of it. A part that books on a subledger
    is posted on accounts that its lines do not name.
    """

    journal: str
    document: str
    lines: list[JournalLine]
    subledger: bool
    voucher: Voucher | None = None
    posted: Sequence[JournalLine] = ()

    @property
    def differs(self) -> bool:
        return self.voucher is not None and not self.subledger and not _same(self.lines, self.posted)


def as_posted(journals: Mapping[str, Journal], vouchers: Iterable[Voucher], reading: Reading) -> AsPosted:
    """Each journal with its vouchers: first those that say what its lines say, then the rest."""
    pool: dict[tuple[str, date | None], list[tuple[Voucher, Sequence[JournalLine]]]] = defaultdict(list)
    for voucher in vouchers:
        pool[voucher.number, voucher.day].append((voucher, lines_of(voucher, reading)))
    parts = [
        (place, part)
        for number, journal in journals.items()
        for place, part in _parts(number, journal, reading)
    ]
    for place, part in parts:
        _take(part, pool[place], [one for one in pool[place] if _same(part.lines, one[1])])
    for place, part in parts:
        if part.voucher is None:
            named = [one for one in pool[place] if one[0].document == part.document]
            _take(part, pool[place], named or pool[place])
    of_journal: dict[str, list[_Part]] = defaultdict(list)
    for _, part in parts:
        of_journal[part.journal].append(part)
    missing = frozenset(part.journal for _, part in parts if part.voucher is None)
    return AsPosted(
        entries={
            number: tuple(_shown(entry, of_journal[number], reading) for entry in journal.entries)
            for number, journal in journals.items()
        },
        missing=missing,
        left=tuple(voucher for some in pool.values() for voucher, _ in some),
    )


def lines_of(voucher: Voucher, reading: Reading) -> tuple[JournalLine, ...]:
    """What the voucher books: in the currency of the books what the books say. Raises `VendorChanged` for
    what cannot be read exactly.
    """
    return tuple(_line(voucher, entry, reading) for entry in voucher.entries)


def by_itself(voucher: Voucher, entity: str, journal: str, reading: Reading) -> tuple[BookedEntry, ...]:
    """A voucher that is in no journal, such as the reversal of one at the screen: an entry for each
    currency.
    """
    if voucher.day is None:
        raise VendorChanged(f"Voucher {voucher.number} has no date.", where=f"voucher {voucher.number}")
    lines = lines_of(voucher, reading)
    receipt = Receipt(
        reference=f"{BY_VOUCHER}{voucher.key} {journal} {voucher.number}",
        number=voucher.number,
        entity=entity,
        posted=True,
        lines=len(lines),
    )
    currencies = list(dict.fromkeys(line.amount.currency for line in lines))
    return tuple(
        BookedEntry(
            receipt=receipt,
            journal=journal,
            posting_date=voucher.day,
            currency=currency,
            lines=tuple(line for line in lines if line.amount.currency == currency),
            rate=_rate([entry for entry in voucher.entries if entry.currency == currency], currency, reading),
            text=voucher.entries[0].text,
            marker=voucher.document if TOKEN.fullmatch(voucher.document) else "",
            irregular=len(currencies) > 1 or None,
        )
        for currency in currencies
    )


def _take(
    part: _Part,
    pool: list[tuple[Voucher, Sequence[JournalLine]]],
    candidates: Sequence[tuple[Voucher, Sequence[JournalLine]]],
) -> None:
    if candidates:
        part.voucher, part.posted = candidates[0]
        pool.remove(candidates[0])


def _parts(
    number: str, journal: Journal, reading: Reading
) -> Iterator[tuple[tuple[str, date | None], _Part]]:
    rows: dict[tuple[str, date | None], list[wire.Line]] = {}
    for row in sorted(journal.rows, key=lambda row: row.LineNumber):
        rows.setdefault((row.Voucher, translate.day_of(row.TransDate)), []).append(row)
    for place, some in rows.items():
        kinds = {row.AccountType for row in some}
        kinds |= {row.OffsetAccountType for row in some if row.OffsetAccountDisplayValue}
        where = f"journal {number}"
        yield (
            place,
            _Part(
                journal=number,
                document=some[0].Document,
                lines=[
                    line
                    for row in some
                    for line in translate.lines_of_row(row, where, reading.axes, reading.dimension_format)
                ],
                subledger=kinds != {translate.LEDGER},
            ),
        )


def _shown(entry: BookedEntry, parts: Sequence[_Part], reading: Reading) -> BookedEntry:
    """The entry of a journal in one currency, as it is posted."""
    if any(part.voucher is None for part in parts):
        return replace(entry, irregular=True)
    posted = [
        one
        for part in parts
        for one in (part.voucher.entries if part.voucher and not part.subledger else ())
        if one.currency == entry.currency
    ]
    if entry.rate is not None and posted and not _rated(posted, entry.rate.rate, len(entry.lines), reading):
        entry = replace(entry, rate=_rate(posted, entry.currency, reading))
    if not any(part.differs for part in parts):
        return entry
    lines = [line for part in parts for line in (part.posted if part.differs else part.lines)]
    return replace(entry, lines=tuple(line for line in lines if line.amount.currency == entry.currency))


def _line(voucher: Voucher, entry: Posted, reading: Reading) -> JournalLine:
    where = f"voucher {voucher.number}"
    amount = entry.own if entry.currency == reading.own else entry.amount
    try:
        money = Money(amount, entry.currency)
    except AmountError as error:
        text = f"Voucher {voucher.number} has an amount that cannot be read: {error}."
        raise VendorChanged(text, where=where, support=str(entry)) from error
    account, codes = _account(entry, reading)
    return JournalLine(account=account, amount=money, dimensions=codes, text=entry.text)


def _account(entry: Posted, reading: Reading) -> tuple[str, Dimensions]:
    if not entry.named or MAIN_ACCOUNT not in entry.named:
        return segments.read_display_value(entry.shown, reading.dimension_format, reading.axes)
    spelled = {name.casefold(): name for name in (*reading.dimension_format.names, *reading.axes.values())}
    axis_of = {name: axis for axis, name in reading.axes.items()}
    names = {name: spelled.get(name.casefold(), name) for name in entry.named}
    codes: dict[str, str | None] = {
        axis_of.get(names[n], names[n]): code for n, code in entry.named.items() if n != MAIN_ACCOUNT
    }
    return entry.named[MAIN_ACCOUNT], dimensions(codes)


def _same(lines: Sequence[JournalLine], posted: Sequence[JournalLine]) -> bool:
    """Whether the voucher books what the lines say, on each account with its dimensions."""
    ours, theirs = _by_key(lines), _by_key(posted)
    return all(_adds_up(ours.get(key, []), theirs.get(key, [])) for key in ours.keys() | theirs.keys())


def _adds_up(ours: list[int], theirs: list[int]) -> bool:
    if ours == theirs:
        return True
    if len(theirs) >= len(ours):
        return False
    sides = [(sum(n for n in some if n > 0), sum(n for n in some if n < 0)) for some in (ours, theirs)]
    return sides[0] == sides[1] or (len(theirs) <= 1 and sum(ours) == sum(theirs))


def _by_key(lines: Iterable[JournalLine]) -> dict[Key, list[int]]:
    found: dict[Key, list[int]] = {}
    for line in lines:
        found.setdefault((line.amount.currency, line.account, line.dimensions), []).append(line.amount.minor)
    for minors in found.values():
        minors.sort()
    return found


def _rated(posted: Sequence[Posted], rate: Decimal, lines: int, reading: Reading) -> bool:
    """Whether the books have the amounts at this rate, but for a unit of rounding a line."""
    unit = Decimal(1).scaleb(-decimals(reading.own))
    each = lines if len(posted) < lines else 1
    return all(abs(abs(one.own) - abs(one.amount) * rate) <= unit * each for one in posted)


def _rate(posted: Sequence[Posted], currency: str, reading: Reading) -> ExchangeRate | None:
    """The rate that the amounts were booked with; none in the currency of the books."""
    whole = sum((abs(one.amount) for one in posted), Decimal(0))
    if not reading.own or currency == reading.own or not whole:
        return None
    rate = sum((abs(one.own) for one in posted), Decimal(0)) / whole
    return ExchangeRate(
        currency=reading.own, rate=rate.quantize(RATE_DECIMALS), source="as Dynamics booked it"
    )

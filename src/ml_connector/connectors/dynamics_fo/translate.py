"""Between our journal entry and a general journal. Pure: nothing is fetched, nothing is guessed, every field
is accounted for.

    entry.entity        → dataAreaId
    entry.journal       → JournalName
    entry.posting_date  → TransDate of every line, noon UTC
    entry.currency      → CurrencyCode of every line
    entry.text          → Description of the journal, before `#` and the token
    entry.key           → nowhere; the token is made from it
    marker.token        → Document of every line
    line.text           → Text, before the token and the line's number
    line.amount         → DebitAmount above zero, CreditAmount below, never both
    line.account        → AccountDisplayValue, with line.dimensions

Lines go out largest debit first. Until the last one stands, what stands has more debit than credit, so the
posting job refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from ml_connector.connectors.dynamics_fo import segments, wire
from ml_connector.connectors.dynamics_fo.segments import DimensionFormat
from ml_connector.connectors.dynamics_fo.settings import CHANGESET_STEP
from ml_connector.domain.dimension import Dimensions
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import BookedEntry, ExchangeRate, JournalEntry, JournalLine
from ml_connector.domain.limits import check_limits
from ml_connector.domain.money import AmountError, Money
from ml_connector.domain.problem import Problem
from ml_connector.errors import VendorChanged
from ml_connector.ports.ledger import LedgerLimits

FIELD_MAX = 60
"""Characters of a journal's description and of a line's text."""
TOKEN_CHARACTERS = 10
TEXT_MAX = FIELD_MAX - len(" #") - TOKEN_CHARACTERS
LINE_TEXT_MAX = FIELD_MAX - len(" -") - TOKEN_CHARACTERS - len("10000")
EARLIER_PART_LINES = 100
"""Lines of a part, where a receipt does not say how many lines stand."""
RATE_UNITS = 100
"""Rates are for so many units of the foreign currency."""
LEDGER = "Ledger"
_TOKEN = re.compile(r"(?:^|#)([A-Z2-7]{10})$")
"""What a marker's token looks like: behind `#` at the end of a description, or a whole line document."""


def preflight(
    entry: JournalEntry,
    limits: LedgerLimits,
    companies: Sequence[str],
    journals: Sequence[str],
    axes: Mapping[str, str],
    dimension_format: DimensionFormat | None,
) -> Iterable[Problem]:
    """Everything of the entry that a journal cannot hold. `dimension_format` is the dimension
    format where it is known.
    """
    if journals and entry.journal.casefold() not in {name.casefold() for name in journals}:
        text = (
            f"Journal name {entry.journal} is not among those of this connection. Add it to the connection,"
            " or choose another."
        )
        yield Problem("journal.not_pinned", "journal", text)
    if not entry.lines or sum((line.amount.amount for line in entry.lines), Decimal(0)):
        text = "The lines do not balance. The journal would be kept and never posted."
        yield Problem("entry.unbalanced", "lines", text)
    if dimension_format is not None and dimension_format.problem is not None:
        yield dimension_format.problem
    yield from check_limits(entry, limits, entities=companies)
    if dimension_format is not None:
        yield from segments.problems(entry.lines, dimension_format, axes)


def description(entry: JournalEntry, marker: Marker) -> str:
    """The journal's description, with the marker at its end."""
    return f"{entry.text} #{marker.token}".lstrip()


def new_header(entry: JournalEntry, marker: Marker) -> wire.NewHeader:
    """The journal, without lines."""
    return wire.NewHeader(
        dataAreaId=entry.entity, JournalName=entry.journal, Description=description(entry, marker)
    )


def new_lines(
    entry: JournalEntry,
    marker: Marker,
    so_far: Receipt,
    size: int,
    axes: Mapping[str, str],
    dimension_format: DimensionFormat,
) -> list[wire.NewLine]:
    """The lines of the next changeset, so many at the most. Their numbers count through the whole entry, from
    1.
    """
    start = lines_of(so_far)
    ordered = sorted(entry.lines, key=lambda line: -line.amount.amount)
    return [
        wire.NewLine(
            dataAreaId=entry.entity,
            JournalBatchNumber=so_far.reference,
            AccountType=LEDGER,
            AccountDisplayValue=segments.display_value(line, dimension_format, axes),
            CurrencyCode=entry.currency,
            TransDate=wire.noon(entry.posting_date),
            Document=marker.token,
            Text=f"{line.text} {marker.token}-{place:04}".lstrip(),
            DebitAmount=line.amount.amount if line.amount.amount >= 0 else None,
            CreditAmount=-line.amount.amount if line.amount.amount < 0 else None,
            ExchRate=entry.rate.rate * RATE_UNITS if entry.rate else None,
        )
        for place, line in enumerate(ordered[start : start + size], start + 1)
    ]


def lines_of(receipt: Receipt) -> int:
    """How many lines stand. A receipt of an earlier release counts parts of a hundred."""
    return receipt.lines if receipt.lines is not None else (receipt.parts - 1) * EARLIER_PART_LINES


def written_lines(entry: JournalEntry, marker: Marker, rows: Sequence[wire.Line]) -> tuple[int, bool]:
    """How many lines stand, and whether the entry is complete. Lines that our writes cannot have left (a gap,
    a line twice, a line of somebody else) count as complete: nothing is added to such a journal, and
    comparing it shows what is wrong. The size of a changeset may have been set anew since the first one.
    """
    count, total = len(rows), len(entry.lines)
    places = {
        int(found[1])
        for row in rows
        if row.Document == marker.token and (found := re.search(rf"{marker.token}-(\d+)$", row.Text))
    }
    ours = places == set(range(1, count + 1)) and (
        count == total or (count < total and count % CHANGESET_STEP == 0)
    )
    return (count, count == total) if ours else (total, True)


def foreign_lines(number: str, marker: Marker, rows: Sequence[wire.Line]) -> str | None:
    """The lines that somebody else wrote into a journal of ours that is not posted, as a text; or `None`."""
    others = [row for row in rows if row.Document != marker.token]
    if not others:
        return None
    amounts = f"debit {row.DebitAmount}" if (row := others[0]).DebitAmount else f"credit {row.CreditAmount}"
    holds = "a line that is" if len(others) == 1 else f"{len(others)} lines that are"
    text = (
        f"Journal {number} is not posted and holds {holds} not of this entry, such as line"
        f" {row.LineNumber:f}: "
    )
    text += (
        f"{row.AccountDisplayValue}, {amounts}, {row.Text!r}. Nothing was added, posted or deleted. Move them"
        " to another journal in "
    )
    return text + "Dynamics, then go on."


def no_lines(row: wire.Header) -> str:
    """What to do about a journal without lines."""
    number = f"Journal {row.JournalBatchNumber}"
    if row.IsPosted == wire.YES:
        text = (
            f"{number} is posted and shows no lines: journal name {row.JournalName} deletes them after"
            " posting. It is in the books, and must not "
        )
        return (
            text
            + "be posted again. Compare its voucher in Dynamics by hand, and turn the deletion off for the"
            " next one."
        )
    return (
        f"{number} is not posted and has no lines: they were deleted, or never written. Delete the journal"
        " too, note that it is deleted, and post the pay anew."
    )


def booked_entry(
    receipt: Receipt,
    journal: str,
    rows: Sequence[wire.Line],
    axes: Mapping[str, str],
    dimension_format: DimensionFormat,
    own: str,
) -> BookedEntry:
    """The journal from its lines, of which there are some; `own` is the company's currency. Raises
    `VendorChanged` for lines that were not written so.
    """
    where = f"journal {receipt.number}"
    heads = {(row.Voucher, row.TransDate, row.CurrencyCode, row.ExchRate) for row in rows}
    if len(heads) != 1:
        seen = ", ".join(sorted(map(str, heads))[:10])
        text = (
            f"Journal {receipt.number} has lines with several vouchers, dates, currencies or rates: {seen}."
            " No entry of this connection is written like that."
        )
        raise VendorChanged(text, where=where, support=seen)
    ((_, posted, currency, rate),) = heads
    day = day_of(posted)
    if day is None:
        raise VendorChanged(f"The lines of journal {receipt.number} have no date.", where=where)
    lines = tuple(
        _journal_line(row, currency, where, axes, dimension_format)
        for row in sorted(rows, key=lambda row: row.LineNumber)
    )
    booked = (
        ExchangeRate(currency=own, rate=rate / RATE_UNITS, source="as Dynamics booked it")
        if own and currency != own
        else None
    )
    return BookedEntry(
        receipt=receipt,
        journal=journal,
        posting_date=day,
        currency=currency,
        lines=lines,
        rate=booked,
        marker=_marker_of("", rows),
    )


def document(
    receipt: Receipt,
    header: wire.Header,
    rows: Sequence[wire.Line],
    axes: Mapping[str, str],
    dimension_format: DimensionFormat,
    own: str,
) -> BookedEntry:
    """A journal of anybody from its lines in one currency, of which there are some. A line with an offset
    account is two lines, as it books. The date is that of the first line: vouchers of other days may follow.

    Raises `VendorChanged` for lines that cannot be read exactly.
    """
    where = f"journal {receipt.number}"
    rows = sorted(rows, key=lambda row: row.LineNumber)
    first = rows[0]
    day = day_of(first.TransDate)
    if day is None:
        raise VendorChanged(f"The lines of journal {receipt.number} have no date.", where=where)
    lines = [line for row in rows for line in lines_of_row(row, where, axes, dimension_format)]
    rated = own and first.CurrencyCode != own and first.ExchRate
    return BookedEntry(
        receipt=receipt,
        journal=header.JournalName,
        posting_date=day,
        currency=first.CurrencyCode,
        lines=tuple(lines),
        rate=ExchangeRate(currency=own, rate=first.ExchRate / RATE_UNITS, source="as Dynamics booked it")
        if rated
        else None,
        text=header.Description,
        marker=_marker_of(header.Description, rows),
        irregular=any(row.OffsetAccountDisplayValue for row in rows)
        or len({(row.Voucher, row.TransDate, row.ExchRate) for row in rows}) > 1
        or None,
    )


def lines_of_row(
    row: wire.Line, where: str, axes: Mapping[str, str], dimension_format: DimensionFormat
) -> list[JournalLine]:
    """What a line of a journal books: two lines where it has an offset account."""
    line = _account_line(row, row.CurrencyCode, where, axes, dimension_format)
    if not row.OffsetAccountDisplayValue:
        return [line]
    return [line, _offset_line(row, line, axes, dimension_format)]


def _marker_of(description: str, rows: Iterable[wire.Line]) -> str:
    """The token that the journal carries: in its description, or on its lines where a person changed that."""
    texts = [text[text.rfind("#") :].rstrip() for text in (description,) if "#" in text]
    found = (_TOKEN.search(text) for text in (*texts, *(row.Document.strip() for row in rows)))
    return next((match[1] for match in found if match), "")


def _journal_line(
    row: wire.Line, currency: str, where: str, axes: Mapping[str, str], dimension_format: DimensionFormat
) -> JournalLine:
    if row.OffsetAccountDisplayValue:
        text = (
            f"Line {row.LineNumber} has the offset account {row.OffsetAccountDisplayValue}, so it books a"
            " second amount. No entry of this connection is written like that."
        )
        raise VendorChanged(text, where=where, support=str(row))
    return _account_line(row, currency, where, axes, dimension_format)


def _account_line(
    row: wire.Line, currency: str, where: str, axes: Mapping[str, str], dimension_format: DimensionFormat
) -> JournalLine:
    """What the line books on its own account."""
    try:
        amount = Money(row.DebitAmount - row.CreditAmount, currency)
    except AmountError as error:
        raise VendorChanged(
            f"Line {row.LineNumber} has an amount that cannot be read: {error}.",
            where=where,
            support=str(row),
        ) from error
    account, found = _account_of(row.AccountType, row.AccountDisplayValue, axes, dimension_format)
    return JournalLine(account=account, amount=amount, dimensions=found, text=row.Text)


def _offset_line(
    row: wire.Line, line: JournalLine, axes: Mapping[str, str], dimension_format: DimensionFormat
) -> JournalLine:
    """What the line books on its offset account, which is the other side of the same amount."""
    account, found = _account_of(row.OffsetAccountType, row.OffsetAccountDisplayValue, axes, dimension_format)
    return JournalLine(account=account, amount=-line.amount, dimensions=found, text=row.Text)


def _account_of(
    kind: str, shown: str, axes: Mapping[str, str], dimension_format: DimensionFormat
) -> tuple[str, Dimensions]:
    """Account and dimensions; an account of a subledger goes by its kind, and its text has no dimensions."""
    if kind != LEDGER:
        return f"{kind} {shown}", ()
    return segments.read_display_value(shown, dimension_format, axes)


def day_of(text: str) -> date | None:
    """A date of the service's; `None` for its blank. Raises `VendorChanged` for anything else."""
    try:
        return wire.day(text)
    except ValueError as error:
        raise VendorChanged(
            f"{text!r} is not a date in the form that the service uses.", where="date", support=str(error)
        ) from error

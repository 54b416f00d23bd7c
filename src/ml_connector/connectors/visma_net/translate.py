"""Between our journal entry and a batch. Pure: nothing is fetched, nothing is guessed, every field is
accounted for.

    entry.entity        → nowhere; its token leads into the company
    entry.journal       → ledger
    entry.posting_date  → transactionDate, and financialPeriod by the company's calendar, never by the month
    entry.currency      → currencyId, and rate → exchangeRate
    entry.text          → description, before `#` and the token
    entry.key           → nowhere; the token is made from it
    marker.token        → referenceNumber of every line, see below
    line.text           → transactionDescription
    line.amount         → debitAmountInCurrency above zero, creditAmountInCurrency below
    line.account        → accountNumber
    line.dimensions     → subaccount by segment, branch, project and task

Visma wants every segment and a branch on every line. Where a line has no code the connection's default is
written, and the line's `referenceNumber` says so behind the token, as a sum in hexadecimal: 1 for the branch,
2 for segment 1, 4 for segment 2, and so on. Reading back leaves out what is said to be a default and still is
one, so a default may be a code that other lines name on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector.connectors.visma_net import wire
from ml_connector.connectors.visma_net.settings import BRANCH, PROJECT, Options
from ml_connector.domain.dimension import Dimensions, dimensions
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import BookedEntry, ExchangeRate, JournalEntry, JournalLine
from ml_connector.domain.limits import check_limits, foreign_entity
from ml_connector.domain.money import AmountError, Money
from ml_connector.domain.problem import Owner, Problem
from ml_connector.errors import Refused, VendorChanged
from ml_connector.ports.ledger import LedgerLimits

DESCRIPTION_MAX = 60
TOKEN_CHARACTERS = 10
TEXT_MAX = DESCRIPTION_MAX - len(" #") - TOKEN_CHARACTERS
LINE_TEXT_MAX = 256
DIGITS_MAX = 15
"""Visma's published type of an amount is a binary floating point number, which keeps so many digits."""
SEGMENT_MAX = 15
"""Highest number of a segment that a reference of 15 characters can name."""
RATE_TOLERANCE = Decimal("0.01")
"""What a base amount may be off its rate, per line: the company's currency is rounded line by line."""
RATE_SOURCE = "as Visma booked it"
_TOKEN = re.compile(r"#([A-Z2-7]{10})$")
_REFERENCE = re.compile(r"([A-Z2-7]{10})-([0-9A-F]{1,4})")
"""What a marker's token looks like: at the end of a description, and in the reference of a line, where the
sum of its defaults follows.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How lines of a company are written: its segments in order, as number, name and axis, and the branch of
    lines that name none.
    """

    segments: tuple[tuple[int, str, str], ...]
    branch: str


# --- before -------------------------------------------------------------------------------------------------


def preflight(entry: JournalEntry, limits: LedgerLimits, options: Options) -> Iterable[Problem]:
    """Everything of the entry that a batch cannot hold."""
    if entry.entity not in options.companies:
        yield not_pinned(entry.entity, options)
    if options.ledgers and entry.journal not in options.ledgers:
        text = (
            f"Ledger {entry.journal} is not among those of this connection. Add it to the connection, or"
            " choose another."
        )
        yield Problem("journal.not_pinned", "journal", text)
    if not entry.lines or sum((line.amount.amount for line in entry.lines), Decimal(0)):
        yield Problem(
            "entry.unbalanced",
            "lines",
            "The lines do not balance. The batch would be kept on hold and never be released.",
        )
    yield from check_limits(entry, limits, digits_max=DIGITS_MAX)
    for number, line in enumerate(entry.lines, 1):
        for value in line.dimensions:
            if value.axis == PROJECT and not all(project_and_task(value.code)):
                text = (
                    f"Project {value.code} has no task, and Visma books on tasks. Write project and task"
                    f" with a slash between: {value.code}/10."
                )
                yield Problem("project.task", f"line {number}", text)


def not_pinned(entity: str, options: Options) -> Problem:
    """That the connection does not lead into the company."""
    return foreign_entity(entity, tuple(options.companies), " with its tenant id")


def project_and_task(code: str) -> tuple[str, str]:
    """The project and the task of a code; the slash between them is the last one."""
    project, _, task = code.rpartition("/")
    return project, task


# --- writing ------------------------------------------------------------------------------------------------


def new_batch(
    entry: JournalEntry, marker: Marker, period: str, layout: Layout, defaults: Mapping[str, str]
) -> dict[str, Any]:
    """The batch, on hold."""
    value = wire.value
    body = {
        "hold": value(True),
        "transactionDate": value(wire.moment(entry.posting_date)),
        "financialPeriod": value(period),
        "ledger": value(entry.journal),
        "currencyId": value(entry.currency),
        "branch": value(layout.branch),
        "autoReversing": value(False),
        "description": value(f"{entry.text} #{marker.token}".lstrip()),
        "journalTransactionLines": [
            _new_line(number, line, marker, layout, defaults) for number, line in enumerate(entry.lines, 1)
        ],
    }
    if entry.rate is not None:
        body["exchangeRate"] = value(entry.rate.rate)
    return body


def _new_line(
    number: int, line: JournalLine, marker: Marker, layout: Layout, defaults: Mapping[str, str]
) -> dict[str, Any]:
    codes = {found.axis: found.code for found in line.dimensions}
    filled = sum(1 << place for place, _, axis in layout.segments if axis not in codes) + (
        BRANCH not in codes
    )
    amount = line.amount.amount
    body: dict[str, Any] = {
        "operation": "Insert",
        "lineNumber": wire.value(number),
        "accountNumber": wire.value(line.account),
        "subaccount": [
            {"segmentId": place, "segmentValue": codes.get(axis) or defaults[axis]}
            for place, _, axis in layout.segments
        ],
        "referenceNumber": wire.value(f"{marker.token}-{filled:X}"),
        "transactionDescription": wire.value(line.text),
        "debitAmountInCurrency" if amount >= 0 else "creditAmountInCurrency": wire.value(abs(amount)),
        "branch": wire.value(codes.get(BRANCH) or layout.branch),
    }
    if PROJECT in codes:
        project, task = project_and_task(codes[PROJECT])
        body |= {"project": wire.value(project), "projectTask": wire.value(task)}
    return body


# --- reading ------------------------------------------------------------------------------------------------


def carries(marker: Marker, batch: wire.Batch) -> bool:
    """Whether the batch is the entry's, by its description or by a line."""
    if (batch.description or "").rstrip().endswith(f"#{marker.token}"):
        return True
    return any((line.referenceNumber or "").startswith(f"{marker.token}-") for line in batch.lines)


def day_of(batch: wire.Batch) -> date:
    """The posting date. Raises `VendorChanged` for what is no date."""
    try:
        return wire.day(batch.transactionDate)
    except ValueError as error:
        where = f"batch {batch.batchNumber}"
        text = f"{where.capitalize()} has the date {batch.transactionDate!r}, which cannot be read."
        raise VendorChanged(text, where=where) from error


def marker_of(batch: wire.Batch) -> str:
    """The token that the batch carries: in its description, or on its lines where a person changed that."""
    if found := _TOKEN.search((batch.description or "").rstrip()):
        return found[1]
    references = (_REFERENCE.fullmatch(line.referenceNumber or "") for line in batch.lines)
    return next((reference[1] for reference in references if reference), "")


def booked_entry(receipt: Receipt, batch: wire.Batch, options: Options, own: str) -> BookedEntry:
    """The batch as an entry, its rate proven by its totals; `own` is the company's currency. Raises
    `VendorChanged` for what was not written so, or does not add up.
    """
    booked = document(receipt, batch, options, own)
    rate = _rate(batch, own, f"batch {receipt.number}") if batch.currencyId != own else None
    return replace(booked, rate=rate)


def document(receipt: Receipt, batch: wire.Batch, options: Options, own: str) -> BookedEntry:
    """A batch that anybody wrote, with its rate as Visma shows it. Raises `VendorChanged` for what cannot be
    read exactly, or does not add up.
    """
    where = f"batch {receipt.number}"
    day = day_of(batch)
    try:
        lines = tuple(
            _journal_line(row, batch, options, where)
            for row in sorted(batch.lines, key=lambda row: row.lineNumber)
        )
    except AmountError as error:
        raise VendorChanged(
            f"{where.capitalize()} holds an amount that cannot be read: {error}.", where=where
        ) from error
    sides = [
        sum((getattr(row, side) or Decimal(0) for row in batch.lines), Decimal(0))
        for side in ("debitAmountInCurrency", "creditAmountInCurrency")
    ]
    totals = [batch.debitTotalInCurrency, batch.creditTotalInCurrency]
    if totals != sides:
        shown = "/".join(map(str, sides)), "/".join(map(str, totals))
        text = (
            f"The lines of batch {receipt.number} add up to {shown[0]}, and the batch has {shown[1]}: the"
            " answer is not complete."
        )
        raise VendorChanged(text, where=where)
    rate = batch.exchangeRate if batch.currencyId != own else None
    return BookedEntry(
        receipt=receipt,
        journal=batch.ledger.strip(),
        posting_date=day,
        currency=batch.currencyId,
        lines=lines,
        rate=None if rate is None else ExchangeRate(currency=own, rate=rate, source=RATE_SOURCE),
        text=batch.description or "",
        marker=marker_of(batch),
    )


def _journal_line(row: wire.Line, batch: wire.Batch, options: Options, where: str) -> JournalLine:
    amount = (row.debitAmountInCurrency or Decimal(0)) - (row.creditAmountInCurrency or Decimal(0))
    return JournalLine(
        account=row.accountNumber.strip(),
        amount=Money(amount, batch.currencyId),
        dimensions=_dimensions(row, batch, options, where),
        text=row.transactionDescription or "",
    )


def _dimensions(row: wire.Line, batch: wire.Batch, options: Options, where: str) -> Dimensions:
    found = _REFERENCE.fullmatch(row.referenceNumber or "")
    filled = int(found[2], 16) if found else 0
    codes: dict[str, str | None] = {}
    for segment in (row.subaccount.segments if row.subaccount else None) or []:
        axis, code = (
            options.axis_of(segment.segmentId, segment.segmentDescription),
            (segment.segmentValue or "").rstrip(),
        )
        if axis is None:
            text = (
                f"Segment {segment.segmentId} ({segment.segmentDescription}) of the subaccount has no axis"
                " in this connection. Name its axis in the connection."
            )
            raise VendorChanged(text, where=where)
        if not (filled >> segment.segmentId & 1 and code == options.defaults.get(axis)):
            codes[axis] = code
    if not (filled & 1 and row.branch == batch.branch):
        codes[BRANCH] = row.branch
    if row.project is not None and row.project.id not in ("", options.non_project):
        codes[PROJECT] = (
            f"{row.project.id}/{row.projectTask.id}"
            if row.projectTask and row.projectTask.id
            else row.project.id
        )
    return dimensions(codes)


def _rate(batch: wire.Batch, own: str, where: str) -> ExchangeRate | None:
    """The batch's rate, proven by its totals to be for one unit of its currency."""
    rate, foreign, base = batch.exchangeRate, batch.debitTotalInCurrency or Decimal(0), batch.debitTotal
    if rate is None:
        return None
    if base is not None and abs(foreign * rate - base) > RATE_TOLERANCE * len(batch.lines):
        text = (
            f"{where.capitalize()} has the rate {rate}, and {foreign} {batch.currencyId} are {base} {own} in"
            " it: the rate is not for one "
        )
        text += (
            f"{batch.currencyId}, or was changed without the amounts. Check it in Visma; nothing was"
            " released."
        )
        raise Refused(text, where=where, code="rate.direction", owner=Owner.CONTROLLER)
    return ExchangeRate(currency=own, rate=rate, source=RATE_SOURCE)


# --- what changed -------------------------------------------------------------------------------------------


def content(batch: wire.Batch) -> dict[str, str]:
    """The content of a batch, field by field, without its state and version: equal for two readings between
    which nobody changed the entry.
    """
    header = (
        "transactionDate",
        "financialPeriod",
        "ledger",
        "currencyId",
        "exchangeRate",
        "description",
        "branch",
    )
    said = {name: str(getattr(batch, name)) for name in header}
    for row in batch.lines:
        subaccount = row.subaccount.subaccountNumber if row.subaccount else ""
        work = [part.id for part in (row.project, row.projectTask) if part]
        amounts = f"debit {row.debitAmountInCurrency} credit {row.creditAmountInCurrency}"
        said[f"line {row.lineNumber}"] = " ".join(
            [
                row.accountNumber,
                subaccount,
                *work,
                f"branch {row.branch}",
                amounts,
                repr(row.transactionDescription),
                repr(row.referenceNumber),
            ]
        )
    return said


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The differences between two readings, for a person."""
    names = dict.fromkeys([*before, *now])
    return [
        f"{name}: {before.get(name, 'absent')} → {now.get(name, 'absent')}"
        for name in names
        if before.get(name) != now.get(name)
    ]

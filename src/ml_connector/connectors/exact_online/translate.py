"""Between our journal entry and Exact's general journal entry. Pure: nothing is fetched, nothing is guessed,
every field is accounted for.

    entry.entity        → the division in the address
    entry.journal       → JournalCode
    entry.currency      → Currency, and rate → ExchangeRate
    entry.posting_date  → Date of every line; year and period follow from it in Exact
    entry.text          → Description of the first line, before the marker
    entry.key           → Notes of the first line, as the marker's key
    line.text           → Description, or the entry's text where a line has none;
                          on the first line it follows the key in Notes
    line.amount         → AmountFC, debit positive as here
    line.account        → GLAccount, by its GUID
    line.dimensions     → CostCenter and CostUnit by code, Project by its GUID

Exact has no header text, so the marker stands on the first line: `OurRef` holds its number, `Description`
ends with `#` and its token.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from ml_connector.connectors.exact_online import wire
from ml_connector.domain.dimension import code_on, dimensions
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import Account, BookedEntry, Chart, ExchangeRate, JournalEntry, JournalLine
from ml_connector.domain.limits import check_limits
from ml_connector.domain.money import DECIMALS, AmountError, Money
from ml_connector.domain.period import FiscalPeriod
from ml_connector.domain.problem import Problem
from ml_connector.errors import CodeUnknown, VendorChanged
from ml_connector.ports.ledger import LedgerLimits

DESCRIPTION_MAX = 60
MARKER_CHARACTERS = len(" #") + 10
TEXT_MAX = DESCRIPTION_MAX - MARKER_CHARACTERS
DIGITS_MAX = 15
"""Exact keeps amounts as doubles, which hold 15 significant digits and no more."""
AXES = frozenset({"cost_center", "cost_unit", "project"})
GENERAL = 90
_TOKEN = re.compile(r"#([A-Z2-7]{10})\s*$")
"""What a marker's token looks like, at the end of a first line's description."""
MANDATORY, NOT_ALLOWED = 1, 2


def preflight(entry: JournalEntry, limits: LedgerLimits, divisions: Collection[str]) -> list[Problem]:
    """Everything of the entry that Exact cannot hold."""
    empty = [] if entry.lines else [Problem("entry.empty", "lines", "The entry has no lines.")]
    return [*empty, *check_limits(entry, limits, entities=divisions, digits_max=DIGITS_MAX)]


def to_wire(
    entry: JournalEntry, marker: Marker, accounts: Mapping[str, str], projects: Mapping[str, str]
) -> wire.NewEntry:
    """The entry as Exact takes it; `accounts` and `projects` are code → GUID. Raises `CodeUnknown` for a code
    without one.
    """
    lines = [
        wire.NewLine(
            Date=entry.posting_date.isoformat(),
            GLAccount=_guid("GL account", line.account, accounts),
            AmountFC=line.amount.amount,
            Description=line.text or entry.text,
            CostCenter=code_on("cost_center", line.dimensions),
            CostUnit=code_on("cost_unit", line.dimensions),
            Project=_project(line, projects),
        )
        for line in entry.lines
    ]
    first = lines[0]
    first.Description = f"{entry.text} #{marker.token}".lstrip()
    first.OurRef = marker.number
    first.Notes = f"{marker.key}\n{entry.lines[0].text}".rstrip()
    rate = entry.rate.rate if entry.rate else None
    return wire.NewEntry(
        JournalCode=entry.journal, Currency=entry.currency, GeneralJournalEntryLines=lines, ExchangeRate=rate
    )


def _project(line: JournalLine, projects: Mapping[str, str]) -> str | None:
    code = code_on("project", line.dimensions)
    return None if code is None else _guid("project", code, projects)


def _guid(what: str, code: str, known: Mapping[str, str]) -> str:
    try:
        return known[code]
    except KeyError:
        text = f"Exact has no {what} {code}. Create it there, or map to another."
        raise CodeUnknown(
            text, where=f"{what} {code}", code=f"{'account' if what != 'project' else 'code'}.unknown"
        ) from None


def carries(marker: Marker, description: str | None, notes: str | None) -> bool:
    """Whether a line with the marker's number is ours: by the token, or by the key where a person changed the
    text.
    """
    key = (notes or "").split("\n", 1)[0].strip()
    return key == marker.key or (description or "").rstrip().endswith(f"#{marker.token}")


def booked_entry(receipt: Receipt, rows: Iterable[wire.TransactionLine], own: str) -> BookedEntry:
    """The document from its ledger lines, header rows left out; `own` is the division's currency.

    Raises `VendorChanged` for lines that disagree on what an entry has once.
    """
    lines = sorted((row for row in rows if row.LineNumber != 0), key=lambda row: row.LineNumber or 0)
    heads = {
        ((row.JournalCode or "").strip(), row.Date, (row.Currency or "").strip(), row.ExchangeRate)
        for row in lines
    }
    if len(heads) != 1:
        seen = ", ".join(sorted(map(str, heads)))
        text = (
            f"Document {receipt.number} has lines in several journals, dates, currencies or rates: {seen}."
            " No entry of this connection is written like that."
        )
        raise VendorChanged(text, where=f"document {receipt.number}", support=seen)
    return document(receipt, lines, own)


def document(receipt: Receipt, lines: Sequence[wire.TransactionLine], own: str) -> BookedEntry:
    """An entry of anybody from its lines, of which there are some; `own` is the division's currency. Its date
    is that of the first line: a person may give others to the rest.

    Raises `VendorChanged` for lines in several journals or currencies, or that cannot be read exactly.
    """
    where, first = f"document {receipt.number}", lines[0]
    heads = {((row.JournalCode or "").strip(), (row.Currency or "").strip()) for row in lines}
    if len(heads) != 1:
        seen = ", ".join(sorted(map(str, heads)))
        text = f"Document {receipt.number} has lines in several journals or currencies: {seen}."
        raise VendorChanged(text, where=where, support=seen)
    ((journal, currency),) = heads
    rate = first.ExchangeRate
    return BookedEntry(
        receipt=receipt,
        journal=journal,
        posting_date=day_of(first.Date),
        currency=currency,
        rate=ExchangeRate(currency=own, rate=rate, source="as Exact booked it")
        if rate is not None and own and currency != own
        else None,
        lines=tuple(_journal_line(row, currency, receipt) for row in lines),
        text=first.Description or "",
        marker=_marker_of(lines),
        irregular=len({(row.Date, row.ExchangeRate) for row in lines}) > 1 or None,
    )


def _marker_of(lines: Iterable[wire.TransactionLine]) -> str:
    """The token that the lines carry; only the first one has it, also after a person changed the order."""
    found = (_TOKEN.search(row.Description or "") for row in lines)
    return next((match[1] for match in found if match), "")


def _journal_line(row: wire.TransactionLine, currency: str, receipt: Receipt) -> JournalLine:
    codes = {"cost_center": row.CostCenter, "cost_unit": row.CostUnit, "project": row.ProjectCode}
    try:
        amount = Money(row.AmountFC if row.AmountFC is not None else Decimal(0), currency)
    except AmountError as error:
        text = f"Document {receipt.number} has an amount that cannot be read: {error}."
        raise VendorChanged(text, where=f"document {receipt.number}", support=str(row)) from error
    found = dimensions({axis: (code or "").strip() or None for axis, code in codes.items()})
    return JournalLine(
        account=(row.GLAccountCode or "").strip(), amount=amount, dimensions=found, text=row.Description or ""
    )


def chart(
    entity: str,
    journal: str,
    found: wire.Journal | None,
    own: str,
    accounts: Iterable[wire.GLAccount],
    codes: Mapping[str, Iterable[wire.CostCode]],
    today: date,
) -> Chart:
    """What the division accepts in the journal; `own` is its currency. An axis that the division does not
    keep is absent from `codes`.

    Whether Exact fills in a rate of its own is not documented, so an entry in another currency brings one.
    """
    usable, inactive = codes_by_use(codes, lambda value: is_active(value, today))
    return Chart(
        entity=entity,
        journal=journal,
        journal_problem=journal_problem(entity, journal, found),
        currencies=currencies_of(found, own),
        accounts={row.Code.strip(): account(row) for row in accounts},
        codes=usable,
        inactive=inactive,
        currency=own,
        own_rates=False,
    )


Codes = dict[str, frozenset[str]]
"""Codes by axis."""


def codes_by_use(
    codes: Mapping[str, Iterable[wire.CostCode]], is_active: Callable[[wire.CostCode], bool]
) -> tuple[Codes, Codes]:
    """Codes by axis that may be used, and those that may not."""
    usable, inactive = Codes(), Codes()
    for axis, values in codes.items():
        all_codes = {value.Code.strip(): is_active(value) for value in values}
        usable[axis] = frozenset(code for code, active in all_codes.items() if active)
        inactive[axis] = frozenset(code for code, active in all_codes.items() if not active)
    return usable, inactive


def currencies_of(journal: wire.Journal | None, own: str) -> frozenset[str]:
    """What the journal takes: its currency, or the division's; every one where it says so."""
    currency = ((journal.Currency if journal else None) or "").strip() or own
    variable = journal is not None and journal.AllowVariableCurrency
    return frozenset(({currency} if currency else set()) | (DECIMALS.keys() if variable else set()))


def journal_problem(entity: str, journal: str, found: wire.Journal | None) -> str | None:
    """Why the journal does not take our entries, or `None`."""
    if found is None:
        return f"Division {entity} has no journal {journal}. Create a general journal, or choose another."
    if found.Code.strip() != journal:
        # Exact takes either and shows its own, so the entry would not be read back as it was written.
        return (
            f"Exact writes journal {journal} of division {entity} as {found.Code.strip()}. Write it the"
            " same way."
        )
    if found.Type != GENERAL:
        return (
            f"Journal {journal} of division {entity} is not a general journal (type {found.Type}). Choose one"
            f" of type {GENERAL}."
        )
    if found.IsBlocked:
        return f"Journal {journal} of division {entity} is blocked. Release it, or choose another."
    if found.AllowVAT:
        return (
            f"Journal {journal} of division {entity} allows VAT, so Exact may add lines of its own. Use a"
            " general journal without VAT."
        )
    return None


def account(row: wire.GLAccount) -> Account:
    """An account of the chart."""
    uses = {"cost_center": row.UseCostcenter, "cost_unit": row.UseCostunit}
    return Account(
        code=row.Code.strip(),
        description=row.Description or "",
        blocked=bool(row.IsBlocked),
        required=frozenset(axis for axis, use in uses.items() if use == MANDATORY),
        forbidden=frozenset(axis for axis, use in uses.items() if use == NOT_ALLOWED),
    )


def is_active(value: wire.CostCode, today: date) -> bool:
    """Whether it can be booked on today."""
    ended = value.EndDate is not None and day_of(value.EndDate) < today
    return value.Active is not False and not value.BlockEntry and not ended


def calendar(
    journal: str, periods: Iterable[wire.FinancialPeriod], states: Iterable[wire.JournalStatus]
) -> tuple[FiscalPeriod, ...]:
    """Periods in order. One without a status for the journal counts as open: Exact itself refuses a posting
    into a closed one.
    """
    closed = {(row.Year, row.Period) for row in states if row.Journal.strip() == journal and row.Status == 1}
    return tuple(
        sorted(
            FiscalPeriod(
                start=day_of(row.StartDate),
                end=day_of(row.EndDate),
                year=row.FinYear,
                number=row.FinPeriod,
                open=(row.FinYear, row.FinPeriod) not in closed,
            )
            for row in periods
        )
    )


def day_of(text: str | None) -> date:
    """A date of Exact's. Raises `VendorChanged` for anything else."""
    try:
        return wire.day(text or "")
    except (ValueError, OverflowError) as error:
        raise VendorChanged(
            f"{text!r} is not a date in the form that Exact uses.", where="date", support=str(error)
        ) from error

"""What a company accepts, from what the environment keeps of it: journals, accounts, codes, periods. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date

from ml_connector.connectors.dynamics_fo import wire
from ml_connector.connectors.dynamics_fo.translate import day_of
from ml_connector.domain.journal import Account, Chart
from ml_connector.domain.money import DECIMALS
from ml_connector.domain.period import FiscalPeriod

DAILY, ONE_VOUCHER, OPEN, OPERATING = "Daily", "OneVoucher", "Open", "Operating"
NO_POSTING = frozenset({"Total", "Reporting"})


def journal_problem(entity: str, journal: str, found: wire.JournalName | None) -> str | None:
    """Why the journal name does not take our entries, or `None`."""
    name = f"Journal name {journal} of company {entity}"
    if found is None:
        return (
            f"Company {entity} has no journal name {journal}. Create one of type {DAILY} for payroll, or"
            " choose another."
        )
    if found.Name != journal:
        # Dynamics takes either and shows its own, so the entry would not be read back as it was written.
        return (
            f"Dynamics writes journal name {journal} of company {entity} as {found.Name}. Write it the same"
            " way."
        )
    if found.Type != DAILY:
        return f"{name} is of type {found.Type}. Choose one of type {DAILY}."
    if found.DeleteLinesAfterPosting == wire.YES:
        return (
            f"{name} deletes lines after posting, so the entry could not be compared with the books. Turn"
            " that off, or choose another."
        )
    if found.NewVoucher != ONE_VOUCHER:
        return (
            f"{name} draws new vouchers ({found.NewVoucher}); an entry must be one voucher. Set it to one"
            " voucher number only, or choose another."
        )
    if found.OffsetAccountDisplayValue:
        return (
            f"{name} gives lines the offset account {found.OffsetAccountDisplayValue}, so each would be"
            " booked twice. Clear it, or choose another."
        )
    if found.PostingLineLimit > 0:
        return (
            f"{name} splits journals above {found.PostingLineLimit} lines when they are posted. Clear that"
            " limit, or choose another."
        )
    return None


def chart(
    entity: str,
    journal: str,
    problem: str | None,
    own: str,
    accounts: Iterable[wire.MainAccount],
    overrides: Iterable[wire.AccountState],
    currencies: Iterable[wire.Currency],
    values: Mapping[str, Iterable[wire.DimensionValue]],
    today: date,
) -> Chart:
    """What the company accepts in the journal. The company's own settings of an account can only restrict
    those of the chart.
    """
    stricter = {row.MainAccountId for row in overrides if not _usable(row, today)}
    usable: dict[str, frozenset[str]] = {}
    inactive: dict[str, frozenset[str]] = {}
    totals: dict[str, dict[str, str]] = {}
    for axis, found in values.items():
        rows = list(found)
        states = in_company(rows, today)
        totals[axis] = {row.DimensionValue: row.Description for row in rows if row.IsTotal == wire.YES}
        usable[axis] = frozenset(code for code, active in states.items() if active)
        inactive[axis] = frozenset(states) - usable[axis] - frozenset(totals[axis])
    return Chart(
        entity=entity,
        journal=journal,
        journal_problem=problem,
        currencies=frozenset(row.CurrencyCode for row in currencies).intersection(DECIMALS),
        accounts={row.MainAccountId: _account(row, stricter, today) for row in accounts},
        codes=usable,
        inactive=inactive,
        currency=own,
        totals=totals,
    )


def _account(row: wire.MainAccount, stricter: set[str], today: date) -> Account:
    return Account(
        code=row.MainAccountId,
        description=row.Name,
        blocked=row.MainAccountId in stricter or not _usable(row, today),
        is_total=row.MainAccountType in NO_POSTING,
    )


def _usable(row: wire.AccountState, today: date) -> bool:
    blocked = wire.YES in (row.IsSuspended, row.DoNotAllowManualEntry)
    return not blocked and _within(row.ActiveFrom, row.ActiveTo, today)


def in_company(rows: Iterable[wire.DimensionValue], today: date) -> dict[str, bool]:
    """Whether each code may be used in the company. A row of its own is beside the shared one: what either
    bars is barred, and days of its own replace the shared ones.
    """
    own: dict[str, wire.DimensionValue] = {}
    shared: dict[str, wire.DimensionValue] = {}
    for row in rows:
        (own if row.LegalEntityId else shared)[row.DimensionValue] = row
    states = {code: active(row, today) for code, row in shared.items()}
    for code, row in own.items():
        every = shared.get(code, row)
        dated = any(day_of(day) for day in (row.ActiveFrom, row.ActiveTo) if day)
        states[code] = active(row, today) and (not _barred(every) if dated else active(every, today))
    return states


def _barred(row: wire.DimensionValue) -> bool:
    return wire.YES in (row.IsSuspended, row.IsBlockedForManualEntry, row.IsTotal)


def active(row: wire.DimensionValue, today: date) -> bool:
    """Whether journals may use the value on this day."""
    return not _barred(row) and _within(row.ActiveFrom, row.ActiveTo, today)


def _within(start: str, end: str, today: date) -> bool:
    first, last = day_of(start) if start else None, day_of(end) if end else None
    return (first is None or first <= today) and (last is None or today <= last)


def calendar(
    periods: Iterable[wire.FiscalPeriod], states: Iterable[wire.LedgerPeriod]
) -> tuple[FiscalPeriod, ...]:
    """Operating periods in order, numbered within their year. One whose state the ledger does not show counts
    as closed.
    """
    open_ones = {
        (row.YearName, row.PeriodName)
        for row in states
        if row.PeriodStatus == OPEN and row.LedgerAccessLevel != "None"
    }
    years: dict[str, list[tuple[date, date, str]]] = {}
    for row in periods:
        start, end = day_of(row.StartDate), day_of(row.EndDate)
        if row.Type == OPERATING and start is not None and end is not None:
            years.setdefault(row.FiscalYear, []).append((start, end, row.PeriodName))
    found = [
        FiscalPeriod(
            start=start, end=end, year=_year(name, rows[-1]), number=number, open=(name, period) in open_ones
        )
        for name, rows in ((name, sorted(rows)) for name, rows in years.items())
        for number, (start, end, period) in enumerate(rows, 1)
    ]
    return tuple(sorted(found))


def _year(name: str, last: tuple[date, date, str]) -> int:
    digits = re.search(r"\d{4}", name)
    return int(digits[0]) if digits else last[1].year

"""Lists that are worked out when they are read: periods of journals, and balances."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.vendor import Row
from ml_connector_sandbox.systems.exact_online.book import DivisionBook
from ml_connector_sandbox.systems.exact_online.masters import JOURNAL_TYPES
from ml_connector_sandbox.systems.exact_online.odata import Query


def journal_statuses(book: DivisionBook, query: Query) -> Iterable[Row]:
    """Whether each period is open or closed for each journal, as far as the filter asks for it."""
    wanted = dict(query.where.equal) if query.where else {}
    year, number = wanted.get("Year"), wanted.get("Period")
    periods = [
        p for p in book["periods"] if year in (None, p["FinYear"]) and number in (None, p["FinPeriod"])
    ]
    for journal in book["journals"]:
        if wanted.get("Journal", journal["Code"]) != journal["Code"]:
            continue
        for period in periods:
            if (
                wanted.get("Year", period["FinYear"]) != period["FinYear"]
                or wanted.get("Period", period["FinPeriod"]) != period["FinPeriod"]
            ):
                continue
            closed = book.is_closed(journal["Code"], period["FinYear"], period["FinPeriod"])
            yield {
                "Journal": journal["Code"],
                "JournalDescription": journal["Description"],
                "JournalType": journal["Type"],
                "JournalTypeDescription": JOURNAL_TYPES.get(journal["Type"], ""),
                "Period": period["FinPeriod"],
                "Year": period["FinYear"],
                "Status": int(closed),
                "StatusDescription": "Closed" if closed else "Open",
            }


def balances(book: DivisionBook) -> list[Row]:
    """The lines summed by account, cost center, cost unit, period, status and type."""
    groups: dict[tuple[Any, ...], Row] = {}
    sums: dict[tuple[Any, ...], list[Decimal]] = defaultdict(list)
    for line in book["lines"]:
        if not line["LineNumber"]:
            continue
        key = tuple(
            line.get(n)
            for n in (
                "GLAccount",
                "CostCenter",
                "CostUnit",
                "FinancialYear",
                "FinancialPeriod",
                "Status",
                "Type",
            )
        )
        sums[key].append(line["AmountDC"])
        groups.setdefault(key, line)
    rows = []
    for number, (key, amounts) in enumerate(sums.items(), 1):
        line = groups[key]
        account = book["accounts"].get(line["GLAccount"]) or {}
        rows.append(
            {
                "ID": number,
                "Amount": sum(amounts, Decimal(0)),
                "AmountDebit": sum((a for a in amounts if a > 0), Decimal(0)),
                "AmountCredit": -sum((a for a in amounts if a < 0), Decimal(0)),
                "BalanceType": account.get("BalanceType"),
                "CostCenterCode": line.get("CostCenter"),
                "CostCenterDescription": line.get("CostCenterDescription"),
                "CostUnitCode": line.get("CostUnit"),
                "CostUnitDescription": line.get("CostUnitDescription"),
                "Count": len(amounts),
                "Division": book.code,
                "GLAccount": line["GLAccount"],
                "GLAccountCode": line["GLAccountCode"],
                "GLAccountDescription": line["GLAccountDescription"],
                "ReportingPeriod": line["FinancialPeriod"],
                "ReportingYear": line["FinancialYear"],
                "Status": line["Status"],
                "Type": line["Type"],
            }
        )
    return rows

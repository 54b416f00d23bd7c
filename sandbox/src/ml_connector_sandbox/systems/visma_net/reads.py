"""Lists: which rows a caller's parameters choose, and which of them stand on the page asked for.

Parameter names are matched whatever their case; those nobody knows are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from ml_connector_sandbox.core.vendor import Row
from ml_connector_sandbox.systems.visma_net import journals, render
from ml_connector_sandbox.systems.visma_net.book import POSTED, UNPOSTED, UNRELEASED, Company

Query = Mapping[str, str]
"""Parameters by lower-case name."""
CONDITIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
}
STATUSES = (
    "hold",
    "balanced",
    "unposted",
    "posted",
    "completed",
    "voided",
    "released",
    "partiallyreleased",
    "scheduled",
    "unreleased",
)
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}:\d{2})(\.\d{1,7})?)?")


class BadQuery(ValueError):
    """A parameter is missing or cannot be read."""


def flag(query: Query, name: str, default: bool = False) -> bool:
    """A yes-or-no parameter."""
    text = query.get(name.lower())
    return default if text is None else text.strip().lower() == "true"


def moment(text: str) -> tuple[datetime, bool]:
    """A moment, and whether only its date was given; `BadQuery` for what is neither."""
    found = _MOMENT.fullmatch(text.strip())
    try:
        if found is not None:
            return (
                datetime.fromisoformat(f"{found[1]}T{found[2] or '00:00:00'}{(found[3] or '')[:7]}"),
                found[2] is None,
            )
    except ValueError:
        pass
    raise BadQuery(f"lastModifiedDateTime '{text}' is not a date or time.")


def changed(rows: Iterable[Row], query: Query) -> list[Row]:
    """The rows the `lastModifiedDateTime` pair chooses; half a pair, or an odd condition, chooses all."""
    given, condition = (
        query.get("lastmodifieddatetime"),
        query.get("lastmodifieddatetimecondition", "").strip(),
    )
    if not given or condition not in CONDITIONS:
        return list(rows)
    at, date_only = moment(given)
    holds = CONDITIONS[">=" if date_only and condition == ">" else condition]
    return [row for row in rows if holds(row["_modified"], at)]


def above(rows: Iterable[Row], query: Query, code: str) -> list[Row]:
    """The rows behind `greaterThanValue`, which looks at that field; with no field all of them."""
    least = query.get("greaterthanvalue", "").strip()
    return [row for row in rows if not code or not least or str(row[code]) > least]


def page(rows: Sequence[Any], query: Query, largest: int) -> tuple[Sequence[Any], Row]:
    """The rows of the page asked for, and the metadata every element of it carries."""
    number, size = _count(query, "pagenumber", 1), _count(query, "pagesize", largest)
    size = min(size, largest)
    return rows[(number - 1) * size : number * size], {"totalCount": len(rows), "maxPageSize": largest}


def _count(query: Query, name: str, default: int) -> int:
    text = query.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise BadQuery(f"The value '{text}' is not valid for {name}.")
    return int(text) or default


def batches(book: Company, query: Query) -> list[Row]:
    """Batches by period or change, paged by lines: a batch that crosses a page stands on both."""
    chosen: list[Row] = _visible(book)
    period, given = query.get("periodid"), query.get("lastmodifieddatetime")
    if not period and not given:
        raise BadQuery("One of the parameters periodId and lastModifiedDateTime is mandatory.")
    if period:
        chosen = [row for row in chosen if row["period"] == period.strip()]
    chosen = _implicitly_changed(book, chosen, query)
    if query.get("module") and query["module"].upper() != "GL":
        chosen = []
    status = query.get("status", "").lower()
    if status and status not in STATUSES:
        raise BadQuery(f"The value '{query['status']}' is not valid for status.")
    if status:
        chosen = [
            row
            for row in chosen
            if row["status"].lower() == status or (status == "unreleased" and row["status"] in UNRELEASED)
        ]
    if query.get("branch"):
        chosen = [row for row in chosen if row["branch"] == query["branch"]]
    flat = [(row, line) for row in chosen for line in row["lines"]]
    shown, metadata = page(flat, query, int(book.switches["page_lines_max"]))
    attachments = flag(query, "expandAttachments")
    made = []
    for _, group in groupby(shown, key=lambda pair: pair[0]["batchNumber"]):
        pairs = list(group)
        dto = render.batch(book, pairs[0][0], [line for _, line in pairs], attachments=attachments)
        made.append({**dto, "metadata": metadata})
    return made


def _visible(book: Company) -> list[Row]:
    lag = int(book.switches["visibility_lag_seconds"])
    rows = sorted(book.batches.values(), key=lambda row: (len(row["batchNumber"]), row["batchNumber"]))
    if not lag:
        return rows
    until = book.now() - timedelta(seconds=lag)
    return [row for row in rows if row["_modified"] <= until]


def _implicitly_changed(book: Company, rows: list[Row], query: Query) -> list[Row]:
    """What a list without a condition parameter makes of `lastModifiedDateTime`: at or after it."""
    if book.switches["journal_condition"] and query.get("lastmodifieddatetimecondition"):
        return changed(rows, query)
    given = query.get("lastmodifieddatetime")
    if not given:
        return rows
    at, _ = moment(given)
    return [row for row in rows if row["_modified"] >= at]


def transactions(book: Company, query: Query) -> list[Row]:
    """Rows of the general ledger: posted ones, and others only when asked for."""
    ledger = query.get("ledger", "").strip()
    if not ledger:
        raise BadQuery("The ledger parameter is mandatory.")
    wanted = {POSTED}
    if flag(query, "includeUnposted"):
        wanted.add(UNPOSTED)
    if flag(query, "includeUnreleased"):
        wanted.update(UNRELEASED)
    chosen = [row for row in _visible(book) if row["ledger"] == ledger and row["status"] in wanted]
    chosen = [
        row
        for row in changed(chosen, query)
        if _between(row["period"], query.get("fromperiod"), query.get("toperiod"))
    ]
    chosen = [
        row
        for row in chosen
        if _between(row["date"].date().isoformat(), query.get("fromdate"), query.get("todate"))
    ]
    flat = [(row, line) for row in chosen for line in row["lines"]]
    flat = [
        pair
        for pair in flat
        if _asked(query, "account", pair[1]["account"]) and _asked(query, "branch", pair[1]["branch"])
    ]
    if query.get("subaccountid"):
        known = {book.subaccounts[n]["subaccountId"] for n in book.subaccounts if n == query["subaccountid"]}
        flat = [pair for pair in flat if _is_subaccount(book, pair[1], query["subaccountid"], known)]
    balances = _running(book, ledger, flat) if flag(query, "includeTransactionBalance") else None
    shown, metadata = page(list(enumerate(flat)), query, int(book.switches["page_lines_max"]))
    return [
        {**_transaction(book, row, line, balances[i] if balances else None, query), "metadata": metadata}
        for i, (row, line) in shown
    ]


def _is_subaccount(book: Company, line: Row, wanted: str, known: set[int]) -> bool:
    row = book.subaccounts.get(line["subaccount"] or "")
    return row is not None and (str(row["subaccountId"]) == wanted or row["subaccountId"] in known)


def _between(value: str, first: str | None, last: str | None) -> bool:
    return (not first or value >= first.strip()) and (not last or value <= last.strip())


def _asked(query: Query, name: str, value: str) -> bool:
    return not query.get(name) or query[name].strip() == value


def _asked_kind(query: Query, kind: str) -> bool:
    return query.get("balancetype", kind).strip().lower() == kind.lower()


def _running(book: Company, ledger: str, flat: Sequence[tuple[Row, Row]]) -> list[tuple[Decimal, Decimal]]:
    """Balance of the account before and after each row, over all that is posted."""
    first = min((row["period"] for row, _ in flat), default="")
    sums: dict[str, Decimal] = {}
    for row in book.batches.values():
        if row["ledger"] == ledger and row["status"] == POSTED and row["period"] < first:
            for line in row["lines"]:
                debit, credit = journals.amounts(book, row, line)
                sums[line["account"]] = sums.get(line["account"], Decimal(0)) + debit - credit
    found = []
    for row, line in flat:
        debit, credit = journals.amounts(book, row, line)
        before = sums.get(line["account"], Decimal(0))
        sums[line["account"]] = before + debit - credit
        found.append((before, sums[line["account"]]))
    return found


def account_named(book: Company, number: str, *, expand: bool) -> Row:
    """An account as other rows name it; its codes outside the company only when they are wanted."""
    row = book.accounts.get(number, {})
    codes = ("externalCode1", "externalCode2", "externalCode1Info", "externalCode2Info") if expand else ()
    shown = {"type": row.get("type"), **dict.fromkeys(codes), "glConsolAccountCD": None}
    return {**shown, "number": number, "description": row.get("description")}


def _transaction(
    book: Company, row: Row, line: Row, balance: tuple[Decimal, Decimal] | None, query: Query
) -> Row:
    debit, credit = journals.amounts(book, row, line)
    branch = {
        "number": line["branch"],
        **({"name": book.branches[line["branch"]]["name"]} if flag(query, "expandBranchInfo") else {}),
    }
    before, after = (
        ({}, {}) if balance is None else ({"begBalance": balance[0]}, {"endingBalance": balance[1]})
    )
    own_before, own_after = (
        ({}, {}) if balance is None else ({"currBegBalance": balance[0]}, {"currEndingBalance": balance[1]})
    )
    return {
        "lineNumber": line["lineNumber"],
        "module": "GL",
        "batchNumber": row["batchNumber"],
        "tranDate": row["date"],
        "period": row["period"],
        "description": line["text"],
        "refNumber": line["reference"],
        "branch": branch,
        "account": account_named(book, line["account"], expand=flag(query, "expandAccountInfo")),
        "ledger": {"id": row["ledger"], "description": book.ledgers[row["ledger"]]["description"]},
        "subaccount": line["subaccount"],
        **before,
        "debitAmount": debit,
        "creditAmount": credit,
        **after,
        "currency": row["currencyId"],
        **own_before,
        "currDebitAmount": line["debit"],
        "currCreditAmount": line["credit"],
        **own_after,
        "lastModifiedDateTime": row["_modified"],
        "errorInfo": None,
    }


def balances(book: Company, query: Query) -> list[Row]:
    """Sums per branch, ledger, account and subaccount of a period, over what is posted."""
    period = query.get("periodid", "").strip()
    if not period and not query.get("lastmodifieddatetime"):
        raise BadQuery("One of the parameters periodId and lastModifiedDateTime is mandatory.")
    posted = _implicitly_changed(
        book, [row for row in book.batches.values() if row["status"] == POSTED], query
    )
    touched = {period or row["period"] for row in posted} or {period}
    rows: list[Row] = []
    for each in sorted(touched):
        rows += _balances_of(book, each, query)
    shown, metadata = page(rows, query, int(book.switches["page_lines_max"]))
    return [{**row, "metadata": metadata} for row in shown]


def _balances_of(book: Company, period: str, query: Query) -> list[Row]:
    cells: dict[tuple[str, str, str, str], Row] = {}
    for row in book.batches.values():
        if row["status"] != POSTED or row["period"] > period:
            continue
        for line in row["lines"]:
            debit, credit = journals.amounts(book, row, line)
            key = (line["branch"], row["ledger"], line["account"], line["subaccount"] or "")
            blank = {
                "debit": Decimal(0),
                "credit": Decimal(0),
                "before": Decimal(0),
                "modified": row["_modified"],
            }
            cell = cells.setdefault(key, blank)
            if row["period"] == period:
                cell["debit"] += debit
                cell["credit"] += credit
            else:
                cell["before"] += debit - credit
            cell["modified"] = max(cell["modified"], row["_modified"])
    return [
        _balance(book, key, cell, period, turned=flag(query, "toggleBalanceSigns"))
        for key, cell in sorted(cells.items())
        if _asked(query, "branch", key[0])
        and _asked(query, "ledger", key[1])
        and _asked(query, "account", key[2])
        if _asked_kind(query, book.ledgers[key[1]]["balanceType"])
    ]


def _balance(book: Company, key: tuple[str, str, str, str], cell: Row, period: str, *, turned: bool) -> Row:
    branch, ledger, number, sub = key
    account = book.accounts.get(number, {})
    sign = -1 if turned and account.get("type") in ("Liability", "Income") else 1
    amounts = {
        "periodToDateDebit": cell["debit"],
        "periodToDateCredit": cell["credit"],
        "beginningBalance": sign * cell["before"],
        "yearToDateBalance": sign * (cell["before"] + cell["debit"] - cell["credit"]),
    }
    return {
        "branch": {"number": branch, "name": book.branches[branch]["name"]},
        "ledger": {"id": ledger, "description": book.ledgers[ledger]["description"]},
        "balanceType": book.ledgers[ledger]["balanceType"],
        "financialPeriod": period,
        "account": account_named(book, number, expand=False),
        "subaccountId": str(book.subaccounts[sub]["subaccountId"]) if sub in book.subaccounts else None,
        "subAccountCd": sub or None,
        "currencyId": book.currency,
        **amounts,
        **{f"{name}InCurrency": value for name, value in amounts.items()},
        "yearClosed": False,
        "lastModifiedDateTime": cell["modified"],
        "errorInfo": None,
    }

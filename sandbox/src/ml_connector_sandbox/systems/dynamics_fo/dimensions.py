"""Account and dimension display strings: the active format, the delimiter, escapes, and what a value must
pass.

    format  MainAccount-Department-CostCenter
    text    601100--P1\\-ASM  ->  601100, Department blank, CostCenter P1-ASM

Fewer segments than the format leave the rest blank; more are dropped without a word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Broken, Row
from ml_connector_sandbox.systems.dynamics_fo.book import Book
from ml_connector_sandbox.systems.dynamics_fo.schema import BLANK_DATE

LEDGER_FORMAT = "DataEntityLedgerDimensionFormat"
DEFAULT_FORMAT = "DataEntityDefaultDimensionFormat"
MAIN_ACCOUNT = "MainAccount"
_TEXTS = {"Hyphen": "-", "Period": ".", "Underscore": "_", "Bar": "|", "Tilde": "~"}
FORMAT_KINDS = {"ledger": LEDGER_FORMAT, "default": DEFAULT_FORMAT}


def delimiter(book: Book) -> str:
    """The text between two segments."""
    row = book["dimension_parameters"].get(1)
    name = str(row["DimensionSegmentDelimiter"]) if row else "Hyphen"
    return _TEXTS[name.removeprefix("Double")] * (2 if name.startswith("Double") else 1)


def active_format(book: Book, kind: str) -> list[str]:
    """The dimension names of the one active format of that type, in order; `Broken` when none is active."""
    for row in book["formats"]:
        if row["DimensionFormatType"] == kind and row["IsActive"] == "Yes":
            return [name for name in str(row["FinancialDimensionFormat"]).split(delimiter(book)) if name]
    raise Broken(
        f"No active dimension format of type {kind} is set up. Set up a format in Financial dimension"
        " configuration for integrating applications"
    )


def split(text: str, between: str) -> list[str]:
    """The segments of a display string, unescaped."""
    segments, current, at = [], "", 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            current += text[at + 1]
            at += 2
        elif text.startswith(between, at):
            segments.append(current)
            current = ""
            at += len(between)
        else:
            current += text[at]
            at += 1
    return [*segments, current]


def join(values: Sequence[str], between: str, *, trim: bool) -> str:
    """A display string of these values, escaped; without blank ones at the end when `trim`."""
    kept = list(values)
    while trim and kept and not kept[-1]:
        kept.pop()
    return between.join(escaped(value, between) for value in kept)


def escaped(value: str, between: str) -> str:
    """A value with a backslash before every delimiter and every backslash in it."""
    return value.replace("\\", "\\\\").replace(between, "\\" + between)


def parse_account(book: Book, company: str, text: str) -> tuple[Row, dict[str, str]]:
    """Main account and dimension values of a ledger account string; every value exists. `Broken` lists all
    that do not.
    """
    names = active_format(book, LEDGER_FORMAT)
    given = dict(zip(names, (segment.strip() for segment in split(text, delimiter(book))), strict=False))
    chart = book.company(company)["ChartOfAccounts"]
    number = given.pop(MAIN_ACCOUNT, "")
    account = book["accounts"].get(chart, number)
    problems = []
    if not number:
        problems.append("The Main account must be filled in")
    elif account is None:
        problems.append(_unknown(MAIN_ACCOUNT, number, "MAINACCOUNT", "DIMATTRIBUTEMAINACCOUNT"))
    problems += _unknown_values(book, company, given)
    if problems or account is None:
        raise Broken(*problems)
    held = {
        name: str(value_in(book, company, name, value)["DimensionValue"])
        for name, value in given.items()
        if value
    }
    book.use(held)
    return account, held


def parse_default(book: Book, company: str, text: str) -> dict[str, str]:
    """Dimension values of a default-dimension string; `Broken` for values that do not exist."""
    if not text:
        return {}
    names = active_format(book, DEFAULT_FORMAT)
    given = dict(zip(names, (segment.strip() for segment in split(text, delimiter(book))), strict=False))
    problems = _unknown_values(book, company, given)
    if problems:
        raise Broken(*problems)
    held = {name: value for name, value in given.items() if value}
    book.use(held)
    return held


def demand_default(book: Book, company: str, text: str) -> None:
    """`Broken` for default dimensions of people that are not open in that company today."""
    held = parse_default(book, company, text)
    problems = unusable_values(book, company, held, book.today())
    if problems and book.switches["default_dimension_check"] == "refuse":
        raise Broken(*problems)


def show_account(book: Book, account: str, dimensions: Mapping[str, str], switches: Switches) -> str:
    """The display string of a combination in the ledger format; the bare account while no format is
    active.
    """
    try:
        names = active_format(book, LEDGER_FORMAT)
    except Broken:
        return escaped(account, delimiter(book))
    values = [account if name == MAIN_ACCOUNT else dimensions.get(name, "") for name in names]
    return join(values, delimiter(book), trim=switches["trims_trailing_blanks"])


def usable(book: Book, company: str, account: Row, dimensions: Mapping[str, str], day: date) -> list[str]:
    """What stands against booking on this combination that day: suspended or inactive account and values."""
    override = (
        book["account_overrides"].get(account["MainAccountId"], account["ChartOfAccounts"], company) or {}
    )
    problems = []
    if "Yes" in (account["IsSuspended"], override.get("IsSuspended")):
        problems.append(f"Main account {account['MainAccountId']} is suspended")
    elif not _is_active(account, day):
        problems.append(f"Main account {account['MainAccountId']} isn't active")
    return problems + unusable_values(book, company, dimensions, day)


def unusable_values(book: Book, company: str, dimensions: Mapping[str, str], day: date) -> list[str]:
    """The values that are suspended, totals, not active that day or gone, in that company."""
    problems = []
    for name, value in dimensions.items():
        row = value_in(book, company, name, value)
        if row.get("IsSuspended") == "Yes":
            problems.append(f"{name} {value} is suspended")
        elif row.get("IsTotal") == "Yes":
            problems.append(f"{name} {value} is a total and cannot be posted to")
        elif row and not _is_active(row, day):
            problems.append(f"{name} {value} isn't active")
        elif not row:
            problems.append(f"The value {value} doesn't exist for {name}")
    return problems


def blocked_for_manual_entry(
    book: Book, company: str, account: Row, dimensions: Mapping[str, str]
) -> list[str]:
    """The account and the values that may not be entered by hand."""
    override = (
        book["account_overrides"].get(account["MainAccountId"], account["ChartOfAccounts"], company) or {}
    )
    problems = []
    if "Yes" in (account["DoNotAllowManualEntry"], override.get("DoNotAllowManualEntry")):
        problems.append(f"Main account {account['MainAccountId']} is blocked for manual entry")
    for name, value in dimensions.items():
        if value_in(book, company, name, value).get("IsBlockedForManualEntry") == "Yes":
            problems.append(f"{name} {value} is blocked for manual entry")
    return problems


def missing(book: Book, account: Row, dimensions: Mapping[str, str]) -> list[str]:
    """The dimensions the account structure demands with this account and that are blank."""
    wanted = book.demands.get(str(account["MainAccountId"]), ())
    number = account["MainAccountId"]
    return [
        f"You must select a value in the {name} field in combination with the following dimensions values"
        f" that are valid: MainAccount - {number}"
        for name in wanted
        if not dimensions.get(name)
    ]


def value_in(book: Book, company: str, name: str, value: str) -> Row:
    """A value as that company sees it: the shared one, and what the company overrides of it.

    What is suspended or blocked for all is so in every company; days of a company's own replace the shared
    ones.
    """
    values = book["dimension_values"]
    shared, own = values.get(name, "", value), values.get(name, company, value)
    if shared is None or own is None:
        return shared or own or {}
    flags = {
        flag: "Yes" if "Yes" in (shared.get(flag), own.get(flag)) else "No"
        for flag in ("IsSuspended", "IsBlockedForManualEntry")
    }
    days = {
        field: own[field] for field in ("ActiveFrom", "ActiveTo") if own.get(field, BLANK_DATE) != BLANK_DATE
    }
    return {**shared, **flags, **days}


def _unknown_values(book: Book, company: str, given: Mapping[str, str]) -> list[str]:
    gone = [
        (name, value) for name, value in given.items() if value and not value_in(book, company, name, value)
    ]
    return [
        _unknown(name, value, "DIMENSIONFINANCIALTAG", f"DIMATTRIBUTE{name.upper()}") for name, value in gone
    ]


def _unknown(name: str, value: str, table: str, view: str) -> str:
    return (
        f"Unable to return DimensionAttributeValue record for Dimension {name} with value {value} as no"
        f" record exists in table {table} through view {view}"
    )


def _is_active(row: Mapping[str, Any], day: date) -> bool:
    first, last = row.get("ActiveFrom", BLANK_DATE), row.get("ActiveTo", BLANK_DATE)
    return bool((first == BLANK_DATE or first <= day) and (last == BLANK_DATE or day <= last))

"""The job "Post journals" and what it leaves in the general ledger.

Nothing in the API posts a journal; the job takes every journal it finds that is not posted, whole or not: a
part of a journal that happens to balance is posted like any other.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Row
from ml_connector_sandbox.systems.dynamics_fo import dimensions
from ml_connector_sandbox.systems.dynamics_fo.book import Book
from ml_connector_sandbox.systems.dynamics_fo.journals import closed, in_accounting_currency, offset_problems
from ml_connector_sandbox.systems.dynamics_fo.render import number_text

_FINANCIAL = ("ProfitAndLoss", "Revenue", "Expense", "BalanceSheet", "Asset", "Liability", "Equity")


def run_job(
    book: Book, switches: Switches, *, company: str | None = None, only: str | None = None
) -> dict[str, Any]:
    """Post what can be posted: `{"posted": [numbers], "failed": [{"journal", "messages"}]}`; empty journals
    are passed over.
    """
    posted, failed = [], []
    for header in book["headers"]:
        if header["IsPosted"] == "Yes" or (only and header["JournalBatchNumber"] != only):
            continue
        if company and header["dataAreaId"].casefold() != company.casefold():
            continue
        lines = book.journal_lines(header)
        if not lines:
            continue
        messages = check(book, header, lines)
        if messages:
            failed.append({"journal": header["JournalBatchNumber"], "messages": messages})
        else:
            post(book, switches, header, lines)
            posted.append(header["JournalBatchNumber"])
    return {"posted": posted, "failed": failed}


def check(book: Book, header: Row, lines: Sequence[Row]) -> list[str]:
    """Everything that stands against posting this journal."""
    name = book["journal_names"].get(header["dataAreaId"], header["JournalName"]) or {}
    messages: list[str] = []
    if "Yes" in (name.get("IsWorkflowApprovalActive"), name.get("IsApprovalActive")) and not header.get(
        "_approved"
    ):
        messages.append(f"Journal {header['JournalBatchNumber']} is not approved")
    limit = int(name.get("PostingLineLimit", 0))
    if limit and len(lines) > limit:
        messages.append(f"Journal {header['JournalBatchNumber']} has more than {limit} lines")
    for day in sorted({line["TransDate"] for line in lines}):
        messages += closed(book, header["dataAreaId"], day)
    seen: set[tuple[Any, ...]] = set()
    for line in lines:
        combination = (
            line["AccountType"],
            line["_account"],
            tuple(sorted(line["_dimensions"].items())),
            line["TransDate"],
        )
        if combination not in seen:
            seen.add(combination)
            messages += _account_problems(book, line)
        messages += offset_problems(book, line)
        if not line["Voucher"]:
            messages.append("Voucher must be filled in")
    return messages + _balances(book, lines)


def post(book: Book, switches: Switches, header: Row, lines: Sequence[Row]) -> None:
    """Move a checked journal into the ledger."""
    name = book["journal_names"].get(header["dataAreaId"], header["JournalName"]) or {}
    if name.get("VoucherAllocationAtPosting") == "Yes":
        _reallocate(book, name, lines)
    vouchers: dict[tuple[str, date], list[Row]] = defaultdict(list)
    for line in lines:
        vouchers[(line["Voucher"], line["TransDate"])].append(line)
    for (voucher, day), part in vouchers.items():
        _entry(book, switches, header, voucher, day, part)
    hidden = name.get("DeleteLinesAfterPosting") == "Yes"
    for line in lines:
        book["lines"].change(line, {"_hidden": hidden})
    book.change("headers", header, {"IsPosted": "Yes", "_posted": book.now()})


def _account_problems(book: Book, line: Row) -> list[str]:
    if line["AccountType"] != "Ledger":
        return []
    company = line["Company"]
    account = book["accounts"].get(book.company(company)["ChartOfAccounts"], line["_account"])
    if account is None:
        return [f"Main account {line['_account']} does not exist"]
    if account["MainAccountType"] not in _FINANCIAL:
        number = line["_account"]
        return [
            f"The account type for main account {number} is not valid. The main account type must be"
            " Financial."
        ]
    problems = dimensions.usable(book, company, account, line["_dimensions"], line["TransDate"])
    problems += dimensions.blocked_for_manual_entry(book, company, account, line["_dimensions"])
    problems += dimensions.missing(book, account, line["_dimensions"])
    control = account["BalanceControl"]
    signed = line["DebitAmount"] - line["CreditAmount"]
    if (control == "Debit" and signed < 0) or (control == "Credit" and signed > 0):
        text = f"A requirement for {control.lower()} balance is selected for account {line['_account']}"
        problems.append(f"{text}, but this is violated by voucher {line['Voucher']}")
    return problems


def _balances(book: Book, lines: Sequence[Row]) -> list[str]:
    vouchers: dict[tuple[str, date], list[Row]] = defaultdict(list)
    for line in lines:
        if not line.get("OffsetAccountDisplayValue"):
            vouchers[(line["Voucher"], line["TransDate"])].append(line)
    messages = []
    for (voucher, day), part in vouchers.items():
        own = sum((in_accounting_currency(book, line) for line in part), Decimal(0))
        currencies = {line["CurrencyCode"] for line in part}
        transaction = sum((line["DebitAmount"] - line["CreditAmount"] for line in part), Decimal(0))
        if own or (len(currencies) == 1 and transaction):
            date_text = f"{day.month}/{day.day}/{day.year}"
            amounts = f"accounting currency: {number_text(own)} - reporting currency: {number_text(own)}"
            messages.append(
                f"The transactions on voucher {voucher} do not balance as per {date_text}. ({amounts})"
            )
    return messages


def _reallocate(book: Book, name: Row, lines: Sequence[Row]) -> None:
    """Give every voucher its number at last."""
    fresh: dict[str, str] = {}
    for line in lines:
        old = line["Voucher"]
        if old not in fresh:
            fresh[old] = book.next_number(
                f"posted {name['VoucherSeriesCode']}", f"{name['VoucherSeriesCode'] or 'GNJP'}P#######"
            )
        book.change("lines", line, {"Voucher": fresh[old]})


def _entry(
    book: Book, switches: Switches, header: Row, voucher: str, day: date, lines: Sequence[Row]
) -> None:
    ledger = book.company(header["dataAreaId"])
    period = book.period_of(header["dataAreaId"], day) or {}
    number = book.next_number(f"entry {header['dataAreaId']}", "JE########")
    entry = book.add(
        "gl_entries",
        {
            "JournalNumber": number,
            "FiscalCalendarYear": period.get("_year_rec_id", 0),
            "Ledger": ledger["LedgerRecId"],
            "SubledgerVoucher": voucher,
            "SubledgerVoucherDataAreaId": header["dataAreaId"],
            "AccountingDate": day,
            "DocumentDate": lines[0].get("DocumentDate", day),
            "DocumentNumber": lines[0].get("Document", ""),
            "JournalCategory": "GeneralJournal",
            "PostingLayer": header["PostingLayer"],
            "FiscalCalendarPeriod": period.get("RecId", 0),
            "SourceKey": book.next_rec_id("GeneralJournalEntry"),
            "CreatedOn": book.now(),
            "SysCreatedBy": "batch",
        },
    )
    for line in lines:
        _entry_line(book, switches, header, entry, ledger, line, line["_account"], line["_dimensions"], 1)
        if line.get("OffsetAccountDisplayValue") and line["OffsetAccountType"] == "Ledger":
            account, held = dimensions.parse_account(book, line["Company"], line["OffsetAccountDisplayValue"])
            _entry_line(book, switches, header, entry, ledger, line, account["MainAccountId"], held, -1)


def _entry_line(
    book: Book,
    switches: Switches,
    header: Row,
    entry: Row,
    ledger: Row,
    line: Row,
    account: str,
    held: dict[str, str],
    sign: int,
) -> None:
    signed = (line["DebitAmount"] - line["CreditAmount"]) * sign
    own = in_accounting_currency(book, line) * sign
    chart_row = book["accounts"].get(ledger["ChartOfAccounts"], account) or {}
    shown = dimensions.show_account(book, account, held, switches)
    key = book.next_rec_id("GeneralJournalAccountEntry")
    book.add(
        "gl_lines",
        {
            "SourceKey": key,
            "GeneralJournalAccountEntryRecId": key,
            "GeneralJournalEntry": entry["SourceKey"],
            "JournalNumber": entry["JournalNumber"],
            "Voucher": entry["SubledgerVoucher"],
            "AccountingDate": entry["AccountingDate"],
            "PostingLayer": header["PostingLayer"],
            "LedgerAccount": shown,
            "AccountDisplayValue": shown,
            "Account": account,
            "MainAccount": chart_row.get("MainAccountRecId", 0),
            "LedgerDimensionValuesJson": json.dumps({"MainAccount": account, **held}),
            "TransactionCurrencyCode": line["CurrencyCode"],
            "TransactionCurrencyAmount": signed,
            "TransactionCurrencyDebitAmount": max(signed, Decimal(0)),
            "TransactionCurrencyCreditAmount": max(-signed, Decimal(0)),
            "AccountingCurrencyAmount": own,
            "ReportingCurrencyAmount": own,
            "IsCredit": "Yes" if signed < 0 else "No",
            "IsCorrection": "No",
            "PostingType": "LedgerJournal",
            "JournalCategory": "GeneralJournal",
            "Text": line.get("Text", ""),
            "Description": line.get("Text", ""),
            "DocumentNumber": line.get("Document", ""),
            "DocumentDate": line.get("DocumentDate", entry["AccountingDate"]),
            "PaymentReference": line.get("PaymentReference", ""),
            "LedgerName": ledger["Name"],
            "DataArea": header["dataAreaId"],
            "_line": line["RecId"],
            "_sign": sign,
        },
    )

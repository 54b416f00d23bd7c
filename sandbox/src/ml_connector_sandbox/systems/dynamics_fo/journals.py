"""General journals before posting: headers and lines as the entity writes them, row by row.

The server numbers journals, lines and vouchers; defaults what was left out; and checks each line by itself.
Whether a voucher balances is nobody's question until it is posted.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Broken, Row
from ml_connector_sandbox.systems.dynamics_fo import dimensions
from ml_connector_sandbox.systems.dynamics_fo.book import Book
from ml_connector_sandbox.systems.dynamics_fo.schema import BLANK_DATE

CENT = Decimal("0.01")
LENGTHS = {
    "DimensionValue": 30,
    "Description": 60,
    "Text": 60,
    "Document": 20,
    "Invoice": 20,
    "Voucher": 20,
    "IntegrationKey": 60,
    "PaymentReference": 20,
}
HUNDRED = Decimal(100)


def not_found(value: Any, field: str, table: str) -> str:
    """The vendor's words for a reference to nothing."""
    return f"The value '{value}' in field '{field}' is not found in the related table '{table}'"


def post_header(book: Book, switches: Switches, values: Mapping[str, Any]) -> Row:
    """Create a journal; the batch number comes from the company's sequence. `Broken` when a rule refuses
    it.
    """
    ledger = book.company(str(values.get("dataAreaId") or book.default_company))
    company = str(ledger["LegalEntityId"])
    code = str(values.get("JournalName") or "")
    name = book["journal_names"].get(company, code)
    if not code:
        raise Broken("Field 'Name' must be filled in")
    if name is None:
        raise Broken(not_found(code, "Name", "Journal names"))
    if name["Type"] != "Daily":
        raise Broken(f"Journal name {code} is not of the type Daily")
    number = str(values.get("JournalBatchNumber") or "") if switches["keeps_batch_number"] else ""
    number = number or book.next_number(f"journal {company}", f"{company.upper()}-######")
    if book["headers"].get(company, number):
        raise Broken(
            duplicate("Ledger journal table", "LedgerJournalTable", f"Journal batch number: {number}")
        )
    row = {
        "dataAreaId": company,
        "JournalBatchNumber": number,
        "AccountingCurrency": ledger["AccountingCurrency"],
        "JournalName": name["Name"],
        "IntegrationKey": (
            str(values.get("IntegrationKey") or "") if switches["integration_key_writable"] else ""
        ),
        "Description": values.get("Description") or name["Description"],
        "PostingLayer": values.get("PostingLayer") or name.get("PostingLayer", "Current"),
        "IsPosted": "No",
        "JournalTotalCredit": Decimal(0),
        "JournalTotalDebit": Decimal(0),
        "_created": book.now(),
    }
    return book.add("headers", fitted(row, switches))


def change_header(book: Book, switches: Switches, header: Row, values: Mapping[str, Any]) -> None:
    """Change what may be changed of a journal that is not posted."""
    _demand_open(header)
    book.change("headers", header, fitted(values, switches))


def delete_header(book: Book, header: Row) -> None:
    """Delete a journal that is not posted and has no lines."""
    _demand_open(header)
    if book.journal_lines(header):
        raise Broken(
            "Ledger journal table cannot be deleted while dependent Journal lines exist. Delete dependent"
            " Journal lines and try again"
        )
    book["headers"].remove(header)


def post_line(book: Book, switches: Switches, values: Mapping[str, Any]) -> Row:
    """Add a line to a journal: number, voucher and defaults are the server's. `Broken` when a rule refuses
    it.
    """
    company = str(values.get("dataAreaId") or book.default_company)
    book.company(company)
    number = str(values.get("JournalBatchNumber") or "")
    header = book["headers"].get(company, number)
    if header is None:
        raise Broken(not_found(number, "Journal batch number", "Ledger journal table"))
    _demand_open(header)
    lines = book.journal_lines(header) if not header.get("_last_line") else []
    last = header.get("_last_line") or max((line["LineNumber"] for line in lines), default=Decimal(0))
    line_number = last + 1
    if switches["keeps_line_number"] and values.get("LineNumber"):
        line_number = Decimal(values["LineNumber"])
        if book["lines"].get(company, number, line_number):
            raise Broken(
                duplicate(
                    "Journal lines",
                    "LedgerJournalTrans",
                    f"Journal batch number: {number}. Line number: {line_number}",
                )
            )
    row = _line(book, switches, header, values)
    row |= {"LineNumber": line_number, "Voucher": _voucher(book, header, row)}
    made = book.add("lines", row)
    _count(book, header, row, 1)
    book["headers"].change(header, {"_last_line": max(line_number, last)})
    return made


def change_line(book: Book, switches: Switches, line: Row, values: Mapping[str, Any]) -> None:
    """Change a line of a journal that is not posted; it is checked again as a whole."""
    header = _header_of(book, line)
    _demand_open(header)
    row = _line(book, switches, header, {**line, **values})
    voucher = str(values["Voucher"]) if "Voucher" in values else line["Voucher"]
    _count(book, header, line, -1)
    book.change("lines", line, {**row, "LineNumber": line["LineNumber"], "Voucher": voucher})
    _count(book, header, line, 1)


def delete_line(book: Book, line: Row) -> None:
    """Delete a line of a journal that is not posted."""
    header = _header_of(book, line)
    _demand_open(header)
    _count(book, header, line, -1)
    book["lines"].remove(line)


def duplicate(label: str, table: str, fields: str) -> str:
    """The vendor's words for a key that exists."""
    return f"Cannot create a record in {label} ({table}). {fields}. \nThe record already exists."


def fitted(values: Mapping[str, Any], switches: Switches) -> dict[str, Any]:
    """Texts cut to the length of their field, or `Broken`."""
    out = dict(values)
    for name, length in LENGTHS.items():
        text = out.get(name)
        if isinstance(text, str) and len(text) > length:
            if switches["text_overflow"] == "refuse":
                raise Broken(
                    f"The length of the value in field '{name}' is {len(text)}; the maximum is {length}"
                )
            out[name] = text[:length]
    return out


def rounded(book: Book, currency: str, amount: Decimal) -> Decimal:
    """An amount rounded to the currency's rule."""
    row = book["currencies"].get(currency)
    rule = row["GeneralRoundingRule"] if row and row["GeneralRoundingRule"] else CENT
    return Decimal((amount / rule).quantize(Decimal(1), rounding=ROUND_HALF_UP) * rule)


def in_accounting_currency(book: Book, row: Mapping[str, Any]) -> Decimal:
    """The signed amount of a line in the company's own currency."""
    signed = row["DebitAmount"] - row["CreditAmount"]
    ledger = book.company(str(row["dataAreaId"]))
    if row["CurrencyCode"] == ledger["AccountingCurrency"]:
        return Decimal(signed)
    return rounded(book, ledger["AccountingCurrency"], signed * row["ExchRate"] / HUNDRED)


def _line(book: Book, switches: Switches, header: Row, values: Mapping[str, Any]) -> Row:
    company = header["dataAreaId"]
    ledger = book.company(company)
    name = book["journal_names"].get(company, header["JournalName"]) or {}
    given = {
        key: value
        for key, value in values.items()
        if not key.startswith("_") and key not in ("RecId", "RecVersion")
    }
    row: Row = fitted(
        {**given, "dataAreaId": company, "JournalBatchNumber": header["JournalBatchNumber"]}, switches
    )
    row["TransDate"] = _day(given.get("TransDate")) or book.today()
    row["CurrencyCode"] = given.get("CurrencyCode") or name.get("Currency") or ledger["AccountingCurrency"]
    row["AccountType"] = given.get("AccountType") or "Ledger"
    row["OffsetAccountType"] = given.get("OffsetAccountType") or name.get("OffsetAccountType", "Ledger")
    row["Company"] = given.get("Company") or company
    row["Text"] = row.get("Text") or ""
    problems: list[str] = []
    currency = book["currencies"].get(row["CurrencyCode"])
    if currency is None:
        raise Broken(not_found(row["CurrencyCode"], "Currency", "Currencies"))
    row["CurrencyCode"] = currency["CurrencyCode"]
    row |= _amounts(book, switches, name, row, problems)
    row["ExchRate"] = _rate(book, ledger, row)
    row |= _account(book, switches, row, problems)
    problems += offset_problems(book, row)
    if switches["closed_period_check"] == "insert":
        problems += closed(book, company, row["TransDate"])
    if problems:
        raise Broken(*problems)
    return row


def _amounts(
    book: Book, switches: Switches, name: Mapping[str, Any], row: Row, problems: list[str]
) -> dict[str, Decimal]:
    debit, credit = (
        rounded(book, row["CurrencyCode"], Decimal(row.get(side) or 0))
        for side in ("DebitAmount", "CreditAmount")
    )
    if debit and credit:
        if switches["both_amounts"] == "refuse":
            problems.append("A line can have either a debit or a credit amount, not both")
        net = debit - credit
        debit, credit = max(net, Decimal(0)), max(-net, Decimal(0))
    if name.get("AllowOnlyPositiveDebitsAndCredits") == "Yes" and (debit < 0 or credit < 0):
        problems.append("Negative amounts are not allowed in this journal")
    return {"DebitAmount": debit, "CreditAmount": credit}


def _rate(book: Book, ledger: Row, row: Row) -> Decimal:
    if row["CurrencyCode"] == ledger["AccountingCurrency"]:
        return HUNDRED
    if row.get("ExchRate"):
        return Decimal(row["ExchRate"])
    found = [
        rate
        for rate in book["exchange_rates"]
        if (rate["FromCurrency"], rate["ToCurrency"]) == (row["CurrencyCode"], ledger["AccountingCurrency"])
        and rate["StartDate"] <= row["TransDate"]
    ]
    if not found:
        raise Broken(
            f"No exchange rate exists between currency {row['CurrencyCode']} and"
            f" {ledger['AccountingCurrency']} for {row['TransDate']:%m/%d/%Y}"
        )
    return Decimal(max(found, key=lambda rate: rate["StartDate"])["Rate"])


def _account(book: Book, switches: Switches, row: Row, problems: list[str]) -> Row:
    """The account of a line as main account and dimensions, and what stands against it."""
    text = str(row.get("AccountDisplayValue") or "")
    if row["AccountType"] != "Ledger":
        number = "".join(dimensions.split(text, "\0"))
        if row["AccountType"] == "Vend" and book["vendors"].get(row["Company"], number) is None:
            problems.append(not_found(number, "Account", "Vendors"))
        held = dimensions.parse_default(
            book, row["Company"], str(row.get("DefaultDimensionDisplayValue") or "")
        )
        shown = dimensions.escaped(number, dimensions.delimiter(book))
        return {"AccountDisplayValue": shown, "_account": number, "_dimensions": held}
    try:
        account, held = dimensions.parse_account(book, row["Company"], text)
    except Broken as broken:
        problems += broken.messages
        return {}
    problems += dimensions.usable(book, row["Company"], account, held, row["TransDate"])
    if switches["manual_entry_check"] == "insert":
        problems += dimensions.blocked_for_manual_entry(book, row["Company"], account, held)
    if switches["structure_check"] == "insert":
        problems += dimensions.missing(book, account, held)
    shown = dimensions.show_account(book, account["MainAccountId"], held, switches)
    return {"AccountDisplayValue": shown, "_account": account["MainAccountId"], "_dimensions": held}


def offset_problems(book: Book, row: Mapping[str, Any]) -> list[str]:
    """What stands against the offset account of a line, if it has one in the ledger."""
    text = str(row.get("OffsetAccountDisplayValue") or "")
    if not text or row["OffsetAccountType"] != "Ledger":
        return []
    try:
        account, held = dimensions.parse_account(book, row["Company"], text)
    except Broken as broken:
        return list(broken.messages)
    return dimensions.usable(book, row["Company"], account, held, row["TransDate"])


def closed(book: Book, company: str, day: date) -> list[str]:
    """What stands against that date in the company's calendar."""
    status = book.period_of(company, day)
    if status is None:
        return [f"Fiscal period for {day:%m/%d/%Y} does not exist"]
    if status["_closed"] or status["LedgerAccessLevel"] == "None":
        return [f"Period for {day:%m/%d/%Y} is not open"]
    return []


def _voucher(book: Book, header: Row, row: Row) -> str:
    """The voucher of a new line, as its journal name says: one for all, a new one after each balance, or the
    caller's.
    """
    name = book["journal_names"].get(header["dataAreaId"], header["JournalName"]) or {}
    if name.get("NewVoucher") == "Manually":
        return str(row.get("Voucher") or "")
    running = header.get("_voucher", "")
    balanced = header.get("_voucher_lines", 0) and not header.get("_voucher_balance", Decimal(0))
    if not running or (
        name.get("NewVoucher") == "BalanceSheet" and (balanced or header.get("_voucher_offset"))
    ):
        running = book.next_number(
            f"voucher {name.get('VoucherSeriesCode')}", f"{name.get('VoucherSeriesCode') or 'GNJL'}########"
        )
        book["headers"].change(
            header,
            {
                "_voucher": running,
                "_voucher_balance": Decimal(0),
                "_voucher_lines": 0,
                "_voucher_offset": False,
            },
        )
    signed = row["DebitAmount"] - row["CreditAmount"]
    book["headers"].change(
        header,
        {
            "_voucher_balance": header.get("_voucher_balance", Decimal(0)) + signed,
            "_voucher_lines": header.get("_voucher_lines", 0) + 1,
            "_voucher_offset": bool(row.get("OffsetAccountDisplayValue")),
        },
    )
    return str(running)


def _count(book: Book, header: Row, row: Row, times: int) -> None:
    """Keep the journal's totals, in accounting currency."""
    amount = in_accounting_currency(book, row)
    side = "JournalTotalDebit" if row["DebitAmount"] else "JournalTotalCredit"
    book.change(
        "headers",
        header,
        {
            side: (
                header[side]
                + times * abs(amount) * (1 if row["DebitAmount"] + row["CreditAmount"] >= 0 else -1)
            )
        },
    )


def _header_of(book: Book, line: Row) -> Row:
    header = book["headers"].get(line["dataAreaId"], line["JournalBatchNumber"])
    assert header is not None
    return header


def _demand_open(header: Row) -> None:
    if header["IsPosted"] == "Yes":
        raise Broken(f"Journal {header['JournalBatchNumber']} is posted and cannot be changed")


def _day(value: Any) -> date | None:
    return value if isinstance(value, date) and value != BLANK_DATE else None

"""General-ledger batches: created and changed as a whole or not at all, then released.

POST ─► Hold ──PUT hold:false──► Balanced ──release──► (Queued) ──clock──► Unposted ──post──► Posted
             (only when balanced)                                      └─ auto_post ─────────────┘
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ml_connector_sandbox.core.vendor import Broken, Row
from ml_connector_sandbox.systems.visma_net.book import (
    BALANCED,
    HOLD,
    MODULE,
    POSTED,
    UNPOSTED,
    UNRELEASED,
    Company,
    fitting,
    too_long,
)
from ml_connector_sandbox.systems.visma_net.dimensions import check_line, unknown

REFERENCE_MAX = 15
TEXT_MAX = 256
OPERATIONS = ("Insert", "Update", "Delete")
INVALID_STATUS = "Batch Status invalid for processing."
NOT_RELEASED = "One or more documents could not be released."
OUT_OF_BALANCE = "Batch is out of balance, please review."
_LINE_FIELDS = {
    "accountNumber": "account",
    "project": "project",
    "projectTask": "task",
    "referenceNumber": "reference",
    "transactionDescription": "text",
    "debitAmountInCurrency": "debit",
    "creditAmountInCurrency": "credit",
    "vatCodeId": "vat_code",
    "vatId": "vat",
    "branch": "branch",
    "uom": "uom",
    "quantity": "quantity",
    "note": "note",
}


def create(book: Company, given: Mapping[str, Any]) -> Row:
    """A new batch, or `Broken` with every message and the books as they were."""
    problems: list[str] = []
    number = None
    if (
        given.get("overrideNumberSeries")
        and given.get("batchNumber")
        and book.switches["override_number_series"]
    ):
        number = str(given["batchNumber"]).strip()
        if len(number) > REFERENCE_MAX or number in book.batches:
            problems.append(
                f"Batch Number '{number}' already exists."
                if number in book.batches
                else too_long("BatchNbr", REFERENCE_MAX)
            )
    batch = _header(book, None, given, problems)
    _apply_lines(book, batch, given.get("journalTransactionLines") or (), problems)
    _check(book, batch, problems)
    batch["batchNumber"] = number or book.take_batch_number()
    return put(book, batch)


def change(book: Company, old: Row, given: Mapping[str, Any]) -> Row:
    """Change what `given` names; the whole is checked again. `Broken` leaves the batch as it was."""
    if old["status"] not in UNRELEASED or old["releasing"]:
        raise Broken(INVALID_STATUS)
    problems: list[str] = []
    batch = _header(book, old, given, problems)
    batch["lines"] = [dict(line) for line in old["lines"]]
    _apply_lines(book, batch, given.get("journalTransactionLines") or (), problems)
    _check(book, batch, problems)
    old.update(batch)
    return put(book, old)


def put(book: Company, batch: Row) -> Row:
    """Store a checked batch; combinations of segment values that are new come into being."""
    _make_combinations(book, batch)
    book.batches[batch["batchNumber"]] = batch
    return book.touch(batch)


def _make_combinations(book: Company, batch: Row) -> None:
    for line in batch["lines"]:
        combination = line.pop("new_combination", None)
        if combination is not None and line["subaccount"] not in book.subaccounts:
            book.add_subaccount(combination)


def begin_release(book: Company, batch: Row) -> None:
    """Accept a release, or `Broken`. The work is done by `finish_release`."""
    if batch["status"] != BALANCED or batch["releasing"]:
        raise Broken(INVALID_STATUS)
    problems: list[str] = []
    _check(book, batch, problems)
    batch["releasing"] = True


def finish_release(book: Company, batch: Row) -> bool:
    """Do the work of an accepted release; False, with the batch still balanced, when a rule is broken by
    now.
    """
    batch["releasing"] = False
    if book.batches.get(batch["batchNumber"]) is not batch or batch["status"] != BALANCED:
        return False
    try:
        _check(book, batch, [])
    except Broken as broken:
        batch["error"] = NOT_RELEASED + " " + " ".join(broken.messages)
        return False
    batch["error"] = None
    batch["status"] = POSTED if book.switches["auto_post"] else UNPOSTED
    _make_combinations(book, batch)
    book.touch(batch)
    later = min((period for period in book.periods if period > batch["period"]), default=None)
    if batch["autoReversing"] and later is not None:
        mirror(book, batch, later, book.periods[later]["startDate"])
    return True


def amounts(book: Company, batch: Row, line: Row) -> tuple[Decimal, Decimal]:
    """A line's debit and credit in the company's currency."""
    if batch["currencyId"] == book.currency:
        return line["debit"], line["credit"]
    smallest = book.precision(book.currency)
    rate = batch["exchangeRate"]
    debit, credit = ((line[side] * rate).quantize(smallest, ROUND_HALF_UP) for side in ("debit", "credit"))
    return debit, credit


def totals(book: Company, batch: Row) -> Row:
    """The sums of a stored batch, in its own and in the company's currency; kept until its next version."""
    kept: Row = batch.get("_totals") or {}
    if kept.get("version") != batch["_version"]:
        pairs = [amounts(book, batch, line) for line in batch["lines"]]
        own = [sum((pair[side] for pair in pairs), Decimal(0)) for side in (0, 1)]
        kept = {"debitTotal": own[0], "debitTotalInCurrency": total(batch, "debit")}
        kept |= {
            "creditTotal": own[1],
            "creditTotalInCurrency": total(batch, "credit"),
            "version": batch["_version"],
        }
        batch["_totals"] = kept
    return kept


def total(batch: Row, side: str) -> Decimal:
    """The sum of a side of a batch in its own currency."""
    return sum((line[side] for line in batch["lines"]), Decimal(0))


def _header(book: Company, old: Row | None, given: Mapping[str, Any], problems: list[str]) -> Row:
    batch: Row = dict(old) if old else _blank(book)
    for name in ("description", "transactionCode", "controlTotalInCurrency"):
        if name in given:
            batch[name] = given[name]
    for name in ("autoReversing", "createVatTransaction", "skipVatAmountValidation"):
        if name in given:
            batch[name] = bool(given[name])
    if given.get("hold") is not None:
        batch["status"] = HOLD if given["hold"] else BALANCED
    batch["description"] = fitting(
        book, batch["description"], "Description", int(book.switches["header_text_max"]), problems
    )
    if given.get("transactionDate"):
        batch["date"] = given["transactionDate"]
    batch["period"] = _period(book, old, batch, given, problems)
    if given.get("branch"):
        batch["branch"] = given["branch"].strip()
    branch = book.branches.get(batch["branch"])
    if branch is None:
        problems.append(unknown("Branch", batch["branch"]))
    elif not branch["isActive"]:
        problems.append("Branch is inactive.")
    batch["ledger"] = (
        given.get("ledger") or batch["ledger"] or (branch or book.main_branch())["ledger"]
    ).strip()
    if batch["ledger"] not in book.ledgers:
        problems.append(unknown("Ledger", batch["ledger"]))
    _currency(book, batch, given, problems)
    return batch


def _blank(book: Company) -> Row:
    now = book.now()
    return {
        "module": MODULE,
        "status": HOLD if book.switches["hold_on_entry"] else BALANCED,
        "date": datetime(now.year, now.month, now.day),
        "description": "",
        "transactionCode": None,
        "controlTotalInCurrency": None,
        "autoReversing": False,
        "createVatTransaction": False,
        "skipVatAmountValidation": False,
        "branch": book.main_branch()["number"],
        "ledger": "",
        "currencyId": book.currency,
        "exchangeRate": Decimal(1),
        "reversingEntry": False,
        "originalBatchNumber": None,
        "lines": [],
        "attachments": [],
        "releasing": False,
        "error": None,
    }


def _period(book: Company, old: Row | None, batch: Row, given: Mapping[str, Any], problems: list[str]) -> str:
    """`financialPeriod` YYYYMM before `postPeriod` MMYYYY; without either the one the batch has, else that of
    its date.
    """
    financial, post = given.get("financialPeriod"), given.get("postPeriod")
    if financial or post:
        text = str(financial or str(post)[2:] + str(post)[:2]).replace("-", "")
        if len(text) != 6 or not (text.isascii() and text.isdigit()):
            problems.append("Invalid Year or Period format.")
        elif text not in book.periods:
            problems.append("Financial Period cannot be found in the system.")
        return text
    if old is not None and not given.get("transactionDate"):
        return str(old["period"])
    found = book.period_of(batch["date"])
    if found is None:
        problems.append("Financial Period cannot be found in the system.")
    return str(found["period"]) if found else ""


def _currency(book: Company, batch: Row, given: Mapping[str, Any], problems: list[str]) -> None:
    if given.get("currencyId"):
        batch["currencyId"] = given["currencyId"].strip()
    currency = book.currencies.get(batch["currencyId"])
    if currency is None:
        problems.append(unknown("Currency", batch["currencyId"]))
        return
    if given.get("exchangeRate") is not None:
        batch["exchangeRate"] = given["exchangeRate"]
    elif given.get("currencyId"):
        batch["exchangeRate"] = Decimal(1) if currency["isBaseCurrency"] else currency["rate"] or Decimal(0)
    if currency["isBaseCurrency"]:
        batch["exchangeRate"] = Decimal(1)
    elif not 0 < batch["exchangeRate"] < 10**6:
        problems.append("Currency Rate is not defined.")


def _apply_lines(book: Company, batch: Row, given: Sequence[Mapping[str, Any]], problems: list[str]) -> None:
    lines: list[Row] = batch["lines"]
    by_number = {line["lineNumber"]: line for line in lines}
    last = max(by_number, default=0)
    for wish in given:
        operation = (wish.get("operation") or "Insert").capitalize()
        number = wish.get("lineNumber")
        if operation not in OPERATIONS:
            problems.append(
                f"An error occurred during processing of the field Operation : Error: '{operation}' is not an"
                " operation."
            )
        elif operation == "Insert":
            last = max(last + 1, number or 0) if number not in by_number else last + 1
            line: Row = {
                "lineNumber": last,
                **dict.fromkeys(_LINE_FIELDS.values()),
                "subaccount": None,
                "segments": None,
            }
            lines.append(line)
            by_number[last] = line
            _apply(book, batch, line, wish, problems)
        elif number not in by_number:
            problems.append(unknown("Line Number", "" if number is None else str(number)))
        elif operation == "Delete":
            lines.remove(by_number.pop(number))
        else:
            _apply(book, batch, by_number[number], wish, problems)


def _apply(book: Company, batch: Row, line: Row, wish: Mapping[str, Any], problems: list[str]) -> None:
    for name, field in _LINE_FIELDS.items():
        if name in wish:
            line[field] = wish[name].strip() if isinstance(wish[name], str) else wish[name]
    if wish.get("subaccount") is not None:
        line["segments"] = {
            part.get("segmentId"): part.get("segmentValue") or "" for part in wish["subaccount"]
        }
        line["subaccount"] = None
    line["reference"] = fitting(book, line["reference"], "RefNbr", REFERENCE_MAX, problems)
    line["text"] = fitting(book, line["text"], "TranDesc", TEXT_MAX, problems)
    line["branch"] = line["branch"] or batch["branch"]
    smallest = book.precision(batch["currencyId"])
    for side in ("debit", "credit"):
        amount = Decimal(line[side] or 0)
        rounded = amount.quantize(smallest, ROUND_HALF_UP)
        if rounded != amount and book.switches["excess_decimals"] == "refuse":
            name = f"Cury{side.capitalize()}Amt"
            problems.append(
                f"An error occurred during processing of the field {name} : Error: Too many decimals in"
                f" {amount}."
            )
        line[side] = rounded
    if line["debit"] and line["credit"]:
        problems.append("A line has a debit amount or a credit amount, not both.")


def _check(book: Company, batch: Row, problems: list[str]) -> None:
    """Every rule of a batch as it stands; raises `Broken` when one is broken, or `problems` holds any
    already.
    """
    period = book.periods.get(batch["period"])
    if period is not None:
        if not period["active"]:
            problems.append(f"The {batch['period'][4:]}-{batch['period'][:4]} financial period is inactive.")
        elif period["closed"] and book.switches["closed_periods"] == "refuse":
            problems.append(f"The {batch['period'][4:]}-{batch['period'][:4]} financial period is closed.")
        in_period = period["startDate"].date() <= batch["date"].date() <= period["endDate"].date()
        if not in_period and book.switches["date_outside_period"] == "refuse":
            problems.append("The date is outside the range of the selected financial period.")
    if len(batch["lines"]) < 2:
        problems.append("A batch needs at least two lines.")
    for line in batch["lines"]:
        check_line(book, batch, line, problems)
        if not line["debit"] and not line["credit"]:
            problems.append("A line needs a debit amount or a credit amount.")
    if batch["status"] != HOLD and total(batch, "debit") != total(batch, "credit"):
        problems.append(OUT_OF_BALANCE)
    if problems:
        raise Broken(*dict.fromkeys(problems))


def mirror(book: Company, batch: Row, period: str, day: datetime) -> Row:
    """A batch with the sides of another swapped, not released, which names the other as its origin."""
    lines = [
        {**line, "debit": line["credit"], "credit": line["debit"], "attachments": []}
        for line in batch["lines"]
    ]
    mirrored = {
        **{name: value for name, value in batch.items() if not name.startswith("_")},
        "batchNumber": book.take_batch_number(),
        "status": BALANCED,
        "autoReversing": False,
        "reversingEntry": True,
        "originalBatchNumber": batch["batchNumber"],
        "period": period,
        "date": day,
        "lines": lines,
        "attachments": [],
    }
    return put(book, mirrored)

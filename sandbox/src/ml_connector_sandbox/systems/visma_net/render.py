"""Rows on the wire: plain scalars, dates without a zone, amounts exactly as booked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from json.encoder import encode_basestring as quote
from typing import Any

from ml_connector_sandbox.core.vendor import Response, Row
from ml_connector_sandbox.systems.visma_net import journals
from ml_connector_sandbox.systems.visma_net.book import SEPARATOR, Company, etag

JSON = "application/json; charset=utf-8"


def dumps(value: Any) -> str:
    """JSON text; a `Decimal` becomes the same number, digit for digit."""
    write = _WRITERS.get(type(value))
    if write is not None:
        return write(value)
    if isinstance(value, Mapping):
        return "{" + ",".join([f"{_quoted(name)}:{dumps(inner)}" for name, inner in value.items()]) + "}"
    return "[" + ",".join([dumps(inner) for inner in value]) + "]"


@cache
def _quoted(name: str) -> str:
    return quote(name)


def _number(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _moment(value: datetime) -> str:
    return f'"{value.isoformat(timespec="milliseconds" if value.microsecond else "seconds")}"'


_WRITERS: Mapping[type, Callable[[Any], str]] = {
    type(None): lambda _: "null",
    bool: lambda value: "true" if value else "false",
    str: quote,
    int: str,
    Decimal: _number,
    datetime: _moment,
}


def json_response(value: Any, headers: Mapping[str, str] | None = None, status: int = 200) -> Response:
    """An answer with a body."""
    return Response(
        status=status, headers={"Content-Type": JSON, **(headers or {})}, body=dumps(value).encode()
    )


def empty(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """An answer without one."""
    return Response(status=status, headers=headers or {})


def tagged(row: Row) -> dict[str, str]:
    """The `ETag` header of a row."""
    return {"ETag": f'"{etag(row)}"'}


def batch(book: Company, row: Row, lines: Sequence[Row] | None = None, *, attachments: bool = True) -> Row:
    """A batch, with all its lines or with those that stand on a page."""
    sums = journals.totals(book, row)
    control = row["controlTotalInCurrency"]
    return {
        "module": row["module"],
        "batchNumber": row["batchNumber"],
        "status": row["status"],
        "hold": row["status"] == "Hold",
        "transactionDate": row["date"],
        "postPeriod": row["period"][4:] + row["period"][:4],
        "financialPeriod": row["period"],
        "ledger": row["ledger"],
        "ledgerDescription": book.ledgers[row["ledger"]]["description"],
        "currencyId": row["currencyId"],
        "exchangeRate": row["exchangeRate"],
        "autoReversing": row["autoReversing"],
        "reversingEntry": row["reversingEntry"],
        "description": row["description"],
        "originalBatchNumber": row["originalBatchNumber"],
        "debitTotal": sums["debitTotal"],
        "debitTotalInCurrency": sums["debitTotalInCurrency"],
        "creditTotal": sums["creditTotal"],
        "creditTotalInCurrency": sums["creditTotalInCurrency"],
        "controlTotal": sums["debitTotal"] if control is None else control * row["exchangeRate"],
        "controlTotalInCurrency": sums["debitTotalInCurrency"] if control is None else control,
        "createVatTransaction": row["createVatTransaction"],
        "skipVatAmountValidation": row["skipVatAmountValidation"],
        "lastModifiedDateTime": row["_modified"],
        "transactionCode": row["transactionCode"],
        "transactionCodeDescription": None,
        "branch": row["branch"],
        "journalTransactionLines": [
            batch_line(book, row, line, attachments=attachments)
            for line in (row["lines"] if lines is None else lines)
        ],
        "attachments": row["attachments"] if attachments else None,
        "timeStamp": etag(row),
        "errorInfo": row["error"],
    }


def batch_line(book: Company, row: Row, line: Row, *, attachments: bool = True) -> Row:
    """A line of a batch."""
    account = book.accounts.get(line["account"])
    debit, credit = journals.amounts(book, row, line)
    project = book.projects.get(line["project"] or "")
    task = book.task_of(project, line["task"]) if project is not None and line["task"] else None
    return {
        "lineNumber": line["lineNumber"],
        "accountNumber": line["account"],
        "description": account["description"] if account else None,
        "subaccount": (
            subaccount(book, book.subaccounts[line["subaccount"]])
            if line["subaccount"] in book.subaccounts
            else None
        ),
        "referenceNumber": line["reference"],
        "debitAmount": debit,
        "debitAmountInCurrency": line["debit"],
        "creditAmount": credit,
        "creditAmountInCurrency": line["credit"],
        "transactionDescription": line["text"],
        "vatCode": (
            {"id": line["vat_code"], "description": book.vat_codes[line["vat_code"]]["description"]}
            if line["vat_code"]
            else None
        ),
        "vat": (
            {"id": line["vat"], "description": book.vat_codes[line["vat"]]["description"]}
            if line["vat"]
            else None
        ),
        "branch": line["branch"],
        "customerSupplier": None,
        "transactionType": None,
        "module": row["module"],
        "uom": line["uom"],
        "project": _named(project, "projectID", "internalID") if project else None,
        "projectTask": _named(task, "taskId", "internalId") if task else None,
        "attachments": line.get("attachments", []) if attachments else None,
        "quantity": line["quantity"] or Decimal(0),
        "inventoryNumber": None,
        "note": line["note"],
    }


def _named(row: Row, code: str, internal: str) -> Row:
    return {"internalId": row[internal], "id": row[code], "description": row["description"]}


def subaccount(book: Company, row: Row) -> Row:
    """A combination of segment values."""
    parts = []
    for segment, value in zip(book.segments(), row["values"], strict=False):
        parts.append(
            {
                "segmentId": segment["segmentId"],
                "segmentDescription": segment["description"],
                "segmentValue": value,
                "segmentValueDescription": segment["values"].get(value, {}).get("description"),
            }
        )
    return {
        "subaccountNumber": row["subaccountNumber"],
        "subaccountId": row["subaccountId"],
        "description": (
            row["description"] or SEPARATOR.join(str(part["segmentValueDescription"] or "") for part in parts)
        ),
        "lastModifiedDateTime": row["_modified"],
        "active": row["active"],
        "segments": parts,
        "timeStamp": etag(row),
        "errorInfo": None,
    }


def account(_: Company, row: Row, *, class_text: bool = False) -> Row:
    """An account of the chart; the text of its class only when it is wanted."""
    first = ("accountID", "accountCD", "accountGroupCD", "accountClass", "type", "active", "description")
    middle = ("useDefaultSub", "postOption", "currency", "taxCategory", "cashAccount", "publicCode1")
    return {
        **{name: row[name] for name in first},
        "accountClassDescription": row["accountClass"] if class_text else None,
        **{name: row[name] for name in middle},
        "lastModifiedDateTime": row["_modified"],
        **dict.fromkeys(("externalCode1Info", "externalCode2Info", "analisysCodeInfo")),
        "controlAccountModule": row["controlAccountModule"],
        "allowManualEntry": row["allowManualEntry"],
        "timeStamp": etag(row),
        "errorInfo": None,
    }


def segment(_: Company, row: Row, *, values: bool = True) -> Row:
    """A segment of a segmented key, with its values unless they are not wanted."""
    listed = [segment_value(row_) for row_ in row["values"].values()] if values else []
    return {
        "internalId": row["internalId"],
        "segmentId": row["segmentId"],
        "description": row["description"],
        "length": row["length"],
        "publicId": row["publicId"],
        "timeStamp": etag(row),
        "lastModified": row["_modified"],
        "validate": row["validate"],
        "segmentValues": listed,
        "isAutoNumber": row["isAutoNumber"],
        "consolNumChar": 0,
        "consolOrder": 0,
    }


def segment_value(row: Row) -> Row:
    """A value of a segment."""
    shown = {
        name: row[name]
        for name in ("internalId", "segmentId", "valueId", "description", "publicId", "active")
    }
    return {
        **shown,
        "timeStamp": etag(row),
        "lastModified": row["_modified"],
        "mappedSegValue": row["mappedSegValue"],
    }


def dimension(book: Company, row: Row, *, values: bool = True) -> Row:
    """A segmented key."""
    return {
        "id": row["id"],
        "length": row["length"],
        "description": row["description"],
        "segments": [segment(book, part, values=values) for part in row["segments"].values()],
    }


def department(book: Company, row: Row) -> Row:
    """A department."""
    found = book.accounts.get(row["expenseAccount"] or "")
    expense = None
    if found is not None:
        expense = {
            "type": found["type"],
            "externalCode1": None,
            "externalCode2": None,
            "active": found["active"],
        }
        expense |= {"number": found["accountCD"], "description": found["description"]}
    sub = book.subaccounts.get(row["expenseSubaccount"] or "")
    own = (
        {"active": sub["active"], "id": sub["subaccountNumber"], "description": sub["description"]}
        if sub
        else None
    )
    return {
        "departmentId": row["departmentId"],
        "publicId": row["publicId"],
        "description": row["description"],
        "expenseAccount": expense,
        "expenseSubaccount": own,
        "lastModifiedDateTime": row["_modified"],
        "timeStamp": etag(row),
    }

"""Writing master data: what may be sent of each resource, and how it becomes typed values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.precoro.answers import Refused, invalid
from ml_connector_sandbox.systems.precoro.body import reference, texts
from ml_connector_sandbox.systems.precoro.book import Book

BLANK = "This value should not be blank."
_SUPPLIER_TEXTS = (
    *("legalAddress", "city", "state", "postalCode", "country", "phone", "taxPayerType", "taxPayerNumber"),
    *(
        "taxPayerLabel",
        "businessRegistrationNumber",
        "permanentAccountNumber",
        "accountHolderName",
        "bankName",
    ),
    *("bankAddress", "accountNumber", "internationalBankAccountNumber", "swiftCode", "sortCode", "currency"),
    *("americanBankersAssociationNumber", "indianFinancialSystemCode", "note", "conditions", "uniqueCode"),
)
SUPPLIER: Mapping[str, str] = {
    "name": "text!",
    **dict.fromkeys(_SUPPLIER_TEXTS, "text"),
    **dict.fromkeys(("enable", "taxPayer", "enterInvoiceAsOneLine", "enableToleranceRate"), "bool"),
    "minimumSum": "amount",
    "toleranceRatePercent": "amount",
    "deliveryPeriod": "whole",
    "externalId": "text",
}
TAKES: Mapping[str, Mapping[str, str]] = {
    "suppliers": SUPPLIER,
    "taxes": {
        "name": "text!",
        "percent": "amount!",
        "value": "amount",
        "isWithholdingTax": "bool",
        "externalId": "text",
    },
    "paymentterms": {
        "name": "text!",
        "prepaymentPercent": "amount",
        "postpaymentPercent": "amount",
        "creditPeriodDays": "whole",
        "termsDueDateAfterInvoicing": "whole",
        "paymentType": "whole",
        "enable": "bool",
        "externalId": "text",
    },
    "options": {"name": "text!", "code": "text", "enable": "bool", "externalId": "text"},
    "locations": {
        "name": "text!",
        "uniqueCode": "text",
        "fullAddress": "text",
        "phone": "text",
        "enable": "bool",
        "externalId": "text",
    },
    "items": {
        "name": "text!",
        "sku": "text",
        "description": "text",
        "unit": "text",
        "currency": "text",
        "price": "amount",
        "hiddenInCatalog": "bool",
        "externalId": "text",
    },
    "contracts": {
        "number": "text!",
        "prolongation": "bool",
        "createDate": "moment",
        "beginDate": "moment",
        "endDate": "moment",
        "note": "text",
    },
    "payments": {"sumPaid": "amount!", "payDate": "moment!", "logicType": "whole!", "externalId": "text"},
    "expensepayments": {"sumPaid": "amount!", "payDate": "moment!"},
}
"""The fields that are read of what is sent, with their kinds; `!` = mandatory on create."""
DEFAULTS: Mapping[str, Row] = {
    "suppliers": {
        **dict.fromkeys(_SUPPLIER_TEXTS),
        "currencies": [],
        "legalEntities": [],
        "terms": [],
        "contacts": [],
        "attachments": [],
        "values": {},
        "enable": True,
        "taxPayer": False,
        "minimumSum": None,
        "approvalDate": None,
        "integrationStatus": None,
        "isEnabledApproval": True,
    },
    "taxes": {"value": None, "taxAmount": None, "isWithholdingTax": False},
    "paymentterms": {
        "prepaymentPercent": Decimal(0),
        "postpaymentPercent": Decimal(100),
        "creditPeriodDays": 0,
        "termsDueDateAfterInvoicing": 0,
        "paymentType": 0,
        "enable": True,
    },
    "options": {"code": None, "enable": True, "parent": None},
    "locations": {"uniqueCode": None, "fullAddress": None, "phone": None, "enable": True},
    "items": {
        **dict.fromkeys(("sku", "description", "unit", "currency", "price", "supplier", "category")),
        "hiddenInCatalog": False,
        "values": {},
    },
    "contracts": {"prolongation": False, "beginDate": None, "endDate": None, "note": None, "enable": True},
}
_AMOUNT, _WHOLE = re.compile(r"-?\d{1,13}(\.\d{1,6})?"), re.compile(r"-?\d{1,9}")
_LEVELS_MAX = 5


def fresh(kind: str) -> Row:
    """What a new record has where nothing was said; its lists belong to it alone."""
    return {
        name: type(value)(value) if isinstance(value, (list, dict)) else value
        for name, value in DEFAULTS[kind].items()
    }


def add_supplier(book: Book, values: Row) -> Row:
    """Put a supplier into the book, with everything that was not said."""
    row = book.add("suppliers", {**fresh("suppliers"), **values})
    if row["uniqueCode"] is None:
        row["uniqueCode"] = f"S{row['id']}"
    if row["currency"] and not row["currencies"]:
        row["currencies"] = [row["currency"]]
    return row


def supplier_status(row: Row, switches: Switches) -> int:
    """The number of a supplier's state; only that of approved ones is known for certain."""
    if row["approval"] == "approved":
        return 2
    return int(switches[f"supplier_status_{row['approval']}"])


def values_of(kind: str, form: Json, *, whole: bool) -> Row:
    """The typed values of what was sent; `Refused` with a text for each field that is wrong. `whole`: what is
    mandatory must be there.
    """
    values: Row = {}
    wrong: dict[str, str] = {}
    for name, rule in TAKES[kind].items():
        given = form.get(name)
        if rule.endswith("!") and (given == "" or (whole and given is None)):
            wrong[name] = BLANK
        elif given is not None:
            try:
                values[name] = _typed(rule.rstrip("!"), given)
            except ValueError:
                wrong[name] = "This value is not valid."
    if wrong:
        raise Refused(400, fields=wrong)
    return values


def _typed(rule: str, given: Any) -> Any:
    """One value; an empty one is none, as in a form."""
    if not isinstance(given, str):
        raise ValueError(rule)
    if rule == "bool":
        return truth(given)
    if given == "":
        return None
    if rule == "amount":
        return Decimal(given) if _AMOUNT.fullmatch(given) and given.isascii() else _none(rule)
    if rule == "whole":
        return int(given) if _WHOLE.fullmatch(given) and given.isascii() else _none(rule)
    return moment(given) if rule == "moment" else given


def _none(rule: str) -> Any:
    raise ValueError(rule)


def truth(given: str) -> bool:
    """A box of a form: ticked or not."""
    if given.lower() not in ("1", "true", "on", "0", "false", "off", ""):
        raise ValueError(given)
    return given.lower() in ("1", "true", "on")


def moment(given: str) -> datetime:
    """A moment in UTC; a day is its beginning."""
    found = datetime.fromisoformat(given)
    if not 1971 <= found.year <= 8_999:
        raise ValueError(given)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def set_external_id(book: Book, switches: Switches, table: str, row: Row, form: Json) -> bool:
    """Mark a record with the id of its counterpart, and a document with what became of it there; whether
    anything was sent.
    """
    sent = {name: form[name] for name in ("externalId", "externalIntegrationLog") if name in form}
    if any(not isinstance(value, str) for value in sent.values()):
        raise invalid(externalId="This value is not valid.")
    if table not in ("invoices", "purchaseorders"):
        sent.pop("externalIntegrationLog", None)
    wanted = sent.get("externalId") or None
    if "externalId" in sent:
        held = row["externalId"]
        if held not in (None, wanted) and not switches["external_id_overwritable"]:
            raise invalid(externalId="This value is already set.")
        if wanted and switches["external_id_unique"]:
            twin = book.first(table, lambda other: other["externalId"] == wanted and other is not row)
            if twin is not None:
                raise invalid(externalId="This value is already used.")
    for name, value in sent.items():
        row[name] = value or None
    if sent:
        row["marks"] = row.get("marks", 0) + 1
        if switches["patch_bumps_update_date"]:
            row["updateDate"] = book.now()
    return bool(sent)


def unique(book: Book, switches: Switches, table: str, name: str, value: Any, but: Row | None = None) -> None:
    """`Refused` for a code that another record has."""
    if value is None or not switches["unique_code_enforced"]:
        return
    if book.first(table, lambda row: row.get(name) == value and row is not but) is not None:
        raise invalid(**{name: "This value is already used."})


def check_length(switches: Switches, values: Row) -> None:
    """`Refused` for a name or code that is longer than the company takes."""
    most = int(switches["text_max"])
    long = [name for name in ("name", "code") if most and len(values.get(name) or "") > most]
    if long:
        raise invalid(**dict.fromkeys(long, f"This value is too long. It has {most} characters at most."))


def lists_of(book: Book, form: Json, *, whole: bool) -> Row:
    """The lists of a supplier as they were sent. Where the record is written whole, one that is left out
    stays, and one that was sent replaces what there was.
    """
    found: Row = {}
    if "currencies" in form or whole:
        found["currencies"] = texts(form.get("currencies"))
    for name, key, table in (
        ("supplierLegalEntityIds", "legalEntities", "legalentities"),
        ("paymentTerms", "terms", "paymentterms"),
    ):
        if name in form:
            given = form[name] if isinstance(form[name], Mapping) else {"0": form[name]}
            found[key] = [_id(book, name, table, reference(value)) for value in given.values()]
    if isinstance(form.get("contacts"), Mapping):
        found["contacts"] = [
            {str(name): value for name, value in contact.items() if isinstance(value, str)}
            for contact in form["contacts"].values()
            if isinstance(contact, Mapping)
        ]
    return found


def _id(book: Book, name: str, table: str, text: str) -> int:
    found = book.get(table, int(text)) if text.isascii() and text.isdigit() and len(text) < 12 else None
    if found is None:
        raise invalid(**{name: "The selected choice is invalid."})
    key: int = found["id"]
    return key


def named(book: Book, form: Json, name: str, table: str) -> int | None:
    """The record that `name[id]=…` names; None when nothing was sent."""
    text = reference(form.get(name))
    return _id(book, name, table, text) if text else None


def check_parent(book: Book, family: str, field: int, parent: int | None, option: Row | None) -> None:
    """`Refused` for a parent of another field, one below the option itself, or too deep a tree."""
    level, row = 1, book.get(f"{family}_options", parent)
    if row is not None and row["field"] != field:
        raise invalid(parent="The selected choice is invalid.")
    while row is not None:
        if option is not None and row["id"] == option["id"]:
            raise invalid(parent="The selected choice is invalid.")
        row, level = book.get(f"{family}_options", row["parent"]), level + 1
    if level > _LEVELS_MAX + 1:
        raise invalid(parent=f"There are at most {_LEVELS_MAX} levels.")


def check_term(values: Row) -> None:
    """A term that is paid wholly in advance has no days and no rule."""
    if values.get("prepaymentPercent") == 100:
        values.update(creditPeriodDays=0, termsDueDateAfterInvoicing=0)

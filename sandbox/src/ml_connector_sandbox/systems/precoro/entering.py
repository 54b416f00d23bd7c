"""How a document is typed in: by whoever sets up the company, and by people at the screen.

What is typed names everything by its code or name; amounts are texts. Totals follow from the lines, and the
tax of each rate is rounded once, unless it is stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.body import is_text
from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.precoro.book import Book
from ml_connector_sandbox.systems.precoro.invoices import (
    BOOKABLE,
    CREDITS,
    FROM_ORDER,
    STANDARD,
    STATUSES,
    rounded,
    shares,
)

AMOUNT_MAX, RATE_MAX, LINES_MAX = Decimal(10) ** 12, Decimal(10) ** 6, 1_000
_FAMILIES = ("documentcustomfields", "itemcustomfields")


def enter_invoice(book: Book, typed: Json, user: int) -> Row:
    """An invoice or credit note, with its payments and files yet to come; `KeyError` for a name that does not
    exist.
    """
    facts = {**_header(book, typed, user), **_totals(book, typed)}
    status = STATUSES.index(str(typed.get("status", "pending")))
    created = when(typed.get("created")) or facts["issueDate"] + timedelta(days=1, hours=9, minutes=12)
    approved = when(typed.get("approved")) or (
        created + timedelta(days=1) if status in (*BOOKABLE, 9) else None
    )
    original = typed.get("allocated")
    twin = book.first("invoices", lambda row: row["invoiceNumber"] == original) if original else None
    order = book.numbered("purchaseorders", str(typed["order"])) if "order" in typed else None
    kind = typed.get("kind", FROM_ORDER if order else STANDARD)
    if kind not in (STANDARD, FROM_ORDER, *CREDITS):
        raise ValueError("kind: 0, 1, 2 or 5")
    return book.add(
        "invoices",
        {
            **facts,
            "status": status,
            "logicType": int(kind),
            "invoiceNumber": text(typed.get("number")),
            "createDate": created,
            "updateDate": approved or created,
            "approvalDate": approved,
            "lastApprover": user if approved else None,
            "sumPaid": Decimal(0),
            "contracts": [],
            "purchaseOrder": order["id"] if order else None,
            "allocated": twin["id"] if twin else None,
            "parent": None,
            "ocr": None,
            "integrationStatus": 8 if typed.get("waits") else None,
            "externalId": text(typed.get("external_id")),
            "externalIntegrationLog": None,
        },
    )


def enter_document(book: Book, table: str, typed: Json, user: int) -> Row:
    """An order or an expense."""
    facts = {**_header(book, typed, user), **_totals(book, typed)}
    status = STATUSES.index(str(typed.get("status", "approved")))
    created = facts["issueDate"] + timedelta(hours=9)
    return book.add(
        table,
        {
            **facts,
            "status": status,
            "createDate": created,
            "updateDate": created,
            "approvalDate": created + timedelta(days=1) if status in BOOKABLE else None,
            "sumPaid": Decimal(0),
            "expenseNumber": text(typed.get("number")),
            "logicType": 0,
            "externalIntegrationLog": None,
            "statusReceiving": 0,
            "statusPayment": 0,
            "statusSending": 0,
        },
    )


def change_lines(book: Book, invoice: Row, typed: Json) -> None:
    """Other lines, taxes or header codes of an invoice."""
    totals = _totals(book, typed) if "lines" in typed else {}
    chosen = codes(book, _FAMILIES[0], typed.get("codes") or {})
    invoice.update(totals, values={**invoice["values"], **chosen})


def split(book: Book, invoice: Row, typed: list[Json]) -> list[Row]:
    """Shares of an invoice's costs as records of their own, each under other codes; the original stays."""
    weights = [int(part.get("percent", 0)) for part in typed]
    if len(weights) < 2 or any(weight <= 0 for weight in weights):
        raise ValueError("parts: two or more, each with a percent above 0")
    chosen = [codes(book, _FAMILIES[0], part.get("codes") or {}) for part in typed]
    sums = {name: shares(invoice[name], weights) for name in ("netSum", "sum")}
    made = []
    for place, values in enumerate(chosen):
        net, gross = sums["netSum"][place], sums["sum"][place]
        line = invoice["lines"][0]
        whole = {**line, "id": book.new_id("lines"), "splitIndex": place + 1, "quantity": Decimal(1)}
        whole.update(price=net, netSum=net, sum=gross, taxSum=gross - net, values=dict(line["values"]))
        taxes = [{**held, "amount": Decimal(0)} for held in invoice["taxes"]]
        if taxes:
            taxes[0]["amount"] = gross - net
        fresh = {
            "lines": [whole],
            "taxes": taxes,
            "values": {**invoice["values"], **values},
            "attachments": [],
        }
        kept = {name: value for name, value in invoice.items() if name not in ("id", "idn", "externalId")}
        sums_of = {"netSum": net, "sum": gross, "sumPaid": Decimal(0), "withholdingTaxSum": Decimal(0)}
        made.append(book.add("invoices", {**kept, **fresh, **sums_of, "parent": invoice["id"], "ocr": None}))
    return made


def _header(book: Book, typed: Json, user: int) -> Row:
    supplier = one(book, "suppliers", "uniqueCode", typed["supplier"]) if "supplier" in typed else None
    entity = one(book, "legalentities", "name", typed["entity"]) if typed.get("entity") else None
    place = one(book, "locations", "uniqueCode", typed["location"]) if typed.get("location") else None
    term = one(book, "paymentterms", "name", typed["term"]) if typed.get("term") else None
    issued = when(typed.get("issued")) or book.now().replace(hour=0, minute=0, second=0)
    due = when(typed.get("due"))
    if due is None and term is not None:
        due = issued + timedelta(days=int(term["creditPeriodDays"]))
    rate = amount(typed.get("rate", "1"))
    if not 0 < rate <= RATE_MAX:
        raise ValueError(f"rate: above 0, at most {RATE_MAX}")
    return {
        "supplier": supplier["id"] if supplier else None,
        "legalEntity": entity["id"] if entity else None,
        "location": place["id"] if place else None,
        "paymentTerm": term["id"] if term else None,
        "issueDate": issued,
        "requiredDate": due,
        "currency": text(typed.get("currency")) or "EUR",
        "rate": rate,
        "updateExchangeRateDate": issued,
        "note": text(typed.get("note")),
        "customName": text(typed.get("name")),
        "values": codes(book, _FAMILIES[0], typed.get("codes") or {}),
        "attachments": [],
        "creator": user,
        "lastEditor": user,
    }


def _totals(book: Book, typed: Json) -> Row:
    """Lines, taxes and sums."""
    lines = [_line(book, held) for held in typed["lines"]]
    if not 0 < len(lines) <= LINES_MAX:
        raise ValueError(f"lines: 1 to {LINES_MAX}")
    bases: dict[int, Decimal] = {}
    for line in lines:
        for key in line["taxes"]:
            bases[key] = bases.get(key, Decimal(0)) + line["netSum"]
    stated = {
        one(book, "taxes", "name", name)["id"]: amount(value) for name, value in _pairs(typed, "stated")
    }
    taxes = []
    for key, base in bases.items():
        tax = book.tables["taxes"][key]
        value = stated.get(key, bounded(base * tax["percent"] / 100))
        taxes.append({"tax": key, "base": base, "amount": value, "withheld": tax["isWithholdingTax"]})
    net = sum((line["netSum"] for line in lines), Decimal(0))
    added = sum((row["amount"] for row in taxes if not row["withheld"]), Decimal(0))
    held_back = sum((row["amount"] for row in taxes if row["withheld"]), Decimal(0))
    return {
        "lines": lines,
        "taxes": taxes,
        "netSum": net,
        "sum": net + added + amount(typed.get("rounding", "0")),
        "withholdingTaxSum": held_back,
    }


def _line(book: Book, typed: Json) -> Row:
    quantity, price = amount(typed.get("quantity", "1")), amount(typed["price"])
    discount = amount(typed.get("discount", "0"))
    net = bounded(quantity * price - discount)
    names = typed.get("tax", ())
    taxes = [one(book, "taxes", "name", name) for name in ([names] if isinstance(names, str) else names)]
    share = sum((tax["percent"] for tax in taxes if not tax["isWithholdingTax"]), Decimal(0))
    tax_sum = bounded(net * share / 100)
    product = one(book, "items", "sku", typed["sku"]) if typed.get("sku") else None
    return {
        "id": book.new_id("lines"),
        "name": text(typed.get("text")) or "",
        "sku": product["sku"] if product else None,
        "description": text(typed.get("description")),
        "quantity": quantity,
        "unit": text(typed.get("unit")) or "pcs",
        "price": price,
        "discount": discount,
        "netSum": net,
        "sum": net + tax_sum,
        "taxSum": tax_sum,
        "taxes": [tax["id"] for tax in taxes],
        "values": codes(book, _FAMILIES[1], typed.get("codes") or {}),
        "product": product["id"] if product else None,
        "orderLine": None,
        "splitIndex": None,
    }


def codes(book: Book, family: str, given: Mapping[str, Any]) -> Row:
    """Values of custom fields by the axes of the company: options by their code, else texts."""
    found: Row = {}
    for axis, code in given.items():
        field = one(book, family, "axis", axis)
        if field["type"] != 0:
            found[field["id"]] = text(code)
            continue
        options = (row for row in book.options(family, field["id"]) if row["code"] == code)
        option = next(options, None)
        if option is None:
            raise KeyError(f"option {code} of {axis}")
        found[field["id"]] = option["id"]
    return found


def one(book: Book, table: str, name: str, value: Any) -> Row:
    """The row with that code or name; `KeyError` for none."""
    row = book.first(table, lambda held: held.get(name) == value)
    if row is None:
        raise KeyError(f"{table} {value}")
    return row


def amount(given: Any) -> Decimal:
    """An amount as it was typed."""
    value = Decimal(str(given))
    if not value.is_finite() or abs(value) > AMOUNT_MAX or value != value.quantize(Decimal("0.000001")):
        raise ValueError(f"{given!r} is not an amount")
    return value


def bounded(value: Decimal) -> Decimal:
    """To the cent; `ValueError` for more than fits."""
    if abs(value) > AMOUNT_MAX:
        raise ValueError(f"{value} is too much")
    return rounded(value)


def when(given: Any) -> datetime | None:
    """A day or a moment, in UTC."""
    if given is None:
        return None
    found = datetime.fromisoformat(given)
    if not 1971 <= found.year <= 8_900:
        raise ValueError(f"{given!r} is no day that can be written down")
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def text(given: Any) -> str | None:
    """A text as it was typed."""
    if given is not None and (not isinstance(given, str) or not is_text(given)):
        raise ValueError(f"{given!r} is no text")
    return given


def _pairs(typed: Json, name: str) -> list[tuple[str, Any]]:
    return list((typed.get(name) or {}).items())

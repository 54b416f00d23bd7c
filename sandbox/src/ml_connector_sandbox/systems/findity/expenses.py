"""How an expense is typed in, and what it comes to: lines with account, VAT and dimensions.

receipt  gross ─► net + VAT, per line        mileage  distance × rate        per diem  days × rate − meals
                             in the organization's currency, each to the cent
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.findity.book import Book

TYPES = {
    "receipt": "ReceiptVerification",
    "mileage": "CarSpecification",
    "per_diem": "SubsistenceAllowance",
    "food_benefit": "FoodBenefitsSpecification",
}
"""The vendor's types of expenses, by what a person calls them."""
CENT = Decimal("0.01")
_AMOUNT_MAX, _DECIMALS_MAX = Decimal(1_000_000_000), 10
FILE_MAX = 64 * 1024 * 1024
MIME = {
    "pdf": "application/pdf",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "heic": "image/heic",
    "tiff": "image/tiff",
    "xml": "application/xml",
}


def amount(typed: Any) -> Decimal:
    """An amount as it was typed; `ValueError` for none, or one out of all bounds."""
    try:
        number = Decimal(str(typed))
    except ArithmeticError as error:
        raise ValueError(f"{typed!r} is no amount") from error
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_DECIMALS_MAX or abs(number) > _AMOUNT_MAX:
        raise ValueError(f"{typed!r} is no amount")
    return number


def cents(value: Decimal) -> Decimal:
    """To the cent, halves away from zero."""
    return value.quantize(CENT, ROUND_HALF_UP)


def day_of(typed: Any) -> date:
    """A day; `ValueError` for none."""
    return date.fromisoformat(str(typed)[:10])


def moment_of(typed: Any, usual: datetime) -> datetime:
    """A moment as it was typed, or the usual one."""
    if typed is None:
        return usual
    moment = datetime.fromisoformat(str(typed))
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def enter(book: Book, organization: Row, typed: Json) -> Row:
    """Put an expense into the book, without a report; `KeyError` for a category, way of paying or VAT code
    that does not exist, `ValueError` for what cannot be.
    """
    return book.add("expenses", {**read(book, organization, typed), "receipts": []})


def read(book: Book, organization: Row, typed: Json) -> Row:
    """An expense as it was typed."""
    kind = str(typed.get("type", "receipt"))
    if kind not in TYPES:
        raise ValueError(f"type: one of {', '.join(TYPES)}")
    where = {"organization": organization["id"]}
    paid_by = typed.get("paid_by")
    method = (
        book.one("payment_methods", **where, name=str(paid_by))
        if paid_by is not None
        else book.one("payment_methods", **where)
    )
    original, rate = _original(kind, typed), amount(typed.get("rate", "1"))
    if rate <= 0:
        raise ValueError("rate: above zero")
    gross = cents(original * rate)
    currency = str(typed.get("currency", organization["currency"]))[:3]
    return {
        "organization": organization["id"],
        "type": kind,
        "date": day_of(typed.get("date", book.now().date().isoformat())),
        "text": str(typed.get("text", ""))[:255],
        "merchant": None if typed.get("merchant") is None else str(typed["merchant"])[:120],
        "paid_by": method["id"],
        "currency": currency,
        "original": original,
        "rate": rate,
        "gross": gross,
        "country": str(typed.get("country", organization["country"]))[:2],
        "missing": None if typed.get("missing_receipt") is None else str(typed["missing_receipt"])[:255],
        "salary_code": None if typed.get("salary_code") is None else str(typed["salary_code"])[:40],
        "lines": _lines(book, organization, kind, typed, gross),
        "mileage": _mileage(typed) if kind == "mileage" else None,
        "per_diem": _per_diem(typed) if kind == "per_diem" else None,
        "typed": dict(typed),
    }


def _original(kind: str, typed: Json) -> Decimal:
    """The sum in the expense's own currency; the vendor computes mileage and per diem itself."""
    if kind == "mileage":
        way = dict(typed["mileage"])
        return cents(distance_of(way) * amount(way["rate"]))
    if kind == "per_diem":
        days = dict(typed["per_diem"])
        return cents(amount(days["days"]) * amount(days["rate"]) - amount(days.get("deducted", "0")))
    return cents(amount(typed["amount"]))


def distance_of(way: Json) -> Decimal:
    """The whole distance; a way there and back counts twice."""
    return amount(way["distance"]) * (2 if way.get("round_trip") else 1)


def _mileage(typed: Json) -> Json:
    way = dict(typed["mileage"])
    return {
        "distance": distance_of(way),
        "unit": str(way.get("unit", "KM")),
        "rate": amount(way["rate"]),
        "roundTrip": bool(way.get("round_trip")),
        "carType": str(way.get("car", "PRIVATE_CAR")),
        "places": [str(place) for place in way.get("places", ())][:50],
        "passengers": int(way.get("passengers", 0)),
        "commuting": bool(way.get("commuting")),
    }


def _per_diem(typed: Json) -> Json:
    days = dict(typed["per_diem"])
    return {
        "days": amount(days["days"]),
        "rate": amount(days["rate"]),
        "deducted": amount(days.get("deducted", "0")),
        "country": str(days.get("country", ""))[:2] or None,
    }


def _lines(book: Book, organization: Row, kind: str, typed: Json, gross: Decimal) -> list[Row]:
    """The lines; what is not split has one. They come to the gross, the last one takes what rounding left."""
    parts = list(typed.get("lines") or [{}])
    usual: Json = {name: typed[name] for name in ("category", "vat", "vat_amount", "codes") if name in typed}
    made = [_line(book, organization, {**usual, **dict(part)}, gross, len(parts)) for part in parts]
    if sum((line["net"] + line["vat"] for line in made), Decimal(0)) != gross:
        raise ValueError(f"lines: they do not come to {gross}")
    if kind != "receipt" and any(line["vat"] for line in made):
        raise ValueError("vat: only a receipt has it")
    return made


def _line(book: Book, organization: Row, typed: Json, gross: Decimal, count: int) -> Row:
    where = {"organization": organization["id"]}
    if count > 1 and "amount" not in typed:
        raise ValueError("lines: each needs an amount, in the organization's currency")
    own = cents(amount(typed["amount"])) if count > 1 else gross
    code = book.one("vat_codes", **where, code=str(typed["vat"])) if typed.get("vat") is not None else None
    percent = code["percentage"] if code else Decimal(0)
    vat = (
        cents(amount(typed["vat_amount"]))
        if typed.get("vat_amount") is not None
        else cents(own * percent / (100 + percent))
    )
    if code is None and vat:
        raise ValueError("vat: an amount needs a code")
    return {
        "category": book.one("categories", **where, name=str(typed["category"]))["id"],
        "vat_code": code["id"] if code else None,
        "net": own - vat,
        "vat": vat,
        "codes": _codes(book, organization, typed.get("codes") or {}),
    }


def _codes(book: Book, organization: Row, typed: Mapping[str, Any]) -> dict[str, str]:
    """Ids of values by the ids of their dimensions."""
    found = {}
    for name, code in typed.items():
        dimension = book.one("dimensions", organization=organization["id"], name=str(name))
        found[dimension["id"]] = book.one("dimension_values", dimension=dimension["id"], code=str(code))["id"]
    return found


def attach(book: Book, expense: Row, name: str, content: bytes) -> Row:
    """Put a receipt to an expense; names may be the same."""
    suffix = name.rpartition(".")[2].lower()
    row = book.add(
        "receipts",
        {
            "organization": expense["organization"],
            "expense": expense["id"],
            "name": name,
            "content": content,
            "kind": MIME.get(suffix, "application/octet-stream"),
        },
    )
    expense["receipts"].append(row["id"])
    return row


def attach_typed(book: Book, expense: Row, files: Iterable[Any]) -> None:
    """Receipts that were typed as name and size, or as name and content in base64."""
    for typed in files:
        name, held = str(typed[0])[:200], typed[1]
        size = held if isinstance(held, int) and not isinstance(held, bool) else None
        if size is not None and not 0 <= size <= FILE_MAX:
            raise ValueError(f"bytes: 0 to {FILE_MAX}")
        content = (
            file_content(f"{expense['id']} {name}", size)
            if size is not None
            else base64.b64decode(str(held), validate=True)
        )
        attach(book, expense, name, content)


def file_content(text: str, size: int) -> bytes:
    """A file of that many bytes, its own for each text; a PDF or a JPEG by its first bytes."""
    is_picture = text.lower().endswith((".jpg", ".jpeg"))
    head = b"\xff\xd8\xff\xe0" if is_picture else b"%PDF-1.4\n"
    head += f"% {text}\n".encode("utf-8", "replace")
    block = hashlib.sha256(head).hexdigest().encode() + b"\n"
    return (head + block * (size // len(block) + 1))[:size]

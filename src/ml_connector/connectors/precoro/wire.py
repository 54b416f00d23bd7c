"""What Precoro writes, and nothing about what it means.

Schemas drift, and one field comes in several forms: money as a number or as text, an unset reference as `[]`,
a list bare or under `data`, a time as ISO text or as an object of PHP. So a field of doubtful form is kept as
it was written (`Raw`) and read by one of the functions below, which raise `ValueError` with a reason. No
number becomes a float on the way.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Raw

T = TypeVar("T")
ABSENT = Raw()
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?")
_OFFSET = re.compile(r"[+-][0-9]{2}:?[0-9]{2}")


class Pagination(msgspec.Struct):
    """Where a page is in its list: with `has_next_page` in the newer form, `total_pages` in the older."""

    has_next_page: bool | None = None
    current_page: int | None = None
    total_pages: int | None = None


class Meta(msgspec.Struct):
    """What a list says of itself."""

    pagination: Pagination | None = None


class Page(msgspec.Struct):
    """One page of a list."""

    data: list[Raw]
    meta: Raw = ABSENT


class Ref(msgspec.Struct):
    """Another record that is named."""

    id: Raw
    externalId: Raw = ABSENT
    name: Raw = ABSENT
    code: Raw = ABSENT


class Parent(msgspec.Struct):
    """The document of which this one is a share of the costs."""

    idn: Raw = ABSENT


class Row(msgspec.Struct):
    """An invoice as a list has it, which is the beginning of what the record itself has."""

    id: int
    idn: str | int
    status: Raw = ABSENT
    updateDate: Raw = ABSENT
    modifyDate: Raw = ABSENT
    createDate: Raw = ABSENT
    approvalDate: Raw = ABSENT
    externalId: Raw = ABSENT
    integrationStatus: Raw = ABSENT
    parentData: Raw = ABSENT
    parentIdn: Raw = ABSENT


class Invoice(Row):
    """An invoice whole."""

    logicType: Raw = ABSENT
    invoiceNumber: Raw = ABSENT
    customName: Raw = ABSENT
    issueDate: Raw = ABSENT
    requiredDate: Raw = ABSENT
    currency: Raw = ABSENT
    sum: Raw = ABSENT
    netSum: Raw = ABSENT
    sumInCompanyCurrency: Raw = ABSENT
    sumPaid: Raw = ABSENT
    withholdingTaxSum: Raw = ABSENT
    exchangeRate: Raw = ABSENT
    paymentTerm: Raw = ABSENT
    supplier: Raw = ABSENT
    legalEntity: Raw = ABSENT
    items: Raw = ABSENT
    taxes: Raw = ABSENT
    dataDocumentCustomFields: Raw = ABSENT
    allDocumentCustomFieldOptionsIds: Raw = ABSENT
    attachments: Raw = ABSENT
    relatedOcrAttachment: Raw = ABSENT


class Tax(msgspec.Struct):
    """A tax on a line or on the document. Whether `value` is a percentage or an amount is not published."""

    id: Raw
    percent: Raw = ABSENT
    value: Raw = ABSENT
    taxAmount: Raw = ABSENT


class FieldValue(msgspec.Struct):
    """What a custom field holds: the field, and its option or its text."""

    value: Raw = ABSENT
    itemCustomField: Raw = ABSENT
    itemCustomFieldOption: Raw = ABSENT
    documentCustomField: Raw = ABSENT
    documentCustomFieldOption: Raw = ABSENT


class Item(msgspec.Struct):
    """A line. No public source prints one whole; these names are taken as inferred."""

    id: Raw
    name: Raw = ABSENT
    description: Raw = ABSENT
    netSum: Raw = ABSENT
    sum: Raw = ABSENT
    taxes: Raw = ABSENT
    taxSum: Raw = ABSENT
    dataItemCustomFields: Raw = ABSENT
    dataProductCustomFields: Raw = ABSENT


class Attachment(msgspec.Struct):
    """A file, without its bytes."""

    id: Raw
    name: Raw = ABSENT
    formatType: Raw = ABSENT


class User(msgspec.Struct):
    """A user of the company."""

    email: Raw = ABSENT
    allLocationsAccess: Raw = ABSENT
    allUserDocumentCostcentersAccess: Raw = ABSENT
    allProductGroupsAccess: Raw = ABSENT


class Rate(msgspec.Struct):
    """An exchange rate that is an object; of its form nothing is published."""

    rate: Raw = ABSENT


class PhpTime(msgspec.Struct):
    """A time as PHP writes its own objects."""

    date: str
    timezone: str = "UTC"


# --- fields of doubtful form --------------------------------------------------------------------------------


def is_absent(raw: Raw) -> bool:
    """Whether the record does not name the field at all."""
    return not bytes(raw)


def is_unset(raw: Raw) -> bool:
    """Whether the field is not there, is null, or is the empty list that stands for an unset reference."""
    return bytes(raw).strip() in (b"", b"null") or _is_empty_list(raw)


def text(raw: Raw) -> str:
    """A text, or the digits of a number as they were written; empty for none."""
    if is_unset(raw):
        return ""
    written = bytes(raw).strip()
    if written[:1] == b'"':
        return msgspec.json.decode(written, type=str).strip()
    if written[:1] in b"{[":
        raise ValueError("it is an object, and a text was expected")
    return written.decode()


def number(raw: Raw) -> Decimal | None:
    """A number, written as such or as text; `None` for none."""
    written = text(raw)
    if not written:
        return None
    if not _NUMBER.fullmatch(written):
        raise ValueError(f"{written[:40]!r} is no number")
    return Decimal(written)


def whole(raw: Raw) -> int | None:
    """A whole number; `None` for none."""
    found = number(raw)
    if found is None:
        return None
    if found != found.to_integral_value() or abs(found) > 10**18:
        raise ValueError(f"{found} is no whole number")
    return int(found)


def rate(raw: Raw) -> Decimal | None:
    """A rate, bare or as `rate` of an object; `None` for none, and for an object without one."""
    if bytes(raw).strip()[:1] == b"{":
        return number(_decoded(bytes(raw), Rate).rate)
    return None if bytes(raw).strip()[:1] == b"[" else number(raw)


def moment(raw: Raw) -> datetime | None:
    """A time, as ISO 8601 or as an object of PHP; UTC where no zone is said. `None` for none."""
    found = _written_moment(raw)
    return None if found is None else _moved(found, UTC)


def day(raw: Raw, zone: tzinfo | None) -> date | None:
    """The day of a time: in the zone, or as it is written."""
    found = _written_moment(raw)
    if found is None:
        return None
    # Midnight is a day that was made a time; it is not moved to the day before.
    return found.date() if zone is None or found.time() == time() else _moved(found, zone).date()


def ref(raw: Raw, shape: type[T]) -> T | None:
    """The record that is named; `None` where none is."""
    if is_unset(raw):
        return None
    return _decoded(bytes(raw), shape)


def rows(raw: Raw, shape: type[T]) -> list[T]:
    """A collection, bare or under `data`."""
    if is_unset(raw):
        return []
    written = bytes(raw).strip()
    if written[:1] == b"{":
        wrapped = _decoded(written, _Wrapped).data
        return rows(wrapped, shape) if not is_unset(wrapped) else []
    every: type[list[T]] = list[shape]  # type: ignore[valid-type]
    return _decoded(written, every)


class _Wrapped(msgspec.Struct):
    data: Raw = ABSENT


def _decoded(written: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(written, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error


def _is_empty_list(raw: Raw) -> bool:
    written = bytes(raw).strip()
    return written[:1] == b"[" and written[1:-1].strip() == b""


def _written_moment(raw: Raw) -> datetime | None:
    if is_unset(raw):
        return None
    if bytes(raw).strip()[:1] == b"{":
        php = _decoded(bytes(raw), PhpTime)
        return datetime.fromisoformat(php.date).replace(tzinfo=_zone(php.timezone))
    written = text(raw)
    if not written:
        return None
    found = datetime.fromisoformat(written)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _moved(moment: datetime, zone: tzinfo) -> datetime:
    try:
        return moment.astimezone(zone)
    except OverflowError as error:
        raise ValueError(f"{moment} is beyond the calendar") from error


def _zone(name: str) -> tzinfo:
    """A zone by name or by offset."""
    if _OFFSET.fullmatch(name):
        return datetime.fromisoformat(f"2000-01-01T00:00:00{name}").tzinfo or UTC
    if name.upper() in ("Z", "UTC"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(f"{name[:40]!r} is no time zone") from error

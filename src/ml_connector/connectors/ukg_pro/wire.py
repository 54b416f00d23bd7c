"""Shapes on UKG's wire, in UKG's words. Only the fields we read; names, pay rates and social security numbers
are passed over unread.

Lists are bare arrays. Dates are local times without an offset and a fraction of any length. Amounts are JSON
numbers and become exact decimals; a page in which one of them is none is read row by row, so that the row is
named and the rest is kept. Source: UKG Pro developer pages, general ledger, pay register and pay group pay
periods, read 2026-08.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Generic, Literal, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, UnsetType

from ml_connector.errors import VendorChanged
from ml_connector.transport.answer import UNREADABLE, Answer

Amount = Decimal | UnsetType | None
LineNumber = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class GlRow(msgspec.Struct, frozen=True, gc=False):
    """What is booked of a row of a general-ledger run: aggregated, with no employee, pay code, currency or
    pay date.
    """

    runId: str
    blockId: int
    totalNrOfBlocks: int
    systemId: LineNumber
    companyCode: str | None = None
    payGroup: str | None = None
    periodEndDate: str | None = None
    baseSegment: str | None = None
    generalLedgerAccount: str | None = None
    orgLevel1: str | None = None
    orgLevel2: str | None = None
    orgLevel3: str | None = None
    orgLevel4: str | None = None
    location: str | None = None
    project: str | None = None
    jobCode: str | None = None
    debitAmt: Amount = UNSET
    creditAmt: Amount = UNSET


class GlFirstRow(GlRow, frozen=True, gc=False):
    """A row with what it says of its run."""

    coId: str | None = None
    description: str | None = None
    glRunDateTime: str | None = None


AnyGlRow = TypeVar("AnyGlRow", bound=GlRow)


class GlHead(msgspec.Struct, frozen=True, gc=False):
    """What a list of runs needs of a row."""

    runId: str
    periodEndDate: str
    glRunDateTime: str
    description: str | None = None
    payGroup: str | None = None


class PayPeriodRow(msgspec.Struct, frozen=True):
    """A period of a pay group; `periodControl` is the pay date with a sequence, and unique within the pay
    group.
    """

    payGroup: str
    periodControl: str
    payDate: str
    periodStartDate: str
    periodEndDate: str
    isPeriodClosed: bool | None = None
    dateTimePeriodClosed: str | None = None


class Check(msgspec.Struct, frozen=True, gc=False):
    """One check of the pay register; a void is a second record with negated amounts."""

    checkId: str
    employeeId: str
    companyId: str
    totalEarningsAmount: Decimal
    totalDeductionAmount: Decimal
    totalTaxAmount: Decimal
    netAmount: Decimal
    currencyCode: str | None = None
    isVoidingRecord: bool | str | None = None
    organizationLevel1: str | None = None
    organizationLevel2: str | None = None
    organizationLevel3: str | None = None
    organizationLevel4: str | None = None


class PaidCheck(msgspec.Struct, frozen=True, gc=False):
    """Of a check of the pay register, whom it pays and in which company, and whether it was taken back."""

    checkId: str
    employeeId: str
    companyId: str
    isVoided: bool | str | None = None
    isVoidingRecord: bool | str | None = None


class Company(msgspec.Struct, frozen=True):
    """A company of the tenant; `companyID` is what checks carry, `companyCode` what people and ledger rows
    carry.
    """

    companyID: str
    companyCode: str
    companyName: str | None = None
    federalTaxId: str | None = None


class OrgLevel(msgspec.Struct, frozen=True, gc=False):
    """A code of one of the four org levels; the code is unique within its level."""

    level: Annotated[int, msgspec.Meta(ge=1, le=4)] | Literal["1", "2", "3", "4"]
    code: str
    description: str | None = None
    isActive: bool | str | None = None


class Location(msgspec.Struct, frozen=True, gc=False):
    """A work location."""

    locationCode: str
    description: str | None = None
    isActive: bool | str | None = None


class CodeRow(msgspec.Struct, frozen=True, gc=False):
    """A row of a code table."""

    code: str
    description: str | None = None


class Job(msgspec.Struct, frozen=True, gc=False):
    """A job; its code goes by two names."""

    jobCode: str | None = None
    code: str | None = None
    title: str | None = None
    isActive: bool | str | None = None


class ErrorBody(msgspec.Struct, frozen=True):
    """The body of a 400; every member is optional."""

    title: str | None = None
    detail: str | None = None
    message: str | None = None
    errors: object = None
    modelstate: object = None


class OneStatus(msgspec.Struct, frozen=True):
    """What became of one row of several; the status is one of HTTP, as text or as a number."""

    status: str | int = ""
    modelstate: object = None


class MultiStatus(msgspec.Struct, frozen=True):
    """The body of a 207."""

    multistatus: list[OneStatus] = []


class _Locations(msgspec.Struct, frozen=True):
    locations: list[Location]


def multi_status(answer: Answer) -> list[MultiStatus]:
    """What became of the rows that were sent, in one body for all or in one for each."""
    if answer.body.lstrip()[:1] == b"[":
        return answer.decode_list(MultiStatus)
    return [answer.decode(MultiStatus)]


def locations(answer: Answer) -> list[Location]:
    """Locations, whether they come bare or in an envelope."""
    if answer.body.lstrip()[:1] == b"{":
        return answer.decode(_Locations).locations
    return answer.decode_list(Location)


def is_yes(value: bool | str | None, absent: bool) -> bool:
    """A flag as UKG writes it in one place or another. Raises `VendorChanged` for a text that is none."""
    if value is None or value == "":
        return absent
    if isinstance(value, bool):
        return value
    found = {"y": True, "yes": True, "true": True, "n": False, "no": False, "false": False}.get(value.lower())
    if found is None:
        raise VendorChanged(f"{value!r} is neither yes nor no.", where="isActive")
    return found


# --- general-ledger pages -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class GlPage(Generic[AnyGlRow]):
    """Rows of a page; `odd` names the field and the text of what a row holds and cannot be read, by the row's
    place.
    """

    rows: list[AnyGlRow]
    odd: Mapping[int, tuple[str, str]] = field(default_factory=dict)


_BARE = re.compile(rb'("(?:debitAmt|creditAmt)"\s*:\s*)([+-]?(?:NaN|Inf(?:inity)?))', re.IGNORECASE)
_QUOTED = re.compile(rb'Amt"\s*:\s*"')
_ODD_TEXT = re.compile(rb'"(?:debitAmt|creditAmt)"\s*:\s*"[^"]*[^"0-9A-Za-z+.-][^"]*"')
"""An amount in quotes with a character that no number has: `1_000` and digits of other scripts would be read
as decimals.
"""
_PLACE = re.compile(r"`\$\.(\w+)`")
_PLACED_BY = frozenset({"runId", "blockId", "totalNrOfBlocks", "systemId"})


def gl_page(answer: Answer, shape: type[AnyGlRow]) -> GlPage[AnyGlRow]:
    """The rows of a page in this shape. Raises `VendorChanged` for anything that is no list of rows, or a row
    that belongs to no block.
    """
    try:
        rows = answer.decode_list(shape)
        if not (_QUOTED.search(answer.body) and _ODD_TEXT.search(answer.body)):
            return GlPage(rows=rows)
        raise VendorChanged("An amount is text that is no number.", where="general ledger")
    except VendorChanged as error:
        if not answer.is_json:
            raise
        try:
            raws = msgspec.json.decode(_BARE.sub(rb'\1"\2"', answer.body), type=list[msgspec.Raw])
        except UNREADABLE:
            raise error from None
        rows, odd = [], {}
        for place, raw in enumerate(raws):
            row, found = _odd_row(bytes(raw), shape, error)
            rows.append(row)
            if found is not None:
                odd[place] = found
        return GlPage(rows=rows, odd=odd)


def is_odd_text(raw: bytes) -> bool:
    """Whether the JSON value is a text with a character that no number has."""
    return raw[:1] == b'"' and not re.fullmatch(rb'"[0-9A-Za-z+.-]*"', raw)


def _odd_row(
    raw: bytes, shape: type[AnyGlRow], error: VendorChanged
) -> tuple[AnyGlRow, tuple[str, str] | None]:
    """The row without the fields that cannot be read, and the first of them."""
    first = None
    if _ODD_TEXT.search(raw):
        members = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        name = next(name for name in ("debitAmt", "creditAmt") if is_odd_text(bytes(members.get(name, b""))))
        first = (name, str(msgspec.json.decode(members.pop(name))))
        raw = msgspec.json.encode(members)
    for _ in shape.__struct_fields__:
        try:
            return msgspec.json.decode(raw, type=shape), first
        except msgspec.ValidationError as invalid:
            named = _PLACE.search(str(invalid))
            if named is None or named[1] in _PLACED_BY:
                raise error from invalid
            members = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
            odd = members.pop(named[1])
            first = first or (named[1], bytes(odd).decode(errors="replace"))
            raw = msgspec.json.encode(members)
    raise error


# --- dates --------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def day(text: str) -> date:
    """The date of a local time, or a date in ISO form. Raises `ValueError`."""
    return date.fromisoformat(text.strip()[:10])


@lru_cache(maxsize=4096)
def moment(text: str, zone: ZoneInfo) -> datetime:
    """A local time, with an offset or without one and a fraction of any length, in UTC. Raises
    `ValueError`.
    """
    whole, dot, rest = text.strip().partition(".")
    if dot:
        digits = re.match(r"\d*", rest)
        count = digits.end() if digits else 0
        whole = f"{whole}.{rest[:count][:6].ljust(6, '0')}{rest[count:]}"
    read = datetime.fromisoformat(whole)
    return (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC)


# --- Third-Party Pay ----------------------------------------------------------------------------------------


class FieldsError(ValueError):
    """The field names cannot be read."""


class ThirdPartyFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """UKG's names of what we read of a Third-Party Pay record; a tenant's own where they differ."""

    id: str = "Id"
    company: str = "CompanyIdentifierValue"
    company_type: str = "CompanyIdentifierType"
    pay_date: str = "PayDate"
    period_start: str = "PeriodStartDate"
    period_end: str = "PeriodEndDate"
    pay_group: str = "PayGroup"
    voided: str = "IsVoided"
    currency: str = "CurrencyCode"
    changed: str = "DateTimeChanged"
    earnings: str = "Earnings"
    earning_code: str = "EarningCode"
    earning_amount: str = "EarningCurrentAmount"
    deductions: str = "Deductions"
    deduction_code: str = "DeductionCode"
    deduction_amount: str = "EmployeeDeductionAmount"
    taxes: str = "Taxes"
    tax_code: str = "TaxCode"
    tax_amount: str = "EmployeeTaxAmount"
    worker: str = "EmployeeNumber"
    worker_type: str = "EmployeeIdentifierType"
    worker_value: str = "EmployeeIdentifierValue"
    check: str = "CheckNumber"
    document: str = "DocumentNumber"
    account: str = "AccountSegment2"
    debit: str = "DebitAmount"
    credit: str = "CreditAmount"
    cost_center: str = "CostCenter"
    org_level_1: str = "OrgLevel1"
    org_level_2: str = "OrgLevel2"
    org_level_3: str = "OrgLevel3"
    org_level_4: str = "OrgLevel4"
    job_code: str = "JobCode"


def read_fields(text: str) -> ThirdPartyFields:
    """The defaults with the names given as JSON. Raises `FieldsError`."""
    try:
        return msgspec.json.decode(text or "{}", type=ThirdPartyFields)
    except UNREADABLE as error:
        raise FieldsError(str(error)) from error


Record = dict[str, msgspec.Raw]


class _Values(msgspec.Struct, frozen=True):
    value: list[Record]


class _Results(msgspec.Struct, frozen=True):
    results: list[Record]


class _D(msgspec.Struct, frozen=True):
    d: _Results | list[Record]


def third_party_records(answer: Answer) -> list[Record]:
    """The records, whether they come bare, under `value` or under `d.results`."""
    start = answer.body.lstrip()[:1]
    if start == b"{" and b'"d"' in answer.body[:200]:
        inner = answer.decode(_D).d
        return inner.results if isinstance(inner, _Results) else inner
    return answer.decode(_Values).value if start == b"{" else answer.decode(list[Record])

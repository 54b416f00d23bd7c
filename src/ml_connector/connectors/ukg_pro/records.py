"""Third-Party Pay records: read by the tenant's field names, then turned into distributions. Pure; names of
people are passed over unread.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from ml_connector.connectors.ukg_pro import wire
from ml_connector.connectors.ukg_pro.translate import REMEDY, axes, shown
from ml_connector.connectors.ukg_pro.wire import ThirdPartyFields
from ml_connector.domain.dimension import Dimensions
from ml_connector.domain.money import AmountError, Money
from ml_connector.domain.payroll import Distribution
from ml_connector.domain.problem import Owner, Problem
from ml_connector.errors import VendorChanged

_UTC = ZoneInfo("UTC")
_AXES = ("org_level_1", "org_level_2", "org_level_3", "org_level_4", "job_code", "cost_center")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record, as far as it is read. `values` are the members still in UKG's text. `worker` tells workers
    apart and may be a social security number: it is compared, and never kept or shown.
    """

    id: str
    company: str
    company_type: str
    pay_date: date
    period_start: date | None
    period_end: date | None
    pay_group: str
    voided: bool
    currency: str
    changed: str
    changed_at: datetime | None
    worker: str
    check: str
    document: str
    values: wire.Record

    @property
    def version(self) -> str:
        """When the record was changed, or what it says where UKG tells no time."""
        return self.changed or " ".join(
            f"{name}={bytes(raw).decode(errors='replace')}" for name, raw in sorted(self.values.items())
        )

    @classmethod
    def read(cls, values: wire.Record, names: ThirdPartyFields, path: str) -> Record:
        """The record of these members. Raises `VendorChanged` for one without id, company or pay date."""
        missing = [name for name in (names.id, names.company, names.pay_date) if not text(values, name)]
        if missing:
            why = (
                f"A Third-Party Pay record has no {', '.join(missing)}. Check the field names in the"
                " connection."
            )
            raise VendorChanged(why, where=path, support=f"members: {', '.join(sorted(values))}"[:1000])
        changed = text(values, names.changed)
        try:
            period_start, period_end = text(values, names.period_start), text(values, names.period_end)
            return cls(
                id=text(values, names.id),
                company=text(values, names.company),
                company_type=text(values, names.company_type),
                pay_date=wire.day(text(values, names.pay_date)),
                period_start=wire.day(period_start) if period_start else None,
                period_end=wire.day(period_end) if period_end else None,
                pay_group=text(values, names.pay_group),
                voided=text(values, names.voided).lower() in ("y", "yes", "true", "1"),
                currency=text(values, names.currency),
                changed=changed,
                changed_at=wire.moment(changed, _UTC).astimezone(UTC) if changed else None,
                worker=_worker(values, names),
                check=text(values, names.check),
                document=text(values, names.document),
                values=_needed(values, names),
            )
        except ValueError as error:
            raise VendorChanged(
                f"A Third-Party Pay record has a date that cannot be read: {error}.", where=path
            ) from error


def text(values: wire.Record, name: str) -> str:
    """A member as text, trimmed; empty where it is missing or null."""
    raw = values.get(name)
    if raw is None:
        return ""
    try:
        value = msgspec.json.decode(raw)
    except RecursionError:
        return ""
    if value is None or isinstance(value, dict | list):
        return ""
    return value.strip() if isinstance(value, str) else bytes(raw).decode()


def _worker(values: wire.Record, names: ThirdPartyFields) -> str:
    """The employee number, or another identifier with its kind; empty where the record names no worker."""
    number, kind, value = (
        text(values, name) for name in (names.worker, names.worker_type, names.worker_value)
    )
    if number or not value:
        return number
    return value if kind.replace(" ", "").lower() in ("", "employeenumber") else f"{kind} {value}"


def _needed(values: wire.Record, names: ThirdPartyFields) -> wire.Record:
    """The members that rows are made of, copied out of the page; names and addresses are left behind."""
    wanted = {
        names.earnings,
        names.deductions,
        names.taxes,
        names.account,
        names.debit,
        names.credit,
        names.cost_center,
        names.org_level_1,
        names.org_level_2,
        names.org_level_3,
        names.org_level_4,
        names.job_code,
    }
    return {name: msgspec.Raw(bytes(raw)) for name, raw in values.items() if name in wanted}


class _Unreadable(Exception):
    """An amount that cannot be read."""

    def __init__(self, code: str, name: str, value: object, why: str) -> None:
        self.code, self.name, self.value, self.why = code, name, value, why


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReader:
    """Turns records of one company into distributions; `by_code` or by account segment."""

    company: str
    currency: str
    by_code: bool
    fields: ThirdPartyFields

    def rows(self, record: Record) -> Iterator[Distribution | Problem]:
        """The rows of a record, or what is wrong with it; none of a void one."""
        if record.voided:
            return
        try:
            if record.currency and record.currency != self.currency:
                raise _Unreadable(
                    "run.currency",
                    self.fields.currency,
                    record.currency,
                    f"The connection says {self.currency}.",
                )
            found = list(self._codes(record) if self.by_code else self._accounts(record))
        except _Unreadable as error:
            what = f"{error.name} is {shown(error.value)}. {error.why} {REMEDY}"
            yield Problem(error.code, f"record {record.id}: {error.name}", what, Owner.PAYROLL)
            return
        yield from found

    def gross(self, record: Record) -> str:
        """The earnings of the record, for a text."""
        try:
            rows = list(self._codes(record))
        except _Unreadable as error:
            return f"{error.name} {shown(error.value)}"
        minor = sum(row.amount.minor for row in rows if row.account == "EARNING")
        return f"gross {Money.from_minor(minor, self.currency)}"

    def _codes(self, record: Record) -> Iterator[Distribution]:
        names, dimensions = self.fields, self._axes(record)
        net = Money(Decimal(0), self.currency)
        kinds = (
            ("EARNING", names.earnings, names.earning_code, names.earning_amount, 1),
            ("DEDUCTION", names.deductions, names.deduction_code, names.deduction_amount, -1),
            ("TAX", names.taxes, names.tax_code, names.tax_amount, -1),
        )
        for account, collection, code_name, amount_name, sign in kinds:
            for number, item in enumerate(_items(record, collection), 1):
                code = text(item, code_name)
                if not code:
                    raise _Unreadable(
                        "row.pay_code",
                        f"{collection} {number} {code_name}",
                        "empty",
                        "The row names no code.",
                    )
                amount = self._money(item, amount_name)
                amount = amount if sign > 0 else -amount
                net -= amount
                yield self._row(
                    record,
                    account,
                    amount,
                    dimensions,
                    code,
                    f"{collection}/{number}",
                    "debit" if sign > 0 else "credit",
                )
        if net:
            yield self._row(record, "NET", net, dimensions, None, "NET", "credit")

    def _accounts(self, record: Record) -> Iterator[Distribution]:
        names = self.fields
        debit, credit = self._money(record.values, names.debit), self._money(record.values, names.credit)
        if debit and credit:
            both = f"{debit.amount} and {credit.amount}"
            raise _Unreadable(
                "amount.both_sides",
                f"{names.debit}, {names.credit}",
                both,
                "A row is a debit or a credit, not both.",
            )
        account = text(record.values, names.account)
        if not account:
            raise _Unreadable("row.account", names.account, "empty", "The row has no account.")
        yield self._row(
            record,
            account,
            -credit if credit else debit,
            self._axes(record),
            None,
            "",
            "credit" if credit else "debit",
        )

    def _row(
        self,
        record: Record,
        account: str,
        amount: Money,
        dimensions: Dimensions,
        pay_code: str | None,
        part: str,
        side: str,
    ) -> Distribution:
        origin = f"{record.id}/{part}" if part else record.id
        return Distribution(
            company=self.company,
            account=account,
            amount=amount,
            dimensions=dimensions,
            pay_code=pay_code,
            origin=origin,
            side=side,
        )

    def _axes(self, record: Record) -> Dimensions:
        return axes({axis: text(record.values, getattr(self.fields, axis)) for axis in _AXES})

    def _money(self, values: wire.Record, name: str) -> Money:
        raw = values.get(name)
        if raw is None:
            raise _Unreadable("amount.missing", name, "missing", "The row lacks the field.")
        if wire.is_odd_text(bytes(raw)):
            value = str(msgspec.json.decode(raw))
            raise _Unreadable("amount.unreadable", name, value, "It is not a number.")
        try:
            return Money(msgspec.json.decode(raw, type=Decimal), self.currency)
        except msgspec.ValidationError:
            raise _Unreadable(
                "amount.unreadable", name, bytes(raw).decode(errors="replace"), "It is not a number."
            ) from None
        except AmountError as error:
            raise _Unreadable(
                "amount.invalid", name, bytes(raw).decode(errors="replace"), f"{str(error)[:200]}."
            ) from None


def _items(record: Record, collection: str) -> list[wire.Record]:
    raw = record.values.get(collection)
    if raw is None or bytes(raw) == b"null":
        return []
    try:
        return msgspec.json.decode(raw, type=list[wire.Record])
    except msgspec.ValidationError:
        raise _Unreadable(
            "row.shape", collection, bytes(raw)[:40].decode(errors="replace"), "A list was expected."
        ) from None

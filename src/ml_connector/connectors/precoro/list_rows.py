"""The rows of Precoro's lists, on the wire and as values: options of custom fields, taxes, payment terms.

    options        name, code, enable, parent[id], externalId
    taxes          name, percent, value, isWithholdingTax, externalId; a tax is never closed
    payment terms  name, creditPeriodDays, termsDueDateAfterInvoicing, paymentType, both percentages, enable,
                   externalId; the rule 0 counts the days from the invoice, the others are not published

A PUT may take a field that is left out for none, so that every field goes along: those that are not ours as
they were read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Protocol

import msgspec
from msgspec import Raw

from ml_connector.connectors.precoro import wire
from ml_connector.domain.list_value import TAX, TERM, ListValue
from ml_connector.domain.problem import Problem

Form = list[tuple[str, str]]
FIXED_DAYS, PREPAID = 0, 100


class OptionRow(msgspec.Struct):
    """An option of a custom field."""

    id: Raw
    name: Raw = wire.ABSENT
    code: Raw = wire.ABSENT
    enable: Raw = wire.ABSENT
    externalId: Raw = wire.ABSENT
    parent: Raw = wire.ABSENT


class TaxRow(msgspec.Struct):
    """A tax of the company."""

    id: Raw
    name: Raw = wire.ABSENT
    percent: Raw = wire.ABSENT
    isWithholdingTax: Raw = wire.ABSENT
    externalId: Raw = wire.ABSENT


class TermRow(msgspec.Struct):
    """A payment term."""

    id: Raw
    name: Raw = wire.ABSENT
    prepaymentPercent: Raw = wire.ABSENT
    creditPeriodDays: Raw = wire.ABSENT
    termsDueDateAfterInvoicing: Raw = wire.ABSENT
    enable: Raw = wire.ABSENT
    externalId: Raw = wire.ABSENT


class Place(Protocol):
    """A list of Precoro: where it is, and how its rows are read and written. No calls."""

    @property
    def axis(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def shape(self) -> type[Any]: ...

    def value(self, row: Any) -> ListValue:
        """The row as a value; raises `ValueError`."""
        ...

    def normal(self, value: ListValue) -> ListValue:
        """As the list would keep it."""
        ...

    def problems(self, value: ListValue) -> Iterator[Problem]:
        """What the list cannot hold of it."""
        ...

    def form(self, value: ListValue, row: Any, parent: str) -> Form:
        """What is sent of a value; `row` is the one that is written over, `None` for a new one."""
        ...


def _titled(value: ListValue, **more: Any) -> ListValue:
    return replace(value, title=" ".join(value.title.split()), kind=None, **more)


def _untitled(value: ListValue) -> Iterator[Problem]:
    if not value.title.strip():
        text = (
            f"{value.code or value.identity} has no name, and Precoro needs one. Give it one at the source."
        )
        yield Problem("list.name", value.key, text)


def _flag(raw: Raw, default: bool) -> bool:
    said = wire.text(raw).lower()
    return default if not said else said in ("true", "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of a custom field. What an option stands below is named as values are, by identity or by
    place.
    """

    axis: str
    path: str
    shape: type[Any] = OptionRow

    def value(self, row: OptionRow) -> ListValue:
        parent = wire.ref(row.parent, wire.Ref)
        above = (wire.text(parent.externalId) or f"={wire.text(parent.id)}") if parent else ""
        return self.normal(
            ListValue(
                axis=self.axis,
                identity=wire.text(row.externalId),
                code=wire.text(row.code),
                title=wire.text(row.name),
                open=_flag(row.enable, True),
                parent=above,
            )
        )

    def normal(self, value: ListValue) -> ListValue:
        return _titled(value, code=value.code.strip(), percentage=None, days=None, month_ends=0)

    def problems(self, value: ListValue) -> Iterator[Problem]:
        yield from _untitled(value)

    def form(self, value: ListValue, row: OptionRow | None, parent: str) -> Form:
        """A parent goes along also where it is none, so that one is taken away."""
        fields = [("name", value.title), ("code", value.code), ("enable", str(int(value.open)))]
        return [*fields, ("parent[id]", parent), ("externalId", value.identity)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taxes:
    """The taxes. They have no code, so it stands in the name, and no state."""

    axis: str = TAX
    path: str = "/taxes"
    shape: type[Any] = TaxRow

    def value(self, row: TaxRow) -> ListValue:
        return self.normal(
            ListValue(
                axis=TAX,
                identity=wire.text(row.externalId),
                title=wire.text(row.name),
                percentage=wire.number(row.percent) or Decimal(0),
            )
        )

    def normal(self, value: ListValue) -> ListValue:
        title = f"{value.written} ({value.kind})" if value.kind else value.written
        percentage = (value.percentage or Decimal(0)).normalize() + 0
        named = replace(value, title=title, code="")
        return _titled(named, parent="", percentage=percentage, days=None, month_ends=0)

    def problems(self, value: ListValue) -> Iterator[Problem]:
        yield from _untitled(value)

    def form(self, value: ListValue, row: TaxRow | None, parent: str) -> Form:
        percent = f"{value.percentage or Decimal(0):f}"
        withheld = str(int(_flag(row.isWithholdingTax, False))) if row else "0"
        fields = [("name", value.title), ("percent", percent), ("value", percent)]
        return [*fields, ("isWithholdingTax", withheld), ("externalId", value.identity)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The payment terms. They have no code, so it stands in the name. Of a term that is paid in advance, or
    counts its days by another rule, the days are not those from the invoice.
    """

    axis: str = TERM
    path: str = "/paymentterms"
    shape: type[Any] = TermRow

    def value(self, row: TermRow) -> ListValue:
        counted = wire.whole(row.termsDueDateAfterInvoicing) or FIXED_DAYS
        ahead = wire.number(row.prepaymentPercent) or Decimal(0)
        plain = counted == FIXED_DAYS and not ahead
        return self.normal(
            ListValue(
                axis=TERM,
                identity=wire.text(row.externalId),
                title=wire.text(row.name),
                open=_flag(row.enable, True),
                days=(wire.whole(row.creditPeriodDays) or 0) if plain else None,
            )
        )

    def normal(self, value: ListValue) -> ListValue:
        return _titled(replace(value, title=value.written, code=""), parent="", percentage=None)

    def problems(self, value: ListValue) -> Iterator[Problem]:
        yield from _untitled(value)
        if value.month_ends:
            text = (
                f"{value.title} counts its days from the end of a month, and Precoro only from the invoice:"
                " it would show wrong due dates. Take a term of days there, and keep this one to the ledger."
            )
            yield Problem("list.term", value.key, text)

    def form(self, value: ListValue, row: TermRow | None, parent: str) -> Form:
        fields = {
            "name": value.title,
            "prepaymentPercent": "0",
            "postpaymentPercent": "100",
            "creditPeriodDays": str(value.days or 0),
            "termsDueDateAfterInvoicing": str(FIXED_DAYS),
            "paymentType": "0",
            "enable": str(int(value.open)),
            "externalId": value.identity,
        }
        return list(fields.items())


Places = Mapping[str, Place]
"""By list."""

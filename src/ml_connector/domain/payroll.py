"""A pay run as its source gives it, before anything is mapped."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, MutableSequence, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Self, overload

from ml_connector.domain.dimension import Dimensions
from ml_connector.domain.money import Money
from ml_connector.domain.period import PayPeriod
from ml_connector.domain.problem import Problem

GroupKey = tuple[str, str, str, Dimensions, str | None, str, bool]
"""Company, account, currency, dimensions, pay code and side of a line, and whether its amount is above
zero.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """One payroll GL line: a signed amount on a source account, with the source's own dimensions.

    `account` and the dimension codes are the payroll system's, not the ledger's. `origin` names the source
    line for drill-back. `side` is the column the source gave the amount in, where the sign does not say it: a
    negative debit lessens the debits and is not a credit.
    """

    company: str
    account: str
    amount: Money
    dimensions: Dimensions
    pay_code: str | None
    origin: str
    side: str = ""

    @property
    def is_debit(self) -> bool:
        """Whether it belongs to the debits: by the source's column where it says so, else by the sign."""
        return self.side == "debit" if self.side else self.amount.amount > 0

    @property
    def kind(self) -> GroupKey:
        """What lines have in common that are booked alike: everything but amount and origin."""
        return (
            self.company,
            self.account,
            self.amount.currency,
            self.dimensions,
            self.pay_code,
            self.side,
            self.amount.amount > 0,
        )


@dataclass(slots=True, eq=False)
class GroupKeys:
    """Kinds of lines, numbered from 0 in the order in which they came. Blocks of a run may share them."""

    known: list[GroupKey] = field(default_factory=list)
    _numbers: dict[GroupKey, int] = field(init=False, repr=False, default_factory=dict)

    def number(self, kind: GroupKey) -> int:
        """The number of a kind, which is added where it is new."""
        found = self._numbers.get(kind)
        if found is None:
            found = self._numbers[kind] = len(self.known)
            self.known.append(kind)
        return found


@dataclass(slots=True, eq=False)
class Lines(Sequence[Distribution]):
    """Payroll GL lines column by column, in the source's order: a line is the number of its kind, an amount
    in minor units and the source's number for it, and takes 20 bytes. As a sequence it gives distributions.

    An origin is `prefix` and a number of `origins`; where the source has other names for its lines, `prefix`
    is empty and `origins` are the names.
    """

    prefix: str = ""
    kinds: GroupKeys = field(default_factory=GroupKeys)
    numbers: array[int] = field(default_factory=lambda: array("I"))
    minors: array[int] = field(default_factory=lambda: array("q"))
    origins: MutableSequence[Any] = field(default_factory=lambda: array("q"))

    @classmethod
    def of(cls, rows: Iterable[Distribution]) -> Self:
        """These distributions as columns, each under its own origin."""
        rows = tuple(rows)
        lines = cls(origins=[row.origin for row in rows])
        lines.numbers.extend(lines.kinds.number(row.kind) for row in rows)
        lines.minors.extend(row.amount.minor for row in rows)
        return lines

    def add(self, number: int, minor: int, origin: int) -> None:
        """A line of the kind of this number, where the source numbers its lines."""
        self.numbers.append(number)
        self.minors.append(minor)
        self.origins.append(origin)

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, place: int) -> Distribution: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Distribution, ...]: ...

    def __getitem__(self, place: int | slice) -> Distribution | tuple[Distribution, ...]:
        if isinstance(place, slice):
            return tuple(self[one] for one in range(*place.indices(len(self))))
        minor, origin = self.minors[place], self.origins[place]
        return line_of(self.kinds.known[self.numbers[place]], minor, f"{self.prefix}{origin}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(self) != len(other):
            return False
        return all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]


def line_of(kind: GroupKey, minor: int, origin: str) -> Distribution:
    """The line of a kind with this amount in minor units, debit positive."""
    company, account, currency, dimensions, pay_code, side, _ = kind
    return Distribution(
        company=company,
        account=account,
        amount=Money.from_minor(minor, currency),
        dimensions=dimensions,
        pay_code=pay_code,
        origin=origin,
        side=side,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionGroup:
    """Lines of a pay run of one kind: how many they are, and their sum in minor units, debit positive.
    `sample` is a line with their fields: of its amount only the sign counts. `number` is the group's among
    those of the run, and bit n of `blocks` says whether some stand in block n, by delivery.
    """

    sample: Distribution
    rows: int
    minor: int
    number: int = 0
    blocks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterTotals:
    """Control totals of the pay register for one company, positive amounts; the second source that a journal
    is tied to.

    `workers_by_code` counts the workers paid per code of each axis: `{"org_level_1": {"4100": 12}}` flattened
    to `(axis, code, workers)`. Employer cost has no second source in every payroll system and is absent here.
    """

    company: str
    gross: Money
    deductions: Money
    employee_taxes: Money
    net: Money
    workers: int
    workers_by_code: tuple[tuple[str, str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PayParts:
    """What a delivery names of the pay it is for; a part is empty where the delivery names nothing of it.
    `day` is the end of the period or the pay date, whichever the source knows a pay by. `records` are the ids
    of what it is made of, where the source gives each an id that stays when a date or an amount is corrected.
    """

    groups: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    day: date | None = None
    records: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PayRun:
    """One payroll calculation, ready to be posted: dates, currency, companies and control totals.

    `reference` is the source's id of this calculation; `subject` names what it pays (pay group and period)
    and stays the same when the payroll is undone and run again under another reference. A source that does
    not `tells_pays_apart` gives two pays of one group and period the same subject: it cannot say whether the
    second replaces the first. `parts` are those of the subject, where two deliveries of one pay may name
    different ones; `None` where a subject is whole. `groups` are the pay groups that it pays, none where the
    source names none.
    """

    source: str
    reference: str
    subject: str
    description: str
    companies: tuple[str, ...]
    currency: str
    pay_period: PayPeriod
    calculated_at: datetime
    blocks: int
    register: tuple[RegisterTotals, ...] = ()
    tells_pays_apart: bool = True
    parts: PayParts | None = None
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A part of a pay run as the source delivers it, `number` of `total`, with every row in the source's
    order: `Lines` where a run may have a million of them.

    `problems` lists the rows that are not usable; a block with problems is staged as evidence and never
    posted. `sha256` is of the bytes as the source delivered them, of this block and those before it; empty
    where they are not kept that long.
    """

    number: int
    total: int
    rows: Sequence[Distribution]
    problems: tuple[Problem, ...] = ()
    sha256: str = ""

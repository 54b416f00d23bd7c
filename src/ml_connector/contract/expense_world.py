"""What the contract of an `ExpenseSource` asks of the world around a connector, and the steps that its claims
have in common.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ml_connector.domain.expense import ExpenseReport, ReceiptFile
from ml_connector.ports.expenses import ExpenseSource, ReportRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """An expense of an employee: its gross amount in euro, the VAT of 21 % in it where there is any, whether
    the company's card paid, and its code on each axis of the world. A drive has a distance in km at a rate,
    an allowance days at a rate.
    """

    gross: str
    vat: str = ""
    by_card: bool = False
    codes: tuple[str, ...] = ()
    distance: str = ""
    days: str = ""
    rate: str = ""


SPENT = (
    Spent(gross="121.00", vat="21.01"),
    Spent(gross="32.70", by_card=True),
    Spent(gross="92.00", distance="400", rate="0.23"),
    Spent(gross="60.00", days="2", rate="30.00"),
)
"""VAT that its percentage does not come to, a card, a drive and an allowance: 305.70 in all."""


class ExpenseWorld(Protocol):
    """The vendor's side: a company whose employees write reports and whose people approve them and hand them
    over, in euro. What a person does happens at the present of the clock.

    `says` is what reports keep of an expense beyond its amount: of `mileage`, `per_diem` and `paid_with`.
    `together`: several reports may be handed over in one export.
    """

    @property
    def source(self) -> ExpenseSource:
        """The connection's source, which remembers nothing of another one asked for before."""
        ...

    @property
    def axes(self) -> Sequence[str]:
        """Axes that expenses are coded on."""
        ...

    @property
    def says(self) -> frozenset[str]: ...

    @property
    def together(self) -> bool: ...

    def codes(self, axis: str) -> Sequence[str]:
        """Two codes or more that may be used on the axis."""
        ...

    def write(self, number: str, spent: Sequence[Spent] = SPENT) -> str:
        """An employee writes a report, which waits for approval; the source's own id of it. Reports are of
        one employee each, and each has receipts where they are asked for.
        """
        ...

    def hand_over(self, *reports: str) -> None:
        """These are approved and handed over, for the first time or again; together where that can be."""
        ...

    def take_back(self, report: str, spent: Sequence[Spent]) -> None:
        """One that was handed over is taken back and changed; it waits for approval."""
        ...

    def attach(self, report: str, name: str, content: bytes) -> None:
        """A receipt is put to its first expense, before it is handed over."""
        ...

    def unknown(self) -> tuple[str, str]:
        """Reference and export of a report that was never written."""
        ...

    def status(self, reference: str) -> str:
        """What the source was told of the report, as it has it."""
        ...

    def noted(self, reference: str) -> str:
        """The text for people beside it, as the source has it."""
        ...

    def now(self) -> datetime: ...

    def advance(self, seconds: float) -> None:
        """Time passes for both sides."""
        ...

    def writes(self) -> int:
        """How many calls the vendor has received that would change something."""
        ...


class CanceledWorld(ExpenseWorld, Protocol):
    """One where reports are canceled."""

    def cancel(self, report: str) -> None:
        """It is canceled."""
        ...


class RemoteWorld(ExpenseWorld, Protocol):
    """One that is asked over a network."""

    def many(self) -> int:
        """More reports than the source shows on two pages."""
        ...

    def edit_while_read(self, report: str) -> None:
        """The next time that a page behind the first of a list is asked for, something of this one changes
        just before.
        """
        ...

    def break_lists(self) -> None:
        """From now on a list fails behind its first page."""
        ...

    def fail_next(self, fault: str) -> None:
        """What happens to the next write."""
        ...


def handed_over(world: ExpenseWorld, number: str, spent: Sequence[Spent] = SPENT) -> str:
    """A report that is approved and handed over."""
    report = world.write(number, spent)
    world.hand_over(report)
    return report


def current(world: ExpenseWorld, report: str) -> ReportRef:
    """The report as a list shows it, read afresh."""
    refs = by_id(world.source.changed("", world.now() - timedelta(days=1)).found)
    world.advance(120)
    return refs[report]


def read(world: ExpenseWorld, report: str) -> ExpenseReport:
    """The report by its reference, read afresh."""
    return world.source.report(current(world, report).reference)


def ids(found: Iterable[ReportRef]) -> set[str]:
    """The ids of these."""
    return {each.report for each in found}


def by_id(found: Iterable[ReportRef]) -> dict[str, ReportRef]:
    """These by their ids."""
    return {each.report: each for each in found}


def content_of(source: ExpenseSource, file: ReceiptFile) -> bytes:
    """The bytes of the file."""
    with source.file(file) as content:
        return content.read()

"""What a payroll suite asks of the world around a source: the other side, as a person or a bad network could
move it.

Each connector's `tests/conftest.py` gives a `world` fixture of this shape. A suite never asks which source it
is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from ml_connector.domain.money import Money
from ml_connector.ports.payroll import PayrollSource


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedRun:
    """What a run holds by the books of the other side: rows, the sum of its debits, the day it was paid."""

    rows: int
    debit: Money
    pay_date: date
    companies: tuple[str, ...]


Case = tuple[PayrollSource, str]
"""A source, and the reference of a run in it."""


class PayrollWorld(Protocol):
    """A payroll with one finished run, as a person or a bad network could move it. A method that changes
    something is called once in a test.
    """

    source: PayrollSource

    def newest(self) -> str:
        """Reference of the newest run."""
        ...

    def expected(self, reference: str) -> ExpectedRun:
        """What the run holds, from the books of the other side."""
        ...

    def reopen(self) -> PayrollSource:
        """The same connection opened anew, remembering nothing."""
        ...

    def rerun(self) -> str:
        """A person takes the newest payroll back and runs it again with other pay; the new reference."""
        ...

    def undo(self) -> None:
        """A person takes the newest payroll back, and runs no other in its place."""
        ...

    def change(self) -> None:
        """What the newest run holds is changed under its name: calculated anew, a record corrected, its file
        written over.
        """
        ...

    def other_payroll(self) -> PayrollSource:
        """A connection of the same kind to the payroll of somebody else."""
        ...

    def void(self) -> Case:
        """A person takes one worker's pay back; the run that shows it."""
        ...

    def large(self) -> Case:
        """A run of more than one block, or one page, where the source has such."""
        ...

    def cut_short(self) -> Case:
        """A run whose last part does not arrive."""
        ...

    def twice(self) -> Case:
        """A run of which a part arrives twice."""
        ...

    def uncertain(self) -> Case:
        """A run whose pay date is not certain."""
        ...

    def amount(self, text: str, currency: str) -> Case:
        """A run in the currency whose first row is a debit of exactly this text."""
        ...

    def both_sides(self) -> Case | None:
        """A run whose first row is a debit and a credit at once; `None` where the form of a row cannot say
        that.
        """
        ...

    def throttle(self) -> None:
        """The next call is refused for being one too many."""
        ...

    def garbage(self) -> Case:
        """A run in whose place a page of HTML arrives."""
        ...

    def said(self) -> str:
        """Everything that was recorded of exchanges, as text."""
        ...

    def secrets(self) -> tuple[str, ...]:
        """What must not be seen in it."""
        ...

"""Where pay runs are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, runtime_checkable

from ml_connector.domain.payroll import Block, PayRun
from ml_connector.domain.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class PayRunRef:
    """A pay run as a list shows it; `reference` is what `pay_run` and `blocks` take. `groups` are the pay
    groups that it pays, none where the list does not show them.
    """

    reference: str
    description: str
    calculated_at: datetime
    period_end: date
    groups: tuple[str, ...] = ()


class PayrollSource(Protocol):
    """Where pay runs are read. Nothing is ever written to it."""

    def pay_runs(self, since: date) -> tuple[PayRunRef, ...]:
        """Runs whose period ends on or after the date, oldest calculation first: every one, or an error."""
        ...

    def tenant(self) -> str:
        """What the payroll says it is: the vendor's own id where there is one, else host and client; in a
        sandbox the installation id of the simulator. It asks the vendor only where nothing was asked yet.
        """
        ...

    def pay_run(self, reference: str) -> PayRun:
        """The run's dates, currency, companies and control totals.

        Raises `NotFound` for no such run, and `Refused` with code `run.ambiguous` when its pay period, and so
        its pay date, is not certain.
        """
        ...

    def still(self, pay_run: PayRun) -> tuple[Problem, ...]:
        """What speaks against posting the run now, asked afresh in as few calls as can be: it was undone, or
        it changed, since it was read. Empty when it is as it was.
        """
        ...

    def blocks(self, reference: str) -> Iterator[Block]:
        """The run's lines, block by block as the source delivers them, out of order or twice if it does so.
        Memory holds one at a time.
        """
        ...


@runtime_checkable
class SetsAside(Protocol):
    """A `PayrollSource` that may meet deliveries it cannot read as a pay run: ask with `isinstance`."""

    def set_aside(self) -> tuple[Problem, ...]:
        """What the last `pay_runs` left out because it could not be read, a problem for each delivery that
        names it; looks itself where nobody has yet.
        """
        ...

"""What one pay run pays each worker, in whole cents.

    G = gross / 26    O = overtime / 26    R = G − O
    T = 18 % of G     P = 4 % of G         E = 7.65 % of G    N = G − T − P

G and O are rounded half-up to the cent first, T, P and E are taken of the rounded G and rounded the same way.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.systems.ukg_pro.general_ledger import GlRows, gl_rows
from ml_connector_sandbox.systems.ukg_pro.register import Worker
from ml_connector_sandbox.systems.ukg_pro.render import decimal_text

RUNS_A_YEAR = 26
BONUS = 50_000
BONUS_EVERY = 10
"""The off-cycle run pays each tenth worker, beginning with the first, this many cents."""
ANOMALY = 100
"""What an unbalanced run is out of balance by: a debit this many cents too large."""


class Check(NamedTuple):
    """One worker's pay in one run, in cents; `worker` is the place in the register, from 0."""

    worker: int
    gross: int
    overtime: int
    employee_tax: int
    pension: int
    employer_tax: int

    @property
    def regular(self) -> int:
        """Gross without overtime."""
        return self.gross - self.overtime

    @property
    def net(self) -> int:
        """What the worker gets."""
        return self.gross - self.employee_tax - self.pension


def half_up(numerator: int, denominator: int) -> int:
    """The quotient rounded to a whole number, halves away from zero; `denominator` positive."""
    whole = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -whole if numerator < 0 else whole


def check_of(worker: int, gross: int, overtime: int) -> Check:
    """The taxes and contributions on a gross amount."""
    return Check(
        worker,
        gross,
        overtime,
        half_up(gross * 18, 100),
        half_up(gross * 4, 100),
        half_up(gross * 765, 10_000),
    )


@dataclass(slots=True, kw_only=True)
class PayPeriod:
    """One payroll of a pay group: the days it pays for, and whether it is closed. `control` is pay date and
    sequence; an empty `group` is the scenario's own. `closes_at` and `runs_at` are when it will be closed and
    its run made, as far as that is to come; `kind` is that of the run, `extra` the number of a payroll beside
    the regular one, which is 0. `is_ahead`: it comes after the open one, and has not begun.
    """

    position: int
    start: date
    end: date
    pay_date: date
    sequence: int
    closed_at: datetime | None
    group: str = ""
    kind: str = "regular"
    extra: int | None = None
    closes_at: datetime | None = None
    runs_at: datetime | None = None
    changed_at: datetime | None = None
    is_ahead: bool = False

    @property
    def control(self) -> str:
        """Nine digits: pay date and sequence."""
        return f"{self.pay_date:%Y%m%d}{self.sequence}"


@dataclass(slots=True, kw_only=True)
class PayRun:
    """One execution of the general-ledger step, with the checks behind it.

    `kind` is regular, off_cycle, void or bench; `status` is current, undone or superseded. `scale` is in
    ten-thousandths of the newest run's pay; `changes` adds cents to the gross of single workers, by worker
    id; those in `without` are not paid, nor those after the first `known` workers, who were hired later.
    `departments` is where somebody works who is not in the department of the register any more.
    """

    run_id: str
    kind: str
    period: PayPeriod
    ran_at: datetime
    scale: int = 10_000
    status: str = "current"
    is_unbalanced: bool = False
    changes: dict[str, int] = field(default_factory=dict)
    voids: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    known: int = sys.maxsize
    departments: dict[str, str] = field(default_factory=dict)
    rows_cache: GlRows | None = None
    segments: list[tuple[int, int]] | None = None
    overlay: dict[int, dict[str, str | None]] = field(default_factory=dict)
    body_instead: bytes | None = None

    @property
    def number(self) -> int:
        """The run id as a number; 0 when it is a name."""
        return int(self.run_id) if self.run_id.isdigit() else 0

    def checks(self, workers: Sequence[Worker]) -> list[Check]:
        """Every check of the run, in the register's order."""
        if self.rows_cache is not None and self.kind == "bench":
            return bench_checks(self.rows_cache)
        known = workers[: self.known] if self.known < len(workers) else workers
        if not self.without:
            return self._checks(known)
        gone = set(self.without)
        return [check for check in self._checks(known) if workers[check.worker].worker not in gone]

    def department(self, worker: Worker) -> str:
        """The department that the run pays a worker in."""
        return self.departments.get(worker.worker, worker.department_code)

    def _checks(self, workers: Sequence[Worker]) -> list[Check]:
        if self.kind == "off_cycle":
            return [check_of(place, BONUS, 0) for place in range(0, len(workers), BONUS_EVERY)]
        if self.kind == "void":
            return [
                _negated(self._check(place, worker))
                for place, worker in enumerate(workers)
                if worker.worker in self.voids
            ]
        return [self._check(place, worker) for place, worker in enumerate(workers)]

    def _check(self, place: int, worker: Worker) -> Check:
        divisor = RUNS_A_YEAR * 10_000
        gross = half_up(worker.gross_paid * self.scale, divisor) + self.changes.get(worker.worker, 0)
        return check_of(place, gross, half_up(worker.overtime_paid * self.scale, divisor))

    def rows(self, workers: Sequence[Worker], departments: Mapping[str, int], *, other_side: bool) -> GlRows:
        """The run's posting lines, computed when first asked for."""
        if self.rows_cache is None:
            orgs = [departments[self.department(worker)] for worker in workers]
            lines = ((orgs[check.worker], _lines(check)) for check in self.checks(workers))
            self.rows_cache = gl_rows(lines, list(departments), other_side=other_side)
            if self.is_unbalanced and len(self.rows_cache):
                self.rows_cache.cents[0] += ANOMALY
        return self.rows_cache

    def totals(self, workers: Sequence[Worker]) -> Json:
        """Gross, deductions, taxes and net of the run as decimal text."""
        checks = self.checks(workers)
        sums = {
            "gross": sum(check.gross for check in checks),
            "deductions": sum(check.pension for check in checks),
            "employee_taxes": sum(check.employee_tax for check in checks),
            "employer_taxes": sum(check.employer_tax for check in checks),
            "net": sum(check.net for check in checks),
        }
        return {name: decimal_text(cents) for name, cents in sums.items()}


def bench_checks(rows: GlRows) -> list[Check]:
    """One check per department of a synthetic run, which tie to its rows; `worker` is the department's
    place.
    """
    sums = [[0] * len(rows.orgs) for _ in range(7)]
    for line, org, cents in zip(rows.line, rows.org, rows.cents, strict=True):
        sums[line][org] += cents
    regular, overtime, employer, tax, pension, _, _ = sums
    return [
        Check(org, regular[org] + overtime[org], overtime[org], tax[org], pension[org], employer[org])
        for org in range(len(rows.orgs))
    ]


def _negated(check: Check) -> Check:
    return Check(check.worker, *(-cents for cents in check[1:]))


def _lines(check: Check) -> tuple[int, int, int, int, int, int, int]:
    """The amounts in the order of `general_ledger.LINES`."""
    return (
        check.regular,
        check.overtime,
        check.employer_tax,
        check.employee_tax,
        check.pension,
        check.employer_tax,
        check.net,
    )

"""The payroll suite on the reference payroll: the suite proves it, and it proves the suite."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from ml_connector.contract.memory import MemoryExchanges
from ml_connector.contract.payroll import PayrollContract
from ml_connector.contract.payroll_reference import (
    COMPANY,
    RAN_AT,
    SECRET,
    WORKERS,
    KeptRun,
    ReferencePayroll,
    ReferencePayrollVendor,
    calculate,
    with_first_row,
)
from ml_connector.contract.payroll_world import ExpectedRun
from ml_connector.domain.money import Money


class ReferencePayrollWorld:
    """The reference payroll with one run."""

    def __init__(self) -> None:
        self.vendor = ReferencePayrollVendor({"run-1": calculate("run-1")})
        self.exchanges = MemoryExchanges()
        self.source = ReferencePayroll(self.vendor, self.exchanges)

    def newest(self) -> str:
        return list(self.vendor.runs)[-1]

    def expected(self, reference: str) -> ExpectedRun:
        run = self.vendor.runs[reference]
        debit = Money(sum((Decimal(row.debit) for row in run.postings), Decimal(0)), run.currency)
        return ExpectedRun(
            rows=len(run.postings), debit=debit, pay_date=run.pay_dates[0], companies=(COMPANY,)
        )

    def reopen(self) -> ReferencePayroll:
        return ReferencePayroll(self.vendor, self.exchanges)

    def _put(self, run: KeptRun) -> tuple[ReferencePayroll, str]:
        self.vendor.runs[run.reference] = run
        return self.source, run.reference

    def rerun(self) -> str:
        return self._put(
            calculate("run-2", (*WORKERS, ("STORE", "100.00")), ran_at=RAN_AT + timedelta(days=1))
        )[1]

    def undo(self) -> None:
        del self.vendor.runs[self.newest()]

    def change(self) -> None:
        self._put(replace(self.vendor.runs[self.newest()], ran_at=RAN_AT + timedelta(hours=1)))

    def other_payroll(self) -> ReferencePayroll:
        return ReferencePayroll(ReferencePayrollVendor(tenant="other"), self.exchanges)

    def void(self) -> tuple[ReferencePayroll, str]:
        return self._put(calculate("void-1", WORKERS[:1], sign=-1))

    def large(self) -> tuple[ReferencePayroll, str]:
        return self._put(replace(calculate("large"), block_rows=2))

    def cut_short(self) -> tuple[ReferencePayroll, str]:
        return self._put(replace(calculate("cut"), block_rows=4, delivered=[1, 2]))

    def twice(self) -> tuple[ReferencePayroll, str]:
        return self._put(replace(calculate("twice"), block_rows=4, delivered=[1, 2, 2, 3]))

    def uncertain(self) -> tuple[ReferencePayroll, str]:
        return self._put(replace(calculate("uncertain"), pay_dates=(date(2026, 7, 3), date(2026, 7, 10))))

    def amount(self, text: str, currency: str) -> tuple[ReferencePayroll, str]:
        return self._put(with_first_row(replace(calculate("amount"), currency=currency), debit=text))

    def both_sides(self) -> tuple[ReferencePayroll, str]:
        return self._put(with_first_row(calculate("both"), credit="1.00"))

    def throttle(self) -> None:
        self.vendor.throttled = 1

    def garbage(self) -> tuple[ReferencePayroll, str]:
        return self._put(replace(calculate("garbage"), garbage=True))

    def said(self) -> str:
        return self.exchanges.text()

    def secrets(self) -> tuple[str, ...]:
        return (SECRET,)


class TestReferencePayroll(PayrollContract):
    """The reference as a payroll source."""

    @pytest.fixture
    def world(self) -> ReferencePayrollWorld:
        return ReferencePayrollWorld()

"""The reference payroll: runs in memory that keep every promise of `PayrollSource`, to prove the suite and to
show how little a source needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal

from ml_connector.domain.dimension import dimensions
from ml_connector.domain.money import AmountError, Money
from ml_connector.domain.payroll import Block, Distribution, PayRun, RegisterTotals
from ml_connector.domain.period import PayPeriod
from ml_connector.domain.problem import Owner, Problem
from ml_connector.errors import NotFound, Refused, Throttled, VendorChanged
from ml_connector.ports.payroll import PayRunRef
from ml_connector.ports.storage import Exchange, Exchanges

COMPANY, SECRET = "10", "a-very-secret-key"
WORKERS = (("SALES", "4000.00"), ("SALES", "3500.50"), ("STORE", "2900.25"))
RAN_AT = datetime(2026, 6, 29, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A row as the payroll keeps it; the amounts are text."""

    account: str
    department: str
    debit: str = "0"
    credit: str = "0"


@dataclass(slots=True, kw_only=True)
class KeptRun:
    """One calculation. `pay_dates` has several where it is not certain; `delivered` says which blocks arrive,
    in order.
    """

    reference: str
    postings: list[Posting]
    register: tuple[Decimal, Decimal]
    block_rows: int = 100
    currency: str = "USD"
    pay_dates: tuple[date, ...] = (date(2026, 7, 3),)
    ran_at: datetime = RAN_AT
    delivered: list[int] | None = None
    garbage: bool = False

    @property
    def blocks(self) -> int:
        """How many blocks the run has."""
        return -(-len(self.postings) // self.block_rows)


def calculate(
    reference: str, workers: tuple[tuple[str, str], ...] = WORKERS, sign: int = 1, ran_at: datetime = RAN_AT
) -> KeptRun:
    """A payroll of the workers: pay is a debit, a fifth of it in taxes and the rest in net pay are credits.
    `sign` −1 takes it back.
    """
    postings, taxes = [], Decimal(0)
    for department, pay in workers:
        gross = sign * Decimal(pay)
        tax = (gross / 5).quantize(Decimal("0.01"))
        taxes += tax
        postings += [
            Posting(account="5100", department=department, debit=str(gross)),
            Posting(account="2210", department=department, credit=str(tax)),
            Posting(account="2290", department=department, credit=str(gross - tax)),
        ]
    total = sum((sign * Decimal(pay) for _, pay in workers), Decimal(0))
    return KeptRun(reference=reference, postings=postings, register=(total, taxes), ran_at=ran_at)


@dataclass(slots=True)
class ReferencePayrollVendor:
    """The payroll's side: its runs, and a limit of calls that can be used up."""

    runs: dict[str, KeptRun] = field(default_factory=dict)
    throttled: int = 0
    tenant: str = "reference"


@dataclass(slots=True)
class ReferencePayroll:
    """The connector's side, a `PayrollSource`."""

    vendor: ReferencePayrollVendor
    exchanges: Exchanges

    def pay_runs(self, since: date) -> tuple[PayRunRef, ...]:
        """Every run, oldest first."""
        self._call("/runs")
        end = date(2026, 6, 26)
        runs = sorted(self.vendor.runs.values(), key=lambda run: (run.ran_at, run.reference))
        return tuple(
            PayRunRef(
                reference=run.reference, description="pay run", calculated_at=run.ran_at, period_end=end
            )
            for run in runs
            if end >= since
        )

    def tenant(self) -> str:
        """What the vendor says of itself."""
        return self.vendor.tenant

    def still(self, pay_run: PayRun) -> tuple[Problem, ...]:
        """Whether the run is there, calculated when it was."""
        try:
            run = self._run(pay_run.reference)
        except NotFound as error:
            return (error.problem,)
        if run.ran_at == pay_run.calculated_at:
            return ()
        text = "The payroll has calculated this run again. Read it again."
        return (Problem("run.changed", pay_run.reference, text, Owner.PAYROLL),)

    def pay_run(self, reference: str) -> PayRun:
        """The run and its control totals."""
        run = self._run(reference)
        if len(run.pay_dates) != 1:
            listed = ", ".join(map(str, run.pay_dates))
            raise Refused(
                f"The run may be paid on {listed}. Say on which.",
                where="pay date",
                owner=Owner.PAYROLL,
                code="run.ambiguous",
            )
        gross, taxes = (Money(amount, run.currency) for amount in run.register)
        zero = Money(Decimal(0), run.currency)
        register = RegisterTotals(
            company=COMPANY,
            gross=gross,
            deductions=zero,
            employee_taxes=taxes,
            net=gross - taxes,
            workers=3,
            workers_by_code=(("org_level_1", "SALES", 2), ("org_level_1", "STORE", 1)),
        )
        period = PayPeriod(start=date(2026, 6, 13), end=date(2026, 6, 26), pay_date=run.pay_dates[0])
        return PayRun(
            source=self.vendor.tenant,
            reference=reference,
            subject="ALL 2026-06-26",
            description="pay run",
            companies=(COMPANY,),
            currency=run.currency,
            pay_period=period,
            calculated_at=run.ran_at,
            blocks=run.blocks,
            register=(register,),
        )

    def blocks(self, reference: str) -> Iterator[Block]:
        """The blocks that are delivered."""
        run = self._run(reference)
        for number in range(1, run.blocks + 1) if run.delivered is None else run.delivered:
            first = (number - 1) * run.block_rows
            outcomes = [
                _row(run, first + place, row)
                for place, row in enumerate(run.postings[first : first + run.block_rows], 1)
            ]
            yield Block(
                number=number,
                total=run.blocks,
                rows=tuple(row for row in outcomes if isinstance(row, Distribution)),
                problems=tuple(row for row in outcomes if isinstance(row, Problem)),
            )

    def _run(self, reference: str) -> KeptRun:
        self._call(f"/runs/{reference}")
        if reference not in self.vendor.runs:
            text = f"The payroll has no run {reference}. Post the one that took its place."
            raise NotFound(text, where=reference)
        run = self.vendor.runs[reference]
        if run.garbage:
            raise VendorChanged(
                "Expected rows and got a page of HTML. Nothing was concluded from it.", where=reference
            )
        return run

    def _call(self, path: str) -> None:
        for _ in range(3):
            throttled, self.vendor.throttled = self.vendor.throttled > 0, max(0, self.vendor.throttled - 1)
            self.exchanges.record(
                Exchange(method="GET", url=path, status=429 if throttled else 200, seconds=0.0)
            )
            if not throttled:
                return
        raise Throttled("The call limit is reached.")


def _row(run: KeptRun, number: int, posting: Posting) -> Distribution | Problem:
    where = f"run {run.reference}, row {number}"
    debit, credit = Decimal(posting.debit), Decimal(posting.credit)
    if debit and credit:
        return Problem(
            "amount.both_sides",
            where,
            f"debit is {debit} and credit is {credit}. Correct the row in payroll.",
            Owner.PAYROLL,
        )
    try:
        amount = Money(-credit if credit else debit, run.currency)
    except AmountError as error:
        text = (
            f"The amount is {posting.debit if debit else posting.credit}: {error}. Correct the row in"
            " payroll."
        )
        return Problem("amount.invalid", where, text, Owner.PAYROLL)
    return Distribution(
        company=COMPANY,
        account=posting.account,
        amount=amount,
        dimensions=dimensions({"org_level_1": posting.department}),
        pay_code=None,
        origin=f"{run.reference}/{number}",
        side="credit" if credit else "debit",
    )


def with_first_row(run: KeptRun, **changes: str) -> KeptRun:
    """The run with its first row changed."""
    return replace(run, postings=[replace(run.postings[0], **changes), *run.postings[1:]])

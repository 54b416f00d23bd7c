"""A payroll whose pay is coloured: a tenant of the UKG simulator with the companies, pays and files of the
world.

Each company has one worker. A pay has a colour per company (`judges.coloured`), and a calculation of it
says how many parts each company is paid. What people do here is done at the vendor's screens where the
simulator has them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import SimpleNamespace

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Clock
from ml_connector_sandbox.judges.coloured import amount
from ml_connector_sandbox.systems.ukg_pro.endpoint import Tenant
from ml_connector_sandbox.systems.ukg_pro.payroll import Check, PayPeriod, PayRun
from ml_connector_sandbox.systems.ukg_pro.register import Worker
from ml_connector_sandbox.systems.ukg_pro.routes import UkgPro
from ml_connector_sandbox.systems.ukg_pro.switches import SWITCHES

PAY_GROUP, CURRENCY = "BIWEEK", "USD"
FIRST_PERIOD_END = date(2026, 6, 5)
PERIOD_DAYS, PAY_DATE_DAYS_AFTER = 14, 7


@dataclass(slots=True, kw_only=True)
class ColouredRun(PayRun):
    """A pay run that pays parts of colours: `parts` and `colours` by company, `places` the worker of each."""

    parts: dict[str, int] = field(default_factory=dict)
    colours: dict[str, int] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)

    def checks(self, workers: Sequence[Worker]) -> list[Check]:
        """One check for each company that is paid."""
        return [
            Check(
                self.places[company],
                amount("wages", self.colours[company], parts),
                0,
                -amount("taxes", self.colours[company], parts),
                -amount("deductions", self.colours[company], parts),
                amount("employer cost", self.colours[company], parts),
            )
            for company, parts in self.parts.items()
            if parts
        ]


@dataclass(frozen=True, slots=True)
class Company:
    """A payroll company and its only department."""

    code: str
    department: str

    @property
    def identity(self) -> str:
        """The vendor's own id of it: five characters."""
        return hashlib.sha256(self.code.encode()).hexdigest()[:5].upper()


class Payroll:
    """One tenant and the folder its files are delivered to."""

    def __init__(
        self, name: str, companies: Sequence[Company], clock: Clock, seed: int, block_rows: int
    ) -> None:
        self.name, self.companies = name, tuple(companies)
        by_department = {company.department: company.code for company in companies}
        scenario = SimpleNamespace(
            TITLE=name,
            CURRENCY=CURRENCY,
            PAY_GROUP=PAY_GROUP,
            COMPANY_CODE=companies[0].code,
            COMPANY_ID=companies[0].identity,
            COMPANIES=tuple((company.code, company.identity, company.code) for company in companies),
            company_of=lambda department: by_department[department],
            EXTRA_ORG_LEVELS=(),
            PERIOD_END=FIRST_PERIOD_END,
            PERIOD_DAYS=PERIOD_DAYS,
            PAY_DATE_DAYS_AFTER=PAY_DATE_DAYS_AFTER,
            payroll_scale=lambda position: 10_000,
            made_workers=lambda seed: tuple(_worker(company) for company in companies),
            __name__=name,
        )
        self.clock, self.slug = clock, "ukg_pro"
        self._tenant = Tenant(
            scenario=scenario,
            clock=clock,
            seed=seed,
            profile="fast",
            switches=Switches(SWITCHES, {"block_rows": block_rows}),
            register=None,
        )
        self.vendor = UkgPro(self._tenant, lambda url, headers, body: 503)
        described = self.vendor.describe("")["credentials"]
        self.credentials = {name: described[name] for name in ("username", "password", "customer_api_key")}
        self._tenant.book.runs.clear()
        self._tenant.book.periods.clear()
        self._tenant.book.next_run = 0
        self._closed = 0

    def is_write(self, method: str, path: str) -> bool:
        """Nobody books anything here."""
        return False

    def catch_up(self) -> None:
        """Everything is done at once."""

    # --- what people do -------------------------------------------------------------------------------------

    def calculate(self, colours: Mapping[str, int], parts: Mapping[str, int]) -> str:
        """The next pay period is closed and its ledger step run; the new run's id."""
        end = FIRST_PERIOD_END + timedelta(days=PERIOD_DAYS * self._closed)
        self._closed += 1
        return self._add("regular", self._period(end, 1), colours, parts)

    def again(self, run_id: str, parts: Mapping[str, int]) -> str:
        """The same payroll once more, with other amounts; what was there is undone or superseded."""
        made = self.vendor.control("rerun", {"run_id": run_id})["run_id"]
        run = self._run(made)
        run.parts, run.rows_cache = dict(parts), None
        run.voids = ()
        return str(made)

    def undo(self, run_id: str) -> None:
        """The payroll is undone: its period is open again."""
        self.vendor.control("undo_run", {"run_id": run_id})

    def beside(self, run_id: str, kind: str, colours: Mapping[str, int], parts: Mapping[str, int]) -> str:
        """Another payroll of the same days, with a period control of its own: an off-cycle pay, or a void."""
        like = self._run(run_id).period
        same = [held.sequence for held in self._tenant.book.periods if held.end == like.end]
        return self._add(kind, self._period(like.end, max(same) + 1), colours, parts)

    def control_of(self, run_id: str) -> str:
        """The period control of a run, which a person can look up."""
        return self._run(run_id).period.control

    def damage(self, run_id: str | None) -> None:
        """The run is served with its last block cut off; `None` serves all of them whole again."""
        for run in self._tenant.book.runs:
            if run_id is None:
                self.vendor.control("untamper", {"run_id": run.run_id})
        if run_id is not None:
            self.vendor.control("tamper", {"run_id": run_id, "what": "truncate_last_block"})

    def file(self, run_id: str) -> str:
        """The text of the run's flat file."""
        return str(self.vendor.control("gl_file", {"run_id": run_id, "layout": "L1"})["text"])

    # --- inside ---------------------------------------------------------------------------------------------

    def _run(self, run_id: str) -> ColouredRun:
        run = self._tenant.book.run(run_id)
        assert isinstance(run, ColouredRun)
        return run

    def _period(self, end: date, sequence: int) -> PayPeriod:
        period = PayPeriod(
            position=0,
            start=end - timedelta(days=PERIOD_DAYS - 1),
            end=end,
            pay_date=end + timedelta(days=PAY_DATE_DAYS_AFTER),
            sequence=sequence,
            closed_at=self._now(),
        )
        self._tenant.book.periods.append(period)
        return period

    def _add(self, kind: str, period: PayPeriod, colours: Mapping[str, int], parts: Mapping[str, int]) -> str:
        places = {company.code: place for place, company in enumerate(self.companies)}
        run = ColouredRun(
            run_id=self._tenant.book.new_run_id(),
            kind=kind,
            period=period,
            ran_at=self._now(),
            parts=dict(parts),
            colours=dict(colours),
            places=places,
        )
        self._tenant.book.runs.append(run)
        return run.run_id

    def _now(self) -> datetime:
        return self._tenant.local_now()


def _worker(company: Company) -> Worker:
    return Worker(
        worker=f"W-{company.code}",
        department_code=company.department,
        department_name=company.department,
        division="D",
        assignment_category="Fulltime-Regular",
        annual_salary=0,
        gross_paid=0,
        overtime_paid=0,
        hired_month="2020-01",
    )

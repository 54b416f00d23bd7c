"""The tenant's data: people, periods, runs, Third-Party Pay records, and what a person changed in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.systems.ukg_pro.companies import Company
from ml_connector_sandbox.systems.ukg_pro.payroll import PayPeriod, PayRun
from ml_connector_sandbox.systems.ukg_pro.register import Worker


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """One row of a job history: the employment from a day on, until the next row. `reason` is the tenant's
    code.
    """

    number: int
    effective: date
    created_at: datetime
    reason: str
    status: str
    department: str
    division: str
    is_org_change: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A change of department: whose, in which company, when it was entered and from which day it holds."""

    employee_id: str
    company_id: str
    entered_at: datetime
    effective: date


@dataclass(slots=True, kw_only=True)
class Person:
    """One employment of one person. `place` is the worker's place in the register, from 0; `company_id` where
    they work. `terminated` is when they left for good; `ended` when they left before they came back.
    """

    place: int
    employee_id: str
    number: str
    person_id: str
    first_name: str
    last_name: str
    company_code: str
    company_id: str
    is_home: bool
    status: str
    hired: date
    rehired: date | None
    ended: date | None
    terminated: date | None
    status_since: date | None
    department: str
    division: str
    location: str
    job: str
    supervisor: int | None
    is_parttime: bool
    annual_salary: int
    changed_at: datetime
    history: list[JobRow] = field(default_factory=list)

    @property
    def ssn(self) -> str:
        """A number that no one has."""
        return f"900{self.place % 1_000_000:06d}"

    @property
    def email(self) -> str:
        """An address that no one has."""
        return f"{self.first_name}.{self.last_name}.{self.number.lstrip('0')}@example.test".lower()


@dataclass(slots=True, kw_only=True)
class Book:
    """Everything the tenant holds. `departments` is code to place in the GL rows' list of org codes,
    `company_of` code to company.
    """

    scenario: Any
    seed: int
    workers: tuple[Worker, ...]
    departments: dict[str, int]
    company_of: dict[str, Company]
    department_names: dict[str, str]
    divisions: dict[str, str]
    locations: dict[str, str]
    jobs: dict[str, str]
    companies: list[Company]
    people: list[Person]
    periods: list[PayPeriod]
    runs: list[PayRun]
    third_party: dict[str, Json]
    audit: list[Json] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    next_run: int = 0
    next_record: int = 0

    def run(self, run_id: str) -> PayRun:
        """The run of that id. KeyError if there is none."""
        for run in self.runs:
            if run.run_id == run_id:
                return run
        raise KeyError(f"run {run_id}")

    def company_named(self, code: str) -> Company:
        """The company of that code. KeyError if there is none."""
        for company in self.companies:
            if company.code == code:
                return company
        raise KeyError(f"company {code}")

    def new_run_id(self) -> str:
        """An id no run had before."""
        self.next_run += 1
        return str(20_239 + self.next_run)

    def person(self, text: str, company: str | None = None) -> Person:
        """The first employment whose employee id, number or register id is `text`, in the company of that
        code or id where one is named. KeyError if there is none.
        """
        for person in self.people:
            named = company in (None, person.company_code, person.company_id)
            if named and text in (person.employee_id, person.number, self.workers[person.place].worker):
                return person
        raise KeyError(f"employee {text}" + (f" in company {company}" if company else ""))

    def employments(self, person: Person) -> list[Person]:
        """Every employment of the same person, in all companies."""
        return [held for held in self.people if held.employee_id == person.employee_id]

    def division_of(self, department: str) -> str | None:
        """The division that workers of a department are in; None where nobody is."""
        for worker in self.workers:
            if worker.department_code == department:
                return self.divisions[worker.division]
        return None

"""The tenant's data: people, periods, runs, Third-Party Pay records, and what a person changed in them."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, TypedDict

from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.systems.ukg_pro.companies import Company
from ml_connector_sandbox.systems.ukg_pro.employments import Person, last_paid_day
from ml_connector_sandbox.systems.ukg_pro.pay_calendar import own_frequency
from ml_connector_sandbox.systems.ukg_pro.payroll import PayPeriod, PayRun
from ml_connector_sandbox.systems.ukg_pro.register import Worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A change of department: whose, in which company, when it was entered and from which day it holds."""

    employee_id: str
    company_id: str
    entered_at: datetime
    effective: date


class Paid(TypedDict, total=False):
    """What a run knows of people: how many it looked at, whom it leaves out, who is in another department
    than that of the register.
    """

    known: int
    without: tuple[str, ...]
    departments: dict[str, str]


@dataclass(slots=True, kw_only=True)
class Book:
    """Everything the tenant holds. `departments` is code to place in the GL rows' list of org codes,
    `company_of` code to company. `workers` are those of the register, the first `registered`, and
    everybody hired since. `frequencies` is how often the pay groups beside the scenario's are paid.
    `org_levels` is what people changed in them, by level and code, None where one was deleted; `ahead`
    are the employments that a day still to come may change.
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
    org_levels: dict[tuple[int, str], Json | None] = field(default_factory=dict)
    closed_locations: set[str] = field(default_factory=set)
    by_place: dict[int, list[Person]] = field(default_factory=dict)
    ahead: list[Person] = field(default_factory=list)
    shows_ends_ahead: bool = False
    pay_follows_people: bool = False
    registered: int = 0
    frequencies: dict[str, str] = field(default_factory=dict)
    next_run: int = 0
    next_record: int = 0
    next_act: int = 0

    def copy(self) -> Book:
        """The same data once more; what is done to one is not seen in the other."""
        made = deepcopy(replace(self, scenario=None))
        made.scenario = self.scenario
        return made

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
        """The employment whose employee id, number or register id is `text`, in the company of that code or
        id where one is named, and in the home company otherwise. KeyError if there is none.
        """
        found = [
            person
            for person in self.people
            if company in (None, person.company_code, person.company_id)
            and text in (person.employee_id, person.number, person.worker)
        ]
        if not found:
            raise KeyError(f"employee {text}" + (f" in company {company}" if company else ""))
        return next((person for person in found if person.is_home), found[0])

    def add(self, person: Person) -> None:
        """Take in an employment: the person's first, or one more."""
        self.people.append(person)
        self.by_place.setdefault(person.place, []).append(person)

    def remove(self, person: Person) -> None:
        """An employment that never was."""
        self.people = [held for held in self.people if held is not person]
        self.ahead = [held for held in self.ahead if held is not person]
        self.by_place[person.place] = [held for held in self.by_place[person.place] if held is not person]

    def employments(self, person: Person) -> list[Person]:
        """Every employment of the same person, in all companies."""
        return self.by_place[person.place]

    def home(self, place: int) -> Person:
        """The employment of a person in the home company."""
        held = self.by_place[place]
        return next((person for person in held if person.is_home), held[0])

    def group_of(self, period: PayPeriod) -> str:
        """The code of the pay group of a period."""
        return period.group or str(self.scenario.PAY_GROUP)

    def paid(self, period: PayPeriod) -> Paid:
        """Whom a run of a period pays, and in which department: those of the register who are in its pay
        group, or those who are employed, where pay follows people.
        """
        group = self.group_of(period)
        if not self.pay_follows_people:
            if not self.frequencies:
                return {"known": self.registered}
            everybody = self.workers[: self.registered]
            others = [place for place in range(self.registered) if self.by_place[place][0].pay_group != group]
            return {"known": self.registered, "without": tuple(everybody[place].worker for place in others)}
        departments, without = dict[str, str](), list[str]()
        for place, worker in enumerate(self.workers):
            department = self._paid_in(place, period, group)
            if department is None:
                without.append(worker.worker)
            elif department != worker.department_code:
                departments[worker.worker] = department
        return {"known": len(self.workers), "without": tuple(without), "departments": departments}

    def _paid_in(self, place: int, period: PayPeriod, group: str) -> str | None:
        """The department in which a person is paid: that of the last day."""
        days = [
            (day, person.ordinal, person)
            for person in self.by_place[place]
            for day in [last_paid_day(person, period.start, period.end, group)]
            if day is not None
        ]
        if not days:
            return None
        day, _, person = max(days, key=lambda item: item[:2])
        return str(person.on(day)["department"])

    def last_period(self, pay_group: str) -> PayPeriod | None:
        """The period that was run last in a pay group."""
        runs = (run for run in reversed(self.runs) if self.group_of(run.period) == pay_group)
        run = next(runs, None)
        return run.period if run else None

    def frequency(self, pay_group: str) -> str:
        """How often a pay group is paid: W, B, S or M."""
        return self.frequencies.get(pay_group, own_frequency(self.scenario) or "B")

    def division_of(self, department: str) -> str | None:
        """The division that workers of a department are in; None where nobody is."""
        for worker in self.workers:
            if worker.department_code == department:
                return self.divisions[worker.division]
        return None

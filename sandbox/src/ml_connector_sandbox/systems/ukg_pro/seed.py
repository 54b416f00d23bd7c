"""Fills a tenant from a register: the same register, seed and switches give the same tenant."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.systems.ukg_pro.book import Book
from ml_connector_sandbox.systems.ukg_pro.companies import Company, companies_of, company_code
from ml_connector_sandbox.systems.ukg_pro.employments import JobRow, Person, refresh
from ml_connector_sandbox.systems.ukg_pro.general_ledger import bench_groups, bench_org, bench_rows
from ml_connector_sandbox.systems.ukg_pro.pay_calendar import (
    AHEAD_MAX,
    PayGroup,
    calendar,
    insert_extra,
    off_cycle_period,
    pay_groups,
    ran_at,
)
from ml_connector_sandbox.systems.ukg_pro.payroll import PayPeriod, PayRun
from ml_connector_sandbox.systems.ukg_pro.register import Worker, load_register
from ml_connector_sandbox.systems.ukg_pro.render import Cents, stamp
from ml_connector_sandbox.systems.ukg_pro.switches import SWITCHES

RUNS_MAX = 1_000
BENCH_ID = "BENCH"
SECOND_COMPANY = Company("HTC02", "8K2PD", "Harbor Customs Services")
HIRE, LEFT, REHIRE, ORG_CHANGE, JOB_CHANGE, STATUS_CHANGE = "100", "203", "101", "300", "301", "400"
"""The tenant's codes for why a row of a job history begins."""
FIRST_NAMES = (
    "Ada",
    "Ben",
    "Carla",
    "Dev",
    "Elif",
    "Femi",
    "Grace",
    "Hugo",
    "Ines",
    "Jonas",
    "Kira",
    "Lars",
    "Mona",
    "Nils",
)
LAST_NAMES = (
    "Abbott",
    "Bakker",
    "Castro",
    "Dahl",
    "Ekman",
    "Fischer",
    "Garcia",
    "Haas",
    "Ivers",
    "Jansen",
    "Kovac",
    "Lund",
)
_ID_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def seeded_book(scenario: Any, seed: int, switches: Switches, register: Path | None) -> Book:
    """The tenant before anybody called it. ValueError for a register or switch it cannot be made from."""
    for name in ("block_rows", "page_rows_max"):
        if switches[name] < 1:
            raise ValueError(f"{name}: {switches[name]} is not at least 1")
    workers = load_register(
        register, seed, max(0, switches["workers"]), getattr(scenario, "made_workers", None)
    )
    names = {worker.department_code: worker.department_name for worker in workers}
    names.update(scenario.EXTRA_ORG_LEVELS)
    if switches["bench_rows"]:
        orgs = 1 + max(org for org, _ in bench_groups(switches["bench_groups"]))
        names.update({bench_org(number): f"Bench department {number + 1}" for number in range(orgs)})
    names = dict(sorted(names.items()))
    divisions = sorted({worker.division for worker in workers})
    companies = companies_of(scenario)
    if switches["bench_rows"] and len(companies) > 1:
        raise ValueError(
            f"bench_rows: the synthetic run is of one company; the scenario has {len(companies)}"
        )
    groups = pay_groups(scenario, switches["pay_groups"])
    book = Book(
        scenario=scenario,
        seed=seed,
        workers=workers,
        departments={code: place for place, code in enumerate(names)},
        company_of=_company_of(scenario, companies, names),
        department_names=names,
        divisions={name: f"D{number:03d}" for number, name in enumerate(divisions, start=1)},
        locations={"LOC1": "Head office", "LOC2": "Second office"},
        jobs={"CLERK": "Clerk", "MANAGER": "Manager", "SPEC": "Specialist"},
        companies=[*companies, SECOND_COMPANY] if switches["dual_company"] else companies,
        people=[],
        periods=_periods(scenario, switches, groups),
        runs=[],
        third_party={},
        registered=len(workers),
        pay_follows_people=switches["pay_follows_people"],
        frequencies={group.code: group.frequency for group in groups},
    )
    for person in _people(book, workers, switches):
        book.add(person)
    _put_in_groups(book, groups)
    _add_runs(book, switches)
    book.third_party = _third_party(book)
    return book


def _company_of(
    scenario: Any, companies: Sequence[Company], departments: Iterable[str]
) -> dict[str, Company]:
    """The company of every department. ValueError for a department in a company that the scenario does not
    name.
    """
    by_code = {company.code: company for company in companies}
    codes = {department: company_code(scenario, department) for department in departments}
    if unknown := sorted(set(codes.values()) - set(by_code)):
        raise ValueError(f"company_of: {unknown[0]} is none of the companies {', '.join(by_code)}")
    return {department: by_code[code] for department, code in codes.items()}


def _periods(scenario: Any, switches: Switches, groups: Sequence[PayGroup]) -> list[PayPeriod]:
    """The calendar of every pay group, the scenario's own first."""
    for name in ("periods_ahead", "runs_ahead"):
        if not 0 <= switches[name] <= AHEAD_MAX:
            raise ValueError(f"{name}: {switches[name]} is not between 0 and {AHEAD_MAX}")
    runs = _runs(switches["runs"])
    ahead = {"ahead": switches["periods_ahead"], "runs_ahead": switches["runs_ahead"]}
    every: list[PayGroup | None] = [None, *groups]
    return [period for group in every for period in calendar(scenario, runs, group=group, **ahead)]


def _put_in_groups(book: Book, groups: Sequence[PayGroup]) -> None:
    """Everybody is in the group that names their department or their company; the scenario's, where none
    does. ValueError for a member that is neither.
    """
    companies = {company.code for company in book.companies}
    group_of: dict[str, str] = {}
    for group in groups:
        for member in group.members:
            if member not in companies and member not in book.departments:
                raise ValueError(f"pay_groups: {member} is neither a company nor a department")
            group_of.setdefault(member, group.code)
    for person in book.people:
        own = group_of.get(person.department) or group_of.get(person.company_code)
        if own:
            person.pay_group = person.history[0].sets["pay_group"] = own
            refresh(person, date.max)


def _runs(runs: int) -> int:
    if not 1 <= runs <= RUNS_MAX:
        raise ValueError(f"runs: {runs} is not between 1 and {RUNS_MAX}")
    return runs


def _add_runs(book: Book, switches: Switches) -> None:
    closed = [period for period in book.periods if period.closed_at is not None]
    for period in sorted(closed, key=lambda period: period.end):
        is_bench = bool(switches["bench_rows"]) and period.position == 0 and not period.group
        run = PayRun(
            run_id=BENCH_ID if is_bench else book.new_run_id(),
            kind="bench" if is_bench else "regular",
            period=period,
            ran_at=ran_at(period.end),
            scale=book.scenario.payroll_scale(period.position),
            **book.paid(period),
        )
        book.runs.append(run)
    newest = [run for run in book.runs if not run.period.group][-1]
    if newest.kind == "bench":
        newest.rows_cache = bench_rows(switches["bench_rows"], switches["bench_groups"], book.seed)
    newest.is_unbalanced = switches["unbalanced"]
    if switches["off_cycle"]:
        add_extra_run(book, "off_cycle", newest.period, ran_at(newest.period.end) + timedelta(hours=1))
    if switches["void"]:
        run = add_extra_run(book, "void", newest.period, ran_at(newest.period.end) + timedelta(hours=2))
        run.voids = (book.workers[0].worker,)


def add_extra_run(book: Book, kind: str, like: PayPeriod, moment: datetime) -> PayRun:
    """A run beside the regular one of a period, with a payroll of its own in the calendar."""
    period = off_cycle_period(book.periods, like)
    insert_extra(book.periods, like, period)
    run = PayRun(run_id=book.new_run_id(), kind=kind, period=period, ran_at=moment, **book.paid(like))
    book.runs.append(run)
    return run


def add_due_runs(book: Book, now: datetime) -> None:
    """Close the periods whose time has come, and make their runs."""
    for period in book.periods:
        if period.closes_at is not None and period.closes_at <= now:
            period.closed_at = period.closed_at or period.closes_at
            period.closes_at = None
    due = [period for period in book.periods if period.runs_at is not None and period.runs_at <= now]
    for period in sorted(due, key=lambda period: (period.runs_at, period.group)):
        add_run(book, period, period.runs_at or now)


def add_run(book: Book, period: PayPeriod, moment: datetime) -> PayRun:
    """The run of a period that had none."""
    period.runs_at = None
    run = PayRun(
        run_id=book.new_run_id(),
        kind=period.kind,
        period=period,
        ran_at=moment,
        scale=book.scenario.payroll_scale(period.position),
        **book.paid(period),
    )
    book.runs.append(run)
    return run


def _people(book: Book, workers: Sequence[Worker], switches: Switches) -> list[Person]:
    dice = Random(f"people {book.seed}")
    leaders: dict[str, int] = {}
    people = []
    for place, worker in enumerate(workers):
        leader = leaders.setdefault(worker.department_code, place)
        company = book.company_of[worker.department_code]
        year, _, month = worker.hired_month.partition("-")
        people.append(
            Person(
                place=place,
                worker=worker.worker,
                employee_id=employee_id(place, dice),
                number=f"{place + 1:09d}",
                person_id=str(uuid.UUID(int=dice.getrandbits(128), version=4)),
                first_name=FIRST_NAMES[dice.randrange(len(FIRST_NAMES))],
                last_name=LAST_NAMES[dice.randrange(len(LAST_NAMES))],
                company_code=company.code,
                company_id=company.company_id,
                is_home=True,
                status="A",
                hired=date(int(year), int(month), 1),
                rehired=None,
                ended=None,
                terminated=None,
                status_since=None,
                department=worker.department_code,
                division=book.divisions[worker.division],
                location="LOC1" if book.divisions[worker.division] < "D002" else "LOC2",
                job="MANAGER" if leader == place else ("CLERK", "SPEC")[dice.randrange(2)],
                supervisor=None if leader == place else leader,
                is_parttime=worker.assignment_category != "Fulltime-Regular",
                annual_salary=worker.annual_salary,
                changed_at=datetime.combine(book.scenario.PERIOD_END, time(8))
                - timedelta(days=30 + place % 300),
                pay_group=book.scenario.PAY_GROUP,
            )
        )
    everybody = people + _special_people(people, switches)
    for person in everybody:
        person.history = _history(person)
        if len(person.history) > 1:
            refresh(person, date.max)
    return everybody


def _special_people(people: list[Person], switches: Switches) -> list[Person]:
    extra = []
    if switches["rehired"] and len(people) > 1:
        back = people[1]
        back.rehired = max(back.hired, date(2024, 1, 1))
        back.ended = max(back.hired, back.rehired - timedelta(days=31))
    if switches["dual_company"] and people:
        first = people[0]
        fields = {name: getattr(first, name) for name in Person.__dataclass_fields__}
        extra.append(
            Person(
                **{
                    **fields,
                    "company_code": SECOND_COMPANY.code,
                    "company_id": SECOND_COMPANY.company_id,
                    "is_home": False,
                    "ordinal": 1,
                    "history": [],
                }
            )
        )
    return extra


def _history(person: Person) -> list[JobRow]:
    """The hire, and for somebody who came back the end between and the rehire."""
    steps: list[tuple[date | None, str, dict[str, Any]]] = [
        (person.hired, HIRE, {**person.dated, "status": "A"}),
        (person.ended, LEFT, {"status": "T", "term_reason": LEFT}),
        (person.rehired, REHIRE, {"status": "A", "term_reason": None}),
    ]
    return [
        JobRow(
            number=number,
            effective=day,
            created_at=datetime.combine(day, time()),
            reason=reason,
            sets=sets,
            state=sets,
            begins_home=number == 1 and person.is_home,
        )
        for number, (day, reason, sets) in enumerate(
            [(day, reason, sets) for day, reason, sets in steps if day is not None], start=1
        )
    ]


def employee_id(place: int, dice: Random) -> str:
    """The vendor's own id of a person: twelve characters."""
    letters = "".join(_ID_CHARACTERS[dice.randrange(10, len(_ID_CHARACTERS))] for _ in range(3))
    return f"E{letters}{place:04X}".ljust(8, "0")[:8] + "0020" if place < 65_536 else f"E{letters}{place:08X}"


def _third_party(book: Book) -> dict[str, Json]:
    """One record per tenth worker, for the newest closed period: pay that was processed elsewhere."""
    period = book.runs[-1].period
    records: dict[str, Json] = {}
    for person in book.people[::10]:
        book.next_record += 1
        record_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"third-party-pay/{book.seed}/{book.next_record}"))
        gross = book.workers[person.place].gross_paid // 26
        records[record_id] = {
            "Id": record_id,
            "CompanyIdentifierType": "CompanyId",
            "CompanyIdentifierValue": person.company_id,
            "EmployeeIdentifierType": "EmployeeNumber",
            "EmployeeIdentifierValue": person.number,
            "EmployeeNumber": person.number,
            "CheckNumber": f"{55_000 + book.next_record}",
            "CheckAddModeCode": "A",
            "DocumentNumber": f"{700_000 + book.next_record}",
            "PayDate": period.pay_date.isoformat() + "T00:00:00Z",
            "DateTimeCreated": f"{stamp(ran_at(period.end))}Z",
            "DateTimeChanged": f"{stamp(ran_at(period.end))}Z",
            "IsVoided": "N",
            "NameFirst": person.first_name,
            "NameLast": person.last_name,
            "JobCode": person.job,
            "OrgLevel1": person.department,
            "OrgLevel2": person.division,
            "OrgLevel3": None,
            "OrgLevel4": None,
            "Earnings": [
                {"EarningCode": "REG", "EarningDescription": "Regular", "EarningCurrentAmount": Cents(gross)}
            ],
            "Deductions": [
                {
                    "DeductionCode": "MED",
                    "DeductionDescription": "Medical",
                    "EmployeeDeductionAmount": Cents(gross * 4 // 100),
                }
            ],
        }
    return records


def known_workers(scenario: Any, register: Path | str | None, seed: int) -> list[Json]:
    """The workers of this payroll as a ledger may know them: number, names, e-mail, first day, department,
    company.
    """
    book = seeded_book(scenario, seed, Switches(SWITCHES), Path(register) if register else None)
    return [
        {
            "code": person.number,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "email": person.email,
            "start": person.hired.isoformat(),
            "department": person.department,
            "company": person.company_code,
        }
        for person in book.people
    ]

"""Who comes to work for a company: a hire, a rehire, a second employment, a move from another company."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.systems.ukg_pro.book import Book
from ml_connector_sandbox.systems.ukg_pro.employments import GONE, Person
from ml_connector_sandbox.systems.ukg_pro.endpoint import Tenant
from ml_connector_sandbox.systems.ukg_pro.register import Worker
from ml_connector_sandbox.systems.ukg_pro.screen_people import PeopleScreen
from ml_connector_sandbox.systems.ukg_pro.screen_records import PeopleRecords, end_of, text_of
from ml_connector_sandbox.systems.ukg_pro.screen_setup import SetupScreen
from ml_connector_sandbox.systems.ukg_pro.seed import FIRST_NAMES, HIRE, LAST_NAMES, REHIRE, employee_id
from ml_connector_sandbox.systems.ukg_pro.webhooks import Webhooks

NAME_EVENT = "EmployeePersonNameChangeEvent"
EMPLOYMENTS_MAX = 20
_SALARY = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?")


def people_actions(tenant: Tenant, webhooks: Webhooks) -> dict[str, Callable[[Json], Json]]:
    """The actions of the screens of people, by name."""
    records = PeopleRecords(tenant, webhooks)
    people, hiring = PeopleScreen(records), HiringScreen(records)
    return {
        "people": lambda _: {"people": [person.shown() for person in tenant.book.people]},
        "change_employee": people.change,
        "hire": hiring.hire,
        "rehire": hiring.rehire,
        "transfer": hiring.transfer,
        "redate_change": people.redate,
        "withdraw_change": people.withdraw,
        **SetupScreen(records).actions,
    }


class HiringScreen:
    """New employments. A day may be past or still to come; the events are raised when it is entered."""

    def __init__(self, records: PeopleRecords) -> None:
        self._records = records

    def hire(self, wish: Json) -> Json:
        """`{"company": "HTC01", "department": "BOSFIN", "first_name": "…", "last_name": "…", "date":
        "2026-08-01"}`: a new worker. With `same_person_as` it is a second employment of somebody, in another
        company. KeyError for what does not exist.
        """
        records, book = self._records, self._records.book
        company = book.company_named(str(wish.get("company") or book.companies[0].code))
        day = records.day(wish, company.code)
        sets = self._placement(wish, company.code)
        if wish.get("same_person_as") is not None:
            person = book.person(str(wish["same_person_as"]))
            self._check_no_row(person, company.code)
            person = self._another_row(person, company.code)
            begins_home, kinds = False, [records.event("hire")]
        else:
            person = self._newcomer(wish, company.code)
            begins_home, kinds = True, [records.event("hire"), NAME_EVENT]
        self._begin(person, HIRE, day, sets, begins_home=begins_home)
        events = [records.tell(person, kind, "Insert") for kind in kinds]
        records.deliver()
        return records.shown(person, events)

    def rehire(self, wish: Json) -> Json:
        """`{"employee": "W00002", "date": "2026-08-01", "department": "…", "company": "…"}`: somebody who
        left comes back, to the same company or to another one, then with a row of its own there.
        `new_id`: as another internal id under the same number. ValueError for somebody who has not left
        by that day.
        """
        records, book = self._records, self._records.book
        left = book.person(str(wish["employee"]))
        company = book.company_named(str(wish.get("company") or left.company_code))
        day = records.day(wish, company.code)
        for held in book.employments(left):
            end = end_of(held)
            if end is None or end.effective > day:
                raise ValueError(f"employee: still employed in {held.company_code} on {day}")
        sets = self._placement(wish, company.code, like=left)
        kinds = [records.event("rehire")]
        if wish.get("new_id") is True:
            names = {"first_name": left.first_name, "last_name": left.last_name, "number": left.number}
            person = self._newcomer({**names, **wish}, company.code)
            kinds = [records.event("hire"), NAME_EVENT]
            self._begin(person, HIRE, day, sets, begins_home=True)
        else:
            person = self._row_in(left, company.code)
            self._begin(person, REHIRE, day, sets, begins_home=True)
        events = [records.tell(person, kind, "Insert") for kind in kinds]
        records.deliver()
        return records.shown(person, events)

    def transfer(self, wish: Json) -> Json:
        """`{"employee": "W00001", "to": "HTC02", "department": "…", "date": "2026-08-01"}`: from that day
        in another company; the row in the old one ends the day before. ValueError for somebody who is not
        active in exactly one company, or whose record there carries a transfer already.
        """
        records, book = self._records, self._records.book
        old = book.person(
            str(wish["employee"]), None if wish.get("company") is None else str(wish["company"])
        )
        company = book.company_named(str(wish["to"]))
        day = records.day(wish, company.code)
        active = [held for held in book.employments(old) if end_of(held) is None]
        if len(active) != 1:
            raise ValueError(f"employee: active in {len(active)} companies, not in exactly one")
        old = active[0]
        if old.company_code == company.code:
            raise ValueError(f"to: {company.code} is the company they are in")
        carried = [held for held in book.employments(old) if held.company_code == company.code]
        carries = any(row.is_transfer for held in carried for row in held.history)
        if carries and not records.tenant.switches["transfer_back"]:
            raise ValueError(f"to: the record in {company.code} carries a transfer already")
        sets = self._placement(wish, company.code, like=old)
        begun = max(row.effective for row in old.history if row.sets.get("status", GONE) != GONE)
        if day < begun:
            raise ValueError(f"date: {day} is before {begun}, since when they are in {old.company_code}")
        if any(end is not None and end.effective > day for end in map(end_of, carried)):
            raise ValueError(f"date: the record in {company.code} ends later than {day}")
        return self._transfer(old, company.code, day, max(day - timedelta(days=1), begun), sets)

    def _transfer(
        self, old: Person, company_code: str, day: date, last_day: date, sets: dict[str, Any]
    ) -> Json:
        records, switches = self._records, self._records.tenant.switches
        way_out, way_in = switches["transfer_out_reason"], switches["transfer_in_reason"]
        act = records.new_act()
        records.audit(old, "EmpComp", "status", old.status, GONE)
        leaving = {"term_reason": way_out, "leave_reason": None, "last_worked": None, "paid_through": None}
        person = self._row_in(old, company_code)
        records.enter(old, act, way_out, last_day, {"status": GONE, **leaving}, is_transfer=True)
        self._begin(person, way_in, day, sets, act=act, begins_home=True, is_transfer=True)
        events = [
            records.tell(old, records.event("termination")),
            records.tell(person, records.event("transfer"), "Insert"),
        ]
        records.deliver()
        return {**records.shown(person, events), "from": old.company_code}

    # --- parts of them --------------------------------------------------------------------------------------

    def _placement(self, wish: Json, company_code: str, like: Person | None = None) -> dict[str, Any]:
        """Everything that the first day sets; what is not said is as it was, or usual."""
        records, book = self._records, self._records.book
        if wish.get("department") is None and like is not None:
            wish = {**wish, "department": like.department}
        department = records.department(wish, company_code)
        usual: dict[str, Any] = {
            "location": like.location if like else next(iter(book.locations)),
            "job": like.job if like else next(iter(book.jobs)),
            "supervisor": None if like is None or like.company_code != company_code else like.supervisor,
            "is_parttime": like.is_parttime if like else False,
            "employee_type": like.employee_type if like else "REG",
            "pay_group": like.pay_group if like else book.scenario.PAY_GROUP,
        }
        division = book.division_of(department) or (
            like.division if like else next(iter(book.divisions.values()))
        )
        nothing = dict.fromkeys(("leave_reason", "term_reason", "last_worked", "paid_through"))
        placed = {**usual, **records.dated(wish), "department": department, "division": division}
        return {"status": "A", **placed, **nothing}

    def _newcomer(self, wish: Json, company_code: str) -> Person:
        """Somebody whom the tenant does not know yet; nothing is written. ValueError for a name, number
        or salary that cannot be.
        """
        book = self._records.book
        place = len(book.workers)
        dice = Random(f"newcomer {book.seed} {place}")
        company = book.company_named(company_code)
        first = text_of(wish, "first_name") if "first_name" in wish else dice.choice(FIRST_NAMES)
        last = text_of(wish, "last_name") if "last_name" in wish else dice.choice(LAST_NAMES)
        number = f"{place + 1:09d}"
        if wish.get("number") is not None:
            number = text_of(wish, "number", "[A-Za-z0-9]{1,9}")
        if "employee" not in wish and any(number == held.number for held in book.people):
            raise ValueError(f"number: {number} is taken")
        salary = str(wish.get("annual_salary", "50000.00"))
        if not _SALARY.fullmatch(salary):
            raise ValueError(f"annual_salary: {salary!r} is not an amount like 50000.00")
        whole, _, fraction = salary.partition(".")
        now = self._records.now()
        return Person(
            place=place,
            worker=self._worker_id(place),
            employee_id=employee_id(place, dice),
            number=number,
            person_id=str(uuid.UUID(int=dice.getrandbits(128), version=4)),
            first_name=first,
            last_name=last,
            preferred_name=text_of(wish, "preferred_name") if wish.get("preferred_name") else None,
            mail=text_of(wish, "email") if wish.get("email") else None,
            company_code=company.code,
            company_id=company.company_id,
            is_home=True,
            status="A",
            hired=now.date(),
            rehired=None,
            ended=None,
            terminated=None,
            status_since=None,
            department="",
            division="",
            location="",
            job="",
            supervisor=None,
            is_parttime=False,
            annual_salary=int(whole) * 100 + int(fraction.ljust(2, "0")),
            pay_group=book.scenario.PAY_GROUP,
            changed_at=now,
            created_at=now,
        )

    def _worker_id(self, place: int) -> str:
        taken = {held.worker for held in self._records.book.workers}
        number = place + 1
        while f"W{number:05d}" in taken:
            number += 1
        return f"W{number:05d}"

    def _row_in(self, person: Person, company_code: str) -> Person:
        """The person's row in a company: the one that is there, or another."""
        held = [one for one in self._records.book.employments(person) if one.company_code == company_code]
        return held[0] if held else self._another_row(person, company_code)

    def _another_row(self, person: Person, company_code: str) -> Person:
        """One more employment of somebody, with nothing in it yet."""
        company, held = self._records.book.company_named(company_code), self._records.book.employments(person)
        if len(held) >= EMPLOYMENTS_MAX:
            raise ValueError(f"employee: {len(held)} employments are the most")
        return replace(
            person,
            company_code=company.code,
            company_id=company.company_id,
            ordinal=1 + max(one.ordinal for one in held),
            is_home=False,
            created_at=self._records.now(),
            history=[],
            spells=(),
        )

    def _check_no_row(self, person: Person, company_code: str) -> None:
        for held in self._records.book.employments(person):
            if held.company_code == company_code:
                raise ValueError(f"company: {person.worker} has a row in {company_code}; use rehire")

    def _begin(
        self, person: Person, reason: str, day: date, sets: dict[str, Any], act: int = 0, **flags: bool
    ) -> None:
        """The first row of an employment, or of one that begins again."""
        records, is_new = self._records, not person.history
        if is_new:
            records.book.add(person)
            if person.place == len(records.book.workers):
                records.book.workers += (_worker(records.book, person, day, sets),)
        before = None if is_new else person.status
        records.enter(person, act or records.new_act(), reason, day, sets, **flags)
        records.audit(person, "EmpComp", "status", before, "A", "I" if is_new else "U")


def _worker(book: Book, person: Person, day: date, sets: dict[str, Any]) -> Worker:
    """Somebody new as a pay run sees them: a year's pay is the salary, without overtime."""
    names = {code: name for name, code in book.divisions.items()}
    return Worker(
        worker=person.worker,
        department_code=sets["department"],
        department_name=book.department_names[sets["department"]],
        division=names.get(sets["division"], next(iter(names.values()))),
        assignment_category="Parttime-Regular" if sets["is_parttime"] else "Fulltime-Regular",
        annual_salary=person.annual_salary,
        gross_paid=person.annual_salary,
        overtime_paid=0,
        hired_month=f"{day:%Y-%m}",
    )

"""What is done to people at the vendor's screens: another department, name, place or status, coming back, and
putting right what was entered.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.systems.ukg_pro.employments import GONE, JobRow, Person
from ml_connector_sandbox.systems.ukg_pro.render_people import system_id
from ml_connector_sandbox.systems.ukg_pro.screen_records import PeopleRecords, day_of, end_of, text_of
from ml_connector_sandbox.systems.ukg_pro.seed import JOB_CHANGE, LEFT, ORG_CHANGE, REHIRE, STATUS_CHANGE

NAMES = {
    "first_name": ("nameFirst", "first_name"),
    "last_name": ("nameLast", "last_name"),
    "preferred_name": ("namePreferred", "preferred_name"),
    "email": ("addressEMail", "mail"),
}
"""What is the person's in every company: field of the audit, and our name of it."""
Change = tuple[str, str]
"""An event and its operation."""


class PeopleScreen:
    """Changes to people: each is audited, dated in the job history, and told by an event of its kind."""

    def __init__(self, records: PeopleRecords) -> None:
        self._records = records

    def change(self, wish: Json) -> Json:
        """`{"employee": "W00001", "company": "…", "department": "BOSFIN", "last_name": "…", "status":
        "T", "date": "2026-07-10"}` and more: what is dated holds from `date` on, today unless given; that
        day may be past or still to come. Status `A` of somebody who left is a rehire. KeyError for
        whoever or whatever does not exist.
        """
        records = self._records
        person = records.person(wish)
        day = records.day(wish, person.company_code)
        department = None if wish.get("department") is None else records.department(wish, person.company_code)
        status = None if wish.get("status") is None else text_of(wish, "status", "[A-Z]")
        names = {name: text_of(wish, name) for name in NAMES if wish.get(name) is not None}
        others = records.dated(wish)
        if wish.get("system_id") is not None:
            return self._correct(person, wish, department, others)
        if day < person.history[0].effective and (status or department or others):
            raise ValueError(f"date: {day} is before the hire on {person.history[0].effective}")
        leaving = self._leaving(person, status, day, wish)
        act, events = records.new_act(), list[str]()
        if status is not None:
            events.append(self._set_status(person, act, status, day, leaving))
        events += self._rename(person, names)
        if department is not None:
            events.append(self._move(person, act, department, day))
        if others:
            events.append(self._set_others(person, act, others, day))
        made = [records.tell(person, kind) for kind in events]
        records.deliver()
        return records.shown(person, made)

    def redate(self, wish: Json) -> Json:
        """`{"employee": "…", "system_id": "…", "date": "2026-08-01"}`: a row of the history is moved to
        another day, and with it what the same act wrote. Left out, the row is the one that was entered
        last for a day still to come.
        """
        records = self._records
        person, row = self._row(wish)
        day = day_of(wish["date"], "date")
        shift = day - row.effective
        rows = self._of_act(person, row)
        for held, one in rows:
            _check_order(held, one, one.effective + shift)
        for held, one in rows:
            records.audit(held, "EmpHJob", "jobEffectiveDate", one.effective, one.effective + shift)
            one.effective += shift
            records.changed(held)
        events = [records.tell(held, *self._mended(one, "Update")) for held, one in rows]
        records.deliver()
        return {**records.shown(person, events), "effective": day.isoformat()}

    def withdraw(self, wish: Json) -> Json:
        """`{"employee": "…", "system_id": "…"}`: a row of the history never was, and what the same act
        wrote neither; with its hire an employment goes. Left out, the row is the one that was entered
        last for a day still to come.
        """
        records, book = self._records, self._records.book
        person, row = self._row(wish)
        rows = self._of_act(person, row)
        if row.act == 0:
            raise ValueError("system_id: what was there from the beginning cannot be withdrawn")
        gone = [held for held, one in rows if one is _hire(held)]
        self._check_unknown([held for held in gone if len(book.by_place[held.place]) == 1])
        ids = [system_id(held, one) for held, one in rows]
        for held, one in rows:
            records.audit(held, "EmpHJob", "jobEffectiveDate", one.effective, None, "D")
            held.history.remove(one)
        for held in gone:
            book.remove(held)
        for held, _ in rows:
            if not any(held is other for other in gone):
                records.changed(held)
        if book.by_place[person.place]:
            records.tenant.settle_home(person.place)
        events = [records.tell(held, *self._mended(one, "Delete")) for held, one in rows]
        records.deliver()
        return {"employee_id": person.employee_id, "withdrawn": ids, "event": events[0], "events": events}

    # --- one kind of change each ----------------------------------------------------------------------------

    def _leaving(self, person: Person, status: str | None, day: date, wish: Json) -> dict[str, Any]:
        """What goes with a new status: why, the last day worked, and the day that is paid. ValueError for a
        status that another one follows, or an end before the employment began.
        """
        if status is None:
            return {}
        later = [
            row for row in person.history if row.effective > day and row.sets.get("status", GONE) != GONE
        ]
        if status == GONE and later:
            raise ValueError(f"date: status {later[0].sets['status']} begins later, on {later[0].effective}")
        days = {
            name: None if wish.get(name) is None else day_of(wish[name], name)
            for name in ("last_worked", "paid_through")
        }
        reason = None if wish.get("reason") is None else text_of(wish, "reason", "[A-Z0-9]{1,6}")
        if status == GONE:
            return {"term_reason": reason or LEFT, "leave_reason": None, **days}
        return {"term_reason": None, "leave_reason": reason, **days}

    def _set_status(self, person: Person, act: int, status: str, day: date, leaving: dict[str, Any]) -> str:
        """A new status; the name of the event it raises."""
        records, ends, before = self._records, end_of(person), person.on(day)["status"]
        if status == GONE and ends is not None:
            records.audit(person, "EmpComp", "dateOfTermination", ends.effective, day)
            ends.effective, ends.reason = day, str(leaving["term_reason"])
            ends.sets |= leaving
            records.changed(person)
            return records.event("termination_change")
        kind = "termination" if status == GONE else "rehire" if before == GONE else "status_change"
        reason = {"termination": leaving["term_reason"], "rehire": REHIRE}.get(kind, STATUS_CHANGE)
        records.audit(person, "EmpComp", "status", before, status)
        comes_home = kind == "rehire" and self._records.book.home(person.place).status == GONE
        sets = {"status": status, **leaving}
        records.enter(person, act, str(reason), day, sets, begins_home=comes_home)
        return records.event(kind)

    def _rename(self, person: Person, names: dict[str, str]) -> list[str]:
        """Another name or address of the person, in every company; the events it raises."""
        records = self._records
        for name, text in names.items():
            field, held_as = NAMES[name]
            records.audit(person, "EmpPers", field, getattr(person, held_as), text)
            for held in records.book.employments(person):
                setattr(held, held_as, text)
                held.changed_at = records.now()
        return ["EmployeePersonNameChangeEvent"] if names.keys() - {"email"} else []

    def _move(self, person: Person, act: int, department: str, day: date) -> str:
        """Another department of the same company."""
        records = self._records
        held = person.on(day)
        records.audit(person, "EmpComp", "orgLevel1", held["department"], department)
        division = records.book.division_of(department) or held["division"]
        sets = {"department": department, "division": division}
        records.enter(person, act, ORG_CHANGE, day, sets, is_org_change=True)
        return records.event("org_level_change")

    def _set_others(self, person: Person, act: int, sets: dict[str, Any], day: date) -> str:
        """Another job, location, type, supervisor or pay group."""
        records, held = self._records, person.on(day)
        for name, value in sets.items():
            records.audit(person, "EmpComp", name, held[name], value)
        records.enter(person, act, JOB_CHANGE, day, sets, is_job_change="job" in sets)
        return records.event("job_change")

    # --- putting right what was entered ---------------------------------------------------------------------

    def _correct(self, person: Person, wish: Json, department: str | None, others: dict[str, Any]) -> Json:
        """A row of the history says something else, as if it had always said so."""
        records = self._records
        row = next((row for row in person.history if system_id(person, row) == str(wish["system_id"])), None)
        if row is None:
            raise KeyError(f"row {wish['system_id']} of {person.employee_id} in {person.company_code}")
        sets = dict(others)
        if department is not None:
            division = records.book.division_of(department) or row.state["division"]
            sets |= {"department": department, "division": division}
        if not sets or wish.get("status") is not None or wish.get("date") is not None:
            raise ValueError("system_id: give what the row should say, and neither status nor date")
        for name, value in sets.items():
            records.audit(person, "EmpHJob", name, row.state[name], value)
        row.sets = {**row.sets, **sets}
        records.changed(person)
        kinds = ["org_level_change"] * (department is not None) + ["job_change"] * bool(others)
        events = [records.tell(person, records.event(kind)) for kind in kinds]
        records.deliver()
        return {**records.shown(person, events), "system_id": system_id(person, row)}

    def _row(self, wish: Json) -> tuple[Person, JobRow]:
        """The row that a wish means, with its employment. KeyError if there is none."""
        records = self._records
        rows = [
            (held, row)
            for held in records.book.employments(records.person(wish))
            for row in held.history
            if wish.get("company") in (None, held.company_code, held.company_id)
        ]
        if wish.get("system_id") is not None:
            named = [(held, row) for held, row in rows if system_id(held, row) == str(wish["system_id"])]
            if not named:
                raise KeyError(f"row {wish['system_id']} of {wish['employee']}")
            return named[0]
        ahead = [
            (held, row)
            for held, row in rows
            if row.act and row.effective > records.tenant.today(held.company_code)
        ]
        if not ahead:
            raise KeyError(f"row of {wish['employee']} for a day still to come")
        return max(ahead, key=lambda item: (item[1].act, item[1].effective, item[1].number))

    def _of_act(self, person: Person, row: JobRow) -> list[tuple[Person, JobRow]]:
        """What one act wrote, in all companies of the person."""
        return [
            (held, one)
            for held in self._records.book.employments(person)
            for one in list(held.history)
            if one is row or (row.act and one.act == row.act)
        ]

    def _mended(self, row: JobRow, operation: str) -> Change:
        """The event for a row that is moved or withdrawn."""
        if row.sets.get("status") == GONE:
            kind = "termination_change"
        elif row.number == 1 or row.reason == REHIRE or row.is_transfer:
            kind = "hire_date_change"
        elif "status" in row.sets:
            kind = "status_change"
        else:
            kind = "org_level_change" if row.is_org_change else "job_change"
        return self._records.event(kind), operation

    def _check_unknown(self, people: list[Person]) -> None:
        """ValueError where a run has paid one of these people, or somebody else reports to one."""
        book, places = self._records.book, {person.place for person in people}
        for person in people:
            for run in book.runs:
                if person.place < run.known and person.worker not in run.without:
                    raise ValueError(f"employee: run {run.run_id} has paid {person.worker}")
        for person in book.people:
            bosses = {row.state["supervisor"] for row in person.history}
            if person.place not in places and bosses & places:
                raise ValueError(f"employee: {person.worker} reports to this person")


def _hire(person: Person) -> JobRow:
    return min(person.history, key=lambda row: row.number)


def _check_order(person: Person, moved: JobRow, day: date) -> None:
    """ValueError for a day on which a row would pass the hire, or another status."""
    hire = _hire(person)
    statuses = [row for row in person.history if "status" in row.sets]
    after = sorted(statuses, key=lambda row: (day if row is moved else row.effective, row.number))
    is_swapped = [row.number for row in after] != [row.number for row in statuses]
    others = [row.effective for row in person.history if row is not moved]
    if moved is hire and any(day > other for other in others):
        raise ValueError(f"date: {day} is after another row of the history")
    if is_swapped or (moved is not hire and day < hire.effective):
        raise ValueError(f"date: {day} would pass the hire or another status")

"""What every act at a screen of people leaves behind: a row of the history, the audit, an event."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.systems.ukg_pro.book import Book, Move
from ml_connector_sandbox.systems.ukg_pro.employments import GONE, JobRow, Person, refresh
from ml_connector_sandbox.systems.ukg_pro.endpoint import Tenant
from ml_connector_sandbox.systems.ukg_pro.render_people import system_id
from ml_connector_sandbox.systems.ukg_pro.webhooks import Webhooks

YEARS = range(1900, 2200)
_TEXT_MAX = 100


class PeopleRecords:
    """Writes into the tenant's book for the screens of people."""

    def __init__(self, tenant: Tenant, webhooks: Webhooks) -> None:
        self.tenant = tenant
        self._webhooks = webhooks

    @property
    def book(self) -> Book:
        """The tenant's data."""
        return self.tenant.book

    def now(self) -> datetime:
        """The vendor's time, to the second."""
        return self.tenant.local_now().replace(microsecond=0)

    def day(self, wish: Mapping[str, Any], company_code: str, name: str = "date") -> date:
        """The day in the wish, or today in the company. ValueError for what is no day."""
        if wish.get(name) is None:
            return self.tenant.today(company_code)
        return day_of(wish[name], name)

    def new_act(self) -> int:
        """A number for what one act writes."""
        self.book.next_act += 1
        return self.book.next_act

    def enter(
        self, person: Person, act: int, reason: str, day: date, sets: dict[str, Any], **flags: Any
    ) -> JobRow:
        """A new row of the history. ValueError for a day before the employment began; nothing is written
        then.
        """
        numbers = [row.number for row in person.history]
        if person.history and day < person.history[0].effective:
            raise ValueError(f"date: {day} is before the hire on {person.history[0].effective}")
        row = JobRow(
            number=max(numbers, default=0) + 1,
            effective=day,
            created_at=self.now(),
            reason=reason,
            sets=sets,
            act=act,
            **flags,
        )
        person.history.append(row)
        if flags.get("is_org_change"):
            self.book.moves.append(
                Move(
                    employee_id=person.employee_id,
                    company_id=person.company_id,
                    entered_at=self.now(),
                    effective=day,
                )
            )
        self.changed(person)
        return row

    def changed(self, person: Person) -> None:
        """Work out an employment again, and stamp it."""
        today = self.tenant.today(person.company_code)
        refresh(person, today)
        person.changed_at = self.now()
        is_ahead = any(held is person for held in self.book.ahead)
        if not is_ahead and person.history[-1].effective > today:
            self.book.ahead.append(person)
        self.tenant.settle_home(person.place)

    def audit(
        self, person: Person, table: str, field: str, old: object, new: object, action: str = "U"
    ) -> None:
        """A line of the audit: U for a change, I for what is new, D for what is gone."""
        keys = (("EEID", person.employee_id), ("COID", person.company_id))
        self.tenant.audit(keys, (table, field, action), old, new)

    def tell(self, person: Person, event_type: str, operation: str = "Update") -> Json | None:
        """The webhook event of a change; None when it is lost."""
        payload = {"CoId": person.company_id, "EeId": person.employee_id, "IntegrationRecordId": None}
        return self._webhooks.publish(event_type, operation, payload)

    def deliver(self) -> None:
        """Send what is due."""
        self._webhooks.deliver()

    def event(self, kind: str) -> str:
        """The name of a kind of event."""
        return str(self.tenant.switches[f"event_{kind}"])

    def person(self, wish: Mapping[str, Any]) -> Person:
        """The employment that a wish names. KeyError if there is none."""
        company = wish.get("company")
        return self.book.person(str(wish["employee"]), None if company is None else str(company))

    def department(self, wish: Mapping[str, Any], company_code: str) -> str:
        """The department of a wish, in the company. KeyError for one that is not there."""
        code, book = str(wish["department"]), self.book
        if code not in book.department_names:
            raise KeyError(f"department {code}")
        of_company = {company.code for company in book.company_of.values()}
        if company_code in of_company and book.company_of[code].code != company_code:
            raise KeyError(f"department {code} in company {company_code}")
        return code

    def dated(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """The facts in a wish that hold from a day on, beside status and department. KeyError and
        ValueError for what cannot be.
        """
        book, sets = self.book, dict[str, Any]()
        for name, known in (("location", book.locations), ("job", book.jobs)):
            if wish.get(name) is not None:
                if str(wish[name]) not in known:
                    raise KeyError(f"{name} {wish[name]}")
                sets[name] = str(wish[name])
        if wish.get("employee_type") is not None:
            sets["employee_type"] = text_of(wish, "employee_type", r"[A-Z0-9]{1,3}")
        if wish.get("part_time") is not None:
            sets["is_parttime"] = wish["part_time"] is True
        if wish.get("supervisor") is not None:
            sets["supervisor"] = book.person(str(wish["supervisor"])).place
        if wish.get("pay_group") is not None:
            group = text_of(wish, "pay_group", r"[A-Z0-9]{1,6}")
            if group not in {book.scenario.PAY_GROUP, *book.frequencies}:
                raise KeyError(f"pay group {group}")
            sets["pay_group"] = group
        return sets

    def shown(self, person: Person, events: list[Json | None]) -> Json:
        """The answer of an act: whose record, its newest row, and the events it raised."""
        newest = max(person.history, key=lambda row: row.number)
        return {
            "employee_id": person.employee_id,
            "worker": person.worker,
            "number": person.number,
            "company": person.company_code,
            "system_id": system_id(person, newest),
            "effective": newest.effective.isoformat(),
            "event": events[0] if events else None,
            "events": events,
        }


def day_of(value: object, name: str) -> date:
    """A day as YYYY-MM-DD. ValueError for anything else."""
    day = date.fromisoformat(str(value))
    if day.year not in YEARS:
        raise ValueError(f"{name}: the year {day.year} is not between {YEARS[0]} and {YEARS[-1]}")
    return day


def text_of(wish: Mapping[str, Any], name: str, pattern: str = r".*\S.*") -> str:
    """A text of a wish that fits the pattern. ValueError for anything else."""
    value = wish[name]
    if not isinstance(value, str) or len(value) > _TEXT_MAX or not re.fullmatch(pattern, value):
        raise ValueError(f"{name}: {value!r} does not fit {pattern}")
    return value


def end_of(person: Person) -> JobRow | None:
    """The row that ends the employment after it last began, come or still to come; None where nothing
    does.
    """
    ends = None
    for row in person.history:
        if row.sets.get("status") == GONE:
            ends = row
        elif "status" in row.sets:
            ends = None
    return ends

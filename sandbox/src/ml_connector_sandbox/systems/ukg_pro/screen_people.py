"""What is done to people at the vendor's screens: another department, name or status, and coming back."""

from __future__ import annotations

from datetime import date, datetime

from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.systems.ukg_pro.book import JobRow, Move, Person
from ml_connector_sandbox.systems.ukg_pro.endpoint import Tenant
from ml_connector_sandbox.systems.ukg_pro.render import stamp
from ml_connector_sandbox.systems.ukg_pro.seed import LEFT, ORG_CHANGE, REHIRE, STATUS_CHANGE
from ml_connector_sandbox.systems.ukg_pro.webhooks import Webhooks

GONE = "T"


class PeopleScreen:
    """Changes to people: each is audited, dated in the job history, and told by an event of its kind."""

    def __init__(self, tenant: Tenant, webhooks: Webhooks) -> None:
        self._tenant = tenant
        self._webhooks = webhooks

    def change(self, wish: Json) -> Json:
        """`{"employee": "W00001", "company": "…", "department": "BOSFIN", "last_name": "…", "status": "T",
        "date": "2026-07-10"}`: a department or status holds from `date` on, today unless given. Status `A` of
        somebody who left is a rehire. KeyError for whoever or whatever does not exist.
        """
        book = self._tenant.book
        company = wish.get("company")
        person = book.person(str(wish["employee"]), None if company is None else str(company))
        now = self._tenant.local_now().replace(microsecond=0)
        day = date.fromisoformat(str(wish["date"])) if wish.get("date") else now.date()
        if day > now.date():
            raise ValueError(f"date: {day} is later than today, {now.date()}")
        department, name, status = (
            None if wish.get(field) is None else str(wish[field])
            for field in ("department", "last_name", "status")
        )
        self._check(person, department)
        events = []
        if status is not None:
            events.append(self._set_status(person, status, day, now))
        if name is not None:
            events.append(self._rename(person, name, now))
        if department is not None:
            events.append(self._move(person, department, day, now))
        made = [self._tell(person, kind) for kind in events]
        self._webhooks.deliver()
        return {"employee_id": person.employee_id, "event": made[0] if made else None, "events": made}

    def _check(self, person: Person, department: str | None) -> None:
        book = self._tenant.book
        if department is not None and department not in book.departments:
            raise KeyError(f"department {department}")
        if department is not None and book.company_of[department].code != person.company_code:
            raise KeyError(f"department {department} in company {person.company_code}")

    def _set_status(self, person: Person, status: str, day: date, now: datetime) -> str:
        """A new status; the name of the event it raises."""
        was_gone, reason, kind = person.status == GONE, STATUS_CHANGE, "event_status_change"
        if status == GONE:
            reason, kind, person.terminated = LEFT, "event_termination", day
        elif was_gone:
            reason, kind = REHIRE, "event_rehire"
            person.ended, person.rehired, person.terminated = person.terminated, day, None
        self._audit(person, "EmpComp", "status", person.status, status, now)
        person.status, person.status_since, person.changed_at = status, day, now
        self._append(person, reason, day, now)
        return str(self._tenant.switches[kind])

    def _rename(self, person: Person, name: str, now: datetime) -> str:
        """A new last name of the person, in every company."""
        self._audit(person, "EmpPers", "nameLast", person.last_name, name, now)
        for held in self._tenant.book.employments(person):
            held.last_name, held.changed_at = name, now
        return "EmployeePersonNameChangeEvent"

    def _move(self, person: Person, department: str, day: date, now: datetime) -> str:
        """Another department of the same company."""
        book = self._tenant.book
        self._audit(person, "EmpComp", "orgLevel1", person.department, department, now)
        person.department, person.changed_at = department, now
        person.division = book.division_of(department) or person.division
        self._append(person, ORG_CHANGE, day, now, is_org_change=True)
        book.moves.append(
            Move(employee_id=person.employee_id, company_id=person.company_id, entered_at=now, effective=day)
        )
        return str(self._tenant.switches["event_org_level_change"])

    def _append(
        self, person: Person, reason: str, day: date, now: datetime, *, is_org_change: bool = False
    ) -> None:
        person.history.append(
            JobRow(
                number=len(person.history) + 1,
                effective=day,
                created_at=now,
                reason=reason,
                status=person.status,
                department=person.department,
                division=person.division,
                is_org_change=is_org_change,
            )
        )

    def _audit(self, person: Person, table: str, field: str, old: str, new: str, now: datetime) -> None:
        audit = self._tenant.book.audit
        audit.append(
            {
                "audDateTime": stamp(now),
                "audKey1Label": "EEID",
                "audKey1Value": person.employee_id,
                "audKey2Label": "COID",
                "audKey2Value": person.company_id,
                "audKey3Label": None,
                "audKey3Value": None,
                "audTableName": table,
                "audFieldName": field,
                "audOldValue": old,
                "audNewValue": new,
                "audAction": "U",
                "audSystemID": f"A{len(audit) + 1:08d}",
            }
        )

    def _tell(self, person: Person, kind: str) -> Json | None:
        payload = {"CoId": person.company_id, "EeId": person.employee_id, "IntegrationRecordId": None}
        return self._webhooks.publish(kind, "Update", payload)

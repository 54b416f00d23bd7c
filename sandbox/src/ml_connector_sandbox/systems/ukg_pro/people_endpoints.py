"""The personnel endpoints: head count, details, history, ids, and what changed since."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Generic, TypeVar

from ml_connector_sandbox.core.body import read_json
from ml_connector_sandbox.core.vendor import Json, Request, Response
from ml_connector_sandbox.systems.ukg_pro import render_people as rows
from ml_connector_sandbox.systems.ukg_pro.book import Book
from ml_connector_sandbox.systems.ukg_pro.companies import FEDERAL_TAX_ID
from ml_connector_sandbox.systems.ukg_pro.employments import Person, Spell
from ml_connector_sandbox.systems.ukg_pro.endpoint import Endpoint, Tenant
from ml_connector_sandbox.systems.ukg_pro.filters import iso_moment, row_tests, value_of
from ml_connector_sandbox.systems.ukg_pro.limits import too_many
from ml_connector_sandbox.systems.ukg_pro.paging import BadParameter, Query, page_of
from ml_connector_sandbox.systems.ukg_pro.reads import listed
from ml_connector_sandbox.systems.ukg_pro.render import bad_request, json_response, stamp
from ml_connector_sandbox.systems.ukg_pro.schema import schema_of

T = TypeVar("T")
CHANGES_ROWS_MAX = 200
CHANGES_WINDOW = timedelta(hours=3)
IDS_MAX = 1_000
ROOT = "personnel/v1"
PERSONNEL = "Personnel Integration"
Span = tuple[str | None, str | None]
"""First and last moment of a sweep, as they were sent."""
Answer = Callable[[Request, Mapping[str, str]], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class _List(Generic[T]):
    """A list of the personnel family: its rows, and the forms of its address beside the plain one.

    `seen` is the row as filters see it, where that is another. `forms` are paths that narrow the list; those
    in `single` give one object.
    """

    name: str
    permission: str
    items: Callable[[], Sequence[T]]
    row: Callable[[T], Json]
    person: Callable[[T], Person]
    seen: Callable[[T], Json] | None = None
    forms: tuple[str, ...] = ()
    single: tuple[str, ...] = ()


BY_COMPANY = "companies/{company_id}/{name}"
BY_BOTH = "companies/{company_id}/employees/{employee_id}/{name}"
BY_EMPLOYEE = "{name}/{employee_id}"
BY_ROW = "{name}/{system_id}"


class PeopleEndpoints:
    """Reads of people; the delta endpoint has a guard of its own."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._last_sweep: datetime | None = None
        self._swept: Span | None = None

    def endpoints(self) -> list[Endpoint]:
        """Everything under `/personnel`."""
        made = [endpoint for held in self._lists() for endpoint in self._forms(held)]
        changes = {self._tenant.switches["changes_path"]: None}
        if self._tenant.switches["employees_changed"]:
            changes[f"/{ROOT}/employees/changed"] = None
        singles = [
            *((path, "EmployeeExport", self._changes) for path in changes),
            *((path + "/{employee_id}", "EmployeeExport", self._change) for path in changes),
            (f"/{ROOT}/audit-details", PERSONNEL, self._audit),
            (f"/{ROOT}/integration/kronos/business-structure-status", PERSONNEL, self._moved),
        ]
        made += [
            Endpoint(method="GET", path=path, permission=needed, answer=answer)
            for path, needed, answer in singles
        ]
        lookup = Endpoint(
            method="POST",
            path=f"/{ROOT}/employee-ids",
            permission=PERSONNEL,
            rights=("View", "Add"),
            answer=self._employee_ids,
        )
        return [*made, lookup]

    def _lists(self) -> list[_List[Any]]:
        def people(name: str, permission: str, row: Callable[[Person], Json], **more: Any) -> _List[Person]:
            return _List(
                name=name,
                permission=permission,
                items=self._tenant.people,
                row=row,
                person=lambda person: person,
                **more,
            )

        return [
            people(
                "employment-details",
                PERSONNEL,
                lambda person: rows.employment(self._book, person),
                forms=(BY_COMPANY, BY_BOTH),
                single=(BY_BOTH,),
            ),
            people(
                "employee-employment-details",
                PERSONNEL,
                lambda person: rows.newer_employment(self._book, person),
                seen=lambda person: rows.newer_employment(self._book, person, with_old_names=True),
            ),
            people(
                "employee-supervisor-details", PERSONNEL, lambda person: rows.supervisor(self._book, person)
            ),
            people(
                "person-details",
                "Employee Person Details",
                rows.details,
                forms=(BY_COMPANY, BY_BOTH, BY_EMPLOYEE),
                single=(BY_BOTH,),
            ),
            people(
                "compensation-details",
                "Employee Compensation Details",
                lambda person: rows.compensation(self._book, person),
                forms=(BY_COMPANY, BY_BOTH, BY_EMPLOYEE),
                single=(BY_BOTH,),
            ),
            _List(
                name="employee-job-history-details",
                permission="Employee Job History Details",
                items=lambda: [(person, held) for person in self._tenant.people() for held in person.history],
                row=lambda item: rows.job_history(self._book, *item),
                person=lambda item: item[0],
                forms=(BY_ROW,),
                single=(BY_ROW,),
            ),
        ]

    @property
    def _book(self) -> Book:
        return self._tenant.book

    def _forms(self, held: _List[T]) -> list[Endpoint]:
        """The plain address and the narrower ones."""
        return [
            Endpoint(
                method="GET",
                path=f"/{ROOT}/" + form.replace("{name}", held.name),
                permission=held.permission,
                answer=self._lister(held, single=form in held.single),
            )
            for form in ("{name}", *held.forms)
        ]

    def _lister(self, held: _List[T], *, single: bool) -> Answer:
        schema = schema_of(f"{ROOT}/{held.name}")

        def row(item: T) -> Json:
            return self._blanked(held.row(item))

        def old_names(item: T) -> Json:
            return self._blanked(held.seen(item) if held.seen else held.row(item))

        seen = old_names if held.seen else None

        def fits(item: T, params: Mapping[str, str]) -> bool:
            person = held.person(item)
            return (
                params.get("company_id", person.company_id) == person.company_id
                and params.get("employee_id", person.employee_id) == person.employee_id
                and ("system_id" not in params or params["system_id"] == held.row(item)["systemId"])
            )

        def answer(request: Request, params: Mapping[str, str]) -> Response:
            items = [item for item in held.items() if not params or fits(item, params)]
            most = self._tenant.switches["page_rows_max"]
            if not single:
                return listed(request, schema, items, row, rows_max=most, seen=seen)
            wanted = list(row_tests(schema, Query(request)))
            made = [schema.whole(row(item)) for item in items]
            made = [whole for whole in made if all(test(whole) for test in wanted)]
            return json_response(made[0]) if made else Response(status=404)

        return answer

    def _changes(self, request: Request, params: Mapping[str, str]) -> Response:
        """Everybody who changed in the span, widened to whole windows. Its first page is a new sweep, and
        so is any page of another span.
        """
        query = Query(request)
        start, end = query.text("startDate"), query.text("endDate")
        now = self._tenant.local_now()
        if (start is None) != (end is None):
            raise BadParameter(
                "endDate" if end is None else "startDate", "startDate and endDate are required together."
            )
        low, high = datetime.min, datetime.max
        if start is not None and end is not None:
            low, high = _window(iso_moment("startDate", start)), _window(iso_moment("endDate", end), up=True)
        elif self._tenant.switches["changes_without_dates"] == "last_3_hours":
            low, high = _window(now - CHANGES_WINDOW), datetime.max
        if low > high:
            raise BadParameter("endDate", "endDate must not be before startDate.")
        if query.number("page", 1) == 1 or (start, end) != self._swept:
            refused = self._guarded(now, (start, end))
            if refused is not None:
                return refused
        return self._changed(
            request, [person for person in self._tenant.snapshots() if low <= self._named_at(person) < high]
        )

    def _guarded(self, now: datetime, span: Span) -> Response | None:
        """A new sweep within three hours of the last is refused, so at most eight fit in a day."""
        if self._tenant.profile == "fast" or not self._tenant.switches["changes_guard"]:
            return None
        if self._last_sweep is not None and now - self._last_sweep < CHANGES_WINDOW:
            return too_many(self._tenant, self._last_sweep + CHANGES_WINDOW - now)
        self._last_sweep, self._swept = now, span
        return None

    def _blanked(self, row: Json, nothing: str | None = None) -> Json:
        """The row without what the switch blanks for everybody."""
        names = {name.strip().lower() for name in self._tenant.switches["blank_fields"].split(",")}
        if not names & {name.lower() for name in row}:
            return row
        return {name: nothing if name.lower() in names else value for name, value in row.items()}

    def _change(self, request: Request, params: Mapping[str, str]) -> Response:
        since = self._tenant.local_now() - CHANGES_WINDOW
        people = [
            person for person in self._tenant.snapshots() if person.employee_id == params["employee_id"]
        ]
        if not people:
            return Response(status=404)
        return self._changed(request, [person for person in people if self._named_at(person) >= since])

    def _named_at(self, person: Person) -> datetime:
        """The stamp that the delta endpoint goes by."""
        if self._tenant.switches["changes_name"] == "created":
            return person.created_at or datetime.combine(person.hired, time())
        return person.changed_at

    def _changed(self, request: Request, people: list[Person]) -> Response:
        book = self._tenant.book
        wanted: list[tuple[Person, Spell | None]] = [
            (person, spell)
            for person in sorted(people, key=lambda person: person.place)
            for spell in (*person.spells, None)
        ]
        most = min(CHANGES_ROWS_MAX, self._tenant.switches["page_rows_max"])
        return listed(
            request,
            schema_of(f"{ROOT}/employee-changes"),
            wanted,
            lambda item: self._blanked(rows.change(book, *item), ""),
            rows_max=most,
            but=("startDate", "endDate"),
        )

    def _audit(self, request: Request, params: Mapping[str, str]) -> Response:
        """Field by field what changed; four parameters are required."""
        schema, query = schema_of(f"{ROOT}/audit-details"), Query(request)
        given = {name: value_of(known, query) or "" for name, known in schema.filters.items()}
        low, high = (
            iso_moment("startDateTime", given["startdatetime"]),
            iso_moment("endDateTime", given["enddatetime"]),
        )
        same = {"audTableName": "tablename", "audFieldName": "fieldname", "audAction": "action"}
        chosen = [
            row
            for row in self._book.audit
            if low <= _at(row) <= high
            and all(row[field].lower() == (given[name] or row[field]).lower() for field, name in same.items())
        ]
        most = self._tenant.switches["page_rows_max"]
        return listed(request, schema, chosen, dict, rows_max=most, but=schema.filters)

    def _moved(self, request: Request, params: Mapping[str, str]) -> Response:
        """Ids of the employees whose department changed after a moment."""
        schema, query = schema_of(f"{ROOT}/integration/kronos/business-structure-status"), Query(request)
        wanted = list(row_tests(schema, query, but=("modifiedAfterDateTime",)))
        after = iso_moment("modifiedAfterDateTime", query.text("modifiedAfterDateTime") or "")
        moved = [
            {
                "employeeId": move.employee_id,
                "companyId": move.company_id,
                "effectiveDate": stamp(move.effective),
            }
            for move in self._book.moves
            if move.entered_at > after
        ]
        ids = sorted({str(row["employeeId"]) for row in moved if all(test(row) for test in wanted)})
        numbers, headers = page_of(request, query, len(ids), self._tenant.switches["page_rows_max"])
        return json_response([ids[number] for number in numbers], headers=headers)

    def _employee_ids(self, request: Request, params: Mapping[str, str]) -> Response:
        """Employee and company ids by number, e-mail or person id; one answer per question, in their
        order.
        """
        try:
            asked = read_json(request.body)
        except ValueError:
            asked = None
        if (
            not isinstance(asked, list)
            or not all(isinstance(item, dict) for item in asked)
            or len(asked) > IDS_MAX
        ):
            return bad_request("identifiers", f"The body must be an array of at most {IDS_MAX} identifiers.")
        return json_response(
            [self._found(sequence, item) for sequence, item in enumerate(asked, start=1)], status=207
        )

    def _found(self, sequence: int, item: Json) -> Json:
        people = [
            person
            for person in self._tenant.people()
            if _names(EMPLOYEE_KEYS, person, item, "employee")
            and _names(COMPANY_KEYS, person, item, "company")
        ]
        errors = (
            []
            if people
            else [
                {
                    "title": "Not found",
                    "refId": str(sequence),
                    "type": "NotFound",
                    "detail": "No employee matches.",
                }
            ]
        )
        people.sort(key=lambda person: not person.is_home)
        body = (
            {"eeid": people[0].employee_id, "coid": [person.company_id for person in people]}
            if people
            else None
        )
        return {
            "title": "Employee ID Lookup",
            "type": "multistatus",
            "detail": None,
            "errorCount": len(errors),
            "success_count": 1 - len(errors),
            "error_count": len(errors),
            "multistatus": [
                {"sequenceId": str(sequence), "status": "404" if errors else "200", "body": body}
            ],
            "errors": errors,
        }


def _kind(text: object) -> str:
    """A kind of identifier as it is compared: the vendor writes some with a blank and some without."""
    return str(text or "").replace(" ", "").lower()


def _names(keys: Mapping[str, Callable[[Person], str]], person: Person, item: Json, whose: str) -> bool:
    """Whether an identifier of a question means this person; a company may be left out."""
    kind, value = item.get(f"{whose}IdentifierType"), item.get(f"{whose}IdentifierValue")
    if whose == "company" and not kind and not value:
        return True
    key = keys.get(_kind(kind))
    return key is not None and key(person).lower() == str(value or "").lower()


EMPLOYEE_KEYS: Mapping[str, Callable[[Person], str]] = {
    "emailaddress": lambda person: person.email,
    "employeenumber": lambda person: person.number,
    "personid": lambda person: person.person_id,
    "employeeid": lambda person: person.employee_id,
    "ssn": lambda person: person.ssn,
}
COMPANY_KEYS: Mapping[str, Callable[[Person], str]] = {
    "companyid": lambda person: person.company_id,
    "companycode": lambda person: person.company_code,
    "federalid": lambda person: FEDERAL_TAX_ID,
}


def _at(row: Json) -> datetime:
    return datetime.fromisoformat(row["audDateTime"])


def _window(moment: datetime, *, up: bool = False) -> datetime:
    """The start of the three-hour window the moment lies in, or its end."""
    start = moment.replace(hour=moment.hour // 3 * 3, minute=0, second=0, microsecond=0)
    return start + CHANGES_WINDOW if up and start < moment else start

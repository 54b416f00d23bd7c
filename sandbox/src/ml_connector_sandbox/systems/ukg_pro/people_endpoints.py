"""The personnel endpoints: head count, details, history, ids, and what changed since."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from ml_connector_sandbox.core.vendor import Json, Request, Response
from ml_connector_sandbox.systems.ukg_pro import people_rows as rows
from ml_connector_sandbox.systems.ukg_pro.access import too_many
from ml_connector_sandbox.systems.ukg_pro.book import Person
from ml_connector_sandbox.systems.ukg_pro.paging import BadParameter, Query, iso_moment, listed
from ml_connector_sandbox.systems.ukg_pro.render import bad_request, json_response
from ml_connector_sandbox.systems.ukg_pro.tenant import Endpoint, Tenant

CHANGES_ROWS_MAX = 200
CHANGES_WINDOW = timedelta(hours=3)
IDS_MAX = 1_000
_DATES = ("dateTimeChanged", "dateTimeCreated")
_EMPLOYMENT = (
    *(
        "companyId",
        "employeeId",
        "primaryJobCode",
        "jobTitle",
        "fullTimeOrPartTimeCode",
        "primaryWorkLocationCode",
        "primaryProjectCode",
    ),
    *(
        "employeeTypeCode",
        "employeeStatusCode",
        "employeeNumber",
        "supervisorID",
        "payGroup",
        "isHomeCompany",
    ),
)
_EMPLOYMENT_DATES = (*_DATES, "originalHireDate", "lastHireDate", "dateOfTermination", "dateLastPayDatePaid")


class PeopleEndpoints:
    """Reads of people; the delta endpoint has a guard of its own."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._last_sweep: datetime | None = None

    def endpoints(self) -> list[Endpoint]:
        """Everything under `/personnel`."""
        made = self._lists()
        personnel, export = "Personnel Integration", "EmployeeExport"
        changes = self._tenant.switches["changes_path"]
        root = "/personnel/v1"
        singles = [
            (changes, export, self._changes),
            (changes + "/{employee_id}", export, self._change),
            (f"{root}/audit-details", personnel, self._audit),
            (f"{root}/integration/kronos/business-structure-status", personnel, self._moved),
        ]
        made += [
            Endpoint(method="GET", path=path, permission=needed, answer=answer)
            for path, needed, answer in singles
        ]
        lookup = Endpoint(
            method="POST",
            path=f"{root}/employee-ids",
            permission=personnel,
            rights=("View", "Add"),
            answer=self._employee_ids,
        )
        return [*made, lookup]

    def _lists(self) -> list[Endpoint]:
        book = self._tenant.book
        names = ("companyId", "employeeId")
        table: tuple[tuple[str, str, Callable[[Person], Json], tuple[str, ...], tuple[str, ...]], ...] = (
            (
                "employment-details",
                "Personnel Integration",
                lambda p: rows.employment(book, p),
                _EMPLOYMENT,
                _EMPLOYMENT_DATES,
            ),
            (
                "employee-employment-details",
                "Personnel Integration",
                self._newer,
                _EMPLOYMENT,
                _EMPLOYMENT_DATES,
            ),
            (
                "employee-supervisor-details",
                "Personnel Integration",
                lambda p: rows.supervisor(book, p),
                names,
                (),
            ),
            (
                "person-details",
                "Employee Person Details",
                rows.details,
                (*names, "lastName", "emailAddress", "addressState", "addressCountry"),
                _DATES,
            ),
            (
                "compensation-details",
                "Employee Compensation Details",
                lambda p: rows.compensation(book, p),
                (*names, "payGroupCode", "primaryJobCode"),
                ("dateLastPaid", "datePaidThru"),
            ),
            (
                "employee-job-history-details",
                "Employee Job History Details",
                lambda p: rows.job_history(book, p),
                (*names, "systemId", "isOrgChange", "isJobChange"),
                ("jobEffectiveDate", "dateTimeCreated"),
            ),
        )
        with_company = ("employment-details", "person-details", "compensation-details")
        with_employee = ("person-details", "compensation-details")
        made = []
        for name, permission, row, equal, dates in table:
            answer = self._lister(row, equal, dates)
            root = "/personnel/v1"
            paths = [f"{root}/{name}"]
            if name in with_company:
                paths += [
                    f"{root}/companies/{{company_id}}/{name}",
                    f"{root}/companies/{{company_id}}/employees/{{employee_id}}/{name}",
                ]
            if name in with_employee:
                paths.append(f"{root}/{name}/{{employee_id}}")
            if name == "employee-job-history-details":
                paths.append(f"{root}/{name}/{{system_id}}")
            made += [
                Endpoint(method="GET", path=path, permission=permission, answer=answer) for path in paths
            ]
        return made

    def _newer(self, person: Person) -> Json:
        return rows.newer_employment(self._tenant.book, person)

    def _lister(
        self, row: Callable[[Person], Json], equal: tuple[str, ...], dates: tuple[str, ...]
    ) -> Callable[..., Response]:
        def answer(request: Request, params: Mapping[str, str]) -> Response:
            people = [
                person
                for person in self._tenant.book.people
                if params.get("company_id", person.company_id) == person.company_id
                and params.get("employee_id", person.employee_id) == person.employee_id
                and params.get("system_id") in (None, rows.job_history(self._tenant.book, person)["systemId"])
            ]
            most = self._tenant.switches["page_rows_max"]
            if "system_id" in params or ("employee_id" in params and "company_id" in params):
                made = [row(person) for person in people]
                return json_response(made[0]) if made else Response(status=404)
            return listed(request, people, row, equal=equal, dates=dates, rows_max=most)

        return answer

    def _changes(self, request: Request, params: Mapping[str, str]) -> Response:
        """Everybody who changed in the span, widened to whole windows; only the first page of a sweep is
        guarded.
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
        if query.number("page", 1) == 1:
            refused = self._guarded(now)
            if refused is not None:
                return refused
        return self._changed(
            request, [person for person in self._tenant.book.people if low <= person.changed_at < high]
        )

    def _guarded(self, now: datetime) -> Response | None:
        """A new sweep within three hours of the last is refused, so at most eight fit in a day."""
        if self._tenant.profile == "fast" or not self._tenant.switches["changes_guard"]:
            return None
        if self._last_sweep is not None and now - self._last_sweep < CHANGES_WINDOW:
            return too_many(self._tenant, self._last_sweep + CHANGES_WINDOW - now)
        self._last_sweep = now
        return None

    def _change(self, request: Request, params: Mapping[str, str]) -> Response:
        since = self._tenant.local_now() - CHANGES_WINDOW
        people = [
            person for person in self._tenant.book.people if person.employee_id == params["employee_id"]
        ]
        if not people:
            return Response(status=404)
        return self._changed(request, [person for person in people if person.changed_at >= since])

    def _changed(self, request: Request, people: list[Person]) -> Response:
        book = self._tenant.book
        wanted = [(person, False) for person in people] + [
            (person, True) for person in people if person.rehired
        ]
        wanted.sort(key=lambda item: (item[0].place, not item[1]))
        most = min(CHANGES_ROWS_MAX, self._tenant.switches["page_rows_max"])
        return listed(
            request, wanted, lambda item: rows.change(book, item[0], before_rehire=item[1]), rows_max=most
        )

    def _audit(self, request: Request, params: Mapping[str, str]) -> Response:
        """Field by field what changed; four parameters are required."""
        query = Query(request)
        given = {}
        for name in ("startDateTime", "endDateTime", "tableName", "fieldName"):
            value = query.text(name)
            if value is None:
                return bad_request(name, f"The {name} field is required.")
            given[name] = value
        low, high = (
            iso_moment("startDateTime", given["startDateTime"]),
            iso_moment("endDateTime", given["endDateTime"]),
        )
        chosen = [
            row
            for row in self._tenant.book.audit
            if low <= datetime.fromisoformat(row["audDateTime"]) <= high
            and row["audTableName"].lower() == given["tableName"].lower()
            and row["audFieldName"].lower() == given["fieldName"].lower()
            and query.text("action") in (None, row["audAction"])
        ]
        return listed(request, chosen, dict, rows_max=self._tenant.switches["page_rows_max"])

    def _moved(self, request: Request, params: Mapping[str, str]) -> Response:
        """Ids of the employees whose department changed after a moment."""
        query = Query(request)
        since = query.text("modifiedAfterDateTime")
        after = iso_moment("modifiedAfterDateTime", since) if since else datetime.min
        audit = self._tenant.book.audit
        moved = {
            row["audKey1Value"] for row in audit if row["audFieldName"] == "orgLevel1" and _at(row) > after
        }
        ids = sorted(
            {person.employee_id for person in self._tenant.book.people if person.employee_id in moved}
        )
        return json_response(ids)

    def _employee_ids(self, request: Request, params: Mapping[str, str]) -> Response:
        """Employee and company ids by number, e-mail or person id; one answer per question, in their
        order.
        """
        try:
            asked = json.loads(request.body)
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
        kind, value = (
            str(item.get("employeeIdentifierType", "")).lower(),
            str(item.get("employeeIdentifierValue", "")).lower(),
        )
        keys: dict[str, Callable[[Person], str]] = {
            "emailaddress": lambda person: person.email,
            "employeenumber": lambda person: person.number,
            "personid": lambda person: person.person_id,
            "employeeid": lambda person: person.employee_id,
        }
        key = keys.get(kind)
        people = [
            person for person in self._tenant.book.people if key is not None and key(person).lower() == value
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


def _at(row: Json) -> datetime:
    return datetime.fromisoformat(row["audDateTime"])


def _window(moment: datetime, *, up: bool = False) -> datetime:
    """The start of the three-hour window the moment lies in, or its end."""
    start = moment.replace(hour=moment.hour // 3 * 3, minute=0, second=0, microsecond=0)
    return start + CHANGES_WINDOW if up and start < moment else start

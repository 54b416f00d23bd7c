"""The simulated tenant as a source of workers: two companies, thirty people, pages of ten. And a tenant whose
lists a test writes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any, cast
from zoneinfo import ZoneInfo

import httpx2

from ml_connector.connectors.ukg_pro import CONNECTOR, client
from ml_connector.connectors.ukg_pro.tests.world import BASE_URL, SECRETS, UkgWorld
from ml_connector.contract.memory import memory_wiring
from ml_connector.contract.simulated import SharedClock
from ml_connector.contract.workers_world import Known
from ml_connector.domain.worker import EmploymentState, Worker
from ml_connector.ports.storage import Budget, Exchange
from ml_connector.ports.systems import System
from ml_connector.ports.workers import WorkerSource

Rows = list[dict[str, Any]]
PAGE_ROWS = 10
LISTS = (client.EMPLOYMENTS, client.PERSONS, client.JOB_HISTORY)
CHANGES = "/personnel/v1/employee-changes"
CANARIES = {
    "ssn": "900-12-3456",
    "nationalId": "N00CANARY1",
    "dateOfBirth": "1961-02-03T00:00:00",
    "bankAccountNumber": "GB33BUKB20201555555555",
    "annualSalary": "77123.45",
    "addressLine1": "17 Canary Wharf Steps",
}


class PeopleWorld(UkgWorld):
    """The tenant behind the vendor's own limits: the three hours between two reads of changes."""

    def __init__(self, switches: dict[str, Any] | None = None, **settings: str) -> None:
        self.budget: Budget | None = None
        self.records: list[Exchange] = []
        given = {"workers": 30, "dual_company": True, "quota_per_minute": 0, **(switches or {})}
        super().__init__(profile="vendor", switches=given, page_rows=str(PAGE_ROWS), **settings)
        self.recording.after = self._after
        self.free = iter([row for row in self.raw(client.EMPLOYMENTS) if row["isHomeCompany"]][1:])
        self.names: dict[str, str] = {}
        self.reversed = self.last_fails = self.drifts = self.expired = self.refuses = False
        self.marked: Mapping[str, str] = {}
        self.gone = ""
        self.spoilt: dict[str, bool] = {}

    def open(self, wire: httpx2.BaseTransport | None = None, **settings: str) -> System:
        """On the simulator's clock, with one budget however often it is opened, as one database has."""
        wiring = memory_wiring(
            clock=SharedClock(self.clock),
            secrets={name: self.credentials[name] for name in SECRETS},
            wire=wire or self.wire,
        )
        self.budget = self.budget or wiring.budget
        self.exchanges = wiring.exchanges  # type: ignore[assignment]
        self.exchanges.all = self.records
        object.__setattr__(wiring, "budget", self.budget)
        return CONNECTOR.open({**self.settings, **settings}, wiring)

    @property
    def worker_source(self) -> WorkerSource:
        return cast(WorkerSource, self.system.source(Worker))

    def reopen(self) -> WorkerSource:  # type: ignore[override]
        return cast(WorkerSource, self.open().source(Worker))

    def only(self, company: str) -> WorkerSource:
        return cast(WorkerSource, self.open(companies=company).source(Worker))

    def today(self) -> date:
        return self.clock.now().astimezone(ZoneInfo("America/New_York")).date()

    # --- the vendor's lists ---------------------------------------------------------------------------------

    def raw(self, path: str, **query: str) -> list[dict[str, Any]]:
        """Rows of a list, straight from the simulator."""
        headers = {"US-Customer-Api-Key": self.credentials["customer_api_key"]}
        auth = (self.credentials["username"], self.credentials["password"])
        with httpx2.Client(base_url=BASE_URL, transport=self.recording.inner) as straight:
            answer = straight.get(path, params=query, headers=headers, auth=auth)
        assert answer.status_code == 200, answer.text
        return cast(list[dict[str, Any]], answer.json())

    def _after(self, request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        path, query = request.url.path, request.url.params
        if self.refuses:
            return httpx2.Response(
                400, json={"title": "Bad", "detail": str(self.marked), "errors": self.marked}
            )
        if path == CHANGES and self.expired:
            return httpx2.Response(410)
        link = response.headers.get("link", "")
        if self.last_fails and path in LISTS and 'rel="next"' not in link:
            return httpx2.Response(503)
        if path not in (*LISTS, CHANGES) or response.status_code != 200:
            return response
        rows = self._page(path, query, json.loads(response.read()))
        if self.drifts and path == client.EMPLOYMENTS:
            self.drifts, self.gone = False, _key(rows[0])
        rows = [_spoilt(row, self.spoilt) for row in rows]
        rows = [{**row, **self.marked} for row in (rows[::-1] if self.reversed else rows)]
        headers = {"content-type": "application/json", **({"link": link} if link else {})}
        return httpx2.Response(200, json=rows, headers=headers)

    def _page(self, path: str, query: httpx2.QueryParams, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The page as it is once somebody is gone, and everybody behind has moved one place up."""
        if not self.gone or path not in LISTS or "employeeId" in query:
            return [row for row in rows if _key(row) != self.gone]
        every = [row for row in self.raw(path) if _key(row) != self.gone]
        number = int(query.get("page", "1"))
        return every[(number - 1) * PAGE_ROWS : number * PAGE_ROWS]

    def people(self) -> Mapping[str, Known]:
        persons = {row["employeeId"]: row for row in self.raw(client.PERSONS)}
        rows: dict[str, list[dict[str, Any]]] = {}
        for row in self.raw(client.EMPLOYMENTS):
            if row["employeeID"] != self.gone:
                rows.setdefault(row["employeeID"], []).append(row)
        return {
            key: Known(
                number=mine[0]["employeeNumber"],
                name=f"{persons[key]['firstName']} {persons[key]['lastName']}",
                email=persons[key]["emailAddress"] or "",
                companies=frozenset(row["companyCode"] for row in mine),
            )
            for key, mine in rows.items()
        }

    # --- the vendor's screens -------------------------------------------------------------------------------

    def somebody(self) -> tuple[str, str]:
        row = next(self.free)
        self.names[row["employeeID"]] = f"W{int(row['employeeNumber']):05}"
        return row["employeeID"], row["companyCode"]

    def company_beside(self, company: str) -> str:
        return "HTC01" if company == "HTC02" else "HTC02"

    def hire(self, day: date) -> str:
        department = self.raw(client.EMPLOYMENTS)[0]["orgLevel1Code"]
        names = {"first_name": "Ida", "last_name": "Moss"}
        return str(self.control("hire", department=department, date=f"{day}", **names)["employee_id"])

    def end(self, key: str, company: str, day: date, last_worked: date | None = None) -> None:
        more = {"last_worked": f"{last_worked}"} if last_worked else {}
        self._change(key, company=company, status="T", date=f"{day}", reason="203", **more)

    def come_back(self, key: str, company: str, day: date) -> None:
        self.control("rehire", employee=self.names[key], company=company, date=f"{day}")

    def move(self, key: str, company: str, day: date) -> None:
        row = self._row(key)
        self.control(
            "transfer", employee=self.names[key], to=company, department=row["orgLevel1Code"], date=f"{day}"
        )

    def also(self, key: str, company: str, day: date) -> None:
        row = self._row(key)
        self.control(
            "hire",
            same_person_as=self.names[key],
            company=company,
            department=row["orgLevel1Code"],
            date=f"{day}",
        )

    def rename(self, key: str, last_name: str, email: str) -> None:
        self._change(key, last_name=last_name, **({"email": email} if email else {}))

    def place(self, key: str, day: date) -> tuple[str, str]:
        mine = self._row(key)["orgLevel1Code"]
        others = {row["orgLevel1Code"] for row in self.raw(client.EMPLOYMENTS)} - {mine}
        self._change(key, department=min(others), date=f"{day}")
        return "org_level_1", min(others)

    def place_back(self, key: str, day: date) -> None:
        self._change(key, department=self._row(key)["orgLevel1Code"], date=f"{day}")

    def withdraw(self, key: str) -> None:
        self.control("withdraw_change", employee=self.names[key])

    def letter(self, key: str, letter: str) -> None:
        self._change(key, status=letter, date=f"{self.today()}")

    def letters(self) -> Mapping[str, EmploymentState]:
        leave, unknown = EmploymentState.LEAVE, EmploymentState.UNKNOWN
        return {"L": leave, "O": leave, "S": leave, "R": unknown, "X": unknown}

    def _change(self, key: str, **what: Any) -> None:
        self.control("change_employee", employee=self.names[key], **what)

    def _row(self, key: str) -> dict[str, Any]:
        return self.raw(client.EMPLOYMENTS, employeeId=key)[0]

    # --- the wire -------------------------------------------------------------------------------------------

    def reverse(self) -> None:
        self.reversed = True

    def drift(self) -> None:
        self.drifts = True

    def spoil(self, key: str, *, nameless: bool = False) -> None:
        self.spoilt[key] = nameless

    def break_last_page(self) -> None:
        self.last_fails = True

    @contextmanager
    def broken(self) -> Iterator[None]:
        before, self.recording.after = self.recording.after, lambda *_: httpx2.Response(503)
        yield
        self.recording.after = before

    def pass_time(self, hours: float) -> None:
        self.clock.advance(hours * 3600)

    def asked_changes(self) -> int:
        return sum(
            request.url.path == CHANGES and request.url.params.get("page", "1") == "1"
            for request in self.recording.requests
        )

    def expire(self) -> None:
        self.expired = True

    def put_canaries(self) -> tuple[str, ...]:
        self.marked = CANARIES
        return tuple(CANARIES.values())

    def refuse_reads(self) -> None:
        self.refuses = True

    def calls(self) -> int:
        return len(self.recording.requests)

    def changes(self) -> int:
        return sum(request.method != "GET" for request in self.recording.requests)


def _key(row: Mapping[str, Any]) -> str:
    return str(row.get("employeeID") or row.get("employeeId"))


class Tenant(PeopleWorld):
    """A tenant whose lists hold these rows; `takes` says which ids of a query it looks at."""

    def __init__(
        self, employments: Rows, persons: Rows | None = None, history: Rows | None = None, **settings: str
    ):
        super().__init__(**settings)
        named = [{"employeeId": row["employeeID"], "companyId": row["companyID"]} for row in employments]
        self.lists = {
            client.EMPLOYMENTS: employments,
            client.PERSONS: named if persons is None else persons,
            client.JOB_HISTORY: history or [],
        }
        self.takes: Callable[[list[str]], list[str]] = lambda ids: ids
        self.recording.after = self._instead

    def _instead(self, request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        rows = self.lists.get(request.url.path, [])
        if asked := request.url.params.get("employeeId"):
            ids = self.takes(asked.split(","))
            rows = [row for row in rows if (row.get("employeeID") or row.get("employeeId")) in ids]
        return httpx2.Response(200, json=rows, headers={"link": '<http://127.0.0.1:9102/>; rel="last"'})

    def asked(self, path: str) -> list[str]:
        """The ids of every call of a list."""
        return [
            str(request.url.params.get("employeeId", ""))
            for request in self.recording.requests
            if request.url.path == path
        ]

    def one(self) -> Worker:
        (worker,) = self.worker_source.workers()
        return worker


def row(key: str = "E1", company: str = "HTC01", **more: Any) -> dict[str, Any]:
    """A row of employment details."""
    return {
        "employeeID": key,
        "companyID": f"id {company}",
        "companyCode": company,
        "employeeNumber": "000000012",
        "employeeStatusCode": "A",
        "originalHireDate": "2020-01-06T00:00:00",
        "lastHireDate": "2020-01-06T00:00:00",
        "isHomeCompany": True,
        **more,
    }


def _spoilt(row: dict[str, Any], spoilt: Mapping[str, bool]) -> dict[str, Any]:
    """The row as the vendor sends it once somebody spoilt it; `spoilt` tells whose, and whether the id."""
    if (nameless := spoilt.get(_key(row))) is None:
        return row
    names = ("employeeID", "employeeId") if nameless else ("originalHireDate", "lastHireDate")
    return {name: None if name in names else value for name, value in row.items()}

"""A company in Precoro as far as these tests need one, at the place where real sockets would be. It is strict
about the limits of calls: what comes too soon is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import pytest

from ml_connector.contract.memory import VirtualClock
from ml_connector.domain.problem import Owner
from ml_connector.errors import Refused

Hook = Callable[[httpx2.Request], httpx2.Response | None]
KEY, EMAIL = "k3y-0f-th3-us3r-7Qx", "ap@acme.example"
SENT = ("id", "idn", "status", "approvalDate", "updateDate", "externalId", "parentData", "integrationStatus")
"""What a row of a list has."""


def answer(body: Any, status: int = 200, **headers: str) -> httpx2.Response:
    return httpx2.Response(status, json=body, headers=headers)


def text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}+00:00"


@dataclass
class Company(httpx2.BaseTransport):
    """Its invoices by `idn`, whole, and its other records. `newer` is the form of paging; `before` may answer
    in place of the company.
    """

    clock: VirtualClock
    invoices: dict[str, dict[str, Any]] = field(default_factory=dict)
    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    files: dict[str, httpx2.Response] = field(default_factory=dict)
    newer: bool = True
    before: Hook = lambda request: None
    asked: list[httpx2.Request] = field(default_factory=list)
    _last: dict[str, float] = field(default_factory=dict)

    # --- people ---------------------------------------------------------------------------------------------

    def add(self, **more: Any) -> dict[str, Any]:
        """An invoice, approved now."""
        number = len(self.invoices) + 1
        found = {
            "id": 5000 + number,
            "idn": str(number),
            "status": 2,
            "logicType": 0,
            "invoiceNumber": f"F-{number}",
            "issueDate": "2026-06-20T00:00:00+00:00",
            "requiredDate": "2026-07-20T00:00:00+00:00",
            "approvalDate": text(self.clock.now()),
            "updateDate": text(self.clock.now()),
            "currency": "EUR",
            "netSum": "50.00",
            "sum": 60.5,
            "sumPaid": "0",
            "supplier": {"id": 77, "name": "Supplier", "externalId": "guid-of-77"},
            "legalEntity": [],
            "paymentTerm": {"id": 3, "externalId": "30"},
            "items": {"data": [line(1, "37.50", 7.88), line(2, 12.5, "2.62")]},
            "taxes": {"data": []},
            "dataDocumentCustomFields": {"data": []},
            "attachments": {"data": []},
            "relatedOcrAttachment": [],
            "parentData": None,
            "integrationStatus": 0,
            "externalId": None,
            "externalIntegrationLog": None,
            **more,
        }
        self.invoices[found["idn"]] = found
        return found

    def edit(self, found: dict[str, Any], **fields: Any) -> None:
        """Somebody changes it."""
        found.update({"updateDate": text(self.clock.now()), **fields})

    # --- calls ----------------------------------------------------------------------------------------------

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        self.asked.append(request)
        ours = "x-auth-token" in request.headers
        found = (self._limit(request) if ours else None) or self.before(request)
        if found is None:
            signed = (request.headers.get("x-auth-token"), request.headers.get("email"))
            found = self._answer(request) if signed == (KEY, EMAIL) else answer({"message": "no"}, 401)
        return found

    def _limit(self, request: httpx2.Request) -> httpx2.Response | None:
        now = self.clock.monotonic()
        before = {"pace": self._last.get("pace", -99) + 1}
        if request.method == "GET":
            before[str(request.url)] = self._last.get(str(request.url), -99) + 60
        self._last |= dict.fromkeys(before, now)
        late = max(before.values())
        if now >= late:
            return None
        until = self.clock.now() + timedelta(seconds=late - now)
        body = {"error": "Too many", "RateLimit-Type": "Route based limiter by minute"}
        return answer({**body, "RateLimit-Retry-After": f"{until:%Y-%m-%d %H:%M:%S} UTC"}, 429)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        name, _, key = request.url.path.strip("/").partition("/")
        if name == "attachments":
            return self.files.get(key) or answer({"message": "not found"}, 404)
        if name != "invoices":
            return self._page(self.lists.get(name, []), request)
        if key:
            found = self.invoices.get(key)
            if found is None:
                return answer({"message": "not found"}, 404)
            if request.method == "PATCH":
                self.edit(found, **dict(parse_qsl(request.content.decode())))
            return answer(found)
        return self._page([row for row in self.invoices.values() if self._matches(row, request)], request)

    def _matches(self, row: Mapping[str, Any], request: httpx2.Request) -> bool:
        asked = request.url.params
        kinds = asked.get_list("logicType[]")
        wanted = {"id": str(row["id"]), "sent_to_external": str(int(row["externalId"] is not None))}
        after = {"modifiedSince": row["updateDate"], "approvalLeftDate": row["approvalDate"] or ""}
        return (
            all(value == asked.get(name, value) for name, value in wanted.items())
            and all(value >= asked.get(name, "") for name, value in after.items())
            and (not kinds or str(row["logicType"]) in kinds)
        )

    def _page(self, rows: list[Any], request: httpx2.Request) -> httpx2.Response:
        size, number = int(request.url.params.get("per_page", 20)), int(request.url.params.get("page", 1))
        rows = sorted(rows, key=lambda row: row.get("updateDate", ""))
        part = rows[(number - 1) * size : number * size]
        pages = max(-(-len(rows) // size), 1)
        meta: dict[str, Any] = {"current_page": number}
        meta |= {"has_next_page": number < pages} if self.newer else {"total_pages": pages}
        if request.url.path == "/invoices":
            part = [{name: row[name] for name in SENT if name in row} for row in part]
        return answer(
            {"data": part, "meta": {"pagination": meta}},
            date=self.clock.now().astimezone(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"),
        )


def line(number: int, net: Any, vat: Any, **more: Any) -> dict[str, Any]:
    """A line of a tax of 21 %."""
    found = {
        "id": number,
        "name": f"Line {number}",
        "netSum": net,
        "taxSum": vat,
        "taxes": {"data": [{"id": 9, "name": "VAT 21", "percent": 21, "value": 21}]},
    }
    return {**found, **more}


def json_of(request: httpx2.Request) -> Any:
    """Its body."""
    return json.loads(request.content)


def refused(it: Any, **fields: Any) -> Refused:
    """The refusal of an invoice with these fields."""
    with pytest.raises(Refused) as caught:
        it.read(it.company.add(**fields))
    problem = caught.value.problem
    assert (Owner.PROCUREMENT, "invoice 1") == (problem.owner, problem.where)
    return caught.value

"""The vendor itself: from a request to its answer.

request ─► route ─► key and e-mail ─► limits ─► endpoint ─► answer
           404       401, 403          429       400, 403, 404
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from ml_connector_sandbox.core.calls import Calls
from ml_connector_sandbox.core.routing import NoRoute, Routes
from ml_connector_sandbox.core.screen import act
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Clock, Json, Request, Response, Row
from ml_connector_sandbox.systems.precoro import (
    attachment_endpoints,
    custom_field_endpoints,
    invoice_endpoints,
    master_endpoints,
    payment_endpoints,
    supplier_endpoints,
)
from ml_connector_sandbox.systems.precoro.answers import Refused, error_answer, json_answer
from ml_connector_sandbox.systems.precoro.attachment_endpoints import FILES, public_file
from ml_connector_sandbox.systems.precoro.documents import company_books
from ml_connector_sandbox.systems.precoro.endpoint import Call, Endpoint
from ml_connector_sandbox.systems.precoro.filters import KNOWN
from ml_connector_sandbox.systems.precoro.limits import Limits
from ml_connector_sandbox.systems.precoro.screen import ACTIONS, Planned
from ml_connector_sandbox.systems.precoro.seed import seeded
from ml_connector_sandbox.systems.precoro.signin import key_of, signed_in
from ml_connector_sandbox.systems.precoro.switches import SWITCHES
from ml_connector_sandbox.systems.precoro.webhooks import Webhooks

PARTS = (
    *(invoice_endpoints, payment_endpoints, supplier_endpoints, custom_field_endpoints, master_endpoints),
    attachment_endpoints,
)


class Precoro:
    """One company with its users."""

    slug = "precoro"
    installation = ""

    def __init__(
        self, *, data: Json, clock: Clock, seed: int, profile: str, switches: Mapping[str, Any]
    ) -> None:
        self.clock = clock
        self.switches = Switches(SWITCHES, switches)
        self.company: Json = data["company"]
        self._data = data
        self._seed = seed
        self.limits = Limits(self.switches, limited=profile == "vendor")
        self.webhooks = Webhooks(switches=self.switches)
        self.planned: dict[int, list[Planned]] = {}
        self._calls = Calls()
        self.routes: Routes[Endpoint] = Routes()
        for endpoint in [endpoint for part in PARTS for endpoint in part.endpoints()]:
            self.routes.add(endpoint.method, endpoint.path, endpoint)
        self.reset()

    def reset(self) -> None:
        """Back to the seeded state; switches stay as they are."""
        self.book = seeded(self._data, self.clock, self._seed, self.switches)
        self.limits.clear()
        self.webhooks.reset()
        self.planned.clear()
        self._calls.clear()

    def handle(self, request: Request) -> Response:
        """Answer one request as the vendor would."""
        try:
            return self._route(request)
        except Refused as refused:
            return error_answer(refused, self.switches)

    def failed(self, request: Request) -> Response:
        """The vendor's own 500."""
        return json_answer({"message": "Internal Server Error", "code": 500}, 500)

    def describe(self, base_url: str) -> Json:
        """The key of the first user, who sees everything, those of the others, and the legal entities."""
        users = [
            {"email": user["email"], "token": user["key"], "active": user["active"]}
            for user in self.book.rows("users")
        ]
        return {
            "base_url": base_url,
            "credentials": {"email": users[0]["email"], "token": users[0]["token"]},
            "users": users,
            "entities": [
                {"code": str(row["id"]), "title": row["fullName"], "currency": self.company["currency"]}
                for row in self.book.rows("legalentities")
            ],
            "installation": self.installation,
        }

    def books(self) -> Json:
        """Everything that a judge counts; see the README."""
        outbox = self.webhooks.outbox
        return {
            **company_books(self.book, self.switches, self.company),
            "webhooks": {name: value for name, value in outbox.describe().items() if name != "sent"},
            "calls": {**self._calls.describe(), "refused": dict(self.limits.refused)},
        }

    def control(self, action: str, arguments: Json) -> Json:
        """Do what a person at the vendor's screens could; see `screen.py`."""
        try:
            return act(ACTIONS, self, action, arguments)
        except Refused as refused:
            raise ValueError(str(refused)) from refused

    def before_detail(self, row: Row) -> None:
        """Somebody acts between the list and the record, if a test planned that."""
        for planned in self.planned.pop(row["id"], []):
            with suppress(KeyError, ValueError, TypeError, ArithmeticError, AttributeError):
                self.control(planned.action, planned.arguments)

    def new_key(self, user: Row) -> str:
        """Another key for a user; the old one is no longer known."""
        user["edition"] += 1
        user["key"] = key_of(self._seed, user["email"], user["edition"])
        return str(user["key"])

    def _route(self, request: Request) -> Response:
        if request.method == "GET" and request.path.startswith(FILES):
            return public_file(self.book, request)
        found = self.routes.find(request.method, request.raw_path)
        if isinstance(found, NoRoute):
            self._calls.count_request(request, f"{request.method} (no such path)")
            user = signed_in(request, self.book, self.switches)
            refused = self.limits.take(user["key"], request, self.clock.now(), KNOWN)
            if refused is not None:
                return refused
            raise Refused(
                405 if found.allowed else 404, "Method Not Allowed" if found.allowed else "Not found"
            )
        endpoint, params = found
        self._calls.count_request(request, f"{endpoint.method} {endpoint.path}")
        user = signed_in(request, self.book, self.switches)
        refused = self.limits.take(user["key"], request, self.clock.now(), KNOWN)
        if refused is not None:
            return refused
        places = {name: unquote(value) for name, value in params.items()}
        answer = endpoint.answer(Call(tenant=self, request=request, user=user, params=places))
        return (
            replace(answer, status=int(self.switches["created_status"])) if answer.status == 201 else answer
        )

"""The vendor itself: from a request to its answer.

request ─► what webhooks brought ─► token ─► limit ─► route ─► endpoint ─► answer
                                     401      429      404      400, 403, 404, 409, 415
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from ml_connector_sandbox.core.calls import Calls
from ml_connector_sandbox.core.routing import NoRoute, Routes
from ml_connector_sandbox.core.screen import act
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Clock, Json, Request, Response, Row
from ml_connector_sandbox.systems.findity import export_endpoints, exporting, master_endpoints, render
from ml_connector_sandbox.systems.findity.answers import Refused, dump, error_answer, renamed
from ml_connector_sandbox.systems.findity.documents import expense_books
from ml_connector_sandbox.systems.findity.endpoint import Call, Endpoint
from ml_connector_sandbox.systems.findity.export_endpoints import FILES, public_file
from ml_connector_sandbox.systems.findity.limits import Limits
from ml_connector_sandbox.systems.findity.screen import ACTIONS
from ml_connector_sandbox.systems.findity.seed import seeded
from ml_connector_sandbox.systems.findity.signin import TOKEN_PATH, SignIn
from ml_connector_sandbox.systems.findity.switches import SWITCHES, names_of
from ml_connector_sandbox.systems.findity.webhooks import Webhooks

API = "/api/v1"


class Findity:
    """The organizations that one client of the API works for."""

    slug = "findity"
    installation = ""

    def __init__(
        self, *, data: Json, clock: Clock, seed: int, profile: str, switches: Mapping[str, Any]
    ) -> None:
        self.clock = clock
        self.switches = Switches(SWITCHES, switches)
        self._data = data
        self._seed = seed
        self.limits = Limits(self.switches, limited=profile == "vendor")
        self.webhooks = Webhooks(switches=self.switches)
        self.sign_in = SignIn(self.switches, seed)
        self._calls = Calls()
        self._routes: tuple[Json, Routes[Endpoint]] | None = None
        self.reset()

    def reset(self) -> None:
        """Back to the seeded state; switches stay as they are."""
        self.book = seeded(self._data, self.clock, self._seed, self.switches)
        self.limits.clear()
        self.webhooks.reset()
        self.sign_in.reset()
        self._calls.clear()

    def handle(self, request: Request) -> Response:
        """Answer one request as the vendor would."""
        self._hear()
        try:
            return self._route(request)
        except Refused as refused:
            return error_answer(refused, self.switches)

    def failed(self, request: Request) -> Response:
        """The vendor's own 500."""
        return error_answer(Refused(500, "Internal server error"), self.switches)

    def describe(self, base_url: str) -> Json:
        """The client's id and secret, and the organizations that let it in."""
        return {
            "base_url": base_url,
            "credentials": {"client_id": self.sign_in.client_id, "client_secret": self.sign_in.client_secret},
            "entities": [
                {"code": row["id"], "title": row["name"], "currency": row["currency"]}
                for row in self.book.rows("organizations")
            ],
            "installation": self.installation,
        }

    def books(self) -> Json:
        """Everything that a judge counts; see the README."""
        self._hear()
        outbox = self.webhooks.outbox.describe()
        return {
            **expense_books(self.book, self.sign_in.client_id),
            "webhooks": {name: value for name, value in outbox.items() if name != "sent"},
            "calls": {**self._calls.describe(), "refused": self.limits.refused},
        }

    def control(self, action: str, arguments: Json) -> Json:
        """Do what a person at the vendor's screens could; see `screen.py`."""
        self._hear()
        try:
            return act(ACTIONS, self, action, arguments)
        except Refused as refused:
            raise ValueError(str(refused)) from refused

    def export(self, organization: Row, reports: list[Row], grouping: str | None) -> Row:
        """Send reports together, and tell of it."""
        made = exporting.export(self.book, self.switches, organization, reports, grouping)
        self.tell(made)
        return made

    def tell(self, export: Row) -> None:
        """Tell of an export."""
        if self.webhooks.url is None:
            return
        export["webhook"] = "taken" if export["webhook"] == "taken" else "waits"
        told = render.notice(self.book, export, self.sign_in.client_id)
        if self.switches["webhook_content"] == "vouchers":
            rows = [self.book.tables["vouchers"][key] for key in export["vouchers"]]
            told["vouchers"] = [render.voucher(self.book, self.switches, row) for row in rows]
        # The ids of a notice have names of their own, which no switch changes.
        more = renamed(
            {name: value for name, value in told.items() if name == "vouchers"}, names_of(self.switches)
        )
        plain = {name: value for name, value in told.items() if name != "vouchers"}
        self.webhooks.tell(dump({**plain, **more}, str(self.switches["money_as"])).encode())

    def _hear(self) -> None:
        """Let exports come back whose webhook was not taken."""
        self.webhooks.settle(self._decide)

    def _decide(self, key: str, taken: bool) -> None:
        export = self.book.get("exports", key)
        if export is None or export["webhook"] == "taken":
            return
        export["webhook"] = "taken" if taken else "refused"
        if not taken:
            exporting.come_back(self.book, export)

    def _route(self, request: Request) -> Response:
        if request.path == TOKEN_PATH:
            self._calls.count("token")
            if request.method != "POST":
                raise Refused(405, "Method not allowed")
            return self.sign_in.token(request, self.clock.now())
        if request.method == "GET" and request.path.startswith(FILES):
            return public_file(self.book, request)
        found = self._endpoints().find(request.method, request.raw_path)
        name = f"{request.method} (no such path)" if isinstance(found, NoRoute) else _named(found[0])
        self._calls.count_request(request, name)
        self.sign_in.check(request, self.clock.now())
        refused = self.limits.take(self.clock.now())
        if refused is not None:
            return refused
        if isinstance(found, NoRoute):
            raise Refused(405, "Method not allowed") if found.allowed else Refused(404, "Not found")
        endpoint, params = found
        places = {place: unquote(value) for place, value in params.items()}
        return endpoint.answer(Call(tenant=self, request=request, params=places))

    def _endpoints(self) -> Routes[Endpoint]:
        """The routes as the switches say now."""
        turned = {name: self.switches[name] for name in self.switches.declared}
        if self._routes is None or self._routes[0] != turned:
            routes: Routes[Endpoint] = Routes()
            for endpoint in endpoints_of(self.switches):
                routes.add(endpoint.method, API + endpoint.path, endpoint)
            self._routes = (turned, routes)
        return self._routes[1]


def endpoints_of(switches: Switches) -> list[Endpoint]:
    """Every endpoint there is."""
    return [*export_endpoints.endpoints(switches), *master_endpoints.endpoints(switches)]


def _named(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"

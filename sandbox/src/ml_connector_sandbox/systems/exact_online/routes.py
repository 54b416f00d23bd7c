"""The vendor itself: from a request through sign-in, quotas, rights and query options to the books, and back.

token (HTML 401) → quotas → error block → division (403) → set (404) → scope (403) → verb (405) → options
(400) → rules (500)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from ml_connector_sandbox.core.calls import Calls
from ml_connector_sandbox.core.oauth import bearer_token
from ml_connector_sandbox.core.screen import act
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Broken, Clock, Json, Request, Response, Row
from ml_connector_sandbox.systems.exact_online import attachments, users, writes
from ml_connector_sandbox.systems.exact_online.address import Aim, aim
from ml_connector_sandbox.systems.exact_online.body import BadBody, read_body
from ml_connector_sandbox.systems.exact_online.book import DivisionBook
from ml_connector_sandbox.systems.exact_online.documents import documents
from ml_connector_sandbox.systems.exact_online.limits import Limits
from ml_connector_sandbox.systems.exact_online.odata import SYNTAX, BadQuery, parse_query
from ml_connector_sandbox.systems.exact_online.reads import Sets, sync_timestamp
from ml_connector_sandbox.systems.exact_online.render import (
    Page,
    View,
    entity_response,
    error_response,
    list_response,
    wants_json,
)
from ml_connector_sandbox.systems.exact_online.schema import VERBS, Entity, child_of, entities
from ml_connector_sandbox.systems.exact_online.screen import ACTIONS
from ml_connector_sandbox.systems.exact_online.seed import build_divisions
from ml_connector_sandbox.systems.exact_online.signin import REDIRECT_URI, SignIn
from ml_connector_sandbox.systems.exact_online.switches import SWITCHES
from ml_connector_sandbox.systems.exact_online.webhooks import Webhooks

NOT_FOUND = "Resource not found for the segment"
COST_ANALYSIS = ("hrm/Costcenters", "hrm/Costunits")
"""Sets that a division has only where it uses cost analysis."""
_SPARSE = {"crm/Accounts": ("ID",), "crm/Contacts": ("ID", "Account")}
"""Sets that answer a POST with little more than the key, unless asked for the whole with `Prefer`."""


class ExactOnline:
    """One app, one user, the divisions of one scenario."""

    slug = "exact_online"
    installation = ""

    def __init__(
        self, *, data: Json, clock: Clock, seed: int, profile: str, switches: Mapping[str, Any]
    ) -> None:
        self.clock = clock
        self.switches = Switches(SWITCHES, switches)
        self._data = data
        self._seed = seed
        limited = profile == "vendor"
        self.sign_in = SignIn(seed=seed, clock=clock, switches=self.switches, limited=limited)
        self.limits = Limits(limited=limited)
        self.webhooks = Webhooks(
            switches=self.switches, client_id=self.sign_in.client_id, secret=self.sign_in.webhook_secret
        )
        self.sets = Sets(self.switches, self._division_rows)
        self.books_by_division: dict[int, DivisionBook] = {}
        self.accessible: set[int] = set()
        self.rights = users.Rights(switches=self.switches)
        self._calls = Calls()
        self.reset()

    def reset(self) -> None:
        """Back to the seeded state: books, consents, rights and quotas; switches stay as they are."""
        self.books_by_division = build_divisions(self._data, self.clock, self._seed, self.switches)
        self.accessible = set(self.books_by_division)
        self.rights.reset()
        self.sign_in.reset()
        self.limits.clear()
        self.sets.forget()
        self.webhooks.reset()
        self._calls.clear()

    def handle(self, request: Request) -> Response:
        """Answer one request as the vendor would."""
        try:
            return self._route(request)
        except RecursionError:
            return error_response(request, 400, SYNTAX)

    def failed(self, request: Request) -> Response:
        """The page of the web server: a 500 without the vendor's message, which says nothing about the
        books.
        """
        page = "<html><head><title>Runtime Error</title></head><body><h1>Server Error.</h1></body></html>"
        return Response(status=500, headers={"Content-Type": "text/html; charset=utf-8"}, body=page.encode())

    def describe(self, base_url: str) -> Json:
        """Where to sign in, with what, and which divisions there are."""
        return {
            "base_url": base_url,
            "credentials": {
                "client_id": self.sign_in.client_id,
                "client_secret": self.sign_in.client_secret,
                "redirect_uri": REDIRECT_URI,
                "authorize_url": f"{base_url}/api/oauth2/auth",
                "token_url": f"{base_url}/api/oauth2/token",
                "webhook_secret": self.webhooks.secret,
            },
            "entities": [
                {"code": str(b.code), "title": b.title, "currency": b.currency}
                for b in self.books_by_division.values()
            ],
            "installation": self.installation,
        }

    def books(self) -> Json:
        """Every entry of every division, as booked."""
        return {"documents": documents(self.books_by_division.values()), "calls": self._calls.describe()}

    def control(self, action: str, arguments: Json) -> Json:
        """Do what a person at the vendor's screen could; see `screen.py`."""
        return act(ACTIONS, self, action, arguments)

    def _route(self, request: Request) -> Response:
        path = request.path
        if path == "/api/oauth2/token":
            self._calls.count("token")
            return self.sign_in.token(request) if request.method == "POST" else _method_not_allowed(request)
        if path == "/api/oauth2/auth":
            return (
                self.sign_in.authorize(request)
                if request.method in ("GET", "POST")
                else _method_not_allowed(request)
            )
        if path == attachments.PATH:
            return self._file(request)
        target = aim(path)
        me = path == "/api/v1/current/Me"
        if target is None and not me:
            return error_response(request, 404, f"{NOT_FOUND} '{path.rpartition('/')[2]}'.")
        endpoint = target.endpoint if target else "current/Me"
        self._calls.count_request(request, f"{request.method} {endpoint}")
        now = self.clock.now()
        division = target.division if target else "current"
        token = bearer_token(request.headers)
        if token is None or not self.sign_in.tokens.check_access(token, now):
            self.limits.note(division, endpoint, 401, now)
            return self._unauthorized(request)
        if target is None:
            return self._me(request)
        asked = target
        return self._within_limits(
            request, asked.division, asked.endpoint, lambda: self._in_division(request, asked)
        )

    def _file(self, request: Request) -> Response:
        """An attachment's bytes, for whoever may call its division."""
        self._calls.count_request(request, f"{request.method} {attachments.PATH}")
        division, now = attachments.division_of(request), self.clock.now()
        token = bearer_token(request.headers)
        if token is None or not self.sign_in.tokens.check_access(token, now):
            self.limits.note(division, attachments.PATH, 401, now)
            return self._unauthorized(request)
        if request.method != "GET":
            return _method_not_allowed(request)
        held = {code: book for code, book in self.books_by_division.items() if code in self.accessible}
        return self._within_limits(
            request, division, attachments.PATH, lambda: attachments.answer(request, held, self.rights)
        )

    def _within_limits(
        self, request: Request, division: str, endpoint: str, answer: Callable[[], Response]
    ) -> Response:
        now = self.clock.now()
        refused, headers = self.limits.take(division, now)
        if refused:
            return Response(status=429, headers=headers)
        if self.limits.blocked(division, now):
            status = int(self.switches["error_velocity_status"])
            return error_response(
                request, status, "Forbidden - Too many errors", {**headers, "Reason": "ErrorVelocity"}
            )
        response = answer()
        self.limits.note(division, endpoint, response.status, now)
        return Response(status=response.status, headers={**response.headers, **headers}, body=response.body)

    def _in_division(self, request: Request, target: Aim) -> Response:
        book = self.books_by_division.get(int(target.division))
        if book is None or book.code not in self.accessible:
            return error_response(request, 403, "Forbidden", {"Reason": "NoDivisionAccess"})
        if target.endpoint == "users/UserHasRights":
            return self._user_has_rights(request)
        if target.endpoint == "read/sync/Sync/SyncTimestamp":
            return self._sync_timestamp(request, book)
        entity = self.rights.seen(target.entity)
        if entity is None or (entity.path in COST_ANALYSIS and not self.switches["cost_analysis"]):
            return error_response(request, 404, f"{NOT_FOUND} '{target.endpoint.rpartition('/')[2]}'.")
        if entity.path in users.LICENSED:
            return error_response(request, 403, "Forbidden", {"Reason": "LicenseExpired"})
        if not self.rights.in_scope(entity, request.method):
            verb = "read" if request.method == "GET" else "write"
            return error_response(
                request,
                403,
                f"Forbidden - Application Scope Violated. Cannot {verb}",
                {"Reason": "ApplicationScopeViolated"},
            )
        if VERBS.get(request.method, "?") not in entity.verbs or (entity.path, request.method) in _UNSERVED:
            return _method_not_allowed(request)
        if not self.rights.by_role(entity, request.method):
            return error_response(request, 403, "Forbidden", {"Reason": "UserRights"})
        if wants_json(request) is None or (
            target.count and "json" in request.headers.get("accept", "").lower()
        ):
            return error_response(request, 415, "Unsupported media type requested.", as_json=target.count)
        try:
            return self._carry_out(request, target, entity, book)
        except (BadQuery, BadBody) as wrong:
            return error_response(request, 400, str(wrong))
        except Broken as broken:
            return error_response(request, 500, str(broken))

    def _carry_out(self, request: Request, target: Aim, entity: Entity, book: DivisionBook) -> Response:
        if request.method == "POST":
            if target.key is not None:
                return _method_not_allowed(request)
            return self._create(request, entity, book)
        if target.key is None:
            return (
                self._list(request, target, entity, book)
                if request.method == "GET"
                else _method_not_allowed(request)
            )
        row = self.sets.one(book, entity, target.key_values())
        if row is None:
            return error_response(request, 404, f"{NOT_FOUND} '{entity.name}'.")
        if request.method == "PUT":
            writes.change(self, book, entity, row, read_body(entity, request.body, update=True))
            return Response(status=204)
        if request.method == "DELETE":
            writes.delete(self, book, entity, row)
            return Response(status=204)
        if target.child is not None:
            return self._list_children(request, target, entity, book, row)
        query = parse_query(entity, request.query)
        return entity_response(request, self._view(request, book, entity, query.select, query.expand), row)

    def _list(self, request: Request, target: Aim, entity: Entity, book: DivisionBook) -> Response:
        query = parse_query(entity, request.query)
        self.sets.check(entity, query)
        if target.count:
            return Response(
                status=200,
                headers={"Content-Type": "text/plain"},
                body=str(len(self.sets.rows(book, entity, query))).encode(),
            )
        page = self.sets.page(book, entity, query, _address(request), request.query)
        return list_response(request, self._view(request, book, entity, query.select, query.expand), page)

    def _list_children(
        self, request: Request, target: Aim, entity: Entity, book: DivisionBook, row: Row
    ) -> Response:
        name = target.child or ""
        child = child_of(name)
        known = entity.properties.get(name)
        if known is None or not known.collection:
            return error_response(request, 404, f"{NOT_FOUND} '{name}'.")
        if child is None:
            return list_response(request, self._view(request, book, entity, None, ()), Page(rows=()))
        query = parse_query(child, request.query)
        rows = self.sets.arrange(writes.child_rows(book, name)(row), child, query)
        page = self.sets.page_of(rows, child, query, _address(request), request.query)
        return list_response(request, self._view(request, book, child, query.select, ()), page)

    def _create(self, request: Request, entity: Entity, book: DivisionBook) -> Response:
        values = read_body(entity, request.body, update=False)
        row = writes.create(self, book, entity, values, request.base_url)
        whole = "return=representation" in request.headers.get("prefer", "")
        if entity.path in _SPARSE and not whole:
            row = {name: row[name] for name in _SPARSE[entity.path]}
        return entity_response(request, self._view(request, book, entity, None, ()), row, 201)

    def _view(
        self,
        request: Request,
        book: DivisionBook,
        entity: Entity,
        select: tuple[str, ...] | None,
        expand: Sequence[str],
    ) -> View:
        children = {name: writes.child_rows(book, name) for name in expand if child_of(name)}
        return View(
            entity=entity,
            root=f"{request.base_url}/api/v1/{book.code}",
            now=self.clock.now(),
            select=select,
            children=children,
        )

    def _me(self, request: Request) -> Response:
        if request.method != "GET":
            return _method_not_allowed(request)
        entity = entities()["current/Me"]
        if wants_json(request) is None:
            return error_response(request, 415, "Unsupported media type requested.")
        try:
            query = parse_query(entity, request.query)
        except BadQuery as wrong:
            return error_response(request, 400, str(wrong))
        current = next((code for code in self.books_by_division if code in self.accessible), None)
        row = users.me(self.clock.now(), current)
        view = View(
            entity=entity,
            root=f"{request.base_url}/api/v1",
            now=self.clock.now(),
            select=query.select,
            children={},
        )
        return list_response(request, view, Page(rows=[row]))

    def _division_rows(self, book: DivisionBook, entity: Entity) -> Iterable[Row]:
        shown = [
            other
            for other in self.books_by_division.values()
            if entity.name == "AllDivisions" or other.code in self.accessible
        ]
        return [users.division(other, current=other is book) for other in shown]

    def _user_has_rights(self, request: Request) -> Response:
        """Whether the app and its user may use an endpoint with a method; asking changes and costs nothing
        but a call.
        """
        asked = dict(request.query)
        method = asked.get("method", "GET").strip("'").upper()
        return _json({"d": {"UserHasRights": self.rights.has(asked.get("endpoint", "").strip("'"), method)}})

    def _sync_timestamp(self, request: Request, book: DivisionBook) -> Response:
        try:
            return _json({"d": sync_timestamp(book, request.query)})
        except BadQuery as wrong:
            return error_response(request, 400, str(wrong))

    def _unauthorized(self, request: Request) -> Response:
        if self.switches["unauthorized_as"] == "json":
            return error_response(request, 401, "Unauthorized", as_json=True)
        back = "/docs/Login.aspx?ReturnUrl=" + quote(request.target, safe="")
        page = (
            "<html><head><title>Object moved</title></head><body><h2>Object moved to <a"
            f' href="{escape(back)}">here</a>.</h2></body></html>'
        )
        return Response(status=401, headers={"Content-Type": "text/html; charset=utf-8"}, body=page.encode())


_UNSERVED = {("system/Divisions", "DELETE"), ("webhooks/WebhookSubscriptions", "PUT")}


def _address(request: Request) -> str:
    return request.base_url + request.raw_path


def _method_not_allowed(request: Request) -> Response:
    return error_response(
        request, 405, f"Method {request.method} is not allowed for this resource.", as_json=True
    )


def _json(value: Json) -> Response:
    return Response(
        status=200,
        headers={"Content-Type": "application/json;charset=utf-8"},
        body=json.dumps(value).encode(),
    )

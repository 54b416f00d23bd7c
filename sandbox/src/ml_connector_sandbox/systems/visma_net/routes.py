"""The vendor itself: from a request through token, quota and scope to an endpoint, and back.

token (401) → quota (429) → path (404) → verb (405) → scope (403) → body (400) → version (412) → rules (400 or
500)
"""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ml_connector_sandbox.core.calls import Calls
from ml_connector_sandbox.core.oauth import bearer_token
from ml_connector_sandbox.core.routing import NoRoute, Routes
from ml_connector_sandbox.core.screen import act
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Broken, Json, PinnedClock, Request, Response
from ml_connector_sandbox.systems.visma_net.background import Background, Operation
from ml_connector_sandbox.systems.visma_net.body import BadBody
from ml_connector_sandbox.systems.visma_net.book import Company, Missing, Stale
from ml_connector_sandbox.systems.visma_net.documents import documents
from ml_connector_sandbox.systems.visma_net.endpoint import Call, Endpoint
from ml_connector_sandbox.systems.visma_net.endpoints import ENDPOINTS
from ml_connector_sandbox.systems.visma_net.journals import INVALID_STATUS
from ml_connector_sandbox.systems.visma_net.limits import Limits
from ml_connector_sandbox.systems.visma_net.reads import BadQuery
from ml_connector_sandbox.systems.visma_net.render import json_response
from ml_connector_sandbox.systems.visma_net.screen import ACTIONS
from ml_connector_sandbox.systems.visma_net.seed import build_companies
from ml_connector_sandbox.systems.visma_net.signin import (
    DISCOVERY_PATH,
    SCOPE_PREFIX,
    SCOPES,
    TOKEN_PATH,
    Grant,
    SignIn,
)
from ml_connector_sandbox.systems.visma_net.switches import SWITCHES
from ml_connector_sandbox.systems.visma_net.webhooks import Webhooks

OLD_PREFIX = re.compile(r"/api/controller/api/", re.IGNORECASE)
BACKGROUND = "erp-api-background"
_VERBS = {"GET": "read", "POST": "create", "PUT": "update", "DELETE": "delete"}
_WORDS = re.compile(r"Error (?P<doing>\w+) the (?P<screen>[\w ]+)\.")
"""What an endpoint says it was doing, and with which of the vendor's screens."""
_B64 = re.compile(r"b64\(([A-Za-z0-9_=-]*)\)")


class VismaNet:
    """One application, one customer, the companies of a scenario."""

    slug = "visma_net"
    installation = ""

    def __init__(
        self, *, data: Json, clock: PinnedClock, seed: int, profile: str, switches: Mapping[str, Any]
    ) -> None:
        self.clock = clock
        self.switches = Switches(SWITCHES, switches)
        self._data = data
        self._seed = seed
        codes = [str(row["code"]) for row in data["companies"]]
        self.sign_in = SignIn(seed=seed, clock=clock, switches=self.switches, company_codes=codes)
        self.limits = Limits(limited=profile == "vendor", switches=self.switches)
        self.webhooks = Webhooks(
            switches=self.switches,
            clock=clock,
            secret=self.sign_in.webhook_secret,
            client_id=self.sign_in.client_id,
        )
        self.background = Background(clock)
        self.companies: dict[str, Company] = {}
        self._operations: dict[str, Operation] = {}
        self._calls = Calls()
        self._routes: Routes[Endpoint] = Routes(any_case=True)
        for endpoint in ENDPOINTS:
            self._routes.add(endpoint.method, endpoint.path, endpoint)
        self.reset()

    def reset(self) -> None:
        """Back to the seeded state: books, tokens, approvals and quotas; switches stay as they are."""
        self.background.clear()
        self.companies = build_companies(
            self._data, self.sign_in.tenant_ids, self.clock, self.switches, self._seed
        )
        self.sign_in.reset()
        self.limits.clear()
        self.webhooks.reset()
        self._operations.clear()
        self._calls.clear()

    def handle(self, request: Request) -> Response:
        """Answer one request as the vendor would."""
        self.background.settle()
        if request.path == TOKEN_PATH:
            self._calls.count("token")
            return (
                self.sign_in.token(request)
                if request.method == "POST"
                else Response(status=405, headers={"Allow": "POST"})
            )
        if request.path == DISCOVERY_PATH:
            return self.sign_in.discovery(request.base_url)
        self._calls.count_request(request)
        return self._enter(request)

    def failed(self, request: Request) -> Response:
        """A 500 of the web framework, with a capital M."""
        return json_response({"Message": "An error has occurred."}, status=500)

    def describe(self, base_url: str) -> Json:
        """Where to sign in, with what, and which companies there are."""
        companies = list(self.companies.values())
        return {
            "base_url": base_url,
            "credentials": {
                "client_id": self.sign_in.client_id,
                "client_secret": self.sign_in.client_secret,
                "tenant_id": companies[0].tenant_id,
                "customer_tenant_id": self.sign_in.customer_tenant_id,
                "scope": " ".join(SCOPES),
                "token_url": f"{base_url}{TOKEN_PATH}",
                "company": companies[0].code,
                "ledger": next(iter(companies[0].ledgers)),
                "branch": companies[0].main_branch()["number"],
                "segments": {row["axis"]: row["segmentId"] for row in companies[0].segments()},
                "webhook_secret": self.webhooks.secret,
            },
            "entities": [
                {
                    "code": book.code,
                    "title": book.title,
                    "currency": book.currency,
                    "tenant_id": book.tenant_id,
                }
                for book in companies
            ],
            "installation": self.installation,
        }

    def books(self) -> Json:
        """Every batch of every company, as it stands."""
        self.background.settle()
        return {"documents": documents(self.companies.values()), "calls": self._calls.describe()}

    def control(self, action: str, arguments: Json) -> Json:
        """Do what a person at the vendor's screen could; see `screen.py`."""
        self.background.settle()
        return act(ACTIONS, self, action, arguments)

    def _enter(self, request: Request) -> Response:
        entered = self.sign_in.company_of(bearer_token(request.headers))
        path = _path(request)
        if entered is None:
            self._calls.endpoints[f"{request.method} (401)"] += 1
            return self._unauthorized()
        code, token = entered
        refused, headers = self.limits.take(code, self.clock.now())
        response = refused or self._in_company(request, path, self.companies[code], token)
        tracing = {
            "ipp-request-id": str(
                uuid.uuid5(uuid.NAMESPACE_URL, f"{self._seed} {sum(self._calls.kinds.values())}")
            ),
            "Request-Context": f"appId=cid-v1:{uuid.uuid5(uuid.NAMESPACE_URL, f'{self._seed} application')}",
        }
        return Response(
            status=response.status, headers={**response.headers, **headers, **tracing}, body=response.body
        )

    def _in_company(self, request: Request, path: str, book: Company, token: Grant) -> Response:
        if path.startswith("v1/background/"):
            return self._background_state(request, path, book)
        found = self._routes.find(request.method, path)
        if isinstance(found, NoRoute):
            if not found.allowed:
                return json_response({"message": "Resource not found", "statusCode": 404}, status=404)
            text = f"The requested resource does not support http method '{request.method}'."
            return json_response(
                {"Message": text}, {"Allow": ", ".join(dict.fromkeys(found.allowed))}, status=405
            )
        endpoint, names = found
        self._calls.endpoints[f"{endpoint.method} {endpoint.path}"] += 1
        if not self._allowed(endpoint, token):
            return json_response(
                {"statusCode": 403, "message": "Forbidden. The scope of the access token is insufficient."},
                status=403,
            )
        wish = request.headers.get(BACKGROUND)
        if wish is not None and wish.strip().lower() != "":
            return self._accept(request, endpoint, names, book, wish.strip())
        return self._carry_out(request, endpoint, names, book)

    def _carry_out(
        self, request: Request, endpoint: Endpoint, names: Mapping[str, str], book: Company
    ) -> Response:
        query = {name.lower(): value for name, value in reversed(request.query)}
        other = request.headers.get("ipp-company-id")
        if (
            self.switches["company_header"] == "filter"
            and other
            and other != book.code
            and request.method == "GET"
        ):
            return json_response([])
        call = Call(
            book=book,
            request=request,
            base_url=self.switches["location_host"] or request.base_url,
            names={name: _plain(value) for name, value in names.items()},
            query=query,
            background=self.background,
            webhooks=self.webhooks,
        )
        try:
            return endpoint.answer(call)
        except (BadBody, BadQuery) as wrong:
            return json_response({"Message": f"The request is invalid. {wrong}"}, status=400)
        except Missing:
            return json_response(
                {"message": f"VismaId: {book.new_uuid()}. The requested resource was not found."}, status=404
            )
        except Stale as stale:
            return json_response(
                {"message": f"{stale.resource} version does not match with If-Match header"}, status=412
            )
        except Broken as broken:
            failure = (
                "released_edit_status"
                if broken.messages == (INVALID_STATUS,) and request.method == "PUT"
                else endpoint.failure
            )
            return json_response(
                {"message": _message(book, endpoint.words, broken)}, status=int(self.switches[failure])
            )

    def _allowed(self, endpoint: Endpoint, token: Grant) -> bool:
        verb = endpoint.verb or _VERBS.get(endpoint.method, "update")
        if verb == "release":
            wanted = self.switches["release_scope"]
            return bool(
                token.scopes
                & {
                    SCOPE_PREFIX + name
                    for name in (("create", "update") if wanted == "either" else (wanted,))
                }
            )
        return SCOPE_PREFIX + verb in token.scopes

    def _accept(
        self, request: Request, endpoint: Endpoint, names: Mapping[str, str], book: Company, wish: str
    ) -> Response:
        """Queue a request for the background: 202 now, the work by the clock."""
        operation = Operation(
            id=book.new_uuid(),
            company=book.code,
            client=self.sign_in.client_id,
            request=request,
            address=request.base_url + request.target,
            received=self.clock.now(),
            reference=wish.partition(":")[2] or None,
        )
        self._operations[operation.id] = operation

        def work() -> None:
            operation.started = operation.finished = self.clock.now()
            operation.response = self._carry_out(request, endpoint, names, book)
            if wish.lower().startswith("subscription"):
                self.webhooks.tell(book.tenant_id, "BackgroundApiOperation", "ResponseReady", operation.id)

        self.background.add(int(self.switches["background_seconds"]), work)
        accepted = {"id": operation.id, "stateLocation": f"{request.base_url}/v1/background/{operation.id}"}
        return json_response(accepted, status=202)

    def _background_state(self, request: Request, path: str, book: Company) -> Response:
        self._calls.endpoints[f"{request.method} v1/background/{{id}}"] += 1
        _, _, number, *rest = path.split("/")
        operation = self._operations.get(number)
        if request.method != "GET" or rest not in ([], ["content"]):
            return json_response({"Message": "The requested resource does not support this."}, status=405)
        if operation is None:
            return json_response({"message": "The operation is unknown."}, status=404)
        if operation.company != book.code:
            return json_response({"message": "The operation belongs to another company or user."}, status=403)
        if operation.is_over(self.clock.now()):
            return json_response({"message": "The state of the operation is no longer kept."}, status=410)
        if not rest:
            return json_response(operation.state(request.base_url, _naive))
        if operation.response is None or not operation.response.body:
            return json_response({"message": "The operation has no content."}, status=404)
        return Response(status=200, headers=operation.response.headers, body=operation.response.body)

    def _unauthorized(self) -> Response:
        if self.switches["unauthorized_body"] == "gateway":
            return json_response(
                {"statusCode": 401, "message": "Unauthorized. Access token is missing or invalid."},
                status=401,
            )
        number = uuid.uuid5(uuid.NAMESPACE_URL, f"{self._seed} {sum(self._calls.kinds.values())}")
        body = {
            "ExceptionType": "IPPException",
            "ExceptionMessage": "Invalid or expired token.",
            "ExceptionFaultCode": "12024",
        }
        return json_response(
            {**body, "ExceptionMessageID": f"12024_{number}", "ExceptionDetails": ""}, status=401
        )


def _path(request: Request) -> str:
    """The path without the old host's prefix; version and resource in lower case."""
    parts = OLD_PREFIX.sub("/", request.path, count=1).strip("/").split("/")
    return "/".join([part.lower() for part in parts[:2]] + parts[2:])


def _plain(name: str) -> str:
    """A path segment, out of `b64(…)` where it stands in it."""
    found = _B64.fullmatch(name)
    if found is None:
        return name
    try:
        return base64.urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4)).decode()
    except ValueError:
        return name


def _message(book: Company, words: str, broken: Broken) -> str:
    texts = [text if text.startswith("An error occurred") else f"Error: {text}" for text in broken.messages]
    named = _WORDS.fullmatch(words)
    if len(texts) > 1 and named is not None:
        what = f"{named['doing'].capitalize()} '{named['screen'].title()}' record"
        texts.insert(0, f"Error: {what} raised at least one error. Please review the errors.")
    return f"VismaId: {book.new_uuid()}. {words} " + "\r\n".join(texts)


def _naive(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment is not None else None

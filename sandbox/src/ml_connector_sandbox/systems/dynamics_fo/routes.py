"""The vendor itself: from a request through sign-in, quotas and addresses to the books, and back.

token → audience (401, empty) → quota and load (429) → set (404) → verb (405) → options, body (400, 403) →
rules (400)
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from ml_connector_sandbox.core.calls import Calls
from ml_connector_sandbox.core.oauth import bearer_token
from ml_connector_sandbox.core.screen import act
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Broken, Clock, Json, Request, Response, Row
from ml_connector_sandbox.systems.dynamics_fo import display_values, journals, masters, metadata
from ml_connector_sandbox.systems.dynamics_fo.address import Address, address_of, key_values, rooted
from ml_connector_sandbox.systems.dynamics_fo.annotations import bare, content_type, dressed, level_of
from ml_connector_sandbox.systems.dynamics_fo.batch import read_batch, run_batch
from ml_connector_sandbox.systems.dynamics_fo.body import read_body
from ml_connector_sandbox.systems.dynamics_fo.book import Book
from ml_connector_sandbox.systems.dynamics_fo.documents import documents, payments
from ml_connector_sandbox.systems.dynamics_fo.limits import Limits
from ml_connector_sandbox.systems.dynamics_fo.odata import parse_query
from ml_connector_sandbox.systems.dynamics_fo.posting import run_job
from ml_connector_sandbox.systems.dynamics_fo.reads import (
    derived,
    find,
    is_cross_company,
    list_response,
    one_response,
    rows_of,
)
from ml_connector_sandbox.systems.dynamics_fo.render import (
    WRITE_FAILURE,
    Failed,
    error_response,
    etag,
    json_response,
    key_text,
    row_json,
)
from ml_connector_sandbox.systems.dynamics_fo.schema import NAMESPACE, Entity, entities
from ml_connector_sandbox.systems.dynamics_fo.screen import ACTIONS
from ml_connector_sandbox.systems.dynamics_fo.seed import build_book
from ml_connector_sandbox.systems.dynamics_fo.signin import TOKEN_PATH, SignIn
from ml_connector_sandbox.systems.dynamics_fo.switches import SWITCHES
from ml_connector_sandbox.systems.dynamics_fo.webhooks import Webhooks

_VERBS = {"GET": "G", "POST": "P", "PATCH": "U", "PUT": "U", "DELETE": "D"}
ABSENT = "No resources were found when selecting for update."
CONFLICT = (
    "Cannot edit a record in Ledger journal table (LedgerJournalTable). An update conflict occurred due to"
    " another user process deleting the record or changing one or more fields in the record."
)


class DynamicsFo:
    """One environment, its companies, and one registered app."""

    slug = "dynamics_fo"
    installation = ""

    def __init__(
        self, *, data: Json, clock: Clock, seed: int, profile: str, switches: Mapping[str, Any]
    ) -> None:
        self.clock = clock
        self.switches = Switches(SWITCHES, switches)
        self._data = data
        self._seed = seed
        self.sign_in = SignIn(seed=seed, clock=clock, switches=self.switches)
        self.limits = Limits(switches=self.switches, limited=profile == "vendor")
        self.webhooks = Webhooks(switches=self.switches, clock=clock, seed=seed)
        self.conflicts = 0
        self._calls = Calls()
        self.reset()

    def reset(self) -> None:
        """Back to the seeded state: books, tokens and quotas; switches stay as they are."""
        self.book: Book = build_book(
            self._data, self.clock, self._seed, self.switches, self.sign_in.client_id
        )
        self.book.listener, self.book.watched = self.webhooks.notice, self.webhooks.tables
        self._dice = Random(f"traces {self._seed}")
        self.sign_in.reset()
        self.limits.clear()
        self.webhooks.reset()
        self.conflicts = 0
        self.job_ran_at: datetime = self.clock.now()
        self.job_results: list[Json] = []
        self._calls.clear()

    def handle(self, request: Request) -> Response:
        """Answer one request as the vendor would. The web server does not mind the case of its two roots."""
        self.catch_up()
        request = replace(request, target=rooted(request.target))
        try:
            response = self._route(request)
        except Failed as failed:
            response = error_response(failed)
        except RecursionError:
            response = error_response(Failed(400, "The request is nested too deeply."))
        trace = (
            {"ms-dyn-aid": self._new_id(), "server-timing": "dur=1"}
            if request.path.startswith("/data")
            else {}
        )
        return Response(status=response.status, headers={**response.headers, **trace}, body=response.body)

    def _new_id(self) -> str:
        """An id of a request or of a boundary: of its own dice, so that no read changes what writes draw."""
        return str(uuid.UUID(int=self._dice.getrandbits(128), version=4))

    def failed(self, request: Request) -> Response:
        """A 500 in the vendor's shape, of a kind that is no refused write."""
        return error_response(Failed(500, "An error has occurred.", "System.InvalidOperationException"))

    def describe(self, base_url: str) -> Json:
        """Where to sign in, with what, and which companies there are."""
        tenant = self.sign_in.tenant_id
        self.sign_in.know(base_url)
        companies = [{"code": row["LegalEntityId"], "title": row["Name"]} for row in self.book["companies"]]
        return {
            "base_url": base_url,
            "credentials": {
                "environment_url": base_url,
                "tenant_id": tenant,
                "client_id": self.sign_in.client_id,
                "client_secret": self.sign_in.client_secret,
                "authority_url": base_url,
                "token_url": f"{base_url}/{tenant}/oauth2/v2.0/token",
                "token_url_v1": f"{base_url}/{tenant}/oauth2/token",
                "scope": f"{base_url}/.default",
            },
            "entities": [
                {**row, "currency": self.book.company(row["code"])["AccountingCurrency"]} for row in companies
            ],
            "installation": self.installation,
        }

    def books(self) -> Json:
        """Every general journal, posted or not, and the payments."""
        self.catch_up()
        return {
            "documents": documents(self.book),
            "payments": payments(self.book),
            "calls": self._calls.describe(),
        }

    def control(self, action: str, arguments: Json) -> Json:
        """Do what a person at the vendor's screen could; see `screen.py`."""
        self.catch_up()
        with self.book.transaction():
            return act(ACTIONS, self, action, arguments)

    def catch_up(self) -> None:
        """Run the posting job for every time it was due since."""
        every = int(self.switches["posting_job_seconds"])
        if every > 0 and self.clock.now() - self.job_ran_at >= timedelta(seconds=every):
            missed = int((self.clock.now() - self.job_ran_at).total_seconds()) // every
            self.job_ran_at += timedelta(seconds=every * missed)
            self.run_posting_job()

    def run_posting_job(self, *, company: str | None = None, only: str | None = None) -> Json:
        """Post every journal that can be posted, and tell whoever wants to know."""
        result: Json = run_job(self.book, self.switches, company=company, only=only)
        self.job_results = [*self.job_results[-99:], {**result, "at": self.clock.now().isoformat()}]
        if self.switches["general_journal_event"]:
            for header in self.book["headers"]:
                if header["JournalBatchNumber"] in result["posted"]:
                    fields = {
                        "JournalBatchNumber": header["JournalBatchNumber"],
                        "LegalEntity": header["dataAreaId"],
                    }
                    self.webhooks.tell("GeneralJournalPostedBusinessEvent", header["dataAreaId"], fields)
        return result

    def _route(self, request: Request) -> Response:
        sign_in = TOKEN_PATH.fullmatch(request.path)
        if sign_in:
            self._calls.count("token")
            if request.method != "POST":
                return Response(status=405)
            return self.sign_in.token(request, sign_in[1], v2=bool(sign_in[2]))
        address = address_of(request)
        name = address.set_name if address else request.path.rpartition("/")[2] or "data"
        self._calls.count_request(request, f"{request.method} {name}")
        if not self.sign_in.admits(bearer_token(request.headers), request.base_url):
            return Response(
                status=401,
                headers={
                    "WWW-Authenticate": (
                        f'Bearer authorization_uri="{request.base_url}/{self.sign_in.tenant_id}"'
                    )
                },
            )
        self.limits.admit_request(self.sign_in.client_id, self.clock.now())
        if request.path.rstrip("/") == "/data/$batch":
            return self._batch(request)
        self.limits.admit_operation(in_batch=False)
        return self._operate(request)

    def _batch(self, request: Request) -> Response:
        if request.method != "POST":
            return Response(status=405, headers={"Allow": "POST"})
        self.limits.admit_operation(in_batch=False)
        items = read_batch(request)
        count, most = sum(len(item.operations) for item in items), int(self.switches["batch_operations_max"])
        if count > most:
            raise Failed(
                400,
                f"The current batch message contains {count} operations. A maximum of {most} operations is"
                " allowed.",
            )
        return run_batch(
            items,
            self._operate_part,
            self.book.transaction,
            new_id=self._new_id,
            continues=self.switches["batch_continues"],
            nested_failure=self.switches["failed_changeset"] == "nested",
        )

    def _operate_part(self, request: Request) -> Response:
        try:
            self.limits.admit_operation(in_batch=True)
            return self._operate(request)
        except Failed as failed:
            return error_response(failed)

    def _operate(self, request: Request) -> Response:
        if request.method == "GET":
            document = metadata.answer(request, self._hidden())
            if document is not None:
                return document
        address = address_of(request)
        entity = entities().get(address.set_name) if address else None
        if address and address.tail.startswith(NAMESPACE + ".") and request.method == "POST":
            return display_values.answer(self.book, self.switches, address, request)
        if (
            address is None
            or entity is None
            or entity.name in self._hidden()
            or address.tail not in ("", "$count")
        ):
            raise Failed(
                404,
                "No HTTP resource was found that matches the request URI"
                f" '{request.base_url}{request.path}'.",
            )
        if _VERBS.get(request.method, "?") not in entity.verbs or (address.tail and request.method != "GET"):
            raise self._not_allowed(request, entity)
        try:
            with self.book.transaction():
                return self._carry_out(request, address, entity)
        except Broken as broken:
            raise Failed(
                int(self.switches["write_failure_status"]), _failure_text(entity, broken), WRITE_FAILURE
            ) from broken

    def _carry_out(self, request: Request, address: Address, entity: Entity) -> Response:
        if request.method == "POST":
            if address.key is not None:
                raise self._not_allowed(request, entity)
            return self._create(request, entity)
        if address.key is None:
            if request.method != "GET":
                raise self._not_allowed(request, entity)
            if address.tail:
                query = parse_query(entity, request.query, functions=self.switches["substring_functions"])
                count = len(rows_of(self.book, entity, query, cross=is_cross_company(request)))
                return Response(status=200, headers={"Content-Type": "text/plain"}, body=str(count).encode())
            return list_response(self.book, self.switches, entity, request)
        key, reading = key_values(entity, address.key), request.method == "GET"
        row = find(self.book, entity, key, cross=is_cross_company(request), to_read=reading)
        if reading:
            if row is None and self.switches["missing_row_body"] == "empty":
                return Response(status=404)
            if row is None:
                raise Failed(404, f"No resource was found for the key {address.key}.")
            return one_response(self.book, self.switches, entity, row, request)
        if row is None:
            raise Failed(400, ABSENT, WRITE_FAILURE)
        self._demand_etag(request, row)
        self._demand_no_conflict(entity)
        if request.method == "DELETE":
            self._delete(entity, row)
        else:
            ignored = self.switches["key_in_update"] == "ignore"
            self._change(entity, row, read_body(entity, request.body, update=True, ignore_keys=ignored))
        return Response(status=204, headers={"OData-Version": "4.0"})

    def _create(self, request: Request, entity: Entity) -> Response:
        values = read_body(
            entity,
            request.body,
            update=False,
            ignore_read_only=self.switches["read_only_on_create"] == "ignore",
        )
        self._demand_no_conflict(entity)
        if entity.table == "headers":
            # The accounting currency is filled in behind the answer.
            row = {**journals.post_header(self.book, self.switches, values), "AccountingCurrency": ""}
        elif entity.table == "lines":
            row = journals.post_line(self.book, self.switches, values)
        else:
            row = masters.create(self.book, self.switches, entity.name, values)
        level = level_of(request, self.switches)
        made = dressed(
            entity, row, row_json(entity, derived(self.book, entity, row)), request.base_url, level
        )
        body = {"@odata.context": f"{request.base_url}/data/$metadata#{entity.name}/$entity", **made}
        headers = {
            "Location": f"{request.base_url}/data/{key_text(entity, row)}",
            "ETag": etag(row),
            **content_type(level),
        }
        return json_response(201, bare(body) if level == "none" else body, headers)

    def _change(self, entity: Entity, row: Row, values: Mapping[str, Any]) -> None:
        if entity.table == "headers":
            journals.change_header(self.book, self.switches, row, values)
        elif entity.table == "lines":
            journals.change_line(self.book, self.switches, row, values)
        else:
            masters.change(self.book, self.switches, entity.name, entity.table, row, values)

    def _delete(self, entity: Entity, row: Row) -> None:
        if entity.table == "headers":
            journals.delete_header(self.book, row)
        elif entity.table == "dimension_values":
            masters.delete(self.book, row)
        else:
            journals.delete_line(self.book, row)

    def _not_allowed(self, request: Request, entity: Entity) -> Failed:
        text = f"The requested resource does not support http method '{request.method}'."
        return Failed(
            405,
            text,
            headers={"Allow": ", ".join(verb for verb, letter in _VERBS.items() if letter in entity.verbs)},
        )

    def _demand_etag(self, request: Request, row: Row) -> None:
        wanted = [part.strip() for part in request.headers.get("if-match", "*").split(",")]
        if "*" not in wanted and etag(row) not in wanted:
            status = int(self.switches["stale_etag"])
            raise Failed(
                status, CONFLICT if status == 400 else "The ETag of the record does not match.", WRITE_FAILURE
            )

    def _demand_no_conflict(self, entity: Entity) -> None:
        if entity.table == "lines" and self.conflicts > 0:
            self.conflicts -= 1
            raise Broken(CONFLICT)

    def _hidden(self) -> frozenset[str]:
        match self.switches["gl_sets"]:
            case "none":
                return frozenset(
                    {
                        "GeneralJournalEntryBiEntities",
                        "GeneralJournalAccountEntryBiEntities",
                        "GeneralJournalAccountEntries",
                    }
                )
            case "bi":
                return frozenset({"GeneralJournalAccountEntries"})
            case _:
                return frozenset()


def _failure_text(entity: Entity, broken: Broken) -> str:
    """The log of a refused write as the vendor strings it together."""
    log = [
        f"{'Info' if text.startswith('Cannot create') else 'Warning'}: {text}." for text in broken.messages
    ]
    log.append(f"Warning: validateWrite failed on data source '{entity.aot} ({entity.type})'.")
    return f"Write failed for table row of type '{entity.aot}'. Infolog: {'; '.join(log)}"

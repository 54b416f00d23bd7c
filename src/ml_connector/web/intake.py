"""Our interface for expense platforms, beside `serve`: approved reports come in, and what became of them is
read. `GET /v1/openapi.json` describes it; docs/howto/send-expense-reports.md explains it.

    limits, before the body is held ── token and scope ── rate ── read, all of it or every problem ── stored

Loaded by `serve --intake` and by nothing else. TLS and the public address are those of a proxy in front.
"""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from django.urls import path
from ninja import NinjaAPI
from ninja.params.functions import Header, Query

from ml_connector.app.api_tokens import REPORTS_READ, REPORTS_WRITE
from ml_connector.app.intake import PAGE_MAX, KeptReport
from ml_connector.domain.problem import Problem
from ml_connector.web import intake_schema as wire
from ml_connector.web.intake_access import RATE, Asked, PerToken, caller
from ml_connector.web.intake_answers import PROBLEMS, Refusal, answer_to, json_answer, trouble
from ml_connector.web.intake_lists import lists
from ml_connector.web.intake_reading import read_report


class Interface(NinjaAPI):
    """Describes what is posted, and answers that are problems, as they are."""

    def get_openapi_schema(self, **given: Any) -> Any:
        """The OpenAPI document."""
        schema = super().get_openapi_schema(**given)
        posted = wire.Report.model_json_schema(ref_template="#/components/schemas/{model}")
        parts = schema["components"].setdefault("schemas", {})
        parts.update(posted.pop("$defs"))
        parts["Report"] = posted
        for operation in (one for place in schema["paths"].values() for one in place.values()):
            for status, answer in operation["responses"].items():
                if int(status) >= 400 and "application/json" in answer.get("content", {}):
                    answer["content"] = {
                        "application/problem+json": answer["content"].pop("application/json")
                    }
        return schema


api = Interface(
    title="ml-connector: expense reports",
    version="1",
    description=(
        "Send approved expense reports, and read what became of them. An answer with status 2xx to a report"
        " means that it is stored with its receipts. Amounts are text. Times are UTC."
    ),
    docs_url=None,
    urls_namespace="intake",
)
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["report"],
                    "properties": {"report": {"$ref": "#/components/schemas/Report"}},
                    "additionalProperties": {
                        "type": "string",
                        "contentMediaType": "application/octet-stream",
                    },
                },
                "encoding": {"report": {"contentType": "application/json"}},
                "example": {"report": wire.EXAMPLE, "r1": "%PDF-1.7 … %%EOF"},
            }
        },
    }
}
api.add_router("/master-data", lists)


@api.post(
    "/expense-reports",
    auth=caller(REPORTS_WRITE),
    throttle=PerToken(RATE),
    response={201: wire.StoredReport, 200: wire.StoredReport, 409: wire.Trouble, **PROBLEMS},
    by_alias=True,
    openapi_extra=BODY,
    operation_id="send_report",
    summary="Send an approved report with its receipts",
)
def send_report(
    request: Asked,
    idempotency_key: str = Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,200}$",
        description="Yours of this call; it never expires.",
    ),
) -> HttpResponse:
    """Part `report` is the report as JSON, and each receipt is a file in a part that the report names. 201:
    stored now. 200: this revision was stored before, under another key, with the same content. The same
    request again is answered as the first time, with `Idempotency-Replayed: true`.
    """
    if request.content_type != "multipart/form-data":
        text = "Send multipart/form-data: the report in part `report`, and each receipt in a part of its own."
        raise Refusal(415, Problem("intake.type", "Content-Type", text))
    report = request.POST.getlist("report")
    others = sorted(set(request.POST) - {"report"})
    if len(report) != 1 or others:
        text = f"The request has {len(report)} fields `report`; it has one, and no other field."
        raise Refusal(422, Problem("intake.shape", others[0][:100] if others else "report", text))
    files = {name: request.FILES.getlist(name) for name in request.FILES}
    taken = request.auth.take(idempotency_key, read_report(report[0], files))
    answer = json_answer(_stored(taken.report), 201 if taken.made else 200)
    answer["Location"] = f"/v1/expense-reports/{taken.report.identity}"
    if taken.replayed:
        answer["Idempotency-Replayed"] = "true"
    return answer


@api.get(
    "/expense-reports/{report_id}",
    auth=caller(REPORTS_READ),
    throttle=PerToken(RATE),
    response={200: wire.Status, **PROBLEMS},
    by_alias=True,
    operation_id="read_report",
    summary="What became of a report",
)
def read_one(request: Asked, report_id: str) -> HttpResponse:
    """A report of another organisation is not found, as one of nobody."""
    return json_answer(_status(request.auth.report(report_id)), 200)


@api.post(
    "/expense-reports/{report_id}/cancel",
    auth=caller(REPORTS_WRITE),
    throttle=PerToken(RATE),
    response={200: wire.Status, 409: wire.Trouble, **PROBLEMS},
    by_alias=True,
    operation_id="cancel_report",
    summary="Take a report back",
)
def cancel_report(request: Asked, report_id: str) -> HttpResponse:
    """It is not booked any more, or what was booked of it is taken back. The same again is answered alike. A
    report that is changed and approved again is sent as the next revision, canceled before or not.
    """
    return json_answer(_status(request.auth.cancel(report_id)), 200)


@api.get(
    "/expense-reports",
    auth=caller(REPORTS_READ),
    throttle=PerToken(RATE),
    response={200: wire.Page, **PROBLEMS},
    by_alias=True,
    operation_id="list_reports",
    summary="Reports in the order in which they were stored",
)
def list_reports(
    request: Asked,
    after: int = Query(0, ge=0, le=2**63 - 1, description="The cursor of the page before."),
    external_id: str = Query("", alias="externalId", max_length=100, pattern=wire.PLAIN),
    state: Literal["", "received", "booked", "failed"] = Query(""),
    limit: int = Query(PAGE_MAX, ge=1, le=PAGE_MAX),
) -> HttpResponse:
    """No report is left out and none comes twice, also where reports are sent meanwhile."""
    found = request.auth.reports(after=after, reference=external_id, state=state, limit=limit + 1)
    shown = [_status(row) for row in found[:limit]]
    page = {"reports": shown, "cursor": shown[-1]["cursor"] if shown else after, "more": len(found) > limit}
    return json_answer(page, 200)


# --- answers ------------------------------------------------------------------------------------------------


def _stored(kept: KeptReport) -> dict[str, Any]:
    """As `StoredReport`: only what never changes, so that a replay is the same answer."""
    return {
        "id": kept.identity,
        "externalId": kept.reference,
        "revision": kept.revision,
        "receivedAt": kept.received_at.isoformat(),
        "receipts": [
            {"part": file.part, "fileName": file.name, "sha256": file.sha256, "bytes": file.size}
            for file in kept.files
        ],
    }


def _status(kept: KeptReport) -> dict[str, Any]:
    return {
        **_stored(kept),
        "state": kept.state,
        "message": kept.text,
        "standing": kept.standing.value,
        "changedAt": kept.changed_at.isoformat(),
        "cursor": kept.number,
    }


def _not_found(*_: object, **__: object) -> HttpResponse:
    return trouble(404, [Problem("intake.unknown", "path", "There is nothing at this path.")])


def _answered(_: HttpRequest, error: Any) -> HttpResponse:
    return answer_to(error)


for kind in {Exception, *answer_to.registry} - {object}:
    api.add_exception_handler(kind, _answered)
urlpatterns = [path("v1/", api.urls)]
handler404 = _not_found

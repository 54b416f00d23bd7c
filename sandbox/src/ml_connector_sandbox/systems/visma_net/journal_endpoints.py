"""Batches and what is read of them: create, change, release, attachments, the general ledger and its
balances.
"""

from __future__ import annotations

from contextlib import suppress
from email import message_from_string

from ml_connector_sandbox.core.vendor import Broken, Response, Row
from ml_connector_sandbox.systems.visma_net import journals, reads, render, schema
from ml_connector_sandbox.systems.visma_net.book import Company, Missing
from ml_connector_sandbox.systems.visma_net.endpoint import Call, Endpoint, found
from ml_connector_sandbox.systems.visma_net.render import empty, json_response, tagged


def _post_batch(call: Call) -> Response:
    row = journals.create(call.book, call.body(schema.BATCH))
    return call.created(f"v2/journaltransaction/{row['batchNumber']}", row)


def _get_batch(call: Call) -> Response:
    row = found(call.book.batches, call.names["code"])
    return json_response(render.batch(call.book, row), tagged(row))


def _put_batch(call: Call) -> Response:
    row = found(call.book.batches, call.names["code"])
    call.demand_version(row, "JournalTransaction")
    journals.change(call.book, row, call.body(schema.BATCH))
    return empty(204, tagged(row))


def _release(call: Call) -> Response:
    """Accept a release; the batch is posted when the queue comes to it."""
    book, row = call.book, found(call.book.batches, call.names["code"])
    call.demand_version(row, "JournalTransaction")
    action = {"actionId": book.new_uuid(), "actionResult": "Queued", "errorInfo": ""}
    try:
        journals.begin_release(book, row)
    except Broken as broken:
        if book.switches["release_refusal"] == "status":
            raise
        return json_response(
            {
                **action,
                "actionResult": "Failed",
                "errorInfo": " ".join((journals.NOT_RELEASED, *broken.messages)),
            }
        )
    seconds = int(book.switches["release_seconds"])
    if seconds > 0:
        call.background.add(seconds, lambda: _finish(book, row))
        return json_response(action)
    done = journals.finish_release(book, row)
    return json_response(
        {**action, "actionResult": "Done" if done else "Failed", "errorInfo": row["error"] or ""}
    )


def _finish(book: Company, row: Row) -> None:
    journals.finish_release(book, row)


def _attach(call: Call) -> Response:
    """One file, to a batch or to one of its lines; the same name again is its next revision."""
    book, row = call.book, found(call.book.batches, call.names["code"])
    line = call.names.get("line")
    if call.names["module"].upper() != "GL" or (
        line and line not in [str(known["lineNumber"]) for known in row["lines"]]
    ):
        raise Missing(line or call.names["module"])
    name, content = _file(call)
    owner = next((known for known in row["lines"] if str(known["lineNumber"]) == line), row)
    files: list[Row] = owner.get("attachments") or []
    held = next((known for known in files if known["name"] == name), None)
    made: Row = {
        "name": name,
        "id": held["id"] if held else book.new_uuid(),
        "revision": held["revision"] + 1 if held else 1,
    }
    owner["attachments"] = [known for known in files if known["name"] != name] + [made]
    book.attachments[made["id"]] = {"name": name, "content": content}
    book.touch(row)
    return call.created(f"v1/attachment/{made['id']}", None)


def _file(call: Call) -> tuple[str, bytes]:
    """Name and content of the one file in a form; both pass through as the bytes they are."""
    head = f"Content-Type: {call.request.headers.get('content-type', '')}\r\n\r\n"
    parts = [
        part
        for part in message_from_string(head + call.request.body.decode("latin-1")).walk()
        if part.get_filename()
    ]
    if len(parts) != 1:
        raise Broken("The request must hold exactly one file.")
    name, content = str(parts[0].get_filename()), parts[0].get_payload(decode=True)
    with suppress(UnicodeError):
        name = name.encode("latin-1").decode()
    return name, content if isinstance(content, bytes) else b""


def _get_attachment(call: Call) -> Response:
    row = found(call.book.attachments, call.names["code"])
    return Response(status=200, headers={"Content-Type": "application/octet-stream"}, body=row["content"])


_JOURNAL = "Error inserting the journal transaction."
_JOURNAL_CHANGE = "Error updating the journal transaction."
JOURNAL_ENDPOINTS = (
    Endpoint(
        method="GET",
        path="v2/journaltransaction",
        answer=lambda call: json_response(reads.batches(call.book, call.query)),
    ),
    Endpoint(method="POST", path="v2/journaltransaction", answer=_post_batch, words=_JOURNAL),
    Endpoint(method="GET", path="v2/journaltransaction/{code}", answer=_get_batch),
    Endpoint(method="PUT", path="v2/journaltransaction/{code}", answer=_put_batch, words=_JOURNAL_CHANGE),
    Endpoint(
        method="POST",
        path="v2/journaltransaction/{code}/action/release",
        answer=_release,
        words="Error releasing the journal transaction.",
        verb="release",
    ),
    Endpoint(
        method="POST",
        path="v2/journaltransaction/module/{module}/{code}/attachment",
        answer=_attach,
        words=_JOURNAL_CHANGE,
    ),
    Endpoint(
        method="POST",
        path="v2/journaltransaction/module/{module}/{code}/{line}/attachment",
        answer=_attach,
        words=_JOURNAL_CHANGE,
    ),
    Endpoint(method="GET", path="v1/attachment/{code}", answer=_get_attachment),
    Endpoint(
        method="GET",
        path="v1/generalledgertransactions",
        answer=lambda call: json_response(reads.transactions(call.book, call.query)),
    ),
    Endpoint(
        method="GET",
        path="v2/generalledgerbalance",
        answer=lambda call: json_response(reads.balances(call.book, call.query)),
    ),
)

"""Organizations, exports with their vouchers and receipts, and what became of them."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import quote

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json, Request, Response, Row
from ml_connector_sandbox.systems.findity import exporting, render
from ml_connector_sandbox.systems.findity.answers import Refused, not_found
from ml_connector_sandbox.systems.findity.body import text_of
from ml_connector_sandbox.systems.findity.book import Book
from ml_connector_sandbox.systems.findity.endpoint import Call, Endpoint
from ml_connector_sandbox.systems.findity.paging import listed, page_of
from ml_connector_sandbox.systems.findity.switches import path_of, value_of
from ml_connector_sandbox.systems.findity.vouchers import BOOKED, FAILED, PENDING

FILES = "/files/"


def _client(call: Call) -> str:
    tenant: Any = call.tenant
    return str(tenant.sign_in.client_id)


def _organizations(call: Call) -> Response:
    """Those that let this client in."""
    rows = list(call.book.rows("organizations", api=True))
    shown = page_of(rows, call.request, call.switches)
    return listed([render.organization(row) for row in shown], len(rows), call.switches)


def _recipients(call: Call) -> Response:
    return listed([render.recipient(call.organization())], 1, call.switches)


def _exports(call: Call) -> Response:
    """The oldest first; of one status if that is asked."""
    held, switches = call.organization(), call.switches
    wanted = dict(call.request.query).get(str(switches["parameter_status"]))
    states = (exporting.UNPROCESSED, exporting.PROCESSED, exporting.RETURNED)
    if wanted is not None and wanted not in [value_of(switches, name) for name in states]:
        raise Refused(400, f"{switches['parameter_status']}: {wanted} is not known")
    rows = [
        row
        for row in call.book.rows("exports", organization=held["id"])
        if (wanted is None or value_of(switches, row["status"]) == wanted) and not _is_hidden(call, row)
    ]
    shown = page_of(rows, call.request, switches)
    client = _client(call)
    return listed([render.export(call.book, switches, row, client) for row in shown], len(rows), switches)


def _is_hidden(call: Call, row: Row) -> bool:
    return row["status"] == exporting.RETURNED and str(call.switches["returned_export"]) == "hidden"


def _export_row(call: Call) -> Row:
    row = call.found("exports", "export")
    if _is_hidden(call, row):
        raise not_found()
    return row


def _export(call: Call) -> Response:
    return call.answer(render.export(call.book, call.switches, _export_row(call), _client(call)))


def _vouchers(call: Call) -> Response:
    keys = _export_row(call)["vouchers"]
    rows = [call.book.tables["vouchers"][key] for key in keys]
    shown = page_of(rows, call.request, call.switches)
    return listed([render.voucher(call.book, call.switches, row) for row in shown], len(rows), call.switches)


def _told(call: Call) -> tuple[str, str | None, str | None]:
    """The status that was sent, its message and the number in the ledger."""
    given = call.body()
    sent = text_of(given, "status", needed=True)
    status = next((name for name in (BOOKED, FAILED) if value_of(call.switches, name) == sent), None)
    if status is None:
        raise Refused(400, f"status: {sent} is not known")
    return status, text_of(given, "message"), text_of(given, "externalReference")


def _voucher_status(call: Call) -> Response:
    held = _export_row(call)
    row = call.found("vouchers", "voucher")
    if row["export"] != held["id"]:
        raise not_found()
    exporting.answer(call.book, call.switches, row, *_told(call))
    return _taken(call, {"voucherId": row["id"], "status": value_of(call.switches, row["status"])})


def _export_status(call: Call) -> Response:
    """The same of every voucher, all or none."""
    held, told = _export_row(call), _told(call)
    rows = [call.book.tables["vouchers"][key] for key in held["vouchers"]]
    is_again = all(row["status"] == told[0] for row in rows) and call.switches["status_again"] == "taken"
    if not is_again and (
        held["status"] != exporting.UNPROCESSED or any(row["status"] != PENDING for row in rows)
    ):
        raise Refused(409, "The export is no longer in transfer")
    for row in rows:
        exporting.answer(call.book, call.switches, row, *told)
    return _taken(call, {"exportId": held["id"], "status": value_of(call.switches, held["status"])})


def _taken(call: Call, value: Json) -> Response:
    status = int(call.switches["status_answer"])
    status = status if status in range(200, 300) else 200
    return Response(status=204) if status == 204 else call.answer(value, status)


def _attachment(call: Call) -> Response:
    """The file, or what leads to it."""
    row = call.found("receipts", "attachment")
    form = call.switches["attachment_download"]
    if form == "binary":
        return _content(row)
    told = {"attachmentId": row["id"], "fileName": row["name"], "contentType": row["kind"]}
    if form == "base64":
        return call.answer({**told, "content": base64.b64encode(row["content"]).decode()})
    return call.answer({**told, "url": f"{call.request.base_url}{FILES}{_secret(row)}"})


def public_file(book: Book, request: Request) -> Response:
    """What an address in `url` leads to; no token is needed."""
    secret = request.path.removeprefix(FILES)
    row = book.first("receipts", lambda held: _secret(held) == secret)
    if row is None:
        raise not_found()
    return _content(row)


def _content(row: Row) -> Response:
    named = f"attachment; filename*=UTF-8''{quote(row['name'], safe='', errors='replace')}"
    headers = {"Content-Type": row["kind"], "Content-Disposition": named}
    return Response(status=200, headers=headers, body=row["content"])


def _secret(row: Row) -> str:
    return hashlib.sha256(f"{row['id']} {row['name']}".encode("utf-8", "replace")).hexdigest()[:40]


def endpoints(switches: Switches) -> list[Endpoint]:
    """Every path of exports; a status is told of the vouchers or of the export."""
    told = {"voucher": ("voucher_status", _voucher_status), "export": ("export_status", _export_status)}
    name, answer = told[str(switches["status_of"])]
    return [
        *(
            Endpoint(method="GET", path=path_of(switches, read), answer=shown)
            for read, shown in (
                ("organizations", _organizations),
                ("recipients", _recipients),
                ("exports", _exports),
                ("export", _export),
                ("vouchers", _vouchers),
                ("attachment", _attachment),
            )
        ),
        Endpoint(method=str(switches["status_method"]), path=path_of(switches, name), answer=answer),
    ]

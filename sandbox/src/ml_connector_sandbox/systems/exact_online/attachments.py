"""The files of documents, which are fetched outside the REST addresses: `/docs/SysAttachment.aspx`."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from urllib.parse import quote

from ml_connector_sandbox.core.vendor import Request, Response
from ml_connector_sandbox.systems.exact_online.book import DivisionBook
from ml_connector_sandbox.systems.exact_online.render import error_response
from ml_connector_sandbox.systems.exact_online.schema import entities
from ml_connector_sandbox.systems.exact_online.users import Rights

PATH = "/docs/SysAttachment.aspx"


def division_of(request: Request) -> str:
    """The division that is named in the query, or none."""
    return dict(request.query).get("_Division_", "")


def answer(request: Request, books: Mapping[int, DivisionBook], rights: Rights) -> Response:
    """The bytes of the attachment that is named in the query."""
    asked, division = dict(request.query), division_of(request)
    is_number = division.isascii() and division.isdigit() and len(division) < 10
    book = books.get(int(division)) if is_number else None
    if book is None:
        return error_response(request, 403, "Forbidden", {"Reason": "NoDivisionAccess"})
    if not rights.in_scope(entities()["documents/DocumentAttachments"], "GET"):
        reason = {"Reason": "ApplicationScopeViolated"}
        return error_response(request, 403, "Forbidden - Application Scope Violated. Cannot read", reason)
    row = book["attachments"].get(asked.get("ID", "").strip("{}").lower())
    if row is None:
        return error_response(request, 404, "Resource not found for the segment 'SysAttachment'.")
    kind = mimetypes.guess_type(row["FileName"])[0] or "application/octet-stream"
    named = f"attachment; filename*=UTF-8''{quote(row['FileName'], safe='')}"
    return Response(
        status=200, headers={"Content-Type": kind, "Content-Disposition": named}, body=row["_content"]
    )

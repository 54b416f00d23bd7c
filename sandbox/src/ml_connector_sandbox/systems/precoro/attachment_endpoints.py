"""Files of documents and suppliers, up and down."""

from __future__ import annotations

import base64
import hashlib
import mimetypes

from ml_connector_sandbox.core.vendor import Request, Response, Row
from ml_connector_sandbox.systems.precoro.answers import invalid, json_answer, not_found
from ml_connector_sandbox.systems.precoro.body import parts
from ml_connector_sandbox.systems.precoro.book import Book
from ml_connector_sandbox.systems.precoro.endpoint import Call, Endpoint
from ml_connector_sandbox.systems.precoro.masters import BLANK
from ml_connector_sandbox.systems.precoro.render_masters import attachment
from ml_connector_sandbox.systems.precoro.signin import OWNERS

FILES = "/files/"


def add_file(
    book: Book, table: str, owner: Row, name: str, content: bytes, comment: str | None, user: int
) -> Row:
    """Put a file beside the others of a record; names may be the same."""
    kinds = {table: kind for kind, table in OWNERS.items()}
    row = book.add(
        "attachments",
        {
            "name": name,
            "content": content,
            "comment": comment,
            "user": user,
            "uploadDate": book.now(),
            "object": owner["id"],
            "objectType": kinds[table],
        },
    )
    owner["attachments"].append(row["id"])
    return row


def _download(call: Call) -> Response:
    """The file, or what leads to it; the material says all three."""
    row = call.found("attachments")
    form = call.tenant.switches["attachment_download"]
    if form == "binary":
        return _content(row)
    told = attachment(call.view, row["id"])
    if form == "base64":
        return json_answer({**told, "file": base64.b64encode(row["content"]).decode()})
    return json_answer({**told, "file": f"{call.request.base_url}{FILES}{_secret(row)}"})


def public_file(book: Book, request: Request) -> Response:
    """What an address in `file` leads to; no key is needed and no limit counts it."""
    secret = request.path.removeprefix(FILES)
    row = book.first("attachments", lambda held: _secret(held) == secret)
    if row is None:
        raise not_found()
    return _content(row)


def _content(row: Row) -> Response:
    kind = mimetypes.guess_type(row["name"])[0] or "application/octet-stream"
    return Response(status=200, headers={"Content-Type": kind}, body=row["content"])


def _secret(row: Row) -> str:
    return hashlib.sha256(f"{row['id']} {row['name']}".encode("utf-8", "replace")).hexdigest()[:40]


def _upload(call: Call) -> Response:
    kind = call.params["kind"]
    table = OWNERS.get(int(kind) if kind.isascii() and kind.isdigit() and len(kind) < 4 else 0)
    if table is None:
        raise invalid(objectType="The selected choice is invalid.")
    key = call.params["key"]
    owner = call.book.get(table, int(key)) if key.isascii() and key.isdigit() and len(key) < 12 else None
    if owner is None:
        raise not_found()
    call.allowed(table, owner)
    call.may_write(table)
    sent = {field: (name, content) for field, name, content in parts(call.request)}
    name, content = sent.get("file", (None, b""))
    if name is None:
        raise invalid(file=BLANK)
    comment = sent["comment"][1].decode("utf-8", "replace") if "comment" in sent else None
    row = add_file(call.book, table, owner, name, content, comment, call.user["id"])
    owner["updateDate"] = call.book.now()
    call.tell(table, owner)
    return json_answer(attachment(call.view, row["id"]), 201)


def endpoints() -> list[Endpoint]:
    """Both paths of files."""
    return [
        Endpoint(method="GET", path="/attachments/{key}", answer=_download),
        Endpoint(method="POST", path="/attachments/{key}/{kind}", answer=_upload),
    ]

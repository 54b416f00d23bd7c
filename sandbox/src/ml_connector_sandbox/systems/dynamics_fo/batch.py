"""Multipart `$batch`: its parts taken apart and the answers put together again.

batch ── part: GET …
      └─ changeset ── part: POST … ─┐ all of them
                   └─ part: POST … ─┘ or none
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from ml_connector_sandbox.core.vendor import Request, Response
from ml_connector_sandbox.systems.dynamics_fo.address import rooted
from ml_connector_sandbox.systems.dynamics_fo.render import Failed, error_response

_NO_GET = (
    "An invalid HTTP method 'GET' was detected for a request in a change set. Requests in change sets only"
    " support the HTTP methods 'POST', 'PUT', 'DELETE', and 'PATCH'."
)
_REQUEST_LINE = re.compile(r"([A-Za-z]+)\s+(.+?)(?:\s+HTTP/\d(?:\.\d)?)?")
"""The address goes up to the protocol: blanks in a filter that nobody encoded belong to it."""
Operate = Callable[[Request], Response]


@dataclass(frozen=True, slots=True)
class Operation:
    """One call inside a batch and the id its answer carries."""

    request: Request
    content_id: str


@dataclass(frozen=True, slots=True)
class Item:
    """One operation, or the operations of one changeset."""

    operations: tuple[Operation, ...]
    is_changeset: bool


class _Undo(Exception):
    """Leaves a transaction so that it is taken back."""


def read_batch(request: Request) -> list[Item]:
    """The items of a batch; raises `Failed` with 400 when it is no multipart batch."""
    items = []
    for headers, content in _parts(request.body, _boundary(request.headers.get("content-type", ""))):
        kind = headers.get("content-type", "")
        if kind.lower().startswith("multipart/mixed"):
            inner = tuple(_operation(request, *part) for part in _parts(content, _boundary(kind)))
            if any(operation.request.method == "GET" for operation in inner):
                raise Failed(400, _NO_GET)
            items.append(Item(inner, True))
        else:
            items.append(Item((_operation(request, headers, content),), False))
    return items


def run_batch(
    items: Sequence[Item],
    operate: Operate,
    transaction: Callable[[], AbstractContextManager[None]],
    *,
    new_id: Callable[[], str],
    continues: bool,
    nested_failure: bool,
) -> Response:
    """Carry the items out in order and answer 200, whatever became of them; `new_id` is for boundaries."""
    boundary = f"batchresponse_{new_id()}"
    parts: list[bytes] = []
    for item in items:
        answers = (
            _changeset(item, operate, transaction)
            if item.is_changeset
            else [(item.operations[0], operate(item.operations[0].request))]
        )
        failed = answers[-1][1].status >= 400
        written = [_write(operation, answer) for operation, answer in answers]
        if item.is_changeset and (nested_failure or not failed):
            inner = f"changesetresponse_{new_id()}"
            head = f"Content-Type: multipart/mixed; boundary={inner}\r\n\r\n".encode()
            parts.append(head + _wrap(written, inner))
        else:
            parts += written
        if failed and not continues:
            break
    headers = {"Content-Type": f"multipart/mixed; boundary={boundary}", "OData-Version": "4.0"}
    return Response(status=200, headers=headers, body=_wrap(parts, boundary))


def _changeset(
    item: Item, operate: Operate, transaction: Callable[[], AbstractContextManager[None]]
) -> list[tuple[Operation, Response]]:
    """Every answer, or the one that failed, with nothing left of the others."""
    answers: list[tuple[Operation, Response]] = []
    try:
        with transaction():
            for operation in item.operations:
                answers.append((operation, operate(operation.request)))
                if answers[-1][1].status >= 400:
                    raise _Undo
    except _Undo:
        return answers[-1:]
    return answers or [
        (
            Operation(Request(method="POST", target="/"), ""),
            error_response(Failed(400, "The change set is empty.")),
        )
    ]


def _boundary(content_type: str) -> str:
    found = re.search(r'boundary="?([^";,]+)"?', content_type, re.IGNORECASE)
    if not content_type.lower().startswith("multipart/mixed") or found is None:
        raise Failed(400, "The batch request must have a Content-Type of multipart/mixed with a boundary.")
    return found[1].strip()


def _parts(body: bytes, boundary: str) -> list[tuple[dict[str, str], bytes]]:
    mark = re.escape(boundary.encode())
    whole = re.split(rb"\r?\n--" + mark + rb"--[ \t]*(?=\r?\n|$)", b"\n" + body, maxsplit=1)[0]
    chunks = re.split(rb"\r?\n--" + mark + rb"[ \t]*(?=\r?\n|$)", whole)
    return [_headers(chunk.lstrip(b"\r\n")) for chunk in chunks[1:] if chunk.strip()]


def _headers(text: bytes) -> tuple[dict[str, str], bytes]:
    head, _, rest = re.sub(rb"\r\n", b"\n", text).partition(b"\n\n")
    pairs = (line.partition(":") for line in head.decode("utf-8", "replace").split("\n") if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}, rest


def _operation(outer: Request, headers: Mapping[str, str], content: bytes) -> Operation:
    line, _, rest = content.lstrip(b"\r\n").partition(b"\n")
    found = _REQUEST_LINE.fullmatch(line.decode("utf-8", "replace").strip())
    if found is None:
        raise Failed(400, "A part of the batch holds no request line.")
    inner, body = _headers(b"X-First: -\n" + rest)
    made = Request(
        method=found[1].upper(), target=_target(found[2]), headers=inner, body=body, base_url=outer.base_url
    )
    return Operation(made, headers.get("content-id", inner.get("content-id", "")))


def _target(url: str) -> str:
    """The request target of an absolute, rooted or relative address."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", url):
        parts = urlsplit(url)
        return rooted(parts.path + (f"?{parts.query}" if parts.query else ""))
    return rooted(url) if url.startswith("/") else f"/data/{url}"


def _write(operation: Operation, answer: Response) -> bytes:
    try:
        reason = HTTPStatus(answer.status).phrase
    except ValueError:
        reason = "Unknown"
    head = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    head += [f"Content-ID: {operation.content_id}"] if operation.content_id else []
    head += [
        "",
        f"HTTP/1.1 {answer.status} {reason}",
        *(f"{name}: {value}" for name, value in answer.headers.items()),
        "",
        "",
    ]
    return "\r\n".join(head).encode() + answer.body


def _wrap(parts: Sequence[bytes], boundary: str) -> bytes:
    mark = f"--{boundary}".encode()
    return b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"

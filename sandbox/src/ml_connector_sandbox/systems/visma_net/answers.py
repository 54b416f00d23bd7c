"""Answers that are alike for many resources: a list, a page, one row, a creation, a change."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from ml_connector_sandbox.core.vendor import Response, Row
from ml_connector_sandbox.systems.visma_net import reads
from ml_connector_sandbox.systems.visma_net.body import Shape
from ml_connector_sandbox.systems.visma_net.book import Company
from ml_connector_sandbox.systems.visma_net.endpoint import Answer, Call, found
from ml_connector_sandbox.systems.visma_net.render import json_response, tagged

_PLAIN = re.compile(r"[\w.~ -]+")
Render = Callable[[Company, Row], Row]


def address_part(code: str) -> str:
    """An id in an address that can be followed: with characters an address cannot hold, as `b64(…)`."""
    if _PLAIN.fullmatch(code):
        return quote(code, safe="")
    return f"b64({base64.urlsafe_b64encode(code.encode()).decode().rstrip('=')})"


def listed(
    rows: Callable[[Company], Iterable[Row]], show: Render, *, code: str = "", stamped: bool = True
) -> Answer:
    """An unpaged list; `code` is the field that `greaterThanValue` looks at."""

    def answer(call: Call) -> Response:
        held = reads.above(rows(call.book), call.query, code)
        return json_response(
            [show(call.book, row) for row in (reads.changed(held, call.query) if stamped else held)]
        )

    return answer


def paged(
    rows: Callable[[Call], Iterable[Row]], show: Render, switch: str = "page_lines_max", *, code: str = ""
) -> Answer:
    """A list in pages; each element carries the whole count. `code` is the field that `greaterThanValue`
    looks at.
    """

    def answer(call: Call) -> Response:
        held = reads.changed(reads.above(rows(call), call.query, code), call.query)
        shown, metadata = reads.page(held, call.query, int(call.book.switches[switch]))
        return json_response([{**show(call.book, row), "metadata": metadata} for row in shown])

    return answer


def one(table: Callable[[Company], Mapping[Any, Row]], show: Render, *, versioned: bool = True) -> Answer:
    """One row by its code, with its version in the header where the vendor gives it."""

    def answer(call: Call) -> Response:
        row = found(table(call.book), call.names["code"])
        return json_response(show(call.book, row), tagged(row) if versioned else None)

    return answer


def creating(
    shape: Shape, make: Callable[[Company, Mapping[str, Any]], Row], path: str, code: str, entity: str = ""
) -> Answer:
    """A creation: 201 without a body, and where to find what was made."""

    def answer(call: Call) -> Response:
        row = make(call.book, call.body(shape))
        if entity:
            call.tell(entity, "Created" if entity == "Account" else "Changed", str(row[code]))
        if entity == "Employee":
            call.tell("EPEmployee", "Created", str(row[code]))
        status = int(call.book.switches["employee_create_status"]) if entity == "Employee" else 201
        return call.created(f"{path}/{address_part(str(row[code]))}", row, status)

    return answer


def changing(
    table: Callable[[Company], Mapping[Any, Row]],
    shape: Shape,
    edit: Callable[[Company, Row, Mapping[str, Any]], Any],
    resource: str,
    entity: str = "",
) -> Answer:
    """A change guarded by `If-Match`: 204 and the new version."""

    def answer(call: Call) -> Response:
        row = found(table(call.book), call.names["code"])
        call.demand_version(row, resource)
        edit(call.book, row, call.body(shape))
        if entity:
            call.tell(entity, "Updated" if entity == "Account" else "Changed", call.names["code"])
        if entity == "Employee":
            call.tell("EPEmployee", "Updated", call.names["code"])
        return call.changed(row)

    return answer

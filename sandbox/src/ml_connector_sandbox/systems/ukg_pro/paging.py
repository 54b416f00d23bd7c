"""Query parameters and pages as the list endpoints read them.

Names are matched without regard to case; unknown ones are ignored. The answer is a bare array, the way on
stands in `Link`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlencode

from ml_connector_sandbox.core.vendor import Request, Response
from ml_connector_sandbox.systems.ukg_pro.render import JSON_TYPE, bad_request

INT32_MAX = 2_147_483_647


class BadParameter(Exception):
    """A query parameter has a value the vendor refuses."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.message = message

    def response(self) -> Response:
        """The 400 for it."""
        return bad_request(self.name, self.message)


class Query:
    """The parameters of a request by lower-case name; of a repeated name the first counts."""

    def __init__(self, request: Request) -> None:
        self._values: dict[str, str] = {}
        for name, value in request.query:
            self._values.setdefault(name.lower(), value)

    def text(self, name: str) -> str | None:
        """The value, or None when it is absent or empty."""
        return self._values.get(name.lower()) or None

    def number(self, name: str, default: int) -> int:
        """A whole number from 1. BadParameter for anything else."""
        value = self._values.get(name.lower())
        if not value:
            return default
        if not re.fullmatch(r"[0-9]{1,10}", value) or not 1 <= int(value) <= INT32_MAX:
            raise BadParameter(name, f"The field {name} must be between 1 and {INT32_MAX}.")
        return int(value)


def page_of(
    request: Request, query: Query, total: int, rows_max: int, *, cap: bool = True
) -> tuple[range, dict[str, str]]:
    """The row numbers of the page asked for, from 0, and the headers that go with it.

    Without parameters the page is the largest there is, not everything. Past the end the range is empty.
    """
    page, rows_max = query.number("page", 1), max(1, rows_max)
    size = query.number("per_Page", rows_max)
    size = min(size, rows_max) if cap else size
    last = max(1, -(-total // size))
    start = min(total, (page - 1) * size)
    links = [_link(request, 1, "first")]
    if page > 1:
        links.append(_link(request, min(page - 1, last), "prev"))
    if page < last:
        links.append(_link(request, page + 1, "next"))
    links.append(_link(request, last, "last"))
    return range(start, min(total, start + size)), {"Link": ", ".join(links)}


def _link(request: Request, page: int, relation: str) -> str:
    others = [(name, value) for name, value in request.query if name.lower() != "page"]
    return (
        f"<{request.base_url}{request.raw_path}?"
        f"{urlencode([*others, ('page', str(page))], quote_via=quote)}>;"
        f' rel="{relation}"'
    )


def array_response(texts: Iterable[str], headers: Mapping[str, str] | None = None) -> Response:
    """A bare array of rows that are JSON text already."""
    return Response(
        status=200,
        headers={"Content-Type": JSON_TYPE, **(headers or {})},
        body=("[" + ",".join(texts) + "]").encode(),
    )

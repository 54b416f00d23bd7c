"""Query parameters, pages and filters as the list endpoints read them.

Names are matched without regard to case; unknown ones are ignored. The answer is a bare array, the way on
stands in `Link`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from ml_connector_sandbox.core.vendor import Request, Response
from ml_connector_sandbox.systems.ukg_pro.render import JSON_TYPE, bad_request, dump

INT32_MAX = 2_147_483_647
YEARS = range(1753, 9999)
"""The years a date of the vendor's database can have, less the last, so that a day can be added."""
T = TypeVar("T")

PATTERNS = {"employeeid": re.compile(r"[a-zA-Z0-9,]*"), "employeenumber": re.compile(r"[0-9]*")}
"""What a value may consist of; the manual gives the patterns."""

_DATE_VALUE = re.compile(
    r"(?P<operator>=?[<>]?|[<>]=?)(?P<one>\d{2}-\d{2}-\d{4})|=?\{(?P<low>\d{2}-\d{2}-\d{4}),(?P<high>\d{2}-\d{2}-\d{4})\}"
)


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
        value = self._values.get(name.lower()) or None
        pattern = PATTERNS.get(name.lower())
        if value is not None and pattern is not None and not pattern.fullmatch(value):
            raise BadParameter(
                name, f"The field {name} must match the regular expression '^{pattern.pattern}$'."
            )
        return value

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


def listed(
    request: Request,
    items: Sequence[T],
    row: Callable[[T], Mapping[str, Any]],
    *,
    equal: Sequence[str] = (),
    dates: Sequence[str] = (),
    rows_max: int,
    paged: bool = True,
) -> Response:
    """A page of `items` as `row` writes them, of those that fit the filters in the query.

    `equal` are fields compared as text (a comma list, in brackets or not, means any of them), `dates` those
    whose value may carry an operator. BadParameter for a value that cannot be read.
    """
    query = Query(request)
    tests = [*_equal_tests(query, equal), *_date_tests(query, dates)]
    if not tests and paged:
        numbers, headers = page_of(request, query, len(items), rows_max)
        return array_response((dump(row(items[number])) for number in numbers), headers)
    rows = [made for made in map(row, items) if all(test(made) for test in tests)]
    numbers, headers = page_of(request, query, len(rows), rows_max) if paged else (range(len(rows)), {})
    return array_response((dump(rows[number]) for number in numbers), headers)


def _equal_tests(query: Query, names: Sequence[str]) -> Iterable[Callable[[Mapping[str, Any]], bool]]:
    for name in names:
        value = query.text(name)
        if value is not None:
            wanted = {part.strip().lower() for part in value.strip("[]").split(",")}
            yield partial(_is_one_of, name=name, wanted=wanted)


def _is_one_of(row: Mapping[str, Any], *, name: str, wanted: set[str]) -> bool:
    return _as_text(_get(row, name)) in wanted


def _get(row: Mapping[str, Any], name: str) -> Any:
    if name in row:
        return row[name]
    return next((value for key, value in row.items() if key.lower() == name.lower()), None)


def _as_text(value: Any) -> str:
    return "" if value is None else dump(value).strip('"').lower()


def _date_tests(query: Query, names: Sequence[str]) -> Iterable[Callable[[Mapping[str, Any]], bool]]:
    for name in names:
        value = query.text(name)
        if value is not None:
            low, high = date_range(name, value)
            yield partial(_is_within, name=name, low=low, high=high)


def _is_within(row: Mapping[str, Any], *, name: str, low: date, high: date) -> bool:
    value = _get(row, name)
    return isinstance(value, str) and len(value) >= 10 and low <= date.fromisoformat(value[:10]) <= high


def date_range(name: str, value: str) -> tuple[date, date]:
    """First and last day that fit: `01-31-2024`, `<…`, `>…`, `=…`, `=>…`, `{a,b}`, `={a,b}`, or an ISO
    date(-time) for equality.
    """
    found = _DATE_VALUE.fullmatch(value)
    try:
        if found is None:
            day = iso_moment(name, value.removeprefix("=")).date()
            return day, day
        if found["low"]:
            return _us_date(found["low"]), _us_date(found["high"])
        day, operator = _us_date(found["one"]), found["operator"]
    except ValueError:
        raise BadParameter(name, f"The value '{value}' is not valid for {name}. Use MM-DD-YYYY.") from None
    # Compared with midnight, as a database would: later on the same day is `>`, and nothing of that day is
    # `<`.
    if "<" in operator:
        return date.min, day if "=" in operator else day - timedelta(days=1)
    return (day, date.max) if ">" in operator else (day, day)


def _us_date(text: str) -> date:
    month, day, year = (int(part) for part in text.split("-"))
    if year not in YEARS:
        raise ValueError(text)
    return date(year, month, day)


def iso_moment(name: str, value: str) -> datetime:
    """An ISO date-time without regard to an offset. BadParameter otherwise."""
    try:
        moment = datetime.fromisoformat(value).replace(tzinfo=None)
    except ValueError:
        moment = datetime.min
    if moment.year not in YEARS:
        raise BadParameter(name, f"The value '{value}' is not valid for {name}.")
    return moment

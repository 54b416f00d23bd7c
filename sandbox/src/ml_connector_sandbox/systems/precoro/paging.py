"""Pages of a list, in the old and the new dialect, and lists that move while they are read."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json, Request, Row
from ml_connector_sandbox.systems.precoro.answers import invalid
from ml_connector_sandbox.systems.precoro.filters import values_of

SIZES = (10, 20, 50, 100, 200)
_PAGE_MAX = 1_000_000


def listed(rows: list[Row], request: Request, switches: Switches, write: Callable[[list[Row]], Json]) -> Json:
    """The page that was asked for, with its `meta`."""
    query = request.query
    size = _size(values_of(query, "per_page"), switches)
    pages = max(1, -(-len(rows) // size))
    asked = values_of(query, "page") or "1"
    page = pages if asked == "last" else _page(asked)
    start = (page - 1) * size
    if page > 1:
        start = max(0, start + {"none": 0, "skip": 1, "repeat": -1}[str(switches["page_drift"])])
    shown = _ordered(rows, switches)[start : start + size]
    return {
        **write(shown),
        "meta": {"pagination": _pagination(request, switches, len(rows), len(shown), size, page)},
    }


def _ordered(rows: list[Row], switches: Switches) -> list[Row]:
    order = switches["order"]
    if order == "id":
        return rows
    if order == "newest_first":
        return rows[::-1]
    return sorted(
        rows, key=lambda row: (row["updateDate"], row["id"]), reverse=bool(order == "updated_first")
    )


def _pagination(request: Request, switches: Switches, total: int, count: int, size: int, page: int) -> Json:
    pages = max(1, -(-total // size))
    new = {"has_next_page": page < pages, "current_page": page}
    if switches["paging"] == "new":
        return new
    places = {
        "first": 1,
        "last": pages,
        "next": page + 1 if page < pages else None,
        "prev": page - 1 if page > 1 else None,
    }
    others = [pair for pair in request.query if pair[0] not in ("page", "per_page")]
    base = request.base_url + request.raw_path

    def link(number: int) -> str:
        return f"{base}?{urlencode([*others, ('page', number), ('per_page', size)], errors='replace')}"

    old = {
        "total": total,
        "count": count,
        "per_page": size,
        "current_page": page,
        "total_pages": pages,
        "links": {name: link(number) for name, number in places.items() if number is not None},
    }
    return {**old, **new} if switches["paging"] == "both" else old


def _size(text: str | None, switches: Switches) -> int:
    usual = int(switches["per_page_default"]) if switches["per_page_default"] in SIZES else SIZES[1]
    if text is None:
        return usual
    if text.isascii() and text.isdigit() and len(text) < 5 and int(text) in SIZES:
        return int(text)
    if switches["odd_per_page"] == "refuse":
        raise invalid(per_page="The value you selected is not a valid choice.")
    return usual


def _page(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 8 and 1 <= int(text) <= _PAGE_MAX):
        raise invalid(page="This value should be positive.")
    return int(text)

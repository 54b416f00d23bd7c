"""One page of a list: the rows that the filters leave over, each with every field the vendor lists."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from ml_connector_sandbox.core.vendor import Json, Request, Response
from ml_connector_sandbox.systems.ukg_pro.filters import row_tests
from ml_connector_sandbox.systems.ukg_pro.paging import Query, array_response, page_of
from ml_connector_sandbox.systems.ukg_pro.render import dump
from ml_connector_sandbox.systems.ukg_pro.schema import Schema

T = TypeVar("T")


def listed(
    request: Request,
    schema: Schema,
    items: Sequence[T],
    row: Callable[[T], Json],
    *,
    rows_max: int,
    paged: bool = True,
    seen: Callable[[T], Json] | None = None,
    but: Collection[str] = (),
) -> Response:
    """A page of `items` as `row` writes them, of those that fit the filters in the query.

    `seen` is the row as filters see it, where that is another; `but` names filters that chose `items`
    already. BadParameter for a value that cannot be read.
    """
    query = Query(request)
    wanted = list(row_tests(schema, query, but))
    if not wanted:
        numbers, headers = _page(request, query, len(items), rows_max, paged=paged)
        return array_response((schema.text(row(items[number])) for number in numbers), headers)
    made = [
        whole
        for item in items
        for whole in [schema.whole(row(item))]
        if all(test(whole if seen is None else schema.whole(seen(item))) for test in wanted)
    ]
    numbers, headers = _page(request, query, len(made), rows_max, paged=paged)
    return array_response((dump(made[number]) for number in numbers), headers)


def _page(
    request: Request, query: Query, total: int, rows_max: int, *, paged: bool
) -> tuple[range, dict[str, str]]:
    return page_of(request, query, total, rows_max) if paged else (range(total), {})

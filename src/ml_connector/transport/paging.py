"""Following pages, with a limit on how many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import httpx2

from ml_connector.errors import VendorChanged
from ml_connector.transport.answer import Answer

PAGES_MAX = 10_000

Page = TypeVar("Page")


def follow(
    first: Page, next_of: Callable[[Page], str | None], fetch: Callable[[str], Page]
) -> Iterator[Page]:
    """The first page and every page its links lead to, fetched when asked for. Raises `VendorChanged` for a
    link that was followed before.
    """
    seen: set[str] = set()
    page = first
    yield page
    while link := next_of(page):
        if link in seen or len(seen) >= PAGES_MAX:
            raise VendorChanged(
                "The vendor's pages link back to one another, so the list cannot be read to its end.",
                where="paging",
                support=link,
            )
        seen.add(link)
        page = fetch(link)
        yield page


def link_next(answer: Answer) -> str | None:
    """The address of the next page in the `Link` header (RFC 8288), or `None` on the last page."""
    links = httpx2.Response(200, headers={"link": answer.headers.get("link", "")}).links
    return links.get("next", {}).get("url")

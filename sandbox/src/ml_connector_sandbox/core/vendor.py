"""What a simulated vendor is: one function from a request to a response, and its books.

Everything else in `core` stands around that function. The socket server and the in-process transport hand
requests in; `faults` breaks the wire before or behind it; `clock` is the only time it knows. A vendor is
single-threaded: whoever calls `handle` holds the vendor's lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

Json = dict[str, Any]
Row = dict[str, Any]
"""What a book holds of one thing, by the names of the vendor."""


class Broken(ValueError):
    """One or more business rules refuse a write; the messages are the vendor's, each on a line of its own."""

    def __init__(self, *messages: str) -> None:
        super().__init__("\n".join(messages))
        self.messages = messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request as it arrived.

    `target` is the raw request target (`/a%20b?x=1`); header names are lower-case; `base_url` is how the
    caller reached us (`http://127.0.0.1:9101`), for links in answers.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    base_url: str = "http://sandbox"

    @property
    def raw_path(self) -> str:
        """The path as sent, still percent-encoded."""
        return self.target.partition("?")[0]

    @property
    def path(self) -> str:
        """The decoded path."""
        return unquote(self.raw_path)

    @property
    def query(self) -> list[tuple[str, str]]:
        """Decoded query parameters in the order sent; repeated names stay repeated."""
        return parse_qsl(self.target.partition("?")[2], keep_blank_values=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP answer; `headers` are sent as given, `Content-Length` is added by whoever sends it."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Clock(Protocol):
    """The simulators' time. Real by default; the control API can shift or freeze it."""

    def now(self) -> datetime:
        """The present, aware, UTC."""
        ...


class PinnedClock(Clock, Protocol):
    """A clock that lets work be done, and dated, as of an earlier moment."""

    def pinned(self, moment: datetime) -> AbstractContextManager[None]:
        """Within the block it is that moment."""
        ...


class Vendor(Protocol):
    """A simulated product with one tenant's data in it.

    A vendor may have `failed(request) -> Response`: what it says when its own server fails.
    """

    slug: str
    installation: str
    """The id of this installation; its host sets it, and sets another one with every reset."""

    def handle(self, request: Request) -> Response:
        """Answer one request as the vendor would; changes the books at most once. An exception is an error of
        the simulator: it is written down, and the caller gets what `failed` says.
        """
        ...

    def describe(self, base_url: str) -> Json:
        """`{"base_url", "credentials": {…}, "entities": [{"code", "title", "currency"}, …], "installation"}`
        for someone who wants to connect.
        """
        ...

    def books(self) -> Json:
        """Everything booked or paid, as JSON with amounts as decimal strings, never floats.

        A ledger gives `{"documents": [{"id", "number", "entity", "journal", "date", "period": "2026-07",
        "status", "currency", "lines": [{"account", "amount", "dimensions": {"cost_center": "…"}, "text",
        "reference"}]}]}` with `amount` debit positive; a payroll gives `{"runs": [{"run_id", "company",
        "pay_group", "period_end", "pay_date", "currency", "rows": n, "totals": {"gross", "deductions",
        "employee_taxes", "employer_taxes", "net"}}]}`. Both add `"calls": {"token": n, "read": n, "write": n,
        "by_endpoint": {…}}`: requests answered since the last reset, whatever the answer.
        """
        ...

    def control(self, action: str, arguments: Json) -> Json:
        """Do to the books what a person at the vendor's screen could: `delete`, `double`, `edit` a document,
        close a period, …

        Raises `KeyError` for an action or a document that does not exist.
        """
        ...

    def reset(self) -> None:
        """Back to the seeded state."""
        ...

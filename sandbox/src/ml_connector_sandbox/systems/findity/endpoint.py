"""What an endpoint is, and what it is given: the vendor's books, the call, the places of its path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json, Request, Response, Row
from ml_connector_sandbox.systems.findity.answers import Refused, json_answer, not_found
from ml_connector_sandbox.systems.findity.body import read_object
from ml_connector_sandbox.systems.findity.book import Book


class Tenant(Protocol):
    """The vendor as endpoints see it."""

    book: Book
    switches: Switches


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call that may be made."""

    tenant: Tenant
    request: Request
    params: Mapping[str, str]

    @property
    def book(self) -> Book:
        """The tables."""
        return self.tenant.book

    @property
    def switches(self) -> Switches:
        """What is open about the vendor."""
        return self.tenant.switches

    def body(self) -> Json:
        """The object that was sent."""
        return read_object(self.request, self.switches)

    def organization(self) -> Row:
        """The organization that the path names; `Refused` for none, or one that does not let clients in."""
        row = self.book.get("organizations", self.params["organization"])
        if row is None:
            raise not_found()
        if not row["api"]:
            raise Refused(int(self.switches["api_off_status"]), "API connectivity is not enabled")
        return row

    def found(self, table: str, place: str) -> Row:
        """The record of that organization that the path names; `Refused` for none."""
        row = self.book.get(table, self.params[place])
        if row is None or row["organization"] != self.organization()["id"]:
            raise not_found()
        return row

    def answer(self, value: object, status: int = 200) -> Response:
        """An answer in JSON."""
        return json_answer(value, self.switches, status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One verb on one path below `/api/v1`."""

    method: str
    path: str
    answer: Callable[[Call], Response]

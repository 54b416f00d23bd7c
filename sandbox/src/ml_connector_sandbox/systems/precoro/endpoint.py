"""What an endpoint is, and what it is given: the company, the call, the user who makes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json, Request, Response, Row
from ml_connector_sandbox.systems.precoro.answers import Refused, json_answer, not_found
from ml_connector_sandbox.systems.precoro.body import read_form
from ml_connector_sandbox.systems.precoro.book import FIRST_NUMBERS, Book
from ml_connector_sandbox.systems.precoro.filters import selected
from ml_connector_sandbox.systems.precoro.paging import listed
from ml_connector_sandbox.systems.precoro.render import Records
from ml_connector_sandbox.systems.precoro.signin import is_unrestricted, sees
from ml_connector_sandbox.systems.precoro.webhooks import CREATED, UPDATED, Webhooks

ID_DIGITS_MAX = 12


class Tenant(Protocol):
    """The company as endpoints and screens see it."""

    book: Book
    switches: Switches
    webhooks: Webhooks
    company: Json

    def before_detail(self, row: Row) -> None:
        """What people do to a record just before it is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call that may be made: its user, and the places of its path."""

    tenant: Tenant
    request: Request
    user: Row
    params: Mapping[str, str]

    @property
    def book(self) -> Book:
        """The company's tables."""
        return self.tenant.book

    @property
    def view(self) -> Records:
        """How rows are written."""
        return Records(self.book, self.tenant.switches, self.tenant.company, self.request.base_url)

    def form(self) -> Json:
        """The fields that were sent."""
        return read_form(self.request, self.tenant.switches)

    def found(self, table: str, place: str = "key") -> Row:
        """The record that the path names, by number or by id; `Refused` for none that the user may see."""
        text = self.params[place]
        if table in FIRST_NUMBERS and table != "apdocuments":
            row = self.book.numbered(table, text)
        else:
            is_id = text.isascii() and text.isdigit() and len(text) <= ID_DIGITS_MAX
            row = self.book.get(table, int(text)) if is_id else None
        if row is None:
            raise not_found()
        return self.allowed(table, row)

    def allowed(self, table: str, row: Row) -> Row:
        """The same record, if the user may see it."""
        if not sees(self.book, self.user, table, row):
            if self.tenant.switches["invisible_as"] == "403":
                raise Refused(403, "Access denied")
            raise not_found()
        return row

    def may_write(self, table: str) -> None:
        """`Refused` for a user who may not."""
        if table in self.user["withheld"]:
            raise Refused(403, "Access denied")

    def listing(self, resource: str, *, table: str = "", rows: list[Row] | None = None) -> Response:
        """A list with its filters and pages."""
        table = table or resource
        seen = list(self.book.rows(table)) if rows is None else rows
        if not is_unrestricted(self.user, table):
            seen = [row for row in seen if sees(self.book, self.user, table, row)]
        chosen = selected(resource, seen, self.request.query, self.tenant.switches)
        return json_answer(listed(chosen, self.request, self.tenant.switches, self.view.rows(resource)))

    def detail(self, resource: str, row: Row, status: int = 200) -> Response:
        """One record, whole."""
        return json_answer(self.view.row(resource, row, detail=True), status)

    def tell(self, table: str, row: Row, *, created: bool = False) -> None:
        """Webhooks about a record."""
        self.tenant.webhooks.tell(self.book, table, row, CREATED if created else UPDATED)


Answer = Callable[[Call], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One verb on one path."""

    method: str
    path: str
    answer: Answer

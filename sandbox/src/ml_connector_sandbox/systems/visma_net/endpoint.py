"""What an endpoint is, and one request to it inside a company."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ml_connector_sandbox.core.vendor import Request, Response, Row
from ml_connector_sandbox.systems.visma_net import reads
from ml_connector_sandbox.systems.visma_net.background import Background
from ml_connector_sandbox.systems.visma_net.body import Shape, read_body
from ml_connector_sandbox.systems.visma_net.book import Company, Missing, check_version
from ml_connector_sandbox.systems.visma_net.render import empty, tagged
from ml_connector_sandbox.systems.visma_net.webhooks import Webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request inside a company: `names` are the path's segments, `query` the parameters by lower-case
    name.
    """

    book: Company
    request: Request
    base_url: str
    names: Mapping[str, str]
    query: reads.Query
    background: Background
    webhooks: Webhooks

    @property
    def if_match(self) -> str | None:
        """The version the caller believes in."""
        return self.request.headers.get("if-match")

    def demand_version(self, row: Row, resource: str) -> None:
        """Go on only if the row is the version the caller believes in; `Stale` otherwise."""
        if self.if_match is not None and self.book.conflicts > 0:
            self.book.conflicts -= 1
            self.book.touch(row)
        check_version(row, self.if_match, resource, lenient=self.book.switches["lenient_if_match"])

    def body(self, shape: Shape) -> dict[str, Any]:
        """What the caller sends."""
        return read_body(self.request.body, shape)

    def tell(self, entity: str, event: str, code: str) -> None:
        """Notify whoever asked for it."""
        self.webhooks.tell(self.book.tenant_id, entity, event, code)

    def changed(self, row: Row) -> Response:
        """A change's answer: nothing but the version, which by switch is an older one at the next read."""
        headers = tagged(row)
        if self.book.switches["version_moves_after_write"]:
            self.book.touch(row)
        return empty(204, headers)

    def created(self, path: str, row: Row | None, status: int = 201) -> Response:
        """A creation's answer: nothing but where it is, and its version."""
        return empty(status, {"Location": f"{self.base_url}/{path}", **(tagged(row) if row else {})})


Answer = Callable[[Call], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One verb on one path; `words` say in an error what was tried, `verb` is the scope it needs where the
    method does not tell.
    """

    method: str
    path: str
    answer: Answer
    words: str = ""
    verb: str = ""
    failure: str = "validation_status"


def found(table: Mapping[Any, Row], key: Any) -> Row:
    """The row of that key; `Missing` when there is none."""
    row = table.get(key)
    if row is None:
        raise Missing(str(key))
    return row

"""Calls to the OData service: one at a time per company, over all companies the user may see, lists followed
to their end.

`cross-company=true` goes with every call: without it only the user's default company exists, and rows of
others are "not found". A nextLink may name a host behind the load balancer, so only its path is followed, on
our host.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar
from urllib.parse import quote

import msgspec

from ml_connector.connectors.dynamics_fo import faults, wire
from ml_connector.connectors.dynamics_fo.settings import Options
from ml_connector.errors import VendorChanged
from ml_connector.ports.systems import Wiring
from ml_connector.transport import odata
from ml_connector.transport.auth import Renewal, TokenBroker
from ml_connector.transport.http import Client
from ml_connector.transport.paging import follow

Row = TypeVar("Row", bound=msgspec.Struct)

RENEWAL = Renewal(grant="client_credentials", life_seconds=3599, early_seconds=180)
"""Tokens live about an hour and there is no refresh token; a new one is asked for three minutes early."""

JSON = {"Accept": "application/json"}
WRITE = {"Content-Type": "application/json", "Prefer": "return=representation"}
VALUES, EMPLOYMENTS = "FinancialDimensionValues", "EmploymentsV2"
_SAFE = "$,'()/:*"


def token_broker(options: Options, wiring: Wiring) -> TokenBroker:
    """The sign-in of the connection. The audience must be the environment's address to the letter."""
    if options.token_url.endswith("/v2.0/token"):
        parameters = {"scope": options.scope or f"{options.base_url}/.default"}
    else:
        parameters = {"resource": options.scope or options.base_url}
    return TokenBroker(token_url=options.token_url, renewal=RENEWAL, parameters=parameters, wiring=wiring)


class DynamicsClient:
    """Reads of one connection, by set."""

    def __init__(self, options: Options, wiring: Wiring, broker: TokenBroker) -> None:
        self.http = Client(
            base_url=options.base_url,
            auth=broker,
            wiring=wiring,
            classify=faults.classify,
            one_at_a_time=True,
            headers=JSON,
            write_deadline_seconds=options.deadline_seconds,
            read_deadline_seconds=options.read_deadline_seconds,
        )

    def rows(
        self, entity_set: str, row: type[Row], where: str = "", *, scope: str = "", top: int | None = None
    ) -> Iterator[Row]:
        """Every row, page by page as it is asked for. `where` is a filter with its literals written; what the
        shape holds is asked for.
        """
        shape: type[wire.Page[Row]] = wire.Page[row]  # type: ignore[valid-type]

        def fetch(path: str) -> wire.Page[Row]:
            return self.http.read("GET", path, scope=scope).decode(shape)

        fields = ",".join(name for name in row.__struct_encode_fields__ if not name.startswith("@"))
        query = {"$filter": where, "$select": fields, "$top": "" if top is None else str(top)}
        for page in follow(fetch(address(entity_set, **query)), lambda page: _next(page.next), fetch):
            yield from page.value

    def sets(self) -> frozenset[str]:
        """The sets that the service offers."""
        return frozenset(
            found.name for found in self.http.read("GET", "/data").decode(wire.Page[wire.EntitySet]).value
        )


def _next(link: str | None) -> str | None:
    if link is None:
        return None
    _, found, rest = link.partition("/data/")
    if not found:
        raise VendorChanged(
            "The next page of a list lies outside of the service; it was not followed.",
            where="paging",
            support=link,
        )
    return f"/data/{rest}"


def address(path: str, **query: str) -> str:
    """The path and query of a call; empty parameters are left out."""
    given = [f"{quote(name, safe='$')}={quote(value, safe=_SAFE)}" for name, value in query.items() if value]
    return f"/data/{path}?" + "&".join([*given, "cross-company=true"])


def keyed(entity_set: str, company: str, number: str, line: str = "") -> str:
    """The path of a journal or of a line of it."""
    more = f",LineNumber={line}" if line else ""
    return f"{entity_set}(dataAreaId={_key(company)},JournalBatchNumber={_key(number)}{more})"


def valued(dimension: str, code: str) -> str:
    """The path of a dimension value that all companies share."""
    return f"{VALUES}(FinancialDimension={_key(dimension)},LegalEntityId='',DimensionValue={_key(code)})"


def employed(number: str, company: str, employment: str) -> str:
    """The path of an employment."""
    key = f"PersonnelNumber={_key(number)},LegalEntityId={_key(company)},EmploymentId={_key(employment)}"
    return f"{EMPLOYMENTS}({key})"


def _key(value: str) -> str:
    return quote(odata.text(value), safe="'")

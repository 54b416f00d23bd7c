"""Calls to Exact: one at a time per division, within 60 a minute and 5,000 a day, lists followed to their
end.

The window counts are the vendor's whenever it states them. Addresses are written out here, because `$` and
blanks in a query have one spelling that every region takes. `__next` is followed as it was given; a skip
token is never built.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TypeVar
from urllib.parse import quote

import msgspec

from ml_connector.connectors.exact_online import faults, wire
from ml_connector.connectors.exact_online.settings import Options
from ml_connector.ports.storage import RateLimit
from ml_connector.ports.systems import Wiring
from ml_connector.transport import odata
from ml_connector.transport.auth import Renewal, TokenBroker
from ml_connector.transport.http import Client
from ml_connector.transport.paging import follow

Row = TypeVar("Row", bound=msgspec.Struct)

RENEWAL = Renewal(
    life_seconds=600,
    earliest_seconds=570,
    early_seconds=30,
    grace_seconds=600,
    consent_days=30,
    idle_days=7,
    too_early=lambda text: "not expired" in text.lower() or "tooearly" in text.lower(),
)
"""Source: OAuth pages of the vendor, read 2026-01. An old refresh token works for ten minutes while the new
pair was never used.
"""

NOT_RECORDED = ("webhooks/", "documents/DocumentAttachments")
JSON = {"Accept": "application/json"}
EVERY = f"Modified gt {odata.moment(date(1970, 1, 1))}"
"""Exact demands a filter on accounts and relations, by code, id or time of change: this one leaves nothing
out.
"""
WRITE = {"Content-Type": "application/json", "Prefer": "return=representation"}


def token_broker(options: Options, wiring: Wiring) -> TokenBroker:
    """The sign-in of the connection; 144 renewals a day at the most, of the 200 token calls that Exact
    allows.
    """
    return TokenBroker(
        token_url=f"{options.base_url}/api/oauth2/token",
        consent_url=f"{options.base_url}/api/oauth2/auth",
        redirect_uri=options.redirect_uri,
        renewal=RENEWAL,
        wiring=wiring,
    )


def windows(options: Options) -> tuple[RateLimit, ...]:
    """The limits of one app and division; a limit of 0 is not counted."""
    declared = ((faults.MINUTE, options.calls_per_minute, 60), (faults.DAY, options.calls_per_day, 86_400))
    return tuple(
        RateLimit(name=name, limit=limit, seconds=seconds) for name, limit, seconds in declared if limit
    )


class ExactClient:
    """Reads of one connection, by division and path. Subscriptions are not recorded, because they name the
    path that nobody else may know, nor are files: they are kept elsewhere, and name people.
    """

    def __init__(self, options: Options, wiring: Wiring, broker: TokenBroker) -> None:
        self.http = Client(
            base_url=options.base_url,
            auth=broker,
            wiring=wiring,
            classify=faults.classifier(wiring.clock.now),
            windows=windows(options),
            learn=faults.limits,
            errors=(
                RateLimit(name="errors", limit=options.errors_per_hour, seconds=3600)
                if options.errors_per_hour
                else None
            ),
            one_at_a_time=True,
            personal=[
                f"/api/v1/{division}/{path}" for division in options.divisions for path in NOT_RECORDED
            ],
            headers=JSON,
            write_deadline_seconds=options.deadline_seconds,
            read_deadline_seconds=options.read_deadline_seconds,
        )

    def rows(
        self, division: str, path: str, row: type[Row], *, select: str = "", where: str = ""
    ) -> Iterator[Row]:
        """Every row, page by page as it is asked for. `select` lists field names, `where` is a filter with
        its literals written.
        """
        shape: type[wire.Page[Row]] = wire.Page[row]  # type: ignore[valid-type]

        def fetch(address: str) -> wire.Page[Row]:
            return self.http.read("GET", address, scope=division).decode(shape)

        query = {"$filter": where, "$select": select}
        for page in follow(fetch(address(division, path, query)), lambda page: page.next, fetch):
            yield from page.rows

    def one(self, division: str, path: str, row: type[Row], query: dict[str, str] | None = None) -> Row:
        """A single record or the answer of a function."""
        shape: type[wire.One[Row]] = wire.One[row]  # type: ignore[valid-type]
        return self.http.read("GET", address(division, path, query or {}), scope=division).decode(shape).d

    def has_right(self, division: str, endpoint: str, method: str) -> bool:
        """Whether the user may call the endpoint; asks Exact's own register of rights and tries nothing
        out.
        """
        query = {"endpoint": f"'{endpoint}'", "method": method}
        return self.one(division, "users/UserHasRights", wire.HasRights, query).UserHasRights

    def current_division(self) -> str:
        """The division the user last opened: only good for asking which divisions there are."""
        shape = wire.Page[wire.Me]
        page = self.http.read("GET", "/api/v1/current/Me?$select=CurrentDivision").decode(shape)
        return str(page.rows[0].CurrentDivision) if page.rows else ""


def address(division: str, path: str, query: dict[str, str]) -> str:
    """The path and query of a call, blanks as %20; empty parameters are left out."""
    given = [f"{name}={quote(value, safe=_SAFE)}" for name, value in query.items() if value]
    return f"/api/v1/{division}/{path}" + ("?" + "&".join(given) if given else "")


_SAFE = "$,'()/:"


def document_address(options: Options, division: str, reference: str) -> str:
    """The address of a general journal entry in the API, the only stable link that Exact documents."""
    return (
        f"{options.base_url}/api/v1/{division}/generaljournalentry/GeneralJournalEntries(guid'{reference}')"
    )


def fields(row: type[msgspec.Struct], leave_out: Sequence[str] = ()) -> str:
    """The field names of a wire shape, for `$select`: what is read is what is asked for."""
    return ",".join(name for name in row.__struct_fields__ if name not in leave_out)

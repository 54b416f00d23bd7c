"""Calls to UKG: signed in, within the budget, lists followed to their end.

The `Link` header says whether there is a next page. Only its query is used, on the host and path that were
asked: the host in it is not used. Where no `Link` comes at all the next page is asked for until one is empty;
a short page proves nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from urllib.parse import quote, urlencode, urlsplit

from ml_connector.connectors.ukg_pro import faults, wire
from ml_connector.connectors.ukg_pro.declared import BEARER
from ml_connector.connectors.ukg_pro.settings import Options
from ml_connector.errors import NotFound, SignInLost, VendorChanged
from ml_connector.ports.storage import RateLimit, Vault
from ml_connector.ports.systems import Wiring
from ml_connector.transport.answer import Answer
from ml_connector.transport.auth import Renewal, TokenBroker, basic
from ml_connector.transport.exchange import Unsendable
from ml_connector.transport.http import Auth, Client
from ml_connector.transport.paging import PAGES_MAX, link_next
from ml_connector.transport.settings import secret_of

Row = TypeVar("Row")
GENERAL_LEDGER = "/payroll/v2/general-ledger"
PAY_PERIODS = "/payroll/v1/paygroup-payperiods"
PAY_REGISTER = "/payroll/v1/pay-register"
COMPANIES = "/configuration/v1/company-details"
ORG_LEVELS, LOCATIONS = "/configuration/v1/org-levels", "/configuration/v1/locations"
PROJECTS, JOBS = "/configuration/v1/code-tables/PROJECT", "/configuration/v2/jobs"
PEOPLE = "/personnel/"
EMPLOYMENTS, PERSONS = f"{PEOPLE}v1/employment-details", f"{PEOPLE}v1/person-details"
JOB_HISTORY = f"{PEOPLE}v1/employee-job-history-details"
MINUTE = "minute"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccount:
    """Signs requests in with the web service account. Secrets are read when they are needed, so a new
    password counts at once.
    """

    username: str
    vault: Vault
    user_key_header: str = "x-api-key"

    def headers(self) -> Mapping[str, str]:
        """Basic and the customer key; the user key where there is one."""
        stored = self.vault.every()
        for name in ("password", "customer_api_key"):
            if not stored.get(name):
                raise Unsendable(
                    f"This connection has no {name.replace('_', ' ')}. Enter it in the connection.",
                    where=name,
                    code="secret.missing",
                )
        user_key = stored.get("user_api_key")
        return {
            "Authorization": basic(self.username, stored["password"]),
            **customer_key(stored["customer_api_key"]),
            **({self.user_key_header: user_key} if user_key else {}),
        }

    def refused(self, headers: Mapping[str, str]) -> bool:
        """Nothing else can be tried."""
        return False

    def secrets(self) -> Sequence[str]:
        """What must not be seen beside what the vault holds: nothing."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformToken:
    """Signs requests in with a token of the Developer Console, and the customer key where there is one."""

    broker: TokenBroker
    vault: Vault

    def headers(self) -> Mapping[str, str]:
        """Bearer, the organization and the keys."""
        key = secret_of(self.vault, "customer_api_key")
        return {**self.broker.headers(), **(customer_key(key) if key else {})}

    def refused(self, headers: Mapping[str, str]) -> bool:
        """Whether a new token could be had."""
        return self.broker.refused(headers)

    def secrets(self) -> Sequence[str]:
        """What must not be seen beside what the vault holds: the tokens."""
        return self.broker.secrets()


def customer_key(value: str) -> dict[str, str]:
    """The header of the customer key."""
    return {"US-Customer-Api-Key": value}


def sign_in(options: Options, wiring: Wiring) -> Auth:
    """How the connection signs in."""
    if options["auth"] == BEARER:
        return platform_token(options, wiring)
    return ServiceAccount(
        username=options["username"], vault=wiring.vault, user_key_header=options["user_key_header"]
    )


def platform_token(options: Options, wiring: Wiring) -> PlatformToken:
    """How platform endpoints are signed in to."""
    organization = options["organization"]
    broker = TokenBroker(
        token_url=options["token_url"],
        wiring=wiring,
        renewal=Renewal(grant="client_credentials", life_seconds=3600, early_seconds=60),
        parameters={"audience": options["audience"], "organization": organization},
        extra_headers={"global-tenant-id": organization},
    )
    return PlatformToken(broker=broker, vault=wiring.vault)


class UkgClient:
    """Reads of one connection."""

    def __init__(self, options: Options, wiring: Wiring) -> None:
        self._options, self._vault, self.in_background = options, wiring.vault, wiring.in_background
        self._asked_installation = False
        calls = options.calls_per_minute
        self.http = Client(
            base_url=options["base_url"],
            auth=sign_in(options, wiring),
            wiring=wiring,
            classify=faults.classify,
            windows=(RateLimit(name=MINUTE, limit=calls, seconds=60),) if calls else (),
            headers={"Accept": "application/json"},
            personal=(PEOPLE, PAY_REGISTER, options["changes_path"]),
            read_deadline_seconds=options.read_deadline_seconds,
        )

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        """One answer. Raises what `Client.read` raises; a 401 names all that could be wrong."""
        try:
            return self.http.read("GET", address(path, query or {}))
        except SignInLost as error:
            bearer = self._options["auth"] == BEARER
            raise faults.sign_in_lost(error, bearer, bool(secret_of(self._vault, "user_api_key"))) from error

    def rows(
        self, path: str, row: type[Row], query: Mapping[str, str] | None = None, ahead: bool = False
    ) -> Iterator[Row]:
        """Every row of a list, page by page as it is asked for, or `ahead` as by `pages`. An absent list is
        an empty one.
        """
        try:
            for answer in self.pages(path, query, ahead=ahead):
                rows = answer.decode_list(row)
                del answer
                yield from rows
        except NotFound:
            return

    def first_page(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        """The first page of a list; raises `NotFound` for a 404."""
        return self.get(self._asked(path, query))

    def pages(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        first: Answer | None = None,
        ahead: bool = False,
    ) -> Iterator[Answer]:
        """Every page of a list; the last one may be empty. `first` is the first page, where it was fetched
        before.

        With `ahead` the next page is fetched while the caller works on this one: for a caller who reads to
        the end.

        Raises `NotFound` when the first page is a 404, `VendorChanged` when the pages lead in a circle, or to
        one that is not there.
        """
        asked = self._asked(path, query)
        page = [first or self.get(asked)]
        del first
        seen = {asked}
        for number in range(2, PAGES_MAX):
            following = next_address(path, asked, page[0], number)
            coming = (
                self.in_background(partial(self.get, following))
                if following and ahead
                else partial(self.get, following or "")
            )
            before = None if "link" in page[0].headers else hashlib.sha256(page[0].body).digest()
            yield page.pop()  # which the caller alone has then: a page is megabytes
            if following is None:
                return
            try:
                page.append(coming())
            except NotFound as error:
                if before is None:
                    text = (
                        f"UKG links to page {number} of {path} and does not have it: the list is not whole."
                    )
                    raise VendorChanged(text, where=path, support=following or "") from error
                return
            del coming
            same = before is not None and hashlib.sha256(page[0].body).digest() == before
            if following in seen or (same and not is_empty(page[0])):
                break
            seen.add(following)
        text = "UKG's pages link back to one another, or have no end, so the list cannot be read to its end."
        raise VendorChanged(text, where=path, support=asked)

    def _asked(self, path: str, query: Mapping[str, str] | None) -> str:
        """A page is of as many rows as the query says, or as the connection does."""
        asked = {"per_Page": str(self._options.page_rows)} if "per_page" not in (query or {}) else {}
        return address(path, {**(query or {}), **asked})

    def installation(self, path: str, query: Mapping[str, str]) -> str:
        """In a sandbox the installation that the simulator names: one row is asked for where nothing was
        asked yet. Empty where it names none, and on a real host.
        """
        if not self._options.sandbox:
            return ""
        if not self.http.installation and not self._asked_installation:
            with suppress(NotFound):
                self.get(path, query)
            self._asked_installation = True
        return self.http.installation

    def companies(self) -> list[wire.Company]:
        """The companies of the tenant."""
        return list(self.rows(COMPANIES, wire.Company))


def address(path: str, query: Mapping[str, str]) -> str:
    """Path and query of a call."""
    return f"{path}?{urlencode(query, quote_via=quote)}" if query else path


def next_address(path: str, asked: str, answer: Answer, number: int) -> str | None:
    """Path and query of the page after this one, page `number`; `None` after the last."""
    if "link" in answer.headers:
        link = link_next(answer)
        return f"{path}?{urlsplit(link).query}" if link else None
    return None if is_empty(answer) else f"{asked}&page={number}"


def is_empty(answer: Answer) -> bool:
    """Whether the page holds no rows."""
    return answer.body.strip() in (b"[]", b"")

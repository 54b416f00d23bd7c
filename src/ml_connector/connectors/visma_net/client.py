"""Calls to the API: one at a time for a company, with a token of its own, within the quota that Visma states,
lists read to their proven end.

Unknown and malformed parameters are ignored by Visma and answered with unfiltered rows, so the rows are
checked, and never the request. Every row of a paged list has the number of rows; the list is used when that
number is the same on the first and the last page and as many rows were read.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import msgspec
from joserfc.errors import JoseError
from joserfc.jws import extract_compact

from ml_connector.connectors.visma_net import faults, wire
from ml_connector.connectors.visma_net.settings import Options
from ml_connector.errors import OutcomeUnknown, Refused, SignInLost, VendorChanged
from ml_connector.ports.sinks import Gate
from ml_connector.ports.storage import RateLimit
from ml_connector.ports.systems import Wiring
from ml_connector.transport.answer import UNREADABLE, Answer
from ml_connector.transport.auth import Renewal, TokenBroker
from ml_connector.transport.exchange import encode
from ml_connector.transport.http import Client
from ml_connector.transport.paging import PAGES_MAX

T = TypeVar("T")
R = TypeVar("R", bound=wire.Row)

RENEWAL = Renewal(grant="client_credentials", life_seconds=3600, early_seconds=180)
"""A token lives an hour and there is no refresh token; a new one is asked for three minutes early."""

JSON = {"Accept": "application/json", "User-Agent": "ml-connector"}
PEOPLE = "/v1/employee"
"""Where answers show more of people than is taken, so that no body of theirs is kept."""
PAGE_SIZE = 1000
"""What is asked for. Visma cuts a page down to its own maximum without saying so."""
CRAWLS = 3
"""How often a list that changes while it is read is begun again."""

_REFUSED_TOKEN = (
    "Visma Connect gave a token for company {company}, and the API does not accept it (401). Most often the"
    " tenant id is the customer's, not the company's: take the company's tenant id from Visma Admin. Else the"
    " company's administrator has not approved the application in the Visma App Store, or not since its"
    " scopes changed. Authorise it there, correct the connection, and go on."
)


def token_broker(options: Options, wiring: Wiring, company: str) -> TokenBroker:
    """The sign-in to a company. Its token is kept under the tenant id it was given for, so one of another
    tenant id is never taken for it.
    """
    tenant = options.companies[company]
    parameters = {"scope": options.scope, "tenant_id": tenant}
    apart = replace(wiring, tokens=wiring.tokens.of(tenant.lower()))
    return TokenBroker(token_url=options.token_url, renewal=RENEWAL, parameters=parameters, wiring=apart)


class VismaClient:
    """Reads and writes of one company."""

    def __init__(self, options: Options, wiring: Wiring, company: str) -> None:
        self.company, self._scopes_asked = company, options.scope
        self._broker = token_broker(options, wiring, company)
        declared = (
            (RateLimit(name=faults.HOUR, limit=options.calls_per_hour, seconds=3600),)
            if options.calls_per_hour
            else ()
        )
        self.http = Client(
            base_url=options.base_url,
            auth=self._broker,
            wiring=wiring,
            classify=faults.classify,
            windows=declared,
            learn=faults.limits(wiring.clock.now),
            one_at_a_time=True,
            personal=(PEOPLE,),
            headers=JSON,
            write_deadline_seconds=options.deadline_seconds,
            read_deadline_seconds=options.read_deadline_seconds,
        )

    def get(self, path: str, **query: str) -> Answer:
        """One read. Raises `SignInLost` with what a refused token means here."""
        with self._explain_sign_in_errors():
            return self.http.read("GET", path, scope=self.company, params=query)

    def scopes(self) -> frozenset[str]:
        """What the company's token may be used for."""
        return granted_scopes(self._broker.wiring.tokens.read().access_token, self._scopes_asked)

    def every(self, path: str, row: type[T], **query: str) -> list[T]:
        """Every row of a list that has no pages."""
        return self.get(path, **query).decode_list(row)

    def must_exist(self, path: str, row: type[T], **query: str) -> list[T]:
        """Every row of a list that no company is without. Raises `Refused` for an empty one: the token then
        leads elsewhere.
        """
        rows = self.every(path, row, **query)
        if not rows:
            text = (
                f"Visma answers {path} with an empty list, which no company has. The tenant id or the company"
                " is not the right one."
            )
            raise Refused(text, where="company", code="company.empty")
        return rows

    def pages(
        self, path: str, row: type[R], parts: Callable[[R], Iterable[Hashable]], **query: str
    ) -> list[R]:
        """Every row of a paged list. `parts` names what the list counts in a row: the row itself, or the
        lines of a batch.

        Raises `OutcomeUnknown` when the list changed during every attempt, so that an empty result can be
        relied on.
        """
        for _ in range(CRAWLS):
            rows, whole = self._crawl(path, row, parts, query)
            if whole:
                return rows
        text = f"The list {path} kept changing while it was read, so it was not used. It is read again later."
        raise OutcomeUnknown(text, where=path)

    def _crawl(
        self, path: str, row: type[R], parts: Callable[[R], Iterable[Hashable]], query: Mapping[str, str]
    ) -> tuple[list[R], bool]:
        rows: list[R] = []
        seen: set[Hashable] = set()
        totals: list[int] = []
        for number in range(1, PAGES_MAX + 1):
            answer = self.get(path, pageSize=str(PAGE_SIZE), pageNumber=str(number), **query)
            page = answer.decode_list(row)
            if not page:
                return rows, not rows
            if page[0].metadata is None:
                raise VendorChanged(
                    f"Rows of {path} do not say how many there are, so the end of the list cannot be proven.",
                    where=path,
                )
            rows.extend(page)
            totals.append(page[0].metadata.totalCount)
            seen.update(part for found in page for part in parts(found))
            if len(seen) >= totals[-1]:
                return rows, totals[0] == totals[-1] == len(seen)
        raise VendorChanged(f"The list {path} has more than {PAGES_MAX} pages.", where=path)

    @contextmanager
    def prepare(
        self, method: str, path: str, body: Any, version: str = ""
    ) -> Iterator[Callable[[Gate], Answer]]:
        """A write made ready; with a version it is done only while the record still has it."""
        headers = {"Content-Type": "application/json"}
        if version:
            headers["If-Match"] = f'"{version}"'
        with (
            self._explain_sign_in_errors(),
            self.http.prepare(
                method, path, scope=self.company, headers=headers, content=encode(body)
            ) as post,
        ):
            yield post

    def write(self, method: str, path: str, body: Any, version: str) -> Answer:
        """A write that may be repeated: it sets fields to given values, and Visma carries it out only while
        the record has the version.
        """
        with self.prepare(method, path, body, version) as post:
            return post(lambda: None)

    @contextmanager
    def _explain_sign_in_errors(self) -> Iterator[None]:
        try:
            yield
        except SignInLost as error:
            where, text = error.problem.where, f"Company {self.company}: {error.problem.text}"
            if where == "sign-in" and "(401)" in text:
                where, text = "tenant_id", _REFUSED_TOKEN.format(company=self.company)
            raise SignInLost(text, where=where, support=error.support) from error


def granted_scopes(token: str, asked: str) -> frozenset[str]:
    """The scopes that the access token names; those that were asked for where it names none, because Connect
    refuses what it does not grant.
    """
    try:
        claims: Any = msgspec.json.decode(extract_compact(token.encode()).payload)
        named = claims.get("scope")
    except (JoseError, *UNREADABLE, ValueError, AttributeError):
        named = None
    if isinstance(named, list) and named:
        return frozenset(map(str, named))
    return frozenset((named if isinstance(named, str) and named else asked).split())


def version(answer: Answer) -> str:
    """The version in the answer's `ETag`, bare; empty where it has none."""
    return answer.headers.get("etag", "").removeprefix("W/").strip().strip('"')

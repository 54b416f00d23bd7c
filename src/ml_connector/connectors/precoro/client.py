"""Calls to Precoro: signed in by key and e-mail, one at a time, a pace apart, the same read never twice
within a minute, lists followed to their end in both forms of paging.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

import msgspec

from ml_connector.connectors.precoro import faults, wire
from ml_connector.connectors.precoro.settings import TOKEN, Options
from ml_connector.errors import SignInLost, VendorChanged
from ml_connector.ports.storage import Vault
from ml_connector.ports.systems import Wiring
from ml_connector.transport.answer import Answer
from ml_connector.transport.exchange import Unsendable
from ml_connector.transport.paced import PacedClient
from ml_connector.transport.settings import secret_of

Query = Sequence[tuple[str, str]]
"""Names and values in order; a name may stand more than once."""
INVOICES, USERS, LEGAL_ENTITIES, ATTACHMENTS = "/invoices", "/users", "/legalentities", "/attachments"
READ_ATTEMPTS = 2
"""A read that failed counts as one that was made, and its repeat waits a minute."""
PAGES_MAX = 1000
LONG_AGO, DAY_SECONDS = datetime(2001, 1, 1), 86_400
"""Before anything was entered in Precoro."""
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True, kw_only=True)
class UserKey:
    """Signs requests in with key and e-mail. The key is read when it is needed, so a new one counts at
    once.
    """

    email: str
    vault: Vault

    def headers(self) -> Mapping[str, str]:
        """Both headers; Precoro needs both."""
        if not (key := secret_of(self.vault, TOKEN)):
            text = "This connection has no API key. Enter it in the connection."
            raise Unsendable(text, where=TOKEN, code="secret.missing")
        return {"X-AUTH-TOKEN": key, "email": self.email}

    def refused(self, headers: Mapping[str, str]) -> bool:
        """Nothing else can be tried."""
        return False

    def secrets(self) -> Sequence[str]:
        """What must not be seen beside what the vault holds: nothing."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A page of a list, and whether another one follows; `None` where the list does not say."""

    answer: Answer
    rows: list[msgspec.Raw]
    more: bool | None


class PrecoroClient:
    """Reads and writes of one connection."""

    def __init__(self, options: Options, wiring: Wiring) -> None:
        now = wiring.clock.now
        self.options, self._page_rows = options, str(options.whole("page_rows"))
        self.http = PacedClient(
            base_url=options["base_url"],
            auth=UserKey(email=options["email"], vault=wiring.vault),
            wiring=wiring,
            classify=lambda answer: faults.classify(answer, now()),
            windows=faults.windows(options),
            learn=faults.learning(options, now),
            one_at_a_time=True,
            headers={"Accept": "application/json"},
            personal=(USERS,),
            write_deadline_seconds=options.numbers["deadline_seconds"],
            read_deadline_seconds=options.numbers["read_deadline_seconds"],
            read_attempts=READ_ATTEMPTS,
            same_read_seconds=options.whole("same_read_seconds"),
        )

    def get(self, path: str, query: Query = ()) -> Answer:
        """One answer. Raises what `Client.read` raises; a 401 names all that could be wrong."""
        with explained():
            return self.http.read("GET", f"{path}?{urlencode(query)}" if query else path)

    def page(self, path: str, query: Query = (), number: int = 1, rows: str = "") -> Listed:
        """One page of a list."""
        answer = self.get(path, (*query, ("page", str(number)), ("per_page", rows or self._page_rows)))
        page = answer.decode(wire.Page)
        return Listed(answer=answer, rows=page.data, more=_more(page))

    def pages(self, path: str, query: Query = ()) -> Iterator[Listed]:
        """Every page of a list. Where the list does not say whether another one follows, pages are asked for
        until one is empty: a short one proves nothing.

        Raises `VendorChanged` for a list without an end, and for an empty page that is not the last.
        """
        for number in range(1, PAGES_MAX + 1):
            page = self.page(path, query, number)
            yield page
            if page.more is False or (page.more is None and not page.rows):
                return
            if not page.rows:
                text = (
                    f"Page {number} of {path} is empty, and Precoro says that more follow: it is not whole."
                )
                raise VendorChanged(text, where=path, support=page.answer.support())
        raise VendorChanged(f"The list {path} has more than {PAGES_MAX} pages.", where=path)

    def patch(self, path: str, fields: Query) -> Answer:
        """Set fields of a record. Raises `NotSent`, `Refused` or `OutcomeUnknown`."""
        return self.write("PATCH", path, fields)

    def write(self, method: str, path: str, fields: Query) -> Answer:
        """Send a form, once. Raises as `patch`."""
        content = urlencode(fields).encode()
        with explained(), self.http.prepare(method, path, headers=FORM, content=content) as send:
            return send(lambda: None)

    def installation(self) -> str:
        """In a sandbox the installation that the simulator names; empty where it names none, and on a real
        host. Asked with the time, because the same question is refused for a minute.
        """
        if self.options.sandbox and not self.http.installation:
            now = self.http.wiring.clock.now()
            self.get(INVOICES, (("modifiedSince", written(now)), ("per_page", "10")))
        return self.http.installation


@contextmanager
def explained() -> Iterator[None]:
    """What a 401 means here."""
    try:
        yield
    except SignInLost as error:
        raise faults.sign_in_lost(error) from error


def invoice_path(idn: str) -> str:
    """Where an invoice is: documents are addressed by `idn`, everything else by `id`."""
    return f"{INVOICES}/{quote(idn, safe='')}"


def written(moment: object) -> str:
    """A time as filters of Precoro take it: UTC, without a zone."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}"


def anew(now: datetime) -> tuple[str, str]:
    """A filter that leaves nothing out and is another one each second: what changed since a day long ago."""
    return "modifiedSince", written(LONG_AGO + timedelta(seconds=now.timestamp() % DAY_SECONDS))


def _more(page: wire.Page) -> bool | None:
    """Whether a page follows, by the newer form of paging, else by the older."""
    meta = wire.ref(page.meta, wire.Meta)
    pagination = meta.pagination if meta else None
    if pagination is None:
        return None
    if pagination.has_next_page is not None:
        return pagination.has_next_page
    if pagination.total_pages is not None and pagination.current_page is not None:
        return pagination.current_page < pagination.total_pages
    return None

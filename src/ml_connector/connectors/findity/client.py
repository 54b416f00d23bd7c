"""Calls to Findity: signed in as a client, lists read to their end and only used whole.

A list may move while it is read: a row that nobody changed slips past the page that comes next. So a list of
several pages is used only where it has as many rows as it says, or where two readings agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from ml_connector.connectors.findity import faults, wire
from ml_connector.connectors.findity.names import API, TOKEN_PATH
from ml_connector.connectors.findity.settings import OFFSET, Options
from ml_connector.connectors.findity.wire import Record
from ml_connector.errors import OutcomeUnknown, VendorChanged
from ml_connector.ports.systems import Wiring
from ml_connector.transport.answer import Answer, whole_number
from ml_connector.transport.auth import Renewal, TokenBroker
from ml_connector.transport.http import Client

RENEWAL = Renewal(grant="client_credentials", life_seconds=3600, early_seconds=180, spends_refresh_token=True)
"""An hour, with a refresh token that works once. Source: Findity developer pages, accessing, read
2026-11-30.
"""
PAGES_MAX = 1000
CRAWLS = 3
"""How often a list that moves while it is read is begun again."""
JSON = {"Accept": "application/json"}
WRITE = {"Content-Type": "application/json"}
Row = tuple[str, Record]
"""A row of a list with the id that tells it apart."""


class FindityClient:
    """Reads and writes of one connection."""

    def __init__(self, options: Options, wiring: Wiring) -> None:
        self.options, self.names = options, options.names
        self.http = Client(
            base_url=options["base_url"],
            auth=TokenBroker(token_url=options["base_url"] + TOKEN_PATH, renewal=RENEWAL, wiring=wiring),
            wiring=wiring,
            classify=faults.classifier(options.names["message"]),
            windows=faults.windows(options.whole("calls_per_minute")),
            headers=JSON,
            personal=(API + options.names["path_exports"].partition("{")[0],),
            write_deadline_seconds=options.numbers["deadline_seconds"],
            read_deadline_seconds=options.numbers["read_deadline_seconds"],
        )

    def every(self, path: str, key: str, query: Mapping[str, str] | None = None) -> list[Record]:
        """Every row of a list in its order, each once by the field `key`.

        Raises `OutcomeUnknown` for a list that kept moving, `VendorChanged` for one that cannot be read, and
        what `Client.read` raises.
        """
        before: list[str] | None = None
        for _ in range(CRAWLS):
            rows, pages, total = self._crawl(path, key, query or {})
            whole = total is None or total == len(rows)
            if (pages == 1 and whole) or (total is not None and whole):
                return [*rows.values()]
            if total is None and before == list(rows):
                return [*rows.values()]
            before = list(rows)
        text = f"The list {path} kept changing while it was read, so it was not used. It is read later."
        raise OutcomeUnknown(text, where=path)

    def _crawl(
        self, path: str, key: str, query: Mapping[str, str]
    ) -> tuple[dict[str, Record], int, int | None]:
        """The rows, how many pages they came on, and how many there are by what the last page says."""
        found, read = dict[str, Record](), 0
        size = self.options.whole("page_rows")
        for number in range(1, PAGES_MAX + 1):
            by = self.options["paging"]
            at = {self.names[by]: str(read if by == OFFSET else number), self.names["page_size"]: str(size)}
            rows, total = self._page(path, {**query, **at})
            read += len(rows)
            keyed = {self._key(row, key, path): row for row in rows}
            new = keyed.keys() - found.keys()
            found.update(keyed)
            ended = len(found) >= total if total is not None else not new
            if not rows or ended or (number > 1 and not new):
                return found, number, total
        raise VendorChanged(f"The list {path} has more than {PAGES_MAX} pages.", where=path)

    def _page(self, path: str, query: Mapping[str, str]) -> tuple[list[Record], int | None]:
        answer = self.http.read("GET", f"{path}?{urlencode(query)}")
        body = wire.decoded(answer)
        total = None
        if isinstance(body, dict):
            total = whole_number(str(body.get(self.names["total_count"], "")))
            body = body.get(self.names["items"])
        if not isinstance(body, list):
            text = (
                f"The list {path} has no {self.names['items']}. Name the right field in `names` of the"
                " connection, or report it to our support."
            )
            raise VendorChanged(text, where=path)
        try:
            return wire.records(body, self.names, path), total
        except ValueError as error:
            raise unreadable(path, error) from error

    def _key(self, row: Record, key: str, path: str) -> str:
        found = row.fields.get(key)
        if not isinstance(found, str | int) or isinstance(found, bool) or not str(found):
            raise unreadable(path, ValueError(f"{key} is missing"))
        return str(found)

    def write(self, method: str, path: str, body: Mapping[str, Any]) -> Answer:
        """Send a record, once. Raises `NotSent`, `Refused` or `OutcomeUnknown`."""
        content = msgspec.json.encode(body)
        with self.http.prepare(method, path, headers=WRITE, content=content) as send:
            return send(lambda: None)

    def installation(self) -> str:
        """In a sandbox the installation that the simulator names; empty where it names none, and on a real
        host.
        """
        if self.options.sandbox and not self.http.installation:
            self.http.read("GET", self.names.path("organizations"))
        return self.http.installation


def unreadable(path: str, error: ValueError) -> VendorChanged:
    """The error for a record that does not have the fields that are expected."""
    text = (
        f"A record of {path} cannot be read: {error}. If Findity calls it otherwise, name it in `names` of"
        " the connection; else report it to our support."
    )
    return VendorChanged(text, where=path)

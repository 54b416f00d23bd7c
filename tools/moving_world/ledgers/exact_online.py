"""An Exact Online ledger: divisions, entries that people may change and delete for ever, a consent that is
given in a browser.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from ml_connector_sandbox.core.vendor import Clock, Request
from ml_connector_sandbox.judges.coloured import UNITS
from ml_connector_sandbox.systems.exact_online.book import DivisionBook
from ml_connector_sandbox.systems.exact_online.routes import ExactOnline
from moving_world.ledgers.ledger import (
    KINDS,
    OTHER_ACCOUNTS,
    TIMES,
    Document,
    Removal,
    cents_of,
    other_lines,
    pay_lines,
)

_TYPES = {"wages": 125, "employer cost": 126, "taxes": 29, "employer liability": 100}


class ExactLedger:
    """One tenant."""

    slug = "exact_online"
    journals: tuple[str, ...] = ("95", "96")
    axes: tuple[str, ...] = ("cost_center",)
    signs_in = True

    def __init__(
        self,
        name: str,
        entities: Sequence[str],
        cost_centers: Sequence[str],
        clock: Clock,
        seed: int,
        *,
        lag_seconds: int = 0,
        keeps_marker: bool = True,
    ) -> None:
        self.name, self.entities, self.lag_seconds = name, tuple(entities), lag_seconds
        ledger = {
            "company": {"name": name, "country": "US", "currency": "USD"},
            "divisions": [{"code": code, "title": f"{name} {code}", "currency": "USD"} for code in entities],
            "accounts": [
                *(_account(code, kind) for code, kind in KINDS.items()),
                *map(_other, OTHER_ACCOUNTS),
            ],
            "journals": [{"code": code, "description": "Payroll", "type": 90} for code in self.journals],
            "cost_centers": [{"code": code, "description": code} for code in cost_centers],
            "periods": {"first_year": 2026, "years": 1},
        }
        switches = {"visibility_lag_seconds": lag_seconds, "ignores_our_ref": not keeps_marker}
        self.vendor = ExactOnline(data=ledger, clock=clock, seed=seed, profile="fast", switches=switches)
        self._seen: dict[str, tuple[int, int]] = {}

    def settings(self, port: int, host: str = "127.0.0.1") -> dict[str, str]:
        """What somebody types in who connects it."""
        described = self.vendor.describe("")["credentials"]
        return {
            **{name: described[name] for name in ("redirect_uri", "client_id", "client_secret")},
            "base_url": f"http://{host}:{port}",
            "division": ",".join(self.entities),
            "calls_per_minute": "0",
            "calls_per_day": "0",
            "errors_per_hour": "0",
            **TIMES,
        }

    def secrets(self) -> dict[str, str]:
        """The client secret and every token that was given out."""
        tokens = self.vendor.sign_in.tokens
        given = [*tokens._by_access, *tokens._by_refresh]
        named = {f"token {number} of {self.name}": token for number, token in enumerate(given, 1)}
        return {
            f"client secret of {self.name}": self.vendor.describe("")["credentials"]["client_secret"],
            **named,
        }

    def is_write(self, method: str, path: str) -> bool:
        """A POST of the interface; the sign-in's are elsewhere."""
        return method == "POST" and "/api/v1/" in path

    def catch_up(self) -> None:
        """Everything is done at once."""

    # --- sign-in --------------------------------------------------------------------------------------------

    def signed_in(self) -> None:
        """Give the consent that the template has the tokens of."""
        sign_in, now = self.vendor.sign_in, self.vendor.clock.now()
        sign_in.tokens.redeem(sign_in.tokens.issue_code("", now, mark="!"), "", now)

    def consent(self, url: str) -> str:
        """Give consent at the sign-in page; the address the browser is sent to."""
        target = url.partition("://")[2]
        answer = self.vendor.handle(Request(method="GET", target="/" + target.partition("/")[2]))
        return answer.headers["Location"]

    def admit(self) -> None:
        """Consent is all there is."""

    def revoke(self, what: str) -> None:
        """End access tokens, or whole consents."""
        self._do("revoke", what=what)

    # --- what the books hold --------------------------------------------------------------------------------

    def changed(self) -> Iterator[str]:
        """Entities whose documents changed since this was asked last."""
        for code in self.entities:
            book = self._book(code)
            version = (book["entries"].version, book["lines"].version)
            if self._seen.get(code, (0, 0)) != version:
                self._seen[code] = version
                yield code

    def balances(self, entity: str) -> dict[str, int]:
        """Cents by kind of account, debit positive, over everything booked there."""
        sums = dict.fromkeys(UNITS, 0)
        for line in self._book(entity)["lines"]:
            kind = KINDS.get(line.get("GLAccountCode", ""))
            if kind is not None:
                sums[kind] += cents_of(line["AmountFC"])
        return sums

    def documents(self, entity: str) -> list[Document]:
        """What stands in the entity, in the order it was booked."""
        book = self._book(entity)
        return [_document(book, entry) for entry in book["entries"]]

    # --- what people do -------------------------------------------------------------------------------------

    def book(self, entity: str, day: date, colours: Mapping[int, int], center: str, text: str) -> str:
        """Book parts of colours by hand in the journal of payroll; the document's number."""
        return self._post(entity, day, pay_lines(colours, center, text))

    def book_other(self, entity: str, day: date, text: str) -> str:
        """Book something that is no pay in the journal of payroll; the document's number."""
        return self._post(entity, day, other_lines(text))

    def remove(self, document: Document) -> Removal:
        """Delete it."""
        self._do("delete", id=document.id)
        return Removal(f"deletes {document.number} in {document.entity}")

    def double(self, document: Document) -> str:
        """Copy a document; the copy's key."""
        return f"{document.entity}/{self._do('double', id=document.id)['id']}"

    def post(self, document: Document) -> bool:
        """An entry waits for nothing."""
        return False

    def edit(self, document: Document, times: int, divisor: int = 1) -> bool:
        """Change every amount of a document by a factor."""
        book = self._book(document.entity)
        entry = book["entries"].get(document.id)
        assert entry is not None
        for number, line in enumerate(book.entry_lines(entry), 1):
            self._do("edit", id=document.id, line=number, amount=str(line["AmountFC"] * times / divisor))
        return True

    def reword(self, document: Document, text: str) -> bool:
        """Put another text on the first line of a document."""
        self._do("edit", id=document.id, line=1, text=text)
        return True

    def close(self, entity: str, period: str, closed: bool) -> None:
        """Close or open a period for all journals."""
        self._do("close_period" if closed else "open_period", division=entity, period=period)

    def block(self, entity: str, account: str, blocked: bool) -> None:
        """Block or release a GL account."""
        self._do("block_account" if blocked else "unblock_account", division=entity, code=account)

    def end_center(self, entity: str, code: str, ended: bool) -> None:
        """End a cost center, or bring it back."""
        book = self._book(entity)
        row = book["cost_centers"].first("Code", code)
        assert row is not None
        book.change("cost_centers", row, {"Active": not ended})

    # --- inside ---------------------------------------------------------------------------------------------

    def _book(self, entity: str) -> DivisionBook:
        return self.vendor.books_by_division[int(entity)]

    def _post(self, entity: str, day: date, lines: Sequence[Mapping[str, Any]]) -> str:
        made = self._do(
            "book", division=entity, journal=self.journals[0], date=day.isoformat(), lines=list(lines)
        )
        return str(made["number"])

    def _do(self, action: str, **arguments: Any) -> Any:
        return self.vendor.control(action, arguments)


def _account(code: str, kind: str) -> dict[str, Any]:
    return {"code": code, "description": kind, "type": _TYPES.get(kind, 60)}


def _other(code: str) -> dict[str, Any]:
    return {"code": code, "description": "Other costs", "type": 120}


def _document(book: DivisionBook, entry: Mapping[str, Any]) -> Document:
    lines = book.entry_lines(dict(entry))
    return Document(
        id=entry["EntryID"],
        number=str(entry["EntryNumber"]),
        entity=str(book.code),
        period=f"{entry['FinancialYear']}-{entry['FinancialPeriod']:02d}",
        text=str(entry.get("Description") or ""),
        lines=tuple(
            (line["GLAccountCode"], cents_of(line["AmountFC"]), line.get("CostCenter", "")) for line in lines
        ),
    )

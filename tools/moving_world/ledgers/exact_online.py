"""A ledger: a tenant of the Exact simulator with the legal entities of the world, and the people who work
in it.

What they book by hand for a pay carries its colour, in the journal of payroll, as somebody would who does
it because payroll asked for it. What they book for anything else stands on accounts that no pay uses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.vendor import Clock, Request
from ml_connector_sandbox.judges.coloured import UNITS, amount
from ml_connector_sandbox.systems.exact_online.book import DivisionBook
from ml_connector_sandbox.systems.exact_online.routes import ExactOnline

JOURNALS = ("95", "96")
"""The journals that payroll may be booked in; ledger people keep to the first."""
KINDS = {
    "4000": "wages",
    "4001": "wages",
    "4020": "employer cost",
    "1710": "taxes",
    "1720": "deductions",
    "1730": "employer liability",
    "1700": "net",
    "1705": "net",
}
"""GL account → kind of account. Two kinds have a second account, for a mapping that changes."""
FIRST_ACCOUNTS = {kind: code for code, kind in reversed(KINDS.items())}
OTHER_ACCOUNTS = ("4100", "4200")
_TYPES = {"wages": 125, "employer cost": 126, "taxes": 29, "employer liability": 100}


@dataclass(frozen=True, slots=True)
class Document:
    """A booked entry as people see it, with the parts of each colour that it holds."""

    id: str
    number: str
    entity: str
    period: str
    text: str
    lines: tuple[tuple[str, int, str], ...]

    @property
    def name(self) -> str:
        """What people call it: legal entity and number."""
        return f"{self.entity}/{self.number}"

    def balances(self) -> dict[str, int]:
        """Cents by kind of account, debit positive."""
        sums = dict.fromkeys(UNITS, 0)
        for account, cents, _ in self.lines:
            if account in KINDS:
                sums[KINDS[account]] += cents
        return sums


class Books:
    """One ledger tenant: its entities, what they hold, and what people do to them."""

    def __init__(
        self,
        name: str,
        entities: Sequence[str],
        cost_centers: Sequence[str],
        clock: Clock,
        seed: int,
        **switches: Any,
    ) -> None:
        self.name, self.entities = name, tuple(entities)
        ledger = {
            "company": {"name": name, "country": "US", "currency": "USD"},
            "divisions": [{"code": code, "title": f"{name} {code}", "currency": "USD"} for code in entities],
            "accounts": [
                *(_account(code, kind) for code, kind in KINDS.items()),
                *map(_other, OTHER_ACCOUNTS),
            ],
            "journals": [{"code": code, "description": "Payroll", "type": 90} for code in JOURNALS],
            "cost_centers": [{"code": code, "description": code} for code in cost_centers],
            "periods": {"first_year": 2026, "years": 1},
        }
        self.vendor = ExactOnline(ledger=ledger, clock=clock, seed=seed, profile="fast", switches=switches)
        self._seen: dict[str, tuple[int, int]] = {}

    @property
    def credentials(self) -> Mapping[str, str]:
        """What somebody types in who connects it."""
        described = self.vendor.describe("")["credentials"]
        return {name: described[name] for name in ("redirect_uri", "client_id", "client_secret")}

    def tokens(self) -> list[str]:
        """Every token that was given out."""
        tokens = self.vendor.sign_in.tokens
        return [*tokens._by_access, *tokens._by_refresh]

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
                sums[kind] += _cents(line["AmountFC"])
        return sums

    def documents(self, entity: str) -> list[Document]:
        """What stands in the entity, in the order it was booked."""
        book = self._book(entity)
        return [_document(book, entry) for entry in book["entries"]]

    # --- what people do -------------------------------------------------------------------------------------

    def book(self, entity: str, day: date, colours: Mapping[int, int], center: str, text: str) -> str:
        """Book parts of colours by hand in the journal of payroll; the document's number."""
        lines = [
            {
                "account": code,
                "amount": str(Decimal(amount(kind, colour, parts)).scaleb(-2)),
                "cost_center": center,
                "text": text,
            }
            for colour, parts in colours.items()
            for kind, code in FIRST_ACCOUNTS.items()
        ]
        return self._post(entity, day, lines)

    def book_other(self, entity: str, day: date, text: str) -> str:
        """Book something that is no pay in the journal of payroll; the document's number."""
        amounts = zip(OTHER_ACCOUNTS, ("12.50", "-12.50"), strict=True)
        return self._post(
            entity, day, [{"account": code, "amount": sum_, "text": text} for code, sum_ in amounts]
        )

    def delete(self, document: str) -> None:
        """Delete a document, whatever it is."""
        self._do("delete", id=document)

    def double(self, document: str) -> str:
        """Copy a document; the copy's id."""
        return str(self._do("double", id=document)["id"])

    def edit(self, document: str, entity: str, times: int, divisor: int = 1) -> None:
        """Change every amount of a document by a factor, so that it still balances."""
        book = self._book(entity)
        entry = book["entries"].get(document)
        assert entry is not None
        for number, line in enumerate(book.entry_lines(entry), 1):
            self._do("edit", id=document, line=number, amount=str(line["AmountFC"] * times / divisor))

    def reword(self, document: str, text: str) -> None:
        """Put another text on the first line of a document."""
        self._do("edit", id=document, line=1, text=text)

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

    def revoke(self, what: str) -> None:
        """End access tokens, or whole consents."""
        self._do("revoke", what=what)

    def switch(self, **switches: Any) -> None:
        """Turn what the public material leaves open."""
        self.vendor.switches.set(switches)

    def consent(self, url: str) -> str:
        """Give consent at the sign-in page; the address the browser is sent to."""
        target = url.partition("://")[2]
        answer = self.vendor.handle(Request(method="GET", target="/" + target.partition("/")[2]))
        return answer.headers["Location"]

    # --- inside ---------------------------------------------------------------------------------------------

    def _book(self, entity: str) -> DivisionBook:
        return self.vendor.books_by_division[int(entity)]

    def _post(self, entity: str, day: date, lines: Sequence[Mapping[str, Any]]) -> str:
        made = self._do("book", division=entity, journal=JOURNALS[0], date=day.isoformat(), lines=list(lines))
        return str(made["number"])

    def _do(self, action: str, **arguments: Any) -> Any:
        return self.vendor.control(action, arguments)


def _account(code: str, kind: str) -> dict[str, Any]:
    return {"code": code, "description": kind, "type": _TYPES.get(kind, 60)}


def _other(code: str) -> dict[str, Any]:
    return {"code": code, "description": "Other costs", "type": 120}


def _cents(value: Decimal) -> int:
    return int(value.scaleb(2))


def _document(book: DivisionBook, entry: Mapping[str, Any]) -> Document:
    lines = book.entry_lines(dict(entry))
    return Document(
        id=entry["EntryID"],
        number=str(entry["EntryNumber"]),
        entity=str(book.code),
        period=f"{entry['FinancialYear']}-{entry['FinancialPeriod']:02d}",
        text=str(entry.get("Description") or ""),
        lines=tuple(
            (line["GLAccountCode"], _cents(line["AmountFC"]), line.get("CostCenter", "")) for line in lines
        ),
    )

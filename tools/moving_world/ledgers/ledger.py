"""What the world asks of a ledger, whatever vendor stands behind it: what somebody types in to connect it,
what it holds, and what the people who work in it can do.

What they book by hand for a pay carries its colour, in the journal of payroll, as somebody would who does
it because payroll asked for it. What they book for anything else stands on accounts that no pay uses. An
act that the vendor does not have is answered with nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from ml_connector_sandbox.core.vendor import Request, Response
from ml_connector_sandbox.judges.coloured import UNITS, amount

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
EXPENSES = ("wages", "employer cost")
OTHER_ACCOUNTS = ("4100", "4200")
OTHER_AMOUNTS = ("12.50", "-12.50")
TIMES = {"deadline_seconds": "100", "settle_seconds": "600", "visible_seconds": "60"}
"""What somebody types in of a ledger that keeps its promise: see `wire.PROMISED_SECONDS`."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document as people see it: account, cents and cost center of each line, debit positive.

    `booked` is one whose money counts: it is in the books, or gets there without anybody doing more. A
    `posted` one waits for nothing more. A `void` one and another take each other back.
    """

    id: str
    number: str
    entity: str
    period: str
    text: str
    lines: tuple[tuple[str, int, str], ...]
    booked: bool = True
    posted: bool = True
    void: bool = False

    @property
    def name(self) -> str:
        """What people call it: legal entity and number."""
        return f"{self.entity}/{self.number}"

    @property
    def key(self) -> str:
        """What nothing else in this ledger has: legal entity and the vendor's id."""
        return f"{self.entity}/{self.id}"

    def balances(self) -> dict[str, int]:
        """Cents by kind of account, debit positive."""
        return sums(self.lines)


@dataclass(frozen=True, slots=True)
class Removal:
    """How somebody took a document away, in words; and how it comes back, where it still can."""

    text: str
    put_back: Callable[[], None] | None = None


class Vendor(Protocol):
    """A simulator."""

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        ...


class Ledger(Protocol):
    """One ledger tenant: its entities, what they hold, and what people do to them.

    `journals` are those that payroll may be booked in; ledger people keep to the first. `axes` are the
    dimensions that its documents may have. `lag_seconds` is how
    long a document may be missing from searches, `signs_in` whether somebody gives consent in a browser.
    """

    slug: str
    name: str
    entities: tuple[str, ...]
    journals: tuple[str, ...]
    axes: tuple[str, ...]
    lag_seconds: int
    signs_in: bool

    @property
    def vendor(self) -> Vendor:
        """The simulator behind it."""
        ...

    def settings(self, port: int, host: str = "127.0.0.1") -> dict[str, str]:
        """What somebody types in who connects it."""
        ...

    def secrets(self) -> dict[str, str]:
        """What must stand nowhere but in the vault, by name: secrets and every token that was given out."""
        ...

    def is_write(self, method: str, path: str) -> bool:
        """Whether a request may change what is booked."""
        ...

    def catch_up(self) -> None:
        """The vendor does what is due by now: it does nothing by itself."""
        ...

    # --- sign-in --------------------------------------------------------------------------------------------

    def signed_in(self) -> None:
        """Give out the tokens that the template has."""
        ...

    def consent(self, url: str) -> str:
        """Give consent at the sign-in page; the address the browser is sent to."""
        ...

    def admit(self) -> None:
        """The vendor's administrator lets the product in again, where that is no consent."""
        ...

    def revoke(self, what: str) -> None:
        """End access tokens (`access`), or whatever lets the product in at all (`refresh`)."""
        ...

    # --- what the books hold --------------------------------------------------------------------------------

    def changed(self) -> Iterator[str]:
        """Entities whose documents changed since this was asked last."""
        ...

    def balances(self, entity: str) -> dict[str, int]:
        """Cents by kind of account, debit positive, over everything booked there."""
        ...

    def documents(self, entity: str) -> list[Document]:
        """What stands in the entity, in the order it was made."""
        ...

    # --- what people do -------------------------------------------------------------------------------------

    def book(self, entity: str, day: date, colours: Mapping[int, int], center: str, text: str) -> str:
        """Book parts of colours by hand in the journal of payroll; the document's number. `ValueError` when
        the vendor refuses.
        """
        ...

    def book_other(self, entity: str, day: date, text: str) -> str:
        """Book something that is no pay in the journal of payroll; as `book`."""
        ...

    def remove(self, document: Document) -> Removal | None:
        """Take a document away, whatever it is, as the vendor has it; `None` where nothing can be done."""
        ...

    def double(self, document: Document) -> str | None:
        """Copy a document; the copy's key."""
        ...

    def post(self, document: Document) -> bool:
        """Post at once what waits to be posted; whether it waited and is posted now."""
        ...

    def edit(self, document: Document, times: int, divisor: int = 1) -> bool:
        """Change every amount of a document by a factor, so that it still balances; whether that is
        possible.
        """
        ...

    def reword(self, document: Document, text: str) -> bool:
        """Put another text on a document; whether that is possible."""
        ...

    def close(self, entity: str, period: str, closed: bool) -> None:
        """Close or open a period, given as `2026-06`, for all journals."""
        ...

    def block(self, entity: str, account: str, blocked: bool) -> None:
        """Block or release a GL account."""
        ...

    def end_center(self, entity: str, code: str, ended: bool) -> None:
        """End a cost center, or bring it back."""
        ...


def pay_lines(colours: Mapping[int, int], center: str, text: str) -> list[dict[str, Any]]:
    """Lines of an entry by hand for parts of colours, as the simulators' screens take them."""
    return [
        {
            "account": code,
            "amount": str(Decimal(amount(kind, colour, parts)).scaleb(-2)),
            "cost_center": center,
            "text": text,
        }
        for colour, parts in colours.items()
        for kind, code in FIRST_ACCOUNTS.items()
    ]


def other_lines(text: str) -> list[dict[str, Any]]:
    """Lines of an entry by hand that is no pay."""
    return [
        {"account": code, "amount": sum_, "text": text}
        for code, sum_ in zip(OTHER_ACCOUNTS, OTHER_AMOUNTS, strict=True)
    ]


def sums(lines: Iterable[Sequence[Any]]) -> dict[str, int]:
    """Cents by kind of account of lines that begin with account and cents."""
    found = dict.fromkeys(UNITS, 0)
    for account, cents, *_ in lines:
        if account in KINDS:
            found[KINDS[account]] += cents
    return found


def cents_of(value: Decimal) -> int:
    """An amount in whole cents."""
    return int(value.scaleb(2))


class Seen:
    """What an entity held when it was looked at last, to tell whether anything changed. What was only
    posted did not.
    """

    def __init__(self) -> None:
        self._versions: dict[str, object] = {}
        self._held: dict[str, object] = {}

    def is_new(self, entity: str, version: object, documents: Callable[[], list[Document]]) -> bool:
        """Whether the entity's documents are others than last time. `version` is what is cheap to ask for:
        while it is the same, nothing changed.
        """
        if self._versions.get(entity) == version:
            return False
        self._versions[entity] = version
        held = [(found.key, found.text, found.lines, found.booked, found.void) for found in documents()]
        before, self._held[entity] = self._held.get(entity, []), held
        return before != held

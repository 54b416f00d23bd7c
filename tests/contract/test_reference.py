"""The contract suites on the reference system: the suites prove it, and it proves them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from ml_connector.contract.ledger import LedgerContract
from ml_connector.contract.memory import MemoryExchanges, MemoryTokens, VirtualClock, memory_wiring
from ml_connector.contract.reference import ReferenceLedger, ReferenceSignIn
from ml_connector.contract.reference_vendor import (
    DIVISION,
    GRACE_SECONDS,
    JOURNAL,
    LIFE_SECONDS,
    ReferenceVendor,
)
from ml_connector.contract.sign_in import SignInContract
from ml_connector.domain.dimension import dimensions
from ml_connector.domain.journal import Account, JournalEntry, JournalLine
from ml_connector.domain.money import Money, decimals

POSTED_ON = date(2026, 6, 30)


class ReferenceWorld:
    """The reference vendor and one connection to it."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.vendor = ReferenceVendor(self.clock)
        self.wiring = memory_wiring(clock=self.clock, secrets={"client_secret": "a-very-secret-secret"})
        self.sign_in = ReferenceSignIn(self.vendor, self.wiring)
        self.ledger = ReferenceLedger(self.vendor, self.wiring, self.sign_in)
        self.tokens = self.wiring.tokens

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def said(self) -> str:
        assert isinstance(self.wiring.exchanges, MemoryExchanges)
        return self.wiring.exchanges.text()

    def secrets(self) -> tuple[str, ...]:
        assert isinstance(self.tokens, MemoryTokens)
        return ("a-very-secret-secret", *self.vendor.issued)

    def renewals(self) -> int:
        return self.vendor.renewals

    def consent(self, url: str) -> str:
        (state,) = parse_qs(urlsplit(url).query)["state"]
        return f"https://connector.example/back?code={self.vendor.approve()}&state={state}"

    def authorize(self) -> None:
        self.sign_in.exchange(self.consent(self.sign_in.authorize_url("state")), "state")

    def call(self) -> None:
        self.ledger.journals(DIVISION)

    def lose_next_token_answer(self) -> None:
        self.vendor.lose_token_answer = True

    def earliest_renewal_seconds(self) -> int:
        return self.vendor.earliest_seconds

    def life_seconds(self) -> int:
        return LIFE_SECONDS

    def grace_seconds(self) -> int:
        return GRACE_SECONDS

    def refuse_access_token(self) -> None:
        self.vendor.access = "another"

    def entry(
        self,
        *,
        key: str = "payroll:acme:run-1:10:1:1",
        currency: str = "",
        lines: int = 4,
        text: str = "",
        day: date | None = None,
    ) -> JournalEntry:
        currency = currency or "EUR"
        unit = Decimal(1).scaleb(-decimals(currency))
        amounts = [1000 + number % 7 * unit + unit for number in range(lines - 1)]
        centers = ("SALES", "OPS")
        debits = [
            JournalLine(
                account="4000",
                amount=Money(amount, currency),
                dimensions=dimensions({"cost_center": centers[number % 2]}),
            )
            for number, amount in enumerate(amounts)
        ]
        credit = JournalLine(account="1700", amount=Money(-sum(amounts, Decimal(0)), currency))
        return JournalEntry(
            key=key,
            entity=DIVISION,
            journal=JOURNAL,
            posting_date=day or POSTED_ON,
            currency=currency,
            text=text or "Payroll 2026-06",
            lines=(*debits, credit),
        )

    def foreign_currency(self) -> str:
        return "USD"

    def fail_next(self, fault: str) -> None:
        self.vendor.fault = fault

    def journal_references(self) -> list[str]:
        return [document.reference for document in self.vendor.visible()]

    def double(self, reference: str) -> str:
        (found,) = (document for document in self.vendor.documents if document.reference == reference)
        return self.vendor.book(found.entry, found.marker).reference

    def delete(self, reference: str) -> None:
        self.vendor.documents = [
            document for document in self.vendor.documents if document.reference != reference
        ]

    def book_by_hand(self, *, journal: str = "", day: date | None = None, draft: bool = False) -> str:
        entry = self.entry(key="by hand", lines=2, text="by hand", day=day)
        five = Money(Decimal(5), entry.currency)
        lines = tuple(
            replace(line, amount=amount) for line, amount in zip(entry.lines, (five, -five), strict=True)
        )
        booked = self.vendor.book(replace(entry, lines=lines, journal=journal or entry.journal), "")
        booked.posted = not draft
        return booked.reference

    def other_journal(self) -> str:
        return "91"

    def other_entity(self) -> str:
        return "20"

    def other_books(self) -> ReferenceLedger:
        other = ReferenceVendor(self.clock, tenant="other books")
        return ReferenceLedger(other, self.wiring, ReferenceSignIn(other, self.wiring))

    def close_period(self, day: date) -> None:
        self.vendor.closed.add((day.year, day.month))

    def block_account(self, code: str) -> None:
        self.vendor.accounts[code] = replace(self.vendor.accounts[code], blocked=True)

    def totals(self) -> tuple[frozenset[str], frozenset[str]]:
        self.vendor.accounts["4999"] = Account(code="4999", description="Personnel costs", is_total=True)
        self.vendor.totals["ALL"] = "All of them"
        return frozenset({"4999"}), frozenset({"ALL"})

    def unused_codes(self) -> tuple[str, str]:
        return "9999", "NOWHERE"

    def page_lines(self) -> int:
        return 10

    def chart_size(self) -> int:
        self.vendor.accounts |= {
            f"5{number:03}": Account(code=f"5{number:03}", description="") for number in range(20)
        }
        return len(self.vendor.accounts)

    def reopen(self) -> ReferenceLedger:
        return ReferenceLedger(self.vendor, self.wiring, ReferenceSignIn(self.vendor, self.wiring))

    def expire_sign_in(self) -> None:
        self.advance(LIFE_SECONDS + 1)

    def withdraw_sign_in(self) -> None:
        self.vendor.access = self.vendor.refresh = self.vendor.spent = "withdrawn"


class TestLedger(LedgerContract):
    """The reference ledger."""

    @pytest.fixture
    def world(self) -> ReferenceWorld:
        """A connection that somebody signed in to."""
        world = ReferenceWorld()
        world.authorize()
        return world

    @pytest.fixture
    def ledger(self, world: ReferenceWorld) -> ReferenceLedger:
        """Its ledger."""
        return world.ledger


class TestSignIn(SignInContract):
    """The reference sign-in."""

    @pytest.fixture
    def world(self) -> ReferenceWorld:
        """A connection that nobody has signed in to."""
        return ReferenceWorld()


class TestSignInAtAnyAge(SignInContract):
    """The reference sign-in of a vendor that renews a token as often as it is asked to."""

    @pytest.fixture
    def world(self) -> ReferenceWorld:
        """A connection that nobody has signed in to."""
        world = ReferenceWorld()
        world.vendor.earliest_seconds = 0
        return world

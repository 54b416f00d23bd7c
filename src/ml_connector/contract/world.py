"""What a suite asks of the world around a connector: the vendor's side, as a person or a bad network could
move it.

Each connector's `tests/conftest.py` gives a `world` fixture of this shape, on the simulator or on the real
thing, and a `ledger` fixture where it has one. A suite never asks which system it is.
"""

from __future__ import annotations

from datetime import date
from typing import Protocol

from ml_connector.domain.journal import JournalEntry
from ml_connector.ports.ledger import Ledger
from ml_connector.ports.storage import Tokens
from ml_connector.ports.systems import SignIn

LOST_BEFORE = "lost before commit"
LOST_AFTER = "lost after commit"
LATE_COMMIT = "late commit"
THROTTLED = "throttled"
UNREACHABLE = "unreachable"
FAULTS = (LOST_BEFORE, LOST_AFTER, LATE_COMMIT, THROTTLED, UNREACHABLE)

LATE_SECONDS = 2.0
THROTTLED_SECONDS = 30


class Signed(Protocol):
    """A connection with a sign-in, and its clock."""

    tokens: Tokens

    def advance(self, seconds: float) -> None:
        """Move the one clock that vendor and connector share; what was due meanwhile happens."""
        ...

    def said(self) -> str:
        """Everything that was recorded of exchanges, as text."""
        ...

    def secrets(self) -> tuple[str, ...]:
        """Every secret and token there has been so far; none may be seen in a record, a log or an
        exception.
        """
        ...

    def renewals(self) -> int:
        """How many renewals the vendor has granted."""
        ...


class LedgerWorld(Signed, Protocol):
    """A ledger with a chart, an open period and a journal for our entries."""

    def entry(
        self,
        *,
        key: str = "payroll:acme:run-1:10:1:1",
        currency: str = "",
        lines: int = 4,
        text: str = "",
        day: date | None = None,
    ) -> JournalEntry:
        """An entry that the ledger accepts: balanced, on accounts and codes it has, with a cost center on all
        but the last line, in an open period. `currency` defaults to the ledger's own; amounts use every
        decimal of the currency."""
        ...

    def foreign_currency(self) -> str:
        """A currency that the ledger takes and that is not the entity's own."""
        ...

    def fail_next(self, fault: str) -> None:
        """The next write meets the fault, one of `FAULTS`. A throttled one is told to wait
        `THROTTLED_SECONDS`.
        """
        ...

    def journal_references(self) -> list[str]:
        """References of every document booked in the journal of `entry`, drafts included, in the order they
        were booked.
        """
        ...

    def double(self, reference: str) -> str:
        """A person copies a document with its texts; the copy's reference."""
        ...

    def delete(self, reference: str) -> None:
        """A person deletes a document."""
        ...

    def book_by_hand(self, *, journal: str = "", day: date | None = None, draft: bool = False) -> str:
        """A person books 5.00 in the ledger's own currency: a debit on the account and the first cost center
        of `entry`, a credit on the account of its last line. It goes to the journal and day of `entry` unless
        others are named, and stays a draft where the ledger keeps drafts. The document's reference.
        """
        ...

    def other_journal(self) -> str:
        """A journal beside that of `entry`, for entries of the same kind."""
        ...

    def other_entity(self) -> str:
        """A legal entity beside that of `entry`, or a code of one that the connection does not reach."""
        ...

    def other_books(self) -> Ledger:
        """A connection of the same kind to other books, which have the same legal entity."""
        ...

    def close_period(self, day: date) -> None:
        """A person closes the fiscal period of the day."""
        ...

    def block_account(self, code: str) -> None:
        """A person blocks a GL account."""
        ...

    def totals(self) -> tuple[frozenset[str], frozenset[str]]:
        """Every GL account and every cost center that sums up others, or is their heading; none where the
        ledger keeps what sums up apart from the codes that are booked on.
        """
        ...

    def unused_codes(self) -> tuple[str, str]:
        """An account code and a cost center code that the ledger does not have."""
        ...

    def page_lines(self) -> int:
        """Lines that one page of a read-back holds."""
        ...

    def chart_size(self) -> int:
        """How many GL accounts there are, once they fill more than one page."""
        ...

    def reopen(self) -> Ledger:
        """The same connection opened anew, remembering nothing but what is stored."""
        ...

    def expire_sign_in(self) -> None:
        """Time passes until the access token is no longer good."""
        ...

    def withdraw_sign_in(self) -> None:
        """A person ends the consent: neither token is good any more."""
        ...


class SignInWorld(Signed, Protocol):
    """A vendor that a person signs in to."""

    sign_in: SignIn

    def consent(self, url: str) -> str:
        """A person approves at the address; the address that the browser is sent back to."""
        ...

    def call(self) -> None:
        """Any signed call. Raises what the connector raises."""
        ...

    def lose_next_token_answer(self) -> None:
        """The vendor does what the next token request asks, and its answer never arrives."""
        ...

    def earliest_renewal_seconds(self) -> int:
        """Age of a token before which the vendor refuses to renew it; 0 where it never does."""
        ...

    def life_seconds(self) -> int:
        """Life of an access token."""
        ...

    def grace_seconds(self) -> int:
        """For how long a spent refresh token still works when the new pair was never used."""
        ...

    def refuse_access_token(self) -> None:
        """The vendor answers the next call with 401 although the access token is good by the clock; renewing
        follows the usual rules.
        """
        ...

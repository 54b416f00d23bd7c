"""Commit keys and intents, as the product remembers them for ever: which documents are booked, or may be."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ml_connector.domain.document import Marker
from ml_connector.domain.proposal import Share, Subject


class CommitState(StrEnum):
    """planned → sending → (writing → sending …) → draft → confirmed | refused | unknown. `reversed` and
    `adopted` are facts beside it.

    `writing`: the document exists and is not whole; `draft`: it is whole and not confirmed.
    """

    PLANNED = "planned"
    SENDING = "sending"
    WRITING = "writing"
    DRAFT = "draft"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    UNKNOWN = "unknown"


UNBOOKED = (CommitState.PLANNED, CommitState.REFUSED)
"""States of a commit of which nothing is booked; it belongs to the run that takes it up."""
SENDABLE = frozenset({*UNBOOKED, CommitState.WRITING})
"""States of a commit that is proved unbooked: an intent may be written from these only, whatever an earlier
look-up said.
"""


DELETED, RESTATED, WITHDRAWN = "deleted in the ledger", "stated anew", "withdrawn"
"""`reversed_by` of a commit whose document a person deleted, shown to be gone, of a statement on a document
of others that was made anew with other figures, and of one that was a mistake.
"""
ENDED = "ended in its system"
"""In place of what took a document back: it was cancelled or withdrawn by the vendor's own verb."""
COUNTS_FOR_NOTHING = frozenset({DELETED, RESTATED, WITHDRAWN, ENDED})


class IntentEnd(StrEnum):
    """How an intent was closed."""

    NOT_SENT = "not_sent"
    REFUSED = "refused"
    BOOKED = "booked"
    FOUND = "found"
    ABSENT = "absent"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitRow:
    """The permanent row of one commit key.

    `content` is the entry in canonical text, `receipt` what is known of its document, `booked` the document
    as it was read back and found equal. `reversed_by` is the key of the reversal, or of the later revision
    that took its place; then it is never sent again.

    `tenant` are the books it is for, `run` the run that made it, `shares` what it pays for. `reference` is
    the source's name of what was paid and `calculated_at` when the source calculated it; both are empty for a
    reversal and for a document of others. `marked_by` is the text its marker is made of: its key, but for
    commits of release 0.1.0.
    """

    key: str
    fingerprint: str
    state: CommitState
    entity: str
    content: str
    tenant: str = ""
    run: str = ""
    shares: tuple[Share, ...] = ()
    reference: str = ""
    calculated_at: datetime | None = None
    marked_by: str = ""
    receipt: str = ""
    booked: str = ""
    reversed_by: str = ""
    adopted: bool = False
    detail: str = ""

    @property
    def marker(self) -> Marker:
        """What its document in the ledger is found by."""
        return Marker.of(self.marked_by or self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a commit is made for: the run, the books, what is paid, and what the source calls it."""

    run: str
    tenant: str
    shares: tuple[Share, ...]
    reference: str = ""
    calculated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentRow:
    """A stored decision to write once. `created_at` is database time, `boot` unique per process and attempt.

    `machine` and `monotonic` are the clock of the machine when it was written, or, on another start of the
    machine, when that start first saw it.
    """

    id: int
    key: str
    fingerprint: str
    boot: str
    created_at: datetime
    machine: str
    monotonic: float


class Commits(Protocol):
    """Commit keys, for ever. Every method is one transaction, committed when it returns."""

    def open(self, *, key: str, fingerprint: str, entity: str, content: str, origin: Origin) -> CommitRow:
        """The row of the key, made if new.

        Raises `KeyConflict` when the key stands with another fingerprint, when it was reversed or superseded,
        or when an earlier revision of its family is, or may be, booked and not reversed. Earlier revisions
        that are proved unbooked are closed for ever by this.
        """
        ...

    def get(self, key: str) -> CommitRow | None: ...

    def of_subjects(self, subjects: Collection[Subject], *, beside: bool = False) -> tuple[CommitRow, ...]:
        """All commits that pay for one of the subjects, any run and revision, oldest first; with `beside`
        also those that pay for another pay with the same base.
        """
        ...

    def beginning(self, subject: Subject, days: Collection[str] = ()) -> tuple[tuple[Subject, str], ...]:
        """The pays in the same books whose text begins with that of the subject, without a person's answer,
        each with every run that made a commit for it; the one of the oldest commit first. With `days`, those
        named by one other day are left out.
        """
        ...

    def of_reference(self, prefix: str) -> tuple[CommitRow, ...]:
        """All commits whose key begins with the prefix, oldest first."""
        ...

    def of_run(self, run: str) -> tuple[CommitRow, ...]:
        """The commits that the run made, in any connection, oldest first."""
        ...

    def left_by(self, run: str, states: Collection[CommitState]) -> tuple[CommitRow, ...]:
        """The commits of this connection that the run made and that are in these states, oldest first."""
        ...

    def booked_since(
        self, moment: datetime, books: Collection[tuple[str, str]] = ()
    ) -> tuple[CommitRow, ...]:
        """Commits of this connection that were made since, or whose run has moved since, are confirmed and
        not shown deleted, oldest first: what was booked since, and may be more. Of all books, or of these
        only: tenant and legal entity.
        """
        ...

    def deleted_since(self, moment: datetime) -> tuple[CommitRow, ...]:
        """The same of those whose document a person deleted, and said so."""
        ...

    def known_references(self, tenant: str, entity: str) -> frozenset[str]:
        """What our documents in the legal entity are known by: references, and marker tokens of commits whose
        document is not known yet.
        """
        ...

    def open_intent(self, key: str) -> IntentRow | None:
        """The intent that is not closed, if any; at most one by constraint."""
        ...

    def intend(self, *, key: str, fingerprint: str, boot: str, machine: str, monotonic: float) -> IntentRow:
        """Store a new intent at database time and at the moment of the machine's own clock.

        Raises `KeyConflict` when one is open, when the commit was superseded or reversed, or when somebody
        else sent it since it was looked up.
        """
        ...

    def first_seen(self, intent: IntentRow, machine: str, monotonic: float) -> IntentRow:
        """The intent with the moment at which this start of the machine first saw it, stored once."""
        ...

    def last_sent(self, key: str) -> datetime | None:
        """When the last intent for the key was written; `None` when there was none."""
        ...

    def sha256(self, key: str, *, receipt: str = "", booked: str = "") -> str:
        """Hash of everything about the commit that no longer changes once it is confirmed, with this receipt
        and this document where they are given. Raises `KeyError` where there is none.
        """
        ...

    def still_open(self, intent: IntentRow) -> bool:
        """Whether this very intent is open and its boot's, read afresh."""
        ...

    def close_intent(
        self,
        intent: IntentRow,
        end: IntentEnd,
        *,
        state: CommitState,
        receipt: str = "",
        adopted: bool = False,
        detail: str = "",
    ) -> None:
        """Close the intent and move the commit, in one transaction."""
        ...

    def record(
        self,
        key: str,
        *,
        state: CommitState,
        receipt: str = "",
        booked: str = "",
        adopted: bool = False,
        detail: str = "",
    ) -> None:
        """Move a commit that has no open intent."""
        ...

    def reverse(self, key: str, by: str) -> None:
        """Note on the commit that the commit `by` reverses it."""
        ...

    def reversed_by(self, key: str) -> CommitRow | None:
        """The commit that the commit of this key reverses; `None` where it reverses none."""
        ...

    def distrust_marker(self, entity: str, why: str) -> None:
        """From now on an empty look-up proves nothing in this legal entity: the vendor did not keep a marker
        it was given.
        """
        ...

    def marker_distrusted(self, entity: str) -> str:
        """Why an empty look-up proves nothing here; empty when it may be believed."""
        ...

    def now(self) -> datetime:
        """Database time, the only clock that intents are compared with."""
        ...

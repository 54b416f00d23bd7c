"""What the product remembers. Implemented on Django's ORM in `store`, one schema for SQLite and PostgreSQL;
the same suite holds on both.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from ml_connector.domain.changes import Change
from ml_connector.domain.document import Marker
from ml_connector.domain.payroll import Block, Distribution, DistributionGroup
from ml_connector.domain.problem import Problem
from ml_connector.domain.proposal import Share, Subject


class Clock(Protocol):
    """Time, as the storage keeps it: UTC. `sleep` is for waits of a vendor's limit, never for a person's
    decision.
    """

    def now(self) -> datetime: ...

    def monotonic(self) -> float:
        """Seconds on a clock that runs through suspend and never goes back; comparable within one machine
        start.
        """
        ...

    def machine(self) -> str:
        """The present start of the machine: `monotonic` of two readings is compared only where this is the
        same.
        """
        ...

    def sleep(self, seconds: float) -> None: ...


# --- secrets, tokens, limits --------------------------------------------------------------------------------


class Vault(Protocol):
    """Secrets of one connection, encrypted at rest with the record's context inside. Raises `KeyError` for a
    name never stored.
    """

    def read(self, name: str) -> str: ...

    def write(self, name: str, value: str) -> None: ...

    def every(self) -> Mapping[str, str]:
        """All of them by name, as they are now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenState:
    """The sign-in of a connection as stored. `renewing_since`: a renewal was sent and its answer is not known
    yet.

    `issued_at` and `expires_at` are of the access token, `consent_expires_at` of the refresh token. `lost`
    says why a person must sign in.
    """

    access_token: str = ""
    refresh_token: str = ""
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    consent_expires_at: datetime | None = None
    renewing_since: datetime | None = None
    lost: str = ""


class Tokens(Protocol):
    """The one place a connection's tokens live. Renewal is single-flight across threads and processes."""

    def read(self) -> TokenState: ...

    def exclusive(self) -> AbstractContextManager[None]:
        """Held by one renewer at a time; others wait. Each `write` inside is committed at once, so a crash
        leaves what was written.
        """
        ...

    def write(self, state: TokenState) -> None: ...

    def of(self, name: str) -> Tokens:
        """The tokens of one tenant behind the same connection: kept, locked and renewed apart from all
        others. An empty name is the connection itself.
        """
        ...


RESERVE_SHARE = 10
"""One call in so many of a window is kept for writes: reads stop when only the reserve is left."""


class Permit(StrEnum):
    """What a call is for: postings come before reads, and a reserve is kept for them."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One of a vendor's fixed windows: at most `limit` calls until `resets_at`, of which `remaining` are
    left, where known.
    """

    name: str
    limit: int
    seconds: int
    remaining: int | None = None
    resets_at: datetime | None = None


class Budget(Protocol):
    """Calls left per connection and scope (a legal entity, or the whole tenant), shared by all workers in the
    database.
    """

    def take(self, scope: str, windows: Sequence[Window], permit: Permit) -> float:
        """Count one call; returns 0, or the seconds to wait before asking again when a window is used up
        (nothing is counted then).
        """
        ...

    def wait(self, scope: str, windows: Sequence[Window], permit: Permit) -> float:
        """The seconds that `take` would say, counting nothing."""
        ...

    def learn(self, scope: str, windows: Sequence[Window]) -> None:
        """Correct the count by what the vendor's headers say."""
        ...


class Lanes(Protocol):
    """One request at a time per lane (connection and legal entity), across threads and processes."""

    def hold(self, lane: str) -> AbstractContextManager[None]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer, redacted. Bodies are kept for writes and failures; large reads keep size
    and hash only.
    """

    method: str
    url: str
    status: int | None
    seconds: float
    request_id: str = ""
    request_body: str = ""
    answer_body: str = ""
    answer_bytes: int = 0
    answer_sha256: str = ""
    error: str = ""
    write: bool = False


class Exchanges(Protocol):
    """The record of what was said to vendors. Kept for a retention period."""

    def record(self, exchange: Exchange) -> None: ...


# --- commits ------------------------------------------------------------------------------------------------


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


# --- runs ---------------------------------------------------------------------------------------------------


class RunState(StrEnum):
    """Where a run stands. `waiting` has a due time, `held` needs a person; `closed` was ended by a person,
    with a reason, after a part of it was posted.
    """

    READY = "ready"
    RUNNING = "running"
    WAITING = "waiting"
    HELD = "held"
    AWAITING_APPROVAL = "awaiting_approval"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One execution of a flow. `settings` is the id of the flow's settings between two connections, 0 for
    none; `input` what it was given besides, as text: see `runs.run.given`. `stage` is the one it is in or
    waits for; `attempt` counts passes of it. `replay_of` names the run whose input it repeats, `people` the
    named persons who started it or had it proposed again.

    `reference` is the source's name of what it is for; `dry` stops it at the proposal. `notice` says why it
    came back to its proposal, or what a person should know of it, until the next proposal. `tries` counts the
    passes of its stage that failed, one after the other; `support` is the last one's text for support; one
    that is `paused` waits until a person ends the pause.
    """

    id: str
    organisation: str
    flow: str
    state: RunState
    stage: str
    attempt: int
    settings: int = 0
    input: Mapping[str, str] = field(default_factory=dict)
    replay_of: str = ""
    people: tuple[str, ...] = ()
    due_at: datetime | None = None
    summary: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    problems: str = ""
    reference: str = ""
    dry: bool = False
    notice: str = ""
    tries: int = 0
    support: str = ""
    paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherRun:
    """Another run that speaks of one of our subjects: it waits, is held, is at work in a stage, or has done
    what it had to do. `earlier` says whether it was made before ours.
    """

    id: str
    reference: str
    state: RunState
    stage: str
    subject: Subject
    earlier: bool


class Runs(Protocol):
    """The rows of runs. A run moves by compare-and-set, so that two workers never both move it."""

    def create(
        self,
        *,
        flow: str,
        stage: str,
        input: Mapping[str, str],
        settings: int = 0,
        reference: str = "",
        dry: bool = False,
        replay_of: str = "",
        people: Collection[str] = (),
    ) -> RunRow:
        """Make a run that is ready for its first stage."""
        ...

    def get(self, run: str) -> RunRow:
        """The row. Raises `KeyError` for no such run."""
        ...

    def move(
        self,
        row: RunRow,
        *,
        state: RunState,
        stage: str | None = None,
        attempt: int | None = None,
        due_at: datetime | None = None,
        summary: str | None = None,
        problems: str = "",
        input: Mapping[str, str] | None = None,
        people: Collection[str] | None = None,
        notice: str | None = None,
        tries: int | None = None,
        support: str | None = None,
        paused: bool = False,
    ) -> RunRow | None:
        """Move the run if it still stands where `row` says (stage, attempt and state); `None` when somebody
        else moved it. What is `None` stays as it is.
        """
        ...

    def running(self) -> tuple[RunRow, ...]:
        """Runs that are running by their row."""
        ...

    def to_enqueue(self, now: datetime, first: int = 0, most: int = 100) -> tuple[RunRow, ...]:
        """Runs that are ready, or waiting and due, in the order they were made: so many from `first` on."""
        ...

    def next_due(self) -> datetime | None:
        """When the first of the waiting runs is due; `None` when none waits."""
        ...

    def approved(self, run: str) -> str:
        """The fingerprint that stands approved for the run; empty for none."""
        ...

    def void_approvals(self, run: str) -> None:
        """From now on nothing stands approved for the run."""
        ...

    def tell(self, run: str, notice: str) -> None:
        """Note on the run what has become of it since."""
        ...

    def speak_of(self, run: str, subjects: Collection[Subject]) -> None:
        """Remember what the run speaks of, in place of what it spoke of before."""
        ...

    def others(self, run: str, subjects: Collection[Subject]) -> tuple[OtherRun, ...]:
        """Other runs that are not at their end and speak of one of the subjects, or of another pay with the
        same base; dry runs are none of them, one that failed is, because it can be resumed. Oldest first.
        """
        ...

    def others_beginning(
        self, run: str, subjects: Collection[Subject], days: Collection[str] = ()
    ) -> tuple[OtherRun, ...]:
        """As `others`, of pays whose text begins with that of one of the subjects, in its books. With `days`,
        those named by one other day are left out.
        """
        ...

    def done(self, run: str, subjects: Collection[Subject]) -> tuple[OtherRun, ...]:
        """Other runs that have done what they had to do and spoke of one of the subjects, or of another pay
        with the same base; dry runs are none of them. Oldest first.
        """
        ...

    def done_beginning(
        self, run: str, subjects: Collection[Subject], days: Collection[str] = ()
    ) -> tuple[OtherRun, ...]:
        """As `done`, of pays whose text begins with that of one of the subjects, in its books, as above."""
        ...

    def spoken_of(self, run: str) -> tuple[Subject, ...]:
        """What the run speaks of, as it was last remembered."""
        ...

    def answers(self, run: str) -> Mapping[str, str]:
        """Question → what a person answered last, for this run."""
        ...


class Claims(Protocol):
    """Who may post for a subject: one run at a time, in every process."""

    def take(self, run: str, subjects: Collection[Subject]) -> str:
        """Claim all the subjects for the run, or none; the run that holds one of them, or nothing."""
        ...

    def let_go(self, run: str) -> None:
        """Release what the run holds, unless something of it is being sent, unconfirmed or unknown."""
        ...

    def holder(self, subjects: Collection[Subject]) -> str:
        """The run that holds one of the subjects; empty when all are free."""
        ...


class Tenants(Protocol):
    """Which books, or which payroll, a connection leads to: fixed at the first sign-in, compared at each."""

    def confirm(self, entity: str, seen: str) -> str:
        """The name that these books have in keys, given what the system says of itself. Raises `Refused` with
        code `tenant.other` when the connection leads to others than before.
        """
        ...

    def names(self) -> Mapping[str, str]:
        """Legal entity → the name of its books in keys, of every one that was ever confirmed."""
        ...


class Artifacts(Protocol):
    """Recorded values of a run, by step: canonical text, found again by name. A value once recorded never
    changes.
    """

    def record(self, run: str, name: str, text: str) -> str:
        """Store the value under the step's name and return its hash. The same text again is no change; other
        text raises `KeyConflict`.
        """
        ...

    def read(self, run: str, name: str) -> str | None: ...

    def newest(self, run: str, stage: str, name: str) -> str | None:
        """What the latest pass of the stage recorded under the name; `None` for nothing."""
        ...


class Staging(Protocol):
    """Source lines of a run, block by block, and where each line went. Streams: a million rows never stand in
    memory.
    """

    def stage(self, run: str, block: Block) -> None:
        """Store a block with its rows in one transaction; the same delivery again replaces itself, a second
        copy is kept apart and seen.
        """
        ...

    def clear(self, run: str) -> None:
        """Forget what was staged for the run, before reading it again."""
        ...

    def delivered(self, run: str) -> tuple[tuple[int, int, int], ...]:
        """`(number, total, rows)` of every block delivered, in order of delivery, repeats included."""
        ...

    def sha256(self, run: str) -> str:
        """Hash over the hashes of every block as delivered, in order; empty where a source gives none."""
        ...

    def lines_sha256(self, run: str) -> str:
        """Hash over the hashes of the lines read from every block, in order of delivery."""
        ...

    def blocks_sha256(self, run: str) -> str:
        """Hash over number, total, rows and problems of every block, in order of delivery."""
        ...

    def problems(self, run: str) -> tuple[Problem, ...]:
        """Problems of single rows, as the source's reader found them, in order of delivery."""
        ...

    def rows(self, run: str) -> Iterator[tuple[int, Distribution]]:
        """Every staged row with its number in the run, from 1, in block and source order."""
        ...

    def groups(self, run: str) -> Iterator[DistributionGroup]:
        """The staged rows summed by kind, in the order of their first rows; `like` has the amount of none of
        them but stands on their side.
        """
        ...

    def link(
        self, run: str, groups: Iterable[tuple[DistributionGroup, int]], rows: Iterable[tuple[int, int]]
    ) -> None:
        """Remember which cell of the proposal all rows of a kind went to, and which a single row. Replaces
        earlier links of the run. A group is one of `groups`, a row is named as by `rows`; rows are asked for
        when the groups have come to their end.
        """
        ...

    def behind(self, run: str, cell: int, limit: int) -> tuple[Distribution, ...]:
        """Source rows behind one cell, in the source's order, for drill-back."""
        ...


class Audit(Protocol):
    """Append-only, hash-chained: what happened, who did it, to what. One chain per organisation."""

    def append(
        self, *, actor: str, action: str, subject: str, detail: Mapping[str, str | int | bool | None]
    ) -> None: ...


# --- alignments ---------------------------------------------------------------------------------------------


class PlanState(StrEnum):
    """Of one change of a plan. Only `PLANNED`, and `SENT` after the settling time, are still to be made."""

    PLANNED = "planned"
    SENT = "sent"
    DONE = "done"
    CONFLICT = "conflict"
    REFUSED = "refused"
    HANDED_OVER = "handed_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRow:
    """One change of a plan, numbered from 1 in the order in which they are made. `detail` says why it is not
    done, or where it was handed over.
    """

    number: int
    change: Change
    state: PlanState
    detail: str = ""


class Plans(Protocol):
    """The plans of runs, row by row: a plan may have a hundred thousand."""

    def store(self, run: str, changes: Iterable[Change]) -> str:
        """Make this the plan of the run, in the order given; its fingerprint, a running hash over every
        change. Conflicts are stored as such.
        """
        ...

    def fingerprint(self, run: str) -> str:
        """Of the run's plan; empty without one."""
        ...

    def counts(self, run: str) -> Mapping[PlanState, int]:
        """How many changes are in each state."""
        ...

    def next(
        self, run: str, states: Collection[PlanState], most: int, after: int = 0
    ) -> tuple[PlannedRow, ...]:
        """The first changes in these states behind that number, in order."""
        ...

    def mark(
        self,
        run: str,
        numbers: Collection[int],
        state: PlanState,
        detail: str = "",
        at: datetime | None = None,
    ) -> None:
        """Note what became of these changes; `at` is when they are sent."""
        ...

    def last_sent(self, run: str) -> datetime | None:
        """When the last change was sent whose outcome is not known; `None` where there is none."""
        ...


class Links(Protocol):
    """What we and a connected system agreed on last, by kind of record and our key."""

    def bases(self, kind: str) -> Iterator[tuple[str, Any]]:
        """Our key and the last agreed record of each, in the order of the keys."""
        ...

    def agree(self, kind: str, records: Mapping[str, Any]) -> None:
        """Note what both have now, by our key."""
        ...

    def know(self, kind: str, key: str, theirs: str) -> None:
        """Note under which key the system knows a record of ours, where it draws its own. Raises
        `KeyConflict` where that belongs to another record of ours.
        """
        ...

    def theirs(self, kind: str, key: str) -> str:
        """The system's key of a record of ours; empty where it is the same, or not known."""
        ...

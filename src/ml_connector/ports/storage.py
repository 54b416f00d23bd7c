"""What the product remembers. Implemented on Django's ORM in `store`, one schema for SQLite and PostgreSQL;
the same suite holds on both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from ml_connector.domain.payroll import Block, Distribution, DistributionGroup
from ml_connector.domain.problem import Problem


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

    def sleep(self, seconds: float) -> None: ...


# --- secrets, tokens, limits --------------------------------------------------------------------------------


class Vault(Protocol):
    """Secrets of one connection, encrypted at rest with the record's context inside. Raises `KeyError` for a
    name never stored.
    """

    def read(self, name: str) -> str: ...

    def write(self, name: str, value: str) -> None: ...


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


SENDABLE = frozenset({CommitState.PLANNED, CommitState.REFUSED, CommitState.WRITING})
"""States of a commit that is proved unbooked: an intent may be written from these only, whatever an earlier
look-up said.
"""


DELETED = "deleted in the ledger"
"""`reversed_by` of a commit whose document a person deleted, shown to be gone."""


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
    """

    key: str
    fingerprint: str
    state: CommitState
    subject: str
    entity: str
    content: str
    receipt: str = ""
    booked: str = ""
    reversed_by: str = ""
    first_sent_at: datetime | None = None
    adopted: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentRow:
    """A stored decision to write once. `created_at` is database time, `boot` unique per process and
    attempt.
    """

    id: int
    key: str
    fingerprint: str
    boot: str
    created_at: datetime


class Commits(Protocol):
    """Commit keys, for ever. Every method is one transaction, committed when it returns."""

    def open(self, *, key: str, fingerprint: str, subject: str, entity: str, content: str) -> CommitRow:
        """The row of the key, made if new.

        Raises `KeyConflict` when the key stands with another fingerprint, or when an earlier revision of its
        family is, or may be, booked and not reversed. Earlier revisions that are proved unbooked are closed
        for ever by this.
        """
        ...

    def get(self, key: str) -> CommitRow | None: ...

    def of_subject(self, subject: str) -> tuple[CommitRow, ...]:
        """All commits that pay for the same subject, any run and revision, oldest first."""
        ...

    def of_run(self, prefix: str) -> tuple[CommitRow, ...]:
        """All commits whose key begins with the prefix, oldest first."""
        ...

    def traces(self, entity: str) -> frozenset[str]:
        """What our documents in the legal entity are known by: references, and marker tokens of commits whose
        document is not known yet.
        """
        ...

    def open_intent(self, key: str) -> IntentRow | None:
        """The intent that is not closed, if any; at most one by constraint."""
        ...

    def intend(self, *, key: str, fingerprint: str, boot: str) -> IntentRow:
        """Store a new intent at database time.

        Raises `KeyConflict` when one is open, when the commit was superseded or reversed, or when somebody
        else sent it since it was looked up.
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

    def settle(
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
    """Where a run stands. `waiting` has a due time, `held` needs a person."""

    READY = "ready"
    RUNNING = "running"
    WAITING = "waiting"
    HELD = "held"
    AWAITING_APPROVAL = "awaiting_approval"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One execution of a flow. `input` is plain text values; `stage` the one it is in or waits for; `attempt`
    counts passes of it.
    """

    id: str
    organisation: str
    flow: str
    state: RunState
    stage: str
    attempt: int
    input: Mapping[str, str] = field(default_factory=dict)
    due_at: datetime | None = None
    summary: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    problems: str = ""


class Runs(Protocol):
    """The rows of runs. A run moves by compare-and-set, so that two workers never both move it."""

    def create(self, *, flow: str, stage: str, input: Mapping[str, str]) -> RunRow: ...

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
    ) -> RunRow | None:
        """Move the run if it still stands where `row` says (stage, attempt and state); `None` when somebody
        else moved it.
        """
        ...

    def running(self) -> tuple[RunRow, ...]:
        """Runs that are running by their row."""
        ...

    def to_enqueue(self, now: datetime) -> tuple[RunRow, ...]:
        """Runs that are ready, or waiting and due."""
        ...

    def next_due(self) -> datetime | None:
        """When the first of the waiting runs is due; `None` when none waits."""
        ...

    def approved(self, run: str) -> str:
        """The fingerprint that stands approved for the run; empty for none."""
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

    def problems(self, run: str) -> tuple[Problem, ...]:
        """Problems of single rows, as the source's reader found them, in order of delivery."""
        ...

    def rows(self, run: str) -> Iterator[tuple[int, Distribution]]:
        """Every staged row with its id, in block and source order."""
        ...

    def groups(self, run: str) -> Iterator[DistributionGroup]:
        """The staged rows summed by kind, in the order of their first rows; `like` has the amount of none of
        them but stands on their side.
        """
        ...

    def link(
        self, run: str, groups: Iterable[tuple[Distribution, int]], rows: Iterable[tuple[int, int]]
    ) -> None:
        """Remember which cell of the proposal all rows of a kind went to, and which a single row id. Replaces
        earlier links of the run.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowSettings:
    """How a flow runs between two connections: mode, start, policies. Nothing before `starts_on` is
    posted.
    """

    source: str
    target: str
    mode: str = "propose"
    starts_on: date | None = None
    paused: bool = False
    mapping: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

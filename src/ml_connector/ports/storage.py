"""What the product remembers of a connection: secrets, sign-in, the call budget, what was said to its vendor.
The clock and the audit log are here too; `commits`, `runs`, `staging` and `plans` have the rest.

All of it is implemented on Django's ORM in `store`, one schema for SQLite and PostgreSQL; the same suite
holds on both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO, Protocol


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


class Priority(StrEnum):
    """What a call is for: postings come before reads, and a reserve is kept for them."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """One of a vendor's windows: at most `limit` calls until `resets_at`, of which `remaining` are left,
    where known. It begins on the whole minute, hour or day; a `rolling` one with the first call in it, so
    that with a limit of one no two calls are nearer to each other than `seconds`.
    """

    name: str
    limit: int
    seconds: int
    remaining: int | None = None
    resets_at: datetime | None = None
    rolling: bool = False


class Budget(Protocol):
    """Calls left per connection and scope (a legal entity, or the whole tenant), shared by all workers in the
    database.
    """

    def take(self, scope: str, windows: Sequence[RateLimit], priority: Priority) -> float:
        """Count one call; returns 0, or the seconds to wait before asking again when a window is used up
        (nothing is counted then).
        """
        ...

    def wait(self, scope: str, windows: Sequence[RateLimit], priority: Priority) -> float:
        """The seconds that `take` would say, counting nothing."""
        ...

    def learn(self, scope: str, windows: Sequence[RateLimit]) -> None:
        """Correct the count by what the vendor's headers say."""
        ...


class SerialLocks(Protocol):
    """One request at a time per connection and legal entity, across threads and processes."""

    def hold(self, name: str) -> AbstractContextManager[None]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer, redacted. Bodies are kept for writes and failures; large reads, and all
    calls whose bodies name people, keep size and hash only.
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


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is kept, known by its bytes: their SHA-256 in hex, and how many they are."""

    sha256: str
    size: int


class Files(Protocol):
    """Files by their bytes: the same bytes are kept once, whatever they are called."""

    def put(self, content: BinaryIO, bytes_max: int) -> StoredFile:
        """Keep what comes, read to its end in pieces. Raises `NotSent` for more bytes than the most, and
        keeps nothing of it then.
        """
        ...

    def open(self, sha256: str) -> AbstractContextManager[BinaryIO]:
        """The bytes, compared with their hash before the first is given. Raises `NotSent` where they are not
        there any more, or are others.
        """
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


class Audit(Protocol):
    """Append-only, hash-chained: what happened, who did it, to what. One chain per organisation."""

    def append(
        self, *, actor: str, action: str, subject: str, detail: Mapping[str, str | int | bool | None]
    ) -> None: ...

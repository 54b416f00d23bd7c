"""What a connected system can do, in words that no vendor owns.

A connector opens a `System`; each capability it has is one of the protocols below, and `None` where it has
none. A connector answers questions and carries out one write when told to; it decides nothing and remembers
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import BookedEntry, Chart, JournalEntry
from ml_connector.domain.payroll import Block, PayRun
from ml_connector.domain.period import FiscalPeriod
from ml_connector.domain.problem import Problem
from ml_connector.ports.storage import Budget, Clock, Exchanges, Lanes, Tokens, Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What a connector is given to work with; all of it belongs to one connection.

    `connection` is its id for budgets, lanes and exchanges. `sandbox` allows hosts that are not the vendor's,
    loopback only. `wire` is an `httpx2.BaseTransport` to use in place of real sockets, for tests. `beside`
    starts work beside the caller's and returns how to wait for it; by default the work is done when it is
    waited for.
    """

    connection: str
    vault: Vault
    tokens: Tokens
    budget: Budget
    lanes: Lanes
    exchanges: Exchanges
    clock: Clock
    sandbox: bool = False
    wire: Any = None
    beside: Callable[[Callable[[], Any]], Callable[[], Any]] = lambda work: work


class Field(StrEnum):
    """How a setting is asked for."""

    TEXT = "text"
    SECRET = "secret"
    CHOICE = "choice"
    NUMBER = "number"
    FLAG = "flag"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting of a connection: forms, the command line and the reference page are made from it. Secrets
    go to the vault only. `header`: its value is sent as a header of HTTP, which holds plain letters, digits
    and signs only.
    """

    name: str
    label: str
    help: str
    field: Field = Field.TEXT
    required: bool = True
    default: str = ""
    choices: tuple[str, ...] = ()
    header: bool = False


class Connector(Protocol):
    """Our code for one product. `open` builds a system from checked settings and makes no call."""

    slug: str
    title: str
    settings: tuple[Setting, ...]

    def check_settings(self, settings: Mapping[str, str], sandbox: bool) -> list[Problem]:
        """Every problem of the settings themselves, a host that is not the vendor's among them (loopback
        passes with `sandbox`).
        """
        ...

    def open(self, settings: Mapping[str, str], wiring: Wiring) -> System:
        """The connected system. Raises `NotSent` for settings that `check_settings` refuses."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """One right or fact that `check` looked for: whether it is there, and what to do when not. `needed_for`
    in plain words.
    """

    name: str
    granted: bool
    needed_for: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A legal entity, or a payroll company, that the connection reaches."""

    code: str
    title: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One connected tenant. `legal_entities` are the codes in the ledger's settings, as the vendor spells
    them; nobody is asked for them.
    """

    connection: str
    check: Callable[[], tuple[Right, ...]]
    entities: Callable[[], tuple[Entity, ...]]
    legal_entities: tuple[str, ...] = ()
    payroll: PayrollSource | None = None
    ledger: LedgerSink | None = None
    sign_in: SignIn | None = None
    events: EventSource | None = None


# --- payroll ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PayRunRef:
    """A pay run as a list shows it; `reference` is what `pay_run` and `blocks` take."""

    reference: str
    description: str
    calculated_at: datetime
    period_end: date


class PayrollSource(Protocol):
    """Where pay runs are read. Nothing is ever written to it."""

    def pay_runs(self, since: date) -> tuple[PayRunRef, ...]:
        """Runs whose period ends on or after the date, oldest calculation first: every one, or an error."""
        ...

    def tenant(self) -> str:
        """What the payroll says it is: the vendor's own id where there is one, else host and client; in a
        sandbox the installation id of the simulator. It asks the vendor only where nothing was asked yet.
        """
        ...

    def pay_run(self, reference: str) -> PayRun:
        """The run's dates, currency, companies and control totals.

        Raises `NotFound` for no such run, and `Refused` with code `run.ambiguous` when its pay period, and so
        its pay date, is not certain.
        """
        ...

    def still(self, pay_run: PayRun) -> tuple[Problem, ...]:
        """What speaks against posting the run now, asked afresh in as few calls as can be: it was undone, or
        it changed, since it was read. Empty when it is as it was.
        """
        ...

    def blocks(self, reference: str) -> Iterator[Block]:
        """The run's lines, block by block as the source delivers them, out of order or twice if it does so.
        Memory holds one at a time.
        """
        ...


@runtime_checkable
class SetsAside(Protocol):
    """A `PayrollSource` that may meet deliveries it cannot read as a pay run: ask with `isinstance`."""

    def set_aside(self) -> tuple[Problem, ...]:
        """What the last `pay_runs` left out because it could not be read, a problem for each delivery that
        names it; looks itself where nobody has yet.
        """
        ...


# --- ledger -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLimits:
    """What a ledger can hold, and how long to wait for it; declared as data, so that a difference between
    ledgers is no special case.

    `text_max`: characters of an entry's text; `line_text_max`: of a line's own text, `None` for no limit.
    `deadline_seconds`: a send not on the wire by then is not sent, and one whose answer is not whole by then
    is unknown. `settle_seconds`: after an unknown outcome the vendor may still book for so long.
    `visible_seconds`: a booked document may be invisible to `locate` for so long. `decimals`: what an amount
    may have. `marker_is_searchable`: `locate` can be believed when it finds nothing. `posting_seconds`: how
    often to look at a document that awaits posting by the ledger; `posts_itself`: a job of its own posts, and
    `release` only looks.
    """

    lines_max: int
    text_max: int
    line_text_max: int | None = None
    decimals: int = 2
    deadline_seconds: float = 100
    settle_seconds: float = 600
    visible_seconds: float = 60
    marker_is_searchable: bool = True
    posting_seconds: float = 60
    posts_itself: bool = False
    axes: frozenset[str] = frozenset({"cost_center"})


Gate = Callable[[], None]
"""Called last before the first byte of a write leaves; raises `NotSent` when the intent is no longer ours or
its deadline has passed.
"""

Send = Callable[[Gate], Receipt]
"""Sends one prepared write, once. Raises `NotSent`, `Refused` (nothing was booked) or `OutcomeUnknown`; never
sends twice.
"""


class LedgerSink(Protocol):
    """Where journal entries are posted."""

    limits: LedgerLimits

    def tenant(self, entity: str) -> str:
        """What the books behind the entity say they are: the vendor's own id where there is one, else host
        and database; in a sandbox the installation id of the simulator. It asks the vendor only where nothing
        was asked yet.
        """
        ...

    def journals(self, entity: str) -> tuple[tuple[str, str], ...]:
        """`(code, description)` of the journals that take our entries."""
        ...

    def calendar(self, entity: str, journal: str, around: date) -> tuple[FiscalPeriod, ...]:
        """Fiscal periods of the years around the date, in order, open or closed for this journal."""
        ...

    def chart(self, entity: str, journal: str, axes: frozenset[str]) -> Chart:
        """Accounts, journal, currencies and the codes of the axes named: the facts that checks compare an
        entry with.
        """
        ...

    def preflight(self, entry: JournalEntry, marker: Marker) -> tuple[Problem, ...]:
        """What this ledger cannot hold of the entry beyond what the chart says: text too long, too many
        decimals or lines. No calls.
        """
        ...

    def documents(self, entity: str, journal: str, start: date, end: date) -> tuple[BookedEntry, ...]:
        """Every document in the journal with a date in these days, drafts included, in the order of their
        numbers: ours, with the `marker` they carry, and those of others. Complete, or an error.
        """
        ...

    def document(self, entity: str, journal: str, number: str) -> BookedEntry:
        """The document that people know by this number in the journal, or in any journal of the legal entity
        where `journal` is empty. Raises `NotFound` where there is none, and `Refused` where there are
        several.
        """
        ...

    def locate(self, entry: JournalEntry, marker: Marker, since: datetime | None) -> tuple[Receipt, ...]:
        """Every document that carries the marker, drafts included, looked up afresh over all the time it
        could exist; `since` narrows it.
        """
        ...

    def prepare(
        self, entry: JournalEntry, marker: Marker, so_far: Receipt | None = None
    ) -> AbstractContextManager[Send]:
        """Obtain permit, lane, token and connection for one write, so that only the send's deadline lies
        between intent and wire.

        A ledger that takes an entry in several writes prepares the first without `so_far`, and the one after
        `so_far.parts` with it.
        """
        ...

    def release(self, receipt: Receipt) -> Receipt:
        """Post a draft that was read back and found right; safe to ask again.

        The receipt is not posted when the ledger's own job will do it: it is asked again later. A ledger that
        posts on create returns it as it is.
        """
        ...

    def abandon(self, receipt: Receipt) -> None:
        """Remove a document that is not complete and was never posted; nothing when it is already gone. Never
        called for any other.
        """
        ...

    def read_back(self, receipt: Receipt) -> BookedEntry:
        """The document as the ledger shows it now, every line. Raises `NotFound` when it is gone."""
        ...


# --- sign-in ------------------------------------------------------------------------------------------------


class SignIn(Protocol):
    """A consent that a person gives in the vendor's pages."""

    def authorize_url(self, state: str) -> str:
        """Where the person goes. `state` comes back in the redirect."""
        ...

    def exchange(self, redirect: str, state: str) -> None:
        """Turn the pasted redirect address into stored tokens. Raises `Refused` for a wrong state, a used
        code or an address without one.
        """
        ...

    def renew(self) -> datetime | None:
        """Renew an idle sign-in so that it does not lapse; returns when the consent dies if nothing more
        happens, or `None` for never.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A verified notification: what changed, as a hint to read it again. `id` is for recognising a repeat."""

    id: str
    topic: str
    key: str
    occurred_at: datetime | None = None
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A call that only asks whether anybody is there: answer it so, and do nothing."""

    status: int = 200
    body: bytes = b""


class EventSource(Protocol):
    """Where notifications come from. They are hints: at least once, out of order, sometimes lost; what
    matters is read again.
    """

    def verify(self, headers: Mapping[str, str], body: bytes) -> Event | Challenge:
        """The event in a call, or the challenge. Raises `Refused` for a body that the vendor did not sign, or
        that is not for us.
        """
        ...

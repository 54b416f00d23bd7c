"""What a connected system can do, in words that no vendor owns.

A connector opens a `System`, whose capabilities are entries by the type of the domain that they read, write
or keep: adding one edits no port. A connector answers questions and carries out one write when told to; it
decides nothing and remembers nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from ml_connector.domain.problem import Problem
from ml_connector.errors import NoCapability
from ml_connector.ports.ledger import LedgerFacts
from ml_connector.ports.registers import Register
from ml_connector.ports.sinks import D, Sink
from ml_connector.ports.storage import Budget, Clock, Exchanges, Files, SerialLocks, Tokens, Vault

if TYPE_CHECKING:
    from ml_connector.ports.handed_in import HandedIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What a connector is given to work with; all of it belongs to one connection.

    `connection` is its id for budgets, serial locks and exchanges. `sandbox` allows hosts that are not the
    vendor's, loopback only. `wire` is an `httpx2.BaseTransport` to use in place of real sockets, for tests.
    `in_background` starts work in a thread of its own and returns how to wait for it; by default the work is
    done when it is waited for. `files` opens what holds the bytes of files that are written. `heard` are the
    keys of what notifications with one of these topics were about since a time, sorted. `handed_in` opens the
    expense reports that the organisation's programs sent to us, `lists` the register of `ListValue` that this
    installation keeps for the connection itself.
    """

    connection: str
    vault: Vault
    tokens: Tokens
    budget: Budget
    serial_locks: SerialLocks
    exchanges: Exchanges
    clock: Clock
    sandbox: bool = False
    wire: Any = None
    files: Callable[[], Files] | None = None
    in_background: Callable[[Callable[[], Any]], Callable[[], Any]] = lambda work: work
    lists: Callable[[], Register[Any]] | None = None
    heard: Callable[[Sequence[str], datetime], Sequence[str]] = lambda topics, since: ()
    handed_in: Callable[[], HandedIn] | None = None


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
    in plain words. Without an `optional` one a connection is fine, and some flows cannot do their work.
    """

    name: str
    granted: bool
    needed_for: str
    text: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A legal entity, or a payroll company, that the connection reaches."""

    code: str
    title: str
    currency: str


class Capabilities(Mapping[type[Any], Any]):
    """What a system can do, by type of the domain; each is made when it is asked for first. `more` names
    those that few flows need: it is asked once, for a type that is not among `made`.
    """

    def __init__(
        self,
        made: Mapping[type[Any], Callable[[], Any]],
        more: Callable[[], Mapping[type[Any], Callable[[], Any]]] = dict,
    ) -> None:
        self._made, self._more, self._held = made, more, dict[type[Any], Any]()

    @cached_property
    def _rest(self) -> Mapping[type[Any], Callable[[], Any]]:
        return self._more()

    def __getitem__(self, kind: type[Any]) -> Any:
        if kind not in self._held:
            self._held[kind] = (self._made if kind in self._made else self._rest)[kind]()
        return self._held[kind]

    def __contains__(self, kind: object) -> bool:
        return kind in self._made or kind in self._rest

    def __iter__(self) -> Iterator[type[Any]]:
        yield from self._made
        yield from self._rest

    def __len__(self) -> int:
        return len(self._made) + len(self._rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One connected tenant, and what it can do: sources, sinks and registers by the type of the domain that
    they read, write or keep. A system without a capability has no entry.

    `tenant` tells what the books behind a legal entity say they are, or the whole system where it is asked
    for the empty one: the vendor's own id where there is one, else host and database; in a sandbox the
    installation id of the simulator. `legal_entities` are the codes in the connection's settings, as the
    vendor spells them; nobody is asked for them. `topics` are patterns of the notifications that tell of
    records by the type of the domain; `subscriptions` opens those at the vendor, and where the vendor has no
    interface for them `by_hand` says what a person does, with `{address}` for the address.
    """

    connection: str
    check: Callable[[], tuple[Right, ...]]
    entities: Callable[[], tuple[Entity, ...]]
    tenant: Callable[[str], str]
    legal_entities: tuple[str, ...] = ()
    sources: Mapping[type[Any], Any] = field(default_factory=dict)
    sinks: Mapping[type[Any], Sink[Any, Any]] = field(default_factory=dict)
    registers: Mapping[type[Any], Register[Any]] = field(default_factory=dict)
    ledger: LedgerFacts | None = None
    sign_in: SignIn | None = None
    events: EventSource | None = None
    topics: Mapping[type[Any], tuple[str, ...]] = field(default_factory=dict)
    subscriptions: Callable[[], Subscriptions] | None = None
    by_hand: tuple[str, ...] = ()

    def source(self, kind: type[Any]) -> Any:
        """Where records of this kind are read. Raises `NoCapability` where the system has none."""
        return self._held(self.sources, kind, "holds no", "to read")

    def sink(self, kind: type[D]) -> Sink[D, Any]:
        """Where documents of this kind are written. Raises `NoCapability` where the system takes none."""
        sink: Sink[D, Any] = self._held(self.sinks, kind, "takes no", "")
        return sink

    def register(self, kind: type[Any]) -> Register[Any]:
        """Where records of this kind are kept. Raises `NoCapability` where the system keeps none."""
        register: Register[Any] = self._held(self.registers, kind, "keeps no", "")
        return register

    def facts(self) -> LedgerFacts:
        """The general ledger's facts. Raises `NoCapability` where the system is no ledger."""
        if self.ledger is None:
            raise NoCapability(f"Connection {self.connection} is no general ledger.")
        return self.ledger

    def _held(self, held: Mapping[type[Any], Any], kind: type[Any], lacks: str, why: str) -> Any:
        if kind not in held:
            raise NoCapability(f"Connection {self.connection} {lacks} {kind.__name__} {why}".rstrip() + ".")
        return held[kind]


class Systems(Protocol):
    """The two systems of a flow; each is opened when it is asked for."""

    @property
    def source(self) -> System: ...

    @property
    def target(self) -> System: ...


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
    """A verified notification: what changed, as a hint to read it again. `id` is for recognising a repeat.
    `company` is the vendor's name of it; without `ours` the client has it and this connection does not.
    """

    id: str
    topic: str
    key: str
    occurred_at: datetime | None = None
    company: str = ""
    ours: bool = True
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """An address that the vendor notifies: of which topics, and for which company where it is one's. Without
    `active` nothing is sent.
    """

    id: str
    address: str
    topics: tuple[str, ...]
    company: str = ""
    active: bool = True

    @property
    def about(self) -> tuple[str, tuple[str, ...]]:
        """What it is for."""
        return self.company, tuple(sorted(self.topics))


class Subscriptions(Protocol):
    """The subscriptions that the vendor has, ours or not. Each method raises what its calls raise.
    `takes_secret`: each is signed with a secret that is given when it is made; else with one of the
    application's, which the vendor makes.
    """

    takes_secret: bool

    def every(self) -> Sequence[Subscription]:
        """All of them, those of others too, as far as the vendor shows them."""
        ...

    def wanted(self, address: str) -> Sequence[Subscription]:
        """Those that the connection needs, without ids."""
        ...

    def make(self, wanted: Subscription, secret: str) -> None:
        """Make one, signed with the secret where the vendor takes one."""
        ...

    def remove(self, identity: str) -> None:
        """Take one away; fine where it is gone already."""
        ...

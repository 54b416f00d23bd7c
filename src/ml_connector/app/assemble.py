"""The one place that knows every part: connectors found in their folders, stores, flows, and the workshop the
engines work in.
"""

from __future__ import annotations

import errno
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from django.db import InterfaceError, OperationalError

import ml_connector.connectors as connectors_package
from ml_connector.app.access import Access
from ml_connector.app.settings import Settings, SettingsError
from ml_connector.domain import codec
from ml_connector.domain.dimension import DimensionValue
from ml_connector.domain.mapping import Mapping as CodeMapping
from ml_connector.flows.flow import Offering, Opening, flows
from ml_connector.ports.registers import Register
from ml_connector.ports.runs import RunRow
from ml_connector.ports.sinks import Sink
from ml_connector.ports.storage import Clock, Files, TokenState
from ml_connector.ports.systems import Connector, System, Wiring
from ml_connector.runs.converge import Converger
from ml_connector.runs.durable import Pace
from ml_connector.runs.intent import Committer
from ml_connector.runs.proof import Wait
from ml_connector.runs.run import Done, Next, Run, StageRun
from ml_connector.runs.stages import Opened, Stage
from ml_connector.runs.waits import look_again
from ml_connector.store.claims import StoredClaims
from ml_connector.store.commits import StoredCommits
from ml_connector.store.database import Locks, SystemClock, database_scope, in_background
from ml_connector.store.hooks import keys_heard
from ml_connector.store.installation import installation, restored_at
from ml_connector.store.limits import StoredBudget, StoredExchanges, StoredSerialLocks
from ml_connector.store.models import Connection, Flow
from ml_connector.store.plans import StoredComparisons, StoredLinks, StoredPlans
from ml_connector.store.runs import StoredArtifacts, StoredRuns
from ml_connector.store.secrets import Keys, StoredTokens, StoredVault
from ml_connector.store.snapshots import StoredSnapshots
from ml_connector.store.staging import StoredStaging
from ml_connector.store.tenants import StoredTenants
from ml_connector.store.work import StoredWorklist, planner

if TYPE_CHECKING:
    from ml_connector.domain.dated_back import BookedPay
    from ml_connector.domain.invoice import SupplierInvoice
    from ml_connector.ports.handed_in import HandedIn
    from ml_connector.runs.engine import Engine

TURN_SECONDS = 2.0
"""How long a posting waits before it asks again for its turn at a ledger."""

DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})


CONNECTORS = "ml_connector.connectors"
"""The group of entry points under which other distributions offer connectors: `slug = package:CONNECTOR`."""


@cache
def connectors() -> dict[str, Connector]:
    """Every connector by slug: each folder of `connectors/` that exposes `CONNECTOR`, and each entry point of
    another distribution. Raises `SettingsError` for two of one name, and for one that cannot
    be loaded.
    """
    found: dict[str, Connector] = {}
    for module in pkgutil.iter_modules(connectors_package.__path__):
        if module.ispkg:
            package = importlib.import_module(f"{connectors_package.__name__}.{module.name}")
            found[module.name] = cast(Connector, package.CONNECTOR)
    for point in entry_points(group=CONNECTORS):
        offered = f"{point.value} of distribution {point.dist.name if point.dist else 'unknown'}"
        if point.name in found:
            text = f"Two connectors are named {point.name}: {offered} is the second. Remove one of them."
            raise SettingsError(text)
        try:
            found[point.name] = cast(Connector, point.load())
        except (ImportError, AttributeError) as error:
            text = f"The connector {point.name} cannot be loaded: {offered} says {error}. Install it again."
            raise SettingsError(text) from error
    return found


class Assembly:
    """Builds systems and flows of stored connections. Systems are opened once per connection and process,
    with fresh settings on change.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        wire: Any = None,
        locks: Locks | None = None,
        background: Callable[[Callable[[], Any]], Callable[[], Any]] | None = None,
    ) -> None:
        self.settings = settings
        self.clock: Clock = clock or _clock(settings)
        self.locks = locks or Locks(settings.locks)
        self.keys = Keys(settings.key_file)
        self.passes_forgotten_at: datetime | None = None
        self._wire = wire
        self.background = background or in_background
        self._systems: dict[tuple[int, str], System] = {}
        self._access: dict[str, Access] = {}
        self._mappings: dict[str, CodeMapping] = {}

    def access(self, organisation: str) -> Access:
        """The rows of an organisation."""
        if organisation not in self._access:
            self._access[organisation] = Access(organisation)
        return self._access[organisation]

    def wiring(self, connection: Connection) -> Wiring:
        """What a connector of this connection works with. Raises `SettingsError` for a real system under a
        clock that somebody sets.
        """
        if self.settings.clock_file and not connection.sandbox:
            from ml_connector.store.clock_file import refusal

            raise SettingsError(refusal(connection.name))
        return Wiring(
            connection=str(connection.pk),
            vault=StoredVault(connection, self.keys, self.clock),
            tokens=StoredTokens(connection, self.keys, self.locks),
            budget=StoredBudget(),
            serial_locks=StoredSerialLocks(self.locks),
            exchanges=StoredExchanges(connection),
            clock=self.clock,
            sandbox=connection.sandbox,
            wire=self._wire,
            in_background=self.background,
            files=self.files,
            lists=lambda: importlib.import_module("ml_connector.store.kept_lists").KeptLists(connection),
            heard=lambda topics, since: keys_heard(connection, topics, since),
            handed_in=lambda: self._handed_in(connection),
        )

    def _handed_in(self, connection: Connection) -> HandedIn:
        from ml_connector.app.handed_in import handed_in

        access = self.access(connection.organisation.slug)
        return handed_in(access, connection, self.clock, self.files())

    def sign_ins(self, connection: Connection) -> tuple[TokenState, ...]:
        """What is stored of the connection's sign-in, and of the tenants behind it that sign in apart."""
        return StoredTokens(connection, self.keys, self.locks).every()

    def system(self, connection: Connection) -> System:
        """The connected system."""
        key = (connection.pk, repr(sorted(connection.settings.items())))
        if key not in self._systems:
            connector = connectors()[connection.connector]
            self._systems[key] = connector.open(connection.settings, self.wiring(connection))
        return self._systems[key]

    def policy(self, flow: Flow) -> Any:
        """What the settings of the flow say, read by its record."""
        return flows()[flow.kind].policy(flow.mode, flow.starts_on or date.min, flow.options)

    def offering(self, flow: Flow, since: date, until: date) -> Offering:
        """Where the flow looks for new records of its source."""
        return Offering(
            source=self.system(flow.source).source(flows()[flow.kind].source or object),
            since=since,
            until=until,
            policy=self.policy(flow),
            snapshots=lambda: StoredSnapshots(flow.source),
            now=self.clock.now(),
            name=str(flow.pk),
            taken=lambda found: self.access(flow.organisation.slug).runs.taken(flow.kind, flow.pk, found),
        )

    def files(self) -> Files:
        """The files of this installation, by their bytes. Loaded where a flow has any."""
        from ml_connector.store.files import FolderFiles

        return FolderFiles(self.settings.files)

    def mapping(self, flow: Flow) -> CodeMapping:
        """The newest version of the flow's mapping, decoded once for each version; one without a rule where
        the flow has none.
        """
        if not flow.mapping:
            return CodeMapping(name="", version=0, rules=())
        row = self.access(flow.organisation.slug).newest_mapping(flow.mapping)
        if row.fingerprint not in self._mappings:
            self._mappings = {row.fingerprint: codec.decode(row.content)}
        return self._mappings[row.fingerprint]


def _clock(settings: Settings) -> Clock:
    if not settings.clock_file:
        return SystemClock()
    from ml_connector.store.clock_file import FileClock

    return FileClock(Path(settings.clock_file))


@dataclass(frozen=True, slots=True)
class FlowSystems:
    """The two systems of a flow, opened when they are asked for."""

    assembly: Assembly
    flow: Flow

    @property
    def source(self) -> System:
        """Where the flow reads."""
        return self.assembly.system(self.flow.source)

    @property
    def target(self) -> System:
        """Where the flow writes."""
        return self.assembly.system(self.flow.target)


@dataclass(frozen=True, slots=True)
class FlowCommitters:
    """As `runs.run.Committers`, for the systems of a flow; none is opened before it is written to."""

    assembly: Assembly
    connections: tuple[Connection, ...]
    committer: Callable[[Connection], Committer]

    def __iter__(self) -> Iterator[Committer]:
        return map(self.committer, self.connections)

    def of(self, sink: Sink[Any, Any]) -> Committer:
        """The committer of the connection that has the sink."""
        for connection in self.connections:
            if any(sink is known for known in self.assembly.system(connection).sinks.values()):
                return self.committer(connection)
        raise KeyError("no system of this flow has the sink")


@dataclass(slots=True, kw_only=True)
class StoredStageContext:
    """As `runs.stages.StageContext`, on the stores. `alive` ends the process when its lock is lost;
    `crash_point` may kill it in tests; `brought_by` tells which run brings codes to the ledger of a flow.
    """

    assembly: Assembly
    alive: Callable[[], None] = field(default=lambda: None)
    crash_point: Callable[[str], None] = field(default=lambda name: None)
    runs: StoredRuns = field(default_factory=StoredRuns)
    pace: Pace = field(default_factory=Pace)
    brought_by: Callable[[Assembly, Flow, Sequence[DimensionValue]], str] = lambda *_: ""

    @property
    def clock(self) -> Clock:
        return self.assembly.clock

    def open(self, row: RunRow) -> Opened:
        flow, access = self._flow(row), self.assembly.access(row.organisation)
        systems = FlowSystems(self.assembly, flow)

        def audit(action: str, detail: Any) -> None:
            access.audit.append(actor="system", action=action, subject=row.id, detail=detail)

        def committer(connection: Connection) -> Committer:
            return Committer(
                commits=StoredCommits(connection),
                sinks=lambda kind: self.assembly.system(connection).sink(kind),
                clock=self.clock,
                audit=audit,
                alive=self.alive,
                crash_point=self.crash_point,
                accepted=lambda: self.runs.answers(row.id).keys(),
            )

        def converger(register: Register[Any], kind: str) -> Converger:
            return Converger(
                register=register,
                plans=StoredPlans(),
                links=StoredLinks(flow.target),
                clock=self.clock,
                kind=kind,
                alive=self.alive,
                crash_point=self.crash_point,
            )

        committers = FlowCommitters(self.assembly, (flow.target, flow.source), committer)
        run = StageRun(
            row=row,
            runs=self.runs,
            artifacts=StoredArtifacts(),
            claims=StoredClaims(access.organisation),
            committers=committers,
            converger=converger,
            clock=self.clock,
            auditor=audit,
            crash_point=self.crash_point,
        )
        return Opened(stage=self._in_turn(row, flow, self._stage(row, flow, systems)), run=run)

    def _stage(self, row: RunRow, flow: Flow, systems: FlowSystems) -> Stage:
        opening = Opening(
            systems=systems,
            staging=StoredStaging(),
            commits=StoredCommits(flow.target),
            plans=StoredPlans(),
            comparisons=StoredComparisons(flow),
            links=lambda: StoredLinks(flow.target),
            worklist=lambda: StoredWorklist(flow.organisation, planner(flow)),
            snapshots=lambda: StoredSnapshots(flow.source),
            source=StoredTenants(flow.source),
            target=StoredTenants(flow.target),
            mapping=lambda: self.assembly.mapping(flow),
            policy=self.assembly.policy(flow),
            files=self.assembly.files,
            journals_before=flow.journals_before,
            restored_at=restored_at,
            brought_by=lambda missing: self.brought_by(self.assembly, flow, missing),
            pays_booked=lambda company, since: _pays_booked(flow, company, since),
            invoices_waiting=lambda: _invoices_waiting(flow),
            in_background=self.assembly.background,
        )
        return flows()[row.flow].stages(opening)[row.stage]

    def _in_turn(self, row: RunRow, flow: Flow, stage: Stage) -> Stage:
        """One run at a time posts to a ledger, in all processes."""
        if row.stage not in flows()[row.flow].writes_in:
            return stage

        def carried_out(run: Run) -> Next | Done:
            with self.assembly.locks.seize(f"posting:{flow.target.pk}") as turn:
                if turn is None:
                    due = look_again(row, self.clock.now(), TURN_SECONDS)
                    raise Wait(
                        due, f"Another run is posting to {flow.target.name}. This run continues after it."
                    )
                return stage(run)

        return carried_out

    def paused(self, row: RunRow) -> str:
        pauses = self.assembly.access(row.organisation).paused()
        if not pauses:
            return ""
        flow = self._flow(row)
        scopes = {
            "everything",
            f"connection:{flow.source.name}",
            f"connection:{flow.target.name}",
            f"flow:{flow.pk}",
        }
        found = next((pause for pause in pauses if pause.scope in scopes), None)
        if found is None:
            return ""
        return f"Paused by {found.by} ({found.scope}). To continue: ml-connector unpause {found.scope}."

    def is_outage(self, error: Exception) -> bool:
        if isinstance(error, OSError):
            return error.errno in DISK_ERRORS
        return isinstance(error, OperationalError | InterfaceError)

    def _flow(self, row: RunRow) -> Flow:
        return self.assembly.access(row.organisation).flow_of(row)

    def engine(self) -> Engine:
        """The durable engine of this process. Loaded where runs are carried out, and nowhere else."""
        from ml_connector.runs.engine import Engine

        settings = self.assembly.settings
        return Engine(
            url=settings.engine,
            executor=settings.executor,
            installation=installation().identity,
            workshop=self,
            scope=database_scope,
            pace=self.pace,
        )


def _pays_booked(flow: Flow, company: str, since: date) -> Iterator[BookedPay]:
    """Loaded when a worker was moved: seldom."""
    from ml_connector.app.booked_pays import booked_pays

    return booked_pays(flow, company, since)


def _invoices_waiting(flow: Flow) -> Iterator[SupplierInvoice]:
    """Loaded when a value of a list is to be closed: seldom."""
    from ml_connector.app.invoices_waiting import invoices_waiting

    return invoices_waiting(flow)

"""The one place that knows every part: connectors found in their folders, stores, flows, and the workshop the
engines work in.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from threading import Thread
from typing import Any, cast

from django.db import close_old_connections, connections

import ml_connector.connectors as connectors_package
from ml_connector.app.access import Access
from ml_connector.app.settings import Settings
from ml_connector.flows.payroll_journal import PayrollJournal
from ml_connector.flows.policy import PayrollPolicy, read_policy
from ml_connector.flows.reversal import Reversal
from ml_connector.ports.storage import Clock, RunRow, TokenState
from ml_connector.ports.systems import Connector, System, Wiring
from ml_connector.runs.engine import Engine
from ml_connector.runs.intent import Committer
from ml_connector.runs.run import Durable, Run, StageRun
from ml_connector.runs.stages import Stage, Ticket
from ml_connector.store.commits import StoredCommits
from ml_connector.store.database import Locks, SystemClock
from ml_connector.store.limits import StoredBudget, StoredExchanges, StoredLanes
from ml_connector.store.models import Connection, Flow
from ml_connector.store.runs import StoredArtifacts, StoredRuns
from ml_connector.store.secrets import Keys, StoredTokens, StoredVault
from ml_connector.store.staging import StoredStaging

PAYROLL = "payroll"
REVERSAL = "reversal"
PAUSED = "Paused"
POSTING_STAGES = frozenset({"post"})


@cache
def connectors() -> dict[str, Connector]:
    """Every connector by slug: each folder of `connectors/` that exposes `CONNECTOR`."""
    found = {}
    for module in pkgutil.iter_modules(connectors_package.__path__):
        if module.ispkg:
            package = importlib.import_module(f"{connectors_package.__name__}.{module.name}")
            found[module.name] = cast(Connector, package.CONNECTOR)
    return found


class Assembly:
    """Builds systems and flows of stored connections. Systems are opened once per connection and process,
    with fresh settings on change.
    """

    def __init__(self, settings: Settings, *, clock: Clock | None = None, wire: Any = None) -> None:
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.locks = Locks(settings.locks)
        self.keys = Keys(settings.key_file)
        self._wire = wire
        self._systems: dict[tuple[int, str], System] = {}

    def wiring(self, connection: Connection) -> Wiring:
        """What a connector of this connection works with."""
        return Wiring(
            connection=str(connection.pk),
            vault=StoredVault(connection, self.keys),
            tokens=StoredTokens(connection, self.keys, self.locks),
            budget=StoredBudget(),
            lanes=StoredLanes(self.locks),
            exchanges=StoredExchanges(connection),
            clock=self.clock,
            sandbox=connection.sandbox,
            wire=self._wire,
            beside=beside,
        )

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

    def payroll_policy(self, flow: Flow) -> PayrollPolicy:
        """The flow's policy, read from its settings."""
        return read_policy(flow.mode, flow.starts_on, flow.options)

    def payroll_journal(self, flow: Flow, mapping_version: int | None = None) -> PayrollJournal:
        """F1 between the flow's two connections."""
        access = Access(flow.organisation.slug)
        source, target = self.system(flow.source), self.system(flow.target)
        if source.payroll is None or target.ledger is None:
            raise ValueError(f"{flow.source.name} holds no payroll, or {flow.target.name} no ledger")
        return PayrollJournal(
            tenant=source.tenant,
            payroll=source.payroll,
            ledger=target.ledger,
            staging=StoredStaging(),
            commits=StoredCommits(flow.target),
            mapping=access.mapping(flow.mapping, mapping_version),
            policy=self.payroll_policy(flow),
        )

    def reversal(self, flow: Flow) -> Reversal:
        """The reversal of what the flow posted."""
        target = self.system(flow.target)
        if target.ledger is None:
            raise ValueError(f"{flow.target.name} holds no ledger")
        return Reversal(
            ledger=target.ledger, commits=StoredCommits(flow.target), policy=self.payroll_policy(flow)
        )


@dataclass(slots=True, kw_only=True)
class StoreWorkshop:
    """As `runs.stages.Workshop`, on the stores. `alive` ends the process when its lock is lost; `point` may
    kill it in tests.
    """

    assembly: Assembly
    alive: Callable[[], None] = field(default=lambda: None)
    point: Callable[[str], None] = field(default=lambda name: None)
    runs: StoredRuns = field(default_factory=StoredRuns)

    @property
    def clock(self) -> Clock:
        return self.assembly.clock

    def stage(self, row: RunRow) -> Stage:
        flow = self._flow(row)
        if row.flow == REVERSAL:
            reversal = self.assembly.reversal(flow)
            stages: dict[str, Stage] = {
                "propose": reversal.propose,
                "post": reversal.post,
                "confirm": reversal.confirm,
            }
        else:
            journal = self.assembly.payroll_journal(flow, int(row.input["mapping_version"]))
            stages = {
                "read": journal.read,
                "propose": journal.propose,
                "post": journal.post,
                "confirm": journal.confirm,
            }
        return stages[row.stage]

    def run(self, row: RunRow, durable: Durable) -> Run:
        access = Access(row.organisation)
        flow = self._flow(row)

        def audit(action: str, detail: Any) -> None:
            access.audit.append(actor="system", action=action, subject=row.id, detail=detail)

        ledger = self.assembly.system(flow.target).ledger
        committer = None
        if ledger is not None:
            committer = Committer(
                commits=StoredCommits(flow.target),
                ledger=ledger,
                clock=self.clock,
                audit=audit,
                alive=self.alive,
                point=self.point,
            )
        return StageRun(
            row=row,
            artifacts=StoredArtifacts(),
            durable=durable,
            committer=committer,
            auditor=audit,
            approval=lambda: self.runs.approved(row.id),
            point=self.point,
        )

    def paused(self, row: RunRow) -> str:
        flow = self._flow(row)
        scopes = {
            "everything",
            f"connection:{flow.source.name}",
            f"connection:{flow.target.name}",
            f"flow:{flow.pk}",
        }
        found = Access(row.organisation).pauses().filter(scope__in=scopes).first()
        return f"{PAUSED} by {found.by} ({found.scope})." if found else ""

    def partition(self, ticket: Ticket) -> str | None:
        """The ledger a ticket posts to: connection and journal's entities share one lane."""
        if ticket.stage not in POSTING_STAGES:
            return None
        return f"connection:{self._flow(self.runs.get(ticket.run)).target.pk}"

    def _flow(self, row: RunRow) -> Flow:
        return Access(row.organisation).flows().get(pk=int(row.input["flow"]))

    def engine(self) -> Engine:
        """The durable engine of this process."""
        settings = self.assembly.settings
        return Engine(
            url=settings.engine,
            executor=settings.executor,
            workshop=self,
            partition=self.partition,
            scope=database_scope,
        )


def beside(work: Callable[[], Any]) -> Callable[[], Any]:
    """Start the work in a thread of its own, which returns its database connection; the result, or what it
    raised, comes when asked for.
    """
    ended: Future[Any] = Future()

    def run() -> None:
        try:
            with database_scope():
                result = work()
        except BaseException as error:
            ended.set_exception(error)
        else:
            ended.set_result(result)

    Thread(target=run, name="beside", daemon=True).start()
    return ended.result


@contextmanager
def database_scope() -> Iterator[None]:
    """Django's connections belong to a thread and are returned by nobody else: closed after each stage."""
    close_old_connections()
    try:
        yield
    finally:
        connections.close_all()

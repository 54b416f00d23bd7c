"""What a flow is: one record, `FLOW`, in each file of this package that holds one. Whoever starts runs,
carries them out or shows them asks the record, and knows no flow by its name.

    FLOW = Flow(kind="payroll", title="Payroll → journal entries", source=PayRun, target=JournalEntry, …)
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import ml_connector.flows as package
from ml_connector.domain.dimension import DimensionValue
from ml_connector.domain.mapping import Mapping as CodeMapping
from ml_connector.domain.period import PostingDatePolicy
from ml_connector.domain.problem import Problem
from ml_connector.domain.proposal import Proposal
from ml_connector.domain.tie_out import TieRow
from ml_connector.flows.booked import Booked
from ml_connector.ports.commits import Commits
from ml_connector.ports.ledger import LedgerFacts
from ml_connector.ports.plans import Comparisons, Links, Plans
from ml_connector.ports.snapshots import Snapshots
from ml_connector.ports.staging import Staging
from ml_connector.ports.storage import Files, Tenants
from ml_connector.ports.systems import System, Systems
from ml_connector.ports.work import Worklist
from ml_connector.runs.stages import Stage

if TYPE_CHECKING:
    from ml_connector.domain.dated_back import BookedPay
    from ml_connector.domain.invoice import SupplierInvoice


class Mode(StrEnum):
    """`propose`: what would be written is shown and never written. `approve`: each proposal waits for
    consent. `automatic`: clean proposals are written.
    """

    PROPOSE = "propose"
    APPROVE = "approve"
    AUTOMATIC = "automatic"


class PolicyError(ValueError):
    """A setting of the flow is missing or cannot be read."""


class Policy(Protocol):
    """What a flow that books is told by its settings, read and checked: how far it goes by itself, legal
    entity → journal, the axes of dimensions that its ledger is asked about, and how a posting date is chosen.
    """

    @property
    def mode(self) -> Mode: ...

    @property
    def journals(self) -> Mapping[str, str]: ...

    @property
    def axes(self) -> frozenset[str]: ...

    @property
    def posting_date(self) -> PostingDatePolicy: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Something that the settings of a flow, or one run of it, are told: its name and what it means. With
    `many` it may be given more than once.
    """

    name: str
    help: str
    many: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question that a held run asks by a problem with this code, and one answer that a person may give.

    `option` is how it is given; with `takes` a value of that name goes with it. `answer` makes the question
    and the answer that are kept from the problem and the value; a value has to stand in the problem's text.
    """

    option: str
    help: str
    code: str
    answer: Callable[[Problem, str], tuple[str, str]]
    takes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Everything that the stages of a run work with. The two systems are opened when they are asked for, the
    newest mapping is read then, `source` and `target` are the names of the two in keys. `journals_before` are
    those that the flow had earlier, by legal entity; `restored_at` tells when this installation was restored
    from a backup. `brought_by` is the run that is to bring all of these codes to the target; empty where one
    of them is brought by nothing. `pays_booked` are those of a payroll company that end on a day or later,
    `invoices_waiting` those of the target that were taken up and are not booked yet.
    `in_background` starts work in a thread of its own and returns how to wait
    for it.
    """

    systems: Systems
    staging: Staging
    commits: Commits
    plans: Plans
    comparisons: Comparisons
    links: Callable[[], Links]
    worklist: Callable[[], Worklist]
    snapshots: Callable[[], Snapshots]
    source: Tenants
    target: Tenants
    mapping: Callable[[], CodeMapping]
    policy: Any
    files: Callable[[], Files] | None = None
    journals_before: Mapping[str, Sequence[str]] = field(default_factory=dict)
    restored_at: Callable[[], datetime | None] = lambda: None
    brought_by: Callable[[Sequence[DimensionValue]], str] = lambda missing: ""
    pays_booked: Callable[[str, date], Iterable[BookedPay]] = lambda company, since: ()
    invoices_waiting: Callable[[], Iterable[SupplierInvoice]] = lambda: ()
    in_background: Callable[[Callable[[], Any]], Callable[[], Any]] = lambda work: work


@dataclass(frozen=True, slots=True, kw_only=True)
class Offering:
    """Where a flow looks for new records: its source, the days from which and until which they count, its
    policy, and what is remembered of that source. `name` is that of the flow's settings, and
    `taken` tells which references a run has taken up.
    """

    source: Any
    since: date
    until: date
    policy: Any
    snapshots: Callable[[], Snapshots]
    now: datetime
    name: str
    taken: Callable[[Collection[str]], Collection[str]]


New = tuple[tuple[str, ...], tuple[Problem, ...]]
"""References at a source, oldest first, and what of it could not be read."""


def _nothing(*_: Any) -> tuple[Any, ...]:
    return ()


def _same(stage: str, _: Sequence[Problem]) -> str:
    return stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One flow.

    `kind` is stored with its settings and runs. `source` and `target` are the types of the domain that it
    reads and writes; without a `source` it is started from a run of another flow, and has the settings of
    that. `record` says in words what one run is for, and `reference` is the name of its reference on the
    command line. `stages` opens them by name, and a run begins in the one that `begins` names; those in
    `writes_in` change something outside, an answer goes back to `proposes`, and `consented` follows an
    approval. `options` are of its settings,
    `given` of one run, in the fields of `input`.

    `heard` tells whether notifications of records of the source wake it: not where another flow reads them.

    With `passes` a run is for no record: it is one pass over all of them, and its reference is the time at
    which it was asked for. The `usual` flow is meant where two connections can have several and none is
    named.

    `fits` tells of a source and a target that read and write its types whether they can have it all the same.
    `axis` is the list that a flow of one list keeps.

    `keeps` are the axes of the target whose codes a flow with such a policy makes and closes.

    `strange_axes` are those of a policy that its two systems do not have; it makes no call.

    `policy` reads the settings, `check_options` is stricter for settings that are made now, `spelled` writes
    legal entities as the target does; all raise `PolicyError`. `offered` lists what the source has for
    an `Offering`. `restart` is the stage in which a stopped run goes on.
    `other_systems` are codes of problems after which a run is proposed anew.

    `shown` gives the `figures` of a run's record, which the stage and name in `recorded` keeps, and `told` a
    sentence of it where there is something to say. `behind` tells where a line, counted from 0, of the
    entry with a key comes from, where the entries are not made of source rows. `tied` and
    `tied_to_books` are its reconciliation of the `books`, as proposed and beside what is booked now.
    """

    kind: str
    title: str
    record: str
    target: type[Any]
    stages: Callable[[Opening], Mapping[str, Stage]]
    begins: str
    input: type[Any]
    source: type[Any] | None = None
    reference: str = "reference"
    writes_in: frozenset[str] = frozenset({"post"})
    proposes: str = "propose"
    consented: str = "post"
    options: tuple[Option, ...] = ()
    given: tuple[Option, ...] = ()
    read_given: Callable[[Mapping[str, Sequence[str]]], Mapping[str, str]] = lambda values: {}
    passes: bool = False
    heard: bool = True
    usual: bool = False
    fits: Callable[[System, System], bool] = lambda source, target: True
    axis: str = ""
    keeps: Callable[[Any], frozenset[str]] = lambda policy: frozenset()
    strange_axes: Callable[[Any, System, System], Iterable[Problem]] = _nothing
    policy: Callable[[str, date, Mapping[str, str]], Any] = _nothing
    check_options: Callable[[Mapping[str, str], Sequence[str]], None] = lambda options, groups: None
    spelled: Callable[[Mapping[str, str], Sequence[str]], dict[str, str]] = lambda options, known: dict(
        options
    )
    offered: Callable[[Offering], New] | None = None
    restart: Callable[[str, Sequence[Problem]], str] = _same
    other_systems: frozenset[str] = frozenset()
    questions: tuple[Question, ...] = ()
    recorded: tuple[str, str] = ("read", "record")
    figures: tuple[str, ...] = ()
    shown: Callable[[Any], Mapping[str, Any]] = lambda record: {}
    told: Callable[[Any], str] = lambda record: ""
    books: tuple[str, str, str, str] = ("Source", "Record", "Journal", "Ledger")
    tied: Callable[[Any, Any], tuple[TieRow, ...]] = _nothing
    behind: Callable[[Any, Any, str, int], list[str]] = lambda record, proposal, key, line: []
    tied_to_books: Callable[[Any, Proposal, Sequence[Booked]], tuple[TieRow, ...]] = _nothing
    misfits: Callable[[CodeMapping, Any, LedgerFacts], list[Problem]] = lambda mapping, policy, ledger: []
    unmapped: Callable[[CodeMapping | None, Any, str], list[tuple[str, int, str]]] | None = None


@cache
def flows() -> dict[str, Flow]:
    """Every flow by kind: each file of this package with a `FLOW`, or several `FLOWS`. Raises `TypeError` for
    two of a kind.
    """
    found: dict[str, Flow] = {}
    for module in pkgutil.iter_modules(package.__path__):
        named = vars(importlib.import_module(f"{package.__name__}.{module.name}"))
        for record in (named.get("FLOW"), *named.get("FLOWS", ())):
            if isinstance(record, Flow) and found.setdefault(record.kind, record) is not record:
                raise TypeError(f"two flows are of kind {record.kind}")
    return found

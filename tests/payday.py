"""A payroll, a ledger and everything between them in memory, on a clock that stands still: the world of the
flow and run tests.

Fakes stand at ports: `Payroll` is a `PayrollSource`, `Ledger` the reference ledger with one set of books per
legal entity. `World` is a company's side of it; a second `World` on the same vendor is a second installation.
Nothing here touches a network, a file or a thread.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from ml_connector.contract.memory import START, VirtualClock, memory_wiring
from ml_connector.contract.reference import (
    JOURNAL,
    Document,
    ReferenceLedger,
    ReferenceSignIn,
    ReferenceVendor,
)
from ml_connector.domain import codec
from ml_connector.domain.build import Proposal
from ml_connector.domain.dimension import dimensions
from ml_connector.domain.journal import Account, Chart, JournalEntry, Marker
from ml_connector.domain.mapping import Mapping, MappingRule, Target
from ml_connector.domain.money import Money
from ml_connector.domain.payroll import Block, Distribution, PayRun, RegisterTotals
from ml_connector.domain.period import FiscalPeriod, PayPeriod
from ml_connector.domain.problem import Problem
from ml_connector.errors import NotFound, SignInRenewed
from ml_connector.flows.payroll_journal import PayrollJournal, proposal_fingerprint
from ml_connector.flows.policy import Mode, read_policy
from ml_connector.flows.reversal import Reversal
from ml_connector.ports.storage import RunRow, RunState
from ml_connector.ports.systems import PayRunRef
from ml_connector.runs.inline import Inline, Memory
from ml_connector.runs.intent import Committer
from ml_connector.runs.run import Durable, Run, StageRun
from ml_connector.runs.stages import Stage

PERIOD_END, PAY_DATE = date(2026, 6, 30), date(2026, 7, 3)
ENTITIES = {"US1": "10", "US2": "20"}
OPTIONS = {"journal": JOURNAL, "entities": "US1=10,US2=20", "text": "Payroll {period_end}"}


class Crash(BaseException):
    """The process died here."""


# --- payroll ------------------------------------------------------------------------------------------------


def row(
    account: str,
    amount: str,
    *,
    company: str = "US1",
    department: str = "SA",
    origin: str = "1",
    currency: str = "EUR",
) -> Distribution:
    """One source line."""
    return Distribution(
        company=company,
        account=account,
        amount=Money.parse(amount, currency),
        dimensions=dimensions({"org_level_1": department}),
        pay_code=None,
        origin=origin,
    )


def company_rows(company: str, factor: int = 1) -> tuple[Distribution, ...]:
    """Balanced lines of one company in two departments: wages 1,500, employer taxes 115, and where they go;
    times the factor.
    """
    plain = [
        ("5100", "1000.00", "SA"),
        ("5110", "500.00", "OP"),
        ("5200", "114.75", "SA"),
        ("2210", "-270.01", "SA"),
        ("2220", "-60.00", "SA"),
        ("2230", "-114.75", "SA"),
        ("2290", "-1169.99", "SA"),
    ]
    return tuple(
        row(
            account,
            str(Decimal(amount) * factor),
            company=company,
            department=department,
            origin=f"{company}-{number}",
        )
        for number, (account, amount, department) in enumerate(plain, 1)
    )


def register(company: str, factor: int = 1) -> RegisterTotals:
    """The pay register that belongs to `company_rows`."""

    def money(text: str) -> Money:
        return Money.parse(str(Decimal(text) * factor), "EUR")

    return RegisterTotals(
        company=company,
        gross=money("1500.00"),
        deductions=money("60.00"),
        employee_taxes=money("270.01"),
        net=money("1169.99"),
        workers=7,
        workers_by_code=(("org_level_1", "SA", 6), ("org_level_1", "OP", 1)),
    )


def blocks_of(rows: tuple[Distribution, ...], size: int = 5) -> list[Block]:
    """The rows in blocks as a source delivers them."""
    parts = [rows[start : start + size] for start in range(0, len(rows), size)]
    return [Block(number=number, total=len(parts), rows=part) for number, part in enumerate(parts, 1)]


def a_pay_run(
    reference: str = "R1",
    *,
    subject: str = "biweekly 2026-06-30",
    factor: int = 1,
    companies: tuple[str, ...] = ("US1", "US2"),
    end: date = PERIOD_END,
) -> PayRun:
    """A pay run of the companies."""
    return PayRun(
        source="reference payroll",
        reference=reference,
        subject=subject,
        description="Biweekly",
        companies=companies,
        currency="EUR",
        pay_period=PayPeriod(start=date(2026, 6, 17), end=end, pay_date=PAY_DATE),
        calculated_at=START,
        blocks=3,
        register=tuple(register(company, factor) for company in companies),
    )


@dataclass(slots=True)
class Payroll:
    """A `PayrollSource` in memory: reference → run and its blocks, delivered as they stand here."""

    runs: dict[str, tuple[PayRun, list[Block]]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def add(self, pay_run: PayRun, rows: tuple[Distribution, ...] | None = None, factor: int = 1) -> None:
        """A run with these rows, or with the usual ones of its companies."""
        if rows is None:
            rows = tuple(line for company in pay_run.companies for line in company_rows(company, factor))
        self.runs[pay_run.reference] = (pay_run, blocks_of(rows))

    def pay_runs(self, since: date) -> tuple[PayRunRef, ...]:
        found = [run for run, _ in self.runs.values() if run.pay_period.end >= since]
        return tuple(
            PayRunRef(
                reference=run.reference,
                description=run.description,
                calculated_at=run.calculated_at,
                period_end=run.pay_period.end,
            )
            for run in found
        )

    def pay_run(self, reference: str) -> PayRun:
        self.calls.append("pay_run")
        if reference not in self.runs:
            raise NotFound(f"There is no pay run {reference}.")
        return self.runs[reference][0]

    def blocks(self, reference: str) -> Iterator[Block]:
        self.calls.append("blocks")
        yield from self.runs[reference][1]


MAPPING = Mapping(
    name="wages",
    version=1,
    translations=(("org_level_1", "SA", "SALES"), ("org_level_1", "OP", "OPS")),
    rules=(
        MappingRule(
            name="wages",
            account="51*",
            group="expense",
            ties_to="gross",
            targets=(Target(account="4000", dimensions=(("cost_center", "=org_level_1"),)),),
        ),
        MappingRule(
            name="employer",
            account="5200",
            ties_to="employer_cost",
            targets=(
                Target(account="4020", dimensions=(("cost_center", "SALES"),), percent=Decimal(60)),
                Target(account="4020", dimensions=(("cost_center", "OPS"),), percent=Decimal(40)),
            ),
        ),
        MappingRule(
            name="taxes", account="2210", ties_to="employee_taxes", targets=(Target(account="1700"),)
        ),
        MappingRule(
            name="deductions", account="2220", ties_to="deductions", targets=(Target(account="1710"),)
        ),
        MappingRule(
            name="employer liability",
            account="2230",
            ties_to="employer_cost",
            targets=(Target(account="1700"),),
        ),
        MappingRule(name="net", account="2290", ties_to="net", targets=(Target(account="1720"),)),
    ),
)


# --- ledger -------------------------------------------------------------------------------------------------

DIES_LATE, DIES_BEFORE, DIES_AFTER, EXPIRES = (
    "dies, late commit",
    "dies, lost",
    "dies after commit",
    "expires in mid-send",
)


class Vendor(ReferenceVendor):
    """The reference books, with more accounts and with the faults that kill the client or its sign-in while a
    send is on the wire.
    """

    def post(self, entry: JournalEntry, marker: str, reference: str = "") -> Document:
        fault = self.fault
        if fault in (DIES_LATE, DIES_BEFORE, DIES_AFTER):
            self.fault = None
            if fault != DIES_BEFORE and self.part_lines:
                self.write(entry, marker, reference)
            elif fault != DIES_BEFORE:
                self.book(entry, marker, delay=2.0 if fault == DIES_LATE else 0.0)
            raise Crash(fault)
        if fault == EXPIRES:
            self.fault = None
            cast(VirtualClock, self.clock).advance(605)
            raise SignInRenewed("The access token was no longer good.")
        return super().post(entry, marker, reference)


def a_vendor(clock: VirtualClock) -> Vendor:
    """A vendor with the accounts that the mapping books on."""
    return Vendor(
        clock,
        accounts={
            code: Account(code=code, description=code) for code in ("4000", "4020", "1700", "1710", "1720")
        },
    )


class Ledger(ReferenceLedger):
    """The reference ledger with several legal entities and, where told so, fields it silently does not
    keep.
    """

    keeps_marker = True

    def foreign(
        self, entity: str, journal: str, period: FiscalPeriod, known: frozenset[str]
    ) -> tuple[str, ...]:
        mine = {found.reference for found in self._vendor.visible() if found.entry.entity != entity}
        return super().foreign(entity, journal, period, known | mine)

    def locate(self, entry: JournalEntry, marker: Marker, since: datetime | None) -> Any:
        return super().locate(entry, marker, since) if self.keeps_marker else ()


# --- one installation ---------------------------------------------------------------------------------------


class World:
    """One installation: what it remembers, what it is connected to, and short words for what the tests do
    most.
    """

    def __init__(
        self,
        *,
        mode: Mode = Mode.AUTOMATIC,
        vendor: Vendor | None = None,
        clock: VirtualClock | None = None,
        memory: Memory | None = None,
        payroll: Payroll | None = None,
        ledger: Ledger | None = None,
        **options: str,
    ) -> None:
        self.clock = clock or VirtualClock()
        self.vendor = vendor or a_vendor(self.clock)
        self.memory = memory or Memory(self.clock)
        self.payroll = payroll or Payroll()
        self.mapping = MAPPING
        self.policy = read_policy(mode, date(2026, 1, 1), {**OPTIONS, **options})
        self.pauses: list[str] = []
        self.audited: list[str] = []
        self.noted: list[dict[str, Any]] = []
        self.ledger = ledger or self._connect()

    def _connect(self) -> Ledger:
        wiring = memory_wiring(clock=self.clock)
        sign_in = ReferenceSignIn(self.vendor, wiring)
        (state,) = parse_qs(urlsplit(sign_in.authorize_url("state")).query)["state"]
        sign_in.exchange(
            f"https://connector.example/back?code={self.vendor.approve()}&state={state}", "state"
        )
        return Ledger(self.vendor, wiring, sign_in)

    def limit(self, **limits: Any) -> None:
        """Give this ledger other limits."""
        self.ledger.limits = replace(self.ledger.limits, **limits)

    # --- the workshop of the engines

    @property
    def runs(self) -> Any:
        return self.memory.runs

    def flow(self) -> PayrollJournal:
        return PayrollJournal(
            tenant="acme",
            payroll=self.payroll,
            ledger=self.ledger,
            staging=self.memory.staging,
            commits=self.memory.commits,
            mapping=self.mapping,
            policy=self.policy,
        )

    def stage(self, row: RunRow) -> Stage:
        if row.flow == "reversal":
            reversal = Reversal(ledger=self.ledger, commits=self.memory.commits, policy=self.policy)
            return {"propose": reversal.propose, "post": reversal.post, "confirm": reversal.confirm}[
                row.stage
            ]
        flow = self.flow()
        return {"read": flow.read, "propose": flow.propose, "post": flow.post, "confirm": flow.confirm}[
            row.stage
        ]

    def run(self, row: RunRow, durable: Durable, point: Callable[[str], None] = lambda name: None) -> Run:
        def audit(action: str, detail: Any) -> None:
            self.audited.append(action)
            self.noted.append(dict(detail))

        committer = Committer(
            commits=self.memory.commits, ledger=self.ledger, clock=self.clock, audit=audit, point=point
        )
        return StageRun(
            row=row,
            artifacts=self.memory.artifacts,
            durable=durable,
            committer=committer,
            auditor=audit,
            approval=lambda: self.memory.runs.approved(row.id),
            point=point,
        )

    def paused(self, row: RunRow) -> str:
        return self.pauses[0] if self.pauses else ""

    # what people do

    def start(self, reference: str = "R1", **values: str) -> str:
        """A run of the payroll flow; nothing is carried out yet."""
        if reference not in self.payroll.runs:
            self.payroll.add(a_pay_run(reference))
        return str(
            self.memory.runs.create(flow="payroll", stage="read", input={"pay_run": reference, **values}).id
        )

    def settle(self, point: Callable[[str], None] = lambda name: None) -> None:
        """Carry everything out in a process that starts now, until nothing is to be done before a person
        acts.
        """
        Inline(_Process(self, point), self.memory.runs, self._advance_to).settle()

    def post(self, reference: str = "R1", **values: str) -> RunRow:
        """Start a run and carry it out."""
        run = self.start(reference, **values)
        self.settle()
        return self.at(run)

    def approve(self, run: str) -> RunRow:
        """Consent to exactly what is proposed, and carry on."""
        at = self.at(run)
        assert at.state is RunState.AWAITING_APPROVAL
        self.memory.runs.approvals[run] = proposal_fingerprint(self.proposal(run))
        self.memory.runs.move(at, state=RunState.READY, stage="post", attempt=at.attempt + 1)
        self.settle()
        return self.at(run)

    def resume(self, run: str, stage: str | None = None, **values: str) -> RunRow:
        """Let a held run go on, and carry it out."""
        at = self.at(run)
        assert at.state in (RunState.HELD, RunState.FAILED, RunState.AWAITING_APPROVAL), at
        self.memory.runs.move(
            at,
            state=RunState.READY,
            stage=stage,
            attempt=at.attempt + 1,
            input={**at.input, "_tries": "0", **values},
        )
        self.settle()
        return self.at(run)

    def reverse(self, run: str) -> RunRow:
        """Reverse what a run posted, with consent."""
        keys = "\n".join(entry.key for entry in self.proposal(run).entries)
        made = self.memory.runs.create(flow="reversal", stage="propose", input={"keys": keys})
        self.settle()
        at = self.at(made.id)
        return (
            self.approve(made.id)
            if at.state is RunState.AWAITING_APPROVAL and self.policy.mode is not Mode.PROPOSE
            else at
        )

    def set_mode(self, mode: Mode) -> None:
        """Change the flow's mode."""
        self.policy = replace(self.policy, mode=mode)

    # what tests look at

    def at(self, run: str) -> RunRow:
        return cast(RunRow, self.memory.runs.get(run))

    def problems(self, run: str) -> list[str]:
        """Codes of everything that holds the run."""
        return [problem.code for problem in self.problem_list(run)]

    def problem_list(self, run: str) -> tuple[Problem, ...]:
        text = self.at(run).problems
        return cast(tuple[Problem, ...], codec.decode(text)) if text else ()

    def recorded(self, run: str, stage: str, name: str) -> Any:
        """What the run's latest attempt of the stage recorded under the name."""
        for attempt in range(self.at(run).attempt, 0, -1):
            text = self.memory.artifacts.read(run, f"{stage}/{attempt}/{name}")
            if text is not None:
                return codec.decode(text)
        raise KeyError(name)

    def proposal(self, run: str) -> Proposal:
        return cast(Proposal, self.recorded(run, "propose", "proposal"))

    def rates_noted(self) -> list[str]:
        """Exchange rates in the audit chain, in the order of the documents."""
        return [text for detail in self.noted for name, text in detail.items() if name.startswith("rate ")]

    def texts(self) -> list[str]:
        """Texts of every document in the books, in the order of booking, those on their way included."""
        return [document.entry.text for document in self.vendor.documents]

    def markers(self) -> list[str]:
        """Markers of every document in the books."""
        return [document.marker for document in self.vendor.documents]

    def balances(self) -> dict[tuple[str, str, str], int]:
        """Minor units per legal entity, account and cost center over all documents; zeros left out."""
        sums: dict[tuple[str, str, str], int] = {}
        for document in self.vendor.documents:
            for line in document.entry.lines:
                key = (document.entry.entity, line.account, " ".join(value.code for value in line.dimensions))
                sums[key] = sums.get(key, 0) + line.amount.minor
        return {key: minor for key, minor in sums.items() if minor}

    def copy_connection(self) -> Ledger:
        """The same connection as another process has it: same sign-in, its own lanes."""
        ours = self.ledger._wiring
        wiring = replace(ours, lanes=memory_wiring(clock=self.clock).lanes)
        other = Ledger(self.vendor, wiring, ReferenceSignIn(self.vendor, wiring))
        other.limits, other.keeps_marker = self.ledger.limits, self.ledger.keeps_marker
        return other

    def copy(self) -> World:
        """A second installation from a backup taken now: the same memory once more, on the same ledger,
        payroll and clock.
        """
        memory = copy.deepcopy(self.memory, {id(self.clock): self.clock})
        other = World(
            vendor=self.vendor, clock=self.clock, memory=memory, payroll=self.payroll, ledger=self.ledger
        )
        other.policy, other.mapping = self.policy, self.mapping
        return other

    def _advance_to(self, moment: datetime) -> None:
        self.clock.advance(max(0.0, (moment - self.clock.now()).total_seconds()))


class _Process:
    """A world as one process sees it, with the places where it may die."""

    def __init__(self, world: World, point: Callable[[str], None]) -> None:
        self._world, self._point = world, point

    @property
    def runs(self) -> Any:
        return self._world.memory.runs

    @property
    def clock(self) -> VirtualClock:
        return self._world.clock

    def stage(self, row: RunRow) -> Stage:
        return self._world.stage(row)

    def run(self, row: RunRow, durable: Durable) -> Run:
        return self._world.run(row, durable, self._point)

    def paused(self, row: RunRow) -> str:
        return self._world.paused(row)


def usual_balances(
    factor: int = 1, entities: tuple[str, ...] = ("10", "20")
) -> dict[tuple[str, str, str], int]:
    """What the usual pay run comes to in the books."""
    one = {
        ("4000", "SALES"): 100_000,
        ("4000", "OPS"): 50_000,
        ("4020", "SALES"): 6_885,
        ("4020", "OPS"): 4_590,
        ("1700", ""): -27_001 - 11_475,
        ("1710", ""): -6_000,
        ("1720", ""): -116_999,
    }
    return {
        (entity, account, center): minor * factor
        for entity in entities
        for (account, center), minor in one.items()
    }


def a_chart(entity: str = "10", **changes: Any) -> Chart:
    """A chart that takes everything the mapping books."""
    known: dict[str, Any] = {
        "entity": entity,
        "journal": JOURNAL,
        "journal_problem": None,
        "currencies": frozenset({"EUR"}),
        "accounts": {
            code: Account(code=code, description=code) for code in ("4000", "4020", "1700", "1710", "1720")
        },
        "codes": {"cost_center": frozenset({"SALES", "OPS"})},
        "inactive": {"cost_center": frozenset({"OLD"})},
    }
    return Chart(**{**known, **changes})

"""A payroll, a ledger and the product between them in one process, on a clock that stands still: the world of
the flow and run tests.

Fakes stand at ports: `Payroll` is a `PayrollSource`, `Ledger` the reference ledger with one set of books per
legal entity. `World` is a company's side of it, the product's own tables and operations; a second `World` on
the same vendor is a second installation. Nothing here touches a network or a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from tests.tables import Tables, settings

from ml_connector.contract.memory import START, VirtualClock, memory_wiring
from ml_connector.contract.reference import ReferenceLedger, ReferenceSignIn
from ml_connector.contract.reference_vendor import JOURNAL, Document, ReferenceVendor
from ml_connector.domain import codec
from ml_connector.domain.dimension import dimensions
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import Account, Chart, JournalEntry
from ml_connector.domain.mapping import Mapping, MappingRule, Target
from ml_connector.domain.money import Money
from ml_connector.domain.payroll import Block, Distribution, PayRun, RegisterTotals
from ml_connector.domain.period import PayPeriod
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.proposal import Proposal
from ml_connector.errors import NotFound, SignInRenewed
from ml_connector.flows.flow import Mode
from ml_connector.flows.posting.consent import proposal_fingerprint
from ml_connector.ports.commits import CommitRow
from ml_connector.ports.payroll import PayrollSource, PayRunRef
from ml_connector.ports.runs import RunRow, RunState
from ml_connector.ports.systems import System
from ml_connector.runs.inline import Inline

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
    groups: tuple[str, ...] = (),
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
        groups=groups,
    )


def a_payroll_system(payroll: PayrollSource) -> System:
    """A system that holds a payroll and nothing else."""
    return System(
        connection="1",
        check=tuple,
        entities=tuple,
        tenant=lambda entity: payroll.tenant(),
        sources={PayRun: payroll},
    )


def a_ledger_system(ledger: Ledger, connection: str = "2") -> System:
    """A system that is a general ledger and nothing else."""
    return System(
        connection=connection,
        check=tuple,
        entities=tuple,
        tenant=ledger.tenant,
        sinks={JournalEntry: ledger},
        ledger=ledger,
    )


@dataclass(slots=True)
class Payroll:
    """A `PayrollSource` in memory: reference → run and its blocks, delivered as they stand here."""

    runs: dict[str, tuple[PayRun, list[Block]]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    name: str = "acme"

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
                groups=run.groups,
            )
            for run in found
        )

    def tenant(self) -> str:
        return self.name

    def still(self, pay_run: PayRun) -> tuple[Problem, ...]:
        self.calls.append("still")
        if pay_run.reference not in self.runs:
            text = f"Pay run {pay_run.reference} was undone since it was read."
            return (Problem("run.undone", pay_run.reference, text, Owner.PAYROLL),)
        if self.runs[pay_run.reference][0] != pay_run:
            text = f"Pay run {pay_run.reference} was changed since it was read."
            return (Problem("run.changed", pay_run.reference, text, Owner.PAYROLL),)
        return ()

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

    def locate(
        self, wanted: Sequence[tuple[JournalEntry, Marker]], since: datetime | None
    ) -> AbstractMapping[str, tuple[Receipt, ...]]:
        found = super().locate(wanted, since)
        return found if self.keeps_marker else dict.fromkeys(found, ())


# --- one installation ---------------------------------------------------------------------------------------

SOURCE, TARGET = "pay", "books"


def _with_rates(values: dict[str, Any]) -> dict[str, Any]:
    """Rates and their source as what a run is given."""
    given = {"rate": values.pop("rates", []), "rate_source": [values.pop("rate_source", "")]}
    return {**values, "given": given}


class World:
    """One installation: the product's own tables and operations, what it is connected to, and short words for
    what the tests do most.
    """

    def __init__(
        self,
        *,
        mode: Mode = Mode.AUTOMATIC,
        vendor: Vendor | None = None,
        clock: VirtualClock | None = None,
        tables: Tables | None = None,
        payroll: Payroll | None = None,
        ledger: Ledger | None = None,
        starts_on: date = date(2026, 1, 1),
        **options: str,
    ) -> None:
        self.clock = clock or VirtualClock()
        self.vendor = vendor or a_vendor(self.clock)
        self.payroll = payroll or Payroll()
        self.ledger = ledger or self._connect()
        self.tables = tables or Tables()
        self._use()
        self._assembly = self._assemble()
        if not self.access.flows():
            self._set_up(mode, starts_on, options)

    def _connect(self) -> Ledger:
        wiring = memory_wiring(clock=self.clock)
        sign_in = ReferenceSignIn(self.vendor, wiring)
        (state,) = parse_qs(urlsplit(sign_in.authorize_url("state")).query)["state"]
        sign_in.exchange(
            f"https://connector.example/back?code={self.vendor.approve()}&state={state}", "state"
        )
        return Ledger(self.vendor, wiring, sign_in)

    def _assemble(self) -> Any:
        from ml_connector.app.assemble import Assembly

        world = self

        class Fakes(Assembly):
            """Systems that are not found in folders."""

            def system(self, connection: Any) -> System:
                return world.system(connection.name)

        return Fakes(settings(), clock=self.clock)

    def system(self, name: str) -> System:
        """The payroll, or the ledger, as it is now."""
        if name == SOURCE:
            return a_payroll_system(self.payroll)
        return a_ledger_system(self.ledger)

    def _set_up(self, mode: Mode, starts_on: date, options: AbstractMapping[str, str]) -> None:
        from ml_connector.store.models import Connection

        source, target = (
            Connection.objects.create(organisation=self.access.organisation, name=name, connector=name)
            for name in (SOURCE, TARGET)
        )
        self.access.add_mapping(MAPPING, self._actor)
        self.access.set_flow(
            kind="payroll",
            source=source,
            target=target,
            mode=mode,
            starts_on=starts_on,
            mapping=MAPPING.name,
            options={**OPTIONS, **options},
        )

    def _use(self) -> None:
        from ml_connector.store.database import use_clock

        self.tables.use()
        use_clock(self.clock)

    @property
    def _actor(self) -> Any:
        return self.actor("anna")

    def actor(self, name: str) -> Any:
        """A person of the company."""
        from ml_connector.app.access import Actor

        return Actor(name, "cli")

    # what the product remembers

    @property
    def access(self) -> Any:
        from ml_connector.app.access import Access

        self._use()
        return Access("default")

    @property
    def operations(self) -> Any:
        from ml_connector.app.operations import Operations

        return Operations(self.access, self._assembly, self._actor)

    @property
    def statements(self) -> Any:
        return self.statements_of("anna")

    def statements_of(self, name: str) -> Any:
        """What a person says of the ledger's books."""
        from ml_connector.app.statements import Statements

        return Statements(self.access, self._assembly, self.actor(name))

    @property
    def commits(self) -> Any:
        from ml_connector.store.commits import StoredCommits

        return StoredCommits(self.access.connection(TARGET))

    @property
    def runs(self) -> Any:
        return self.access.runs

    @property
    def staging(self) -> Any:
        from ml_connector.store.staging import StoredStaging

        self._use()
        return StoredStaging()

    def claimed_by(self, run: str) -> str:
        """The run that holds what this run speaks of; empty for none."""
        from ml_connector.store.claims import StoredClaims

        return StoredClaims(self.access.organisation).holder(self.runs.subjects_of_run(run))

    def commit_rows(self) -> dict[str, CommitRow]:
        """Every commit by key, in the order they were made."""
        commits = self.commits
        keys = self.access.commits().values_list("key", flat=True)
        return {key: commits.get(key) for key in keys}

    def intents(self) -> list[Any]:
        """Every intent, in the order they were written."""
        from ml_connector.store.models import Intent

        self._use()
        return list(Intent.objects.order_by("id").select_related("commit"))

    # --- settings

    def limit(self, **limits: Any) -> None:
        """Give this ledger other limits."""
        self.ledger.limits = replace(self.ledger.limits, **limits)

    @property
    def _flow(self) -> Any:
        return self.access.flow("payroll", SOURCE, TARGET)

    def set(self, **options: str) -> None:
        """Change options of the flow."""
        flow = self._flow
        flow.options = {**flow.options, **options}
        flow.save()

    def set_mode(self, mode: Mode) -> None:
        """Change the flow's mode."""
        flow = self._flow
        flow.mode = mode
        flow.save()

    @property
    def mapping(self) -> Mapping:
        """The newest mapping."""
        return cast(Mapping, self.access.mapping(MAPPING.name))

    @mapping.setter
    def mapping(self, mapping: Mapping) -> None:
        number = self.access.next_mapping_version(MAPPING.name)
        self.access.add_mapping(replace(mapping, version=number), self._actor)

    # --- what people do

    def start(self, reference: str = "R1", **values: Any) -> str:
        """A run of the payroll flow; nothing is carried out yet."""
        if reference not in self.payroll.runs:
            self.payroll.add(a_pay_run(reference))
        values = _with_rates(values)
        return str(self.operations.start("payroll", SOURCE, TARGET, reference, **values).id)

    def workshop(self, crash_point: Callable[[str], None] = lambda name: None) -> Any:
        """What one process works with."""
        from ml_connector.app.assemble import StoredStageContext
        from ml_connector.app.brought import brought_by

        return StoredStageContext(
            assembly=self._assembly, crash_point=crash_point, runs=self.runs, brought_by=brought_by
        )

    def run_to_rest(self, crash_point: Callable[[str], None] = lambda name: None) -> None:
        """Carry everything out in a process that starts now, until nothing is to be done before a person
        acts.
        """
        Inline(self.workshop(crash_point), self.runs, self._advance_to).run_to_rest()

    def carry_until(self, run: str, state: RunState) -> None:
        """Carry out stages until the run is in the state. Fails when it comes to rest in another."""
        engine = Inline(self.workshop(), self.runs, self._advance_to)
        while self.at(run).state is not state:
            able = engine.able()
            assert able, f"run {run} is {self.at(run).state}, not {state}"
            engine.step(able[0])

    def post(self, reference: str = "R1", **values: Any) -> RunRow:
        """Start a run and carry it out."""
        run = self.start(reference, **values)
        self.run_to_rest()
        return self.at(run)

    def approve(self, run: str) -> RunRow:
        """Consent to exactly what is proposed, and carry on."""
        self.operations.approve(run, proposal_fingerprint(self.proposal(run)))
        self.run_to_rest()
        return self.at(run)

    def force(self, run: str, *, stage: str = "post", fingerprint: str = "") -> RunRow:
        """Put a run into a stage behind the back of the operations, with an approval of this fingerprint, and
        carry it out.
        """
        from ml_connector.store.models import Approval

        at = self.at(run)
        if fingerprint:
            Approval.objects.create(run_id=run, fingerprint=fingerprint, actor="anna", channel="cli")
        self.runs.move(at, state=RunState.READY, stage=stage, attempt=at.attempt + 1)
        self.run_to_rest()
        return self.at(run)

    def resume(self, run: str, **values: Any) -> RunRow:
        """Let a held run go on, and carry it out."""
        self.operations.resume(run, **_with_rates(values))
        self.run_to_rest()
        return self.at(run)

    def reverse(self, run: str) -> RunRow:
        """Reverse what a run posted, with consent."""
        made = self.operations.reverse(run).id
        self.run_to_rest()
        at = self.at(made)
        return self.approve(made) if at.state is RunState.AWAITING_APPROVAL else at

    def propose_reversal(self, *keys: str) -> str:
        """A reversal of exactly these commits, whether or not they may be reversed, as far as it goes."""
        made = self.runs.create(
            flow="reversal",
            stage="propose",
            input={"keys": "\n".join(keys)},
            settings=self._flow.pk,
            reference="R1",
        )
        self.run_to_rest()
        return str(made.id)

    # what tests look at

    def at(self, run: str) -> RunRow:
        return cast(RunRow, self.runs.get(run))

    def problems(self, run: str) -> list[str]:
        """Codes of everything that holds the run."""
        return [problem.code for problem in self.problem_list(run)]

    def problem_list(self, run: str) -> tuple[Problem, ...]:
        return cast(tuple[Problem, ...], self.operations.records.problems(self.at(run)))

    def recorded(self, run: str, stage: str, name: str) -> Any:
        """What the run's latest attempt of the stage recorded under the name."""
        from ml_connector.store.runs import StoredArtifacts

        for attempt in range(self.at(run).attempt, 0, -1):
            text = StoredArtifacts().read(run, f"{stage}/{attempt}/{name}")
            if text is not None:
                return codec.decode(text)
        raise KeyError(name)

    def proposal(self, run: str) -> Proposal:
        return cast(Proposal, self.recorded(run, "propose", "proposal"))

    @property
    def audited(self) -> list[str]:
        """Actions in the audit chain, in order."""
        return [entry["action"] for entry in self._chain()]

    def rates_noted(self) -> list[str]:
        """Exchange rates in the audit chain, in the order of the documents."""
        details = (entry["detail"] for entry in self._chain())
        return [text for detail in details for name, text in detail.items() if name.startswith("rate ")]

    def _chain(self) -> list[dict[str, Any]]:
        return [codec.decode(text) for _, text, _ in self.access.audit.entries()]

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
        """The same connection as another process has it: same sign-in, its own serial_locks."""
        ours = self.ledger._wiring
        wiring = replace(ours, serial_locks=memory_wiring(clock=self.clock).serial_locks)
        other = Ledger(self.vendor, wiring, ReferenceSignIn(self.vendor, wiring))
        other.limits, other.keeps_marker = self.ledger.limits, self.ledger.keeps_marker
        return other

    def copy(self) -> World:
        """A second installation from a backup taken now: the same tables once more, on the same ledger,
        payroll and clock.
        """
        return World(
            vendor=self.vendor,
            clock=self.clock,
            tables=Tables(self.tables),
            payroll=self.payroll,
            ledger=self.ledger,
        )

    def _advance_to(self, moment: datetime) -> None:
        self.clock.advance(max(0.0, (moment - self.clock.now()).total_seconds()))


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

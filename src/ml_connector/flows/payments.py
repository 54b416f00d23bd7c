"""Payments: what a ledger has settled of purchase entries is paid at the source of their invoices.

plan    the invoices that are not paid whole there, and those that we paid of late, beside what the ledger has
        settled of their entries: payments to make, and payments of ours to cancel. An invoice is one of ours
        where its source keeps the ledger's id of the entry
apply   some at a time: the claim of each invoice, the ledger and the invoice as they are now, then each
        payment once, and each cancellation
verify  what was refused is named

The ledger says what is settled, and not by what: a credit note that is set off against an invoice counts as a
payment of it. Of what was given to the bank nothing follows before the bank has paid. A payment is never
changed: it is cancelled, and made anew under the next revision of its key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from ml_connector.domain import codec
from ml_connector.domain.changes import Act, Change
from ml_connector.domain.document import CommitKey, Marker
from ml_connector.domain.payment import PayableInvoice, Payment, Settlement
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.proposal import FINGERPRINT_SHOWN, Share, Subject
from ml_connector.errors import (
    ConnectorError,
    Halted,
    NotFound,
    Refused,
    RightMissing,
    SignInLost,
    SignInRenewed,
    Throttled,
)
from ml_connector.flows.flow import Flow, Mode, Opening
from ml_connector.flows.posting.consent import approval_missing, proposes_only
from ml_connector.flows.purchasing.payment_policy import OPTIONS, PaymentsInput, PaymentsPolicy, read_policy
from ml_connector.flows.purchasing.settling import Settled
from ml_connector.ports.commits import UNBOOKED, CommitRow, CommitState, Origin
from ml_connector.ports.payments import PayableInvoices, PaymentSink, PaymentSource
from ml_connector.ports.plans import PlannedRow, Plans, PlanState
from ml_connector.ports.runs import RunState
from ml_connector.runs.converge import left_undone
from ml_connector.runs.intent import Seen
from ml_connector.runs.run import Done, Hold, Next, Run
from ml_connector.runs.stages import Stage

FAMILY = "payment"
BITE = 20
"""Changes that one pass of `apply` carries out before it starts itself again."""
SHOWN = 20
LATELY = timedelta(days=90)
"""A payment that we made is compared with the ledger for so long."""
ENDS_FEW, ENDS_PERCENT = 5, 10
"""A plan that cancels more payments than both waits for a person: a ledger that is read in part looks so."""
OF_THE_CONNECTION = (NotFound, RightMissing, SignInLost, SignInRenewed, Throttled)
"""Refusals that are not of one payment."""
EXCEEDS = "payment.exceeds"


@dataclass(slots=True)
class Payments:
    """The stages of a run."""

    opening: Opening
    _tenants: dict[str, str] = field(default_factory=dict)

    # --- stages ---------------------------------------------------------------------------------------------

    def plan(self, run: Run) -> Next | Done:
        """Store the plan, and ask for consent to it."""
        invoices, problems = self._invoices()
        ours = self._ours_lately()
        settled = self._settled(invoices, ours)
        changes = self._changes(settled)
        problems += [problem for one in settled for problem in one.problems]
        fingerprint = self._plans.store(run.row.id, changes)
        made = sum(change.act is Act.CREATE for change in changes)
        ended = len(changes) - made
        run.audit("run.planned", {"sha256": fingerprint, "payments": made, "cancelled": ended})
        told = f"{_payments(made)} to make, {ended} to cancel"
        if run.row.dry:
            return Done(f"Proposed only: {told}.")
        self.opening.worklist().found(run.row.id, problems)
        if not changes:
            asked = f" {len(problems)} for people: see the worklist." if problems else ""
            return Done(f"Every invoice is paid as the ledger has settled it; nothing to do.{asked}")
        few = ended <= max(ENDS_FEW, sum(map(len, ours.values())) * ENDS_PERCENT // 100)
        if run.step("by_itself", lambda: self._automatic and few) or run.approved() == fingerprint:
            return Next("apply")
        asks = f"Waiting for approval of {fingerprint[:FINGERPRINT_SHOWN]}."
        raise Hold((), RunState.AWAITING_APPROVAL, f"Plan of payments: {told}. {asks}")

    def apply(self, run: Run) -> Next | Done:
        """Carry out some changes: cancellations first."""
        if self.opening.policy.mode is Mode.PROPOSE:
            raise Hold([proposes_only()], RunState.AWAITING_APPROVAL)
        automatic = self._automatic and run.value("plan", "by_itself", bool)
        if not automatic and run.approved() != self._plans.fingerprint(run.row.id):
            raise Hold([approval_missing(run.row.id)], RunState.AWAITING_APPROVAL)
        run.check_open_sends()
        rows = self._plans.next(run.row.id, (PlanState.PLANNED, PlanState.SENT), BITE)
        if not rows:
            return Next("verify")
        run.claim({self._subject(_payment(row.change)) for row in rows})
        left = self._still_wished(run, rows)
        ends = [row for row in left if row.change.act is Act.CLOSE]
        if ends:
            self._end(run, ends)
        elif left:
            self._pay(run, left)
        return Next("apply")

    def verify(self, run: Run) -> Next | Done:
        """Name what is left undone."""
        run.check(left_undone(self._plans.next(run.row.id, (PlanState.REFUSED,), SHOWN)))
        counts = self._plans.counts(run.row.id)
        done, noted = counts.get(PlanState.DONE, 0), counts.get(PlanState.NOTED, 0)
        told = f"{done} change{'s' * (done != 1)} made, each read back as it was meant."
        again = f" {noted} not made, because the ledger or the invoice changed: the next pass looks again."
        return Done(told + (again if noted else ""))

    # --- reading --------------------------------------------------------------------------------------------

    def _invoices(self) -> tuple[dict[str, PayableInvoice], list[Problem]]:
        """Invoices that are not paid whole, by the ledger's id of their entry."""
        found: dict[str, list[PayableInvoice]] = defaultdict(list)
        problems: list[Problem] = []
        for invoice in self._payable.payable():
            found[invoice.entry].append(invoice)
        single = {entry: some[0] for entry, some in found.items() if len(some) == 1}
        for entry, some in found.items():
            if len(some) > 1:
                numbers = " and ".join(sorted(invoice.number for invoice in some))
                text = (
                    f"Invoices {numbers} have one id in the ledger ({entry}), so nobody can tell which of"
                    " them it has settled. Correct the id at the one that it is not of."
                )
                problems.append(Problem("payment.entries", f"entry {entry}", text, Owner.PROCUREMENT))
        for company in sorted({one.company for one in single.values() if not self._entity(one.company)}):
            text = (
                f"No legal entity of the ledger is named for {company or 'invoices without a legal entity'}:"
                " their payments are not looked at. Name it in `entities` of the flow."
            )
            problems.append(Problem("payment.company", f"company {company}", text, Owner.ADMINISTRATOR))
        return {entry: one for entry, one in single.items() if self._entity(one.company)}, problems

    def _ours_lately(self) -> dict[str, list[Payment]]:
        """Payments of ours that count, by entry."""
        found: dict[str, list[Payment]] = defaultdict(list)
        for row in self.opening.commits.booked_since(self.opening.commits.now() - LATELY):
            if row.key.startswith(f"{FAMILY}:"):
                payment = codec.decode(row.content)
                found[payment.entry].append(payment)
        return found

    def _settled(
        self, invoices: Mapping[str, PayableInvoice], ours: Mapping[str, Collection[Payment]]
    ) -> list[Settled]:
        """Every entry of these invoices, and of payments of ours, in order."""
        company = {entry: some[0].entity for entry, paid in ours.items() for some in [list(paid)]}
        company |= {entry: invoice.company for entry, invoice in invoices.items()}
        entries: dict[str, list[str]] = defaultdict(list)
        for entry in sorted(company):
            if entity := self._entity(company[entry]):
                entries[entity].append(entry)
        found = [
            self._one(entity, entry, settlements.get(entry), invoices.get(entry), ours.get(entry, ()))
            for entity, some in sorted(entries.items())
            for settlements in [self._ledger.settlements(entity, some)]
            for entry in some
        ]
        unseen = [one for one in found if one.invoice is None and (one.new or one.uneven)]
        if unseen:
            now = {one.entry: one for one in self._payable.now([one.entry for one in unseen]).values()}
            for one in unseen:
                one.invoice = now.get(one.entry)
        return found

    def _one(
        self,
        entity: str,
        entry: str,
        settlement: Settlement | None,
        invoice: PayableInvoice | None,
        lately: Iterable[Payment],
    ) -> Settled:
        """With every payment of ours, also of long ago, where something of it is settled."""
        found = Settled(
            entry=entry,
            settlement=settlement,
            invoice=invoice,
            ours=tuple(lately),
            rounding=self.opening.policy.rounding,
        )
        if not found.parts:
            return found
        rows = self._commits_of(entity, entry)
        found.ours = tuple(codec.decode(row.content) for row in rows if _counts(row))
        found.in_flight = frozenset(codec.decode(row.content).part for row in rows if _in_flight(row))
        return found

    def _changes(self, settled: Iterable[Settled]) -> list[Change]:
        """Cancellations first, each in the order of entries."""
        found: list[Change] = []
        for one in settled:
            found += one.changes(self._keyed)
        return sorted(found, key=lambda change: change.act is not Act.CLOSE)

    def _keyed(self, payment: Payment) -> Payment:
        """Under the next revision for its part; under the last where that was never booked and is the
        same.
        """
        entity = self._entity(payment.entity)
        family = f"{self._prefix(entity, payment.entry)}{payment.part}"
        keys = [(CommitKey.parse(row.key), row) for row in self._commits_of(entity, payment.entry)]
        own = [(key.revision, row) for key, row in keys if key.family == family]
        last, row = max(own, key=lambda found: found[0], default=(0, None))
        if row is not None and row.state in UNBOOKED and not row.reversed_by:
            again = replace(payment, key=row.key)
            if codec.encode(again) == row.content:
                return again
        return replace(payment, key=str(CommitKey(family=family, part=1, revision=last + 1)))

    def _commits_of(self, entity: str, entry: str) -> tuple[CommitRow, ...]:
        return self.opening.commits.of_reference(self._prefix(entity, entry))

    def _prefix(self, entity: str, entry: str) -> str:
        if entity not in self._tenants:
            said = self.opening.systems.source.tenant(entity)
            self._tenants[entity] = self.opening.source.confirm(entity, said)
        return f"{FAMILY}:{self._tenants[entity]}:{self._target}:{entry}:"

    # --- writing --------------------------------------------------------------------------------------------

    def _still_wished(self, run: Run, rows: Iterable[PlannedRow]) -> list[PlannedRow]:
        """Those that the ledger, and the invoice, still ask for; others are noted and not carried out."""
        payments = {row.number: _payment(row.change) for row in rows}
        ledger: dict[str, Settlement] = {}
        for entity in {self._entity(payment.entity) for payment in payments.values()}:
            some = {one.entry for one in payments.values() if self._entity(one.entity) == entity}
            ledger |= self._ledger.settlements(entity, some)
        wished: list[PlannedRow] = []
        gone: list[PlannedRow] = []
        for row in rows:
            payment = payments[row.number]
            one = Settled(entry=payment.entry, settlement=ledger.get(payment.entry), invoice=None)
            shown = any(part.key == payment.part and part.amount == payment.settles for part in one.parts)
            (wished if shown is (row.change.act is Act.CREATE) else gone).append(row)
        text = "The ledger shows something else since the plan was made."
        self._plans.mark(run.row.id, [row.number for row in gone], PlanState.NOTED, text)
        return wished

    def _end(self, run: Run, rows: Iterable[PlannedRow]) -> None:
        for row in rows:
            self._plans.mark(run.row.id, [row.number], PlanState.SENT, at=self.opening.commits.now())
            try:
                run.end_once(self._sink, row.change.key)
            except OF_THE_CONNECTION:
                raise
            except Refused as error:
                self._refused(run, row, error)
            else:
                self._plans.mark(run.row.id, [row.number], PlanState.DONE)

    def _pay(self, run: Run, rows: list[PlannedRow]) -> None:
        """Each payment once. Where one is refused, those before it are made and those behind it come next."""
        wanted = [(row.change.after, self._origin(run, row.change.after)) for row in rows]
        marked = [(payment, Marker.of(payment.key)) for payment, _ in wanted]
        numbers = [row.number for row in rows]
        self._plans.mark(run.row.id, numbers, PlanState.SENT, at=self.opening.commits.now())
        began = run.seconds()
        seen = Seen(found=self._sink.locate(marked, None), began=began)
        refused: Refused | None = None
        try:
            run.commit_all(self._sink, wanted, seen, lambda some: self._sink.locate(some, None))
        except Halted:
            raise
        except OF_THE_CONNECTION:
            self._note(run, rows)
            raise
        except Refused as error:
            refused = error
        except ConnectorError:
            self._note(run, rows)
            raise
        left = self._note(run, rows)
        if refused is not None and left:
            first = left[0]
            late = refused.problem.code == EXCEEDS and self._is_there(first.change.after)
            if not late:  # else it came through behind our look: the next pass of this stage adopts it
                self._refused(run, first, refused)

    def _is_there(self, payment: Payment) -> bool:
        return bool(self._sink.locate([(payment, Marker.of(payment.key))], None)[payment.key])

    def _note(self, run: Run, rows: Iterable[PlannedRow]) -> list[PlannedRow]:
        """Note what is confirmed; the rest, in order, which is to be made still unless it may be booked."""
        done: list[PlannedRow] = []
        left: list[PlannedRow] = []
        for row in rows:
            commit = self.opening.commits.get(row.change.key)
            confirmed = commit is not None and commit.state is CommitState.CONFIRMED
            (done if confirmed else left).append(row)
        self._plans.mark(run.row.id, [row.number for row in done], PlanState.DONE)
        return left

    def _refused(self, run: Run, row: PlannedRow, error: Refused) -> None:
        self._plans.mark(run.row.id, [row.number], PlanState.REFUSED, error.problem.text)

    def _origin(self, run: Run, payment: Payment) -> Origin:
        share = Share(key=payment.key, subject=self._subject(payment))
        return Origin(run=run.row.id, tenant=self._target, shares=(share,), reference=payment.number)

    def _subject(self, payment: Payment) -> Subject:
        """What is settled of one entry: one run at a time pays for it."""
        text = self._prefix(self._entity(payment.entity), payment.entry)
        return Subject(tenant=self._target, entity=payment.entity, text=text)

    # --- what is opened -------------------------------------------------------------------------------------

    @property
    def _automatic(self) -> bool:
        mode: Mode = self.opening.policy.mode
        return mode is Mode.AUTOMATIC

    @property
    def _plans(self) -> Plans:
        return self.opening.plans

    @property
    def _ledger(self) -> PaymentSource:
        found: PaymentSource = self.opening.systems.source.source(Settlement)
        return found

    @property
    def _payable(self) -> PayableInvoices:
        found: PayableInvoices = self.opening.systems.target.source(PayableInvoice)
        return found

    @property
    def _sink(self) -> PaymentSink:
        found: PaymentSink = self.opening.systems.target.sink(Payment)
        return found

    @property
    def _target(self) -> str:
        if "" not in self._tenants:
            said = self.opening.systems.target.tenant("")
            self._tenants[""] = self.opening.target.confirm("", said)
        return self._tenants[""]

    def _entity(self, company: str) -> str:
        policy: PaymentsPolicy = self.opening.policy
        return policy.entity_of(company)


def _payment(change: Change) -> Payment:
    found: Payment = change.after if change.act is Act.CREATE else change.before
    return found


def _counts(row: CommitRow) -> bool:
    return row.state is CommitState.CONFIRMED and not row.reversed_by


def _in_flight(row: CommitRow) -> bool:
    """Whether it may be booked and nobody knows yet: another run finds out."""
    return not row.reversed_by and row.state not in (*UNBOOKED, CommitState.CONFIRMED)


def _payments(count: int) -> str:
    return f"{count} payment{'s' * (count != 1)}"


def _stages(opening: Opening) -> Mapping[str, Stage]:
    payments = Payments(opening)
    return {"plan": payments.plan, "apply": payments.apply, "verify": payments.verify}


FLOW = Flow(
    kind="payments",
    title="What the ledger has settled → payments of invoices",
    record="pass",
    source=Settlement,
    target=Payment,
    stages=_stages,
    begins="plan",
    proposes="plan",
    consented="apply",
    writes_in=frozenset({"apply"}),
    passes=True,
    heard=False,
    input=PaymentsInput,
    options=OPTIONS,
    policy=read_policy,
)

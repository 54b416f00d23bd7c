"""F1: a pay run becomes journal entries, posted once, and both sides are proved to agree.

    read     the run and its register; its lines block by block; complete, or stop
    propose  posting date, chart, entries, what is booked already; every check; then approval of exactly this
    post     learn what an earlier pass did, claim the pay, ask and build again; the same: each entry, once
    confirm  read the ledger back and tie out: register = run = journal = ledger, for the whole pay

Nothing is ever written to the payroll system.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as AbstractMapping
from datetime import datetime, timedelta
from functools import partial

from ml_connector.domain.checks import check_blocks, check_entry, check_totals
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import Chart, JournalEntry
from ml_connector.domain.payroll import PayRun
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.proposal import Basis, Proposal
from ml_connector.flows.flow import Flow, New, Offering, Opening
from ml_connector.flows.payroll.mapping_fit import misfits, unmapped
from ml_connector.flows.payroll.policy import (
    GIVEN,
    OPTIONS,
    PayrollInput,
    PayrollPolicy,
    check_new,
    read_given,
    read_policy,
    spelled,
    strange_axes,
)
from ml_connector.flows.payroll.posting_date import misdated, not_of_flow, posting_date
from ml_connector.flows.payroll.proposals import UNFINISHED, Proposals
from ml_connector.flows.payroll.questions import MEANT, QUESTIONS, ZERO
from ml_connector.flows.posting import already_booked, consent, look_alikes, tie_out
from ml_connector.flows.posting.journals import Journals
from ml_connector.ports.commits import CommitState, Origin
from ml_connector.ports.ledger import JournalSink, LedgerFacts, Look
from ml_connector.ports.payroll import PayrollSource, SetsAside
from ml_connector.runs.intent import BELIEVED_SECONDS, Seen
from ml_connector.runs.run import Done, Hold, Next, Run
from ml_connector.runs.stages import Stage

OTHER_INSTALLATION = "installation.other"
"""Code of the problem that another installation posts to the same books; resumed from the proposal."""
JUST_NOW = timedelta(seconds=5)
"""How long the look after the last entry was posted speaks for the end of the run, which comes at once."""
LAST_LOOK = "last look"
"""When the ledger was looked at after the last entry was posted, where that showed nothing to ask about."""


class PayrollJournal:
    """The flow between one payroll and one ledger."""

    def __init__(self, opening: Opening) -> None:
        self._opening, self._proposals = opening, Proposals(opening)
        self._staging, self._commits = opening.staging, opening.commits
        self._policy: PayrollPolicy = opening.policy

    @property
    def _payroll(self) -> PayrollSource:
        payroll: PayrollSource = self._opening.systems.source.source(PayRun)
        return payroll

    @property
    def _ledger(self) -> LedgerFacts:
        return self._opening.systems.target.facts()

    @property
    def _entries(self) -> JournalSink:
        return self._proposals.entries

    @property
    def _books(self) -> Journals:
        return self._proposals.books

    # --- read -----------------------------------------------------------------------------------------------

    def read(self, run: Run) -> Next | Done:
        """Stage every line of the run; the completeness gate stands before anything else reads them."""
        reference = run.row.reference
        pay_run = run.step("pay run", lambda: self._payroll.pay_run(reference))
        run.check(not_of_flow(pay_run, self._policy))
        run.check(misdated(pay_run))
        self._stage(run, reference)
        run.check(self._staging.problems(run.row.id))
        delivered = self._staging.delivered(run.row.id)
        run.check(check_blocks([n for n, _, _ in delivered], [total for _, total, _ in delivered]))
        run.audit(
            "run.read",
            {
                "pay_run": reference,
                "blocks": len(delivered),
                "rows": sum(rows for _, _, rows in delivered),
                "sha256": self._staging.sha256(run.row.id),
                "lines": self._staging.lines_sha256(run.row.id),
                "blocks_sha256": self._staging.blocks_sha256(run.row.id),
            },
        )
        return Next("propose")

    def _stage(self, run: Run, reference: str) -> None:
        """What was read before is read anew, and may never be whole again: whoever verifies the audit is told
        before it goes.
        """
        if self._staging.delivered(run.row.id):
            run.audit("run.read_again", {"pay_run": reference})
        self._staging.clear(run.row.id)
        for block in self._payroll.blocks(reference):
            self._staging.stage(run.row.id, block)

    # --- propose --------------------------------------------------------------------------------------------

    def propose(self, run: Run) -> Next | Done:
        """Make the entries, check everything, and ask for consent."""
        pay_run = run.value("read", "pay run", PayRun)
        run.check_open_sends()
        self._leave(run)
        self._proposals.let_others_end(run, pay_run)
        around = self._policy.posting_date.override or pay_run.pay_period.end
        journals = tuple(self._proposals.journals())
        calendars = {e: tuple(self._ledger.calendar(e, j, around)) for e, j in journals}
        charts = {e: self._ledger.chart(e, j, self._policy.axes) for e, j in journals}
        posting = posting_date(pay_run.pay_period, self._policy.posting_date, calendars)
        if not isinstance(posting, Sequence):
            currencies = {entity: chart.currency for entity, chart in charts.items()}
            basis = Basis(posting=posting, periods=calendars, currencies=currencies)
        else:
            raise Hold(posting)
        run.step("basis", lambda: basis)
        proposal = run.step("proposal", lambda: self._proposals.make(run, pay_run, basis)[0])
        run.record_subjects(proposal.subjects)
        if proposal.superseded:
            run.check(problem for problem in proposal.problems if problem.code == UNFINISHED)
            self._check_booked(run, proposal)
            run.check(problem for problem in proposal.problems if problem.code == look_alikes.ASKED)
            return Done(f"A newer calculation of this pay is booked as {proposal.superseded}; nothing to do.")
        wide = self._proposals.with_axes(proposal, charts)
        run.check(self._proposals.or_wait(run, proposal, wide, self._problems(pay_run, proposal, wide)))
        self._check_booked(run, proposal)
        return self._consent(run, pay_run, proposal)

    def _problems(
        self, pay_run: PayRun, proposal: Proposal, charts: AbstractMapping[str, Chart]
    ) -> Iterator[Problem]:
        yield from proposal.problems
        if not proposal.problems:
            # A run that does not balance in itself cannot tie to anything: one cause is named once.
            tied = tie_out.untied(tie_out.of_proposal(pay_run, proposal))
            yield from check_totals(proposal.totals) or tied
        for entry in proposal.entries:
            yield from check_entry(entry, charts[entry.entity])
            yield from self._entries.check(entry)

    def _consent(self, run: Run, pay_run: PayRun, proposal: Proposal) -> Next | Done:
        if proposal.already_booked:
            run.audit("run.already_booked", {"documents": ", ".join(proposal.already_booked)})
            return Done(f"Already booked as {consent.listed(proposal.already_booked)}; nothing to do.")
        if not any(already_booked.nets_of(proposal.entries)):
            return self._nothing(run, proposal)
        what = f"{consent.describe(proposal.entries)}, pay date {pay_run.pay_period.pay_date}"
        return consent.ask(run, proposal, self._policy.mode, what)

    def _nothing(self, run: Run, proposal: Proposal) -> Done:
        """The run comes to nothing, which a payroll seldom means."""
        rows = sum(total.rows for total in proposal.totals)
        lines = f"the {rows} {'line' if rows == 1 else 'lines'} of this run come to zero"
        if run.answers().get(ZERO) != MEANT and not run.row.dry:
            text = (
                f"Nothing to post: {lines}. Is that meant? If so: ml-connector runs answer {run.row.id}"
                " --zero-is-meant. If not, correct it in payroll and run its general ledger step again."
            )
            raise Hold([Problem("run.zero", "pay run", text, Owner.CONTROLLER)])
        return Done(f"Nothing to post: {lines}.")

    # --- post -----------------------------------------------------------------------------------------------

    def post(self, run: Run) -> Next | Done:
        """Book every entry that was approved, once, and only while it is still what would be proposed."""
        proposal = run.value("propose", "proposal", Proposal)
        consent.check(run, proposal, self._policy.mode)
        run.check_open_sends()
        run.claim(proposal.subjects)
        pay_run = run.value("read", "pay run", PayRun)
        basis = run.value("propose", "basis", Basis)
        wanted = self._proposals.not_begun(proposal)
        began, now, look = self._ask_again(run, pay_run, basis, wanted)
        self._check_alone(run, proposal, now)
        if (
            now.superseded
            or consent.proposal_fingerprint(now) != consent.proposal_fingerprint(proposal)
            or now.problems
        ):
            return self._again(run, proposal, now)
        seen = Seen(found=look.found, began=began)
        del now, look  # as large as the proposal, and the same
        self._check_booked(run, proposal)
        self._book(run, pay_run, proposal, basis, seen)
        return Next("confirm")

    def _book(self, run: Run, pay_run: PayRun, proposal: Proposal, basis: Basis, seen: Seen) -> None:
        """Book each entry once. The look-up when all are posted shows what others booked until then, too."""
        wanted = []
        for entry in proposal.entries:
            shares = tuple(share for share in proposal.shares if share.key == entry.key)
            origin = Origin(
                run=run.row.id,
                tenant=shares[0].subject.tenant,
                shares=shares,
                reference=pay_run.reference,
                calculated_at=pay_run.calculated_at,
            )
            wanted.append((entry, origin))
        last: dict[datetime, Look] = {}

        def find(marked: Sequence[tuple[JournalEntry, Marker]]) -> AbstractMapping[str, tuple[Receipt, ...]]:
            at, rows = self._commits.now(), self._commits.of_subjects(proposal.subjects)
            last[at] = self._books.look(run, proposal, basis, rows, marked)
            return last[at].found

        run.commit_all(self._entries, wanted, seen, find)
        rows = self._commits.of_subjects(proposal.subjects)
        if last and not self._books.others(run, proposal, rows, last[max(last)]).asked:
            run.step(LAST_LOOK, lambda: max(last))

    def _just_looked(self, run: Run) -> bool:
        """Whether posting ended a moment ago with a look that showed nothing to ask about."""
        at = run.value_of(run.row.id, "post", LAST_LOOK, datetime)
        return at is not None and timedelta(0) <= self._commits.now() - at <= JUST_NOW

    def _ask_again(
        self, run: Run, pay_run: PayRun, basis: Basis, wanted: Sequence[tuple[JournalEntry, Marker]]
    ) -> tuple[float, Proposal, Look]:
        """The proposal as it is now, of a run that is still there at the payroll as it was read, and when it
        was begun. Both systems are asked beside each other, and what the payroll says comes first. Where that
        took its time, the ledger is looked at again.
        """
        still = self._opening.in_background(partial(self._payroll.still, pay_run))
        began = run.seconds()
        try:
            found = self._proposals.make(run, pay_run, basis, wanted)
        except Exception:
            self._check_source(run, still())
            raise
        looked = run.seconds()
        self._check_source(run, still())
        if run.seconds() - looked > BELIEVED_SECONDS:
            began, found = run.seconds(), self._proposals.make(run, pay_run, basis, wanted)
        return began, *found

    def _check_source(self, run: Run, against: Sequence[Problem]) -> None:
        if against:
            self._leave(run)
            run.check(against)

    def _check_alone(self, run: Run, old: Proposal, now: Proposal) -> None:
        """An installation that was restored posts nothing while the one it was restored from still does."""
        appeared = [name for name in now.unknown if name not in old.unknown]
        restored_at = self._opening.restored_at() if appeared else None
        if restored_at is not None:
            text = (
                "While this run waited, another installation of this product wrote"
                f" {consent.listed(appeared)}. This one was restored from a backup on"
                f" {restored_at:%Y-%m-%d}, and two must not post the same pay. Stop the other for good,"
                f" then: ml-connector runs resume {run.row.id}."
            )
            self._leave(run)
            raise Hold([Problem(OTHER_INSTALLATION, appeared[0], text, Owner.ADMINISTRATOR)])

    def _again(self, run: Run, old: Proposal, now: Proposal) -> Next:
        """Back to the proposal, because something changed since it was made."""
        self._leave(run)
        why = consent.what_changed(old, now)
        run.audit("run.changed", {"why": why})
        return Next("propose", notice=f"Proposed again: {why}")

    def _leave(self, run: Run) -> None:
        drafts = run.abandon_unfinished()
        if drafts:
            numbers = ", ".join(drafts)
            text = (
                f"Document {numbers} of this run is written in the ledger and not posted, and the pay has"
                " changed since. Delete it there and record that (ml-connector runs mark-deleted"
                f" {run.row.id}),"
                f" or reverse it after somebody posted it (ml-connector runs reverse {run.row.id})."
            )
            raise Hold([Problem("draft.left", numbers, text, Owner.CONTROLLER)])

    def _check_booked(self, run: Run, proposal: Proposal) -> None:
        """The documents a proposal is based on are in the ledger as they were booked: what it takes back,
        says is booked already, or needs to be whole, whichever run booked it, and what was reversed, with its
        reversal. An entry of its own that is being written is none of them: that goes on from where it
        stands.
        """
        own = {entry.key for entry in proposal.entries}
        parts = already_booked.already_booked_parts(self._commits, proposal.subjects)
        rows = [part.row for part in parts]
        rows = [row for row in rows if row.key not in own or row.state is CommitState.CONFIRMED]
        run.check(tie_out.all_changed_since(self._entries, rows, run.row.id))

    # --- confirm --------------------------------------------------------------------------------------------

    def confirm(self, run: Run) -> Next | Done:
        """Prove that the register, the run, the journal and the ledger say the same of the pay, to the cent:
        everything booked for it, in any run, is what this run says.
        """
        pay_run = run.value("read", "pay run", PayRun)
        proposal = run.value("propose", "proposal", Proposal)
        proof = tie_out.prove(self._entries, self._commits, pay_run, proposal, run.row.id)
        table = run.step("tie-out", lambda: proof.rows)
        run.check(proof.problems)
        run.check(tie_out.untied(table))
        if not self._just_looked(run):
            rows = self._commits.of_subjects(proposal.subjects)
            look = self._books.look(run, proposal, run.value("propose", "basis", Basis), rows)
            others = self._books.others(run, proposal, rows, look)
            run.check(self._books.changed_since(run, others.seen, rows))
            run.check(look_alikes.ask(others.asked, run.row.id, self._policy.journals))
        booked = proof.own
        run.audit(
            "run.tied_out",
            {
                "run": run.row.id,
                "pay_run": pay_run.reference,
                "entries": len(booked),
                "keys": "\n".join(entry.key for entry in proposal.entries),
                **consent.rates_booked(proposal, booked),
            },
        )
        for taken in proposal.takes_back:
            run.tell(taken.run, f"Changed by {consent.documents(booked)} (run {run.row.id}).")
        outcome = consent.outcome(proposal.entries, booked, proof.came)
        return Done(" ".join(filter(None, (outcome, proposal.left_out, consent.changes(proposal)))))


def _stages(opening: Opening) -> AbstractMapping[str, Stage]:
    journal = PayrollJournal(opening)
    return {
        "read": journal.read,
        "propose": journal.propose,
        "post": journal.post,
        "confirm": journal.confirm,
    }


def _offered(given: Offering) -> New:
    payroll: PayrollSource = given.source
    runs = payroll.pay_runs(given.since)
    mine = tuple(run.reference for run in runs if given.policy.takes(run, given.until))
    return mine, payroll.set_aside() if isinstance(payroll, SetsAside) else ()


def _restart(stage: str, problems: Sequence[Problem]) -> str:
    """What payroll delivered is read anew where that may be what is wrong: payroll may have corrected it
    under the same reference.
    """
    of_payroll = any(p.owner is Owner.PAYROLL or p.code == "tie_out.difference" for p in problems)
    return "read" if stage == "propose" and of_payroll else stage


FLOW = Flow(
    kind="payroll",
    title="Payroll → journal entries",
    record="pay run",
    source=PayRun,
    target=JournalEntry,
    reference="pay_run",
    stages=_stages,
    begins="read",
    input=PayrollInput,
    options=OPTIONS,
    given=GIVEN,
    read_given=read_given,
    policy=read_policy,
    check_options=check_new,
    spelled=spelled,
    offered=_offered,
    restart=_restart,
    other_systems=frozenset({OTHER_INSTALLATION}),
    usual=True,
    questions=QUESTIONS,
    recorded=("read", "pay run"),
    figures=("pay_date",),
    shown=lambda pay_run: {"pay_date": pay_run.pay_period.pay_date},
    books=("Pay register", "Payroll GL report", "Journal", "Ledger"),
    tied=tie_out.of_proposal,
    tied_to_books=tie_out.of_books,
    strange_axes=strange_axes,
    misfits=misfits,
    unmapped=unmapped,
)

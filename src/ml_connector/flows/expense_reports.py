"""F8: approved expense reports become documents of the ledger with their receipts, each booked once, and the
source is told.

    read     every report of the export as it is now, and every receipt
    propose  employee, chart, entries, what is booked of each already; every check; then approval of just this
    post     claim the reports, ask and build again; the same: what an earlier approval booked is taken back,
             then receipts and entries, each once
    confirm  report = entry = ledger, to the cent and for each VAT code, and every receipt is there
    report   booked, or why not, at the source, for each report

What a source hands over at once is one run. A report that is approved again comes in another export, and
corrects what is booked; one that is canceled is a run by itself. Only the flow books an expense: what wages
repay is held or left out, as the settings say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import cast

from ml_connector.domain import codec
from ml_connector.domain.document import Receipt
from ml_connector.domain.expense import ExpenseReport, ReceiptFile, ReportState
from ml_connector.domain.expense_proposal import ExpenseExport, ExpenseProposal, ReportBasis, ReportPlan
from ml_connector.domain.invoice import KeptFile
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.purchase import PurchaseEntry
from ml_connector.errors import NotFound, Refused
from ml_connector.flows.expenses import look_alikes, offered, proof, summaries
from ml_connector.flows.expenses.policy import OPTIONS, ReportPolicy, read_policy
from ml_connector.flows.expenses.proposals import ExpenseProposals
from ml_connector.flows.expenses.questions import QUESTIONS
from ml_connector.flows.expenses.reading import ReadReport, exported_of, files_of, papers_of
from ml_connector.flows.expenses.writing import ReportMark, Writing
from ml_connector.flows.flow import Flow, Opening
from ml_connector.flows.posting import consent
from ml_connector.flows.posting.tie_out import untied
from ml_connector.flows.purchasing.papers import kept_file
from ml_connector.ports.commits import CommitState
from ml_connector.ports.expenses import ExpenseSource, ReportStatus
from ml_connector.runs.run import Done, Next, Run
from ml_connector.runs.stages import Stage

BELIEVED = timedelta(seconds=60)
"""How long a report that was read is believed before it is booked."""
MOVED, NOT_AWAITED = "expense.moved", "expense.status"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseInput:
    """What a run of one export may be given: nothing."""


class ExpenseReports:
    """The flow between one source of expense reports and one ledger."""

    def __init__(self, opening: Opening) -> None:
        self._opening, self._proposals = opening, ExpenseProposals(opening)
        self._commits, self._writing = opening.commits, Writing(opening, self._proposals)
        self._policy: ReportPolicy = opening.policy

    @property
    def _reports(self) -> ExpenseSource:
        source: ExpenseSource = self._opening.systems.source.source(ExpenseReport)
        return source

    # --- read -----------------------------------------------------------------------------------------------

    def read(self, run: Run) -> Next | Done:
        """The reports and their receipts; what is not approved any more is left alone."""
        found, left = [], []
        try:
            references = self._references(run)
        except NotFound as error:
            return Done(f"Nothing was booked. {error.problem.text}")
        for reference in references:
            try:
                report = self._reports.report(reference)
            except Refused as error:
                if error.problem.code != MOVED:
                    raise
                left.append(error.problem.text)
                continue
            except NotFound:
                left.append(f"Report {reference} is not at its source any more.")
                continue
            run.step(f"report {reference}", lambda report=report: report)  # type: ignore[misc]
            for file in files_of(report):
                run.step(f"file {file.key}", partial(self._keep, file))
            found.append(exported_of(reference, report))
        export = run.step("export", lambda: ExpenseExport(reports=tuple(found), left=tuple(left)))
        run.step("asked", self._commits.now)
        run.audit("run.read", {"export": run.row.reference, "reports": len(export.reports)})
        if not export.reports:
            return Done(f"Nothing was booked. {' '.join(left) or 'No report of it is approved any more.'}")
        return Next("propose")

    def _references(self, run: Run) -> tuple[str, ...]:
        """The reports that the run is for: those of an export, or one that was canceled."""
        named = run.row.reference
        if named.startswith(offered.CANCELED):
            return (named.removeprefix(offered.CANCELED),)
        refs = self._reports.exported(named)
        return tuple(ref.reference for ref in refs if ref.state is ReportState.APPROVED)

    def _keep(self, file: ReceiptFile) -> KeptFile:
        """The receipt's bytes, kept by their hash."""
        assert self._opening.files is not None
        with self._reports.file(file) as content:
            return kept_file(self._opening.files(), file.key, file.name, content)

    def _read(self, run: Run) -> list[ReadReport]:
        """The reports as they were read, with their receipts."""
        found = []
        for exported in run.value("read", "export", ExpenseExport).reports:
            report = run.value("read", f"report {exported.reference}", ExpenseReport)
            canceled = exported.state is ReportState.CANCELED
            files = tuple(run.value("read", f"file {file.key}", KeptFile) for file in files_of(report))
            found.append(ReadReport(exported=exported, report=None if canceled else report, files=files))
        return found

    # --- propose --------------------------------------------------------------------------------------------

    def propose(self, run: Run) -> Next | Done:
        """Make the entries, check everything, and ask for consent."""
        read = self._read(run)
        run.check_open_sends()
        run.abandon_unfinished()
        bases = {one.exported.reference: self._proposals.books.ask(one.report) for one in read if one.report}
        made = self._proposals.make(run, read, bases)
        refused = self._refused(made, bases)
        if refused:
            bases = {key: _with(basis, refused.get(key, ())) for key, basis in bases.items()}
            made = self._proposals.make(run, read, bases)
        for reference, basis in bases.items():
            run.step(f"basis {reference}", lambda basis=basis: basis)  # type: ignore[misc]
        made = replace(made, doubts=self._proposals.books.doubts(made))
        proposal = run.step("proposal", lambda: made)
        run.record_subjects(proposal.subjects)
        run.check(proposal.problems)
        run.check(untied(proof.before(run.value("read", "export", ExpenseExport), proposal)))
        if not proposal.asks:
            return Next("report")
        return consent.ask(run, proposal, self._policy.mode, summaries.described(proposal))

    def _refused(
        self, made: ExpenseProposal, bases: Mapping[str, ReportBasis]
    ) -> dict[str, tuple[Problem, ...]]:
        """What the ledger would refuse, by the report that it is of."""
        entries = {entry.key: entry for entry in made.entries}
        found = {}
        for plan in made.plans:
            if plan.key in entries:
                entry = entries[plan.key]
                found[plan.reference] = (
                    *self._proposals.books.checks(entry, bases[plan.reference]),
                    *self._proposals.books.papers_refused(papers_of(made, entry)),
                )
        return {key: problems for key, problems in found.items() if problems}

    # --- post -----------------------------------------------------------------------------------------------

    def post(self, run: Run) -> Next | Done:
        """Book what was approved, once, and only while it is still what would be proposed."""
        proposal = run.value("propose", "proposal", ExpenseProposal)
        consent.check(run, proposal, self._policy.mode)
        run.check_open_sends()
        run.claim(proposal.subjects)
        read = self._read(run)
        if self._moved(run, read):
            run.abandon_unfinished()
            return Next("read", notice="Read again: a report was changed at its source since it was read.")
        fingerprint = consent.proposal_fingerprint(proposal)
        if run.value_of(run.row.id, "post", "began", str) != fingerprint:
            bases = {
                one.exported.reference: run.value("propose", f"basis {one.exported.reference}", ReportBasis)
                for one in read
                if one.report
            }
            now = self._proposals.make(run, read, bases)
            if now.problems or now.consented != proposal.consented:
                run.abandon_unfinished()
                why = now.problems[0].text if now.problems else "what is booked, or a setting, changed."
                run.audit("run.changed", {"why": why})
                return Next("propose", notice=f"Proposed again: {why}")
        run.step("began", lambda: fingerprint)
        if again := self._writing.take_back(run, proposal):
            return again
        self._writing.write(run, proposal)
        return Next("confirm")

    def _moved(self, run: Run, read: Sequence[ReadReport]) -> bool:
        """Whether a report is another one at its source now."""
        at = run.value("read", "asked", datetime)
        if timedelta(0) <= self._commits.now() - at < BELIEVED:
            return False
        for one in read:
            was = run.value("read", f"report {one.exported.reference}", ExpenseReport)
            try:
                now = self._reports.report(one.exported.reference)
            except NotFound:
                return True
            except Refused as error:
                if error.problem.code != MOVED:
                    raise
                return True
            if now != was:
                return True
        return False

    # --- confirm --------------------------------------------------------------------------------------------

    def confirm(self, run: Run) -> Next | Done:
        """Prove that each report, its entry and the ledger say the same, and that every receipt is there."""
        export = run.value("read", "export", ExpenseExport)
        proposal = run.value("propose", "proposal", ExpenseProposal)
        booked = {}
        for entry in proposal.entries:
            row = self._commits.get(entry.key)
            if row is None or not row.booked:
                raise codec.CodecError(f"{entry.key} is not confirmed")
            booked[entry.key] = codec.decode(row.booked)
        table = run.step("tie-out", lambda: proof.after(export, proposal, booked))
        run.check(untied(table))
        if missing := self._unwritten(proposal):
            text = f"{len(missing)} receipts are not confirmed. This is a defect."
            run.check([Problem("attachment.missing", missing[0], text, Owner.SUPPORT)])
        keys = "\n".join(entry.key for entry in proposal.entries)
        run.audit(
            "run.tied_out",
            {
                "run": run.row.id,
                "export": run.row.reference,
                "files": len(proposal.attachments),
                "keys": keys,
            },
        )
        return Next("report")

    def _unwritten(self, proposal: ExpenseProposal) -> list[str]:
        """Keys of receipts, and of what holds them, that are not proved to be in the ledger."""
        keys = [one.key for one in proposal.dossiers] + [one.key for one in proposal.attachments]
        rows = ((key, self._commits.get(key)) for key in keys)
        return [key for key, row in rows if row is None or row.state is not CommitState.CONFIRMED]

    # --- report ---------------------------------------------------------------------------------------------

    def report(self, run: Run) -> Next | Done:
        """Tell the source of each report where it is booked, or why it is not."""
        proposal = run.value("propose", "proposal", ExpenseProposal)
        read = {one.exported.reference: one for one in self._read(run)}
        store, source = self._opening.snapshots(), self._proposals.source()
        left, untold = run.value("read", "export", ExpenseExport).left, list[str]()
        for plan in proposal.plans:
            one = read[plan.reference]
            untold += self._tell(run, plan, one)
            if one.report is not None and (plan.key or plan.already):
                look_alikes.remember(store, source, one.report, one.by_key)
        outcome = summaries.outcome(proposal, self._commits, told=not untold)
        return Done(" ".join(filter(None, (outcome, proposal.left_out, *left, *untold))))

    def _tell(self, run: Run, plan: ReportPlan, one: ReadReport) -> list[str]:
        """Tell the source of one report; what is to be said where it takes no answer any more, because people
        took the report back there meanwhile. Its next approval corrects what is booked.
        """
        said, marks = self._said(plan, one), self._reports.marks
        try:
            if said is None:
                self._tell_taken_back(run, plan)
                return []
            before = marks.assigned(plan.reference)
            expected = ReportStatus.FAILED if before == ReportStatus.FAILED else ""
            run.assign(ReportMark(marks, said[1]), plan.reference, said[0], expected)
        except NotFound:
            return [f"Its source does not have report {plan.number} any more, and was not told."]
        except Refused as error:
            if error.problem.code not in (MOVED, NOT_AWAITED):
                raise
            return [f"The source of report {plan.number} was not told: {error.problem.text}"]
        return []

    def _tell_taken_back(self, run: Run, plan: ReportPlan) -> None:
        """Of a report that was canceled, where its source was told that it is booked."""
        taken = run.value("propose", "proposal", ExpenseProposal).takes_back
        if taken and self._reports.marks.assigned(plan.reference) == ReportStatus.BOOKED:
            text = f"Taken back: {consent.listed(one.document for one in taken)}."
            self._reports.marks.assign(plan.reference, ReportStatus.BOOKED, text)

    def _said(self, plan: ReportPlan, read: ReadReport) -> tuple[str, str] | None:
        """The status of a report and a text; `None` for one that was canceled."""
        if plan.fails:
            return ReportStatus.FAILED, plan.fails
        if plan.booked_as:
            return ReportStatus.BOOKED, f"Booked by hand as {plan.booked_as}."
        if read.report is None:
            return None
        if plan.nothing:
            return ReportStatus.BOOKED, f"Nothing to book: {plan.nothing}."
        rows = self._proposals.standing(plan.report)
        row = next((row for row in reversed(rows) if row.state is CommitState.CONFIRMED), None)
        if row is None:
            raise codec.CodecError(f"report {plan.reference} is booked by nothing")
        receipt = cast(Receipt, codec.decode(row.receipt))
        return ReportStatus.BOOKED, f"Booked as {receipt.number} in {row.entity}."


def _with(basis: ReportBasis, problems: Sequence[Problem]) -> ReportBasis:
    return replace(basis, problems=(*basis.problems, *problems))


def _restart(stage: str, problems: Sequence[Problem]) -> str:
    """The reports are read anew where their source may have mended what is wrong."""
    return "read" if stage == "propose" and any(p.owner is Owner.EXPENSES for p in problems) else stage


def _stages(opening: Opening) -> Mapping[str, Stage]:
    flow = ExpenseReports(opening)
    return {
        "read": flow.read,
        "propose": flow.propose,
        "post": flow.post,
        "confirm": flow.confirm,
        "report": flow.report,
    }


def _behind(_: ExpenseExport | None, proposal: ExpenseProposal, key: str, line: int) -> list[str]:
    """The expense behind a line."""
    origin = next(origin for origin in proposal.origins if origin.key == key)
    number = origin.lines[line]
    return [f"expense {number} of report {origin.report}" if number else f"balances report {origin.report}"]


FLOW = Flow(
    kind="expense_reports",
    title="Expense reports → purchase or journal entries",
    record="export",
    source=ExpenseReport,
    target=PurchaseEntry,
    reference="export",
    stages=_stages,
    begins="read",
    input=ExpenseInput,
    options=OPTIONS,
    policy=read_policy,
    offered=offered.exports,
    restart=_restart,
    questions=QUESTIONS,
    recorded=("read", "export"),
    figures=("reports", "amount"),
    shown=summaries.shown,
    books=("Report", "Its lines", "Entry", "Ledger"),
    tied=proof.before,
    behind=_behind,
)

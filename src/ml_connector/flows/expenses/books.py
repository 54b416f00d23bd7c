"""What the ledger says of the books that expense reports go into, and where their documents are written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from ml_connector.domain.checks import check_entry
from ml_connector.domain.expense import ExpenseReport
from ml_connector.domain.expense_build import form_of, journal_of
from ml_connector.domain.expense_policy import ExpenseForm
from ml_connector.domain.expense_proposal import ExpenseProposal, ReportBasis
from ml_connector.domain.journal import Chart, JournalEntry
from ml_connector.domain.period import PayPeriod, PostingDatePolicy, choose_posting_date
from ml_connector.domain.problem import Problem
from ml_connector.domain.purchase import Attachment, Dossier, LedgerSupplier, PurchaseChart, PurchaseEntry
from ml_connector.domain.purchase_checks import check_purchase, doubtful
from ml_connector.flows.expenses.policy import ReportPolicy
from ml_connector.flows.flow import Opening
from ml_connector.flows.posting.taken_back import REVERSAL
from ml_connector.flows.purchasing.periods import period_for
from ml_connector.ports.ledger import JournalSink, LedgerFacts
from ml_connector.ports.purchases import AttachmentSink, DossierSink, PurchaseFacts, PurchaseSink
from ml_connector.ports.sinks import Sink


class ReportBooks:
    """The books of one flow of expense reports."""

    def __init__(self, opening: Opening) -> None:
        self._opening, self._policy = opening, cast(ReportPolicy, opening.policy)
        self._charts: dict[tuple[str, str], Chart] = {}

    @property
    def facts(self) -> PurchaseFacts:
        """What the ledger says of its purchase side."""
        return cast(PurchaseFacts, self._opening.systems.target.source(PurchaseChart))

    @property
    def ledger(self) -> LedgerFacts:
        """What the ledger says of its journals."""
        return self._opening.systems.target.facts()

    @property
    def purchases(self) -> PurchaseSink:
        """Where purchase entries go."""
        return cast(PurchaseSink, self._opening.systems.target.sink(PurchaseEntry))

    @property
    def journals(self) -> JournalSink:
        """Where journal entries go."""
        return cast(JournalSink, self._opening.systems.target.sink(JournalEntry))

    @property
    def dossiers(self) -> DossierSink:
        """Where the documents go that hold files."""
        return cast(DossierSink, self._opening.systems.target.sink(Dossier))

    @property
    def attachments(self) -> AttachmentSink:
        """Where files go."""
        return cast(AttachmentSink, self._opening.systems.target.sink(Attachment))

    def sink_of(self, entry: object) -> Sink[Any, Any]:
        """Where an entry goes."""
        return self.purchases if isinstance(entry, PurchaseEntry) else self.journals

    # --- what is asked of the ledger ------------------------------------------------------------------------

    def ask(self, report: ExpenseReport) -> ReportBasis:
        """What the entry of the report is built on, and why it cannot be: its period is closed."""
        building, day = self._policy.building, self._policy.day_of(report)
        entity, journal = building.entity_of(report.company), journal_of(report, building)
        if not entity or not journal:
            return ReportBasis(entity=entity, day=day)
        what = f"report {report.number}"
        if form_of(report, building) is ExpenseForm.PURCHASE:
            chart = self.facts.chart(entity, journal, building.axes).chart
            calendar = self.facts.calendar(entity, journal, day)
            period = period_for(day, what, calendar, self._policy.posting_date.closed)
            problems = (period,) if isinstance(period, Problem) else ()
            return ReportBasis(
                entity=entity,
                currency=chart.currency,
                supplier=self._creditor(entity, report),
                day=day,
                period=None if isinstance(period, Problem) else period,
                problems=problems,
            )
        currency = self._chart(entity, journal).currency
        rule = PostingDatePolicy(closed=self._policy.posting_date.closed)
        one_day = PayPeriod(start=day, end=day, pay_date=day)
        posting = choose_posting_date(one_day, rule, self.ledger.calendar(entity, journal, day))
        if isinstance(posting, Problem):
            return ReportBasis(entity=entity, currency=currency, day=day, problems=(posting,))
        return ReportBasis(entity=entity, currency=currency, day=posting.day)

    def _chart(self, entity: str, journal: str) -> Chart:
        if (entity, journal) not in self._charts:
            self._charts[entity, journal] = self.ledger.chart(entity, journal, self._policy.axes)
        return self._charts[entity, journal]

    def _creditor(self, entity: str, report: ExpenseReport) -> LedgerSupplier | None:
        """The employee as a supplier: by the code that the flow was told, else by that which the source
        keeps; never by a name.
        """
        known = self._policy.employees
        code = known.get(report.employee) or known.get(report.employee_number) or report.creditor
        return self.facts.creditors(entity, [code]).get(code) if code else None

    # --- checks ---------------------------------------------------------------------------------------------

    def checks(self, entry: PurchaseEntry | JournalEntry, basis: ReportBasis) -> Iterator[Problem]:
        """Everything that the ledger would refuse of an entry."""
        if isinstance(entry, PurchaseEntry):
            books = self.facts.chart(entry.entity, entry.journal, self._policy.axes)
            assert basis.supplier is not None
            yield from check_purchase(entry, books, basis.supplier, self._opening.commits.now().date())
            yield from self.purchases.check(entry)
        else:
            yield from check_entry(entry, self._chart(entry.entity, entry.journal))
            yield from self.journals.check(entry)

    def papers_refused(self, papers: tuple[tuple[Dossier, ...], tuple[Attachment, ...]]) -> Iterator[Problem]:
        """What the ledger would refuse of receipts and of what holds them."""
        for dossier in papers[0]:
            yield from self.dossiers.check(dossier)
        for attachment in papers[1]:
            yield from self.attachments.check(attachment)

    def doubts(self, proposal: ExpenseProposal) -> tuple[str, ...]:
        """Reasons to look at VAT that stop nothing."""
        found = list(proposal.doubts)
        for entry in proposal.entries:
            if isinstance(entry, PurchaseEntry) and not entry.key.startswith(REVERSAL):
                books = self.facts.chart(entry.entity, entry.journal, self._policy.axes)
                found += doubtful(entry, books.vat_codes)
        return tuple(dict.fromkeys(found))

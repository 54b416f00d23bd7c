"""What an invoice comes to: the proposal of its entry and files as it is now, whatever is booked by then.

    what is booked of it       nothing: the entry · the same: nothing to book · another: that is taken back
    it was canceled            what is booked is taken back, and nothing is booked

An entry that is open and unpaid is withdrawn. Any other gets a mirror, and both stay in the books.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import cast

from ml_connector.domain import codec
from ml_connector.domain.document import CommitKey, Receipt
from ml_connector.domain.invoice import InvoiceState, KeptFile, SupplierInvoice
from ml_connector.domain.mapping import Resolver
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.proposal import Share, Subject, TakenBack
from ml_connector.domain.purchase import (
    Attachment,
    BookedPurchase,
    Dossier,
    LedgerSupplier,
    PurchaseChart,
    PurchaseEntry,
)
from ml_connector.domain.purchase_build import Built, Named, PurchasePolicy, purchase_entry
from ml_connector.domain.purchase_checks import check_purchase, doubtful
from ml_connector.domain.purchase_proposal import Asked, PurchaseBasis, PurchaseProposal
from ml_connector.flows.booked import document_number
from ml_connector.flows.flow import Opening
from ml_connector.flows.posting.taken_back import REVERSAL, standing
from ml_connector.flows.purchasing import look_alikes
from ml_connector.flows.purchasing.names import (
    INVOICE,
    cut_texts,
    number_of,
    numbered,
    supplier_links,
    text_of,
)
from ml_connector.flows.purchasing.papers import file_problems, papers_of
from ml_connector.flows.purchasing.periods import period_for
from ml_connector.flows.purchasing.policy import InvoicePolicy
from ml_connector.flows.purchasing.proof import changed_since
from ml_connector.ports.commits import UNBOOKED, CommitRow, Commits, CommitState
from ml_connector.ports.purchases import AttachmentSink, DossierSink, PurchaseFacts, PurchaseSink
from ml_connector.ports.sinks import Ending
from ml_connector.runs.run import Run

PAID = "invoice.paid"
MARKED = "invoice.marked"
TAKEN_AWAY = (InvoiceState.CANCELED,)
"""States in which what is booked of an invoice is taken back."""
PROCUREMENT_KEEPS = (InvoiceState.OPEN, InvoiceState.ON_REVISE, InvoiceState.UNKNOWN)
"""States in which the source has not said yet what is to become of an invoice."""


class PurchaseProposals:
    """Makes the proposals of the invoices of one flow."""

    def __init__(self, opening: Opening) -> None:
        self._opening, self._commits = opening, opening.commits
        self._policy: InvoicePolicy = opening.policy

    @property
    def facts(self) -> PurchaseFacts:
        """What the ledger says of its purchase side."""
        return cast(PurchaseFacts, self._opening.systems.target.source(PurchaseChart))

    @property
    def purchases(self) -> PurchaseSink:
        """Where entries go."""
        return cast(PurchaseSink, self._opening.systems.target.sink(PurchaseEntry))

    @property
    def dossiers(self) -> DossierSink:
        """Where the documents go that hold files."""
        return cast(DossierSink, self._opening.systems.target.sink(Dossier))

    @property
    def attachments(self) -> AttachmentSink:
        """Where files go."""
        return cast(AttachmentSink, self._opening.systems.target.sink(Attachment))

    # --- what is asked of the ledger ------------------------------------------------------------------------

    def ask(self, invoice: SupplierInvoice) -> tuple[Asked, PurchaseChart | None]:
        """What the entry is built on, and the chart that it is checked with; problems instead where the
        settings name no books, no supplier is known, or its period is closed.
        """
        entity = self._policy.building.entities.get(invoice.company, "")
        if entity not in self._policy.journals or invoice.state in TAKEN_AWAY:
            return Asked(entity=entity), None
        chart = self.facts.chart(entity, self._policy.journals[entity], self._policy.axes)
        supplier = self._supplier(entity, invoice)
        calendar = self.facts.calendar(entity, self._policy.journals[entity], invoice.issued)
        what = f"invoice {invoice.number}"
        period = period_for(invoice.issued, what, calendar, self._policy.posting_date.closed)
        problems = tuple(found for found in (supplier, period) if isinstance(found, Problem))
        if problems or isinstance(supplier, Problem) or isinstance(period, Problem):
            return Asked(entity=entity, problems=problems), None
        basis = PurchaseBasis(supplier=supplier, period=period, terms=tuple(sorted(chart.terms)))
        return Asked(entity=entity, basis=basis), chart

    def _supplier(self, entity: str, invoice: SupplierInvoice) -> LedgerSupplier | Problem:
        """The supplier in the ledger, as it was linked there, else by the id that the source keeps of it. It
        is never looked for by its name.
        """
        kind = supplier_links(self._opening.systems.source.connection, entity)
        linked = self._opening.links().theirs(kind, invoice.supplier)
        known = linked or invoice.supplier_external
        where = f"supplier {invoice.supplier}"
        if not known:
            text = (
                f"Supplier {invoice.supplier} of invoice {invoice.number} is not linked to one of {entity}."
                " Link it with the flow of suppliers, or enter its id in the ledger at the source."
            )
            return Problem("supplier.unlinked", where, text, Owner.PROCUREMENT)
        found = self.facts.suppliers(entity, [known]).get(known)
        if found is None:
            text = (
                f"Supplier {invoice.supplier} of invoice {invoice.number} is linked to {known}, which"
                f" {entity} does not have: it was merged or deleted, or is of other books. Link it anew."
            )
            return Problem("supplier.gone", where, text, Owner.CONTROLLER)
        return found

    # --- the proposal ---------------------------------------------------------------------------------------

    def make(
        self, run: Run, invoice: SupplierInvoice, files: Sequence[KeptFile], asked: Asked
    ) -> PurchaseProposal:
        """The proposal as it is now: from the invoice and files as they were read, the newest mapping and
        settings, what is booked of the invoice, and the documents of others. Asked again under the claim, it
        must come out the same.
        """
        family, booked = self._family(invoice), self.standing(invoice)
        subjects = {share.subject for row in booked for share in row.shares}
        proposal = PurchaseProposal(problems=asked.problems)
        if asked.entity and invoice.state not in TAKEN_AWAY:
            subject = self._subject(family, asked.entity)
            subjects.add(subject)
            if asked.basis is not None:
                proposal = self._built(
                    run, invoice, files, asked, f"{family}:{subject.tenant}:{subject.entity}"
                )
        elif invoice.state not in TAKEN_AWAY:
            proposal = replace(proposal, problems=self._entry(invoice, _NOBODY, "", ()).problems)
        proposal = replace(proposal, subjects=tuple(sorted(subjects)))
        return self._beside(run, invoice, proposal, booked)

    def _built(
        self, run: Run, invoice: SupplierInvoice, files: Sequence[KeptFile], asked: Asked, family: str
    ) -> PurchaseProposal:
        """The entry with its files, as if nothing were booked yet."""
        assert asked.basis is not None
        dossier = Dossier(
            key="",
            entity=asked.entity,
            title=text_of(invoice, self.purchases.limits.text_max),
            supplier=asked.basis.supplier.code,
            date=invoice.issued,
        )
        dossiers, attachments = papers_of(self._commits, dossier, files, family)
        refers = tuple(dossier.key for dossier in dossiers)
        built = self._entry(invoice, asked.basis, family, refers)
        if built.entry is None:
            return PurchaseProposal(problems=built.problems)
        found = built.entry
        entry = numbered(self._commits, family, lambda key: replace(found, key=key))
        mapping = self._opening.mapping()
        return PurchaseProposal(
            entries=(entry,),
            dossiers=dossiers,
            attachments=attachments,
            problems=tuple(file_problems(f"invoice {invoice.number}", files, Owner.PROCUREMENT)),
            origins=built.origins,
            mapping=f"{mapping.name} v{mapping.version}" if mapping.rules else "",
        )

    def _entry(
        self, invoice: SupplierInvoice, basis: PurchaseBasis, family: str, refers: tuple[str, ...]
    ) -> Built:
        mapping = self._opening.mapping()
        resolver = Resolver(mapping=mapping, day=invoice.issued) if mapping.rules else None
        named = Named(
            key="",
            supplier=basis.supplier.code,
            number=number_of(invoice),
            text=text_of(invoice, self.purchases.limits.text_max),
            period=basis.period,
            refers=refers,
        )
        line_max = self.purchases.limits.line_text_max
        short = replace(
            invoice, lines=tuple(replace(line, text=line.text[:line_max].strip()) for line in invoice.lines)
        )
        return purchase_entry(short, self._with_terms(basis), named, resolver)

    def _with_terms(self, basis: PurchaseBasis) -> PurchasePolicy:
        """A term that the ledger has under the same code needs no setting."""
        building = self._policy.building
        return replace(building, terms={**{code: code for code in basis.terms}, **building.terms})

    # --- beside what is booked ------------------------------------------------------------------------------

    def _beside(
        self, run: Run, invoice: SupplierInvoice, proposal: PurchaseProposal, booked: Sequence[CommitRow]
    ) -> PurchaseProposal:
        """The proposal with what is booked of the invoice: the same is left alone, another is taken back."""
        entry = proposal.entries[-1] if proposal.entries else None
        # What this run is writing goes on; only what is confirmed counts as booked.
        same = [row for row in booked if entry is not None and row.key == entry.key]
        problems = [*proposal.problems]
        others = [row for row in booked if row not in same]
        if any(row.state is CommitState.CONFIRMED for row in same):
            for row in same:
                problems.extend(changed_since(self.purchases, row, run.row.id))
            numbers = tuple(map(document_number, same))
            return replace(proposal, entries=(), already_booked=numbers, problems=tuple(problems))
        mirrors, taken = [], []
        for row in others if not problems else ():
            problems.extend(changed_since(self.purchases, row, run.row.id))
            if problems:
                continue
            taken.append(taken_purchase(row))
            if not may_withdraw(self.purchases, run, row):
                mirrors.append(turned(self._commits, row, self.purchases.limits.text_max))
        if entry is not None and not problems:
            problems.extend(self._questions(run, invoice, entry, booked))
        answers = run.answers()
        if said := answers.get(look_alikes.BOOKED_AS, ""):
            return replace(proposal, entries=(), dossiers=(), attachments=(), booked_as=said)
        return replace(
            proposal,
            entries=(*mirrors, *proposal.entries),
            takes_back=tuple(taken),
            problems=tuple(problems),
            shares=tuple(
                Share(key=one.key, subject=subject)
                for one in (*mirrors, *proposal.entries)
                for subject in proposal.subjects
                if subject.entity == one.entity
            ),
            accepted=tuple(sorted(name for name, said in answers.items() if said == look_alikes.NOT_OURS)),
        )

    def _questions(
        self, run: Run, invoice: SupplierInvoice, entry: PurchaseEntry, booked: Sequence[CommitRow]
    ) -> Iterator[Problem]:
        """What only a person can tell: whether it is booked by others, and what being paid means."""
        answers = run.answers()
        ours = {cast(Receipt, codec.decode(row.receipt)).reference for row in booked if row.receipt}
        of_others = invoice.external and invoice.external not in self._known(entry.entity) and not booked
        if of_others and answers.get(MARKED) != look_alikes.NOT_OURS:
            text = (
                f"The source says that invoice {invoice.number} is booked already, as {invoice.external}, and"
                " this product did not book it. Nothing was booked. If that is so, cancel this run. If not:"
                f" ml-connector runs answer {run.row.id} --not-booked."
            )
            yield Problem(MARKED, f"invoice {invoice.reference}", text, Owner.CONTROLLER)
        paid = invoice.paid is not None and bool(invoice.paid) and not booked
        if paid and not self._policy.books_paid and answers.get(PAID) != look_alikes.OPEN:
            text = (
                f"{invoice.paid} of invoice {invoice.number} are paid at the source already, and the ledger"
                " would owe all of it. If it is to be booked as open all the same: ml-connector runs answer"
                f" {run.row.id} --book-open. If it was paid by card or is settled otherwise, book it by hand"
                " and cancel this run."
            )
            yield Problem(PAID, f"invoice {invoice.reference}", text, Owner.CONTROLLER)
        yield from look_alikes.ask(self.purchases, entry, ours, run)

    def _known(self, entity: str) -> frozenset[str]:
        return self._commits.known_references(self._tenant(entity), entity)

    def checks(
        self, proposal: PurchaseProposal, asked: Asked, chart: PurchaseChart | None
    ) -> Iterator[Problem]:
        """Everything that the ledger would refuse of what is proposed."""
        for entry in proposal.entries:
            if chart is not None and asked.basis is not None and not entry.key.startswith(REVERSAL):
                today = self._commits.now().date()
                yield from check_purchase(entry, chart, asked.basis.supplier, today)
            yield from self.purchases.check(entry)
        for dossier in proposal.dossiers:
            yield from self.dossiers.check(dossier)
        for attachment in proposal.attachments:
            yield from self.attachments.check(attachment)

    def doubts(
        self, invoice: SupplierInvoice, proposal: PurchaseProposal, chart: PurchaseChart | None
    ) -> tuple[str, ...]:
        """Reasons to look that stop nothing: VAT, and texts that are cut."""
        entries = [entry for entry in proposal.entries if not entry.key.startswith(REVERSAL)]
        limits = self.purchases.limits
        found = [text for one in entries if chart for text in doubtful(one, chart.vat_codes)]
        cut = cut_texts(invoice, limits.text_max, limits.line_text_max) if entries else ()
        return (*found, *cut)

    # --- what is booked -------------------------------------------------------------------------------------

    def rows(self, invoice: SupplierInvoice) -> tuple[CommitRow, ...]:
        """Every commit of an entry of the invoice, in any books and whatever became of it, and the mirrors of
        such; oldest first.
        """
        family = self._family(invoice)
        of_it = self._commits.of_reference(f"{family}:")
        return (*of_it, *self._commits.of_reference(f"{REVERSAL}{family}:"))

    def standing(self, invoice: SupplierInvoice) -> tuple[CommitRow, ...]:
        """Those of its entries that count, or may, oldest first."""
        return tuple(row for row in standing(self.rows(invoice)) if row.state not in UNBOOKED)

    # --- names ----------------------------------------------------------------------------------------------

    def _family(self, invoice: SupplierInvoice) -> str:
        return f"{INVOICE}{self._source()}:{invoice.identity}"

    def _source(self) -> str:
        return self._opening.source.confirm("", self._opening.systems.source.tenant(""))

    def _tenant(self, entity: str) -> str:
        return self._opening.target.confirm(entity, self._opening.systems.target.tenant(entity))

    def _subject(self, family: str, entity: str) -> Subject:
        return Subject(tenant=self._tenant(entity), entity=entity, text=family)


_NOBODY = PurchaseBasis(supplier=LedgerSupplier(identity="", code="", name=""))


def kept(run: Run) -> tuple[str, ...]:
    """Keys of entries that the ledger refused to withdraw from this run."""
    found = run.value_of(run.row.id, "post", "not withdrawn", tuple)
    return cast("tuple[str, ...]", found or ())


def may_withdraw(purchases: PurchaseSink, run: Run, row: CommitRow) -> bool:
    """Whether the entry is open and unpaid, and the ledger did not refuse to withdraw it."""
    if purchases.ends is not Ending.WITHDRAW or row.key in kept(run):
        return False
    found = purchases.read_back(cast(Receipt, codec.decode(row.receipt)))
    return found.open is None or found.open == found.payable


def turned(commits: Commits, row: CommitRow, text_max: int) -> PurchaseEntry:
    """What takes an entry back that cannot be withdrawn: the same with every amount turned round."""
    entry = cast(PurchaseEntry, codec.decode(row.content))
    key = CommitKey.parse(row.key)
    lines = tuple(replace(line, net=-line.net, vat=-line.vat) for line in entry.lines)
    text = f"Reversal of {document_number(row)}"[:text_max]
    back = replace(entry, lines=lines, text=text, refers=(), due_date=None)
    return numbered(commits, f"{REVERSAL}{key.family}:{key.revision}", lambda name: replace(back, key=name))


def taken_purchase(row: CommitRow) -> TakenBack:
    """The entry as a proposal names it."""
    booked = cast(BookedPurchase, codec.decode(row.booked))
    return TakenBack(
        key=row.key, run=row.run, document=document_number(row), entity=row.entity, debit=booked.payable
    )

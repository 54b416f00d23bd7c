"""F4: an approved supplier invoice becomes a purchase entry with its files, booked once and marked at its
source.

    read     the invoice as it is now, and every file of it
    propose  supplier, chart, entry, what is booked of it already; every check; then approval of exactly this
    post     claim the invoice, ask and build again; the same: what an earlier approval booked is taken back,
             then files and entry, each once
    confirm  invoice = entry = ledger, to the cent and for each VAT code, and every file is there
    report   the ledger's id and a text, at the source

An invoice that is approved again, or canceled, comes as another record of the source, and corrects what is
booked: see `purchasing.proposals`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

from ml_connector.domain import codec
from ml_connector.domain.document import Receipt
from ml_connector.domain.invoice import InvoiceFile, InvoiceState, KeptFile, SupplierInvoice
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.purchase import BookedPurchase, PurchaseEntry
from ml_connector.domain.purchase_proposal import Asked, PurchaseProposal
from ml_connector.errors import Refused
from ml_connector.flows.flow import Flow, Opening, Question
from ml_connector.flows.posting import consent
from ml_connector.flows.posting.tie_out import untied
from ml_connector.flows.purchasing import look_alikes, offered, proof
from ml_connector.flows.purchasing.papers import kept_file
from ml_connector.flows.purchasing.policy import OPTIONS, InvoicePolicy, read_policy
from ml_connector.flows.purchasing.proposals import (
    MARKED,
    PAID,
    PROCUREMENT_KEEPS,
    TAKEN_AWAY,
    PurchaseProposals,
)
from ml_connector.flows.purchasing.writing import Mark, Writing
from ml_connector.ports.commits import CommitState
from ml_connector.ports.invoices import MOVED, InvoiceSource
from ml_connector.runs.run import Done, Next, Run
from ml_connector.runs.stages import Stage

BELIEVED = timedelta(seconds=60)
"""How long an invoice that was read is believed before it is booked; its source may refuse to be asked the
same sooner.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceInput:
    """What a run of one invoice may be given: nothing."""


class SupplierInvoices:
    """The flow between one source of invoices and one ledger."""

    def __init__(self, opening: Opening) -> None:
        self._opening, self._proposals = opening, PurchaseProposals(opening)
        self._commits, self._writing = opening.commits, Writing(opening, self._proposals)
        self._policy: InvoicePolicy = opening.policy

    @property
    def _invoices(self) -> InvoiceSource:
        source: InvoiceSource = self._opening.systems.source.source(SupplierInvoice)
        return source

    # --- read -----------------------------------------------------------------------------------------------

    def read(self, run: Run) -> Next | Done:
        """The invoice and its files; what the source has not decided on is left alone."""
        try:
            invoice = self._read(run)
        except Refused as error:
            if error.problem.code != MOVED:
                raise
            return Done(f"Nothing was booked. {error.problem.text}")
        if invoice.state in PROCUREMENT_KEEPS:
            return Done(f"Invoice {invoice.number} is taken back at its source to be changed. {_STAYS}")
        files = () if invoice.state in TAKEN_AWAY else invoice.files
        for file in files:
            run.step(f"file {file.key}", partial(self._keep, file))
        run.audit("run.read", {"invoice": invoice.reference, "files": len(files)})
        return Next("propose")

    def _read(self, run: Run) -> SupplierInvoice:
        invoice = run.step("invoice", lambda: self._invoices.invoice(run.row.reference))
        run.step("asked", self._commits.now)
        return invoice

    def _keep(self, file: InvoiceFile) -> KeptFile:
        """The file's bytes, kept by their hash."""
        assert self._opening.files is not None
        with self._invoices.file(file) as content:
            return kept_file(self._opening.files(), file.key, file.name, content)

    def _files(self, run: Run, invoice: SupplierInvoice) -> tuple[KeptFile, ...]:
        if invoice.state in TAKEN_AWAY:
            return ()
        return tuple(run.value("read", f"file {file.key}", KeptFile) for file in invoice.files)

    # --- propose --------------------------------------------------------------------------------------------

    def propose(self, run: Run) -> Next | Done:
        """Make the entry, check everything, and ask for consent."""
        invoice = run.value("read", "invoice", SupplierInvoice)
        run.check_open_sends()
        run.abandon_unfinished()
        asked, chart = self._proposals.ask(invoice)
        run.step("asked", lambda: asked)
        made = self._proposals.make(run, invoice, self._files(run, invoice), asked)
        made = replace(made, doubts=self._proposals.doubts(invoice, made, chart))
        proposal = run.step("proposal", lambda: made)
        run.record_subjects(proposal.subjects)
        run.check((*proposal.problems, *self._proposals.checks(proposal, asked, chart)))
        run.check(untied(proof.before(invoice, proposal)))
        if proposal.booked_as:
            return Next("report")
        if proposal.already_booked and not self._unwritten(proposal):
            return Next("confirm")
        if not (proposal.entries or proposal.already_booked or proposal.takes_back):
            return Done(f"Nothing is booked of invoice {invoice.number}, which was canceled; nothing to do.")
        return consent.ask(run, proposal, self._policy.mode, _described(invoice, proposal))

    # --- post -----------------------------------------------------------------------------------------------

    def post(self, run: Run) -> Next | Done:
        """Book what was approved, once, and only while it is still what would be proposed."""
        proposal = run.value("propose", "proposal", PurchaseProposal)
        consent.check(run, proposal, self._policy.mode)
        run.check_open_sends()
        run.claim(proposal.subjects)
        invoice = run.value("read", "invoice", SupplierInvoice)
        moved = self._moved(run, invoice)
        if moved is not None:
            run.abandon_unfinished()
            return moved
        fingerprint = consent.proposal_fingerprint(proposal)
        if run.value_of(run.row.id, "post", "began", str) != fingerprint:
            asked = run.value("propose", "asked", Asked)
            now = self._proposals.make(run, invoice, self._files(run, invoice), asked)
            if now.problems or now.consented != proposal.consented:
                run.abandon_unfinished()
                why = now.problems[0].text if now.problems else "what is booked, or a setting, changed."
                run.audit("run.changed", {"why": why})
                return Next("propose", notice=f"Proposed again: {why}")
        if proposal.takes_back:
            run.step("began", lambda: fingerprint)
            if again := self._writing.take_back(run, proposal):
                return again
        self._writing.write(run, proposal)
        return Next("confirm")

    def _moved(self, run: Run, invoice: SupplierInvoice) -> Next | Done | None:
        """Where the run goes because the invoice is another one at its source now; `None` where it is not."""
        at = run.value("read", "asked", datetime)
        if timedelta(0) <= self._commits.now() - at < BELIEVED:
            return None
        try:
            now = self._invoices.invoice(run.row.reference)
        except Refused as error:
            if error.problem.code != MOVED:
                raise
            return Done(f"Nothing more was booked. {error.problem.text}")
        if _said(now) == _said(invoice):
            return None
        return Next("read", notice="Read again: the invoice was edited at its source since it was read.")

    # --- confirm --------------------------------------------------------------------------------------------

    def confirm(self, run: Run) -> Next | Done:
        """Prove that the invoice, its entry and the ledger say the same, and that every file is there."""
        invoice = run.value("read", "invoice", SupplierInvoice)
        proposal = run.value("propose", "proposal", PurchaseProposal)
        entry = proof.entry_of(proposal)
        if entry is not None:
            row = self._commits.get(entry.key)
            if row is None or not row.booked:
                raise codec.CodecError(f"{entry.key} is not confirmed")
            table = run.step(
                "tie-out",
                lambda: proof.after(invoice, proposal, cast(BookedPurchase, codec.decode(row.booked))),
            )
            run.check(untied(table))
        if missing := self._unwritten(proposal):
            text = f"{len(missing)} files of the invoice are not confirmed. This is a defect."
            run.check([Problem("attachment.missing", missing[0], text, Owner.SUPPORT)])
        keys = "\n".join(one.key for one in proposal.entries)
        files = len(proposal.attachments)
        run.audit(
            "run.tied_out", {"run": run.row.id, "invoice": invoice.reference, "files": files, "keys": keys}
        )
        return Next("report")

    def _unwritten(self, proposal: PurchaseProposal) -> list[str]:
        """Keys of what holds the files, and of files, that are not proved to be in the ledger."""
        keys = [one.key for one in proposal.dossiers] + [one.key for one in proposal.attachments]
        rows = ((key, self._commits.get(key)) for key in keys)
        return [key for key, row in rows if row is None or row.state is not CommitState.CONFIRMED]

    # --- report ---------------------------------------------------------------------------------------------

    def report(self, run: Run) -> Next | Done:
        """Say at the source where the invoice is booked, or that it is not any more."""
        invoice = run.value("read", "invoice", SupplierInvoice)
        proposal = run.value("propose", "proposal", PurchaseProposal)
        marks = self._invoices.marks
        if proposal.booked_as:
            marks.note(invoice.identity, f"Booked by hand as {proposal.booked_as}.")
            return Done(f"Somebody said that it is booked as {proposal.booked_as}; nothing was booked.")
        booked = self._booked(invoice)
        if booked is None:
            numbers = consent.listed(taken.document for taken in proposal.takes_back)
            marks.note(invoice.identity, f"Taken back: {numbers}.")
            return Done(f"Taken back: {consent.listed(map(str, proposal.takes_back))}.")
        receipt = cast(Receipt, codec.decode(booked.receipt))
        text = f"Booked as {receipt.number} in {booked.entity}."
        earlier = self._references(invoice)
        ours = invoice.external in earlier or run.answers().get(MARKED) == look_alikes.NOT_OURS
        expected = invoice.external if ours else ""
        run.assign(Mark(marks, text, expected), invoice.identity, receipt.reference, expected)
        return Done(_outcome(proposal, receipt, booked.entity))

    def _booked(self, invoice: SupplierInvoice) -> Any:
        """The commit that books the invoice now."""
        rows = self._proposals.standing(invoice)
        return next((row for row in reversed(rows) if row.state is CommitState.CONFIRMED), None)

    def _references(self, invoice: SupplierInvoice) -> frozenset[str]:
        """What entries of the invoice, earlier ones among them, are known by in the ledger."""
        rows = self._proposals.rows(invoice)
        return frozenset(cast(Receipt, codec.decode(row.receipt)).reference for row in rows if row.receipt)


_STAYS = "What is booked of it stays until it is approved again or canceled."


def _said(invoice: SupplierInvoice) -> SupplierInvoice:
    """The invoice without what paying it, or marking it, changes."""
    return replace(invoice, state=InvoiceState.APPROVED, paid=None, external="")


def _described(invoice: SupplierInvoice, proposal: PurchaseProposal) -> str:
    entry, files = proof.entry_of(proposal), len(proposal.attachments)
    if entry is None and proposal.already_booked:
        return f"{files} files of invoice {invoice.number}, booked as {proposal.already_booked[0]}"
    if entry is None:
        return f"nothing of invoice {invoice.number}, which was canceled"
    said = (
        f"{entry.payable} to supplier {entry.supplier} in {entry.entity}, invoice {entry.number} of"
        f" {entry.invoice_date}, with {files} {'file' if files == 1 else 'files'}"
    )
    if entry.period is not None:
        said += f", in period {entry.period[0]}-{entry.period[1]:02} because that of its date is closed"
    return said + "".join(f". Look at this: {text.rstrip('.')}" for text in proposal.doubts)


def _outcome(proposal: PurchaseProposal, receipt: Receipt, entity: str) -> str:
    if proposal.already_booked:
        return f"Booked already as {receipt.number} in {entity}; its entry was not written again. Marked."
    files = len(proposal.attachments)
    with_files = f" with {files} {'file' if files == 1 else 'files'}" if files else ""
    booked = f"Booked as {receipt.number} in {entity}{with_files}; read back, tied out and marked."
    return f"{booked} {consent.changes(proposal)}".strip()


def _stages(opening: Opening) -> Mapping[str, Stage]:
    flow = SupplierInvoices(opening)
    return {
        "read": flow.read,
        "propose": flow.propose,
        "post": flow.post,
        "confirm": flow.confirm,
        "report": flow.report,
    }


def _restart(stage: str, problems: Sequence[Problem]) -> str:
    """The invoice is read anew where its source may have mended what is wrong."""
    return "read" if stage == "propose" and any(p.owner is Owner.PROCUREMENT for p in problems) else stage


def _behind(invoice: SupplierInvoice | None, proposal: PurchaseProposal, _: str, line: int) -> list[str]:
    """The rule that placed a line, and the line of the invoice."""
    origin = proposal.origins[line]
    texts = [f"rule {origin.rule!r}"]
    if origin.line and invoice is not None:
        of = invoice.lines[int(origin.line) - 1]
        texts.append(f"line {origin.line} of invoice {invoice.number}: {of.text} {of.net}")
    return texts


QUESTIONS = (
    Question(
        option="booked_as",
        help="It is booked already, as this document of the ledger.",
        code=look_alikes.ASKED,
        answer=lambda problem, value: (look_alikes.BOOKED_AS, value),
        takes="document",
    ),
    Question(
        option="not_booked",
        help="It is not booked, although its source says so.",
        code=MARKED,
        answer=lambda problem, value: (MARKED, look_alikes.NOT_OURS),
    ),
    Question(
        option="book_open",
        help="It is booked as open, although it is paid at its source.",
        code=PAID,
        answer=lambda problem, value: (PAID, look_alikes.OPEN),
    ),
)

FLOW = Flow(
    kind="supplier_invoices",
    title="Supplier invoices → purchase entries",
    record="invoice",
    source=SupplierInvoice,
    target=PurchaseEntry,
    reference="invoice",
    stages=_stages,
    begins="read",
    input=InvoiceInput,
    options=OPTIONS,
    policy=read_policy,
    offered=offered.invoices,
    restart=_restart,
    questions=QUESTIONS,
    recorded=("read", "invoice"),
    figures=("number", "supplier", "amount"),
    shown=lambda invoice: {
        "number": invoice.number,
        "supplier": invoice.supplier,
        "amount": str(invoice.gross),
    },
    books=("Invoice", "Its lines", "Entry", "Ledger"),
    tied=proof.before,
    behind=_behind,
)

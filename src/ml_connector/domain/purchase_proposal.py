"""What a run would write of one supplier invoice, and everything an approval consents to."""

from __future__ import annotations

from dataclasses import dataclass

from ml_connector.domain.problem import Problem
from ml_connector.domain.proposal import Share, Subject, TakenBack
from ml_connector.domain.purchase import Attachment, Dossier, LedgerSupplier, PurchaseEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseBasis:
    """What a proposal was built on at the ledger, kept so that building it again asks nobody: the supplier
    there, the fiscal period where it is another than that of the invoice's date, and the codes of its payment
    terms.
    """

    supplier: LedgerSupplier
    period: tuple[int, int] | None = None
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The legal entity of an invoice, what is known of its books, and why nothing can be built on it."""

    entity: str
    basis: PurchaseBasis | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a line of an entry comes from: the number of the invoice's line, and the rule that placed it."""

    line: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseProposal:
    """What is written of an invoice, and what is taken back of its earlier approvals.

    `entries` are the mirrors of entries that cannot be withdrawn, and last the entry of the invoice; none
    where the invoice was canceled, or is booked as it is. `dossiers` and `attachments` hold its files and are
    written first. `takes_back` are entries of earlier approvals; one without a mirror is withdrawn.
    `accepted` are look-alikes that a person said are another invoice, `booked_as` the document that somebody
    named as this one. `already_booked` is the number of the document that says just this. `origins` are those
    of the lines of the last entry, and `doubts` reasons to look that stop nothing.
    """

    entries: tuple[PurchaseEntry, ...] = ()
    dossiers: tuple[Dossier, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    takes_back: tuple[TakenBack, ...] = ()
    accepted: tuple[str, ...] = ()
    booked_as: str = ""
    already_booked: tuple[str, ...] = ()
    subjects: tuple[Subject, ...] = ()
    shares: tuple[Share, ...] = ()
    problems: tuple[Problem, ...] = ()
    doubts: tuple[str, ...] = ()
    origins: tuple[Origin, ...] = ()
    mapping: str = ""
    left_out: str = ""

    @property
    def asks(self) -> bool:
        """Whether there is anything to consent to."""
        papers = bool(self.already_booked and (self.dossiers or self.attachments))
        return bool(self.entries or self.takes_back or papers)

    @property
    def consented(self) -> tuple[object, ...]:
        """What an approval consents to."""
        return (self.entries, self.dossiers, self.attachments, self.takes_back, self.accepted, self.booked_as)

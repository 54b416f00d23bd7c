"""What became of an entry whose outcome is unknown, by what people saw in the ledger: booked, or not.

The ledger is asked first, and what it shows must agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from ml_connector.app.access import Access, Actor, Unknown
from ml_connector.app.assemble import Assembly
from ml_connector.app.refusals import NotAllowed
from ml_connector.app.withdrawals import whose
from ml_connector.domain import codec
from ml_connector.domain.document import Document, Marker, Receipt
from ml_connector.domain.journal import BookedEntry
from ml_connector.ports.commits import CommitState
from ml_connector.ports.sinks import Sink, located
from ml_connector.store.commits import StoredCommits
from ml_connector.store.database import database_now
from ml_connector.store.models import Commit, Intent, Resolution


class UnknownOutcomes:
    """Statements of one person on entries of one organisation whose outcome is unknown."""

    def __init__(self, access: Access, assembly: Assembly, actor: Actor) -> None:
        self._access, self._assembly, self._actor = access, assembly, actor

    def settle(self, key: str, *, booked_as: str | None) -> str:
        """A person's statement on an entry whose outcome is unknown: booked as this document, or not. The
        ledger is asked first. Where two people are wanted, two named people who say the same settle it.
        """
        commit = self._access.commits().filter(key=key).first()
        if commit is None:
            raise Unknown(f"There is no entry with the key {key!r}.")
        if commit.state != CommitState.UNKNOWN:
            raise NotAllowed(f"{key} is {commit.state}, not unknown.")
        two = self._access.organisation.four_eyes
        if two and not self._actor.person:
            raise NotAllowed("Two people are required here. Give your name: --as NAME, with your secret.")
        receipt = self._proved(commit, booked_as) if booked_as else None
        if receipt is None:
            self._look_up(commit)
        statement = f"booked as {booked_as}" if booked_as else "not booked"
        with transaction.atomic():
            if receipt:
                self._belongs_to_nobody(commit, receipt)
            Resolution.objects.create(
                commit=commit,
                intent=self._episode(commit),
                statement=statement,
                actor=self._actor.name,
                channel=self._actor.channel,
                person=self._actor.person,
            )
            self._note("commit.stated", key, {"statement": statement})
            people = self._people(commit, statement) if two else 1
            if two and people < 2:
                return f"Noted: {statement}. A second person must record the same before it is settled."
            state, text = (CommitState.DRAFT, codec.encode(receipt)) if receipt else (CommitState.PLANNED, "")
            StoredCommits(commit.connection).record(
                key, state=state, receipt=text, detail=f"settled: {statement}"
            )
            Resolution.objects.filter(commit=commit, over_at__isnull=True).update(over_at=database_now())
            self._note("commit.settled", key, {"statement": statement, "people": people})
        return f"Settled: {statement}. Next: ml-connector runs resume {commit.run_id or 'RUN'}."

    def _episode(self, commit: Commit) -> Intent | None:
        """The send whose outcome is unknown: the last one."""
        return Intent.objects.filter(commit=commit).order_by("-id").first()

    def _people(self, commit: Commit, statement: str) -> int:
        """How many named people say this of the outcome that is unknown now; the last word of each counts."""
        said = Resolution.objects.filter(
            commit=commit, intent=self._episode(commit), over_at__isnull=True
        ).exclude(person="")
        last = dict(said.order_by("id").values_list("person", "statement"))
        return sum(known == statement for known in last.values())

    def _look_up(self, commit: Commit) -> None:
        """Raises `NotAllowed` when the ledger holds an entry that somebody says is not booked."""
        document = codec.decode(commit.content)
        marker = Marker.of(commit.marked_by or commit.key)
        sink = self._assembly.system(commit.connection).sink(type(document))
        found = located(sink, document, marker, None)
        whole = next((receipt for receipt in found if receipt.complete), None)
        if whole is not None:
            raise NotAllowed(
                f"The ledger holds this entry as document {whole.number}. Record that: ml-connector runs"
                " settle"
                f" '{commit.key}' --booked {whole.reference}."
            )
        if found:
            numbers = ", ".join(receipt.number for receipt in found)
            raise NotAllowed(
                f"The ledger holds a part of this entry as document {numbers}, which is not posted. Delete it"
                f" there, then record it again: ml-connector runs settle '{commit.key}' --not-booked."
            )

    def _proved(self, commit: Commit, reference: str) -> Receipt:
        """What the ledger shows of the document, which must say what the entry says: whether it is posted
        among it.
        """
        system, document = self._assembly.system(commit.connection), codec.decode(commit.content)
        receipt = Receipt(reference=reference, number=reference, entity=commit.entity, posted=True)
        sink = system.sink(type(document))
        booked = sink.read_back(receipt)
        if problems := sink.compare(document, booked):
            raise NotAllowed(f"Document {reference} is not this entry: {problems[0].text}")
        if not isinstance(booked, BookedEntry):
            return self._numbered(sink, document, booked.receipt)
        day = booked.posting_date
        shown = system.facts().documents(commit.entity, booked.journal, day, day)
        found = next((d.receipt for d in shown if d.receipt.reference == booked.receipt.reference), None)
        if found is None:
            raise NotAllowed(
                f"Document {reference} is not among those of {day} in journal {booked.journal}, so that it is"
                " not known whether it is posted. Try again in a minute."
            )
        return found

    def _numbered(self, sink: Sink[Any, Any], document: Document, receipt: Receipt) -> Receipt:
        """The receipt with the number that people know the document by, as a look at its place shows it."""
        near = (one.receipt for one in sink.near(document))
        return next((one for one in near if one.reference == receipt.reference), receipt)

    def _belongs_to_nobody(self, commit: Commit, receipt: Receipt) -> None:
        """Raises `NotAllowed` for a document that another commit has: two pays may come to the same amounts,
        and one that was reversed is still in the books.
        """
        commits = StoredCommits(commit.connection)
        for held in commits.holding(commit.tenant, commit.entity, receipt.reference):
            if held.key != commit.key:
                raise NotAllowed(
                    f"Document {receipt.number} in {receipt.entity} is not what became of this entry:"
                    f" {whose(commits, held)}. Look for another document. If there is none: ml-connector"
                    f" runs settle '{commit.key}' --not-booked."
                )

    def _note(self, action: str, subject: str, detail: Mapping[str, str | int | bool | None]) -> None:
        self._access.audit.append(
            actor=self._actor.audited, action=action, subject=subject, detail=self._actor.noted(detail)
        )

"""What people say of the ledger's books: booked elsewhere, deleted, or what an unknown outcome came to.

Each statement is proved by a read where the ledger can be read, and waits while a run is posting for the pay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from django.db import transaction

from ml_connector.app import counts_again, stated_shares, withdrawals
from ml_connector.app.access import Access, Actor
from ml_connector.app.assemble import Assembly
from ml_connector.app.records import Records
from ml_connector.app.refusals import IN_THE_MAKING, NotAllowed
from ml_connector.app.unknown_outcomes import UnknownOutcomes
from ml_connector.domain import codec
from ml_connector.domain.checks import compare
from ml_connector.domain.document import CommitKey, Receipt
from ml_connector.domain.journal import BookedEntry, JournalEntry
from ml_connector.domain.proposal import Proposal, Share, Subject
from ml_connector.domain.text import words
from ml_connector.errors import NotFound
from ml_connector.flows.booked import document_number
from ml_connector.flows.flow import flows
from ml_connector.flows.posting.already_booked import already_booked_parts, comes_to_nothing
from ml_connector.flows.posting.journals import in_other_entities
from ml_connector.flows.posting.taken_back import ELSEWHERE, counts, standing
from ml_connector.flows.reversal import originals
from ml_connector.ports.commits import COUNTS_FOR_NOTHING, DELETED, RESTATED, CommitRow, CommitState, Origin
from ml_connector.ports.ledger import LedgerFacts
from ml_connector.ports.runs import RunRow, RunState
from ml_connector.ports.systems import System
from ml_connector.store.claims import StoredClaims
from ml_connector.store.commits import StoredCommits
from ml_connector.store.models import Flow
from ml_connector.store.tenants import StoredTenants


class Statements:
    """Statements of one person on the books of one organisation's ledgers."""

    def __init__(self, access: Access, assembly: Assembly, actor: Actor) -> None:
        self._access, self._assembly, self._actor = access, assembly, actor
        self._records = Records(access)

    # --- booked elsewhere -----------------------------------------------------------------------------------

    def booked_elsewhere(self, run: str, documents: Sequence[str], why: str) -> RunRow:
        """Say that documents of others are this pay, by number in whatever journal, `entity/number` where
        there are several legal entities, `entity/journal/number` where several journals have it. Each is
        read, its figures count, and it stands for this pay once; one that was edited since is named again,
        one of ours that people edited is named too, and both count with their figures of now. The run goes
        back to its proposal, which is the difference, or nothing; a reversal leaves out what they take back.
        """
        row = self._row(run)
        proposal = self._records.proposal(run)
        if proposal is not None and not isinstance(proposal, Proposal):
            raise NotAllowed(
                f"Run {run} is of an invoice or an expense report. Where it asks whether a document is that:"
                f" ml-connector runs answer {run} --booked-as ENTITY/NUMBER."
            )
        pays = self._pays(row)
        if not pays or row.state not in (RunState.HELD, RunState.AWAITING_APPROVAL):
            raise NotAllowed(
                f"Run {run} is {words(row.state)}; only a proposed run is marked as booked elsewhere."
            )
        flow = self._flow(row)
        system, commits = self._assembly.system(flow.target), StoredCommits(flow.target)
        journals = self._assembly.policy(flow).journals
        subjects = (*pays, *self._moved(flow, commits, pays))
        found = [self._find(system.facts(), subjects, document) for document in documents]
        with transaction.atomic():
            self._wait_for_claims(row, subjects)
            for booked in found:
                of_entity = [subject for subject in subjects if subject.entity == booked.receipt.entity]
                self._stand_in(commits, row, of_entity, booked, journals)
            numbers = ", ".join(f"{booked.receipt.number} in {booked.receipt.entity}" for booked in found)
            self._note("run.booked_elsewhere", run, {"documents": numbers, "why": why, **commits.told()})
            return self._propose_again(row)

    def not_elsewhere(self, run: str, documents: Sequence[str], why: str) -> tuple[RunRow, ...]:
        """Take back that documents were named as booked elsewhere, in this run or for a pay of it; they count
        for nothing from now on. The runs of the pays that wait for a person go back to their proposal: those
        runs. Raises `NotAllowed` while a run is posting for the pay, and for a document that a difference was
        posted to.
        """
        row = self._row(run)
        commits, subjects = StoredCommits(self._flow(row).target), self._access.runs.subjects_of_run(run)
        if row.state in (RunState.READY, RunState.RUNNING, RunState.WAITING):
            raise NotAllowed(f"Run {run} is {words(row.state)}. Try again when it waits for a person.")
        with transaction.atomic():
            found = [withdrawals.named(commits, run, subjects, document) for document in documents]
            pays = tuple({share.subject for statement in found for share in statement.shares})
            self._wait_for_claims(row, pays)
            changed = [other for statement in found for other in withdrawals.withdraw(commits, statement)]
            names = counts_again.names(found)
            self._note("run.not_booked_elsewhere", run, {"documents": names, "why": why, **commits.told()})
            text = f"Not booked elsewhere, says {self._actor.name}: {names}."
            counts_again.tell(self._access.runs, commits, changed, text)
            for ended in {statement.run for statement in found}:
                if self._access.runs.get(ended).state in (RunState.DONE, RunState.CANCELLED, RunState.CLOSED):
                    self._access.runs.tell(ended, f"{text} {_once_more(self._row(ended))}")
            waiting = dict.fromkeys((run, *(other.id for other in self._access.runs.others(run, pays))))
            moved = [self._propose_again(self._row(other)) for other in waiting if self._waits(other)]
        return tuple(moved)

    def _pays(self, row: RunRow) -> tuple[Subject, ...]:
        """The pays of a run that has a proposal; of a reversal, those of what it is to take back."""
        if flows()[row.flow].source is None:
            return self._access.runs.subjects_of_run(row.id)
        proposal = self._records.proposal(row.id)
        return proposal.subjects if proposal is not None else ()

    def _waits(self, run: str) -> bool:
        """Whether it is a run of a pay, or a reversal, that waits for a person with what it proposes."""
        row = self._row(run)
        return row.state in (RunState.HELD, RunState.AWAITING_APPROVAL) and bool(self._pays(row))

    def _propose_again(self, row: RunRow) -> RunRow:
        moved = self._access.runs.move(
            row,
            state=RunState.READY,
            stage="propose",
            attempt=row.attempt + 1,
            people=self._actor.taking_part(row.people),
            notice="",
        )
        if moved is None:
            raise NotAllowed(
                f"Run {row.id} changed while you looked at it. Look at it again: ml-connector runs show"
                f" {row.id}."
            )
        return moved

    def _moved(self, flow: Flow, commits: StoredCommits, subjects: Sequence[Subject]) -> list[Subject]:
        """Where a pay is booked in another legal entity, because the flow's options were changed since."""
        others = in_other_entities(subjects, StoredTenants(flow.target).names())
        return [other for other in others if not comes_to_nothing(already_booked_parts(commits, [other]))]

    def _find(self, ledger: LedgerFacts, subjects: Sequence[Subject], document: str) -> BookedEntry:
        named, sign, number = document.rpartition("/")
        entity, _, journal = named.partition("/")
        entities = list(dict.fromkeys(subject.entity for subject in subjects))
        if not sign:
            if len(entities) != 1:
                raise NotAllowed(
                    f"Say in which legal entity: {' or '.join(f'{e}/{number}' for e in entities)}."
                )
            entity = entities[0]
        if entity not in entities:
            raise NotAllowed(f"This run books nothing in {entity}, only in {', '.join(entities)}.")
        try:
            return ledger.document(entity, journal, number)
        except NotFound:
            where = f"journal {journal}" if journal else "any journal"
            text = f"There is no document {number} in {where} of {entity}. Check the number."
            raise NotAllowed(text) from None

    def _stand_in(
        self,
        commits: StoredCommits,
        row: RunRow,
        subjects: Sequence[Subject],
        booked: BookedEntry,
        journals: Mapping[str, str],
    ) -> None:
        """Store the document for the pay. In another journal than the flow's, that is named with its number,
        because the flow's journal may have the same.
        """
        receipt = booked.receipt
        if not receipt.posted:
            raise NotAllowed(
                f"Document {receipt.number} in {receipt.entity} is not posted, so its figures do not count."
                " Let it be posted first, or delete it there; where this product wrote it, record that then:"
                " ml-connector runs mark-deleted RUN."
            )
        tenant = subjects[0].tenant
        other = "" if booked.journal == journals.get(receipt.entity) else f"{booked.journal}/"
        key = _free_key(commits, f"{ELSEWHERE}{tenant}:{receipt.entity}:{other}{receipt.number}")
        shares = tuple(Share(key=key, subject=subject) for subject in subjects)
        if held := commits.holding(tenant, receipt.entity, receipt.reference):
            known = self._known_before(commits, subjects, booked, held[-1])
            commits.reverse(known.key, RESTATED)
            shares = stated_shares.of_changed(known, key, booked, subjects)
        taken = stated_shares.taken_back(booked, self._in_force(commits, row, shares))
        if taken is not None:
            shares = stated_shares.of_mirror(taken, key)
        self._wait_for_claims(row, [share.subject for share in shares])
        self._count(commits, row, shares, booked)
        if taken is not None:
            commits.reverse(taken.key, key)
            if taken.run:
                text = f"Taken back in the ledger by {receipt.number} in {receipt.entity}"
                self._access.runs.tell(taken.run, f"{text}, says {self._actor.name}.")
            back = f"taken back in the ledger by {receipt.number} in {receipt.entity}"
            counts_again.tell_changed(self._access.runs, commits, taken, back)
            why = f"Its reversal was {back}, says {self._actor.name}."
            counts_again.tell(self._access.runs, commits, counts_again.below(commits, taken), why)

    def _in_force(self, commits: StoredCommits, row: RunRow, shares: Sequence[Share]) -> Iterator[CommitRow]:
        """What a document may take back: for a reversal first what that is for, then the documents that count
        of the pays, and the reversals of some.
        """
        yield from (one for one in originals(commits, row.input.get("keys", "")) if counts(commits, one))
        of_pays = commits.of_subjects([share.subject for share in shares])
        yield from standing(of_pays)
        yield from (one for one in of_pays if counts(commits, one))

    def _known_before(
        self, commits: StoredCommits, subjects: Sequence[Subject], booked: BookedEntry, held: CommitRow
    ) -> CommitRow:
        """What is known of this document, where it is of a pay of the run and says something else than it
        does now: what was stated before, or an entry of ours that people edited. `held` is the commit that
        the document belongs to, for the sentence that refuses it.
        """
        where = f"Document {booked.receipt.number} in {booked.receipt.entity}"
        for known in commits.of_subjects(subjects):
            receipt = cast(Receipt, codec.decode(known.receipt)) if known.receipt else None
            same = receipt is not None and receipt.reference == booked.receipt.reference
            if not same or known.reversed_by:
                continue
            if not compare(cast(JournalEntry, codec.decode(known.content)), booked):
                continue
            return known
        raise NotAllowed(f"{where} is known already; it counts once: {withdrawals.whose(commits, held)}.")

    def _count(
        self, commits: StoredCommits, row: RunRow, shares: tuple[Share, ...], booked: BookedEntry
    ) -> None:
        """Store the document as booked for what it pays for, with its figures."""
        receipt, key, tenant = booked.receipt, shares[0].key, shares[0].subject.tenant
        entry = stated_shares.as_entry(booked, key)
        commits.open(
            key=key,
            fingerprint=codec.fingerprint(entry),
            entity=receipt.entity,
            content=codec.encode(entry),
            origin=Origin(run=row.id, tenant=tenant, shares=shares),
        )
        commits.record(
            key,
            state=CommitState.CONFIRMED,
            receipt=codec.encode(receipt),
            booked=codec.encode(booked),
            detail=f"booked elsewhere, says {self._actor.name}",
        )

    # --- deleted --------------------------------------------------------------------------------------------

    def deleted(self, run: str) -> list[str]:
        """Say that documents of a run were deleted in the ledger: each is looked for, and must be gone. Then
        the pay may be posted again. What a deleted reversal took back counts again.
        """
        row = self._row(run)
        flow = self._flow(row)
        system, commits = self._assembly.system(flow.target), StoredCommits(flow.target)
        known = (CommitState.CONFIRMED, *IN_THE_MAKING)
        candidates = [
            commit
            for commit in commits.of_run(run)
            if commit.state in known and commit.reversed_by not in COUNTS_FOR_NOTHING and commit.receipt
        ]
        gone = [commit for commit in candidates if self._is_gone(system, commit)]
        if not gone:
            standing = [document_number(commit) for commit in candidates]
            text = (
                f"still in the ledger: {', '.join(standing)}" if standing else "none could have been deleted"
            )
            raise NotAllowed(
                f"No document of run {run} is gone; {text}. Delete it there first, or reverse the run:"
                f" ml-connector runs reverse {run}."
            )
        with transaction.atomic():
            self._wait_for_claims(row, [share.subject for commit in gone for share in commit.shares])
            changed: list[CommitRow] = []
            for commit in gone:
                if counts(commits, commit):
                    counts_again.tell_changed(self._access.runs, commits, commit, "deleted in the ledger")
                commits.reverse(commit.key, DELETED)
                changed.extend(counts_again.let_count(commits, commit))
                detail = {"document": document_number(commit), **commits.told()}
                self._note("commit.deleted", commit.key, detail)
            StoredClaims(self._access.organisation).release(run)
            why = f"Deleted in the ledger: {counts_again.names(gone)}"
            counts_again.tell(self._access.runs, commits, changed, f"{why} (run {run}).")
            if row.state in (RunState.DONE, RunState.CLOSED):
                self._access.runs.tell(run, f"{why}, says {self._actor.name}.")
        return [document_number(commit) for commit in gone]

    def alone(self, run: str) -> str:
        """What stands alone in the ledger because documents of the run were deleted there, and how it is
        taken back; empty for nothing.
        """
        return counts_again.alone(StoredCommits(self._flow(self._row(run)).target), run)

    def again(self, run: str) -> str:
        """What counts again because documents of the run were deleted, which had reversed it; empty for
        nothing.
        """
        return counts_again.again(StoredCommits(self._flow(self._row(run)).target), run)

    def twice(self, run: str) -> str:
        """What is in the books twice because documents of the run were deleted there, and how it is taken
        back; empty for nothing.
        """
        return counts_again.twice(StoredCommits(self._flow(self._row(run)).target), run)

    def _is_gone(self, system: System, commit: CommitRow) -> bool:
        try:
            kind = type(codec.decode(commit.content))
            system.sink(kind).read_back(cast(Receipt, codec.decode(commit.receipt)))
        except NotFound:
            return True
        return False

    # --- unknown outcomes -----------------------------------------------------------------------------------

    def settle(self, key: str, *, booked_as: str | None) -> str:
        """A person's statement on an entry whose outcome is unknown, as `UnknownOutcomes` has it."""
        return UnknownOutcomes(self._access, self._assembly, self._actor).settle(key, booked_as=booked_as)

    # --- inside ---------------------------------------------------------------------------------------------

    def _wait_for_claims(self, row: RunRow, subjects: Sequence[Subject]) -> None:
        holder = StoredClaims(self._access.organisation).holder(subjects)
        if holder and holder != row.id:
            raise NotAllowed(
                f"Run {holder} is posting for the same pay right now. Try again when it has ended."
            )

    def _row(self, run: str) -> RunRow:
        return self._access.runs.get(self._access.run(run).id)

    def _flow(self, row: RunRow) -> Flow:
        return self._access.flow_of(row)

    def _note(self, action: str, subject: str, detail: Mapping[str, str | int | bool | None]) -> None:
        self._access.audit.append(
            actor=self._actor.audited, action=action, subject=subject, detail=self._actor.noted(detail)
        )


def _free_key(commits: StoredCommits, family: str) -> str:
    """A key that no document has. One of this number may have been named before: in the journal that was the
    flow's then, before it was deleted and its number used again, or with other figures.
    """
    keys = [CommitKey.parse(row.key) for row in commits.of_reference(f"{family}:")]
    parts = [key.part for key in keys if key.family == family]
    return str(CommitKey(family, max(parts, default=0) + 1, 1))


def _once_more(row: RunRow) -> str:
    """What is run again because a document that the run was ended by counts for nothing now."""
    if flows()[row.flow].source is not None:
        return "Run the pay again."
    return f"Reverse it again: ml-connector runs reverse {row.input.get('reverses') or 'RUN'}."

"""Reversal: an entry that cancels a posted one and names it. Posted entries are never edited or removed.

The mirror is dated like the original where that period is open, and otherwise on the first day of the next
open period when the policy says so. It is a commit of its own, with an approval of its own. The newest
document of a pay is taken back first, or everything that is booked for it: a difference that was made to a
document would stand on nothing without it. What people took back in the ledger, and named here, is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import cast

from ml_connector.domain.checks import check_entry
from ml_connector.domain.document import Marker
from ml_connector.domain.journal import BookedEntry, JournalEntry
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.proposal import Proposal
from ml_connector.errors import ConnectorError, Halted
from ml_connector.flows.booked import document_number
from ml_connector.flows.flow import Flow, Mode, Opening, Policy
from ml_connector.flows.posting import consent, look_alikes, tie_out
from ml_connector.flows.posting.journals import ASKED_DAYS
from ml_connector.flows.posting.mirrors import Mirrors, taken_back
from ml_connector.flows.posting.taken_back import (
    ELSEWHERE,
    by_people,
    changed_by,
    counts,
    entry_of,
    mirrors,
    newer_documents,
    put_back,
    reference_of,
    restated,
    undone,
)
from ml_connector.ports.commits import COUNTS_FOR_NOTHING, UNBOOKED, CommitRow, Commits, CommitState, Origin
from ml_connector.ports.ledger import JournalSink, LedgerFacts, Look, Place
from ml_connector.ports.runs import RunState
from ml_connector.runs.intent import Seen, Wait
from ml_connector.runs.run import Done, Hold, Next, Run
from ml_connector.runs.stages import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversalInput:
    """What a reversal was given: the commit keys of what it reverses, one a line, newest first, and the run
    that a person asked it for.
    """

    keys: str
    reverses: str = ""


def originals(commits: Commits, keys: str) -> list[CommitRow]:
    """What a reversal that was given these keys is to take back. One that people edited and named since is
    the document as they named it.
    """
    return [restated(commits, row) for row in _of(commits, keys.split("\n"))]


def _of(commits: Commits, keys: Iterable[str]) -> list[CommitRow]:
    return [row for key in keys if (row := commits.get(key)) is not None]


class Reversal:
    """Reverses what was posted, in the settings of the flow that posted it."""

    def __init__(self, opening: Opening) -> None:
        self.systems, self.commits = opening.systems, opening.commits
        self.policy: Policy = opening.policy
        self.restored_at = opening.restored_at

    @property
    def _ledger(self) -> LedgerFacts:
        return self.systems.target.facts()

    @property
    def _mirrors(self) -> Mirrors:
        return Mirrors(commits=self.commits, ledger=self._ledger, policy=self.policy)

    @property
    def _entries(self) -> JournalSink:
        return cast(JournalSink, self.systems.target.sink(JournalEntry))

    def propose(self, run: Run) -> Next | Done:
        """The mirror entries, checked, waiting for approval: always of a person, whatever the flow's mode."""
        run.record_subjects({share.subject for row in self._originals(run) for share in row.shares})
        rows = self._left(run)
        if rows is None:
            run.check(look_alikes.ask(self._look(run, ())[1], run.row.id))
            return Next("confirm")
        run.check(self._unfit(run, rows))
        proposal = run.step("proposal", lambda: self._mirrors.proposal(rows))
        run.check(self._problems(proposal))
        run.check(look_alikes.ask(self._look(run, rows)[1], run.row.id))
        what = f"Reversal of {self._names(proposal)}: {consent.describe(proposal.entries)}."
        asks = (
            "This flow only proposes."
            if self.policy.mode is Mode.PROPOSE
            else f"Waiting for approval of {consent.shown_fingerprint(proposal)}."
        )
        sentences = filter(None, (run.row.notice, what, asks))
        raise Hold((), RunState.AWAITING_APPROVAL, " ".join(sentences))

    def post(self, run: Run) -> Next | Done:
        """Book each mirror once, and note it on the original. One look shows what is in the ledger of all."""
        if self.policy.mode is Mode.PROPOSE:
            raise Hold([consent.proposes_only()], RunState.AWAITING_APPROVAL)
        proposal = run.value("propose", "proposal", Proposal)
        if run.approved() != consent.proposal_fingerprint(proposal):
            raise Hold([consent.approval_missing(run.row.id)], RunState.AWAITING_APPROVAL)
        run.check_open_sends()
        run.claim(proposal.subjects)
        mine = {entry.key: self.commits.get(entry.key) for entry in proposal.entries}
        own = {key for key, commit in mine.items() if commit is None or commit.run == run.row.id}
        rows = {row.key: row for row in _of(self.commits, (taken.key for taken in proposal.takes_back))}
        pairs = zip(proposal.entries, proposal.takes_back, strict=True)
        originals = {entry.key: rows[taken.key] for entry, taken in pairs}
        run.check(self._unfit(run, [originals[entry.key] for entry in proposal.entries], own))
        unbooked = [key for key, commit in mine.items() if commit is None or commit.state in UNBOOKED]
        left = [originals[key] for key in unbooked]
        wanted = [(entry, Marker.of(entry.key)) for entry in proposal.entries if entry.key in unbooked]
        began = run.seconds()
        look, asked = self._look(run, left, wanted)
        run.check(look_alikes.ask(asked, run.row.id))
        run.check(self._changed(run, left, look))
        self._book(run, proposal, originals, Seen(found=look.found, began=began))
        return Next("confirm")

    def _changed(self, run: Run, rows: Iterable[CommitRow], look: Look) -> Iterator[Problem]:
        """What is wrong now with the originals: only one that the look does not show as it was booked is read
        by itself.
        """
        shown = {
            (document.receipt.entity, document.receipt.reference): document
            for found in look.documents.values()
            for document in found
        }
        for row in rows:
            document = shown.get((row.entity, reference_of(row)))
            if document is None or any(tie_out.changed_since(self._entries, row, run.row.id, document)):
                yield from tie_out.changed_since(self._entries, row, run.row.id)

    def _book(self, run: Run, proposal: Proposal, originals: Mapping[str, CommitRow], seen: Seen) -> None:
        """Book the mirrors, one after the other. Where one stops, those before it are booked, and noted, all
        the same.
        """
        wanted = []
        for entry in proposal.entries:
            shares = tuple(share for share in proposal.shares if share.key == entry.key)
            origin = Origin(run=run.row.id, tenant=originals[entry.key].tenant, shares=shares)
            wanted.append((entry, origin))
        try:
            run.commit_all(self._entries, wanted, seen, lambda marked: self._entries.locate(marked, None))
        except Halted:
            raise
        except (ConnectorError, Wait):
            self._note(run, originals)
            raise
        self._note(run, originals)

    def _note(self, run: Run, originals: Mapping[str, CommitRow]) -> None:
        """Note on the originals which mirrors of theirs are booked, by the keys of these."""
        for key, row in originals.items():
            mirror = self.commits.get(key)
            if mirror is not None and mirror.state is CommitState.CONFIRMED:
                self._reversed(run, row, key)

    def confirm(self, run: Run) -> Next | Done:
        """Both documents stand in the ledger, equal and opposite: the commit path has compared the mirrors to
        the cent, and both are read back here, because a person may have been at it since.
        """
        rows = self._originals(run)
        run.check(problem for row in rows for problem in self._stands_alone(run, row))
        booked = [back for row in rows if (back := self.commits.get(row.reversed_by)) is not None]
        run.check(tie_out.all_changed_since(self._entries, booked, ""))
        by = _names(booked)
        for row in rows:
            self._tell(run, row, by)
            self._tell_changed(run, row, by)
        return Done(self._outcome(run, rows))

    def _outcome(self, run: Run, rows: list[CommitRow]) -> str:
        """What was reversed by this run, and by people before it; what people named besides still counts."""
        theirs = [row for row in rows if by_people(self.commits, row) is not None]
        ours = [row for row in rows if row not in theirs]
        named = [row for row in self.commits.of_run(run.row.id) if row.key.startswith(ELSEWHERE)]
        besides = [row for row in named if not row.reversed_by and not self.commits.reversed_by(row.key)]
        texts = []
        for how, found in (("Reversed", ours), ("Reversed in the ledger already:", theirs)):
            if found:
                by = _of(self.commits, [row.reversed_by for row in found])
                texts.append(f"{how} {consent.listed(map(str, map(taken_back, found)))} by {_names(by)}.")
        if besides:
            texts.append(f"Still counts, as booked elsewhere: {_names(besides)}.")
        return " ".join(texts)

    def _stands_alone(self, run: Run, row: CommitRow) -> Iterator[Problem]:
        """What is wrong with an original whose mirror is booked."""
        if not row.reversed_by:
            number = document_number(row)
            text = (
                f"The reversal of {number} in {row.entity} was deleted in the ledger, so that counts again."
                f" {self._ending(run)}. Then reverse it again: ml-connector runs reverse {row.run or 'RUN'}."
            )
            yield Problem("reversal.gone", number, text, Owner.CONTROLLER)
            return
        if row.reversed_by not in COUNTS_FOR_NOTHING:
            yield from tie_out.changed_since(self._entries, row, "")
            return
        number = document_number(row)
        text = (
            f"Document {number} in {row.entity} was deleted in the ledger: its reversal stands alone."
            f" {self._ending(run)}. The next run of the pay takes the reversal into account. Or delete the"
            f" reversal there too, record that (ml-connector runs mark-deleted {run.row.id}) and cancel this"
            " run."
        )
        yield Problem("reversal.alone", number, text, Owner.CONTROLLER)

    def _tell(self, run: Run, row: CommitRow, by: str) -> None:
        """Whether each document of a chain of reversals counts now, on the run that booked it."""
        texts = (
            f"Reversed by {by} (run {run.row.id}).",
            f"Booked again: its reversal was reversed by {by} (run {run.row.id}).",
        )
        reached: CommitRow | None = row
        for text in cycle(texts):
            if reached is None:
                return
            run.tell(reached.run, text)
            reached = self.commits.reversed_by(reached.key)

    def _tell_changed(self, run: Run, row: CommitRow, by: str) -> None:
        """That the document changes nothing any more, on the runs that it had changed."""
        for other in changed_by(self.commits, row):
            text = f"What changed it, {document_number(row)} in {row.entity}, was reversed by {by}."
            run.tell(other.run, text)

    def _originals(self, run: Run) -> list[CommitRow]:
        return originals(self.commits, run.given(ReversalInput).keys)

    # --- what an earlier pass has sent ----------------------------------------------------------------------

    def _left(self, run: Run) -> list[CommitRow] | None:
        """The originals that neither this run nor people have taken back yet; `None` when each one is. What
        became of its sends is found out first: a mirror that is booked is not proposed a second time.
        """
        run.check_open_sends()
        run.abandon_unfinished()
        rows = self._originals(run)
        mine = {
            row.key: mirror.key
            for row in rows
            for mirror in mirrors(self.commits, row)
            if mirror.run == run.row.id and mirror.state is CommitState.CONFIRMED
            if not undone(self.commits, mirror)
        }
        for row in rows:
            if row.key in mine:
                self._reversed(run, row, mine[row.key])
        left = [row for row in rows if row.key not in mine and by_people(self.commits, row) is None]
        return left if left or not rows else None

    def _reversed(self, run: Run, row: CommitRow, mirror: str) -> None:
        """Note on the original that its mirror is booked."""
        if not row.reversed_by or (row.reversed_by != mirror and put_back(self.commits, row)):
            self.commits.reverse(row.key, mirror)
            run.audit("commit.reversed", {"key": row.key, "by": mirror})

    # --- checking -------------------------------------------------------------------------------------------

    def _unfit(self, run: Run, rows: list[CommitRow], own: Collection[str] = ()) -> Iterator[Problem]:
        """Why these commits cannot be reversed now. `own` are keys of this reversal's entries."""
        if not rows:
            text = "This run has posted nothing that could be reversed."
            yield Problem("reversal.nothing", "run", text, Owner.CONTROLLER)
        keys = {row.key for row in rows}
        for row in rows:
            number = document_number(row)
            if row.state is not CommitState.CONFIRMED:
                of = f": ml-connector runs show {row.run}" if row.run else ""
                text = f"{row.key} is {row.state}, not confirmed. Let its run end first{of}."
                yield Problem("reversal.unconfirmed", row.key, text, Owner.CONTROLLER)
            elif row.key.startswith(ELSEWHERE):
                yield self._not_ours(run, row)
            made = [restated(self.commits, mirror) for mirror in mirrors(self.commits, row)]
            named = [mirror for mirror in made if mirror.key.startswith(ELSEWHERE)]
            yield from (self._not_ours(run, mirror) for mirror in named if counts(self.commits, mirror))
            if row.reversed_by and row.reversed_by not in own and not put_back(self.commits, row):
                by = self.commits.get(row.reversed_by)
                how = f"reversed by {document_number(by)} (run {by.run})" if by else row.reversed_by
                text = f"{number} is already {how}. {self._ending(run)}."
                yield Problem("reversal.twice", row.key, text, Owner.CONTROLLER)
            for newer in newer_documents(self.commits, row):
                if newer.key not in keys and newer.key not in own:
                    text = (
                        f"{document_number(newer)} (run {newer.run}) was made as a difference to {number}."
                        f" Reverse that first, or everything together: ml-connector runs reverse {newer.run}"
                        " --all."
                    )
                    yield Problem("reversal.newer", row.key, text, Owner.CONTROLLER)

    def _not_ours(self, run: Run, row: CommitRow) -> Problem:
        """A document that people booked or edited, an original or its reversal, is not reversed from here."""
        text = (
            f"{document_number(row)} in {row.entity} counts as booked elsewhere and is no document of ours."
            " Reverse it in the ledger, and record that: ml-connector runs mark-booked-elsewhere"
            f" {run.row.id} --document {row.entity}/NUMBER --why '...'. Or do without it."
            f" {self._ending(run)}."
        )
        return Problem("reversal.elsewhere", row.key, text, Owner.CONTROLLER)

    def _problems(self, proposal: Proposal) -> Iterator[Problem]:
        yield from proposal.problems
        for entry in proposal.entries:
            axes = self.policy.axes | {value.axis for line in entry.lines for value in line.dimensions}
            yield from check_entry(entry, self._ledger.chart(entry.entity, entry.journal, axes))
            yield from self._entries.check(entry)

    def _ending(self, run: Run) -> str:
        """How this run is ended: closed, where it has booked what counts; else cancelled."""
        mine = [row for row in self.commits.of_run(run.row.id) if not row.key.startswith(ELSEWHERE)]
        if any(row.state not in UNBOOKED and not row.reversed_by for row in mine):
            return f"Close this reversal: ml-connector runs close {run.row.id} --why '...'"
        return f"Cancel this reversal: ml-connector runs cancel {run.row.id}"

    def _look(
        self, run: Run, rows: Sequence[CommitRow], wanted: Sequence[tuple[JournalEntry, Marker]] = ()
    ) -> tuple[Look, tuple[BookedEntry, ...]]:
        """One look for these entries and at the journals of the originals. And documents that nobody here
        knows and that a reversal must not be made beside: one takes an original back already, or what people
        took one back with; or, where this installation was restored from a backup, it may have written one
        and lost it, and a difference to an original would stand on nothing.
        """
        restored = self.restored_at() is not None
        journals: dict[tuple[str, str, str], list[CommitRow]] = defaultdict(list)
        named = [by_people(self.commits, row) for row in self._originals(run)]
        for row in (*rows, *filter(None, named)):
            journals[row.tenant, row.entity, entry_of(row).journal].append(row)
        places = {of: _place(of[1], of[2], booked) for of, booked in journals.items()}
        look = self._entries.look(wanted, [*places.values()])
        found: dict[str, BookedEntry] = {}
        for (tenant, entity, journal), booked in journals.items():
            documents = look.documents[places[tenant, entity, journal]]
            others = look_alikes.of_others(documents, self.commits.known_references(tenant, entity))
            lost = look_alikes.may_be_lost(others, [entry_of(row) for row in booked]) if restored else ()
            back = look_alikes.taking_back(others, booked)
            found |= {look_alikes.name_of(document): document for document in (*back, *lost)}
        answers = run.answers()
        return look, tuple(document for name, document in found.items() if name not in answers)

    def _names(self, proposal: Proposal) -> str:
        return consent.listed(map(str, proposal.takes_back))


def _place(entity: str, journal: str, booked: Sequence[CommitRow]) -> Place:
    """Where something may be that takes these documents back."""
    days = [entry_of(row).posting_date for row in booked]
    return Place(entity=entity, journal=journal, start=min(days) - ASKED_DAYS, end=max(days) + ASKED_DAYS)


def _names(rows: Iterable[CommitRow]) -> str:
    return consent.listed(f"{document_number(row)} in {row.entity}" for row in rows)


def _stages(opening: Opening) -> Mapping[str, Stage]:
    reversal = Reversal(opening)
    return {"propose": reversal.propose, "post": reversal.post, "confirm": reversal.confirm}


FLOW = Flow(
    kind="reversal",
    title="Reversal of what a run posted",
    record="reversal",
    target=JournalEntry,
    stages=_stages,
    begins="propose",
    input=ReversalInput,
)

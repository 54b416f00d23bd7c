"""What is on record of a run: its proposal, problems, documents, tie-out, and where a line comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, cast

from ml_connector.app.access import Access, Unknown
from ml_connector.domain import codec
from ml_connector.domain.document import Receipt
from ml_connector.domain.journal import BookedEntry, JournalEntry
from ml_connector.domain.mapping import describe
from ml_connector.domain.money import Money
from ml_connector.domain.problem import Problem
from ml_connector.domain.proposal import Proposal
from ml_connector.domain.purchase import BookedPurchase, PurchaseEntry
from ml_connector.domain.tie_out import TieRow
from ml_connector.flows.flow import Flow, flows
from ml_connector.flows.posting.already_booked import already_booked_parts, nets_of
from ml_connector.flows.posting.consent import proposal_fingerprint, rate_text
from ml_connector.flows.posting.taken_back import ELSEWHERE, REVERSAL, counts, reverses
from ml_connector.flows.posting.tie_out import stand_in
from ml_connector.ports.commits import COUNTS_FOR_NOTHING, CommitRow, Commits, CommitState
from ml_connector.ports.plans import PlannedRow, PlanState
from ml_connector.ports.runs import RunRow, RunState
from ml_connector.store.commits import StoredCommits
from ml_connector.store.models import Artifact, Incident
from ml_connector.store.plans import StoredPlans
from ml_connector.store.runs import StoredArtifacts
from ml_connector.store.staging import StoredStaging

if TYPE_CHECKING:
    from ml_connector.domain.expense_proposal import ExpenseProposal
    from ml_connector.domain.purchase_proposal import PurchaseProposal

    AnyProposal = Proposal | PurchaseProposal | ExpenseProposal


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry of a run with its commit, where it has one, and the document that is known of it."""

    entry: JournalEntry | PurchaseEntry
    commit: CommitRow | None

    @property
    def date(self) -> date:
        """The day that it is of."""
        return self.entry.posting_date if isinstance(self.entry, JournalEntry) else self.entry.invoice_date

    @property
    def amount(self) -> Money:
        """Its debit, which is its credit; of a purchase entry what the supplier is owed."""
        return self.entry.debit if isinstance(self.entry, JournalEntry) else self.entry.payable

    @property
    def state(self) -> str:
        """Of its commit; `proposed` where it has none."""
        return self.commit.state.value if self.commit else "proposed"

    @property
    def receipt(self) -> Receipt | None:
        """The document in the ledger, where one is known."""
        known = codec.decode(self.commit.receipt) if self.commit and self.commit.receipt else None
        return known if isinstance(known, Receipt) else None

    @property
    def rate(self) -> str:
        """The exchange rate of an entry in a foreign currency with its source, as booked where it is booked;
        empty for any other.
        """
        booked = codec.decode(self.commit.booked) if self.commit and self.commit.booked else None
        return rate_text(self.entry, cast(BookedEntry | BookedPurchase | None, booked))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A document that is not in the ledger as it was booked: what was found, and when first."""

    run: str
    key: str
    code: str
    text: str
    found_at: datetime


class Records:
    """The records of the runs of one organisation."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def proposal(self, run: str) -> AnyProposal | None:
        """The newest proposal of a run."""
        text = StoredArtifacts().newest(run, "propose", "proposal")
        return cast("AnyProposal", codec.decode(text)) if text else None

    def fingerprint(self, run: str, proposal: AnyProposal | None = None) -> str:
        """What an approval of the run would consent to: its entries, or its plan; empty without either. Give
        the proposal where it was read already, here and below: a long one takes its time.
        """
        proposal = proposal or self.proposal(run)
        if proposal is None:
            return StoredPlans().fingerprint(run)
        asks = proposal.entries or (not isinstance(proposal, Proposal) and proposal.asks)
        return proposal_fingerprint(proposal) if asks else ""

    def plan(self, run: str, most: int) -> tuple[PlannedRow, ...]:
        """The first changes of the run's plan, in the order in which they are made."""
        return StoredPlans().next(run, tuple(PlanState), most)

    def planned(self, run: str) -> dict[str, int]:
        """How many changes of the run's plan are in each state; empty without a plan."""
        return {str(state): count for state, count in StoredPlans().counts(run).items()}

    def problems(self, row: RunRow) -> tuple[Problem, ...]:
        """Everything that stops the run."""
        return cast(tuple[Problem, ...], codec.decode(row.problems)) if row.problems else ()

    def entries(self, run: str, proposal: AnyProposal | None = None) -> tuple[Entry, ...]:
        """The entries of a run with their commits, where they have one."""
        proposal = proposal or self.proposal(run)
        if proposal is None:
            return ()
        commits = self._commits(run)
        return tuple(Entry(entry=entry, commit=commits.get(entry.key)) for entry in proposal.entries)

    def reversed_by(self, run: str) -> tuple[CommitRow, ...]:
        """The reversals of what the run has booked, in the order of its documents."""
        commits = self._commits(run)
        named = [row.reversed_by for row in commits.of_run(run) if row.reversed_by.startswith(REVERSAL)]
        return tuple(row for key in named if (row := commits.get(key)) is not None)

    def incidents(self, run: str) -> tuple[Found, ...]:
        """What was found wrong with documents of the run since they were booked, and is not over."""
        return tuple(found for found in self.open_incidents() if found.run == run)

    def open_incidents(self) -> tuple[Found, ...]:
        """Everything that the nightly look found and that is not over, oldest first."""
        rows = Incident.objects.filter(
            connection__organisation=self._access.organisation, over_at__isnull=True
        ).select_related("commit")
        return tuple(
            Found(
                run=row.commit.run_id or "" if row.commit else "",
                key=row.commit.key if row.commit else "",
                code=row.code,
                text=row.text,
                found_at=row.found_at,
            )
            for row in rows.order_by("id")
        )

    def flow(self, row: RunRow) -> Flow:
        """The flow whose settings the run has: for a reversal, that of what it reverses."""
        return flows()[self._access.flow_of(row).kind if row.settings else row.flow]

    def shown(self, row: RunRow) -> Mapping[str, Any]:
        """Figures of what the run is for, by name: see `Flow.shown`."""
        record = self._record(row)
        return flows()[row.flow].shown(record) if record is not None else {}

    def told(self, row: RunRow) -> str:
        """What people are told of what the run is for: see `Flow.told`."""
        record = self._record(row)
        return flows()[row.flow].told(record) if record is not None else ""

    def forgotten(self, run: str) -> tuple[str, ...]:
        """What was removed of the run after its time, in a sentence each."""
        row, records = self._access.run(run), Artifact.objects.filter(run_id=run, forgotten_at__isnull=False)
        removed = records.order_by("-id").values_list("forgotten_at", flat=True).first()
        return tuple(
            f"{what}: forgotten on {at:%Y-%m-%d}, hash kept."
            for what, at in (("Source lines", row.forgotten_at), ("Records", removed))
            if at is not None
        )

    # --- tie-out --------------------------------------------------------------------------------------------

    def tie_out(self, run: str, proposal: AnyProposal | None = None) -> tuple[TieRow, ...]:
        """What ties together: of the proposal before it is booked, of all that is booked for its subjects as
        it was proved afterwards. Where the documents of the run were reversed from here, they, their
        reversals and what people booked come to nothing; where people took back or deleted some, it is what
        is booked for them now.
        """
        proposal = proposal or self.proposal(run)
        if proposal is None:
            return ()
        row, commits = self._access.runs.get(run), self._commits(run)
        flow, record = flows()[row.flow], self._record(row)
        if not isinstance(proposal, Proposal):
            if any(c.reversed_by for c in commits.of_run(run)):
                return ()
            text = StoredArtifacts().newest(run, "confirm", "tie-out")
            return cast(tuple[TieRow, ...], codec.decode(text)) if text else flow.tied(record, proposal)
        booked = [c for c in commits.of_run(run) if _is_ours(c)] if row.state is RunState.DONE else []
        back = [c for c in booked if not counts(commits, c)]
        from_here = [c for c in back if c.reversed_by.startswith(REVERSAL)]
        if booked and flow.source is None:
            return _nothing_left(commits, booked)
        parts = already_booked_parts(commits, proposal.subjects) if back else ()
        if back and len(from_here) == len(booked):
            return _nothing_left(commits, booked, [p.row for p in parts if p.row.key.startswith(ELSEWHERE)])
        if back and record is not None:
            return flow.tied_to_books(record, proposal, parts)
        text = StoredArtifacts().newest(run, "confirm", "tie-out")
        if text:
            return cast(tuple[TieRow, ...], codec.decode(text))
        return flow.tied(record, proposal) if record is not None else ()

    # --- where a line comes from ----------------------------------------------------------------------------

    def behind(self, run: str, entry: int, line: int, limit: int = 20) -> list[str]:
        """Where a journal line comes from: its mapping rule and the source lines behind it; for a difference
        also the documents it was made to; for a reversal, those of the line it cancels. Counted from 0.
        """
        proposal, forgotten = self.proposal(run), self.forgotten(run)
        if proposal is None and forgotten:
            return list(forgotten)
        if proposal is None or not 0 <= entry < len(proposal.entries):
            count = len(proposal.entries) if proposal else 0
            raise Unknown(f"Run {run} has {count} entries; there is no entry {entry + 1}.")
        if not isinstance(proposal, Proposal):
            lines = proposal.entries[entry].lines
            if not 0 <= line < len(lines):
                raise Unknown(f"Entry {entry + 1} has {len(lines)} lines; there is no line {line + 1}.")
            if proposal.entries[entry].key.startswith(REVERSAL):
                return [f"reversal of {taken}" for taken in proposal.takes_back]
            row = self._access.runs.get(run)
            return flows()[row.flow].behind(self._record(row), proposal, proposal.entries[entry].key, line)
        found = proposal.entries[entry]
        if not 0 <= line < len(found.lines):
            raise Unknown(f"Entry {entry + 1} has {len(found.lines)} lines; there is no line {line + 1}.")
        if found.key.startswith(REVERSAL):
            return self._behind_reversal(proposal, found, line, limit)
        return [*self._behind_line(run, proposal, found, line, limit), *forgotten]

    def _behind_line(
        self, run: str, proposal: Proposal, entry: JournalEntry, line: int, limit: int
    ) -> list[str]:
        wanted = entry.lines[line]
        place = (entry.entity, wanted.account, wanted.dimensions)
        texts: list[str] = []
        for taken in proposal.takes_back if proposal.takes_back else ():
            if taken.entity == entry.entity:
                texts.append(f"difference to {taken}")
        cells = [
            cell
            for cell, (index, number) in enumerate(proposal.cells)
            if index >= 0
            and (says := proposal.in_full[index]).entity == place[0]
            and (says.lines[number].account, says.lines[number].dimensions) == place[1:]
            and (proposal.takes_back or (says.key, number) == (self._said(proposal, entry), line))
        ]
        for cell in cells:
            texts.extend(f"rule {rule!r}" for rule in proposal.rules[cell : cell + 1])
            texts.extend(
                f"{row.origin}: {row.account} {row.amount}"
                for row in StoredStaging().behind(run, cell, limit)
            )
        if not texts:
            texts.append(
                f"no source line of this run: {wanted.account} {describe(wanted.dimensions)} is only booked"
            )
        return texts

    def _said(self, proposal: Proposal, entry: JournalEntry) -> str:
        """The key of the entry among all that the run says, whatever its revision."""
        for says in proposal.in_full:
            if replace(says, key=entry.key) == entry:
                return says.key
        return entry.key

    def _behind_reversal(self, proposal: Proposal, entry: JournalEntry, line: int, limit: int) -> list[str]:
        index = proposal.entries.index(entry)
        taken = proposal.takes_back[index]
        original = self.proposal(taken.run) if taken.run else None
        texts = [f"reversal of {taken}"]
        if original is not None:
            keys = [known.key for known in original.entries]
            if taken.key in keys:
                place = keys.index(taken.key)
                texts.extend(self.behind(taken.run, place, line, limit))
        return texts

    # --- inside ---------------------------------------------------------------------------------------------

    def _record(self, row: RunRow) -> Any:
        """What the run read at its source; `None` where it has read nothing, or that is forgotten."""
        text = StoredArtifacts().newest(row.id, *flows()[row.flow].recorded)
        return codec.decode(text) if text else None

    def _commits(self, run: str) -> StoredCommits:
        row = self._access.run(run)
        flow = self._access.flow_of(row)
        return StoredCommits(flow.target)


def _is_ours(row: CommitRow) -> bool:
    return row.state is CommitState.CONFIRMED and not row.key.startswith(ELSEWHERE)


def _nothing_left(
    commits: Commits, booked: Sequence[CommitRow], others: Iterable[CommitRow] = ()
) -> tuple[TieRow, ...]:
    """What documents of a run and their reversals come to, or reversals of the run and what they took back,
    with `others`: nothing.
    """
    rows = {row.key: row for row in others}
    for row in booked:
        other = commits.get(row.reversed_by) or reverses(commits, row)
        pair = (row, other) if other is not None else (row,)
        rows |= {one.key: one for one in pair if one.reversed_by not in COUNTS_FOR_NOTHING}
    entries = [cast(JournalEntry, codec.decode(row.content)) for row in rows.values()]
    currency = cast(JournalEntry, codec.decode(booked[0].content)).currency
    zero = Money.from_minor(0, currency)
    left = [minor for net in nets_of(entries) for minor in net.values()]
    sides = {
        "debit": sum(minor for minor in left if minor > 0),
        "credit": -sum(minor for minor in left if minor < 0),
    }
    return tuple(
        TieRow(
            company="*",
            what=side,
            register=None,
            run=zero,
            journal=zero,
            ledger=Money.from_minor(minor, currency),
            stand_in=stand_in(rows.values()),
        )
        for side, minor in sides.items()
    )

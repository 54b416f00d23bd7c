"""What people do with runs: start, approve, resume, replay, resolve, reverse, pause. Each is an entry of the
audit chain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import cast

from django.db import transaction

from ml_connector.app.access import Access, Actor, Unknown
from ml_connector.app.assemble import PAUSED, PAYROLL, REVERSAL, Assembly
from ml_connector.domain import codec
from ml_connector.domain.build import Proposal
from ml_connector.domain.checks import TieRow, compare
from ml_connector.domain.journal import BookedEntry, JournalEntry, Receipt
from ml_connector.domain.payroll import PayRun
from ml_connector.domain.problem import Owner, Problem
from ml_connector.errors import NotFound
from ml_connector.flows.payroll_journal import proposal_fingerprint, rate_text
from ml_connector.flows.policy import Mode, read_rates
from ml_connector.ports.storage import DELETED, CommitState, RunRow, RunState
from ml_connector.store.commits import StoredCommits
from ml_connector.store.models import Approval, Commit, Flow, Pause, Resolution, Run
from ml_connector.store.runs import StoredArtifacts

AT_REST = frozenset(
    {RunState.DONE, RunState.HELD, RunState.FAILED, RunState.AWAITING_APPROVAL, RunState.CANCELLED}
)


class NotAllowed(Exception):
    """This may not be done now, or not by this person."""


class Operations:
    """Runs of one organisation, as one person."""

    def __init__(self, access: Access, assembly: Assembly, actor: Actor) -> None:
        self._access, self._assembly, self._actor = access, assembly, actor

    # --- starting -------------------------------------------------------------------------------------------

    def start_payroll(
        self,
        source: str,
        target: str,
        pay_run: str,
        *,
        dry_run: bool = False,
        replay_of: str = "",
        rates: Sequence[str] = (),
        rate_source: str = "",
    ) -> RunRow:
        """Make a run of the payroll flow for one pay run; a worker carries it out. Raises `PolicyError` for
        rates that are none.
        """
        flow = self._access.flow(PAYROLL, source, target)
        version = self._access.mapping(flow.mapping).version
        values = {
            "flow": str(flow.pk),
            "pay_run": pay_run,
            "mapping_version": str(version),
            "dry_run": "yes" if dry_run else "no",
        }
        return self._create(PAYROLL, "read", {**values, **_rates(rates, rate_source), "replay_of": replay_of})

    def new_pay_runs(self, source: str, target: str, since: date | None) -> list[str]:
        """References of pay runs at the source that no run of this flow has taken up, oldest first; nothing
        before the flow starts.
        """
        flow = self._access.flow(PAYROLL, source, target)
        payroll = self._assembly.system(flow.source).payroll
        if payroll is None:
            raise Unknown(f"{source} holds no payroll.")
        taken = {
            row.input.get("pay_run")
            for row in self._access.runs.list(100_000)
            if row.input.get("flow") == str(flow.pk)
        }
        begin = max(since, flow.starts_on) if since else flow.starts_on
        return [run.reference for run in payroll.pay_runs(begin) if run.reference not in taken]

    def replay(self, run: str, *, post: bool = False) -> RunRow:
        """A new run from the recorded inputs of another, dry unless `post` is said."""
        old = self._access.run(run)
        flow = self._access.flows().get(pk=int(old.input["flow"]))
        rates, source = old.input.get("rates", ""), old.input.get("rate_source", "")
        return self.start_payroll(
            flow.source.name,
            flow.target.name,
            old.input["pay_run"],
            dry_run=not post,
            replay_of=run,
            rates=[rates] if rates else [],
            rate_source=source,
        )

    def reverse(self, run: str) -> RunRow:
        """Propose entries that cancel what a run posted."""
        old = self._access.run(run)
        proposal = self._proposal(run)
        keys = [entry.key for entry in proposal.entries] if proposal else []
        booked = [
            commit.key
            for commit in self._access.commits().filter(
                key__in=keys, state=CommitState.CONFIRMED, reversed_by=""
            )
        ]
        if not booked:
            raise NotAllowed(f"Run {run} has posted nothing that could be reversed.")
        return self._create(
            REVERSAL, "propose", {"flow": old.input["flow"], "reverses": run, "keys": "\n".join(booked)}
        )

    def _create(self, flow: str, stage: str, values: Mapping[str, str]) -> RunRow:
        with transaction.atomic():
            row = self._access.runs.create(flow=flow, stage=stage, input=values)
            self._note("run.started", row.id, {key: value for key, value in values.items() if value})
        return row

    # --- going on -------------------------------------------------------------------------------------------

    def approve(self, run: str, fingerprint: str | None = None) -> RunRow:
        """Consent to exactly the entries that are proposed. Raises `NotAllowed` when there are none, or other
        ones than the fingerprint says.
        """
        row = self._access.runs.get(self._access.run(run).id)
        proposal = self._proposal(run)
        if row.state is not RunState.AWAITING_APPROVAL or proposal is None:
            raise NotAllowed(f"Run {run} is {row.state}; there is nothing to approve.")
        if self._flow(row).mode == Mode.PROPOSE:
            raise NotAllowed(
                "This flow only proposes. Set its mode to approve to post: `ml-connector flows set --mode"
                " approve`."
            )
        shown = proposal_fingerprint(proposal)
        if fingerprint is not None and not shown.startswith(fingerprint):
            raise NotAllowed(
                f"The entries are {shown[:12]}, not {fingerprint}: they changed since you looked. Look again."
            )
        with transaction.atomic():
            Approval.objects.create(
                run_id=run, fingerprint=shown, actor=self._actor.name, channel=self._actor.channel
            )
            self._note(
                "run.approved", run, {"fingerprint": shown, "second_person": self._actor.channel != "cli"}
            )
            return self._move(row, stage="post")

    def resume(
        self,
        run: str,
        *,
        accept_foreign: bool = False,
        propose_again: bool = False,
        rates: Sequence[str] = (),
        rate_source: str = "",
    ) -> RunRow:
        """Let a held or failed run go on from the stage it stopped in, with the newest mapping as long as
        nothing is approved.

        A proposal that stopped because of what payroll delivered is read anew, since payroll may have mended
        it under the same reference. `propose_again` goes back to the proposal, when the entries themselves
        must change; what is booked stays booked.
        """
        row = self._access.runs.get(self._access.run(run).id)
        resumable = (
            RunState.HELD,
            RunState.FAILED,
            RunState.WAITING,
            *((RunState.AWAITING_APPROVAL,) if propose_again else ()),
        )
        if row.state not in resumable:
            raise NotAllowed(f"Run {run} is {row.state}; only a held, failed or waiting run is resumed.")
        stage = "propose" if propose_again and row.stage == "post" else row.stage
        if (
            row.flow == PAYROLL
            and stage == "propose"
            and any(_of_payroll(problem) for problem in self.problems(row))
        ):
            stage = "read"
        values = {
            **row.input,
            "_tries": "0",
            **({"accept_foreign": "yes"} if accept_foreign else {}),
            **_rates(rates, rate_source),
        }
        if row.flow == PAYROLL and stage in ("read", "propose"):
            values["mapping_version"] = str(self._access.mapping(self._flow(row).mapping).version)
        with transaction.atomic():
            self._note("run.resumed", run, {"stage": stage, "accept_foreign": accept_foreign})
            return self._move(row, stage=stage, values=values)

    def booked_outside(self, run: str, why: str) -> RunRow:
        """Record that somebody booked this pay run by other means, so that it is never posted from here; a
        later run of the same pay is a difference.
        """
        row = self._access.runs.get(self._access.run(run).id)
        proposal = self._proposal(run)
        if (
            proposal is None
            or not proposal.entries
            or row.state not in (RunState.HELD, RunState.AWAITING_APPROVAL)
        ):
            raise NotAllowed(
                f"Run {run} is {row.state} or proposes nothing; only a proposed run is recorded as booked"
                " outside."
            )
        flow = self._flow(row)
        journal = self._assembly.payroll_journal(flow, int(row.input["mapping_version"]))
        pay_run = cast(PayRun, self._artifact(run, "read", "pay run"))
        commits = StoredCommits(flow.target)
        with transaction.atomic():
            for entry in proposal.entries:
                known = commits.open(
                    key=entry.key,
                    fingerprint=codec.fingerprint(entry),
                    subject=journal.subject(pay_run, entry.entity),
                    entity=entry.entity,
                    content=codec.encode(entry),
                )
                if known.state not in (CommitState.PLANNED, CommitState.REFUSED):
                    raise NotAllowed(f"{entry.key} is {known.state}: it was posted from here.")
                commits.settle(
                    entry.key,
                    state=CommitState.CONFIRMED,
                    detail=f"booked outside, says {self._actor.name}: {why}",
                )
            self._note("run.booked_outside", run, {"why": why})
            moved = self._access.runs.move(
                row, state=RunState.DONE, summary=f"Booked outside, says {self._actor.name}: {why}"
            )
        return moved or row

    def cancel(self, run: str) -> RunRow:
        """Give up a run that has posted nothing and sends nothing now."""
        row = self._access.runs.get(self._access.run(run).id)
        keys = [entry.key for entry in proposal.entries] if (proposal := self._proposal(run)) else []
        if (
            row.state is RunState.RUNNING
            or self._access.commits().filter(key__in=keys).exclude(state__in=["planned", "refused"]).exists()
        ):
            raise NotAllowed(f"Run {run} is {row.state} and may have posted; finish or reverse it.")
        moved = self._access.runs.move(
            row, state=RunState.CANCELLED, summary=f"Cancelled by {self._actor.name}."
        )
        self._note("run.cancelled", run, {})
        return moved or row

    def _move(self, row: RunRow, *, stage: str, values: Mapping[str, str] | None = None) -> RunRow:
        moved = self._access.runs.move(
            row, state=RunState.READY, stage=stage, attempt=row.attempt + 1, input=values
        )
        if moved is None:
            raise NotAllowed(f"Run {row.id} moved while you looked at it. Look again.")
        return moved

    def deleted(self, run: str) -> list[str]:
        """Note that documents of a run were deleted in the ledger by a person: each is looked for, and must
        be gone. Then the pay may be posted again.
        """
        gone = []
        for entry, commit in self.entries(run):
            if (
                commit is None
                or commit.state not in (CommitState.CONFIRMED, CommitState.DRAFT)
                or commit.reversed_by
                or not commit.receipt
            ):
                continue
            ledger = self._assembly.system(commit.connection).ledger
            receipt = cast(Receipt, codec.decode(commit.receipt))
            try:
                if ledger is not None:
                    ledger.read_back(receipt)
            except NotFound:
                with transaction.atomic():
                    StoredCommits(commit.connection).reverse(entry.key, DELETED)
                    self._note("commit.deleted", entry.key, {"document": receipt.number})
                gone.append(receipt.number)
                continue
            raise NotAllowed(
                f"Document {receipt.number} still stands in the ledger. Delete it there first, or reverse the"
                " run."
            )
        if not gone:
            raise NotAllowed(f"Run {run} has no document that could have been deleted.")
        return gone

    # --- unknown outcomes -----------------------------------------------------------------------------------

    def resolve(self, key: str, *, booked_as: str | None) -> str:
        """One person's statement on an entry whose outcome is unknown: booked as this document, or not
        booked. Two agreeing people settle it.

        A statement that it is booked is proved by reading the document back; statements from the command line
        count as one person together.
        """
        commit = self._access.commits().filter(key=key).first()
        if commit is None:
            raise Unknown(f"There is no commit {key!r}.")
        if commit.state != CommitState.UNKNOWN:
            raise NotAllowed(f"{key} is {commit.state}, not unknown.")
        receipt = self._proved(commit, booked_as) if booked_as else None
        statement = f"booked as {booked_as}" if booked_as else "not booked"
        with transaction.atomic():
            Resolution.objects.create(
                commit=commit, statement=statement, actor=self._actor.name, channel=self._actor.channel
            )
            self._note("commit.stated", key, {"statement": statement})
            people = self._people(commit, statement)
            if self._access.organisation.four_eyes and people < 2:
                return f"Noted: {statement}. A second person must say the same before it is settled."
            state, text = (CommitState.DRAFT, codec.encode(receipt)) if receipt else (CommitState.PLANNED, "")
            StoredCommits(commit.connection).settle(
                key, state=state, receipt=text, detail=f"resolved: {statement}"
            )
            self._note("commit.resolved", key, {"statement": statement, "people": people})
        return f"Settled: {statement}. Resume the run."

    def _people(self, commit: Commit, statement: str) -> int:
        said = (
            Resolution.objects.filter(commit=commit, statement=statement)
            .values_list("actor", "channel")
            .distinct()
        )
        return len({"cli" if channel == "cli" else f"{channel}:{actor}" for actor, channel in said})

    def _proved(self, commit: Commit, reference: str) -> Receipt:
        ledger = self._assembly.system(commit.connection).ledger
        if ledger is None:
            raise NotAllowed(f"{commit.connection.name} holds no ledger.")
        receipt = Receipt(reference=reference, number=reference, entity=commit.entity, posted=True)
        booked = ledger.read_back(receipt)
        if problems := compare(cast(JournalEntry, codec.decode(commit.content)), booked):
            raise NotAllowed(f"Document {reference} is not this entry: {problems[0].text}")
        return booked.receipt

    # --- pausing --------------------------------------------------------------------------------------------

    def pause(self, scope: str) -> None:
        """Stop a flow, a connection or everything; sends in flight settle first. Raises `Unknown` for a scope
        that would stop nothing.
        """
        self._check_scope(scope)
        Pause.objects.get_or_create(
            organisation=self._access.organisation, scope=scope, defaults={"by": self._actor.name}
        )
        self._note("paused", scope, {})

    def unpause(self, scope: str) -> bool:
        """Go on; false when it was not paused."""
        gone, _ = self._access.pauses().filter(scope=scope).delete()
        paused = Run.objects.filter(
            organisation=self._access.organisation, state=RunState.WAITING, summary__startswith=PAUSED
        )
        paused.update(due_at=self._assembly.clock.now())
        self._note("unpaused", scope, {})
        return bool(gone)

    def _check_scope(self, scope: str) -> None:
        kind, _, name = scope.partition(":")
        if kind == "connection":
            self._access.connection(name)
        elif kind == "flow" and name.isdecimal():
            if not self._access.flows().filter(pk=int(name)).exists():
                raise Unknown(f"There is no flow {name}. `ml-connector flows list` shows them.")
        elif scope != "everything":
            raise Unknown(f"{scope!r} is not everything, connection:<name> or flow:<id>.")

    # --- looking --------------------------------------------------------------------------------------------

    def tie_out(self, run: str) -> tuple[TieRow, ...]:
        """The newest tie-out table of a run."""
        value = self._artifact(run, "confirm", "tie-out") or self._artifact(run, "propose", "tie-out")
        return cast(tuple[TieRow, ...], value or ())

    def problems(self, row: RunRow) -> tuple[Problem, ...]:
        """Everything that stops the run."""
        return cast(tuple[Problem, ...], codec.decode(row.problems)) if row.problems else ()

    def entries(self, run: str) -> tuple[tuple[JournalEntry, Commit | None], ...]:
        """The entries of a run with their commits, where they have one."""
        proposal = self._proposal(run)
        known = (
            {
                commit.key: commit
                for commit in self._access.commits().filter(key__in=[e.key for e in proposal.entries])
            }
            if proposal
            else {}
        )
        return tuple((entry, known.get(entry.key)) for entry in proposal.entries) if proposal else ()

    def rate(self, entry: JournalEntry, commit: Commit | None) -> str:
        """The exchange rate of an entry in a foreign currency with its source, as booked where it is booked;
        empty for any other.
        """
        return rate_text(
            entry, cast(BookedEntry, codec.decode(commit.booked)) if commit and commit.booked else None
        )

    def behind(self, run: str, entry: int, line: int, limit: int = 20) -> list[str]:
        """Where a journal line comes from: its mapping rule, and the source lines behind it."""
        proposal = self._proposal(run)
        if proposal is None or (entry, line) not in proposal.cells:
            raise Unknown(
                f"Run {run} has no line {line + 1} in entry {entry + 1}, or its lines are differences."
            )
        cell = proposal.cells.index((entry, line))
        rows = self._assembly.payroll_journal(self._flow(self._access.runs.get(run))).staging.behind(
            run, cell, limit
        )
        return [
            f"rule {proposal.rules[cell]!r}",
            *(f"{row.origin}: {row.account} {row.amount}" for row in rows),
        ]

    def _proposal(self, run: str) -> Proposal | None:
        return cast(Proposal | None, self._artifact(run, "propose", "proposal"))

    def _artifact(self, run: str, stage: str, name: str) -> object:
        row = self._access.runs.get(run)
        artifacts = StoredArtifacts()
        for attempt in range(row.attempt, 0, -1):
            if text := artifacts.read(run, f"{stage}/{attempt}/{name}"):
                value: object = codec.decode(text)
                return value
        return None

    def _flow(self, row: RunRow) -> Flow:
        return self._access.flows().get(pk=int(row.input["flow"]))

    def _note(self, action: str, subject: str, detail: Mapping[str, str | int | bool | None]) -> None:
        self._access.audit.append(
            actor=f"{self._actor.channel}:{self._actor.name}", action=action, subject=subject, detail=detail
        )


def _rates(rates: Sequence[str], source: str) -> dict[str, str]:
    values = {"rates": ", ".join(rates), "rate_source": source} if rates else {}
    read_rates(values)
    return values


def _of_payroll(problem: Problem) -> bool:
    """Whether the pay run itself may be what is wrong, so that what was read of it is worth nothing."""
    return problem.owner is Owner.PAYROLL or problem.code == "tie_out.difference"

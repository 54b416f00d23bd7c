"""What people do with runs: start, approve, answer, resume, cancel, close, reverse, pause. Each is one
transaction with its entry in the audit chain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from django.db import transaction

from ml_connector.app import counts_again
from ml_connector.app.access import Access, Actor, Unknown, no_run, people_behind
from ml_connector.app.assemble import PAYROLL, REVERSAL, Assembly
from ml_connector.app.rates import rates_given
from ml_connector.app.records import Records
from ml_connector.app.refusals import NotAllowed
from ml_connector.domain.payroll import PayRun
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.proposal import FINGERPRINT_SHOWN
from ml_connector.flows import newer_runs
from ml_connector.flows.consent import listed, proposal_fingerprint
from ml_connector.flows.payroll_journal import MEANT, OTHER_INSTALLATION, ZERO
from ml_connector.flows.pays import OWN, QUESTION, REPLACES
from ml_connector.flows.policy import Mode
from ml_connector.flows.taken_back import ELSEWHERE, document_number, standing_alone
from ml_connector.flows.taken_back import REVERSAL as REVERSAL_KEY
from ml_connector.ports.payroll import PayrollSource, SetsAside
from ml_connector.ports.storage import UNBOOKED, CommitRow, CommitState, RunRow, RunState
from ml_connector.store.claims import StoredClaims
from ml_connector.store.commits import StoredCommits
from ml_connector.store.models import Answer, Approval, Flow, Pause, Run

AT_REST = frozenset(
    {
        RunState.DONE,
        RunState.HELD,
        RunState.FAILED,
        RunState.AWAITING_APPROVAL,
        RunState.CANCELLED,
        RunState.CLOSED,
    }
)
NOT_THIS_PAY = "not this pay"
ASKED = ("ledger.look_alike", "documents.duplicate")
"""Codes of problems that ask about documents by number."""
WHICH = "pay.which"
"""Code of the question which pay a run is for."""


class Operations:
    """Runs of one organisation, as one person."""

    def __init__(self, access: Access, assembly: Assembly, actor: Actor) -> None:
        self._access, self._assembly, self._actor = access, assembly, actor
        self.records = Records(access)

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
        self._access.newest_mapping(flow.mapping)
        values = {"flow": str(flow.pk), "replay_of": replay_of, **rates_given(rates, rate_source)}
        return self._create(PAYROLL, "read", values, reference=pay_run, dry=dry_run)

    def new_pay_runs(
        self, source: str, target: str, since: date | None
    ) -> tuple[list[str], tuple[Problem, ...]]:
        """References of pay runs at the source that no run of this flow has taken up, oldest first, nothing
        before the flow starts; and what the source could not read as a pay run. Dry runs, cancelled and
        failed runs take up nothing.
        """
        flow = self._access.flow(PAYROLL, source, target)
        payroll: PayrollSource = self._assembly.system(flow.source).source(PayRun)
        begin = max(since, flow.starts_on) if since else flow.starts_on
        offered = [run.reference for run in payroll.pay_runs(begin)]
        taken = self._access.runs.taken(PAYROLL, flow.pk, offered)
        new = [reference for reference in offered if reference not in taken]
        return new, payroll.set_aside() if isinstance(payroll, SetsAside) else ()

    def replay(self, run: str, *, post: bool = False) -> RunRow:
        """A new run from the recorded inputs of another, dry unless `post` is said."""
        old = self._row(run)
        if old.flow != PAYROLL:
            raise NotAllowed(f"Run {run} is a reversal; only pay runs are replayed.")
        flow = self._flow(old)
        rates = old.input.get("rates", "")
        return self.start_payroll(
            flow.source.name,
            flow.target.name,
            old.reference,
            dry_run=not post,
            replay_of=run,
            rates=[rates] if rates else [],
            rate_source=old.input.get("rate_source", ""),
        )

    def reverse(self, run: str, *, everything: bool = False) -> RunRow:
        """Propose entries that cancel what a run posted; with `everything`, all that is booked for its pays,
        the newest first.
        """
        old = self._row(run)
        commits = self._commits(old)
        rows = [row for row in commits.of_run(run) if not row.key.startswith(ELSEWHERE)]
        if everything:
            subjects = {share.subject for row in rows for share in row.shares}
            others = (ELSEWHERE, REVERSAL_KEY)
            rows = [row for row in commits.of_subjects(subjects) if not row.key.startswith(others)]
        ends = [end for row in rows if (end := _end_of(commits, row)) is not None]
        booked = [row for row in dict.fromkeys(ends) if row.state is CommitState.CONFIRMED]
        if not booked:
            raise NotAllowed(self._nothing_to_reverse(run, commits, rows))
        keys = [row.key for row in reversed(booked)]
        values = {"flow": old.input["flow"], "reverses": run, "keys": "\n".join(keys)}
        return self._create(REVERSAL, "propose", values, reference=old.reference)

    def _nothing_to_reverse(self, run: str, commits: StoredCommits, rows: Sequence[CommitRow]) -> str:
        done = [row for row in rows if row.reversed_by and row.state not in UNBOOKED]
        by = [reversal for row in done if (reversal := commits.get(row.reversed_by)) is not None]
        if by:
            numbers = listed(f"{document_number(row)} in {row.entity}" for row in by)
            return f"Run {run} was already reversed by run {by[0].run}: {numbers}."
        return f"Run {run} has posted nothing that could be reversed."

    def _create(
        self, flow: str, stage: str, values: Mapping[str, str], *, reference: str, dry: bool = False
    ) -> RunRow:
        told = {key: value for key, value in values.items() if value}
        values = self._actor.taking_part(values)
        with transaction.atomic():
            row = self._access.runs.create(flow=flow, stage=stage, input=values, reference=reference, dry=dry)
            self._note("run.started", row.id, {**told, "reference": reference, "dry_run": dry})
        return row

    # --- consent and questions ------------------------------------------------------------------------------

    def approve(self, run: str, fingerprint: str) -> RunRow:
        """Consent to exactly the entries that were shown, by at least twelve characters of their fingerprint.
        Where two people are wanted, the first of them posts nothing yet. Raises `NotAllowed` when there are
        none, or other ones than the fingerprint says, and for a person who may not.
        """
        row = self._row(run)
        proposal = self.records.proposal(run)
        if row.state is not RunState.AWAITING_APPROVAL or proposal is None:
            raise NotAllowed(f"Run {run} is {row.state}; there is nothing to approve.")
        if self._flow(row).mode == Mode.PROPOSE:
            raise NotAllowed(
                "This flow only proposes. To post, set its mode to approve first (ml-connector flows set),"
                " then approve the run."
            )
        shown = proposal_fingerprint(proposal)
        if len(fingerprint) < FINGERPRINT_SHOWN or not shown.startswith(fingerprint):
            raise NotAllowed(
                f"The fingerprint {fingerprint or '(none)'} does not match the entries that are proposed now,"
                f" {shown[:FINGERPRINT_SHOWN]}. They may have changed since you looked: look again"
                f" (ml-connector runs show {run}), then approve with the fingerprint that it shows."
            )
        people = self._consenting(row, shown)
        complete = not self._access.organisation.four_eyes or len(people) > 1
        with transaction.atomic():
            Approval.objects.create(
                run_id=run,
                fingerprint=shown,
                actor=self._actor.name,
                channel=self._actor.channel,
                person=self._actor.person,
                complete=complete,
            )
            if not complete:
                self._note("run.approved_by_one", run, {"fingerprint": shown})
                return row
            self._note("run.approved", run, {"fingerprint": shown, "people": max(len(people), 1)})
            return self._move(row, stage="post")

    def _consenting(self, row: RunRow, fingerprint: str) -> set[str]:
        """The named people behind these entries with this consent: who made the proposal, and who consented
        before. Raises `NotAllowed` where two are wanted and this is nobody, or one of the former.
        """
        person, makers = self._actor.person, people_behind(row.input)
        if not self._access.organisation.four_eyes:
            return makers | {person} - {""}
        if not person:
            raise NotAllowed("Two people are wanted here. Say who you are: --as NAME, with your secret.")
        if person in makers:
            raise NotAllowed(
                f"{person} has a part in run {row.id} as it is proposed; somebody else approves."
            )
        earlier = Approval.objects.filter(run_id=row.id, fingerprint=fingerprint, voided_at__isnull=True)
        return makers | {person} | set(earlier.exclude(person="").values_list("person", flat=True))

    def answer(
        self,
        run: str,
        *,
        own_pay: bool = False,
        replaces: str = "",
        zero: bool = False,
        older_counts: bool = False,
    ) -> RunRow:
        """Answer a question of a held run; it goes back to its proposal with the answer."""
        row = self._row(run)
        asked = {problem.code: problem.where for problem in self.records.problems(row)}
        if zero and "run.zero" in asked:
            question, answer = ZERO, MEANT
        elif older_counts and newer_runs.NEWER in asked:
            question, answer = newer_runs.question(asked[newer_runs.NEWER]), newer_runs.COUNTS
        elif (own_pay or replaces) and WHICH in asked:
            if replaces:
                self._check_replaced(row, replaces)
            question, answer = QUESTION, OWN if own_pay else f"{REPLACES}{replaces}"
        else:
            raise NotAllowed(
                f"Run {run} does not ask this. It is {row.state}: {row.summary or 'no problem'}."
            )
        with transaction.atomic():
            self._answered(run, question, answer)
            self._note("run.answered", run, {"question": question, "answer": answer})
            return self._move(row, stage="propose")

    def _check_replaced(self, row: RunRow, replaces: str) -> None:
        self._access.run(replaces)
        problems = self.records.problems(row)
        if not any(f" run {replaces}, " in problem.text for problem in problems if problem.code == WHICH):
            raise NotAllowed(
                f"Run {row.id} does not ask about run {replaces}. Look again: ml-connector runs show"
                f" {row.id}."
            )

    def _answered(self, run: str, question: str, answer: str) -> None:
        Answer.objects.create(run_id=run, question=question, answer=answer, actor=self._actor.name)

    # --- going on -------------------------------------------------------------------------------------------

    def resume(
        self,
        run: str,
        *,
        accept: Sequence[str] = (),
        propose_again: bool = False,
        rates: Sequence[str] = (),
        rate_source: str = "",
    ) -> RunRow:
        """Let a held or failed run go on from the stage it stopped in, with the newest mapping and settings.

        `accept` names documents of others that are not this pay, as the problem names them. A proposal that
        stopped because of what payroll delivered is read anew, since payroll may have mended it under the
        same reference. `propose_again` goes back to the proposal.
        """
        row = self._row(run)
        resumable = (
            RunState.HELD,
            RunState.FAILED,
            RunState.WAITING,
            *((RunState.AWAITING_APPROVAL,) if propose_again else ()),
        )
        if row.state not in resumable:
            raise NotAllowed(f"Run {run} is {row.state}; only a held, failed or waiting run is resumed.")
        problems = self.records.problems(row)
        self._check_accepted(run, accept, problems)
        anew = bool(propose_again or accept or any(p.code == OTHER_INSTALLATION for p in problems))
        stage = "propose" if row.stage == "post" and anew else row.stage
        if row.flow == PAYROLL and stage == "propose" and any(_of_payroll(problem) for problem in problems):
            stage = "read"
        values = {**row.input, **rates_given(rates, rate_source)}
        with transaction.atomic():
            for document in accept:
                self._answered(run, document, NOT_THIS_PAY)
            self._note("run.resumed", run, {"stage": stage, "accepted": ", ".join(accept)})
            return self._move(row, stage=stage, values=values)

    def _check_accepted(self, run: str, accept: Sequence[str], problems: Sequence[Problem]) -> None:
        """Each is asked about by its whole name; what follows it in the text is the next one, or the end."""
        asked = " ".join(problem.text for problem in problems if problem.code in ASKED)
        for document in accept:
            if not re.search(rf"--accept {re.escape(document)}(?= --accept |\.(?: (?!--accept )|$))", asked):
                raise NotAllowed(
                    f"Run {run} does not ask about document {document}. Look again: ml-connector runs"
                    f" show {run}."
                )

    def cancel(self, run: str) -> RunRow:
        """Give up a run that has posted nothing and sends nothing now."""
        row = self._row(run)
        if row.state in (RunState.DONE, RunState.CANCELLED, RunState.CLOSED):
            raise NotAllowed(f"Run {run} is {row.state}.")
        if row.state is RunState.RUNNING or self._posted(row):
            raise NotAllowed(
                f"Run {run} is {row.state} and has posted, or may post now. Let it end, then reverse it"
                f" (ml-connector runs reverse {run}), or close it with a reason:"
                f" ml-connector runs close {run} --why '...'."
            )
        return self._end(row, RunState.CANCELLED, f"Cancelled by {self._actor.name}.", "run.cancelled", {})

    def close(self, run: str, why: str) -> RunRow:
        """End a run that has posted a part, with a reason; what it has booked stays booked and counts."""
        row = self._row(run)
        if row.state not in (RunState.HELD, RunState.FAILED, RunState.AWAITING_APPROVAL, RunState.WAITING):
            raise NotAllowed(f"Run {run} is {row.state}; only a run that waits for a person is closed.")
        booked = self._posted(row)
        open_ones = [commit for commit in booked if commit.state is not CommitState.CONFIRMED]
        if open_ones:
            key, state = open_ones[0].key, open_ones[0].state
            again = " --propose-again" if row.state is RunState.AWAITING_APPROVAL else ""
            way = (
                "Say what you found in the ledger: ml-connector runs settle"
                f" '{key}', with --booked or --not-booked"
                if state is CommitState.UNKNOWN
                else f"Let the run find it out: ml-connector runs resume {run}{again}"
            )
            raise NotAllowed(f"{key} is {state}: whether it is booked must be known first. {way}.")
        if not booked:
            raise NotAllowed(
                f"Run {run} has posted nothing that counts. Cancel it instead: ml-connector runs cancel"
                f" {run}."
            )
        numbers = listed(f"{document_number(commit)} in {commit.entity}" for commit in booked)
        summary = f"Closed by {self._actor.name} with {numbers} booked: {why}"
        return self._end(row, RunState.CLOSED, summary, "run.closed", {"why": why, "booked": numbers})

    def _posted(self, row: RunRow) -> list[CommitRow]:
        """Commits of the run that are, or may be, booked by it, and count: not those whose document was
        reversed or deleted.
        """
        commits = self._commits(row)
        return [
            commit
            for commit in commits.of_run(row.id)
            if commit.state not in UNBOOKED
            and not commit.key.startswith(ELSEWHERE)
            and counts_again.counts(commits, commit)
        ]

    def _end(
        self,
        row: RunRow,
        state: RunState,
        summary: str,
        action: str,
        detail: Mapping[str, str | int | bool | None],
    ) -> RunRow:
        """End a run. A document that was named for it as booked elsewhere still counts for the pay, and the
        run says so.
        """
        named = listed(
            f"{document_number(commit)} in {commit.entity}"
            for commit in self._commits(row).of_run(row.id)
            if commit.key.startswith(ELSEWHERE) and not commit.reversed_by
        )
        if named:
            summary = f"{summary.removesuffix('.')}. Still counts for this pay, as booked elsewhere: {named}."
        with transaction.atomic():
            moved = self._access.runs.move(row, state=state, summary=summary)
            if moved is None:
                raise NotAllowed(
                    f"Run {row.id} moved while you looked at it. Look again: ml-connector runs show {row.id}."
                )
            StoredClaims(self._access.organisation).let_go(row.id)
            self._note(action, row.id, detail)
        return moved

    def _move(self, row: RunRow, *, stage: str, values: Mapping[str, str] | None = None) -> RunRow:
        if stage != "post":
            values = self._actor.taking_part(row.input if values is None else values)
        moved = self._access.runs.move(
            row, state=RunState.READY, stage=stage, attempt=row.attempt + 1, input=values, notice="", tries=0
        )
        if moved is None:
            raise NotAllowed(
                f"Run {row.id} moved while you looked at it. Look again: ml-connector runs show {row.id}."
            )
        return moved

    # --- pausing --------------------------------------------------------------------------------------------

    def pause(self, scope: str) -> None:
        """Stop a flow, a connection or everything; sends in flight settle first. Raises `Unknown` for a scope
        that would stop nothing.
        """
        self._check_scope(scope)
        with transaction.atomic():
            Pause.objects.get_or_create(
                organisation=self._access.organisation, scope=scope, defaults={"by": self._actor.name}
            )
            self._note("paused", scope, {})

    def unpause(self, scope: str) -> bool:
        """Let it run again; false when it was not paused."""
        with transaction.atomic():
            gone, _ = self._access.pauses().filter(scope=scope).delete()
            paused = Run.objects.filter(
                organisation=self._access.organisation, state=RunState.WAITING, paused=True
            )
            paused.update(due_at=self._assembly.clock.now(), summary="", paused=False)
            self._note("unpaused", scope, {})
        return bool(gone)

    def _check_scope(self, scope: str) -> None:
        kind, _, name = scope.partition(":")
        if kind == "connection":
            self._access.connection(name)
        elif kind == "flow" and name.isdecimal():
            if int(name) not in {flow.pk for flow in self._access.flows()}:
                raise Unknown(f"There is no flow {name}. `ml-connector flows list` shows them.")
        elif scope != "everything":
            raise Unknown(f"{scope!r} is not everything, connection:<name> or flow:<id>.")

    # --- inside ---------------------------------------------------------------------------------------------

    def _row(self, run: str) -> RunRow:
        try:
            return self._access.runs.get(run)
        except KeyError:
            raise no_run(run) from None

    def _flow(self, row: RunRow) -> Flow:
        return self._access.flow_of(row)

    def _commits(self, row: RunRow) -> StoredCommits:
        return StoredCommits(self._flow(row).target)

    def _note(self, action: str, subject: str, detail: Mapping[str, str | int | bool | None]) -> None:
        self._access.audit.append(
            actor=self._actor.audited, action=action, subject=subject, detail=self._actor.noted(detail)
        )


def _end_of(commits: StoredCommits, row: CommitRow) -> CommitRow | None:
    """The document that is to be reversed so that this one counts no more: itself, or the newest reversal
    where its reversal was reversed. Of a document that somebody deleted, the reversal that stands alone since
    then. `None` where it counts no more.
    """
    end, counts = standing_alone(commits, row) or row, True
    while end.reversed_by:
        reversal = commits.get(end.reversed_by)
        if reversal is None:
            return None
        end, counts = reversal, not counts
    return end if counts else None


def _of_payroll(problem: Problem) -> bool:
    """Whether the pay run itself may be what is wrong, so that what was read of it is worth nothing."""
    return problem.owner is Owner.PAYROLL or problem.code == "tie_out.difference"

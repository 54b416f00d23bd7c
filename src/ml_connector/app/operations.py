"""What people do with runs: start, approve, answer, resume, cancel, close, reverse, pause. Each is one
transaction with its entry in the audit chain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from django.db import transaction

from ml_connector.app.access import Access, Actor, Unknown, no_run
from ml_connector.app.assemble import Assembly
from ml_connector.app.four_eyes import consenting
from ml_connector.app.passes import asked_for, next_pass, replaceable
from ml_connector.app.questions import check_accepted, check_named
from ml_connector.app.records import Records
from ml_connector.app.refusals import NotAllowed, not_known
from ml_connector.app.reversible import left_by, posted, require_reversible, reversible
from ml_connector.domain.proposal import FINGERPRINT_SHOWN
from ml_connector.domain.text import words
from ml_connector.flows.alignment import UNASKED
from ml_connector.flows.booked import document_number
from ml_connector.flows.flow import Flow as FlowRecord
from ml_connector.flows.flow import Mode, New, flows
from ml_connector.flows.posting.consent import SET_MODE, listed
from ml_connector.flows.posting.look_alikes import NOT_OURS
from ml_connector.flows.reversal import FLOW as REVERSAL
from ml_connector.ports.commits import CommitState
from ml_connector.ports.runs import RunRow, RunState
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
NOTHING_GIVEN: Mapping[str, Sequence[str]] = {}


class Operations:
    """Runs of one organisation, as one person."""

    def __init__(self, access: Access, assembly: Assembly, actor: Actor) -> None:
        self._access, self._assembly, self._actor = access, assembly, actor
        self.records = Records(access)

    # --- starting -------------------------------------------------------------------------------------------

    def start(
        self,
        kind: str,
        source: str,
        target: str,
        reference: str,
        *,
        dry_run: bool = False,
        replay_of: str = "",
        given: Mapping[str, Sequence[str]] = NOTHING_GIVEN,
        unasked: bool = False,
    ) -> RunRow:
        """Make a run of a flow for one record of its source; a worker carries it out. `given` are the values
        of its `given` options; a pass is `unasked` where no person wants it. Raises `PolicyError`.
        """
        values = {
            **flows()[kind].read_given(given),
            **({UNASKED: "yes"} if unasked and flows()[kind].passes else {}),
        }
        return self._start(kind, source, target, reference, values, dry_run=dry_run, replay_of=replay_of)

    def _start(
        self,
        kind: str,
        source: str,
        target: str,
        reference: str,
        values: Mapping[str, str],
        *,
        dry_run: bool,
        replay_of: str,
    ) -> RunRow:
        settings = self._access.flow(kind, source, target)
        if settings.mapping:
            self._access.newest_mapping(settings.mapping)
        return self._create(
            flows()[kind], settings, values, reference=reference, dry=dry_run, replay_of=replay_of
        )

    def new(self, kind: str, source: str, target: str, since: date | None, until: date | None = None) -> New:
        """References at the source that no run of this flow has taken up, oldest first, of records that end
        on these days or between, nothing before the flow starts; and what the source could not read. Dry
        runs, cancelled and failed runs take up nothing. Of a flow that has passes it is the next one, and
        none while one is under way.
        """
        record, settings = flows()[kind], self._access.flow(kind, source, target)
        if record.passes:
            return next_pass(settings, self._assembly.clock.now()), ()
        if record.offered is None or record.source is None:
            return (), ()
        since = max(since or date.min, settings.starts_on or date.min)
        offered, aside = record.offered(self._assembly.offering(settings, since, until or date.max))
        taken = self._access.runs.taken(kind, settings.pk, offered)
        return tuple(reference for reference in offered if reference not in taken), aside

    def replay(self, run: str, *, post: bool = False) -> RunRow:
        """A new run from the recorded inputs of another, dry unless `post` is said."""
        old = self._row(run)
        if flows()[old.flow].source is None:
            raise NotAllowed(f"Run {run} is a {flows()[old.flow].record}; it is not replayed.")
        settings = self._flow(old)
        return self._start(
            old.flow,
            settings.source.name,
            settings.target.name,
            old.reference,
            asked_for(old.input),
            dry_run=not post,
            replay_of=run,
        )

    def reverse(self, run: str, *, everything: bool = False) -> RunRow:
        """Propose entries that cancel what a run posted; with `everything`, all that is booked for its
        subjects, the newest first.
        """
        old = self._row(run)
        require_reversible(old, flows()[old.flow])
        commits = self._commits(old)
        keys = [row.key for row in reversed(reversible(commits, run, everything=everything))]
        values = {"reverses": run, "keys": "\n".join(keys)}
        return self._create(REVERSAL, self._flow(old), values, reference=old.reference)

    def _create(
        self,
        record: FlowRecord,
        settings: Flow,
        values: Mapping[str, str],
        *,
        reference: str,
        dry: bool = False,
        replay_of: str = "",
    ) -> RunRow:
        noted = {"flow": str(settings.pk), "replay_of": replay_of, **values}
        noted = {name: value for name, value in noted.items() if value}
        with transaction.atomic():
            row = self._access.runs.create(
                flow=record.kind,
                stage=record.begins,
                settings=settings.pk,
                input=values,
                reference=reference,
                dry=dry,
                replay_of=replay_of,
                people=self._actor.taking_part(),
            )
            self._note("run.started", row.id, {**noted, "reference": reference, "dry_run": dry})
            if record.passes and not dry:
                for old in replaceable(settings):
                    text = f"Run {row.id} took its place."
                    self._end(self._row(old), RunState.CANCELLED, text, "run.replaced", {"by": row.id})
        return row

    # --- consent and questions ------------------------------------------------------------------------------

    def approve(self, run: str, fingerprint: str) -> RunRow:
        """Consent to exactly the entries that were shown, by at least twelve characters of their fingerprint.
        Where two people are wanted, the first of them posts nothing yet. Raises `NotAllowed` when there are
        none, or other ones than the fingerprint says, and for a person who may not.
        """
        row = self._row(run)
        shown = self.records.fingerprint(run)
        if row.state is not RunState.AWAITING_APPROVAL or not shown:
            raise NotAllowed(f"Run {run} is {words(row.state)}; there is nothing to approve.")
        if self._flow(row).mode == Mode.PROPOSE:
            raise NotAllowed(f"This flow only proposes. {SET_MODE} Then approve the run.")
        if len(fingerprint) < FINGERPRINT_SHOWN or not shown.startswith(fingerprint):
            raise NotAllowed(
                f"The fingerprint {fingerprint or '(none)'} does not match the entries that are proposed now,"
                f" {shown[:FINGERPRINT_SHOWN]}. They may have changed since you looked: look at"
                f" them again (ml-connector runs show {run}), then approve with the fingerprint that it"
                " shows."
            )
        people = consenting(self._access, self._actor, row, shown)
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
            return self._move(row, stage=flows()[row.flow].consented)

    def answer(self, run: str, option: str, value: str = "") -> RunRow:
        """Answer a question of a held run by one of its flow's `questions`; it goes back to its proposal with
        the answer, or to its beginning where that asked. Raises `NotAllowed` where the run does not ask that,
        or not about this value.
        """
        row = self._row(run)
        known = next((q for q in flows()[row.flow].questions if q.option == option), None)
        asked = self.records.problems(row)
        found = [problem for problem in asked if known is not None and problem.code == known.code]
        if known is None or not found:
            why = row.summary.removesuffix(".") or "no problem"
            raise NotAllowed(f"Run {run} does not ask this. It is {words(row.state)}: {why}.")
        if known.takes:
            check_named(self._access, row, known.takes, value, found)
        question, answer = known.answer(found[0], value)
        with transaction.atomic():
            self._answered(run, question, answer)
            self._note("run.answered", run, {"question": question, "answer": answer})
            record = flows()[row.flow]
            return self._move(row, stage=record.begins if row.stage == record.begins else record.proposes)

    def _answered(self, run: str, question: str, answer: str) -> None:
        Answer.objects.create(run_id=run, question=question, answer=answer, actor=self._actor.name)

    # --- going on -------------------------------------------------------------------------------------------

    def resume(
        self,
        run: str,
        *,
        accept: Sequence[str] = (),
        propose_again: bool = False,
        given: Mapping[str, Sequence[str]] = NOTHING_GIVEN,
    ) -> RunRow:
        """Let a held or failed run go on from the stage it stopped in, with the newest mapping and settings.

        `accept` names documents of others that are none of this run's, as the problem names them. The flow
        may go back further where what it read may be what is wrong. `propose_again` goes back to the
        proposal. `given` is as in `start`.
        """
        row = self._row(run)
        resumable = (
            RunState.HELD,
            RunState.FAILED,
            RunState.WAITING,
            *((RunState.AWAITING_APPROVAL,) if propose_again else ()),
        )
        if row.state not in resumable:
            raise NotAllowed(
                f"Run {run} is {words(row.state)}; only a run that is on hold, failed or waiting is resumed."
            )
        problems = self.records.problems(row)
        check_accepted(run, accept, problems)
        record = flows()[row.flow]
        anew = bool(propose_again or accept or any(p.code in record.other_systems for p in problems))
        again = anew and row.stage == record.consented
        stage = record.restart(record.proposes if again else row.stage, problems)
        values = {**row.input, **record.read_given(given)}
        with transaction.atomic():
            for document in accept:
                self._answered(run, document, NOT_OURS)
            self._note("run.resumed", run, {"stage": stage, "accepted": ", ".join(accept)})
            return self._move(row, stage=stage, values=values)

    def cancel(self, run: str) -> RunRow:
        """Give up a run that has posted nothing and sends nothing now."""
        row = self._row(run)
        if row.state in (RunState.DONE, RunState.CANCELLED, RunState.CLOSED):
            raise NotAllowed(f"Run {run} is {words(row.state)}.")
        if row.state is RunState.RUNNING or posted(self._commits(row), run):
            raise NotAllowed(
                f"Run {run} is {words(row.state)} and has posted, or may post now. Let it end, then reverse"
                " it"
                f" (ml-connector runs reverse {run}), or close it with a reason:"
                f" ml-connector runs close {run} --why '...'."
            )
        return self._end(row, RunState.CANCELLED, f"Cancelled by {self._actor.name}.", "run.cancelled", {})

    def close(self, run: str, why: str) -> RunRow:
        """End a run that has posted a part, with a reason; what it has booked stays booked and counts."""
        row = self._row(run)
        if row.state not in (RunState.HELD, RunState.FAILED, RunState.AWAITING_APPROVAL, RunState.WAITING):
            raise NotAllowed(
                f"Run {run} is {words(row.state)}; only a run that waits for a person is closed."
            )
        booked = posted(self._commits(row), run)
        open_ones = [commit for commit in booked if commit.state is not CommitState.CONFIRMED]
        if open_ones:
            raise NotAllowed(not_known(row, open_ones[0]))
        if not booked:
            raise NotAllowed(
                f"Run {run} has posted nothing that counts. Cancel it instead: ml-connector runs cancel"
                f" {run}."
            )
        numbers = listed(f"{document_number(commit)} in {commit.entity}" for commit in booked)
        summary = f"Closed by {self._actor.name} with {numbers} booked: {why}"
        return self._end(row, RunState.CLOSED, summary, "run.closed", {"why": why, "booked": numbers})

    def _end(
        self,
        row: RunRow,
        state: RunState,
        summary: str,
        action: str,
        detail: Mapping[str, str | int | bool | None],
    ) -> RunRow:
        """End a run. It says what documents do that were named for it as booked elsewhere."""
        if left := left_by(self._commits(row), row.id):
            summary = f"{summary.removesuffix('.')}. {left}"
        with transaction.atomic():
            moved = self._access.runs.move(row, state=state, summary=summary)
            if moved is None:
                raise NotAllowed(
                    f"Run {row.id} changed while you looked at it. Look at it again: ml-connector runs show"
                    f" {row.id}."
                )
            StoredClaims(self._access.organisation).release(row.id)
            self._note(action, row.id, detail)
        return moved

    def _move(self, row: RunRow, *, stage: str, values: Mapping[str, str] | None = None) -> RunRow:
        people: set[str] | None = None
        if stage != flows()[row.flow].consented:
            people = self._actor.taking_part(row.people)
        moved = self._access.runs.move(
            row,
            state=RunState.READY,
            stage=stage,
            attempt=row.attempt + 1,
            input=asked_for(values or row.input) if UNASKED in row.input else values,
            people=people,
            notice="",
            tries=0,
        )
        if moved is None:
            raise NotAllowed(
                f"Run {row.id} changed while you looked at it. Look at it again: ml-connector runs show"
                f" {row.id}."
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

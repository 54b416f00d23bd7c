"""The one write path. A document exists exactly once, whatever dies, is lost or comes late.

    look up all documents of a run at once, where its claim is held
    open the key ─ same key, other content: conflict
    │
    ├─ confirmed ────────────────────────────────────────────── the receipt it has
    ├─ booked, not yet confirmed ────────────────────────────── read back, compare, confirm
    ├─ an intent is open, not ours ── wait until intent + settle + visible, by both clocks
    │                                 then look up afresh: found → adopt   none → close it, go on
    └─ nothing open ─ looked up a minute ago at the most, else now: found → compare, adopt
                                                                      a part of it is found → go on from there
                      none → budget, lock, token ─ intent ─ gate ─ send
                             refused → closed, nothing booked     no proof → Wait(intent + settle + visible)
                             booked  → next part, an intent each, until it is whole
                                       read back, compare, post the draft
    all of them are posted: look up again, all at once: exactly one of each → confirmed

Nothing here, and nothing below, ever repeats a send: a second send is a second intent, written after proof
that the first booked nothing. Decision 0001 says why engines, idempotency keys and look-ups alone are not
enough.

One look-up may speak for all documents of a run before their first sends, because until the last of them is
sent nobody else of this installation can send one: the run holds the claim, and its pass the ledger's lock. A
send of an earlier pass that may still book has an open intent, and that one is looked up afresh.

An intent that this process did not write is over when both clocks say so: the database's, which somebody can
set, and the machine's own, which never goes back and runs through suspend. After a restart of the machine its
clock begins anew; a whole settling time then counts from when this start of the machine first saw the intent.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, cast

from ml_connector.domain import codec
from ml_connector.domain.document import Booked, Document, Marker, Receipt
from ml_connector.errors import (
    ConnectorError,
    Halted,
    NotSent,
    OutcomeUnknown,
    Refused,
    SignInRenewed,
    Throttled,
)
from ml_connector.ports.commits import ENDED, CommitRow, Commits, CommitState, IntentEnd, IntentRow, Origin
from ml_connector.ports.sinks import Sink
from ml_connector.ports.storage import Clock
from ml_connector.runs.proof import Auditor, Incident, Proof, Wait, receipt_of, referred, state_of

__all__ = ["Committer", "Incident", "Seen", "Wait"]

BELIEVED_SECONDS = 60.0
"""How long a look-up before the first send is believed: decision 11."""
Find = Callable[[Sequence[tuple[Any, Marker]]], Mapping[str, tuple[Receipt, ...]]]
"""A look-up of several documents at once, as `Sink.locate` without a time."""


def new_boot() -> str:
    """An id unique per process and attempt; whoever wrote an intent is known by it."""
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a look-up `found`, by commit key, that `began` at that time of the machine's clock, after the
    claim of all these documents was taken.
    """

    found: Mapping[str, tuple[Receipt, ...]]
    began: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """A document that is posted and was read back, and is not confirmed yet."""

    row: CommitRow
    document: Document
    receipt: Receipt
    booked: Booked


@dataclass(slots=True, kw_only=True)
class Committer:
    """Commits documents to one connection, in one attempt of one stage. `sinks` opens the sink of a kind of
    document.

    `alive` raises `Halted` when this process may no longer write: its lock is gone, or everything is paused.
    """

    commits: Commits
    sinks: Callable[[type[Any]], Sink[Any, Any]]
    clock: Clock
    audit: Auditor
    boot: str = field(default_factory=new_boot)
    alive: Callable[[], None] = field(default=lambda: None)
    crash_point: Callable[[str], None] = field(default=lambda name: None)
    accepted: Callable[[], Collection[str]] = field(default=lambda: ())
    """Documents that a person said are none of the run's, as `entity/number`."""

    def commit_once(self, document: Document, origin: Origin) -> Receipt:
        """The receipt of the one copy of the document there, confirmed to the cent.

        Raises `Wait` when an earlier send may still book, `Refused` when the system said no, `KeyConflict`
        and `Incident` when a person must decide. After any of them calling again is safe.
        """
        return self.commit_all([(document, origin)])[0]

    def commit_all(
        self, wanted: Sequence[tuple[Document, Origin]], seen: Seen | None = None, find: Find | None = None
    ) -> tuple[Receipt, ...]:
        """The receipts of the one copy of each of these documents of one kind, as `commit_once` gives them;
        one is sent after the other. `seen` is what was found of them under their claim; where that is a
        minute old, those that are left are looked for again. `find` looks for all of them, once all are
        posted.

        Where one stops, those before it are confirmed all the same.
        """
        receipts: list[Receipt] = []
        compared: list[_Compared] = []
        proof = self._proof(self.sinks(type(wanted[0][0]))) if wanted else None
        try:
            for place, (document, origin) in enumerate(wanted):
                assert proof is not None
                if seen is not None and self.clock.monotonic() - seen.began > BELIEVED_SECONDS:
                    seen = self._seen(proof, [left for left, _ in wanted[place:]])
                done = self._posted(proof, document, origin, seen)
                receipts.append(done.receipt if isinstance(done, _Compared) else done)
                if isinstance(done, _Compared):
                    compared.append(replace(done, row=replace(done.row, content="")))  # it is in the document
        except Halted:
            raise
        except (ConnectorError, Wait):
            with suppress(ConnectorError, Wait):
                self._confirm(proof, compared, None)
            raise
        self._confirm(proof, compared, find)
        return tuple(receipts)

    def _seen(self, proof: Proof, documents: Sequence[Document]) -> Seen:
        """What is found of the documents now."""
        began = self.clock.monotonic()
        wanted = [(document, Marker.of(document.key)) for document in documents]
        return Seen(found=proof.sink.locate(wanted, None), began=began)

    def _confirm(self, proof: Proof | None, compared: Sequence[_Compared], find: Find | None) -> None:
        """Look for all of them again, at once, and confirm each that is the only one. Raises the first error
        when all were looked at.
        """
        if proof is None or not compared:
            return
        wanted = [(done.document, done.row.marker) for done in compared]
        found = find(wanted) if find is not None else proof.sink.locate(wanted, None)
        failed: ConnectorError | Wait | None = None
        for done in compared:
            try:
                proof.alone(done.row, done.document, done.receipt, done.booked, found[done.row.key])
            except (ConnectorError, Wait) as error:
                failed = failed or error
        if failed is not None:
            raise failed

    def _posted(
        self, proof: Proof, document: Document, origin: Origin, seen: Seen | None
    ) -> _Compared | Receipt:
        """The document written, posted, read back and compared; its receipt where it was confirmed before."""
        sink, content = proof.sink, codec.encode(document)
        fingerprint = codec.digest(content)
        self.crash_point("commit: before open")
        row = self.commits.open(
            key=document.key, fingerprint=fingerprint, entity=document.entity, content=content, origin=origin
        )
        self.crash_point("commit: opened")
        if row.state is CommitState.CONFIRMED:
            return receipt_of(row)
        if row.state is CommitState.UNKNOWN:
            raise proof.unknown(row)
        if row.state is CommitState.DRAFT:
            receipt, booked = proof.posted(row, document, receipt_of(row), looked=sink.limits.posts_itself)
            return _Compared(row=row, document=document, receipt=receipt, booked=booked)
        so_far = receipt_of(row) if row.state is CommitState.WRITING else None
        if (intent := self.commits.open_intent(document.key)) is not None:
            so_far = self._outcome(proof, row, document, intent)
        elif so_far is None:
            so_far = self._found(proof, row, document, seen)
        while so_far is None or not so_far.complete:
            so_far = self._send(sink, row, document, so_far)
        receipt, booked = proof.posted(row, document, so_far)
        return _Compared(row=row, document=document, receipt=receipt, booked=booked)

    def _found(self, proof: Proof, row: CommitRow, document: Document, seen: Seen | None) -> Receipt | None:
        """The document as it is found before its first send, adopted; `None` where it is not. A look-up that
        found nothing a moment ago is believed, but for a document of an earlier release, whose marker is made
        of another text; what one found is looked at as it is now.
        """
        if seen is not None and seen.found.get(row.key) == () and not row.marked_by:
            return None
        receipt = proof.found(row, document, since=None)
        if receipt is not None:
            self.commits.record(
                document.key, state=state_of(receipt), receipt=codec.encode(receipt), adopted=True
            )
        return receipt

    def check_open_sends(self, run: str) -> None:
        """What became of every send that the run left open: its document is adopted, or the send is closed.
        Nothing is sent, and nothing is posted. Raises as `commit_once` does.
        """
        for row in self.commits.left_by(run, (CommitState.UNKNOWN, CommitState.SENDING)):
            proof, document = self._left_open(row)
            if row.state is CommitState.UNKNOWN:
                raise proof.unknown(row)
            if intent := self.commits.open_intent(row.key):
                self._outcome(proof, row, document, intent)

    def abandon_unfinished(self, run: str) -> tuple[str, ...]:
        """Bring what the run has begun to an end, because it goes no further: a document that is not whole is
        removed, one that is booked is confirmed. The numbers of documents that are written and not posted.
        """
        drafts = []
        for row in self.commits.left_by(run, (CommitState.WRITING, CommitState.DRAFT)):
            if row.reversed_by:
                continue
            receipt = receipt_of(row)
            proof, document = self._left_open(row)
            if row.state is CommitState.WRITING and not receipt.complete:
                self._abandon(proof.sink, row, receipt, "The run went no further.")
                continue
            if not receipt.posted and not proof.sink.limits.posts_itself:
                receipt = proof.receipt_now(row, document, receipt)
            if receipt.posted or proof.sink.limits.posts_itself:
                proof.confirm(row, document, receipt, looked=True)
            else:
                drafts.append(receipt.number)
        return tuple(drafts)

    def _left_open(self, row: CommitRow) -> tuple[Proof, Document]:
        """The document of an earlier attempt, and what proves that it is booked once."""
        document = cast(Document, codec.decode(row.content))
        return self._proof(self.sinks(type(document))), document

    def _proof(self, sink: Sink[Any, Any]) -> Proof:
        return Proof(
            commits=self.commits,
            sink=sink,
            clock=self.clock,
            audit=self.audit,
            crash_point=self.crash_point,
            accepted=self.accepted,
        )

    def end_once(self, key: str) -> None:
        """End the document under the key by its system's own verb, if that has not happened yet: it counts
        for nothing from then on, and the next revision may be written.

        An ending needs no intent of its own, because a second one does no harm: it names one document by the
        system's own reference, which is ended once and stays so, and never the next revision. So whatever
        became of an earlier send, also of a process that died, it is asked whether the document is ended; if
        not, the ending is sent again. Nothing counts as ended before the system shows it.

        Raises `Wait` while it may still happen, `Refused` when the system said no, `KeyError` for a key of
        which nothing is booked. After any of them calling again is safe.
        """
        row = self.commits.get(key)
        if row is None or row.state is not CommitState.CONFIRMED:
            raise KeyError(f"nothing is booked under {key}")
        if row.reversed_by:
            return
        document, receipt = cast(Document, codec.decode(row.content)), receipt_of(row)
        sink = self.sinks(type(document))
        if not sink.is_ended(receipt):
            self.alive()
            self.crash_point("end: before")
            due = self.commits.now() + timedelta(seconds=sink.limits.settle_seconds)
            try:
                sink.end(receipt)
            except OutcomeUnknown as error:
                raise Wait(due, f"{error.problem.text} Looking at {due:%H:%M:%S} UTC.") from error
            except Refused:
                # An earlier send may have come through behind our look: the system refuses it twice.
                if not sink.is_ended(receipt):
                    raise
            self.crash_point("end: answered")
            if not sink.is_ended(receipt):
                raise Wait(due, f"{receipt.number} is not shown as ended yet. Looking at {due:%H:%M:%S} UTC.")
        self.commits.reverse(key, ENDED)
        self.audit("commit.reversed", {"key": key, "by": ENDED})

    # --- what an earlier attempt left -----------------------------------------------------------------------

    def _outcome(self, proof: Proof, row: CommitRow, document: Document, intent: IntentRow) -> Receipt | None:
        """What became of an intent that is not ours: its document, adopted, or `None` once it is certain that
        it booked nothing.
        """
        due = proof.over_at(intent)
        if due is not None:
            text = f"An earlier send of {row.key} may still be booked; looking again at {due:%H:%M:%S} UTC."
            raise Wait(due, text)
        receipt = proof.found(row, document, since=intent.created_at)
        if receipt is not None:
            self.commits.close_intent(
                intent, IntentEnd.FOUND, state=state_of(receipt), receipt=codec.encode(receipt), adopted=True
            )
            self.crash_point("commit: adopted")
            return receipt
        if why := proof.undecided(row, document):
            self.commits.close_intent(intent, IntentEnd.RESOLVED, state=CommitState.UNKNOWN, detail=why)
            raise proof.unknown(row, why)
        self.commits.close_intent(
            intent, IntentEnd.ABSENT, state=CommitState.PLANNED, detail="settled: nothing was booked"
        )
        self.crash_point("commit: settled")
        return None

    # --- sending --------------------------------------------------------------------------------------------

    def _send(
        self, sink: Sink[Any, Any], row: CommitRow, document: Document, so_far: Receipt | None
    ) -> Receipt:
        try:
            return self._send_once(sink, row, document, so_far)
        except SignInRenewed:
            # Refused with 401, so nothing was booked, and the sign-in is renewed: one more, with an intent of
            # its own.
            return self._send_once(sink, row, document, so_far)

    def _send_once(
        self, sink: Sink[Any, Any], row: CommitRow, document: Document, so_far: Receipt | None
    ) -> Receipt:
        limits = sink.limits
        unsent = CommitState.PLANNED if so_far is None else CommitState.WRITING
        with sink.prepare(document, row.marker, so_far, referred(self.commits, document)) as send:
            self.alive()
            self.crash_point("intent: before")
            began = self.clock.monotonic()
            intent = self.commits.intend(
                key=row.key,
                fingerprint=row.fingerprint,
                boot=self.boot,
                machine=self.clock.machine(),
                monotonic=began,
            )
            deadline = began + min(limits.deadline_seconds, limits.settle_seconds / 2)
            self.crash_point("intent: written")
            refusal: Refused | None = None
            try:
                receipt = send(self._gate(intent, deadline))
            except NotSent as error:
                self.commits.close_intent(intent, IntentEnd.NOT_SENT, state=unsent, detail=error.problem.text)
                raise
            except (SignInRenewed, Throttled) as error:
                self.commits.close_intent(intent, IntentEnd.REFUSED, state=unsent, detail=error.problem.text)
                raise
            except Refused as error:
                refused = CommitState.REFUSED if so_far is None else CommitState.WRITING
                self.commits.close_intent(intent, IntentEnd.REFUSED, state=refused, detail=error.problem.text)
                self.audit("commit.refused", {"key": row.key, "why": error.problem.text})
                refusal = error
            except OutcomeUnknown as error:
                due = intent.created_at + timedelta(seconds=limits.settle_seconds + limits.visible_seconds)
                self.audit("commit.unknown", {"key": row.key, "why": error.problem.text})
                raise Wait(due, f"{error.problem.text} Looking for it at {due:%H:%M:%S} UTC.") from error
        if refusal is not None:
            if so_far is not None:
                self._abandon(sink, row, so_far, refusal.problem.text)
            raise refusal
        self.crash_point("send: answered")
        self.commits.close_intent(
            intent, IntentEnd.BOOKED, state=state_of(receipt), receipt=codec.encode(receipt)
        )
        self.crash_point("send: recorded")
        detail = {"key": row.key, "document": receipt.number, "sha256": row.fingerprint}
        self.audit("commit.booked", {**detail, "whole": receipt.complete})
        return receipt

    def _abandon(self, sink: Sink[Any, Any], row: CommitRow, so_far: Receipt, why: str) -> None:
        """The document will never be whole: remove what is written of it, which was never posted."""
        self.crash_point("abandon: before")
        sink.abandon(so_far)
        self.crash_point("abandon: done")
        self.commits.record(row.key, state=CommitState.REFUSED, detail=why)
        self.audit("commit.abandoned", {"key": row.key, "document": so_far.number})

    def _gate(self, intent: IntentRow, deadline: float) -> Callable[[], None]:
        def gate() -> None:
            self.alive()
            if self.clock.monotonic() > deadline:
                raise NotSent("The time for this send had passed before it began.", where="deadline")
            if not self.commits.still_open(intent):
                raise NotSent("This send was called off: its intent is no longer open.", where="intent")
            self.crash_point("send: before")

        return gate

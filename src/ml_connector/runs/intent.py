"""The one write path. A document exists exactly once, whatever dies, is lost or comes late.

    open the key ─ same key, other content: conflict
    │
    ├─ confirmed ────────────────────────────────────────────── the receipt it has
    ├─ booked, not yet confirmed ────────────────────────────── read back, compare, confirm
    ├─ an intent is open, not ours ── wait until intent + settle + visible
    │                                 then look up afresh: found → adopt   none → close it, go on
    └─ nothing open ─ look up afresh: found → compare, adopt          a part of it is found → go on from there
                      none → permit, lane, token ─ intent ─ gate ─ send
                             refused → closed, nothing booked     no proof → Wait(intent + settle + visible)
                             booked  → next part, an intent each, until it is whole
                                       read back, compare, post the draft, look up again: exactly one →
                                       confirmed

Nothing here, and nothing below, ever repeats a send: a second send is a second intent, written after proof
that the first booked nothing. Decision 0003 tells why engines, idempotency keys and look-ups alone are not
enough.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ml_connector.domain import codec
from ml_connector.domain.checks import compare
from ml_connector.domain.journal import BookedEntry, JournalEntry, Marker, Receipt
from ml_connector.domain.problem import Owner, Problem
from ml_connector.errors import (
    ConnectorError,
    KeyConflict,
    NotFound,
    NotSent,
    OutcomeUnknown,
    Refused,
    SignInRenewed,
    Throttled,
)
from ml_connector.ports.storage import Clock, CommitRow, Commits, CommitState, IntentEnd, IntentRow
from ml_connector.ports.systems import LedgerSink

GONE = (
    "If somebody deleted it, note that (runs deleted) and start the pay run anew; if not, find out where it"
    " went. It is never sent again by itself."
)
SENDS_PER_PASS = 2
"""A second send in the same pass happens only after a 401, which proves that nothing was booked and renews
the sign-in.
"""


class Wait(Exception):
    """Nothing to do before `due_at`; the stage is run again then."""

    def __init__(self, due_at: datetime, why: str) -> None:
        self.due_at = due_at
        super().__init__(why)


class Incident(ConnectorError):
    """The ledger's books and ours do not agree on a document; a person must look."""

    code = "incident"
    owner = Owner.CONTROLLER

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(
            "; ".join(problem.text for problem in problems), where=problems[0].where, code=problems[0].code
        )
        self.problems = tuple(problems)


def new_boot() -> str:
    """An id unique per process and attempt; whoever wrote an intent is known by it."""
    return uuid.uuid4().hex


@dataclass(slots=True, kw_only=True)
class Committer:
    """Commits entries to one ledger in one attempt of one stage.

    `alive` raises `Halted` when this process may no longer write: its lock is gone, or everything is paused.
    """

    commits: Commits
    ledger: LedgerSink
    clock: Clock
    audit: Callable[[str, Mapping[str, str | int | bool | None]], None]
    boot: str = field(default_factory=new_boot)
    alive: Callable[[], None] = field(default=lambda: None)
    point: Callable[[str], None] = field(default=lambda name: None)

    def commit_once(self, entry: JournalEntry, subject: str) -> Receipt:
        """The receipt of the entry's one document, confirmed to the cent.

        Raises `Wait` when an earlier send may still book, `Refused` when the ledger said no, `KeyConflict`
        and `Incident` when a person must decide. After any of them calling again is safe.
        """
        fingerprint = codec.fingerprint(entry)
        self.point("commit: before open")
        row = self.commits.open(
            key=entry.key,
            fingerprint=fingerprint,
            subject=subject,
            entity=entry.entity,
            content=codec.encode(entry),
        )
        self.point("commit: opened")
        if row.state is CommitState.CONFIRMED and not row.receipt:
            raise KeyConflict(
                f"{entry.key} is recorded as booked outside: {row.detail}. It is not posted from here.",
                where=entry.key,
            )
        if row.state is CommitState.CONFIRMED:
            return _receipt(row)
        if row.state is CommitState.UNKNOWN:
            raise Incident([self._unknown(entry)])
        if row.state is CommitState.DRAFT:
            return self._confirm(entry, _receipt(row), looked=self.ledger.limits.posts_itself)
        receipt = _receipt(row) if row.state is CommitState.WRITING else None
        if (intent := self.commits.open_intent(entry.key)) is not None:
            receipt = self._settled(entry, intent)
        elif receipt is None:
            receipt = self._found(entry, since=None)
            if receipt is not None:
                self.commits.settle(
                    entry.key, state=_state(receipt), receipt=codec.encode(receipt), adopted=True
                )
        while receipt is None or not receipt.complete:
            receipt = self._send(entry, fingerprint, receipt)
        return self._confirm(entry, receipt)

    # --- what an earlier attempt left -----------------------------------------------------------------------

    def _settled(self, entry: JournalEntry, intent: IntentRow) -> Receipt | None:
        """What became of an intent that is not ours: its document, adopted, or `None` once it is certain that
        it booked nothing.
        """
        limits = self.ledger.limits
        due = intent.created_at + timedelta(seconds=limits.settle_seconds + limits.visible_seconds)
        if self.commits.now() < due:
            raise Wait(
                due,
                f"An earlier send of {entry.key} may still be booked; looking again at {due:%H:%M:%S} UTC.",
            )
        receipt = self._found(entry, since=intent.created_at)
        if receipt is not None:
            self.commits.close_intent(
                intent, IntentEnd.FOUND, state=_state(receipt), receipt=codec.encode(receipt), adopted=True
            )
            self.point("commit: adopted")
            return receipt
        if not limits.marker_is_searchable or self.commits.marker_distrusted(entry.entity):
            self.commits.close_intent(
                intent, IntentEnd.RESOLVED, state=CommitState.UNKNOWN, detail="the marker cannot be searched"
            )
            raise Incident([self._unknown(entry)])
        self.commits.close_intent(
            intent, IntentEnd.ABSENT, state=CommitState.PLANNED, detail="settled: nothing was booked"
        )
        self.point("commit: settled")
        return None

    def _found(self, entry: JournalEntry, since: datetime | None) -> Receipt | None:
        """The one document under the entry's marker, compared to the cent when it is whole; `None` when there
        is none.
        """
        found = self.ledger.locate(entry, Marker.of(entry.key), since)
        if not found:
            return None
        self._one(entry, found)
        if found[0].complete and (problems := compare(entry, self.ledger.read_back(found[0]))):
            raise Incident(
                [
                    Problem(
                        "adopt.differs",
                        found[0].number,
                        f"A document with our marker says something else. {problem.text}",
                        Owner.CONTROLLER,
                    )
                    for problem in problems
                ]
            )
        self.audit("commit.adopted", {"key": entry.key, "document": found[0].number})
        return found[0]

    # --- sending --------------------------------------------------------------------------------------------

    def _send(self, entry: JournalEntry, fingerprint: str, so_far: Receipt | None) -> Receipt:
        for last in [False] * (SENDS_PER_PASS - 1) + [True]:
            try:
                return self._send_once(entry, fingerprint, so_far)
            except SignInRenewed:
                if last:
                    raise
        raise AssertionError("unreachable")

    def _send_once(self, entry: JournalEntry, fingerprint: str, so_far: Receipt | None) -> Receipt:
        limits = self.ledger.limits
        unsent = CommitState.PLANNED if so_far is None else CommitState.WRITING
        with self.ledger.prepare(entry, Marker.of(entry.key), so_far) as send:
            self.alive()
            self.point("intent: before")
            intent = self.commits.intend(key=entry.key, fingerprint=fingerprint, boot=self.boot)
            deadline = self.clock.monotonic() + min(limits.deadline_seconds, limits.settle_seconds / 2)
            self.point("intent: written")
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
                self.audit("commit.refused", {"key": entry.key, "why": error.problem.text})
                refusal = error
            except OutcomeUnknown as error:
                due = intent.created_at + timedelta(seconds=limits.settle_seconds + limits.visible_seconds)
                self.audit("commit.unknown", {"key": entry.key, "why": error.problem.text})
                raise Wait(due, f"{error.problem.text} Looking for it at {due:%H:%M:%S} UTC.") from error
        if refusal is not None:
            self._abandon(entry, so_far, refusal)
            raise refusal
        self.point("send: answered")
        self.commits.close_intent(
            intent, IntentEnd.BOOKED, state=_state(receipt), receipt=codec.encode(receipt)
        )
        self.point("send: recorded")
        self.audit("commit.booked", {"key": entry.key, "document": receipt.number})
        return receipt

    def _abandon(self, entry: JournalEntry, so_far: Receipt | None, refusal: Refused) -> None:
        """A part was refused, so the document will never be whole: remove what stands of it, which was never
        posted.
        """
        if so_far is None:
            return
        self.point("abandon: before")
        self.ledger.abandon(so_far)
        self.point("abandon: done")
        self.commits.settle(entry.key, state=CommitState.REFUSED, detail=refusal.problem.text)
        self.audit("commit.abandoned", {"key": entry.key, "document": so_far.number})

    def _gate(self, intent: IntentRow, deadline: float) -> Callable[[], None]:
        def gate() -> None:
            self.alive()
            if self.clock.monotonic() > deadline:
                raise NotSent("The time for this send had passed before it began.", where="deadline")
            if not self.commits.still_open(intent):
                raise NotSent("This send was called off: its intent is no longer open.", where="intent")
            self.point("send: before")

        return gate

    # --- proof ----------------------------------------------------------------------------------------------

    def _confirm(self, entry: JournalEntry, receipt: Receipt, *, looked: bool = False) -> Receipt:
        """Post a draft, read the document back, compare to the cent, and prove that it is the only one under
        its marker.

        A draft is compared before it is posted; where the ledger's own job posts, and nothing here can hold
        it, once is enough.
        """
        if not receipt.posted:
            if not looked:
                self._compared(entry, receipt)
            receipt = self._posted(entry, receipt)
        booked = self._compared(entry, receipt)
        found = self.ledger.locate(entry, Marker.of(entry.key), None)
        if found:
            self._one(entry, found)
        else:
            self._not_searchable(entry, receipt)
        self.point("confirm: before")
        self.commits.settle(
            entry.key, state=CommitState.CONFIRMED, receipt=codec.encode(receipt), booked=codec.encode(booked)
        )
        self.point("confirm: recorded")
        self.audit("commit.confirmed", {"key": entry.key, "document": receipt.number})
        return receipt

    def _compared(self, entry: JournalEntry, receipt: Receipt) -> BookedEntry:
        try:
            document = self.ledger.read_back(receipt)
            problems = compare(entry, document)
        except NotFound:
            problems = [
                Problem(
                    "read_back.gone",
                    receipt.number,
                    f"Document {receipt.number} was booked and is gone. {GONE}",
                    Owner.CONTROLLER,
                )
            ]
        if problems:
            self.audit(
                "commit.differs", {"key": entry.key, "document": receipt.number, "differences": len(problems)}
            )
            raise Incident(problems)
        return document

    def _posted(self, entry: JournalEntry, receipt: Receipt) -> Receipt:
        """The document posted, by us or by the ledger's own job; `Wait` as long as it is not. The entry is
        never sent again for that.
        """
        released = self.ledger.release(receipt)
        if released.posted:
            self.audit("commit.released", {"key": entry.key, "document": released.number})
            return released
        text = f"Document {released.number} is created and awaits posting by the ledger."
        self.commits.settle(entry.key, state=CommitState.DRAFT, receipt=codec.encode(released), detail=text)
        raise Wait(self.commits.now() + timedelta(seconds=self.ledger.limits.posting_seconds), text)

    def _one(self, entry: JournalEntry, found: Sequence[Receipt]) -> None:
        if len(found) > 1:
            numbers = ", ".join(receipt.number for receipt in found)
            text = (
                f"Documents {numbers} all carry the marker of one entry ({entry.key}). Keep one, reverse the"
                " others, then resume."
            )
            self.audit("commit.duplicate", {"key": entry.key, "documents": numbers})
            raise Incident([Problem("documents.duplicate", entry.key, text, Owner.CONTROLLER)])

    def _not_searchable(self, entry: JournalEntry, receipt: Receipt) -> None:
        """The document is there and the look-up does not see it: lag within the visible window is no news,
        after it the marker is lost.
        """
        booked = self.commits.get(entry.key)
        since = booked.first_sent_at if booked else None
        if since is not None:
            due = since + timedelta(seconds=self.ledger.limits.visible_seconds)
            if self.commits.now() < due:
                raise Wait(due, f"Document {receipt.number} is booked and not yet visible to a search.")
        self.commits.distrust_marker(
            entry.entity, f"document {receipt.number} was booked and is not found by its marker"
        )
        self.audit("marker.distrusted", {"entity": entry.entity, "document": receipt.number})

    def _unknown(self, entry: JournalEntry) -> Problem:
        text = (
            f"It is not known whether {entry.key} was booked in {entry.entity}, and this ledger cannot be"
            " searched for it. Two people must "
        )
        text += "look and settle it: `ml-connector runs resolve`."
        return Problem("outcome.unknown", entry.key, text, Owner.CONTROLLER)


def _state(receipt: Receipt) -> CommitState:
    return CommitState.DRAFT if receipt.complete else CommitState.WRITING


def _receipt(row: CommitRow) -> Receipt:
    value = codec.decode(row.receipt)
    if not isinstance(value, Receipt):
        raise codec.CodecError(f"commit {row.key} holds no receipt")
    return value

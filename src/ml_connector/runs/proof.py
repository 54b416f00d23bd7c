"""What proves that a document is booked once and says what was written: found by its marker, compared to the
cent, and the only one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

from ml_connector.domain import codec
from ml_connector.domain.document import Booked, Document, Receipt, Refers
from ml_connector.domain.problem import Owner, Problem
from ml_connector.errors import ConnectorError, NotFound, NotSent
from ml_connector.ports.commits import CommitRow, Commits, CommitState, IntentRow
from ml_connector.ports.sinks import Ending, Sink, located
from ml_connector.ports.storage import Clock

GONE = (
    "If somebody deleted it, record that (ml-connector runs mark-deleted {run}) and start a new run. If not,"
    " find out where it went. It is never sent again without a person."
)
Auditor = Callable[[str, Mapping[str, str | int | bool | None]], None]


class Wait(Exception):
    """Nothing to do before `due_at`, or before the run that it `awaits` has stopped; the stage is run again
    then.
    """

    def __init__(self, due_at: datetime, why: str, awaits: str = "") -> None:
        self.due_at, self.awaits = due_at, awaits
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


@dataclass(slots=True, kw_only=True)
class Proof:
    """Finds, compares and confirms the documents of one sink."""

    commits: Commits
    sink: Sink[Any, Any]
    clock: Clock
    audit: Auditor
    crash_point: Callable[[str], None] = field(default=lambda name: None)
    accepted: Callable[[], Collection[str]] = field(default=lambda: ())
    """Documents that a person said are none of this run's, as `entity/number`."""

    def found(self, row: CommitRow, document: Document, since: datetime | None) -> Receipt | None:
        """The one document under the row's marker, compared to the cent when it is whole; `None` when there
        is none. Raises `Incident` for two, and for one that says something else.
        """
        found = located(self.sink, document, row.marker, since)
        if not found:
            return None
        receipt = self._one(row, document, found)
        if receipt.complete and (problems := self._differences(document, receipt)):
            text = "A document with our marker has other content. "
            raise Incident(
                [
                    Problem("adopt.differs", receipt.number, text + problem.text, Owner.CONTROLLER)
                    for problem in problems
                ]
            )
        self.audit("commit.adopted", {"key": row.key, "document": receipt.number, "sha256": row.fingerprint})
        return receipt

    def receipt_now(self, row: CommitRow, document: Document, receipt: Receipt) -> Receipt:
        """The receipt of a draft as the system has it now: a person may have posted it."""
        found = located(self.sink, document, row.marker, None)
        return next((seen for seen in found if seen.reference == receipt.reference), receipt)

    def _differences(self, document: Document, receipt: Receipt) -> Sequence[Problem]:
        found: Sequence[Problem] = self.sink.compare(document, self.sink.read_back(receipt))
        return found

    def unknown_document(self, row: CommitRow, document: Document) -> Booked | None:
        """A document of the same day that nobody here knows, and that has the row's marker, where no search
        finds it, or says just what our document says. One that a person said is none of the run's, before it
        sent anything, is not what became of the send.
        """
        known = self.commits.known_references(row.tenant, row.entity)
        strange = [booked for booked in self.sink.near(document) if booked.receipt.reference not in known]
        accepted = self.accepted()
        asked = [booked for booked in strange if _name(booked.receipt) not in accepted]
        marked = (booked for booked in strange if booked.marker == row.marker.token)
        same = (booked for booked in asked if not self.sink.compare(document, booked))
        return next(marked, None) or next(same, None)

    def undecided(self, row: CommitRow, document: Document) -> str:
        """Why an empty look-up does not prove that nothing was booked; empty where it does. A system may drop
        what it is given to find a document by, and that shows only when the first answer is lost.
        """
        limits, entity = self.sink.limits, document.entity
        searched = limits.marker_is_searchable and not self.commits.marker_distrusted(entity)
        if not searched:
            return "this ledger cannot be searched for it"
        booked = self.unknown_document(row, document)
        if booked is None:
            return ""
        number = booked.receipt.number
        if booked.marker != row.marker.token:
            return f"document {number} says the same and is not known here"
        why = f"document {number} has its marker, and no search finds it"
        self.commits.distrust_marker(entity, why)
        self.audit("marker.distrusted", {"entity": entity, "document": number})
        return why

    def over_at(self, intent: IntentRow) -> datetime | None:
        """When the outcome of the intent can be found out; `None` for now."""
        limits = self.sink.limits
        wait = timedelta(seconds=limits.settle_seconds + limits.visible_seconds)
        now, machine = self.commits.now(), self.clock.machine()
        if intent.machine != machine:
            intent = self.commits.first_seen(intent, machine, self.clock.monotonic())
        passed = timedelta(seconds=self.clock.monotonic() - intent.monotonic)
        # A database clock that was set back behind the intent says nothing; the machine's own does.
        by_database = intent.created_at + wait if now >= intent.created_at else now
        due = max(by_database, now + wait - passed)
        return due if due > now else None

    def confirm(
        self, row: CommitRow, document: Document, receipt: Receipt, *, looked: bool = False
    ) -> Receipt:
        """Post a draft, read the document back, compare to the cent, and prove that it is the only one under
        its marker.
        """
        receipt, booked = self.posted(row, document, receipt, looked=looked)
        return self.alone(row, document, receipt, booked, located(self.sink, document, row.marker, None))

    def posted(
        self, row: CommitRow, document: Document, receipt: Receipt, *, looked: bool = False
    ) -> tuple[Receipt, Booked]:
        """The document posted, read back and compared to the cent.

        A draft is compared before it is posted; where the system's own job posts, and nothing here can hold
        it, once is enough.
        """
        if not receipt.posted:
            if not looked:
                self._compared(row, document, receipt)
            receipt = self._posted(row, receipt)
        return receipt, self._compared(row, document, receipt)

    def alone(
        self, row: CommitRow, document: Document, receipt: Receipt, booked: Booked, found: Sequence[Receipt]
    ) -> Receipt:
        """The document confirmed, where it is the only one that a look-up `found` after it was booked."""
        if found:
            self._one(row, document, found)
        else:
            self._not_searchable(row, receipt)
        known, shown = codec.encode(receipt), codec.encode(booked)
        sha256 = self.commits.sha256(row.key, receipt=known, booked=shown)
        self.crash_point("confirm: before")
        self.commits.record(row.key, state=CommitState.CONFIRMED, receipt=known, booked=shown)
        self.crash_point("confirm: recorded")
        detail = {"key": row.key, "document": receipt.number, "commit_sha256": sha256}
        self.audit("commit.confirmed", detail)
        return receipt

    def unknown(self, row: CommitRow, why: str = "") -> Incident:
        """The incident of an outcome that only people can find out; `why` it is, as the commit keeps it."""
        text = (
            f"It is not known whether {row.key} was booked in {row.entity}: {why or row.detail}. Look in the"
            f" ledger, then record what you found: ml-connector runs settle '{row.key}', with --booked or"
            " --not-booked."
        )
        return Incident([Problem("outcome.unknown", row.key, text, Owner.CONTROLLER)])

    def _compared(self, row: CommitRow, document: Document, receipt: Receipt) -> Booked:
        try:
            booked: Booked = self.sink.read_back(receipt)
            problems = list(self.sink.compare(document, booked))
        except NotFound:
            self._wait_until_visible(row, receipt, "shown")
            text = f"Document {receipt.number} was booked and is gone. {GONE.format(run=row.run or 'RUN')}"
            problems = [Problem("read_back.gone", receipt.number, text, Owner.CONTROLLER)]
        else:
            problems = self._edited(row, receipt, problems)
        if problems:
            self.audit(
                "commit.differs", {"key": row.key, "document": receipt.number, "differences": len(problems)}
            )
            raise Incident(problems)
        return booked

    def _edited(self, row: CommitRow, receipt: Receipt, problems: Sequence[Problem]) -> list[Problem]:
        """The differences of a document of ours, with what to do about them at the first."""
        if self.sink.ends is not Ending.MIRROR:
            return list(problems)
        remedy = (
            " If it is posted and stays as it is now, name it: ml-connector runs mark-booked-elsewhere"
            f" {row.run or 'RUN'} --document {row.entity}/{receipt.number} --why '...'."
        )
        return [
            replace(problem, text=problem.text + ("" if place else remedy))
            for place, problem in enumerate(problems)
        ]

    def _posted(self, row: CommitRow, receipt: Receipt) -> Receipt:
        """The document posted, by us or by the system's own job; `Wait` as long as it is not. It is
        never sent again for that.
        """
        released = self.sink.release(receipt)
        if released.posted:
            self.audit("commit.released", {"key": row.key, "document": released.number})
            return released
        text = f"Document {released.number} is created and awaits posting by the ledger."
        self.commits.record(row.key, state=CommitState.DRAFT, receipt=codec.encode(released), detail=text)
        raise Wait(self.commits.now() + timedelta(seconds=self.sink.limits.posting_seconds), text)

    def _one(self, row: CommitRow, document: Document, found: Sequence[Receipt]) -> Receipt:
        """The one document of these. A ledger mirrors a document with its texts, so of several those that
        people reversed there, and the reversals, are left out.
        """
        if len(found) == 1:
            return found[0]
        read = {receipt.reference: self.sink.read_back(receipt) for receipt in found if receipt.complete}
        back = {reference for reference, booked in read.items() if self.sink.takes_back(booked, document)}
        mirrors = [one for one in found if one.reference in back]
        whole = [receipt for receipt in found if receipt not in mirrors]
        if len(whole) - len(mirrors) > 1 and (reversed_ones := self._reversed(row, document, whole, read)):
            whole = [receipt for receipt in whole if receipt not in reversed_ones]
        if len(whole) - len(mirrors) > 1:
            numbers = ", ".join(receipt.number for receipt in found)
            mine = cast(Receipt, codec.decode(row.receipt)).reference if row.receipt else whole[0].reference
            names = " ".join(f"--accept {_name(one)}" for one in whole if one.reference != mine)
            text = (
                f"Documents {numbers} all carry the marker of one entry ({row.key}). Keep one, reverse the"
                f" others, then resume. Name those that are reversed and still shown, and no other:"
                f" ml-connector runs resume {row.run or 'RUN'} {names}."
            )
            self.audit("commit.duplicate", {"key": row.key, "documents": numbers})
            raise Incident([Problem("documents.duplicate", row.key, text, Owner.CONTROLLER)])
        return whole[0] if whole else found[0]

    def _reversed(
        self, row: CommitRow, document: Document, found: Sequence[Receipt], read: Mapping[str, Booked]
    ) -> list[Receipt]:
        """Those of the documents that a person named as reversed, where a document of others takes back each
        of them as it is now (`read`), a copy that was edited too: some ledgers mirror a document without the
        text that ours are found by.
        """
        named = [receipt for receipt in found if _name(receipt) in self.accepted()]
        if not named:
            return []
        known = self.commits.known_references(row.tenant, row.entity)
        known |= {receipt.reference for receipt in found}
        others = [
            booked
            for booked in self.sink.near(document, self.commits.now().date())
            if booked.receipt.reference not in known
        ]
        for one in named:
            shown = read.get(one.reference)
            back = next((b for b in others if shown is not None and self.sink.cancels(b, shown)), None)
            if back is None:
                return []
            others.remove(back)
        return named

    def _not_searchable(self, row: CommitRow, receipt: Receipt) -> None:
        """The document is there and the look-up does not see it: lag within the visible window is no news,
        after it the marker is lost.
        """
        self._wait_until_visible(row, receipt, "visible to a search")
        self.commits.distrust_marker(
            row.entity, f"document {receipt.number} was booked and is not found by its marker"
        )
        self.audit("marker.distrusted", {"entity": row.entity, "document": receipt.number})

    def _wait_until_visible(self, row: CommitRow, receipt: Receipt, how: str) -> None:
        """A ledger may show a document some time after it booked it: until then nothing follows from not
        seeing it.
        """
        since = self.commits.last_sent(row.key)
        if since is not None:
            due = since + timedelta(seconds=self.sink.limits.visible_seconds)
            if self.commits.now() < due:
                raise Wait(due, f"Document {receipt.number} is booked and not yet {how}.")


def referred(commits: Commits, document: Document) -> Mapping[str, Receipt]:
    """The receipts of the documents that this one refers to. Raises `NotSent` where one is not booked."""
    rows = {key: commits.get(key) for key in document.refers} if isinstance(document, Refers) else {}
    for key, row in rows.items():
        if row is None or row.state is not CommitState.CONFIRMED or row.reversed_by:
            text = f"{key}, which {document.key} refers to, is not booked. Write it first."
            raise NotSent(text, where=key, code="document.refers")
    return {key: receipt_of(row) for key, row in rows.items() if row is not None}


def state_of(receipt: Receipt) -> CommitState:
    """Of the commit of a document that stands so far."""
    return CommitState.DRAFT if receipt.complete else CommitState.WRITING


def receipt_of(row: CommitRow) -> Receipt:
    """What is known of the commit's document. Raises `CodecError` where nothing is."""
    value = codec.decode(row.receipt)
    if not isinstance(value, Receipt):
        raise codec.CodecError(f"commit {row.key} holds no receipt")
    return value


def _name(receipt: Receipt) -> str:
    """The document as people name it."""
    return f"{receipt.entity}/{receipt.number}"

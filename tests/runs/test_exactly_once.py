"""What may happen between us and a ledger, and what stands in the books afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from tests.payday import DIES_LATE, EXPIRES, Crash, World, usual_balances

from ml_connector.contract import world as faults
from ml_connector.domain import codec
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import BookedEntry, JournalEntry, JournalLine
from ml_connector.domain.money import Money
from ml_connector.domain.proposal import Share, Subject
from ml_connector.errors import (
    ConnectorError,
    Halted,
    KeyConflict,
    NotFound,
    NotSent,
    PeriodClosed,
    VendorChanged,
)
from ml_connector.ports.commits import CommitState, IntentEnd, Origin
from ml_connector.ports.runs import RunState
from ml_connector.runs.intent import Committer, Incident, Wait
from ml_connector.runs.stages import StageCall, carry_out

ORIGIN = Origin(
    run="", tenant="books", shares=(Share(key="", subject=Subject(tenant="books", entity="10", text="pay")),)
)
KEY = "payroll:acme:R1:books:10:1:1"
MANY_SECONDS = 60.0


def an_entry(key: str = KEY, amount: str = "10.00", day: date = date(2026, 6, 30)) -> JournalEntry:
    """A balanced entry of two lines."""
    lines = (
        JournalLine(account="4000", amount=Money.parse(amount, "EUR")),
        JournalLine(account="1700", amount=-Money.parse(amount, "EUR")),
    )
    return JournalEntry(
        key=key, entity="10", journal="90", posting_date=day, currency="EUR", text="Payroll", lines=lines
    )


def committer(world: World, **parts: Any) -> Committer:
    """A process that comes up now: a committer with a boot of its own."""

    def audit(action: str, detail: Any) -> None:
        world.access.audit.append(actor="system", action=action, subject="test", detail=detail)

    known: dict[str, Any] = {
        "commits": world.commits,
        "sinks": lambda kind: world.ledger,
        "clock": world.clock,
    }
    return Committer(**{**known, "audit": audit, **parts})


def elsewhere(world: World, **parts: Any) -> Committer:
    """A process with a connection of its own."""
    ledger = world.copy_connection()
    return committer(world, sinks=lambda kind: ledger, **parts)


def state(world: World, key: str = KEY) -> CommitState:
    row = world.commits.get(key)
    assert row is not None
    return row.state


def ends(world: World) -> list[IntentEnd]:
    """How the intents ended, in order."""
    return [IntentEnd(intent.end) for intent in world.intents() if intent.end]


# --- the network --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "ended"),
    [
        (faults.LOST_AFTER, [IntentEnd.FOUND]),
        (faults.LATE_COMMIT, [IntentEnd.FOUND]),
        (faults.LOST_BEFORE, [IntentEnd.ABSENT, IntentEnd.BOOKED]),
        (faults.UNREACHABLE, [IntentEnd.NOT_SENT, IntentEnd.BOOKED]),
        (faults.THROTTLED, [IntentEnd.REFUSED, IntentEnd.BOOKED]),
    ],
)
def test_a_faulty_send_leaves_each_entry_once(fault: str, ended: list[IntentEnd]) -> None:
    """A second send follows only when the first is proved to have booked nothing; a document found is
    adopted.
    """
    world = World()
    world.vendor.fault = fault

    row = world.post()

    assert RunState.DONE is row.state
    assert usual_balances() == world.balances()
    assert [*ended, IntentEnd.BOOKED] == ends(world)


def test_an_unknown_outcome_is_waited_for_and_never_sent_again_at_once() -> None:
    """Before intent + settle + visible nobody looks and nobody sends."""
    world = World()
    world.limit(settle_seconds=300, visible_seconds=60)
    world.vendor.fault = faults.LOST_BEFORE
    began = world.clock.now()

    with pytest.raises(Wait) as first:
        committer(world).commit_once(an_entry(), ORIGIN)
    world.clock.advance(359)
    with pytest.raises(Wait) as second:
        committer(world).commit_once(an_entry(), ORIGIN)

    assert [began + timedelta(seconds=360)] * 2 == [first.value.due_at, second.value.due_at]
    assert [] == world.vendor.documents
    world.clock.advance(1)
    committer(world).commit_once(an_entry(), ORIGIN)
    assert 1 == len(world.vendor.documents)


def test_a_commit_two_seconds_after_the_death_is_found() -> None:
    """The client died, the ledger booked two seconds later: the document is adopted."""
    world = World()
    world.vendor.fault = DIES_LATE
    with pytest.raises(Crash):
        committer(world).commit_once(an_entry(), ORIGIN)
    world.clock.advance(1)
    with pytest.raises(Wait):
        committer(world).commit_once(an_entry(), ORIGIN)
    world.clock.advance(4)

    receipt = committer(world).commit_once(an_entry(), ORIGIN)

    assert [receipt.reference] == [document.reference for document in world.vendor.documents]
    assert [IntentEnd.FOUND] == ends(world)


def test_a_sign_in_that_ends_in_mid_send_is_renewed_and_the_entry_sent_once() -> None:
    """401 proves that nothing was booked: the token is renewed once and the entry goes out under a second
    intent.
    """
    world = World()
    world.vendor.fault = EXPIRES

    row = world.post()

    assert RunState.DONE is row.state
    assert usual_balances() == world.balances()
    assert [IntentEnd.REFUSED, IntentEnd.BOOKED, IntentEnd.BOOKED] == ends(world)
    assert 1 == world.vendor.renewals


def test_a_revoked_sign_in_holds_the_run_and_a_new_one_lets_it_go_on() -> None:
    """A consent that ended in the middle of a run books nothing more; after a new sign-in the same run
    finishes.
    """
    world = World()
    run = world.start()

    def revoke(name: str) -> None:
        if name == "proposal: recorded":
            world.vendor.access = world.vendor.refresh = "revoked"
            world.clock.advance(605)

    world.run_to_rest(revoke)
    assert (RunState.HELD, ["sign_in.lost"]) == (world.at(run).state, world.problems(run))
    assert [] == world.vendor.documents

    world.ledger = world._connect()

    assert RunState.DONE is world.resume(run).state
    assert usual_balances() == world.balances()


def test_a_refused_entry_is_mended_and_resumed() -> None:
    """The period closes under the run's feet; reopened, the same run posts the same entries."""
    world = World()
    run = world.start()

    def close(name: str) -> None:
        if name == "intent: written":
            world.vendor.closed.add((2026, 6))

    world.run_to_rest(close)
    assert (RunState.HELD, ["period.closed"]) == (world.at(run).state, world.problems(run))
    assert [] == world.vendor.documents

    world.vendor.closed.clear()

    assert RunState.DONE is world.resume(run).state
    assert usual_balances() == world.balances()


def test_an_entry_refused_between_two_leaves_the_run_repairable() -> None:
    """Partly posted is a state: the first entry stands, the second is refused, and resuming posts only the
    second.
    """
    world = World()
    run = world.start()
    sent: list[str] = []

    def close(name: str) -> None:
        sent.append(name)
        if sent.count("intent: written") == 2:
            world.vendor.closed.add((2026, 6))

    world.run_to_rest(close)
    assert (RunState.HELD, 1) == (world.at(run).state, len(world.vendor.documents))
    world.vendor.closed.clear()

    assert RunState.DONE is world.resume(run).state
    assert usual_balances() == world.balances()


def test_an_answer_of_unknown_shape_is_settled_like_a_lost_one() -> None:
    """A gateway's page instead of an answer proves nothing: the run is held, and resuming looks before it
    sends.
    """
    world = World()
    inner = world.vendor.post

    def post(entry: JournalEntry, marker: str, reference: str) -> Any:
        inner(entry, marker)
        raise VendorChanged("Expected JSON.")

    world.ledger._vendor = _Posting(world.vendor, post)  # type: ignore[assignment]
    run = world.start()
    world.run_to_rest()
    assert (RunState.HELD, ["vendor_changed"]) == (world.at(run).state, world.problems(run))

    world.ledger._vendor = world.vendor

    assert RunState.DONE is world.resume(run).state
    assert usual_balances() == world.balances()


def test_a_send_past_its_deadline_does_not_leave() -> None:
    """The clock that runs through suspend passed the deadline between intent and wire: nothing is sent, and
    the next attempt sends.

    The deadline is never beyond half the settling time, so that nobody counts a send as settled that may
    still begin.
    """
    world = World()

    def suspend(name: str) -> None:
        if name == "intent: written":
            world.clock.advance(world.ledger.limits.settle_seconds / 2 + 1)

    with pytest.raises(NotSent):
        committer(world, crash_point=suspend).commit_once(an_entry(), ORIGIN)

    assert ([IntentEnd.NOT_SENT], []) == (ends(world), world.vendor.documents)
    committer(world).commit_once(an_entry(), ORIGIN)
    assert 1 == len(world.vendor.documents)


def test_a_process_that_lost_its_lock_does_not_send() -> None:
    """`alive` is asked again at the gate; what it stops leaves an intent that is settled by whoever holds the
    lock now.
    """
    world = World()
    asked: list[int] = []

    def alive() -> None:
        asked.append(1)
        if len(asked) > 1:
            raise Halted("The lock is gone.")

    with pytest.raises(Halted):
        committer(world, alive=alive).commit_once(an_entry(), ORIGIN)
    assert [] == world.vendor.documents

    world.clock.advance(MANY_SECONDS)
    committer(world).commit_once(an_entry(), ORIGIN)
    assert 1 == len(world.vendor.documents)


def test_a_look_up_that_another_process_overtook_sends_nothing() -> None:
    """A process looks, finds nothing, and sleeps; another books and confirms meanwhile. An intent is written
    from a proved unbooked state only.
    """
    world = World()

    def overtaken(name: str) -> None:
        if name == "intent: before":
            elsewhere(world).commit_once(an_entry(), ORIGIN)

    with pytest.raises(KeyConflict, match="became confirmed after it was looked up"):
        committer(world, crash_point=overtaken).commit_once(an_entry(), ORIGIN)

    assert 1 == len(world.vendor.documents)


def test_an_intent_called_off_by_another_is_not_sent() -> None:
    """A process sleeps between intent and wire; another settles its intent and books. Waking up, the first
    sends nothing.
    """
    world = World()

    def overtaken(name: str) -> None:
        if name == "intent: written":
            world.clock.advance(6)
            elsewhere(world).commit_once(an_entry(), ORIGIN)

    with pytest.raises(KeyConflict):
        committer(world, crash_point=overtaken).commit_once(an_entry(), ORIGIN)

    assert 1 == len(world.vendor.documents)
    assert CommitState.CONFIRMED is state(world)


# --- what is found in the books -----------------------------------------------------------------------------


def test_a_document_booked_after_the_backup_is_found_before_the_first_send() -> None:
    """The backup knows no intent at all: only the look-up before the first send keeps the entry from being
    booked again.
    """
    world = World()
    restored = world.copy()
    committer(world).commit_once(an_entry(), ORIGIN)

    receipt = committer(restored).commit_once(an_entry(), ORIGIN)

    assert [receipt.reference] == [document.reference for document in world.vendor.documents]
    assert [] == restored.intents()


def test_a_second_installation_posts_nothing_twice() -> None:
    """Two installations that never knew each other take up the same pay run: the second adopts every document
    by its marker.
    """
    world = World()
    second = world.copy()
    world.post()

    row = second.post()

    assert RunState.DONE is row.state
    assert usual_balances() == world.balances()
    assert [] == second.intents()
    assert all(row.adopted for row in second.commit_rows().values())


def test_a_second_installation_with_another_mapping_is_stopped_by_what_it_finds() -> None:
    """The same run mapped otherwise has the same keys: what stands under the marker says something else. It
    is asked about, and nothing is booked whatever the answer.
    """
    world = World()
    second = world.copy()
    second.mapping = replace(
        second.mapping,
        rules=(replace(second.mapping.rules[1], account="51*", ties_to="gross"), *second.mapping.rules[1:]),
    )
    world.post()

    row = second.post()

    assert (RunState.HELD, ["ledger.look_alike"]) == (row.state, second.problems(row.id))
    row = second.resume(row.id, accept=["10/3", "20/4"])
    assert (RunState.HELD, {"adopt.differs"}) == (row.state, set(second.problems(row.id)))
    assert usual_balances() == world.balances()


def test_doubles_that_people_reversed_in_the_ledger_leave_one() -> None:
    """Some ledgers mirror a document with its texts, so the reversal carries the marker as well."""
    world = World()
    world.vendor.fault = faults.LOST_AFTER
    with pytest.raises(Wait):
        committer(world).commit_once(an_entry(), ORIGIN)
    (document,) = world.vendor.documents
    lines = tuple(replace(line, amount=-line.amount) for line in document.entry.lines)
    mirror = replace(document.entry, lines=lines)
    world.vendor.documents.append(replace(document, reference="copy", number="2000"))
    world.vendor.documents.append(replace(document, reference="mirror", number="2001", entry=mirror))
    world.clock.advance(MANY_SECONDS)

    receipt = committer(world).commit_once(an_entry(), ORIGIN)

    assert (document.number, CommitState.CONFIRMED) == (receipt.number, state(world))


def test_two_documents_under_one_marker_are_an_incident() -> None:
    """Somebody copied the document with its texts: nobody guesses which is ours, and when one is gone the run
    goes on.
    """
    world = World()
    world.vendor.fault = faults.LOST_AFTER
    with pytest.raises(Wait):
        committer(world).commit_once(an_entry(), ORIGIN)
    (document,) = world.vendor.documents
    world.vendor.documents.append(replace(document, reference="copy", number="2000"))
    world.clock.advance(MANY_SECONDS)

    with pytest.raises(Incident) as incident:
        committer(world).commit_once(an_entry(), ORIGIN)

    text = (
        f"Documents {document.number}, 2000 all carry the marker of one entry ({KEY}). Keep one, reverse the"
        " others, then resume. Name those that are reversed and still shown, and no other: ml-connector runs"
        f" resume {ORIGIN.run or 'RUN'} --accept 10/2000."
    )
    assert ["documents.duplicate"] == [problem.code for problem in incident.value.problems]
    assert text == incident.value.problems[0].text
    assert "commit.duplicate" in world.audited
    world.vendor.documents.pop()
    assert document.reference == committer(world).commit_once(an_entry(), ORIGIN).reference


def test_a_copy_that_people_reversed_is_left_out_where_one_names_it() -> None:
    """The ledger shows it for ever, and its reversal without the text that ours are found by."""
    world = World()
    world.vendor.fault = faults.LOST_AFTER
    with pytest.raises(Wait):
        committer(world).commit_once(an_entry(), ORIGIN)
    (document,) = world.vendor.documents
    lines = tuple(replace(line, amount=-line.amount) for line in document.entry.lines)
    mirror = replace(document.entry, lines=lines)
    world.vendor.documents.append(replace(document, reference="copy", number="2000"))
    world.clock.advance(MANY_SECONDS)
    named = committer(world, accepted=lambda: {"10/2000"})

    with pytest.raises(Incident, match="all carry the marker"):
        named.commit_once(an_entry(), ORIGIN)  # Nothing takes it back yet: a word alone is not enough.
    world.vendor.documents.append(replace(document, reference="back", number="2001", entry=mirror, marker=""))
    with pytest.raises(Incident, match="all carry the marker"):
        committer(world).commit_once(an_entry(), ORIGIN)

    assert document.reference == named.commit_once(an_entry(), ORIGIN).reference


def test_a_copy_that_people_edited_and_reversed_is_left_out_where_one_names_it() -> None:
    """What takes it back has its amounts, not ours; one that has ours takes back ours."""
    world = World()
    world.vendor.fault = faults.LOST_AFTER
    with pytest.raises(Wait):
        committer(world).commit_once(an_entry(), ORIGIN)
    (document,) = world.vendor.documents
    twice = tuple(replace(line, amount=line.amount + line.amount) for line in document.entry.lines)
    copy = replace(document, reference="copy", number="2000", entry=replace(document.entry, lines=twice))
    back = tuple(replace(line, amount=-line.amount) for line in twice)
    ours = tuple(replace(line, amount=-line.amount) for line in document.entry.lines)
    world.vendor.documents.append(copy)
    world.clock.advance(MANY_SECONDS)
    named = committer(world, accepted=lambda: {"10/2000"})

    for lines in (ours, back):
        mirror = replace(document.entry, lines=lines)
        world.vendor.documents.append(
            replace(document, reference=f"{lines}", number="2001", entry=mirror, marker="")
        )
        if lines is ours:
            with pytest.raises(Incident, match="all carry the marker"):
                named.commit_once(an_entry(), ORIGIN)
            world.vendor.documents.pop()

    assert document.reference == named.commit_once(an_entry(), ORIGIN).reference


def test_a_second_document_is_seen_right_after_booking() -> None:
    """The look-up that confirms an entry also proves that it is the only one."""
    world = World()

    def copied(name: str) -> None:
        if name == "send: recorded":
            world.vendor.documents.append(replace(world.vendor.documents[0], reference="copy", number="2000"))

    with pytest.raises(Incident, match="all carry the marker"):
        committer(world, crash_point=copied).commit_once(an_entry(), ORIGIN)
    assert CommitState.DRAFT is state(world)


def test_an_edited_document_is_an_incident() -> None:
    """A person changed an amount before we read it back: it is reported to the cent and not confirmed."""
    world = World()

    def edited(name: str) -> None:
        if name == "send: recorded":
            world.vendor.documents[0].entry = an_entry(amount="10.01")

    with pytest.raises(Incident) as incident:
        committer(world, crash_point=edited).commit_once(an_entry(), ORIGIN)

    assert ["read_back.line", "read_back.line"] == [problem.code for problem in incident.value.problems]
    assert "Account 4000 : written 10.00, in the ledger 10.01. Correct it in the ledger and resume" in str(
        incident.value
    )


def test_a_found_document_with_other_content_is_an_incident_and_never_adopted() -> None:
    """A document with our marker that says something else stops the entry; it is neither taken for ours nor
    booked again.
    """
    world = World()
    world.vendor.book(an_entry(amount="99.00"), Marker.of(KEY).token)

    with pytest.raises(Incident) as incident:
        committer(world).commit_once(an_entry(), ORIGIN)

    assert {"adopt.differs"} == {problem.code for problem in incident.value.problems}
    assert 1 == len(world.vendor.documents)


def test_a_document_that_is_gone_is_an_incident() -> None:
    """Booked, and deleted before it was read back."""
    world = World()

    def deleted(name: str) -> None:
        if name == "send: recorded":
            world.vendor.documents.clear()

    with pytest.raises(Incident, match="was booked and is gone"):
        committer(world, crash_point=deleted).commit_once(an_entry(), ORIGIN)


# --- ledgers that cannot be searched ------------------------------------------------------------------------


def test_a_ledger_that_ignores_the_marker_is_distrusted() -> None:
    """The first read-back goes through the look-up: a marker that was silently dropped is noticed while the
    document is known.
    """
    world = World()
    world.ledger.keeps_marker = False

    committer(world).commit_once(an_entry(), ORIGIN)

    assert "was booked and is not found by its marker" in world.commits.marker_distrusted("10")
    assert "marker.distrusted" in world.audited


def test_an_unknown_outcome_in_a_distrusted_ledger_waits_for_people() -> None:
    """An empty look-up proves nothing there: the entry is unknown, it is not sent again, and a resolution
    lets the run go on.
    """
    world = World()
    world.ledger.keeps_marker = False
    committer(world).commit_once(an_entry(), ORIGIN)
    other = an_entry("payroll:acme:R2:books:10:1:1", "20.00")
    world.vendor.fault = faults.LOST_AFTER
    with pytest.raises(Wait):
        committer(world).commit_once(other, ORIGIN)
    world.clock.advance(MANY_SECONDS)

    for _ in range(2):
        with pytest.raises(Incident) as incident:
            committer(world).commit_once(other, ORIGIN)
        assert ["outcome.unknown"] == [problem.code for problem in incident.value.problems]

    assert (CommitState.UNKNOWN, 2) == (state(world, other.key), len(world.vendor.documents))
    receipt = world.ledger._receipt(world.vendor.documents[1])
    world.commits.record(other.key, state=CommitState.DRAFT, receipt=codec.encode(receipt))
    assert receipt == committer(world).commit_once(other, ORIGIN)
    assert (CommitState.CONFIRMED, 2) == (state(world, other.key), len(world.vendor.documents))


def test_an_empty_look_up_in_a_distrusted_ledger_proves_nothing() -> None:
    """Not even where no document says the same: it may be booked with another text or date."""
    world = World()
    world.ledger.keeps_marker = False
    committer(world).commit_once(an_entry(), ORIGIN)
    other = an_entry("payroll:acme:R2:books:10:1:1", "20.00")
    world.vendor.fault = faults.LOST_BEFORE
    with pytest.raises(Wait):
        committer(world).commit_once(other, ORIGIN)
    world.clock.advance(MANY_SECONDS)

    with pytest.raises(Incident):
        committer(world).commit_once(other, ORIGIN)

    assert (CommitState.UNKNOWN, 1) == (state(world, other.key), len(world.vendor.documents))


def test_a_ledger_declared_unsearchable_never_believes_an_empty_look_up() -> None:
    """The same by declaration: no marker, so no second send after an unknown outcome."""
    world = World()
    world.limit(marker_is_searchable=False)
    world.vendor.fault = faults.LOST_BEFORE
    with pytest.raises(Wait):
        committer(world).commit_once(an_entry(), ORIGIN)
    world.clock.advance(MANY_SECONDS)

    with pytest.raises(Incident):
        committer(world).commit_once(an_entry(), ORIGIN)

    assert (CommitState.UNKNOWN, []) == (state(world), world.vendor.documents)


def test_a_document_not_yet_visible_is_waited_for_before_the_marker_is_distrusted() -> None:
    """Within the visibility window a missing document is lag, not a lost marker."""
    world = World()
    world.limit(visible_seconds=60)
    world.ledger.keeps_marker = False
    with pytest.raises(Wait, match="not yet visible"):
        committer(world).commit_once(an_entry(), ORIGIN)
    world.ledger.keeps_marker = True
    world.clock.advance(60)

    committer(world).commit_once(an_entry(), ORIGIN)

    assert "" == world.commits.marker_distrusted("10")
    assert (CommitState.CONFIRMED, 1) == (state(world), len(world.vendor.documents))


@pytest.mark.parametrize("refused", [False, True], ids=["sent once", "sent again"])
def test_a_document_not_yet_shown_is_waited_for_before_it_is_gone(refused: bool) -> None:
    """Within the visibility window of the send that booked it a document that cannot be read back is lag, and
    not said to be gone.
    """
    world = World()
    world.limit(visible_seconds=60)
    if refused:
        world.vendor.fault = faults.THROTTLED
        with pytest.raises(ConnectorError):
            committer(world).commit_once(an_entry(), ORIGIN)
        world.clock.advance(MANY_SECONDS)
    read_back, shown_at = world.ledger.read_back, world.clock.now() + timedelta(seconds=40)

    def lagging(receipt: Receipt) -> BookedEntry:
        if world.clock.now() < shown_at:
            raise NotFound("No such entry.")
        return read_back(receipt)

    world.ledger.read_back = lagging  # type: ignore[method-assign]
    with pytest.raises(Wait, match="is booked and not yet shown"):
        committer(world).commit_once(an_entry(), ORIGIN)
    world.clock.advance(60)

    committer(world).commit_once(an_entry(), ORIGIN)

    assert (CommitState.CONFIRMED, 1) == (state(world), len(world.vendor.documents))


# --- keys and revisions -------------------------------------------------------------------------------------


def test_the_same_key_with_other_content_is_a_conflict() -> None:
    """An entry is never changed after it was approved."""
    world = World()
    committer(world).commit_once(an_entry(), ORIGIN)

    for changed in (an_entry(amount="10.01"), an_entry(day=date(2026, 6, 29))):
        with pytest.raises(KeyConflict):
            committer(world).commit_once(changed, ORIGIN)

    assert 1 == len(world.vendor.documents)


def test_the_same_entry_again_is_the_receipt_it_has() -> None:
    """A confirmed commit asks the ledger nothing more."""
    world = World()
    first = committer(world).commit_once(an_entry(), ORIGIN)
    world.vendor.access = "revoked"

    assert first == committer(world).commit_once(an_entry(), ORIGIN)


def test_an_old_revision_never_sends_after_a_new_one_was_opened() -> None:
    """Revision 1 was refused and revision 2 opened: whoever still holds revision 1 cannot send it any
    more.
    """
    world = World()
    world.vendor.closed.add((2026, 6))
    with pytest.raises(PeriodClosed):
        committer(world).commit_once(an_entry(), ORIGIN)
    world.vendor.closed.clear()
    second = an_entry("payroll:acme:R1:books:10:1:2", "11.00")

    committer(world).commit_once(second, ORIGIN)

    with pytest.raises(KeyConflict, match="superseded by payroll:acme:R1:books:10:1:2"):
        committer(world).commit_once(an_entry(), ORIGIN)
    assert [Marker.of(second.key).token] == world.markers()


def test_an_old_revision_caught_between_intent_and_wire_is_settled_before_a_new_one_opens() -> None:
    """Revision 2 needs proof that revision 1 is not booked; an intent on its way is no such proof."""
    world = World()
    world.vendor.fault = faults.LOST_AFTER
    with pytest.raises(Wait):
        committer(world).commit_once(an_entry(), ORIGIN)

    with pytest.raises(KeyConflict):
        committer(world).commit_once(an_entry("payroll:acme:R1:books:10:1:2", "11.00"), ORIGIN)

    assert 1 == len(world.vendor.documents)


def test_an_old_revision_overtaken_before_its_intent_is_not_sent() -> None:
    """Somebody opens revision 2 after revision 1 looked and before it wrote its intent: revision 1 stops
    there.
    """
    world = World()

    def overtaken(name: str) -> None:
        if name == "intent: before":
            elsewhere(world).commit_once(an_entry("payroll:acme:R1:books:10:1:2", "11.00"), ORIGIN)

    with pytest.raises(KeyConflict):
        committer(world, crash_point=overtaken).commit_once(an_entry(), ORIGIN)

    assert [Marker.of("payroll:acme:R1:books:10:1:2").token] == world.markers()


def test_a_confirmed_revision_is_not_followed_by_another_until_it_is_reversed() -> None:
    """Revision 2 of something booked would be a second booking."""
    world = World()
    committer(world).commit_once(an_entry(), ORIGIN)
    second = an_entry("payroll:acme:R1:books:10:1:2", "11.00")
    with pytest.raises(KeyConflict):
        committer(world).commit_once(second, ORIGIN)

    world.commits.reverse(KEY, "reversal:payroll:acme:R1:books:10:1:1:1")
    committer(world).commit_once(second, ORIGIN)

    assert 2 == len(world.vendor.documents)


# --- pausing ------------------------------------------------------------------------------------------------


def test_a_paused_flow_sends_nothing() -> None:
    """While it is paused the run waits; unpaused it posts, with all its attempts still before it."""
    world = World()
    world.operations.pause("everything")
    run = world.start()
    for _ in range(30):
        at = world.at(run)
        if at.state is RunState.WAITING:
            at = world.runs.move(at, state=RunState.READY, attempt=at.attempt + 1) or at
        carry_out(StageCall(run, at.stage, at.attempt), world.workshop())
    text = "Paused by anna (everything). To continue: ml-connector unpause everything."
    assert (RunState.WAITING, text) == (world.at(run).state, world.at(run).summary)
    assert ([], []) == (world.payroll.calls, world.vendor.documents)

    world.operations.unpause("everything")
    world.vendor.fault = faults.THROTTLED
    world.run_to_rest()

    assert RunState.DONE is world.at(run).state
    assert usual_balances() == world.balances()


def test_a_pause_uses_up_no_attempts() -> None:
    """Paused for a day before posting, then throttled once: the run waits as it was told, and no person is
    asked.
    """
    world = World()
    run = world.start()
    at = world.at(run)
    for stage in ("read", "propose"):
        carry_out(StageCall(run, stage, world.at(run).attempt), world.workshop())
    world.operations.pause("everything")
    for _ in range(50):
        at = world.at(run)
        if at.state is RunState.WAITING:
            at = world.runs.move(at, state=RunState.READY, attempt=at.attempt + 1) or at
        carry_out(StageCall(run, "post", at.attempt), world.workshop())
    assert ("post", RunState.WAITING) == (world.at(run).stage, world.at(run).state)

    world.operations.unpause("everything")
    world.vendor.fault = faults.THROTTLED
    world.run_to_rest()

    assert RunState.DONE is world.at(run).state
    assert usual_balances() == world.balances()


# --- reads that fail ----------------------------------------------------------------------------------------


def test_a_source_that_is_down_is_asked_again_and_then_a_person_is() -> None:
    """Reads are tried again with growing pauses, twelve times at the most; then the run is held with
    everything it knows.
    """
    world = World()
    run = world.start()
    tried: list[float] = []

    class Down:
        """A payroll that does not answer."""

        def pay_run(self, reference: str) -> Any:
            tried.append(world.clock.monotonic())
            raise NotSent("The payroll could not be reached.")

    world.payroll, payroll = Down(), world.payroll  # type: ignore[assignment]
    world.run_to_rest()
    assert (RunState.HELD, ["not_sent"]) == (world.at(run).state, world.problems(run))
    pauses = [later - earlier for earlier, later in pairwise(tried)]
    least = [2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 900.0, 900.0]
    assert len(least) == len(pauses)
    assert all(wait <= pause <= wait + min(wait / 2, 60) for wait, pause in zip(least, pauses, strict=True))

    world.payroll = payroll
    assert RunState.DONE is world.resume(run).state


def test_a_defect_is_a_dead_letter_with_everything_support_needs() -> None:
    """An unforeseen error fails the run, says so, and books nothing; mended, the same run goes on."""
    world = World()
    run = world.start()

    class Broken:
        """A payroll connector with a defect."""

        def pay_run(self, reference: str) -> Any:
            return 1 / 0

    world.payroll, payroll = Broken(), world.payroll  # type: ignore[assignment]
    world.run_to_rest()

    text = (
        "Stage read stopped on a defect: ZeroDivisionError: division by zero. Nothing more was sent."
        " Report it, then resume."
    )
    assert (RunState.FAILED, [text]) == (
        world.at(run).state,
        [problem.text for problem in world.problem_list(run)],
    )
    assert "ZeroDivisionError" in world.at(run).support
    world.payroll = payroll
    assert RunState.DONE is world.resume(run).state


def test_a_changed_record_of_a_step_is_noticed() -> None:
    """A recorded value is read back by its hash: whoever changes it stops the run."""
    world = World()
    run = world.start()
    from ml_connector.store.models import Artifact

    def tampered(name: str) -> None:
        if name == "proposal: recorded":
            recorded = Artifact.objects.filter(run_id=run, name="propose/2/proposal")
            recorded.update(text=codec.encode("another"))

    world.run_to_rest(tampered)

    assert ["defect"] == world.problems(run)
    assert "the record 'propose/2/proposal'" in world.problem_list(run)[0].text
    assert [] == world.vendor.documents


class _Posting:
    """The vendor with another way of answering a posting."""

    def __init__(self, vendor: Any, post: Any) -> None:
        self._vendor, self.post = vendor, post

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vendor, name)


def test_a_key_file_that_is_gone_holds_the_run_and_names_the_file() -> None:
    """It is no defect: an administrator puts it back, and the run goes on."""
    from ml_connector.store.secrets import VaultError

    world = World()
    run = world.start()

    class Locked:
        """A payroll whose secret cannot be read."""

        def pay_run(self, reference: str) -> Any:
            raise VaultError("No key in keys.")

    world.payroll, payroll = Locked(), world.payroll  # type: ignore[assignment]
    world.run_to_rest()

    assert (RunState.HELD, ["vault"]) == (world.at(run).state, world.problems(run))
    world.payroll = payroll
    assert RunState.DONE is world.resume(run).state

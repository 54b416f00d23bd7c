"""Commit keys, for ever: what the constraints promise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ml_connector.domain import codec
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.proposal import Share, Subject
from ml_connector.errors import KeyConflict
from ml_connector.ports.commits import DELETED, CommitState, IntentEnd, Origin

KEY = "payroll:acme:R1:books:10:1:1"
NEXT = "payroll:acme:R1:books:10:1:2"
RECEIPT = codec.encode(Receipt(reference="doc-1", number="1", entity="10", posted=True))


PAY = Subject(tenant="books", entity="10", text="payroll:acme:US1:biweekly 2026-06-30")


def origin(*subjects: Subject, run: str = "", **values: Any) -> Origin:
    shares = tuple(Share(key="", subject=subject) for subject in subjects)
    return Origin(run=run, tenant="books", shares=shares, **values)


def begin(
    storage: Any, key: str = KEY, fingerprint: str = "f", made_for: Origin = origin(PAY), entity: str = "10"
) -> Any:
    return storage.commits.open(
        key=key, fingerprint=fingerprint, entity=entity, content=codec.encode("entry"), origin=made_for
    )


def intend(storage: Any, key: str = KEY, boot: str = "boot", machine: str = "m1") -> Any:
    return storage.commits.intend(key=key, fingerprint="f", boot=boot, machine=machine, monotonic=5.0)


def test_a_key_is_opened_once_and_found_again(storage: Any) -> None:
    """The same content finds its row; it is planned until something is sent."""
    first, second = begin(storage), begin(storage)

    known = storage.commits.get(KEY)
    assert (first.state, first.entity, first.tenant) == (CommitState.PLANNED, "10", "books")
    assert (second.state, second.fingerprint) == (known.state, known.fingerprint)
    assert (Share(key=KEY, subject=PAY),) == known.shares
    assert None is storage.commits.get(NEXT)
    assert None is storage.commits.last_sent(KEY)


def test_what_a_commit_is_made_for_stays_with_it(storage: Any) -> None:
    """Run, books, the parts of every subject, the source's name and when it calculated."""
    run = storage.runs.create(flow="payroll", stage="read", input={}).id
    moment = storage.commits.now()
    part = Share(key=KEY, subject=PAY, lines=(("4000", (), 100), ("1700", (), -100)))
    made = Origin(run=run, tenant="books", shares=(part,), reference="R1", calculated_at=moment)

    begin(storage, made_for=made)

    (row,) = storage.commits.of_run(run)
    assert (run, "books", (part,), "R1", moment) == (
        row.run,
        row.tenant,
        row.shares,
        row.reference,
        row.calculated_at,
    )


def test_the_same_key_with_other_content_is_a_conflict(storage: Any) -> None:
    """And changes nothing."""
    begin(storage)
    before = storage.commits.get(KEY)
    with pytest.raises(KeyConflict):
        begin(storage, fingerprint="g")
    assert before == storage.commits.get(KEY)


def test_one_intent_is_open_at_a_time(storage: Any) -> None:
    """The second is a conflict until the first is closed."""
    begin(storage)
    first = intend(storage)
    with pytest.raises(KeyConflict):
        intend(storage, boot="other")
    assert first == storage.commits.open_intent(KEY)
    storage.commits.close_intent(first, IntentEnd.ABSENT, state=CommitState.PLANNED)

    second = intend(storage, boot="other")

    assert (False, True) == (storage.commits.still_open(first), storage.commits.still_open(second))
    assert second.created_at == storage.commits.last_sent(KEY)


def test_of_many_processes_one_writes_the_intent(storage: Any, together: Any) -> None:
    """All at the same moment: one gets it, the others are told."""
    begin(storage)
    results = together(lambda number: _attempt(storage, number))

    assert 1 == len([result for result in results if not isinstance(result, Exception)])
    assert {KeyConflict} == {type(result) for result in results if isinstance(result, Exception)}


def _attempt(storage: Any, number: int) -> Any:
    try:
        begin(storage)
        return intend(storage, boot=f"boot {number}")
    except KeyConflict as error:
        return error


@pytest.mark.parametrize("state", [CommitState.DRAFT, CommitState.CONFIRMED, CommitState.UNKNOWN])
def test_no_intent_follows_on_what_is_or_may_be_booked(storage: Any, state: CommitState) -> None:
    """Whoever looked before it was booked is stopped here."""
    begin(storage)
    storage.commits.record(KEY, state=state, receipt=RECEIPT)

    with pytest.raises(KeyConflict, match=f"became {state} after it was looked up"):
        intend(storage)


def test_a_closed_intent_is_not_closed_again(storage: Any) -> None:
    """Two processes that settle the same intent: the second is told, and changes nothing."""
    begin(storage)
    intent = intend(storage)
    storage.commits.close_intent(intent, IntentEnd.BOOKED, state=CommitState.DRAFT, receipt=RECEIPT)

    with pytest.raises(KeyConflict):
        storage.commits.close_intent(intent, IntentEnd.ABSENT, state=CommitState.PLANNED)

    assert CommitState.DRAFT is storage.commits.get(KEY).state


def test_a_receipt_and_what_was_read_back_stay(storage: Any) -> None:
    """Later moves that say nothing of them do not lose them."""
    begin(storage)
    intent = intend(storage)
    storage.commits.close_intent(
        intent, IntentEnd.FOUND, state=CommitState.DRAFT, receipt=RECEIPT, adopted=True
    )
    storage.commits.record(KEY, state=CommitState.CONFIRMED, booked="booked")
    storage.commits.record(KEY, state=CommitState.CONFIRMED)

    row = storage.commits.get(KEY)
    assert (RECEIPT, "booked", True) == (row.receipt, row.booked, row.adopted)


@pytest.mark.parametrize("state", [CommitState.PLANNED, CommitState.REFUSED])
def test_a_later_revision_closes_an_unbooked_one_for_ever(storage: Any, state: CommitState) -> None:
    """It can neither be opened nor sent after that."""
    begin(storage)
    storage.commits.record(KEY, state=state)
    begin(storage, NEXT)

    assert NEXT == storage.commits.get(KEY).reversed_by
    with pytest.raises(KeyConflict):
        begin(storage)
    with pytest.raises(KeyConflict):
        intend(storage)


@pytest.mark.parametrize(
    "state", [CommitState.SENDING, CommitState.DRAFT, CommitState.CONFIRMED, CommitState.UNKNOWN]
)
def test_a_later_revision_waits_until_the_earlier_is_proved_unbooked(
    storage: Any, state: CommitState
) -> None:
    """Booked, or maybe booked, is in the way, unless it was reversed."""
    begin(storage)
    storage.commits.record(KEY, state=state)
    with pytest.raises(KeyConflict):
        begin(storage, NEXT)
    assert None is storage.commits.get(NEXT)

    storage.commits.reverse(KEY, "reversal:payroll:acme:R1:books:10:1:1:1")

    assert CommitState.PLANNED is begin(storage, NEXT).state


def test_every_part_of_the_family_is_closed_by_a_later_revision(storage: Any) -> None:
    """Parts may be cut otherwise in revision 2, so all parts of revision 1 go."""
    for part in (1, 2):
        begin(storage, f"payroll:acme:R1:books:10:{part}:1")

    begin(storage, NEXT)

    assert {NEXT} == {
        storage.commits.get(f"payroll:acme:R1:books:10:{part}:1").reversed_by for part in (1, 2)
    }


@pytest.mark.parametrize(
    "other",
    [
        "payroll:acme:R1:books:10:20:1:1",
        "payroll:acme:r1:10:1:1",
        "payroll:acme:R11:books:10:1:1",
        "payroll:acme:R1:books:20:1:1",
    ],
)
def test_a_later_revision_touches_no_other_family(storage: Any, other: str) -> None:
    """Not a longer one, not one that differs by upper and lower case."""
    begin(storage, other)
    begin(storage, NEXT)

    assert "" == storage.commits.get(other).reversed_by


def test_the_commits_of_a_reference_are_found_by_its_prefix(storage: Any) -> None:
    """Case counts, and what looks like a pattern is text."""
    keys = [
        "payroll:acme:R1:books:10:1:1",
        "payroll:acme:R1:books:20:1:1",
        "payroll:acme:r1:10:1:1",
        "payroll:acme:R_:10:1:1",
        "payroll:acme:R%:10:1:1",
    ]
    for key in keys:
        begin(storage, key)

    assert keys[:2] == [row.key for row in storage.commits.of_reference("payroll:acme:R1:")]
    assert keys[3:4] == [row.key for row in storage.commits.of_reference("payroll:acme:R_:")]


def test_the_commits_of_a_pay_are_found_by_exactly_that(storage: Any) -> None:
    """Books, legal entity and text; with `beside` also pays of their own beside it; a pay with other words
    never.
    """
    other_books, other_entity = replace(PAY, tenant="other"), replace(PAY, entity="20")
    subjects = (PAY, PAY.own("R2"), other_books, other_entity, replace(PAY, text=PAY.text.upper()))
    keys = [f"payroll:acme:R{number}:books:10:1:1" for number, _ in enumerate(subjects)]
    for key, subject in zip(keys, subjects, strict=True):
        begin(storage, key, made_for=origin(subject))

    def found(*wanted: Subject, beside: bool = False) -> list[str]:
        return [row.key for row in storage.commits.of_subjects(wanted, beside=beside)]

    assert keys[:1] == found(PAY)
    assert keys[1:2] == found(PAY.own("R2"))
    assert keys[:2] == found(PAY, beside=True) == found(PAY.own("R9"), beside=True)
    assert keys[2:4] == found(other_books, other_entity)
    assert [] == found(replace(PAY, text="payroll:acme:US1"))


def test_pays_are_found_by_how_they_begin(storage: Any) -> None:
    """In the same books, without a person's answer, and each with its runs."""
    beginning = replace(PAY, text=PAY.text[:-1])
    near = replace(PAY, text=f"{beginning.text}9")
    subjects = (near, PAY, PAY.own("R2"), replace(PAY, entity="20"), replace(PAY, text=PAY.text.upper()))
    for number, subject in enumerate(subjects):
        begin(storage, f"payroll:acme:R{number}:books:10:1:1", made_for=origin(subject))

    assert [(near, ""), (PAY, "")] == list(storage.commits.beginning(beginning))


def test_many_pays_are_asked_for_at_once(storage: Any) -> None:
    """More than a database takes in one question."""
    subjects = [replace(PAY, text=f"pay {number}") for number in range(1200)]
    begin(storage, made_for=origin(subjects[-1]))

    assert [KEY] == [row.key for row in storage.commits.of_subjects(subjects)]


def test_documents_of_ours_are_known_by_reference_or_marker(storage: Any) -> None:
    """An entry on its way is known in the ledger by its marker, one that is booked by its reference; by the
    books it is in, and the same for every connection to them.
    """
    begin(storage)
    begin(storage, "payroll:acme:R2:books:10:1:1")
    storage.commits.record(KEY, state=CommitState.CONFIRMED, receipt=RECEIPT)

    known = {"doc-1", Marker.of("payroll:acme:R2:books:10:1:1").token}
    assert known == storage.commits.known_references("books", "10")
    assert known == storage.other_connection().known_references("books", "10")
    assert frozenset() == storage.commits.known_references("books", "20")
    assert frozenset() == storage.commits.known_references("other", "10")


def test_the_machine_that_first_sees_an_intent_is_noted_once(storage: Any) -> None:
    """Its clock counts from then; another look of the same machine changes nothing, the next machine begins
    anew.
    """
    begin(storage)
    intent = intend(storage, machine="m1")
    assert ("m1", 5.0) == (intent.machine, intent.monotonic)

    assert ("m1", 5.0) == _clock(storage.commits.first_seen(intent, "m1", 99.0))
    seen = storage.commits.first_seen(intent, "m2", 1.0)
    assert ("m2", 1.0) == _clock(seen) == _clock(storage.commits.first_seen(seen, "m2", 7.0))
    assert ("m3", 2.0) == _clock(storage.commits.first_seen(seen, "m3", 2.0))
    assert ("m3", 2.0) == _clock(storage.commits.open_intent(KEY))


def _clock(intent: Any) -> tuple[str, float]:
    return intent.machine, intent.monotonic


def test_what_was_deleted_in_the_ledger_is_never_sent_again(storage: Any) -> None:
    """Under its key; the next revision is free."""
    begin(storage)
    storage.commits.record(KEY, state=CommitState.CONFIRMED, receipt=RECEIPT)
    storage.commits.reverse(KEY, DELETED)

    with pytest.raises(KeyConflict, match="deleted in the ledger and is never sent again"):
        begin(storage)
    assert CommitState.PLANNED is begin(storage, NEXT).state


def test_a_marker_is_distrusted_per_entity_and_for_good(storage: Any) -> None:
    """The first reason stays."""
    storage.commits.distrust_marker("10", "why")
    storage.commits.distrust_marker("10", "another")

    assert ("why", "") == (storage.commits.marker_distrusted("10"), storage.commits.marker_distrusted("20"))

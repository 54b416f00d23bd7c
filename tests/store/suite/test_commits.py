"""Commit keys, for ever: what the constraints promise."""

from __future__ import annotations

from typing import Any

import pytest

from ml_connector.domain import codec
from ml_connector.domain.journal import Marker, Receipt
from ml_connector.errors import KeyConflict
from ml_connector.ports.storage import CommitState, IntentEnd

KEY = "payroll:acme:R1:10:1:1"
NEXT = "payroll:acme:R1:10:1:2"
RECEIPT = codec.encode(Receipt(reference="doc-1", number="1", entity="10", posted=True))


def begin(storage: Any, key: str = KEY, fingerprint: str = "f") -> Any:
    return storage.commits.open(
        key=key, fingerprint=fingerprint, subject="pay", entity="10", content=codec.encode("entry")
    )


def intend(storage: Any, key: str = KEY, boot: str = "boot") -> Any:
    return storage.commits.intend(key=key, fingerprint="f", boot=boot)


def test_a_key_is_opened_once_and_found_again(storage: Any) -> None:
    """The same content finds its row; it is planned until something is sent."""
    first, second = begin(storage), begin(storage)

    assert first == second == storage.commits.get(KEY)
    assert (CommitState.PLANNED, "pay", "10", None) == (
        first.state,
        first.subject,
        first.entity,
        first.first_sent_at,
    )
    assert None is storage.commits.get(NEXT)


def test_the_same_key_with_other_content_is_a_conflict(storage: Any) -> None:
    """And changes nothing."""
    before = begin(storage)
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
    assert first.created_at == storage.commits.get(KEY).first_sent_at


def test_of_many_processes_one_writes_the_intent(storage: Any, together: Any) -> None:
    """All at the same moment: one gets it, the others are told."""
    if "Memory" in type(storage).__name__:
        results = [_attempt(storage, number) for number in range(8)]
    else:
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
    storage.commits.settle(KEY, state=state, receipt=RECEIPT)

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
    storage.commits.settle(KEY, state=CommitState.CONFIRMED, booked="booked")
    storage.commits.settle(KEY, state=CommitState.CONFIRMED)

    row = storage.commits.get(KEY)
    assert (RECEIPT, "booked", True) == (row.receipt, row.booked, row.adopted)


@pytest.mark.parametrize("state", [CommitState.PLANNED, CommitState.REFUSED])
def test_a_later_revision_closes_an_unbooked_one_for_ever(storage: Any, state: CommitState) -> None:
    """It can neither be opened nor sent after that."""
    begin(storage)
    storage.commits.settle(KEY, state=state)
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
    storage.commits.settle(KEY, state=state)
    with pytest.raises(KeyConflict):
        begin(storage, NEXT)
    assert None is storage.commits.get(NEXT)

    storage.commits.reverse(KEY, "reversal:payroll:acme:R1:10:1:1:1")

    assert CommitState.PLANNED is begin(storage, NEXT).state


def test_every_part_of_the_family_is_closed_by_a_later_revision(storage: Any) -> None:
    """Parts may be cut otherwise in revision 2, so all parts of revision 1 go."""
    for part in (1, 2):
        begin(storage, f"payroll:acme:R1:10:{part}:1")

    begin(storage, NEXT)

    assert {NEXT} == {storage.commits.get(f"payroll:acme:R1:10:{part}:1").reversed_by for part in (1, 2)}


@pytest.mark.parametrize(
    "other",
    [
        "payroll:acme:R1:10:20:1:1",
        "payroll:acme:r1:10:1:1",
        "payroll:acme:R11:10:1:1",
        "payroll:acme:R1:20:1:1",
    ],
)
def test_a_later_revision_touches_no_other_family(storage: Any, other: str) -> None:
    """Not a longer one, not one that differs by upper and lower case."""
    begin(storage, other)
    begin(storage, NEXT)

    assert "" == storage.commits.get(other).reversed_by


def test_the_commits_of_a_run_are_found_by_its_prefix(storage: Any) -> None:
    """Case counts, and what looks like a pattern is text."""
    keys = [
        "payroll:acme:R1:10:1:1",
        "payroll:acme:R1:20:1:1",
        "payroll:acme:r1:10:1:1",
        "payroll:acme:R_:10:1:1",
        "payroll:acme:R%:10:1:1",
    ]
    for key in keys:
        begin(storage, key)

    assert keys[:2] == [row.key for row in storage.commits.of_run("payroll:acme:R1:")]
    assert keys[3:4] == [row.key for row in storage.commits.of_run("payroll:acme:R_:")]
    assert keys == [row.key for row in storage.commits.of_subject("pay")]
    assert () == storage.commits.of_subject("PAY")


def test_traces_are_references_and_the_markers_of_what_has_none(storage: Any) -> None:
    """An entry on its way is known in the ledger by its marker, one that is booked by its reference."""
    begin(storage)
    begin(storage, "payroll:acme:R2:10:1:1")
    storage.commits.settle(KEY, state=CommitState.CONFIRMED, receipt=RECEIPT)

    assert {"doc-1", Marker.of("payroll:acme:R2:10:1:1").token} == storage.commits.traces("10")
    assert frozenset() == storage.commits.traces("20")


def test_a_marker_is_distrusted_per_entity_and_for_good(storage: Any) -> None:
    """The first reason stays."""
    storage.commits.distrust_marker("10", "why")
    storage.commits.distrust_marker("10", "another")

    assert ("why", "") == (storage.commits.marker_distrusted("10"), storage.commits.marker_distrusted("20"))

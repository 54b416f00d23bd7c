"""An entry in several writes: what stands after each fault, and that the vendor's own job never posts a part
of it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from ml_connector.contract import world as faults
from ml_connector.domain.checks import compare
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import JournalEntry
from ml_connector.errors import CodeUnknown, NotFound, NotSent, OutcomeUnknown, Refused, Throttled
from ml_connector.ports.sinks import located

FACTS = {
    "DimensionParameters",
    "DimensionIntegrationFormats",
    "JournalNames",
    "Ledgers",
    "FiscalPeriods",
    "LedgerFiscalPeriods",
}


def part(world: Any, entry: JournalEntry, so_far: Receipt | None) -> Receipt:
    """One write of an entry."""
    with world.ledger.prepare(entry, Marker.of(entry.key), so_far) as post:
        receipt: Receipt = post(lambda: None)
    return receipt


def parts(world: Any, entry: JournalEntry, count: int) -> Receipt:
    """The first writes of an entry."""
    receipt: Receipt | None = None
    for _ in range(count):
        receipt = part(world, entry, receipt)
    assert receipt is not None
    return receipt


def found(world: Any, entry: JournalEntry) -> list[Receipt]:
    """What the look-up says."""
    return list(located(world.ledger, entry, Marker.of(entry.key), None))


def whole(world: Any, entry: JournalEntry, receipt: Receipt | None = None) -> Receipt:
    """Every write that is left, one after the other; an unsure one settles and is looked up, as the engine
    does.
    """
    while receipt is None or not receipt.complete:
        try:
            receipt = part(world, entry, receipt)
        except OutcomeUnknown:
            world.advance(world.ledger.limits.settle_seconds + world.ledger.limits.visible_seconds)
            receipt = next(iter(found(world, entry)), None)
    return receipt


def test_posting_job_between_every_two_writes_posts_nothing(world: Any) -> None:
    """No part of an entry balances before its last line stands, so the job refuses what it finds, and then
    posts the whole.
    """
    entry, receipt = world.entry(lines=450), None
    while receipt is None or not receipt.complete:
        receipt = part(world, entry, receipt)
        if not receipt.complete:
            assert world.post_journals()["posted"] == []
            assert not world.ledger.release(receipt).posted

    assert world.post_journals()["posted"] == [receipt.reference]
    assert world.ledger.release(receipt).posted
    assert compare(entry, world.ledger.read_back(receipt)) == []


PARTS = 4
"""The head and three changesets."""


@pytest.mark.parametrize("lines", [201, 300])
def test_look_up_says_how_much_stands(world: Any, lines: int) -> None:
    """After every write a system opened anew finds the same receipt as the one that wrote."""
    entry, receipt = world.entry(lines=lines), None
    for count in range(1, PARTS + 1):
        receipt = part(world, entry, receipt)

        assert (receipt.parts, receipt.complete) == (count, count == PARTS)
        assert [receipt] == list(located(world.reopen(), entry, Marker.of(entry.key), None))


@pytest.mark.parametrize(("size", "changesets"), [("10", 25), ("100", 3), ("200", 2)])
def test_size_of_a_changeset_is_a_setting(make_world: Any, size: str, changesets: int) -> None:
    """As many lines at once as the connection says; the environment takes the largest."""
    world = make_world(changeset_lines=size)
    entry = world.entry(lines=250)

    receipt = whole(world, entry)

    assert changesets == world.calls().count("POST $batch")
    assert (1 + changesets, 250) == (receipt.parts, receipt.lines)
    assert [receipt] == found(world, entry)
    assert compare(entry, world.ledger.read_back(receipt)) == []


@pytest.mark.parametrize("looked", [True, False], ids=["looked up", "receipt kept"])
@pytest.mark.parametrize("earlier", [True, False], ids=["earlier release", "this release"])
@pytest.mark.parametrize(("begun_in", "size"), [("100", "200"), ("100", "30"), ("50", "200"), ("200", "10")])
def test_journal_begun_in_other_changesets_is_continued(
    make_world: Any, begun_in: str, size: str, earlier: bool, looked: bool
) -> None:
    """The size was set anew, or an earlier release wrote a hundred lines at once and counted parts: it is
    filled behind its last line, and no line is missing or there twice.
    """
    world = make_world(changeset_lines="100" if earlier else begun_in)
    entry = world.entry(lines=250)
    begun = parts(world, entry, 2)
    world.settings["changeset_lines"] = size
    world.system = world.connector.open(world.settings, world.wiring)
    if looked:
        (begun,) = found(world, entry)
    elif earlier:
        begun = replace(begun, lines=None)

    receipt = whole(world, entry, begun)

    assert [receipt.reference] == world.journal_references()
    assert [receipt] == found(world, entry)
    assert compare(entry, world.ledger.read_back(receipt)) == []


@pytest.mark.parametrize("fault", [faults.LOST_BEFORE, faults.LOST_AFTER, faults.LATE_COMMIT])
@pytest.mark.parametrize("strikes", [0, 1, 2, 3])
def test_unsure_write_is_made_once(world: Any, fault: str, strikes: int) -> None:
    """Whichever write loses its answer, one journal comes of it, with every line once."""
    entry = world.entry(lines=250)
    receipt: Receipt | None = parts(world, entry, strikes) if strikes else None
    world.fail_next(fault)
    with pytest.raises(OutcomeUnknown):
        part(world, entry, receipt)
    world.advance(world.ledger.limits.settle_seconds)

    receipt = next(iter(found(world, entry)), None)
    while receipt is None or not receipt.complete:
        receipt = part(world, entry, receipt)

    assert [receipt.reference] == world.journal_references()
    assert compare(entry, world.ledger.read_back(receipt)) == []


def test_every_write_loses_its_answer(world: Any) -> None:
    """The worst of networks costs time, not lines."""
    world.post(
        "faults",
        {
            "kind": "lost_after_commit",
            "match": {"method": "POST", "path": r"/data/(LedgerJournalHeaders|\$batch)"},
            "times": 4,
        },
    )
    entry = world.entry(lines=250)

    receipt = whole(world, entry)

    assert [receipt.reference] == world.journal_references()
    assert compare(entry, world.ledger.read_back(receipt)) == []


@pytest.mark.parametrize("where", ["part", "request"])
def test_busy_server_says_how_long_to_wait(world: Any, where: str) -> None:
    """A 429, around the batch or inside of it, undoes the changeset, and the same one is sent later."""
    entry = world.entry(lines=150)
    receipt = parts(world, entry, 1)
    world.control("pressure", operations=1, skip=3 if where == "part" else 0, where=where, retry_after=7)

    with pytest.raises(Throttled) as caught:
        part(world, entry, receipt)

    assert caught.value.retry_after_seconds == 7
    assert [receipt] == found(world, entry)
    assert compare(entry, world.ledger.read_back(whole(world, entry, receipt))) == []


def test_update_conflict_is_tried_again(world: Any) -> None:
    """Somebody writes to the journal at the same moment: nothing is booked, and nothing is given up."""
    entry = world.entry()
    receipt = parts(world, entry, 1)
    world.control("update_conflict", times=1)

    with pytest.raises(Throttled) as caught:
        part(world, entry, receipt)

    assert "Another user or process changed" in caught.value.problem.text
    assert part(world, entry, receipt).complete


def test_failure_inside_a_200_leaves_the_earlier_parts(world: Any) -> None:
    """The changeset with the unknown code is undone whole, its words come through, and the journal can be
    removed.
    """
    entry = world.entry(lines=201)
    world.block_account("230100")
    receipt = parts(world, entry, 3)

    with pytest.raises(Refused) as caught:
        part(world, entry, receipt)

    assert isinstance(caught.value, CodeUnknown)
    assert "Main account 230100 is blocked for manual entry" in caught.value.problem.text
    assert [receipt] == found(world, entry)
    world.ledger.abandon(receipt)
    assert world.journal_references() == []
    assert found(world, entry) == []
    world.ledger.abandon(receipt)


def test_posted_journal_is_not_abandoned(world: Any) -> None:
    """What the job posted stays, whatever is asked."""
    receipt = parts(world, world.entry(), 2)
    world.post_journals()

    with pytest.raises(Refused) as caught:
        world.ledger.abandon(receipt)

    assert caught.value.problem.code == "journal.posted"
    assert world.journal_references() == [receipt.reference]


def test_journal_with_a_strange_line_is_not_abandoned(world: Any) -> None:
    """A person's line in it makes it a person's to delete."""
    entry = world.entry(lines=150)
    receipt = parts(world, entry, 2)
    world.control("edit", id=receipt.reference, line=1, reference="mine")

    with pytest.raises(Refused) as caught:
        world.ledger.abandon(receipt)

    assert caught.value.problem.code == "journal.changed"
    assert len(world.documents()[0]["lines"]) == 100


def test_half_journal_that_somebody_changed_is_not_filled(world: Any) -> None:
    """It counts as whole, so that comparing it says what is wrong."""
    entry = world.entry(lines=150)
    receipt = parts(world, entry, 2)
    world.control("edit", id=receipt.reference, line=1, text="by hand")

    (changed,) = found(world, entry)

    assert changed.complete
    assert compare(entry, world.ledger.read_back(changed)) != []


@pytest.mark.parametrize("reference", ["", "mine"])
def test_strange_line_in_a_journal_that_is_not_posted_is_shown(world: Any, reference: str) -> None:
    """Whoever wrote it is told which line it is and what to do; nothing is added to the journal."""
    entry = world.entry(lines=150)
    receipt = parts(world, entry, 2)
    world.control("edit", id=receipt.reference, line=2, reference=reference, text="Taxi")

    with pytest.raises(Refused) as caught:
        found(world, entry)

    assert ("journal.changed", f"journal {receipt.reference}") == (
        caught.value.problem.code,
        caught.value.problem.where,
    )
    assert "holds a line that is not of this entry, such as line 2: " in caught.value.problem.text
    assert "'Taxi'. Nothing was added, posted or deleted." in caught.value.problem.text


def test_journal_name_that_began_to_delete_lines_takes_no_entry(world: Any) -> None:
    """It was fit when the entries were proposed and is not when they are sent: nothing is created that could
    not be compared.
    """
    entry = world.entry()
    world.ledger.chart(entry.entity, entry.journal, frozenset())
    world.control("set_journal_name", name="PAYROLL", set={"DeleteLinesAfterPosting": "Yes"})

    with pytest.raises(Refused) as caught:
        part(world, entry, None)

    assert ("journal.unusable", "journal PAYROLL") == (caught.value.problem.code, caught.value.problem.where)
    assert world.journal_references() == []


def test_posted_journal_without_lines_is_not_taken_for_deleted(world: Any) -> None:
    """Its lines were deleted by posting; saying it is gone would have the pay booked again."""
    receipt = parts(world, world.entry(), 2)
    world.control("set_journal_name", name="PAYROLL", set={"DeleteLinesAfterPosting": "Yes"})
    world.post_journals()

    with pytest.raises(Refused) as caught:
        world.ledger.read_back(world.ledger.release(receipt))

    assert not isinstance(caught.value, NotFound)
    assert "It is in the books, and must not be posted again." in caught.value.problem.text


def test_thousand_lines_in_eighteen_calls(world: Any) -> None:
    """From look-up to read-back after posting, token and master data apart."""
    entry = world.entry(lines=1000)
    assert found(world, entry) == []
    receipt = whole(world, entry)
    assert compare(entry, world.ledger.read_back(receipt)) == []
    world.post_journals()
    receipt = world.ledger.release(receipt)
    assert compare(entry, world.ledger.read_back(receipt)) == []

    calls = [call for call in world.calls() if call.split()[1] not in FACTS]

    assert len(calls) <= math.ceil(1000 / 100) + 5 + 3
    assert [
        "GET /data",
        "GET GeneralJournalEntryBiEntities",
        "GET GeneralJournalAccountEntryBiEntities",
    ] == calls[-3:]
    assert calls.count("POST $batch") == 10
    assert len(world.calls()) - len(calls) == 6 + 1


def test_draft_is_not_posted(world: Any) -> None:
    """Created is not booked: the receipt says so until the job has run."""
    receipt = parts(world, world.entry(), 2)

    assert (receipt.complete, receipt.posted, world.ledger.release(receipt).posted) == (True, False, False)
    world.post_journals()
    assert world.ledger.release(receipt).posted


def test_deleted_journal_is_gone(world: Any) -> None:
    """Asking for its posting says so."""
    receipt = parts(world, world.entry(), 2)
    world.delete(receipt.reference)

    with pytest.raises(NotFound):
        world.ledger.release(receipt)


def test_gate_stops_every_write(world: Any) -> None:
    """A part that the gate refuses was not sent."""
    entry = world.entry(lines=150)
    receipt = parts(world, entry, 2)

    def shut() -> None:
        raise NotSent("No longer ours.")

    with world.ledger.prepare(entry, Marker.of(entry.key), receipt) as post, pytest.raises(NotSent):
        post(shut)

    assert [receipt] == found(world, entry)


def test_unfinished_journal_of_ours_is_listed_as_such(world: Any) -> None:
    """It carries the marker and is not whole: no part of an entry balances."""
    entry = world.entry(lines=150)
    receipt = parts(world, entry, 2)

    (unfinished,) = world.ledger.documents("usmf", "PAYROLL", entry.posting_date, entry.posting_date)
    assert (receipt, Marker.of(entry.key).token, 100) == (
        unfinished.receipt,
        unfinished.marker,
        len(unfinished.lines),
    )

    receipt = whole(world, entry, receipt)
    (found,) = world.ledger.documents("usmf", "PAYROLL", entry.posting_date, entry.posting_date)
    assert (receipt, []) == (found.receipt, compare(entry, found))

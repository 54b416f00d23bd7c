"""Ledgers that take an entry in several writes, keep it as a draft, and post it by a job of their own."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from tests.payday import DIES_AFTER, DIES_BEFORE, Crash, World
from tests.runs.test_exactly_once import KEY, MANY_SECONDS, ORIGIN, committer, ends, state

from ml_connector.contract import world as faults
from ml_connector.domain.journal import JournalEntry, JournalLine
from ml_connector.domain.money import Money
from ml_connector.errors import CodeUnknown, ConnectorError
from ml_connector.ports.commits import CommitState, IntentEnd
from ml_connector.runs.intent import Wait


def in_parts(lines: int = 2) -> World:
    """A ledger that takes so many lines in one write and posts nothing by itself."""
    world = World()
    world.vendor.part_lines = lines
    return world


def an_entry(*amounts: str, account: str = "4000") -> JournalEntry:
    """The amounts on one account against their sum on another, the largest debit first: no part before the
    last balances.
    """
    debits = [JournalLine(account=account, amount=Money.parse(amount, "EUR")) for amount in amounts]
    total = sum(line.amount.minor for line in debits)
    credit = JournalLine(account="1700", amount=Money.from_minor(-total, "EUR"))
    return JournalEntry(
        key=KEY,
        entity="10",
        journal="90",
        posting_date=date(2026, 6, 30),
        currency="EUR",
        text="Payroll",
        lines=(*debits, credit),
    )


ENTRY = an_entry("5.00", "4.00", "3.00", "2.00")
PARTS = 3


def test_an_entry_in_parts_is_one_document_with_an_intent_for_each_part() -> None:
    """Each part is a write of its own; the document is confirmed when the ledger's job has posted it."""
    world = in_parts()

    with pytest.raises(Wait, match="awaits posting"):
        committer(world).commit_once(ENTRY, ORIGIN)
    world.vendor.run_posting_job()
    receipt = committer(world).commit_once(ENTRY, ORIGIN)

    assert [IntentEnd.BOOKED] * PARTS == ends(world)
    assert receipt.posted
    assert [ENTRY.lines] == [document.entry.lines for document in world.vendor.documents]
    assert CommitState.CONFIRMED is state(world)


@pytest.mark.parametrize("posts_itself", [True, False])
def test_a_draft_that_only_the_ledger_posts_is_compared_once_and_then_looked_at(posts_itself: bool) -> None:
    """Reading it line by line at every look would cost calls and hold nothing up; where we post, it is
    compared each time before we do.
    """
    world = in_parts()
    world.limit(posts_itself=posts_itself)
    read: list[str] = []
    read_back = world.ledger.read_back
    world.ledger.read_back = lambda receipt: (read.append(receipt.number), read_back(receipt))[1]  # type: ignore[method-assign]

    for _ in range(3):
        with pytest.raises(Wait):
            committer(world).commit_once(ENTRY, ORIGIN)
        world.clock.advance(MANY_SECONDS)
    drafts = len(read)
    world.vendor.run_posting_job()
    committer(world).commit_once(ENTRY, ORIGIN)

    assert ((1, 2) if posts_itself else (3, 5)) == (drafts, len(read))
    assert CommitState.CONFIRMED is state(world)


def test_waiting_for_the_ledgers_own_job_sends_nothing_again() -> None:
    """However often a draft is looked at, it is one document and no further intent."""
    world = in_parts()

    for _ in range(3):
        with pytest.raises(Wait):
            committer(world).commit_once(ENTRY, ORIGIN)

    assert (1, PARTS) == (len(world.vendor.documents), len(ends(world)))
    assert CommitState.DRAFT is state(world)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize(
    "fault", [DIES_BEFORE, DIES_AFTER, faults.LOST_AFTER, faults.LOST_BEFORE, faults.UNREACHABLE]
)
def test_a_part_that_is_lost_or_cut_off_is_written_once(part: int, fault: str) -> None:
    """Whichever part it is: an unsure one is settled, present or absent, and the writing goes on from
    there.
    """
    world = in_parts()

    def strike(name: str) -> None:
        if name == "intent: before" and len(world.intents()) == part:
            world.vendor.fault = fault

    for _ in range(4):
        try:
            committer(world, crash_point=strike).commit_once(ENTRY, ORIGIN)
        except (Wait, Crash, ConnectorError):
            world.clock.advance(MANY_SECONDS)
        world.vendor.run_posting_job()

    assert [ENTRY.lines] == [document.entry.lines for document in world.vendor.documents]
    assert CommitState.CONFIRMED is state(world)


def test_a_posting_job_between_two_parts_posts_no_part_of_an_entry() -> None:
    """The vendor's job posts what balances; no proper beginning of the lines does."""
    world = in_parts()

    def job(name: str) -> None:
        if name == "send: recorded":
            world.vendor.run_posting_job()

    receipt = committer(world, crash_point=job).commit_once(ENTRY, ORIGIN)

    assert receipt.posted
    assert [ENTRY.lines] == [document.entry.lines for document in world.vendor.documents]


def test_a_refused_part_leaves_nothing_half_booked() -> None:
    """A blocked account on a later line: the unposted document is removed, and the mended entry is sent
    whole.
    """
    world = in_parts()
    blocked = replace(world.vendor.accounts["4000"], code="4999", blocked=True)
    world.vendor.accounts["4999"] = blocked
    lines = (*ENTRY.lines[:3], replace(ENTRY.lines[3], account="4999"), ENTRY.lines[4])

    with pytest.raises(CodeUnknown):
        committer(world).commit_once(replace(ENTRY, lines=lines), ORIGIN)

    assert ([], CommitState.REFUSED) == (world.vendor.documents, state(world))
    world.vendor.accounts["4999"] = replace(blocked, blocked=False)
    with pytest.raises(Wait):
        committer(world).commit_once(replace(ENTRY, lines=lines), ORIGIN)
    assert [lines] == [document.entry.lines for document in world.vendor.documents]


@pytest.mark.parametrize("place", ["abandon: before", "abandon: done"])
def test_dying_while_a_refused_document_is_removed(place: str) -> None:
    """The next attempt is refused again and removes what is left."""
    world = in_parts()
    world.vendor.accounts["4999"] = replace(world.vendor.accounts["4000"], code="4999", blocked=True)
    entry = replace(ENTRY, lines=(*ENTRY.lines[:3], replace(ENTRY.lines[3], account="4999"), ENTRY.lines[4]))

    def die(name: str) -> None:
        if name == place:
            raise Crash(place)

    with pytest.raises(Crash):
        committer(world, crash_point=die).commit_once(entry, ORIGIN)
    world.clock.advance(MANY_SECONDS)
    with pytest.raises(CodeUnknown):
        committer(world).commit_once(entry, ORIGIN)

    assert ([], CommitState.REFUSED) == (world.vendor.documents, state(world))

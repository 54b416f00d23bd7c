"""What a ledger shows of its journals, and what it says its books are: the claims of the ledger contract
about reading documents, ours and those of others.

Part of `LedgerContract`, which says what a connector's tests give.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from ml_connector.contract.acts import seen, send
from ml_connector.contract.world import LedgerWorld
from ml_connector.domain import codec
from ml_connector.domain.checks import compare
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.journal import BookedEntry, JournalEntry
from ml_connector.domain.money import Money
from ml_connector.domain.period import period_of
from ml_connector.errors import NotFound, Refused
from ml_connector.ports.ledger import Ledger, Place


def listed(
    world: LedgerWorld, ledger: Ledger, entry: JournalEntry, start: date | None = None
) -> dict[str, BookedEntry]:
    """What the ledger lists for the period of the entry, or from a day in it on, by reference."""
    seen(world, ledger)
    period = period_of(entry.posting_date, ledger.calendar(entry.entity, entry.journal, entry.posting_date))
    assert period is not None
    found = ledger.documents(entry.entity, entry.journal, start or period.start, period.end)
    assert len({document.receipt.reference for document in found}) == len(found)
    return {document.receipt.reference: document for document in found}


class DocumentClaims:
    """Every document of the days, whole, and whose it is."""

    # --- documents of the days ------------------------------------------------------------------------------

    def test_documents_are_ours_and_those_of_others(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """Ours is listed with its marker and every line as written, a person's with none, and both with the
        text that people see.
        """
        ours = ledger.release(send(ledger, entry))
        by_hand = world.book_by_hand()

        found = listed(world, ledger, entry)

        assert {ours.reference, by_hand} == found.keys()
        mine, theirs = found[ours.reference], found[by_hand]
        assert ([], Marker.of(entry.key).token) == (compare(entry, mine), mine.marker)
        assert entry.text in mine.text
        assert (ours.number, entry.entity, True) == (
            mine.receipt.number,
            mine.receipt.entity,
            mine.receipt.posted,
        )
        assert ("", entry.journal, entry.posting_date) == (theirs.marker, theirs.journal, theirs.posting_date)
        assert theirs.receipt.number

    def test_lines_of_others_are_whole(self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry) -> None:
        """What a person booked is listed with accounts, dimensions and amounts, debit positive."""
        by_hand = listed_one(world, ledger, entry, world.book_by_hand())
        debit, credit = entry.lines[0], entry.lines[-1]
        five = Money(Decimal(5), by_hand.currency)

        assert [(debit.account, five), (credit.account, -five)] == [
            (line.account, line.amount) for line in by_hand.lines
        ]
        assert {value.axis for value in by_hand.lines[0].dimensions} >= {"cost_center"}
        assert (five, entry.currency) == (by_hand.debit, by_hand.currency)

    def test_documents_that_are_not_posted_are_listed(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """Drafts are listed, ours before its release and a person's; ours says of itself what its receipt
        says.
        """
        ours = send(ledger, entry)
        by_hand = world.book_by_hand(draft=True)

        found = listed(world, ledger, entry)

        assert {ours.reference, by_hand} == found.keys()
        assert ours.posted == found[ours.reference].receipt.posted

    def test_documents_of_more_than_one_page_are_whole(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """Documents that fill more than one page are listed whole, wherever one page ends."""
        entry = world.entry(lines=min(world.page_lines() + 1, ledger.limits.lines_max))
        ours, by_hand = send(ledger, entry), world.book_by_hand()

        found = listed(world, ledger, entry)

        assert {ours.reference, by_hand} == found.keys()
        assert compare(entry, found[ours.reference]) == []
        assert len(found[by_hand].lines) == 2

    def test_documents_come_in_the_order_of_their_numbers(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """Documents are listed in the order of their numbers, whatever order the vendor delivers."""
        for _ in range(3):
            world.book_by_hand()
        send(ledger, entry)

        numbers = [document.receipt.number for document in listed(world, ledger, entry).values()]

        assert numbers == sorted(numbers, key=lambda number: (len(number), number))
        assert 4 == len(numbers)

    def test_copy_carries_the_marker_too(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """A person copied our document: both carry the marker, each under a reference of its own."""
        ours = send(ledger, entry)
        copy = world.double(ours.reference)

        markers = {reference: found.marker for reference, found in listed(world, ledger, entry).items()}

        assert dict.fromkeys((ours.reference, copy), Marker.of(entry.key).token) == markers

    def test_deleted_document_is_not_listed(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """What a person deleted is gone from the list."""
        by_hand = world.book_by_hand()
        world.delete(send(ledger, entry).reference)

        assert {by_hand} == listed(world, ledger, entry).keys()

    def test_documents_of_another_journal_are_not_listed(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """A document of another journal is listed for that journal only."""
        elsewhere = world.book_by_hand(journal=world.other_journal())
        by_hand = world.book_by_hand()

        assert {by_hand} == listed(world, ledger, entry).keys()
        other = replace(entry, journal=world.other_journal())
        assert {elsewhere} == listed(world, ledger, other).keys()

    def test_documents_of_another_entity_are_not_listed(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """Another legal entity has documents of its own, or cannot be asked for any."""
        send(ledger, entry)
        seen(world, ledger)

        try:
            found = ledger.documents(
                world.other_entity(), entry.journal, entry.posting_date, entry.posting_date
            )
        except Refused:
            found = ()

        assert found == ()

    def test_documents_outside_the_days_are_not_listed(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """Documents of the next period are not listed, nor those of an earlier day than is asked for."""
        day = entry.posting_date
        world.book_by_hand(day=day + timedelta(days=1))
        before = world.book_by_hand(day=day - timedelta(days=1))
        on_the_day = world.book_by_hand()

        assert {before, on_the_day} == listed(world, ledger, entry).keys()
        assert {on_the_day} == listed(world, ledger, entry, start=day).keys()

    def test_journal_without_documents_is_empty(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """A journal that nobody booked in has no documents."""
        assert {} == listed(world, ledger, entry)

    # --- one look -------------------------------------------------------------------------------------------

    def test_one_look_shows_what_both_questions_show(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """One look names every document with the marker of an entry, and every document in the places, and no
        other.
        """
        day, other = entry.posting_date, world.other_journal()
        next_day = day + timedelta(days=1)
        second, never = (world.entry(key=f"payroll:acme:run-{number}:10:1:1") for number in (2, 3))
        ours, sent = send(ledger, entry), send(ledger, second)
        copy = world.double(ours.reference)
        by_hand, elsewhere = world.book_by_hand(), world.book_by_hand(journal=other)
        later = world.book_by_hand(day=next_day)
        seen(world, ledger)
        wanted = [(each, Marker.of(each.key)) for each in (entry, never, second)]
        here = Place(entity=entry.entity, journal=entry.journal, start=day, end=day)
        there, then = replace(here, journal=other), replace(here, start=next_day, end=next_day)

        look = ledger.look(wanted, [there, here, then, here])

        assert {entry.key: sorted([ours.reference, copy]), never.key: [], second.key: [sent.reference]} == {
            key: sorted(receipt.reference for receipt in found) for key, found in look.found.items()
        }
        assert {
            there: [elsewhere],
            here: sorted([ours.reference, copy, sent.reference, by_hand]),
            then: [later],
        } == {
            place: sorted(document.receipt.reference for document in found)
            for place, found in look.documents.items()
        }
        assert ledger.locate(wanted, None) == look.found
        assert look.documents == {
            place: ledger.documents(place.entity, place.journal, place.start, place.end)
            for place in (there, here, then)
        }

    def test_look_for_entries_or_at_places_alone(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """An entry is found whatever places are named, and a place shows what is there whatever is wanted."""
        day = entry.posting_date
        ours, by_hand = send(ledger, entry), world.book_by_hand()
        later = world.book_by_hand(day=day + timedelta(days=1))
        seen(world, ledger)
        wanted = [(entry, Marker.of(entry.key))]
        here = Place(entity=entry.entity, journal=entry.journal, start=day, end=day)
        then = replace(here, start=day + timedelta(days=1), end=day + timedelta(days=1))

        alone, at_places, apart = (
            ledger.look(wanted, []),
            ledger.look([], [here]),
            ledger.look(wanted, [then]),
        )

        assert ([ours.reference], {}) == (references(alone.found[entry.key]), alone.documents)
        assert ({}, {ours.reference, by_hand}) == (
            at_places.found,
            {document.receipt.reference for document in at_places.documents[here]},
        )
        assert [ours.reference] == references(apart.found[entry.key])
        assert [later] == references(document.receipt for document in apart.documents[then])

    def test_look_is_afresh(self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry) -> None:
        """What somebody deleted since an earlier look is not in the next one, and what somebody booked is."""
        here = Place(
            entity=entry.entity, journal=entry.journal, start=entry.posting_date, end=entry.posting_date
        )
        wanted = [(entry, Marker.of(entry.key))]
        ours = send(ledger, entry)
        seen(world, ledger)
        assert [ours.reference] == references(ledger.look(wanted, [here]).found[entry.key])

        world.delete(ours.reference)
        by_hand = world.book_by_hand()
        seen(world, ledger)

        look = ledger.look(wanted, [here])
        assert () == look.found[entry.key]
        assert [by_hand] == references(document.receipt for document in look.documents[here])

    # --- one document ---------------------------------------------------------------------------------------

    def test_document_is_read_by_the_number_that_people_know(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """A document that is read by its number is the same as in the list, and has a canonical form."""
        send(ledger, entry)
        world.book_by_hand()

        for found in listed(world, ledger, entry).values():
            document = ledger.document(entry.entity, entry.journal, found.receipt.number)
            assert document == found == codec.decode(codec.encode(document))
            assert document == ledger.document(entry.entity, "", found.receipt.number)

    def test_number_that_is_not_there_is_not_found(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """A number that the journal does not have is not found, though another journal may have it; then it
        is found where no journal is named.
        """
        by_hand = listed_one(world, ledger, entry, world.book_by_hand())

        for journal, number in (
            (entry.journal, "99999999"),
            (entry.journal, "no number"),
            ("", "99999999"),
            ("", "no number"),
            (world.other_journal(), by_hand.receipt.number),
        ):
            with pytest.raises(NotFound):
                ledger.document(entry.entity, journal, number)
        elsewhere = world.book_by_hand(journal=world.other_journal())
        (other,) = listed(world, ledger, replace(entry, journal=world.other_journal())).values()
        assert elsewhere == other.receipt.reference
        assert other == ledger.document(entry.entity, "", other.receipt.number)

    # --- the books ------------------------------------------------------------------------------------------

    def test_tenant_is_the_same_for_every_opening(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """What the books say they are does not depend on who asks, or on what was asked before."""
        first = ledger.tenant(entry.entity)
        ledger.journals(entry.entity)

        assert first
        assert {first} == {ledger.tenant(entry.entity), world.reopen().tenant(entry.entity)}

    def test_other_books_are_another_tenant(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """The same legal entity in other books, such as those of a test system, never answers for these."""
        assert ledger.tenant(entry.entity) != world.other_books().tenant(entry.entity)


def references(receipts: Iterable[Receipt]) -> list[str]:
    """Of these documents, in their order."""
    return [receipt.reference for receipt in receipts]


def listed_one(world: LedgerWorld, ledger: Ledger, entry: JournalEntry, reference: str) -> BookedEntry:
    """One document as it is listed."""
    return listed(world, ledger, entry)[reference]

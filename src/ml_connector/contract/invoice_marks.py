"""The claims of the contract of an `InvoiceSource` about the marks that are left there.

Part of `InvoiceSourceContract`, which says what a connector's tests give.
"""

from __future__ import annotations

import pytest

from ml_connector.contract.invoice_world import BOOKED, OTHER, InvoiceWorld, approve, by_id, content_of, read
from ml_connector.contract.world import LOST_AFTER, LOST_BEFORE, UNREACHABLE
from ml_connector.errors import NotSent, OutcomeUnknown, Refused


class InvoiceMarksClaims:
    """Set once, found again, and never written over another one."""

    def test_an_invoice_is_marked_once(self, world: InvoiceWorld) -> None:
        """The source keeps the id in the ledger and the text; the same mark again does no harm."""
        invoice = approve(world, "F-1")
        marks = world.source.marks
        assert "" == marks.assigned(invoice)

        marks.assign(invoice, BOOKED, "Booked as 26700001")
        assert (BOOKED, "Booked as 26700001") == (world.marked(invoice), world.noted(invoice))
        marks.note(invoice, "Paid")
        world.advance(120)
        assert BOOKED == world.source.marks.assigned(invoice)
        world.source.marks.assign(invoice, BOOKED)

        assert (BOOKED, "Paid") == (world.marked(invoice), world.noted(invoice))

    def test_another_mark_that_is_there_is_a_conflict(self, world: InvoiceWorld) -> None:
        """Another id that is there is never written over, also where it was set after ours."""
        first, second = approve(world, "F-1"), approve(world, "F-2")
        world.mark_by_hand(first, OTHER)
        world.source.marks.assign(second, BOOKED)
        world.mark_by_hand(second, OTHER)
        world.advance(120)

        for invoice in (first, second):
            with pytest.raises(Refused) as refused:
                world.source.marks.assign(invoice, BOOKED)
            assert "invoice.external" == refused.value.problem.code
        assert (OTHER, OTHER) == (world.marked(first), world.marked(second))

    def test_the_mark_that_is_expected_is_replaced(self, world: InvoiceWorld) -> None:
        """What was booked of a revised invoice takes the place of what was booked before, where that is still
        what stands there.
        """
        invoice = approve(world, "F-1")
        world.source.marks.assign(invoice, BOOKED)
        world.advance(120)

        world.source.marks.assign(invoice, OTHER, "Booked anew", expected=BOOKED)
        world.advance(120)

        assert (OTHER, "Booked anew") == (world.source.marks.assigned(invoice), world.noted(invoice))
        world.mark_by_hand(invoice, "by hand")
        world.advance(120)
        with pytest.raises(Refused):
            world.source.marks.assign(invoice, BOOKED, expected=OTHER)
        assert "by hand" == world.marked(invoice)

    def test_a_mark_whose_answer_is_lost_is_found_by_reading(self, world: InvoiceWorld) -> None:
        """A mark whose answer was lost is unknown; reading says whether it is there, then it is set."""
        for number, (fault, held) in enumerate({LOST_AFTER: BOOKED, LOST_BEFORE: ""}.items()):
            invoice = approve(world, f"F-{number}")
            marks = world.source.marks
            world.fail_next(fault)
            with pytest.raises(OutcomeUnknown):
                marks.assign(invoice, BOOKED)
            world.advance(120)

            assert held == marks.assigned(invoice)
            marks.assign(invoice, BOOKED)
            assert BOOKED == world.marked(invoice)

    def test_a_mark_that_could_not_be_sent_was_not(self, world: InvoiceWorld) -> None:
        """Where no connection was made nothing is marked."""
        invoice = approve(world, "F-1")
        source = world.source
        source.marks.assigned(invoice)
        world.fail_next(UNREACHABLE)

        with pytest.raises(NotSent):
            source.marks.assign(invoice, BOOKED)
        assert "" == world.marked(invoice)

    def test_our_own_mark_makes_no_work(self, world: InvoiceWorld) -> None:
        """Our own mark changes the invoice and not its reference, so it is not worked again."""
        since = world.now()
        invoice = approve(world, "F-1")
        first = world.source.changed("", since)
        world.advance(3600)
        world.source.marks.assign(invoice, BOOKED)
        world.advance(3600)

        again = by_id(world.source.changed(first.cursor, since).found)

        assert by_id(first.found)[invoice].reference == again[invoice].reference
        assert BOOKED == again[invoice].external

    def test_reading_changes_nothing(self, world: InvoiceWorld) -> None:
        """Reading lists, invoices, files and marks changes nothing."""
        since = world.now()
        invoice = approve(world, "F-1")
        world.attach(invoice, "invoice.pdf", b"%PDF")
        before = world.writes()
        source = world.source
        for file in read(world, invoice).files:
            content_of(source, file)
        world.advance(120)
        list(source.unmarked(since))
        source.marks.assigned(invoice)

        assert before == world.writes()

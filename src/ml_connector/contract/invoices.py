"""The contract of an `InvoiceSource`: what the product may believe of every place that supplier invoices are
read from, and of the marks that are left there.

A connector gives a `world` of the shape in `invoice_world`.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from ml_connector.contract.invoice_marks import InvoiceMarksClaims
from ml_connector.contract.invoice_world import (
    APPROVED,
    BOOKED,
    COSTS,
    Cost,
    InvoiceWorld,
    approve,
    by_id,
    codes_of,
    content_of,
    ids,
    read,
)
from ml_connector.domain import codec
from ml_connector.domain.dimension import code_on
from ml_connector.domain.invoice import (
    InvoiceFile,
    InvoiceKind,
    InvoiceState,
    SupplierInvoice,
    check_totals,
    signed,
)
from ml_connector.errors import NotFound, OutcomeUnknown, Refused


class InvoiceSourceContract(InvoiceMarksClaims):
    """Every claim about a source of invoices."""

    # --- lists ----------------------------------------------------------------------------------------------

    def test_what_was_approved_is_found_and_what_was_not_is_not(self, world: InvoiceWorld) -> None:
        """An invoice is found once it is approved, and not because it was entered."""
        since = world.now()
        approved, waiting = approve(world, "F-1"), world.enter("F-2")

        found = world.source.changed("", since).found

        assert (True, False) == (approved in ids(found), waiting in ids(found))
        (ref,) = (each for each in found if each.invoice == approved)
        assert (InvoiceState.APPROVED, "") == (ref.state, ref.external)

    def test_what_was_approved_before_the_first_look_is_left_alone(self, world: InvoiceWorld) -> None:
        """What was approved before the first look is not found, also where it is edited later."""
        old = approve(world, "F-1")
        world.advance(2 * 86_400)
        since = world.now()
        first = world.source.changed("", since)
        assert old not in ids(first.found)

        world.advance(3600)
        world.pay(old, "1.00")

        assert old not in ids(world.source.changed(first.cursor, since).found)
        world.advance(120)
        assert old not in ids(world.source.unmarked(since))

    def test_what_is_approved_later_is_found_from_the_cursor(self, world: InvoiceWorld) -> None:
        """What was approved since the last look is found, and found again from the same cursor."""
        since = world.now()
        cursor = world.source.changed("", since).cursor
        world.advance(3600)
        approved = approve(world, "F-1")
        world.advance(3600)

        for _ in range(2):
            assert approved in ids(world.source.changed(cursor, since).found)
            world.advance(3600)

    def test_what_changes_while_it_is_looked_for_is_found_by_the_next_look(self, world: InvoiceWorld) -> None:
        """Looks overlap, because clocks differ and a list takes time to read."""
        since = world.now()
        world.advance(3600)
        approved = approve(world, "F-1")
        world.advance(1)
        cursor = world.source.changed("", since).cursor
        world.advance(3600)

        assert approved in ids(world.source.changed(cursor, since).found)

    def test_what_is_paid_between_two_looks_is_not_lost(self, world: InvoiceWorld) -> None:
        """What was paid between two looks, whole or in part, is found under the same reference."""
        since = world.now()
        cursor = world.source.changed("", since).cursor
        world.advance(3600)
        paid, part = approve(world, "F-1"), approve(world, "F-2")
        world.advance(3600)
        before = by_id(world.source.changed(cursor, since).found)
        world.pay(paid, "60.50")
        world.pay(part, "10.00")
        world.advance(3600)

        after = by_id(world.source.changed(cursor, since).found)

        assert (InvoiceState.PAID, InvoiceState.PART_PAID) == (after[paid].state, after[part].state)
        assert {before[each].reference for each in (paid, part)} == {
            after[each].reference for each in (paid, part)
        }

    def test_a_revision_and_a_cancellation_have_other_references(self, world: InvoiceWorld) -> None:
        """An approval, a revision, another approval and a cancellation have each a reference of their own."""
        since = world.now()
        revised, canceled = approve(world, "F-1"), approve(world, "F-2")
        first = world.source.changed("", since)
        before = by_id(first.found)
        world.advance(3600)
        world.revise(revised, COSTS[:1])
        world.cancel(canceled)
        world.advance(3600)

        taken_back = by_id(world.source.changed(first.cursor, since).found)
        world.approve(revised)
        world.advance(3600)
        again = by_id(world.source.changed(first.cursor, since).found)

        assert InvoiceState.CANCELED == taken_back[canceled].state
        assert taken_back[revised].state not in APPROVED
        assert InvoiceState.APPROVED == again[revised].state
        assert 3 == len({step[revised].reference for step in (before, taken_back, again)})
        assert before[canceled].reference != taken_back[canceled].reference

    def test_a_look_that_comes_too_early_asks_nothing(self, world: InvoiceWorld) -> None:
        """A look that comes too early loses nothing: what it did not see comes with the next one."""
        since = world.now()
        world.advance(3600)
        cursor = world.source.changed("", since).cursor
        approved = approve(world, "F-1")

        early = world.source.changed(cursor, since)
        world.advance(3600)

        assert approved in ids(early.found) | ids(world.source.changed(early.cursor, since).found)

    def test_a_share_of_costs_is_no_invoice(self, world: InvoiceWorld) -> None:
        """Of an invoice whose costs are shared the whole is found, and no share."""
        since = world.now()
        whole = approve(world, "F-1")
        world.split(whole)
        world.advance(120)

        found = world.source.changed("", since).found
        world.advance(120)
        unmarked = list(world.source.unmarked(since))

        assert [whole] == [each.invoice for each in found] == [each.invoice for each in unmarked]

    def test_every_page_is_read(self, world: InvoiceWorld) -> None:
        """Every page of a list is read, and each invoice comes once."""
        since = world.now()
        every = {approve(world, f"F-{number}") for number in range(world.many())}
        world.advance(3600)

        found = [each.invoice for each in world.source.changed("", since).found]

        assert every <= set(found)
        assert len(found) == len(set(found))

    def test_what_is_edited_while_the_list_is_read_hides_nothing(self, world: InvoiceWorld) -> None:
        """An edit that moves rows from page to page while they are read hides no invoice."""
        since = world.now()
        every = [approve(world, f"F-{number}") for number in range(world.many())]
        world.advance(3600)
        world.edit_while_read(every[0])
        unmarked = ids(world.source.unmarked(since))
        world.advance(3600)
        world.edit_while_read(every[-1])
        found = ids(world.source.changed("", since).found)

        assert (set(), set()) == (set(every) - unmarked, set(every) - found)

    def test_a_list_that_is_not_whole_is_an_error(self, world: InvoiceWorld) -> None:
        """A list that cannot be read to its end is an error."""
        since = world.now()
        for number in range(world.many()):
            approve(world, f"F-{number}")
        world.advance(3600)
        world.break_lists()

        with pytest.raises((OutcomeUnknown, Refused)):
            world.source.changed("", since)
        world.advance(3600)
        with pytest.raises((OutcomeUnknown, Refused)):
            list(world.source.unmarked(since))

    def test_what_carries_no_mark_is_found_whatever_the_cursor(self, world: InvoiceWorld) -> None:
        """Every invoice without a mark is found, also while they are marked one after the other. Those that
        are marked, wait or are canceled are not among them.
        """
        since = world.now()
        every = {approve(world, f"F-{number}") for number in range(world.many())}
        marked, canceled = approve(world, "G-1"), approve(world, "G-2")
        world.mark_by_hand(marked, BOOKED)
        world.cancel(canceled)
        waiting = world.enter("G-3")
        world.advance(3600)

        source, found = world.source, list[str]()
        for ref in source.unmarked(since):
            world.mark_by_hand(ref.invoice, f"ledger {ref.invoice}")
            found.append(ref.invoice)

        assert every == set(found)
        assert len(found) == len(set(found))
        assert not {marked, canceled, waiting} & set(found)

    # --- one ------------------------------------------------------------------------------------------------

    def test_an_invoice_comes_as_its_document_says(self, world: InvoiceWorld) -> None:
        """Numbers, days, amounts, taxes and codes are those of the document, and its figures agree."""
        costs = [
            Cost(net=cost.net, percentage="21", vat=cost.vat, codes=codes_of(world, number))
            for number, cost in enumerate(COSTS)
        ]
        invoice = approve(world, "F-2026/001", costs)
        found = read(world, invoice)

        assert ("F-2026/001", InvoiceKind.INVOICE, "EUR") == (found.number, found.kind, found.currency)
        assert (date(2026, 6, 20), date(2026, 7, 20)) == (found.issued, found.due)
        assert (Decimal("50.00"), Decimal("60.50")) == (found.net.amount, found.gross.amount)
        assert [Decimal("37.50"), Decimal("12.50")] == [line.net.amount for line in found.lines]
        assert {Decimal(21)} == {tax.percentage for line in found.lines for tax in line.taxes}
        for number, line in enumerate(found.lines):
            assert codes_of(world, number) == tuple(code_on(axis, line.codes) for axis in world.axes)
        assert found.supplier
        assert invoice in found.reference
        assert [] == list(check_totals(found))
        assert found == codec.decode(codec.encode(found))

    def test_a_credit_note_is_one(self, world: InvoiceWorld) -> None:
        """A credit note takes back what it says, whatever sign the source gives its amounts."""
        found = read(world, approve(world, "C-1", credit=True))

        assert InvoiceKind.CREDIT_NOTE == found.kind
        assert [] == list(check_totals(found))
        turned = signed(found)
        assert isinstance(turned, SupplierInvoice)
        assert Decimal("-60.50") == turned.gross.amount

    def test_what_moved_on_since_it_was_listed_is_not_read(self, world: InvoiceWorld) -> None:
        """An invoice that was approved again or canceled since it was listed is refused."""
        since = world.now()
        revised, canceled = approve(world, "F-1"), approve(world, "F-2")
        refs = by_id(world.source.changed("", since).found)
        world.advance(60)
        world.revise(revised, COSTS[:1])
        world.approve(revised)
        world.cancel(canceled)
        world.advance(120)

        for invoice in (revised, canceled):
            with pytest.raises(Refused) as refused:
                world.source.invoice(refs[invoice].reference)
            assert "invoice.moved" == refused.value.problem.code

    def test_what_was_paid_since_it_was_listed_is_read(self, world: InvoiceWorld) -> None:
        """An invoice that was paid since it was listed is read, with what was paid."""
        since = world.now()
        invoice = approve(world, "F-1")
        (ref,) = world.source.changed("", since).found
        world.pay(invoice, "60.50")
        world.advance(120)

        found = world.source.invoice(ref.reference)

        assert InvoiceState.PAID == found.state
        assert found.paid is not None
        assert Decimal("60.50") == found.paid.amount

    def test_an_invoice_that_is_not_there_is_not_found(self, world: InvoiceWorld) -> None:
        """An invoice that was never entered is not found, nor its mark."""
        reference, invoice = world.unknown()
        with pytest.raises(NotFound):
            world.source.invoice(reference)
        with pytest.raises(NotFound):
            world.source.marks.assigned(invoice)

    def test_every_file_comes_byte_by_byte(self, world: InvoiceWorld) -> None:
        """Every file comes byte by byte; two of one name are two."""
        invoice = approve(world, "F-1")
        contents = [b"%PDF-1.7\r\n\x00\xff\xfe" + bytes([number]) * 3000 for number in range(2)]
        for content in contents:
            world.attach(invoice, "invoice.pdf", content)

        source, files = world.source, read(world, invoice).files

        assert ["invoice.pdf"] * 2 == [file.name for file in files]
        assert sorted(contents) == sorted(content_of(source, file) for file in files)
        with pytest.raises(NotFound):
            content_of(source, InvoiceFile(key="987654321", name="none.pdf"))

    def test_the_tenant_is_the_same_whoever_asks(self, world: InvoiceWorld) -> None:
        """The name of the tenant stays, because it is part of every key."""
        name = world.source.tenant()
        world.advance(120)

        assert name == world.source.tenant()
        assert name

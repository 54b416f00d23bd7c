"""The contracts of payments: what a ledger says it has settled of purchase entries, and where payments of
invoices are written back.

A connector's tests subclass them and give the fixture `world`. What the engine does with an unknown outcome
is in `SinkContract`, for every kind of document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Protocol

import pytest

from ml_connector.contract.sinks import SinkContract, SinkWorld, differences, found, send
from ml_connector.domain import codec
from ml_connector.domain.document import Marker
from ml_connector.domain.money import Money
from ml_connector.domain.payment import PayableInvoice, Payment, Settlement
from ml_connector.errors import Inexpressible, NotFound, Refused
from ml_connector.ports.payments import PayableInvoices, PaymentSink, PaymentSource

ENTRY = "1000.00"
"""What is owed for an entry or an invoice of these worlds, unless another amount is said."""


class SettlingWorld(Protocol):
    """A ledger with purchase entries of one supplier, and a person who pays them."""

    @property
    def source(self) -> PaymentSource:
        """The connection's."""
        ...

    @property
    def entity(self) -> str:
        """The legal entity of the entries."""
        ...

    def reopen(self) -> PaymentSource:
        """The same connection opened anew."""
        ...

    def owe(self, amount: str = ENTRY, *, foreign: bool = False) -> str:
        """A purchase entry of so much, a credit note where it is negative; in another currency than the
        ledger's own where it is `foreign`. The ledger's id of it.
        """
        ...

    def pay(self, *of: tuple[str, str], discount: str = "", charges: str = "") -> str:
        """One payment of these entries, of so much each, all on one day; the id of the payment. The last of
        them keeps a discount besides, and `charges` of the bank are in the same line of the statement.
        """
        ...

    def unmatch(self, payment: str) -> None:
        """The payment stays, and pays nothing."""
        ...

    def reverse(self, payment: str) -> None:
        """The bank sends the money back."""
        ...

    def set_off(self, invoice: str, note: str) -> None:
        """An invoice is matched with a credit note, as far as both go."""
        ...

    def send_to_bank(self, entry: str) -> None:
        """What is open of the entry is put into a file for the bank."""
        ...

    def delete(self, entry: str) -> None:
        """A person deletes the entry."""
        ...

    def many(self) -> int:
        """More entries than one question asks for."""
        ...


def settled(world: SettlingWorld, *entries: str) -> Settlement:
    """Of the first of these entries, asked for with the others."""
    return world.source.settlements(world.entity, entries)[entries[0]]


def amounts(of: Settlement) -> list[str]:
    """Of its parts, in the order of amounts."""
    return sorted((str(part.amount.amount) for part in of.parts), key=Decimal)


class PaymentSourceContract:
    """Claims that hold for every ledger that says what is settled."""

    def test_nothing_is_settled_before_it_is_paid(self, world: SettlingWorld) -> None:
        """All of it is open, under the id that was asked for."""
        entry = world.owe()

        shown = settled(world, entry)

        assert ([], ENTRY, ENTRY) == (amounts(shown), str(shown.total.amount), str(shown.open.amount))
        assert (entry, world.entity, False) == (shown.entry, shown.entity, shown.reversed)
        assert shown == codec.decode(codec.encode(shown))

    def test_parts_and_rest_come_to_the_total(self, world: SettlingWorld) -> None:
        """A part payment, and the rest; the key of the first stays when the second is made."""
        entry = world.owe()
        world.pay((entry, "400.00"))
        (first,) = settled(world, entry).parts
        assert "600.00" == str(settled(world, entry).open.amount)
        world.pay((entry, "600.00"))

        shown = settled(world, entry)

        assert (["400.00", "600.00"], False) == (amounts(shown), bool(shown.open))
        assert first in shown.parts

    def test_two_equal_payments_on_a_day_are_two(self, world: SettlingWorld) -> None:
        """Each has a key of its own, which does not depend on who asks."""
        entry = world.owe()
        for _ in range(2):
            world.pay((entry, "50.00"))

        shown = settled(world, entry)

        assert ["50.00", "50.00"] == amounts(shown)
        assert 2 == len({part.key for part in shown.parts})
        assert shown == world.reopen().settlements(world.entity, [entry])[entry]

    def test_one_payment_of_several_entries_is_divided(self, world: SettlingWorld) -> None:
        """Each entry has what it was paid of it, and no more; what the bank charges is paid of none."""
        first, second, third = world.owe("300.00"), world.owe("250.00"), world.owe("40.00")
        world.pay((first, "300.00"), (second, "200.00"), (third, "40.00"), charges="15.00")

        shown = world.source.settlements(world.entity, [first, second, third])

        assert [["300.00"], ["200.00"], ["40.00"]] == [amounts(shown[one]) for one in (first, second, third)]
        assert "50.00" == str(shown[second].open.amount)

    def test_what_was_sent_to_the_bank_is_not_settled(self, world: SettlingWorld) -> None:
        """It is on its way: still open."""
        entry = world.owe()
        world.pay((entry, "400.00"))
        world.send_to_bank(entry)

        shown = settled(world, entry)

        assert (["400.00"], "600.00", "600.00") == (
            amounts(shown),
            str(shown.open.amount),
            str(shown.in_transit.amount),
        )

    def test_payment_that_is_taken_back_settles_nothing(self, world: SettlingWorld) -> None:
        """Unmatched, or sent back by the bank; the other payment stays, and it can be paid again."""
        for take_back in (world.unmatch, world.reverse):
            entry = world.owe()
            world.pay((entry, "400.00"))
            (first,) = settled(world, entry).parts
            take_back(world.pay((entry, "600.00")))

            shown = settled(world, entry)

            assert ((first,), "600.00") == (shown.parts, str(shown.open.amount))
            world.pay((entry, "600.00"))
            assert ["400.00", "600.00"] == amounts(settled(world, entry))

    def test_credit_note_settles_an_invoice(self, world: SettlingWorld) -> None:
        """As far as it goes; of the note itself a negative amount is settled."""
        invoice, note = world.owe(), world.owe("-50.00")
        world.set_off(invoice, note)

        shown = world.source.settlements(world.entity, [invoice, note])

        assert (["50.00"], "950.00") == (amounts(shown[invoice]), str(shown[invoice].open.amount))
        assert (["-50.00"], "-50.00") == (amounts(shown[note]), str(shown[note].total.amount))

    def test_discount_settles_too(self, world: SettlingWorld) -> None:
        """What was kept is part of what is settled, and a figure of its own."""
        entry = world.owe("1210.00")
        world.pay((entry, "1190.00"), discount="20.00")

        shown = settled(world, entry)

        assert (["1210.00"], False) == (amounts(shown), bool(shown.open))
        assert shown.parts[0].discount is not None
        assert "20.00" == str(shown.parts[0].discount.amount)

    def test_foreign_entry_is_settled_in_its_currency(self, world: SettlingWorld) -> None:
        """Its own amounts, to the cent, and the ledger's rate beside them."""
        entry = world.owe(foreign=True)
        world.pay((entry, "333.33"))

        shown = settled(world, entry)

        assert (["333.33"], "666.67") == (amounts(shown), str(shown.open.amount))
        assert shown.rate is not None
        assert shown.rate.currency != shown.total.currency

    def test_what_is_not_there_is_left_out(self, world: SettlingWorld) -> None:
        """Entries that were deleted, and ids that nobody knows."""
        entry, deleted = world.owe(), world.owe()
        world.delete(deleted)

        shown = world.source.settlements(
            world.entity, [entry, deleted, "3f2504e0-4f89-11d3-9a0c-0305e82c3301"]
        )

        assert {entry} == shown.keys()
        assert {} == world.source.settlements(world.entity, [])

    def test_many_entries_are_whole(self, world: SettlingWorld) -> None:
        """More than one question asks for, each with two parts."""
        entries = [world.owe("30.00") for _ in range(world.many())]
        world.pay(*((entry, "10.00") for entry in entries))
        world.pay(*((entry, "5.00") for entry in entries))

        shown = world.source.settlements(world.entity, entries)

        assert [["5.00", "10.00"]] * len(entries) == [amounts(shown[one]) for one in entries]


class PaymentWorld(SinkWorld, Protocol):
    """A source of invoices that takes payments of them. `document` pays ten units of one invoice of `ENTRY`
    that has an id in a ledger; with another key it is another payment of the same invoice and day.
    """

    @property
    def sink(self) -> PaymentSink: ...

    @property
    def invoices(self) -> PayableInvoices:
        """What can be paid."""
        ...

    def document(self, key: str = "bought:acme:1:0:1") -> Payment: ...

    def invoice(self, amount: str = ENTRY, *, entry: str = "", credit: bool = False) -> str:
        """An approved invoice; its id. It has `entry` as its id in a ledger where one is given."""
        ...

    def enter(self, invoice: str, amount: str) -> None:
        """A person enters a payment of the invoice."""
        ...

    def pages(self) -> int:
        """More invoices than a page of their list has."""
        ...


def state_of(world: PaymentWorld, document: Payment) -> PayableInvoice:
    """What is shown of its invoice now."""
    return world.invoices.now([document.entry])[document.invoice]


def of(document: Payment, amount: str, key: str = "") -> Payment:
    """Another amount, under a key of its own."""
    money = Money.parse(amount, document.amount.currency)
    return replace(document, key=key or document.key, amount=money, settles=money)


class PaymentSinkContract(SinkContract):
    """Claims that hold for every place where payments are written back."""

    def test_deleted_document_is_gone(self, world: SinkWorld) -> None:
        """A payment that somebody cancels is over and is not read, and is found all the same: under its key
        nothing is paid twice.
        """
        document = world.document()
        receipt = send(world, document)
        assert not world.sink.is_ended(receipt)

        world.delete(receipt.reference)

        assert [receipt] == found(world, document)
        assert world.sink.is_ended(receipt)
        with pytest.raises(NotFound):
            world.sink.read_back(receipt)

    def test_withdrawn_document_is_gone_and_no_other(self, world: SinkWorld) -> None:
        """Cancelling takes that one back; asked again it changes nothing, and the next revision is paid."""
        document, other = world.document(), world.document("bought:acme:2:0:1")
        receipt, kept = send(world, document), send(world, other)

        world.sink.end(receipt)
        assert world.sink.is_ended(receipt)
        again = send(world, world.document("bought:acme:1:0:2"))
        world.sink.end(receipt)

        assert {kept.reference, again.reference} == set(world.references())

    def test_payment_and_its_cancellation_move_the_invoice(self, world: PaymentWorld) -> None:
        """What is paid grows by it, and is as before when it is cancelled."""
        document = of(world.document(), "400.00")
        rest = of(world.document("bought:acme:2:0:1"), "600.00")
        assert ("0.00", ENTRY) == (str(state_of(world, document).paid.amount), _left(world, document))
        send(world, document)
        assert "600.00" == _left(world, document)
        receipt = send(world, rest)
        assert "0.00" == _left(world, document)

        world.sink.end(receipt)

        assert "600.00" == _left(world, document)

    def test_more_than_is_left_is_refused(self, world: PaymentWorld) -> None:
        """A cent too much, and anything where nothing is left: both by one code, and nothing is paid."""
        document = of(world.document(), "1000.01")
        with pytest.raises(Refused) as caught:
            send(world, document)
        assert "payment.exceeds" == caught.value.problem.code
        world.enter(document.invoice, ENTRY)
        before = world.references()

        with pytest.raises(Refused) as caught:
            send(world, of(document, "0.01"))

        assert ("payment.exceeds", before) == (caught.value.problem.code, world.references())

    def test_what_cannot_be_paid_is_not_sent(self, world: PaymentWorld) -> None:
        """Nothing, and less than nothing."""
        for amount in ("0.00", "-1.00"):
            document = of(world.document(), amount)

            assert world.sink.check(document)
            with pytest.raises(Inexpressible):
                send(world, document)

        assert [] == world.references()

    def test_two_equal_payments_are_two(self, world: PaymentWorld) -> None:
        """Same invoice, amount and day, under two keys: each is found by its own."""
        first, second = world.document(), world.document("bought:acme:2:0:1")

        receipts = [send(world, one) for one in (first, second)]

        assert [[receipt] for receipt in receipts] == [found(world, one) for one in (first, second)]

    def test_another_amount_and_day_is_a_difference(self, world: PaymentWorld) -> None:
        """What is read back is compared to the cent."""
        document = world.document()
        receipt = send(world, document)

        for other in (of(document, "10.01"), replace(document, paid_on=document.paid_on.replace(day=2))):
            assert 1 == len(differences(world, other, receipt))

    def test_many_payments_are_found_at_once(self, world: PaymentWorld) -> None:
        """More than one question looks for, each by its own marker."""
        documents = [of(world.document(f"bought:acme:{n}:0:1"), "1.00") for n in range(25)]
        receipts = [send(world, document) for document in documents]
        world.advance(world.sink.limits.visible_seconds)

        shown = world.sink.locate([(one, Marker.of(one.key)) for one in documents], None)

        assert {one.key: (receipt,) for one, receipt in zip(documents, receipts, strict=True)} == shown

    def test_payable_are_approved_invoices_that_are_marked(self, world: PaymentWorld) -> None:
        """Each with what is left; no credit note, none that is paid whole, and none without an id in a
        ledger.
        """
        document = world.document()
        open_, paid = world.invoice("30.00", entry="guid-1"), world.invoice("20.00", entry="guid-2")
        world.invoice("40.00")
        world.invoice("50.00", entry="guid-3", credit=True)
        world.enter(open_, "10.00")
        world.enter(paid, "20.00")

        shown = {one.invoice: one for one in world.invoices.payable()}

        assert {document.invoice, open_} == shown.keys()
        assert ("guid-1", "30.00", "10.00") == (
            shown[open_].entry,
            str(shown[open_].payable.amount),
            str(shown[open_].paid.amount),
        )
        assert shown[open_] == codec.decode(codec.encode(shown[open_]))
        assert {open_: "20.00", paid: "0.00"} == {
            one.invoice: str(one.left.amount) for one in world.invoices.now(["guid-1", "guid-2"]).values()
        }

    def test_payable_invoices_are_whole(self, world: PaymentWorld) -> None:
        """More than a page has."""
        marked = {world.invoice("10.00", entry=f"guid-{n}") for n in range(world.pages())}
        entries: Sequence[str] = [f"guid-{n}" for n in range(world.pages())]

        assert marked <= {one.invoice for one in world.invoices.payable()}
        assert marked == world.invoices.now(entries).keys()


def _left(world: PaymentWorld, document: Payment) -> str:
    return str(state_of(world, document).left.amount)

"""The contract of the purchase side of a ledger: purchase entries, and the facts they are checked with.
Their files are in `filing`.

A connector's tests subclass it and give the fixture `world`. What the engine does with an unknown outcome
is in `SinkContract`, for every kind of document.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Protocol

import pytest

from ml_connector.contract.sinks import SinkContract, SinkWorld, differences, send
from ml_connector.domain import codec
from ml_connector.domain.journal import ExchangeRate
from ml_connector.domain.money import Money
from ml_connector.domain.period import period_of
from ml_connector.domain.purchase import PurchaseEntry
from ml_connector.domain.purchase_checks import check_vat
from ml_connector.domain.vat import VatKind
from ml_connector.errors import CodeUnknown, Inexpressible, PeriodClosed, Refused
from ml_connector.ports.purchases import PurchaseFacts, PurchaseSink


class PurchaseWorld(SinkWorld, Protocol):
    """A ledger with suppliers, a purchase journal, an open period, and VAT codes of every kind."""

    @property
    def sink(self) -> PurchaseSink: ...

    @property
    def facts(self) -> PurchaseFacts:
        """What the ledger says of its purchase side."""
        ...

    def document(self, key: str = "bought:acme:1:0:1") -> PurchaseEntry:
        """An invoice of 100.00 and 50.00 in the ledger's own currency, VAT excluded, both with a cost center;
        its VAT is a cent more than the percentage comes to. Numbered by its key.
        """
        ...

    def code(self, kind: VatKind, *, charged: bool = False) -> str:
        """A VAT code for purchases, with a percentage where the kind has one."""
        ...

    def supplier(self) -> tuple[str, str]:
        """The ledger's id of the supplier of `document`, and its code."""
        ...

    def block_supplier(self, code: str) -> None:
        """A person blocks a supplier."""
        ...

    def foreign(self) -> ExchangeRate:
        """A rate, and so a currency that is not the ledger's own: `currency` is the ledger's own."""
        ...

    def foreign_currency(self) -> str:
        """A currency that the journal takes and that is not the ledger's own."""
        ...

    def edit(self, reference: str) -> None:
        """A person changes the net amount of the first line."""
        ...

    def pay(self, reference: str, minor: int | None = None) -> None:
        """A person books a payment of so many cents, or of all that is owed."""
        ...

    def process(self, reference: str) -> None:
        """A person or a job of the vendor makes the entry final."""
        ...

    def close_period(self, day: date) -> None:
        """A person closes the fiscal period of the day."""
        ...


def stated(world: PurchaseWorld, *lines: tuple[str, str, str]) -> PurchaseEntry:
    """The document with lines of so much net, VAT and VAT code."""
    document = world.document()
    first, currency = document.lines[0], document.currency
    made = (
        replace(first, net=Money.parse(net, currency), vat=Money.parse(vat, currency), vat_code=code)
        for net, vat, code in lines
    )
    return replace(document, lines=tuple(made))


def turned(document: PurchaseEntry) -> PurchaseEntry:
    """Its credit note, under a key of its own."""
    lines = tuple(replace(line, net=-line.net, vat=-line.vat) for line in document.lines)
    return replace(document, key=f"{document.key[:-1]}9", number=f"C{document.number}"[:20], lines=lines)


class PurchaseSinkContract(SinkContract):
    """Claims that hold for every place of purchase entries."""

    # --- amounts --------------------------------------------------------------------------------------------

    def test_stated_vat_is_booked_to_the_cent(self, world: PurchaseWorld) -> None:
        """What the supplier states is booked for each code, a cent more or less than its percentage, and what
        is owed is the sum.
        """
        code = world.code(VatKind.EXCLUDING)
        for cents in ("-0.01", "0.00", "0.01"):
            document = stated(world, ("37.50", "7.88", code), ("12.50", "2.62", code))
            last = replace(
                document.lines[1], vat=document.lines[1].vat + Money.parse(cents, document.currency)
            )
            document = replace(
                document, key=f"vat:{cents}:0:1", number=f"V{cents}", lines=(document.lines[0], last)
            )

            booked = world.sink.read_back(send(world, document))

            assert (document.payable, document.vat_by_code()) == (
                booked.payable,
                {code: booked.lines[0].vat + booked.lines[1].vat},
            )
            assert world.sink.compare(document, booked) == ()

    def test_each_kind_of_vat_code_is_booked_as_it_is_meant(self, world: PurchaseWorld) -> None:
        """Excluding, including, none and base only on one invoice: net and VAT of each are as written."""
        kinds = [world.code(kind) for kind in VatKind]
        vat = {VatKind.EXCLUDING: "21.00", VatKind.INCLUDING: "20.99"}
        lines = [("100.00", vat.get(kind, "0.00"), code) for kind, code in zip(VatKind, kinds, strict=True)]
        document = stated(world, *lines)

        booked = world.sink.read_back(send(world, document))

        assert world.sink.compare(document, booked) == ()
        assert Money.parse("441.99", document.currency) == booked.payable

    def test_no_vat_on_a_code_with_a_percentage_is_booked_as_none(self, world: PurchaseWorld) -> None:
        """Where the supplier states none, the ledger does not compute any."""
        document = stated(world, ("100.00", "0.00", world.code(VatKind.EXCLUDING)))

        assert differences(world, document, send(world, document)) == ()

    def test_reverse_charge_is_owed_net(self, world: PurchaseWorld) -> None:
        """The ledger books VAT to pay and to claim by itself; the supplier is owed the net amount."""
        code = world.code(VatKind.EXCLUDING, charged=True)
        document = stated(world, ("1000.00", "0.00", code), ("50.00", "10.50", world.code(VatKind.EXCLUDING)))

        booked = world.sink.read_back(send(world, document))

        assert world.sink.compare(document, booked) == ()
        assert Money.parse("1060.50", document.currency) == booked.payable
        ((charged, amount),) = booked.charged
        assert (code, True) == (charged, amount.minor > 0)

    def test_credit_note_is_negative(self, world: PurchaseWorld) -> None:
        """A credit note is owed to us, the ledger calls it one, and it takes its invoice back."""
        document = world.document()
        credit = turned(document)
        invoice = world.sink.read_back(send(world, document))

        booked = world.sink.read_back(send(world, credit))

        assert world.sink.compare(credit, booked) == ()
        assert (-document.payable, True) == (booked.payable, booked.credit_note is not False)
        assert world.sink.takes_back(booked, document)
        assert world.sink.cancels(booked, invoice)
        assert not world.sink.takes_back(invoice, document)

    def test_foreign_currency_is_booked_in_itself(self, world: PurchaseWorld) -> None:
        """Amounts are in the currency of the invoice, and the rate is the one given."""
        currency = world.foreign_currency()
        document = replace(world.document(), currency=currency, rate=world.foreign())
        lines = tuple(
            replace(line, net=Money(line.net.amount, currency), vat=Money(line.vat.amount, currency))
            for line in document.lines
        )
        document = replace(document, lines=lines)

        booked = world.sink.read_back(send(world, document))

        assert world.sink.compare(document, booked) == ()
        assert booked.rate is not None
        assert booked.rate.rate == world.foreign().rate

    def test_another_period_is_booked_where_it_is_given(self, world: PurchaseWorld) -> None:
        """The date of the invoice stays; the entry is in the fiscal period that was chosen."""
        document = world.document()
        later = document.invoice_date + timedelta(days=31)
        calendar = world.facts.calendar(document.entity, document.journal, later)
        period = period_of(later, calendar)
        assert period is not None
        document = replace(document, period=(period.year, period.number))

        booked = world.sink.read_back(send(world, document))

        assert world.sink.compare(document, booked) == ()
        assert booked.period in (document.period, None)

    def test_long_number_is_fitted_and_found(self, world: PurchaseWorld) -> None:
        """A number that is longer than the field is kept apart from others that begin alike."""
        long = "9" * (world.sink.limits.number_max + 5)
        first, second = (
            replace(world.document(f"long:{end}:0:1"), number=f"{long}{end}") for end in ("1", "2")
        )

        receipts = [send(world, document) for document in (first, second)]

        assert differences(world, first, receipts[0]) == differences(world, second, receipts[1]) == ()
        numbers = {world.sink.read_back(receipt).number for receipt in receipts}
        assert len(numbers) == 2

    def test_booked_entry_has_a_canonical_form(self, world: PurchaseWorld) -> None:
        """It can be kept and read again."""
        booked = world.sink.read_back(send(world, world.document()))

        assert booked == codec.decode(codec.encode(booked))

    # --- refused --------------------------------------------------------------------------------------------

    def test_vat_on_a_code_without_is_refused_before_sending(self, world: PurchaseWorld) -> None:
        """The ledger would book other amounts, or refuse: nothing is sent."""
        document = stated(world, ("100.00", "0.01", world.code(VatKind.NONE)))

        with pytest.raises(Inexpressible) as caught:
            send(world, document)

        assert caught.value.problem.code == "vat.none"
        assert world.references() == []

    def test_unknown_codes_are_named(self, world: PurchaseWorld) -> None:
        """A supplier or an account that is not there stops the entry, and the text names it."""
        document = world.document()
        line = replace(document.lines[0], account="98765")
        for wrong in (replace(document, supplier="98765"), replace(document, lines=(line,))):
            with pytest.raises(CodeUnknown) as caught:
                send(world, wrong)
            assert "98765" in caught.value.problem.text
        assert world.references() == []

    def test_closed_period_is_refused(self, world: PurchaseWorld) -> None:
        """The period is closed for the journal: nothing is booked, and the calendar shows it."""
        document = world.document()
        world.close_period(document.invoice_date)

        with pytest.raises(PeriodClosed):
            send(world, document)

        assert world.references() == []
        calendar = world.facts.calendar(document.entity, document.journal, document.invoice_date)
        period = period_of(document.invoice_date, calendar)
        assert period is not None
        assert not period.open

    def test_what_cannot_be_held_is_said_without_a_call(self, world: PurchaseWorld) -> None:
        """Too many lines, too long a text, another legal entity, no line: each is a problem, and nothing is
        sent.
        """
        document, limits = world.document(), world.sink.limits
        line = document.lines[0]
        wrong = {
            "entry.lines": replace(document, lines=(line,) * (limits.lines_max + 1)),
            "text.too_long": replace(document, text="x" * (limits.text_max + 1)),
            "entity.not_pinned": replace(document, entity=f"{document.entity}9"),
            "entry.empty": replace(document, lines=()),
        }
        before = world.said()

        assert world.sink.check(document) == ()
        assert {code: [code] for code in wrong} == {
            code: [problem.code for problem in world.sink.check(one)] for code, one in wrong.items()
        }
        assert before == world.said()

    # --- what people do -------------------------------------------------------------------------------------

    def test_edited_entry_is_seen(self, world: PurchaseWorld) -> None:
        """A person changed an amount: reading back shows it."""
        document = world.document()
        receipt = send(world, document)

        world.edit(receipt.reference)

        assert "read_back.line" in {problem.code for problem in differences(world, document, receipt)}

    def test_entries_of_other_days_are_not_near(self, world: PurchaseWorld) -> None:
        """Near are those of the date, and of the days until the last one that is asked for."""
        document = world.document()
        later = replace(
            world.document("bought:acme:2:0:1"), invoice_date=document.invoice_date + timedelta(days=1)
        )
        receipts = [send(world, one).reference for one in (document, later)]
        world.advance(world.sink.limits.visible_seconds)

        def near(last: date | None) -> list[str]:
            return [one.receipt.reference for one in world.sink.near(document, last)]

        assert receipts[:1] == near(None)
        assert receipts == near(later.invoice_date)

    def test_entries_with_the_number_are_look_alikes_of_any_date(self, world: PurchaseWorld) -> None:
        """As it is written: of any date. Spelled otherwise: within the days. Another: of the same date."""
        document, days = replace(world.document(), number="F-2026/014"), timedelta(days=20)
        far, near = (document.invoice_date - timedelta(days=number) for number in (40, 19))
        told = [("F-2026/014", far), ("f2026 014", near), ("F-77", document.invoice_date)]
        for number, (text, day) in enumerate([*told, ("f2026 014", far), ("F-77", near)]):
            send(world, replace(document, key=f"alike:{number}:0:1", number=text, invoice_date=day))
        world.advance(world.sink.limits.visible_seconds)

        found = world.sink.look_alikes(document, days)

        assert told == [(one.number, one.invoice_date) for one in found]

    def test_what_is_owed_is_shown_while_it_is_paid(self, world: PurchaseWorld) -> None:
        """Where the ledger says what is still owed it is all of it, then the rest, then nothing."""
        document = world.document()
        receipt = send(world, document)

        shown = [world.sink.read_back(receipt).open]
        world.pay(receipt.reference, 5000)
        shown.append(world.sink.read_back(receipt).open)
        world.pay(receipt.reference)
        shown.append(world.sink.read_back(receipt).open)

        fifty = Money.parse("50.00", document.currency)
        rest = [document.payable, document.payable - fifty, document.payable - document.payable]
        assert shown in (rest, [None] * 3)

    def test_paid_entry_is_not_withdrawn(self, world: PurchaseWorld) -> None:
        """Paid in part or all of it: the withdrawal is refused, and the entry stays."""
        receipts = [send(world, world.document(f"paid:{number}:0:1")) for number in (1, 2)]
        world.pay(receipts[0].reference, 100)
        world.pay(receipts[1].reference)

        for receipt in receipts:
            with pytest.raises(Refused):
                world.sink.end(receipt)

        assert [receipt.reference for receipt in receipts] == world.references()

    def test_final_entry_is_not_withdrawn(self, world: PurchaseWorld) -> None:
        """An entry that is not open any more stays."""
        receipt = send(world, world.document())
        world.process(receipt.reference)

        with pytest.raises(Refused):
            world.sink.end(receipt)

        assert [receipt.reference] == world.references()

    # --- facts ----------------------------------------------------------------------------------------------

    def test_chart_takes_what_the_sink_takes(self, world: PurchaseWorld) -> None:
        """Journal, accounts, codes, VAT codes and terms of an entry that is accepted are in the chart."""
        document = world.document()
        found = world.facts.chart(document.entity, document.journal, frozenset({"cost_center"}))
        chart = found.chart

        assert chart.journal_problem is None
        assert document.journal in dict(world.facts.journals(document.entity))
        assert document.currency in chart.currencies
        assert document.currency == chart.currency
        assert {line.account for line in document.lines} <= chart.accounts.keys()
        used = {value.code for line in document.lines for value in line.dimensions}
        assert used
        assert used <= chart.codes["cost_center"]
        assert list(check_vat(document, found.vat_codes)) == []
        assert {world.code(kind): kind for kind in VatKind}.items() <= {
            code.code: code.kind for code in found.vat_codes.values()
        }.items()
        charged = found.vat_codes[world.code(VatKind.EXCLUDING, charged=True)]
        assert charged.charged
        assert not charged.takes_vat(document.invoice_date)
        assert found.terms
        assert all(code == term.code for code, term in found.terms.items())

    def test_journal_of_another_kind_is_named(self, world: PurchaseWorld) -> None:
        """A journal that is not there, and so takes no purchase entry, is a problem of the chart."""
        document = world.document()

        assert world.facts.chart(document.entity, "nowhere", frozenset()).chart.journal_problem

    def test_suppliers_are_asked_afresh_by_their_id(self, world: PurchaseWorld) -> None:
        """A supplier is known by its id; one that is not there is left out, one that was blocked is."""
        document, (identity, code) = world.document(), world.supplier()
        nobody = "00000000-0000-4000-8000-000000000000"

        found = world.facts.suppliers(document.entity, [identity, nobody])
        assert {identity} == found.keys()
        assert (identity, code, True, False) == (
            found[identity].identity,
            found[identity].code,
            found[identity].is_supplier,
            found[identity].blocked,
        )
        assert {code: found[identity]} == world.facts.creditors(document.entity, [code, "NOBODY"])
        world.block_supplier(code)

        assert world.facts.suppliers(document.entity, [identity])[identity].blocked
        assert world.facts.creditors(document.entity, [code])[code].blocked

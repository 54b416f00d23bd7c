"""Documents of expense reports, booked and read back in a simulated division."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ml_connector.connectors.exact_online.tests.purchase_world import JOURNAL, SUPPLIER, Purchases
from ml_connector.contract import acts
from ml_connector.contract.sinks import differences, send
from ml_connector.domain.checks import check_entry, compare
from ml_connector.domain.dimension import dimensions
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.expense import (
    DistanceUnit,
    ExpenseLine,
    ExpenseReport,
    Mileage,
    PaidWith,
    ReceiptFile,
    ReportState,
    Vehicle,
)
from ml_connector.domain.expense_build import expense_entry
from ml_connector.domain.expense_policy import ExpenseForm, ExpensePolicy, NamedReport
from ml_connector.domain.invoice import StatedVat
from ml_connector.domain.journal import Chart, JournalEntry
from ml_connector.domain.money import Money
from ml_connector.domain.purchase import Dossier, PurchaseEntry
from ml_connector.domain.purchase_checks import check_vat
from ml_connector.errors import Refused

DAY = date(2026, 6, 15)


@pytest.fixture
def world(make_world: Callable[..., Any], tmp_path: Path) -> Purchases:
    """A division with a purchase journal and a general one."""
    return Purchases(make_world(), tmp_path)


def usd(text: str) -> Money:
    return Money.parse(text, "USD")


def expense(number: str, gross: str, **more: Any) -> ExpenseLine:
    given: dict[str, Any] = {
        "date": DAY,
        "paid_with": PaidWith.OWN_MONEY,
        "codes": dimensions({"account": "4100", "cost_center": "BOSADM"}),
        "files": (ReceiptFile(key=number, name="receipt.pdf"),),
    }
    return ExpenseLine(number=number, gross=usd(gross), **{**given, **more})


def report() -> ExpenseReport:
    """A receipt whose VAT is a cent more than its percentage comes to, a card with a private part, and a
    drive: 264.71 in all, of which the employee is owed 144.01.
    """
    drive = Mileage(
        distance=Decimal(100),
        unit=DistanceUnit.KM,
        rate=Decimal("0.23"),
        vehicle=Vehicle.PRIVATE_CAR,
        tax_free=Decimal("0.23"),
    )
    lines = (
        expense("x1", "121.01", taxes=(StatedVat(tax="high", amount=usd("21.01")),), text="Paper"),
        expense("x2", "120.70", paid_with=PaidWith.COMPANY_CARD, private=usd("18.00"), supplier="Cafe Noord"),
        expense("x3", "23.00", mileage=drive, files=(), text="Utrecht - Groningen"),
    )
    return ExpenseReport(
        reference="rep:1",
        report="rep",
        number="ER-1",
        state=ReportState.APPROVED,
        company="US01",
        employee="emp-19",
        employee_name="J. de Vries",
        currency="USD",
        approved_at=datetime(2026, 6, 15, 9, 0, tzinfo=UTC),
        gross=usd("264.71"),
        vat=usd("21.01"),
        reimbursable=usd("144.01"),
        company_paid=usd("120.70"),
        lines=lines,
    )


def made(world: Purchases, form: ExpenseForm, of: ExpenseReport) -> Any:
    policy = ExpensePolicy(
        entities={"US01": world.division},
        countries={world.division: "US"},
        form=form,
        purchase_journals={world.division: JOURNAL},
        general_journals={world.division: world.exact.journal},
        vat_codes={"high": "21"},
        vat_accounts={"high": "1500"},
        no_vat="N",
        employee_account="1710",
        clearing={"company_card": "1720"},
        private_account="1720",
    )
    named = NamedReport(
        key="spent:acme:rep:0:1", day=DAY, text="ER-1", currency="USD", supplier=SUPPLIER, number="ER-1"
    )
    found = expense_entry(of, policy, named)
    assert () == found.problems
    return found.entry


def balances(world: Purchases, receipt: Receipt) -> dict[str, Decimal]:
    """Account → what the division's own books have of the document."""
    where = f"EntryID eq guid'{receipt.reference}'"
    rows = world.rows("financialtransaction/TransactionLines", where, "GLAccountCode,AmountDC")
    found: dict[str, Decimal] = {}
    for row in rows:
        code = row["GLAccountCode"].strip()
        found[code] = found.get(code, Decimal(0)) + Decimal(row["AmountDC"])
    return {account: amount for account, amount in found.items() if amount}


def test_a_purchase_entry_is_for_the_employees_own_money(world: Purchases) -> None:
    """Costs with their VAT, the card's account relieved, and the employee owed what they paid."""
    entry = made(world, ExpenseForm.PURCHASE, report())
    assert isinstance(entry, PurchaseEntry)
    chart = world.facts.chart(world.division, JOURNAL, frozenset({"cost_center"}))
    assert [] == [*check_vat(entry, chart.vat_codes)]

    receipt = send(world, entry)

    assert () == differences(world, entry, receipt)
    assert {
        "4100": Decimal("225.70"),
        "1500": Decimal("21.01"),
        "1720": Decimal("-102.70"),
        "1600": Decimal("-144.01"),
    } == balances(world, receipt)


def test_a_journal_entry_balances_and_owes_the_employee_the_same(world: Purchases) -> None:
    """The same amounts on the same accounts, the employee's on a liability account."""
    entry = made(world, ExpenseForm.JOURNAL, report())
    assert isinstance(entry, JournalEntry)
    ledger = world.exact.system.sink(JournalEntry)
    chart = ledger.chart(world.division, world.exact.journal, frozenset({"cost_center"}))
    assert isinstance(chart, Chart)
    assert [] == check_entry(entry, chart)

    receipt = acts.send(ledger, entry)

    assert [] == compare(entry, ledger.read_back(receipt))
    assert {
        "4100": Decimal("225.70"),
        "1500": Decimal("21.01"),
        "1720": Decimal("-102.70"),
        "1710": Decimal("-144.01"),
    } == balances(world, receipt)


@pytest.mark.parametrize("supplier", [SUPPLIER, ""])
def test_a_journal_entry_has_its_receipts_in_a_document_that_names_it(
    world: Purchases, supplier: str
) -> None:
    """The entry is written first. Its document is kept as long as it is there, and found by its marker."""
    entry = made(world, ExpenseForm.JOURNAL, report())
    booked = acts.send(world.exact.system.sink(JournalEntry), entry)
    dossier = Dossier(
        key="spent:acme:rep:1:1",
        entity=world.division,
        title="ER-1 J. de Vries",
        supplier=supplier,
        date=DAY,
        entry=entry.key,
    )
    sink, marker = world.exact.system.sink(Dossier), Marker.of(dossier.key)
    assert dossier.refers == (entry.key,)

    with sink.prepare(dossier, marker, known={entry.key: booked}) as post:
        held = post(lambda: None)

    assert () == sink.compare(dossier, sink.read_back(held))
    assert booked.reference == sink.read_back(held).entry
    assert [held] == [*sink.locate([(dossier, marker)], None)[dossier.key]]
    assert [held] == [each.receipt for each in sink.near(dossier)]
    with pytest.raises(Refused, match=r"so it is not deleted"):
        sink.end(held)
    other = replace(dossier, key="spent:acme:other:1:1", entry=None)
    with sink.prepare(other, Marker.of(other.key)) as post:
        unlinked = post(lambda: None)
    (problem,) = sink.compare(dossier, sink.read_back(unlinked))
    assert "read_back.header" == problem.code
    sink.end(unlinked)
    assert sink.is_ended(unlinked)


def test_what_came_back_is_a_credit_note_of_the_employee(world: Purchases) -> None:
    """A report of returns alone, where the flow lets an employee owe."""
    back = replace(
        report().lines[0], gross=usd("-121.01"), taxes=(StatedVat(tax="high", amount=usd("-21.01")),)
    )
    of = replace(
        report(), lines=(back,), gross=usd("-121.01"), vat=None, reimbursable=None, company_paid=None
    )
    policy = ExpensePolicy(
        entities={"US01": world.division},
        purchase_journals={world.division: JOURNAL},
        vat_codes={"high": "21"},
        may_owe=True,
    )
    named = NamedReport(
        key="spent:acme:rep:0:2", day=DAY, text="", currency="USD", supplier=SUPPLIER, number="ER-2"
    )
    entry = expense_entry(of, policy, named).entry
    assert isinstance(entry, PurchaseEntry)

    receipt = send(world, entry)

    assert () == differences(world, entry, receipt)
    assert Decimal("-100.00") == balances(world, receipt)["4100"]

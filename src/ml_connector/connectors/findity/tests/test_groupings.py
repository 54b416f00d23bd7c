"""Vouchers in every grouping, read from the simulator, against what its books say of the expenses behind."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.connectors.findity.names import PAYMENT_ONLY, PER_ACCOUNT, PER_EXPENSE
from ml_connector.connectors.findity.tests.simulated_world import SimulatedOrganization
from ml_connector.connectors.findity.translate import report_of
from ml_connector.contract.expense_world import Spent
from ml_connector.domain.dimension import code_on
from ml_connector.domain.expense import ExpenseReport, PaidWith
from ml_connector.domain.expense_checks import check_report
from ml_connector.domain.problem import Owner
from ml_connector.errors import Refused

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
OWN = [
    Spent(gross="121.00", vat="21.00", codes=("FIN",)),
    Spent(gross="60.50", vat="10.50", codes=("IT",)),
    Spent(gross="92.00", distance="400", rate="0.23"),
    Spent(gross="23.00", distance="100", rate="0.23"),
    Spent(gross="60.00", days="2", rate="30.00"),
]


def every(world: SimulatedOrganization) -> list[ExpenseReport]:
    source = world.source
    return [source.report(ref.reference) for ref in source.changed("", LONG_AGO).found]


def one(world: SimulatedOrganization, *reports: str) -> ExpenseReport:
    """What these reports, handed over together, are here."""
    world.advance(1)
    since = world.now()
    world.hand_over(*reports)
    source = world.source
    (ref,) = source.changed("", since).found
    return source.report(ref.reference)


def by_account(report: ExpenseReport) -> Counter[tuple[str | None, str]]:
    """Account and VAT code → minor units net, and those of VAT."""
    found: Counter[tuple[str | None, str]] = Counter()
    for line in report.lines:
        tax = line.taxes[0] if line.taxes else None
        vat = tax.amount.minor if tax else 0
        found[code_on("account", line.codes), tax.tax if tax else ""] += line.gross.minor - vat
        found["VAT", tax.tax if tax else ""] += vat
    return +found


def test_every_report_of_the_demo_company_is_as_its_books_say() -> None:
    """Five exports, one in each grouping with accounts: accounts, VAT and what is repaid come to the cent."""
    world = SimulatedOrganization()
    books = {each["number"]: each for each in world.books()["reports"]}
    world.settings["names"] = ""
    found = every(world)

    assert 8 == sum(len(report.number.split(", ")) for report in found)
    for report in found:
        held = [each for number in report.number.split(", ") for each in books[number]["expenses"]]
        wanted: Counter[tuple[str | None, str]] = Counter()
        for line in (line for expense in held for line in expense["lines"]):
            wanted[line["account"], line["vat_code"] or ""] += int(Decimal(line["net"]) * 100)
            wanted["VAT", line["vat_code"] or ""] += int(Decimal(line["vat"]) * 100)
        assert {**wanted} | {**by_account(report)} == {**wanted, **by_account(report)}
        assert [] == [*check_report(report)]
        own = sum(Decimal(each["gross"]) for each in held if each["reimbursable"])
        assert report.reimbursable is not None
        assert own == report.reimbursable.amount
        receipts = sorted(file["id"] for each in held for file in each["receipts"])
        files = {file.key for line in report.lines for file in line.files}
        files |= {file.key for file in report.files}
        assert receipts == sorted(key.partition("/")[2] for key in files)
        assert report.creditor.startswith("400")


@pytest.mark.parametrize("grouping", [*PER_EXPENSE, *PER_ACCOUNT])
def test_drives_keep_their_distance_in_every_grouping(grouping: str) -> None:
    """Two drives in one row are two drives, because what is above the rate without tax is found from them."""
    world = SimulatedOrganization(grouping=grouping)
    report = one(world, world.write("E-1", OWN))

    assert [] == [*check_report(report)]
    assert Decimal("356.50") == report.gross.amount
    drives = [line.mileage.distance for line in report.lines if line.mileage]
    assert [Decimal(400), Decimal(100)] == drives
    assert [Decimal(2)] == [line.per_diem.days for line in report.lines if line.per_diem]
    vat = [tax.amount.amount for line in report.lines for tax in line.taxes if tax.amount]
    assert sorted(vat) == [Decimal("10.50"), Decimal("21.00")]


@pytest.mark.parametrize("grouping", ["USER_PER_EXPENSE", "USER_PER_ACCOUNT"])
def test_reports_in_one_voucher_are_one_and_told_together(grouping: str) -> None:
    """One status counts for all of them; in another order they are the same."""
    world = SimulatedOrganization(grouping=grouping)
    reports = [world.write(f"E-{number}", OWN[:2]) for number in range(2)]
    report = one(world, *reports)

    assert ("E-0, E-1", Decimal("363.00")) == (report.number, report.gross.amount)
    world.source.marks.assign(report.reference, "booked", "Booked as 1")
    (told,) = (
        voucher
        for export in world.books()["exports"]
        for voucher in export["vouchers"]
        if set(voucher["reports"]) == {each.partition("/")[2] for each in reports}
    )
    assert ("BOOKED", "Booked as 1", 1) == (told["status"], told["message"], told["answers"])


@pytest.mark.parametrize("grouping", PER_ACCOUNT)
def test_rows_of_several_ways_of_paying_are_not_guessed(grouping: str) -> None:
    """Which cost the card paid is not said, so a person chooses another grouping."""
    world = SimulatedOrganization(grouping=grouping)
    spent = [*OWN[:1], Spent(gross="32.70", by_card=True, codes=("FIN",))]
    with pytest.raises(Refused) as refused:
        one(world, world.write("E-1", spent))

    assert "expense.added_up" == refused.value.problem.code
    assert Owner.ADMINISTRATOR == refused.value.problem.owner
    assert "REPORT_PER_EXPENSE" in refused.value.problem.text


@pytest.mark.parametrize("grouping", PER_ACCOUNT)
def test_rows_that_name_their_expenses_are_told_apart(grouping: str) -> None:
    """Then the card's costs are the card's."""
    world = SimulatedOrganization(grouping=grouping, switches={"row_names_expenses": True})
    spent = [*OWN[:1], Spent(gross="32.70", by_card=True, codes=("FIN",))]
    report = one(world, world.write("E-1", spent))

    assert [] == [*check_report(report)]
    assert {PaidWith.OWN_MONEY: "121.00", PaidWith.COMPANY_CARD: "32.70"} == {
        line.paid_with: str(line.gross.amount) for line in report.lines
    }


@pytest.mark.parametrize("grouping", PAYMENT_ONLY)
def test_groupings_for_payments_only_are_refused(grouping: str) -> None:
    """They hold no account and no VAT; the ping says so before a report does."""
    world = SimulatedOrganization(grouping=grouping)
    with pytest.raises(Refused) as refused:
        one(world, world.write("E-1", OWN[:1]))

    assert "expense.grouping" == refused.value.problem.code
    assert grouping in refused.value.problem.text
    world.control("set_grouping", grouping=grouping)
    wrong = [right for right in world.system.check() if not right.granted]
    assert ["vouchers of Noordkade Handel B.V."] == [right.name for right in wrong]
    assert "REPORT_PER_EXPENSE" in wrong[0].text


@pytest.mark.parametrize("grouping", ["REPORT_PER_EXPENSE", "REPORT_PER_ACCOUNT"])
def test_a_voucher_that_is_a_cent_off_is_refused(grouping: str) -> None:
    """Nothing is booked of it, and it says what differs."""
    world = SimulatedOrganization(grouping=grouping, switches={"voucher_off_by_cent": True})
    with pytest.raises(Refused) as refused:
        one(world, world.write("E-1", OWN[:2]))

    assert "expense.figures" == refused.value.problem.code
    assert "181.51 EUR" in refused.value.problem.text
    assert "E-1" in refused.value.problem.text


def test_without_bookkeeping_lines_are_compared_with_their_expenses() -> None:
    """There is no credit row then; a cent is found all the same."""
    world = SimulatedOrganization(switches={"voucher_off_by_cent": True})
    world.control("set_recipient", bookkeeping=False)
    with pytest.raises(Refused) as refused:
        one(world, world.write("E-1", OWN[:1]))
    assert "expense.figures" == refused.value.problem.code

    world.turn(voucher_off_by_cent=False)
    assert Decimal("121.00") == one(world, world.write("E-2", OWN[:1])).gross.amount


def test_vouchers_without_their_expenses_are_refused() -> None:
    """Neither day nor way of paying is known then."""
    world = SimulatedOrganization(switches={"expenses_in_voucher": False})
    with pytest.raises(Refused) as refused:
        one(world, world.write("E-1", OWN[:1]))
    assert "expense.details" == refused.value.problem.code


def added(world: SimulatedOrganization, **expense: Any) -> ExpenseReport:
    """A report with one expense, as it is typed at the screen."""
    typed = {"type": "receipt", "date": "2026-07-20", "text": "x", "category": "Training", **expense}
    found = world.control("add_report", user="Anouk de Vries", title="E-1", expenses=[typed])
    return one(world, f"{world.organization}/{found['id']}")


def test_what_was_spent_abroad_keeps_amount_and_rate() -> None:
    """The rate is that of the expense, and leads to the amount."""
    world = SimulatedOrganization()
    report = added(world, amount="640.80", currency="USD", rate="0.9204", vat="0", files=[["a.pdf", 9]])
    (line,) = report.lines

    assert ("640.80 USD", "589.79 EUR") == (str(line.original), str(line.gross))
    assert line.rate is not None
    assert (Decimal("0.9204"), "EUR", "Findity") == (line.rate.rate, line.rate.currency, line.rate.source)
    assert [] == [*check_report(report)]


def test_a_row_with_a_pay_code_belongs_to_wages() -> None:
    """One owner for each expense."""
    world = SimulatedOrganization()
    report = added(world, amount="50.00", vat="0", salary_code="1234", files=[["a.pdf", 9]])

    assert ["1234"] == [line.payroll_code for line in report.lines]


def test_a_missing_receipt_says_why_and_one_without_reason_is_found() -> None:
    """A reason stands in its place; without one the checks stop the report."""
    world = SimulatedOrganization()
    assert [] == [*check_report(added(world, amount="5.00", vat="0", missing_receipt="Lost"))]
    problems = check_report(added(world, amount="5.00", vat="0"))
    assert ["expense.receipt"] == [problem.code for problem in problems]


def test_other_ways_of_paying_are_what_the_connection_says() -> None:
    """The card, where it says nothing."""
    for named, wanted in (("", PaidWith.COMPANY_CARD), ("Company card=company_account", "company_account")):
        world = SimulatedOrganization(paid_with=named)
        report = added(world, amount="5.00", vat="0", paid_by="Company card", files=[["a.pdf", 9]])
        assert [wanted] == [line.paid_with for line in report.lines]


def test_the_day_of_the_voucher_is_taken_where_the_connection_says_so() -> None:
    """Else the flow chooses."""
    for setting, wanted in (("flow", None), ("voucher", date(2026, 8, 3))):
        world = SimulatedOrganization(posting_date=setting)
        assert wanted == added(world, amount="5.00", vat="0", files=[["a.pdf", 9]]).posting_date


def test_dimensions_have_the_axes_that_the_connection_says() -> None:
    """By their own names without it."""
    world = SimulatedOrganization(axes="Cost center=department")
    report = added(world, amount="5.00", vat="0", codes={"Cost center": "IT"}, files=[["a.pdf", 9]])

    assert "IT" == code_on("department", report.lines[0].codes)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("amount", True),
        ("amount", "12,50"),
        ("amount", None),
        ("amount", Decimal("1E+9999999")),
        ("amount", "0.001"),
        ("rowType", "OTHER"),
        ("expenseId", "another"),
        ("dimensions", [7]),
        ("taxPercentage", "all"),
    ],
)
def test_a_row_that_cannot_be_understood_stops_its_report_alone(key: str, value: Any) -> None:
    """With its number and a reason, and without a defect."""
    world = SimulatedOrganization()
    report = world.write("E-1", OWN[:1])
    world.hand_over(report)
    source = world.source
    (ref,) = source.changed("", world.now()).found
    unit = source._unit(ref.reference)
    unit.vouchers[0].fields["rows"][0][key] = value
    with pytest.raises(Refused) as refused:
        report_of(unit, source._options)
    assert "expense.figures" == refused.value.problem.code
    assert "E-1" in refused.value.problem.text

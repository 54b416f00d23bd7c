"""A report becomes the document of just what was spent and is owed, or it is said why not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.domain.expenses import DAY, drive, line, money, report, tax

from ml_connector.domain.dimension import dimensions
from ml_connector.domain.expense import (
    Advance,
    DistanceUnit,
    ExpenseLine,
    ExpenseReport,
    PaidWith,
    PerDiem,
    Vehicle,
)
from ml_connector.domain.expense_build import BuiltReport, expense_entry
from ml_connector.domain.expense_parts import line_text
from ml_connector.domain.expense_policy import ExpenseForm, ExpensePolicy, NamedReport, PaidByWages
from ml_connector.domain.journal import ExchangeRate, JournalEntry
from ml_connector.domain.mapping import Mapping, MappingRule, Resolver, Target
from ml_connector.domain.purchase import PurchaseEntry

PURCHASE, JOURNAL = ExpenseForm.PURCHASE, ExpenseForm.JOURNAL
POLICY = ExpensePolicy(
    entities={"NL01": "1204", "NO01": "1205", "SE01": "1206"},
    countries={"1204": "NL", "1205": "NO", "1206": "SE"},
    purchase_journals={"1204": "70", "1205": "70", "1206": "70"},
    general_journals={"1204": "90", "1205": "90", "1206": "90"},
    accounts={"mileage": "4700", "mileage_above": "4790", "mileage_extra": "4791", "per_diem": "4720"},
    vat_codes={"high": "5", "low": "6", "zero": "0"},
    vat_accounts={"high": "1520", "low": "1521"},
    no_vat="N",
    no_vat_categories=frozenset({"restaurant"}),
    no_vat_taxes=frozenset({"food"}),
    employee_account="1710",
    clearing={"company_card": "1790", "company_account": "1791", "cash_advance": "1792"},
    advance_account="1793",
    private_account="1794",
    extras=frozenset({"parking"}),
)
NAMED = NamedReport(
    key="k:0:1", day=date(2026, 3, 20), text="ER-1", currency="EUR", supplier="E1019", number="ER-1"
)
CARD = PaidWith.COMPANY_CARD


def built(
    *lines: ExpenseLine, form: ExpenseForm = PURCHASE, resolver: Resolver | None = None, **more: Any
) -> BuiltReport:
    names = [name for name in more if name in ExpensePolicy.__dataclass_fields__]
    policy = replace(POLICY, form=form, **{name: more.pop(name) for name in names})
    of = more.pop("of", None) or report(*lines, **more)
    named = replace(NAMED, currency=of.currency) if "rate" not in more else NAMED
    return expense_entry(of, policy, named, resolver)


def purchase(*lines: ExpenseLine, **more: Any) -> PurchaseEntry:
    found = built(*lines, **more)
    assert () == found.problems
    assert isinstance(found.entry, PurchaseEntry)
    return found.entry


def journal(*lines: ExpenseLine, **more: Any) -> JournalEntry:
    found = built(*lines, form=JOURNAL, **more)
    assert () == found.problems
    assert isinstance(found.entry, JournalEntry)
    assert found.entry.debit == found.entry.credit
    return found.entry


def refused(*lines: ExpenseLine, **more: Any) -> list[str]:
    found = built(*lines, **more)
    assert found.entry is None
    return [problem.code for problem in found.problems]


def costs(entry: PurchaseEntry) -> list[tuple[str, str, str, str]]:
    return [(line.account, str(line.net.amount), str(line.vat.amount), line.vat_code) for line in entry.lines]


def amounts(entry: JournalEntry) -> list[tuple[str, str]]:
    return [(line.account, str(line.amount.amount)) for line in entry.lines]


HOTEL = line("177.90", tax("high", "25.20", "120.00"), tax("low", "2.70", "30.00"), supplier="Hotel Zuid")


# --- the two kinds of document ------------------------------------------------------------------------------


def test_the_employee_is_the_supplier_of_a_purchase_entry() -> None:
    entry = purchase(HOTEL)
    assert [("4500", "120.00", "25.20", "5"), ("4500", "30.00", "2.70", "6")] == costs(entry)
    assert (money("177.90"), "E1019", "1204", "70") == (
        entry.payable,
        entry.supplier,
        entry.entity,
        entry.journal,
    )
    assert (date(2026, 3, 20), "ER-1") == (entry.invoice_date, entry.number)


def test_the_employee_is_owed_on_a_liability_account_of_a_journal_entry() -> None:
    entry = journal(HOTEL)
    assert [
        ("4500", "120.00"),
        ("1520", "25.20"),
        ("4500", "30.00"),
        ("1521", "2.70"),
        ("1710", "-177.90"),
    ] == amounts(entry)
    assert ("90", "J. de Vries") == (entry.journal, entry.lines[-1].text)
    assert "1719" == journal(HOTEL, employee_accounts={"emp-19": "1719"}).lines[-1].account


OWN_AND_CARD = (line("50.00"), line("25.00", number="x2", paid_with=CARD))


def test_the_employee_is_owed_their_own_money_alone() -> None:
    """Fifty of their own and 25 of the card: 50, and the card's account is relieved of 25."""
    entry = purchase(*OWN_AND_CARD)
    assert [("4500", "50.00"), ("4500", "25.00"), ("1790", "-25.00")] == [each[:2] for each in costs(entry)]
    assert ({"N"}, money("50.00")) == ({line.vat_code for line in entry.lines}, entry.payable)
    assert [("4500", "50.00"), ("4500", "25.00"), ("1790", "-25.00"), ("1710", "-50.00")] == amounts(
        journal(*OWN_AND_CARD)
    )


def test_a_report_that_owes_the_employee_nothing_is_a_journal_entry() -> None:
    found = built(line("121.00", tax("high", "21.00"), paid_with=CARD))
    assert isinstance(found.entry, JournalEntry)
    assert [("4500", "100.00"), ("1520", "21.00"), ("1790", "-121.00")] == amounts(found.entry)


@pytest.mark.parametrize(
    ("paid", "account"), [(PaidWith.COMPANY_ACCOUNT, "1791"), (PaidWith.CASH_ADVANCE, "1792")]
)
def test_what_the_company_paid_is_taken_off_its_account(paid: PaidWith, account: str) -> None:
    entry = journal(line("50.00", paid_with=paid))
    assert (account, "-50.00") == amounts(entry)[-1]
    assert ["expense.clearing"] == refused(line("50.00", paid_with=paid), form=JOURNAL, clearing={})


def test_an_advance_is_subtracted_once() -> None:
    advance = (Advance(reference="a", amount=money("12000.00")),)
    entry = purchase(line("15000.00"), advances=advance)
    assert ("1793", "-12000.00", "0.00", "N") == costs(entry)[-1]
    assert money("3000.00") == entry.payable
    assert ["expense.clearing"] == refused(line("15000.00"), advances=advance, advance_account="")


def test_an_employee_who_would_owe_is_a_question() -> None:
    advance = (Advance(reference="a", amount=money("60.00")),)
    assert ["expense.owes"] == refused(line("50.00"), advances=advance)
    assert money("-10.00") == purchase(line("50.00"), advances=advance, may_owe=True).payable


# --- VAT ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "of",
    [
        line("54.50", tax("low", "4.50"), category="restaurant"),
        line("54.50", tax("food", "4.50")),
        line("54.50", tax("low", "4.50"), country="DE"),
        line("54.50", tax("low", "4.50"), files=(), missing_receipt="a card slip"),
        line("54.50", tax("low", "4.50"), deductible=Decimal(0)),
        line("54.50"),
    ],
)
def test_vat_that_may_not_be_claimed_is_a_part_of_the_cost(of: ExpenseLine) -> None:
    """In the Netherlands that of restaurants, elsewhere that of other countries, and never without a
    receipt.
    """
    (cost,) = costs(purchase(of))
    assert ("4500", "54.50", "0.00") == cost[:3]
    assert [("4500", "54.50"), ("1710", "-54.50")] == amounts(journal(of))


def test_a_line_without_vat_has_the_code_for_that() -> None:
    assert "N" == costs(purchase(line("54.50")))[0][3]
    assert ["expense.vat_code"] == refused(line("54.50"), no_vat="")


def test_vat_of_another_country_goes_to_its_own_account_where_there_is_one() -> None:
    fuel = line("119.00", tax("de", "19.00"), country="DE")
    assert [("4500", "100.00", "0.00", "N"), ("1530", "19.00", "0.00", "N")] == costs(
        purchase(fuel, foreign_vat_account="1530")
    )
    assert [("4500", "119.00", "0.00", "N")] == costs(purchase(fuel))
    assert ["expense.country"] == refused(fuel, countries={})


def test_a_tip_has_no_vat() -> None:
    entry = purchase(line("60.00", tax("low", "4.50", "50.00"), tax("zero", "0.00", "5.50")))
    assert [("4500", "50.00", "4.50", "6"), ("4500", "5.50", "0.00", "0")] == costs(entry)


def test_the_private_part_is_taken_out_in_proportion() -> None:
    """200.00 with VAT of 34.71, of which 18.00 are private: VAT of 31.59."""
    shared = line("200.00", tax("high", "34.71"), private=money("18.00"), paid_with=CARD)
    assert [("4500", "150.41"), ("1520", "31.59"), ("1790", "-200.00"), ("1794", "18.00")] == amounts(
        journal(shared)
    )
    own = purchase(replace(shared, paid_with=PaidWith.OWN_MONEY))
    assert ([("4500", "150.41", "31.59", "5")], money("182.00")) == (costs(own), own.payable)
    assert ["expense.clearing"] == refused(shared, private_account="")


def test_the_private_part_of_several_taxes() -> None:
    entry = purchase(replace(HOTEL, private=money("77.90")))
    assert [("4500", "67.45", "14.17", "5"), ("4500", "16.86", "1.52", "6")] == costs(entry)
    assert money("100.00") == entry.payable


def test_a_share_of_the_vat_may_be_claimed() -> None:
    """Of 21.01 the half, and the middle cent is claimed."""
    entry = purchase(line("121.05", tax("high", "21.01"), deductible=Decimal(50)))
    assert [("4500", "110.54", "10.51", "5")] == costs(entry)


def test_net_and_vat_are_split_by_themselves() -> None:
    thirds = tuple(
        Target(account=account, percent=Decimal(percent))
        for account, percent in (("4501", "33.34"), ("4502", "33.33"), ("4503", "33.33"))
    )
    rules = (MappingRule(name="thirds", account="4500", targets=thirds),)
    resolver = Resolver(mapping=Mapping(name="m", version=1, rules=rules), day=DAY)
    assert [
        ("4501", "33.34", "7.01", "5"),
        ("4502", "33.33", "7.00", "5"),
        ("4503", "33.33", "7.00", "5"),
    ] == costs(purchase(line("121.01", tax("high", "21.01")), resolver=resolver))
    assert ["mapping.unmapped"] == refused(line("1.00", account="4999"), resolver=resolver)


@pytest.mark.parametrize("form", [PURCHASE, JOURNAL])
def test_a_tax_that_the_flow_does_not_know_is_never_booked_as_another(form: ExpenseForm) -> None:
    assert ["expense.vat_code"] == refused(line("105.00", tax("odd", "5.00")), form=form)


# --- drives and allowances ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("company", "currency", "of", "expected"),
    [
        ("NL01", "EUR", ("30.00", "100", "0.30", DistanceUnit.KM), [("4700", "23.00"), ("4790", "7.00")]),
        ("NO01", "NOK", ("530.00", "100", "5.30", DistanceUnit.KM), [("4700", "350.00"), ("4790", "180.00")]),
        ("SE01", "SEK", ("117.50", "47", "2.50", DistanceUnit.KM), [("4700", "117.50")]),
        ("SE01", "SEK", ("141.00", "4.7", "30", DistanceUnit.MIL), [("4700", "117.50"), ("4790", "23.50")]),
        ("NL01", "EUR", ("92.00", "400", "0.23", DistanceUnit.KM), [("4700", "92.00")]),
    ],
)
def test_what_is_above_the_largest_amount_without_tax_has_its_own_account(
    company: str, currency: str, of: tuple[str, str, str, DistanceUnit], expected: list[tuple[str, str]]
) -> None:
    found = drive(*of, currency=currency)
    entry = purchase(found, company=company, currency=currency)
    assert expected == [cost[:2] for cost in costs(entry)]
    assert {"N"} == {cost[3] for cost in costs(entry)}
    if len(expected) > 1:
        assert ["expense.above"] == refused(found, company=company, currency=currency, accounts={})


def test_the_rate_is_that_of_the_day_of_travel_and_not_of_the_posting() -> None:
    """Norway, travelled on the last day of 2025 and approved in January: at 5.00, and so it stays."""
    trip = drive("500.00", "100", "5.00", currency="NOK", date=date(2025, 12, 31))
    found = built(trip, company="NO01", currency="NOK")
    assert isinstance(found.entry, PurchaseEntry)
    assert [("4700", "350.00"), ("4790", "150.00")] == [cost[:2] for cost in costs(found.entry)]
    assert ("150.00 NOK of expense x1 are pay: booked on 4790.",) == found.notes
    dutch = drive("21.00", "100", "0.21", date=date(2023, 12, 31))
    assert [("4700", "21.00")] == [cost[:2] for cost in costs(purchase(dutch))]
    more = drive("23.00", "100", "0.23", date=date(2023, 12, 31))
    assert [("4700", "21.00"), ("4790", "2.00")] == [cost[:2] for cost in costs(purchase(more))]


def test_a_drive_without_a_known_rate_is_refused() -> None:
    """A year that nobody looked up, a vehicle without a row, and a legal entity without a country."""
    assert ["expense.mileage_rate"] == refused(drive("23.00", "100", "0.23", date=date(2027, 1, 1)))
    company_car = drive("23.00", "100", "0.23", vehicle=Vehicle.COMPANY_CAR)
    assert ["expense.mileage_rate"] == refused(company_car)
    assert ["expense.country"] == refused(drive("23.00", "100", "0.23"), countries={})
    in_kroner = drive("23.00", "100", "0.23", currency="NOK")
    assert ["expense.mileage_rate"] == refused(in_kroner, currency="NOK")


def test_a_rate_that_the_source_states_counts_where_there_is_none_and_agrees_else() -> None:
    bicycle = drive(
        "300.00", "100", "3.00", currency="NOK", vehicle=Vehicle.BICYCLE, tax_free=Decimal("2.00")
    )
    entry = purchase(bicycle, company="NO01", currency="NOK")
    assert [("4700", "200.00"), ("4790", "100.00")] == [cost[:2] for cost in costs(entry)]
    agrees = drive("30.00", "100", "0.30", tax_free=Decimal("0.23"))
    assert [("4700", "23.00"), ("4790", "7.00")] == [cost[:2] for cost in costs(purchase(agrees))]
    assert ["expense.mileage_rate"] == refused(drive("30.00", "100", "0.30", tax_free=Decimal("0.30")))


def test_commuting_and_company_cars_have_accounts_of_their_own() -> None:
    commute = replace(drive("23.00", "100", "0.23", commuting=True), codes=())
    assert ["expense.account"] == refused(commute)
    assert "4710" == costs(purchase(commute, accounts={"mileage": "4700", "commuting": "4710"}))[0][0]
    car = replace(
        drive("12.00", "1", "12", DistanceUnit.MIL, currency="SEK", vehicle=Vehicle.COMPANY_CAR), codes=()
    )
    assert ["expense.account"] == refused(car, company="SE01", currency="SEK")


PARKING = line("12.00", number="x2", category="parking")


@pytest.mark.parametrize(
    ("company", "currency", "gross", "rate", "account"),
    [
        ("NL01", "EUR", "23.00", "0.23", "4791"),
        ("NL01", "EUR", "10.00", "0.10", "4500"),
        ("NO01", "NOK", "350.00", "3.50", "4500"),
        ("SE01", "SEK", "250.00", "2.50", "4500"),
    ],
)
def test_parking_is_inside_of_the_dutch_maximum_and_apart_elsewhere(
    company: str, currency: str, gross: str, rate: str, account: str
) -> None:
    found = drive(gross, "100", rate, currency=currency)
    parking = replace(PARKING, gross=money("12.00", currency))
    entry = purchase(found, parking, company=company, currency=currency)
    assert (account, "12.00") == costs(entry)[-1][:2]


def test_parking_that_is_pay_is_never_silent() -> None:
    found = drive("23.00", "100", "0.23")
    assert ["expense.account"] == refused(found, PARKING, accounts={})
    assert any("is pay" in note for note in built(found, PARKING).notes)
    assert "4500" == costs(purchase(found, replace(PARKING, date=date(2026, 3, 15))))[-1][0]


def test_an_allowance_is_booked_as_it_is_stated() -> None:
    day = PerDiem(days=Decimal(1), rate=Decimal(634), deductions=money("126.80", "NOK"))
    entry = purchase(
        line("507.20", currency="NOK", codes=(), files=(), per_diem=day), company="NO01", currency="NOK"
    )
    assert [("4720", "507.20", "0.00", "N")] == costs(entry)


# --- one owner ----------------------------------------------------------------------------------------------


WAGES = line("30.00", number="x2", payroll_code="1234")


def test_what_wages_repay_is_not_booked_a_second_time() -> None:
    assert ["expense.payroll"] == refused(line("50.00"), WAGES)
    found = built(line("50.00"), WAGES, wages=PaidByWages.LEAVE_OUT)
    assert isinstance(found.entry, PurchaseEntry)
    assert (money("50.00"), ("x2",)) == (found.entry.payable, found.left_out)
    assert BuiltReport(left_out=("x2",)) == built(WAGES, wages=PaidByWages.LEAVE_OUT)
    by_card = replace(WAGES, paid_with=CARD)
    assert ["expense.payroll"] == refused(by_card, wages=PaidByWages.LEAVE_OUT)


# --- what stands against it ---------------------------------------------------------------------------------


def test_an_unknown_employee_is_not_booked() -> None:
    found = expense_entry(report(HOTEL), POLICY, replace(NAMED, supplier=""))
    assert (None, ["expense.employee"]) == (found.entry, [each.code for each in found.problems])
    assert "Employee J. de Vries (emp-19) of report ER-1 is not a supplier" in str(found.problems[0])
    assert ["expense.clearing"] == refused(HOTEL, form=JOURNAL, employee_account="")


def rate(currency: str) -> ExchangeRate:
    return ExchangeRate(currency=currency, rate=Decimal("0.90"), source="the report")


@pytest.mark.parametrize(
    ("currency", "given", "expected"),
    [
        ("USD", None, ["expense.rate"]),
        ("USD", rate("SEK"), ["expense.rate"]),
        ("EUR", rate("EUR"), ["expense.rate"]),
        ("USD", rate("EUR"), []),
        ("EUR", None, []),
    ],
)
def test_a_currency_without_a_rate_is_not_booked(
    currency: str, given: ExchangeRate | None, expected: list[str]
) -> None:
    of = report(line("50.00", currency=currency), currency=currency, rate=given)
    found = expense_entry(of, POLICY, NAMED)
    assert expected == [problem.code for problem in found.problems]
    assert (found.entry is None) == bool(expected)
    if found.entry is not None:
        assert given == found.entry.rate


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (report(HOTEL, company="NL99"), ["expense.company"]),
        (report(HOTEL, gross=money("177.89")), ["expense.totals"]),
        (report(line("121.00", tax("high", "-21.00"))), ["expense.vat"]),
        (report(line("9.00", codes=())), ["expense.account"]),
    ],
)
def test_what_cannot_be_booked_whole_is_not_booked_short(of: ExpenseReport, expected: list[str]) -> None:
    assert expected == refused(of=of)


def test_all_that_stands_against_it_is_said_at_once() -> None:
    of = report(line("9.00", codes=()), line("105.00", tax("odd", "5.00"), number="x2"), company="NL99")
    assert ["expense.company", "expense.account", "expense.vat_code"] == refused(of=of)


@pytest.mark.parametrize("form", [PURCHASE, JOURNAL])
def test_an_entry_that_is_short_is_a_defect(monkeypatch: pytest.MonkeyPatch, form: ExpenseForm) -> None:
    """Whatever goes wrong in between: an entry that is not for the whole amount is never made."""
    monkeypatch.setattr(
        "ml_connector.domain.expense_parts._business_shares", lambda line: [("", line.gross.minor - 1, 0)]
    )
    assert ["expense.dropped"] == refused(HOTEL, form=form)


# --- texts and codes ----------------------------------------------------------------------------------------


def test_a_code_of_the_line_goes_before_that_of_the_report() -> None:
    own = replace(HOTEL, codes=dimensions({"account": "4500", "cost_center": "100", "project": "P1"}))
    entry = purchase(own, line("9.00", number="x2"), codes=dimensions({"cost_center": "900"}))
    assert [dimensions({"cost_center": code}) for code in ("100", "100", "900")] == [
        cost.dimensions for cost in entry.lines
    ]
    assert dimensions({"cost_center": "100"}) == journal(own).lines[0].dimensions
    assert () == journal(own).lines[1].dimensions


def test_the_journal_that_the_source_chooses_goes_first() -> None:
    assert "71" == purchase(HOTEL, journal="71").journal


@pytest.mark.parametrize(
    ("of", "text"),
    [
        (line("9.00", supplier="Hotel Zuid", text="Hotel"), "Hotel Zuid Hotel"),
        (line("9.00", category="taxi"), "taxi"),
        (line("9.00", text="x" * 80), "x" * 59 + "…"),
        (
            line(
                "94.37",
                text="Licence",
                original=money("100.00", "USD"),
                rate=replace(rate("EUR"), rate=Decimal("0.9437")),
            ),
            "Licence (100.00 USD at 0.9437)",
        ),
        (line("94.37", text="y" * 80, original=money("100.00", "USD")), "y" * 46 + "… (100.00 USD)"),
        (
            replace(drive("92.00", "400", "0.23"), text="Customer visit in Groningen"),
            "Customer visit in Groningen (2026-03-14 400 km at 0.23)",
        ),
    ],
)
def test_a_line_says_what_it_is_of_and_its_figures_are_never_cut(of: ExpenseLine, text: str) -> None:
    assert text == line_text(of, 60)
    assert len(line_text(of, 60)) <= 60

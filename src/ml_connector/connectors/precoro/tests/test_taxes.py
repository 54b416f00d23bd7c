"""The taxes of an invoice: what is stated of each, or a question."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ml_connector.connectors.precoro.tests.company import line, refused
from ml_connector.domain.invoice import check_totals, vat_of_lines

HIGH = {"id": 9, "name": "VAT 21", "percent": 21}
LOW = {"id": 8, "name": "VAT 9", "percent": "9.0"}


def vat_of(it: Any, *taxes: Any, stated: Any = "0") -> list[tuple[str, Decimal, Decimal]]:
    """The taxes of a line with these, as they are read."""
    item = {**line(1, "100.00", stated), "taxes": {"data": list(taxes)}}
    found = it.read(it.company.add(items=[item]))
    return [(each.tax, each.amount.amount, each.percentage) for each in found.lines[0].taxes]


def test_a_tax_of_a_line_is_what_the_line_states(it: Any) -> None:
    """Its `value` is the percentage here, and no amount."""
    assert [("9", Decimal("21.01"), Decimal(21))] == vat_of(it, {**HIGH, "value": 21}, stated="21.01")


def test_several_taxes_are_what_each_states(it: Any) -> None:
    """By `taxAmount`, or by `value` where those come to the line's tax."""
    assert [Decimal("10.00"), Decimal("2.00")] == [
        amount
        for _, amount, _ in vat_of(
            it, {**HIGH, "taxAmount": 10}, {**LOW, "taxAmount": "2.00"}, stated="12.00"
        )
    ]


def test_values_that_are_no_percentages_are_amounts(it: Any) -> None:
    found = vat_of(it, {**HIGH, "value": 10}, {**LOW, "value": "2.00"}, stated="12.00")

    assert [Decimal("10.00"), Decimal("2.00")] == [amount for _, amount, _ in found]


@pytest.mark.parametrize("stated", ["30.00", "30.01"])
def test_a_tax_that_is_not_split_is_a_question(it: Any, stated: str) -> None:
    """Percentages are no amounts, also where they come to the tax by chance."""
    item = {**line(1, "100.00", stated), "taxes": [{**HIGH, "value": 21}, {**LOW, "value": 9}]}

    assert "invoice.tax" == refused(it, items=[item]).problem.code


def test_taxes_that_do_not_come_to_that_of_the_line_are_a_question(it: Any) -> None:
    item = {**line(1, "100.00", "12.01"), "taxes": [{**HIGH, "taxAmount": 10}, {**LOW, "taxAmount": 2}]}

    assert "invoice.tax" == refused(it, items=[item]).problem.code


def test_a_head_that_says_only_which_taxes_there_are_leaves_them_to_the_lines(it: Any) -> None:
    """Two rates, of which each line states its own."""
    low = {**line(2, "216.67", "19.50"), "taxes": [{**LOW, "value": 9}]}
    fields = {"items": [line(1, "50.00", "10.50"), low], "netSum": "266.67", "sum": "296.67"}
    found = it.read(it.company.add(**fields, taxes=[{**HIGH, "value": 21}, {**LOW, "value": 9}]))

    assert () == found.vat
    assert [] == list(check_totals(found))


TWO = [line(1, "100.00", "21.00"), {**line(2, "100.00", "9.00"), "taxes": [{**LOW, "value": 9}]}]


def test_what_the_head_states_of_each_tax_counts(it: Any) -> None:
    """Lines are rounded each for itself: a cent for each of them is no other document."""
    heads = [{**HIGH, "taxAmount": "21.01"}, {**LOW, "taxAmount": "9.00"}]
    found = it.read(it.company.add(items=TWO, netSum="200.00", sum="230.01", taxes=heads))

    assert [] == list(check_totals(found))
    assert [Decimal("21.01"), Decimal("9.00")] == [
        sum(each.amount.amount for each in line) for line in vat_of_lines(found)
    ]


def test_a_head_that_differs_by_more_is_a_question(it: Any) -> None:
    """Also where the amounts of two taxes change places, and the total fits."""
    heads = [{**HIGH, "taxAmount": "9.00"}, {**LOW, "taxAmount": "21.00"}]
    found = it.read(it.company.add(items=TWO, netSum="200.00", sum="230.00", taxes=heads))

    assert ["invoice.vat", "invoice.vat"] == [problem.code for problem in check_totals(found)]


def test_an_amount_of_tax_without_a_tax_is_a_question(it: Any) -> None:
    assert "invoice.tax" == refused(it, items=[{**line(1, "100.00", "21.00"), "taxes": []}]).problem.code


def test_tax_of_the_head_alone_is_left_to_the_head(it: Any) -> None:
    """Its one tax is the difference of the totals; the line says only which tax it has."""
    item = line(1, "50.00", None)
    found = it.read(it.company.add(items=[item], taxes=[{**HIGH, "value": 21}]))

    assert Decimal("10.50") == found.vat[0].amount.amount
    assert Decimal(0) == found.lines[0].taxes[0].amount.amount
    assert [] == list(check_totals(found))


def test_a_tax_of_nought_percent_is_a_tax(it: Any) -> None:
    """Reverse charge, exempt and zero-rated are told apart by it."""
    assert [("5", Decimal(0), Decimal(0))] == vat_of(it, {"id": 5, "percent": 0}, stated="0.00")

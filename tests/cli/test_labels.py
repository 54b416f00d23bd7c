"""Tables for people have labels; identifiers are for JSON."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ml_connector.cli.run_view import show_tie_out, tie_json
from ml_connector.domain.money import Money
from ml_connector.domain.tie_out import TieRow


def usd(amount: str) -> Money:
    """An amount of the pay run."""
    return Money(Decimal(amount), "USD")


ROWS = (
    TieRow(
        company="US1",
        what="employee_taxes",
        register=usd("12.00"),
        run=usd("12.00"),
        journal=usd("12.00"),
        ledger=None,
    ),
    TieRow(company="*", what="debit", register=None, run=usd("90"), journal=usd("90"), ledger=usd("90")),
)


def test_a_reconciliation_is_labelled_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """What is not reported is a dash, not an empty field; all companies are called so."""
    show_tie_out(ROWS, ("Pay register", "Payroll GL report", "Journal", "Ledger"))

    said = capsys.readouterr().out
    for label in (
        "Reconciliation, USD (– = not reported by this system)",
        "Pay register",
        "Payroll GL report",
        "Employee taxes",
        "All companies",
        "Debit",
    ):
        assert label in said
    assert 2 == said.split("\n", 1)[1].count("–")
    assert not {"employee_taxes", "*", "GL run"} & set(said.split())


def test_identifiers_stay_in_json() -> None:
    """A script reads what it read before, and `null` for what is not reported."""
    found = [tie_json(row) for row in ROWS]

    assert [("US1", "employee_taxes", None), ("*", "debit", "90.00")] == [
        (row["company"], row["what"], row["ledger"]) for row in found
    ]

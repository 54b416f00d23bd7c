"""What a ledger declares it can hold, against entries that ask for more."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from ml_connector.domain.dimension import dimensions
from ml_connector.domain.journal import JournalEntry, JournalLine
from ml_connector.domain.limits import check_limits
from ml_connector.domain.money import Money
from ml_connector.ports.ledger import LedgerLimits

LIMITS = LedgerLimits(lines_max=2, text_max=5, line_text_max=3, decimals=2)


def line(amount: str = "1.00", **changes: object) -> JournalLine:
    return replace(JournalLine(account="1", amount=Money(Decimal(amount), "KWD")), **changes)


def entry(*lines: JournalLine, text: str = "Wages") -> JournalEntry:
    return JournalEntry(
        key="k",
        entity="10",
        journal="95",
        posting_date=date(2026, 6, 30),
        currency="KWD",
        lines=lines or (line(), line("-1.00")),
        text=text,
    )


@pytest.mark.parametrize(
    ("ours", "code", "where"),
    [
        (entry(line(), line(), line()), "entry.lines", "lines"),
        (entry(text="Wages!"), "text.too_long", "text"),
        (entry(line(), line(text="June")), "text.too_long", "line 2"),
        (entry(line("0.001")), "amount.decimals", "line 1"),
        (entry(line("1234.5")), "amount.digits", "line 1"),
        (entry(line(dimensions=dimensions({"plant": "BER"}))), "dimension.inexpressible", "line 1"),
    ],
)
def test_what_does_not_fit(ours: JournalEntry, code: str, where: str) -> None:
    """Each with the field it stands in, and nothing else."""
    found = check_limits(ours, LIMITS, entities=("10", "20"), digits_max=4)

    assert [(code, where)] == [(problem.code, problem.where) for problem in found]


def test_limits_themselves_pass() -> None:
    """Zeros at the end are no digits, and a ledger may leave texts of lines open."""
    fits = entry(line("1234000", text="Jun"), line("-12.34"))

    assert check_limits(fits, LIMITS, digits_max=4) == []
    assert check_limits(entry(line(text="x" * 999)), replace(LIMITS, line_text_max=None)) == []


def test_legal_entity_of_another_connection() -> None:
    """Only where the connection names its legal entities."""
    (problem,) = check_limits(entry(), LIMITS, entities=("20", "30"))

    assert problem.text == (
        "Legal entity 10 is not one of this connection's (20, 30). Add it to the connection, use the"
        " connection that has it, or map the company to another."
    )

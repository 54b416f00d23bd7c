"""Claims about Third-Party Pay: envelopes, kinds of rows, voids, and records that cannot be believed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.contract.payroll import problems_of, rows_of, side_total
from ml_connector.domain.dimension import code_on
from ml_connector.errors import NotFound, RightMissing, VendorChanged

Make = Callable[..., Any]


@pytest.mark.parametrize("envelope", ["array", "d.results", "value"])
def test_every_envelope_is_read(make_third_party: Make, envelope: str) -> None:
    """The list comes bare or wrapped; what it holds is the same."""
    world = make_third_party(switches={"third_party_envelope": envelope})

    assert len(rows_of(world.source, world.newest())) == 72


def test_rows_by_code_balance(make_third_party: Make) -> None:
    """Earnings are debits, deductions credits, and what remains is net pay: each record balances."""
    world = make_third_party()
    rows = rows_of(world.source, world.newest())

    assert {("EARNING", "REG"), ("DEDUCTION", "MED"), ("NET", None)} == {
        (row.account, row.pay_code) for row in rows
    }
    assert side_total(rows, debit=True) == -side_total(rows, debit=False)
    assert code_on("org_level_1", rows[0].dimensions) == "BOSIT"


def test_rows_by_account(make_third_party: Make) -> None:
    """Where a tenant's records carry account, debit, credit and cost center, those are the rows."""
    world = make_third_party(switches={"third_party_gl": True}, third_party_rows="accounts")
    rows = rows_of(world.source, world.newest())

    assert ("5100", "BOSIT") == (rows[0].account, code_on("cost_center", rows[0].dimensions))
    assert sum(row.amount.minor for row in rows) == 0
    assert world.source.pay_run(world.newest()).subject == "HTC01 BIWEEK 2026-06-26 2026-07-03"


def test_account_row_with_both_sides_is_a_problem(make_third_party: Make) -> None:
    """It is not netted."""
    world = make_third_party(switches={"third_party_gl": True}, third_party_rows="accounts")
    world._first(lambda record: record.update(CreditAmount="1.00"))

    assert ["amount.both_sides"] == [problem.code for problem in problems_of(world.source, world.newest())]


def test_void_record_pays_nothing_and_changes_the_run(make_third_party: Make) -> None:
    """Its rows are gone; the reference is another, the subject the same."""
    world = make_third_party()
    before, run = rows_of(world.source, world.newest()), world.source.pay_run(world.newest())
    _, reference = world.void()

    assert len(before) - 3 == len(rows_of(world.source, reference))
    assert reference != run.reference
    assert run.subject == world.source.pay_run(reference).subject
    with pytest.raises(NotFound) as caught:
        world.source.pay_run(run.reference)
    assert reference in caught.value.problem.text


@pytest.mark.parametrize(
    ("change", "code", "word"),
    [
        (
            {"Earnings": [{"EarningCode": "REG", "EarningCurrentAmount": "12,50"}]},
            "amount.unreadable",
            "12,50",
        ),
        (
            {"Earnings": [{"EarningCode": "REG", "EarningCurrentAmount": "1_000"}]},
            "amount.unreadable",
            "1_000",
        ),
        ({"Earnings": [{"EarningCode": "REG"}]}, "amount.missing", "EarningCurrentAmount"),
        ({"Earnings": [{"EarningCurrentAmount": "1.00"}]}, "row.pay_code", "EarningCode"),
        ({"Earnings": "none"}, "row.shape", "Earnings"),
        ({"CurrencyCode": "EUR"}, "run.currency", "USD"),
    ],
)
def test_odd_record_is_a_problem(
    make_third_party: Make, change: dict[str, Any], code: str, word: str
) -> None:
    """The problem names the record, the field and the value; the other records arrive."""
    world = make_third_party()
    world._first(lambda record: record.update(change))

    (problem,) = problems_of(world.source, world.newest())
    assert (code, True) == (problem.code, problem.where.startswith("record "))
    assert word in problem.text


def test_record_without_an_id_stops_the_reading(make_third_party: Make) -> None:
    """Without id, company or pay date a record belongs to no run; the text points to the field names."""
    world = make_third_party()
    world._first(lambda record: record.pop("Id"))

    with pytest.raises(VendorChanged) as caught:
        world.newest()
    assert "Check the field names" in caught.value.problem.text


def test_field_names_are_the_tenants(make_third_party: Make) -> None:
    """A tenant with other names is read by a setting."""
    world = make_third_party(third_party_fields='{"earning_amount": "Amount"}')
    world._first(
        lambda record: [row.update(Amount=row.pop("EarningCurrentAmount")) for row in record["Earnings"]]
    )
    rows = [row for block in world.source.blocks(world.newest()) for row in block.rows]

    assert Decimal("5055.90") == rows[0].amount.amount


def test_missing_permission_is_named(make_third_party: Make) -> None:
    """The ping and the error say which web service."""
    world = make_third_party()
    world.control("permissions", revoke=["Third Party Pay"])

    with pytest.raises(RightMissing):
        world.newest()
    assert ["Third Party Pay"] == [
        right.name.partition(":")[0] for right in world.system.check() if not right.granted
    ]

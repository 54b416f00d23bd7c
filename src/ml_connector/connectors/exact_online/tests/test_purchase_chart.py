"""What a division does not take of a purchase entry is known before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ml_connector.connectors.exact_online.tests.purchase_world import Purchases, refuse
from ml_connector.contract.sinks import send
from ml_connector.domain.money import Money
from ml_connector.domain.purchase_checks import check_purchase
from ml_connector.errors import Inexpressible, Refused


@pytest.fixture
def world(make_world: Callable[..., Any], tmp_path: Path) -> Purchases:
    """A division with a purchase journal."""
    return Purchases(make_world(), tmp_path)


def test_accounts_and_currencies_that_exact_would_refuse_are_in_the_chart(world: Purchases) -> None:
    """Before anything is written: what is for debts of others, and a currency that the division has not."""
    row = {"Code": "1399", "Description": "Debtors", "Type": 20, "BalanceType": "B", "BalanceSide": "D"}
    world.call("POST", "financial/GLAccounts", row)
    line = replace(world.document().lines[0], account="1399", dimensions=())
    (supplier,) = world.facts.suppliers(world.division, [world.supplier()[0]]).values()
    chart = world.facts.chart(world.division, "60", frozenset({"cost_center"}))
    refused = [
        replace(world.document(), lines=(line,)),
        replace(world.document(), lines=(replace(line, account="1603"),)),
        replace(
            world.document(),
            currency="ZMW",
            lines=(
                replace(line, account="4100", net=Money.parse("9.00", "ZMW"), vat=Money.parse("1.89", "ZMW")),
            ),
        ),
    ]

    found = [check_purchase(one, chart, supplier, supplier.start or one.invoice_date) for one in refused]

    assert [["account.no_cost"], ["account.no_cost"], ["currency.refused"]] == [
        [problem.code for problem in problems] for problems in found
    ]
    for document in refused:
        with pytest.raises((Refused, Inexpressible)):
            send(world, document)
    assert {"USD", "EUR"} <= chart.chart.currencies


def test_currencies_that_our_user_may_not_read_are_those_of_the_journal(world: Purchases) -> None:
    """Exact refuses an entry in one that the division has not."""
    refuse(world, "general/Currencies", "Forbidden", status=403)

    chart = world.facts.chart(world.division, "60", frozenset({"cost_center"})).chart

    assert {"ZMW", "USD"} <= chart.currencies

"""The contract suite of payments on the simulated division."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ml_connector.connectors.exact_online.tests.purchase_world import Purchases, doctored
from ml_connector.contract.payments import ENTRY, PaymentSourceContract
from ml_connector.domain.payment import Settlement


class Settling(Purchases):
    """Entries that were typed in, and who pays them."""

    def __init__(self, exact: Any, folder: Path, **switches: Any) -> None:
        super().__init__(exact, folder)
        exact.post("switches", switches)
        self.entity, self.owed = exact.division, 0

    @property
    def source(self) -> Any:
        return self.exact.system.source(Settlement)

    def reopen(self) -> Any:
        return self.exact.connector.open(self.exact.settings, self.exact.wiring).source(Settlement)

    def owe(self, amount: str = ENTRY, *, foreign: bool = False) -> str:
        self.owed += 1
        lines = [{"account": "4100", "amount": amount, "vat_code": "N", "cost_center": "BOSADM"}]
        currency = {"currency": "EUR", "rate": "1.0825"} if foreign else {}
        return self.by_hand(your_ref=f"F-{self.owed}", lines=lines, **currency)

    def pay(self, *of: tuple[str, str], discount: str = "", charges: str = "") -> str:  # type: ignore[override]
        pays: list[dict[str, str]] = [{"entry": entry, "amount": amount} for entry, amount in of]
        more: dict[str, Any] = {}
        if discount:
            pays[-1]["discount"] = discount
            more["discount_account"] = "4100"
        if charges:
            more["extra"] = [{"account": "4100", "amount": charges, "text": "Charges"}]
        return str(self.control("pay", pays=pays, date="2026-07-01", **more)["id"])

    def unmatch(self, payment: str) -> None:
        self.control("unmatch", payment=payment)

    def reverse(self, payment: str) -> None:
        self.control("reverse_payment", payment=payment)

    def set_off(self, invoice: str, note: str) -> None:
        self.control("match", entries=[invoice, note])

    def send_to_bank(self, entry: str) -> None:
        self.control("set_payment_status", entries=[entry], status="processed")

    def many(self) -> int:
        return 45


class TestPayments(PaymentSourceContract):
    """As the sheet has it."""

    @pytest.fixture
    def world(self, make_world: Callable[..., Any], tmp_path: Path) -> Any:
        """A division with a bank journal."""
        return Settling(make_world(), tmp_path)


class TestOtherForms(PaymentSourceContract):
    """What is owed is negative, and the part that was paid keeps its row."""

    @pytest.fixture
    def world(self, make_world: Callable[..., Any], tmp_path: Path) -> Any:
        """A division with a bank journal."""
        return Settling(make_world(), tmp_path, payables_sign="negative", split_row_keeps="paid")


@pytest.mark.parametrize("sign", ["positive", "negative"])
def test_an_amount_that_is_not_its_rate_is_said(
    make_world: Callable[..., Any], tmp_path: Path, sign: str
) -> None:
    """In parts a cent is no contradiction; a rate that was turned round is."""
    world = Settling(make_world(), tmp_path, payables_sign=sign)
    entry = world.owe("1000.00", foreign=True)
    world.pay((entry, "333.33"))
    world.pay((entry, "666.67"))
    assert "" == world.source.settlements(world.entity, [entry])[entry].unfit

    def turned(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["AmountDC"] = round(row["AmountFC"] / row["RateFC"], 2)

    doctored(world, "Payments", turned)

    unfit = world.source.settlements(world.entity, [entry])[entry].unfit
    assert "333.33 EUR at 1.0825 is 360.83 USD and is shown as 307.93 USD" in unfit

"""What a posted entry books: exact amounts, and dimensions by name."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.connectors.dynamics_fo.posted import Posted, Voucher
from ml_connector.connectors.dynamics_fo.segments import DimensionFormat
from ml_connector.connectors.dynamics_fo.vouchers import Reading, lines_of
from ml_connector.domain.money import Money
from ml_connector.errors import VendorChanged


@pytest.mark.parametrize(
    "odd", [{"amount": Decimal("0.005")}, {"currency": "ZZZ"}, {"shown": "1-2-3"}], ids=str
)
def test_posted_amount_that_cannot_be_read_stops_the_list(odd: dict[str, Any]) -> None:
    """A voucher is never left out because an entry of it is odd."""
    plain = Posted(shown="601100-A", named=None, currency="EUR", amount=Decimal(5), own=Decimal(6), text="")
    entry = replace(plain, **odd)
    voucher = Voucher(key="1", number="V1", day=date(2026, 6, 1), document="", entries=(entry,))
    names = DimensionFormat(names=("MainAccount", "CostCenter"), delimiter="-")

    with pytest.raises(VendorChanged):
        lines_of(voucher, Reading(axes={"cost_center": "CostCenter"}, dimension_format=names, own="USD"))


def test_names_of_dimensions_in_other_letters_are_the_same() -> None:
    """And what is on no axis keeps the vendor's name."""
    named = {"MainAccount": "601100", "costcenter": "A", "Department": "", "Purpose": "X"}
    entry = Posted(shown="1-2-3", named=named, currency="EUR", amount=Decimal(5), own=Decimal(6), text="")
    voucher = Voucher(key="1", number="V1", day=date(2026, 6, 1), document="", entries=(entry,))
    names = DimensionFormat(names=("MainAccount", "CostCenter"), delimiter="-")

    (line,) = lines_of(
        voucher, Reading(axes={"cost_center": "CostCenter"}, dimension_format=names, own="USD")
    )

    assert ("601100", Money(Decimal(5), "EUR")) == (line.account, line.amount)
    assert [("Purpose", "X"), ("cost_center", "A")] == [(d.axis, d.code) for d in line.dimensions]

"""Numbers of invoices: compared without their spelling, and never cut so that two become one."""

from __future__ import annotations

import pytest

from ml_connector.domain.invoice_number import fitted, normal


@pytest.mark.parametrize(
    ("one", "other"), [("3411", "0034-11"), ("INV 2026/001", "inv2026001"), ("Ａ-7", "a7"), ("000", "0")]
)
def test_one_number_in_two_spellings(one: str, other: str) -> None:
    assert normal(one) == normal(other) != ""


@pytest.mark.parametrize(("one", "other"), [("3411", "3412"), ("A1", "B1"), ("10", "100")])
def test_two_numbers(one: str, other: str) -> None:
    assert normal(one) != normal(other)


@pytest.mark.parametrize("text", ["", " ", "-", "NA", "n/a", "n.v.t.", "None", "geen"])
def test_what_is_entered_where_there_is_none(text: str) -> None:
    assert "" == normal(text)


def test_a_number_that_is_too_long_stays_distinct() -> None:
    one, other = "2026-" + "7" * 26 + "001", "2026-" + "7" * 26 + "002"
    assert 30 == len(fitted(one, 30)) == len(fitted(other, 30))
    assert fitted(one, 30) != fitted(other, 30)
    assert fitted(one, 30).startswith("2026-777")
    assert one == fitted(f" {one} ", 34)


def test_a_field_that_holds_no_number() -> None:
    with pytest.raises(ValueError, match="holds no invoice number"):
        fitted("1234567", 6)

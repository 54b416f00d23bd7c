"""What is spread comes to what was stated, whatever the lines are."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.domain.invoices import TAXES, invoice, line

from ml_connector.domain.invoice import StatedVat, check_totals, signed, vat_of_lines
from ml_connector.domain.money import Money
from ml_connector.domain.vat import apportion

amounts = st.integers(-(10**12), 10**12)


@given(amounts, st.lists(amounts, min_size=1, max_size=40))
@example(455, [1010, 1010, 1010])
@example(2101, [1, 1, 1])
@example(5, [0, 0])
@example(1, [5, -5])
def test_no_unit_is_invented_or_lost(minor: int, weights: list[int]) -> None:
    parts = apportion(minor, weights)
    assert minor == sum(parts)
    assert [-part for part in parts] == apportion(-minor, weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part) <= max(abs(minor), abs(weight) + 1)


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**12), min_size=1, max_size=40))
@example(455, [1010, 1010, 1010])
def test_each_part_is_within_a_unit_of_its_share(minor: int, weights: list[int]) -> None:
    whole = sum(weights)
    for part, weight in zip(apportion(minor, weights), weights, strict=True):
        exact = Fraction(minor * weight, whole) if whole else Fraction(minor, len(weights))
        assert abs(part - exact) < 1


def test_lines_of_both_signs_keep_their_rate() -> None:
    """A line and its discount; and lines that nearly cancel each other."""
    assert [2100, -210] == apportion(1890, [10000, -1000])
    assert [1, 0] == apportion(1, [10000, -10000])
    assert [1, 1] == apportion(2, [10000, -9999])


lines = st.lists(st.tuples(st.integers(0, 10**7), st.sampled_from(sorted(TAXES))), min_size=1, max_size=30)
stated_vat = st.fixed_dictionaries({tax: st.integers(0, 10**7) for tax in TAXES})


@given(lines, stated_vat, st.booleans())
def test_money_in_is_money_out_for_each_tax(
    drawn: list[tuple[int, str]], vat: dict[str, int], negative: bool
) -> None:
    """As an invoice and as a credit note."""
    sign = -1 if negative else 1
    text = [str(Money.from_minor(sign * net, "EUR").amount) for net, _ in drawn]
    used = {tax: amount for tax, amount in vat.items() if tax in {tax for _, tax in drawn}}
    net = sum(net for net, _ in drawn)
    of = invoice(
        *(line(each, tax) for each, (_, tax) in zip(text, drawn, strict=True)),
        net=str(Money.from_minor(sign * net, "EUR").amount),
        gross=str(Money.from_minor(sign * (net + sum(used.values())), "EUR").amount),
        vat=tuple(
            StatedVat(tax=tax, amount=Money.from_minor(sign * amount, "EUR")) for tax, amount in used.items()
        ),
    )
    assert [] == [*check_totals(of)]
    found = dict.fromkeys(used, 0)
    for taxes in vat_of_lines(of):
        for each in taxes:
            found[each.tax] += each.amount.minor
    assert {tax: sign * amount for tax, amount in used.items()} == found
    assert not negative or signed(of) != of or of.gross.minor <= 0

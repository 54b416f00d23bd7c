"""What is spread comes to what was stated, whatever the lines are."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.domain.invoices import TAXES, invoice, line

from ml_connector.domain.dimension import dimensions
from ml_connector.domain.invoice import StatedVat, check_totals, signed, vat_of_lines
from ml_connector.domain.mapping import Mapping, MappingRule, Resolver, Target
from ml_connector.domain.money import Money
from ml_connector.domain.purchase_build import Named, PurchasePolicy, purchase_entry
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


shares = st.sampled_from([("100",), ("50", "50"), ("33.34", "33.33", "33.33"), ("99.99", "0.01")])


@given(
    st.lists(
        st.tuples(
            st.integers(-(10**7), 10**7), st.integers(-(10**6), 10**6), st.sampled_from(sorted(TAXES)), shares
        ),
        min_size=1,
        max_size=12,
    )
)
def test_an_entry_is_for_what_the_invoice_is_for(drawn: list[tuple[int, int, str, tuple[str, ...]]]) -> None:
    """Net and VAT of each code, whatever the lines and however the mapping splits them; or no entry."""
    lines, rules = [], []
    for number, (net, vat, tax, percents) in enumerate(drawn):
        taxed = line(str(Money.from_minor(net, "EUR").amount), tax, str(Money.from_minor(vat, "EUR").amount))
        lines.append(replace(taxed, codes=dimensions({"account": str(number)})))
        targets = tuple(
            Target(account=f"{number}-{at}", percent=Decimal(percent)) for at, percent in enumerate(percents)
        )
        rules.append(MappingRule(name=str(number), account=str(number), targets=targets))
    net, vat = sum(one for one, *_ in drawn), sum(one for _, one, *_ in drawn)
    of = invoice(
        *lines,
        net=str(Money.from_minor(net, "EUR").amount),
        gross=str(Money.from_minor(net + vat, "EUR").amount),
    )
    policy = PurchasePolicy(
        entities={"NL01": "1204"}, journals={"1204": "70"}, vat_codes={tax: tax for tax in TAXES}
    )
    named = Named(key="k:0:1", supplier="S1", number="F-1", text="")
    resolver = Resolver(mapping=Mapping(name="m", version=1, rules=tuple(rules)), day=date(2026, 3, 14))
    entry, problems, _ = purchase_entry(of, policy, named, resolver)
    if entry is None:
        assert {"invoice.sign"} == {problem.code for problem in problems}
        return
    assert entry.payable == of.payable
    wanted = dict.fromkeys((tax for _, vat, tax, _ in drawn), 0)
    for _, vat, tax, _ in drawn:
        wanted[tax] += vat
    found = {code: amount.minor for code, amount in entry.vat_by_code().items()}
    assert {tax: minor for tax, minor in wanted.items() if minor} == {
        tax: minor for tax, minor in found.items() if minor
    }

"""However many rules a mapping has, a key is compared with a few; and it gets what it would get if each rule
was tried in turn.
"""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.domain.dimension import code_on, dimensions
from ml_connector.domain.mapping import (
    Mapping,
    MappingRule,
    Resolution,
    Resolver,
    Target,
    nearly_matches,
    pattern_matches,
)
from ml_connector.domain.money import Money
from ml_connector.domain.payroll import Distribution
from ml_connector.domain.problem import Problem

DAY = date(2026, 6, 30)
MANY, TRIED_MAX = 10_000, 4
# Few letters, in several spellings, so that rules meet: upper and lower case, a blank, full width.
TEXTS = st.text(alphabet="aAbB1 Ａ", min_size=0, max_size=3)
PATTERNS = st.one_of(st.just("*"), TEXTS.filter(bool), TEXTS.map(lambda text: f"{text}*"))
AXES = ("department", "project")
RULES = st.builds(
    lambda account, company, pay_code, codes: (account, company, pay_code, tuple(codes)),
    PATTERNS,
    PATTERNS,
    PATTERNS,
    st.lists(st.tuples(st.sampled_from(AXES), PATTERNS), max_size=3),
)
ROWS = st.builds(
    lambda account, company, pay_code, codes: Distribution(
        company=company,
        account=account,
        amount=Money.from_minor(100, "EUR"),
        dimensions=dimensions(codes),
        pay_code=pay_code,
        origin="row",
        side="debit",
    ),
    TEXTS,
    TEXTS,
    st.none() | TEXTS,
    st.dictionaries(st.sampled_from(AXES), TEXTS.filter(bool)),
)


def mapping_of(rules: list[tuple[str, str, str, tuple[tuple[str, str], ...]]]) -> Mapping:
    """A mapping of these patterns; each rule is named by its number."""
    made = tuple(
        MappingRule(
            name=str(number),
            account=account,
            company=company,
            pay_code=pay_code,
            codes=codes,
            targets=(Target(account="4000"),),
        )
        for number, (account, company, pay_code, codes) in enumerate(rules)
    )
    return Mapping(name="wages", version=1, rules=made)


def _matched(rule: MappingRule) -> list[tuple[str, str]]:
    plain = [("account", rule.account), ("company", rule.company), ("pay_code", rule.pay_code)]
    return [*plain, *rule.codes]


def _value(title: str, row: Distribution) -> str | None:
    plain = {"account": row.account, "company": row.company, "pay_code": row.pay_code}
    return plain[title] if title in plain else code_on(title, row.dimensions)


def _misses(rule: MappingRule, row: Distribution) -> list[tuple[str, str]]:
    return [(title, one) for title, one in _matched(rule) if not pattern_matches(one, _value(title, row))]


def by_each_in_turn(rules: tuple[MappingRule, ...], row: Distribution) -> str:
    """The number of the rule that books the row, of the one that misses it by its spelling, or nothing."""
    spelled = ""
    for rule in rules:
        others = _misses(rule, row)
        if not others:
            return spelled or f"booked by {rule.name}"
        values = [(title, one, _value(title, row)) for title, one in others]
        near = all(value and nearly_matches(one, value) for _, one, value in values)
        if not spelled and near and not any(_has_the_spelling(other, row, others) for other in rules):
            spelled = f"spelling of {rule.name}"
    return spelled or "unmapped"


def _has_the_spelling(rule: MappingRule, row: Distribution, others: list[tuple[str, str]]) -> bool:
    patterns = dict(_matched(rule))
    return not _misses(rule, row) and all(
        nearly_matches(one, patterns.get(title, "*").removesuffix("*")) for title, one in others
    )


def said(found: Resolution | Problem) -> str:
    """The same of what the resolver found."""
    if isinstance(found, Resolution):
        return f"booked by {found.rule.name}"
    if found.code == "mapping.spelling":
        return f"spelling of {found.where.split(',')[0].removeprefix('rule ')}"
    return "unmapped"


@settings(max_examples=600, deadline=None)
@given(rules=st.lists(RULES, max_size=8), rows=st.lists(ROWS, min_size=1, max_size=4))
def test_an_index_finds_what_each_rule_in_turn_finds(rules: list, rows: list[Distribution]) -> None:
    """The first rule that matches, or the one above it that misses by its spelling alone."""
    mapping = mapping_of(rules)
    resolver = Resolver(mapping=mapping, day=DAY)

    for row in rows:
        assert by_each_in_turn(mapping.rules, row) == said(resolver.resolve(row))


def _row(account: str, department: str) -> Distribution:
    return Distribution(
        company="ACME",
        account=account,
        amount=Money.from_minor(100, "EUR"),
        dimensions=dimensions({"department": department}),
        pay_code=None,
        origin="row",
        side="debit",
    )


@pytest.mark.parametrize("count", [10, MANY])
def test_a_key_is_compared_with_a_few_rules_of_any_number(count: int) -> None:
    """Whether they differ by account, by the beginning of one, or by a code that half of them have alone."""
    half = count // 2
    by_account = [(f"{number}*", "*", "*", ()) for number in range(count, count + half)]
    by_code = [("*", "*", "*", (("department", f"d{number}"),)) for number in range(half)]
    resolver = Resolver(mapping=mapping_of([*by_account, *by_code]), day=DAY)

    for number in range(half):
        account = f"{count + number}9" if number % 2 else "x"
        found = resolver.resolve(_row(account, f"d{number}"))
        assert isinstance(found, Resolution)
        assert str(number if number % 2 else half + number) == found.rule.name
    assert isinstance(resolver.resolve(_row("x", "none")), Problem)
    assert resolver.tried <= TRIED_MAX * half

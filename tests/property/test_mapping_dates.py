"""Effective dates: on any day at most one rule of a chain is in force, and chains that bite their tail are
told.
"""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.mapping import Mapping, MappingRule, Target, in_force
from ml_connector.domain.mapping_checks import check_mapping

BEGIN = date(2026, 1, 1)
TARGETS = (Target(account="4000"),)
days = st.integers(-400, 400).map(lambda number: BEGIN + timedelta(days=number))


def chain(starts: list[date]) -> tuple[MappingRule, ...]:
    """Rules that replace one another, oldest first."""
    return tuple(
        MappingRule(
            name=f"wages {number}",
            account="51*",
            valid_from=start,
            replaces=f"wages {number - 1}" if number else None,
            targets=TARGETS,
        )
        for number, start in enumerate(starts)
    )


@given(st.lists(days, min_size=1, max_size=5, unique=True).map(sorted), days, st.permutations(range(5)))
def test_one_rule_of_a_chain_is_in_force(starts: list[date], day: date, order: list[int]) -> None:
    """The newest that has begun; each ends on the day before its heir begins; the order of the table does not
    matter.
    """
    rules = chain(starts)
    table = [rules[index] for index in order if index < len(rules)]

    assert [] == check_mapping(Mapping(name="m", version=1, rules=tuple(table)))
    assert [f"wages {number}" for number, start in enumerate(starts) if start <= day][-1:] == [
        rule.name for rule in in_force(table, day)
    ]


@given(days, days, days)
def test_a_rule_is_in_force_on_its_first_and_last_day(first: date, last: date, day: date) -> None:
    """Both days inclusive."""
    rule = MappingRule(name="bonus", account="52*", valid_from=first, valid_until=last, targets=TARGETS)

    assert (first <= day <= last) is bool(in_force([rule], day))
    assert (last < first) is bool(
        [
            problem
            for problem in check_mapping(Mapping(name="m", version=1, rules=(rule,)))
            if problem.code == "mapping.dates"
        ]
    )


@given(st.integers(1, 5), st.integers(0, 3), st.lists(days, min_size=8, max_size=8))
def test_every_rule_of_a_cycle_is_named(length: int, tail: int, starts: list[date]) -> None:
    """A cycle of `replaces` is told for each rule on it, and not for those that only lead to it."""
    on = [
        MappingRule(
            name=f"r{number}",
            account="*",
            valid_from=starts[number],
            replaces=f"r{(number + 1) % length}",
            targets=TARGETS,
        )
        for number in range(length)
    ]
    off = [
        MappingRule(
            name=f"t{number}",
            account="*",
            valid_from=starts[number],
            replaces=f"t{number - 1}" if number else "r0",
            targets=TARGETS,
        )
        for number in range(tail)
    ]

    problems = check_mapping(Mapping(name="m", version=1, rules=(*on, *off)))

    assert {f"rule r{number}" for number in range(length)} == {
        problem.where for problem in problems if problem.code == "mapping.cycle"
    }


@given(days, days)
def test_an_heir_begins_after_what_it_replaces(old: date, new: date) -> None:
    """Otherwise the older rule would never have been in force, or both at once."""
    problems = check_mapping(Mapping(name="m", version=1, rules=chain([old, new])))

    assert (new <= old) is any(problem.code == "mapping.dates" for problem in problems)

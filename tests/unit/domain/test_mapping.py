"""Mapping rules: equal or prefix, first match wins, and the rule that won is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.payday import MAPPING, a_pay_run, row

from ml_connector.domain.build import BuildPolicy, EntryBuilder
from ml_connector.domain.dimension import dimensions
from ml_connector.domain.mapping import (
    Mapping,
    MappingRule,
    Resolution,
    Resolver,
    Target,
    Translation,
    pattern_matches,
)
from ml_connector.domain.mapping_checks import check_mapping
from ml_connector.domain.payroll import Distribution
from ml_connector.domain.problem import Owner, Problem

DAY = date(2026, 6, 30)


def rule(name: str = "wages", **values: Any) -> MappingRule:
    return MappingRule(**{"name": name, "account": "51*", "targets": (Target(account="4000"),), **values})


def resolver(*rules: MappingRule, **values: Any) -> Resolver:
    return Resolver(mapping=Mapping(name="m", version=3, rules=rules), day=DAY, **values)


def problems(*rules: MappingRule, **values: Any) -> list[str]:
    return [problem.code for problem in check_mapping(Mapping(name="m", version=1, rules=rules, **values))]


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [
        ("5100", "5100", True),
        ("5100", "51000", False),
        ("51*", "5100", True),
        ("51*", "51", True),
        ("51*", "5200", False),
        ("*", None, True),
        ("*", "", True),
        ("51*", None, False),
        ("", None, False),
        ("A", "a", False),
    ],
)
def test_a_pattern_is_equal_or_a_prefix(pattern: str, value: str | None, matches: bool) -> None:
    """`*` alone matches anything, a missing value too."""
    assert matches is pattern_matches(pattern, value)


@pytest.mark.parametrize(
    "pattern",
    [
        *("51**", "*51", "5*0", "51??", "'5100", '="5100"', "=1+1", "#N/B", "#VERDI!", "#NAVN?", "5.1e+03"),
        *("5100;5200", "\uff15\uff11*", "51\u200b00", "51\u00a000", "51\u202f00", "\u0665\u0661\u0660\u0660"),
        *(
            "5100\u20135199",
            "5100 \u2014 5199",
            "5100\u20105199",
            "5100..5199",
            "5100...5199",
            "5100\u20265199",
        ),
        *("5100\n5110", "5100\r\n5110", "5100\t5110", ">5100", ">=5100", "<>5100", "!5100", "#GETTING_DATA"),
        *("5.1E+03*", "#N/A*", "51 *"),
    ],
)
def test_a_pattern_that_no_code_can_match_is_a_problem(pattern: str) -> None:
    """The next rule would take the money; in a code table nothing is a pattern."""
    assert ["mapping.pattern"] == problems(rule(account=pattern))
    assert ["mapping.pattern"] == problems(rule(codes=(("org_level_1", pattern),)))
    day = {"valid_from": date(2026, 1, 1), "valid_until": date(2026, 12, 31)}
    code = Translation(axis="org_level_1", source=pattern, code="B", **day)
    assert ["mapping.pattern"] == problems(rule(), translations=(code,))


@pytest.mark.parametrize(
    "pattern",
    [
        *("5100-5199", "5100 - 5199", "A100-A199", "5100:5199", "5100/5199", "5100->5199", "51xx", "51XX"),
        *("51%", "51##", "51__", "5[12]00", "51(00|10)", "5100 or 5110", "5100 to 5199", "5100 t/m 5199"),
        *("5100 of 5110", "5100 eller 5110", "51* or 52*", "5100+5110", "5100 & 5110", "5100|5110"),
        *("05-Oct", "5-okt", "5. Okt", "05.okt", "Oct-05", "10/05/2026", "05.10.2026", "2026-10-05"),
        *("5100.0", "TRUE", "WAAR", "SANN"),
    ],
)
def test_a_pattern_that_hardly_any_code_is_is_a_problem_that_says_how_to_mean_it(pattern: str) -> None:
    """With `*` behind it, it is the code that it says; in a code table it may be one as it is."""
    assert ["mapping.pattern"] == problems(rule(account=pattern))
    if "*" not in pattern:
        assert [] == problems(rule(account=f"{pattern}*"))
        day = {"valid_from": date(2026, 1, 1), "valid_until": date(2026, 12, 31)}
        code = Translation(axis="org_level_1", source=pattern, code="B", **day)
        assert [] == problems(rule(), translations=(code,))


@pytest.mark.parametrize(
    "pattern",
    [
        *("5100", "51*", "*", "5100-20", "1000.5100", "BO IT", "Ø1*", "5100/1", "5199-5100", "5100-5100"),
        *("01-5100-200", "01-10-2000", "10-20", "01-02", "20-4000", "4000-20", "5100.00", "5100.10", "5.1"),
        *("401K", "OT1.5", "H&W", "R&D", "S&E 2", "REG+", "A+B", "1XX-0", "5X", "X5100", "10-MAR", "MAR-10"),
        *("#12", "S-125", "5100 10", "4711 0815", "50% DT", "5100_1", "US1", "Y.T.D", "5100 (old)", "1E5"),
        *("2026", "20261005", "P-2026-01", "US-0002", "0100-OSL", "BUDSJETT", "Ops and IT", "Pay to date"),
    ],
)
def test_a_pattern_of_a_code_as_payrolls_write_it_is_none(pattern: str) -> None:
    """Segments, blanks and letters of any language."""
    assert [] == problems(rule(account=pattern))


def test_the_first_rule_that_matches_wins() -> None:
    """In the order of the table, whatever is more specific."""
    found = resolver(rule("first"), rule("second", account="5100")).resolve(row("5100", "1.00"))
    assert isinstance(found, Resolution)
    assert "first" == found.rule.name


@pytest.mark.parametrize(
    ("condition", "matches"),
    [
        ({"company": "US1"}, True),
        ({"company": "US2"}, False),
        ({"pay_code": "*"}, True),
        ({"pay_code": "BON"}, False),
        ({"codes": (("org_level_1", "SA"),)}, True),
        ({"codes": (("org_level_1", "S*"), ("org_level_2", "*"))}, True),
        ({"codes": (("org_level_2", "X"),)}, False),
    ],
)
def test_every_condition_of_a_rule_must_match(condition: dict[str, Any], matches: bool) -> None:
    """Company, pay code, and codes on the source's axes."""
    found = resolver(rule(**condition)).resolve(row("5100", "1.00"))
    assert matches is isinstance(found, Resolution)


def test_a_row_without_a_rule_is_a_problem_that_says_what_it_was() -> None:
    """With account, company, dimensions, mapping and day."""
    found = resolver(rule()).resolve(row("9100", "1.00"))
    text = (
        "Account 9100 has no mapping rule on 2026-06-30 (mapping m v3, company US1, org_level_1=SA). Add a"
        " rule and import the mapping again."
    )
    assert Problem("mapping.unmapped", "account 9100", text) == found


def test_a_code_the_row_does_not_have_is_payrolls_to_mend() -> None:
    """The rule takes the cost center from an axis that the line has no code on."""
    target = Target(account="4000", dimensions=(("cost_center", "=org_level_2"),))
    found = resolver(rule(targets=(target,))).resolve(row("5100", "1.00"))
    assert isinstance(found, Problem)
    assert ("mapping.code_missing", Owner.PAYROLL) == (found.code, found.owner)


def test_codes_are_translated_and_then_rolled_up() -> None:
    """The ledger's code is what the policy knows."""
    found = Resolver(mapping=MAPPING, day=DAY, roll_up={("cost_center", "OPS"): "OTHER"})
    assert [dimensions({"cost_center": "SALES"})] == [each.dimensions for each in _bookings(found, "SA")]
    assert [dimensions({"cost_center": "OTHER"})] == [each.dimensions for each in _bookings(found, "OP")]
    assert [dimensions({"cost_center": "XX"})] == [each.dimensions for each in _bookings(found, "XX")]


def test_an_entry_is_made_with_the_rules_of_its_posting_date() -> None:
    """The run is paid in July and posted at the end of June: what is in force in June counts."""
    rules = (
        rule("june", account="*", valid_until=DAY, targets=(Target(account="4000"),)),
        rule("july", account="*", valid_from=date(2026, 7, 1), targets=(Target(account="4999"),)),
    )
    run = a_pay_run()
    builder = EntryBuilder(
        pay_run=run,
        mapping=Mapping(name="m", version=1, rules=rules),
        policy=BuildPolicy(entities={"US1": "10"}, journals={"10": "90"}, text="Payroll"),
        posting_date=run.pay_period.end,
        families={"10": "payroll:acme:R1:books:10"},
    )
    for amount in ("1.00", "-1.00"):
        builder.add(row("5100", amount))

    assert (DAY, date(2026, 7, 3)) == (run.pay_period.end, run.pay_period.pay_date)
    assert {"4000"} == {line.account for line in builder.finish().entries[0].lines}


def _bookings(found: Resolver, department: str) -> Any:
    resolution = found.resolve(row("5100", "1.00", department=department))
    assert isinstance(resolution, Resolution)
    return resolution.bookings


def test_explain_names_the_rule_and_where_it_books() -> None:
    """For one target and for a split."""
    found = Resolver(mapping=MAPPING, day=DAY)
    assert (
        "wages v1 rule 'employer' on 2026-06-30: 5200 → 60% 4020 cost_center=SALES + 40% 4020 cost_center=OPS"
        == found.explain(row("5200", "1.00"))
    )
    assert found.explain(row("9100", "1.00")).startswith(
        "Account 9100 has no mapping rule on 2026-06-30 (mapping wages v1, company US1"
    )


def test_a_sound_mapping_has_no_problem() -> None:
    assert [] == check_mapping(MAPPING)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([rule(), rule()], ["mapping.name_twice"]),
        ([rule(targets=())], ["mapping.no_target"]),
        (
            [
                rule(
                    targets=(
                        Target(account="1", percent=Decimal(60)),
                        Target(account="2", percent=Decimal("39.9999")),
                    )
                )
            ],
            ["mapping.shares"],
        ),
        (
            [
                rule(
                    targets=(
                        Target(account="1", percent=Decimal(110)),
                        Target(account="2", percent=Decimal(-10)),
                    )
                )
            ],
            ["mapping.shares"],
        ),
        (
            [
                rule(
                    targets=(
                        Target(account="1", percent=Decimal("33.33333")),
                        Target(account="2", percent=Decimal("66.66667")),
                    )
                )
            ],
            ["mapping.share_decimals", "mapping.share_decimals"],
        ),
        ([rule(targets=(Target(account=""),))], ["mapping.no_account"]),
        ([rule(valid_from=date(2026, 2, 1), valid_until=date(2026, 1, 31))], ["mapping.dates"]),
        ([rule(ties_to="grosss")], ["mapping.ties_to"]),
        ([rule(replaces="nobody")], ["mapping.replaces_unknown"]),
        ([rule("a", replaces="a")], ["mapping.cycle"]),
        ([rule("a", replaces="b"), rule("b", replaces="a")], ["mapping.cycle", "mapping.cycle"]),
        (
            [rule("a"), rule("b", valid_from=DAY, replaces="a"), rule("c", valid_from=DAY, replaces="a")],
            ["mapping.replaced_twice", "mapping.shadowed"],
        ),
    ],
)
def test_each_problem_of_a_mapping_is_found(rules: list[MappingRule], expected: list[str]) -> None:
    """One at a time; all of them come at once."""
    assert expected == problems(*rules)


@pytest.mark.parametrize(
    ("above", "below", "shadowed"),
    [
        ([{}], {}, True),
        ([{"account": "5*"}], {"account": "5100"}, True),
        ([{"account": "5100"}], {"account": "51*"}, False),
        ([{"account": "*"}], {"account": "*"}, True),
        ([{"company": "US1"}], {}, False),
        ([{}], {"company": "US1"}, True),
        ([{"codes": (("org_level_1", "S*"),)}], {"codes": (("org_level_1", "SA"),)}, True),
        ([{"codes": (("org_level_1", "SA"),)}], {}, False),
        ([{}], {"codes": (("org_level_1", "SA"),), "pay_code": "BON"}, True),
        ([{"valid_from": DAY}], {}, False),
        ([{"valid_from": DAY}], {"valid_from": DAY}, True),
        ([{"valid_until": DAY}], {"valid_until": date(2026, 12, 31)}, False),
        ([{"valid_until": DAY}, {"valid_from": date(2026, 7, 1)}], {}, True),
        ([{"valid_until": DAY}, {"valid_from": date(2026, 7, 2)}], {}, False),
        ([{"valid_until": DAY}, {"valid_from": date(2026, 7, 1), "account": "5200"}], {}, False),
    ],
)
def test_a_rule_that_can_never_match_is_named_with_those_above_it(
    above: list[dict[str, Any]], below: dict[str, Any], shadowed: bool
) -> None:
    """On all of its days an earlier rule takes all that it would take."""
    rules = [rule(f"above {number}", **values) for number, values in enumerate(above)]
    found = check_mapping(Mapping(name="m", version=1, rules=(*rules, rule("below", **below))))

    assert (["mapping.shadowed"] if shadowed else []) == [problem.code for problem in found]
    for problem in found:
        assert [] == [each.name for each in rules if repr(each.name) not in problem.text]
        assert "Rule 'below' never matches" in problem.text


def test_a_rule_that_is_replaced_leaves_its_days_to_its_heir() -> None:
    """The older rule stands above and ends where the newer begins: neither is in the way of the other."""
    assert [] == problems(rule("old"), rule("new", valid_from=DAY, replaces="old"))


def test_shares_written_as_fractions_are_told_as_such() -> None:
    """A column formatted as percent and saved as numbers."""
    halves = tuple(Target(account=account, percent=Decimal("0.5")) for account in ("4000", "4010"))
    (problem,) = check_mapping(Mapping(name="m", version=1, rules=(rule(targets=halves),)))

    assert "write 60 for 60 percent, not 0.6" in problem.text


def test_the_text_of_a_cycle_says_what_to_do() -> None:
    """Effective dates that bite their tail."""
    (problem,) = check_mapping(Mapping(name="m", version=1, rules=(rule("a", replaces="a"),)))
    assert (
        "Following `replaces` from rule 'a' comes back to it: no rule of the cycle would ever be in force."
        " Clear `replaces` on the oldest of them." == problem.text
    )


def test_a_code_translated_twice_is_a_problem() -> None:
    """Which of the two?"""
    assert ["mapping.translation_twice"] == problems(
        rule(), translations=(("a", "1", "x"), ("a", "1", "y"), ("b", "1", "x"))
    )
    june = Translation("a", "1", "x", valid_until=DAY)
    july = Translation("a", "1", "y", valid_from=date(2026, 7, 1))
    assert [] == problems(rule(), translations=(june, july))
    assert ["mapping.translation_twice"] == problems(
        rule(), translations=(june, july, replace(july, valid_from=DAY))
    )
    assert ["mapping.dates"] == problems(rule(), translations=(replace(june, valid_from=date(2026, 7, 1)),))


def test_codes_are_those_of_the_posting_date() -> None:
    """Not of the pay date and not of today: the resolver is given one day, and its rules and codes are of
    it.
    """
    mapping = replace(
        MAPPING,
        translations=(
            Translation("org_level_1", "SA", "SALES", valid_until=DAY),
            Translation("org_level_1", "SA", "MARKET", valid_from=date(2026, 7, 1)),
        ),
    )

    for day, code in ((DAY, "SALES"), (date(2026, 7, 1), "MARKET")):
        found = Resolver(mapping=mapping, day=day)
        assert [dimensions({"cost_center": code})] == [each.dimensions for each in _bookings(found, "SA")]


def test_all_problems_of_a_mapping_come_at_once() -> None:
    """A table is mended in one go."""
    bad = replace(rule(), targets=(), ties_to="x", valid_until=date.min)
    assert ["mapping.name_twice", "mapping.no_target", "mapping.dates", "mapping.ties_to"] == problems(
        rule(), replace(bad, valid_from=DAY)
    )


@pytest.mark.parametrize(
    ("values", "title"),
    [
        ({"company": "us1"}, "source_company 'us1'"),
        ({"company": "US 1"}, "source_company 'US 1'"),
        ({"codes": (("org_level_1", "hq"),)}, "org_level_1 'hq'"),
        ({"codes": (("org_level_1", "h*"),)}, "org_level_1 'h*'"),
        ({"pay_code": "reg"}, "source_pay_code 'reg'"),
        ({"account": "51 00"}, "source_account '51 00'"),
    ],
)
def test_a_rule_that_misses_by_its_spelling_leaves_its_lines_to_no_other(
    values: dict[str, Any], title: str
) -> None:
    """The next rule would take them; a line that no rule matches is told the same."""
    special, line = rule("special", **values), replace(row("5100", "10.00", department="HQ"), pay_code="REG")

    for rules in ((special, rule("rest", account="5*")), (special,)):
        found = resolver(*rules).resolve(line)
        assert isinstance(found, Problem)
        assert "mapping.spelling" == found.code
        assert f"Rule 'special' has {title}, and payroll writes" in found.text


def test_two_codes_that_differ_in_case_have_a_rule_each() -> None:
    """So does a rule below the one that matches, and a line of another code miss nothing."""
    line = row("5100", "10.00", department="HQ")
    lower, upper = (rule(code, codes=(("org_level_1", code),)) for code in ("hq", "HQ"))

    assert "HQ" == won(resolver(lower, upper, rule("rest")), line)
    assert "rest" == won(resolver(rule("rest"), lower), line)
    assert "rest" == won(resolver(replace(lower, account="52*"), rule("rest")), line)
    assert "rest" == won(resolver(lower, rule("rest")), row("5100", "10.00", department="NY"))
    assert "rest" == won(resolver(replace(lower, valid_until=date(2026, 1, 1)), rule("rest")), line)


def won(of: Resolver, line: Distribution) -> str:
    found = of.resolve(line)
    assert isinstance(found, Resolution), found
    return found.rule.name


def test_a_code_that_the_code_table_spells_otherwise_is_told() -> None:
    """It would be booked untranslated; a row for each spelling says that they are two codes."""
    taking = rule(targets=(Target(account="4000", dimensions=(("cost_center", "=org_level_1"),)),))
    line = row("5100", "10.00", department="HQ")

    def resolved(*rows: Translation) -> Resolution | Problem:
        mapping = Mapping(name="m", version=1, rules=(taking,), translations=rows)
        return Resolver(mapping=mapping, day=DAY).resolve(line)

    lower, upper = Translation("org_level_1", "hq", "NYC"), Translation("org_level_1", "HQ", "BOS")
    found = resolved(lower)
    assert isinstance(found, Problem)
    assert ("mapping.spelling", "org_level_1 HQ") == (found.code, found.where)
    assert "The code table has org_level_1 'hq', and payroll writes 'HQ'" in found.text
    for rows in ((lower, upper), (replace(lower, axis="project"),), (replace(lower, source="NY"),)):
        assert isinstance(resolved(*rows), Resolution)


def test_a_rule_in_the_spelling_of_payroll_is_enough() -> None:
    """Another one above it is of other codes: what the problem asks for is there."""
    found = resolver(rule("other", account="AB*"), rule("ours", account="abc")).resolve(row("abc", "1.00"))

    assert isinstance(found, Resolution)
    assert "ours" == found.rule.name

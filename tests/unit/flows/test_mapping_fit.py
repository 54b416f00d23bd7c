"""A mapping beside a ledger and a payroll: everything that would stop a run later is named before."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ml_connector.domain.dimension import dimensions
from ml_connector.domain.journal import Account, Chart
from ml_connector.domain.mapping import Mapping, MappingRule, Target, Translation
from ml_connector.domain.money import Money
from ml_connector.domain.payroll import Block, Distribution
from ml_connector.domain.problem import Problem
from ml_connector.flows.payroll.mapping_fit import misfits, unmapped
from ml_connector.flows.payroll.policy import read_policy

RULE = MappingRule(
    name="wages",
    account="51*",
    targets=(Target(account="4000", dimensions=(("cost_center", "=org_level_1"),)),),
)
OPTIONS = {"journal": "90", "entities": "US1=10"}
EVER = {"valid_from": date.min, "valid_until": date.max}


class Ledger:
    """A ledger that has cost centers HQ and OLD, the second not active, and the totals ALL and SUM."""

    def chart(self, entity: str, journal: str, axes: frozenset[str]) -> Chart:
        codes = {"cost_center": frozenset({"HQ"}), "branch": frozenset({"MAIN"})}
        return Chart(
            entity=entity,
            journal=journal,
            journal_problem=None if journal == "90" else f"There is no journal {journal}.",
            currencies=frozenset({"EUR"}),
            accounts={
                "4000": Account(code="4000", description="Wages"),
                "4100": Account(code="4100", description="Old", blocked=True),
                "4900": Account(code="4900", description="All wages", blocked=True, is_total=True),
                "4200": Account(code="4200", description="Tax", required=frozenset({"branch"})),
                "4300": Account(code="4300", description="Net", forbidden=frozenset({"cost_center"})),
            },
            codes={axis: found for axis, found in codes.items() if axis in axes},
            inactive={"cost_center": frozenset({"OLD"})},
            totals={"cost_center": {"ALL": "All of them", "SUM": ""}},
        )


def found(*targets: Target, **given: Any) -> list[str]:
    """The codes of what does not fit."""
    return [problem.code for problem in problems(*targets, **given)]


def problems(
    *targets: Target, translations: Any = (), rule: MappingRule = RULE, **options: str
) -> list[Problem]:
    """What does not fit."""
    mapping = Mapping(
        name="m",
        version=1,
        rules=(replace(rule, targets=targets or RULE.targets),),
        translations=translations,
    )
    policy = read_policy("approve", date(2026, 1, 1), {**OPTIONS, **options})
    return misfits(mapping, policy, cast(Any, Ledger()))


def target(account: str = "4000", **codes: str) -> Target:
    return Target(account=account, dimensions=tuple(codes.items()))


@pytest.mark.parametrize(
    ("booked", "codes"),
    [
        (target(cost_center="HQ"), []),
        (target(branch="MAIN"), []),
        (target(cost_center="=team"), []),
        (target("9999"), ["account.unknown"]),
        (target("4100"), ["account.blocked"]),
        (target(cost_center="NOSUCH"), ["code.unknown"]),
        (target(cost_center="OLD"), ["code.inactive"]),
        (target("4900"), ["account.total"]),
        (target(cost_center="ALL"), ["code.total"]),
        (target("4900", cost_center="ALL"), ["account.total"]),
        (target(project="P1"), ["dimension.unknown_axis"]),
        (target(project="=team"), ["dimension.unknown_axis"]),
        (target("4200"), ["dimension.missing"]),
        (target("4300", cost_center="=team"), ["dimension.forbidden"]),
    ],
)
def test_what_a_rule_books_on_is_compared(booked: Target, codes: list[str]) -> None:
    """Accounts, axes and codes, as the check of an entry says it; it compared the account only."""
    assert codes == found(booked)


def test_the_code_table_the_journal_and_the_roll_up_are_compared() -> None:
    """Each names what the ledger does not have."""
    table = [Translation(axis="org_level_1", source=code, code=code, **EVER) for code in ("HQ", "OLD", "X")]
    assert ["code.inactive", "code.unknown"] == found(translations=table)
    assert [] == found(translations=[replace(table[2], axis="team")])
    assert ["journal.unusable"] == found(journal="99")
    assert ["code.unknown"] == found(minimum_workers="5", roll_up_code="REST")
    assert ["code.total"] == found(minimum_workers="5", roll_up_code="ALL")


def test_a_total_is_named_with_its_title_and_what_leads_to_it() -> None:
    """The rule or the setting, and of the code table the rows."""
    table = [Translation(axis="org_level_1", source=f"S{n}", code="ALL", **EVER) for n in range(7)]
    rows = "org_level_1 S0, S1, S2, S3, S4 and 2 more"
    total = "is a total in 10 and takes no entries. Name a code that is booked on."
    assert [("rule wages", f"cost_center ALL (All of them) {total} The code table gives it to {rows}.")] == [
        (problem.where, problem.text) for problem in problems(translations=table)
    ]
    assert [("rule wages", f"cost_center SUM {total}")] == [
        (problem.where, problem.text) for problem in problems(target(cost_center="SUM"))
    ]
    assert ["option roll_up_code"] == [
        problem.where for problem in problems(minimum_workers="5", roll_up_code="ALL")
    ]
    text = "GL account 4900 (All wages) is a total or a heading in 10 and takes no entries."
    assert [f"{text} Map to an account that is booked on."] == [
        problem.text for problem in problems(target("4900"))
    ]


def test_a_rule_is_compared_where_it_can_book() -> None:
    """One of another company books in another legal entity."""
    assert [] == found(target("9999"), rule=replace(RULE, company="DE*"))
    assert ["account.unknown"] == found(target("9999"), rule=replace(RULE, company="US*"))


LINE = Distribution(
    company="US1",
    account="5100",
    amount=Money.parse("1.00", "EUR"),
    dimensions=dimensions({"org_level_1": "SA"}),
    pay_code="REG",
    origin="1",
)


@pytest.mark.parametrize(
    ("rule", "covered"),
    [
        (RULE, True),
        (replace(RULE, company="US1", pay_code="REG", codes=(("org_level_1", "S*"),)), True),
        (replace(RULE, account="52*"), False),
        (replace(RULE, company="DE1"), False),
        (replace(RULE, pay_code="OT"), False),
        (replace(RULE, codes=(("org_level_1", "OP"),)), False),
        (replace(RULE, valid_until=date(2026, 6, 29)), False),
        (replace(RULE, valid_from=date(2026, 7, 1)), False),
        (replace(RULE, targets=(target(cost_center="=project"),)), False),
    ],
)
def test_a_line_is_covered_by_a_rule_that_books_it(rule: MappingRule, covered: bool) -> None:
    """On the day, in company, pay code and axes, with the code that the rule takes; it compared the account
    only.
    """
    payroll = SimpleNamespace(
        pay_run=lambda _: SimpleNamespace(pay_period=SimpleNamespace(end=date(2026, 6, 30))),
        blocks=lambda _: [Block(number=1, total=1, rows=(LINE, LINE))],
    )
    mapping = Mapping(name="m", version=1, rules=(rule,))
    missing = [("5100", 2, "company=US1 pay_code=REG org_level_1=SA")]

    assert ([] if covered else missing) == unmapped(mapping, cast(Any, payroll), "R1")
    assert missing == unmapped(None, cast(Any, payroll), "R1")


@pytest.mark.parametrize("company", ["us1", "US 1", "u*"])
def test_a_rule_whose_company_the_flow_spells_otherwise_is_named(company: str) -> None:
    """It matches no line; a rule of a company that is in another flow says nothing here."""
    assert ["mapping.spelling"] == found(rule=replace(RULE, company=company))
    for other in ("US1", "US*", "US2", "*"):
        assert [] == found(rule=replace(RULE, company=other))

"""A mapping beside a ledger and beside a payroll, before anything is posted: what it names that the ledger
does not take or the flow spells in another way, and what payroll delivers that it does not cover.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ml_connector.domain.checks import code_problems, place_problems
from ml_connector.domain.journal import Chart
from ml_connector.domain.mapping import Mapping, Resolver, Target, describe, nearly_matches, pattern_matches
from ml_connector.domain.payroll import Distribution
from ml_connector.domain.problem import Problem
from ml_connector.flows.payroll.policy import PayrollPolicy
from ml_connector.ports.ledger import LedgerFacts
from ml_connector.ports.payroll import PayrollSource

ROLL_UP = "option roll_up_code"
"""Where a problem stands that is of the flow and not of its mapping."""
SHOWN = 5


def misfits(mapping: Mapping, policy: PayrollPolicy, ledger: LedgerFacts) -> list[Problem]:
    """What the ledger does not take of the mapping and of the flow: journals, accounts, axes and codes, in
    each legal entity that a rule can book in. A code that payroll gives, and that no table translates, is not
    known here. A rule whose company the flow spells in another way is named, too.
    """
    axes = {axis for rule in mapping.rules for target in rule.targets for axis, _ in target.dimensions}
    found: list[Problem] = [*_other_spellings(mapping, policy.entities)]
    for entity in sorted(set(policy.entities.values())):
        journal = policy.journals[entity]
        chart = ledger.chart(entity, journal, policy.axes | axes)
        if chart.journal_problem:
            found.append(Problem("journal.unusable", f"journal {journal}", chart.journal_problem))
        companies = [company for company, booked_in in policy.entities.items() if booked_in == entity]
        for rule in mapping.rules:
            if any(pattern_matches(rule.company, company) for company in companies):
                problems = [one for target in rule.targets for one in _of_target(mapping, target, chart)]
                found += (replace(problem, where=f"rule {rule.name}") for problem in problems)
        if policy.minimum_workers > 1 and policy.roll_up_axis in chart.codes:
            problems = [*code_problems(entity, policy.roll_up_axis, policy.roll_up_code, chart)]
            found += (replace(problem, where=ROLL_UP) for problem in problems)
    return list(dict.fromkeys(found))


def _other_spellings(mapping: Mapping, companies: Iterable[str]) -> Iterator[Problem]:
    """Rules of a company that the flow spells in another way: they match no line of it."""
    for rule in mapping.rules:
        if any(pattern_matches(rule.company, company) for company in companies):
            continue
        for company in sorted(companies):
            if nearly_matches(rule.company, company):
                text = (
                    f"Rule {rule.name!r} has company {rule.company!r}, and the flow has {company!r}, so it"
                    " matches no line of it. Write the rule as payroll does."
                )
                yield Problem("mapping.spelling", f"rule {rule.name}", text)


def _of_target(mapping: Mapping, target: Target, chart: Chart) -> Iterator[Problem]:
    values = [(axis, None if code.startswith("=") else code) for axis, code in target.dimensions]
    yield from place_problems(chart.entity, target.account, values, chart)
    for axis, code in target.dimensions:
        if code.startswith("=") and axis in chart.codes:
            sources: dict[str, list[str]] = defaultdict(list)
            for row in mapping.translations:
                if row.axis == code[1:]:
                    sources[row.code].append(row.source)
            for translated, named in sources.items():
                for problem in code_problems(chart.entity, axis, translated, chart):
                    yield replace(problem, text=f"{problem.text} {_rows(code[1:], named)}")


def _rows(axis: str, sources: Sequence[str]) -> str:
    """Which rows of the code table name a code."""
    shown = ", ".join(sources[:SHOWN])
    more = f" and {len(sources) - SHOWN} more" if len(sources) > SHOWN else ""
    return f"The code table gives it to {axis} {shown}{more}."


def unmapped(mapping: Mapping | None, payroll: PayrollSource, pay_run: str) -> list[tuple[str, int, str]]:
    """Source accounts of lines that no rule in force at the end of the pay period matches, in company, pay
    code and every axis, or whose rule takes a code that they do not have, or misses them by its spelling:
    `(account, lines, what the first of them names)`, most lines first. Without a mapping, all of them.
    """
    day = payroll.pay_run(pay_run).pay_period.end
    resolver = Resolver(mapping=mapping, day=day) if mapping else None
    counts: dict[str, tuple[int, str]] = {}
    for row in _lines(payroll, pay_run):
        if resolver is None or isinstance(resolver.resolve(row), Problem):
            lines, codes = counts.get(row.account, (0, _named(row)))
            counts[row.account] = (lines + 1, codes)
    found = ((account, lines, codes) for account, (lines, codes) in counts.items())
    return sorted(found, key=lambda item: (-item[1], item[0]))


def _lines(payroll: PayrollSource, pay_run: str) -> Iterable[Distribution]:
    for block in payroll.blocks(pay_run):
        yield from block.rows


def _named(row: Distribution) -> str:
    pay_code = f"pay_code={row.pay_code}" if row.pay_code else ""
    return " ".join(filter(None, (f"company={row.company}", pay_code, describe(row.dimensions))))

"""A mapping beside what changes around it: names in the ledger, codes of payroll, and where workers are now.

    drift       a code that a rule names, renamed in the ledger or closed in payroll: the rule is flagged
    look-ahead  where the workers of a pay that is due soon are placed, and what of that has no target yet

Nothing here reads anything; whoever does hands it over.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from ml_connector.domain.checks import code_problems
from ml_connector.domain.dimension import Dimensions, DimensionValue, code_on
from ml_connector.domain.journal import Chart
from ml_connector.domain.mapping import Mapping as CodeMapping
from ml_connector.domain.mapping import MappingRule, Resolver, describe, in_force, pattern_matches
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.worker import Worker, employed

ACCOUNT = "account"
"""In place of an axis, for GL accounts."""
RULES_SHOWN = 5
Titles = Mapping[str, str]
"""`entity/axis/code`, as keys of dimension values, → the name that the ledger shows."""


def named_codes(mapping: CodeMapping) -> dict[tuple[str, str], list[str]]:
    """Names of the rules that book on each `(axis, code)` of the ledger, GL accounts among them, in the order
    of the table. A code of the code table belongs to the rules that take its axis.
    """
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for rule in mapping.rules:
        for target in rule.targets:
            uses = [(ACCOUNT, target.account)]
            for axis, code in target.dimensions:
                translated = [row.code for row in mapping.translations if code == f"={row.axis}"]
                uses += [(axis, one) for one in translated] if code.startswith("=") else [(axis, code)]
            for use in uses:
                if rule.name not in found[use]:
                    found[use].append(rule.name)
    return dict(found)


def renamed(mapping: CodeMapping, before: Titles, now: Titles) -> Iterator[Problem]:
    """Codes that rules name and that are called otherwise than when this version of the mapping was made. One
    that is called otherwise again is another problem.
    """
    uses = named_codes(mapping)
    for key, title in sorted(now.items()):
        entity, axis, code = key.split("/", 2)
        was = before.get(key, title)
        if was != title and (axis, code) in uses:
            what = f"GL account {code}" if axis == ACCOUNT else f"{axis} {code}"
            text = (
                f"{what} in {entity or 'the ledger'} is called {title!r} now; it was {was!r} when mapping"
                f" {mapping.name} v{mapping.version} was made. {_rules(uses[axis, code])} it. If that is"
                " still right, say why; else import the mapping again with another code."
            )
            yield Problem("mapping.renamed", f"{what} in {entity}: {title}", text, Owner.CONTROLLER)


def closed_in_payroll(
    mapping: CodeMapping, axes: Iterable[str], values: Iterable[DimensionValue]
) -> Iterator[Problem]:
    """Codes of payroll that rules or the code table name, and that are closed or not there, on these axes,
    of which `values` are every code.
    """
    uses: dict[tuple[str, str], list[str]] = defaultdict(list)
    for rule in mapping.rules:
        for axis, pattern in rule.codes:
            if not pattern.endswith("*"):
                uses[axis, pattern].append(rule.name)
    for row in mapping.translations:
        uses[row.axis, row.source].append(f"code table, {row.source} → {row.code}")
    left = {use for use in uses if use[0] in frozenset(axes)}
    closed: dict[tuple[str, str], DimensionValue] = {}
    for value in values:
        use = (value.axis, value.written)
        if value.open:
            left.discard(use)
        elif use in left:
            closed[use] = value
    for axis, code in sorted(left):
        found = closed.get((axis, code))
        since = f" since {found.until}" if found and found.until else ""
        state = f"({found.title}) is closed in payroll{since}" if found else "is no code of payroll"
        text = (
            f"{axis} {code} {state}. {_rules(uses[axis, code])} it. Nothing is paid on it; end the rule,"
            " correct the code, or open it again in payroll."
        )
        yield Problem("mapping.closed_at_source", f"{axis} {code}", text)


def _rules(names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:RULES_SHOWN])
    more = f" and {len(names) - RULES_SHOWN} more" if len(names) > RULES_SHOWN else ""
    return f"Rule {shown} names" if len(names) == 1 else f"Rules {shown}{more} name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Workers of a company that are placed alike, and how many they are."""

    company: str
    codes: Dimensions
    workers: int


def placed(workers: Iterable[Worker], companies: Iterable[str], day: date, due: date) -> list[Placed]:
    """Where the workers of the companies are placed on the day their pay is due, most workers first: those
    employed on that day, and those who are on `day` and have left by then.
    """
    known, counts = frozenset(companies), Counter[tuple[str, Dimensions]]()
    for worker in workers:
        for company in sorted({found.company for found in worker.employments} & known):
            mine = worker.in_company(company)
            if (holds := employed(mine, due) or employed(mine, day)) is not None:
                counts[company, holds.codes_on(due)] += 1
    found = [Placed(company=company, codes=codes, workers=n) for (company, codes), n in counts.items()]
    return sorted(found, key=lambda one: (-one.workers, one.company, one.codes))


def without_target(
    mapping: CodeMapping,
    entities: Mapping[str, str],
    groups: Iterable[Placed],
    charts: Mapping[str, Chart],
    due: date,
) -> Iterator[Problem]:
    """What of the places of workers has no valid target on the day their pay is due: no rule books the place,
    or the code that a rule takes from it is missing or closed in the ledger. `charts` by legal entity.
    """
    rules, resolver = in_force(mapping.rules, due), Resolver(mapping=mapping, day=due)
    seen = set[tuple[str, str]]()
    for group in groups:
        entity = entities[group.company]
        matching = list(_that_book(rules, group))
        who = f"{group.workers} worker{'s' * (group.workers != 1)} of {group.company}"
        if not matching:
            where = f"{group.company} {describe(group.codes)}".strip()
            text = (
                f"{who} are placed on {describe(group.codes) or 'no code'}, which no rule of mapping"
                f" {mapping.name} v{mapping.version} books. Their pay is due on {due}. Add a rule."
            )
            yield Problem("pay.no_rule", where, text)
        for rule in matching:
            for axis, source, code in _taken(rule, group, resolver):
                for problem in (
                    code_problems(entity, axis, code, charts[entity]) if axis in charts[entity].codes else ()
                ):
                    if (entity, problem.where) not in seen:
                        seen.add((entity, problem.where))
                        text = (
                            f"{problem.text} {who}, on {source}, are booked on it; their pay is due on {due}."
                        )
                        yield Problem("pay.no_target", f"{problem.where} in {entity}", text)


def _that_book(rules: Iterable[MappingRule], group: Placed) -> Iterator[MappingRule]:
    """The rules that book a line of these workers: of those for the same account and pay code the first."""
    taken = set[tuple[str, str]]()
    for rule in rules:
        fits = all(pattern_matches(pattern, code_on(axis, group.codes)) for axis, pattern in rule.codes)
        if (
            fits
            and pattern_matches(rule.company, group.company)
            and (rule.account, rule.pay_code) not in taken
        ):
            taken.add((rule.account, rule.pay_code))
            yield rule


def _taken(rule: MappingRule, group: Placed, resolver: Resolver) -> Iterator[tuple[str, str, str]]:
    """Axis of the ledger, code of payroll in words, and code of the ledger that the rule takes from where the
    workers are placed.
    """
    for target in rule.targets:
        for axis, code in target.dimensions:
            source = code_on(code[1:], group.codes) if code.startswith("=") else None
            if source is not None:
                yield axis, f"{code[1:]} {source}", resolver.translate(code[1:], source)

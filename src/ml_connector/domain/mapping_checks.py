"""Checks of a mapping by itself: names, shares, dates, replacements, ties. Codes are compared with a ledger
elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as AbstractMapping

from ml_connector.domain.mapping import PERCENT_DECIMALS_MAX, TIES, Mapping, MappingRule
from ml_connector.domain.problem import Problem


def check_mapping(mapping: Mapping) -> list[Problem]:
    """Every problem of the table itself: names, shares, dates, replacements, ties. Codes are checked against
    a ledger elsewhere.
    """
    problems = [*_name_problems(mapping.rules), *_chain_problems(mapping.rules)]
    for rule in mapping.rules:
        problems.extend(_rule_problems(rule))
    seen: set[tuple[str, str]] = set()
    for axis, source, _ in mapping.translations:
        if (axis, source) in seen:
            problems.append(
                Problem(
                    "mapping.translation_twice",
                    f"{axis} {source}",
                    f"Code {source} of {axis} is translated twice.",
                )
            )
        seen.add((axis, source))
    return problems


def _name_problems(rules: Iterable[MappingRule]) -> Iterable[Problem]:
    names: set[str] = set()
    for rule in rules:
        if rule.name in names:
            yield Problem(
                "mapping.name_twice",
                f"rule {rule.name}",
                f"Two rules are called {rule.name!r}. Give each its own name.",
            )
        names.add(rule.name)


def _rule_problems(rule: MappingRule) -> Iterable[Problem]:
    where = f"rule {rule.name}"
    if not rule.targets:
        yield Problem("mapping.no_target", where, f"Rule {rule.name!r} books nowhere. Give it an account.")
    elif sum(target.percent for target in rule.targets) != 100 or any(
        target.percent <= 0 for target in rule.targets
    ):
        shares = ", ".join(str(target.percent) for target in rule.targets)
        yield Problem(
            "mapping.shares",
            where,
            f"The shares of rule {rule.name!r} ({shares}) are not positive or do not sum to 100.",
        )
    for target in rule.targets:
        if -int(target.percent.normalize().as_tuple().exponent) > PERCENT_DECIMALS_MAX:
            yield Problem(
                "mapping.share_decimals",
                where,
                f"{target.percent}% has more than {PERCENT_DECIMALS_MAX} decimals.",
            )
        if not target.account:
            yield Problem("mapping.no_account", where, f"Rule {rule.name!r} has a target without an account.")
    if rule.valid_until < rule.valid_from:
        text = f"Rule {rule.name!r} ends on {rule.valid_until}, before it begins on {rule.valid_from}."
        yield Problem("mapping.dates", where, text)
    if rule.ties_to and rule.ties_to not in TIES:
        yield Problem("mapping.ties_to", where, f"{rule.ties_to!r} is not one of {', '.join(TIES)}.")


def _chain_problems(rules: Sequence[MappingRule]) -> Iterable[Problem]:
    by_name = {rule.name: rule for rule in rules}
    heirs: dict[str, str] = {}
    for rule in rules:
        if rule.replaces is None:
            continue
        where = f"rule {rule.name}"
        if rule.replaces not in by_name:
            yield Problem(
                "mapping.replaces_unknown",
                where,
                f"Rule {rule.name!r} replaces {rule.replaces!r}, which does not exist.",
            )
            continue
        if rule.replaces in heirs:
            yield Problem(
                "mapping.replaced_twice",
                where,
                f"{rule.replaces!r} is replaced by {heirs[rule.replaces]!r} and {rule.name!r}.",
            )
        heirs[rule.replaces] = rule.name
        if _cycle(rule, by_name):
            text = (
                f"Following `replaces` from rule {rule.name!r} comes back to it: no rule of the cycle would"
                " ever be in force. "
            )
            yield Problem("mapping.cycle", where, text + "Clear `replaces` on the oldest of them.")
        elif by_name[rule.replaces].valid_from >= rule.valid_from:
            text = (
                f"Rule {rule.name!r} begins on {rule.valid_from} and replaces {rule.replaces!r}, which begins"
                " no earlier."
            )
            yield Problem("mapping.dates", where, text)


def _cycle(start: MappingRule, by_name: AbstractMapping[str, MappingRule]) -> bool:
    seen = {start.name}
    rule: MappingRule | None = start
    while rule is not None and rule.replaces is not None:
        if rule.replaces in seen:
            return rule.replaces == start.name
        seen.add(rule.replaces)
        rule = by_name.get(rule.replaces)
    return False

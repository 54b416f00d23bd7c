"""Checks of a mapping by itself: names, shares, dates, replacements, ties. Codes are compared with a ledger
elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as AbstractMapping
from datetime import date, timedelta

from ml_connector.domain.mapping import PERCENT_DECIMALS_MAX, TIES, Mapping, MappingRule, Translation, spans
from ml_connector.domain.patterns import never, no_code
from ml_connector.domain.problem import Problem


def check_mapping(mapping: Mapping) -> list[Problem]:
    """Every problem of the table itself: names, shares, dates, replacements, ties. Codes are checked against
    a ledger elsewhere.
    """
    problems = [*_name_problems(mapping.rules), *_chain_problems(mapping.rules)]
    for rule in mapping.rules:
        problems.extend(_rule_problems(rule))
    problems.extend(_shadow_problems(mapping.rules))
    return [*problems, *_translation_problems(mapping.translations)]


def _translation_problems(translations: Sequence[Translation]) -> Iterable[Problem]:
    seen: dict[tuple[str, str], list[Translation]] = {}
    for row in translations:
        where = f"{row.axis} {row.source}"
        if no_code(row.source):
            text = (
                f"Code {row.source!r} of {row.axis} is no code of the source: a row of the code table"
                " translates one code, as it is written there."
            )
            yield Problem("mapping.pattern", where, text)
        if row.valid_until < row.valid_from:
            text = f"Code {row.source} of {row.axis} ends on {row.valid_until}, before it begins."
            yield Problem("mapping.dates", where, text)
        earlier = seen.setdefault((row.axis, row.source), [])
        if any(row.valid_from <= one.valid_until and one.valid_from <= row.valid_until for one in earlier):
            text = f"Code {row.source} of {row.axis} is translated twice for the same days."
            yield Problem("mapping.translation_twice", where, text)
        earlier.append(row)


def _shadow_problems(rules: Sequence[MappingRule]) -> Iterable[Problem]:
    """Rules that never match: on each of their days an earlier rule matches all that they match."""
    all_spans = spans(rules)
    for place, (rule, (first, last)) in enumerate(zip(rules, all_spans, strict=True)):
        if last < first:
            continue  # Never in force: its dates are a problem of their own.
        wider = [
            (*all_spans[number], earlier.name)
            for number, earlier in enumerate(rules[:place])
            if _covers(earlier, rule) and earlier.name != rule.name
        ]
        if names := _over(first, last, wider):
            what = " and ".join(map(repr, names))
            text = (
                f"Rule {rule.name!r} never matches: above it, {what} {'takes' if len(names) == 1 else 'take'}"
                f" the same lines on all of its days. Move {rule.name!r} above, give it other codes or dates,"
                " or delete it."
            )
            yield Problem("mapping.shadowed", f"rule {rule.name}", text)


def _over(first: date, last: date, wider: Sequence[tuple[date, date, str]]) -> list[str]:
    """Names of rules that together are in force on every day from first to last; none where a day is left."""
    names: list[str] = []
    day = first
    for begin, end, name in sorted(wider):
        if begin <= day <= end:
            names.append(name)
            if end >= last:
                return names
            day = end + timedelta(days=1)
    return []


def _covers(wide: MappingRule, narrow: MappingRule) -> bool:
    """Whether every line that the narrow rule matches, the wide one matches as well."""
    codes = dict(narrow.codes)
    return (
        _includes(wide.account, narrow.account)
        and _includes(wide.company, narrow.company)
        and _includes(wide.pay_code, narrow.pay_code)
        and all(_includes(pattern, codes.get(axis, "*")) for axis, pattern in wide.codes)
    )


def _includes(wide: str, narrow: str) -> bool:
    if wide == "*" or narrow == "*":
        return wide == "*"
    return narrow.startswith(wide[:-1]) if wide.endswith("*") else narrow == wide


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
        text = f"The shares of rule {rule.name!r} ({shares}) are not positive or do not sum to 100."
        if sum(target.percent for target in rule.targets) == 1:
            text += " They sum to 1: write 60 for 60 percent, not 0.6."
        yield Problem("mapping.shares", where, text)
    for target in rule.targets:
        if -int(target.percent.normalize().as_tuple().exponent) > PERCENT_DECIMALS_MAX:
            yield Problem(
                "mapping.share_decimals",
                where,
                f"{target.percent}% has more than {PERCENT_DECIMALS_MAX} decimals.",
            )
        if not target.account:
            yield Problem("mapping.no_account", where, f"Rule {rule.name!r} has a target without an account.")
    matched = (("source_account", rule.account), ("company", rule.company), ("pay_code", rule.pay_code))
    for title, pattern in (*matched, *rule.codes):
        if why := never(pattern):
            text = f"{title} of rule {rule.name!r} is {pattern!r}, which matches nothing: {why}"
            yield Problem("mapping.pattern", where, text)
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

"""Mapping: from what payroll says to GL account, dimensions and text.

A rule matches on equal (`5100`) or prefix (`51*`) of the source account, company, pay code and dimension
codes; the first rule that matches and is in force on the posting date wins, and `explain` names it. One above
it that misses by its spelling alone is a problem. A rule books on one target or splits on several by
percentage. That is all on purpose: the rules are a table that an accountant reads, not a language.

    rule        source account  org_level_1  valid from    →  account  cost_center    percent
    wages       51*             *            2026-01-01       4000     =org_level_1   100
    head office 5200            HQ           2026-01-01       4020     HQ-A           60
                                                              4025     HQ-B           40
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from ml_connector.domain.codes import alike
from ml_connector.domain.dimension import Dimensions, code_on, dimensions
from ml_connector.domain.money import split_minor
from ml_connector.domain.payroll import Distribution
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.rule_index import RuleIndex, numbers

PERCENT_DECIMALS_MAX = 4
UNTIED = "other"
NEVER = (date.max, date.min)
"""First and last day of what is never in force."""
TIES = ("gross", "deductions", "employee_taxes", "net", "employer_cost")
"""What a rule's amounts are tied to in the pay register; `employer_cost` stands for expense and liability
that it does not know.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a share of an amount is booked.

    A dimension value is a code (`HQ`), or `=axis`: the source's code on that axis, translated by the code
    table where it has a row.
    """

    account: str
    dimensions: tuple[tuple[str, str], ...] = ()
    text: str = ""
    percent: Decimal = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingRule:
    """One row of a mapping: what it matches, when it is in force (both days inclusive), and where it books.

    Patterns: exact text, a prefix ending in `*`, or `*` for anything, nothing included. `group` names the
    account group that the policy books in summary or in detail. A rule that `replaces` another ends it on the
    day before its own `valid_from`.
    """

    name: str
    account: str
    company: str = "*"
    pay_code: str = "*"
    codes: tuple[tuple[str, str], ...] = ()
    valid_from: date = date.min
    valid_until: date = date.max
    replaces: str | None = None
    targets: tuple[Target, ...]
    group: str = ""
    ties_to: str = ""


@dataclass(frozen=True, slots=True)
class Translation:
    """A code of a source axis, and the code it is booked on while this is in force, both days inclusive."""

    axis: str
    source: str
    code: str
    valid_from: date = date.min
    valid_until: date = date.max


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """A version of a mapping; versions are numbered by the store and never change. Translations may be given
    as `(axis, source, code)`, as they were stored when they had no dates.
    """

    name: str
    version: int
    rules: tuple[MappingRule, ...]
    translations: tuple[Translation, ...] = ()

    def __post_init__(self) -> None:
        plain = tuple(row if isinstance(row, Translation) else Translation(*row) for row in self.translations)
        object.__setattr__(self, "translations", plain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """One resolved target: final account, dimensions, text; `shares` of the whole in percent, in canonical
    order of the rule.
    """

    account: str
    dimensions: Dimensions
    text: str
    percent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a rule makes of a source key: the rule's name and its bookings in canonical order."""

    rule: MappingRule
    bookings: tuple[Booking, ...]

    def split(self, minor: int) -> list[int]:
        """The amount in minor units per booking, to the last unit."""
        return (
            [minor]
            if len(self.bookings) == 1
            else split_minor(minor, [booking.percent for booking in self.bookings])
        )


@dataclass(slots=True, kw_only=True)
class Resolver:
    """A mapping on one posting date, with the codes rolled up by policy already known. Remembers what it
    resolved: keys repeat.

    `roll_up` is `(axis, code) → code`: codes of small groups, and the code they are booked on instead.
    `tried` counts the rules that were compared with a key.
    """

    mapping: Mapping
    day: date
    roll_up: AbstractMapping[tuple[str, str], str] = field(default_factory=dict)
    tried: int = field(init=False, default=0)
    _rules: list[MappingRule] = field(init=False)
    _translations: dict[tuple[str, str], str] = field(init=False)
    _known: dict[tuple[object, ...], Resolution | Problem] = field(init=False, default_factory=dict)
    _index: RuleIndex = field(init=False)
    _spelled: dict[tuple[str, str], str] = field(init=False)

    def __post_init__(self) -> None:
        self._rules = in_force(canonical(self.mapping).rules, self.day)
        self._index = RuleIndex([_matched(rule) for rule in self._rules])
        self._translations = {
            (row.axis, row.source): row.code
            for row in self.mapping.translations
            if row.valid_from <= self.day <= row.valid_until
        }
        self._spelled = {(axis, alike(source)): source for axis, source in self._translations}

    def resolve(self, row: Distribution) -> Resolution | Problem:
        """The first rule in force that matches the row, resolved; a `Problem` when none does or a code it
        needs is missing.
        """
        key = (row.company, row.account, row.pay_code, row.dimensions)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._resolve(row)
        return known

    def explain(self, row: Distribution) -> str:
        """The rule that books the row, in words, with what it was compared with."""
        found = self.resolve(row)
        if isinstance(found, Problem):
            return str(found)
        places = " + ".join(
            f"{booking.percent}% {booking.account} {describe(booking.dimensions)}".strip()
            for booking in found.bookings
        )
        return (
            f"{self.mapping.name} v{self.mapping.version} rule {found.rule.name!r} on {self.day}:"
            f" {row.account} → {places}"
        )

    def _resolve(self, row: Distribution) -> Resolution | Problem:
        values = {title: _value(title, row) for title in self._index.titles}
        near = {title: self._index.nearly(title, value) for title, value in values.items() if value}
        matching = self._index.matching(values)
        first = next(self._of(matching, row), None)
        if any(near.values()):
            for number in numbers(self._index.missing(values, near)):
                if number == first:
                    break
                self.tried += 1
                if missed := self._missed(self._rules[number], row, values, near, matching):
                    return missed
        if first is not None:
            return self._book(self._rules[first], row)
        text = (
            f"Account {row.account} has no mapping rule on {self.day} (mapping {self.mapping.name}"
            f" v{self.mapping.version}, company {row.company},"
            f" {describe(row.dimensions) or 'no dimensions'})."
            " Add a rule and import the mapping again."
        )
        return Problem("mapping.unmapped", f"account {row.account}", text)

    def _of(self, matching: int, row: Distribution) -> Iterator[int]:
        """Numbers of the rules that match the row, of those that may."""
        for number in numbers(matching):
            self.tried += 1
            if _matches(self._rules[number], row):
                yield number

    def _missed(
        self,
        rule: MappingRule,
        row: Distribution,
        values: AbstractMapping[str, str | None],
        near: AbstractMapping[str, frozenset[str]],
        matching: int,
    ) -> Problem | None:
        """What to do with a rule that would match the row in another spelling, so that the next one takes it.
        None where it does not, or where a rule that matches has the spelling of the row: then these are two
        codes.
        """
        patterns = _matched(rule)
        others = [(title, one) for title, one in patterns if not pattern_matches(one, values[title])]
        if not all(one in near.get(title, ()) for title, one in others):
            return None
        for number in self._of(matching, row):
            spelled = dict(_matched(self._rules[number]))
            names = (nearly_matches(one, spelled.get(title, "*").removesuffix("*")) for title, one in others)
            if all(names):
                return None
        title, pattern = others[0]
        text = (
            f"Rule {rule.name!r} has {title} {pattern!r}, and payroll writes {values[title]!r}, so it does"
            f" not match account {row.account}. Write the rule as payroll does; or, where these are two"
            f" codes, add a rule like it for {values[title]!r}."
        )
        return Problem("mapping.spelling", f"rule {rule.name}, {title} {values[title]}", text)

    def _book(self, rule: MappingRule, row: Distribution) -> Resolution | Problem:
        bookings = []
        for target in rule.targets:
            codes: dict[str, str | None] = {}
            for axis, value in target.dimensions:
                code = self._code(value, row)
                if code is None:
                    text = (
                        f"Rule {rule.name!r} takes {axis} from {value[1:]}, which the source line of account"
                        f" {row.account} does not have."
                    )
                    return Problem(
                        "mapping.code_missing", f"{axis} of account {row.account}", text, Owner.PAYROLL
                    )
                if value.startswith("=") and (problem := self._untranslated(value[1:], row)):
                    return problem
                codes[axis] = self.roll_up.get((axis, code), code)
            bookings.append(
                Booking(
                    account=target.account,
                    dimensions=dimensions(codes),
                    text=target.text,
                    percent=target.percent,
                )
            )
        return Resolution(rule=rule, bookings=tuple(bookings))

    def _code(self, value: str, row: Distribution) -> str | None:
        if not value.startswith("="):
            return value
        source = code_on(value[1:], row.dimensions)
        return None if source is None else self.translate(value[1:], source)

    def _untranslated(self, axis: str, row: Distribution) -> Problem | None:
        """A code that the code table has in another spelling: it would be booked as it is."""
        code = code_on(axis, row.dimensions) or ""
        spelled = self._spelled.get((axis, alike(code)))
        if spelled is None or (axis, code) in self._translations:
            return None
        text = (
            f"The code table has {axis} {spelled!r}, and payroll writes {code!r}, so it is not translated."
            f" Write the row as payroll does; or, where these are two codes, add a row for {code!r}."
        )
        return Problem("mapping.spelling", f"{axis} {code}", text)

    def translate(self, axis: str, code: str) -> str:
        """The ledger's code for a source code on the posting date, or the source code itself where the code
        table has no row in force then.
        """
        return self._translations.get((axis, code), code)


def describe(values: Dimensions) -> str:
    """Dimensions for people: `cost_center=4100 project=P1`."""
    return " ".join(f"{value.axis}={value.code}" for value in values)


def pattern_matches(pattern: str, value: str | None) -> bool:
    """Whether the value equals the pattern, or starts with it where the pattern ends in `*`; `*` alone
    matches a missing value too.
    """
    if pattern == "*":
        return True
    if value is None:
        return False
    return value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern


def nearly_matches(pattern: str, value: str) -> bool:
    """Whether the value would match the pattern, were case, blanks and what nobody sees left out of both."""
    wanted = alike(pattern.removesuffix("*"))
    seen = alike(value)
    return bool(wanted) and (seen.startswith(wanted) if pattern.endswith("*") else seen == wanted)


def _matched(rule: MappingRule) -> list[tuple[str, str]]:
    """What the rule matches, as a person calls it, with its pattern."""
    plain = (("source_account", rule.account), ("source_company", rule.company))
    return [*plain, ("source_pay_code", rule.pay_code), *rule.codes]


def _value(title: str, row: Distribution) -> str | None:
    plain = {"source_account": row.account, "source_company": row.company, "source_pay_code": row.pay_code}
    return plain[title] if title in plain else code_on(title, row.dimensions)


def _matches(rule: MappingRule, row: Distribution) -> bool:
    return (
        pattern_matches(rule.account, row.account)
        and pattern_matches(rule.company, row.company)
        and pattern_matches(rule.pay_code, row.pay_code)
        and all(pattern_matches(pattern, code_on(axis, row.dimensions)) for axis, pattern in rule.codes)
    )


def in_force(rules: Sequence[MappingRule], day: date) -> list[MappingRule]:
    """The rules in force on the day, in table order: begun, not ended, and not yet replaced."""
    return [rule for rule, (first, last) in zip(rules, spans(rules), strict=True) if first <= day <= last]


def spans(rules: Sequence[MappingRule]) -> list[tuple[date, date]]:
    """First and last day on which each rule is in force, in table order; the last before the first for one
    that never is.
    """
    begins = {rule.replaces: rule.valid_from for rule in rules if rule.replaces}
    found = []
    for rule in rules:
        heir = begins.get(rule.name)
        if heir == date.min:
            found.append(NEVER)
        else:
            last = heir - timedelta(days=1) if heir else date.max
            found.append((rule.valid_from, min(rule.valid_until, last)))
    return found


def canonical(mapping: Mapping) -> Mapping:
    """The mapping with the targets of each rule in canonical order, so that a split does not depend on how
    the table was sorted. What is stored and exported keeps the order of the table.
    """

    def ordered(targets: tuple[Target, ...]) -> tuple[Target, ...]:
        return tuple(
            sorted(
                targets, key=lambda target: (-target.percent, target.account, target.dimensions, target.text)
            )
        )

    return replace(
        mapping, rules=tuple(replace(rule, targets=ordered(rule.targets)) for rule in mapping.rules)
    )

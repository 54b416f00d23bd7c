"""Tables of mappings: what is exported and imported is the same mapping, however a spreadsheet saves it; a
rule that is named as never matching never matches.
"""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from tests.payday import row

from ml_connector.app.mapping_csv import AXES, read_mapping, write_mapping
from ml_connector.domain.mapping import Mapping, MappingRule, Resolution, Resolver, Target, Translation
from ml_connector.domain.mapping_checks import check_mapping

BEGIN = date(2026, 1, 1)
letters = st.text(
    st.characters(codec="cp1252", exclude_categories=["C", "Z"], exclude_characters="=#*"),
    min_size=1,
    max_size=6,
)
words = st.lists(letters, min_size=1, max_size=3).map(" ".join).filter(lambda text: "E+" not in text)
axes = st.one_of(st.sampled_from(AXES), words.filter(lambda name: ":" not in name))
patterns = st.one_of(words, words.map(lambda text: text + "*"))
days = st.integers(0, 12).map(lambda number: BEGIN + timedelta(days=number))


@st.composite
def targets(draw: st.DrawFn) -> tuple[Target, ...]:
    percents = draw(st.sampled_from([("100",), ("60", "40"), ("33.5", "66.5"), ("33.3333", "66.6667")]))
    return tuple(
        Target(
            account=draw(words),
            dimensions=tuple(sorted(draw(st.dictionaries(axes, words, max_size=2)).items())),
            text=draw(st.one_of(st.just(""), words)),
            percent=Decimal(percent),
        )
        for percent in percents
    )


@st.composite
def mappings(draw: st.DrawFn) -> Mapping:
    """Any mapping that an import could have stored."""
    names = draw(st.lists(words, unique=True, min_size=1, max_size=4))
    rules = tuple(
        MappingRule(
            name=name,
            account=draw(st.one_of(st.just("*"), patterns)),
            company=draw(st.one_of(st.just("*"), patterns)),
            pay_code=draw(st.one_of(st.just("*"), patterns)),
            codes=tuple(sorted(draw(st.dictionaries(axes, patterns, max_size=2)).items())),
            valid_from=draw(st.one_of(st.just(date.min), days)),
            valid_until=draw(st.one_of(st.just(date.max), days)),
            replaces=draw(st.sampled_from([None, *names])),
            targets=draw(targets()),
            group=draw(st.one_of(st.just(""), words)),
            ties_to=draw(st.sampled_from(["", "gross", "net"])),
        )
        for name in names
    )
    return Mapping(name="m", version=1, rules=rules)


def sorted_axes(mapping: Mapping) -> Mapping:
    """Axes in the order of their columns, which says nothing."""
    rules = []
    for rule in mapping.rules:
        booked = tuple(
            Target(
                account=target.account,
                dimensions=tuple(sorted(target.dimensions)),
                text=target.text,
                percent=target.percent,
            )
            for target in rule.targets
        )
        rules.append(MappingRule(**{**_fields(rule), "codes": tuple(sorted(rule.codes)), "targets": booked}))
    return Mapping(name="m", version=1, rules=tuple(rules), translations=mapping.translations)


def _fields(rule: MappingRule) -> dict[str, object]:
    return {name: getattr(rule, name) for name in MappingRule.__dataclass_fields__}


@given(mappings())
def test_what_is_exported_is_imported_as_the_same_mapping(mapping: Mapping) -> None:
    """Every axis, date, share and text comes back, and the rows in the order of the table."""
    rules, codes = write_mapping(mapping)

    assert sorted_axes(mapping) == sorted_axes(read_mapping("m", 1, rules.encode(), codes.encode()))


@given(mappings(), st.sampled_from([";", "\t"]), st.sampled_from(["utf-8-sig", "utf-16"]), st.booleans())
def test_a_spreadsheet_may_save_it_in_its_own_way(
    mapping: Mapping, separator: str, encoding: str, comma: bool
) -> None:
    """Another separator, a mark, a decimal comma with a percent sign, rows and columns of nothing."""
    rules, codes = write_mapping(mapping)
    rows = list(csv.DictReader(io.StringIO(rules, newline="")))
    saved = io.StringIO()
    writer = csv.writer(saved, delimiter=separator, lineterminator="\r\n")
    writer.writerow([*rows[0], "", ""])
    for cells in rows:
        if comma:
            cells["percent"] = cells["percent"].replace(".", ",") + " %"
        writer.writerow([*cells.values(), "", ""])
        writer.writerow([""] * len(cells))

    again = read_mapping("m", 1, saved.getvalue().encode(encoding), codes.encode())

    assert read_mapping("m", 1, rules.encode(), codes.encode()) == again


@st.composite
def small(draw: st.DrawFn) -> Mapping:
    """Rules over few accounts, codes and days, so that many stand in the way of others."""
    rules = tuple(
        MappingRule(
            name=str(number),
            account=draw(st.sampled_from(["*", "5*", "51*", "5100", "5200"])),
            company=draw(st.sampled_from(["*", "US1"])),
            codes=draw(st.sampled_from([(), (("org_level_1", "S*"),), (("org_level_1", "SA"),)])),
            valid_from=draw(st.one_of(st.just(date.min), days)),
            valid_until=draw(st.one_of(st.just(date.max), days)),
            targets=(Target(account="4000"),),
        )
        for number in range(draw(st.integers(1, 4)))
    )
    return Mapping(name="m", version=1, rules=rules)


@given(small(), days)
def test_a_rule_that_is_said_never_to_match_never_matches(mapping: Mapping, day: date) -> None:
    """Over every line of the little world, on any day."""
    shadowed = {problem.where for problem in check_mapping(mapping) if problem.code == "mapping.shadowed"}
    resolver = Resolver(mapping=mapping, day=day)

    for account in ("5100", "5110", "5200", "2210"):
        for company in ("US1", "US2"):
            for department in ("SA", "SB", "OP"):
                found = resolver.resolve(row(account, "1.00", company=company, department=department))
                if isinstance(found, Resolution):
                    assert f"rule {found.rule.name}" not in shadowed


@given(st.lists(st.tuples(days, days), min_size=1, max_size=3), days)
def test_a_code_is_the_one_in_force_on_the_posting_date(spans: list[tuple[date, date]], day: date) -> None:
    """Of translations whose days do not overlap, the one of the day, or the source's own code."""
    rows = tuple(
        Translation("org_level_1", "SA", f"C{number}", min(pair), max(pair))
        for number, pair in enumerate(spans)
    )
    mapping = Mapping(name="m", version=1, rules=(), translations=rows)
    if any(problem.code == "mapping.translation_twice" for problem in check_mapping(mapping)):
        return

    expected = [each.code for each in rows if each.valid_from <= day <= each.valid_until] or ["SA"]
    assert expected == [Resolver(mapping=mapping, day=day).translate("org_level_1", "SA")]

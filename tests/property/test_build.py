"""For any run and any mapping: what comes in goes out, to the last minor unit, per company, currency and
side.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from tests.payday import a_pay_run

from ml_connector.domain.build import BuildPolicy, EntryBuilder
from ml_connector.domain.checks import check_entry, check_totals
from ml_connector.domain.dimension import Dimension, Dimensions, code_on
from ml_connector.domain.journal import Account, Chart, JournalEntry
from ml_connector.domain.mapping import Mapping, MappingRule, Target
from ml_connector.domain.mapping_checks import check_mapping
from ml_connector.domain.money import Money, decimals, split_minor
from ml_connector.domain.payroll import Distribution, DistributionGroup, GroupKey, PayRun
from ml_connector.domain.proposal import Proposal

DAY = date(2026, 6, 30)
COMPANIES, ACCOUNTS, DEPARTMENTS = (
    ("C1", "C2", "C3"),
    ("5100", "5110", "5200", "2210", "2290"),
    ("HQ", "NY", "LA", "SF"),
)
ENTITIES = {"C1": "10", "C2": "20", "C3": "20"}
FAMILIES = {entity: f"payroll:acme:R1:books:{entity}" for entity in ("10", "20")}
SIDES = st.sampled_from(["", "", "debit", "credit"])

currencies = st.sampled_from(["EUR", "USD", "JPY", "KWD"])
minors = st.one_of(st.integers(-5, 5), st.integers(-(10**9), 10**9), st.integers(-(10**14), 10**14))


@st.composite
def shares(draw: st.DrawFn) -> list[Decimal]:
    """Percentages with up to four decimals, all positive, that sum to 100."""
    cuts = draw(st.lists(st.integers(1, 999_999), unique=True, max_size=5))
    edges = [0, *sorted(cuts), 1_000_000]
    return [Decimal(later - earlier) / 10_000 for earlier, later in itertools.pairwise(edges)]


@st.composite
def targets(draw: st.DrawFn) -> tuple[Target, ...]:
    """Where a rule books, in any order."""
    booked = []
    for percent in draw(shares()):
        center = draw(st.sampled_from(["", "=org_level_1", "CC1", "CC2"]))
        codes = (("cost_center", center),) if center else ()
        booked.append(
            Target(account=draw(st.sampled_from(["4000", "4010", "1700"])), dimensions=codes, percent=percent)
        )
    return tuple(booked)


@st.composite
def mappings(draw: st.DrawFn) -> Mapping:
    """A mapping that books every account somewhere."""
    special = [
        MappingRule(
            name=f"rule {number}",
            account=draw(st.sampled_from(["51*", "5100", "22*", "5200"])),
            group=draw(st.sampled_from(["", "one"])),
            codes=draw(st.sampled_from([(), (("org_level_1", "HQ"),)])),
            targets=draw(targets()),
        )
        for number in range(draw(st.integers(0, 3)))
    ]
    rest = MappingRule(name="rest", account="*", targets=draw(targets()))
    return Mapping(name="any", version=1, rules=(*special, rest))


@st.composite
def rows_of(draw: st.DrawFn, currency: str) -> tuple[Distribution, ...]:
    """Rows that balance in every company, small and large, zero rows and rows whose column is against their
    sign among them.
    """
    rows: list[Distribution] = []
    for company in draw(st.lists(st.sampled_from(COMPANIES), unique=True, min_size=1)):
        amounts = draw(st.lists(minors, min_size=1, max_size=12))
        for minor in (*amounts, -sum(amounts)):
            codes: Dimensions = (Dimension("org_level_1", draw(st.sampled_from(DEPARTMENTS))),)
            rows.append(
                Distribution(
                    company=company,
                    account=draw(st.sampled_from(ACCOUNTS)),
                    amount=Money.from_minor(minor, currency),
                    dimensions=codes,
                    pay_code=None,
                    origin=str(len(rows)),
                    side=draw(SIDES),
                )
            )
    return tuple(rows)


@st.composite
def builds(draw: st.DrawFn) -> tuple[PayRun, tuple[Distribution, ...], Mapping, BuildPolicy]:
    """A run with its rows, a mapping and a policy."""
    currency = draw(currencies)
    policy = BuildPolicy(
        entities=ENTITIES,
        journals=dict.fromkeys(ENTITIES.values(), "90"),
        text="Payroll",
        detail_groups=draw(st.sampled_from([frozenset(), frozenset({"one"})])),
    )
    return (
        replace(a_pay_run(), currency=currency, companies=COMPANIES),
        draw(rows_of(currency)),
        draw(mappings()),
        policy,
    )


def build(
    pay_run: PayRun, rows: Any, mapping: Mapping, policy: BuildPolicy
) -> tuple[Proposal, list[tuple[int, ...]]]:
    builder = EntryBuilder(
        pay_run=pay_run, mapping=mapping, policy=policy, posting_date=DAY, families=FAMILIES
    )
    cells = [builder.add(row) for row in rows]
    return builder.finish(), cells


def booked(entries: tuple[JournalEntry, ...]) -> Counter[tuple[str, str, Dimensions, int]]:
    """Every line as a thing to count, whatever entry or order it stands in."""
    return Counter(
        (entry.entity, line.account, line.dimensions, line.amount.minor)
        for entry in entries
        for line in entry.lines
    )


@given(builds())
def test_minor_units_in_are_minor_units_out(built: Any) -> None:
    """Per company, currency and side: splits, detail groups and shared legal entities keep every unit."""
    pay_run, rows, _, _ = built
    proposal, _ = build(*built)

    assert () == proposal.problems
    assert [] == check_totals(proposal.totals)
    for total in proposal.totals:
        mine = [
            row for row in rows if row.company == total.company and row.is_debit is (total.side == "debit")
        ]
        assert (len(mine), sum(row.amount.minor for row in mine)) == (total.rows, total.minor_in)
        assert (total.minor_in, pay_run.currency) == (total.minor_out, total.currency)


@given(builds())
def test_entries_hold_what_came_in_for_their_entity(built: Any) -> None:
    """The lines of each legal entity sum to its companies' rows, net and per side as the journal shows it."""
    _pay_run, rows, _, _ = built
    proposal, _ = build(*built)

    for entity in {"10", "20"}:
        came = sum(row.amount.minor for row in rows if ENTITIES[row.company] == entity)
        goes = sum(
            line.amount.minor for entry in proposal.entries if entry.entity == entity for line in entry.lines
        )
        assert came == goes == 0
    for side, sign in (("debit", 1), ("credit", -1)):
        journal = sum(entry.debit.minor if sign > 0 else entry.credit.minor for entry in proposal.entries)
        told = sum(sign * (total.minor_in - total.crossed) for total in proposal.totals if total.side == side)
        told += sum(sign * total.crossed for total in proposal.totals if total.side != side)
        assert told == journal


@given(builds())
def test_every_row_leads_to_lines_that_hold_it(built: Any) -> None:
    """Drill-back is complete: the rows behind a line are exactly the rows that went to its cell."""
    _, rows, _, _ = built
    proposal, cells = build(*built)

    for row, numbers in zip(rows, cells, strict=True):
        assert bool(numbers) == bool(row.amount)
        for number in numbers:
            entry, line = proposal.cells[number]
            if entry >= 0:
                assert ENTITIES[row.company] == proposal.entries[entry].entity
                assert line < len(proposal.entries[entry].lines)


@given(builds())
def test_sums_by_kind_book_what_the_rows_book(built: Any) -> None:
    """Rows of a kind at once, or one by one: the same lines, totals and problems; a kind that is booked in
    detail is left to its rows.
    """
    pay_run, rows, mapping, policy = built
    one_by_one, _ = build(pay_run, rows, mapping, policy)
    builder = EntryBuilder(
        pay_run=pay_run, mapping=mapping, policy=policy, posting_date=DAY, families=FAMILIES
    )
    kinds: dict[GroupKey, list[Distribution]] = {}
    for row in rows:
        kinds.setdefault(row.kind, []).append(row)

    for alike in kinds.values():
        group = DistributionGroup(
            sample=alike[-1], rows=len(alike), minor=sum(row.amount.minor for row in alike)
        )
        if builder.add_group(group) is None:
            for row in alike:
                builder.add(row)
    grouped = builder.finish()

    assert booked(one_by_one.entries) == booked(grouped.entries)
    assert (one_by_one.totals, one_by_one.ties) == (grouped.totals, grouped.ties)
    assert {(problem.code, problem.where) for problem in one_by_one.problems} == {
        (problem.code, problem.where) for problem in grouped.problems
    }


@given(builds(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(built: Any, dice: random.Random) -> None:
    """Blocks may come in any order; the lines are the same, and where nothing is booked in detail the entries
    are.
    """
    pay_run, rows, mapping, policy = built
    first, _ = build(*built)
    shuffled = list(rows)
    dice.shuffle(shuffled)

    second, _ = build(pay_run, shuffled, mapping, policy)

    assert booked(first.entries) == booked(second.entries)
    if not policy.detail_groups:
        assert first.entries == second.entries


def pieces(minor: int, one_sign: bool, dice: random.Random) -> list[int]:
    """The amount in one to three parts, zero among them; all of its sign, where the sign is the side."""
    cuts = sorted(dice.randint(min(0, minor), max(0, minor)) for _ in range(dice.randrange(3)))
    edges = [min(0, minor), *cuts, max(0, minor)]
    parts = [(later - earlier) * (1 if minor >= 0 else -1) for earlier, later in itertools.pairwise(edges)]
    if not one_sign and dice.randrange(2):
        shift = dice.randint(-(10**6), 10**6)
        parts += [shift, -shift]
    return parts


def cut_otherwise(rows: tuple[Distribution, ...], dice: random.Random) -> list[Distribution]:
    """The same pay in other lines: some cut into several, some of a kind put together, in another order."""
    lines = [
        replace(row, amount=Money.from_minor(minor, row.amount.currency), origin=f"{row.origin}/{number}")
        for row in rows
        for number, minor in enumerate(pieces(row.amount.minor, not row.side, dice))
    ]
    dice.shuffle(lines)
    together: dict[GroupKey, Distribution] = {}
    apart: list[Distribution] = []
    for line in lines:
        if dice.randrange(2):
            apart.append(line)
        elif line.kind in together:
            amount = together[line.kind].amount + line.amount
            together[line.kind] = replace(together[line.kind], amount=amount)
        else:
            together[line.kind] = line
    lines = [*apart, *together.values()]
    dice.shuffle(lines)
    return lines


@given(builds(), st.randoms(use_true_random=False))
def test_the_way_payroll_cut_its_lines_does_not_matter(built: Any, dice: random.Random) -> None:
    """A percentage is of the total: the same pay in other lines is the same entry, to the cent."""
    pay_run, rows, mapping, policy = built
    policy = replace(policy, detail_groups=frozenset())
    first, _ = build(pay_run, rows, mapping, policy)

    second, _ = build(pay_run, cut_otherwise(rows, dice), mapping, policy)

    assert first.entries == second.entries
    assert [tie for tie in first.ties if tie.debit_minor or tie.credit_minor] == [
        tie for tie in second.ties if tie.debit_minor or tie.credit_minor
    ]
    assert [replace(total, rows=0) for total in first.totals if total.minor_in] == [
        replace(total, rows=0) for total in second.totals if total.minor_in
    ]


def test_ten_cents_in_thirds_are_the_same_whoever_cut_them() -> None:
    """Ten lines of a cent, or one of ten: three targets get 4, 3 and 3, and not 10, 0 and 0."""
    thirds = tuple(
        Target(account=account, percent=percent)
        for account, percent in (
            ("4000", Decimal("33.34")),
            ("4010", Decimal("33.33")),
            ("4020", Decimal("33.33")),
        )
    )
    rules = (
        MappingRule(name="wages", account="51*", targets=thirds),
        MappingRule(name="net", account="2290", targets=(Target(account="1700"),)),
    )
    policy = BuildPolicy(entities=ENTITIES, journals=dict.fromkeys(ENTITIES.values(), "90"), text="Payroll")
    cents = [("5100", 1)] * 10 + [("2290", -10)]
    for given_rows in (cents, [("5100", 4), ("5110", 6), ("2290", -10)], [("5100", 10), ("2290", -10)]):
        rows = [
            Distribution(
                company="C1",
                account=account,
                amount=Money.from_minor(minor, "EUR"),
                dimensions=(),
                pay_code=None,
                origin="",
            )
            for account, minor in given_rows
        ]
        proposal, _ = build(a_pay_run(), rows, Mapping(name="m", version=1, rules=rules), policy)
        assert [("1700", -10), ("4000", 4), ("4010", 3), ("4020", 3)] == [
            (line.account, line.amount.minor) for line in proposal.entries[0].lines
        ]


@given(builds(), st.randoms(use_true_random=False))
def test_the_order_of_targets_does_not_matter(built: Any, dice: random.Random) -> None:
    """Who sorts the mapping's table otherwise gets the same cents."""
    pay_run, rows, mapping, policy = built
    mixed = replace(
        mapping,
        rules=tuple(
            replace(rule, targets=tuple(dice.sample(rule.targets, len(rule.targets))))
            for rule in mapping.rules
        ),
    )

    assert build(pay_run, rows, mapping, policy)[0] == build(pay_run, rows, mixed, policy)[0]


@given(builds())
def test_a_proposal_passes_its_own_checks(built: Any) -> None:
    """Nothing that is built is unbalanced, empty or holds a zero line."""
    pay_run, _, _, _ = built
    proposal, _ = build(*built)
    centers = frozenset({*DEPARTMENTS, "CC1", "CC2"})
    accounts = {code: Account(code=code, description=code) for code in ("4000", "4010", "1700")}

    for entry in proposal.entries:
        chart = Chart(
            entity=entry.entity,
            journal="90",
            journal_problem=None,
            currencies=frozenset({pay_run.currency}),
            accounts=accounts,
            codes={"cost_center": centers},
            inactive={},
        )
        assert [] == check_entry(entry, chart)


@given(
    st.lists(st.tuples(st.integers(1, 10**9), st.integers(1, 4)), min_size=1, max_size=12), st.integers(2, 9)
)
def test_cut_entries_balance_and_fit(departments: list[tuple[int, int]], lines_max: int) -> None:
    """Each part balances and has no more lines than the ledger takes; together they are the uncut entry."""
    rows, mapping_rules = [], []
    for number, (minor, ways) in enumerate(departments):
        codes = (Dimension("org_level_1", f"{number:03}"),)
        rows.append(
            Distribution(
                company="C1",
                account="5100",
                amount=Money.from_minor(minor * ways, "EUR"),
                dimensions=codes,
                pay_code=None,
                origin="",
            )
        )
        for way in range(ways):
            rows.append(
                Distribution(
                    company="C1",
                    account=f"22{way}",
                    amount=Money.from_minor(-minor, "EUR"),
                    dimensions=codes,
                    pay_code=None,
                    origin="",
                )
            )
    center = (("cost_center", "=org_level_1"),)
    mapping_rules = [
        MappingRule(name=account, account=account, targets=(Target(account=account, dimensions=center),))
        for account in ("5100", "220", "221", "222", "223")
    ]
    mapping = Mapping(name="m", version=1, rules=tuple(mapping_rules))
    policy = BuildPolicy(
        entities=ENTITIES,
        journals=dict.fromkeys(ENTITIES.values(), "90"),
        text="Payroll",
        lines_max=lines_max,
    )
    whole, _ = build(a_pay_run(), rows, mapping, replace(policy, lines_max=10_000))

    cut, _ = build(a_pay_run(), rows, mapping, policy)

    if any(ways + 1 > lines_max for _, ways in departments):
        assume(cut.problems)
        assert {"entry.no_border"} == {problem.code for problem in cut.problems}
        assert () == cut.entries
        return
    assert () == cut.problems
    assert booked(whole.entries) == booked(cut.entries)
    assert all(len(entry.lines) <= lines_max and entry.debit == entry.credit for entry in cut.entries)
    assert [f"payroll:acme:R1:books:10:{part}:1" for part in range(1, len(cut.entries) + 1)] == [
        entry.key for entry in cut.entries
    ]


@given(st.integers(0, 6), st.integers(0, 6), st.integers(1, 8))
def test_small_groups_are_rolled_up_and_lose_nothing(small: int, large: int, minimum: int) -> None:
    """No line shows a group under the minimum; its amounts stand on the roll-up code."""
    counts = {"HQ": small, "NY": large}
    run = a_pay_run(companies=("C1",))
    register = replace(
        run.register[0],
        workers_by_code=tuple(("org_level_1", code, workers) for code, workers in counts.items()),
    )
    rows = [
        Distribution(
            company="C1",
            account=account,
            amount=Money.parse(amount, "EUR"),
            dimensions=(Dimension("org_level_1", code),),
            pay_code=None,
            origin="",
        )
        for code in counts
        for account, amount in (("5100", "10.00"), ("2290", "-10.00"))
    ]
    center = (("cost_center", "=org_level_1"),)
    mapping = Mapping(
        name="m",
        version=1,
        rules=(MappingRule(name="all", account="*", targets=(Target(account="4000", dimensions=center),)),),
    )
    policy = BuildPolicy(
        entities=ENTITIES,
        journals=dict.fromkeys(ENTITIES.values(), "90"),
        text="",
        minimum_workers=minimum,
        roll_up_code="OTHER",
    )

    proposal, _ = build(replace(run, register=(register,)), rows, mapping, policy)

    shown = {code_on("cost_center", line.dimensions) for entry in proposal.entries for line in entry.lines}
    assert {
        code if minimum <= 1 or workers >= minimum else "OTHER" for code, workers in counts.items()
    } == shown
    assert [] == check_totals(proposal.totals)


def test_roll_up_without_counts_is_a_problem() -> None:
    """A minimum that cannot be applied is said, not skipped."""
    run = a_pay_run(companies=("C1",))
    mapping = Mapping(name="m", version=1, rules=())
    policy = BuildPolicy(
        entities=ENTITIES,
        journals=dict.fromkeys(ENTITIES.values(), "90"),
        text="",
        minimum_workers=5,
        roll_up_code="OTHER",
    )

    proposal, _ = build(replace(run, register=()), (), mapping, policy)

    assert ["privacy.unknown"] == [problem.code for problem in proposal.problems]


@given(minors, shares())
def test_a_split_keeps_every_unit(minor: int, percents: list[Decimal]) -> None:
    """The parts sum to the whole, and each is within one unit of its exact share."""
    parts = split_minor(minor, percents)

    assert minor == sum(parts)
    for part, percent in zip(parts, percents, strict=True):
        assert abs(part - Decimal(minor) * percent / 100) < 1
        assert part * minor >= 0


@given(mappings())
def test_generated_mappings_are_sound(mapping: Mapping) -> None:
    """The mappings these tests draw pass the product's own check, but for rules that others stand above."""
    assert {"mapping.shadowed"} >= {problem.code for problem in check_mapping(mapping)}


@given(currencies, minors)
def test_money_is_exact(currency: str, minor: int) -> None:
    """Minor units and back, text and back, and no other number of decimals than the currency's."""
    money = Money.from_minor(minor, currency)

    assert minor == money.minor
    assert money == Money.parse(str(money.amount), currency)
    assert -decimals(currency) == money.amount.as_tuple().exponent
    assert money - money == money + -money == Money.from_minor(0, currency)
    assert "-0" not in str(Money.from_minor(0, currency) - Money.from_minor(0, currency))


@given(currencies, minors, minors)
def test_money_adds_as_minor_units_do(currency: str, one: int, other: int) -> None:
    """Sums never round."""
    assert one + other == (Money.from_minor(one, currency) + Money.from_minor(other, currency)).minor

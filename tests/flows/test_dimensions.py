"""Codes of a payroll among the dimension values of a ledger, carried out by the product, the vendors at their
ports.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests.payday import SOURCE, TARGET, World

from ml_connector.contract.reference_register import ReferenceRegister, ReferenceRows
from ml_connector.domain.dimension import Dimension, DimensionValue
from ml_connector.domain.mapping import Mapping, MappingRule, Target, Translation
from ml_connector.domain.worker import Employment, Placement, Worker
from ml_connector.flows.dimensions import read_policy
from ml_connector.flows.flow import Mode, PolicyError
from ml_connector.flows.zones import read_zones, today
from ml_connector.ports.registers import RegisterLimits, Versioned
from ml_connector.ports.runs import RunRow, RunState
from ml_connector.ports.systems import System

OPTIONS = {"axes": "org_level_1=cost_center", "entities": "US1=10,US2=20", "zones": "10=Europe/Oslo"}


def code(text: str, title: str = "", **more: Any) -> DimensionValue:
    """As payroll has it."""
    return DimensionValue(entity="", axis="org_level_1", code=text, title=title or f"Name of {text}", **more)


def there(text: str, entity: str = "10", **more: Any) -> DimensionValue:
    """As the ledger has it."""
    return replace(code(text, **more), entity=entity, axis="cost_center")


def move(world: World, to: datetime) -> None:
    world.clock.sleep((to - world.clock.now()).total_seconds())


class Codes:
    """A `DimensionSource`."""

    axes = frozenset({"org_level_1", "location"})

    def __init__(self) -> None:
        self.held: list[DimensionValue] = []

    def values(self, axes: Collection[str]) -> Iterator[DimensionValue]:
        """As they lie there."""
        return (value for value in self.held if value.axis in axes)


class Dimensions(World):
    """An installation that keeps payroll's codes in a ledger."""

    def __init__(self, *, mode: Mode = Mode.AUTOMATIC, shared: bool = False, mapping: str = "") -> None:
        self.codes, self.ledger_rows = Codes(), ReferenceRows()
        limits = RegisterLimits(settle_seconds=5, shared=shared, axes=frozenset({"cost_center"}))
        self.register = ReferenceRegister(self.ledger_rows, limits)
        super().__init__()
        self.mode, self.mapped = mode, mapping
        self.set_options(OPTIONS)

    def set_options(self, options: dict[str, str]) -> None:
        self.access.set_flow(
            kind="dimensions",
            source=self.access.connection(SOURCE),
            target=self.access.connection(TARGET),
            mode=self.mode,
            starts_on=date(2026, 1, 1),
            mapping=self.mapped,
            options=options,
        )

    def system(self, name: str) -> System:
        inner = super().system(name)
        if name == SOURCE:
            return replace(inner, sources={**inner.sources, DimensionValue: self.codes})
        return replace(inner, registers={DimensionValue: self.register})

    def align(self) -> RunRow:
        """The next pass, as far as it goes by itself."""
        references, _ = self.operations.new("dimensions", SOURCE, TARGET, None)
        run = self.operations.start("dimensions", SOURCE, TARGET, references[0]).id
        self.run_to_rest()
        return self.at(run)

    def there(self) -> set[DimensionValue]:
        return set(self.ledger_rows.rows.values())

    def acts(self, run: str) -> dict[str, str]:
        return {row.change.key: str(row.change.act) for row in self.operations.records.plan(run, 100)}


def test_every_code_is_made_in_every_legal_entity_once() -> None:
    world = Dimensions()
    world.codes.held = [code("SA"), code("OP"), replace(code("X"), axis="location")]

    at = world.align()

    assert (RunState.DONE, "4 changes made; read again, and as wished.") == (at.state, at.summary)
    assert {there(text, entity) for text in ("SA", "OP") for entity in ("10", "20")} == world.there()
    assert "nothing to change" in world.align().summary


def test_a_ledger_whose_values_are_shared_has_each_code_once() -> None:
    world = Dimensions(shared=True)
    world.codes.held = [code("SA")]
    world.align()

    assert {there("SA", "")} == world.there()


def test_codes_of_companies_that_the_flow_does_not_have_are_not_made_for_all() -> None:
    """Where all share one row there, a company of the source still has to be named."""
    world = Dimensions(shared=True)
    world.codes.held = [replace(code("SA"), entity="US1"), replace(code("OP"), entity="XX"), code("IT")]
    world.align()

    assert {there("SA", ""), there("IT", "")} == world.there()


def test_a_code_of_one_company_is_made_in_its_legal_entity_only() -> None:
    world = Dimensions()
    world.codes.held = [replace(code("SA"), entity="US2"), replace(code("OP"), entity="unknown")]
    world.align()

    assert {there("SA", "20")} == world.there()


def test_a_code_is_renamed_closed_on_the_day_it_is_in_the_legal_entity_and_opened_again() -> None:
    """At 22:30 UTC it is tomorrow in Oslo."""
    world = Dimensions()
    world.codes.held = [code("SA"), code("OP")]
    world.align()
    move(world, datetime(2026, 7, 15, 22, 30, tzinfo=UTC))

    world.codes.held = [code("SA", "Sales"), code("OP", open=False)]
    at = world.align()

    assert {"10/cost_center/SA": "change", "10/cost_center/OP": "close"} == {
        key: act for key, act in world.acts(at.id).items() if key.startswith("10")
    }
    closed = {value.until for value in world.there() if not value.open}
    assert ({date(2026, 7, 15), date(2026, 7, 16)}, {"Sales"}) == (
        closed,
        {value.title for value in world.there() if value.open},
    )
    move(world, datetime(2026, 8, 1, tzinfo=UTC))
    assert "nothing to change" in world.align().summary
    world.codes.held = [code("SA", "Sales"), code("OP")]
    assert {"reopen"} == set(world.acts(world.align().id).values())
    assert {None} == {value.until for value in world.there()}


def test_a_code_that_payroll_has_no_more_is_closed_and_never_deleted() -> None:
    world = Dimensions()
    world.codes.held = [code("SA"), code("OP")]
    world.align()
    world.codes.held = [code("SA")]
    world.align()

    assert {"OP": False, "SA": True} == {value.code: value.open for value in world.there()}


def test_a_code_of_the_ledger_that_payroll_does_not_know_is_shown_and_left_alone() -> None:
    world = Dimensions()
    world.ledger_rows.edit(there("HAND"))
    world.ledger_rows.edit(there("OLD", open=False))

    at = world.align()

    assert (RunState.DONE, {"10/cost_center/HAND": "theirs"}) == (at.state, world.acts(at.id))
    assert {there("HAND"), there("OLD", open=False)} == world.there()


def test_a_code_that_the_mapping_translates_is_not_made_and_its_target_is_not_unknown() -> None:
    world = Dimensions(mapping="codes")
    rule = MappingRule(
        name="wages",
        account="*",
        targets=(Target(account="4000", dimensions=(("cost_center", "=org_level_1"),)),),
    )
    translation = Translation("org_level_1", "SA", "SALES")
    mapping = Mapping(name="codes", version=1, rules=(rule,), translations=(translation,))
    world.access.add_mapping(mapping, world._actor)
    world.ledger_rows.edit(there("SALES"))
    world.codes.held = [code("SA"), code("OP")]

    at = world.align()

    assert {"10/cost_center/OP": "create", "20/cost_center/OP": "create"} == world.acts(at.id)


def placed(number: int, code: str, *, end: str = "", later: str = "") -> Worker:
    """A worker who is employed until the day, and moves on 1 August where `later` is said."""
    ahead = Placement(since=date(2026, 8, 1), codes=(Dimension("org_level_1", later),))
    one = Employment(
        company="US1",
        start=date(2025, 1, 1),
        end=date.fromisoformat(end) if end else None,
        codes=(Dimension("org_level_1", code),),
        placements=(ahead,) if later else (),
    )
    return Worker(key=f"E{number}", number=str(number), name=f"Worker {number}", employments=(one,))


def test_a_code_that_is_used_is_closed_only_with_consent() -> None:
    """In automatic mode too; the plan says by whom. Who has left, or a rule that is over, uses nothing."""
    world = Dimensions(mapping="codes")
    from ml_connector.store.snapshots import StoredSnapshots

    world.set_options({**OPTIONS, "entities": "US1=10"})
    target = Target(account="4000")
    rules = [
        MappingRule(name=name, account="*", codes=(("org_level_1", "OP"),), targets=(target,), **more)
        for name, more in (("wages", {}), ("old", {"valid_until": date(2026, 6, 30)}))
    ]
    world.access.add_mapping(Mapping(name="codes", version=1, rules=tuple(rules)), world._actor)
    world.codes.held = [code("SA"), code("OP"), code("IT"), code("XX")]
    world.align()
    people = [
        placed(1, "SA"),
        placed(2, "SA"),
        placed(3, "SA", end="2026-06-30"),
        placed(4, "XX", later="IT"),
    ]
    StoredSnapshots(world.access.connection(SOURCE)).replace("worker", people, "1")
    world.codes.held = [code(text, open=False) for text in ("SA", "OP", "IT")]

    at = world.align()

    assert RunState.AWAITING_APPROVAL is at.state
    told = {row.change.key[3:]: row.detail for row in world.operations.records.plan(at.id, 100)}
    assert "2 workers are placed on it." in told["cost_center/SA"]
    assert "the rules wages name it." in told["cost_center/OP"]
    assert "1 worker is placed on it." in told["cost_center/IT"]
    assert "1 worker is placed on it." in told["cost_center/XX"]
    assert {True} == {value.open for value in world.there()}


@pytest.mark.parametrize("ours", [True, False])
def test_a_closed_code_comes_back_as_something_else_only_with_consent(ours: bool) -> None:
    """In automatic mode too, and whether we closed it or somebody else: its old bookings are under it."""
    world = Dimensions()
    if ours:
        world.codes.held = [code("K77", "Warehouse")]
        world.align()
        world.codes.held = [code("K77", "Warehouse", open=False)]
        world.align()
    else:
        for entity in ("10", "20"):
            world.ledger_rows.edit(there("K77", entity, title="Warehouse", open=False))
    world.codes.held = [code("K77", "Sales EU")]

    at = world.align()

    assert RunState.AWAITING_APPROVAL is at.state
    assert {"10/cost_center/K77": "reopen", "20/cost_center/K77": "reopen"} == world.acts(at.id)
    assert {("Warehouse", False)} == {(value.title, value.open) for value in world.there()}
    world.operations.approve(at.id, world.operations.records.fingerprint(at.id))
    world.run_to_rest()
    assert {("Sales EU", True)} == {(value.title, value.open) for value in world.there()}


def test_a_small_company_whose_codes_are_gone_is_asked_about() -> None:
    """They are few beside those of the other company."""
    world = Dimensions()
    large = [replace(code(f"L{number:03}"), entity="US1") for number in range(200)]
    small = [replace(code(f"S{number:03}"), entity="US2") for number in range(12)]
    world.codes.held = [*large, *small]
    world.align()
    world.codes.held = large

    held = world.align()

    (problem,) = world.problem_list(held.id)
    assert (RunState.HELD, "plan.loss") == (held.state, problem.code)
    assert "closes 12 of 12 rows under 20/cost_center/" in problem.text
    assert all(value.open for value in world.there())


def test_a_flow_that_keeps_one_company_leaves_the_codes_of_the_others() -> None:
    world = Dimensions()
    world.codes.held = [code("SA"), code("OP")]
    world.align()
    world.set_options({**OPTIONS, "entities": "US1=10"})
    world.codes.held = [code("SA")]
    world.align()

    assert {("OP", "20"), ("SA", "10"), ("SA", "20")} == {
        (value.code, value.entity) for value in world.there() if value.open
    }


def test_a_second_pass_is_not_begun_while_one_is_under_way() -> None:
    world = Dimensions()
    world.codes.held = [code("SA")]
    references, _ = world.operations.new("dimensions", SOURCE, TARGET, None)
    world.operations.start("dimensions", SOURCE, TARGET, references[0])

    assert ((), ()) == world.operations.new("dimensions", SOURCE, TARGET, None)
    world.run_to_rest()
    assert 1 == len(world.operations.new("dimensions", SOURCE, TARGET, None)[0])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({**OPTIONS, "axes": ""}, "'axes' is missing"),
        ({**OPTIONS, "axes": "org_level_1"}, "axes has 'org_level_1'"),
        ({**OPTIONS, "axes": "a=x,b=x"}, "axis of the ledger twice"),
        ({**OPTIONS, "entities": ""}, "'entities' is missing"),
        ({**OPTIONS, "zones": "10=Mars"}, "zones has 'Mars'"),
        ({**OPTIONS, "zones": "10=UTC,10=UTC"}, "zones has '10'"),
        ({**OPTIONS, "colour": "red"}, "unknown option 'colour'"),
    ],
)
def test_a_setting_that_cannot_be_read_is_refused(options: dict[str, str], told: str) -> None:
    with pytest.raises(PolicyError, match=told):
        read_policy("approve", date(2026, 1, 1), options)


@pytest.mark.parametrize(
    ("zone", "hour", "day"),
    [("Australia/Sydney", 13, 30), ("Australia/Sydney", 14, 31), ("America/Los_Angeles", 6, 29), ("", 6, 30)],
)
def test_the_day_is_the_one_in_the_legal_entity(zone: str, hour: int, day: int) -> None:
    now = datetime(2026, 7, 30, hour, 30, tzinfo=UTC)

    assert date(2026, 7, day) == today(read_zones(zone), "10", now)


class Dated(ReferenceRegister):
    """A ledger that closes a code when its last day is over, and not before."""

    def __init__(self, rows: ReferenceRows, now: Callable[[], datetime]) -> None:
        super().__init__(rows, RegisterLimits(settle_seconds=5, axes=frozenset({"cost_center"})))
        self.now = now

    def normal(self, record: DimensionValue) -> DimensionValue:
        """Open until the last day is over."""
        return record if record.until is None else replace(record, open=record.until >= self.now().date())

    def rows(self, within: Collection[str] = ()) -> Iterator[Versioned[DimensionValue]]:
        """As they are today."""
        return (replace(row, record=self.normal(row.record)) for row in super().rows(within))

    def read(self, keys: Collection[str]) -> dict[str, Versioned[DimensionValue]]:
        """As they are today."""
        return {key: replace(row, record=self.normal(row.record)) for key, row in super().read(keys).items()}


def dated(**more: Any) -> Dimensions:
    world = Dimensions(**more)
    world.register = Dated(world.ledger_rows, lambda: world.clock.now())
    return world


def test_a_code_that_ends_today_is_closed_once_and_opened_again_later() -> None:
    """The ledger shows it open for the rest of its last day, and closed afterwards: neither is a change to
    make, nor somebody's edit.
    """
    world = dated()
    world.codes.held = [code("SA"), code("OP")]
    world.align()
    world.codes.held = [code("SA"), code("OP", open=False)]
    move(world, datetime(2026, 7, 15, 9, tzinfo=UTC))

    assert {"10/cost_center/OP": "close", "20/cost_center/OP": "close"} == world.acts(world.align().id)
    assert "nothing to change" in world.align().summary

    move(world, datetime(2026, 8, 1, tzinfo=UTC))
    world.codes.held = [code("SA"), code("OP")]
    assert {"10/cost_center/OP": "reopen", "20/cost_center/OP": "reopen"} == world.acts(world.align().id)
    assert all(value.open and value.until is None for value in world.there())


def test_a_day_that_ends_between_plan_and_consent_is_nobodys_edit() -> None:
    world = dated(mode=Mode.APPROVE)
    last = date(2026, 7, 15)
    world.ledger_rows.rows["10/cost_center/OP"] = there("OP", until=last)
    world.ledger_rows.rows["20/cost_center/OP"] = there("OP", "20", until=last)
    world.codes.held = [code("OP", "Operations", until=last)]
    move(world, datetime(2026, 7, 15, 20, tzinfo=UTC))
    at = world.align()

    move(world, datetime(2026, 7, 16, 8, tzinfo=UTC))
    world.operations.approve(at.id, world.operations.records.fingerprint(at.id))
    world.run_to_rest()
    assert RunState.DONE == world.at(at.id).state
    assert {"Operations"} == {value.title for value in world.there()}


def test_a_mode_that_there_is_not_is_refused() -> None:
    with pytest.raises(PolicyError, match="mode is 'aprove', expected one of propose, approve, automatic"):
        read_policy("aprove", date(2026, 1, 1), OPTIONS)

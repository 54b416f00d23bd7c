"""What changes around a mapping is told before a pay run meets it: blocked, closed and renamed in the ledger,
closed in payroll, and where workers are placed whose pay is due soon.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from tests.flows.test_codes_of_a_plan import KeptCodes
from tests.flows.test_dimensions import code, there
from tests.flows.test_expected import planned
from tests.payday import SOURCE

from ml_connector.domain.dimension import dimensions
from ml_connector.domain.expected import Expected
from ml_connector.domain.mapping import Translation
from ml_connector.domain.worker import Employment, Placement, Worker
from ml_connector.errors import NotSent
from ml_connector.ports.systems import System


class People:
    """A `WorkerSource` whose workers are read whole."""

    def __init__(self) -> None:
        self.held: list[Worker] = []

    def workers(self) -> Iterator[Worker]:
        return iter(self.held)


class Plan:
    """As `ports.calendar.Calendar`."""

    def __init__(self) -> None:
        self.held: list[Expected] = []

    def planned(self, since: date, until: date) -> tuple[Expected, ...]:
        return tuple(one for one in self.held if since <= one.due <= until)


class Watched(KeptCodes):
    """Both companies have the cost centers of the mapping, under the names that they have."""

    def __init__(self) -> None:
        self.people, self.plan, self.fails = People(), Plan(), False
        super().__init__()
        self.codes.held = [code("SA"), code("OP")]
        for entity in ("10", "20"):
            for text in ("SALES", "OPS"):
                self.ledger_rows.edit(there(text, entity))

    def system(self, name: str) -> System:
        inner = super().system(name)
        if self.fails:
            raise NotSent("No connection to the vendor.")
        if name == SOURCE:
            return replace(inner, sources={**inner.sources, Worker: self.people, Expected: self.plan})
        return inner

    def watch(self, **values: Any) -> dict[str, str]:
        """Take the nightly look; place of what is open → text."""
        from ml_connector.app.drift import watch_mappings
        from ml_connector.store.work import open_items

        self._use()
        watch_mappings(self.access, self._assembly, **values)
        return {row.subject: row.text for row in open_items(self.access.organisation)}

    def expect(self) -> None:
        from ml_connector.app.expected import expect

        self._use()
        expect(self._assembly, self._flow, self.clock.now().date(), "look")

    def next_night(self) -> None:
        self.clock.sleep(timedelta(days=1, minutes=1).total_seconds())


def test_a_mapping_that_fits_has_nothing_for_people_and_is_looked_at_once_a_day() -> None:
    world = Watched()
    assert {} == world.watch()
    reads = world.ledger_rows.reads
    assert {} == world.watch()
    assert reads == world.ledger_rows.reads

    world.next_night()
    world.watch()
    assert world.ledger_rows.reads > reads


def test_a_blocked_account_and_a_missing_one_flag_each_rule_that_uses_them() -> None:
    world = Watched()
    world.vendor.accounts["4000"] = replace(world.vendor.accounts["4000"], blocked=True)
    found = world.watch()

    assert found
    assert all("is blocked in" in text and subject.startswith("rule ") for subject, text in found.items())

    world.vendor.accounts["4000"] = replace(world.vendor.accounts["4000"], blocked=False)
    world.next_night()
    assert {} == world.watch()


def with_a_code(world: Watched, source: str = "SA", target: str = "SALES") -> None:
    """The code table names a cost center."""
    table = (Translation("org_level_1", source, target),)
    world.mapping = replace(world.mapping, translations=table)


def test_a_code_that_was_closed_in_the_ledger_flags_the_rules_that_name_it() -> None:
    world = Watched()
    with_a_code(world)
    assert {} == world.watch()
    world.ledger_rows.edit(there("SALES", open=False))
    world.next_night()

    found = world.watch()
    assert found
    assert all("cost_center SALES is not active in 10" in text for text in found.values())


def test_a_code_that_was_renamed_flags_its_rules_until_a_person_says_why() -> None:
    """Renamed again, it is told again; named as before, it is over. A new version of the mapping was made
    with the name in view.
    """
    world = Watched()
    with_a_code(world)
    assert {} == world.watch()
    world.ledger_rows.edit(there("SALES", title="Warehouse"))
    world.next_night()
    (subject,) = found = world.watch()
    assert "cost_center SALES in 10: Warehouse" == subject
    assert "is called 'Warehouse' now; it was 'Name of SALES'" in found[subject]

    done(world)
    world.next_night()
    assert {} == world.watch()
    world.ledger_rows.edit(there("SALES", title="Canteen"))
    world.next_night()
    assert ["cost_center SALES in 10: Canteen"] == list(world.watch())

    world.ledger_rows.edit(there("SALES"))
    world.next_night()
    assert {} == world.watch()

    world.ledger_rows.edit(there("SALES", title="Canteen"))
    with_a_code(world)
    world.next_night()
    assert {} == world.watch()


def done(world: Watched) -> None:
    """A person ends what is open."""
    from ml_connector.app.access import Actor
    from ml_connector.app.worklist import Worklist

    worklist = Worklist(world.access, Actor("anna", "test"))
    for item in worklist.open():
        worklist.done(item.id, "still right")


def test_a_renamed_account_is_told() -> None:
    world = Watched()
    assert {} == world.watch()
    world.vendor.accounts["4000"] = replace(world.vendor.accounts["4000"], description="Fuel")
    world.next_night()

    assert ["GL account 4000 in 10: Fuel", "GL account 4000 in 20: Fuel"] == sorted(world.watch())


def test_a_code_that_was_closed_or_deleted_in_payroll_flags_what_names_it() -> None:
    world = Watched()
    with_a_code(world, source="S1")
    world.codes.held = [code("S1"), code("X", open=False)]
    assert {} == world.watch()
    world.codes.held = [code("S1", open=False, until=date(2026, 6, 30))]
    world.next_night()

    found = world.watch()
    assert ["org_level_1 S1"] == list(found)
    assert "is closed in payroll since 2026-06-30" in found["org_level_1 S1"]
    assert "'code table, S1 → SALES'" in found["org_level_1 S1"]

    world.codes.held = [code("X")]
    world.next_night()
    assert "org_level_1 S1 is no code of payroll." in world.watch()["org_level_1 S1"]


def worker(key: str, where: str, company: str = "US1", **more: Any) -> Worker:
    codes = dimensions({"org_level_1": where})
    job = Employment(company=company, start=date(2020, 1, 1), codes=codes, **more)
    return Worker(key=key, number=key, name=f"Name {key}", employments=(job,))


def pay_due_in(world: Watched, days: int) -> None:
    due = world.clock.now().date() + timedelta(days=days)
    world.plan.held = [planned("biweekly next", due.isoformat(), closed=False)]
    world.expect()


def test_where_workers_are_placed_is_told_days_before_their_pay_is_due() -> None:
    """Two of a company on a code without a target are one thing; who has left, and a company of another
    flow, are none.
    """
    world = Watched()
    pay_due_in(world, 12)
    gone = world.clock.now().date() - timedelta(days=1)
    world.people.held = [
        worker("1", "SALES"),
        worker("2", "NEW"),
        worker("3", "NEW"),
        worker("4", "LEFT", end=gone),
        worker("5", "THEIRS", company="US9"),
    ]

    found = world.watch()
    assert ["cost_center NEW in 10"] == list(found)
    assert "2 workers of US1, on org_level_1 NEW, are booked on it" in found["cost_center NEW in 10"]

    world.ledger_rows.edit(there("NEW"))
    world.next_night()
    assert "cost_center NEW in 10" not in world.watch()


def test_workers_are_looked_at_where_they_are_on_the_day_of_their_pay() -> None:
    """Who moves or begins before it, and who leaves before it and is paid for the days till then."""
    world = Watched()
    pay_due_in(world, 12)
    now = world.clock.now().date()
    soon, due = now + timedelta(days=5), now + timedelta(days=12)

    def moves(key: str, since: date, where: str) -> Worker:
        placement = Placement(since=since, codes=dimensions({"org_level_1": where}))
        held = worker(key, "SALES")
        job = replace(held.employments[0], placements=(placement,))
        return replace(held, employments=(job,))

    begins = worker("3", "BEGUN")
    world.people.held = [
        moves("1", due, "MOVED"),
        moves("2", due + timedelta(days=1), "LATER"),
        replace(begins, employments=(replace(begins.employments[0], start=soon),)),
        worker("4", "LEAVES", end=soon),
    ]

    assert {f"cost_center {code} in 10" for code in ("MOVED", "BEGUN", "LEAVES")} == set(world.watch())


def test_no_pay_that_is_due_soon_means_no_look_at_workers() -> None:
    world = Watched()
    pay_due_in(world, 20)
    world.people.held = [worker("2", "NEW")]

    assert "cost_center NEW in 10" not in world.watch()


def test_a_place_that_no_rule_books_is_told() -> None:
    world = Watched()
    pay_due_in(world, 5)
    rules = tuple(replace(rule, codes=(("org_level_1", "SALES"),)) for rule in world.mapping.rules)
    world.mapping = replace(world.mapping, rules=rules)
    world.people.held = [worker("1", "SALES"), worker("2", "OPS")]

    found = world.watch()
    assert "US1 org_level_1=OPS" in found
    assert "which no rule of mapping" in found["US1 org_level_1=OPS"]


def test_a_defect_of_one_look_ends_nothing_else() -> None:
    """Neither `serve` nor what is open."""
    world = Watched()
    world.vendor.accounts["4000"] = replace(world.vendor.accounts["4000"], blocked=True)
    before = world.watch()
    world.next_night()
    world.people.held, world.codes.held = [], [None]  # type: ignore[list-item]
    failed: dict[str, str] = {}

    assert before == world.watch(failed=failed.__setitem__)
    assert ["because of a defect" in why for why in failed.values()] == [True]


def test_what_cannot_be_read_is_said_and_asked_again_and_ends_nothing_that_is_open() -> None:
    world = Watched()
    world.vendor.accounts["4000"] = replace(world.vendor.accounts["4000"], blocked=True)
    before = world.watch()
    world.next_night()
    failed: dict[str, str] = {}
    world.fails = True
    assert before == world.watch(failed=failed.__setitem__)
    assert ["mapping"] == [name.split()[0] for name in failed]

    world.fails = False
    world.vendor.accounts["4000"] = replace(world.vendor.accounts["4000"], blocked=False)
    assert {} == world.watch()

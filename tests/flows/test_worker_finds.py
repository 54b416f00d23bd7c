"""By which way a pass finds that workers are otherwise than it kept them, and what it says where the source's
list of changes does not name everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, cast

import pytest
from tests.flows.test_assignments import OneClock, no_waiting  # noqa: F401
from tests.flows.test_workers import OPTIONS, Members, People, employment, placed, worker
from tests.payday import SOURCE, TARGET, VirtualClock, World

from ml_connector.connectors.ukg_pro.tests.people_world import PeopleWorld
from ml_connector.contract.reference_register import ReferenceRegister, ReferenceRows
from ml_connector.domain.worker import EmploymentState, Worker
from ml_connector.ports.registers import RegisterLimits
from ml_connector.ports.systems import System
from ml_connector.ports.workers import Changed

NOTHING = {"changes": 0, "full_read": 0, "date": 0, "unnamed": ()}


class Finding(Members):
    """As it says of each pass."""

    def found(self, **given: Any) -> dict[str, Any]:
        """By which way the next pass finds what it finds; ways that found nothing are left out."""
        run = self.operations.start("workers", SOURCE, TARGET, "now", given=given).id
        self.run_to_rest()
        found = self.operations.records.shown(self.at(run))["found_by"]
        return {name: value for name, value in found.items() if value != NOTHING[name]}

    def everybody(self) -> dict[str, Any]:
        """The same of a pass that reads everybody."""
        return self.found(everybody=("yes",))

    def text(self) -> str:
        """What people are told of the last pass."""
        return str(self.operations.records.told(self.runs.list()[0]))


def settled(*workers: Worker) -> Finding:
    world = Finding()
    world.people.put(*(workers or [worker(f"{number:02}") for number in range(1, 6)]))
    assert {"full_read": len(workers) or 5} == world.found()
    return world


def test_a_pass_says_by_which_way_it_found_what_changed() -> None:
    """Named and otherwise; named and alike; placed from a day on that came; not named."""
    world = settled(
        worker("01"), worker("02"), worker("03", placed("100", ("2026-07-20", "200"))), worker("04")
    )
    world.people.put(worker("01", name="Reed"), worker("02"))
    assert {"changes": 1} == world.found()
    assert "Found by: changes 1, full read 0, date 0." == world.text()
    world.people.take_out("02")
    world.people.put(worker("05"))
    world.move("2026-07-20T12:00")
    assert {"changes": 2, "date": 1} == world.found()

    world.people.put(worker("04", name="Moss"), worker("06"), tell=False)
    world.people.put(worker("05", name="Ray"))

    assert {"changes": 1, "full_read": 2, "unnamed": ("E04", "E06")} == world.everybody()
    assert world.text() == (
        "Found by: changes 1, full read 2, date 0. Payroll's list of changes did not name E04, E06."
    )


def test_a_plan_of_what_was_read_before_says_so() -> None:
    """As the first one after a dry run, or that of a second ledger: it read nothing new, and plans all."""
    world = Finding()
    world.people.put(worker("01"), worker("02"))
    dry = world.operations.start("workers", SOURCE, TARGET, "dry", dry_run=True).id
    world.run_to_rest()
    assert "Found by: changes 0, full read 2, date 0." == world.operations.records.told(world.at(dry))

    assert {} == world.found()

    assert 2 == len(world.members())
    kept = "Payroll has nothing new since it was read last; the plan goes by what is kept of it."
    assert kept == world.text()


def test_the_audit_log_says_it_too() -> None:
    from ml_connector.store.models import AuditEntry

    world = settled()
    world.people.put(worker("04", name="Moss"), tell=False)
    world.everybody()

    texts = AuditEntry.objects.filter(text__contains="run.read").order_by("-number")
    for said in ('"by_changes":0', '"by_date":0', '"by_full_read":1', '"unnamed":"E04"'):
        assert said in texts[0].text.replace(" ", "")


def test_who_is_not_named_the_next_time_either_is_for_people_until_a_full_read_finds_nobody() -> None:
    world = settled()
    world.people.put(worker("04", name="Moss"), tell=False)
    world.everybody()
    assert {} == world.items()

    world.found()

    assert {"changes": "worker.untold"} == world.items()
    from ml_connector.app.worklist import Worklist

    (item,) = Worklist(world.access, world._actor).open()
    assert "the read of everybody on 2026-07-15 found 1 that it did not name (E04)" in item.text
    assert "--everybody yes" in item.text
    assert {} == world.found()
    assert {"changes": "worker.untold"} == world.items()
    world.everybody()
    assert {} == world.items()


def test_who_changes_while_everybody_is_read_is_named_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    world = settled()
    reading = People.workers

    def moving(people: People) -> Iterator[Worker]:
        people.put(worker("04", name="Moss"))
        yield from reading(people)

    monkeypatch.setattr(People, "workers", moving)
    assert {"full_read": 1, "unnamed": ("E04",)} == world.everybody()
    monkeypatch.undo()

    for _ in range(3):
        world.found()
        world.people.put(worker("05"), worker("05"))
    assert {} == world.items()


@pytest.mark.parametrize("early", [True, False])
def test_a_list_that_was_not_asked_is_not_blamed(early: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was too early, or the source does not know the cursor any more."""
    world = settled()
    world.people.put(worker("04", name="Moss"), tell=False)
    asking = People.changed
    told = replace(asking(world.people, "0"), keys=(), early=early, whole=not early)
    monkeypatch.setattr(People, "changed", lambda people, cursor: told)

    assert {"full_read": 1} == world.everybody()
    monkeypatch.undo()
    world.found()
    assert {} == world.items()


def test_an_early_look_does_not_make_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    world = settled()
    world.people.put(worker("04", name="Moss"), tell=False)
    world.everybody()
    cursor = str(len(world.people.noted))
    with monkeypatch.context() as patched:
        patched.setattr(People, "changed", lambda people, _: Changed(keys=(), cursor=cursor, early=True))
        world.found()
    assert {} == world.items()

    world.found()
    assert {"changes": "worker.untold"} == world.items()


def test_what_comes_by_date_or_is_gone_is_not_expected_in_the_list() -> None:
    """A leaving and a move that were entered before, on whose days everybody is read; and a hire that was
    withdrawn.
    """
    ends = employment("2025-01-01", "2026-07-18")
    moves = placed("100", ("2026-07-20", "200"))
    world = settled(worker("01", ends), worker("02", moves), worker("03"), worker("04"))
    world.move("2026-07-23T12:00")
    over = replace(ends, state=EmploymentState.ENDED, letter="T")
    there = replace(moves, letter="A", codes=moves.codes_on(date(2026, 7, 20)))
    world.people.put(worker("01", over), worker("02", there), tell=False)
    del world.people.held["E03"]

    assert {"full_read": 1, "date": 1} == world.found()


# --- a tenant of UKG ----------------------------------------------------------------------------------------


class AtUkg(Finding):
    """Thirty people of the simulated tenant, on its clock."""

    def __init__(self, **switches: Any) -> None:
        self.ukg = PeopleWorld(switches)
        self.ledger_rows = ReferenceRows()
        self.register = ReferenceRegister(self.ledger_rows, RegisterLimits(axes=frozenset({"cost_unit"})))
        World.__init__(self, clock=cast(VirtualClock, OneClock(self.ukg.clock)))
        self.set(**{**OPTIONS, "entities": "HTC01=10,HTC02=20"})

    def system(self, name: str) -> System:
        inner = World.system(self, name)
        if name == SOURCE:
            return replace(inner, sources={**inner.sources, Worker: self.ukg.worker_source})
        return super().system(name)

    def wait(self, span: timedelta) -> None:
        self.clock.sleep(span.total_seconds())


WINDOW = timedelta(hours=3, minutes=2)


def test_a_tenant_whose_list_goes_by_creation_is_found_out_by_the_weekly_read() -> None:
    """D6: a worker who was made long ago moves today."""
    world = AtUkg(changes_name="created")
    key, _ = world.ukg.somebody()
    assert {"full_read": 30} == world.found()
    world.wait(WINDOW)
    world.ukg.place(key, world.ukg.today())
    for _ in range(2):
        world.wait(WINDOW)
        assert {} == world.found()

    world.wait(timedelta(days=7))
    assert {"full_read": 30} != (found := world.everybody())
    assert {"full_read": 1, "unnamed": (key,)} == found
    world.wait(WINDOW)
    assert {} == world.found()

    assert "worker.untold" in world.items().values()


def test_a_tenant_that_names_every_change_is_not_blamed() -> None:
    """Moved now and for later, renamed, ended, hired, come back: all of it named, and a read of everybody
    behind it finds nothing more, although it shows fewer rows of before.
    """
    world = AtUkg()
    (moved, _), (later, _), (named, _), (left, company), (back, at) = (world.ukg.somebody() for _ in range(5))
    world.ukg.end(back, at, world.ukg.today() - timedelta(days=20))
    world.found()
    today = world.ukg.today()
    world.wait(WINDOW)
    world.ukg.place(moved, today)
    world.ukg.place(later, today + timedelta(days=3))
    world.ukg.rename(named, "Reed", "")
    world.ukg.end(left, company, today + timedelta(days=2))
    world.ukg.come_back(back, at, today)
    world.ukg.hire(today)
    world.wait(WINDOW)
    assert {"changes": 6} == world.found()
    assert {} == world.everybody()
    for days in (1, 3):
        world.wait(timedelta(days=days))
        assert {"unnamed"}.isdisjoint(found := world.everybody()), found
    assert {} == world.items()

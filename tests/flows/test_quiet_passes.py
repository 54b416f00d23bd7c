"""Passes that nobody asked for, on days on which nothing that matters changes: they leave the ledger alone
once it was compared that day, say so, and read it again as soon as anything may be otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.flows.test_arrivals import HOURS
from tests.flows.test_assignments import Employments, no_waiting, placed  # noqa: F401
from tests.flows.test_dimensions import Codes, Dimensions, code
from tests.flows.test_hooks import Listening
from tests.flows.test_workers import employment, unread, worker
from tests.payday import SOURCE, TARGET, Crash

from ml_connector.domain.dimension import DimensionValue
from ml_connector.domain.mapping import Mapping, Translation
from ml_connector.ports.registers import Versioned
from ml_connector.ports.runs import RunRow, RunState
from ml_connector.ports.systems import Event, System
from ml_connector.runs.inline import Inline


class Quiet(Listening):
    """Workers 01 to 03 in an installation that looks every three hours, and has read the ledger last shortly
    after midnight on 16 July.
    """

    def __init__(self) -> None:
        self.codes = Codes()
        super().__init__()
        self.people.put(*(worker(f"{number:02}") for number in (1, 2, 3)))
        for moment in ("2026-07-15T21:20", "2026-07-16T00:20"):
            self.move(moment)
            self.look()

    def system(self, name: str) -> System:
        inner = super().system(name)
        if name != SOURCE:
            return inner
        return replace(inner, sources={**inner.sources, DimensionValue: self.codes})

    def calls(self) -> int:
        """To the ledger's register, so far."""
        return self.ledger_rows.reads + len(self.ledger_rows.puts)

    def next(self) -> tuple[RunRow, int]:
        """The pass three hours later, and its calls to the ledger."""
        before = self.calls()
        (arrival,) = self.look(3 * HOURS)
        return self.at(arrival.runs[0]), self.calls() - before

    def begin_next(self) -> str:
        """Start the pass three hours later, and carry out nothing of it."""
        from ml_connector.app.arrivals import arrive

        self.clock.sleep(3 * HOURS)
        self._use()
        (arrival,) = arrive(self._assembly)
        return str(arrival.runs[0])

    def rest(self) -> None:
        """Carry out what can be done now, and nothing that waits for a later time."""
        engine = Inline(self.workshop(), self.runs, lambda _: None)
        while able := engine.able():
            engine.step(able[0])

    def told_by(self, name: str, **changes: Any) -> None:
        """A notification of one of the two systems."""
        from ml_connector.app import hooks

        self._use()
        self.number += 1
        event = Event(id=str(self.number), topic="EmployeeEvent", key="E01", **changes)
        hooks._store(self._assembly, self.access.connection(name), event, self.clock.now())

    def entries(self, run: str) -> list[dict[str, Any]]:
        """What the audit log says of the run."""
        from ml_connector.store.models import AuditEntry

        self._use()
        texts = map(json.loads, AuditEntry.objects.order_by("number").values_list("text", flat=True))
        return [text for text in texts if text["subject"] == run]


def test_the_same_person_named_in_five_windows_costs_no_call_to_the_ledger() -> None:
    """Only the home phone is another each time, which nobody keeps."""
    world = Quiet()
    for _ in range(5):
        world.people.put(worker("01"))
        world.people.calls.clear()

        at, calls = world.next()

        assert (RunState.DONE, 0, {}) == (at.state, calls, world.operations.records.planned(at.id))
        assert "read" in world.people.calls


def test_a_pass_that_read_no_ledger_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """In its row, for programs, and in the audit log; and nowhere that anything is in order."""
    from ml_connector.cli import run_view

    world = Quiet()
    monkeypatch.setattr(run_view, "service", lambda: world.operations)
    compared = world.row().compared_at
    at, _ = world.next()

    since = f"{compared:%Y-%m-%d %H:%M} UTC"
    assert at.summary == (
        f"Nothing that matters changed at the source since {since}. The other system was compared then, and"
        " was not read now."
    )
    assert not run_view.run_json(at)["compared"]
    assert ["run.started", "run.read", "run.not_compared"] == [one["action"] for one in world.entries(at.id)]
    assert {"last_compared": compared.isoformat()} == world.entries(at.id)[-1]["detail"]
    asked = world.align()
    assert "nothing to change" in asked.summary
    assert run_view.run_json(asked)["compared"]


def test_once_a_day_the_ledger_is_compared_although_nothing_changes() -> None:
    """By the first pass of the day in the companies; so an edit there is found within a day."""
    world = Quiet()
    world.ledger_rows.edit(replace(world.ledger_rows.rows["10/cost_unit/02"], title="By hand"))
    days: dict[date, list[int]] = {}
    for _ in range(12):
        at, calls = world.next()
        days.setdefault(world.clock.now().date(), []).append(calls)
        if at.state is RunState.HELD:
            break

    first, second = days.values()
    assert ([0] * 7, ["plan.conflict"]) == (first, world.problems(at.id))
    assert 1 == len(second)


def test_the_day_is_that_of_each_company() -> None:
    """It is 16 July in New York at four."""
    world = Quiet()
    world.plan("every 3h", entities="US1=10,US2=20", zones="20=America/New_York")

    assert [True, True, False] == [0 < world.next()[1] for _ in range(3)]


def test_a_leaving_entered_before_closes_on_its_day() -> None:
    world = Quiet()
    world.people.put(worker("01", employment("2025-01-01", "2026-07-16")))
    assert 0 == world.next()[1]
    world.move("2026-07-17T00:20")

    at, calls = world.next()

    assert (RunState.DONE, {"done": 1}) == (at.state, world.operations.records.planned(at.id))
    assert "2026-07-16" == world.members()["10/cost_unit/01"]
    assert 0 < calls


def told_by_the_ledger(world: Quiet) -> None:
    world.told_by(TARGET)


def other_options(world: Quiet) -> None:
    world.plan("every 3h", excluded="TES")


def other_mode(world: Quiet) -> None:
    from ml_connector.store.models import Flow

    world._use()
    Flow.objects.filter(kind="workers").update(mode="approve")


def other_settings(world: Quiet) -> None:
    connection = world.access.connection(TARGET)
    connection.settings = {"employees": "file"}
    connection.save()


def restored(world: Quiet) -> None:
    from ml_connector.store.installation import renew

    world._use()
    renew(world.clock.now())


def everybody_is_read(world: Quiet) -> None:
    """As where the payroll was restored, and knows the cursor no more."""
    world.people.cursors_are_lost = True


def somebody_is_unread(world: Quiet) -> None:
    world.people.held["E02"] = unread("E02")
    world.people.noted.append("E02")
    world.next()


def a_pass_is_given_up(world: Quiet) -> None:
    world.people.lists, world.people.cursors_are_lost = False, True
    at, _ = world.next()
    assert at.state is not RunState.DONE
    world.operations.cancel(at.id)
    world.people.lists, world.people.cursors_are_lost = True, False


def codes_pass(world: Quiet) -> str:
    """A pass of another flow, which has a cost center to make in the same ledger."""
    world.access.set_flow(
        kind="dimensions",
        source=world.access.connection(SOURCE),
        target=world.access.connection(TARGET),
        mode="automatic",
        starts_on=date(2026, 1, 1),
        mapping="",
        options={"axes": "org_level_1=cost_center", "entities": "US1=10"},
    )
    world.codes.held = [code("SA")]
    return str(world.operations.start("dimensions", SOURCE, TARGET, "now").id)


def another_flow_writes(world: Quiet) -> None:
    run = codes_pass(world)
    world.run_to_rest()
    assert {"done": 1} == world.operations.records.planned(run)


@pytest.mark.parametrize(
    "change",
    [
        told_by_the_ledger,
        other_options,
        other_mode,
        other_settings,
        restored,
        everybody_is_read,
        somebody_is_unread,
        a_pass_is_given_up,
        another_flow_writes,
    ],
)
def test_the_ledger_is_read_as_soon_as_anything_may_be_otherwise(change: Callable[[Quiet], None]) -> None:
    world = Quiet()
    assert 0 == world.next()[1]
    change(world)

    assert 0 < world.next()[1]


def test_what_the_source_tells_of_without_a_change_reads_no_ledger() -> None:
    world = Quiet()
    world.told_by(SOURCE)
    world.told_by(TARGET, company="another", ours=False)
    before = world.calls()

    (arrival,) = world.look()

    assert (True, RunState.DONE, before) == (arrival.woken, world.at(arrival.runs[0]).state, world.calls())


def test_a_pass_that_a_person_wants_reads_the_ledger() -> None:
    """Started by hand, repeated, or let go on after it had stopped."""
    world = Quiet()
    for _ in range(2):
        before = world.calls()
        world.align()
        assert before < world.calls()
    quiet, calls = world.next()
    assert 0 == calls
    before = world.calls()
    world.operations.replay(quiet.id, post=True)
    world.run_to_rest()
    assert before < world.calls()

    world.next()
    world.people.lists, world.people.cursors_are_lost = False, True
    stopped = world.begin_next()
    world.rest()
    world.people.lists, world.people.cursors_are_lost = True, False
    before = world.calls()
    world.operations.resume(stopped)
    world.run_to_rest()
    assert (RunState.DONE, True) == (world.at(stopped).state, before < world.calls())


def test_a_dry_run_counts_for_no_comparison() -> None:
    world = Quiet()
    world.told_by(TARGET)
    world.operations.start("workers", SOURCE, TARGET, "dry", dry_run=True)
    world.run_to_rest()

    assert 0 < world.next()[1]


def test_what_waits_for_people_is_compared_by_each_pass() -> None:
    """A conflict; and a member that only the ledger knows, until somebody says why it stays."""
    world = Quiet()
    world.ledger_rows.edit(replace(world.ledger_rows.rows["10/cost_unit/02"], title="By hand"))
    world.people.put(worker("02", name="At payroll"))
    for _ in range(2):
        at, calls = world.next()
        assert (RunState.HELD, ["plan.conflict"]) == (at.state, world.problems(at.id))
        assert 0 < calls

    world = Quiet()
    world.ledger_rows.edit(replace(world.ledger_rows.rows["10/cost_unit/02"], code="99"))
    world.align()
    assert all(world.next()[1] for _ in range(2))
    from ml_connector.app.worklist import Worklist

    (item,) = Worklist(world.access, world._actor).open()
    Worklist(world.access, world._actor).done(item.id, "A robot.")
    assert 0 == world.next()[1]
    world.people.put(worker("99"))
    at, calls = world.next()
    assert 0 < calls


def test_what_a_pass_wrote_is_compared_once_more() -> None:
    """Also where the process died behind its write, and the pass ended later."""
    world = Quiet()
    world.people.put(worker("01", name="Reed"))
    assert 0 < world.next()[1]
    assert 0 < world.next()[1]
    assert 0 == world.next()[1]

    world.people.put(worker("02", name="Ray"))

    def dies(name: str) -> None:
        if name == "put: answered":
            raise Crash(name)

    world.begin_next()
    with pytest.raises(Crash):
        world.run_to_rest(crash_point=dies)
    world.run_to_rest()
    assert 0 < world.next()[1]


def test_what_was_handed_over_is_compared_when_it_was_taken_in() -> None:
    world = Quiet()
    world.ledger_rows.imports = True
    world.people.put(worker("01", name="Reed"))
    run = world.begin_next()
    world.rest()
    assert RunState.WAITING is world.at(run).state
    world.ledger_rows.take_in()
    world.run_to_rest()

    assert RunState.DONE is world.at(run).state
    assert 0 < world.next()[1]


@pytest.mark.parametrize("cause", ["told", "written"])
def test_what_happens_while_the_ledger_is_read_is_read_by_the_next_pass(
    cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notification of the ledger, or a write of another flow."""
    from ml_connector.store.plans import StoredComparisons

    world = Quiet()
    flow, reading = world.row(), world.register.rows

    def changing(within: Collection[str] = ()) -> Iterator[Versioned[Any]]:
        yield from reading(within)
        if cause == "told":
            world.told_by(TARGET)
        else:
            StoredComparisons(flow).forget()

    monkeypatch.setattr(world.register, "rows", changing)
    world.align()
    monkeypatch.undo()

    assert [True, False] == [0 < world.next()[1] for _ in range(2)]


def test_what_another_flow_may_have_written_is_read() -> None:
    """It died behind its write, and has not gone on yet."""
    world = Quiet()
    run = codes_pass(world)

    def dies(name: str) -> None:
        if name == "put: answered":
            raise Crash(name)

    with pytest.raises(Crash):
        world.run_to_rest(crash_point=dies)
    assert RunState.RUNNING is world.at(run).state
    from ml_connector.store.models import Flow

    world._use()
    assert "" == Flow.objects.get(kind="workers").compared


def test_what_another_flow_wrote_while_the_ledger_was_compared_is_read() -> None:
    """The workers are compared between the decision of the other flow to write and its write."""
    world = Quiet()
    run = codes_pass(world)
    put, looked = world.register.put, list[str]()

    def late(changes: Any, seen: Any) -> Any:
        if not looked:
            workers = world.operations.start("workers", SOURCE, TARGET, "now").id
            engine = Inline(world.workshop(), world.runs, lambda _: None)
            for _ in range(2):
                engine.step(world.at(workers))
            looked.append(world.at(workers).summary)
        return put(changes, seen)

    world.register.put = late  # type: ignore[method-assign]
    world.rest()
    assert (RunState.DONE, 1) == (world.at(run).state, len(looked))
    assert "nothing to change" in looked[0]

    assert 0 < world.next()[1]


def test_codes_of_payroll_are_asked_for_and_those_of_the_ledger_are_not() -> None:
    """A change of the mapping is one as well."""
    world = Dimensions(mapping="codes")
    mapping = Mapping(name="codes", version=1, rules=())
    world.access.add_mapping(mapping, world._actor)
    world.codes.held = [code("SA"), code("OP")]
    for _ in range(2):
        world.align()

    def unasked() -> tuple[str, bool]:
        before = world.ledger_rows.reads
        run = world.operations.start("dimensions", SOURCE, TARGET, "now", unasked=True).id
        world.run_to_rest()
        return world.at(run).summary.partition(" at ")[0], before < world.ledger_rows.reads

    assert ("Nothing that matters changed", False) == unasked()
    world.codes.held.reverse()
    assert ("Nothing that matters changed", False) == unasked()
    world.codes.held[0] = code("OP", title="Operations")
    assert [True, True, False] == [unasked()[1] for _ in range(3)]
    translation = Translation("org_level_1", "HQ", "SALES")
    world.access.add_mapping(replace(mapping, version=2, translations=(translation,)), world._actor)
    assert unasked()[1]


def test_assignments_of_the_same_day_ask_no_ledger_until_hr_has_something_to_enter() -> None:
    world = Employments()
    world.employ("01")
    world.read(worker("01", placed("AKRASM")))
    asked: list[str] = []
    world.dynamics.inner.wire.before = lambda request: asked.append(request.url.path)

    def unasked() -> bool:
        asked.clear()
        run = world.operations.start("assignments", SOURCE, TARGET, "now", unasked=True).id
        world.run_to_rest()
        assert RunState.DONE is world.at(run).state
        return bool(asked)

    assert [True, True, False] == [unasked() for _ in range(3)]
    world.read(worker("02", placed("HOFIN")))
    assert [True, True] == [unasked() for _ in range(2)]
    assert {"usmf/02"} == set(world.items())
    world.employ("02")
    assert [True, True, False] == [unasked() for _ in range(3)]
    assert {"cost_center": "HOFIN"} == world.held("02")
    world.move("2026-07-16T04:10")
    assert unasked()

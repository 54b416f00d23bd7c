"""The contract of a `WorkerSource`: what the product may believe of every place that workers come from.

A connector gives a `world` as `workers_world` describes it.
"""

from __future__ import annotations

import pytest

from ml_connector.contract.workers_ahead import WorkersAheadContract
from ml_connector.contract.workers_unread import WorkersUnreadContract
from ml_connector.contract.workers_world import (
    DAY,
    WorkerSourceWorld,
    all_read,
    as_it_is,
    everybody,
    first_cursor,
    in_zone,
    some,
)
from ml_connector.domain.dimension import code_on
from ml_connector.domain.worker import EmploymentState, employed
from ml_connector.errors import ConnectorError

ZONES = ("America/Los_Angeles", "Europe/Oslo", "Pacific/Auckland")


class WorkerSourceContract(WorkersAheadContract, WorkersUnreadContract):
    """Every claim about a source of workers."""

    # --- everybody ------------------------------------------------------------------------------------------

    def test_everybody_comes_once_sorted_by_key(self, world: WorkerSourceWorld) -> None:
        """Over several pages, number and name as they are written."""
        found = everybody(world)

        assert sorted(world.people()) == list(found)
        for worker in found.values():
            known = world.people()[worker.key]
            assert (known.number, known.name, known.email) == (worker.number, worker.name, worker.email)
            assert known.companies == {each.company for each in worker.employments}
            placed = sorted(worker.employments, key=lambda each: (each.company, each.start))
            assert list(worker.employments) == placed

    def test_who_left_comes_with_the_last_day(self, world: WorkerSourceWorld) -> None:
        """The day of the end counts, not the last one worked."""
        key, company = world.somebody()
        last = world.today() - 10 * DAY
        world.end(key, company, last, last_worked=last - 20 * DAY)

        (found,) = everybody(world)[key].employments
        assert (last, EmploymentState.ENDED, False) == (found.end, found.state, found.moved)
        assert (found.on(last), found.on(last + DAY)) == (True, False)

    def test_who_leaves_today_is_employed_today(self, world: WorkerSourceWorld) -> None:
        key, company = world.somebody()
        world.end(key, company, world.today())

        assert employed(everybody(world)[key].employments, world.today()) is not None

    def test_who_begins_later_begins_later(self, world: WorkerSourceWorld) -> None:
        first = world.today() + 30 * DAY
        key = world.hire(first)

        (found,) = everybody(world)[key].employments
        assert (first, False) == (found.start, found.on(world.today()))

    def test_who_came_back_has_two_employments(self, world: WorkerSourceWorld) -> None:
        """Whatever the order of the lists."""
        key, company = world.somebody()
        hired = everybody(world)[key].employments[0].start
        last, again = world.today() - 40 * DAY, world.today() - 5 * DAY
        world.end(key, company, last)
        world.come_back(key, company, again)

        expected = [(hired, last, EmploymentState.ENDED), (again, None, EmploymentState.ACTIVE)]
        there = everybody(world)[key]
        world.reverse()
        assert there == everybody(world)[key]
        assert as_it_is(there) == as_it_is(some(world, [key])[key])
        assert expected == [(each.start, each.end, each.state) for each in there.employments]

    def test_a_move_is_told_from_leaving(self, world: WorkerSourceWorld) -> None:
        key, company = world.somebody()
        other, first = world.company_beside(company), world.today() - 3 * DAY
        world.move(key, other, first)

        found = everybody(world)[key]
        (old,), (new,) = found.in_company(company), found.in_company(other)
        assert (first - DAY, True) == (old.end, old.moved)
        assert (first, None, False) == (new.start, new.end, new.moved)

    def test_the_end_in_one_company_leaves_the_other(self, world: WorkerSourceWorld) -> None:
        key, company = world.somebody()
        other = world.company_beside(company)
        world.also(key, other, world.today() - 60 * DAY)
        world.end(key, company, world.today() - DAY)

        found = everybody(world)[key]
        assert [False] == [each.on(world.today()) for each in found.in_company(company)]
        assert [True] == [each.on(world.today()) for each in found.in_company(other)]

    def test_a_letter_means_what_the_settings_say(self, world: WorkerSourceWorld) -> None:
        """One that they do not name is unknown, and stops nobody else."""
        expected = {}
        for letter, state in world.letters().items():
            key, _ = world.somebody()
            world.letter(key, letter)
            expected[key] = (letter, state)

        found = everybody(world)
        for key, said in expected.items():
            (employment,) = found[key].employments
            assert said == (employment.letter, employment.state)
        assert world.people().keys() == found.keys()

    def test_a_placement_is_the_one_in_force(self, world: WorkerSourceWorld) -> None:
        """What was entered for a later day is not yet so."""
        now, later = world.somebody()[0], world.somebody()[0]
        axis, code = world.place(now, world.today() - DAY)
        before = everybody(world)[later].employments[0].codes
        world.place(later, world.today() + 20 * DAY)

        found = everybody(world)
        assert code == code_on(axis, found[now].employments[0].codes)
        assert before == found[later].employments[0].codes

    def test_another_name_and_address_are_the_same_person(self, world: WorkerSourceWorld) -> None:
        key, _ = world.somebody()
        world.rename(key, "Other", "other@example.test")

        found = everybody(world)
        assert world.people().keys() == found.keys()
        assert found[key].name.endswith("Other")
        assert "other@example.test" == found[key].email

    def test_only_the_companies_of_the_connection_are_read(self, world: WorkerSourceWorld) -> None:
        key, company = world.somebody()
        other = world.company_beside(company)
        world.also(key, other, world.today() - 60 * DAY)

        found = all_read({worker.key: worker for worker in world.only(other).workers()})
        assert {key for key, known in world.people().items() if other in known.companies} == set(found)
        assert {other} == {each.company for worker in found.values() for each in worker.employments}
        assert as_it_is(found[key]) == as_it_is(all_read(world.only(other).read([key]))[key])

    def test_a_day_stays_the_day_it_is(self, world: WorkerSourceWorld) -> None:
        """In whatever zone the process runs."""
        here = list(world.worker_source.workers())
        for zone in ZONES:
            with in_zone(zone):
                assert here == list(world.reopen().workers()), zone

    # --- some -----------------------------------------------------------------------------------------------

    def test_some_are_read_as_they_are_in_the_list(self, world: WorkerSourceWorld) -> None:
        all_of_them = everybody(world)
        keys = sorted(all_of_them)[3:17]

        found = some(world, keys[::-1])
        assert {key: as_it_is(all_of_them[key]) for key in keys} == {
            key: as_it_is(worker) for key, worker in found.items()
        }

    def test_who_is_not_there_is_left_out(self, world: WorkerSourceWorld) -> None:
        key, _ = world.somebody()
        found = world.worker_source.read([key, "NOBODY", "", "no,body", key])

        assert [key] == list(found)
        assert {} == world.worker_source.read(["NOBODY"])
        assert {} == world.worker_source.read([])

    def test_reading_some_costs_as_much_as_reading_one(self, world: WorkerSourceWorld) -> None:
        keys = sorted(world.people())[:9]
        before = world.calls()
        world.worker_source.read(keys[:1])
        one = world.calls() - before
        world.worker_source.read(keys)

        assert one == world.calls() - before - one

    # --- changes --------------------------------------------------------------------------------------------

    def test_the_first_cursor_is_had_before_everybody_is_read(self, world: WorkerSourceWorld) -> None:
        """What changes while everybody is read is found from it."""
        first = world.worker_source.changed("")
        key, _ = world.somebody()
        world.rename(key, "Between", "b@example.test")
        world.pass_time(4)

        assert ((), True) == (first.keys, first.whole)
        assert key in world.worker_source.changed(first.cursor).keys

    @pytest.mark.parametrize("act", ["hire", "end", "come_back", "move", "rename", "place", "letter"])
    def test_whoever_changed_is_named(self, world: WorkerSourceWorld, act: str) -> None:
        key, company = world.somebody()
        if act == "come_back":
            world.end(key, company, world.today() - 40 * DAY)
            world.pass_time(24)
        cursor = first_cursor(world)
        if act == "hire":
            key = world.hire(world.today())
        elif act == "end":
            world.end(key, company, world.today() - DAY)
        elif act == "come_back":
            world.come_back(key, company, world.today() - DAY)
        elif act == "move":
            world.move(key, world.company_beside(company), world.today() - DAY)
        elif act == "rename":
            world.rename(key, "New", "new@example.test")
        elif act == "place":
            world.place(key, world.today() - DAY)
        else:
            world.letter(key, "L")
        world.pass_time(4)

        found = world.worker_source.changed(cursor)
        assert (key in found.keys, False) == (True, found.whole)
        assert len(set(found.keys)) == len(found.keys) < len(world.people())

    def test_what_was_read_is_read_again_once_more(self, world: WorkerSourceWorld) -> None:
        """A row may be seen later than it is stamped."""
        cursor = first_cursor(world)
        key, _ = world.somebody()
        world.rename(key, "Again", "again@example.test")
        world.pass_time(3.5)
        one = world.worker_source.changed(cursor)
        world.pass_time(3.5)
        two = world.worker_source.changed(one.cursor)

        assert key in one.keys
        assert key in two.keys

    def test_a_quiet_time_names_nobody_in_the_end(self, world: WorkerSourceWorld) -> None:
        cursor = first_cursor(world)
        for _ in range(4):
            world.pass_time(12)
            found = world.worker_source.changed(cursor)
            cursor = found.cursor

        assert ((), False) == (found.keys, found.whole)

    def test_asked_too_early_it_asks_nobody(self, world: WorkerSourceWorld) -> None:
        """Not even over another cursor, or by the connection opened anew: the vendor's limit is one for
        all.
        """
        cursor = first_cursor(world)
        world.pass_time(5.9)
        found = world.worker_source.changed(cursor)
        before = world.calls()
        world.pass_time(2.9)
        for source, given in ((world.worker_source, found.cursor), (world.reopen(), cursor)):
            early = source.changed(given)
            assert ((), given, False) == (early.keys, early.cursor, early.whole)

        assert before == world.calls()

    def test_the_limit_of_a_day_is_kept(self, world: WorkerSourceWorld) -> None:
        """Asked every ten minutes: eight times, and nothing is missed."""
        cursor, named, changed = first_cursor(world), set(), set()
        before = world.asked_changes()
        for step in range(6 * 24):
            if step % 30 == 0 and step < 100:
                key, _ = world.somebody()
                world.rename(key, f"Step{step}", "")
                changed.add(key)
            world.pass_time(1 / 6)
            found = world.worker_source.changed(cursor)
            cursor = found.cursor
            named |= set(found.keys)

        assert changed <= named
        assert 6 <= world.asked_changes() - before <= 8

    def test_a_read_that_failed_is_made_up_for(self, world: WorkerSourceWorld) -> None:
        """The cursor is given back only with everything before it."""
        cursor = first_cursor(world)
        key, _ = world.somebody()
        world.rename(key, "Kept", "kept@example.test")
        world.pass_time(4)
        with world.broken(), pytest.raises(ConnectorError):
            world.worker_source.changed(cursor)
        world.pass_time(4)

        assert key in world.worker_source.changed(cursor).keys

    @pytest.mark.parametrize("cursor", ["nonsense", "2026-07-01", "2019-01-01T00:00:00+00:00"])
    def test_a_cursor_that_leads_nowhere_is_no_quiet_time(
        self, world: WorkerSourceWorld, cursor: str
    ) -> None:
        found = world.worker_source.changed(cursor)

        assert ((), True) == (found.keys, found.whole)
        assert cursor != found.cursor

    def test_a_pause_too_long_for_the_source_means_everybody(self, world: WorkerSourceWorld) -> None:
        cursor = first_cursor(world)
        world.pass_time(24 * 70)

        assert world.worker_source.changed(cursor).whole

    def test_changes_that_are_no_longer_kept_mean_everybody(self, world: WorkerSourceWorld) -> None:
        cursor = first_cursor(world)
        world.pass_time(4)
        world.expire()
        found = world.worker_source.changed(cursor)

        assert ((), True) == (found.keys, found.whole)
        assert cursor != found.cursor

    def test_reading_somebody_moves_no_cursor(self, world: WorkerSourceWorld) -> None:
        cursor = first_cursor(world)
        key, _ = world.somebody()
        world.rename(key, "Still", "still@example.test")
        world.worker_source.read([key])
        list(world.worker_source.workers())
        world.pass_time(4)

        assert key in world.worker_source.changed(cursor).keys

    # --- what is not asked for ------------------------------------------------------------------------------

    def test_nothing_else_of_a_person_is_kept(
        self, world: WorkerSourceWorld, caplog: pytest.LogCaptureFixture
    ) -> None:
        """In no worker, record, error or log, of answers and of refusals."""
        caplog.set_level(0)
        canaries = world.put_canaries()
        cursor = first_cursor(world)
        key, company = world.somebody()
        world.end(key, company, world.today() - 9 * DAY)
        world.come_back(key, company, world.today() - DAY)
        world.pass_time(4)
        found = repr(list(world.worker_source.workers())) + repr(world.worker_source.changed(cursor))
        found += repr(world.worker_source.read([key]))
        world.refuse_reads()
        for read in (lambda: list(world.worker_source.workers()), lambda: world.worker_source.read([key])):
            with pytest.raises(ConnectorError) as raised:
                read()
            found += f"{raised.value!r} {raised.value.problem!r} {raised.value.support}"

        found += world.said() + caplog.text
        assert [] == [canary for canary in canaries if canary in found]

    def test_nothing_is_changed(self, world: WorkerSourceWorld) -> None:
        cursor = first_cursor(world)
        list(world.worker_source.workers())
        world.worker_source.read(sorted(world.people())[:2])
        world.pass_time(4)
        world.worker_source.changed(cursor)

        assert 0 == world.changes()

"""The part of the contract of a `WorkerSource` that is about days: what holds on one, and what is entered for
later.
"""

from __future__ import annotations

from ml_connector.contract.workers_world import DAY, WorkerSourceWorld, everybody, first_cursor, some
from ml_connector.domain.dimension import code_on
from ml_connector.domain.worker import EmploymentState, employed


class WorkersAheadContract:
    """What is entered for a later day comes with the worker from its entry on."""

    def test_an_end_that_is_entered_is_known_before_its_day(self, world: WorkerSourceWorld) -> None:
        """Whoever is read, and with everybody; nothing is told on the day itself."""
        key, company = world.somebody()
        day = world.today() + 20 * DAY
        world.end(key, company, day)

        for found in (everybody(world)[key], some(world, [key])[key]):
            (employment,) = found.employments
            assert (day, False) == (employment.end, employment.moved)
            assert employment.state is not EmploymentState.ENDED
            assert EmploymentState.ENDED is employment.as_of(world.today(), day).state

    def test_an_end_that_is_withdrawn_is_known_no_more(self, world: WorkerSourceWorld) -> None:
        """Entered and withdrawn between two reads of changes, or after one: the record is named, and read."""
        key, company = world.somebody()
        cursor = first_cursor(world)
        world.end(key, company, world.today() + 20 * DAY)
        world.pass_time(4)
        told = world.worker_source.changed(cursor)
        world.withdraw(key)
        world.pass_time(4)

        assert key in told.keys
        assert key in world.worker_source.changed(told.cursor).keys
        for found in (everybody(world)[key], some(world, [key])[key]):
            assert [None] == [each.end for each in found.employments]

    def test_a_return_that_is_entered_is_known_before_its_day(self, world: WorkerSourceWorld) -> None:
        key, company = world.somebody()
        last, again = world.today() - 5 * DAY, world.today() + 20 * DAY
        world.end(key, company, last)
        world.come_back(key, company, again)

        for found in (everybody(world)[key], some(world, [key])[key]):
            assert [again] == [each.start for each in found.employments if each.start > last]
            assert employed(found.employments, world.today()) is None
            assert employed(found.employments, again) is not None

    def test_a_return_on_the_last_day_is_another_employment(self, world: WorkerSourceWorld) -> None:
        """Known before the day, on it and after it: nothing is told on the day itself."""
        key, company = world.somebody()
        day = world.today() + 3 * DAY
        world.end(key, company, day)
        world.come_back(key, company, day)

        for _ in range(6):
            for found in (everybody(world)[key], some(world, [key])[key]):
                ended, back = found.employments
                assert (day, day, None) == (ended.end, back.start, back.end)
                assert ended.start < day
                assert EmploymentState.ACTIVE is back.state
            world.pass_time(24)

    def test_places_are_dated_and_those_to_come_in_order(self, world: WorkerSourceWorld) -> None:
        """Two moves that are entered: each from its day on, and neither today."""
        key, company = world.somebody()
        first, second = world.today() + 20 * DAY, world.today() + 40 * DAY
        before = everybody(world)[key].employments[0].codes
        axis, code = world.place(key, first)
        world.place_back(key, second)

        for found in (everybody(world)[key], some(world, [key])[key]):
            (employment,) = found.in_company(company)
            assert before == employment.codes == employment.codes_on(first - DAY)
            assert (
                code
                == code_on(axis, employment.codes_on(first))
                == code_on(axis, employment.codes_on(second - DAY))
            )
            assert before == employment.codes_on(second)
            rows = [row.since for row in employment.placements]
            assert [first, second] == [day for day in rows if day > world.today()]
            assert sorted(set(rows)) == rows

    def test_a_move_that_is_withdrawn_is_known_no_more(self, world: WorkerSourceWorld) -> None:
        key, _ = world.somebody()
        day = world.today() + 20 * DAY
        before = everybody(world)[key].employments[0].codes
        world.place(key, day)
        world.withdraw(key)

        for found in (everybody(world)[key], some(world, [key])[key]):
            assert before == found.employments[0].codes_on(day)

    def test_a_place_of_before_is_what_held_then(self, world: WorkerSourceWorld) -> None:
        """As whoever is read has it."""
        key, _ = world.somebody()
        day = world.today() - 20 * DAY
        before = everybody(world)[key].employments[0].codes
        axis, code = world.place(key, day)

        (employment,) = some(world, [key])[key].employments
        assert code == code_on(axis, employment.codes) == code_on(axis, employment.codes_on(day))
        assert before == employment.codes_on(day - DAY)

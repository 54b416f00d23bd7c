"""The contract of a `Register` of assignments: what the product may believe of every place that keeps default
codes of employments. It is not that of other registers, because no row is made or ended by us.

A connector gives a `world` of the shape below.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Protocol

import pytest

from ml_connector.contract.world import LOST_AFTER, LOST_BEFORE, UNREACHABLE
from ml_connector.domain.changes import Act, Change
from ml_connector.domain.worker import NO_EMPLOYMENT, Assignment
from ml_connector.errors import NotSent, OutcomeUnknown, Refused
from ml_connector.ports.registers import NotTaken, Register, Stale, Written

MANY = 25
LONG_AGO, NOBODY = date(2020, 1, 1), "X9999"


class AssignmentWorld(Protocol):
    """The vendor's side: two legal entities, two axes that are ours and one that is not, with two codes that
    are open on each axis of ours in both legal entities. The days are those of the legal entities.
    """

    @property
    def register(self) -> Register[Assignment]: ...

    @property
    def today(self) -> date: ...

    def entities(self) -> tuple[str, str]:
        """Legal entities of the connection."""
        ...

    def axes(self) -> tuple[str, str]:
        """Axes of ours."""
        ...

    def codes(self, axis: str) -> tuple[str, str]:
        """Codes that are open on it in both legal entities."""
        ...

    def employ(self, worker: str, entity: str, start: date, **codes: str) -> None:
        """HR enters an employment of the worker, with its first day, and codes by axis."""
        ...

    def end(self, worker: str, entity: str, last: date) -> None:
        """HR ends the newest employment of the worker there, with this last day."""
        ...

    def edit(self, worker: str, entity: str, **codes: str) -> None:
        """A person gives the newest employment these codes on the vendor's screen, and no others."""
        ...

    def held(self, worker: str, entity: str) -> list[Mapping[str, str]]:
        """What every employment of the worker there has by axis, those of others too, oldest first."""
        ...

    def other(self) -> tuple[str, str]:
        """An axis that is not ours, and a code of it."""
        ...

    def close(self, axis: str, code: str, entity: str) -> None:
        """The code is barred in this legal entity, and in no other."""
        ...

    def fail_next(self, fault: str) -> None:
        """What happens to the next write."""
        ...

    def writes(self) -> int:
        """How many writes the vendor has received."""
        ...

    def written(self) -> int:
        """How many employments those writes were about."""
        ...


def put(world: AssignmentWorld, *wished: Assignment) -> tuple[Any, ...]:
    """Wish these codes, as a plan made now would."""
    register = world.register
    fresh = register.read([register.normal(row).key for row in wished])
    changes = [change_of(register, row, fresh) for row in wished]
    return register.put(changes, {key: row.version for key, row in fresh.items()})


def change_of(register: Register[Assignment], wished: Assignment, fresh: Mapping[str, Any]) -> Change:
    """The change from what was read to what is wished."""
    after = register.normal(wished)
    before = fresh[after.key].record if after.key in fresh else None
    if before is None:
        return Change(key=after.key, act=Act.CREATE, after=after)
    held = Assignment(
        entity=after.entity,
        worker=after.worker,
        axis=after.axis,
        code=after.code,
        employment=before.employment,
    )
    return Change(key=after.key, act=Act.CHANGE, before=before, after=held)


class AssignmentContract:
    """Every claim about a register of assignments."""

    def test_everybody_employed_today_has_a_row_for_each_axis_in_the_order_of_keys(
        self, world: AssignmentWorld
    ) -> None:
        """Every one of them, once, over all pages, with an empty code for none."""
        here, _ = world.entities()
        axis, other = world.axes()
        code, _ = world.codes(axis)
        for number in range(MANY):
            world.employ(f"E{number:04}", here, LONG_AGO, **{axis: code})
        keys = [row.key for row in world.register.rows()]
        found = {row.key: row.record.code for row in world.register.rows()}

        assert keys == sorted(set(keys))
        for number in range(MANY):
            assert (code, "") == (found[f"{here}/E{number:04}/{axis}"], found[f"{here}/E{number:04}/{other}"])

    def test_the_axes_that_it_keeps_are_those_that_its_limits_name(self, world: AssignmentWorld) -> None:
        """So that an axis that it does not keep is refused before a flow on it is set."""
        here, _ = world.entities()
        world.employ("E1", here, LONG_AGO)
        found = {row.record.axis for row in world.register.rows((f"{here}/",))}

        assert set(world.axes()) <= found == world.register.limits.axes

    def test_rows_are_read_under_the_beginnings_that_are_asked_for(self, world: AssignmentWorld) -> None:
        """Every row of a legal entity, and no other; one that the connection does not have is refused."""
        here, there = world.entities()
        for entity in (here, there):
            world.employ("E1", entity, LONG_AGO)

        assert {f"{here}/E1/{axis}" for axis in world.axes()} <= {
            row.key for row in world.register.rows((f"{here}/",))
        }
        assert all(row.key.startswith(f"{here}/") for row in world.register.rows((f"{here}/",)))
        with pytest.raises(Refused) as refused:
            list(world.register.rows(("nowhere/",)))
        assert "nowhere" in refused.value.problem.text

    def test_what_was_wished_is_read_as_the_system_keeps_it(self, world: AssignmentWorld) -> None:
        """So that the next plan has nothing to do, whatever the letters."""
        register, wished = world.register, self._wished(world)
        world.employ("E1", wished.entity, LONG_AGO)

        assert (Written(),) == put(world, wished)
        found = register.read([wished.key])[wished.key].record
        assert register.normal(wished).code == found.code
        assert register.normal(wished) == register.normal(register.normal(wished))
        assert found == register.normal(found)
        assert wished.code == world.held("E1", wished.entity)[0][wished.axis]

    def test_only_the_axes_that_are_wished_change(self, world: AssignmentWorld) -> None:
        """What others entered goes back as it was; a code can be taken away."""
        here, _ = world.entities()
        axis, other = world.axes()
        theirs, code_of_theirs = world.other()
        first, second = world.codes(axis)
        world.employ(
            "E1", here, LONG_AGO, **{axis: first, other: world.codes(other)[0], theirs: code_of_theirs}
        )
        put(world, Assignment(entity=here, worker="E1", axis=axis, code=second))
        kept = {other: world.codes(other)[0], theirs: code_of_theirs}

        assert [{axis: second, **kept}] == world.held("E1", here)
        assert (Written(),) == put(world, Assignment(entity=here, worker="E1", axis=axis, code=""))
        assert [kept] == world.held("E1", here)

    def test_all_axes_of_an_employment_are_written_at_once(self, world: AssignmentWorld) -> None:
        """Each change has an answer, in the order in which they were given."""
        here, _ = world.entities()
        for worker in ("E1", "E2"):
            world.employ(worker, here, LONG_AGO)
        wished = [
            Assignment(entity=here, worker=worker, axis=axis, code=world.codes(axis)[0])
            for axis in world.axes()
            for worker in ("E2", "E1")
        ]
        before = world.written()

        assert (Written(),) * 4 == put(world, *wished)
        assert before + 2 == world.written()
        assert {axis: world.codes(axis)[0] for axis in world.axes()} == world.held("E2", here)[0]

    def test_a_worker_without_an_employment_is_said_and_none_is_made(self, world: AssignmentWorld) -> None:
        """Before anything is sent, and again where it is sent all the same."""
        here, there = world.entities()
        axis, _ = world.axes()
        world.employ("E1", there, LONG_AGO)
        wished = [
            Assignment(entity=here, worker=worker, axis=axis, code=world.codes(axis)[0])
            for worker in ("E1", NOBODY)
        ]
        list(world.register.rows())
        before = world.writes()

        for row in wished:
            assert {} == world.register.read([row.key])
            assert [(NO_EMPLOYMENT, row.key)] == [(p.code, p.where) for p in world.register.check(row)]
        assert [NO_EMPLOYMENT] * 2 == [answer.problem.code for answer in put(world, *wished)]
        assert (before, []) == (world.writes(), world.held("E1", here))

    def test_an_employment_that_does_not_hold_today_is_left_alone(self, world: AssignmentWorld) -> None:
        """One that ended, and one that begins tomorrow. On its first and its last day it holds."""
        here, day = world.entities()[0], timedelta(days=1)
        axis, _ = world.axes()
        code, _ = world.codes(axis)
        world.employ("E1", here, LONG_AGO, **{axis: code})
        world.employ("E2", here, world.today + day, **{axis: code})
        world.employ("E3", here, LONG_AGO, **{axis: code})
        world.employ("E4", here, world.today, **{axis: code})
        world.end("E1", here, world.today - day)
        world.end("E3", here, world.today)
        keys = {row.key for row in world.register.rows((f"{here}/",))}

        assert [False, False, True, True] == [f"{here}/E{n}/{axis}" in keys for n in (1, 2, 3, 4)]
        for worker in ("E1", "E2"):
            row = Assignment(entity=here, worker=worker, axis=axis, code=world.codes(axis)[1])
            assert [NO_EMPLOYMENT] == [problem.code for problem in world.register.check(row)]
            assert isinstance(put(world, row)[0], NotTaken)
            assert [{axis: code}] == world.held(worker, here)

    def test_who_came_back_has_the_later_employment(self, world: AssignmentWorld) -> None:
        """It is told from the one before, which stays as it was."""
        here, day = world.entities()[0], timedelta(days=1)
        axis, _ = world.axes()
        first, second = world.codes(axis)
        world.employ("E1", here, LONG_AGO, **{axis: first})
        key = f"{here}/E1/{axis}"
        before = world.register.read([key])[key].record
        world.end("E1", here, world.today - day)
        world.employ("E1", here, world.today)
        again = world.register.read([key])[key].record

        assert (first, "") == (before.code, again.code)
        assert before.employment != again.employment
        assert (Written(),) == put(world, Assignment(entity=here, worker="E1", axis=axis, code=second))
        assert [{axis: first}, {axis: second}] == world.held("E1", here)

    def test_each_legal_entity_has_its_own(self, world: AssignmentWorld) -> None:
        """A code that is barred in one of them is said of that one alone."""
        here, there = world.entities()
        axis, _ = world.axes()
        first, second = world.codes(axis)
        for entity in (here, there):
            world.employ("E1", entity, LONG_AGO, **{axis: first})
        world.close(axis, second, there)
        list(world.register.rows())
        wished = [Assignment(entity=entity, worker="E1", axis=axis, code=second) for entity in (here, there)]

        assert [0, 1] == [len(world.register.check(row)) for row in wished]
        assert [Written, NotTaken] == [type(answer) for answer in put(world, *wished)]
        assert [{axis: second}] == world.held("E1", here)
        assert [{axis: first}] == world.held("E1", there)

    def test_a_code_that_is_not_there_is_said_before_it_is_sent(self, world: AssignmentWorld) -> None:
        """Of the row by its key; nothing is written."""
        here, _ = world.entities()
        axis, _ = world.axes()
        world.employ("E1", here, LONG_AGO)
        list(world.register.rows())
        before = world.writes()
        row = Assignment(entity=here, worker="E1", axis=axis, code="NOWHERE")
        open_one = Assignment(entity=here, worker="E1", axis=axis, code=world.codes(axis)[0])

        assert () == world.register.check(open_one)
        (problem,) = world.register.check(row)
        assert row.key == problem.where
        assert "NOWHERE" in problem.text
        assert before == world.writes()

    def test_a_row_that_is_refused_leaves_the_others(self, world: AssignmentWorld) -> None:
        """Barred after it was looked at: that employment stays as it was, the others are written."""
        here, _ = world.entities()
        axis, _ = world.axes()
        first, second = world.codes(axis)
        for worker in ("E1", "E2", "E3"):
            world.employ(worker, here, LONG_AGO)
        list(world.register.rows())
        wished = [
            Assignment(entity=here, worker=worker, axis=axis, code=second if worker == "E2" else first)
            for worker in ("E1", "E2", "E3")
        ]
        assert () == world.register.check(wished[1])
        world.close(axis, second, here)
        answers = put(world, *wished)

        assert [Written, NotTaken, Written] == [type(answer) for answer in answers]
        assert wished[1].key == answers[1].problem.where
        assert [[{axis: first}], [{}], [{axis: first}]] == [world.held(row.worker, here) for row in wished]

    def test_an_edit_between_reading_and_writing_is_not_overwritten(self, world: AssignmentWorld) -> None:
        """It is said that the row is to be read again, as often as that happens."""
        here, _ = world.entities()
        axis, other = world.axes()
        first, second = world.codes(axis)
        world.employ("E1", here, LONG_AGO)
        wished = Assignment(entity=here, worker="E1", axis=axis, code=first)
        for code in world.codes(other):
            fresh = world.register.read([wished.key])
            world.edit("E1", here, **{axis: second, other: code})
            change = change_of(world.register, wished, fresh)
            answers = world.register.put([change], {key: row.version for key, row in fresh.items()})
            assert (Stale(),) == answers
            assert [{axis: second, other: code}] == world.held("E1", here)

        assert (Written(),) == put(world, wished)
        assert [{axis: first, other: world.codes(other)[1]}] == world.held("E1", here)

    @pytest.mark.parametrize("fault", [LOST_BEFORE, LOST_AFTER])
    def test_a_lost_answer_is_an_unknown_outcome_and_not_sent_again(
        self, world: AssignmentWorld, fault: str
    ) -> None:
        """Who asked reads what is there, after the settling time."""
        wished = self._wished(world)
        world.employ("E1", wished.entity, LONG_AGO)
        before = world.writes()
        world.fail_next(fault)

        with pytest.raises(OutcomeUnknown):
            put(world, wished)
        assert before + 1 == world.writes()
        code = world.register.read([wished.key])[wished.key].record.code
        assert code == (wished.code if fault == LOST_AFTER else "")

    def test_a_vendor_that_is_not_reached_has_been_sent_nothing(self, world: AssignmentWorld) -> None:
        """It is said so, and the row is as it was."""
        wished = self._wished(world)
        world.employ("E1", wished.entity, LONG_AGO)
        world.fail_next(UNREACHABLE)

        with pytest.raises(NotSent):
            put(world, wished)
        assert "" == world.register.read([wished.key])[wished.key].record.code

    @staticmethod
    def _wished(world: AssignmentWorld) -> Assignment:
        axis, _ = world.axes()
        return Assignment(entity=world.entities()[0], worker="E1", axis=axis, code=world.codes(axis)[0])

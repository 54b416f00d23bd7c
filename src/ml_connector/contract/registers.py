"""The contract of a `Register`: what the product may believe of every place where records are kept.

A connector gives a `world` of the shape below and a `register`; differences are data, `RegisterLimits`.
"""

from __future__ import annotations

from typing import Any, Protocol

import pytest

from ml_connector.contract.world import LOST_AFTER, LOST_BEFORE
from ml_connector.domain.changes import Act, Change
from ml_connector.errors import NotSent, OutcomeUnknown, Refused
from ml_connector.ports.registers import HandedOver, Register, Stale, Written

MANY = 30
UNKNOWN_AXIS = "no_such_axis"


class RegisterWorld(Protocol):
    """The vendor's side of a register."""

    def record(self, number: int, *, again: bool = False) -> Any:
        """A record of this number; with `again` the same row with other content."""
        ...

    def within(self) -> tuple[str, str]:
        """The beginning of the keys of all these records, and one that none of them has."""
        ...

    def unfit(self) -> Any:
        """A record that the vendor cannot hold, and of which that is known beforehand."""
        ...

    def edit(self, record: Any) -> None:
        """A person changes the row, or makes it, on the vendor's screen."""
        ...

    def fail_next(self, fault: str) -> None:
        """What happens to the next write."""
        ...

    def writes(self) -> int:
        """How many writes the vendor has received."""
        ...

    def finish(self) -> None:
        """Let imports and jobs of the vendor run that take in what was handed over."""
        ...


def put(register: Register[Any], *records: Any) -> tuple[Any, ...]:
    """Wish these rows, as a plan made now would."""
    fresh = register.read([record.key for record in records])
    changes = [
        Change(
            key=record.key,
            act=Act.CHANGE if record.key in fresh else Act.CREATE,
            before=fresh[record.key].record if record.key in fresh else None,
            after=register.normal(record),
        )
        for record in records
    ]
    return register.put(changes, {key: row.version for key, row in fresh.items()})


class RegisterContract:
    """Every claim about a register."""

    def test_rows_come_in_the_order_of_their_keys(
        self, world: RegisterWorld, register: Register[Any]
    ) -> None:
        """Every one of them, once, over all pages."""
        put(register, *(world.record(number) for number in reversed(range(MANY))))
        world.finish()
        keys = [row.key for row in register.rows()]

        assert keys == sorted(set(keys))
        assert {world.record(number).key for number in range(MANY)} <= set(keys)

    def test_rows_are_read_under_the_beginnings_that_are_asked_for(
        self, world: RegisterWorld, register: Register[Any]
    ) -> None:
        """Every row of that part, and no other."""
        put(register, *(world.record(number) for number in range(3)))
        world.finish()
        here, elsewhere = world.within()
        keys = {world.record(number).key for number in range(3)}

        assert keys <= {row.key for row in register.rows((here,))}
        assert all(row.key.startswith(here) for row in register.rows((here,)))
        assert not keys & {row.key for row in register.rows((elsewhere,))}

    def test_the_axes_that_it_keeps_are_those_that_its_limits_name(
        self, world: RegisterWorld, register: Register[Any]
    ) -> None:
        """Each can be read, and no other, so that an axis is refused before a flow on it is set. One that
        only another setting of the connection would add is told apart.
        """
        here, _ = world.within()
        axis, limits = getattr(world.record(1), "axis", ""), register.limits

        assert ({axis} - {""}) <= limits.axes
        assert not limits.axes & limits.by_setting
        for kept in limits.axes:
            assert all(kept in row.key for row in register.rows((here.replace(axis, kept),)))
        for other in ({UNKNOWN_AXIS} | limits.by_setting) if axis else ():
            with pytest.raises(Refused):
                list(register.rows((here.replace(axis, other),)))

    def test_what_the_system_cannot_hold_is_said_before_it_is_sent(
        self, world: RegisterWorld, register: Register[Any]
    ) -> None:
        """Of the row by its key; nothing is written."""
        list(register.rows())
        before = world.writes()

        assert () == register.check(register.normal(world.record(1)))
        assert world.unfit().key in {problem.where for problem in register.check(world.unfit())}
        assert before == world.writes()

    def test_what_was_wished_is_read_as_the_system_keeps_it(
        self, world: RegisterWorld, register: Register[Any]
    ) -> None:
        """So that the next plan has nothing to do, however the system writes it."""
        wished = world.record(1)
        answers = put(register, wished)
        world.finish()

        assert isinstance(answers[0], (Written, HandedOver))
        assert register.normal(wished) == register.read([wished.key])[wished.key].record
        assert register.normal(wished) == register.normal(register.normal(wished))

    def test_each_change_has_an_answer_and_is_sent_once(
        self, world: RegisterWorld, register: Register[Any]
    ) -> None:
        """In one call or in several, never more than the limits say of so many changes."""
        before = world.writes()
        records = [world.record(number) for number in range(min(MANY, register.limits.batch))]

        assert len(records) == len(put(register, *records))
        assert before < world.writes() <= before + len(records) * register.limits.writes

    def test_a_row_that_is_not_there_is_not_read(self, world: RegisterWorld, register: Register[Any]) -> None:
        """It has no place in the answer, and is no error."""
        assert {} == register.read([world.record(7).key])

    def test_an_edit_between_reading_and_writing_is_not_overwritten(
        self, world: RegisterWorld, register: Register[Any]
    ) -> None:
        """Where the limits say that a version guards it. Where they say that none does, it may be lost."""
        world.edit(world.record(1))
        fresh = register.read([world.record(1).key])
        world.edit(world.record(1, again=True))
        change = Change(
            key=world.record(1).key,
            act=Act.CHANGE,
            before=fresh[world.record(1).key].record,
            after=register.normal(world.record(1)),
        )
        answers = register.put([change], {key: row.version for key, row in fresh.items()})

        world.finish()

        guarded = register.limits.guarded
        assert guarded == (answers == (Stale(),))
        kept = register.read([world.record(1).key])[world.record(1).key].record
        edited, wished = (register.normal(world.record(1, again=again)) for again in (True, False))
        assert kept == edited or (not guarded and kept == wished)

    @pytest.mark.parametrize("fault", [LOST_BEFORE, LOST_AFTER])
    def test_a_lost_answer_is_an_unknown_outcome_and_not_sent_again(
        self, world: RegisterWorld, register: Register[Any], fault: str
    ) -> None:
        """Who asked reads what is there, after the settling time."""
        before = world.writes()
        world.fail_next(fault)

        with pytest.raises(OutcomeUnknown):
            put(register, world.record(1))
        assert before + 1 == world.writes()

    def test_a_vendor_that_is_not_reached_has_been_sent_nothing(
        self, world: RegisterWorld, register: Register[Any]
    ) -> None:
        """It is said so, and the row is not there."""
        world.fail_next("unreachable")

        with pytest.raises(NotSent):
            put(register, world.record(1))
        assert {} == register.read([world.record(1).key])

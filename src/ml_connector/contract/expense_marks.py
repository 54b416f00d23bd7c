"""The claims of the contract of an `ExpenseSource` about what it is told of a report.

Part of `ExpenseSourceContract`, which says what a connector's tests give.
"""

from __future__ import annotations

import pytest

from ml_connector.contract.expense_world import (
    ExpenseWorld,
    RemoteWorld,
    by_id,
    content_of,
    current,
    handed_over,
    read,
)
from ml_connector.contract.world import LOST_AFTER, LOST_BEFORE, UNREACHABLE
from ml_connector.errors import NotFound, NotSent, OutcomeUnknown, Refused
from ml_connector.ports.expenses import ReportStatus

BOOKED, FAILED = ReportStatus.BOOKED.value, ReportStatus.FAILED.value


class ExpenseMarksClaims:
    """Told once, found again; what is booked stays so."""

    def test_what_is_booked_is_told_once(self, world: ExpenseWorld) -> None:
        """The source keeps the status and the text; the same status again does no harm."""
        reference = current(world, handed_over(world, "E-1")).reference
        assert "" == world.source.marks.assigned(reference)

        world.source.marks.assign(reference, BOOKED, "Booked as 26700001")
        assert (BOOKED, "Booked as 26700001") == (world.status(reference), world.noted(reference))
        world.advance(120)
        assert BOOKED == world.source.marks.assigned(reference)
        world.source.marks.assign(reference, BOOKED, "Booked as 26700001")

        assert BOOKED == world.status(reference)

    def test_what_could_not_be_booked_is_told_with_its_reason(self, world: ExpenseWorld) -> None:
        """The text of a failure is what people read of it."""
        reference = current(world, handed_over(world, "E-1")).reference

        world.source.marks.assign(reference, FAILED, "Account 4999 does not exist.")

        assert (FAILED, "Account 4999 does not exist.") == (world.status(reference), world.noted(reference))

    def test_what_is_booked_is_never_said_to_have_failed(self, world: ExpenseWorld) -> None:
        """A booked report that is said to have failed would be handed over and booked a second time."""
        reference = current(world, handed_over(world, "E-1")).reference
        world.source.marks.assign(reference, BOOKED, "Booked as 26700001")
        world.advance(120)

        with pytest.raises(Refused) as refused:
            world.source.marks.assign(reference, FAILED, "Lost")

        assert "expense.status" == refused.value.problem.code
        assert (BOOKED, "Booked as 26700001") == (world.status(reference), world.noted(reference))

    def test_a_report_that_was_never_written_is_told_nothing(self, world: ExpenseWorld) -> None:
        """Of a reference that the source never gave there is no status, and none is set."""
        reference, _ = world.unknown()
        with pytest.raises(NotFound):
            world.source.marks.assigned(reference)
        with pytest.raises((NotFound, Refused)):
            world.source.marks.assign(reference, BOOKED, "Booked")

    def test_our_own_mark_makes_no_work(self, world: ExpenseWorld) -> None:
        """What the source was told changes the report and not its reference, so it is not worked again."""
        since = world.now()
        report = handed_over(world, "E-1")
        first = world.source.changed("", since)
        world.advance(3600)
        before = by_id(first.found)[report]
        world.source.marks.assign(before.reference, BOOKED, "Booked")
        world.advance(3600)

        again = by_id(world.source.changed("", since).found)[report]

        assert (before.reference, before.export, BOOKED) == (again.reference, again.export, again.status)

    def test_reading_changes_nothing(self, world: ExpenseWorld) -> None:
        """Reading lists, exports, reports, files and statuses changes nothing."""
        since = world.now()
        report = world.write("E-1")
        world.attach(report, "receipt.pdf", b"%PDF")
        world.hand_over(report)
        before = world.writes()
        source = world.source
        found = read(world, report)
        for line in found.lines:
            for file in line.files:
                content_of(source, file)
        world.advance(120)
        ref = current(world, report)
        source.exported(ref.export)
        list(source.unmarked(since))
        source.marks.assigned(ref.reference)

        assert before == world.writes()


class RemoteMarksClaims:
    """What holds where the source is told over a network."""

    def test_a_mark_whose_answer_is_lost_is_found_by_reading(self, world: RemoteWorld) -> None:
        """A mark whose answer was lost is unknown; reading says whether it is there, then it is set."""
        for number, (fault, held) in enumerate({LOST_AFTER: BOOKED, LOST_BEFORE: ""}.items()):
            reference = current(world, handed_over(world, f"E-{number}")).reference
            marks = world.source.marks
            world.fail_next(fault)
            with pytest.raises(OutcomeUnknown):
                marks.assign(reference, BOOKED, "Booked")
            world.advance(120)

            assert held == marks.assigned(reference)
            marks.assign(reference, BOOKED, "Booked")
            assert BOOKED == world.status(reference)

    def test_a_mark_that_could_not_be_sent_was_not(self, world: RemoteWorld) -> None:
        """Where no connection was made nothing is told."""
        reference = current(world, handed_over(world, "E-1")).reference
        source = world.source
        source.marks.assigned(reference)
        world.fail_next(UNREACHABLE)

        with pytest.raises(NotSent):
            source.marks.assign(reference, BOOKED, "Booked")
        assert "" == world.status(reference)

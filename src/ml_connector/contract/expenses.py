"""The contract of an `ExpenseSource`: what the product may believe of every place that approved expense
reports are read from, and of what is told there.

A connector gives a `world` of the shape in `expense_world`. One whose reports are canceled adds
`CanceledReportsClaims`, and one that is asked over a network `RemoteExpenseClaims`.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from ml_connector.contract.expense_marks import BOOKED, FAILED, ExpenseMarksClaims, RemoteMarksClaims
from ml_connector.contract.expense_world import (
    SPENT,
    CanceledWorld,
    ExpenseWorld,
    RemoteWorld,
    by_id,
    content_of,
    current,
    handed_over,
    ids,
    read,
)
from ml_connector.domain import codec
from ml_connector.domain.dimension import code_on
from ml_connector.domain.expense import ExpenseLine, PaidWith, ReceiptFile, ReportState
from ml_connector.domain.expense_checks import check_report
from ml_connector.domain.journal import total
from ml_connector.errors import NotFound, OutcomeUnknown, Refused


class ExpenseSourceContract(ExpenseMarksClaims):
    """Every claim about a source of expense reports."""

    # --- lists ----------------------------------------------------------------------------------------------

    def test_what_was_handed_over_is_found_and_what_was_not_is_not(self, world: ExpenseWorld) -> None:
        """A report is found once it is approved and handed over, and not because it was written."""
        since = world.now()
        handed, waiting = handed_over(world, "E-1"), world.write("E-2")

        found = world.source.changed("", since).found

        assert (True, False) == (handed in ids(found), waiting in ids(found))
        ref = by_id(found)[handed]
        assert (ReportState.APPROVED, "") == (ref.state, ref.status)

    def test_what_was_handed_over_before_the_connection_is_left_alone(self, world: ExpenseWorld) -> None:
        """What was handed over before the connection begins is not found, also where it is marked later."""
        old = handed_over(world, "E-1")
        reference = current(world, old).reference
        world.advance(2 * 86_400)
        since = world.now()
        first = world.source.changed("", since)
        assert old not in ids(first.found)

        world.advance(3600)
        world.source.marks.assign(reference, FAILED, "By hand")
        world.advance(3600)

        assert old not in ids(world.source.changed(first.cursor, since).found)
        world.advance(120)
        assert old not in ids(world.source.unmarked(since))

    def test_what_is_handed_over_later_is_found_from_the_cursor(self, world: ExpenseWorld) -> None:
        """What was handed over since the last look is found, and found again from the same cursor."""
        since = world.now()
        cursor = world.source.changed("", since).cursor
        world.advance(3600)
        handed = handed_over(world, "E-1")
        world.advance(3600)

        for _ in range(2):
            assert handed in ids(world.source.changed(cursor, since).found)
            world.advance(3600)

    def test_what_changes_while_it_is_looked_for_is_found_by_the_next_look(self, world: ExpenseWorld) -> None:
        """Looks overlap, because clocks differ and a list takes time to read."""
        since = world.now()
        world.advance(3600)
        handed = handed_over(world, "E-1")
        world.advance(1)
        cursor = world.source.changed("", since).cursor
        world.advance(3600)

        assert handed in ids(world.source.changed(cursor, since).found)

    def test_a_revision_has_another_reference(self, world: ExpenseWorld) -> None:
        """What was approved, taken back and approved again is the same report in another revision."""
        since = world.now()
        report = handed_over(world, "E-1")
        first = current(world, report)
        world.advance(3600)
        world.take_back(report, SPENT[:1])
        world.advance(3600)
        taken_back = by_id(world.source.changed("", since).found).get(report)
        world.hand_over(report)
        world.advance(3600)
        again = current(world, report)

        assert first.reference != again.reference
        assert ReportState.APPROVED == again.state
        assert taken_back is None or ReportState.APPROVED != taken_back.state
        assert Decimal("121.00") == world.source.report(again.reference).gross.amount

    def test_an_export_is_whole(self, world: ExpenseWorld) -> None:
        """Every report of an export is named by it, and none of another one."""
        together = [world.write(f"E-{number}") for number in range(3)]
        world.hand_over(*together)
        other = handed_over(world, "E-9")

        exports = {report: current(world, report).export for report in (*together, other)}

        for report, export in exports.items():
            found = ids(world.source.exported(export))
            wanted = set(together) if world.together and report != other else {report}
            assert wanted == found
            world.advance(120)
        assert (2 if world.together else 4) == len(set(exports.values()))
        with pytest.raises(NotFound):
            world.source.exported(world.unknown()[1])

    def test_what_nothing_was_told_of_is_found_whatever_the_cursor(self, world: ExpenseWorld) -> None:
        """Every report of which the source was told nothing is found; what is booked, failed or waits is not
        among them.
        """
        since = world.now()
        booked, failed, silent = (handed_over(world, f"E-{number}") for number in range(3))
        waiting = world.write("E-9")
        for report, status in ((booked, BOOKED), (failed, FAILED)):
            world.source.marks.assign(current(world, report).reference, status, "Said")
        world.advance(120)

        found = [each.report for each in world.source.unmarked(since)]

        assert [silent] == found
        assert waiting not in found

    # --- one ------------------------------------------------------------------------------------------------

    def test_a_report_comes_as_it_was_approved(self, world: ExpenseWorld) -> None:
        """Number, employee, amounts, VAT and codes are those of the report, and its figures agree."""
        axes = tuple(world.axes)
        codes = [tuple(world.codes(axis)[number % 2] for axis in axes) for number in range(len(SPENT))]
        spent = [replace(each, codes=coded) for each, coded in zip(SPENT, codes, strict=True)]
        report = world.write("E-2026/001", spent)
        world.attach(report, "receipt.pdf", b"%PDF")
        world.hand_over(report)
        found = read(world, report)

        assert ("E-2026/001", "EUR", report) == (found.number, found.currency, found.report)
        assert (ReportState.APPROVED, Decimal("305.70")) == (found.state, found.gross.amount)
        assert found.employee
        assert found.approved_at.tzinfo is not None
        assert [each.gross for each in spent] == [str(line.gross.amount) for line in found.lines]
        assert Decimal("21.01") == _vat(found.lines)
        for line, each in zip(found.lines, spent, strict=True):
            assert each.codes == tuple(code_on(axis, (*found.codes, *line.codes)) for axis in axes)
        assert len(found.lines) == len({line.number for line in found.lines})
        assert [] == list(check_report(found))
        assert found == codec.decode(codec.encode(found))

    def test_a_report_says_what_it_keeps_of_an_expense(self, world: ExpenseWorld) -> None:
        """Who paid, how far it was and how many days, where the source keeps that."""
        receipt, card, drive, allowance = read(world, handed_over(world, "E-1")).lines

        if "paid_with" in world.says:
            assert PaidWith.COMPANY_CARD == card.paid_with
            assert {PaidWith.OWN_MONEY} == {each.paid_with for each in (receipt, drive, allowance)}
        if "mileage" in world.says:
            assert drive.mileage is not None
            assert (Decimal(400), Decimal("0.23")) == (drive.mileage.distance, drive.mileage.rate)
        if "per_diem" in world.says:
            assert allowance.per_diem is not None
            assert (Decimal(2), Decimal(30)) == (allowance.per_diem.days, allowance.per_diem.rate)

    def test_a_report_that_was_approved_again_is_not_read_as_before(self, world: ExpenseWorld) -> None:
        """A reference leads to what was approved under it, and to nothing else."""
        report = handed_over(world, "E-1")
        old = current(world, report).reference
        world.take_back(report, SPENT[:1])
        world.advance(120)
        with pytest.raises(Refused) as refused:
            world.source.report(old)
        assert "expense.moved" == refused.value.problem.code

        world.hand_over(report)
        world.advance(120)
        with pytest.raises(Refused) as refused:
            world.source.report(old)
        assert "expense.moved" == refused.value.problem.code

    def test_a_report_that_is_not_there_is_not_found(self, world: ExpenseWorld) -> None:
        """A report that was never written is not found."""
        with pytest.raises(NotFound):
            world.source.report(world.unknown()[0])

    def test_every_file_comes_byte_by_byte(self, world: ExpenseWorld) -> None:
        """Every receipt comes byte by byte; two of one name are two."""
        report = world.write("E-1", SPENT[:1])
        before = [b"%PDF-1.7\r\n\x00\xff\xfe" + bytes([number]) * 3000 for number in range(2)]
        for content in before:
            world.attach(report, "receipt.pdf", content)
        world.hand_over(report)

        source, found = world.source, read(world, report)
        files = [*found.files, *(file for line in found.lines for file in line.files)]
        contents = [content_of(source, file) for file in files]

        assert set(before) <= set(contents)
        assert 2 <= [file.name for file in files].count("receipt.pdf")
        with pytest.raises(NotFound):
            content_of(source, ReceiptFile(key="987654321", name="none.pdf"))

    def test_the_tenant_is_the_same_whoever_asks(self, world: ExpenseWorld) -> None:
        """The name of the tenant stays, because it is part of every key."""
        name = world.source.tenant()
        world.advance(120)

        assert name == world.source.tenant()
        assert name


class CanceledReportsClaims:
    """What holds where reports are canceled."""

    def test_a_cancellation_has_another_reference(self, world: CanceledWorld) -> None:
        """A report that is canceled is found so, and is not read as it was approved."""
        since = world.now()
        report = handed_over(world, "E-1")
        before = current(world, report)
        world.advance(3600)
        world.cancel(report)
        world.advance(3600)

        after = by_id(world.source.changed("", since).found)[report]

        assert ReportState.CANCELED == after.state
        assert before.reference != after.reference
        with pytest.raises(Refused) as refused:
            world.source.report(before.reference)
        assert "expense.moved" == refused.value.problem.code
        world.advance(120)
        assert report not in ids(world.source.unmarked(since))


class RemoteExpenseClaims(RemoteMarksClaims):
    """What holds where the source is asked over a network."""

    def test_every_page_is_read(self, world: RemoteWorld) -> None:
        """Every page of a list is read, and each report comes once."""
        since = world.now()
        every = {handed_over(world, f"E-{number}", SPENT[:1]) for number in range(world.many())}
        world.advance(3600)

        found = [each.report for each in world.source.changed("", since).found]

        assert every <= set(found)
        assert len(found) == len(set(found))

    def test_what_is_edited_while_the_list_is_read_hides_nothing(self, world: RemoteWorld) -> None:
        """A change that moves rows from page to page while they are read hides no report."""
        since = world.now()
        every = [handed_over(world, f"E-{number}", SPENT[:1]) for number in range(world.many())]
        world.advance(3600)
        world.edit_while_read(every[0])
        unmarked = ids(world.source.unmarked(since))
        world.advance(3600)
        world.edit_while_read(every[-1])
        found = ids(world.source.changed("", since).found)

        assert (set(), set()) == (set(every) - unmarked, set(every) - found)

    def test_a_list_that_is_not_whole_is_an_error(self, world: RemoteWorld) -> None:
        """A list that cannot be read to its end is an error."""
        since = world.now()
        for number in range(world.many()):
            handed_over(world, f"E-{number}", SPENT[:1])
        world.advance(3600)
        world.break_lists()

        with pytest.raises((OutcomeUnknown, Refused)):
            world.source.changed("", since)
        world.advance(3600)
        with pytest.raises((OutcomeUnknown, Refused)):
            list(world.source.unmarked(since))


def _vat(lines: tuple[ExpenseLine, ...]) -> Decimal:
    return total((tax.amount for line in lines for tax in line.taxes), "EUR").amount

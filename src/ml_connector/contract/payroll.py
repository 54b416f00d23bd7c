"""The contract of a `PayrollSource`: what the rest of the product may believe of every place that pay runs
are read from.

A connector's tests subclass `PayrollContract` and give the fixture `world`. What a source cannot know is no
special case: a file has no pages to throttle, records have no blocks. Each claim is worded so that it holds
for all: what is delivered whole adds up, what is not is seen.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest

from ml_connector.contract.payroll_world import PayrollWorld
from ml_connector.domain.checks import check_blocks
from ml_connector.domain.money import Money
from ml_connector.domain.payroll import Block, Distribution
from ml_connector.domain.problem import Problem
from ml_connector.errors import ConnectorError, NotFound, Refused, VendorChanged
from ml_connector.ports.payroll import PayrollSource

EVER = date(2000, 1, 1)


class PayrollContract:
    """Claims that hold for every payroll source."""

    @pytest.fixture
    def source(self, world: PayrollWorld) -> PayrollSource:
        """Where the runs are read."""
        return world.source

    @pytest.fixture
    def reference(self, world: PayrollWorld) -> str:
        """The newest run."""
        return world.newest()

    # --- whole ----------------------------------------------------------------------------------------------

    def test_every_row_once_and_to_the_cent(
        self, world: PayrollWorld, source: PayrollSource, reference: str
    ) -> None:
        """Every row arrives once; debits are the books' to the cent, and credits the same."""
        expected, rows = world.expected(reference), rows_of(source, reference)

        assert expected.rows == len(rows)
        assert expected.debit == side_total(rows, debit=True)
        assert expected.debit == -side_total(rows, debit=False)

    def test_origins_are_unique(self, source: PayrollSource, reference: str) -> None:
        """Each row names its source line, and no two the same one."""
        origins = [row.origin for row in rows_of(source, reference)]

        assert len(origins) == len(set(origins))

    def test_run_of_several_parts_is_whole(self, world: PayrollWorld) -> None:
        """A run that arrives in several blocks or pages passes the completeness gate and adds up."""
        source, reference = world.large()
        expected = world.expected(reference)

        assert source.pay_run(reference).blocks == len({block.number for block in source.blocks(reference)})
        rows = rows_of(source, reference)
        assert (expected.rows, expected.debit) == (len(rows), side_total(rows, debit=True))

    def test_run_says_when_and_whom(self, world: PayrollWorld, source: PayrollSource, reference: str) -> None:
        """Pay date, companies and currency are the books'; the period does not end before it starts."""
        expected, run = world.expected(reference), source.pay_run(reference)

        assert (expected.pay_date, expected.companies) == (run.pay_period.pay_date, run.companies)
        assert expected.debit.currency == run.currency
        assert run.pay_period.start <= run.pay_period.end
        assert run.calculated_at.tzinfo is not None
        assert run.reference == reference

    def test_register_ties(self, world: PayrollWorld, source: PayrollSource, reference: str) -> None:
        """Where the source has a register, gross less deductions and taxes is net, for companies of the run,
        with workers.
        """
        run = source.pay_run(reference)

        for totals in run.register:
            assert totals.net == totals.gross - totals.deductions - totals.employee_taxes
            assert totals.company in run.companies
            assert totals.workers >= max((workers for _, _, workers in totals.workers_by_code), default=0) > 0

    def test_list_holds_the_run(self, source: PayrollSource, reference: str) -> None:
        """The run is listed from its period's end on, and not for later ones."""
        run = source.pay_run(reference)
        end = run.pay_period.end

        assert [(end, run.calculated_at)] == [
            (ref.period_end, ref.calculated_at) for ref in source.pay_runs(end) if ref.reference == reference
        ]
        assert reference not in [ref.reference for ref in source.pay_runs(end + timedelta(days=1))]
        (groups,) = (set(ref.groups) for ref in source.pay_runs(end) if ref.reference == reference)
        assert groups <= set(run.groups)

    def test_reading_again_gives_the_same(
        self, world: PayrollWorld, source: PayrollSource, reference: str
    ) -> None:
        """A second reading, and one by a connection that remembers nothing, give the same run and rows in the
        same order.
        """
        run, rows = source.pay_run(reference), rows_of(source, reference)

        assert rows == rows_of(source, reference)
        again = world.reopen()
        assert (run, rows) == (again.pay_run(reference), rows_of(again, reference))

    def test_unknown_run_is_not_found(self, source: PayrollSource) -> None:
        """A reference that the payroll does not know is an error, not an empty run."""
        with pytest.raises(NotFound):
            source.pay_run("no-such-run")
        with pytest.raises(NotFound):
            list(source.blocks("no-such-run"))

    # --- again ----------------------------------------------------------------------------------------------

    def test_run_again_keeps_its_subject(
        self, world: PayrollWorld, source: PayrollSource, reference: str
    ) -> None:
        """Undone and run again: another reference for the same subject, and the rows of the new one."""
        before = source.pay_run(reference).subject

        again = world.rerun()

        assert again != reference
        assert before == source.pay_run(again).subject
        assert world.expected(again).debit == side_total(rows_of(source, again), debit=True)
        assert again in [ref.reference for ref in source.pay_runs(EVER)]

    def test_run_that_nobody_touched_may_be_posted(
        self, world: PayrollWorld, source: PayrollSource, reference: str
    ) -> None:
        """Nothing speaks against a run that nobody touched, asked by whoever read it or by a connection that
        remembers nothing.
        """
        run = source.pay_run(reference)
        list(source.blocks(reference))

        assert ((), ()) == (source.still(run), world.reopen().still(run))

    def test_run_that_was_taken_back_may_not_be_posted(
        self, world: PayrollWorld, source: PayrollSource, reference: str
    ) -> None:
        """A person took a run back after it was read: that is said, and what to do."""
        run = source.pay_run(reference)
        world.undo()

        against = source.still(run)

        assert against
        assert against == world.reopen().still(run)
        for problem in against:
            assert (True, True) == (bool(problem.where), ". " in problem.text)

    def test_run_that_changed_may_not_be_posted(
        self, world: PayrollWorld, source: PayrollSource, reference: str
    ) -> None:
        """A run is not what was read any more: that is said, and what to do."""
        run = source.pay_run(reference)
        world.change()

        against = source.still(run)

        assert against
        for problem in against:
            assert (True, True) == (bool(problem.where), ". " in problem.text)

    def test_run_that_replaces_another_may_be_posted(
        self, world: PayrollWorld, source: PayrollSource
    ) -> None:
        """Nothing speaks against the newer of two calculations of the same pay."""
        again = world.rerun()

        assert source.still(source.pay_run(again)) == ()

    def test_void_takes_back_to_the_cent(self, world: PayrollWorld) -> None:
        """Pay that was taken back lessens the debits; the run still balances and equals the books. A source
        that gives signed amounts and no column shows a negative debit among its credits."""
        source, reference = world.void()
        expected, rows = world.expected(reference), rows_of(source, reference)
        debit, credit = side_total(rows, debit=True), side_total(rows, debit=False)

        assert (expected.rows, debit) == (len(rows), -credit)
        assert expected.debit == debit or (expected.debit == -debit and not any(row.side for row in rows))

    # --- whose it is ----------------------------------------------------------------------------------------

    def test_tenant_is_the_same_for_every_opening(
        self, world: PayrollWorld, source: PayrollSource, reference: str
    ) -> None:
        """What the payroll says it is does not depend on who asks, or on what was asked before."""
        first = source.tenant()
        source.pay_run(reference)

        assert first
        assert {first} == {source.tenant(), world.reopen().tenant()}

    def test_payroll_of_somebody_else_is_another_tenant(
        self, world: PayrollWorld, source: PayrollSource
    ) -> None:
        """Runs of two payrolls may have the same reference; they are never taken for one."""
        assert source.tenant() != world.other_payroll().tenant()

    # --- seen -----------------------------------------------------------------------------------------------

    def test_missing_part_is_seen(self, world: PayrollWorld) -> None:
        """A part that did not arrive stops the run: by the gate, or by a refusal."""
        assert trouble(*world.cut_short())

    def test_part_delivered_twice_is_seen(self, world: PayrollWorld) -> None:
        """A part that arrived twice stops the run: by the gate, a problem, or a refusal."""
        assert trouble(*world.twice())

    def test_uncertain_pay_date_is_refused(self, world: PayrollWorld) -> None:
        """No pay date is ever guessed: the refusal names the candidates."""
        source, reference = world.uncertain()

        with pytest.raises(Refused) as caught:
            source.pay_run(reference)

        assert caught.value.problem.code == "run.ambiguous"
        assert "20" in caught.value.problem.text

    @pytest.mark.parametrize(
        ("text", "currency"),
        [
            ("12345", "JPY"),
            ("1234567.89", "USD"),
            ("0.10", "EUR"),
            ("12.345", "KWD"),
            ("9007199254740993.01", "USD"),
        ],
    )
    def test_amounts_are_exact(self, world: PayrollWorld, text: str, currency: str) -> None:
        """Amounts in currencies of 0, 2 and 3 decimals are the digits that were written, beyond what a float
        holds.
        """
        source, reference = world.amount(text, currency)

        assert Money(Decimal(text), currency) in [
            row.amount for block in source.blocks(reference) for row in block.rows
        ]

    @pytest.mark.parametrize(
        ("text", "currency"),
        [
            ("1e400", "USD"),
            ("NaN", "USD"),
            ("12345678901234567.89", "USD"),
            ("10.5", "JPY"),
            ("10.005", "USD"),
            ("1.2345", "KWD"),
        ],
    )
    def test_amount_that_is_none_is_a_problem(self, world: PayrollWorld, text: str, currency: str) -> None:
        """An amount that is no money in its currency is never rounded or dropped: a problem names it and says
        what to do.
        """
        source, reference = world.amount(text, currency)

        found = [
            problem for problem in problems_of(source, reference) if text[:10].lower() in problem.text.lower()
        ]

        assert found or _shown_otherwise(text, problems_of(source, reference))
        for problem in found:
            assert problem.where
            assert ". " in problem.text

    def test_both_sides_is_a_problem(self, world: PayrollWorld) -> None:
        """A row that is a debit and a credit at once is not netted."""
        case = world.both_sides()
        if case is None:
            return

        assert "amount.both_sides" in [problem.code for problem in problems_of(*case)]

    # --- the network ----------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        "read", [lambda source, run: source.pay_run(run), lambda source, run: list(source.blocks(run))]
    )
    def test_throttled_read_goes_on(
        self,
        world: PayrollWorld,
        source: PayrollSource,
        reference: str,
        read: Callable[[PayrollSource, str], object],
    ) -> None:
        """A read that was one too many is waited for and goes on."""
        world.throttle()

        assert read(source, reference)

    def test_garbage_is_an_error(self, world: PayrollWorld) -> None:
        """A page of HTML in the place of a run is never taken for an empty one."""
        source, reference = world.garbage()

        with pytest.raises((VendorChanged, Refused)):
            source.pay_run(reference)

    def test_no_secret_is_seen(self, world: PayrollWorld, source: PayrollSource, reference: str) -> None:
        """No secret stands in the record of exchanges."""
        source.pay_run(reference)
        source.pay_runs(EVER)
        with pytest.raises(NotFound):
            source.pay_run("no-such-run")

        said = world.said()
        assert [secret for secret in world.secrets() if secret in said] == []


def rows_of(source: PayrollSource, reference: str) -> list[Distribution]:
    """Every row of the run, which passes the gate and has no problem."""
    blocks = list(source.blocks(reference))
    assert gate(blocks) == []
    return [row for block in blocks for row in block.rows]


def gate(blocks: list[Block]) -> list[Problem]:
    """What the completeness gate and the rows themselves say."""
    found = check_blocks([block.number for block in blocks], [block.total for block in blocks])
    return [*found, *(problem for block in blocks for problem in block.problems)]


def problems_of(source: PayrollSource, reference: str) -> list[Problem]:
    """Problems of single rows."""
    return [problem for block in source.blocks(reference) for problem in block.problems]


def trouble(source: PayrollSource, reference: str) -> list[str]:
    """Codes of everything that stops the run from being proposed."""
    try:
        source.pay_run(reference)
        return [problem.code for problem in gate(list(source.blocks(reference)))]
    except ConnectorError as error:
        return [error.problem.code]


def side_total(rows: list[Distribution], *, debit: bool) -> Money:
    """The sum of one side, by the source's own column where it has one."""
    return sum(
        (row.amount for row in rows if row.is_debit is debit),
        start=Money(Decimal(0), rows[0].amount.currency),
    )


def _shown_otherwise(text: str, problems: list[Problem]) -> bool:
    """Whether a problem shows the number in another spelling, as `1E+400`."""
    return any(Decimal(text).is_finite() and str(Decimal(text)) in problem.text for problem in problems)

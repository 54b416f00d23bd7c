"""What a ledger keeps and what it refuses: the claims of the ledger contract about one document at a time.

Part of `LedgerContract`, which says what a connector's tests give.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from ml_connector.contract import world as faults
from ml_connector.contract.acts import locate, seen, send
from ml_connector.contract.world import LedgerWorld
from ml_connector.domain import codec
from ml_connector.domain.checks import check_entry, compare
from ml_connector.domain.dimension import dimensions
from ml_connector.domain.journal import ExchangeRate, JournalEntry
from ml_connector.domain.money import decimals
from ml_connector.domain.period import period_of
from ml_connector.errors import CodeUnknown, Inexpressible, PeriodClosed, Refused, Throttled
from ml_connector.ports.ledger import Ledger


class BooksClaims:
    """Kept to the last minor unit, or refused whole and by name."""

    @pytest.fixture
    def entry(self, world: LedgerWorld) -> JournalEntry:
        """An entry that the ledger accepts."""
        return world.entry()

    # --- exact ----------------------------------------------------------------------------------------------

    def test_entry_passes_the_checks(self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry) -> None:
        """The facts read from the ledger and its limits find nothing wrong with an entry that it accepts."""
        chart = ledger.chart(entry.entity, entry.journal, frozenset({"cost_center"}))

        assert check_entry(entry, chart) == []
        assert ledger.check(entry) == ()

    def test_answers_have_a_canonical_form(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """Everything that is said is recorded and read back after a crash: it comes back equal and of the
        same types.
        """
        chart = ledger.chart(entry.entity, entry.journal, frozenset({"cost_center"}))
        calendar = ledger.calendar(entry.entity, entry.journal, entry.posting_date)
        receipt = ledger.release(send(ledger, entry))
        seen(world, ledger)

        for said in (chart, calendar, receipt, ledger.read_back(receipt)):
            assert said == codec.decode(codec.encode(said))

    def test_journal_is_offered(self, ledger: Ledger, entry: JournalEntry) -> None:
        """The journal that takes the entry is among those a person chooses from."""
        assert entry.journal in dict(ledger.journals(entry.entity))

    @pytest.mark.parametrize("currency", ["JPY", "", "KWD"])
    def test_amounts_come_back_exact(self, world: LedgerWorld, ledger: Ledger, currency: str) -> None:
        """Amounts in currencies of 0, 2 and 3 decimals are read back to the last minor unit, or refused: by
        declared limits before anything is sent, or by a ledger that does not keep the currency. None is ever
        rounded.
        """
        entry = world.entry(currency=currency)
        if decimals(entry.currency) > ledger.limits.decimals:
            problems = ledger.check(entry)

            assert {"amount.decimals"} == {problem.code for problem in problems}
            with pytest.raises(Inexpressible):
                send(ledger, entry)
            assert world.journal_references() == []
            return

        try:
            receipt = send(ledger, entry)
        except Refused:
            assert currency
            assert world.journal_references() == []
            return

        seen(world, ledger)
        assert compare(entry, ledger.read_back(ledger.release(receipt))) == []

    def test_largest_amounts_come_back_exact_or_are_refused(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """An amount of 17 digits is kept to the cent, or said to be inexpressible before anything is sent."""
        large = replace(entry.lines[0].amount, amount=entry.lines[0].amount.amount + 10**14)
        debit, credit = replace(entry.lines[0], amount=large), replace(entry.lines[-1], amount=-large)
        entry = replace(entry, lines=(debit, credit))
        if ledger.check(entry):
            with pytest.raises(Inexpressible):
                send(ledger, entry)
            assert world.journal_references() == []
            return

        receipt = send(ledger, entry)

        seen(world, ledger)
        assert compare(entry, ledger.read_back(receipt)) == []

    def test_entry_in_the_own_currency_has_no_rate(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """The chart says in which currency the books are kept, and an entry in it is read back without a
        rate.
        """
        receipt = ledger.release(send(ledger, entry))
        seen(world, ledger)

        assert entry.currency == ledger.chart(entry.entity, entry.journal, frozenset()).currency
        assert ledger.read_back(receipt).rate is None

    def test_foreign_entry_is_booked_at_the_rate_it_brings(self, world: LedgerWorld, ledger: Ledger) -> None:
        """The rate is read back to its last digit; comparing finds another one."""
        entry = world.entry(currency=world.foreign_currency())
        chart = ledger.chart(entry.entity, entry.journal, frozenset({"cost_center"}))
        given = ExchangeRate(currency=chart.currency, rate=Decimal("0.9215"), source="ECB 2026-06-30")
        entry = replace(entry, rate=given)

        assert check_entry(entry, chart) == []
        receipt = ledger.release(send(ledger, entry))
        seen(world, ledger)

        booked = ledger.read_back(receipt)
        assert booked.rate is not None
        assert (given.currency, given.rate) == (booked.rate.currency, booked.rate.rate)
        assert compare(entry, booked) == []
        assert len(compare(replace(entry, rate=replace(given, rate=Decimal("0.9214"))), booked)) == 1

    def test_foreign_entry_without_a_rate_takes_the_ledgers_or_is_stopped(
        self, world: LedgerWorld, ledger: Ledger
    ) -> None:
        """A ledger with rates of its own shows which one it took, and that it was its own; with another the
        checks ask for one.
        """
        entry = world.entry(currency=world.foreign_currency())
        chart = ledger.chart(entry.entity, entry.journal, frozenset({"cost_center"}))
        if not chart.own_rates:
            assert {"rate.missing"} == {problem.code for problem in check_entry(entry, chart)}
            return

        assert check_entry(entry, chart) == []
        receipt = ledger.release(send(ledger, entry))
        seen(world, ledger)

        rate = ledger.read_back(receipt).rate
        assert rate is not None
        assert (chart.currency, True, True) == (rate.currency, rate.rate > 0, bool(rate.source))

    def test_receipt_says_what_a_person_looks_for(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """The receipt holds the ledger's reference, the number people use, and the entity."""
        receipt = ledger.release(send(ledger, entry))

        assert world.journal_references() == [receipt.reference]
        assert (entry.entity, True, True) == (receipt.entity, bool(receipt.number), receipt.posted)

    def test_unbalanced_entry_leaves_nothing(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """All lines or none: an entry that does not balance is refused whole."""
        with pytest.raises((Refused, Inexpressible)):
            send(ledger, replace(entry, lines=entry.lines[:-1]))

        assert world.journal_references() == []

    # --- refused --------------------------------------------------------------------------------------------

    def test_closed_period_is_said_before_and_refused(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """A closed period shows in the calendar, and a posting into it is refused as such."""
        world.close_period(entry.posting_date)

        period = period_of(
            entry.posting_date, ledger.calendar(entry.entity, entry.journal, entry.posting_date)
        )

        assert (period is not None and period.open,) == (False,)
        with pytest.raises(PeriodClosed):
            send(ledger, entry)
        assert world.journal_references() == []

    def test_calendar_is_whole(self, ledger: Ledger, entry: JournalEntry) -> None:
        """Periods around the date follow each other without a gap, and each day is in one."""
        calendar = ledger.calendar(entry.entity, entry.journal, entry.posting_date)

        gaps = [
            (before, after)
            for before, after in pairwise(calendar)
            if after.start != before.end + timedelta(days=1)
        ]
        assert gaps == []
        assert calendar[0].start <= entry.posting_date <= calendar[-1].end

    def test_unknown_account_is_refused(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """An account that the ledger lacks is named by the checks, and refused when sent all the same."""
        unknown, _ = world.unused_codes()
        entry = replace(entry, lines=(replace(entry.lines[0], account=unknown), *entry.lines[1:]))
        chart = ledger.chart(entry.entity, entry.journal, frozenset({"cost_center"}))

        assert "account.unknown" in {problem.code for problem in check_entry(entry, chart)}
        with pytest.raises(CodeUnknown):
            send(ledger, entry)
        assert world.journal_references() == []

    def test_unknown_cost_center_is_refused(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """A cost center that the ledger lacks is named by the checks, and refused when sent all the same."""
        _, unknown = world.unused_codes()
        wrong = replace(entry.lines[0], dimensions=dimensions({"cost_center": unknown}))
        entry = replace(entry, lines=(wrong, *entry.lines[1:]))
        chart = ledger.chart(entry.entity, entry.journal, frozenset({"cost_center"}))

        assert "code.unknown" in {problem.code for problem in check_entry(entry, chart)}
        with pytest.raises(CodeUnknown):
            send(ledger, entry)
        assert world.journal_references() == []

    def test_blocked_account_is_refused(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """A blocked account is named by the checks, and refused when sent all the same."""
        world.block_account(entry.lines[0].account)
        chart = ledger.chart(entry.entity, entry.journal, frozenset({"cost_center"}))

        assert "account.blocked" in {problem.code for problem in check_entry(entry, chart)}
        with pytest.raises(Refused):
            send(ledger, entry)
        assert world.journal_references() == []

    def test_a_total_is_told_from_a_blocked_code(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """What sums up others looks like a code: it is marked, and nothing else is. An entry on it is named
        by the checks, and never posted: it is refused, or left as a draft.
        """
        accounts, centers = world.totals()
        chart = ledger.chart(entry.entity, entry.journal, frozenset({"cost_center"}))
        first = entry.lines[0]
        on_totals = [
            *(("account.total", replace(first, account=code)) for code in sorted(accounts)),
            *(
                ("code.total", replace(first, dimensions=dimensions({"cost_center": code})))
                for code in sorted(centers)
            ),
        ]

        assert accounts == {code for code, account in chart.accounts.items() if account.is_total}
        assert centers == chart.totals.get("cost_center", {}).keys()
        for number, (said, line) in enumerate(on_totals):
            odd = replace(entry, key=f"{entry.key}:{number}", lines=(line, *entry.lines[1:]))
            assert [said] == [problem.code for problem in check_entry(odd, chart)]
            with suppress(Refused):
                assert not ledger.release(send(ledger, odd)).posted

    def test_dimension_that_the_ledger_has_not_is_inexpressible(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """An axis that the ledger has no place for is refused, not dropped."""
        assert "phase_of_the_moon" not in ledger.limits.axes
        odd = replace(entry.lines[0], dimensions=dimensions({"phase_of_the_moon": "full"}))
        entry = replace(entry, lines=(odd, *entry.lines[1:]))

        assert "dimension.inexpressible" in {problem.code for problem in ledger.check(entry)}
        with pytest.raises(Inexpressible):
            send(ledger, entry)
        assert world.journal_references() == []

    def test_text_of_the_declared_length_is_kept_and_a_longer_one_refused(
        self, world: LedgerWorld, ledger: Ledger
    ) -> None:
        """The longest text that is declared passes beside the marker; one character more is refused, not
        cut.
        """
        longest = world.entry(text="x" * ledger.limits.text_max)
        too_long = world.entry(key="payroll:acme:run-2:10:1:1", text="x" * (ledger.limits.text_max + 1))

        receipt = send(ledger, longest)

        seen(world, ledger)
        assert [receipt.reference] == locate(ledger, longest)
        assert {"text.too_long"} == {problem.code for problem in ledger.check(too_long)}
        with pytest.raises(Inexpressible):
            send(ledger, too_long)
        assert [receipt.reference] == world.journal_references()

    def test_line_text_of_the_declared_length_is_kept_and_a_longer_one_refused(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """The longest text of a line that is declared is kept beside the marker; one character more is
        refused, not cut.
        """
        assert ledger.limits.line_text_max is not None
        longest = "x" * ledger.limits.line_text_max
        entry = replace(entry, lines=tuple(replace(line, text=longest) for line in entry.lines))
        too_long = replace(entry, lines=tuple(replace(line, text=f"{longest}x") for line in entry.lines))

        receipt = send(ledger, entry)

        seen(world, ledger)
        kept = ledger.read_back(receipt)
        assert compare(entry, kept) == []
        assert len(entry.lines) - 1 <= sum(longest in line.text for line in kept.lines)
        assert {("text.too_long", f"line {number}") for number in range(1, len(entry.lines) + 1)} == {
            (problem.code, problem.where) for problem in ledger.check(too_long)
        }

    def test_too_many_lines_are_refused(self, world: LedgerWorld, ledger: Ledger) -> None:
        """An entry with more lines than declared is refused whole."""
        entry = world.entry(lines=ledger.limits.lines_max + 1)

        assert {"entry.lines"} == {problem.code for problem in ledger.check(entry)}

    def test_throttled_write_says_how_long_to_wait(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """The vendor's limit proves that nothing was booked, and names the wait."""
        world.fail_next(faults.THROTTLED)

        with pytest.raises(Throttled) as caught:
            send(ledger, entry)

        assert caught.value.retry_after_seconds == faults.THROTTLED_SECONDS
        assert world.journal_references() == []

    # --- paging ---------------------------------------------------------------------------------------------

    def test_entry_of_more_than_one_page_comes_back_whole(self, world: LedgerWorld, ledger: Ledger) -> None:
        """Reading back follows the pages to their end."""
        lines = min(world.page_lines() + 1, ledger.limits.lines_max)
        entry = world.entry(lines=lines)

        receipt = send(ledger, entry)

        seen(world, ledger)
        booked = ledger.read_back(receipt)
        assert lines == len(booked.lines)
        assert compare(entry, booked) == []

    def test_chart_of_more_than_one_page_is_whole(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """The chart of accounts holds every account, however many pages it takes."""
        accounts = world.chart_size()

        chart = ledger.chart(entry.entity, entry.journal, frozenset({"cost_center"}))

        assert accounts == len(chart.accounts)

"""The contract of a `LedgerSink`: what the rest of the product may believe of every ledger.

A connector's tests subclass `LedgerContract` and give the fixtures `world` and `ledger`. Differences between ledgers are data, `LedgerLimits`;
no test is skipped. What an engine does with an unknown outcome is done here in its shortest form, `settle`.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from ml_connector.contract import world as faults
from ml_connector.contract.acts import locate, seen, send, settle, shut
from ml_connector.contract.world import LedgerWorld
from ml_connector.domain import codec
from ml_connector.domain.checks import check_entry, compare
from ml_connector.domain.dimension import dimensions
from ml_connector.domain.journal import ExchangeRate, JournalEntry, Marker
from ml_connector.domain.money import decimals
from ml_connector.domain.period import period_of
from ml_connector.errors import (
    CodeUnknown,
    ConnectorError,
    Inexpressible,
    NotFound,
    NotSent,
    OutcomeUnknown,
    PeriodClosed,
    Refused,
    SignInLost,
    Throttled,
)
from ml_connector.ports.systems import LedgerSink


class LedgerContract:
    """Claims that hold for every ledger."""

    @pytest.fixture
    def entry(self, world: LedgerWorld) -> JournalEntry:
        """An entry that the ledger accepts."""
        return world.entry()

    # --- exact ------------------------------------------------------------------------------------------------------------------------

    def test_entry_passes_the_checks(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """The facts read from the ledger and its limits find nothing wrong with an entry that it accepts."""
        chart = ledger.chart(entry.entity, entry.journal, frozenset({"cost_center"}))

        assert check_entry(entry, chart) == []
        assert ledger.preflight(entry, Marker.of(entry.key)) == ()

    def test_answers_have_a_canonical_form(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """Everything that is said is recorded and read back after a crash: it comes back equal and of the same types."""
        chart = ledger.chart(entry.entity, entry.journal, frozenset({"cost_center"}))
        calendar = ledger.calendar(entry.entity, entry.journal, entry.posting_date)
        receipt = ledger.release(send(ledger, entry))
        seen(world, ledger)

        for said in (chart, calendar, receipt, ledger.read_back(receipt)):
            assert said == codec.decode(codec.encode(said))

    def test_journal_is_offered(self, ledger: LedgerSink, entry: JournalEntry) -> None:
        """The journal that takes the entry is among those a person chooses from."""
        assert entry.journal in dict(ledger.journals(entry.entity))

    @pytest.mark.parametrize("currency", ["JPY", "", "KWD"])
    def test_amounts_come_back_exact(self, world: LedgerWorld, ledger: LedgerSink, currency: str) -> None:
        """Amounts in currencies of 0, 2 and 3 decimals are read back to the last minor unit, or refused: by declared
        limits before anything is sent, or by a ledger that does not keep the currency. None is ever rounded."""
        entry = world.entry(currency=currency)
        if decimals(entry.currency) > ledger.limits.decimals:
            problems = ledger.preflight(entry, Marker.of(entry.key))

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

    def test_largest_amounts_come_back_exact_or_are_refused(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """An amount of 17 digits is kept to the cent, or said to be inexpressible before anything is sent."""
        large = replace(entry.lines[0].amount, amount=entry.lines[0].amount.amount + 10**14)
        debit, credit = replace(entry.lines[0], amount=large), replace(entry.lines[-1], amount=-large)
        entry = replace(entry, lines=(debit, credit))
        if ledger.preflight(entry, Marker.of(entry.key)):
            with pytest.raises(Inexpressible):
                send(ledger, entry)
            assert world.journal_references() == []
            return

        receipt = send(ledger, entry)

        seen(world, ledger)
        assert compare(entry, ledger.read_back(receipt)) == []

    def test_entry_in_the_own_currency_has_no_rate(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """The chart says in which currency the books are kept, and an entry in it is read back without a rate."""
        receipt = ledger.release(send(ledger, entry))
        seen(world, ledger)

        assert entry.currency == ledger.chart(entry.entity, entry.journal, frozenset()).currency
        assert ledger.read_back(receipt).rate is None

    def test_foreign_entry_is_booked_at_the_rate_it_brings(self, world: LedgerWorld, ledger: LedgerSink) -> None:
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

    def test_foreign_entry_without_a_rate_takes_the_ledgers_or_is_stopped(self, world: LedgerWorld, ledger: LedgerSink) -> None:
        """A ledger with rates of its own shows which one it took, and that it was its own; with another the checks ask for one."""
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

    def test_receipt_says_what_a_person_looks_for(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """The receipt holds the ledger's reference, the number people use, and the entity."""
        receipt = ledger.release(send(ledger, entry))

        assert world.journal_references() == [receipt.reference]
        assert (entry.entity, True, True) == (receipt.entity, bool(receipt.number), receipt.posted)

    def test_unbalanced_entry_leaves_nothing(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """All lines or none: an entry that does not balance is refused whole."""
        with pytest.raises((Refused, Inexpressible)):
            send(ledger, replace(entry, lines=entry.lines[:-1]))

        assert world.journal_references() == []

    # --- once -------------------------------------------------------------------------------------------------------------------------

    def test_nothing_is_found_before_the_first_send(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """Where the marker was never written the look-up is empty, whatever else is booked."""
        world.book_by_hand()
        send(ledger, world.entry(key="payroll:acme:run-0:10:1:1"))
        seen(world, ledger)

        assert locate(ledger, entry) == []

    def test_document_is_found_before_the_first_send(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """A document that an earlier installation wrote under the key is found by one that remembers nothing, and is the same."""
        receipt = send(ledger, entry)
        seen(world, ledger)

        found = world.reopen().locate(entry, Marker.of(entry.key), None)

        assert [receipt] == list(found)
        assert compare(entry, ledger.read_back(found[0])) == []

    def test_lost_answer_leaves_one_entry(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """The ledger booked the entry but its answer never reached us: we find it and do not book again."""
        world.fail_next(faults.LOST_AFTER)

        receipt = settle(world, ledger, entry)

        assert [receipt.reference] == world.journal_references()

    def test_lost_request_is_unknown_and_booked_once(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """The request was lost on its way: nobody can tell, so it is looked up, not found, and written again."""
        world.fail_next(faults.LOST_BEFORE)

        receipt = settle(world, ledger, entry)

        assert [receipt.reference] == world.journal_references()

    def test_late_commit_is_found_after_settling(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """The ledger books some time after the connection broke: not there at once, there after the settling time."""
        world.fail_next(faults.LATE_COMMIT)
        with pytest.raises(OutcomeUnknown):
            send(ledger, entry)

        world.advance(ledger.limits.settle_seconds + ledger.limits.visible_seconds)

        assert world.journal_references() == locate(ledger, entry)
        assert len(world.journal_references()) == 1

    def test_unreachable_ledger_was_sent_nothing(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """A refused connection proves that nothing was booked."""
        world.fail_next(faults.UNREACHABLE)

        with pytest.raises(NotSent):
            send(ledger, entry)

        assert world.journal_references() == []

    def test_gate_stops_the_send(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """What the gate refuses was not sent and is not booked."""
        with pytest.raises(NotSent):
            send(ledger, entry, gate=shut)

        assert world.journal_references() == []

    def test_prepared_and_not_sent_is_nothing(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """Preparing a write books nothing, and holds nothing once it is over."""
        with ledger.prepare(entry, Marker.of(entry.key)):
            pass

        assert world.journal_references() == []
        assert locate(ledger, entry) == []

    def test_two_documents_under_one_marker_are_both_reported(
        self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry
    ) -> None:  # fmt: skip
        """Somebody copied our document: the look-up names both, so that it can be an incident."""
        receipt = send(ledger, entry)
        copy = world.double(receipt.reference)
        seen(world, ledger)

        assert sorted([receipt.reference, copy]) == sorted(locate(ledger, entry))

    def test_deleted_document_is_gone(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """A document that somebody deleted is neither found nor read."""
        receipt = send(ledger, entry)
        world.delete(receipt.reference)

        assert locate(ledger, entry) == []
        with pytest.raises(NotFound):
            ledger.read_back(receipt)

    def test_documents_of_others_are_seen(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """What a person booked in the journal and period is reported, and what is known to be ours is not."""
        calendar = ledger.calendar(entry.entity, entry.journal, entry.posting_date)
        period = period_of(entry.posting_date, calendar)
        assert period is not None
        ours = send(ledger, entry)
        world.book_by_hand()
        seen(world, ledger)

        others = ledger.foreign(entry.entity, entry.journal, period, frozenset({ours.reference}))

        assert len(others) == 1

    # --- refused ----------------------------------------------------------------------------------------------------------------------

    def test_closed_period_is_said_before_and_refused(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """A closed period shows in the calendar, and a posting into it is refused as such."""
        world.close_period(entry.posting_date)

        period = period_of(entry.posting_date, ledger.calendar(entry.entity, entry.journal, entry.posting_date))

        assert (period is not None and period.open,) == (False,)
        with pytest.raises(PeriodClosed):
            send(ledger, entry)
        assert world.journal_references() == []

    def test_calendar_is_whole(self, ledger: LedgerSink, entry: JournalEntry) -> None:
        """Periods around the date follow each other without a gap, and each day is in one."""
        calendar = ledger.calendar(entry.entity, entry.journal, entry.posting_date)

        gaps = [(before, after) for before, after in pairwise(calendar)
                if after.start != before.end + timedelta(days=1)]  # fmt: skip
        assert gaps == []
        assert calendar[0].start <= entry.posting_date <= calendar[-1].end

    def test_unknown_account_is_refused(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """An account that the ledger lacks is named by the checks, and refused when sent all the same."""
        unknown, _ = world.unused_codes()
        entry = replace(entry, lines=(replace(entry.lines[0], account=unknown), *entry.lines[1:]))
        chart = ledger.chart(entry.entity, entry.journal, frozenset({"cost_center"}))

        assert "account.unknown" in {problem.code for problem in check_entry(entry, chart)}
        with pytest.raises(CodeUnknown):
            send(ledger, entry)
        assert world.journal_references() == []

    def test_unknown_cost_center_is_refused(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """A cost center that the ledger lacks is named by the checks, and refused when sent all the same."""
        _, unknown = world.unused_codes()
        wrong = replace(entry.lines[0], dimensions=dimensions({"cost_center": unknown}))
        entry = replace(entry, lines=(wrong, *entry.lines[1:]))
        chart = ledger.chart(entry.entity, entry.journal, frozenset({"cost_center"}))

        assert "code.unknown" in {problem.code for problem in check_entry(entry, chart)}
        with pytest.raises(CodeUnknown):
            send(ledger, entry)
        assert world.journal_references() == []

    def test_blocked_account_is_refused(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """A blocked account is named by the checks, and refused when sent all the same."""
        world.block_account(entry.lines[0].account)
        chart = ledger.chart(entry.entity, entry.journal, frozenset({"cost_center"}))

        assert "account.blocked" in {problem.code for problem in check_entry(entry, chart)}
        with pytest.raises(Refused):
            send(ledger, entry)
        assert world.journal_references() == []

    def test_dimension_that_the_ledger_has_not_is_inexpressible(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """An axis that the ledger has no place for is refused, not dropped."""
        assert "phase_of_the_moon" not in ledger.limits.axes
        odd = replace(entry.lines[0], dimensions=dimensions({"phase_of_the_moon": "full"}))
        entry = replace(entry, lines=(odd, *entry.lines[1:]))

        assert "dimension.inexpressible" in {problem.code for problem in ledger.preflight(entry, Marker.of(entry.key))}
        with pytest.raises(Inexpressible):
            send(ledger, entry)
        assert world.journal_references() == []

    def test_text_of_the_declared_length_is_kept_and_a_longer_one_refused(self, world: LedgerWorld, ledger: LedgerSink) -> None:
        """The longest text that is declared passes beside the marker; one character more is refused, not cut."""
        longest = world.entry(text="x" * ledger.limits.text_max)
        too_long = world.entry(key="payroll:acme:run-2:10:1:1", text="x" * (ledger.limits.text_max + 1))

        receipt = send(ledger, longest)

        seen(world, ledger)
        assert [receipt.reference] == locate(ledger, longest)
        assert {"text.too_long"} == {problem.code for problem in ledger.preflight(too_long, Marker.of(too_long.key))}
        with pytest.raises(Inexpressible):
            send(ledger, too_long)
        assert [receipt.reference] == world.journal_references()

    def test_too_many_lines_are_refused(self, world: LedgerWorld, ledger: LedgerSink) -> None:
        """An entry with more lines than declared is refused whole."""
        entry = world.entry(lines=ledger.limits.lines_max + 1)

        assert {"entry.lines"} == {problem.code for problem in ledger.preflight(entry, Marker.of(entry.key))}

    def test_throttled_write_says_how_long_to_wait(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """The vendor's limit proves that nothing was booked, and names the wait."""
        world.fail_next(faults.THROTTLED)

        with pytest.raises(Throttled) as caught:
            send(ledger, entry)

        assert caught.value.retry_after_seconds == faults.THROTTLED_SECONDS
        assert world.journal_references() == []

    # --- paging -----------------------------------------------------------------------------------------------------------------------

    def test_entry_of_more_than_one_page_comes_back_whole(self, world: LedgerWorld, ledger: LedgerSink) -> None:
        """Reading back follows the pages to their end."""
        lines = min(world.page_lines() + 1, ledger.limits.lines_max)
        entry = world.entry(lines=lines)

        receipt = send(ledger, entry)

        seen(world, ledger)
        booked = ledger.read_back(receipt)
        assert lines == len(booked.lines)
        assert compare(entry, booked) == []

    def test_chart_of_more_than_one_page_is_whole(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """The chart of accounts holds every account, however many pages it takes."""
        accounts = world.chart_size()

        chart = ledger.chart(entry.entity, entry.journal, frozenset({"cost_center"}))

        assert accounts == len(chart.accounts)

    # --- sign-in and secrets ----------------------------------------------------------------------------------------------------------

    def test_expired_sign_in_is_renewed_once_by_two_threads(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """Two threads that meet an expired token renew it once, and both get on."""
        world.expire_sign_in()
        before, results = world.renewals(), []
        both = threading.Barrier(2)

        def look() -> None:
            both.wait()
            results.append(ledger.journals(entry.entity))

        threads = [threading.Thread(target=look) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

        assert len(results) == 2
        assert before + 1 == world.renewals()

    def test_expired_sign_in_does_not_stop_a_write(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """The token is renewed while the write is prepared, so that nothing stands between the intent and the wire."""
        world.expire_sign_in()

        receipt = send(ledger, entry)

        assert [receipt.reference] == world.journal_references()

    def test_withdrawn_sign_in_stops_without_booking(self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry) -> None:
        """A consent ended in mid-run stops the run with what a person must do, and nothing is booked."""
        world.withdraw_sign_in()

        with pytest.raises(SignInLost) as caught:
            send(ledger, entry)

        assert "uthorise" in caught.value.problem.text
        assert world.journal_references() == []

    def test_no_secret_is_seen(
        self, world: LedgerWorld, ledger: LedgerSink, entry: JournalEntry, caplog: pytest.LogCaptureFixture
    ) -> None:  # fmt: skip
        """No secret and no token stands in an exchange, a log line or an exception, of successes and failures."""
        caplog.set_level(logging.DEBUG)
        errors: list[Any] = []
        for fault in (None, *faults.FAULTS):
            if fault is not None:
                world.fail_next(fault)
            try:
                send(ledger, replace(entry, key=f"{entry.key}:{fault}"))
            except ConnectorError as error:
                errors.append((repr(error), error.problem, error.support, repr(error.__cause__)))
            world.advance(120)
        world.expire_sign_in()
        with suppress(ConnectorError):
            ledger.journals(entry.entity)
        everything = "\n".join([world.said(), caplog.text, repr(errors)])

        assert [secret for secret in world.secrets() if secret in everything] == []
        assert len(errors) >= 4

"""The contract of a `Ledger`: what the rest of the product may believe of every ledger.

A connector's tests subclass `LedgerContract` and give the fixtures `world` and `ledger`. Differences between
ledgers are data, `LedgerLimits`; no test is skipped. What an engine does with an unknown outcome is done here
in its shortest form, `settle`.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from ml_connector.contract import world as faults
from ml_connector.contract.acts import locate, seen, send, settle, shut
from ml_connector.contract.books import BooksClaims
from ml_connector.contract.documents import DocumentClaims
from ml_connector.contract.world import LedgerWorld
from ml_connector.domain.checks import compare
from ml_connector.domain.document import Marker
from ml_connector.domain.journal import JournalEntry
from ml_connector.errors import ConnectorError, NotFound, NotSent, OutcomeUnknown, SignInLost
from ml_connector.ports.ledger import Ledger
from ml_connector.ports.sinks import located


class LedgerContract(BooksClaims, DocumentClaims):
    """Claims that hold for every ledger."""

    # --- once -----------------------------------------------------------------------------------------------

    def test_nothing_is_found_before_the_first_send(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """Where the marker was never written the look-up is empty, whatever else is booked."""
        world.book_by_hand()
        send(ledger, world.entry(key="payroll:acme:run-0:10:1:1"))
        seen(world, ledger)

        assert locate(ledger, entry) == []

    def test_document_is_found_before_the_first_send(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """A document that an earlier installation wrote under the key is found by one that remembers nothing,
        and is the same.
        """
        receipt = send(ledger, entry)
        seen(world, ledger)

        found = located(world.reopen(), entry, Marker.of(entry.key), None)

        assert [receipt] == list(found)
        assert compare(entry, ledger.read_back(found[0])) == []

    def test_lost_answer_leaves_one_entry(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """The ledger booked the entry but its answer never reached us: we find it and do not book again."""
        world.fail_next(faults.LOST_AFTER)

        receipt = settle(world, ledger, entry)

        assert [receipt.reference] == world.journal_references()

    def test_lost_request_is_unknown_and_booked_once(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """The request was lost on its way: nobody can tell, so it is looked up, not found, and written
        again.
        """
        world.fail_next(faults.LOST_BEFORE)

        receipt = settle(world, ledger, entry)

        assert [receipt.reference] == world.journal_references()

    def test_late_commit_is_found_after_settling(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """The ledger books some time after the connection broke: not there at once, there after the settling
        time.
        """
        world.fail_next(faults.LATE_COMMIT)
        with pytest.raises(OutcomeUnknown):
            send(ledger, entry)

        world.advance(ledger.limits.settle_seconds + ledger.limits.visible_seconds)

        assert world.journal_references() == locate(ledger, entry)
        assert len(world.journal_references()) == 1

    def test_unreachable_ledger_was_sent_nothing(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """A refused connection proves that nothing was booked."""
        world.fail_next(faults.UNREACHABLE)

        with pytest.raises(NotSent):
            send(ledger, entry)

        assert world.journal_references() == []

    def test_gate_stops_the_send(self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry) -> None:
        """What the gate refuses was not sent and is not booked."""
        with pytest.raises(NotSent):
            send(ledger, entry, gate=shut)

        assert world.journal_references() == []

    def test_prepared_and_not_sent_is_nothing(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """Preparing a write books nothing, and holds nothing once it is over."""
        with ledger.prepare(entry, Marker.of(entry.key)):
            pass

        assert world.journal_references() == []
        assert locate(ledger, entry) == []

    def test_two_documents_under_one_marker_are_both_reported(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """Somebody copied our document: the look-up names both, so that it can be an incident."""
        receipt = send(ledger, entry)
        copy = world.double(receipt.reference)
        seen(world, ledger)

        assert sorted([receipt.reference, copy]) == sorted(locate(ledger, entry))

    def test_deleted_document_is_gone(self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry) -> None:
        """A document that somebody deleted is neither found nor read."""
        receipt = send(ledger, entry)
        world.delete(receipt.reference)

        assert locate(ledger, entry) == []
        with pytest.raises(NotFound):
            ledger.read_back(receipt)

    # --- sign-in and secrets --------------------------------------------------------------------------------

    def test_expired_sign_in_is_renewed_once_by_two_threads(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
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

    def test_expired_sign_in_does_not_stop_a_write(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """The token is renewed while the write is prepared, so that nothing stands between the intent and the
        wire.
        """
        world.expire_sign_in()

        receipt = send(ledger, entry)

        assert [receipt.reference] == world.journal_references()

    def test_withdrawn_sign_in_stops_without_booking(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry
    ) -> None:
        """A consent ended in mid-run stops the run with what a person must do, and nothing is booked."""
        world.withdraw_sign_in()

        with pytest.raises(SignInLost) as caught:
            send(ledger, entry)

        assert "uthorise" in caught.value.problem.text
        assert world.journal_references() == []

    def test_no_secret_is_seen(
        self, world: LedgerWorld, ledger: Ledger, entry: JournalEntry, caplog: pytest.LogCaptureFixture
    ) -> None:
        """No secret and no token stands in an exchange, a log line or an exception, of successes and
        failures.
        """
        caplog.set_level(logging.DEBUG)
        errors: list[Any] = []
        with capture_logs() as ours:
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
        everything = "\n".join([world.said(), caplog.text, repr(ours), repr(errors)])

        assert [secret for secret in world.secrets() if secret in everything] == []
        assert len(errors) >= 4

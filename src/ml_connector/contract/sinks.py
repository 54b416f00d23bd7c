"""The contract of a `Sink` whose documents end by withdrawal: what the rest of the product may believe of
every place that a document of one kind is written to.

A connector's tests subclass the suite of a kind, such as `PurchaseSinkContract`, and give the fixture
`world`. Journal entries have a suite of their own, `LedgerContract`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol

import pytest
from structlog.testing import capture_logs

from ml_connector.contract import world as faults
from ml_connector.contract.acts import allow, shut
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.problem import Problem
from ml_connector.errors import ConnectorError, NotFound, NotSent, OutcomeUnknown, Throttled
from ml_connector.ports.sinks import Gate, Sink, located


class SinkWorld(Protocol):
    """A system that documents of one kind are written to, as a person or a bad network could move it."""

    @property
    def sink(self) -> Sink[Any, Any]:
        """Where they are written."""
        ...

    def document(self, key: str = "bought:acme:1:0:1") -> Any:
        """A document that the system accepts; with another key it is another one, of the same supplier and
        date.
        """
        ...

    def known(self, document: Any) -> Mapping[str, Receipt]:
        """Receipts of the documents that it refers to, which are there."""
        ...

    def reopen(self) -> Sink[Any, Any]:
        """The same connection opened anew, remembering nothing but what is stored."""
        ...

    def references(self) -> list[str]:
        """References of every document of this kind that is there, in the order they were made."""
        ...

    def by_hand(self) -> str:
        """A person makes one beside ours; its reference."""
        ...

    def double(self, reference: str) -> str:
        """A person copies a document with its texts; the copy's reference."""
        ...

    def delete(self, reference: str) -> None:
        """A person deletes a document."""
        ...

    def fail_next(self, fault: str) -> None:
        """The next write meets the fault, one of `FAULTS`. A throttled one is told to wait
        `THROTTLED_SECONDS`.
        """
        ...

    def advance(self, seconds: float) -> None:
        """Move the one clock that vendor and connector share; what was due meanwhile happens."""
        ...

    def said(self) -> str:
        """Everything that was recorded of exchanges, as text."""
        ...

    def secrets(self) -> tuple[str, ...]:
        """Every secret and token there has been so far."""
        ...


def send(world: SinkWorld, document: Any, gate: Gate = allow, sink: Sink[Any, Any] | None = None) -> Receipt:
    """One write, once."""
    known = world.known(document)
    with (sink or world.sink).prepare(document, Marker.of(document.key), known=known) as post:
        return post(gate)


def found(world: SinkWorld, document: Any, sink: Sink[Any, Any] | None = None) -> list[Receipt]:
    """Those that carry the marker, once they are visible."""
    world.advance(world.sink.limits.visible_seconds)
    return list(located(sink or world.sink, document, Marker.of(document.key), None))


def settle(world: SinkWorld, document: Any) -> Receipt:
    """Write; when the outcome is unknown wait as long as the system may take, look up, and write again only
    when nothing is there.
    """
    try:
        return send(world, document)
    except OutcomeUnknown:
        world.advance(world.sink.limits.settle_seconds)
        there = found(world, document)
        return there[0] if there else send(world, document)


def differences(world: SinkWorld, document: Any, receipt: Receipt) -> tuple[Problem, ...]:
    """What is booked otherwise."""
    return tuple(world.sink.compare(document, world.sink.read_back(receipt)))


class SinkContract:
    """Claims that hold for every sink whose documents are withdrawn."""

    # --- once -----------------------------------------------------------------------------------------------

    def test_nothing_is_found_before_the_first_send(self, world: SinkWorld) -> None:
        """Where the marker was never written the look-up is empty, whatever else is there."""
        world.by_hand()
        send(world, world.document("bought:acme:0:0:1"))

        assert found(world, world.document()) == []

    def test_document_is_read_back_as_it_was_written(self, world: SinkWorld) -> None:
        """What is there says what was approved, and carries the marker."""
        document = world.document()

        receipt = send(world, document)

        assert differences(world, document, receipt) == ()
        assert Marker.of(document.key).token == world.sink.read_back(receipt).marker

    def test_document_is_found_by_one_that_remembers_nothing(self, world: SinkWorld) -> None:
        """A document that an earlier installation wrote under the key is found, and is the same."""
        document = world.document()
        receipt = send(world, document)

        there = found(world, document, world.reopen())

        assert [receipt] == there
        assert differences(world, document, there[0]) == ()

    def test_lost_answer_leaves_one_document(self, world: SinkWorld) -> None:
        """It was made but the answer never reached us: we find it and do not write again."""
        world.fail_next(faults.LOST_AFTER)

        receipt = settle(world, world.document())

        assert [receipt.reference] == world.references()

    def test_lost_request_is_unknown_and_written_once(self, world: SinkWorld) -> None:
        """The request was lost on its way: nobody can tell, so it is looked up, not found, and written
        again.
        """
        world.fail_next(faults.LOST_BEFORE)

        receipt = settle(world, world.document())

        assert [receipt.reference] == world.references()

    def test_late_commit_is_found_after_settling(self, world: SinkWorld) -> None:
        """It is made some time after the connection broke: there after the settling time."""
        document = world.document()
        world.fail_next(faults.LATE_COMMIT)
        with pytest.raises(OutcomeUnknown):
            send(world, document)

        world.advance(world.sink.limits.settle_seconds)

        assert world.references() == [receipt.reference for receipt in found(world, document)]
        assert len(world.references()) == 1

    def test_unreachable_system_was_sent_nothing(self, world: SinkWorld) -> None:
        """A refused connection proves that nothing was made."""
        world.fail_next(faults.UNREACHABLE)

        with pytest.raises(NotSent):
            send(world, world.document())

        assert world.references() == []

    def test_throttled_write_made_nothing(self, world: SinkWorld) -> None:
        """A rate limit refuses the write and says how long to wait; then it passes."""
        world.fail_next(faults.THROTTLED)

        with pytest.raises(Throttled) as caught:
            send(world, world.document())

        assert world.references() == []
        world.advance(caught.value.retry_after_seconds or faults.THROTTLED_SECONDS)
        send(world, world.document())
        assert len(world.references()) == 1

    def test_gate_stops_the_send(self, world: SinkWorld) -> None:
        """What the gate refuses was not sent and is not there."""
        with pytest.raises(NotSent):
            send(world, world.document(), gate=shut)

        assert world.references() == []

    def test_prepared_and_not_sent_is_nothing(self, world: SinkWorld) -> None:
        """Preparing a write makes nothing."""
        document = world.document()
        with world.sink.prepare(document, Marker.of(document.key), known=world.known(document)):
            pass

        assert world.references() == []
        assert found(world, document) == []

    # --- what people do -------------------------------------------------------------------------------------

    def test_two_documents_under_one_marker_are_both_reported(self, world: SinkWorld) -> None:
        """Somebody copied our document: the look-up names both, so that it can be an incident."""
        document = world.document()
        receipt = send(world, document)
        copy = world.double(receipt.reference)

        assert sorted([receipt.reference, copy]) == sorted(one.reference for one in found(world, document))

    def test_deleted_document_is_gone(self, world: SinkWorld) -> None:
        """What somebody deleted is neither found nor read, and is over."""
        document = world.document()
        receipt = send(world, document)
        assert not world.sink.is_ended(receipt)

        world.delete(receipt.reference)

        assert found(world, document) == []
        assert world.sink.is_ended(receipt)
        with pytest.raises(NotFound):
            world.sink.read_back(receipt)

    def test_what_is_near_is_ours_and_that_of_others(self, world: SinkWorld) -> None:
        """Ours is shown with its marker, a person's with none."""
        document = world.document()
        receipt, other = send(world, document), world.by_hand()
        world.advance(world.sink.limits.visible_seconds)

        near = {one.receipt.reference: one.marker for one in world.sink.near(document)}

        assert {receipt.reference: Marker.of(document.key).token, other: ""} == near

    # --- ending ---------------------------------------------------------------------------------------------

    def test_withdrawn_document_is_gone_and_no_other(self, world: SinkWorld) -> None:
        """Withdrawing removes that one; asked again it changes nothing, and the same may be written anew."""
        document, other = world.document(), world.document("bought:acme:2:0:1")
        receipt, kept = send(world, document), send(world, other)

        world.sink.end(receipt)
        assert world.sink.is_ended(receipt)
        again = send(world, document)
        world.sink.end(receipt)

        assert {kept.reference, again.reference} == set(world.references())

    def test_lost_answer_to_a_withdrawal_is_found_out(self, world: SinkWorld) -> None:
        """It was removed and the answer never reached us: it is over, and asking again is fine."""
        receipt = send(world, world.document())
        world.fail_next(faults.LOST_AFTER)

        with pytest.raises(OutcomeUnknown):
            world.sink.end(receipt)

        assert world.sink.is_ended(receipt)
        world.sink.end(receipt)
        assert world.references() == []

    # --- secrets --------------------------------------------------------------------------------------------

    def test_no_secret_is_seen(self, world: SinkWorld, caplog: pytest.LogCaptureFixture) -> None:
        """No secret and no token is in an exchange, a log line or an exception, of successes and failures."""
        caplog.set_level(logging.DEBUG)
        errors: list[Any] = []
        with capture_logs() as ours:
            for number, fault in enumerate((None, *faults.FAULTS)):
                if fault is not None:
                    world.fail_next(fault)
                try:
                    send(world, world.document(f"bought:acme:{number}:0:1"))
                except ConnectorError as error:
                    errors.append((repr(error), error.problem, error.support, repr(error.__cause__)))
                world.advance(120)
            with suppress(ConnectorError):
                found(world, world.document())
        everything = "\n".join([world.said(), caplog.text, repr(ours), repr(errors)])

        assert [secret for secret in world.secrets() if secret in everything] == []
        assert len(errors) >= 4

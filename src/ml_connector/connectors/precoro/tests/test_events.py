"""Notifications of Precoro: hints without a signature."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from ml_connector.connectors.precoro.events import NAMES, TOPICS, PrecoroEvents
from ml_connector.contract.memory import VirtualClock
from ml_connector.domain.invoice import SupplierInvoice
from ml_connector.errors import Refused
from ml_connector.transport.signature import BODY_BYTES_MAX


def sent(**more: Any) -> bytes:
    return json.dumps({"id": 5001, "type": 3, "action": 1, "idn": 17, **more}).encode()


def test_an_invoice_that_changed_is_told_of_by_its_id() -> None:
    """With the topic that wakes who reads invoices."""
    event = PrecoroEvents(VirtualClock()).verify({}, sent())

    assert ("invoice update", "5001", "17") == (event.topic, event.key, event.detail["idn"])
    (pattern,) = TOPICS[SupplierInvoice]
    assert fnmatchcase(event.topic, pattern)
    assert fnmatchcase(PrecoroEvents(VirtualClock()).verify({}, sent(action=0)).topic, pattern)


def test_other_records_wake_nobody_who_reads_invoices() -> None:
    """Each kind has a topic of its own, and so has one that is not known yet."""
    topics = {PrecoroEvents(VirtualClock()).verify({}, sent(type=kind)).topic for kind in (*NAMES, 12)}

    assert len(topics) == len(NAMES) + 1
    (pattern,) = TOPICS[SupplierInvoice]
    assert ["invoice update"] == [topic for topic in topics if fnmatchcase(topic, pattern)]


def test_a_later_change_is_no_repeat() -> None:
    """Precoro says the same of both; what came in one second is one."""
    clock = VirtualClock()
    events = PrecoroEvents(clock)
    first, repeat = events.verify({}, sent()), events.verify({}, sent())
    clock.advance(1)

    assert first.id == repeat.id != events.verify({}, sent()).id


def test_the_number_of_the_document_may_be_missing_or_text() -> None:
    """Suppliers have none."""
    events = PrecoroEvents(VirtualClock())

    assert "" == events.verify({}, b'{"id": 1, "type": 7, "action": 0}').detail["idn"]
    assert "INV-7" == events.verify({}, sent(idn="INV-7")).detail["idn"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"<html>",
        b"\xff\xfe",
        b"[" * 9_000,
        b'{"id": "x"}',
        b'{"id":1e400}',
        b"\x00",
    ],
)
def test_a_body_of_another_shape_is_refused(body: bytes) -> None:
    """It ends in no defect."""
    with pytest.raises(Refused) as refused:
        PrecoroEvents(VirtualClock()).verify({}, body)
    assert "event.shape" == refused.value.problem.code


def test_a_body_above_the_limit_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        PrecoroEvents(VirtualClock()).verify({}, sent() + b" " * BODY_BYTES_MAX)
    assert "event.size" == refused.value.problem.code

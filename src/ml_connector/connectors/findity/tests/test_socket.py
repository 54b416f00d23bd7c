"""Over a real socket: reports, receipts and statuses of a simulator in a process of its own."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from ml_connector.connectors.findity import CONNECTOR
from ml_connector.contract.expense_world import content_of
from ml_connector.contract.memory import VirtualClock, memory_wiring
from ml_connector.domain.expense import ExpenseReport
from ml_connector.domain.expense_checks import check_report
from ml_connector.errors import OutcomeUnknown

SERVE = ["-m", "ml_connector_sandbox", "serve", "--system", "findity"]
COMMAND = [*SERVE, "--port", "0", "--scenario", "expenses"]


@pytest.fixture
def served() -> Iterator[dict[str, Any]]:
    """The simulator."""
    process = subprocess.Popen([sys.executable, *COMMAND], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["systems"]["findity"]
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_every_report_is_read_with_its_receipts_and_told(served: dict[str, Any]) -> None:
    """As the books have them; a status whose answer was torn off is found by reading."""
    control, secrets = served["control_url"], served["credentials"]
    clock = VirtualClock(datetime.now(UTC))
    settings = {"base_url": served["base_url"], "organizations": served["entities"][0]["code"]}
    system = CONNECTOR.open(settings, memory_wiring(clock=clock, secrets=secrets))
    assert all(right.granted for right in system.check())
    source = system.source(ExpenseReport)
    refs = source.changed("", datetime(2020, 1, 1, tzinfo=UTC)).found
    reports = [source.report(ref.reference) for ref in refs]
    assert (6, []) == (len(reports), [problem for each in reports for problem in check_report(each)])

    files = {file for each in reports for file in each.files}
    files |= {file for each in reports for line in each.lines for file in line.files}
    books = httpx2.get(control + "books", trust_env=False).json()
    held = {
        receipt["id"]: receipt["sha256"]
        for report in books["reports"]
        for expense in report["expenses"]
        for receipt in expense["receipts"]
    }
    for file in files:
        digest = hashlib.sha256(content_of(source, file)).hexdigest()
        assert held[file.key.partition("/")[2]] == digest

    rule = {"kind": "lost_after_commit", "match": {"method": "PUT", "path": "/status"}, "times": 1}
    httpx2.post(control + "faults", json=rule, trust_env=False)
    with pytest.raises(OutcomeUnknown):
        source.marks.assign(refs[0].reference, "booked", "Booked as 1")
    assert "booked" == source.marks.assigned(refs[0].reference)
    for ref in refs:
        source.marks.assign(ref.reference, "booked", "Booked as 1")
    books = httpx2.get(control + "books", trust_env=False).json()
    assert 8 == sum(report["status"] == "SENT" for report in books["reports"])

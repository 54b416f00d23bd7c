"""Approved reports of a simulated Findity in the books of a simulated Exact Online, with the commands that a
person types: real processes and sockets, lost answers and kills; what is there is asked of the simulators.
"""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from expense_stage import BOOKS, EXACT, FINDITY, SCENARIO, SPENT, ExpenseStage
from stage import Sandbox
from tests.stand import Installation

pytestmark = pytest.mark.slow

AMOUNTS = count(10)
"""Two expenses of one amount within a week are a question."""
PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def stage() -> Iterator[ExpenseStage]:
    """An installation connected to both, with a flow that books by itself; the five exports that wait from
    the start are booked.
    """
    with Sandbox(SCENARIO) as sandbox, tempfile.TemporaryDirectory(prefix="ml-connector-e2e-") as home:
        made = ExpenseStage(sandbox, Installation(Path(home)))
        made.connect()
        made.flow("automatic")
        book(made)
        yield made


def book(stage: ExpenseStage) -> list[Any]:
    """What is new, as far as it goes by itself; its runs."""
    command = ("run", "expense_reports", "--from", SPENT, "--to", BOOKS)
    done = stage.product.run(*command, "--json", expect=range(9))
    assert "error" not in done, done
    found: list[Any] = done.get("runs", [done] if "run" in done else [])
    return found


def handed_over(stage: ExpenseStage, *expenses: dict[str, Any]) -> Any:
    """A report of one employee that is approved and handed over by itself; the row of Findity's books."""
    typed = [
        {
            "type": "receipt",
            "date": "2026-07-01",
            "text": "Train",
            "category": "Hotel",
            "paid_by": "Own money",
            "amount": f"{next(AMOUNTS)}.10",
            "vat": "2",
            "files": [["ticket.pdf", 2000 + next(AMOUNTS)]],
            **each,
        }
        for each in expenses or ({},)
    ]
    made = stage.at_source("add_report", user="Anouk de Vries", title="Trip", approved=True, expenses=typed)
    stage.at_source("make_export", reports=[made["number"]], grouping="REPORT_PER_EXPENSE")
    return report(stage, made["number"])


def report(stage: ExpenseStage, number: str) -> Any:
    (found,) = (row for row in stage.spent()["reports"] if row["number"] == number)
    return found


def entries(stage: ExpenseStage, number: str) -> list[Any]:
    """Documents of the report in Exact."""
    rows = stage.books()["documents"]
    return [row for row in rows if (row.get("invoice") or {}).get("reference") == number]


def status(stage: ExpenseStage, number: str) -> list[tuple[str, str]]:
    """What Findity was told of each voucher of the report, and the text."""
    key = report(stage, number)["id"]
    return [
        (voucher["status"], voucher["message"])
        for export in stage.spent()["exports"]
        for voucher in export["vouchers"]
        if key in voucher["reports"]
    ]


def test_every_grouping_with_accounts_is_booked_and_told(stage: ExpenseStage) -> None:
    """The five exports that wait from the start, one in each grouping."""
    first = [export for export in stage.spent()["exports"] if export["number"] in map(str, range(101, 106))]

    assert 5 == len({export["grouping"] for export in first})
    assert {"PROCESSED"} == {export["status"] for export in first}
    assert {"BOOKED"} == {voucher["status"] for export in first for voucher in export["vouchers"]}


def test_a_report_is_booked_with_its_receipt_and_told(stage: ExpenseStage) -> None:
    row = handed_over(stage)

    (run,) = book(stage)

    assert "done" == run["state"], run
    (entry,) = entries(stage, row["number"])
    assert row["expenses"][0]["gross"] == entry["invoice"]["amount"]
    files = [one for one in stage.at_ledger("files")["files"] if one["entry"] == entry["id"]]
    assert [row["expenses"][0]["receipts"][0]["sha256"]] == [one["sha256"] for one in files]
    ((said, text),) = status(stage, row["number"])
    assert ("BOOKED", True) == (said, text.startswith("Booked as "))


def test_a_kill_while_it_is_booked_books_it_once(stage: ExpenseStage) -> None:
    """Killed when the entry is in the ledger and nobody was told; carried on by another process."""
    row = handed_over(stage)
    process = stage.product.start("run", "expense_reports", "--from", SPENT, "--to", BOOKS, "--json")
    began = time.monotonic()
    while not entries(stage, row["number"]) and time.monotonic() - began < PATIENCE_SECONDS:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()

    _carried_on(stage)

    assert 1 == len(entries(stage, row["number"]))
    ((said, _),) = status(stage, row["number"])
    assert "BOOKED" == said


@pytest.mark.parametrize(
    "path", ["purchaseentry/PurchaseEntries", "documents/DocumentAttachments", "/status"]
)
def test_an_answer_that_is_lost_books_nothing_twice(stage: ExpenseStage, path: str) -> None:
    row = handed_over(stage)
    at, method = (FINDITY, "PUT") if path == "/status" else (EXACT, "POST")
    fault = {"kind": "lost_after_commit", "times": 1, "match": {"method": method, "path": path}}
    stage.sandbox.control(at, "faults", fault)

    book(stage)
    _carried_on(stage)

    assert 1 == len(entries(stage, row["number"]))
    files = [one for one in stage.at_ledger("files")["files"] if one["document"]]
    digest = row["expenses"][0]["receipts"][0]["sha256"]
    assert 1 == len([one for one in files if one["sha256"] == digest])
    assert ["BOOKED"] == [said for said, _ in status(stage, row["number"])]


def test_a_report_that_is_opened_again_and_changed_corrects_its_entry(stage: ExpenseStage) -> None:
    row = handed_over(stage)
    book(stage)
    number = row["number"]
    stage.at_source("reopen", report=number)
    stage.at_source("edit_expense", report=number, expense=1, set={"amount": "5.20"})
    stage.at_source("submit", report=number)
    stage.at_source("approve", report=number)
    stage.at_source("make_export", reports=[number], grouping="REPORT_PER_EXPENSE")

    (asks,) = book(stage)
    assert "awaiting_approval" == asks["state"], asks
    approve = ("runs", "approve", asks["run"], "--fingerprint", asks["fingerprint"], "--json")
    assert "done" == stage.product.run(*approve, expect=range(9))["state"]

    (entry,) = entries(stage, number)
    assert "5.20" == entry["invoice"]["amount"]
    assert ["BOOKED", "BOOKED"] == [said for said, _ in status(stage, number)]


def test_what_cannot_be_booked_is_told_with_its_reason(stage: ExpenseStage) -> None:
    """An employee who is no supplier in the ledger: left out by a person, and Findity is told why."""
    stage.at_source("edit_user", user="Anouk de Vries", set={"supplier_number": "49999"})
    try:
        row = handed_over(stage)
        (held,) = book(stage)
        assert "held" == held["state"]
        answer = ("runs", "answer", held["run"], "--without", row["number"], "--json")
        stage.product.run(*answer, expect=range(9))
    finally:
        creditor = next(one["supplier_number"] for one in _people() if one["name"] == "Anouk de Vries")
        stage.at_source("edit_user", user="Anouk de Vries", set={"supplier_number": creditor})

    assert [] == entries(stage, row["number"])
    ((said, text),) = status(stage, row["number"])
    assert ("FAILED", True) == (said, "is not a supplier in the ledger" in text)


def _people() -> list[dict[str, str]]:
    from ml_connector_sandbox.systems.findity import register

    return [{"name": name, "supplier_number": code} for name, _, code, _ in register.EMPLOYEES if code]


def _carried_on(stage: ExpenseStage) -> None:
    """Until nothing is under way."""
    process, began = stage.product.start("serve", "--json"), time.monotonic()
    while time.monotonic() - began < PATIENCE_SECONDS:
        runs = stage.product.run("runs", "list", "--json")["runs"]
        if not {run["state"] for run in runs} & {"ready", "running", "waiting"}:
            break
        time.sleep(0.3)
    process.terminate()
    process.communicate(timeout=30)

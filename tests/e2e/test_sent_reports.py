"""Reports that a platform sends to our intake, booked in a simulated Exact Online, and what it reads of them
then: real processes and sockets.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from expense_stage import BOOKS, SCENARIO, SPENT, ExpenseStage
from stage import Sandbox
from tests.e2e.intake_world import PDF, Office

pytestmark = pytest.mark.slow

DIVISION = "3010"


class Desk:
    """An office whose reports are booked in Exact by the commands of a person."""

    def __init__(self, sandbox: Sandbox, home: Path) -> None:
        self.office = Office(home)
        self.stage = ExpenseStage(sandbox, self.office.product)
        self.stage.connect_books()
        self.product = self.office.product
        self.product.run("connections", "add", SPENT, "--connector", "intake", "--sandbox", "--json")
        self.stage.flow(
            "automatic",
            entities=f"*={DIVISION}",
            countries=f"{DIVISION}=NL",
            employees="emp-19=40019",
            vat_codes="high=2,0=0",
            vat_accounts="high=1520",
            accounts="mileage=4340",
        )

    def book(self) -> Any:
        """What is new, as far as it goes by itself."""
        command = ("run", "expense_reports", "--from", SPENT, "--to", BOOKS, "--json")
        done = self.product.run(*command, expect=range(9))
        return done.get("runs", [done] if "run" in done else [])

    def consent(self, run: Any) -> Any:
        approve = ("runs", "approve", run["run"], "--fingerprint", run["fingerprint"], "--json")
        return self.product.run(*approve, expect=range(9))

    def entries(self, number: str) -> list[Any]:
        rows = self.stage.books()["documents"]
        return [row for row in rows if (row.get("invoice") or {}).get("reference") == number]


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with Sandbox(SCENARIO) as sandbox, tempfile.TemporaryDirectory(prefix="ml-connector-e2e-") as home:
        made = Desk(sandbox, Path(home))
        with made.office.open():
            yield made


def report(
    desk: Desk, number: str, amount: str = "121.00", tax: str = "21.00", **more: Any
) -> dict[str, Any]:
    """A report with one receipt of 21 % and its file."""
    net = str(Decimal(amount) - Decimal(tax))
    expense = {
        "externalId": f"{number}-1",
        "type": "RECEIPT",
        "date": "2026-07-01",
        "description": "Hotel",
        "glAccount": "4310",
        "paymentMethod": "OUT_OF_POCKET",
        "grossAmount": amount,
        "taxes": [{"taxCode": "high", "taxRate": "21", "netAmount": net, "taxAmount": tax}],
        "receipts": [{"part": "r1", "fileName": "hotel.pdf"}],
    }
    return desk.office.new(
        **{
            "externalId": number,
            "reportNumber": number,
            "approvedAt": "2026-07-03T09:12:00Z",
            "expenses": [expense],
            "totals": {"gross": amount, "tax": tax, "reimbursable": amount, "companyPaid": "0.00"},
            **more,
        }
    )


def sent(desk: Desk, body: dict[str, Any], key: str) -> Any:
    """Send it with a receipt of its own."""
    answer = desk.office.send(body, key, files={"r1": ("hotel.pdf", PDF + key.encode())})
    assert answer.status_code in (200, 201, 202), answer.text
    return answer.json()


def read(desk: Desk, identity: str) -> Any:
    with desk.office.client() as client:
        return client.get(f"/v1/expense-reports/{identity}").json()


def test_a_report_that_is_sent_is_booked_and_its_sender_reads_so(desk: Desk) -> None:
    """From the POST to the status: once, with its receipt, and again it books nothing."""
    body = report(desk, "S-1")
    made = sent(desk, body, "k-1")
    assert "received" == read(desk, made["id"])["state"]

    (run,) = desk.book()

    assert "done" == run["state"], run
    (entry,) = desk.entries("S-1")
    assert "121.00" == entry["invoice"]["amount"]
    told = read(desk, made["id"])
    assert ("booked", True) == (told["state"], told["message"].startswith("Booked as "))
    files = [one for one in desk.stage.at_ledger("files")["files"] if one["entry"] == entry["id"]]
    assert 1 == len(files)
    sent(desk, body, "k-1")
    assert ([], 1) == (desk.book(), len(desk.entries("S-1")))


def test_a_revision_corrects_and_a_cancellation_takes_back(desk: Desk) -> None:
    first = sent(desk, report(desk, "S-2", "60.50", "10.50"), "k-2")
    desk.book()
    second = sent(desk, report(desk, "S-2", "72.60", "12.60", revision=2), "k-2b")

    (asks,) = desk.book()
    assert "awaiting_approval" == asks["state"], asks
    assert "done" == desk.consent(asks)["state"]
    assert ["72.60"] == [entry["invoice"]["amount"] for entry in desk.entries("S-2")]
    assert "replaced" == read(desk, first["id"])["standing"]

    with desk.office.client() as client:
        answer = client.post(f"/v1/expense-reports/{second['id']}/cancel")
        assert answer.status_code in (200, 202), answer.text
    (asks,) = desk.book()
    assert "done" == desk.consent(asks)["state"]

    assert [] == desk.entries("S-2")
    told = read(desk, second["id"])
    assert ("canceled", True) == (told["standing"], told["message"].startswith("Taken back: "))


def test_a_report_that_cannot_be_booked_is_told_to_its_sender(desk: Desk) -> None:
    employee = {"externalId": "emp-99", "employeeNumber": "1099", "name": "N. Obody"}
    made = sent(desk, report(desk, "S-3", "24.20", "4.20", employee=employee), "k-3")
    (held,) = desk.book()
    assert "held" == held["state"]

    desk.product.run("runs", "answer", held["run"], "--without", "S-3", "--json", expect=range(9))

    told = read(desk, made["id"])
    assert ("failed", True) == (told["state"], "is not a supplier in the ledger" in told["message"])

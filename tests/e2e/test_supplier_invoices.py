"""Approved invoices of a simulated Precoro in the books of a simulated Exact Online, with the commands that a
person types: real processes and sockets, lost answers and kills; what is there is asked of the simulators.
"""

from __future__ import annotations

import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from purchase_stage import BOOKS, BOUGHT, EXACT, PRECORO, SCENARIO, PurchaseStage
from stage import Sandbox
from tests.stand import Installation

pytestmark = pytest.mark.slow

APPROVAL = 4
PRICES = count(100, 100)
"""Two of one amount on one day are a question."""


@pytest.fixture(scope="module")
def stage() -> Iterator[PurchaseStage]:
    """An installation connected to both, with a flow that books by itself."""
    with Sandbox(SCENARIO) as sandbox, tempfile.TemporaryDirectory(prefix="ml-connector-e2e-") as home:
        made = PurchaseStage(sandbox, Installation(Path(home)))
        made.connect()
        made.supply()
        made.flow("automatic", paid="book")
        yield made


def run(stage: PurchaseStage, reference: str, *more: str, code: int = 0) -> Any:
    """One invoice, as far as it goes by itself."""
    flow = ("run", "supplier_invoices", "--from", BOUGHT, "--to", BOOKS, "--invoice", reference)
    done = stage.product.run(*flow, *more, "--json", expect=(code,))
    return done["runs"][0] if "runs" in done else done


def entered(stage: PurchaseStage, number: str, **more: Any) -> Any:
    """An invoice that somebody enters in Precoro, with a file, approved; the row of Precoro's books."""
    typed = {
        "supplier": "S0001",
        "number": number,
        "entity": "Noordkade Handel B.V.",
        "issued": "2026-07-01",
        "due": "2026-07-31",
        "term": "30 days",
        "lines": [
            {
                "text": "Paper",
                "quantity": "1",
                "price": f"{next(PRICES)}.00",
                "tax": "21% High",
                "codes": {"account": "4100"},
            }
        ],
        "codes": {"cost_center": "SALES"},
        **more,
    }
    made = stage.at_source("add_invoice", **typed)
    stage.at_source("attach", id=made["id"], name=f"{number}.pdf", bytes=2000)
    stage.at_source("approve", id=made["id"])
    return held(stage, made["id"])


def held(stage: PurchaseStage, identity: int) -> Any:
    (row,) = (one for one in stage.bought()["invoices"] if one["id"] == identity)
    return row


def reference_of(stage: PurchaseStage, row: Any) -> str:
    """As a look lists it."""
    at = held(stage, row["id"])["approved_at"]
    stamp = at.partition("+")[0].replace("-", "").replace(":", "") if at else ""
    return f"{row['id']}/{row['idn']}/{stamp}"


def documents(stage: PurchaseStage, number: str) -> list[Any]:
    every = stage.books()["documents"]
    return [one for one in every if one.get("invoice", {}).get("reference") == number]


def files(stage: PurchaseStage) -> Counter[str]:
    """How many files each entry has."""
    return Counter(str(one["entry"]) for one in stage.at_ledger("files")["files"])


def test_an_invoice_is_booked_once_with_its_file_and_marked(stage: PurchaseStage) -> None:
    row = entered(stage, "E2E-1")

    shown = run(stage, reference_of(stage, row))

    assert "done" == shown["state"], shown
    (document,) = documents(stage, "E2E-1")
    assert document["id"] == held(stage, row["id"])["external_id"]
    assert 1 == files(stage)[document["id"]]
    again = run(stage, reference_of(stage, row))
    assert ("done", 1) == (again["state"], len(documents(stage, "E2E-1")))
    tied = {line["what"]: line for line in shown["tie_out"]}
    assert ("121.00", "121.00", "0.00") == (
        tied["owed"]["register"],
        tied["owed"]["ledger"],
        tied["owed"]["difference"],
    )


@pytest.mark.parametrize(
    "path", ["purchaseentry/PurchaseEntries", "documents/Documents", "documents/DocumentAttachments"]
)
def test_an_answer_that_is_lost_after_the_write_books_nothing_twice(stage: PurchaseStage, path: str) -> None:
    """The run waits until it is certain, looks, and goes on."""
    number = f"LOST-{path.rpartition('/')[2]}"
    row = entered(stage, number)
    fault = {"kind": "lost_after_commit", "match": {"method": "POST", "path": path}, "times": 1}
    stage.sandbox.control(EXACT, "faults", fault)

    shown = run(stage, reference_of(stage, row))

    assert "done" == shown["state"], shown
    (document,) = documents(stage, number)
    assert 1 == files(stage)[document["id"]]


def test_a_mark_that_fails_is_sent_later(stage: PurchaseStage) -> None:
    row = entered(stage, "MARK-1")
    fault = {"kind": "status", "status": 500, "match": {"method": "PATCH", "path": "/invoices/"}, "times": 1}
    stage.sandbox.control(PRECORO, "faults", fault)

    shown = run(stage, reference_of(stage, row))

    assert "done" == shown["state"], shown
    (document,) = documents(stage, "MARK-1")
    assert document["id"] == held(stage, row["id"])["external_id"]


def test_a_process_that_is_killed_while_it_writes_goes_on(stage: PurchaseStage) -> None:
    """`kill -9` at three moments; in the end one entry and one file."""
    for number, seconds in enumerate((1.0, 1.6, 2.2)):
        row = entered(stage, f"KILL-{number}")
        flow = ("run", "supplier_invoices", "--from", BOUGHT, "--to", BOOKS)
        process = stage.product.start(*flow, "--invoice", reference_of(stage, row), "--json")
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.communicate()

        shown = run(stage, reference_of(stage, row))
        assert "done" == shown["state"], shown
        (document,) = documents(stage, f"KILL-{number}")
        assert 1 == files(stage)[document["id"]]


def test_a_revision_withdraws_and_books_anew_and_a_canceled_one_is_taken_back(stage: PurchaseStage) -> None:
    row = entered(stage, "REV-1")
    run(stage, reference_of(stage, row))
    stage.at_source("revise", id=row["id"])
    lines = [
        {"text": "Paper", "quantity": "1", "price": "80.00", "tax": "21% High", "codes": {"account": "4100"}}
    ]
    stage.at_source("edit_invoice", id=row["id"], set={"lines": lines})
    stage.at_source("confirm_revision", id=row["id"])
    time.sleep(1.1)
    stage.at_source("approve", id=row["id"])

    asked = run(stage, reference_of(stage, row), code=APPROVAL)
    assert "takes_back" in asked
    done = stage.product.run(
        "runs", "approve", asked["run"], "--fingerprint", asked["fingerprint"], "--json", expect=(0,)
    )

    assert "done" == done["state"], done
    (document,) = documents(stage, "REV-1")
    assert document["id"] == held(stage, row["id"])["external_id"]

    stage.at_source("cancel", id=row["id"])
    asked = run(stage, f"{reference_of(stage, row)}-canceled", code=APPROVAL)
    done = stage.product.run(
        "runs", "approve", asked["run"], "--fingerprint", asked["fingerprint"], "--json", expect=(0,)
    )
    assert ("done", []) == (done["state"], documents(stage, "REV-1")), done

"""`make demo SCENARIO=expenses`: what people spent and had approved in Findity is booked in Exact Online with
its receipts, and Findity is told. Answers are lost, the ledger says 503 after it has booked, and processes
are killed while they write.

Every figure comes from the simulators' books through the judge, not from the product.
"""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from expense_stage import BOOKS, EXACT, FINDITY, SCENARIO, SPENT, ExpenseStage
from stage import Product, Sandbox

from ml_connector_sandbox.judges.expenses import judge
from ml_connector_sandbox.scenarios import expenses

Say = Callable[[str], None]
KILLS, PATIENCE_SECONDS = 3, 240
UNDER_WAY = {"ready", "running", "waiting"}
REVISED, EDITED = "1001", 1


def play(home: Path, say: Say) -> Any:
    """The whole story; what the judge says of it."""
    with Sandbox(SCENARIO) as sandbox:
        stage = ExpenseStage(sandbox, Product(home))
        count = len(stage.spent()["reports"])
        say(f"1. Findity with {count} reports of 8 people, Exact with two divisions and nothing booked.")
        stage.connect()
        stage.flow("automatic")
        _break_the_wire(stage)
        say("2. Every export becomes documents in Exact; answers are lost, and the process is killed.")
        _book(stage, say)
        decide(stage, say)
        _again(stage, say)
        return _verdict(stage, say)


def _break_the_wire(stage: ExpenseStage) -> None:
    """Writes whose answer is lost, and writes that are done and answered with 503."""
    for path in ("purchaseentry/PurchaseEntries", "documents/Documents", "documents/DocumentAttachments"):
        match = {"method": "POST", "path": path}
        for fault in (
            {"kind": "lost_after_commit", "match": match, "times": 2},
            {"kind": "status", "status": 503, "after_commit": True, "match": match, "times": 1},
        ):
            stage.sandbox.control(EXACT, "faults", fault)
    match = {"method": "PUT", "path": "/status"}
    stage.sandbox.control(FINDITY, "faults", {"kind": "lost_after_commit", "match": match, "times": 2})


def _book(stage: ExpenseStage, say: Say) -> None:
    """New exports, killed three times while they are booked, and carried on until nothing is under way."""
    command = ("run", "expense_reports", "--from", SPENT, "--to", BOOKS, "--json")
    for number in range(1, KILLS + 1):
        carries_on = command if number == 1 else ("serve", "--json")
        before, process = _documents(stage), stage.product.start(*carries_on)
        began = time.monotonic()
        while process.poll() is None and _documents(stage) < before + 1:
            if time.monotonic() - began > PATIENCE_SECONDS or (number > 1 and not _under_way(stage)):
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        say(f"   Killed (kill -9) with {_documents(stage)} documents in the ledger, {number} of {KILLS}.")
    rest(stage)


def rest(stage: ExpenseStage) -> None:
    """Carry on until every run waits for a person or is done."""
    process, began = stage.product.start("serve", "--json"), time.monotonic()
    while _under_way(stage):
        if time.monotonic() - began > PATIENCE_SECONDS:
            break
        time.sleep(1)
    process.terminate()
    process.communicate()


def decide(stage: ExpenseStage, say: Say) -> None:
    """What waits for people: an expense that is in two reports is two purchases; a correction is approved;
    and what cannot be booked is left out, and Findity is told why.
    """
    for _ in range(4):
        for run in stage.product.run("runs", "list", "--json")["runs"]:
            if run["state"] == "awaiting_approval":
                shown = stage.product.run("runs", "show", run["id"], "--json")
                fingerprint = shown["fingerprint"]
                stage.product.run(
                    "runs", "approve", run["id"], "--fingerprint", fingerprint, "--json", expect=range(9)
                )
            elif run["state"] == "held":
                _answer(stage, run["id"], say)
        rest(stage)
        if not {"held", "awaiting_approval"} & set(states(stage)):
            return


def _answer(stage: ExpenseStage, run: str, say: Say) -> None:
    shown = stage.product.run("runs", "show", run, "--json")
    asked = {one["code"]: one for one in shown["problems"]}
    if same := asked.get("expense.same"):
        number, option = same["where"].removeprefix("report "), "--not-same"
    elif fails := asked.get("expense.fails"):
        number, option = fails["where"].removeprefix("report "), "--without"
        say(f"   Report {number} is left out: {shown['problems'][0]['text']}")
    else:
        say(f"   Run {run} waits: {shown['problems'][0]['text']}")
        return
    stage.product.run("runs", "answer", run, option, number, "--json", expect=range(9))


def _again(stage: ExpenseStage, say: Say) -> None:
    """One report is opened again, changed and approved anew, and the rest of what is ready is handed over."""
    stage.at_source("reopen", report=REVISED)
    stage.at_source("edit_expense", report=REVISED, expense=EDITED, set={"text": "Corrected"})
    stage.at_source("submit", report=REVISED)
    stage.at_source("approve", report=REVISED)
    for name in expenses.ENTITY_OF:
        stage.at_source("make_export", organization=name)
    process = stage.product.start("run", "expense_reports", "--from", SPENT, "--to", BOOKS, "--json")
    process.communicate(timeout=PATIENCE_SECONDS)
    rest(stage)
    decide(stage, say)
    say(f"3. Report {REVISED} was approved anew, and the rest was handed over and booked.")


def _verdict(stage: ExpenseStage, say: Say) -> Any:
    files = stage.at_ledger("files")["files"]
    found = judge(stage.spent(), stage.books(), files, expenses)
    for text in found.differences:
        say(f"   {text}")
    ended = states(stage)
    return {
        **found.as_json(),
        "ok": found.ok and not set(ended) - {"done", "cancelled"},
        "runs": dict(ended),
        "kills": KILLS,
    }


def _documents(stage: ExpenseStage) -> int:
    return len(stage.books()["documents"])


def states(stage: ExpenseStage) -> Counter[str]:
    return Counter(run["state"] for run in stage.product.run("runs", "list", "--json")["runs"])


def _under_way(stage: ExpenseStage) -> bool:
    return bool(set(states(stage)) & UNDER_WAY)

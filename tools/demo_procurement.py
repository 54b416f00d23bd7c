"""`make demo SCENARIO=procurement`: what is bought in Precoro is booked in Exact Online, and what is paid
there is shown in Precoro. Answers are lost, the ledger says 503 after it has booked, and processes are killed
while they write.

Every figure comes from the simulators' books through the judge, not from the product.
"""

from __future__ import annotations

import re
import signal
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from purchase_stage import BOOKS, BOUGHT, EXACT, PRECORO, SCENARIO, PurchaseStage
from stage import Product, Sandbox

from ml_connector_sandbox.judges.procurement import Ledger, judge
from ml_connector_sandbox.scenarios import procurement
from ml_connector_sandbox.systems.precoro import register

Say = Callable[[str], None]
RENT = "R-77"
"""A landlord prints the same number each month."""
ACCEPTS = re.compile(r"--accept ([^ .]+)")
KILLS, PATIENCE_SECONDS = 3, 240


def play(home: Path, say: Say) -> Any:
    """The whole story; what the judge says of it."""
    with Sandbox(SCENARIO) as sandbox:
        stage = PurchaseStage(sandbox, Product(home))
        say("1. Precoro with 33 suppliers and 62 invoices, Exact Online with two divisions and no supplier.")
        stage.connect()
        made = _suppliers(stage, say)
        say(
            "3. Every approved invoice becomes a purchase entry; answers are lost, and the process is killed."
        )
        stage.flow("automatic", paid="book")
        _break_the_wire(stage)
        _book(stage, say)
        held = answer_look_alikes(stage, say)
        paid = _pay(stage, say)
        return _verdict(stage, made, paid, held, say)


def _suppliers(stage: PurchaseStage, say: Say) -> int:
    """The flow makes those of the Dutch company, each once; the few that send invoices to the Belgian one are
    typed in there by its accountant, and linked in Precoro.
    """
    flow = ("--from", BOUGHT, "--to", BOOKS)
    stage.product.run(
        *("flows", "set", *flow, "--kind", "suppliers", "--mode", "automatic"),
        *("--starts-on", "2026-01-01", "--option", f"entity={procurement.DIVISIONS[register.HOLLAND]}"),
        "--json",
    )
    same = ("--same", "S0014=new", "--same", "S0015=new")
    for _ in range(2):
        stage.product.run("run", "suppliers", *flow, *same, "--json", expect=(0, 3))
    count = len(names(stage))
    sends = suppliers_of_belgium(stage)
    say(f"2. {count} suppliers were made in Exact, each once; {sends} in the Belgian division by hand.")
    return count


def suppliers_of_belgium(stage: PurchaseStage) -> int:
    """An accountant types in those that send invoices there, and links them in Precoro; how many."""
    bought = stage.bought()
    belgian = next(row["id"] for row in bought["entities"] if row["name"] == register.BELGIUM)
    sends = {row["supplier"] for row in bought["invoices"] if str(row["entity"]) == str(belgian)}
    for row in bought["suppliers"]:
        if row["id"] in sends:
            made = stage.at_ledger(
                "put_relation",
                code=row["code"].removeprefix("S"),
                division=procurement.DIVISIONS[register.BELGIUM],
                set={"Name": row["name"], "IsSupplier": True},
            )
            stage.mark_supplier(row["id"], made["id"])
    return len(sends)


def _break_the_wire(stage: PurchaseStage) -> None:
    """Writes whose answer is lost, and writes that are done and answered with 503."""
    for path in ("purchaseentry/PurchaseEntries", "documents/Documents", "documents/DocumentAttachments"):
        match = {"method": "POST", "path": path}
        for fault in (
            {"kind": "lost_after_commit", "match": match, "times": 2},
            {"kind": "status", "status": 503, "after_commit": True, "match": match, "times": 2},
        ):
            stage.sandbox.control(EXACT, "faults", fault)
    match = {"method": "PATCH", "path": "/invoices/"}
    stage.sandbox.control(PRECORO, "faults", {"kind": "lost_after_commit", "match": match, "times": 2})


def _book(stage: PurchaseStage, say: Say) -> None:
    """New invoices, killed three times while they are booked, and carried on until nothing is under way."""
    command = ("run", "supplier_invoices", "--from", BOUGHT, "--to", BOOKS, "--json")
    for number in range(1, KILLS + 1):
        carries_on = command if number == 1 else ("serve", "--json")
        before, process = len(entries(stage)), stage.product.start(*carries_on)
        began = time.monotonic()
        while process.poll() is None and len(entries(stage)) < before + 3:
            if time.monotonic() - began > PATIENCE_SECONDS:
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        say(f"   Killed (kill -9) with {len(entries(stage))} entries in the ledger, {number} of {KILLS}.")
    rest(stage)


def rest(stage: PurchaseStage) -> None:
    """Carry on until every run waits for a person or is done."""
    process, began = stage.product.start("serve", "--json"), time.monotonic()
    while set(states(stage)) & {"ready", "running", "waiting"}:
        if time.monotonic() - began > PATIENCE_SECONDS:
            break
        time.sleep(1)
    process.terminate()
    process.communicate()


def answer_look_alikes(stage: PurchaseStage, say: Say) -> dict[str, str]:
    """What waits for people: two taxis without a number are two, another month's rent is another invoice; the
    rest is as it is. The numbers of those that stay, with the reason.
    """
    idns = {row["idn"]: row for row in stage.bought()["invoices"]}
    for run in stage.product.run("runs", "list", "--json")["runs"]:
        if run["state"] != "held":
            continue
        shown = stage.product.run("runs", "show", run["id"], "--json")
        row = idns[shown["reference"].split("/")[1]]
        asks = [one for one in shown["problems"] if one["code"] == "ledger.look_alike"]
        if asks and row["number"] in (None, "", "NA", RENT):
            accepted = [part for one in asks for part in ACCEPTS.findall(one["text"])]
            accepted = [part for name in accepted for part in ("--accept", name)]
            stage.product.run("runs", "resume", run["id"], *accepted, "--json", expect=range(9))
    rest(stage)
    left: dict[str, str] = {}
    for run in stage.product.run("runs", "list", "--json")["runs"]:
        if run["state"] == "held":
            shown = stage.product.run("runs", "show", run["id"], "--json")
            left[shown["reference"].split("/")[1]] = shown["problems"][0]["text"]
    say(
        f"4. {len(left)} invoices wait for people, each with what to do, such as: {next(iter(left.values()))}"
    )
    return left


def _pay(stage: PurchaseStage, say: Say) -> int:
    """In the ledger one is paid whole, one in part, two with one payment; the flow tells Precoro, once."""
    open_ones = [row for row in entries(stage) if row["currency"] == "EUR" and plain(stage, row)][:4]
    first, second, third, fourth = open_ones
    day = "2026-08-01"
    stage.at_ledger("pay", pays=[{"entry": first["id"]}], date=day)
    stage.at_ledger("pay", pays=[{"entry": second["id"], "amount": "10.00"}], date=day)
    stage.at_ledger("pay", pays=[{"entry": third["id"]}, {"entry": fourth["id"]}], date=day)
    entities = {row["name"]: row["id"] for row in stage.bought()["entities"]}
    pairs = ",".join(f"{entities[name]}={code}" for name, code in procurement.DIVISIONS.items())
    flow = ("--from", BOOKS, "--to", BOUGHT)
    stage.product.run(
        *("flows", "set", *flow, "--kind", "payments", "--mode", "automatic", "--starts-on", "2026-01-01"),
        *("--option", f"entities={pairs}", "--json"),
    )
    match = {"method": "POST", "path": "/payments"}
    stage.sandbox.control(PRECORO, "faults", {"kind": "lost_after_commit", "match": match, "times": 1})
    before = len(stage.bought()["payments"])
    for _ in range(2):
        stage.product.run("run", "payments", *flow, "--json", expect=range(9))
    count = len(stage.bought()["payments"]) - before
    say(f"5. Four entries were paid in Exact with three payments; {count} payments stand in Precoro now.")
    return count


def _verdict(stage: PurchaseStage, made: int, paid: int, held: dict[str, str], say: Say) -> Any:
    bought = stage.bought()
    ledger = Ledger(
        books=stage.books(),
        files=stage.at_ledger("files")["files"],
        names=names(stage),
        settled=settled(stage),
    )
    found = judge(bought, ledger, held)
    for text in found.wrong:
        say(f"   {text}")
    calls = {slug: dict(stage.sandbox.control(slug, "books")["calls"]) for slug in (PRECORO, EXACT)}
    return {
        "ok": found.ok and paid == 4,
        "invoices": found.invoices,
        "booked": found.booked,
        "waiting": len(held),
        "attachments": found.files,
        "amount_equal": found.amount_equal,
        "vat_equal": found.vat_equal,
        "marked": found.marked,
        "payments_back": paid,
        "suppliers": made,
        "duplicates": found.duplicates,
        "lost": found.lost,
        "kills": KILLS,
        "calls": {slug: {"read": one["read"], "write": one["write"]} for slug, one in calls.items()},
    }


def entries(stage: PurchaseStage) -> list[Any]:
    return [row for row in stage.books()["documents"] if row.get("invoice")]


def plain(stage: PurchaseStage, entry: Any) -> bool:
    """Whether the entry is an invoice of which nothing was paid before."""
    rows = {row["external_id"]: row for row in stage.bought()["invoices"]}
    row = rows.get(entry["id"])
    return row is not None and Decimal(row["paid"]) == 0 and Decimal(entry["invoice"]["amount"]) > 100


def states(stage: PurchaseStage) -> Counter[str]:
    return Counter(run["state"] for run in stage.product.run("runs", "list", "--json")["runs"])


def names(stage: PurchaseStage) -> dict[tuple[str, str], str]:
    """Names of suppliers by legal entity and code."""
    rows = stage.at_ledger("chart")["entries"]
    return {(row["entity"], row["code"]): row["name"] for row in rows if row["kind"] == "supplier"}


def settled(stage: PurchaseStage) -> dict[str, Decimal]:
    """What is matched of each entry; to pay positive."""
    found: dict[str, Decimal] = {}
    for row in stage.at_ledger("payables")["payables"]:
        if row["match"] and not row["is_payment"]:
            found[row["entry"]] = found.get(row["entry"], Decimal(0)) + Decimal(row["amount"])
    return found

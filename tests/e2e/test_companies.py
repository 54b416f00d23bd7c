"""One pay run with two companies posts one entry per legal entity, whatever the ledger, and never one
entity's without the other's.

Every ledger plays the same walk, with the commands a person types. What is booked is counted by the judge,
who knows each company's books from the register alone.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from scenes import PAYROLL, scene_of
from stage import SOURCE, TARGET, Product
from tests.stand import Stand, installation, simulators, until

pytestmark = pytest.mark.slow

LATE_SECONDS, SETTLE_SECONDS = 0.5, "2"
"""How late the ledger books what nobody waits for, and how long we wait before we look."""
RUNS = 4
POSTING_DATE = "2026-07-10"
"""Open in every ledger here, however old the pay run."""
IN_FLIGHT = {
    "exact_online": "GeneralJournalEntries",
    "dynamics_fo": r"\$batch",
    "visma_net": "/v2/journaltransaction$",
}
"""The write that carries an entry whole: an entry of these small runs needs one."""


@pytest.fixture(scope="module", params=["two_divisions", "two_legal_entities", "two_companies"])
def stand(request: pytest.FixtureRequest) -> Iterator[Stand]:
    """An installation that posts clean proposals by itself, connected to both legal entities of a ledger."""
    scene = scene_of(request.param)
    scene = replace(scene, unlimited={**scene.unlimited, "settle_seconds": SETTLE_SECONDS})
    with simulators(RUNS, scene=scene) as sandbox, installation(sandbox, scene=scene) as stand:
        stand.flow(posting_date=POSTING_DATE)
        yield stand


@pytest.fixture
def run(stand: Stand) -> str:
    """A pay run that nobody has touched, the newest that is left."""
    return stand.runs.pop()


def entities(stand: Stand) -> dict[str, str]:
    """Payroll company → legal entity."""
    return stand.scene.entities(stand.sandbox.systems)


def pay(stand: Stand, run: str, *more: str, code: int = 0) -> Any:
    """Start a pay run with what this ledger is to be given, and carry it as far as it goes."""
    return stand.post(run, *stand.scene.given, *more, code=code)


def new(stand: Stand, before: list[Any]) -> list[Any]:
    """The documents booked since, by legal entity."""
    return sorted((row for row in stand.documents() if row not in before), key=lambda row: str(row["entity"]))


def debit(document: Any) -> Decimal:
    """What the document debits; checked to be what it credits."""
    amounts = [Decimal(line["amount"]) for line in document["lines"]]
    assert 0 == sum(amounts)
    return sum((amount for amount in amounts if amount > 0), Decimal())


def assert_one_each(stand: Stand, before: list[Any], run: str) -> None:
    """The run is booked once, in one document per legal entity, each posted."""
    stand.assert_booked(run)
    made = new(stand, before)
    assert sorted(entities(stand).values()) == [row["entity"] for row in made]
    assert len(before) + len(made) == len(stand.documents())


def test_one_pay_run_posts_one_entry_per_legal_entity(stand: Stand, run: str, tmp_path: Path) -> None:
    """Each is posted, read back and tied out, with the register of its own company beside it."""
    before, pairs = stand.documents(), entities(stand)
    posted = pay(stand, run)

    assert_one_each(stand, before, run)
    made = new(stand, before)
    told = {entry["entity"]: entry for entry in posted["entries"]}
    assert ("done", ["confirmed"] * 2) == (posted["state"], [entry["state"] for entry in posted["entries"]])
    assert sorted(pairs.values()) == sorted(told)
    assert all(f"{row['number']} in {row['entity']}" in posted["summary"] for row in made)

    tied = stand.ask("tie-out", posted["run"])
    rows = {(row["company"], row["what"]): row for row in tied["rows"]}
    by_company = {"gross", "deductions", "employee_taxes", "net", "employer_cost"}
    assert {(company, what) for company in pairs for what in by_company} | {
        ("*", "debit"),
        ("*", "credit"),
    } == set(rows)
    assert (True, {"0.00"}) == (tied["ok"], {row["difference"] for row in rows.values()})
    for company, entity in pairs.items():
        (document,) = [row for row in made if row["entity"] == entity]
        assert (
            debit(document)
            == Decimal(rows[company, "gross"]["register"]) + Decimal(rows[company, "employer_cost"]["run"])
            > 0
        )
    assert sum(debit(row) for row in made) == Decimal(rows["*", "debit"]["ledger"])
    assert_rates_on_record(stand, made, tmp_path / "audit.jsonl")


def assert_rates_on_record(stand: Stand, documents: list[Any], file: Path) -> None:
    """The rate given for the run is on record, with its source, for books in its currency and for no
    others.
    """
    systems = stand.sandbox.systems
    foreign = [
        row["code"]
        for row in systems[stand.scene.ledger]["entities"]
        if row["currency"] != systems[PAYROLL]["entities"][0]["currency"]
    ]
    stand.command("audit", "export", str(file))
    chain = file.read_text()

    assert [row["entity"] in foreign for row in documents] == [
        f"rate {row['entity']} {row['number']}" in chain for row in documents
    ]
    assert ("VERFT" in foreign) is ("1 NOK = 0.0859 EUR, Norges Bank 2026-06-26" in chain)


def test_killed_with_the_second_entry_in_flight(stand: Stand, run: str) -> None:
    """kill -9 while the second entity's entry is on its way: the first stands, the second is looked for and
    not sent again.
    """
    before, ledger = stand.documents(), stand.scene.ledger
    late = {"kind": "late_commit", "seconds": LATE_SECONDS, "answer": "hold", "times": 1, "skip": 1}
    stand.sandbox.control(ledger, "faults", {**late, "match": {"method": "POST", "path": IN_FLIGHT[ledger]}})
    product = Product(stand.product.home, stand.product.environment)
    process = product.start(
        "run", "payroll", "--from", SOURCE, "--to", TARGET, "--pay-run", run, *stand.scene.given, "--json"
    )
    until(
        lambda: stand.sandbox.control(ledger, "faults")["fired"] or process.poll() is not None,
        "the second entry was sent",
    )
    process.send_signal(signal.SIGKILL)
    said = process.communicate()
    assert -signal.SIGKILL == process.returncode, said
    first, second = sorted(entities(stand).values())
    assert [first] == [row["entity"] for row in new(stand, before) if row["lines"]]

    (started,) = [row["id"] for row in stand.ask("runs", "list")["runs"] if row["state"] == "running"]
    finished = stand.ask("runs", "follow", started)

    assert ("done", run) == (finished["state"], finished["pay_run"])
    assert {first: "confirmed", second: "confirmed"} == {
        entry["entity"]: entry["state"] for entry in finished["entries"]
    }
    assert_one_each(stand, before, run)


def test_a_period_closed_in_one_entity_stops_both(stand: Stand, run: str) -> None:
    """The entries of a run have one posting date: nothing is booked until the other's books are open too."""
    second = entities(stand).popitem()[1]
    before, period = stand.documents(), POSTING_DATE[:7]
    stand.at_ledger("close_period", entity=second, period=period)

    held = pay(stand, run, code=3)
    stand.assert_booked()
    assert before == stand.documents()
    (problem,) = held["problems"]
    assert ("period.closed", "posting_date", "controller") == (
        problem["code"],
        problem["where"],
        problem["owner"],
    )
    assert problem["text"].startswith(f"{second}: ")
    assert problem["text"].endswith(
        " is closed for this journal. Reopen it, or choose a posting date from 2026-08-01."
    )

    stand.at_ledger("open_period", entity=second, period=period)
    stand.ask("runs", "resume", held["run"])
    assert_one_each(stand, before, run)


@pytest.mark.parametrize("stand", ["two_divisions"], indirect=True)
def test_a_company_without_a_legal_entity_stops_the_run(stand: Stand, run: str) -> None:
    """A new company in payroll is not left out in silence: the run is held until the flow says where it
    belongs.
    """
    before, pairs = stand.documents(), entities(stand)
    (known, entity), (unknown, _) = pairs.items()
    stand.flow(posting_date=POSTING_DATE, entities=f"{known}={entity}")

    held = pay(stand, run, code=3)
    stand.flow(posting_date=POSTING_DATE)
    stand.assert_booked()

    assert before == stand.documents()
    assert [("entity.unmapped", f"company {unknown}")] == [
        (problem["code"], problem["where"]) for problem in held["problems"]
    ]
    stand.ask("runs", "resume", held["run"])
    assert_one_each(stand, before, run)

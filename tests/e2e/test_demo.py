"""What the demo prints last comes from the books, not from the product: its figures are known, and touching a
booked document makes it false.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from scenes import PAYROLL
from tests.stand import TOOLS, Stand, installation, simulators

pytestmark = pytest.mark.slow

FIELDS = [
    "ok",
    "pay_run",
    "source_rows",
    "entries",
    "lines",
    "debit",
    "credit",
    "read_back_equal",
    "duplicates",
    "lost",
    "vendor_calls",
]
MADE = {
    "trading_company": (
        "exact_online",
        1,
        {"source_rows": 1516, "lines": 102, "debit": "672624.88", "credit": "672624.88"},
    ),
    "manufacturer": (
        "dynamics_fo",
        3,
        {"source_rows": 3905, "lines": 119, "debit": "1569419.07", "credit": "1569419.07"},
    ),
    "norway": (
        "visma_net",
        3,
        {"source_rows": 2091, "lines": 111, "debit": "8458912.51", "credit": "8458912.51"},
    ),
}
"""What the simulators' payroll comes to, and the ledger's writes: one; a journal and two changesets; a batch,
its hold, its release.
"""
ONCE = {"entries": 1, "duplicates": 0, "lost": 0}


@pytest.mark.parametrize("scenario", MADE)
def test_the_demo_books_the_made_register_once(scenario: str) -> None:
    """A company's pay run, killed in the middle: the last line says so, and a person reads the rest."""
    ledger, writes, figures = MADE[scenario]
    ended = subprocess.run(
        [sys.executable, str(TOOLS / "demo.py"), "--scenario", scenario],
        capture_output=True,
        text=True,
        check=False,
    )
    *text, line = ended.stdout.splitlines()
    last = json.loads(line)

    assert (0, "") == (ended.returncode, ended.stderr)
    assert FIELDS == list(last)
    assert (True, True, {**figures, **ONCE}) == (
        last["ok"],
        last["read_back_equal"],
        {name: last[name] for name in {**figures, **ONCE}},
    )
    assert writes == last["vendor_calls"][ledger]["write"]
    assert 0 == last["vendor_calls"][PAYROLL]["write"]
    for words in (
        "kill -9",
        "The journal by account, as the ledger holds it",
        "Reconciliation",
        "Where to look next",
    ):
        assert any(words in shown for shown in text)
    assert not any("\x1b" in shown for shown in text)


COUNTED = [
    *("ok", "workers", "members", "missing", "duplicate", "extra", "headcount", "changes", "calls"),
    *("calls_floor", "webhooks"),
]
KEPT = {
    "exact_online": ["employees"],
    "dynamics_fo": ["assignments"],
    "visma_net": ["employees", "departments"],
}
COUNTED_BESIDE = [
    *("ok", "there", "missing", "duplicate", "extra", "wrong", "changes", "calls", "calls_floor")
]


def test_the_demo_of_people_leaves_every_worker_one_member() -> None:
    """A short month at the three ledgers, with two applies killed at each, and one of what else is kept; the
    last line is the judge's.
    """
    ended = subprocess.run(
        [sys.executable, str(TOOLS / "demo.py"), "--scenario", "people", "--workers", "60"],
        capture_output=True,
        text=True,
        check=False,
    )
    *text, line = ended.stdout.splitlines()
    last = json.loads(line)

    assert (0, "", True) == (ended.returncode, ended.stderr, last["ok"])
    assert ["exact_online", "dynamics_fo", "visma_net"] == list(last["ledgers"])
    for ledger, found in last["ledgers"].items():
        assert [*COUNTED, *KEPT[ledger]] == list(found)
        assert (True, "equal") == (found["ok"], found["headcount"])
        assert (0, 0, 0) == (found["missing"], found["duplicate"], found["extra"])
        assert found["members"] >= found["workers"] > 60
        assert found["changes"] > found["workers"]
        assert found["calls"] >= found["calls_floor"]
        kills = 2 + len(KEPT[ledger])
        assert kills == sum("kill -9" in shown and ledger in shown for shown in text)
        for name in KEPT[ledger]:
            beside = found[name]
            assert COUNTED_BESIDE == list(beside)
            assert (True, 0, 0) == (beside["ok"], beside["missing"], beside["duplicate"])
            assert (0, 0) == (beside["extra"], beside["wrong"])
            assert beside["there"] >= (found["workers"] if name != "departments" else 20)
            assert beside["changes"] >= 6
            assert beside["calls"] >= beside["calls_floor"] > 0
        assert any(f"{ledger}: ukg_pro published" in shown and "lost," in shown for shown in text)


def test_a_scenario_that_nobody_can_play_is_named() -> None:
    """An error is one line of JSON too."""
    ended = subprocess.run(
        [sys.executable, str(TOOLS / "demo.py"), "--scenario", "opera"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert 1 == ended.returncode
    assert "manufacturer, trading_company, norway" in json.loads(ended.stdout.splitlines()[-1])["error"]


@pytest.fixture(scope="module")
def booked() -> Iterator[Stand]:
    """One pay run, posted."""
    with simulators(1) as sandbox, installation(sandbox) as stand:
        run = stand.runs.pop()
        stand.post(run)
        stand.assert_booked(run)
        yield stand


@pytest.mark.parametrize(
    ("change", "count"),
    [({"amount": "0.01"}, "lost"), ({"account": "4100"}, "lost"), ({"cost_center": "OLD1"}, "lost")],
    ids=["another amount", "another account", "another cost center"],
)
def test_an_edited_document_is_not_ok(booked: Stand, change: dict[str, str], count: str) -> None:
    """One line of the booked entry is changed in the ledger, and put back."""
    document = booked.documents()[-1]
    line = document["lines"][-1]
    before = {
        "amount": line["amount"],
        "account": line["account"],
        "cost_center": line["dimensions"]["cost_center"],
    }
    place = {"id": document["id"], "line": len(document["lines"])}

    booked.at_ledger("edit", **place, **change)
    verdict = booked.verdict()

    assert (False, 1) == (verdict.ok, getattr(verdict, count))
    assert verdict.differences
    booked.at_ledger("edit", **place, **{name: before[name] for name in change})
    booked.assert_booked()


def test_a_doubled_document_is_a_duplicate(booked: Stand) -> None:
    """The same entry twice, however it came about."""
    second = booked.at_ledger("double", id=booked.documents()[-1]["id"])
    verdict = booked.verdict()

    assert (False, 1, 0) == (verdict.ok, verdict.duplicates, verdict.lost)
    booked.at_ledger("delete", **{name: value for name, value in second.items() if name in ("id", "number")})
    booked.assert_booked()


def test_a_deleted_document_is_lost(booked: Stand) -> None:
    """What was posted and is gone is lost, whatever the product remembers."""
    booked.at_ledger("delete", id=booked.documents()[-1]["id"])
    verdict = booked.verdict()

    assert (False, 0, 1) == (verdict.ok, verdict.duplicates, verdict.lost)


def test_the_verdict_owes_nothing_to_the_product(booked: Stand) -> None:
    """The product still says that the run is done; the judge reads the books."""
    states: list[Any] = [row["state"] for row in booked.ask("runs", "list")["runs"]]

    assert (["done"], False) == (states, booked.verdict().ok)

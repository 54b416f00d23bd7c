"""The manufacturer: its payroll, its ledger in Dynamics 365, and the judge who knows what belongs where."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from tests.sandbox.dynamics_fo_world import DynamicsWorld, statuses

from ml_connector_sandbox.core.registry import open_system, systems_of
from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.judges.books import Cells
from ml_connector_sandbox.judges.pay_runs import expected
from ml_connector_sandbox.judges.payroll import judge
from ml_connector_sandbox.scenarios import manufacturer


@pytest.fixture
def payroll() -> Json:
    return open_system("ukg_pro", scenario="manufacturer", profile="fast").vendor.books()


def _post(world: DynamicsWorld, cells: Cells) -> str:
    """One journal with a line per cell, largest debit first, in changesets of a hundred."""
    journal = world.journal(manufacturer.PAYROLL_JOURNAL)
    ordered = sorted(cells.items(), key=lambda cell: -cell[1])
    lines = [
        world.line(journal, f"{account}--{center}", f"{cents / 100:.2f}")
        for (_, account, center), cents in ordered
    ]
    for start in range(0, len(lines), 100):
        answer = world.batch([("POST", "LedgerJournalLines", line) for line in lines[start : start + 100]])
        assert set(statuses(answer)) == {201}
    return journal


def test_six_hundred_workers_in_two_plants_and_a_head_office():
    """Each department has someone in it, and Legal exactly one."""
    workers = manufacturer.made_workers(1)
    departments = [worker.department_code for worker in workers]

    assert len(workers) == 600
    assert {worker.division for worker in workers} == {"Akron plant", "Dayton plant", "Head office"}
    assert set(departments) == {row[0] for row in manufacturer.DEPARTMENTS}
    assert departments.count("HOLEG") == 1
    assert workers == manufacturer.made_workers(1) != manufacturer.made_workers(2)


def test_every_payroll_line_has_a_place_in_the_ledger():
    """Company, account and cost center exist and are open; the numbers of payroll and ledger differ."""
    held = manufacturer.ledger_dynamics_fo(None, 1)
    accounts = {row["code"]: row for row in held["accounts"]}
    centers = next(row for row in held["dimensions"] if row["axis"] == "cost_center")["values"]
    usable = {row["code"] for row in centers if not row.get("suspended") and not row.get("blocked")}

    for account in manufacturer.ACCOUNT_OF:
        for worker in manufacturer.made_workers(1):
            entity, code, center = manufacturer.booking("LPW01", account, worker.department_code)
            assert entity == "usmf"
            assert center in usable
            assert not {"suspended", "blocked"} & set(accounts[code])
    assert not set(manufacturer.ACCOUNT_OF) & set(accounts)
    assert len(accounts) == len(held["accounts"])


def test_each_scenario_starts_only_the_systems_it_describes():
    """The trading company has no books in Dynamics 365, the manufacturer none in Exact Online."""
    assert {"dynamics_fo", "ukg_pro"} <= set(systems_of("manufacturer"))
    assert "exact_online" not in systems_of("manufacturer")
    assert "dynamics_fo" not in systems_of("trading_company")
    with pytest.raises(KeyError, match="scenario trading_company has no data for dynamics_fo"):
        open_system("dynamics_fo", scenario="trading_company")


def test_the_payroll_knows_the_plant_of_a_worker():
    """Org level 2, beside the department in org level 1."""
    book = open_system("ukg_pro", scenario="manufacturer", profile="fast").vendor._tenant.book  # type: ignore[attr-defined]
    assert set(book.divisions) == set(manufacturer.PLANTS)


def test_a_run_that_was_posted_once_is_accepted(payroll: Json):
    """After the job ran, not before."""
    world = DynamicsWorld()
    run = expected(payroll)[0]
    journal = _post(world, run.cells)
    draft = judge(payroll, world.vendor.books(), slugs=("ukg_pro", "dynamics_fo"))
    assert (draft.ok, draft.read_back_equal, draft.differences) == (
        False,
        True,
        (f"document {journal} is a draft, not posted",),
    )

    assert world.control("run_posting_job")["posted"] == [journal]

    verdict = judge(payroll, world.vendor.books(), slugs=("ukg_pro", "dynamics_fo"))
    assert (verdict.ok, verdict.entries, verdict.duplicates, verdict.lost) == (True, 1, 0, 0)
    assert verdict.debit == verdict.credit > 0
    assert verdict.vendor_calls["dynamics_fo"]["by_endpoint"]["POST $batch"] == 2


def test_no_part_of_a_sorted_run_is_posted(payroll: Json):
    """Largest debit first: between any two changesets the job finds nothing that balances."""
    world = DynamicsWorld()
    journal = world.journal("PAYROLL")
    for (_, account, center), cents in sorted(expected(payroll)[0].cells.items(), key=lambda cell: -cell[1])[
        :-1
    ]:
        world.add(journal, f"{account}--{center}", f"{cents / 100:.2f}").raise_for_status()
        assert world.control("run_posting_job")["posted"] == []


def test_a_doubled_and_a_deleted_journal_are_seen(payroll: Json):
    """Whatever a person does at the screen."""
    world = DynamicsWorld()
    _post(world, expected(payroll)[0].cells)
    world.control("run_posting_job")

    again = world.control("double")["id"]
    assert judge(payroll, world.vendor.books()).duplicates == 1
    world.control("delete", id=again)
    assert judge(payroll, world.vendor.books()).ok
    world.control("edit", line=1, dimensions={"cost_center": "HOLEG"})
    assert not judge(payroll, world.vendor.books()).read_back_equal
    world.control("delete")
    assert judge(payroll, world.vendor.books()).lost == 1


def test_a_journal_left_empty_is_reported(payroll: Json):
    """A header somebody abandoned belongs to no pay run."""
    world = DynamicsWorld()
    _post(world, expected(payroll)[0].cells)
    world.control("run_posting_job")
    world.journal()
    assert not judge(payroll, world.vendor.books()).ok


def test_the_bench_run_has_a_thousand_lines_and_their_cost_centers():
    """One changeset per hundred lines; the job posts the whole."""
    payroll = open_system("ukg_pro", scenario="bench_dynamics_fo", profile="fast").vendor.books()
    world = DynamicsWorld(scenario="bench_dynamics_fo")
    runs = expected(payroll)
    _post(world, runs[0].cells)
    world.control("run_posting_job")

    verdict = judge(payroll, world.vendor.books(), runs, slugs=("ukg_pro", "dynamics_fo"))
    assert (verdict.ok, verdict.lines, verdict.source_rows) == (True, 1_000, 50_000)


def test_all_systems_of_the_manufacturer_are_served():
    """One process, one line, both systems with what is needed to sign in."""
    command = [
        sys.executable,
        "-m",
        "ml_connector_sandbox",
        "serve",
        "--system",
        "all",
        "--scenario",
        "manufacturer",
        "--with-parent",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        systems = json.loads(process.stdout.readline())["systems"]
    finally:
        process.kill()
        process.communicate()

    assert {"dynamics_fo", "ukg_pro"} <= set(systems)
    assert "exact_online" not in systems
    keys = systems["dynamics_fo"]["credentials"]
    assert keys["environment_url"] == systems["dynamics_fo"]["base_url"]
    assert keys["token_url"].endswith(f"/{keys['tenant_id']}/oauth2/v2.0/token")

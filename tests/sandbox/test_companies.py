"""A pay run of several companies: whatever speaks of a worker's pay says the worker's own company, and each
company balances by itself.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from tests.sandbox.ukg_pro_world import UkgWorld

from ml_connector_sandbox.judges.line_dimensions import wrong_dimensions
from ml_connector_sandbox.judges.pay_runs import expected
from ml_connector_sandbox.judges.payroll import judge
from ml_connector_sandbox.scenarios import two_companies, two_divisions, two_legal_entities
from ml_connector_sandbox.systems.ukg_pro.register import load_register

GL = "/payroll/v2/general-ledger"
BOSTON, HOUSTON = ("HTC01", "6Y4NV"), ("HTH01", "5R8HW")
SCENARIOS = (two_divisions, two_legal_entities, two_companies)


def world(**switches: object) -> UkgWorld:
    """The trading company in two companies, forty workers strong."""
    return UkgWorld(scenario="two_divisions", **{"workers": 40, **switches})


def own(department: str) -> tuple[str, str]:
    """Code and id of a department's company, told here again."""
    return HOUSTON if department[:3] == "HOU" else BOSTON


def balances(rows: list[Any]) -> dict[str, Decimal]:
    """Debit less credit by company."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row["companyCode"]] += row["debitAmt"] - row["creditAmt"]
    return dict(sums)


# --- rows ---------------------------------------------------------------------------------------------------


def test_general_ledger_rows_say_the_company_of_their_department() -> None:
    """Code and id, in one run and in shared blocks; and each company's debit is its credit."""
    rows = world(block_rows=50).rows(GL)

    assert [own(row["orgLevel1"]) for row in rows] == [(row["companyCode"], row["coId"]) for row in rows]
    assert {"HTC01": 0, "HTH01": 0} == balances(rows)
    assert 1 == len({row["runId"] for row in rows})
    assert any(
        2 == len({row["companyCode"] for row in rows if row["blockId"] == block})
        for block in {row["blockId"] for row in rows}
    )


def test_two_companies_are_paid_what_one_was() -> None:
    """The split moves no cent and no row: 1,516 rows and 672,624.88, as of the company before it."""
    whole, split = (
        UkgWorld(scenario=name).rows(GL + "?per_Page=10000") for name in ("trading_company", "two_divisions")
    )
    amounts = [
        [
            (row["systemId"], row["baseSegment"], row["orgLevel1"], row["debitAmt"], row["creditAmt"])
            for row in rows
        ]
        for rows in (whole, split)
    ]

    assert amounts[0] == amounts[1]
    assert (1516, Decimal("672624.88")) == (len(split), sum(row["debitAmt"] for row in split))
    assert {"HTC01"} == {row["companyCode"] for row in whole}


@pytest.mark.parametrize("negative_as", ["same_side", "other_side"])
def test_every_kind_of_run_balances_in_each_company(negative_as: str) -> None:
    """Off cycle, void, repeated with a change, undone."""
    tenant = world(off_cycle=True, void=True, negative_as=negative_as)
    tenant.vendor.control("rerun", {"run_id": "20240", "changes": {"W00001": "100.00", "W00002": "-3.01"}})
    tenant.vendor.control("undo_run", {"run_id": "20243"})

    by_run = defaultdict(list)
    for row in tenant.rows(GL):
        by_run[row["runId"]].append(row)

    assert ["20240", "20241", "20242", "20243"] == sorted(by_run)
    assert all(not any(balances(rows).values()) for rows in by_run.values())
    (voiding,) = [row for row in tenant.rows("/payroll/v1/pay-register") if row["isVoidingRecord"]]
    assert {voiding["companyId"]} == {row["coId"] for row in by_run["20242"]}


def test_checks_earnings_and_deductions_say_the_worker_s_company_and_are_filtered_by_it() -> None:
    """Together they are the company's gross, as its general-ledger rows say it."""
    tenant = world()
    checks = tenant.rows("/payroll/v1/pay-register")
    company = {row["checkId"]: row["companyId"] for row in checks}

    assert [own(row["organizationLevel1"])[1] for row in checks] == [row["companyId"] for row in checks]
    for path, key in (
        ("earnings-history-base-elements", "genNumber"),
        ("payroll-deductions-history", "checkId"),
    ):
        rows = tenant.rows(f"/payroll/v1/{path}")
        assert [company[row[key]] for row in rows] == [row["companyId"] for row in rows]
    ledger = tenant.rows(GL)
    for code, company_id in (BOSTON, HOUSTON):
        chosen = tenant.rows(f"/payroll/v1/pay-register?companyId={company_id}")
        gross = sum(
            row["debitAmt"]
            for row in ledger
            if row["companyCode"] == code and row["baseSegment"] in ("5100", "5110")
        )
        assert {company_id} == {row["companyId"] for row in chosen}
        assert gross == sum(row["totalEarningsAmount"] for row in chosen)


def test_pay_statements_are_those_of_the_company_asked_for() -> None:
    """Under its own name."""
    tenant = world()
    days = {"startDate": "2026-07-01", "endDate": "2026-07-31", "page": 1, "per_Page": 100}
    found = {
        company_id: (
            tenant.call(
                "POST", "/payroll/v1/companies/pay-statements-summary", body={"companyId": company_id, **days}
            ).json()
        )
        for _, company_id in (BOSTON, HOUSTON)
    }

    assert 40 == sum(len(rows) for rows in found.values())
    assert [{"Harbor Trading Company"}, {"Harbor Trading Houston"}] == [
        {row["companyname"] for row in rows} for rows in found.values()
    ]


def test_people_work_in_the_company_of_their_department() -> None:
    """In employment, job history and the list of companies; another company's department is no department of
    theirs.
    """
    tenant = world()
    people = tenant.rows("/personnel/v1/employment-details")
    history = tenant.rows("/personnel/v1/employee-job-history-details")
    companies = tenant.rows("/configuration/v1/company-details")

    assert [own(row["orgLevel1Code"]) for row in people] == [
        (row["companyCode"], row["companyID"]) for row in people
    ]
    assert all(row["companyId"] == row["homeCompanyId"] for row in history)
    assert [("HTC01", "Y"), ("HTH01", "N")] == [
        (row["companyCode"], row["isMasterCompany"]) for row in companies
    ]
    away = next(row["employeeNumber"] for row in people if row["companyCode"] == "HTH01")
    with pytest.raises(KeyError, match="department BOSFIN in company HTH01"):
        tenant.vendor.control("change_employee", {"employee": away, "department": "BOSFIN"})


def test_third_party_pay_and_its_account_lines_say_the_company() -> None:
    """By id of a record, by code and first segment of a line."""
    records = world().rows("/services/payroll/v1/third-party-pay")
    lines = world(third_party_gl=True).rows("/services/payroll/v1/third-party-pay")

    assert [own(row["OrgLevel1"])[1] for row in records] == [row["CompanyIdentifierValue"] for row in records]
    told = [row for row in lines if "AccountSegment1" in row]
    assert [own(row["CostCenter"])[0] for row in told] == [row["AccountSegment1"] for row in told]
    assert {"HTC01", "HTH01"} == {row["CompanyIdentifierValue"] for row in told}


def test_flat_files_say_the_company_in_every_layout() -> None:
    """In the column, in both places between the pipes, and in the first five characters; and so does an
    account of three segments.
    """
    tenant = world()
    texts = {
        layout: tenant.vendor.control("gl_file", {"layout": layout})["text"].splitlines()
        for layout in ("L1", "L2", "L3")
    }
    piped = [line.split("|") for line in texts["L2"][:-1]]
    row = world(account_form="company-base-org").rows(GL)[0]

    assert all(
        own(line["OrgLevel1"])[0] == line["CompanyCode"]
        for line in csv.DictReader(io.StringIO("\n".join(texts["L1"])))
    )
    assert all(own(part[3])[0] == part[1] == part[2].split("-")[0] for part in piped)
    assert all(own(line[30:40])[0] == line[:5] for line in texts["L3"])
    assert row["generalLedgerAccount"].startswith(f"{own(row['orgLevel1'])[0]}-")


def test_what_a_scenario_may_not_say() -> None:
    """The synthetic run has one company, and a department none that is unknown."""
    with pytest.raises(ValueError, match="of one company; the scenario has 2"):
        world(bench_rows=100, bench_groups=20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(two_divisions, "company_of", lambda department: "HTX99")
        with pytest.raises(ValueError, match="HTX99 is none of the companies HTC01, HTH01"):
            world()


# --- the judge ----------------------------------------------------------------------------------------------


def documents(tenant: UkgWorld, entity_of: Callable[[str], str]) -> list[dict[str, Any]]:
    """The newest run booked in summary, one document for each entity that `entity_of` makes of a payroll
    company.
    """
    sums: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for row in tenant.rows(GL):
        _, account, center = two_divisions.booking(row["companyCode"], row["baseSegment"], row["orgLevel1"])
        sums[entity_of(row["companyCode"]), account, str(center)] += row["debitAmt"] - row["creditAmt"]
    made = []
    for number, entity in enumerate(sorted({entity for entity, _, _ in sums}), start=1):
        lines = [
            {"account": account, "amount": str(amount), "dimensions": {"cost_center": center}}
            for (held, account, center), amount in sums.items()
            if held == entity
        ]
        made.append(
            {
                "id": f"id-{number}",
                "number": str(number),
                "entity": entity,
                "journal": "95",
                "date": "2026-06-26",
                "lines": lines,
            }
        )
    return made


def test_judge_expects_each_company_in_its_own_books() -> None:
    """One document per entity is well; what is missing, twice, or in the other's books is named with its
    entity.
    """
    tenant = world()
    books = tenant.vendor.books()
    first, second = documents(tenant, two_divisions.ENTITY_OF.__getitem__)

    def found(*booked: dict[str, Any]) -> tuple[bool, int, int, int]:
        verdict = judge(books, {"documents": list(booked), "calls": {}})
        return verdict.ok, verdict.entries, verdict.duplicates, verdict.lost

    assert ("1204", "1205") == (first["entity"], second["entity"])
    assert "HTC01, HTH01" == books["runs"][0]["company"]
    assert (True, 2, 0, 0) == found(first, second)
    assert (False, 1, 0, 1) == found(first)
    assert (False, 3, 1, 0) == found(first, second, {**second, "id": "again"})
    assert (False, 2, 0, 1) == found({**first, "entity": "1205"}, {**second, "entity": "1204"})
    assert (False, 1, 0, 1) == found(*documents(tenant, lambda company: "1204"))
    (text,) = judge(books, {"documents": [first], "calls": {}}).differences
    assert text.startswith("run 20240 is not fully booked in 1205: ")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_expected_cells_balance_in_every_entity(scenario: Any) -> None:
    """Two entities, each with cells that sum to nothing, of the departments of its company only."""
    books = UkgWorld(scenario=scenario.__name__.rpartition(".")[2]).vendor.books()
    (run,) = expected(books)
    sums: dict[str, int] = defaultdict(int)
    for (entity, _, department), cents in run.cells.items():
        sums[entity] += cents
        assert entity == scenario.ENTITY_OF[scenario.company_of(department)]

    assert dict.fromkeys(scenario.ENTITY_OF.values(), 0) == dict(sums)
    assert run.rows == books["runs"][0]["rows"]
    assert () == wrong_dimensions(books, {"documents": []})


# --- what the ledgers hold ----------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_department_has_a_company_and_a_place_in_its_books(scenario: Any) -> None:
    """Both companies pay somebody, and the ledger has an entity for each."""
    make = next(
        getattr(scenario, name)
        for name in ("ledger_dynamics_fo", "ledger_visma_net", "ledger_exact_online")
        if hasattr(scenario, name)
    )
    held = make(None, 1)
    departments = {
        worker.department_code
        for worker in load_register(None, 1, 0, getattr(scenario, "made_workers", None))
    }
    paid = {scenario.company_of(department) for department in departments}

    assert paid == set(scenario.ENTITY_OF) == {code for code, _, _ in scenario.COMPANIES}
    assert set(scenario.ENTITY_OF.values()) <= {
        row["code"] for row in held.get("divisions") or held["companies"]
    }


def test_each_division_has_the_cost_centers_of_its_own_departments() -> None:
    """Beside those that are no longer in use: what goes to the wrong division is refused there."""
    by_division = two_divisions.ledger_exact_online(None, 1)["by_division"]
    active = {
        code: {row["code"][:3] for row in part["cost_centers"] if row["active"]}
        for code, part in by_division.items()
    }

    assert {"1204": {"BOS"}, "1205": {"HOU"}} == active

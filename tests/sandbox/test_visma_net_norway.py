"""The Norwegian scenario: its payroll and its ledger belong together, and the judge can tell."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ml_connector_sandbox.core.clock import SandboxClock
from ml_connector_sandbox.core.registry import open_system, systems_of
from ml_connector_sandbox.core.transport import SandboxTransport
from ml_connector_sandbox.judges.books import Payroll
from ml_connector_sandbox.judges.line_dimensions import wrong_dimensions
from ml_connector_sandbox.judges.pay_runs import expected
from ml_connector_sandbox.judges.payroll import judge
from ml_connector_sandbox.scenarios import norway
from ml_connector_sandbox.systems.ukg_pro.register import made_register, write_register

JOURNALS = "/v2/journaltransaction"


class Ledger:
    """The ledger of the scenario and a client signed in to it, and what the payroll says must be booked."""

    def __init__(self) -> None:
        clock = SandboxClock(frozen=True)
        self.clock = clock
        self.host = open_system("visma_net", scenario="norway", clock=clock, profile="fast")
        self.payroll = open_system("ukg_pro", scenario="norway", clock=clock).vendor.books()
        self.client = httpx2.Client(transport=SandboxTransport(self.host), base_url="http://visma")
        facts = self.host.vendor.describe("http://visma")["credentials"]
        form = {name: facts[name] for name in ("client_id", "client_secret", "tenant_id", "scope")}
        token = self.client.post("/connect/token", data={"grant_type": "client_credentials", **form}).json()[
            "access_token"
        ]
        self.client.headers["Authorization"] = f"Bearer {token}"

    def batch(self) -> str:
        """The run as a batch, in the ledger's words, as exact JSON."""
        back = {gl: payroll for payroll, gl in norway.ACCOUNT_OF.items()}
        lines = [
            self._line(back[account], account, center, cents)
            for (_, account, center), cents in expected(self.payroll)[0].cells.items()
        ]
        header = {
            "hold": False,
            "transactionDate": "2026-06-26",
            "financialPeriod": "202606",
            "ledger": norway.LEDGER_CODE,
        }
        body = {
            **{name: {"value": value} for name, value in header.items()},
            "journalTransactionLines": lines,
        }
        text: str = json.dumps(body)
        return text

    @staticmethod
    def _line(payroll_account: str, account: str, center: str, cents: int) -> dict[str, Any]:
        dimensions = norway.line_dimensions(payroll_account, center)
        segments = [
            {"segmentId": 1, "segmentValue": dimensions["cost_center"]},
            {"segmentId": 2, "segmentValue": dimensions["plant"]},
        ]
        side = "debitAmountInCurrency" if cents > 0 else "creditAmountInCurrency"
        codes: dict[str, Any] = {
            "accountNumber": account,
            side: str(Decimal(abs(cents)) / 100),
            "branch": dimensions["branch"],
        }
        if "project" in dimensions:
            codes |= {"project": dimensions["project"], "projectTask": dimensions["project_task"]}
        wrapped = {name: {"value": value} for name, value in codes.items()}
        return {"operation": "Insert", "subaccount": segments, **wrapped}

    def book(self) -> str:
        made = self.client.post(JOURNALS, content=self.batch())
        assert made.status_code == 201, made.text
        return made.headers["Location"].rpartition("/")[2]

    def verdict(self) -> Any:
        return judge(
            self.payroll, self.host.vendor.books(), slugs=("ukg_pro", Payroll(self.payroll).ledger_slug)
        )


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


def test_the_scenario_has_a_payroll_and_this_ledger() -> None:
    """And the judge knows which ledger it is."""
    assert ["ukg_pro", "visma_net"] == systems_of("norway")
    assert "visma_net" == norway.LEDGER_SLUG


def test_the_truth_can_be_booked_and_is_found_right(ledger: Ledger) -> None:
    """Every department, plant, project and account of the run exists and takes postings; released, the judge
    is content.
    """
    number = ledger.book()
    assert ["document 100001 is a draft, not posted"] == list(ledger.verdict().differences)
    ledger.client.post(f"{JOURNALS}/{number}/action/release", json={})
    ledger.clock.advance(1)

    verdict = ledger.verdict()
    assert (True, 0, 0, 1) == (verdict.ok, verdict.duplicates, verdict.lost, verdict.entries)
    assert verdict.debit == verdict.credit
    assert {"ukg_pro", "visma_net"} == set(verdict.vendor_calls)


@pytest.mark.parametrize(
    ("action", "problem"),
    [("double", "is booked again"), ("delete", "is not fully booked in FJORD"), ("edit", "out of balance")],
)
def test_what_is_done_to_the_books_is_noticed(ledger: Ledger, action: str, problem: str) -> None:
    """Doubled, deleted or edited behind the product's back."""
    ledger.book()
    ledger.host.vendor.control("release", {})
    ledger.host.vendor.control(action, {"amount": "1.00"} if action == "edit" else {})
    ledger.host.vendor.control("release", {}) if action == "double" else None
    verdict = ledger.verdict()
    assert not verdict.ok
    assert problem in " ".join(verdict.differences)


def test_the_payroll_speaks_kroner_and_its_accounts_are_not_the_ledgers() -> None:
    """Without a mapping nothing could be booked, not even by luck; one plant per department, every plant in
    use.
    """
    held = norway.ledger_visma_net(None, 1)
    codes = {row["code"] for row in held["accounts"]}
    assert not set(norway.ACCOUNT_OF) & codes
    assert len(held["accounts"]) == len(codes) > 150
    workers = norway.made_workers(1)
    plants = defaultdict(set)
    for worker in workers:
        plants[norway.plant_of(worker.department_code)].add(worker.division)
    assert {code: {name} for code, name in norway.PLANTS.items()} == plants
    assert norway.WORKERS == len(workers)
    assert "NOK" == open_system("ukg_pro", scenario="norway").vendor.books()["runs"][0]["currency"]


def test_projects_of_the_truth_are_open_and_liabilities_carry_none() -> None:
    """Wages of three departments go to a project; what is owed does not."""
    tasks = {
        (row["code"], task["code"])
        for row in norway.projects()
        if "status" not in row
        for task in row["tasks"]
        if "status" not in task
    }
    assert set(norway.PROJECT_OF.values()) <= tasks
    assert "project" in norway.line_dimensions("5100", "BERTUR")
    assert {"cost_center": "BERTUR", "plant": "BER", "branch": "1"} == norway.line_dimensions(
        "2290", "BERTUR"
    )


def test_a_register_of_another_company_still_finds_its_places(tmp_path: Path) -> None:
    """Departments nobody knows here belong to the head office; a code too long for a segment is refused."""
    path = tmp_path / "register.csv"
    write_register(path, made_register(20, 3))
    held = norway.ledger_visma_net(path, 1)
    assert {"OSL"} == {row["values"][1] for row in held["subaccounts"]}
    assert "BOSFIN" in [row["code"] for row in held["segments"][0]["values"]]
    write_register(path, [replace(worker, department_code="X" * 21) for worker in made_register(1, 3)])
    with pytest.raises(ValueError, match="at most 20 characters"):
        norway.ledger_visma_net(path, 1)


def test_a_line_in_the_wrong_plant_or_without_its_project_is_named(ledger: Ledger) -> None:
    """Amounts per account and cost center would not show it; the other codes of the lines do."""
    ledger.book()
    books = ledger.host.vendor.books()
    assert () == wrong_dimensions(ledger.payroll, books)
    lines = books["documents"][0]["lines"]
    place = next(n for n, line in enumerate(lines, start=1) if line["dimensions"].get("project") == "P2602")
    center = lines[place - 1]["dimensions"]["cost_center"]
    ledger.host.vendor.control("edit", {"line": place, "project": "", "segments": [center, "BER"]})

    where = f"document 100001, line {place}, account {lines[place - 1]['account']}: "
    assert (where + "plant is BER, not TRD", where + "project is missing, not P2602") == wrong_dimensions(
        ledger.payroll, ledger.host.vendor.books()
    )


def test_the_second_company_has_books_of_its_own() -> None:
    """A tenant id leads into one of the two: its own code and currency are there, and its batches are
    numbered from the same number on.
    """
    host = open_system("visma_net", scenario="two_companies", clock=SandboxClock(frozen=True), profile="fast")
    described = host.vendor.describe("http://visma")
    secret = {name: described["credentials"][name] for name in ("client_id", "client_secret", "scope")}
    seen = []
    with httpx2.Client(transport=SandboxTransport(host), base_url="http://visma") as client:
        for entity in described["entities"]:
            wish = {"grant_type": "client_credentials", **secret, "tenant_id": entity["tenant_id"]}
            token = client.post("/connect/token", data=wish).json()["access_token"]
            lines = [
                {"account": "5000", "amount": amount, "subaccount": "OSLADM-OSL"}
                for amount in ("1.00", "-1.00")
            ]
            host.vendor.control(
                "book",
                {"company": entity["code"], "date": "2026-06-30", "description": "by hand", "lines": lines},
            )
            (found,) = client.get("/v1/organization", headers={"Authorization": f"Bearer {token}"}).json()
            seen.append((found["organizationCd"], found["baseCurrency"]))

    assert [("FJORD", "NOK"), ("VERFT", "EUR")] == seen
    assert [("FJORD", "100001"), ("VERFT", "100001")] == [
        (batch["entity"], batch["number"]) for batch in host.vendor.books()["documents"]
    ]


def test_a_scenario_that_tells_nothing_more_is_not_asked_for_more() -> None:
    """The trading company knows cost centers only."""
    payroll = open_system("ukg_pro", switches={"workers": 2}).vendor.books()
    document = {
        "id": "1",
        "entity": "1204",
        "lines": [{"account": "4000", "amount": "1.00", "dimensions": {}}],
    }
    assert () == wrong_dimensions(payroll, {"documents": [document]})

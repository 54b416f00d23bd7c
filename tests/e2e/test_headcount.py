"""The headcount of a pay run, with the commands a person types; whom it paid is asked of the simulator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from scenes import PAYROLL
from stage import SOURCE, TARGET
from tests.stand import Stand, installation, simulators

pytestmark = pytest.mark.slow

FILL = """
import json, sys
from datetime import date
from ml_connector.app.settings import Settings, start_django
start_django(Settings())
from ml_connector.app.access import Access
from ml_connector.domain.worker import Employment, Worker
from ml_connector.store.snapshots import StoredSnapshots
access = Access("default")
connection, target = access.connection(sys.argv[1]), access.connection(sys.argv[3])
access.set_flow(kind="workers", source=connection, target=target, mode="propose", starts_on=date(2026, 1, 1),
                mapping="", options={"axis": "cost_unit", "entities": sys.argv[4]})
people = json.loads(sys.argv[2])
def job(company):
    return Employment(company=company, start=date(2020, 1, 1))
StoredSnapshots(connection).replace("worker", [
    Worker(key=key, number=number, name="", employments=(job(company),))
    for key, number, company in people], "1")
"""


def read_workers(stand: Stand, people: list[tuple[str, str, str]], entities: str) -> None:
    """As a pass of the flow would have read them: id, number and company. The flow is made."""
    environment = {**os.environ, "ML_CONNECTOR_HOME": str(stand.product.home)}
    arguments = [sys.executable, "-c", FILL, SOURCE, json.dumps(people), TARGET, entities]
    subprocess.run(arguments, env=environment, check=True, timeout=60)


def test_a_pay_run_is_tied_to_the_people_it_paid(tmp_path: Path) -> None:
    with simulators(1) as sandbox, installation(sandbox) as stand:
        run = stand.post(stand.runs[0])["run"]
        companies = sorted({row["company"] for row in sandbox.control(PAYROLL, "books")["runs"]})
        entities = stand.scene.entities(sandbox.systems)
        pairs = ",".join(f"{company}={entities[company]}" for company in companies)
        read_workers(stand, [("NOBODY", "W9", companies[0])], pairs)
        (flow,) = [row["id"] for row in stand.ask("flows", "list")["flows"] if row["kind"] == "workers"]
        asked = ("headcount", "show", "--flow", str(flow), "--run", run)
        paid = [
            one["person"]["key"]
            for company in stand.ask(*asked, code=3)["companies"]
            for one in company["remainder"]
            if one["gap"] == "paid, and not employed"
        ]
        assert paid
        assert "NOBODY" not in paid
        read_workers(stand, [(key, key[-6:], companies[0]) for key in [*paid, "NOBODY"]], pairs)
        stand.ask(
            *("headcount", "except", "--flow", str(flow), "--company", companies[0]),
            *("--worker", "NOBODY", "--why", "strike"),
        )

        (found,) = stand.ask(*asked, "--xlsx", str(tmp_path / "h.xlsx"), code=3)["companies"]

        gaps = Counter(one["gap"] for one in found["remainder"])
        assert (len(paid) + 1, len(paid)) == (found["employed"], found["paid"])
        # The ledger has members that nobody here knows, and none of these people.
        assert {
            "employed, and no open member": found["employed"],
            "open member, and not employed": found["members"],
        } == gaps
        assert ["strike"] == [one["why"] for one in found["covered"]]
        others = [one["member"] for one in found["remainder"] if one["member"]]
        assert found["members"] == len(others) > 2
        given = (
            "headcount",
            "except",
            "--flow",
            str(flow),
            "--company",
            companies[0],
            "--why",
            "of the sister",
        )
        for option, code in zip(("--worker", "--member"), others, strict=False):
            assert code == stand.ask(*given, option, code)["member"]
        unknown = stand.ask(*given, "--worker", "999999", code=2)["error"]
        assert "no number or id of a worker, nor the code of a member" in unknown
        (tied,) = stand.ask(*asked, code=3)["companies"]
        assert others[2:] == [one["member"] for one in tied["remainder"] if one["member"]]
        assert ["of the sister"] * 2 == [one["why"] for one in tied["covered"] if one["why"] != "strike"]
        shown = stand.product.command(*asked)
        assert 3 == shown.code
        assert "The first and the last day of an employment both count." in shown.stdout
        assert "strike" in shown.stdout
        assert (tmp_path / "h.xlsx").exists()

"""`headcount`: a month, reasons, and how what cannot be said ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Installation

FILL = """
from datetime import date
from ml_connector.app.access import Access
from ml_connector.domain.worker import Employment, Worker
from ml_connector.store.models import Connection
from ml_connector.store.snapshots import StoredSnapshots
access = Access("default")
source, target = (Connection.objects.create(organisation=access.organisation, name=name, connector=connector)
                  for name, connector in (("people", "ukg_pro"), ("books", "exact_online")))
access.set_flow(kind="workers", source=source, target=target, mode="propose", starts_on=date(2026, 1, 1),
                mapping="", options={"axis": "cost_unit", "entities": "US1=10"})
def worker(number, start, end=None):
    job = Employment(company="US1", start=start, end=end)
    return Worker(key=f"E{number}", number=number, name=f"Name {number}", employments=(job,))
StoredSnapshots(source).replace("worker", [worker("01", date(2025, 1, 1)), worker("02", date(2026, 5, 4)),
                                           worker("03", date(2025, 1, 1), date(2026, 5, 12))], "1")
"""


@pytest.fixture
def filled(tmp_path: Path) -> Installation:
    """An installation that has read three workers; its flow is 1."""
    product = Installation(tmp_path / "home")
    product.command("worklist", "list")
    start = "from ml_connector.app.settings import Settings, start_django; start_django(Settings())\n"
    environment = {**os.environ, "ML_CONNECTOR_HOME": str(product.home)}
    subprocess.run([sys.executable, "-c", start + FILL], env=environment, check=True, timeout=60)
    return product


def test_a_month_is_shown_from_opening_to_closing(filled: Installation) -> None:
    """With the rule of which days count."""
    asked = ("headcount", "movements", "--flow", "1", "--month", "2026-05")
    shown, told = filled.command(*asked), filled.command(*asked, "--json").json

    assert 0 == shown.code
    assert "The last day counts" in shown.stdout
    assert "02 Name 02" in shown.stdout
    assert "03 Name 03" in shown.stdout
    (month,) = told["months"]
    assert (2, 2, True) == (month["opening"], month["closing"], month["adds_up"])
    assert (["02"], ["03"]) == (
        [one["number"] for one in month["hires"]],
        [one["number"] for one in month["leavers"]],
    )


def test_what_is_to_come_is_listed(filled: Installation) -> None:
    """Nothing of before is."""
    ahead = (
        "from datetime import date\n"
        "from ml_connector.app.settings import Settings, start_django; start_django(Settings())\n"
        "from ml_connector.domain.worker import Employment, Worker\n"
        "from ml_connector.store.models import Connection\n"
        "from ml_connector.store.snapshots import StoredSnapshots\n"
        "job = Employment(company='US1', start=date(2120, 1, 1))\n"
        "one = Worker(key='E9', number='09', name='Name 09', employments=(job,))\n"
        "StoredSnapshots(Connection.objects.get(name='people')).update('worker', {'E9': one}, [], '2')\n"
    )
    asked = ("headcount", "coming", "--flow", "1")
    assert "Nothing is entered for later days." in filled.command(*asked).stdout
    assert [] == filled.command("status", "--json").json["to_come"]
    environment = {**os.environ, "ML_CONNECTOR_HOME": str(filled.home)}
    subprocess.run([sys.executable, "-c", ahead], env=environment, check=True, timeout=60)

    shown, told = filled.command(*asked), filled.command(*asked, "--json").json
    assert 0 == shown.code
    assert "09 Name 09" in shown.stdout
    expected = {"worker": "09", "name": "Name 09", "day": "2120-01-01", "company": "US1", "step": "hire"}
    assert [{**expected, "placed": {}}] == told["coming"]
    found, said = filled.command("status", "--json").json, filled.command("status").stdout
    assert [{"flow": 1, "step": "hire", "count": 1, "first": "2120-01-01"}] == found["to_come"]
    assert "Hire" in said
    assert "ml-connector headcount coming --flow 1" in said


def test_a_reason_is_kept_and_audited(filled: Installation) -> None:
    said = filled.command(
        *("headcount", "except", "--flow", "1", "--company", "US1", "--worker", "02", "--why", "strike"),
        *("--from", "2026-05-01", "--until", "2026-05-31"),
    )

    assert (0, "US1, worker 02: strike\n") == (said.code, said.stdout)
    assert "headcount.reason" in filled.command("audit", "export").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("show", "--flow", "9"), 2, "There is no flow 9"),
        (("show", "--flow", "1", "--run", "x"), 2, "There is no run 'x'"),
        (("show", "--flow", "1", "--date", "soon"), 2, "Invalid value for '--date'"),
        (("movements", "--flow", "1", "--month", "2026-13"), 2, "Invalid value for '--month'"),
        (("movements", "--flow", "1", "--month", "2026-05", "--company", "X"), 2, "There is no company 'X'"),
        (("except", "--flow", "1", "--company", "US1", "--worker", "02", "--why", " "), 7, "Say why"),
        (("except", "--flow", "1", "--company", "US1", "--why", "x"), 7, "Or the code of a member: --member"),
        (
            ("except", "--flow", "1", "--company", "US1", "--worker", "1", "--member", "2", "--why", "x"),
            7,
            "Give --worker or --member",
        ),
    ],
)
def test_what_cannot_be_asked_or_said_is_refused(
    filled: Installation, arguments: tuple[str, ...], code: int, told: str
) -> None:
    done = filled.command("headcount", *arguments)

    assert told in done.stderr, (done.code, done.stderr)
    assert code == done.code

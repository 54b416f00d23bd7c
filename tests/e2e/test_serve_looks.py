"""`serve` alone: it finds a pay run by itself, says a line of it, and books it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from stage import SOURCE, TARGET
from tests.stand import Stand, installation, served, simulators, until

pytestmark = pytest.mark.slow

DUE_NOW = """
from ml_connector.app.settings import Settings, start_django
start_django(Settings())
from datetime import UTC, datetime, timedelta
from ml_connector.store.models import Flow
assert Flow.objects.filter(kind="payroll").update(slot_at=datetime.now(UTC) - timedelta(minutes=1)) == 1
"""


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    """An installation whose payroll flow posts by itself and looks every five minutes."""
    with simulators(1) as sandbox, installation(sandbox) as stand:
        stand.flow()
        (flow,) = [one for one in stand.ask("flows", "list")["flows"] if one["kind"] == "payroll"]
        shown = stand.ask("flows", "show", str(flow["id"]))
        options = [
            part for name, value in shown["options"].items() for part in ("--option", f"{name}={value}")
        ]
        stand.ask(
            *("flows", "set", "--from", SOURCE, "--to", TARGET, "--mode", shown["mode"]),
            *("--starts-on", shown["starts_on"], "--mapping", shown["mapping"], "--schedule", "every 5m"),
            *options,
        )
        yield stand


def test_a_pay_run_is_found_and_booked_without_a_command(stand: Stand) -> None:
    environment = {**os.environ, "ML_CONNECTOR_HOME": str(stand.product.home)}
    subprocess.run([sys.executable, "-c", DUE_NOW], env=environment, check=True, timeout=60)

    with served(stand):
        until(
            lambda: [run for run in stand.ask("runs", "list")["runs"] if run["state"] == "done"],
            "the run is booked",
        )

    (run,) = stand.ask("runs", "list")["runs"]
    stand.assert_booked(stand.ask("runs", "show", run["id"])["reference"])
    status = stand.ask("status")
    assert ({"at_work": 0, "for_people": 0}, 0) == (status["counts"], status["items"])
    assert status["next"][0]["at"] is not None

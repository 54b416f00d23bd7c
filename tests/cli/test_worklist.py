"""`worklist`: what people have to look at, listed and ended."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Installation

FILL = """
from ml_connector.app.access import Access
from ml_connector.domain.problem import Owner, Problem
from ml_connector.store.work import StoredWorklist
found = [Problem("plan.theirs", f"10/cost_center/{code}", f"{code} is known in the other system only.",
                 Owner.ADMINISTRATOR) for code in ("A", "B")]
StoredWorklist(Access("default").organisation, "flow 1").found("look 1", found)
"""


@pytest.fixture
def filled(tmp_path: Path) -> Installation:
    """An installation in which a look found two codes."""
    product = Installation(tmp_path / "home")
    product.command("worklist", "list")
    start = "from ml_connector.app.settings import Settings, start_django; start_django(Settings())\n"
    environment = {**os.environ, "ML_CONNECTOR_HOME": str(product.home)}
    subprocess.run([sys.executable, "-c", start + FILL], env=environment, check=True, timeout=60)
    return product


def test_nothing_is_open_at_first(tmp_path: Path) -> None:
    product = Installation(tmp_path / "home")

    assert "Nothing is open.\n" == product.command("worklist", "list").stdout
    assert {"ok": True, "items": []} == product.command("worklist", "list", "--json").json


def test_an_item_is_listed_and_ended_with_a_reason(filled: Installation) -> None:
    items = filled.command("worklist", "list", "--json").json["items"]
    assert ["10/cost_center/A", "10/cost_center/B"] == [item["subject"] for item in items]

    ended = filled.command("worklist", "done", str(items[0]["id"]), "--why", "made by hand")

    assert (0, "10/cost_center/A: ended. made by hand\n") == (ended.code, ended.stdout)
    assert "10/cost_center/B" in filled.command("worklist", "list").stdout
    assert "made by hand" in filled.command("worklist", "list", "--ended").stdout
    again = filled.command("worklist", "done", str(items[0]["id"]), "--why", "twice")
    assert (7, True) == (again.code, "is over: made by hand" in again.stderr)
    assert 0 == filled.command("audit", "verify").code


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [(("99", "--why", "x"), 2, "There is no item 99"), (("1", "--why", " "), 7, "Say why")],
)
def test_what_cannot_be_ended_is_refused(
    filled: Installation, arguments: tuple[str, ...], code: int, told: str
) -> None:
    done = filled.command("worklist", "done", *arguments)

    assert told in done.stderr, (done.code, done.stderr)
    assert code == done.code

"""A mapping that books on what takes no entries is refused when it is stored, in an installation of its own:
the flow and its mapping are set anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import SOURCE, TARGET, CommandFailed
from tests.mending import serving
from tests.stand import Stand

from ml_connector_sandbox.systems.dynamics_fo.scene import SCENE

pytestmark = pytest.mark.slow

SLUG = SCENE.ledger
DEPARTMENTS = ("DEP01", "DEP02")


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """An installation with one pay run."""
    with serving(SCENE, 1, DEPARTMENTS, tmp_path_factory.mktemp("register")) as worker:
        yield worker.stand


def test_a_mapping_that_books_on_a_total_is_refused_before_any_pay_run(stand: Stand, tmp_path: Path) -> None:
    """C10: rule, code, title and remedy are named, for an account and for a code of the code table, and the
    version before stays. A blocked account is stored and named. Where the ledger cannot be read, that is
    said, and a flow that is set later is refused.
    """
    before = stand.ask("mappings", "export", "payroll")
    table, codes = tmp_path / "rules.csv", tmp_path / "codes.csv"
    total = {"dimension": "CostCenter", "code": "ALL", "name": "All departments", "total": True}
    stand.at_ledger("add_dimension_value", **total)
    table.write_text(SCENE.mapping.read_text().replace(",601200,", ",699999,"))
    codes.write_text("axis,source_code,code\norg_level_1,DEP01,ALL\n")

    refused = stand.ask("mappings", "import", "payroll", str(table), "--codes", str(codes), code=2)
    remedy = "in usmf and takes no entries."
    (account, *centers) = sorted((found["text"], found["where"]) for found in refused["problems"])
    assert account == (
        f"GL account 699999 (Personnel costs in total) is a total or a heading {remedy} Map to an account"
        " that is booked on.",
        "rule overtime",
    )
    assert {
        f"cost_center ALL (All departments) is a total {remedy} Name a code that is booked on. The code table"
        " gives it to org_level_1 DEP01."
    } == {text for text, _ in centers}
    assert before == stand.ask("mappings", "export", "payroll")

    blocked = tmp_path / "blocked.csv"
    blocked.write_text(SCENE.mapping.read_text().replace(",601200,", ",601900,"))
    told = stand.ask("mappings", "import", "payroll", str(blocked))
    assert (["account.blocked"], [TARGET], []) == (
        [found["code"] for found in told["problems"]],
        told["compared_with"],
        told["not_compared_with"],
    )
    stand.sandbox.control(SLUG, "faults", {"kind": "refused", "match": {"path": "/data/"}, "times": 99})
    try:
        unread = stand.command("mappings", "import", "payroll", str(table), "--json").json
        said = stand.command("mappings", "import", "payroll", str(table)).stdout
    finally:
        stand.sandbox.control(SLUG, "faults", method="DELETE")
    assert ([], [], [TARGET]) == (
        unread["problems"],
        unread["compared_with"],
        [one["ledger"] for one in unread["not_compared_with"]],
    )
    assert f"Its targets were NOT checked in {TARGET}: " in said
    assert f"mappings check payroll --from {SOURCE} --to {TARGET}" in said
    with pytest.raises(CommandFailed, match=r"account\.total"):
        stand.flow()
    assert "problem found" in stand.command("mappings", "import", "payroll", str(SCENE.mapping)).stdout
    stand.flow()

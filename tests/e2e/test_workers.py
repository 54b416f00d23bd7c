"""Workers of a payroll as members of a ledger, with the commands a person types; what is there is asked of
the simulator.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from scenes import scene_of
from stage import SOURCE, TARGET
from tests.stand import Stand, installation, simulators

pytestmark = pytest.mark.slow

SCENE = "trading_company"
APPROVAL = 4


@pytest.fixture(scope="module", params=["cost_unit", "payee"])
def axis(request: pytest.FixtureRequest) -> str:
    """What stands for people in the ledger."""
    return str(request.param)


@pytest.fixture(scope="module")
def stand(axis: str) -> Iterator[Stand]:
    """An installation connected to a payroll and a ledger, with a flow of workers that waits for consent."""
    scene = scene_of(SCENE)
    with simulators(1, scene=scene) as sandbox, installation(sandbox, scene=scene) as stand:
        entities = ",".join(f"{a}={b}" for a, b in scene.entities(sandbox.systems).items())
        stand.ask(
            *("flows", "set", "--from", SOURCE, "--to", TARGET, "--kind", "workers", "--mode", "approve"),
            *("--starts-on", "2026-01-01", "--option", f"axis={axis}", "--option", f"entities={entities}"),
            *("--option", "code=short", "--option", "zones=America/New_York"),
        )
        yield stand


def members(stand: Stand, axis: str) -> dict[str, Any]:
    found = stand.at_ledger("members")["members"]
    return {row["code"]: row for row in found if row["axis"] == axis}


def align(stand: Stand, code: int = 0) -> Any:
    return stand.ask("run", "workers", "--from", SOURCE, "--to", TARGET, "--everybody", "yes", code=code)


def acts(run: Any) -> dict[str, str]:
    """What a pass does, by code; what is known in the ledger only is left out."""
    changes = run["plan"]["changes"]
    return {one["key"].rpartition("/")[2]: one["act"] for one in changes if one["act"] != "theirs"}


def carry_out(stand: Stand) -> dict[str, str]:
    """A pass with consent; what it did, by code."""
    run = align(stand, APPROVAL)
    done = stand.ask("runs", "approve", run["run"], "--fingerprint", run["fingerprint"])
    assert "done" == done["state"], done
    return acts(run)


def test_what_happens_to_people_in_a_payroll_arrives_in_the_ledger(stand: Stand, axis: str) -> None:
    """Everybody at first; a hire, one for later, a leaving, another name; somebody who comes back."""
    before = set(members(stand, axis))
    first = carry_out(stand)
    assert {"create"} == set(first.values())
    assert before | set(first) == set(members(stand, axis))
    assert {} == acts(align(stand))

    days = {"today": "2026-07-01", "before": "2026-06-26", "later": "2031-08-15"}
    department = "BOSIT"
    hired = stand.at_payroll("hire", department=department, date=days["before"], last_name="Moss")
    stand.at_payroll("hire", department=department, date=days["later"], last_name="Reed")
    stand.at_payroll("change_employee", employee="W00001", status="T", date=days["before"])
    stand.at_payroll("change_employee", employee="W00002", last_name="Another")

    done = carry_out(stand)

    left = next(code for code, act in done.items() if act == "close")
    assert sorted(["create", "close", "change"]) == sorted(done.values()), done
    new = next(code for code, act in done.items() if act == "create")
    found = members(stand, axis)
    assert "Moss" in found[new]["name"], hired
    assert days["before"] == (found[left]["to"] or "")[:10]
    assert not found[left]["open"]
    assert {} == acts(align(stand))

    stand.at_payroll("rehire", employee="W00001", department=department, date=days["today"])
    assert {left: "reopen"} == carry_out(stand)
    assert (True, None) == (members(stand, axis)[left]["open"], members(stand, axis)[left]["to"])

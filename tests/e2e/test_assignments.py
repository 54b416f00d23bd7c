"""Where workers are placed as default dimensions of employments in Dynamics 365, with the commands a person
types; what is there is asked of the simulator.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from scenes import scene_of
from stage import SOURCE, TARGET
from tests.stand import Stand, installation, simulators

pytestmark = pytest.mark.slow

SCENE = "people_dynamics_fo"
BETWEEN = ("--from", SOURCE, "--to", TARGET)
HELD, APPROVAL = 3, 4
STRANGER = "000000003"
"""Whom payroll employs, and HR has not entered in Dynamics."""


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    """An installation connected to a payroll and to Dynamics, where HR has entered everybody but one."""
    scene = scene_of(SCENE)
    with simulators(1, scene=scene) as sandbox, installation(sandbox, scene=scene) as stand:
        entities = scene.entities(sandbox.systems)
        companies = "entities=" + ",".join(f"{company}={code}" for company, code in entities.items())
        for kind, given in (("workers", "axis=worker"), ("assignments", "axes=org_level_1=cost_center")):
            stand.ask(
                *("flows", "set", *BETWEEN, "--kind", kind, "--mode", "approve"),
                *("--starts-on", "2026-01-01", "--option", companies, "--option", given),
                *("--option", "zones=America/New_York"),
            )
        for row in stand.at_payroll("people")["people"]:
            if row["number"] != STRANGER:
                company = entities[row["entity"]]
                names = {
                    "first_name": "Kari",
                    "last_name": row["number"],
                    "start": "2015-01-01T05:00:00+00:00",
                }
                stand.at_ledger(
                    "put_worker", number=row["number"], company=company, dimensions="010", **names
                )
        yield stand


def centers(stand: Stand) -> dict[str, Any]:
    """What the employments have, by worker's number."""
    people = stand.at_ledger("members")["people"]
    return {row["number"]: row["dimensions"] for row in people if row["number"].isdecimal()}


def departments(stand: Stand) -> dict[str, Any]:
    """Where payroll places its people, by number."""
    return {row["number"]: row["department"] for row in stand.at_payroll("people")["people"]}


def align(stand: Stand, code: int = 0) -> Any:
    return stand.ask("run", "assignments", *BETWEEN, code=code)


def carry_out(stand: Stand) -> dict[str, str]:
    """A pass with consent; what it did, by worker's number."""
    run = align(stand, APPROVAL)
    done = stand.ask("runs", "approve", run["run"], "--fingerprint", run["fingerprint"])
    assert "done" == done["state"], done
    return {one["key"].split("/")[1]: one["act"] for one in run["plan"]["changes"]}


def test_where_people_are_placed_arrives_in_their_employments(stand: Stand) -> None:
    """Nobody has read workers; everybody at first; a move; an edit; a worker whom HR enters later."""
    assert "worker.not_read" == align(stand, HELD)["problems"][0]["code"]
    stand.ask("run", "workers", *BETWEEN, code=APPROVAL)
    placed = {number: center for number, center in departments(stand).items() if number != STRANGER}

    assert dict.fromkeys(placed, "change") == carry_out(stand)
    there = {number: {"department": "010", "cost_center": center} for number, center in placed.items()}
    assert there == centers(stand)
    assert "nothing to change" in align(stand)["summary"]
    (item,) = [
        one for one in stand.ask("worklist", "list")["items"] if one["code"] == "assignment.employment"
    ]
    assert STRANGER in item["subject"]

    moved, edited = list(placed)[:2]
    stand.at_payroll("change_employee", employee=moved, department="HOIT")
    stand.ask("run", "workers", *BETWEEN, "--everybody", "yes", code=APPROVAL)
    companies = {row["number"]: row["entity"] for row in stand.at_ledger("members")["people"]}
    stand.at_ledger("put_worker", number=edited, company=companies[edited], dimensions="020-HOLEG")
    names = {"first_name": "Kari", "last_name": STRANGER, "start": "2015-01-01T05:00:00+00:00"}
    entity = scene_of(SCENE).entities(stand.sandbox.systems)
    company = next(
        entity[row["entity"]] for row in stand.at_payroll("people")["people"] if row["number"] == STRANGER
    )
    stand.at_ledger("put_worker", number=STRANGER, company=company, **names)
    run = align(stand, APPROVAL)
    done = stand.ask("runs", "approve", run["run"], "--fingerprint", run["fingerprint"], code=HELD)

    acts = {one["key"].split("/")[1]: one["act"] for one in run["plan"]["changes"]}
    assert {moved: "change", edited: "conflict", STRANGER: "change"} == acts
    assert ["plan.conflict"] == [problem["code"] for problem in done["problems"]]
    found = centers(stand)
    assert {"department": "010", "cost_center": "HOIT"} == found[moved]
    assert {"department": "020", "cost_center": "HOLEG"} == found[edited]
    assert {"cost_center": departments(stand)[STRANGER]} == found[STRANGER]

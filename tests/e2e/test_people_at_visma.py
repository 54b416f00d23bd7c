"""Workers as employees and codes as departments of Visma.net, with the commands a person types; what is there
is asked of the simulator.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from scenes import Scene, scene_of
from stage import SOURCE, TARGET
from tests.stand import PATIENCE_SECONDS, Stand, installation, simulators

pytestmark = pytest.mark.slow

HELD, APPROVAL = 3, 4
DEFAULTS = "class=EMPSTAND, branch=1, calendar=NO, department=OSLADM, email={code}@lonn.example"
THERE = "E0"
"""What the numbers of those begin with whom the scenario has."""
BEFORE, TODAY = "2026-06-26", "2026-07-01"
EMPLOYEES = "/v1/employee"
RUN = ("--from", SOURCE, "--to", TARGET)


def scene() -> Scene:
    """The Norwegian company, whose connection says what a new employee gets."""
    norway = scene_of("norway")
    return replace(
        norway,
        settings=lambda system, entities: {
            **norway.settings(system, entities),
            "employee_defaults": DEFAULTS,
        },
    )


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    """An installation with a flow of workers and one of departments, both of which wait for consent; the
    workers are employees.
    """
    played = scene()
    with simulators(1, scene=played) as sandbox, installation(sandbox, scene=played) as stand:
        entities = ",".join(f"{a}={b}" for a, b in played.entities(sandbox.systems).items())
        for kind, options in (
            ("workers", ("axis=employee", "zones=Europe/Oslo")),
            ("dimensions", ("axes=org_level_1=department",)),
        ):
            given = [part for one in (*options, f"entities={entities}") for part in ("--option", one)]
            flow = ("flows", "set", *RUN, "--kind", kind, "--mode", "approve", "--starts-on", "2026-01-01")
            stand.ask(*flow, *given)
        assert {"create"} == set(carry_out(stand).values())
        yield stand


def employees(stand: Stand) -> dict[str, tuple[str, bool]]:
    """Name, and whether active, of each employee by number; those of the scenario are left out. Nobody is
    there twice.
    """
    found = [row for row in stand.at_ledger("members")["people"] if not row["number"].startswith(THERE)]
    assert len({row["number"] for row in found}) == len(found)
    return {row["number"]: (row["name"], row["active"]) for row in found}


def departments(stand: Stand) -> dict[str, str]:
    found = stand.at_ledger("members")["members"]
    return {row["code"]: row["name"] for row in found if row["axis"] == "department"}


def align(stand: Stand, kind: str = "workers", code: int = 0) -> Any:
    everybody = ("--everybody", "yes") if kind == "workers" else ()
    return stand.ask("run", kind, *RUN, *everybody, code=code)


def acts(run: Any) -> dict[str, str]:
    """What a pass does, by code; what is known at Visma only is left out."""
    changes = run["plan"]["changes"]
    return {one["key"].rpartition("/")[2]: one["act"] for one in changes if one["act"] != "theirs"}


def carry_out(stand: Stand, kind: str = "workers") -> dict[str, str]:
    """A pass with consent; what it did, by code."""
    run = align(stand, kind, APPROVAL)
    done = stand.ask("runs", "approve", run["run"], "--fingerprint", run["fingerprint"])
    assert "done" == done["state"], done
    return acts(run)


def test_what_happens_to_people_in_a_payroll_arrives_as_employees(stand: Stand) -> None:
    """Everybody is there already; a hire, a leaving, another name; somebody who comes back."""
    assert {} == acts(align(stand))
    known = employees(stand)
    assert 12 == len(known)

    stand.at_payroll("hire", department="OSLADM", date=BEFORE, last_name="Moss")
    stand.at_payroll("change_employee", employee="W00001", status="T", date=BEFORE)
    stand.at_payroll("change_employee", employee="W00002", last_name="de Vries")
    done = carry_out(stand)
    assert ["change", "close", "create"] == sorted(done.values()), done
    by_act = {act: code for code, act in done.items()}
    left = by_act["close"]
    there = employees(stand)
    assert (False, True) == (there[left][1], there[by_act["create"]][1])
    assert "Moss" in there[by_act["create"]][0]
    assert there[by_act["change"]][0].endswith("de Vries")
    assert {} == acts(align(stand))

    stand.at_payroll("rehire", employee="W00001", department="OSLADM", date=TODAY)
    assert {left: "reopen"} == carry_out(stand)
    assert (len(known) + 1, True) == (len(employees(stand)), employees(stand)[left][1])


def test_an_edit_by_hand_is_shown_with_both_values(stand: Stand) -> None:
    """And left as it is, while the others are done."""
    stand.at_payroll("change_employee", employee="W00003", last_name="Payroll")
    (code,) = carry_out(stand)
    first_name = employees(stand)[code][0].removesuffix(" Payroll")
    stand.at_ledger("put_employee", code=code, last_name="Hand")
    stand.at_payroll("change_employee", employee="W00003", last_name="Again")
    stand.at_payroll("hire", department="OSLADM", date=BEFORE, last_name="Reed")

    run = align(stand, code=APPROVAL)
    held = stand.ask("runs", "approve", run["run"], "--fingerprint", run["fingerprint"], code=HELD)

    (problem,) = held["problems"]
    assert "plan.conflict" == problem["code"]
    assert f"title is {first_name} Hand, not {first_name} Again" in problem["text"]
    assert f"{first_name} Hand" == employees(stand)[code][0]
    assert ["Reed"] == [name.rpartition(" ")[2] for name, _ in employees(stand).values() if "Reed" in name]
    stand.at_ledger("put_employee", code=code, last_name="Again")
    assert {} == acts(align(stand))


def test_a_lost_answer_and_a_kill_make_nobody_twice(stand: Stand) -> None:
    """What may have been written is looked for after the settling time, and the pass goes on."""
    for fault in ("lost_after_commit", "lost_before_commit"):
        before = len(employees(stand))
        for name in ("One", "Two", "Three"):
            stand.at_payroll("hire", department="OSLADM", date=BEFORE, last_name=f"Lost {name}")
        run = align(stand, code=APPROVAL)
        stand.fail("visma_net", fault, "POST", EMPLOYEES)
        stand.ask("runs", "approve", run["run"], "--fingerprint", run["fingerprint"])
        assert stand.sandbox.control("visma_net", "faults")["fired"]
        assert before + 3 == len(employees(stand))

    before = len(employees(stand))
    for name in ("Four", "Five", "Six"):
        stand.at_payroll("hire", department="OSLADM", date=BEFORE, last_name=name)
    run = align(stand, code=APPROVAL)
    stand.fail("visma_net", "slow", "POST", EMPLOYEES, seconds=5, skip=1)
    process = stand.product.start("runs", "approve", run["run"], *stand.product.consent(run["run"]), "--json")
    waited = time.monotonic() + PATIENCE_SECONDS
    while len(employees(stand)) == before and time.monotonic() < waited:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert before < len(employees(stand)) < before + 3

    assert "done" == stand.ask("runs", "follow", run["run"])["state"]
    assert before + 3 == len(employees(stand))
    assert {} == acts(align(stand))


def test_a_number_of_a_supplier_is_named_and_the_others_are_made(stand: Stand) -> None:
    """Until one of them has another."""
    stand.at_payroll("hire", department="OSLADM", date=BEFORE, last_name="Taken")
    stand.at_payroll("hire", department="OSLADM", date=BEFORE, last_name="Free")
    run = align(stand, code=APPROVAL)
    taken, free = sorted(acts(run))
    stand.at_ledger("add_business_account", code=taken)

    held = stand.ask("runs", "approve", run["run"], "--fingerprint", run["fingerprint"], code=HELD)
    (problem,) = held["problems"]
    assert ("plan.refused", True) == (problem["code"], f"If {taken} is a customer's or" in problem["text"])
    assert (False, True) == (taken in employees(stand), free in employees(stand))


def test_codes_of_a_payroll_arrive_as_departments(stand: Stand) -> None:
    """New, renamed; one that is closed stays, and is in the worklist until it is open again."""
    first = align(stand, "dimensions")
    assert ("done", set()) == (first["state"], set(acts(first)))
    theirs = {change["key"].rpartition("/")[2] for change in first["plan"]["changes"]}
    renamed, closed = sorted(departments(stand).keys() - theirs)[:2]
    before = departments(stand)
    stand.at_payroll("add_org_level", level=1, code="NEWDEP", name="Ny avdeling")
    stand.at_payroll("change_org_level", level=1, code=renamed, name="Et annet navn")
    stand.at_payroll("change_org_level", level=1, code=closed, active=False)

    assert {"NEWDEP": "create", renamed: "change", closed: "stays"} == carry_out(stand, "dimensions")
    after = {**before, renamed: "Et annet navn", "NEWDEP": "Ny avdeling"}
    assert after == departments(stand)
    items = stand.ask("worklist", "list")["items"]
    (item,) = [item for item in items if item["code"] == "plan.stays"]
    assert item["subject"].endswith(f"/department/{closed}")

    stand.at_payroll("change_org_level", level=1, code=closed, active=True)
    assert {} == acts(align(stand, "dimensions"))
    assert not [one for one in stand.ask("worklist", "list")["items"] if one["code"] == "plan.stays"]

"""Codes of a payroll in the books of each ledger, with the commands a person types; what is there is asked of
the simulator.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from scenes import PAYROLL, payroll_scene, scene_of
from stage import SOURCE, TARGET
from tests.stand import Stand, installation, simulators

pytestmark = pytest.mark.slow

NEW = "NEWDEP"
HELD, APPROVAL = 3, 4
SCENES = {"exact_online": "trading_company", "visma_net": "norway"}


@pytest.fixture(scope="module", params=sorted(SCENES))
def stand(request: pytest.FixtureRequest) -> Iterator[Stand]:
    """An installation connected to a payroll and a ledger, with a flow of codes that waits for consent."""
    scene = scene_of(SCENES[request.param])
    with simulators(1, scene=scene) as sandbox, installation(sandbox, scene=scene) as stand:
        entities = scene.entities(sandbox.systems)
        axes = {"exact_online": "org_level_1=cost_center", "visma_net": "org_level_1=cost_center"}
        stand.ask(
            *("flows", "set", "--from", SOURCE, "--to", TARGET, "--kind", "dimensions", "--mode", "approve"),
            *("--starts-on", "2026-01-01", "--schedule", "every 3h"),
            *("--option", f"axes={axes[scene.ledger]}"),
            *("--option", "entities=" + ",".join(f"{company}={code}" for company, code in entities.items())),
        )
        yield stand


def members(stand: Stand) -> dict[str, Any]:
    """What the ledger has, by code; of one code in several legal entities the last."""
    return {row["code"]: row for row in stand.at_ledger("members")["members"] if row["axis"] == "cost_center"}


def org_levels(stand: Stand) -> dict[str, Any]:
    """What payroll lists, by code."""
    system = stand.sandbox.systems[PAYROLL]
    account = system["credentials"]
    answer = httpx2.get(
        f"{system['base_url']}/configuration/v1/org-levels",
        auth=(account["username"], account["password"]),
        headers={"US-Customer-Api-Key": account["customer_api_key"]},
    )
    return {row["code"]: row for row in answer.json() if row["level"] == 1}


def align(stand: Stand, code: int = 0) -> Any:
    """A pass as far as it goes by itself; what is known in the ledger only holds nobody."""
    return stand.ask("run", "dimensions", "--from", SOURCE, "--to", TARGET, code=code)


def plan(stand: Stand) -> Any:
    """A pass that waits for consent."""
    return align(stand, APPROVAL)


def acts(run: Any) -> dict[str, str]:
    return {change["key"].rpartition("/")[2]: change["act"] for change in run["plan"]["changes"]}


def carry_out(stand: Stand) -> dict[str, str]:
    """A pass with consent; what it did, by code."""
    run = plan(stand)
    done = stand.ask("runs", "approve", run["run"], "--fingerprint", run["fingerprint"])
    assert "done" == done["state"], done
    return acts(run)


def at_payroll(stand: Stand, action: str, code: str, **more: Any) -> None:
    stand.at_payroll(f"{action}_org_level", level=1, code=code, **more)


def test_what_people_do_to_the_codes_of_a_payroll_arrives_in_the_ledger(stand: Stand) -> None:
    """New, renamed, closed and opened again, and what people edit there; then a pass with nothing to do."""
    first = align(stand)
    assert ("done", {"theirs"}) == (first["state"], set(acts(first).values()))
    known = [code for code in members(stand) if code not in acts(first) and members(stand)[code]["open"]]
    renamed, closed, edited = known[:3]
    at_payroll(stand, "add", NEW, name="New department")
    at_payroll(stand, "change", renamed, name="Another name")
    at_payroll(stand, "change", closed, active=False)

    done = {code: act for code, act in carry_out(stand).items() if act != "theirs"}

    assert {NEW: "create", renamed: "change", closed: "close"} == done
    found = members(stand)
    assert (True, "New department") == (found[NEW]["open"], found[NEW]["name"])
    assert "Another name" == found[renamed]["name"]
    assert found[edited]["open"]
    again = align(stand)
    assert ("done", {"theirs"}) == (again["state"], set(acts(again).values()))

    at_payroll(stand, "change", closed, active=True)
    stand.at_payroll("change_org_level", level=1, code=edited, name="Name of payroll")
    reopened = carry_out(stand)
    assert "change" == reopened[edited]
    assert reopened[closed] in ("reopen", "change"), "a code closed today may be open until the day is over"
    assert (True, None) == (members(stand)[closed]["open"], members(stand)[closed]["to"])
    items = {item["subject"].rpartition("/")[2] for item in stand.ask("worklist", "list")["items"]}
    assert set(acts(first)) == items


def test_a_code_that_does_not_fit_is_named_and_the_others_are_done(stand: Stand) -> None:
    long = "TOOLONGONE"
    at_payroll(stand, "add", long, name="Long")
    at_payroll(stand, "add", "FITS", name="Fits")

    run = plan(stand)
    assert {long: "not_held", "FITS": "create"} == {
        code: act for code, act in acts(run).items() if act != "theirs"
    }
    held = stand.ask("runs", "approve", run["run"], "--fingerprint", run["fingerprint"], code=HELD)

    assert ["plan.refused"] == [problem["code"] for problem in held["problems"]]
    assert ("FITS" in members(stand), long in members(stand)) == (True, False)
    at_payroll(stand, "delete", long)


@pytest.mark.parametrize("stand", ["visma_net"], indirect=True)
def test_a_segment_that_is_shortened_behind_a_plan_stops_what_no_longer_fits(stand: Stand) -> None:
    """The code that is too long now is named with the segment's length, the other is made; once the segment
    is longer again, the next pass makes the first.
    """
    stand.at_ledger("set_segment", segment="cost_center", length=8)
    at_payroll(stand, "add", "MASKED8X", name="Eight characters")
    at_payroll(stand, "add", "MASKD6", name="Six")
    run = plan(stand)
    assert {("MASKED8X", "create"), ("MASKD6", "create")} <= set(acts(run).items())

    stand.at_ledger("set_segment", segment="cost_center", length=6)
    held = stand.ask("runs", "approve", run["run"], "--fingerprint", run["fingerprint"], code=HELD)

    (problem,) = held["problems"]
    assert ("plan.refused", True) == (problem["code"], "MASKED8X" in problem["where"])
    assert "its length is 6" in problem["text"]
    assert ("MASKD6" in members(stand), "MASKED8X" in members(stand)) == (True, False)

    stand.at_ledger("set_segment", segment="cost_center", length=8)
    assert "create" == carry_out(stand)["MASKED8X"]
    assert "MASKED8X" in members(stand)


def test_an_org_level_that_is_deleted_while_used_is_closed_and_never_deleted(stand: Stand) -> None:
    """Whoever is placed on it keeps it in payroll. The others are kept as before, and made again it is the
    same code opened again.
    """
    at_payroll(stand, "add", "GONE", name="Gone")
    carry_out(stand)
    before = members(stand)
    stand.at_payroll("hire", department="GONE", date="2026-06-26", last_name="Last")
    at_payroll(stand, "delete", "GONE")
    at_payroll(stand, "add", "AFTER", name="After")

    done = carry_out(stand)
    assert ("close", "create") == (done["GONE"], done["AFTER"])
    after = members(stand)
    assert before.keys() | {"AFTER"} == after.keys()
    closed = after["GONE"]
    assert closed["to"] or not closed["open"], "a code closed today may be open until the day is over"

    at_payroll(stand, "add", "GONE", name="Gone")
    carry_out(stand)
    opened = members(stand)["GONE"]
    assert (True, None) == (opened["open"], opened["to"])


def test_the_flow_is_shown_with_its_next_time(stand: Stand) -> None:
    shown = next(one for one in stand.ask("status")["next"] if one["name"].startswith("dimensions"))
    settings = stand.ask("flows", "show", str(shown["flow"]))

    assert ("every 3h", "approve") == (settings["schedule"], settings["mode"])
    assert settings["next_look"][:16] == shown["at"][:16]


def test_codes_that_the_ledger_leads_are_made_in_a_payroll_that_lets_them(stand: Stand) -> None:
    """The other way round; nothing is written before the connection says that it may be."""
    there = ("--from", TARGET, "--to", SOURCE)
    entities = stand.scene.entities(stand.sandbox.systems).items()
    stand.ask(
        *("flows", "set", *there, "--kind", "dimensions", "--mode", "approve", "--starts-on", "2026-01-01"),
        *("--option", "axes=cost_center=org_level_1"),
        *("--option", "entities=" + ",".join(f"{code}={company}" for company, code in entities)),
    )
    run = stand.ask("run", "dimensions", *there, code=APPROVAL)
    made = {code for code, act in acts(run).items() if act == "create"}
    assert made
    held = stand.ask("runs", "approve", run["run"], "--fingerprint", run["fingerprint"], code=HELD)
    assert ["org_levels.read_only"] == [problem["code"] for problem in held["problems"]]
    assert not made & set(org_levels(stand))

    settings = {**payroll_scene().settings(stand.sandbox.systems[PAYROLL]), "calls_per_minute": "0"}
    given = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    stand.ask(
        *(
            "connections",
            "add",
            SOURCE,
            "--connector",
            PAYROLL,
            "--sandbox",
            *given,
            "--set",
            "org_levels=write",
        )
    )
    done = stand.ask("runs", "resume", run["run"])

    assert "done" == done["state"], done
    found = org_levels(stand)
    names = {code: members(stand)[code]["name"] for code in made}
    assert {code: name[:25].rstrip() for code, name in names.items()} == {
        code: found[code]["description"] for code in made
    }
    again = stand.ask("run", "dimensions", *there)
    assert ("done", set()) == (again["state"], set(acts(again).values()) - {"theirs"})


@pytest.mark.parametrize("stand", ["exact_online"], indirect=True)
def test_projects_of_a_payroll_arrive_in_exact(stand: Stand) -> None:
    """Each of them in each division, once; then there is nothing to do."""
    entities = stand.scene.entities(stand.sandbox.systems)
    there = ("--from", SOURCE, "--to", TARGET, "--kind", "dimensions")
    stand.ask(
        *("flows", "set", *there, "--mode", "approve", "--starts-on", "2026-01-01"),
        *("--option", "axes=project=project"),
        *("--option", "entities=" + ",".join(f"{company}={code}" for company, code in entities.items())),
    )

    done = {code for code, act in carry_out(stand).items() if act == "create"}

    chart = stand.at_ledger("chart")["entries"]
    found = [(row["entity"], row["code"], row["name"]) for row in chart if row["kind"] == "project"]
    assert {"P100"} == done
    assert [(code, "P100", "Store opening") for code in sorted(set(entities.values()))] == sorted(found)
    assert set() == set(acts(align(stand)).values()) - {"theirs"}

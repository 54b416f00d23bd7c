"""An axis that a system does not have is refused where a flow on it is set, by each ledger and both ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.stand import Done, Installation

NOWHERE = "http://127.0.0.1:1"
KEYS = {"client_id": "client", "client_secret": "s3cret-value"}
TENANT = "6b1a4c3e-0000-4000-8000-000000000001"
VISMA_TOKENS = {"token_url": f"{NOWHERE}/connect/token", "tenant_id": TENANT}
SYSTEMS: dict[str, tuple[str, dict[str, str]]] = {
    "pay": (
        "ukg_pro",
        {"username": "user", "password": "t0p-s3cret", "customer_api_key": "G2ASY", "currency": "EUR"},
    ),
    "exact": ("exact_online", {**KEYS, "division": "1204", "redirect_uri": "https://app.example/back"}),
    "fo": ("dynamics_fo", {**KEYS, "token_url": f"{NOWHERE}/{TENANT}/oauth2/v2.0/token", "company": "usmf"}),
    "visma": ("visma_net", {**KEYS, **VISMA_TOKENS, "company": "C1", "segments": "cost_center=1, plant=2"}),
}
EXACT, FO = "cost_center, cost_unit, payee, project", "branch, cost_center, department, project"
VISMA, PAY = "cost_center, department, plant", "org_level_1, org_level_2, org_level_3, org_level_4"
EMPLOYEE = "and by a setting of the connection employee"
UKG = f"job_code, location, {PAY}, project"


@pytest.fixture(scope="module")
def connected(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Payroll and three ledgers, none of which answers: setting a flow asks nobody."""
    return connect(tmp_path_factory.mktemp("axes"))


def connect(home: Path) -> Installation:
    product = Installation(home)
    for name, (connector, settings) in SYSTEMS.items():
        given = {"base_url": NOWHERE, **settings}
        pairs = [part for item in given.items() for part in ("--set", "=".join(item))]
        done = product.command("connections", "add", name, "--connector", connector, "--sandbox", *pairs)
        assert 0 == done.code, done
    return product


def set_flow(product: Installation, kind: str, source: str, target: str, **options: str) -> Done:
    entity = {"exact": "1204", "fo": "usmf", "visma": "C1"}
    entities = f"{entity.get(source, 'US1')}={entity.get(target, 'US1')}"
    given = [part for item in options.items() for part in ("--option", "=".join(item))]
    return product.command(
        *("flows", "set", "--kind", kind, "--from", source, "--to", target, "--mode", "approve", "--json"),
        *("--starts-on", "2026-01-01", "--option", f"entities={entities}", *given),
    )


@pytest.mark.parametrize(
    ("kind", "target", "option", "axis", "there"),
    [
        ("dimensions", "exact", "axes", "project=moon", f"{EXACT}, {EMPLOYEE}"),
        ("dimensions", "fo", "axes", "project=moon", FO),
        ("dimensions", "visma", "axes", "project=project", f"{VISMA}, {EMPLOYEE}"),
        ("workers", "exact", "axis", "nonsense", f"{EXACT}, {EMPLOYEE}"),
        ("workers", "fo", "axis", "employee", FO),
        ("workers", "visma", "axis", "nonsense", f"{VISMA}, {EMPLOYEE}"),
        ("assignments", "fo", "axes", "org_level_1=moon", FO),
    ],
)
def test_an_axis_that_the_ledger_does_not_keep_is_refused(
    connected: Installation, kind: str, target: str, option: str, axis: str, there: str
) -> None:
    """With those that it has; nothing is stored."""
    done = set_flow(connected, kind, "pay", target, **{option: axis})

    (problem,) = done.json["problems"]
    assert (2, "axis.unknown", option) == (done.code, problem["code"], problem["where"])
    name = axis.rpartition("=")[2]
    assert f"The target has no axis {name!r} here, only {there}. Correct {option}" in problem["text"]
    assert [] == flows(connected)


@pytest.mark.parametrize(
    ("kind", "source", "target", "axes", "name", "there"),
    [
        ("dimensions", "pay", "exact", "moon=project", "source", UKG),
        ("assignments", "pay", "fo", "moon=project", "source", UKG),
        ("dimensions", "exact", "pay", "moon=org_level_1", "source", EXACT),
        ("dimensions", "fo", "pay", "moon=org_level_1", "source", FO),
        ("dimensions", "visma", "pay", "moon=org_level_1", "source", VISMA),
        ("dimensions", "exact", "pay", "project=moon", "target", PAY),
    ],
)
def test_an_axis_that_the_source_does_not_have_is_refused(
    connected: Installation, kind: str, source: str, target: str, axes: str, name: str, there: str
) -> None:
    """Payroll's and a ledger's alike; a payroll keeps fewer than it has."""
    done = set_flow(connected, kind, source, target, axes=axes)

    (problem,) = done.json["problems"]
    assert (2, "axis.unknown") == (done.code, problem["code"])
    assert f"The {name} has no axis 'moon' here, only {there}. Correct axes" in problem["text"]
    assert [] == flows(connected)


@pytest.mark.parametrize("target", ["exact", "fo", "visma"])
def test_an_axis_of_journals_that_the_ledger_does_not_have_is_refused(
    connected: Installation, target: str
) -> None:
    """Also the one on which small groups are booked."""
    more = {"axes": "cost_center,moon", "roll_up_axis": "sun", "journal": "90"}
    done = set_flow(connected, "payroll", "pay", target, **more)

    found = {problem["where"]: problem["text"] for problem in done.json["problems"]}
    assert {"axes", "roll_up_axis"} == set(found)
    assert "has no axis 'moon' here, only" in found["axes"]
    assert "has no axis 'sun' here, only" in found["roll_up_axis"]


def test_every_axis_that_is_wrong_is_named(connected: Installation) -> None:
    done = set_flow(connected, "dimensions", "pay", "exact", axes="moon=project,project=sun,org_level_1=star")

    assert ["moon", "star", "sun"] == sorted(
        problem["text"].partition("axis '")[2].partition("'")[0] for problem in done.json["problems"]
    )


def test_axes_that_there_are_are_stored_without_a_call(tmp_path: Path) -> None:
    """`employee` as well, before the connection's setting says how it is kept: the run says which one."""
    product = connect(tmp_path)
    for kind, target, options in (
        ("dimensions", "exact", {"axes": "project=project"}),
        ("workers", "exact", {"axis": "employee"}),
        ("workers", "visma", {"axis": "employee"}),
        ("dimensions", "visma", {"axes": "org_level_1=department"}),
        ("dimensions", "fo", {"axes": "project=project,org_level_1=branch"}),
        ("assignments", "fo", {"axes": "org_level_1=cost_center"}),
    ):
        done = set_flow(product, kind, "pay", target, **options)
        assert 0 == done.code, done
    assert 6 == len(flows(product))


def flows(product: Installation) -> list[Any]:
    return list(product.command("flows", "list", "--json").json["flows"])

"""What Visma.net refuses: a line that moves nothing, and the words that name the refused resource."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sandbox.visma_net_world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("hold", [True, False])
@pytest.mark.parametrize("amounts", [{}, {"debitAmountInCurrency": 0, "creditAmountInCurrency": 0}])
def test_a_line_has_a_debit_or_a_credit(world: World, hold: bool, amounts: dict[str, int]) -> None:
    """Being on hold spares a batch only its balance."""
    empty = world.line("5000", 0)
    del empty["debitAmountInCurrency"]
    empty |= {name: {"value": amount} for name, amount in amounts.items()}

    text = world.refusal(world.line("5000", 1), world.line("2930", -1), empty, hold=hold)

    assert text.endswith("Error: A line needs a debit amount or a credit amount.")
    assert [] == world.documents()


def test_a_line_cannot_lose_its_amount(world: World) -> None:
    """A change is held to the same rule."""
    number = world.booked()
    line = {"operation": "Update", "lineNumber": {"value": 1}, "debitAmountInCurrency": {"value": 0}}

    answer = world.change(number, {"journalTransactionLines": [line]})

    assert 400 == answer.status_code
    assert "A line needs a debit amount or a credit amount." in answer.json()["message"]
    assert "100.25" == world.documents()[0]["lines"][0]["amount"]


def _wrapped(**fields: Any) -> dict[str, Any]:
    return {name: {"value": value} for name, value in fields.items()}


@pytest.mark.parametrize(
    ("method", "path", "body", "screen"),
    [
        ("POST", "/v1/employee", {}, "Inserting 'Employee'"),
        ("PUT", "/v1/employee/E1", _wrapped(department="NOPE", branch="7"), "Updating 'Employee'"),
        ("POST", "/v1/account", _wrapped(type="Nope", currency="XXX"), "Inserting 'Account'"),
        ("PUT", "/v1/account/5000", _wrapped(type="Nope", currency="XXX"), "Updating 'Account'"),
        (
            "POST",
            "/v2/journaltransaction",
            _wrapped(ledger="77", branch="7"),
            "Inserting 'Journal Transaction'",
        ),
        (
            "PUT",
            "/v2/journaltransaction/100001",
            _wrapped(ledger="77", branch="7"),
            "Updating 'Journal Transaction'",
        ),
    ],
)
def test_several_broken_rules_stand_behind_the_name_of_the_resource(
    world: World, method: str, path: str, body: dict[str, Any], screen: str
) -> None:
    """The first line names the screen of what was sent, and what was done to it."""
    world.booked()

    answer = world.client.request(method, path, json=body)

    assert 400 == answer.status_code, answer.text
    first, *rules = answer.json()["message"].split("\r\n")
    doing, _, name = screen.partition(" ")
    words = f"Error {doing.lower()} the {name.strip(chr(39)).lower()}."
    assert first.endswith(
        f". {words} Error: {screen} record raised at least one error. Please review the errors."
    )
    assert len(rules) > 1


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/v1/department", {}, "Error inserting the department."),
        ("/v1/project", {}, "Error inserting the project."),
        ("/v1/projecttask/1", {}, "Error inserting the project task."),
        ("/v1/subaccount", {}, "Error inserting the subaccount."),
    ],
)
def test_one_broken_rule_stands_alone(world: World, path: str, body: dict[str, Any], words: str) -> None:
    """It needs no line before it."""
    message = world.client.post(path, json=body).json()["message"]
    assert words in message
    assert "\r\n" not in message
    assert "raised at least one error" not in message

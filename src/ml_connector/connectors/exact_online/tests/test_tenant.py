"""Whose books a division holds: its owner in Exact's register, the region's host, or the simulator."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from ml_connector.connectors.exact_online import CONNECTOR
from ml_connector.contract.memory import START, MemoryTokens, memory_wiring
from ml_connector.errors import Refused
from ml_connector.ports.ledger import Ledger
from ml_connector.ports.storage import TokenState

OWNER = "7D0EF6F1-0C4D-4F27-9A43-3A5B1C1E0002"
SETTINGS = {"division": "1204, 1205", "redirect_uri": "https://connector.example/back"}
Answers = Callable[[httpx2.Request], httpx2.Response]


def opened(answers: Answers, *, sandbox: bool = False) -> tuple[Ledger, list[str]]:
    """A ledger that somebody signed in to, and the calls it makes."""
    made: list[str] = []

    def wire(request: httpx2.Request) -> httpx2.Response:
        made.append(request.url.path)
        return answers(request)

    signed_in = TokenState(
        access_token="access", refresh_token="refresh", issued_at=START, expires_at=START + timedelta(hours=1)
    )
    wiring = replace(
        memory_wiring(sandbox=sandbox, wire=httpx2.MockTransport(wire)), tokens=MemoryTokens(signed_in)
    )
    address = "http://127.0.0.1:9100" if sandbox else "https://start.exactonline.nl"
    ledger = CONNECTOR.open({"base_url": address, **SETTINGS}, wiring).ledger
    assert ledger is not None
    return ledger, made


def register(*rows: dict[str, Any], **headers: str) -> Answers:
    """Exact's register of divisions."""
    body = json.dumps({"d": {"results": list(rows)}}).encode()
    return lambda request: httpx2.Response(
        200, headers={"Content-Type": "application/json", **headers}, content=body
    )


def division(owner: str | None, code: int = 1204) -> dict[str, Any]:
    """A division of the owner."""
    return {"Code": code, "Currency": "EUR", "Customer": owner}


def test_owner_of_the_division() -> None:
    """The number is the entity and no part of it: two divisions of an owner are in one licence."""
    ledger, made = opened(register(division(OWNER), division(OWNER, 1205)))

    assert {OWNER.lower()} == {ledger.tenant(code) for code in ("1204", "1204", "1205")}
    assert ["/api/v1/1204/hrm/Divisions"] == made


@pytest.mark.parametrize("owner", [None, "", " "])
def test_host_where_exact_names_no_owner(owner: str | None) -> None:
    """Division numbers are unique in a region."""
    ledger, _ = opened(register(division(owner)))

    assert "start.exactonline.nl" == ledger.tenant("1204")


def test_division_that_is_not_reached_is_no_books() -> None:
    """No host stands in for a division that Exact does not show."""
    ledger, _ = opened(register(division(OWNER, 4711)))

    with pytest.raises(Refused) as caught:
        ledger.tenant("1204")

    assert ("division.unknown", "division 1204") == (caught.value.problem.code, caught.value.problem.where)


def test_installation_in_a_sandbox() -> None:
    """What the simulator says counts before the owner, who is the same in every one; where it says nothing
    the owner does.
    """
    named, made = opened(register(division(OWNER), **{"X-Sandbox-Installation": "books-7"}), sandbox=True)
    silent, _ = opened(register(division(OWNER)), sandbox=True)

    assert ["books-7", "books-7"] == [named.tenant("1204"), named.tenant("1204")]
    assert 1 == len(made)
    assert OWNER.lower() == silent.tenant("1204")


def test_header_means_nothing_on_a_real_host() -> None:
    """Whoever could add it must not decide which books these are."""
    ledger, _ = opened(register(division(OWNER), **{"X-Sandbox-Installation": "books-7"}))

    assert OWNER.lower() == ledger.tenant("1204")

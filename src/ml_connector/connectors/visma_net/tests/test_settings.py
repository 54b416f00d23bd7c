"""Settings: what may be called, and what is refused before any call."""

from __future__ import annotations

import base64
import json

import pytest

from ml_connector.connectors.visma_net import CONNECTOR
from ml_connector.connectors.visma_net.client import granted_scopes, token_broker
from ml_connector.connectors.visma_net.settings import SCOPE, read
from ml_connector.contract.memory import memory_wiring
from ml_connector.errors import NotSent

GOOD = {"tenant_id": "4e95f4b9-e895-5a20-a960-2ee8b4f8e49b", "company": "FJORD"}


def test_company_and_tenant_are_enough() -> None:
    """Everything else has a default."""
    options, problems = read(GOOD, sandbox=False)

    assert problems == []
    assert ("https://api.finance.visma.net", "https://connect.visma.com/connect/token") == (
        options.base_url,
        options.token_url,
    )
    assert (options.companies, options.segments, options.non_project) == (
        {GOOD["company"]: GOOD["tenant_id"]},
        {"cost_center": "1"},
        "X",
    )
    assert options.axes == {"cost_center", "branch", "project"}


@pytest.mark.parametrize(
    ("name", "value", "where"),
    [
        ("base_url", "https://api.finance.visma.net.evil.example", "base_url"),
        ("base_url", "http://api.finance.visma.net", "base_url"),
        ("base_url", "https://api.finance.visma.net/erp/service", "base_url"),
        ("base_url", "https://integration.visma.net", "base_url"),
        ("token_url", "https://evil.example/connect/token", "token_url"),
        ("token_url", "https://connect.visma.com/connect/authorize", "token_url"),
        ("tenant_id", "", "tenant_id"),
        ("tenant_id", "1234567", "tenant_id"),
        ("company", " ", "company"),
        ("segments", "cost_center", "segments"),
        ("segments", "cost_center=1, plant=1", "segments"),
        ("segments", "branch=1", "segments"),
        ("segment_defaults", "plant=OSL", "segment_defaults"),
        ("lines_max", "1", "lines_max"),
        ("lines_max", "many", "lines_max"),
        ("settle_seconds", "100", "settle_seconds"),
        ("posting_seconds", "0", "posting_seconds"),
        ("calls_per_hour", "0", "calls_per_hour"),
    ],
)
def test_bad_setting_is_named(name: str, value: str, where: str) -> None:
    """Each with what is expected; opening with it sends nothing."""
    settings = {**GOOD, name: value}

    assert [problem.where for problem in CONNECTOR.check_settings(settings, sandbox=False)] == [where]
    with pytest.raises(NotSent):
        CONNECTOR.open(settings, memory_wiring(sandbox=False))


def test_sandbox_speaks_to_this_machine_only() -> None:
    """Neither the API nor the sign-in leaves it."""
    assert [problem.where for problem in CONNECTOR.check_settings(GOOD, sandbox=True)] == [
        "base_url",
        "token_url",
    ]


def test_defaults() -> None:
    """Of a real host, and of a sandbox."""
    real, _ = read(GOOD, sandbox=False)
    local, _ = read(GOOD, sandbox=True)

    assert (real.deadline_seconds, real.settle_seconds, real.visible_seconds, real.posting_seconds) == (
        240,
        900,
        60,
        60,
    )
    assert (local.settle_seconds, local.visible_seconds, local.posting_seconds) == (5, 0, 1)
    assert (real.lines_max, real.calls_per_hour, local.calls_per_hour) == (1000, 500, 0)


def test_tenant_goes_with_every_token_request() -> None:
    """It decides the company, and no right to delete is asked for."""
    options, _ = read(GOOD, sandbox=False)

    assert token_broker(options, memory_wiring(sandbox=False), "FJORD").parameters == {
        "scope": SCOPE,
        "tenant_id": GOOD["tenant_id"],
    }
    assert "delete" not in SCOPE


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({"scope": "a:read a:create"}, {"a:read", "a:create"}),
        ({"scope": ["a:read"]}, {"a:read"}),
        ({}, {"x"}),
        ({"scope": 5}, {"x"}),
        ([], {"x"}),
    ],
)
def test_scopes_of_a_token(claims: object, scopes: set[str]) -> None:
    """What it names; what was asked for where it names nothing."""
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")

    assert granted_scopes(f"eyJhbGciOiJSUzI1NiJ9.{body}.c2ln", "x") == scopes


@pytest.mark.parametrize("token", ["", "opaque", "a.!.c", "a.e.c"])
def test_scopes_of_a_token_that_cannot_be_read(token: str) -> None:
    """Nothing is concluded from it."""
    assert granted_scopes(token, "x y") == {"x", "y"}

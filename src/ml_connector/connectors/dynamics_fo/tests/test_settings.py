"""Settings: what may be called, and what is refused before any call."""

from __future__ import annotations

import pytest

from ml_connector.connectors.dynamics_fo import CONNECTOR
from ml_connector.connectors.dynamics_fo.client import token_broker
from ml_connector.connectors.dynamics_fo.settings import read
from ml_connector.contract.memory import memory_wiring
from ml_connector.errors import NotSent

GOOD = {
    "base_url": "https://acme.operations.dynamics.com",
    "company": "usmf, DAT",
    "token_url": "https://login.microsoftonline.com/3f2a/oauth2/v2.0/token",
}


@pytest.mark.parametrize(
    "host",
    [
        "acme.operations.dynamics.com",
        "acme.sandbox.operations.dynamics.com",
        "acme.sandbox.operations.eu.dynamics.com",
        "acmeaos.cloudax.dynamics.com",
    ],
)
def test_hosts_of_the_vendor(host: str) -> None:
    """Production, sandbox, region, development."""
    assert CONNECTOR.check_settings({**GOOD, "base_url": f"https://{host}"}, sandbox=False) == []


@pytest.mark.parametrize(
    ("name", "value", "where"),
    [
        ("base_url", "https://operations.dynamics.com.evil.example", "base_url"),
        ("base_url", "http://acme.operations.dynamics.com", "base_url"),
        ("base_url", "https://acme.operations.dynamics.com/data", "base_url"),
        ("base_url", "https://Acme.operations.dynamics.com", "base_url"),
        ("token_url", "https://evil.example/3f2a/oauth2/v2.0/token", "token_url"),
        ("token_url", "https://login.microsoftonline.com/organizations/oauth2/v2.0/token", "token_url"),
        ("token_url", "https://login.microsoftonline.com/3f2a", "token_url"),
        ("token_url", "https://login.microsoftonline.com/../common/oauth2/v2.0/token", "token_url"),
        ("token_url", "https://login.microsoftonline.com/3f2a/x/oauth2/v2.0/token", "token_url"),
        ("token_url", "https://login.microsoftonline.com//oauth2/token", "token_url"),
        ("company", "", "company"),
        ("company", "usmf' or 1 eq 1", "company"),
        ("dimensions", "cost_center", "dimensions"),
        ("dimensions", "a=X, b=X", "dimensions"),
        ("lines_max", "1", "lines_max"),
        ("lines_max", "many", "lines_max"),
        ("changeset_lines", "0", "changeset_lines"),
        ("changeset_lines", "99", "changeset_lines"),
        ("changeset_lines", "210", "changeset_lines"),
        ("changeset_lines", "many", "changeset_lines"),
        ("settle_seconds", "100", "settle_seconds"),
        ("posting_seconds", "0", "posting_seconds"),
    ],
)
def test_bad_setting_is_named(name: str, value: str, where: str) -> None:
    """Each with what is expected; opening with it sends nothing."""
    settings = {**GOOD, name: value}

    assert [problem.where for problem in CONNECTOR.check_settings(settings, sandbox=False)] == [where]
    with pytest.raises(NotSent):
        CONNECTOR.open(settings, memory_wiring(sandbox=False))


@pytest.mark.parametrize("lines", ["10", "100", "200"])
def test_sizes_of_a_changeset(lines: str) -> None:
    """The least, the advised, and the largest that an environment was seen to take."""
    assert CONNECTOR.check_settings({**GOOD, "changeset_lines": lines}, sandbox=False) == []


def test_size_of_a_changeset_that_is_refused_names_the_range() -> None:
    """Whoever sets it reads what may be set."""
    (problem,) = CONNECTOR.check_settings({**GOOD, "changeset_lines": "5000"}, sandbox=False)

    assert "A changeset has from 10 to 200 lines, in tens; 100 is advised." == problem.text


def test_sandbox_speaks_to_this_machine_only() -> None:
    """Neither the environment nor the sign-in leaves it."""
    assert [problem.where for problem in CONNECTOR.check_settings(GOOD, sandbox=True)] == [
        "base_url",
        "token_url",
    ]


@pytest.mark.parametrize(
    ("url", "scope", "parameters"),
    [
        ("oauth2/v2.0/token", "", {"scope": "https://acme.operations.dynamics.com/.default"}),
        ("oauth2/token", "", {"resource": "https://acme.operations.dynamics.com"}),
        ("oauth2/token", "https://other", {"resource": "https://other"}),
    ],
)
def test_audience(url: str, scope: str, parameters: dict[str, str]) -> None:
    """By the version of the sign-in, and by setting."""
    options, problems = read(
        {**GOOD, "token_url": f"https://login.microsoftonline.com/3f2a/{url}", "scope": scope}, sandbox=False
    )

    assert problems == []
    assert token_broker(options, memory_wiring(sandbox=False)).parameters == parameters


def test_defaults() -> None:
    """Of a real host, and of a sandbox."""
    real, _ = read(GOOD, sandbox=False)
    local, _ = read(GOOD, sandbox=True)

    assert (real.deadline_seconds, real.settle_seconds, real.visible_seconds, real.posting_seconds) == (
        120,
        900,
        0,
        60,
    )
    assert (local.settle_seconds, local.posting_seconds, local.host) == (5, 1, "sandbox")
    assert (real.companies, real.lines_max, real.changeset_lines, real.host) == (
        ("usmf", "dat"),
        10_000,
        100,
        "acme.operations.dynamics.com",
    )

"""Settings: what is refused before any call, with field, value and remedy."""

from __future__ import annotations

import pytest

from ml_connector.connectors.exact_online import CONNECTOR
from ml_connector.connectors.exact_online.settings import read
from ml_connector.contract.memory import memory_wiring
from ml_connector.errors import NotSent

GOOD = {
    "base_url": "https://start.exactonline.nl",
    "division": "123456",
    "redirect_uri": "https://connector.example/back",
}


def problems(sandbox: bool = False, **changed: str) -> list[tuple[str, str]]:
    return [
        (problem.code, problem.where) for problem in CONNECTOR.check_settings({**GOOD, **changed}, sandbox)
    ]


def test_defaults_are_enough() -> None:
    """Three settings and the secrets make a connection."""
    assert problems() == []


@pytest.mark.parametrize(
    "host",
    [
        "https://start.exactonline.example",
        "https://start.exactonline.nl.example",
        "http://start.exactonline.nl",
        "https://exactonline.nl@evil.example",
        "http://127.0.0.1:9101",
        "",
    ],
)
def test_host_that_is_not_the_vendors(host: str) -> None:
    """Secrets go to the vendor's hosts only; this machine is not one of them."""
    assert problems(base_url=host) == [("setting.host", "base_url")]


def test_sandbox_is_this_machine_only() -> None:
    """A sandbox connection cannot speak to a real host, nor the other way round."""
    assert problems(sandbox=True, base_url="http://127.0.0.1:9101") == []
    assert problems(sandbox=True) == [("setting.host", "base_url")]


@pytest.mark.parametrize(
    "url",
    [
        "http://connector.example/back",
        "https://localhost/back",
        "https://127.0.0.1:8443/back",
        "https://anna:s3cret@connector.example/back",
        "https://connector.example\\.evil.example/back",
        "https://connector.example/back#part",
        "https://connector.example/ba ck",
        "connector.example",
        "",
    ],
)
def test_redirect_address_is_one_of_another_machine(url: str) -> None:
    """The code of the consent comes back to it, so it says exactly one place."""
    assert problems(redirect_uri=url) == [("setting.redirect", "redirect_uri")]
    assert problems(redirect_uri="https://connector.example:8443/back?app=1") == []


def test_settling_time_covers_the_deadline() -> None:
    """On a real host the settling time is never below the deadline and 60 seconds."""
    assert problems(settle_seconds="159") == [("setting.settle", "settle_seconds")]
    assert problems(settle_seconds="160") == []


def test_calls_cannot_be_unlimited_on_a_real_host() -> None:
    """Exact blocks an app that does not count."""
    assert (
        problems(errors_per_hour="0")
        == problems(errors_per_hour="5")
        == [("setting.errors", "errors_per_hour")]
    )
    assert problems(calls_per_minute="0") == [("setting.calls", "calls_per_minute")]
    assert (
        problems(sandbox=True, base_url="http://localhost:1", calls_per_minute="0", calls_per_day="0") == []
    )


def test_every_problem_at_once() -> None:
    """Nobody has to try five times."""
    found = problems(
        base_url="https://x.example", division="current", redirect_uri="http://localhost/", lines_max="many"
    )

    assert [where for _, where in found] == ["base_url", "division", "redirect_uri", "lines_max"]


def test_open_refuses_what_the_check_refuses() -> None:
    """No system stands behind settings with a problem."""
    with pytest.raises(NotSent) as caught:
        CONNECTOR.open(
            {**GOOD, "base_url": "https://start.exactonline.example"}, memory_wiring(sandbox=False)
        )

    assert "is not a host of this vendor" in caught.value.problem.text


def test_limits_are_settings() -> None:
    """Deadline, settling and visibility come from the connection; a sandbox settles in five seconds."""
    real = CONNECTOR.open(GOOD, memory_wiring(sandbox=False)).ledger
    sandbox = CONNECTOR.open(
        {**GOOD, "base_url": "http://127.0.0.1:1", "lines_max": "7"}, memory_wiring()
    ).ledger
    assert real is not None
    assert sandbox is not None

    assert (
        real.limits.deadline_seconds,
        real.limits.settle_seconds,
        real.limits.visible_seconds,
        real.limits.lines_max,
    ) == (100, 600, 60, 1000)
    assert (sandbox.limits.settle_seconds, sandbox.limits.visible_seconds, sandbox.limits.lines_max) == (
        5,
        0,
        7,
    )


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({}, []),
        ({"employees": "api"}, []),
        ({"employees": "file", "hr_folder": "/srv/hr"}, []),
        ({"employees": "file"}, [("setting.folder", "hr_folder")]),
        ({"employees": "file", "hr_folder": "hr"}, [("setting.folder", "hr_folder")]),
        ({"employees": "yes"}, [("setting.employees", "employees")]),
    ],
)
def test_how_hr_records_are_kept(given: dict[str, str], wrong: list[tuple[str, str]]) -> None:
    """No way is taken unless it is named, and a file needs a place."""
    assert problems(**given) == wrong


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"attachment_megabytes": "0"}, "setting.attachments"),
        ({"attachment_megabytes": "26"}, "setting.attachments"),
        ({"attachment_megabytes": "7.5"}, "setting.number"),
        ({"document_type": "invoice"}, "setting.number"),
        ({"credit_notes": "positive"}, "setting.credit_notes"),
    ],
)
def test_settings_of_the_purchase_side(settings: dict[str, str], code: str) -> None:
    """Each that cannot be used is a problem of its own; without any the defaults are used."""
    good = {"division": "1", "redirect_uri": "http://127.0.0.1/x", "base_url": "http://127.0.0.1:9"}

    options, problems = read({**good, **settings}, True)

    assert code in [problem.code for problem in problems]
    options, problems = read(good, True)
    assert problems == []
    assert (7_000_000, 20, "negative") == (
        options.attachment_bytes,
        options.document_type,
        options.credit_notes,
    )
    assert {"pdf", "jpg", "jpeg", "png", "gif", "bmp"} == set(options.attachment_types)

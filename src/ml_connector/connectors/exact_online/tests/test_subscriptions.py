"""Subscriptions that Exact does not take, and what a person can do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ml_connector.errors import Refused


def refusal(world: Any, address: str) -> Refused:
    """What the first subscription of the address is answered with."""
    subscriptions = world.system.subscriptions()
    with pytest.raises(Refused) as caught:
        subscriptions.make(subscriptions.wanted(address)[0], "")
    assert "address" == caught.value.problem.where
    return caught.value


@pytest.fixture
def world(make_world: Callable[..., Any]) -> Any:
    """Signed in."""
    world = make_world(profile="fast")
    world.authorize()
    return world


def test_an_address_of_another_domain_is_refused_with_the_domain_that_the_app_has(world: Any) -> None:
    problem = refusal(world, "https://hooks.evil.example/hooks/x").problem

    assert "webhook.domain" == problem.code
    (host,) = [part for part in world.settings["redirect_uri"].split("/") if "." in part][:1]
    assert f"is at {host}, the address at hooks.evil.example" in problem.text
    assert "app centre" in problem.text
    assert "Correct the code" not in problem.text


def test_an_address_that_nobody_answers_at_says_what_must_run(world: Any) -> None:
    """Exact tries it before it takes it."""
    world.host.vendor.switches.set({"webhooks_same_domain": False})

    problem = refusal(world, "https://127.0.0.1:1/hooks/x").problem

    assert ("webhook.unanswered", True) == (problem.code, "serve --listen" in problem.text)


def test_a_topic_that_somebody_else_has_says_so(world: Any) -> None:
    """Exact keeps one subscription of an app to a topic in a division."""
    world.host.vendor.switches.set({"webhooks_same_domain": False, "webhook_validation": False})
    subscriptions = world.system.subscriptions()
    subscriptions.make(subscriptions.wanted("https://127.0.0.1/other")[0], "")

    problem = refusal(world, "https://127.0.0.1/hooks/x").problem

    assert "webhook.taken" == problem.code
    assert f"GLAccounts in division {world.division}" in problem.text

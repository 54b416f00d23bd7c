"""Whatever arrives, every simulator answers: no request ends a connection, and none fails inside."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.sandbox.fuzz_targets import SCREEN_FIELDS, TARGETS, dynamics_fo, exact_online
from tests.sandbox.fuzzing import Target, bodies, filters, requests

from ml_connector_sandbox.core.vendor import Request
from ml_connector_sandbox.core.wire import Answered

EXAMPLES = int(os.environ.get("SANDBOX_FUZZ_EXAMPLES", "200"))
"""Requests per simulator; set it higher for a run of its own."""
BOUNDED = settings(
    max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize("aim", TARGETS)
def test_every_request_has_an_answer_of_the_vendor(aim: Callable[[], Target]) -> None:
    """Methods, addresses, options, filters, headers and bodies of every wrong kind."""
    target = aim()

    @BOUNDED
    @given(requests(target))
    def strike(request: Request) -> None:
        target.strike(request)

    strike()


@pytest.mark.parametrize("aim", [exact_online, dynamics_fo])
def test_every_filter_is_evaluated_or_refused(aim: Callable[[], Target]) -> None:
    """Functions, operators and literals on properties of every type, over rows that are there."""
    target = aim()

    @BOUNDED
    @given(filters(target))
    def strike(request: Request) -> None:
        target.strike(request)

    strike()


@pytest.mark.parametrize("aim", TARGETS)
def test_every_control_call_has_an_answer(aim: Callable[[], Target]) -> None:
    """A control call with nonsense in it is told so; it is no failure of the simulator."""
    target = aim()
    asked = target.host.exchange(Request(method="POST", target="/__sandbox__/control/nothing"))
    assert isinstance(asked, Answered)
    actions = re.findall(r"[a-z_]+", asked.response.body.decode().partition("there are")[2])
    assert len(actions) > 10

    @BOUNDED
    @given(st.sampled_from(("faults", "clock", "switches", *actions)), bodies(SCREEN_FIELDS))
    def strike(name: str, body: bytes) -> None:
        path = f"control/{name}" if name in actions else name
        target.strike(Request(method="POST", target=f"/__sandbox__/{path}", body=body))
        target.host.wire.faults.forget()

    strike()

"""The contract suites on the simulator, in its vendor-true profile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ml_connector.contract.ledger import LedgerContract
from ml_connector.contract.sign_in import SignInContract
from ml_connector.ports.ledger import Ledger


class TestLedger(LedgerContract):
    """Exact Online as a ledger."""

    @pytest.fixture
    def world(self, request: pytest.FixtureRequest, make_world: Callable[..., Any]) -> Any:
        """A division that the connection may use."""
        profile = "fast" if "chart_of_more_than_one_page" in request.node.name else "vendor"
        world = make_world(profile=profile)
        world.authorize()
        return world

    @pytest.fixture
    def ledger(self, world: Any) -> Ledger:
        """Its ledger."""
        return world.ledger


class TestSignIn(SignInContract):
    """Exact Online's sign-in."""

    @pytest.fixture
    def world(self, make_world: Callable[..., Any]) -> Any:
        """A connection that nobody has signed in to."""
        return make_world()

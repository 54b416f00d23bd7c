"""The contract suite on the simulator, by each of the three sources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ml_connector.contract.payroll import PayrollContract


class TestGeneralLedger(PayrollContract):
    """The general-ledger endpoint."""

    @pytest.fixture
    def world(self, make_world: Callable[..., Any]) -> Any:
        return make_world()


class TestThirdPartyPay(PayrollContract):
    """Third-Party Pay."""

    @pytest.fixture
    def world(self, make_third_party: Callable[..., Any]) -> Any:
        return make_third_party()


class TestFlatFileWithTrailer(PayrollContract):
    """The bar-separated file with totals."""

    @pytest.fixture
    def world(self, make_flat_file: Callable[..., Any]) -> Any:
        return make_flat_file("L2")

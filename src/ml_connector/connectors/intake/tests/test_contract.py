"""The intake keeps the contract of a source of expense reports."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_connector.connectors.intake.tests.intake_world import World
from ml_connector.contract.expenses import CanceledReportsClaims, ExpenseSourceContract


class TestIntake(ExpenseSourceContract, CanceledReportsClaims):
    """Reports that were sent to the intake, over a real database."""

    @pytest.fixture
    def world(self, tmp_path: Path) -> World:
        return World(tmp_path)

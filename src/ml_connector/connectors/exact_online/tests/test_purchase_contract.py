"""The contract suites of the purchase side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ml_connector.connectors.exact_online.tests.purchase_world import Attachments, Dossiers, Purchases
from ml_connector.contract.filing import AttachmentSinkContract, DossierSinkContract
from ml_connector.contract.purchases import PurchaseSinkContract


class TestPurchases(PurchaseSinkContract):
    """Purchase entries of Exact Online."""

    @pytest.fixture
    def world(self, make_world: Callable[..., Any], tmp_path: Path) -> Any:
        """A division with a purchase journal."""
        return Purchases(make_world(), tmp_path)


class TestDossiers(DossierSinkContract):
    """Documents of Exact Online."""

    @pytest.fixture
    def world(self, make_world: Callable[..., Any], tmp_path: Path) -> Any:
        """A division with documents."""
        return Dossiers(make_world(), tmp_path)


class TestAttachments(AttachmentSinkContract):
    """Files of Exact Online."""

    @pytest.fixture
    def world(self, make_world: Callable[..., Any], tmp_path: Path) -> Any:
        """A division with a document of ours."""
        return Attachments(make_world(), tmp_path)

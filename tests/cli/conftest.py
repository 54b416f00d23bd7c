"""An installation with nothing in it, in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.stand import Installation


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A fresh home folder; the first command makes everything in it."""
    return Installation(tmp_path_factory.mktemp("home"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Somewhere to write files to."""
    return tmp_path

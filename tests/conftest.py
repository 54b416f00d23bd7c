"""How far the generated tests go: `ci` repeats the same examples everywhere, `thorough` searches for new ones
(`HYPOTHESIS_PROFILE=thorough`).
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("tests.mending", "tests.stand")

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile(
    "ci",
    max_examples=60,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=SLOW,
    print_blob=True,
)
settings.register_profile("thorough", max_examples=3000, deadline=None, suppress_health_check=SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

HEAVY = (
    "tests/crash/",
    "tests/e2e/",
    "tests/upgrade/",
    "tests/simulate/",
    "tests/cli/",
    "tests/runs/",
    "tests/store/",
)
"""Folders whose files take long: begun first, so that no process is left with one of them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files in the order in which they are begun; their tests in the order in which they stand."""
    items.sort(key=lambda item: next((n for n, part in enumerate(HEAVY) if part in item.nodeid), len(HEAVY)))

"""One set of simulators and one installation with a worker for each file of tests; every test takes a pay run
of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.stand import Stand, installation, served, simulators

RUNS = 24


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    """An installation that posts clean proposals by itself."""
    with simulators(RUNS) as sandbox, installation(sandbox) as stand, served(stand):
        yield stand


@pytest.fixture
def run(stand: Stand) -> str:
    """A pay run that nobody has touched."""
    return stand.runs.pop(0)

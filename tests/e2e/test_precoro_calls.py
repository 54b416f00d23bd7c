"""Processes of one installation that read the same Precoro at the same time: real processes, sockets and
database, and a vendor that refuses what comes too soon.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

pytestmark = pytest.mark.slow

SERVE = ("-m", "ml_connector_sandbox", "serve", "--system", "precoro", "--port", "0")
SCENE = ("--scenario", "procurement", "--switch", "same_get_seconds=3")
FIELDS = "item:21=account, document:31=cost_center"
PROCESSES, LISTS = 3, 5
"""Lists that a test of the connection reads, each of them one page."""


@pytest.fixture
def precoro() -> Iterator[dict[str, Any]]:
    """The simulator with its limits of calls, as a process of its own."""
    process = subprocess.Popen([sys.executable, *SERVE, *SCENE], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["systems"]["precoro"]
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_processes_that_ask_the_same_are_never_refused(precoro: dict[str, Any], tmp_path: Path) -> None:
    """Neither for the pace nor for asking the same again: each waits its time, and all of them pass."""
    environment = {**os.environ, "ML_CONNECTOR_HOME": str(tmp_path)}
    command = [str(Path(sys.executable).parent / "ml-connector"), "connections"]
    key = tmp_path / "key"
    key.write_text(precoro["credentials"]["token"])
    settings = {
        "base_url": precoro["base_url"],
        "email": precoro["credentials"]["email"],
        "fields": FIELDS,
        "same_read_seconds": "4",
    }
    given = [f"--set={name}={value}" for name, value in settings.items()]
    add = [
        *command,
        "add",
        "proc",
        "--connector",
        "precoro",
        "--sandbox",
        f"--secret-file=token={key}",
        *given,
    ]
    subprocess.run(add, env=environment, check=True, capture_output=True)

    tests = [
        subprocess.Popen([*command, "test", "proc", "--json"], env=environment, stdout=subprocess.PIPE)
        for _ in range(PROCESSES)
    ]
    said = [json.loads(test.communicate(timeout=120)[0]) for test in tests]

    assert [0] * PROCESSES == [test.returncode for test in tests]
    assert all(right["granted"] for one in said for right in one["rights"])
    calls = httpx2.get(f"{precoro['base_url']}/__sandbox__/books").json()["calls"]
    assert (PROCESSES * LISTS, {}) == (calls["read"], calls["refused"])

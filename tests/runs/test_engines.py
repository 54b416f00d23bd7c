"""One suite for both engines: each claim is made on the inline engine and on the durable one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.payday import World
from tests.runs.claims import CLAIMS

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 120


@pytest.mark.parametrize("name", CLAIMS)
def test_the_inline_engine_keeps_the_claim(name: str) -> None:
    """In one thread and on a clock that stands still."""
    CLAIMS[name](World())


@pytest.mark.slow
@pytest.mark.parametrize("name", CLAIMS)
def test_the_durable_engine_keeps_the_claim(name: str, tmp_path: Path) -> None:
    """In a process of its own, on SQLite, in real time."""
    command = [sys.executable, "-m", "tests.runs.installation", str(tmp_path / "home"), "claim", name]

    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr[-5000:]

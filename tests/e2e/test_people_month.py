"""A month of few workers at three ledgers, each change heard of by notifications: the demo, cut short."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from tests.stand import TOOLS

pytestmark = pytest.mark.slow
WORKERS = 40


def test_a_month_that_is_heard_of_by_notifications() -> None:
    """Half of them are lost or come twice, and all out of order; nobody is missing, twice, or too many."""
    command = ["demo.py", "--scenario", "people", "--workers", str(WORKERS)]
    ended = subprocess.run(
        [sys.executable, str(TOOLS / command[0]), *command[1:]], capture_output=True, text=True, timeout=300
    )

    line = json.loads(ended.stdout.splitlines()[-1])
    assert (0, True) == (ended.returncode, line["ok"]), ended.stdout + ended.stderr
    assert {"exact_online", "dynamics_fo", "visma_net"} == line["ledgers"].keys()
    for found in line["ledgers"].values():
        assert {"missing": 0, "duplicate": 0, "extra": 0, "headcount": "equal"}.items() <= found.items()
        told = found["webhooks"]["ukg_pro"]
        assert told["published"] == told["delivered"] + told["lost"]
        assert min(told["lost"], told["doubled"], told["swapped"]) > 0
        assert told["delivered"] == found["webhooks"]["taken_up"]

"""`serve` alone for five weeks of one time with the simulators, in a minute: the demo, cut short."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from tests.stand import TOOLS

pytestmark = pytest.mark.slow


def test_five_weeks_that_nobody_watches() -> None:
    """One pay is booked over a kill; one never comes; one waits for a person, who comes last. Of one payroll
    every notification comes, of the other none, and they are too old to be sent again when its run comes.
    """
    ended = subprocess.run(
        [sys.executable, str(TOOLS / "demo_unattended.py"), "--short"],
        capture_output=True,
        text=True,
        timeout=300,
    )

    line = json.loads(ended.stdout.splitlines()[-1])
    assert (0, True) == (ended.returncode, line["ok"]), ended.stdout + ended.stderr
    counted = {"expected": 3, "found": 2, "posted": 1, "proposed": 1, "never_came": 1, "alarms": 4}
    assert {**counted, "missed": 0, "duplicates": 0, "kills": 1}.items() <= line.items()
    assert line["alerts_opened"] == ended.stdout.count("  alert opened: ") == 5
    assert "5 alerts were opened for 4 causes" in ended.stdout
    assert line["messages"]["e-mail"] == line["messages"]["webhook"] > 4
    heard, unheard = line["webhooks"]["harbor"], line["webhooks"]["fjord"]
    assert (heard["published"], 0) == (heard["delivered"], unheard["delivered"])
    assert min(heard["published"], unheard["published"]) > 0
    assert line["webhook_days"] > 14

"""A short `make crash`: the real process is killed with `kill -9` while it posts, and the judge counts what
the ledger holds.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from scenes import BY_LEDGER
from tests.stand import TOOLS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("target", BY_LEDGER)
def test_six_kills_leave_every_entry_once(target: str) -> None:
    """At moments drawn by a seed, some of them with the entry in the ledger's hands; the last line is counted
    from the books.
    """
    command = [sys.executable, str(TOOLS / "crash.py"), "--kills", "6", "--seed", "3", "--target", target]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    last = json.loads(ended.stdout.splitlines()[-1])

    assert (0, 6, 6, 0, 0) == (
        ended.returncode,
        last["kills"],
        last["documents"],
        last["duplicates"],
        last["lost"],
    )
    assert ["kills", "kills_in_flight", "late_commits", "documents", "duplicates", "lost"] == list(last)
    assert 2 <= last["kills_in_flight"]

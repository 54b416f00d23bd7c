"""What release 0.1.0 left behind is there after the upgrade."""

from __future__ import annotations

from collections import Counter

from tests.upgrade.conftest import Kept


def test_every_run_of_the_release_before_is_listed(kept: Kept):
    """A run that is booked, one reversed with its reversal, a dry one, a cancelled one, one that waits for
    approval and one that died while it posted.
    """
    rows = kept.run("runs", "list", "--json")["runs"]

    states = Counter(row["state"] for row in rows)
    assert Counter(done=4, awaiting_approval=1, cancelled=1, running=1) == states

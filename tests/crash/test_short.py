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


def test_kills_and_edits_leave_every_worker_one_member_and_every_edit() -> None:
    """Two kills at each ledger, of members or of what else is kept, and what a person edits there."""
    command = [sys.executable, str(TOOLS / "crash.py"), "--kills", "6", "--seed", "2", "--target", "people"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    last = json.loads(ended.stdout.splitlines()[-1])

    assert (0, True, 6) == (ended.returncode, last["ok"], last["kills"]), ended.stderr
    assert (0, 0, 0) == (last["duplicates"], last["lost"], last["overwritten"])
    assert last["kills_in_flight"] >= 2
    assert last["edits"] >= 2
    assert list(BY_LEDGER) == sorted(last["ledgers"], key=list(BY_LEDGER).index)
    kept = {"exact_online": {"employees"}, "dynamics_fo": {"assignments"}, "visma_net": {"employees"}}
    for ledger, found in last["ledgers"].items():
        assert {"members", *kept[ledger]} <= found.keys()
        assert all(found[name]["workers"] > 40 for name in ("members", *kept[ledger]))
        assert all(line["changes"] > 0 for line in found.values())


def test_kills_leave_every_invoice_booked_marked_and_paid_once() -> None:
    """Three kills at invoices and one at a payment; counted from the books of both."""
    command = [sys.executable, str(TOOLS / "crash.py"), "--kills", "4", "--seed", "5", "--target", "precoro"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    last = json.loads(ended.stdout.splitlines()[-1])

    assert (0, True, 4) == (ended.returncode, last["ok"], last["kills"]), ended.stderr
    assert (0, 0) == (last["duplicates"], last["lost"])
    assert last["invoices"] - last["waiting"] <= last["booked"] == last["marked"]
    assert last["kills_in_flight"] >= 2
    assert last["attachments"] >= last["booked"] > 3


def test_kills_leave_every_report_booked_and_told_once() -> None:
    """Four kills while reports are booked with their receipts and Findity is told, counted from both."""
    command = [sys.executable, str(TOOLS / "crash.py"), "--kills", "4", "--seed", "3", "--target", "expenses"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    last = json.loads(ended.stdout.splitlines()[-1])

    assert (0, True, 4) == (ended.returncode, last["ok"], last["kills"]), ended.stderr
    assert (0, 0) == (last["duplicates"], last["lost"])
    assert last["kills_in_flight"] >= 2
    assert last["reports"] == last["status_back"]
    assert last["reports"] >= last["booked"] > 4

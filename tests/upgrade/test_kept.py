"""What release 0.1.0 left behind is there after the upgrade, and none of its pay is booked again."""

from __future__ import annotations

import gzip
import json
import re
import sqlite3
import tarfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from scenes import MAIN, PAYROLL
from stage import LEDGER, Sandbox, unlimited
from tests.stand import Installation, Stand
from tests.upgrade.books import rebook
from tests.upgrade.conftest import KEPT, Kept

from ml_connector import __version__

BOOKED, DIED = "20240", "20245"


@pytest.fixture
def stand(kept: Kept) -> Iterator[Stand]:
    """The kept installation beside simulators as they were then, under new addresses: an administrator has
    given the new ones, and signed in.
    """
    switches = ["--switch", f"{PAYROLL}.runs=8", "--switch", f"{PAYROLL}.workers=12"]
    with Sandbox([*MAIN.arguments(), "--profile", "fast", *switches]) as sandbox:
        rebook(sandbox.systems[LEDGER], kept.books)
        kept.connect(sandbox, MAIN, mode="approve", settings=unlimited(MAIN))
        yield Stand(sandbox, kept, [], [BOOKED, DIED])


def test_every_run_of_the_release_before_is_listed(kept: Kept) -> None:
    """A run that is booked, one reversed with its reversal, a dry one, a cancelled one; the one that waited
    for approval and the one that died while it posted begin again.
    """
    rows = kept.run("runs", "list", "--json")["runs"]

    states = Counter(row["state"] for row in rows)
    assert Counter(done=4, cancelled=1, ready=2) == states


def test_the_upgrade_is_in_the_audit_log_once(kept: Kept) -> None:
    """From which release, to which, and which tables it changed."""
    for _ in range(2):
        kept.run("runs", "list", "--json")

    lines = kept.command("audit", "export").stdout.splitlines()
    texts = [json.loads(json.loads(line)["text"]) for line in lines if "text" in json.loads(line)]
    (entry,) = [text for text in texts if text["action"] == "installation.upgraded"]
    assert ("a release that did not say which it is", __version__) == (
        entry["detail"]["from"],
        entry["detail"]["to"],
    )
    assert entry["detail"]["tables"].startswith("0003_token_name → 0037_expected_changes")


def test_the_chain_of_the_release_before_is_verified(kept: Kept) -> None:
    """What the upgrade rewrote is said to be not compared, and is no fault."""
    found, shown = kept.run("audit", "verify", "--json"), kept.command("audit", "verify").stdout

    assert (True, []) == (found["ok"], found["faults"])
    assert {"approvals": 4} == found["of_an_earlier_release"]
    assert "Not compared, because an upgrade rewrote these records: 4" in shown


def test_a_new_installation_is_no_upgrade(tmp_path: Path) -> None:
    """Nothing was taken over."""
    product = Installation(tmp_path / "home")
    for _ in range(2):
        product.run("pause", "everything", "--json")

    assert "upgraded" not in product.command("audit", "export").stdout


def test_a_backup_of_the_release_before_is_restored_without_its_keys(tmp_path: Path) -> None:
    """It is upgraded and made safe in its file: nothing of it would post by itself."""
    database, file = tmp_path / "product.sqlite3", tmp_path / "backup.tar.gz"
    database.write_bytes(gzip.decompress((KEPT / "sqlite" / "product.sqlite3.gz").read_bytes()))
    with tarfile.open(file, "w:gz") as archive:
        archive.add(database, database.name)
    product = Installation(tmp_path / "home")

    done = product.run("restore", str(file), "--json")

    assert (True, 2) == (done["ok"], done["runs"])
    states = Counter(row["state"] for row in product.run("runs", "list", "--json")["runs"])
    assert Counter(done=4, cancelled=1, held=2) == states
    assert ["propose"] == [flow["mode"] for flow in product.run("flows", "list", "--json")["flows"]]
    assert not (product.home / "keys").exists()


def test_what_the_engine_noted_among_the_input_of_a_run_has_columns(tmp_path: Path) -> None:
    """How often its stage had failed, and why."""
    database, file = tmp_path / "product.sqlite3", tmp_path / "backup.tar.gz"
    database.write_bytes(gzip.decompress((KEPT / "sqlite" / "product.sqlite3.gz").read_bytes()))
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "UPDATE store_run SET input = json_set(input, '$._tries', '2', '$._support', 'why')"
            " WHERE state = 'running'"
        )
    with tarfile.open(file, "w:gz") as archive:
        archive.add(database, database.name)
    product = Installation(tmp_path / "home")

    product.run("restore", str(file), "--json")

    with closing(sqlite3.connect(product.home / "product.sqlite3")) as connection:
        rows = list(connection.execute("SELECT tries, support, input FROM store_run ORDER BY number"))
    assert [(0, "")] * 6 + [(2, "why")] == [row[:2] for row in rows]
    assert not [row for row in rows if '"_tries"' in row[2] or '"_support"' in row[2]]


def pay_run(stand: Stand, run: str) -> str:
    """Which pay run it is of."""
    return str(stand.ask("runs", "show", run)["pay_run"])


def test_no_pay_of_the_release_before_is_booked_again(stand: Stand) -> None:
    """The same pay again is nothing; what was in mid-send is found; its rerun is the difference."""
    ready = [row["id"] for row in stand.ask("runs", "list")["runs"] if row["state"] == "ready"]
    waiting, dying = sorted(ready, key=lambda run: pay_run(stand, run))
    waits, died = stand.ask("runs", "follow", waiting, code=4), stand.ask("runs", "follow", dying)
    again = stand.post(BOOKED)

    assert "Already booked as 26950001 in 1204; nothing to do." == again["summary"]
    assert "Already booked as 26950004 in 1204; nothing to do." == died["summary"]
    assert "Proposed again after the upgrade. Proposed 1 entry" in waits["summary"]
    assert 4 == len(stand.documents())
    # The run that was reversed and its reversal come to nothing; the judge wants a run for every document.
    for number in ("26950002", "26950003"):
        stand.at_ledger("delete", number=number)
    stand.assert_booked(BOOKED, DIED)

    new = stand.at_payroll("rerun", run_id=BOOKED, changes={"W00001": "100.00"})["run_id"]
    difference = stand.post(new, code=4)
    assert [("26950001", "1204")] == [
        (taken["document"], taken["entity"]) for taken in difference["takes_back"]
    ]
    stand.approve(difference["run"])
    stand.booked.remove(BOOKED)
    stand.assert_booked(new)


def test_source_lines_of_the_release_before_are_still_behind_a_journal_line(kept: Kept) -> None:
    """They were rows of the database, and stand packed in their block since."""
    rows = kept.run("runs", "list", "--json")["runs"]
    booked = [row["id"] for row in rows if row["state"] == "done" and row["flow"] == "payroll"]
    found = 0
    for run in booked:
        for entry in kept.run("runs", "show", run, "--json")["entries"]:
            for line in (1, entry["lines"]):
                behind = kept.run("runs", "explain", run, str(line), "--json")["behind"]
                lines = [text for text in behind if re.fullmatch(r"\S+: \S+ -?[\d.]+ [A-Z]{3}", text)]
                assert (behind[0].startswith("rule "), bool(lines)) == (True, True), behind
                found += len(lines)
    assert found

"""The drill: an installation is backed up, and restored in an empty place, over itself, and beside the living
one; on both databases.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stage import TARGET
from tests.postgres import postgresql
from tests.stand import Installation, Stand, installation, simulators, worker

pytestmark = pytest.mark.slow

DATABASE = "ML_CONNECTOR_DATABASE_URL"
POINTS = ("restore: safe", "restore: engine empty", "restore: old one kept")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stand(request: pytest.FixtureRequest) -> Iterator[Stand]:
    """An installation whose proposals wait for approval; nobody works but the commands."""
    if request.param == "sqlite":
        with simulators(5) as sandbox, installation(sandbox, mode="approve") as made:
            yield made
        return
    with postgresql() as address, simulators(5) as sandbox:
        environment = {DATABASE: address}
        with installation(sandbox, mode="approve", environment=environment) as made:
            yield made


def elsewhere(stand: Stand, home: Path) -> Installation:
    """An installation with nothing in it, on the same kind of database."""
    home.mkdir()
    if DATABASE not in stand.product.environment:
        return Installation(home)
    import psycopg

    address = stand.product.environment[DATABASE]
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS copy")
        connection.execute("CREATE DATABASE copy")
    assert "/postgres" in address
    return Installation(home, {DATABASE: address.replace("/postgres?", "/copy?")})


def actions(product: Installation) -> list[dict[str, Any]]:
    """The audit chain."""
    lines = [json.loads(line) for line in product.command("audit", "export").stdout.splitlines()]
    return [json.loads(line["text"]) for line in lines if "text" in line]


def set_to_approve(product: Installation, stand: Stand) -> None:
    """A person says that the flow may post again."""
    product.flow(stand.sandbox, stand.scene, mode="approve")


def test_a_backup_is_restored_beside_the_living_installation(stand: Stand, tmp_path: Path) -> None:
    """Without the keys it can be looked at. With them a run is proposed again, and stops at what the other
    has posted meanwhile.
    """
    waits, meanwhile = stand.runs.pop(0), stand.runs.pop(0)
    run = stand.post(waits, code=4)["run"]
    file, keys = tmp_path / "backup.tar.gz", tmp_path / "keys"
    (tmp_path / "secret").write_text("a long secret of ada")
    stand.ask("people", "add", "ada", "--secret-file", str(tmp_path / "secret"))
    stand.ask("backup", str(file), "--keys-to", str(keys))
    other = elsewhere(stand, tmp_path / "home")

    done = other.run("restore", str(file), "--json")
    shown = other.run("runs", "show", run, "--json", expect=[0, 3])
    refused = [
        other.command(*words, "--json") for words in (["connections", "test", TARGET], ["serve", "--once"])
    ]

    assert (True, 1, 1) == (done["ok"], done["flows"], done["runs"])
    assert ("held", ["run.restored"]) == (shown["state"], [problem["code"] for problem in shown["problems"]])
    assert {"propose"} == {flow["mode"] for flow in other.run("flows", "list", "--json")["flows"]}
    assert ["ada"] == other.run("people", "list", "--json")["people"]
    assert not (other.home / "keys").exists()
    for answer in refused:
        assert 3 == answer.code
        assert f"Put it back from its backup, as {other.home / 'keys'}" in answer.json["error"]

    shutil.copy(keys, other.home / "keys")
    set_to_approve(other, stand)
    beside = Stand(stand.sandbox, other, [], stand.booked)
    assert "awaiting_approval" == beside.ask("runs", "resume", run, code=4)["state"]
    stand.approve(stand.post(meanwhile, code=4)["run"])
    stand.assert_booked(meanwhile)
    stopped = beside.approve(run, code=3)
    assert ["installation.other"] == [problem["code"] for problem in stopped["problems"]][:1]
    (asked,) = beside.ask("runs", "resume", run, code=3)["problems"]
    assert "a marker of this product" in asked["text"]
    beside.ask("runs", "resume", run, "--accept", asked["where"], code=4)
    assert "done" == beside.approve(run)["state"]
    beside.assert_booked(waits)
    (entry,) = [entry for entry in actions(other) if entry["action"] == "restored"]
    assert (file.name, 1, 1) == tuple(entry["detail"][name] for name in ("file", "flows", "runs"))
    assert entry["detail"]["made_at"].startswith("20")
    assert entry["actor"].startswith("cli:")
    assert entry["actor"] != "cli:cli"


def test_a_restored_run_goes_on_over_the_same_database(stand: Stand, tmp_path: Path) -> None:
    """The engine knew passes of this run that ended; none of them is taken for a new one. Its period is not
    the one in which the test before it left documents of a copy: those would be asked about.
    """
    pay_run = stand.runs.pop()
    run, file = stand.post(pay_run, code=4)["run"], tmp_path / "backup.tar.gz"
    stand.ask("backup", str(file))
    stand.approve(run)
    stand.assert_booked(pay_run)

    refused = stand.ask("restore", str(file), code=7)
    kept = stand.ask("runs", "show", run)["state"]
    stand.ask("restore", str(file), "--overwrite")
    void = stand.ask("runs", "approve", run, "--fingerprint", "0" * 12, code=7)
    set_to_approve(stand.product, stand)
    stand.ask("runs", "resume", run, code=4)
    at = stand.approve(run)

    assert "a restore replaces them all" in refused["error"]
    assert "done" == kept
    assert f"Run {run} is on hold; there is nothing to approve." == void["error"]
    assert "done" == at["state"]
    assert at["summary"].startswith("Found 1 entry")
    stand.assert_booked(pay_run)
    next_one = stand.runs.pop()
    stand.approve(stand.post(next_one, code=4)["run"])
    stand.assert_booked(next_one)


DIE = """
import os, sys
from pathlib import Path
from ml_connector.app.restore import alone, restore
from ml_connector.app.settings import Settings

def die(name):
    if name == sys.argv[2]:
        os._exit(9)

with alone(Settings()) as free:
    assert free
    restore(Settings(), Path(sys.argv[1]), actor="cli:test", crash_point=die)
"""


def test_nothing_is_restored_under_a_worker(stand: Stand, tmp_path: Path) -> None:
    """Under another id neither: it would go on with the old database, or in the middle of the new one."""
    file = tmp_path / "backup.tar.gz"
    stand.ask("backup", str(file))
    with worker(stand, "worker-2"):
        refused = stand.ask("restore", str(file), "--overwrite", code=7)

    assert "A worker is running on this installation. Stop it first." == refused["error"]


def test_a_restore_that_is_killed_leaves_the_old_database(stand: Stand, tmp_path: Path) -> None:
    """Wherever it ends, nothing unsafe is in place, and the next one does it all."""
    file = tmp_path / "backup.tar.gz"
    stand.ask("backup", str(file))
    stand.ask("pause", "everything")
    points = POINTS if DATABASE not in stand.product.environment else POINTS[:2]
    for point in points:
        code = subprocess.run(
            [sys.executable, "-c", DIE, str(file), point], env=stand.product._env(), check=False
        ).returncode

        assert 9 == code, point
        assert {"approve"} == {flow["mode"] for flow in stand.ask("flows", "list")["flows"]}
        assert "paused" == actions(stand.product)[-1]["action"], point

    stand.ask("restore", str(file), "--overwrite")
    assert "restored" == actions(stand.product)[-1]["action"]
    assert {"propose"} == {flow["mode"] for flow in stand.ask("flows", "list")["flows"]}
    stray = [path.name for path in stand.product.home.iterdir() if path.name.startswith(".")]
    assert [] == stray
    set_to_approve(stand.product, stand)
    assert False is stand.ask("unpause", "everything")["was_paused"]

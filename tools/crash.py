"""`make crash`: the real process is killed with `kill -9` again and again while it posts; the judge counts
what the ledger holds.

Three kinds of kill, drawn with a seed:
    late     the entry is in the ledger's hands; the process dies; the ledger books two seconds later
    sending  the entry is on its way, the ledger is slow; the process dies
    random   any moment at all, start-up included
Where a ledger takes an entry in several writes, the kill strikes one of them by lot.
With the target `people`, passes of workers are killed at every ledger: `crash_people.py`; with `precoro`,
what carries suppliers, invoices and payments: `crash_procurement.py`; with `expenses`, what books expense
reports: `crash_expenses.py`.
The product keeps its two databases in files, or both on a PostgreSQL server that is started for this alone.
The last line is one JSON object, counted from the simulators' books.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import crash_expenses
import crash_people
import crash_procurement
from postgres_server import postgresql
from rich.console import Console
from rich.progress import Progress
from scenes import BY_LEDGER, MAIN, PAYROLL, Scene
from stage import SOURCE, TARGET, CommandFailed, Product, Sandbox, judged, unlimited

LATE_SECONDS = 2.0
SLOW_SECONDS = 0.5
SEND_PATIENCE_SECONDS = 30.0
ROUNDS_TO_FINISH_MAX = 40
SQLITE, POSTGRESQL = "sqlite", "postgresql"
PEOPLE, PROCUREMENT, EXPENSES = "people", "precoro", "expenses"
PLAYS = {PEOPLE: crash_people.play, PROCUREMENT: crash_procurement.play, EXPENSES: crash_expenses.play}
KINDS = ("late", "late", "sending", "random", "random")

VERBOSE = "-v" in sys.argv
err = Console(stderr=True)


def main() -> int:
    """Kill, finish, judge; 0 when nothing is booked twice and nothing is lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--target", default=MAIN.ledger, choices=[*BY_LEDGER, *PLAYS])
    parser.add_argument("--store", default=SQLITE, choices=[SQLITE, POSTGRESQL])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, help="workers of each pay run")
    parser.add_argument("-v", action="store_true", help="a line for each kill")
    arguments = parser.parse_args()
    if arguments.target in PLAYS:
        return _flows(arguments.target, arguments.kills, arguments.seed)
    scene = BY_LEDGER[arguments.target]
    switches = [
        *scene.arguments(),
        "--switch",
        f"{PAYROLL}.runs={arguments.kills}",
        "--switch",
        f"{PAYROLL}.workers={arguments.workers or scene.workers}",
    ]
    with (
        tempfile.TemporaryDirectory(prefix="ml-connector-crash-") as folder,
        _store(arguments.store) as environment,
        Sandbox(["--profile", "fast", *switches]) as sandbox,
    ):
        product = Product(Path(folder), environment)
        options = {"posting_date": scene.one_date} if scene.one_date else {}
        product.connect(sandbox, scene, mode="automatic", settings=unlimited(scene), options=options)
        runs = [run["run_id"] for run in sandbox.control(PAYROLL, "books")["runs"]]
        counts = _kill_all(sandbox, scene, product, runs[: arguments.kills], random.Random(arguments.seed))
        _finish(product, len(runs))
        return _verdict(sandbox, scene, counts)


def _flows(target: str, kills: int, seed: int) -> int:
    line = PLAYS[target](kills, seed, lambda text: err.print(text, markup=False))
    print(json.dumps(line), flush=True)
    return 0 if line["ok"] else 1


@contextmanager
def _store(name: str) -> Iterator[Mapping[str, str]]:
    """What the product must be told of its databases."""
    if name == SQLITE:
        yield {}
        return
    with postgresql() as address:
        yield {"ML_CONNECTOR_DATABASE_URL": address}


def _kill_all(
    sandbox: Sandbox, scene: Scene, product: Product, runs: list[str], dice: random.Random
) -> Counter[str]:
    counts: Counter[str] = Counter()
    with Progress(console=err, disable=not err.is_terminal) as progress:
        task = progress.add_task("kills", total=len(runs))
        for run in runs:
            kind, began = dice.choice(KINDS), time.monotonic()
            fired = _kill_one(sandbox, scene, product, run, kind, dice)
            counts["kills"] += 1
            if VERBOSE:
                err.print(f"{run} {kind} fired={fired} {time.monotonic() - began:.1f} s", markup=False)
            counts["kills_in_flight"] += fired
            counts["late_commits"] += fired and kind == "late"
            progress.advance(task)
    return counts


def _kill_one(
    sandbox: Sandbox, scene: Scene, product: Product, run: str, kind: str, dice: random.Random
) -> bool:
    """Start the process on a pay run and kill it; whether an entry was in flight when it died."""
    sandbox.control(scene.ledger, "faults?record=1", method="DELETE")
    posting = dice.choice(scene.posting)
    if kind == "late":
        late = {"kind": "late_commit", "seconds": LATE_SECONDS, "answer": "hold", "times": 1, **posting}
        sandbox.control(scene.ledger, "faults", late)
    elif kind == "sending":
        sandbox.control(
            scene.ledger, "faults", {"kind": "slow", "seconds": SLOW_SECONDS, "times": 1, **posting}
        )
    process = product.start("run", "payroll", "--from", SOURCE, "--to", TARGET, "--pay-run", run, "--json")
    fired = False
    if kind == "random":
        time.sleep(dice.uniform(0.3, 4.0))
    else:
        fired = _until_fired(sandbox, scene.ledger, process)
        if kind == "sending":
            time.sleep(dice.uniform(0.0, SLOW_SECONDS * 0.9))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return fired


def _until_fired(sandbox: Sandbox, ledger: str, process: subprocess.Popen[str]) -> bool:
    began = time.monotonic()
    while time.monotonic() - began < SEND_PATIENCE_SECONDS and process.poll() is None:
        if sandbox.control(ledger, "faults")["fired"]:
            return True
        time.sleep(0.01)
    return False


def _finish(product: Product, runs: int) -> None:
    """Let what is left come to its end, pay runs whose command died before it was noted included."""
    for _ in range(ROUNDS_TO_FINISH_MAX):
        product.run("run", "payroll", "--from", SOURCE, "--to", TARGET, "--json", expect=(0, 3, 5))
        rows = product.run("runs", "list", "--limit", "5000", "--json")["runs"]
        waiting = [row for row in rows if row["state"] not in ("done", "held", "failed")]
        if not waiting and len(rows) >= runs:
            stuck = [row for row in rows if row["state"] != "done"]
            for row in stuck:
                err.print(
                    product.run("runs", "show", row["id"], "--json", expect=(0,))["problems"], markup=False
                )
            return
        for row in waiting[:1]:
            product.run("runs", "follow", row["id"], "--json", expect=(0, 3, 5, 6))
    raise CommandFailed("the runs do not come to an end")


def _verdict(sandbox: Sandbox, scene: Scene, counts: Counter[str]) -> int:
    verdict = judged(sandbox, scene)
    for difference in verdict.differences:
        err.print(difference, markup=False)
    line = {
        "kills": counts["kills"],
        "kills_in_flight": counts["kills_in_flight"],
        "late_commits": counts["late_commits"],
        "documents": verdict.entries,
        "duplicates": verdict.duplicates,
        "lost": verdict.lost,
    }
    print(json.dumps(line), flush=True)
    return 0 if verdict.ok else 1


if __name__ == "__main__":
    sys.exit(main())

"""`make demo`: a pay run is read, mapped, checked, posted and reconciled; in the middle of the posting the
process is killed.

Every figure comes from the simulators' books through the judge, not from the product. The last line is one
JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import demo_people
from rich.console import Console
from rich.table import Table
from scenes import PAYROLL, SCENES, Scene, scene_of
from stage import SOURCE, TARGET, CommandFailed, Product, Sandbox, judged

out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 140)
BOOKED_LATE_SECONDS = 1.5
PATIENCE_SECONDS = 120
PEOPLE = "people"


def main() -> int:
    """Run the demo; 0 when the judge finds everything booked once and equal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--register", help="payroll register to use instead of the made one")
    others = f"all, {PEOPLE}, unattended, procurement, expenses"
    parser.add_argument("--scenario", default="trading_company", help=f"{', '.join(SCENES)}, {others}")
    parser.add_argument("--workers", type=int, help=f"workers of {PEOPLE}; fewer make its month shorter")
    parser.add_argument("--keep", help="home folder to keep, for looking around afterwards")
    arguments = parser.parse_args()
    register = ["--register", str(Path(arguments.register).absolute())] if arguments.register else []
    with tempfile.TemporaryDirectory(prefix="ml-connector-demo-") as folder:
        home = Path(arguments.keep or folder).absolute()
        if home.is_dir() and any(home.iterdir()):
            return _stop(
                f"{home.name} is not empty. Every demo begins with new simulators, so it needs a new folder."
            )
        try:
            if arguments.scenario == "unattended":
                from demo_unattended import play

                return _last_line(play(home, _say))
            if arguments.scenario == "procurement":
                from demo_procurement import play as procure

                return _last_line(procure(home, _say))
            if arguments.scenario == "expenses":
                from demo_expenses import play as spend

                return _last_line(spend(home, _say))
            if arguments.scenario == PEOPLE:
                return _last_line(demo_people.play(home, _say, arguments.workers or demo_people.WORKERS))
            if arguments.scenario != "all":
                return _last_line(_scene(scene_of(arguments.scenario), register, home, bool(arguments.keep)))
            found = {
                scene.ledger: _scene(scene, register, home / scene.ledger, bool(arguments.keep))
                for scene in SCENES.values()
            }
            return _last_line({"ok": all(line["ok"] for line in found.values()), "ledgers": found})
        except KeyError:
            return _stop(
                f"There is no scenario {arguments.scenario!r}; there are {', '.join(SCENES)}, {others}."
            )
        except CommandFailed as error:
            return _stop(str(error))


def _scene(scene: Scene, register: Sequence[str], home: Path, keep: bool) -> Any:
    """Play one scene in a home of its own; what the judge says of it."""
    with Sandbox([*scene.arguments(), *register]) as sandbox:
        return _play(sandbox, scene, Product(home), keep)


def _last_line(line: Any) -> int:
    print(json.dumps(line), flush=True)
    return 0 if line["ok"] else 1


def _stop(text: str) -> int:
    out.print(text, markup=False)
    print(json.dumps({"ok": False, "error": text.strip().splitlines()[-1]}), flush=True)
    return 1


def _play(sandbox: Sandbox, scene: Scene, product: Product, keep: bool) -> Any:
    _say(
        f"1. Two simulated vendors are up, with their quotas, quirks and books: payroll {PAYROLL}, ledger"
        f" {scene.ledger}."
    )
    product.connect(sandbox, scene, mode="approve")
    for name in (SOURCE, TARGET):
        rights = product.run("connections", "test", name, "--json", expect=(0, 1))["rights"]
        missing = [right["name"] for right in rights if not right["granted"]]
        _say(
            f"   {name}: {len(rights)} rights asked for, {f'missing {missing}' if missing else 'all there'}."
        )

    _say("2. The newest pay run is read whole, mapped, checked and proposed.")
    proposed = product.run(
        "run", "payroll", "--from", SOURCE, "--to", TARGET, *scene.given, "--json", expect=(4,)
    )
    run = proposed["run"]
    _say(f"   {proposed['summary']}")

    _say("3. It is approved; while the entry is on its way to the ledger the process is killed (kill -9).")
    _approve_and_kill(sandbox, scene, product, run)

    _say(
        "4. It is started again. It does not know whether the ledger booked, so it waits, looks, and only"
        " then continues."
    )
    finished = product.run("runs", "follow", run, "--json")
    _say(f"   {finished['summary']}")
    _show(finished)
    return _verdict(sandbox, scene, product, run, keep)


def _approve_and_kill(sandbox: Sandbox, scene: Scene, product: Product, run: str) -> None:
    late = {
        "kind": "late_commit",
        "seconds": BOOKED_LATE_SECONDS,
        "answer": "hold",
        "times": 1,
        **scene.posting[0],
    }
    sandbox.control(scene.ledger, "faults", late)
    process = product.start("runs", "approve", run, *product.consent(run), "--json")
    began = time.monotonic()
    while not sandbox.control(scene.ledger, "faults")["fired"]:
        if process.poll() is not None or time.monotonic() - began > PATIENCE_SECONDS:
            process.kill()
            stdout, stderr = process.communicate()
            raise CommandFailed(f"the posting never reached the ledger:\n{stdout}{stderr}")
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    _say(
        f"   Killed process {process.pid} with the entry in flight; the ledger books it {BOOKED_LATE_SECONDS}"
        " s later, with nobody listening."
    )


def _show(finished: Any) -> None:
    _table(
        "Reconciliation (– = not reported by this system)",
        ["", "pay register", "payroll GL report", "journal", "ledger", "difference"],
        [
            (
                f"{whose}{t['what'].replace('_', ' ')}",
                *(t[book] or "–" for book in ("register", "run", "journal", "ledger")),
                t["difference"],
            )
            for whose, t in _whose("company", finished["tie_out"])
        ],
    )


def _verdict(sandbox: Sandbox, scene: Scene, product: Product, run: str, keep: bool) -> Any:
    verdict = judged(sandbox, scene)
    _table(
        "The journal by account, as the ledger holds it",
        ["account", "expected", "booked", "equal"],
        [
            (f"{whose}{a['account']}", a["expected"], a["booked"], "yes" if a["equal"] else "NO")
            for whose, a in _whose("entity", verdict.accounts)
        ],
    )
    for difference in verdict.differences:
        _say(f"   {difference}")
    _say("Where to look next")
    if keep:
        _say(
            f"   ML_CONNECTOR_HOME={os.path.relpath(product.home)} .venv/bin/ml-connector runs show {run}"
            " --lines 20"
        )
    else:
        _say(
            "   make demo KEEP=folder keeps the installation, to look around in; make demo REGISTER=path.csv"
            " takes a payroll of yours"
        )
    _say("   README.md, 'Connect a real system'; docs/architecture.md, one page")
    return verdict.as_json()


def _whose(name: str, rows: Sequence[Any]) -> list[tuple[str, Any]]:
    """Rows with the company or entity they are of, where there are several."""
    several = len({row[name] for row in rows} - {"*"}) > 1
    return [(f"{row[name]} " if several and row[name] != "*" else "", row) for row in rows]


def _say(text: str) -> None:
    out.print(text, markup=False)


def _table(title: str, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    shown = Table(title=title, title_justify="left", title_style="bold", show_edge=False, pad_edge=False)
    for index, column in enumerate(columns):
        shown.add_column(column, justify="left" if index == 0 else "right")
    for row in rows:
        shown.add_row(*("" if value is None else str(value) for value in row))
    out.print(shown)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.SubprocessError as error:
        sys.exit(str(error))

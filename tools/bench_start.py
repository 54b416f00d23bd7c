"""What a command takes that only looks, beside one that shows its help."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from typing import Any

from bench_product import environment
from measured import whole
from stage import SOURCE, TARGET, Product, Sandbox

REPETITIONS = 7


def looking(folder: Path) -> dict[str, Any]:
    """CPU seconds of `runs list`, `runs show` and `tie-out` of a run that is done, as whole processes, and
    the ratio of each to `--help` right before it.
    """
    home = folder / "start"
    with Sandbox(["--profile", "fast"]) as sandbox:
        product = Product(home)
        product.connect(sandbox, mode="automatic")
        done = product.run("run", "payroll", "--from", SOURCE, "--to", TARGET, "--json")
    run = done["run"] if "run" in done else done["runs"][-1]["run"]
    looks = {"runs list": ["runs", "list"], "runs show": ["runs", "show", run], "tie-out": ["tie-out", run]}
    seconds: dict[str, list[float]] = {name: [] for name in looks}
    ratios: dict[str, list[float]] = {name: [] for name in looks}
    for _ in range(REPETITIONS):
        for name, arguments in looks.items():
            help_alone = _cpu(home, "--help")
            seconds[name].append(_cpu(home, *arguments, "--json"))
            ratios[name].append(seconds[name][-1] / help_alone)
    found = {name: round(statistics.median(values), 2) for name, values in ratios.items()}
    return {
        "start_cpu_seconds": {name: round(statistics.median(values), 2) for name, values in seconds.items()},
        "start_to_help": found,
        "slowest_start_to_help": max(found.values()),
    }


def _cpu(home: Path, *arguments: str) -> float:
    return whole([sys.executable, "-m", "ml_connector.cli.main", *arguments], environment(home)).cpu

"""What coverage of worlds counts, and that an empty combination is told when it is asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from moving_world.coverage import FAULTS, STEPS, Coverage, cells, empty
from moving_world.truth import STATES

ROOT = Path(__file__).parent.parent.parent


def counted(coverage: Coverage) -> list[str]:
    """The faults that an act counts under now."""
    before = coverage.cells.copy()
    coverage.act("payroll", ["held"])
    return [fault for _, _, fault in coverage.cells - before]


def steps(coverage: Coverage, count: int, *lasting: str) -> None:
    """So many steps go by."""
    for _ in range(count):
        coverage.step(lasting)


def test_an_act_counts_under_every_fault_that_struck_lately() -> None:
    """Each of them may still be at work."""
    coverage = Coverage()
    coverage.strikes("crash")
    steps(coverage, 1)
    coverage.met("late")

    assert ["crash", "late answer"] == counted(coverage)


def test_a_fault_that_is_long_over_counts_no_more() -> None:
    """Then the act counts as one after nothing went wrong."""
    coverage = Coverage()
    coverage.strikes("crash")
    steps(coverage, STEPS)
    assert ["crash"] == counted(coverage)

    steps(coverage, 1)
    assert ["none"] == counted(coverage)


def test_a_fault_that_lasts_strikes_at_every_step() -> None:
    """A full disk does not become old."""
    coverage = Coverage()
    coverage.strikes("disk full")
    steps(coverage, 2 * STEPS, "disk full")

    assert ["disk full"] == counted(coverage)


def test_an_act_counts_once_for_every_run() -> None:
    """Two that are held are two."""
    coverage = Coverage()
    coverage.act("payroll", ["held", "held", "done"])

    assert {("payroll", "held", "none"): 2, ("payroll", "done", "none"): 1} == coverage.cells


def test_what_no_seed_had_is_empty() -> None:
    """Every actor, state and fault is a combination."""
    every = cells(["payroll", "operators"])

    assert 2 * len(STATES) * len(FAULTS) == len(every)
    assert every[1:] == empty(["operators", "payroll"], every[:1])


def test_a_simulation_that_must_cover_everything_and_does_not_has_failed() -> None:
    """And says so in words; so one seed cannot hold the claim."""
    words = [sys.executable, "tools/simulate.py", "--seeds", "1", "--jobs", "1", "--coverage"]
    ended = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)

    result = json.loads(ended.stdout.splitlines()[-1])
    assert (1, False, 0) == (ended.returncode, result["ok"], result["violations"]), ended.stderr
    said = " ".join(ended.stderr.split())
    empty_ones = len(result["coverage"]["zeros"])
    assert f"{empty_ones} combinations of actor, state of a run and fault did not happen in 1 seed:" in said
    assert result["coverage"]["zeros"][0] in said

"""Worlds that move: a short `make simulate`, kept cases, and what claims are for."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from moving_world.case import Case, read, read_all
from moving_world.driver import OPENINGS, Outcome, Step, play, replay
from moving_world.install import Ground, ground
from moving_world.payroll_people import PARTS_MAX
from moving_world.shape import FILES, LEDGERS, VENDORS, Flow, Shape

ROOT = Path(__file__).parent.parent.parent
CASES = read_all(Path(__file__).parent / "cases")
SEEDS = 24
TWICE = "booked twice"


@pytest.fixture(scope="module")
def place() -> Iterator[Ground]:
    """What the worlds of these tests stand on."""
    with ground() as found:
        yield found


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`tools/simulate.py`, to its end."""
    words = [sys.executable, str(ROOT / "tools" / "simulate.py"), *arguments]
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)


# --- the command --------------------------------------------------------------------------------------------


def test_a_short_simulation_finds_nothing_wrong() -> None:
    """Seeds 0 to 23, as `make simulate SEEDS=24` plays them; a longer run is for `make simulate`."""
    ended = command("--seeds", str(SEEDS), "--jobs", "1")

    result = json.loads(ended.stdout.splitlines()[-1])
    assert (0, "") == (ended.returncode, ended.stderr), ended.stderr
    assert (True, SEEDS, 0, []) == (result["ok"], result["seeds"], result["violations"], result["failed"])
    assert min(result[name] for name in ("steps", "sends", "faults", "kills", "runs")) > 0
    assert {*VENDORS} == result["sends_by"].keys()
    assert min(result["sends_by"].values()) > 0
    assert result["coverage"]["cells"] == result["coverage"]["seen"] + len(result["coverage"]["zeros"])


def test_a_seed_alone_is_the_seed_among_others(place: Ground) -> None:
    """Byte for byte, in another process, played twice: whatever a seed shows, its command shows again."""
    seed = 12
    code = (
        "from moving_world.install import ground\n"
        "from moving_world.runner import play_all\n"
        "with ground() as place:\n"
        "    for played in play_all(place, (11, 12)):\n"
        "        trace = played.outcome.trace\n"
        "print('\\n'.join(trace))\n"
    )
    among = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT / "tools"
    )
    alone = command("--seed", str(seed))

    here = play(place, seed).trace

    assert len(here) > 10
    assert here == alone.stdout.splitlines()[:-1]
    assert here == among.stdout.splitlines()


def test_a_given_schedule_makes_the_same_world(place: Ground) -> None:
    """So a failing seed can be made smaller, and kept."""
    first = play(place, 12)
    case = read(Case(12, first.shape, tuple(first.steps), "nothing").text())

    again = case.play(place)

    assert (first.trace, first.steps) == (again.trace, again.steps)


def test_what_a_seed_showed_once_is_not_wrong_any_more(place: Ground) -> None:
    """Each case was kept because something was wrong in it."""
    shown = {name: [str(wrong) for wrong in case.play(place).violations] for name, case in CASES.items()}

    assert {name: [] for name in CASES} == shown


def test_a_pay_in_files_is_calculated_as_often_as_there_are_other_amounts(place: Ground) -> None:
    """After that there is nothing to do: no file says the same as an earlier one of the pay."""
    shape = replace(
        ONE_PAY,
        companies={FILES: ("F1",)},
        flows=(Flow(source=FILES, target="books", mode="approve", entities={"F1": "1204"}),),
        opening="nothing",
    )
    again: Step = ("payroll calculates again", 0, 0, 0)

    outcome = replay(place, 0, shape, (("payroll calculates", 0, 0), *[again] * (PARTS_MAX + 2)))

    assert ([], PARTS_MAX) == (outcome.violations, sum("calculates pay 1" in line for line in outcome.trace))


@pytest.mark.parametrize("vendor", sorted({*VENDORS}))
def test_books_are_closed_in_the_middle_when_something_is_booked(place: Ground, vendor: str) -> None:
    """Not when a send has made a document that holds nothing yet."""
    entities = {"A1": "1204", "A2": "1205"}
    shape = replace(
        ONE_PAY,
        companies={"pay-a": tuple(entities)},
        flows=(Flow(source="pay-a", target="books", mode="approve", entities=entities),),
        opening="one is closed",
        vendors=dict.fromkeys(LEDGERS, vendor),
    )

    outcome = replay(place, 0, shape, OPENINGS["one is closed"])

    closed = next(number for number, line in enumerate(outcome.trace) if "everywhere" in line)
    assert [] == [str(wrong) for wrong in outcome.violations]
    assert "is changed by run 1: pay 1 A" in outcome.trace[closed - 1]


# --- what claims are for ------------------------------------------------------------------------------------

ONE_PAY = Shape(
    companies={"pay-a": ("A1",)},
    flows=(Flow(source="pay-a", target="books", mode="approve", entities={"A1": "1204"}),),
    block_rows=100,
    lag_seconds=0,
    keeps_marker=True,
    opening="one waits",
    liars=False,
    hostile=False,
)
POINTS = (5, 17, 29)


def two_at_once(place: Ground, points: int) -> Outcome:
    """One pay calculated twice, both runs approved, both posted in turns of so many points, then peace."""
    turns: list[Step] = [("go", 0, 400), ("go", 0, 400)]
    turns += [("go", 0, points), ("go", 1, points)] * 14
    again: tuple[Step, ...] = (
        ("payroll calculates again", 0, 0, 0),
        ("run payroll", 0),
        ("rest",),
        ("approve", 0, 1),
        ("approve", 1, 1),
    )
    return replay(place, 0, ONE_PAY, (*OPENINGS["one waits"], *again, *turns))


def codes(outcomes: list[Outcome]) -> set[str]:
    """What was wrong in any of the worlds."""
    return {wrong.code for outcome in outcomes for wrong in outcome.violations}


def test_with_claims_two_runs_of_a_pay_book_it_once(place: Ground) -> None:
    """However they take turns."""
    assert set() == codes([two_at_once(place, points) for points in POINTS])


def test_without_claims_a_pay_is_booked_twice_and_no_run_says_that_all_is_well() -> None:
    """The runs of this world claim nothing and take no turns at the ledger. The proof at the end of a run
    stands on what the ledger shows: nobody says done who is not.
    """
    with ground(claims=False) as unclaimed:
        found = codes([two_at_once(unclaimed, points) for points in POINTS])

    assert TWICE in found
    assert "false done" not in found

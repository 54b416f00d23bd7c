"""Worlds of people: a short `make simulate TARGET=people`, what its seeds showed once, and its judge."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from moving_people.play import Ground, ground, play

from ml_connector_sandbox.judges.people_at_rest import RestJudge

SIMULATE = Path(__file__).parent.parent.parent / "tools" / "simulate.py"
SEEDS = 12
SHOWN_ONCE = {
    39: "a write carried out late, and a leaving: people were asked as if a clerk had edited something",
    438: "a leaving and a return were entered for the same day, and the member stayed closed",
    292: "a hire was withdrawn, the notification heard, and the member made all the same",
    10: "approvals of passes were not in the audit log's terms",
}


@pytest.fixture(scope="module")
def place() -> Iterator[Ground]:
    """What the worlds of these tests stand on."""
    with ground() as found:
        yield found


def test_a_short_simulation_finds_nothing_wrong() -> None:
    """Four seeds at each ledger; a longer run is for `make simulate TARGET=people`."""
    words = [sys.executable, str(SIMULATE), "--target", "people", "--seeds", str(SEEDS), "--jobs", "1"]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)

    result = json.loads(ended.stdout.splitlines()[-1])
    assert (0, "") == (ended.returncode, ended.stderr), ended.stderr
    assert (True, SEEDS, 0, []) == (result["ok"], result["seeds"], result["violations"], result["failed"])
    names = ("steps", "passes", "sends", "faults", "kills", "notifications", "edits", "members")
    assert min(result[name] for name in names) > 0


def test_a_seed_is_the_same_world_each_time(place: Ground) -> None:
    assert play(place, 3).trace == play(place, 3).trace


@pytest.mark.parametrize("seed", SHOWN_ONCE)
def test_what_a_seed_showed_once_is_not_wrong_any_more(place: Ground, seed: int) -> None:
    assert [] == [str(violation) for violation in play(place, seed).violations]


# --- the judge ----------------------------------------------------------------------------------------------

DAY = date(2026, 7, 15)
SCRIPT = SimpleNamespace(MEMBER_OF={"US1": "10", "US2": "20"}, MEMBER_AXIS="worker")
HERE, GONE = [{"status": "A", "from": "2025-01-01"}], [{"status": "T", "from": "2026-07-01"}]


def person(number: str, *, company: str = "US1", name: str = "Mona Ivers", gone: bool = False) -> Any:
    statuses = [*HERE, *(GONE if gone else [])]
    return {"person": f"E{number}", "number": number, "name": name, "entity": company, "statuses": statuses}


def member(code: str, *, entity: str = "10", name: str = "Mona Ivers", is_open: bool = True) -> Any:
    row = {"id": f"{entity}{code}", "axis": "worker", "entity": entity, "code": code}
    return {**row, "name": name, "open": is_open}


CLERKS = member("Z1", name="Temporary staff")


@pytest.mark.parametrize(
    ("people", "members", "expected"),
    [
        ([person("001")], [member("1"), CLERKS], []),
        ([person("001")], [CLERKS], ["missing"]),
        ([person("001")], [member("1", is_open=False), CLERKS], ["missing"]),
        ([person("001")], [member("1", entity="20"), CLERKS], ["missing", "extra"]),
        ([person("001")], [member("1"), {**member("01"), "id": "x"}, CLERKS], ["twice"]),
        ([person("001")], [member("1", name="Mona Moss"), CLERKS], ["name"]),
        ([person("001", gone=True)], [member("1"), CLERKS], ["extra"]),
        ([person("001", gone=True)], [member("1", is_open=False), CLERKS], []),
        ([person("001")], [member("1"), {**CLERKS, "name": "Staff"}], ["clerk"]),
        ([person("001")], [member("1"), {**CLERKS, "open": False}], ["clerk"]),
        ([person("001")], [member("1")], ["deleted", "clerk"]),
    ],
)
def test_what_is_wrong_at_rest(people: list[Any], members: list[Any], expected: list[str]) -> None:
    judge = RestJudge(SCRIPT)
    judge.saw([CLERKS])
    judge.edited(CLERKS, people, DAY, busy=False, own=True)

    assert expected == [code for code, _ in judge.at_rest(people, DAY, members, ())]


def test_what_a_clerk_edited_is_shown_and_stays() -> None:
    """Shown, nothing else is asked of it; written over, it is wrong, unless payroll said something new."""
    judge, mine = RestJudge(SCRIPT), [person("001")]
    judge.edited(member("1", name="Clerk"), mine, DAY, busy=False)

    def wrong(people: list[Any], name: str, *shown: tuple[str, str]) -> list[str]:
        return [code for code, _ in judge.at_rest(people, DAY, [member("1", name=name)], shown)]

    assert [] == wrong(mine, "Clerk", ("10", "1"))
    assert ["name"] == wrong(mine, "Clerk")
    assert ["overwritten"] == wrong(mine, "Mona Ivers")
    assert [] == wrong([person("001", name="Mona Moss")], "Mona Moss")


def test_nobody_is_asked_about_what_no_clerk_touched() -> None:
    found = RestJudge(SCRIPT).at_rest([person("001")], DAY, [member("1")], [("10", "1")])

    assert ["asked for nothing"] == [code for code, _ in found]

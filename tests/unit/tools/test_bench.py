"""`make bench` says what is missed, and draws the floor from what vendors publish."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import floor_people
import pytest
from bench import AIMS, PARTS, missed_aims
from bench_payday import VENDORS, Quota
from bench_peers import PEERS, line_of
from bench_people import first_and_quiet
from bench_procurement import floor
from floor import LIMITS, payroll_calls
from ledger_calls import COSTS

from ml_connector.connectors.dynamics_fo.settings import SETTINGS
from ml_connector_sandbox.judges.people import Looked

BENCH = Path(__file__).parents[3] / "tools" / "bench.py"
WITHIN = {aim.name: aim.most for aim in AIMS}


def test_nothing_is_missed_at_the_aims_themselves() -> None:
    """At the most, and not less than that."""
    assert [] == missed_aims(tuple(PARTS), WITHIN)


@pytest.mark.parametrize("aim", AIMS, ids=lambda aim: aim.name)
def test_an_aim_that_is_missed_or_was_not_measured_is_named(aim: AIMS) -> None:  # type: ignore[valid-type]
    """Each of them, where its part was measured."""
    over = {**WITHIN, aim.name: aim.most * 1.01}
    unmeasured = {name: value for name, value in WITHIN.items() if name != aim.name}
    others = tuple(part for part in PARTS if part != aim.part)

    for result in (over, unmeasured):
        (text,) = missed_aims((aim.part,), result)
        assert text.startswith(aim.name)
        assert [] == missed_aims(others, result)
    assert float("nan") != missed_aims((aim.part,), {**WITHIN, aim.name: float("nan")})


def test_the_last_line_is_json_and_says_whether_all_is_well() -> None:
    """The quickest part; whether its aim is met is for the machine it runs on, not for a test."""
    done = subprocess.run(
        [sys.executable, str(BENCH), "--part", "computed", "--json"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    said = json.loads(done.stdout)
    assert missed_aims(("computed",), said) == said["missed"]
    assert (bool(said["missed"]), not said["missed"], "") == (done.returncode == 1, said["ok"], done.stderr)


@pytest.mark.parametrize(
    ("ledger", "lines", "sizes", "calls"),
    [
        ("exact_online", 1_000, {"cost_centers": 4_000}, 1 + 67 + 4 + 2 + 2 + 1 + 1),
        ("exact_online", 1_001, {"accounts": 1_001, "cost_centers": 61}, 2 + 2 + 4 + 2 + 2 + 1 + 2),
        ("dynamics_fo", 1_000, {}, 2 + 9 + 4 + 1 + 2 + 1 + 10 + 2 + 2),
        ("dynamics_fo", 201, {}, 2 + 9 + 4 + 1 + 2 + 1 + 3 + 2 + 2),
        ("visma_net", 2_000, {"accounts": 5_000}, 3 + 6 + 1 + 2 + 2 + 1 + 2 * 2),
    ],
)
def test_the_floor_of_a_ledger(ledger: str, lines: int, sizes: dict[str, int], calls: int) -> None:
    """Master data by pages, single questions, those that are asked again, what others booked, two look-ups,
    the entry, and where the ledger says it apart what is posted of it.
    """
    assert calls == LIMITS[ledger].calls(lines, sizes)


def test_the_floor_of_dynamics_is_drawn_with_the_changesets_that_a_connection_has() -> None:
    """Else the bench would compare runs of one size with the floor of another."""
    (size,) = (setting.default for setting in SETTINGS if setting.name == "changeset_lines")

    assert int(size) == LIMITS["dynamics_fo"].written


@pytest.mark.parametrize(
    ("reads", "writes", "needed"),
    [(1, 0, 1), (54, 6, 1), (55, 0, 2), (54, 7, 2), (540, 60, 10), (541, 0, 11), (0, 61, 2)],
)
def test_windows_that_calls_need_by_a_quota(reads: int, writes: int, needed: int) -> None:
    """Of sixty calls six are kept for writes."""
    assert needed == Quota(60, 60).needed(reads, writes)
    assert [1, 1, 2] == [Quota(60, 60).used(seconds) for seconds in (0, 59.9, 60)]


@pytest.mark.parametrize(("ledger", "needed"), [("exact_online", 11), ("visma_net", 2), ("dynamics_fo", 1)])
def test_the_quota_of_a_payday_that_takes_the_longest(ledger: str, needed: int) -> None:
    """That of the minute, where a day has room for all."""
    assert needed == VENDORS[ledger].windows(ledger, 0)[1]
    assert set(VENDORS) == set(LIMITS)


def test_the_floor_of_a_payroll_and_of_every_ledger() -> None:
    """Blocks of ten thousand rows, and whether the run still stands; no ledger is left out."""
    assert [6, 6, 7, 12] == [payroll_calls(rows) for rows in (1, 10_000, 10_001, 61_019)]
    assert set(COSTS) == set(LIMITS)


@pytest.mark.parametrize(
    ("people", "looks", "calls"), [(600, 1, 3), (10_001, 1, 5), (50_000, 1, 11), (50_000, 3, 15)]
)
def test_the_floor_of_a_payroll_of_people(people: int, looks: int, calls: int) -> None:
    """Both lists by ten thousand, what is to come, and two for each later look at which something changed."""
    assert calls == floor_people.payroll_calls(people, looks)


@pytest.mark.parametrize(
    ("ledger", "workers", "calls"),
    [("exact_online", 50_000, 51_669), ("dynamics_fo", 50_000, 508), ("visma_net", 50_000, 10)],
)
def test_the_floor_of_a_ledger_of_people(ledger: str, workers: int, calls: int) -> None:
    """Of one legal entity that has nobody: the list, the writes, and the list again; for Visma two companies
    are asked which they are.
    """
    entities = ("A", "B") if ledger == "visma_net" else ("A",)
    looked = Looked(Counter(), tuple(("A", str(number)) for number in range(workers)))

    assert calls == floor_people.MEMBER_CALLS[ledger](looked, entities)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kept", "calls"),
    [
        (("exact_online", "employees"), 10 + 11 + 80 + 10 + 2 * 2 + 2 * 2),
        (("dynamics_fo", "assignments"), 2 + 1 + 1 + 1),
        (("visma_net", "employees"), 2 + 90 + 1),
        (("visma_net", "departments"), 1 + 2 + 90 + 1),
    ],
)
def test_the_floor_of_what_else_is_kept(kept: tuple[str, str], calls: int) -> None:
    """Of 620 who are there once or twice and 90 changes of eighty people, ten of them new; of the second
    legal entity nothing is there, and nothing changes.
    """
    changed = tuple(("A", f"{number} since 2026-07-01") for number in range(80))
    changed += tuple(("A", f"{number} since 2026-07-09") for number in range(10))
    people, new = Counter({"A": 590}), Counter({"A": 10})
    looked = Looked(Counter({"A": 620}), changed, people=people, newcomers=new)

    assert 90 == looked.changes.total()
    assert calls + (2 if kept[0] == "exact_online" else 0) == floor_people.KEPT_CALLS[kept](
        looked, ("A", "B")
    )
    assert 1 + 1 + 1 == floor_people.KEPT_CALLS["visma_net", "departments"](Looked(Counter(), ()), ("A", "B"))


@pytest.mark.parametrize("ledger", sorted(floor_people.MEMBER_CALLS))
def test_a_first_pass_and_a_quiet_day_are_measured(tmp_path: Path, ledger: str) -> None:
    """With three hundred workers; the aims of calls hold as with fifty thousand. What memory it took says
    nothing here: a process counts what the one that started it held.
    """
    found = first_and_quiet(tmp_path, ledger, 300)

    assert found["calls"] <= 1.1 * found["floor"]
    assert 1.0 == found["quiet_day_calls_to_reads"] == found["quiet_day_ledger_calls_to_floor"]
    assert found["people_mb"] > 0 < found["quiet_microseconds_a_worker"]


def test_the_floor_of_invoices() -> None:
    """A hundred with a file each and ten that wait: a list of two pages, a read and a file, a mark; thirteen
    calls and one for the file.
    """
    assert {"precoro": 2 + 110 + 100 + 100, "exact_online": 1400} == floor(110, 100, 100)


def test_what_peers_need_is_pinned_and_names_no_address() -> None:
    """A name and a version a line."""
    lines = (BENCH.parent / "peers" / "requirements.txt").read_text().splitlines()

    assert [] == [line for line in lines if not re.fullmatch(r"[a-z0-9_.-]+==[0-9][a-z0-9.]*", line)]
    direct = {"singer-sdk", "dlt", "dbos", "msgspec", "httpx2"}
    assert direct <= {line.partition("==")[0] for line in lines}


def test_the_table_of_peers_fits_the_terminal() -> None:
    """Eighty columns, with the longest of each."""
    does = max((text for _, text in PEERS.values()), key=len)

    assert 80 == len(line_of("", "does", "CPU s", "MB", "calls"))
    for name in PEERS:
        assert len(line_of(name, does, "123.45", "1234", "12345")) <= 80

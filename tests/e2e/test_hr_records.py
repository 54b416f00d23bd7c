"""Workers of a payroll as employees of Exact's HR, with the commands a person types: by files that HR takes
in by hand, then by the interface of partners. What is there is asked of the simulator.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scenes import MAIN
from stage import SOURCE, TARGET
from tests.stand import Stand, installation, simulators

pytestmark = pytest.mark.slow

APPROVAL, HELD = 4, 3
WAITING = 5


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    """An installation connected to a payroll and a ledger, with a flow of workers that waits for consent."""
    with simulators(1) as sandbox, installation(sandbox) as stand:
        entities = ",".join(f"{a}={b}" for a, b in MAIN.entities(sandbox.systems).items())
        stand.ask(
            *("flows", "set", "--from", SOURCE, "--to", TARGET, "--kind", "workers", "--mode", "approve"),
            *("--starts-on", "2026-01-01", "--option", "axis=employee", "--option", f"entities={entities}"),
            *("--option", "zones=America/New_York"),
        )
        yield stand


def keep(stand: Stand, **settings: str) -> None:
    """How the connection keeps HR records, from now on."""
    ledger = stand.sandbox.systems[MAIN.ledger]
    entities = [*MAIN.entities(stand.sandbox.systems).values()]
    stand.product._add(TARGET, MAIN.ledger, {**MAIN.settings(ledger, entities), **MAIN.unlimited, **settings})


def align(stand: Stand, code: int = 0) -> Any:
    return stand.ask("run", "workers", "--from", SOURCE, "--to", TARGET, "--everybody", "yes", code=code)


def acts(run: Any) -> dict[str, str]:
    """What a pass does, by number; those whom Exact alone knows are left out."""
    changes = run["plan"]["changes"]
    return {one["key"].rpartition("/")[2]: one["act"] for one in changes if one["act"] != "theirs"}


def people(stand: Stand) -> dict[str, list[tuple[str, str, str | None]]]:
    """Name, first and last day of each employment, by number."""
    found: dict[str, list[tuple[str, str, str | None]]] = {}
    for row in stand.at_ledger("members")["people"]:
        found.setdefault(row["number"], []).append((row["name"], row["from"], row["to"]))
    return found


def test_workers_are_kept_as_employees(stand: Stand, tmp_path: Path) -> None:
    """Whom both have alike is no change; a file waits for HR; a missing right is said; a rehire."""
    for code in people(stand):
        if code > "000000012":
            stand.at_ledger("remove_employee", code=code)
    assert "setting employees says" in align(stand, HELD)["problems"][0]["text"]
    keep(stand, employees="file", hr_folder=str(tmp_path))
    assert {} == acts(align(stand))

    stand.at_payroll("hire", department="BOSIT", date="2026-06-26", last_name="Moss")
    stand.at_payroll("change_employee", employee="W00001", status="T", date="2026-06-26")
    run = align(stand, APPROVAL)
    waiting = stand.ask("runs", "approve", run["run"], "--fingerprint", run["fingerprint"], code=WAITING)
    (file,) = tmp_path.iterdir()
    assert f"File {file.name} is not taken in yet" in waiting["summary"]
    before = people(stand)
    waiting = stand.ask("runs", "resume", run["run"], code=WAITING)
    assert ([file], before) == ([*tmp_path.iterdir()], people(stand))

    hired, left = take_in(stand, file)
    done = stand.ask("runs", "resume", run["run"])
    assert ("done", {"done": 2}) == (done["state"], done["plan"]["counts"])
    assert {hired: "create", left: "close"} == acts(run)
    assert {} == acts(align(stand))

    keep(stand, employees="api")
    stand.at_payroll("rehire", employee="W00001", department="BOSIT", date="2026-07-01")
    run = align(stand, APPROVAL)
    assert {left: "reopen"} == acts(run)
    held = stand.ask("runs", "approve", run["run"], "--fingerprint", run["fingerprint"], code=HELD)
    assert "partner team" in held["problems"][0]["text"]
    stand.sandbox.control(MAIN.ledger, "switches", {"hr_writes": True})
    done = stand.ask("runs", "resume", run["run"])
    assert ("done", "2026-06-26") == (done["state"], people(stand)[left][0][2])
    assert ("2026-07-01", None) == people(stand)[left][1][1:]
    assert {} == acts(align(stand))


def take_in(stand: Stand, file: Path) -> tuple[str, str]:
    """HR enters what the file says: who came, and who left."""
    with file.open(encoding="utf-8-sig", newline="") as text:
        rows = {row["what"]: row for row in csv.DictReader(text)}
    for row in rows.values():
        given, _, family = row["name"].rpartition(" ")
        names = {"first_name": given, "last_name": family}
        days = {"start": row["first_day"], "end": row["last_day"] or None}
        stand.at_ledger("put_employee", entity=row["division"], code=row["code"], **names, **days)
    return rows["hire"]["code"], rows["leave"]["code"]

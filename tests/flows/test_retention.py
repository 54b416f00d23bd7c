"""What is kept how long: only what its table says goes, and what went says so."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.payday import SOURCE, World, a_pay_run

from ml_connector.flows.flow import Mode
from ml_connector.ports.runs import RunState

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "retention.md"


def forget(world: World, days: int) -> dict[str, int]:
    """So many days later, one round."""
    from ml_connector.app.retention import forget as take_round

    world.clock.sleep(timedelta(days=days).total_seconds())
    return take_round(world._assembly)


def rows(world: World, run: str) -> dict[str, int]:
    """How much there is of a run."""
    from ml_connector.store import models

    world.access  # noqa: B018
    tables = (models.StagedBlock, models.Link, models.GroupLink)
    return {model.__name__: model.objects.filter(run_id=run).count() for model in tables}


def artifacts(world: World, run: str) -> list[Any]:
    from ml_connector.store.models import Artifact

    return list(Artifact.objects.filter(run_id=run).order_by("id").values_list("sha256", "text"))


def test_the_page_shows_the_table() -> None:
    """Word for word."""
    World()
    from ml_connector.app.retention import RETENTION

    shown = re.findall(
        r"^\| (?!what|---)(.*?) \| (.*?) \| (.*?) ?\| (.*?) \|$", PAGE.read_text(), re.MULTILINE
    )

    assert [(kept.what, kept.period, kept.since, kept.left) for kept in RETENTION] == shown


def test_source_lines_of_an_ended_run_go_after_their_time() -> None:
    """Not a day before; those of a run that waits stay, whatever its age. What is booked stays as it is."""
    world = World(mode=Mode.APPROVE)
    done = world.post("R1").id
    assert RunState.DONE is world.approve(done).state
    world.payroll.add(replace(a_pay_run("R2", factor=7), subject="biweekly 2026-06-16"), factor=7)
    waits = world.post("R2").id
    before, balances = rows(world, waits), world.balances()
    assert RunState.AWAITING_APPROVAL is world.at(waits).state
    assert 0 < rows(world, done)["StagedBlock"]

    assert 0 == forget(world, 399)["staged"]
    assert () == world.operations.records.forgotten(done)
    assert 0 < forget(world, 2)["staged"]

    assert {0} == set(rows(world, done).values())
    assert before == rows(world, waits)
    assert balances == world.balances()
    (text,) = world.operations.records.forgotten(done)
    assert re.fullmatch(r"Source lines: forgotten on \d{4}-\d\d-\d\d, hash kept\.", text)
    explained = world.operations.records.behind(done, 0, 0)
    assert (True, text) == (explained[0].startswith("rule "), explained[-1])
    assert [done] == [e["subject"] for e in world._chain() if e["action"] == "run.lines_forgotten"]
    assert 0 == forget(world, 1)["staged"]


def test_records_of_a_run_leave_their_hashes() -> None:
    """After ten years the run is still listed, its commits and the audit log are whole."""
    world = World()
    run = world.post("R1").id
    hashes = [sha256 for sha256, _ in artifacts(world, run)]
    commits, chain = world.commit_rows(), world._chain()

    assert len(hashes) == forget(world, 3654)["records"]

    records = world.operations.records
    assert hashes == [sha256 for sha256, text in artifacts(world, run) if not text]
    assert None is records.proposal(run)
    texts = records.forgotten(run)
    assert ["Source lines", "Records"] == [text.partition(":")[0] for text in texts]
    assert list(texts) == records.behind(run, 0, 0)
    assert commits == world.commit_rows()
    assert chain == world._chain()[: len(chain)]
    assert (RunState.DONE, ()) == (world.at(run).state, records.tie_out(run))
    assert 0 == forget(world, 1)["records"]


def test_exchanges_go_after_their_time() -> None:
    """By the time of the request."""
    world = World()
    from ml_connector.store.models import ExchangeRow

    connection = world.access.connection(SOURCE)
    ExchangeRow.objects.create(connection=connection, method="GET", url="/", milliseconds=1)

    assert [0, 1] == [forget(world, days)["exchanges"] for days in (399, 2)]

"""A run that was tried very often is shown as fast as one that was tried once."""

from __future__ import annotations

from tests.payday import World

from ml_connector.flows.flow import Mode

ATTEMPTS = 5_000


def reads(world: World, run: str) -> int:
    """How often the database is asked for what `runs show` shows."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    records = world.operations.records
    with CaptureQueriesContext(connection) as asked:
        for part in (records.proposal, records.entries, records.tie_out, records.fingerprint):
            part(run)
        for part in (records.forgotten, records.incidents, lambda run: records.shown(world.at(run))):
            part(run)
    return len(asked)


def test_a_run_of_very_many_attempts_is_shown_by_as_few_reads() -> None:
    """The newest record of each kind is read, and no other."""
    world = World(mode=Mode.APPROVE)
    run = world.post("R1").id
    once = reads(world, run)
    from ml_connector.store.models import Artifact, Run

    proposal = Artifact.objects.get(run_id=run, name__endswith="/proposal")
    Artifact.objects.bulk_create(
        Artifact(run_id=run, name=f"propose/{number}/proposal", sha256=proposal.sha256, text=proposal.text)
        for number in range(10, 10 + ATTEMPTS)
    )
    Run.objects.filter(id=run).update(attempt=10 + ATTEMPTS)

    assert once == reads(world, run)
